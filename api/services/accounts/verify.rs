//! Verification: the code turns a pending registration into an account, in one transaction.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    AccountError, AccountService,
    register::{Expressed, MAX_TRIES},
};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{Account, AccountState, CONFIRMATION_LASTS, Profile, SealedProfile, StateReason},
        consent::{ConsentEvent, ConsentMethod, PolicyAcceptance, PolicyDecision},
        data_dictionary::{
            REGISTRATION_CONSENTS, REGISTRATION_EMAIL, REGISTRATION_LANGUAGE, REGISTRATION_PASSWORD,
            REGISTRATION_PHONE, REGISTRATION_REAL_NAME,
        },
        email::Email,
        ids::{ConsentEventId, DeviceRef},
        language::LanguageTag,
        message::{Channel, Message, MessageBody},
        notice::Notice,
        personal::{Personal, PersonalText},
        policy::PolicyVersion,
        session::AssuranceLevel,
        time::Timestamp,
    },
    repositories::{
        account_devices, account_emails, accounts, consent_events, credentials, devices,
        log::{self as leaves, Leaf},
        notices,
        outbox::{self, SealedMessage},
        policy_acceptances, policy_versions, profiles as profile_rows,
        registrations::{self, PendingRegistration},
    },
    services::{
        consents::expiry,
        idempotency::Draft,
        log::LeafDraft,
        mailing,
        notices::of_publication,
        outbox as messages, profiles,
        sessions::{Grade, Origin, PreparedSession, SignedIn},
        tokens::opaque::{self, Presented, TokenKind},
        vault::{Row, SubjectKeys, VaultError, kms::KeyPurpose},
    },
};

/// How often an account is opened under a policy that changes meanwhile.
const PUBLICATIONS: usize = 3;

/// What proves that the registrant reads the address.
pub struct Verification {
    pub registration_id: Zeroizing<String>,
    pub code: Zeroizing<String>,
    pub origin: Origin,
}

/// A fresh account, signed in.
pub struct OpenedAccount {
    pub account: Account,
    pub profile: Profile,
    pub session: SignedIn,
}

/// Everything the opening transaction writes, made before it begins.
#[derive(Clone)]
struct Opening {
    account: Account,
    profile: Profile,
    sealed_profile: SealedProfile,
    indexes: Vec<(u32, [u8; 32])>,
    password: Vec<u8>,
    acceptance: PolicyAcceptance,
    events: Vec<ConsentEvent>,
    leaves: Vec<Leaf>,
    mail: SealedMessage,
    news: Option<News>,
    session: PreparedSession,
    gpc: bool,
}

/// What a version says that was published since the person accepted one.
#[derive(Clone)]
struct News {
    version: i32,
    mail: SealedMessage,
}

