DROP TABLE webhook_messages;
DROP TABLE webhook_secrets;
DROP TABLE webhook_endpoints;
DROP TABLE obligation_disclosures;
DROP TABLE obligations;
DROP TABLE obligation_rounds;
