//! Resetting a forgotten password: by a code in the mailbox and a token that stays where it was asked.
//!
//! An address without an account takes the same path to the end: same answer, same work, same rows.
//! The second factor stays as it was.

use chrono::TimeDelta;
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{AccountError, AccountService};
use crate::{
    domain::{
        account::WAIT_AFTER_RESET,
        data_dictionary::{Category, PASSWORD_RESET_EMAIL},
        email::Email,
        evidence::Act,
        ids::AccountId,
        language::LanguageTag,
        message::{Channel, Message, MessageBody},
        password::Password,
        personal::Personal,
        session::SessionEnd,
        throttle,
        time::Timestamp,
    },
    repositories::{
        account_devices, account_emails, accounts, credentials, log as leaves, outbox,
        password_resets::{self, PasswordReset},
        sessions, sign_in_challenges,
    },
    services::{
        idempotency::{Draft, Recording},
        log::LeafDraft,
        mailing, outbox as messages,
        passwords::Place,
        proofs::MAX_TRIES,
        sessions::Origin,
        throttles,
        tokens::opaque::{self, TokenKind},
        vault::{Row, kms::KeyPurpose},
    },
};

const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(15);

const PASSWORD_RESET: Act = Act { name: "account.password_reset", object: "account", clause: "2.3" };

/// Somebody, who may be anybody, forgot a password.
pub struct ResetRequest {
    pub email: Email,
    pub language: LanguageTag,
    pub origin: Origin,
}

/// What comes back from the mailbox.
pub struct ResetAnswer {
    pub token: Zeroizing<String>,
    pub code: Zeroizing<String>,
    pub new: Password,
    pub origin: Origin,
}

/// What stays with the one who asked, until the code comes; it is never mailed.
pub struct ResetReceipt {
    pub token: SecretString,
    pub expires_at: Timestamp,
}

/// A reset whose code was right.
struct Asked {
    subject: AccountId,
    email: Email,
    at: Timestamp,
}

/// The password was reset.
#[derive(Clone, Copy)]
pub struct PasswordWasReset {
    pub reset_at: Timestamp,
    /// Until then nothing is exported or erased.
    pub waits_until: Timestamp,
}

impl AccountService {
    /// Mails a code to the address, or tells it that it has no account.
    ///
    /// # Errors
    ///
    /// [`AccountError::Throttled`], alike whether or not there is an account.
    #[tracing::instrument(skip_all)]
    pub async fn request_reset(
        &self,
        request: ResetRequest,
        repeatable: Option<Draft>,
    ) -> Result<ResetReceipt, AccountError> {
        let now = self.clock.now();
        let has_account = self.admit_mail(&request.email, &request.origin, now).await?.is_some();
        let subject = AccountId::generate(now);
        let keys = self.vault.create(subject, &[Category::Contact, Category::Messages], now).await?;
        let token = opaque::issue(self.vault.kms(), TokenKind::PasswordReset, subject)?;
        let code = opaque::code()?;
        let reset = PasswordReset {
            subject,
            token_mac: token.mac,
            code_mac: opaque::code_mac(self.vault.kms(), token.mac_version, subject, b"reset", &code)?,
            mac_version: token.mac_version,
            email: keys.seal(&PASSWORD_RESET_EMAIL, Row(subject.as_bytes()), &request.email)?,
            created_at: now,
            expires_at: now.plus(CODE_LIFETIME),
        };
        let body = if has_account {
            MessageBody::PasswordResetCode { code, minutes: CODE_LIFETIME.num_minutes() }
        } else {
            MessageBody::NoAccountToReset
        };
        let message = Message { language: request.language.expose().to_owned(), body };
        let mail = messages::seal(&keys, Channel::Mail, &request.email, &message, now)?;
        let expires_at = reset.expires_at;
        self.db
            .write(move |c| {
                password_resets::insert(c, &reset)?;
                outbox::insert(c, &mail)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, subject, 202)?;
                }
                Ok::<_, AccountError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(ResetReceipt { token: token.text, expires_at })
    }

