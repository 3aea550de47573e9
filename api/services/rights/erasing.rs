//! Erasures as they are carried out: first nothing more begins, then the keys die, then the rows go. Each part can be
//! done again, so a process that was killed leaves an erasure that the next one ends.

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Actor, RightsError, RightsService, ShownRequest, advance, find, show, waits_after_reset};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::StateReason,
        data_dictionary::{Category, PASSWORD_RESET_EMAIL, REGISTRATION_EMAIL},
        disclosure::{consent_request::ConsentRequestState, scope::DisclosureField},
        encoding::hex,
        evidence::Evidence,
        ids::{AccountId, LeafId},
        kyc::case::KYC_WITHDRAWN,
        message::MessageBody,
        rights::{
            erasure::{self, BAN_MARK, ErasureEntry, ErasureFate},
            request::{RightKind, RightsRequest, RightsState, RightsStep},
        },
        session::SessionEnd,
        time::Timestamp,
    },
    repositories::{
        accounts, bans, consent_requests, erasure as erased, kyc_cases, kyc_decisions, log as leaves,
        log_tree, outbox, password_resets, registrations, rights_requests, sessions, sign_in_challenges,
        support_cases,
    },
    services::{
        batches,
        log::{
            LeafDraft,
            proof_file::{Fact, ProofFile},
        },
        mailing,
        obligations::{self, Change},
        tokens::{
            jws,
            opaque::{self, TokenKind},
        },
        vault::{Row, SubjectKeys, VaultError, kms::KeyPurpose},
    },
};

const TYPE: &str = "erasure-certificate+jws";
/// How many erasures are looked after at a time when a database was restored.
const REPLAYED_AT_ONCE: i64 = 500;
/// How many requests of strangers are looked through; what is beyond lapses within a day.
const MOST_STRANGERS: i64 = 10_000;
/// Says the same to everybody: whether there is such an order may have to be kept from its person.
const NOT_COVERED: &str = "Orders of courts and state bodies, which may name persons, are kept under keys of their own for as \
long as law requires; whether there is one about somebody is told as the order allows.";

/// An entry of an outcome, with the name of the key that it was sealed by.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    of: ErasureEntry,
    /// SHA-256 of the account's id and the category: whoever knows both finds it, and nobody is found by it.
    /// Nothing for the mark of a ban, which no key of the person seals.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    /// Which versions of it were destroyed, where the account goes on; otherwise it was destroyed whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_versions: Option<Vec<u32>>,
}

/// What an erasure came to, as it is kept and attested.
pub(super) struct Outcome {
    pub(super) text: String,
    pub(super) hash: [u8; 32],
    /// Whether a law keeps something, and until when.
    pub(super) kept: (bool, Option<Timestamp>),
}

impl Outcome {
    pub(super) fn of(
        owner: AccountId,
        entries: Vec<ErasureEntry>,
        versions: Option<&[u32]>,
    ) -> Result<Self, RightsError> {
        let is_kept = |entry: &ErasureEntry| entry.fate == ErasureFate::Kept;
        // The day of the record that a law wants, if there is one: the mark of a ban comes last, and goes by itself.
        let kept = (entries.iter().any(is_kept), entries.iter().find_map(|entry| entry.until));
        let named = |entry: ErasureEntry| Entry {
            key_id: (entry.category != BAN_MARK).then(|| key_id(owner, entry.category)),
            key_versions: versions.filter(|_| !is_kept(&entry)).map(<[u32]>::to_vec),
            of: entry,
        };
        let outcome: Vec<Entry> = entries.into_iter().map(named).collect();
        let text = serde_json::to_string(&outcome).map_err(|_| RightsError::Left("the outcome"))?;
        Ok(Self { hash: erasure::outcome_hash(&text), text, kept })
    }
}

/// What the log ended with before an erasure began.
pub(super) fn checkpoint_before(c: &mut Conn) -> Result<Option<String>, StorageError> {
    let Some(origin) = log_tree::find_current_origin(c)? else { return Ok(None) };
    Ok(log_tree::find_last_checkpoint(c, origin.number)?.map(|checkpoint| checkpoint.note))
}

/// A request as whoever holds the token of its result sees it.
#[derive(Clone)]
pub struct RightsResult {
    pub shown: ShownRequest,
    /// The leaf that attests its completion, if it has come to that.
    pub completion: Option<LeafId>,
    checkpoint: Option<String>,
    outcome: Option<String>,
}

