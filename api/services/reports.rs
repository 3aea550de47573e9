//! Aggregates: clicks of people who agreed to be counted come in, and once an hour is closed, counts go out.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::TimeDelta;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        account::AccountState,
        aggregate::{
            Advertisement, CLOCKS_DIFFER_BY, ClickOutcome, Clicker, Count, HourReport, LATEST,
            PUBLISHED_AFTER, suppress,
        },
        consent::{LastEvent, standing},
        evidence::{Act, Evidence},
        ids::{
            AccountId, AdvertisementId, ClickerId, DeviceId, DeviceRef, PartnerClientId, RecipientId, StaffId,
        },
        policy::PublishedPolicy,
        purpose::{PersonalDataClass, Purpose, RecipientClass},
        time::Timestamp,
        webhook::WebhookEvent,
    },
    repositories::{
        accounts, advertisements, consent_events, device_consent_events, devices, log as leaves,
        processing_limit_events, recipients,
    },
    services::{
        clock::Clock,
        consents::device_standing,
        cursors::{self, InvalidCursor},
        idempotency::{IdempotencyError, Recording},
        log::LeafDraft,
        policies::{PolicyError, PolicyService},
        vault::{Vault, VaultError},
        webhooks::announce,
    },
};

/// Why something about aggregates was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("no such advertisement")]
    NotFound,
    #[error("it has ended")]
    StateConflict,
    #[error("there is no such advertiser")]
    Recipient,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(ReportError, storage in Policy, Idempotency, Vault);

const ADVERTISEMENT_REGISTERED: Act =
    Act { name: "advertisement.registered", object: "advertisement", clause: "4.3" };
const ADVERTISEMENT_ENDED: Act = Act { name: "advertisement.ended", object: "advertisement", clause: "4.3" };

/// A click as it was told.
#[derive(Clone, Copy, Debug)]
pub struct Click {
    pub advertisement_id: AdvertisementId,
    pub at: Timestamp,
}

/// Who tells of clicks: a person, a device, or a person on a device.
#[derive(Clone, Copy, Debug)]
pub struct Teller {
    pub account: Option<AccountId>,
    pub device: Option<DeviceId>,
}

/// A page of advertisements.
pub struct AdvertisementPage {
    pub advertisements: Vec<Advertisement>,
    pub next_cursor: Option<String>,
}

/// A page of reports, in the order of their publication.
pub struct ReportPage {
    pub reports: Vec<HourReport>,
    pub next_cursor: Option<String>,
}

const ADVERTISEMENTS: &str = "advertisements";
const REPORTS: &str = "ad_reports";
/// How many of those who clicked are looked at in one transaction.
const CLICKERS: i64 = 500;

/// Counts, and publishes counts.
#[derive(Clone)]
pub struct ReportService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub policies: PolicyService,
    /// The smallest group that is published.
    pub minimum: u32,
}

/// Forgets what a person clicked, with the consent or as the limit begins: nothing of it is counted any more.
///
/// # Errors
///
/// Storage trouble only.
pub fn forget_person(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    advertisements::forget_clicks(c, &[person(id).id])
}

/// Closes the hours up to now without a word: they may have been published by a database that is lost.
///
/// # Errors
///
/// Storage trouble only.
pub fn skip_hours(c: &mut Conn, now: Timestamp) -> Result<(), StorageError> {
    if advertisements::find_first(c)?.is_some() {
        advertisements::close_hour(c, now.hour(), now)?;
    }
    Ok(())
}

/// Forgets what a device clicked.
///
/// # Errors
///
/// Storage trouble only.
pub fn forget_device(c: &mut Conn, device: DeviceRef) -> Result<(), StorageError> {
    advertisements::forget_clicks(c, &[ClickerId::from_uuid(device.as_uuid())])
}

const fn person(id: AccountId) -> Clicker {
    Clicker { id: ClickerId::from_uuid(id.as_uuid()), by_device: false }
}

