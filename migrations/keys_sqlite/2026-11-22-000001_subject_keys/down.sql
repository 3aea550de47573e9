DROP TABLE store_identity;
DROP TABLE key_tombstones;
DROP TABLE subject_keys;
