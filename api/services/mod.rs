//! Use cases: a service method is one act, and if it writes, one transaction.

pub mod accounts;
pub mod clock;
pub mod cursors;
pub mod devices;
pub mod erasure;
pub mod idempotency;
pub mod jobs;
pub mod log;
pub mod outbox;
pub mod passwords;
pub mod policies;
pub mod sessions;
pub mod tokens;
pub mod transports;
pub mod vault;
