//! Messages to a person who has an account, in the person's language, sealed for the outbox.

use zeroize::Zeroizing;

use crate::{
    domain::{
        account::Profile,
        email::Email,
        message::{Channel, Message, MessageBody},
        personal::Personal,
        phone::PhoneNumber,
        time::Timestamp,
    },
    repositories::outbox::SealedMessage,
    services::{
        outbox,
        vault::{SubjectKeys, VaultError},
    },
};

/// A mail to the person's address.
///
/// # Errors
///
/// [`VaultError::NoKey`] if the person's messages were erased.
pub fn mail(
    keys: &SubjectKeys,
    profile: &Profile,
    body: MessageBody,
    now: Timestamp,
) -> Result<SealedMessage, VaultError> {
    mail_to(keys, &profile.email, profile, body, now)
}

/// A mail to another address of the person: the one before, or the one to come.
///
/// # Errors
///
/// As [`mail`].
pub fn mail_to(
    keys: &SubjectKeys,
    address: &Email,
    profile: &Profile,
    body: MessageBody,
    now: Timestamp,
) -> Result<SealedMessage, VaultError> {
    outbox::seal(keys, Channel::Mail, address, &in_language_of(profile, body), now)
}

/// An SMS to a number of the person.
///
/// # Errors
///
/// As [`mail`].
pub fn sms_to(
    keys: &SubjectKeys,
    number: &PhoneNumber,
    profile: &Profile,
    body: MessageBody,
    now: Timestamp,
) -> Result<SealedMessage, VaultError> {
    outbox::seal(keys, Channel::Sms, number, &in_language_of(profile, body), now)
}

fn in_language_of(profile: &Profile, body: MessageBody) -> Message {
    Message { language: profile.language.expose().to_owned(), body }
}

/// Where links in messages lead: a page that asks before it acts, since mail readers follow links.
#[derive(Clone)]
pub struct Links {
    page: String,
}

impl Links {
    pub const fn new(page: String) -> Self {
        Self { page }
    }

    /// The link for one thing to do. Its token stands behind `#`, where no server logs it.
    pub fn to(&self, act: &str, token: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{}#{act}={token}", self.page))
    }
}
