DROP TABLE transparency_progress;
DROP TABLE transparency_counts;
