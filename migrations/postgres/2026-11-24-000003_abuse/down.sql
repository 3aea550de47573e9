DROP TABLE blocks;
DROP TABLE throttles;