impl RightsResult {
    /// What the leaf of its completion says.
    pub fn facts_of(&self, leaf: LeafId) -> Vec<Fact> {
        let step = self.shown.steps.iter().find(|step| step.leaf_id == leaf);
        let facts = step.map(Evidence::facts).unwrap_or_default();
        facts.into_iter().map(|(name, value)| Fact { name: name.to_owned(), value }).collect()
    }
}

/// What was erased and what was kept, signed, with the proof that the log attests it.
pub struct ErasureCertificate {
    /// A compact JWS (RFC 7515).
    pub jws: String,
    pub proof: ProofFile,
}

impl RightsService {
    /// Carries some erasures out, or goes on with those that were cut off; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn carry_out(&self, limit: i64) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let (mut done, mut failure, mut after) = (0, None, None);
        // Some wait, and must not keep those behind them from their turn.
        loop {
            let kinds = [RightKind::Erasure];
            let due = self.db.read(move |c| rights_requests::list_to_execute(c, (&kinds, after), now, limit));
            let due = due.await?;
            let Some(last) = due.last() else { break };
            after = Some(last.id);
            let carried_out = batches::for_each(due, |request| {
                Box::pin(async move {
                    match request.scope.part() {
                        Some(part) => self.carry_out_part(request, part).await,
                        None => self.carry_out_one(request).await,
                    }
                })
            });
            match carried_out.await {
                Ok(some) => done += some,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(done), Err)
    }

    async fn carry_out_one(&self, due: RightsRequest) -> Result<bool, RightsError> {
        let request = if due.state == RightsState::Executing {
            due
        } else {
            self.forget_strangers(&due).await?;
            let Some(started) = self.start(due).await? else { return Ok(false) };
            started
        };
        let owner = request.account_id;
        let ended = request.account_ended_at();
        let (record, ban) = self
            .db
            .read(move |c| {
                Ok::<_, StorageError>((kyc_decisions::find_last_record(c, owner)?, bans::find_of(c, owner)?))
            })
            .await?;
        let has_record = record.is_some();
        let entries = erasure::entries(has_record, ban.as_ref(), ended);
        let kept: Vec<Category> = if has_record { vec![Category::Statutory] } else { Vec::new() };
        for category in Category::ALL.iter().filter(|category| !kept.contains(category)) {
            self.erasure.erase(owner, *category).await?;
        }
        self.db.clean().await?;
        self.complete(request, (entries, kept)).await
    }

    /// Forgets what somebody asked about the person's address without signing in: a password reset or a registration that
    /// waits stands under a name of its own, which nothing leads to but the address.
    async fn forget_strangers(&self, due: &RightsRequest) -> Result<(), RightsError> {
        let Ok((_, Some(profile))) = self.person(due.account_id).await else { return Ok(()) };
        let (resets, registrations) = self
            .db
            .read_long(|c| {
                let resets = password_resets::list_emails(c, MOST_STRANGERS)?;
                Ok::<_, StorageError>((resets, registrations::list_emails(c, MOST_STRANGERS)?))
            })
            .await?;
        let resets = resets.into_iter().map(|(id, email)| (id, email, &PASSWORD_RESET_EMAIL));
        let registrations = registrations.into_iter().map(|(id, email)| (id, email, &REGISTRATION_EMAIL));
        for (stranger, email, entry) in resets.chain(registrations) {
            let keys = self.vault.keys_of(stranger).await?;
            // Without its key it was completed meanwhile, or has lapsed.
            if !keys.can_open(entry, email.envelope())
                || keys.open(entry, Row(stranger.as_bytes()), &email)? != profile.email
            {
                continue;
            }
            for category in Category::ALL {
                self.erasure.erase(stranger, *category).await?;
            }
        }
        Ok(())
    }

