//! What is held about a person and shown nowhere else: every sign-in, devices and what was said on them, confirmations, and
//! the person's part of the log with what opens it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RightsError, RightsService, Table, TablePage};
use crate::{
    db::StorageError,
    domain::{
        ban::{Ban, BanGround},
        consent::{ConsentAction, ConsentMethod},
        data_dictionary::{LOG_DETAIL, SESSION_ADDRESS, SESSION_PLACE, SESSION_USER_AGENT},
        encoding::hex,
        evidence::{LeafContent, facts_of},
        ids::{AccountId, BanId, DeviceId, DeviceRef, LeafId, SessionId},
        personal::{Personal, PersonalText},
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{
        account_devices, bans, data_confirmations, device_consent_events, devices,
        log::{self as leaves, OwnLeaf},
        sessions::{self, KeptSession},
    },
    services::vault::{Row, SubjectKeys, VaultError},
};

/// How many rows are read at a time.
const PAGE: i64 = 500;

/// The tables that are read here.
pub const HELD: &[Table] = &[
    Table { name: "sign_ins", title: "Sign-ins", is_portable: true },
    Table { name: "devices", title: "Devices", is_portable: true },
    Table { name: "device_choices", title: "Choices on devices", is_portable: true },
    Table { name: "data_confirmations", title: "Confirmations of your data", is_portable: false },
    Table { name: "bans", title: "Bans", is_portable: false },
    Table { name: "log_entries", title: "Your part of the log", is_portable: false },
];

/// Acts whose leaves a person reads with what opens them. The others show in the tables of what they are about, as far as
/// nothing of them has to be kept quiet.
const READ_IN_THE_LOG: &[&str] =
    &["policy.", "consent.", "account.changed", "account.data_confirmed", "rights_request.", "processing."];

/// A sign-in, as it is kept.
#[derive(Serialize, ToSchema)]
pub struct SignInRow {
    pub session_id: SessionId,
    pub device_id: DeviceId,
    pub address: Option<String>,
    pub place: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A device that the account was used on.
#[derive(Serialize, ToSchema)]
pub struct DeviceRow {
    pub device_id: DeviceId,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// What was chosen on a device, before anybody signed in on it.
#[derive(Serialize, ToSchema)]
pub struct DeviceChoiceRow {
    pub device_ref: DeviceRef,
    pub number: i64,
    pub purpose: Purpose,
    pub action: ConsentAction,
    pub method: ConsentMethod,
    pub policy_version: i32,
    pub gpc: bool,
    pub given_at: Timestamp,
}

/// The person's word that the data held are complete and true.
#[derive(Serialize, ToSchema)]
pub struct DataConfirmationRow {
    pub number: i64,
    pub confirmed_at: Timestamp,
}

/// A ban of the person, by a keyed mark of the address and the documents.
#[derive(Serialize, ToSchema)]
pub struct BanRow {
    pub ban_id: BanId,
    pub ground: BanGround,
    pub clause: String,
    pub banned_at: Timestamp,
    pub ends_at: Timestamp,
}

/// A fact that a leaf commits to.
#[derive(Serialize, ToSchema)]
pub struct LogFact {
    pub name: String,
    pub value: String,
}

/// An entry of the log about the person. `SHA-256("c1" | salt | facts)`, each name and value with its length before it, is
/// what the leaf commits to.
#[derive(Serialize, ToSchema)]
pub struct LogEntryRow {
    pub leaf_id: LeafId,
    /// Its hash in the tree (RFC 6962): `SHA-256(0x00 | leaf)`.
    pub leaf_hash: String,
    /// Its bytes, which end with the commitment.
    pub leaf: String,
    pub at: Timestamp,
    pub act: String,
    pub clause: String,
    pub salt: String,
    pub facts: Vec<LogFact>,
}

fn values<T: Serialize>(rows: Vec<T>) -> Result<Vec<Value>, RightsError> {
    let value = |row: T| serde_json::to_value(row).map_err(|error| RightsError::Archive(error.into()));
    rows.into_iter().map(value).collect()
}

/// What is sealed is shown to its person.
fn shown(text: Option<PersonalText>) -> Option<String> {
    text.map(|text| text.expose().to_owned())
}

/// Where the next page begins, if there is one.
fn next(read: usize, last: Option<Uuid>) -> Option<String> {
    let is_full = i64::try_from(read).is_ok_and(|read| read >= PAGE);
    last.filter(|_| is_full).map(|last| last.to_string())
}

impl RightsService {
    /// Some rows of one of [`HELD`].
    ///
    /// # Errors
    ///
    /// Storage trouble, or an unknown table.
    pub async fn held(
        &self,
        table: &'static str,
        owner: AccountId,
        cursor: Option<String>,
    ) -> Result<TablePage, RightsError> {
        let after = cursor.and_then(|cursor| cursor.parse::<Uuid>().ok()).unwrap_or(Uuid::nil());
        match table {
            "sign_ins" => self.sign_ins(owner, SessionId::from_uuid(after)).await,
            "devices" => {
                let rows = self.db.read(move |c| account_devices::list_owned(c, owner)).await?;
                let row = |(device_id, first_seen_at, last_seen_at)| DeviceRow {
                    device_id,
                    first_seen_at,
                    last_seen_at,
                };
                Ok((values(rows.into_iter().map(row).collect())?, None))
            }
            "device_choices" => self.device_choices(owner, DeviceRef::from_uuid(after)).await,
            "data_confirmations" => {
                let rows = self.db.read(move |c| data_confirmations::list_owned(c, owner)).await?;
                let row = |(number, confirmed_at)| DataConfirmationRow { number, confirmed_at };
                Ok((values(rows.into_iter().map(row).collect())?, None))
            }
            "bans" => {
                let row = |ban: Ban| BanRow {
                    ban_id: ban.id,
                    ground: ban.ground,
                    clause: ban.ground.clause().to_owned(),
                    banned_at: ban.banned_at,
                    ends_at: ban.ends_at,
                };
                let ban = self.db.read(move |c| bans::find_of(c, owner)).await?;
                Ok((values(ban.into_iter().map(row).collect())?, None))
            }
            "log_entries" => self.log_entries(owner, LeafId::from_uuid(after)).await,
            _ => Err(RightsError::Archive("no such table".into())),
        }
    }

    async fn sign_ins(&self, owner: AccountId, after: SessionId) -> Result<TablePage, RightsError> {
        let keys = self.vault.keys_of(owner).await?;
        let rows = self.db.read(move |c| sessions::list_kept(c, owner, after, PAGE)).await?;
        let next = next(rows.len(), rows.last().map(|row| row.id.as_uuid()));
        let open = |row: KeptSession| {
            let at = Row(row.id.as_bytes());
            Ok(SignInRow {
                session_id: row.id,
                device_id: row.device_id,
                address: shown(keys.open_option(&SESSION_ADDRESS, at, row.address.as_ref())?),
                place: shown(keys.open_option(&SESSION_PLACE, at, row.place.as_ref())?),
                user_agent: shown(keys.open_option(&SESSION_USER_AGENT, at, row.user_agent.as_ref())?),
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                ended_at: row.ended_at,
            })
        };
        let rows: Vec<SignInRow> = rows.into_iter().map(open).collect::<Result<_, VaultError>>()?;
        Ok((values(rows)?, next))
    }

    async fn device_choices(&self, owner: AccountId, after: DeviceRef) -> Result<TablePage, RightsError> {
        let (device, events) = self
            .db
            .read(move |c| {
                let Some(device) = devices::find_next_of(c, owner, after)? else {
                    return Ok((None, Vec::new()));
                };
                Ok::<_, StorageError>((Some(device), device_consent_events::list(c, device)?))
            })
            .await?;
        let row = |event: crate::domain::device::DeviceConsentEvent| DeviceChoiceRow {
            device_ref: event.device_ref,
            number: event.sequence,
            purpose: event.purpose,
            action: event.action,
            method: event.method,
            policy_version: event.policy_version,
            gpc: event.gpc,
            given_at: event.given_at,
        };
        Ok((
            values(events.into_iter().map(row).collect())?,
            device.map(|device| device.as_uuid().to_string()),
        ))
    }

    async fn log_entries(&self, owner: AccountId, after: LeafId) -> Result<TablePage, RightsError> {
        let keys = self.vault.keys_of(owner).await?;
        let rows = self.db.read(move |c| leaves::list_owned(c, owner, after, PAGE)).await?;
        let next = next(rows.len(), rows.last().map(|row| row.id.as_uuid()));
        let rows = rows.into_iter().filter_map(|row| entry(&keys, &row).transpose());
        Ok((values(rows.collect::<Result<Vec<_>, VaultError>>()?)?, next))
    }
}

fn entry(keys: &SubjectKeys, leaf: &OwnLeaf) -> Result<Option<LogEntryRow>, VaultError> {
    let Some(content) = LeafContent::read(&leaf.bytes) else { return Ok(None) };
    if !READ_IN_THE_LOG.iter().any(|act| content.act.starts_with(act)) {
        return Ok(None);
    }
    let detail = keys.open_bytes(&LOG_DETAIL, Row(leaf.id.as_bytes()), &leaf.detail)?;
    let facts = facts_of(&detail).unwrap_or_default();
    Ok(Some(LogEntryRow {
        leaf_id: leaf.id,
        leaf_hash: hex(&leaf.hash),
        leaf: hex(&leaf.bytes),
        at: content.at,
        act: content.act,
        clause: content.clause,
        salt: hex(&leaf.salt),
        facts: facts.into_iter().map(|(name, value)| LogFact { name, value }).collect(),
    }))
}
