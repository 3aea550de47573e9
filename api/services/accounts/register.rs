//! Registration: everything waits, sealed, for the code that proves the address.
//!
//! An address that has an account, or whose owner is banned, takes the same path to the end: same answer, same work,
//! same rows. Only the words of the mail differ, and those only the address's owner reads.

use chrono::TimeDelta;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{AccountError, AccountService, bans};
use crate::{
    domain::{
        consent::{ConsentAction, ConsentKind, ConsentMethod},
        data_dictionary::{
            Category, REGISTRATION_CONSENTS, REGISTRATION_EMAIL, REGISTRATION_LANGUAGE, REGISTRATION_PHONE,
            REGISTRATION_REAL_NAME,
        },
        email::Email,
        ids::AccountId,
        language::LanguageTag,
        message::{Channel, Message, MessageBody},
        password::Password,
        personal::{Personal, PersonalText},
        phone::PhoneNumber,
        policy::PolicyDocument,
        purpose::{Purpose, PurposeDefinition},
        real_name::RealName,
        time::Timestamp,
    },
    repositories::{
        outbox,
        registrations::{self, PendingRegistration},
    },
    services::{
        idempotency::Draft,
        outbox as messages,
        sessions::Origin,
        tokens::opaque::{self, Issued, TokenKind},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// How long a code can be used.
pub(super) const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How often a code may be tried.
pub(super) const MAX_TRIES: i32 = 5;

/// What a person fills in to open an account.
#[derive(Clone)]
pub struct Registration {
    pub email: Email,
    pub real_name: RealName,
    pub phone: Option<PhoneNumber>,
    pub password: Password,
    pub language: LanguageTag,
    pub policy_version: i32,
    pub content_hash: [u8; 32],
    pub consents: Vec<(Purpose, bool)>,
    /// Whether the browser asks for Global Privacy Control.
    pub gpc: bool,
    pub origin: Origin,
}

/// A consent that waits for its giver to be known: in which words it was asked is fixed now, since
/// a newer release may ask in others by the time the code comes.
#[derive(Serialize, Deserialize)]
pub(super) struct Expressed {
    pub(super) purpose: Purpose,
    pub(super) action: ConsentAction,
    pub(super) kind: ConsentKind,
    pub(super) method: ConsentMethod,
    pub(super) definition_hash: [u8; 32],
    /// After so many days it has to be asked anew.
    pub(super) consent_days: Option<u32>,
    /// Whether the browser asked for Global Privacy Control.
    pub(super) gpc: bool,
}

impl Expressed {
    /// What accepting the policy expresses (clause 4.1 and its kin), what the person chose, and what Global
    /// Privacy Control refuses of the rest.
    fn all(document: &PolicyDocument, chosen: &[(Purpose, bool)], gpc: bool) -> Vec<Self> {
        document.purposes.iter().filter_map(|definition| Self::of(definition, chosen, gpc)).collect()
    }

    fn of(definition: &PurposeDefinition, chosen: &[(Purpose, bool)], gpc: bool) -> Option<Self> {
        let purpose = definition.purpose;
        let choice = chosen.iter().find(|(of, _)| *of == purpose).map(|(_, granted)| *granted);
        let (kind, method, granted) = match choice {
            _ if purpose.is_by_policy() => (ConsentKind::PolicyClause, ConsentMethod::Registration, true),
            Some(granted) => (ConsentKind::Specific, ConsentMethod::Registration, granted),
            None if gpc && purpose.is_refused_by_gpc() => (ConsentKind::Specific, ConsentMethod::Gpc, false),
            None => return None,
        };
        Some(Self {
            purpose,
            action: if granted { ConsentAction::Granted } else { ConsentAction::Declined },
            kind,
            method,
            definition_hash: definition.hash(),
            consent_days: definition.consent_days,
            gpc,
        })
    }
}

/// What the registrant keeps until the code comes; it is never mailed.
pub struct Receipt {
    pub registration_id: SecretString,
    pub expires_at: Timestamp,
}

impl AccountService {
    /// Takes a registration in and mails a code to its address.
    ///
    /// # Errors
    ///
    /// [`AccountError::PolicySuperseded`] unless the policy in force was shown, and
    /// [`AccountError::Weak`]; never anything about the address.
    #[tracing::instrument(skip_all)]
    pub async fn register(
        &self,
        registration: Registration,
        repeatable: Option<Draft>,
    ) -> Result<Receipt, AccountError> {
        let now = self.clock.now();
        let policy = self.policies.current().await?;
        if (policy.version, policy.content_hash) != (registration.policy_version, registration.content_hash) {
            return Err(AccountError::PolicySuperseded);
        }
        let place = self.passwords.place()?;
        let (name, email) = (registration.real_name.clone(), registration.email.clone());
        let phc = self.passwords.accept(place, registration.password.clone(), name, email).await??;
        // Only now: a password that is refused sends no mail.
        let has_account = self.admit_mail(&registration.email, &registration.origin, now).await?.is_some();

        let id = AccountId::generate(now);
        let keys = self.vault.create(id, Category::AT_REGISTRATION, now).await?;
        let token = opaque::issue(self.vault.kms(), TokenKind::Registration, id)?;
        let code = opaque::code()?;
        let expressed = Expressed::all(&policy.document, &registration.consents, registration.gpc);
        let pending = self.pending(&registration, &expressed, &keys, &token, &code, &phc, now)?;
        let ban = self.ban_of(&registration.email, now).await?;
        let body = match ban {
            _ if has_account => MessageBody::AddressAlreadyRegistered,
            Some(ban) => bans::refusal(&ban),
            None => MessageBody::VerificationCode { code, minutes: CODE_LIFETIME.num_minutes() },
        };
        let message = Message { language: registration.language.expose().to_owned(), body };
        let mail = messages::seal(&keys, Channel::Mail, &registration.email, &message, now)?;
        let expires_at = pending.expires_at;
        self.db
            .write(move |c| {
                registrations::insert(c, &pending)?;
                outbox::insert(c, &mail)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 202)?;
                }
                Ok::<_, AccountError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(Receipt { registration_id: token.text, expires_at })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that waits for the code")]
    fn pending(
        &self,
        registration: &Registration,
        expressed: &[Expressed],
        keys: &SubjectKeys,
        token: &Issued,
        code: &str,
        phc: &Zeroizing<String>,
        now: Timestamp,
    ) -> Result<PendingRegistration, AccountError> {
        let id = keys.account_id();
        let row = Row(id.as_bytes());
        let unwritable =
            VaultError::Broken { table: "registrations", column: "consents", why: "does not write" };
        let consents = serde_json::to_string(expressed).map(PersonalText::new).map_err(|_| unwritable)?;
        Ok(PendingRegistration {
            account_id: id,
            token_mac: token.mac,
            code_mac: opaque::code_mac(self.vault.kms(), token.mac_version, id, b"registration", code)?,
            mac_version: token.mac_version,
            tries: 0,
            real_name: keys.seal(&REGISTRATION_REAL_NAME, row, &registration.real_name)?,
            email: keys.seal(&REGISTRATION_EMAIL, row, &registration.email)?,
            phone: keys.seal_option(&REGISTRATION_PHONE, row, registration.phone.as_ref())?,
            language: keys.seal(&REGISTRATION_LANGUAGE, row, &registration.language)?,
            consents: keys.seal(&REGISTRATION_CONSENTS, row, &consents)?,
            password: self.vault.pepper(id, phc)?,
            device_id: registration.origin.device_id,
            policy_version: registration.policy_version,
            content_hash: registration.content_hash,
            created_at: now,
            expires_at: now.plus(CODE_LIFETIME),
        })
    }
}
