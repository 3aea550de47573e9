DROP TABLE notice_campaigns;
DROP TABLE notices;
