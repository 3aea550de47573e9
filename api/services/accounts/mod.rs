//! Accounts: from registration to a profile that its person reads and changes.

mod profile;
mod register;
mod verify;

pub use profile::{AccountChange, ChangePage, ProfileError, ProfileRow, profile_row};
pub use register::{Receipt, Registration, RegistrationError};
pub use verify::{OpenedAccount, Verification};

use crate::{
    db::Db,
    services::{
        clock::Clock, outbox::OutboxService, passwords::Passwords, sessions::SessionService, vault::Vault,
    },
};

/// Opens accounts and keeps their profiles.
#[derive(Clone)]
pub struct AccountService {
    pub(super) db: Db,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    pub(super) passwords: Passwords,
    pub(super) sessions: SessionService,
    pub(super) outbox: OutboxService,
}

impl AccountService {
    pub const fn new(
        db: Db,
        vault: Vault,
        clock: Clock,
        passwords: Passwords,
        sessions: SessionService,
        outbox: OutboxService,
    ) -> Self {
        Self { db, vault, clock, passwords, sessions, outbox }
    }
}
