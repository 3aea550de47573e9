DROP TABLE key_tombstones;
DROP TABLE subject_keys;