impl AccountService {
    /// Opens the account of a registration, if the code is right.
    ///
    /// # Errors
    ///
    /// [`AccountError::Expired`] for whatever is not live, alike for all reasons;
    /// [`AccountError::WrongCode`] after counting the try, durably.
    #[tracing::instrument(skip_all)]
    pub async fn verify(
        &self,
        verification: Verification,
        repeatable: Option<Draft>,
    ) -> Result<OpenedAccount, AccountError> {
        let now = self.clock.now();
        let token = opaque::read(self.vault.kms(), TokenKind::Registration, &verification.registration_id)
            .ok_or(AccountError::Expired)?;
        let pending = self.counted_try(token, repeatable.clone(), now).await?.ok_or(AccountError::Expired)?;
        let id = pending.account_id;
        let presented =
            opaque::code_mac(self.vault.kms(), pending.mac_version, id, b"registration", &verification.code)?;
        if !bool::from(presented.ct_eq(&pending.code_mac)) {
            return Err(AccountError::WrongCode);
        }
        let keys = self.vault.keys_of(id).await?;
        let shown = verification.origin.device_id;
        let known = self.db.read(move |c| devices::find(c, shown)).await?;
        let origin = verification.origin.of_account(id, known.as_ref(), now);
        let known = known.filter(|known| known.id == origin.device_id && known.id == pending.device_id);
        let known = known.map(|known| known.reference);
        for _ in 0..PUBLICATIONS {
            let policy = self.policies.current().await?;
            let opening = self.opening(&pending, &keys, &origin, known, &policy, now)?;
            let opened = OpenedAccount {
                account: opening.account.clone(),
                profile: opening.profile.clone(),
                session: opening.session.signed_in(),
            };
            let (keys, repeatable) = (Arc::clone(&keys), repeatable.clone());
            let written = self.db.write_for(id, move |c| {
                // Published in this very moment: the person would not be told.
                if policy_versions::find_current_number(c)? != policy.version {
                    return Ok(false);
                }
                if !registrations::consume(c, id)? {
                    return Err(AccountError::Expired);
                }
                opening.write(c, &keys)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 201)?;
                }
                Ok(true)
            });
            if written.await? {
                self.outbox.wake();
                return Ok(opened);
            }
        }
        Err(StorageError::Unavailable("the policy changes all the time").into())
    }

    /// Counts the try in a transaction of its own: no crash or rollback takes it back. A repeat of
    /// what was carried out is no try.
    async fn counted_try(
        &self,
        token: Presented,
        repeatable: Option<Draft>,
        now: Timestamp,
    ) -> Result<Option<PendingRegistration>, AccountError> {
        self.db
            .write_for(token.account_id, move |c| {
                if let Some(draft) = &repeatable {
                    draft.refuse_if_done(c)?;
                }
                Ok(registrations::count_try(c, token.account_id, &token.mac, MAX_TRIES, now)?)
            })
            .await
    }

    fn opening(
        &self,
        pending: &PendingRegistration,
        keys: &SubjectKeys,
        origin: &Origin,
        device_ref: Option<DeviceRef>,
        policy: &PolicyVersion,
        now: Timestamp,
    ) -> Result<Opening, AccountError> {
        let id = pending.account_id;
        let row = Row(id.as_bytes());
        let email = keys.open(&REGISTRATION_EMAIL, row, &pending.email)?;
        let language = keys.open(&REGISTRATION_LANGUAGE, row, &pending.language)?;
        let (phc, _) = self.vault.unpepper(id, &REGISTRATION_PASSWORD, &pending.password)?;
        let expressed = expressed(pending, keys)?;
        let gpc = expressed.iter().any(|expressed| expressed.gpc);
        let (acceptance, events, leaves) = ledger(pending, keys, expressed, device_ref, now)?;
        let account = Account {
            id,
            state: AccountState::Active,
            reason: StateReason::Opened,
            epoch: 1,
            accepted_policy_version: pending.policy_version,
            created_at: now,
        };
        // Password and a code to the address are what a step-up asks for where there is no factor.
        let grade = Grade { assurance: AssuranceLevel::Aal1, stepped_up: true };
        let profile = profile(pending, keys, &email, &language, now)?;
        let session = self.sessions.prepare(keys, &account, &profile, origin, grade, now)?;
        // Published while the code was under way: whoever tells everybody may have passed this account.
        let news = if policy.version > pending.policy_version {
            Some(News {
                version: policy.version,
                mail: mailing::mail(keys, &profile, self.policies.letter(policy), now)?,
            })
        } else {
            None
        };
        Ok(Opening {
            sealed_profile: SealedProfile {
                reminder_due_at: Some(now.plus(CONFIRMATION_LASTS)),
                ..profiles::seal(keys, &profile)?
            },
            profile,
            indexes: self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose()),
            password: self.vault.pepper(id, &phc)?,
            acceptance,
            events,
            leaves,
            mail: opened_mail(pending, keys, &email, &language, now)?,
            news,
            session,
            account,
            gpc,
        })
    }
}