const fn device(reference: DeviceRef) -> Clicker {
    Clicker { id: ClickerId::from_uuid(reference.as_uuid()), by_device: true }
}

impl ReportService {
    /// Registers an advertisement of an advertiser.
    ///
    /// # Errors
    ///
    /// [`ReportError::Recipient`] if there is no such advertiser, or it is not active.
    #[tracing::instrument(skip_all)]
    pub async fn register(
        &self,
        by: StaffId,
        recipient_id: RecipientId,
        label: String,
        recording: Recording<Advertisement>,
    ) -> Result<Advertisement, ReportError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let own = self.vault.keys_of(by.subject()).await?;
        let id = AdvertisementId::generate(now);
        let advertisement =
            Advertisement { id, recipient_id, label, registered_by: by, registered_at: now, ended_at: None };
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let recipient = recipients::find(c, recipient_id)?.ok_or(ReportError::Recipient)?;
                if recipient.entry.terms.class != RecipientClass::Advertiser || !recipient.is_active() {
                    return Err(ReportError::Recipient);
                }
                attest(c, &advertisement, (by, &ADVERTISEMENT_REGISTERED), &draft)?;
                advertisements::insert(c, &advertisement)?;
                recording.record(c, &own, &advertisement)?;
                Ok(advertisement.clone())
            })
            .await
    }

    /// Ends an advertisement: its clicks are not counted any more.
    ///
    /// # Errors
    ///
    /// [`ReportError::NotFound`], [`ReportError::StateConflict`] if it has ended.
    #[tracing::instrument(skip_all)]
    pub async fn end(
        &self,
        by: StaffId,
        id: AdvertisementId,
        recording: Recording<Advertisement>,
    ) -> Result<Advertisement, ReportError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let was = advertisements::find(c, id)?.ok_or(ReportError::NotFound)?;
                let ended = Advertisement { ended_at: Some(now), ..was };
                attest(c, &ended, (by, &ADVERTISEMENT_ENDED), &draft)?;
                if !advertisements::end(c, id, now)? {
                    return Err(ReportError::StateConflict);
                }
                recording.record(c, &own, &ended)?;
                Ok(ended)
            })
            .await
    }

    /// The advertisements, page by page.
    ///
    /// # Errors
    ///
    /// [`ReportError::Cursor`].
    pub async fn advertisements(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<AdvertisementPage, ReportError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::id(kms, ADVERTISEMENTS, owner, cursor, AdvertisementId::from_uuid)?;
        let rows = self.db.read(move |c| advertisements::list(c, after, i64::from(limit) + 1)).await?;
        let (advertisements, next_cursor) =
            cursors::page(kms, ADVERTISEMENTS, owner, rows, limit, |row| row.id.as_bytes().to_vec())?;
        Ok(AdvertisementPage { advertisements, next_cursor })
    }

    /// Takes clicks of somebody; says of each what became of it.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn take(&self, teller: Teller, clicks: Vec<Click>) -> Result<Vec<ClickOutcome>, ReportError> {
        let policy = self.policies.current().await?;
        let now = self.clock.now();
        // Whoever is not counted costs no write.
        let asked = Arc::clone(&policy);
        if matches!(self.db.read(move |c| counting(c, &asked, teller, now)).await?, Counting::Nobody) {
            return Ok(vec![ClickOutcome::NoConsent; clicks.len()]);
        }
        let take = move |c: &mut Conn| {
            // A withdrawal is before this or after it: either nothing is counted, or what was is forgotten.
            match (teller.account, teller.device) {
                (Some(id), _) => drop(accounts::hold(c, id)?),
                (None, Some(id)) => drop(devices::hold(c, id)?),
                (None, None) => {}
            }
            let counting = counting(c, &policy, teller, now)?;
            let ids: Vec<AdvertisementId> = clicks.iter().map(|click| click.advertisement_id).collect();
            let known = advertisements::list_some(c, &ids)?;
            let outcomes: Vec<ClickOutcome> = clicks
                .iter()
                .map(|click| {
                    if matches!(counting, Counting::Nobody) {
                        return ClickOutcome::NoConsent;
                    }
                    let hour = click.at.hour();
                    let known = known.iter().find(|known| known.id == click.advertisement_id);
                    if known.is_none_or(|known| !known.ran_in(hour)) {
                        return ClickOutcome::UnknownAdvertisement;
                    }
                    if click.at > now.plus(CLOCKS_DIFFER_BY) {
                        return ClickOutcome::InTheFuture;
                    }
                    if now >= hour.plus(TimeDelta::hours(1)).plus(LATEST) {
                        return ClickOutcome::TooLate;
                    }
                    // Whether that was known is not told: it may have been from elsewhere.
                    ClickOutcome::Counted
                })
                .collect();
            if let Counting::Of(clicker) = counting {
                let all = clicks.iter().zip(&outcomes);
                let counted = all.filter(|(_, outcome)| **outcome == ClickOutcome::Counted);
                let counted: Vec<_> =
                    counted.map(|(click, _)| (click.at.hour(), click.advertisement_id)).collect();
                advertisements::note_clicks(c, clicker, &counted)?;
            }
            Ok::<_, StorageError>(outcomes)
        };
        match teller.account {
            Some(id) => Ok(self.db.write_holding(id, take).await?),
            None => Ok(self.db.write_guarded(take).await?),
        }
    }

    /// Publishes the next hour that is closed, if there is one; says whether it did.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again goes on where it was cut off.
    pub async fn publish_next(&self, is_stopping: impl Fn() -> bool) -> Result<bool, ReportError> {
        let now = self.clock.now();
        let (first, last) = self
            .db
            .read(|c| {
                Ok::<_, StorageError>((advertisements::find_first(c)?, advertisements::find_last_hour(c)?))
            })
            .await?;
        let next = last.map(|last| last.plus(TimeDelta::hours(1))).or(first.map(Timestamp::hour));
        let is_closed = |hour: &Timestamp| now >= hour.plus(TimeDelta::hours(1)).plus(PUBLISHED_AFTER);
        let Some(hour) = next.filter(is_closed) else { return Ok(false) };
        if !self.leave_out(hour, is_stopping).await? {
            return Ok(false);
        }
        let minimum = self.minimum;
        self.db.write_guarded(move |c| publish(c, hour, minimum, now)).await?;
        Ok(true)
    }

    /// Forgets whoever clicked in an hour and does not agree to be counted by now: a consent can lapse, and the policy
    /// change, without anybody doing anything. What somebody does beside this forgets them by itself. Says whether it
    /// came to the end.
    async fn leave_out(&self, hour: Timestamp, is_stopping: impl Fn() -> bool) -> Result<bool, ReportError> {
        let policy = self.policies.current().await?;
        let mut after = None;
        loop {
            let (policy, now) = (Arc::clone(&policy), self.clock.now());
            let (last, out) = self
                .db
                .read_long(move |c| {
                    let clickers = advertisements::list_clickers(c, hour, after, CLICKERS)?;
                    let counted = countable(c, &policy, &clickers, now)?;
                    let ids = clickers.iter().map(|clicker| clicker.id);
                    let out: Vec<ClickerId> = ids.filter(|id| !counted.contains(id)).collect();
                    Ok::<_, StorageError>((clickers.last().map(|clicker| clicker.id), out))
                })
                .await?;
            if last.is_none() {
                return Ok(true);
            }
            if is_stopping() {
                return Ok(false);
            }
            after = last;
            if !out.is_empty() {
                self.db.write_guarded(move |c| advertisements::forget_clicks(c, &out)).await?;
            }
        }
    }

    /// What was published to the recipient of a client after a place of its feed: to an advertiser about its own
    /// advertisements, to whoever analyses or searches about all.
    ///
    /// # Errors
    ///
    /// [`ReportError::Cursor`].
    pub async fn published(
        &self,
        client: PartnerClientId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ReportPage, ReportError> {
        let (kms, owner) = (self.vault.kms(), AccountId::from_uuid(client.as_uuid()));
        let after = cursors::count(kms, REPORTS, owner, cursor)?.unwrap_or(0);
        let reports = self
            .db
            .read(move |c| {
                let Some(recipient) = recipients::find_by_client(c, client)? else { return Ok(Vec::new()) };
                let of = match recipient.entry.terms.class {
                    _ if !recipient.is_active() => return Ok(Vec::new()),
                    RecipientClass::Advertiser => Some(recipient.id),
                    class if class.receives_aggregates_only() => None,
                    _ => return Ok(Vec::new()),
                };
                advertisements::list_reports(c, of, after, i64::from(limit))
            })
            .await?;
        let last = reports.last().map_or(after, |report: &HourReport| report.number);
        let next_cursor = Some(cursors::wrap(kms, REPORTS, owner, &last.to_be_bytes())?);
        Ok(ReportPage { reports, next_cursor })
    }
}