    /// Shuts the account: from this commit on nobody signs in, nothing is disclosed, and whoever got data is told to
    /// erase them, too.
    async fn start(&self, due: RightsRequest) -> Result<Option<RightsRequest>, RightsError> {
        let (now, owner, id) = (self.clock.now(), due.account_id, due.id);
        let keys = self.vault.keys_of(owner).await?;
        let profile = match self.person(owner).await {
            Ok((_, profile)) => profile,
            // Nobody can be written to, and the data go all the same.
            Err(RightsError::Vault(error @ (VaultError::NoKey(_) | VaultError::Broken { .. }))) => {
                tracing::warn!(%error, "an erasure is carried out without a last mail");
                None
            }
            Err(error) => return Err(error),
        };
        // The last mail rests under a key of its own, since all of the person's are about to die.
        let courier = AccountId::generate(now);
        let last_words = match &profile {
            Some(profile) => {
                let keys = self.vault.create(courier, &[Category::Messages], now).await?;
                let mail = mailing::mail(&keys, profile, last_words(&due, now), now)?;
                Some(outbox::SealedMessage { courier: true, ..mail })
            }
            None => None,
        };
        let started = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, id)?;
                let Ok(started) = was.clone().started(now) else { return Ok(None) };
                // A password that was reset since the filing puts it off: it may not have been the person who filed.
                if waits_after_reset(c, owner, now)? {
                    return Ok(None);
                }
                // After a restore the keys may be gone already; what is said then is public.
                let actor =
                    if keys.holds(Category::LogDetail) { Actor::Service } else { Actor::ServiceAfterwards };
                let started = advance(c, &keys, (actor, RightsStep::Started), (&was, started), now)?;
                let checkpoint = checkpoint_before(c)?;
                rights_requests::keep(c, &started, (checkpoint.as_deref(), None))?;
                shut(c, &keys, now)?;
                if let Some(mail) = &last_words {
                    outbox::insert(c, mail)?;
                }
                Ok::<_, RightsError>(Some(started))
            })
            .await;
        if !matches!(started, Ok(Some(_))) {
            self.vault.destroy(courier, Category::Messages, now).await?;
        }
        self.outbox.wake();
        started
    }

    /// Erases anew what a restored database brought back, and shuts the accounts of those who were erased; says how
    /// much came back, and how many persons.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes it.
    pub async fn replay_erasures(&self) -> Result<(usize, usize), RightsError> {
        let erased = self.erasure.replay().await?;
        let (mut persons, mut after) = (0, (AccountId::from_uuid(Uuid::nil()), ""));
        loop {
            let destroyed = self.vault.list_destroyed(after, REPLAYED_AT_ONCE).await?;
            let Some((id, category)) = destroyed.last() else { break };
            after = (*id, category.as_str());
            // Whoever has no key for the credentials any more was erased whole.
            for (owner, _) in destroyed.into_iter().filter(|(_, category)| *category == Category::Security) {
                persons += usize::from(self.shut_again(owner).await?);
            }
        }
        self.db.clean().await?;
        Ok((erased, persons))
    }

    async fn shut_again(&self, owner: AccountId) -> Result<bool, RightsError> {
        let (now, keys) = (self.clock.now(), self.vault.fresh_keys_of(owner).await?);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let Some(standing) = accounts::find_standing(c, owner)? else { return Ok(false) };
                if standing.reason == StateReason::Erased {
                    return Ok(false);
                }
                shut(c, &keys, now)?;
                bans::sever(c, owner)?;
                Ok::<_, RightsError>(true)
            })
            .await
    }

    async fn complete(
        &self,
        request: RightsRequest,
        (entries, kept): (Vec<ErasureEntry>, Vec<Category>),
    ) -> Result<bool, RightsError> {
        let (now, owner, id) = (self.clock.now(), request.account_id, request.id);
        let outcome = Outcome::of(owner, entries, None)?;
        // Nothing of it is there any more: what a step says is public.
        let keys = self.vault.fresh_keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, id)?;
                let Ok(completed) = was.clone().completed(outcome.hash, outcome.kept, now) else {
                    return Ok(false);
                };
                // Whoever had begun to write before the account was shut may have ended since: it is erased anew then.
                if let Some(left) = erased::find_left(c, owner, &kept)? {
                    return Err(RightsError::Left(left));
                }
                bans::sever(c, owner)?;
                let by = (Actor::ServiceAfterwards, RightsStep::Completed);
                let completed = advance(c, &keys, by, (&was, completed), now)?;
                rights_requests::keep(c, &completed, (None, Some(&outcome.text)))?;
                Ok::<_, RightsError>(true)
            })
            .await
    }

    /// Destroys what a law kept, on its day; says of how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn release(&self, limit: i64) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let due = self.db.read(move |c| rights_requests::list_to_release(c, now, limit)).await?;
        batches::for_each(due, |request| self.release_one(request, now)).await
    }

    async fn release_one(&self, request: RightsRequest, now: Timestamp) -> Result<bool, RightsError> {
        let (owner, id) = (request.account_id, request.id);
        self.erasure.erase(owner, Category::Statutory).await?;
        if let Some(left) = self.db.read_long(move |c| erased::find_left(c, owner, &[])).await? {
            return Err(RightsError::Left(left));
        }
        self.db.clean().await?;
        let keys = self.vault.fresh_keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, id)?;
                let Ok(released) = was.clone().released(now) else { return Ok(false) };
                let by = (Actor::ServiceAfterwards, RightsStep::Released);
                advance(c, &keys, by, (&was, released), now)?;
                Ok::<_, RightsError>(true)
            })
            .await
    }

    /// The request that a token opens, also when its person can sign in no more.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] for any other text.
    pub async fn result(&self, token: &str) -> Result<RightsResult, RightsError> {
        let presented = opaque::read(self.vault.kms(), TokenKind::RightsResult, token);
        let mac = presented.ok_or(RightsError::NotFound)?.mac;
        self.db
            .read(move |c| {
                let found = rights_requests::find_by_result(c, &mac)?.ok_or(RightsError::NotFound)?;
                let kept = rights_requests::find_outcome(c, found.account_id, found.id)?;
                let (checkpoint, outcome) = kept.unwrap_or((None, None));
                let shown = show(c, found)?;
                let last = shown.steps.iter().find(|step| step.step == RightsStep::Completed);
                let completion = last.map(|step| step.leaf_id);
                Ok(RightsResult { shown, completion, checkpoint, outcome })
            })
            .await
    }

    /// The certificate of an erasure that was carried out, once the log has attested it.
    ///
    /// # Errors
    ///
    /// Signing trouble only.
    pub fn certify(
        &self,
        result: &RightsResult,
        proof: ProofFile,
    ) -> Result<Option<ErasureCertificate>, RightsError> {
        let request = &result.shown.request;
        let (Some(completed_at), Some(outcome)) = (request.completed_at, &result.outcome) else {
            return Ok(None);
        };
        let entries: Value = serde_json::from_str(outcome).unwrap_or(Value::Null);
        let claims = json!({
            "sub": request.id,
            "kind": request.scope.kind,
            "clause": request.scope.kind.clause(),
            "filed_at": request.filed_at,
            "completed_at": completed_at,
            "entries": entries,
            "outcome_hash": request.outcome_hash.map(|hash| hex(&hash)),
            "backups_unreadable_by": completed_at.plus(self.key_copies_live),
            "not_covered": NOT_COVERED,
            "checkpoint_before": result.checkpoint,
            "checkpoint_after": proof.checkpoint,
        });
        let jws =
            jws::sign(self.vault.kms(), KeyPurpose::Receipt, TYPE, &claims).map_err(VaultError::from)?;
        Ok(Some(ErasureCertificate { jws, proof }))
    }
}