impl Opening {
    fn write(&self, c: &mut Conn, keys: &SubjectKeys) -> Result<(), AccountError> {
        let last = self.events.last().map_or(self.acceptance.sequence, |event| event.sequence);
        accounts::insert(c, &self.account, last)?;
        account_emails::insert(c, self.account.id, &self.indexes)?;
        profile_rows::insert(c, &self.sealed_profile)?;
        credentials::insert(c, self.account.id, &self.password, self.account.created_at)?;
        for leaf in &self.leaves {
            leaves::append(c, leaf)?;
        }
        policy_acceptances::append(c, &self.acceptance)?;
        for event in &self.events {
            consent_events::append(c, event)?;
        }
        let (id, now) = (self.account.id, self.account.created_at);
        if self.gpc {
            accounts::note_gpc(c, id, now)?;
        }
        if let Some(news) = &self.news {
            let notice = of_publication(id, 1, news.version, now);
            notices::insert(c, &Notice { message_id: Some(news.mail.id), ..notice })?;
            outbox::insert(c, &news.mail)?;
        }
        account_devices::link(c, id, self.session.device_id(), now)?;
        self.session.insert(c, keys)?;
        outbox::insert(c, &self.mail)?;
        Ok(())
    }
}

fn profile(
    pending: &PendingRegistration,
    keys: &SubjectKeys,
    email: &Email,
    language: &LanguageTag,
    now: Timestamp,
) -> Result<Profile, VaultError> {
    let id = pending.account_id;
    let row = Row(id.as_bytes());
    Ok(Profile {
        account_id: id,
        version: 1,
        real_name: keys.open(&REGISTRATION_REAL_NAME, row, &pending.real_name)?,
        display_name: None,
        email: email.clone(),
        phone: keys.open_option(&REGISTRATION_PHONE, row, pending.phone.as_ref())?,
        language: language.clone(),
        time_zone: None,
        email_verified_at: now,
        phone_verified_at: None,
        confirmed_at: None,
        updated_at: now,
    })
}

/// The acceptance and the consents that waited in the registration, with both instants, and a leaf
/// for each: clause 4.1 and its kin by policy, the rest as the person chose.
fn ledger(
    pending: &PendingRegistration,
    keys: &SubjectKeys,
    expressed: Vec<Expressed>,
    device_ref: Option<DeviceRef>,
    now: Timestamp,
) -> Result<(PolicyAcceptance, Vec<ConsentEvent>, Vec<Leaf>), AccountError> {
    let (id, given_at) = (pending.account_id, pending.created_at);
    let draft = LeafDraft::new(now)?;
    let acceptance = PolicyAcceptance {
        account_id: id,
        sequence: 1,
        version: pending.policy_version,
        content_hash: pending.content_hash,
        decision: PolicyDecision::Accepted,
        method: ConsentMethod::Registration,
        device_ref,
        given_at,
        recorded_at: now,
        leaf_id: draft.id(),
    };
    let mut leaves = vec![draft.of_evidence(keys, &acceptance)?];
    let mut events = Vec::new();
    for (n, expressed) in (2..).zip(expressed) {
        let draft = LeafDraft::new(now)?;
        let event = ConsentEvent {
            id: ConsentEventId::generate(now),
            account_id: id,
            sequence: n,
            purpose: expressed.purpose,
            action: expressed.action,
            kind: expressed.kind,
            policy_version: pending.policy_version,
            definition_hash: expressed.definition_hash,
            method: expressed.method,
            device_ref,
            gpc: expressed.gpc,
            given_at,
            recorded_at: now,
            expires_at: expiry(expressed.action, expressed.consent_days, given_at),
            leaf_id: draft.id(),
        };
        leaves.push(draft.of_evidence(keys, &event)?);
        events.push(event);
    }
    Ok((acceptance, events, leaves))
}

fn expressed(pending: &PendingRegistration, keys: &SubjectKeys) -> Result<Vec<Expressed>, VaultError> {
    let row = Row(pending.account_id.as_bytes());
    let text: PersonalText = keys.open(&REGISTRATION_CONSENTS, row, &pending.consents)?;
    serde_json::from_str(text.expose()).map_err(|_| VaultError::Broken {
        table: "registrations",
        column: "consents",
        why: "does not read",
    })
}

fn opened_mail(
    pending: &PendingRegistration,
    keys: &SubjectKeys,
    email: &Email,
    language: &LanguageTag,
    now: Timestamp,
) -> Result<SealedMessage, VaultError> {
    let body = MessageBody::AccountOpened { policy_version: pending.policy_version };
    let message = Message { language: language.expose().to_owned(), body };
    messages::seal(keys, Channel::Mail, email, &message, now)
}
