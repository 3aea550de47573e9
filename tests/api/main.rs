//! Black-box tests: HTTP against the real server, a fresh database each, on either database.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected fails, and what a test measured is printed"
)]

mod abuse;
mod account;
mod archives;
mod bans;
mod canaries;
mod configuration;
mod consents;
mod contract;
mod devices;
mod disclosures;
mod duties;
mod edge;
mod erasure;
mod factors;
mod faults;
mod files;
mod gate;
mod images;
mod keys;
mod kyc;
mod kyc_deadlines;
mod kyc_documents;
mod kyc_review;
mod log;
mod matrix;
mod notices;
mod orders;
mod outbox;
mod part_erasures;
mod partners;
mod policies;
mod recovery;
mod rectifications;
mod refusals;
mod registration;
mod reports;
mod retention;
mod rights;
mod rights_links;
mod schema;
mod sealing;
mod sessions;
mod silence;
mod staff;
mod support;
mod transfers;
mod transparency;