    /// Counts a mail that a stranger asks for, and says whose account has the address, if any has. The owner's own device has mails of its own, which nobody else can use up.
    pub(super) async fn admit_mail(
        &self,
        email: &Email,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Option<AccountId>, AccountError> {
        let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
        let (name, device) = (email.expose().as_bytes(), origin.device_id);
        let strangers =
            [self.throttles.bucket(throttle::MAILBOX, &[name])?, self.throttles.mails_from(&origin.network)?];
        let own = self.throttles.bucket(throttle::MAILBOX_OWN_DEVICE, &[name, device.as_bytes()])?;
        self.db
            .write_guarded(move |c| {
                let owner = account_emails::find_account(c, &indexes)?;
                let id = owner.unwrap_or(AccountId::from_uuid(Uuid::nil()));
                if account_devices::is_linked(c, id, device)? {
                    throttles::take::<AccountError>(c, &[own], now)?;
                } else {
                    throttles::take::<AccountError>(c, &strangers, now)?;
                }
                Ok(owner)
            })
            .await
    }

    /// The same for a link by which rights are used without signing in.
    ///
    /// # Errors
    ///
    /// [`AccountError::Throttled`], alike whether or not there is an account.
    pub async fn admit_link(
        &self,
        email: &Email,
        origin: &Origin,
    ) -> Result<Option<AccountId>, AccountError> {
        self.admit_mail(email, origin, self.clock.now()).await
    }

    /// Puts a new password in the place of the forgotten one; every session ends.
    ///
    /// # Errors
    ///
    /// [`AccountError::Expired`] for whatever is not live, alike for all reasons, also if the
    /// address has no account; [`AccountError::WrongCode`] after counting the try, durably;
    /// [`AccountError::Weak`].
    #[tracing::instrument(skip_all)]
    pub async fn confirm_reset(
        &self,
        answer: ResetAnswer,
        recording: Recording<PasswordWasReset>,
    ) -> Result<PasswordWasReset, AccountError> {
        let now = self.clock.now();
        let presented = opaque::read(self.vault.kms(), TokenKind::PasswordReset, &answer.token)
            .ok_or(AccountError::Expired)?;
        let (subject, mac) = (presented.account_id, presented.mac);
        // Before the try is counted: what cannot be hashed must not cost one.
        let hashing = self.passwords.place()?;
        let repeated = recording.clone();
        let stored = self
            .db
            .write_for(subject, move |c| {
                repeated.refuse_if_done(c)?;
                Ok::<_, AccountError>(password_resets::count_try(c, subject, &mac, MAX_TRIES, now)?)
            })
            .await?
            .ok_or(AccountError::Expired)?;
        let presented =
            opaque::code_mac(self.vault.kms(), stored.mac_version, subject, b"reset", &answer.code)?;
        if !bool::from(presented.ct_eq(&stored.code_mac)) {
            return Err(AccountError::WrongCode);
        }
        let own_keys = self.vault.keys_of(subject).await?;
        let email = own_keys.open(&PASSWORD_RESET_EMAIL, Row(subject.as_bytes()), &stored.email)?;
        let asked = Asked { subject, email, at: stored.created_at };
        let done = self.reset(asked, answer, hashing, recording, now).await?;
        self.outbox.wake();
        Ok(done)
    }

    async fn reset(
        &self,
        asked: Asked,
        answer: ResetAnswer,
        hashing: Place,
        recording: Recording<PasswordWasReset>,
        now: Timestamp,
    ) -> Result<PasswordWasReset, AccountError> {
        let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, asked.email.expose());
        let still = indexes.clone();
        let found = self
            .db
            .read(move |c| match account_emails::find_account(c, &indexes)? {
                Some(id) => credentials::find_with_account(c, id),
                None => Ok(None),
            })
            .await?;
        // A password chosen since calls off what was asked for before it: that may be the thief's.
        let (account, credential) = found
            .filter(|(account, credential)| account.state.may_sign_in() && credential.changed_at <= asked.at)
            .ok_or(AccountError::Expired)?;
        let id = account.id;
        let (keys, profile) = self.person(id).await?;
        let (name, address) = (profile.real_name.clone(), profile.email.clone());
        let phc = self.passwords.accept(hashing, answer.new, name, address).await??;
        let password = self.vault.pepper(id, &phc)?;
        let done = PasswordWasReset { reset_at: now, waits_until: now.plus(WAIT_AFTER_RESET) };
        let body =
            MessageBody::PasswordReset { at: now.for_people(), waits_until: done.waits_until.for_people() };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        let leaf =
            LeafDraft::new(now)?.of_person(&keys, &PASSWORD_RESET, &vec![("account", id.to_string())])?;
        self.db
            .write_for(id, move |c| {
                // The account may have moved to another mailbox than the one that answered.
                let moved = account_emails::find_account(c, &still)? != Some(id);
                if moved || !password_resets::consume(c, asked.subject, now)? {
                    return Err(AccountError::Expired);
                }
                if !credentials::change(c, id, credential.version, &password, now, Some(now))? {
                    return Err(AccountError::Expired);
                }
                sessions::end_others(c, id, None, SessionEnd::PasswordReset, now)?;
                accounts::raise_epoch(c, id)?;
                sign_in_challenges::delete_all(c, id)?;
                // Whoever else knew the password may hold a device of the account; who reads its mail
                // and chose the new one is no stranger, whatever strangers have used up.
                account_devices::unlink_all(c, id)?;
                if answer.origin.device_known {
                    account_devices::link(c, id, answer.origin.device_id, now)?;
                }
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &done)?;
                Ok(())
            })
            .await?;
        Ok(done)
    }
}