fn attest(
    c: &mut Conn,
    advertisement: &Advertisement,
    (by, act): (StaffId, &Act),
    draft: &LeafDraft,
) -> Result<(), StorageError> {
    let facts = vec![
        ("advertisement", advertisement.id.to_string()),
        ("recipient", advertisement.recipient_id.to_string()),
        ("label", advertisement.label.clone()),
    ];
    leaves::append(c, &draft.of_staff(by, act, &facts))?;
    Ok(())
}

/// Publishes an hour about every advertiser that had an advertisement in it.
fn publish(c: &mut Conn, hour: Timestamp, minimum: u32, now: Timestamp) -> Result<(), ReportError> {
    // Once, whoever does it, and also where there is nothing to tell.
    if !advertisements::close_hour(c, hour, now)? {
        return Ok(());
    }
    let clicked: HashMap<AdvertisementId, Count> = advertisements::count_clicks(c, hour)?
        .into_iter()
        .map(|count| (count.advertisement_id, count))
        .collect();
    // Never a number that a database had which was restored since: cursors go by it.
    let mut number = advertisements::find_last_number(c)?.max(now.as_seconds());
    let mut ran: Vec<Advertisement> = advertisements::list(c, None, i64::MAX)?;
    ran.retain(|advertisement| advertisement.ran_in(hour));
    ran.sort_by_key(|advertisement| (advertisement.recipient_id, advertisement.id));
    for own in ran.chunk_by(|a, b| a.recipient_id == b.recipient_id) {
        let Some(recipient_id) = own.first().map(|first| first.recipient_id) else { continue };
        let counts: Vec<Count> = own
            .iter()
            .map(|advertisement| {
                let id = advertisement.id;
                let nobody = Count { advertisement_id: id, people: 0, accounts: 0 };
                clicked.get(&id).copied().unwrap_or(nobody)
            })
            .collect();
        let (cells, total) = suppress(&counts, minimum.into());
        number += 1;
        let draft = LeafDraft::new(now)?;
        let report = HourReport {
            number,
            recipient_id,
            hour,
            minimum: i32::try_from(minimum).unwrap_or(i32::MAX),
            cells,
            total,
            published_at: now,
            leaf_id: draft.id(),
        };
        leaves::append(c, &draft.of_service(report.act(), &report.facts()))?;
        advertisements::insert_report(c, &report)?;
        let client = recipients::find(c, recipient_id)?.and_then(|to| to.entry.partner_client_id);
        announce(c, client, WebhookEvent::ReportPublished(hour), now)?;
    }
    Ok(())
}

