//! Changing email and phone: nothing changes before the new one has answered, and the old one is told.

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::{AccountError, AccountService, bans, factors::end_what_rested_on_factors};
use crate::{
    db::Conn,
    domain::{
        account::{Profile, ProfileField},
        data_dictionary::CONTACT_CHANGE_VALUE,
        email::Email,
        ids::{AccountId, ContactChangeId, SessionId},
        message::{Factor, MessageBody},
        personal::{Personal, PersonalText},
        phone::PhoneNumber,
        sealed::Sealed,
        throttle,
        time::Timestamp,
    },
    repositories::{
        account_emails, account_phones,
        contact_changes::{self, ContactChange},
        one_time_codes::{self, CodePlace, CodePurpose},
        outbox::{self, SealedMessage},
        profiles as profile_rows,
    },
    services::{
        idempotency::Recording,
        log::LeafDraft,
        mailing,
        profiles::{self, Replaced},
        proofs,
        throttles::{self, Bucket},
        vault::{
            Row, SubjectKeys,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// How long the code of a change can be used.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// What the account is to have instead.
#[derive(Clone)]
pub enum Contact {
    Email(Email),
    Phone(PhoneNumber),
}

impl Contact {
    const fn field(&self) -> ProfileField {
        match self {
            Self::Email(_) => ProfileField::Email,
            Self::Phone(_) => ProfileField::Phone,
        }
    }

    fn expose(&self) -> &str {
        match self {
            Self::Email(email) => email.expose(),
            Self::Phone(phone) => phone.expose(),
        }
    }
}

/// A change that waits for its code.
#[derive(Clone, Copy)]
pub struct ChangeAsked {
    pub id: ContactChangeId,
    pub expires_at: Timestamp,
}

impl AccountService {
    /// Sends a code to the new email or phone.
    ///
    /// An email that has an account gets another mail and no code, which nobody but its reader learns.
    ///
    /// # Errors
    ///
    /// [`AccountError::Throttled`].
    #[tracing::instrument(skip_all)]
    pub async fn ask_contact_change(
        &self,
        id: AccountId,
        contact: Contact,
        network: &str,
        recording: Recording<ChangeAsked>,
    ) -> Result<ChangeAsked, AccountError> {
        let now = self.clock.now();
        let (keys, profile) = self.person(id).await?;
        let asked = ChangeAsked { id: ContactChangeId::generate(now), expires_at: now.plus(CODE_LIFETIME) };
        let place = place(id, asked.id, contact.field());
        let (code, stored) = proofs::new_code(self.vault.kms(), &place)?;
        let message = self.question(&keys, &profile, &contact, code, now).await?;
        let row = Row(asked.id.as_bytes());
        let change = ContactChange {
            account_id: id,
            id: asked.id,
            field: contact.field(),
            new_value: keys.seal_bytes(&CONTACT_CHANGE_VALUE, row, contact.expose().as_bytes())?,
            created_at: now,
            expires_at: asked.expires_at,
        };
        let buckets = match &contact {
            Contact::Email(email) => vec![
                self.throttles.bucket(throttle::MAILBOX, &[email.expose().as_bytes()])?,
                self.throttles.bucket(throttle::MAILBOX_OWN_DEVICE, &[id.as_bytes()])?,
            ],
            Contact::Phone(phone) => self.sms_buckets(id, phone, network)?,
        };
        self.db.write_guarded(move |c| throttles::take::<AccountError>(c, &buckets, now)).await?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                contact_changes::insert(c, &change)?;
                one_time_codes::put(c, &place, &stored, now, asked.expires_at)?;
                outbox::insert(c, &message)?;
                recording.record(c, &keys, &asked)?;
                Ok::<_, AccountError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(asked)
    }

    /// What an SMS to a number that is not verified takes from: the platform pays for it, so nobody may
    /// have many.
    fn sms_buckets(
        &self,
        id: AccountId,
        number: &PhoneNumber,
        network: &str,
    ) -> Result<Vec<Bucket>, KmsError> {
        let mut buckets = vec![
            self.throttles.bucket(throttle::SMS_ACCOUNT, &[id.as_bytes()])?,
            self.throttles.bucket(throttle::SMS_NUMBER, &[number.expose().as_bytes()])?,
        ];
        buckets.extend(self.throttles.sms_from(network)?);
        Ok(buckets)
    }

    async fn question(
        &self,
        keys: &SubjectKeys,
        profile: &Profile,
        contact: &Contact,
        code: Zeroizing<String>,
        now: Timestamp,
    ) -> Result<SealedMessage, AccountError> {
        let minutes = CODE_LIFETIME.num_minutes();
        match contact {
            Contact::Phone(phone) => {
                Ok(mailing::sms_to(keys, phone, profile, MessageBody::SmsCode { code, minutes }, now)?)
            }
            Contact::Email(email) => {
                let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
                let owner = self.db.read(move |c| account_emails::find_account(c, &indexes)).await?;
                let body = match (owner, self.ban_of(email, now).await?) {
                    (Some(_), _) => MessageBody::EmailChangeTaken,
                    (None, Some(ban)) => bans::refusal(&ban),
                    (None, None) => MessageBody::EmailChangeCode { code, minutes },
                };
                Ok(mailing::mail_to(keys, email, profile, body, now)?)
            }
        }
    }

    /// Makes the new email the account's, and tells the old one.
    ///
    /// # Errors
    ///
    /// [`AccountError::Expired`] for whatever is not live, also another person's;
    /// [`AccountError::WrongCode`] after counting the try, durably; [`AccountError::EmailTaken`].
    #[tracing::instrument(skip_all)]
    pub async fn confirm_email(
        &self,
        id: AccountId,
        change: ContactChangeId,
        code: &str,
        recording: Recording<Profile>,
    ) -> Result<Profile, AccountError> {
        let now = self.clock.now();
        let (keys, place, stored, text) =
            self.answered(id, change, ProfileField::Email, code, recording.clone(), now).await?;
        let email = Email::restore(text).ok_or(AccountError::Expired)?;
        let (_, old) = self.person(id).await?;
        let told = MessageBody::EmailChanged { at: now.for_people() };
        let notice = mailing::mail(&keys, &old, told, now)?;
        let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
        let drafts = [LeafDraft::new(now)?];
        let profile = self
            .db
            .write_for(id, move |c| {
                used_up(c, &place, &stored, ProfileField::Email)?;
                let mut profile = super::open(&keys, profile_rows::find(c, id)?)?;
                let replaced =
                    Replaced { field: ProfileField::Email, old: Some(PersonalText::of(&profile.email)) };
                profile.email = email.clone();
                profile.email_verified_at = now;
                account_emails::delete_all(c, id)?;
                account_emails::insert(c, id, &indexes)?;
                let profile = profiles::rewrite(c, &keys, profile, &[replaced], &drafts, now)?
                    .ok_or(AccountError::NotFound)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &profile)?;
                Ok::<_, AccountError>(profile)
            })
            .await?;
        self.outbox.wake();
        Ok(profile)
    }

    /// Makes the new number the account's, and with it a second factor (clause 1.2).
    ///
    /// # Errors
    ///
    /// As [`confirm_email`](Self::confirm_email).
    #[tracing::instrument(skip_all)]
    pub async fn confirm_phone(
        &self,
        id: AccountId,
        session: SessionId,
        change: ContactChangeId,
        code: &str,
        recording: Recording<Profile>,
    ) -> Result<Profile, AccountError> {
        let now = self.clock.now();
        let (keys, place, stored, text) =
            self.answered(id, change, ProfileField::Phone, code, recording.clone(), now).await?;
        let phone = PhoneNumber::restore(text).ok_or(AccountError::Expired)?;
        let (_, old) = self.person(id).await?;
        let mut told = vec![mailing::mail(
            &keys,
            &old,
            MessageBody::FactorAdded { factor: Factor::Phone, at: now.for_people() },
            now,
        )?];
        told.extend(tell_old_number(&keys, &old, now)?);
        let indexes = self.vault.blind_indexes(KeyPurpose::PhoneIndex, phone.expose());
        let drafts = [LeafDraft::new(now)?];
        let profile = self
            .db
            .write_for(id, move |c| {
                used_up(c, &place, &stored, ProfileField::Phone)?;
                let mut profile = super::open(&keys, profile_rows::find(c, id)?)?;
                let replaced = Replaced {
                    field: ProfileField::Phone,
                    old: profile.phone.as_ref().map(PersonalText::of),
                };
                profile.phone = Some(phone.clone());
                profile.phone_verified_at = Some(now);
                let profile = profiles::rewrite(c, &keys, profile, &[replaced], &drafts, now)?
                    .ok_or(AccountError::NotFound)?;
                account_phones::replace(c, id, &indexes)?;
                end_what_rested_on_factors(c, id, Some(session), now)?;
                told.iter().try_for_each(|message| outbox::insert(c, message))?;
                recording.record(c, &keys, &profile)?;
                Ok::<_, AccountError>(profile)
            })
            .await?;
        self.outbox.wake();
        Ok(profile)
    }

    /// Takes the phone from the account, and the second factor that it was if it was verified.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchFactor`] if there is none.
    #[tracing::instrument(skip_all)]
    pub async fn remove_phone(&self, id: AccountId, session: SessionId) -> Result<Profile, AccountError> {
        let now = self.clock.now();
        let (keys, old) = self.person(id).await?;
        let mut told = Vec::new();
        if old.phone_verified_at.is_some() {
            let body = MessageBody::FactorRemoved { factor: Factor::Phone, at: now.for_people() };
            told.push(mailing::mail(&keys, &old, body, now)?);
            told.extend(tell_old_number(&keys, &old, now)?);
        }
        let drafts = [LeafDraft::new(now)?];
        let profile = self
            .db
            .write_for(id, move |c| {
                let mut profile = super::open(&keys, profile_rows::find(c, id)?)?;
                let number = profile.phone.take().ok_or(AccountError::NoSuchFactor)?;
                let was_factor = profile.phone_verified_at.take().is_some();
                let replaced = Replaced { field: ProfileField::Phone, old: Some(PersonalText::of(&number)) };
                let profile = profiles::rewrite(c, &keys, profile, &[replaced], &drafts, now)?
                    .ok_or(AccountError::NotFound)?;
                account_phones::replace(c, id, &[])?;
                contact_changes::delete_all(c, id, ProfileField::Phone)?;
                one_time_codes::delete_all(c, id)?;
                if was_factor {
                    end_what_rested_on_factors(c, id, Some(session), now)?;
                }
                told.iter().try_for_each(|message| outbox::insert(c, message))?;
                Ok::<_, AccountError>(profile)
            })
            .await?;
        self.outbox.wake();
        Ok(profile)
    }

    /// Counts the try, durably, and compares; gives the new value if the code is right.
    async fn answered(
        &self,
        id: AccountId,
        change: ContactChangeId,
        field: ProfileField,
        code: &str,
        recording: Recording<Profile>,
        now: Timestamp,
    ) -> Result<
        (std::sync::Arc<SubjectKeys>, CodePlace, one_time_codes::StoredCode, Zeroizing<String>),
        AccountError,
    > {
        let place = place(id, change, field);
        let (sealed, stored) = self
            .db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let sealed = contact_changes::find_owned(c, id, change, field, now)?;
                let stored = one_time_codes::count_try(c, &place, proofs::MAX_TRIES, now)?;
                sealed.zip(stored).ok_or(AccountError::Expired)
            })
            .await?;
        if !proofs::code_matches(self.vault.kms(), &place, &stored, code)? {
            return Err(AccountError::WrongCode);
        }
        let keys = self.vault.keys_of(id).await?;
        let row = Row(change.as_bytes());
        let value: PersonalText = keys.open(&CONTACT_CHANGE_VALUE, row, &Sealed::from_envelope(sealed))?;
        Ok((keys, place, stored, Zeroizing::new(value.expose().to_owned())))
    }
}

