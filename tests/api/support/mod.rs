//! What the tests stand on: a server, its database, people who use it.

mod answers;
mod app;
mod client;
mod database;
mod disclosure;
mod factors;
mod form;
pub mod pictures;
mod policy;
mod process;
mod rights;
mod servers;
mod staff;

pub use answers::note;
pub use app::{App, Inner, settings};
pub use client::{Answer, Person, Registrant, registration_body};
pub use database::{TestDatabase, is_postgres, postgres_data_directory, texts_of, variable};
pub use disclosure::{Desk, Partner, company, order};
pub use factors::{Authenticator, challenge_of};
pub use form::Form;
pub use policy::{PolicyTeam, purpose};
pub use process::Process;
pub use servers::{BUCKET_SECRET, Wire, http_sink, s3, smtp_sink};
pub use staff::{Away, Member};

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// A password that every rule accepts.
pub const PASSWORD: &str = "seven violins at dawn";

/// Waits until `look` finds something; fails after ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