/// What comes of what a teller tells.
#[derive(Clone, Copy)]
enum Counting {
    Of(Clicker),
    /// The device agrees, and the account that was used on it does not: nobody is counted, and whoever has the device
    /// does not learn of the account.
    Quietly,
    Nobody,
}

fn counting(
    c: &mut Conn,
    policy: &PublishedPolicy,
    teller: Teller,
    now: Timestamp,
) -> Result<Counting, StorageError> {
    // An account speaks for its person on every device.
    if let Some(id) = teller.account {
        let agrees = account_agrees(c, policy, id, now)?;
        return Ok(if agrees { Counting::Of(person(id)) } else { Counting::Nobody });
    }
    let known = match teller.device {
        Some(id) => devices::find(c, id)?,
        None => None,
    };
    let Some(known) = known else { return Ok(Counting::Nobody) };
    if !device_agrees(c, policy, known.reference, now)? {
        return Ok(Counting::Nobody);
    }
    match known.account_id {
        None => Ok(Counting::Of(device(known.reference))),
        // Whoever signed in on it is one person, there and elsewhere, and may have refused elsewhere.
        Some(id) if account_agrees(c, policy, id, now)? => Ok(Counting::Of(person(id))),
        Some(_) => Ok(Counting::Quietly),
    }
}

