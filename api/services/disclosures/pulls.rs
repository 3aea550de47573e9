//! Pulls: the gate is asked again each time, and what is let out is built then and never kept.

use std::sync::Arc;

use super::{
    DisclosureError, DisclosureService, Package,
    acting::record,
    drafts::write_over,
    gate::{self, Moment, Permit, Shut, Way},
    ledger::{self, Actor, Particulars},
    package::VOUCHED_FOR,
};
use crate::{
    db::Conn,
    domain::{
        country::Country,
        data_dictionary::Category,
        disclosure::{
            Disclosure, DisclosureState,
            consent_request::ConsentRequestState,
            event::{DisclosureStep, StepReason},
            recipient::Recipient,
            refusal::GateRefusal,
        },
        ids::{AccountId, DisclosureId, PartnerClientId, StaffId},
        policy::PublishedPolicy,
        purpose::Purpose,
        time::Timestamp,
        webhook::WebhookEvent,
    },
    repositories::{accounts, consent_requests, disclosure_events, disclosures, partners, recipients},
    services::{
        cursors,
        idempotency::{Draft, Recording},
        kyc::keys_to_read,
        vault::{SubjectKeys, kms::Kms},
        webhooks::announce,
    },
};

const FEED: &str = "disclosure_feed";

/// Who fetches.
#[derive(Clone, Copy, Debug)]
pub enum Puller {
    /// The recipient's own client.
    Client(PartnerClientId),
    /// A data processor, who hands the sealed package over to a recipient without one.
    Staff(StaffId),
}

impl Puller {
    const fn actor(self) -> Actor {
        match self {
            Self::Client(id) => Actor::Partner(id),
            Self::Staff(id) => Actor::Staff(id),
        }
    }

    /// Whose keys the record of a repeated request lies under.
    const fn subject(self) -> AccountId {
        match self {
            Self::Client(id) => AccountId::from_uuid(id.as_uuid()),
            Self::Staff(id) => id.subject(),
        }
    }
}

/// A package that was let out.
#[derive(Clone)]
pub struct PulledPackage {
    pub disclosure_id: DisclosureId,
    pub pull_number: i32,
    pub package: Package,
    pub pulled_at: Timestamp,
    /// Until when its content is vouched for.
    pub vouched_until: Timestamp,
}

/// Something that was released, with its recipient.
pub type Fetched = (Disclosure, Recipient);

/// What was released to a recipient, in order.
pub struct FeedPage {
    pub disclosures: Vec<Fetched>,
    pub next_cursor: Option<String>,
}

/// What became of a pull, where a refusal leaves a trace.
enum Outcome {
    Out(PulledPackage),
    Shut(GateRefusal),
}

impl DisclosureService {
    /// The recipient that a client fetches for.
    async fn recipient_of(&self, client: PartnerClientId) -> Result<Recipient, DisclosureError> {
        let found = self.db.read(move |c| recipients::find_by_client(c, client)).await?;
        found.ok_or(DisclosureError::NotFound)
    }

