//! Messages to people: which template, in which language, with which words.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Mail,
    Sms,
}

impl Channel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mail, Self::Sms].into_iter().find(|channel| channel.as_str() == text)
    }
}

/// What a message says; the words are chosen when it is sent, in the person's language.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum MessageBody {
    /// The code that completes a registration.
    VerificationCode { code: Zeroizing<String>, minutes: i64 },
    /// Somebody registered an address that has an account.
    AddressAlreadyRegistered,
    /// The account is open.
    AccountOpened { policy_version: i32 },
}

impl MessageBody {
    /// The key of its texts in the message catalogue.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::VerificationCode { .. } => "mail-verification-code",
            Self::AddressAlreadyRegistered => "mail-address-already-registered",
            Self::AccountOpened { .. } => "mail-account-opened",
        }
    }
}

/// A message with its language, as sealed into the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    pub language: String,
    pub body: MessageBody,
}
