DROP TABLE partner_assertions;
DROP TABLE partner_credentials;
DROP TABLE partner_clients;
