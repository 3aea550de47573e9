DROP TABLE key_version_tombstones;
