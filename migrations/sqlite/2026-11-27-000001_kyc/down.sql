DROP TABLE kyc_details;
DROP TABLE kyc_cases;
