//! Signals become flags, and flags become requests (clause 1.8). Whoever sees a signal only keeps it; a job
//! weighs what waits, so that nothing is lost between the two.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::{
    KycError, KycService,
    asking::{Asked, Asking},
};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::AccountState,
        data_dictionary::SESSION_PLACE,
        ids::{AccountId, KycFlagId, KycSignalId, PartnerClientId, SessionId},
        kyc::{
            KycState,
            case::{DAYS_TO_ANSWER, KycCase, KycGround},
            flag::{FLAG_RAISED, KycFlag},
            signal::{self, APPROVAL_LASTS, MANY_SIGN_INS, Signal, SignalKind, SignalOutcome},
        },
        personal::{Personal, PersonalText},
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::{accounts, kyc_cases, kyc_flags, kyc_signals, log as leaves, sessions},
    services::{
        batches,
        log::LeafDraft,
        vault::{
            Row, SubjectKeys, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// A signal as the platform reports it.
pub struct ReportedSignal {
    /// The platform's own name for it: reported twice, it is kept once.
    pub reference: String,
    pub account_id: AccountId,
    pub kind: SignalKind,
    pub occurred_at: Timestamp,
}

impl KycService {
    /// Keeps what the platform reports; everything is kept, or known from before, once this returns.
    ///
    /// # Errors
    ///
    /// Storage trouble; whoever reports it all again then loses and doubles nothing.
    #[tracing::instrument(skip_all)]
    pub async fn report(
        &self,
        client: PartnerClientId,
        reported: Vec<ReportedSignal>,
    ) -> Result<Vec<SignalOutcome>, KycError> {
        let now = self.clock.now();
        let mut outcomes = Vec::with_capacity(reported.len());
        for report in reported {
            let reference = self.reference_of(client, &report.reference)?;
            let signal = Signal {
                account_id: report.account_id,
                id: KycSignalId::generate(now),
                kind: report.kind,
                occurred_at: report.occurred_at,
            };
            let id = report.account_id;
            let outcome = self
                .db
                .write_for(id, move |c| {
                    let standing = accounts::find_standing(c, id)?;
                    if !standing.is_some_and(|standing| standing.state != AccountState::Closed) {
                        return Ok(SignalOutcome::UnknownAccount);
                    }
                    let is_new = kyc_signals::insert(c, &signal, &reference, now)?;
                    Ok::<_, StorageError>(if is_new {
                        SignalOutcome::Recorded
                    } else {
                        SignalOutcome::Duplicate
                    })
                })
                .await?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// A name of the platform's, keyed: the oldest live key names it, so that a rotation doubles nothing.
    fn reference_of(&self, client: PartnerClientId, reference: &str) -> Result<[u8; 32], KmsError> {
        let kms = self.vault.kms();
        let version = kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let parts: [&[u8]; 3] = [b"kyc-signal", client.as_bytes(), reference.as_bytes()];
        kms.mac(KeyPurpose::TokenMac, version, &parts)
    }

    /// Weighs the signals that wait; says of how many accounts.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others had their turn.
    pub async fn weigh_signals(&self, limit: i64) -> Result<usize, KycError> {
        let waiting = self.db.read_long(move |c| kyc_signals::list_waiting(c, limit)).await?;
        batches::for_each(waiting, |id| self.weigh(id)).await
    }

    async fn weigh(&self, id: AccountId) -> Result<bool, KycError> {
        let now = self.clock.now();
        let since = now.minus(signal::WINDOW);
        let signals = self.db.read(move |c| unsettled(c, id, since)).await?;
        let (keys, profile) = self.person(id).await?;
        let kinds: Vec<&str> = signals.iter().map(|signal| signal.kind.as_str()).collect();
        let reason = PersonalText::new(format!("Signals: {}.", kinds.join(", ")));
        let asked = Asked {
            ground: KycGround::Activity,
            by: None,
            private_reason: Some(&reason),
            days: DAYS_TO_ANSWER,
        };
        let asking = Asking::prepare(&keys, &profile, &asked, now)?;
        let (draft, flag_id) = (LeafDraft::new(now)?, KycFlagId::generate(now));
        let weighed = self
            .db
            .write_for(id, move |c| {
                // Another process may have been faster; what came since the look waits for the next one.
                let signals = unsettled(c, id, since)?;
                if !kyc_signals::note_weighed(c, id, now)? {
                    return Ok(false);
                }
                let Some(kind) = signal::weigh(&signals, now) else { return Ok(true) };
                let flag = KycFlag::raise(id, flag_id, kind, now);
                if kyc_flags::raise(c, &flag)? {
                    leaves::append(c, &draft.of_person(&keys, &FLAG_RAISED, &flag.facts())?)?;
                }
                let newest = kyc_cases::find_current(c, id)?;
                if is_to_be_asked(newest.as_ref(), now) {
                    asking.write(c, &keys)?;
                }
                Ok::<_, KycError>(true)
            })
            .await?;
        self.outbox.wake();
        Ok(weighed)
    }
}

/// The signals since an instant that no flag was taken down after: what somebody looked at counts no more.
fn unsettled(c: &mut Conn, id: AccountId, since: Timestamp) -> Result<Vec<Signal>, StorageError> {
    let settled = kyc_flags::last_settled(c, id)?;
    kyc_signals::list_since(c, id, since, settled)
}

/// Whether a rule asks, where the newest verification stands like this: not while one is open, not soon after one
/// was approved, and not after a refusal; then a member of staff looks at the flag.
fn is_to_be_asked(newest: Option<&KycCase>, now: Timestamp) -> bool {
    newest.is_none_or(|case| match case.decided_at {
        None => false,
        Some(decided_at) if case.state == KycState::Approved => decided_at.plus(APPROVAL_LASTS) < now,
        Some(_) => case.state != KycState::Rejected,
    })
}

/// A sign-in as it begins.
pub struct SignInSeen<'a> {
    pub session: SessionId,
    /// Country and town, as far as the address tells.
    pub place: Option<&'a PersonalText>,
}

/// Keeps what is unusual about a sign-in, in the transaction that opens the session.
///
/// # Errors
///
/// Storage trouble only.
pub fn observe_sign_in(
    c: &mut Conn,
    keys: &SubjectKeys,
    seen: &SignInSeen<'_>,
    now: Timestamp,
) -> Result<(), VaultError> {
    let id = keys.account_id();
    let recent = sessions::list_recent(c, id, now.minus(TimeDelta::days(30)))?;
    let within_an_hour = recent.iter().filter(|session| session.created_at > now.minus(TimeDelta::hours(1)));
    if within_an_hour.count() + 1 >= MANY_SIGN_INS {
        keep(c, id, SignalKind::RapidSignIns, now)?;
    }
    let Some(country) = seen.place.map(|place| country_of(place.expose())) else { return Ok(()) };
    let (mut is_known, mut is_first) = (false, true);
    for session in recent.into_iter().filter(|session| session.id != seen.session) {
        let Some(place) = session.place.map(Sealed::<PersonalText>::from_envelope) else { continue };
        let place = keys.open(&SESSION_PLACE, Row(session.id.as_bytes()), &place)?;
        is_first = false;
        is_known |= country_of(place.expose()) == country;
    }
    if !is_known && !is_first {
        keep(c, id, SignalKind::NewCountry, now)?;
    }
    Ok(())
}

/// The country of a place as sessions name it.
fn country_of(place: &str) -> &str {
    place.split(',').next().unwrap_or(place)
}

/// Keeps a signal of the service's own, at most one of its kind an hour.
///
/// # Errors
///
/// Storage trouble only.
pub fn keep(c: &mut Conn, id: AccountId, kind: SignalKind, now: Timestamp) -> Result<(), StorageError> {
    let hour = now.as_seconds() / 3_600;
    let reference: [u8; 32] = Sha256::new()
        .chain_update(b"own-signal")
        .chain_update(kind.as_str())
        .chain_update(hour.to_be_bytes())
        .finalize()
        .into();
    let signal = Signal { account_id: id, id: KycSignalId::generate(now), kind, occurred_at: now };
    kyc_signals::insert(c, &signal, &reference, now)?;
    Ok(())
}