    /// What was released to the recipient of a client after a place of its feed.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Cursor`]. To a client of no recipient nothing is released.
    pub async fn feed(
        &self,
        client: PartnerClientId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<FeedPage, DisclosureError> {
        let kms = self.vault.kms();
        let recipient = self.db.read(move |c| recipients::find_by_client(c, client)).await?;
        // A place in the feed of one recipient is none in the feed of another.
        let fed = recipient.as_ref().map_or(client.as_uuid(), |recipient| recipient.id.as_uuid());
        let owner = AccountId::from_uuid(fed);
        let after = cursors::count(kms, FEED, owner, cursor)?.unwrap_or(0);
        let wanted = i64::from(limit);
        let disclosures: Vec<Fetched> = self
            .db
            .read(move |c| {
                let Some(recipient) = &recipient else { return Ok(Vec::new()) };
                let released = disclosures::list_feed(c, recipient.id, after, wanted)?;
                Ok::<_, DisclosureError>(released.into_iter().map(|row| (row, recipient.clone())).collect())
            })
            .await?;
        // The feed is polled: it always says where to go on, also where nothing is new.
        let last = disclosures.last().and_then(|(disclosure, _)| disclosure.feed_number).unwrap_or(after);
        let next_cursor = Some(cursors::wrap(kms, FEED, owner, &last.to_be_bytes())?);
        Ok(FeedPage { disclosures, next_cursor })
    }

    /// Something that was released to the recipient of a client.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`] also for what went to somebody else.
    pub async fn released_to(
        &self,
        client: PartnerClientId,
        id: DisclosureId,
    ) -> Result<Fetched, DisclosureError> {
        let recipient = self.recipient_of(client).await?;
        let to = recipient.id;
        let found = self.db.read(move |c| disclosures::find_released_to(c, to, id)).await?;
        Ok((found.ok_or(DisclosureError::NotFound)?, recipient))
    }

    /// Builds what was released, if the gate opens now, and lets it out.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`] also for what went to somebody else, [`DisclosureError::Shut`]; what it
    /// rested on having ended, it is revoked for good.
    #[tracing::instrument(skip_all)]
    pub async fn pull(
        &self,
        by: Puller,
        id: DisclosureId,
        repeatable: Option<Draft>,
    ) -> Result<PulledPackage, DisclosureError> {
        let released = match by {
            Puller::Client(client) => self.released_to(client, id).await?.0,
            Puller::Staff(_) => self.find(id).await?.0,
        };
        let owner = released.account_id;
        let keys = keys_to_read(&self.db, &self.vault, owner).await?;
        let outcome = self
            .under_policy(|policy| {
                let pull = Pull {
                    by,
                    policy,
                    keys: Arc::clone(&keys),
                    kms: self.vault.shared_kms(),
                    controller: self.controller.clone(),
                    repeatable: repeatable.clone(),
                    now: self.clock.now(),
                };
                self.db.write_holding(owner, move |c| pull.write(c, (owner, id)))
            })
            .await?;
        match outcome {
            Outcome::Out(package) => Ok(package),
            Outcome::Shut(refusal) => Err(DisclosureError::Shut(refusal)),
        }
    }

    /// Notes that the recipient has what it fetched last.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`], [`DisclosureError::StateConflict`] if nothing was fetched, or the last pull
    /// was acknowledged before.
    #[tracing::instrument(skip_all)]
    pub async fn acknowledge(
        &self,
        client: PartnerClientId,
        id: DisclosureId,
        recording: Recording<Fetched>,
    ) -> Result<Fetched, DisclosureError> {
        let now = self.clock.now();
        let (disclosure, recipient) = self.released_to(client, id).await?;
        let owner = disclosure.account_id;
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                if !keys.holds(Category::LogDetail) {
                    // The person was erased, and what the recipient has to do about that is an obligation.
                    return Err(DisclosureError::Shut(GateRefusal::SubjectGone));
                }
                let steps = disclosure_events::list(c, owner, id)?;
                let last = steps.iter().rev().find(|event| {
                    matches!(event.step, DisclosureStep::Pulled | DisclosureStep::Acknowledged)
                });
                let last = last.filter(|event| event.step == DisclosureStep::Pulled);
                let pulled = last.ok_or(DisclosureError::StateConflict)?;
                let particulars = Particulars { pull_number: pulled.pull_number, ..Particulars::default() };
                let scope = gate::scope_of(&disclosure, &recipient);
                let step = (Actor::Partner(client), DisclosureStep::Acknowledged);
                ledger::write(c, &keys, step, (&disclosure, &scope), particulars, now)?;
                record(&recording, c, &keys, &(disclosure.clone(), recipient.clone()))?;
                Ok((disclosure.clone(), recipient.clone()))
            })
            .await
    }
}

/// A pull that is being carried out.
struct Pull {
    by: Puller,
    policy: Arc<PublishedPolicy>,
    keys: Arc<SubjectKeys>,
    kms: Arc<Kms>,
    controller: String,
    repeatable: Option<Draft>,
    now: Timestamp,
}

impl Pull {
    fn write(
        &self,
        c: &mut Conn,
        (owner, id): (AccountId, DisclosureId),
    ) -> Result<Outcome, DisclosureError> {
        accounts::hold(c, owner)?;
        if let Some(draft) = &self.repeatable {
            draft.refuse_if_done(c)?;
        }
        let was = disclosures::find(c, id)?.ok_or(DisclosureError::NotFound)?;
        let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
        self.may_fetch(c, &was, &recipient)?;
        let moment = Moment { policy: &self.policy, now: self.now };
        match gate::admit(c, Way::Pull, was.clone(), &moment) {
            Ok(permit) => {
                let out = self.let_out(permit)?;
                if let Some(draft) = &self.repeatable {
                    draft.record_secret(c, self.by.subject(), 201)?;
                }
                Ok(Outcome::Out(out))
            }
            Err(Shut::Refused(refusal)) => {
                if refusal.is_final() {
                    revoke(c, &self.keys, &was, refusal, self.now)?;
                }
                Ok(Outcome::Shut(refusal))
            }
            Err(shut) => Err(shut.into()),
        }
    }