/// Those of some who clicked that agree to be counted.
fn countable(
    c: &mut Conn,
    policy: &PublishedPolicy,
    clickers: &[Clicker],
    now: Timestamp,
) -> Result<HashSet<ClickerId>, StorageError> {
    let of = |by_device: bool| clickers.iter().filter(move |clicker| clicker.by_device == by_device);
    let devices: Vec<DeviceRef> =
        of(true).map(|clicker| DeviceRef::from_uuid(clicker.id.as_uuid())).collect();
    let accounts: Vec<AccountId> =
        of(false).map(|clicker| AccountId::from_uuid(clicker.id.as_uuid())).collect();
    let devices = devices_that_agree(c, policy, &devices, now)?;
    let accounts = accounts_that_agree(c, policy, &accounts, now)?;
    let devices = devices.into_iter().map(|reference| device(reference).id);
    Ok(devices.chain(accounts.into_iter().map(|id| person(id).id)).collect())
}

fn accounts_that_agree(
    c: &mut Conn,
    policy: &PublishedPolicy,
    ids: &[AccountId],
    now: Timestamp,
) -> Result<HashSet<AccountId>, StorageError> {
    let mut facts = accounts::list_consent_facts(c, ids)?;
    facts.retain(|_, facts| facts.state == AccountState::Active && facts.service_withdrawn_at.is_none());
    let last = consent_events::list_last_of(c, ids, Purpose::Advertising)?;
    let last: HashMap<AccountId, LastEvent> =
        last.iter().map(|event| (event.account_id, LastEvent::from(event))).collect();
    let words = policy.in_force(Purpose::Advertising);
    facts.retain(|id, facts| standing(last.get(id), words, facts.standing(policy.version), now).for_new);
    for limit in processing_limit_events::list_standing_of(c, ids)? {
        if limit.scope.is_about(Purpose::Advertising, PersonalDataClass::Device) {
            facts.remove(&limit.account_id);
        }
    }
    Ok(facts.into_keys().collect())
}

fn account_agrees(
    c: &mut Conn,
    policy: &PublishedPolicy,
    id: AccountId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    Ok(accounts_that_agree(c, policy, &[id], now)?.contains(&id))
}

fn devices_that_agree(
    c: &mut Conn,
    policy: &PublishedPolicy,
    references: &[DeviceRef],
    now: Timestamp,
) -> Result<HashSet<DeviceRef>, StorageError> {
    let Some(words) = policy.in_force(Purpose::Advertising) else { return Ok(HashSet::new()) };
    let last = device_consent_events::list_last_of(c, references, Purpose::Advertising)?;
    let last: HashMap<DeviceRef, _> = last.iter().map(|event| (event.device_ref, event)).collect();
    let agrees = |reference: &DeviceRef| device_standing(words, last.get(reference).copied(), now).for_new;
    Ok(references.iter().copied().filter(agrees).collect())
}

fn device_agrees(
    c: &mut Conn,
    policy: &PublishedPolicy,
    reference: DeviceRef,
    now: Timestamp,
) -> Result<bool, StorageError> {
    Ok(devices_that_agree(c, policy, &[reference], now)?.contains(&reference))
}