/// What the person is told last.
fn last_words(request: &RightsRequest, now: Timestamp) -> MessageBody {
    let at = now.for_people();
    if request.is_of_retention() {
        MessageBody::ClosedAccountErased { at }
    } else {
        MessageBody::ErasureBegun { at }
    }
}

fn key_id(owner: AccountId, category: &str) -> String {
    hex(&Sha256::new().chain_update(owner.as_bytes()).chain_update(category).finalize())
}

/// Ends the account and whatever is under way about its person.
fn shut(c: &mut Conn, keys: &SubjectKeys, now: Timestamp) -> Result<(), RightsError> {
    let (owner, reason) = (keys.account_id(), StateReason::Erased);
    let draft = || LeafDraft::new(now).map_err(VaultError::from);
    accounts::enter(c, owner, reason, reason.from_states(), None, now)?;
    sessions::end_others(c, owner, None, SessionEnd::AccountClosed, now)?;
    sign_in_challenges::delete_all(c, owner)?;
    accounts::raise_epoch(c, owner)?;
    support_cases::close_all(c, owner, now)?;
    consent_requests::end_all(c, owner, ConsentRequestState::Cancelled)?;
    // After a restore the keys are gone already: what is left to be said is public, and nobody is told twice.
    let is_readable = keys.holds(Category::LogDetail);
    let actor = if is_readable { Actor::Service } else { Actor::ServiceAfterwards };
    if is_readable {
        let facts = vec![("account", owner.to_string()), ("reason", reason.as_str().to_owned())];
        leaves::append(c, &draft()?.of_service_upon(keys, &reason.act(), &facts)?)?;
        if let Some(case) = kyc_cases::withdraw_awaiting(c, owner, now)? {
            let facts = vec![("kyc_case", case.to_string()), ("account", owner.to_string())];
            leaves::append(c, &draft()?.of_service_upon(keys, &KYC_WITHDRAWN, &facts)?)?;
        }
    }
    for other in rights_requests::list_open(c, owner)? {
        // What it asked for goes with everything else.
        let Ok(superseded) = other.clone().superseded() else { continue };
        advance(c, keys, (actor, RightsStep::Superseded), (&other, superseded), now)?;
    }
    if is_readable {
        obligations::open(c, keys, Change::Erased(DisclosureField::ALL), now)?;
    }
    Ok(())
}
