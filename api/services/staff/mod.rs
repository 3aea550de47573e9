//! Staff: members by invitation, roles by two, and narrow hands (clause 5.2).

mod factor_resets;
mod members;
mod reads;
mod roles;
mod sessions;

pub use factor_resets::ApprovedReset;
pub use members::{Enrolment, ProposedFactor};
pub use reads::{
    AccessLogPage, FoundPerson, Lookup, MaskedPerson, OpenedField, OpenedFields, ReadAllowance, ReadRequest,
};
pub use sessions::{StaffCaller, StaffSignedIn, StaffSteppedUp};

use crate::domain::data_dictionary::{STAFF_EMAIL, STAFF_NAME};
use crate::{
    db::{Db, StorageError},
    domain::{
        evidence::Act,
        ids::StaffId,
        operation::Operation,
        password::WeakPassword,
        personal::Personal,
        staff::{RoleGrant, SealedMember, StaffMember},
        throttle::Exhausted,
    },
    repositories::log as leaves,
    services::{
        clock::Clock,
        cursors::InvalidCursor,
        idempotency::IdempotencyError,
        log::LeafDraft,
        outbox::OutboxService,
        passwords::{HashingError, Passwords},
        reads::{NotOpened, ReadBudget},
        throttles::Throttles,
        tokens::access::{AccessTokens, OfStaff},
        vault::{Row, Vault, VaultError},
    },
};

/// Why something was refused to staff.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    #[error("no live session of staff")]
    Unauthenticated,
    #[error("email, password and code do not belong together")]
    InvalidCredentials,
    #[error("no invitation that can be accepted")]
    InvitationEnded,
    #[error("the code is wrong")]
    WrongCode,
    #[error("the password is weak")]
    Weak(WeakPassword),
    #[error("no such member, person or thing")]
    NotFound,
    #[error("the address is a member's already")]
    EmailTaken,
    #[error("the member cannot hold this role beside the others")]
    RoleConflict,
    #[error("somebody else has to do it")]
    SecondPersonRequired,
    #[error("the state does not allow it")]
    StateConflict,
    #[error("the reader's budget is used up")]
    BudgetExhausted(Exhausted),
    #[error("the person restricted it, or objected to it")]
    Limited,
    #[error("too many attempts")]
    Throttled(Exhausted),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(StaffError, storage in Idempotency, Vault);

impl From<NotOpened> for StaffError {
    fn from(refused: NotOpened) -> Self {
        match refused {
            NotOpened::Limited => Self::Limited,
            NotOpened::Exhausted(exhausted) => Self::BudgetExhausted(exhausted),
            NotOpened::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<Exhausted> for StaffError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Throttled(exhausted)
    }
}

/// What staff does.
#[derive(Clone)]
pub struct StaffService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub passwords: Passwords,
    pub access: AccessTokens<OfStaff>,
    pub throttles: Throttles,
    pub outbox: OutboxService,
    pub issuer: String,
    pub budget: ReadBudget,
}

/// A page of members.
pub struct MemberPage {
    pub members: Vec<StaffMember>,
    pub next_cursor: Option<String>,
}

/// A page of role grants.
pub struct GrantPage {
    pub grants: Vec<RoleGrant>,
    pub next_cursor: Option<String>,
}

const REFUSED: Act = Act { name: "staff.refused", object: "operation", clause: "5.2" };

impl StaffService {
    /// Puts a refused call into the log, before it is answered.
    ///
    /// # Errors
    ///
    /// Storage trouble: the caller is then put off, and not told that it was refused.
    pub async fn record_refusal(
        &self,
        staff: StaffId,
        operation: &'static Operation,
        why: &'static str,
    ) -> Result<(), StaffError> {
        let facts = vec![
            ("operation", operation.id.to_owned()),
            ("staff", staff.to_string()),
            ("reason", why.to_owned()),
        ];
        let leaf = LeafDraft::new(self.clock.now())?.of_staff(staff, &REFUSED, &facts);
        self.db.write(move |c| Ok::<_, StaffError>(leaves::append(c, &leaf).map(drop)?)).await
    }

    async fn open_member(&self, sealed: SealedMember) -> Result<StaffMember, StaffError> {
        let keys = self.vault.keys_of(sealed.id.subject()).await?;
        let row = Row(sealed.id.as_bytes());
        Ok(StaffMember {
            id: sealed.id,
            state: sealed.state,
            email: keys.open(&STAFF_EMAIL, row, &sealed.email)?,
            name: keys.open_option(&STAFF_NAME, row, sealed.name.as_ref())?,
            roles: sealed.roles,
            created_at: sealed.created_at,
        })
    }

    /// The blind indexes of a member's address; a person of the same address has others.
    fn email_indexes(&self, email: &crate::domain::email::Email) -> Vec<(u32, [u8; 32])> {
        let normalised = format!("staff:{}", email.expose());
        self.vault.blind_indexes(crate::services::vault::kms::KeyPurpose::EmailIndex, &normalised)
    }
}