    /// The recipient's own client, as it is now; staff only where there is none, and nobody for their own request.
    fn may_fetch(
        &self,
        c: &mut Conn,
        was: &Disclosure,
        recipient: &Recipient,
    ) -> Result<(), DisclosureError> {
        match (self.by, recipient.entry.partner_client_id) {
            (Puller::Client(client), Some(own)) if client == own => {
                let is_active = partners::find(c, client)?.is_some_and(|client| client.active);
                if is_active { Ok(()) } else { Err(DisclosureError::NotFound) }
            }
            (Puller::Client(_), _) => Err(DisclosureError::NotFound),
            (Puller::Staff(_), Some(_)) => Err(DisclosureError::StateConflict),
            (Puller::Staff(by), None) if by == was.requested_by => Err(DisclosureError::SecondPersonRequired),
            (Puller::Staff(_), None) => Ok(()),
        }
    }

    /// Spends a permit on a package.
    fn let_out(&self, mut permit: Permit<'_>) -> Result<PulledPackage, DisclosureError> {
        let now = permit.now();
        let (was, scope) = (permit.disclosure().clone(), permit.scope().clone());
        let number = was.pulls + 1;
        let package = Package::build(&mut permit, &self.keys, &self.kms, &self.controller, number)?;
        let particulars = Particulars {
            policy_version: Some(permit.policy_version()),
            consent_sequence: Some(permit.consent_sequence()),
            pull_number: Some(number),
            package_hash: Some(package.hash()),
            reason: None,
        };
        let pulled = Disclosure { pulls: number, ..was.clone() };
        let c = permit.conn();
        write_over(c, &was, &pulled)?;
        let step = (self.by.actor(), DisclosureStep::Pulled);
        ledger::write(c, &self.keys, step, (&pulled, &scope), particulars, now)?;
        Ok(PulledPackage {
            disclosure_id: was.id,
            pull_number: number,
            package,
            pulled_at: now,
            vouched_until: now.plus(VOUCHED_FOR),
        })
    }
}

/// Ends what was released about a person and rested on a consent that was just taken back, of one purpose or of all:
/// a consent that is given later does not bring it back. What the person must not know of yet goes later, with others
/// ([`DisclosureService::end_silently_withdrawn`]): how the log grows at the withdrawal would tell of it. The gate is shut
/// from now on.
///
/// # Errors
///
/// Storage and sealing trouble only.
pub fn end_resting_on(
    c: &mut Conn,
    keys: &SubjectKeys,
    purpose: Option<Purpose>,
    now: Timestamp,
) -> Result<(), DisclosureError> {
    for released in disclosures::list_in_states(c, keys.account_id(), &[DisclosureState::Released])? {
        let rests = match purpose {
            _ if released.is_silent(now) => false,
            None => true,
            Some(Purpose::CrossBorderTransfer) => recipients::find(c, released.recipient_id)?
                .is_some_and(|recipient| recipient.entry.terms.country != Country::HOME),
            Some(purpose) => purpose == released.purpose,
        };
        if rests {
            revoke(c, keys, &released, GateRefusal::ConsentWithdrawn, now)?;
        }
    }
    Ok(())
}

/// Ends what rested on something that has ended; gives it as it stands then.
pub(super) fn revoke(
    c: &mut Conn,
    keys: &SubjectKeys,
    was: &Disclosure,
    refusal: GateRefusal,
    now: Timestamp,
) -> Result<Disclosure, DisclosureError> {
    let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
    let revoked = Disclosure { state: DisclosureState::Revoked, changed_at: now, ..was.clone() };
    write_over(c, was, &revoked)?;
    announce(c, recipient.entry.partner_client_id, WebhookEvent::DisclosureRevoked(was.id), now)?;
    consent_requests::end_open(c, was.account_id, was.id, ConsentRequestState::Cancelled)?;
    let scope = gate::scope_of(&revoked, &recipient);
    let why = Particulars::because(StepReason::Gate(refusal));
    let step = (Actor::Service, DisclosureStep::Revoked);
    ledger::write(c, keys, step, (&revoked, &scope), why, now)?;
    Ok(revoked)
}
