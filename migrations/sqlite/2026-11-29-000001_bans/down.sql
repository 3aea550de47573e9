DROP TABLE ban_marks;
DROP TABLE bans;
