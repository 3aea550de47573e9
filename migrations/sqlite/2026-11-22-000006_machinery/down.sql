DROP TABLE store_identity;
DROP TABLE leases;
DROP TABLE key_checks;
DROP TABLE idempotency_keys;
