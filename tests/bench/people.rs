//! Fills a store with people who have an account and an address, for measurements of what reaches
//! everybody. They never registered, and nobody can sign in as one of them.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a tool for measuring: it tells what it did, and ends where it cannot"
)]

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use clap::Parser;
use futures_util::{StreamExt, stream};
use smart_mining::{
    config::Config,
    domain::{
        account::{Account, AccountState, Profile, StateReason},
        data_dictionary::Category,
        ids::AccountId,
        time::Timestamp,
    },
    repositories::{accounts, profiles as rows},
    server::{self, Services},
    services::{clock::Clock, profiles},
};

/// So many people are made at once; their writes share commits.
const AT_ONCE: usize = 256;

#[derive(Parser)]
struct Cli {
    /// How many people to make.
    #[arg(long)]
    count: u32,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    drop(rustls::crypto::ring::default_provider().install_default());
    #[expect(clippy::disallowed_methods, reason = "a tool of its own, beside the service")]
    let settings: BTreeMap<String, String> = std::env::vars().collect();
    let config = Config::from_vars(settings).expect("the settings are usable");
    let services = server::open_services(&config, Clock::system()).await.expect("the stores open");
    services.policies.publish_first().await.expect("the policy is published");
    let (services, begun) = (Arc::new(services), Instant::now());
    stream::iter(0..cli.count)
        .for_each_concurrent(AT_ONCE, |n| {
            let services = Arc::clone(&services);
            async move { make(&services, n).await }
        })
        .await;
    println!("{} people in {:.1?}", cli.count, begun.elapsed());
}

async fn make(services: &Services, n: u32) {
    let now = services.clock.now();
    let id = AccountId::generate(now);
    let keys = services.vault.create(id, Category::AT_REGISTRATION, now).await.expect("keys");
    let sealed = profiles::seal(&keys, &profile(id, n, now)).expect("a sealed profile");
    let account = Account {
        id,
        state: AccountState::Active,
        reason: StateReason::Opened,
        epoch: 1,
        accepted_policy_version: 1,
        created_at: now,
    };
    let write = services.accounts.db.write_for(id, move |c| {
        accounts::insert(c, &account, 0)?;
        rows::insert(c, &sealed)
    });
    write.await.expect("an account");
}

fn profile(id: AccountId, n: u32, now: Timestamp) -> Profile {
    Profile {
        account_id: id,
        version: 1,
        real_name: "Ada Lovelace".parse().expect("a name"),
        display_name: None,
        email: format!("person{n}@example.org").parse().expect("an address"),
        phone: None,
        language: "en".parse().expect("a language"),
        time_zone: None,
        email_verified_at: now,
        phone_verified_at: None,
        confirmed_at: None,
        updated_at: now,
    }
}
