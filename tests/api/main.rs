//! Black-box tests: HTTP against the real server, a fresh database each, on either database.

mod account;
mod configuration;
mod contract;
mod edge;
mod faults;
mod keys;
mod matrix;
mod outbox;
mod registration;
mod schema;
mod sealing;
mod sessions;
mod support;

/// Settings for a process of the executable.
fn support_settings(database: &support::TestDatabase) -> std::collections::BTreeMap<String, String> {
    support::settings(database, &[])
}