fn tell_old_number(
    keys: &SubjectKeys,
    old: &Profile,
    now: Timestamp,
) -> Result<Option<SealedMessage>, AccountError> {
    let verified = old.phone.as_ref().filter(|_| old.phone_verified_at.is_some());
    let body = MessageBody::PhoneReplaced { at: now.for_people() };
    Ok(verified.map(|number| mailing::sms_to(keys, number, old, body, now)).transpose()?)
}

/// Uses the code and every waiting change of the field up.
fn used_up(
    c: &mut Conn,
    place: &CodePlace,
    stored: &one_time_codes::StoredCode,
    field: ProfileField,
) -> Result<(), AccountError> {
    if !one_time_codes::spend(c, place, stored)? {
        return Err(AccountError::Expired);
    }
    contact_changes::delete_all(c, place.account_id, field)?;
    // Codes that went to the old one are void.
    one_time_codes::delete_all(c, place.account_id)?;
    Ok(())
}

const fn place(id: AccountId, change: ContactChangeId, field: ProfileField) -> CodePlace {
    let purpose = match field {
        ProfileField::Phone => CodePurpose::PhoneChange,
        _ => CodePurpose::EmailChange,
    };
    CodePlace { account_id: id, purpose, bound_to: *change.as_bytes() }
}
