//! The ways out: a folder for development, SMTP, and an HTTP gateway for mail or SMS.

mod file;
mod gateway;
mod smtp;

use std::path::PathBuf;

use secrecy::SecretString;

pub use file::FileTransport;
pub use gateway::GatewayTransport;
pub use smtp::SmtpTransport;

use crate::domain::{ids::MessageId, message::Channel};

/// A message with its words, about to leave.
pub struct Outgoing {
    pub id: MessageId,
    pub channel: Channel,
    pub recipient: String,
    pub subject: String,
    pub body: String,
}

/// Why a message did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The other side, or the way to it, is in trouble; a later attempt can work.
    Passing(&'static str),
    /// It will never be taken.
    Final(&'static str),
}

/// Where messages of one channel go.
#[derive(Clone, Debug)]
pub enum TransportSettings {
    File(PathBuf),
    Smtp(SecretString),
    Gateway { url: String, token: SecretString },
}

/// An opened way out.
pub enum Transport {
    File(FileTransport),
    Smtp(SmtpTransport),
    Gateway(GatewayTransport),
}

/// The settings of a transport make no sense.
#[derive(Debug, thiserror::Error)]
#[error("the transport's settings are unusable: {0}")]
pub struct UnusableTransport(pub(super) &'static str);

impl Transport {
    /// # Errors
    ///
    /// [`UnusableTransport`] if the settings make no sense; nothing is contacted yet.
    pub fn open(settings: &TransportSettings, from: &str) -> Result<Self, UnusableTransport> {
        Ok(match settings {
            TransportSettings::File(folder) => Self::File(FileTransport::new(folder, from)?),
            TransportSettings::Smtp(url) => Self::Smtp(SmtpTransport::new(url, from)?),
            TransportSettings::Gateway { url, token } => {
                Self::Gateway(GatewayTransport::new(url, token.clone(), from)?)
            }
        })
    }

    /// Hands the message over. The same message may come twice after a crash, with the same id.
    ///
    /// # Errors
    ///
    /// [`Failure`], sorted by whether trying again makes sense.
    pub async fn send(&self, message: &Outgoing) -> Result<(), Failure> {
        match self {
            Self::File(transport) => transport.send(message),
            Self::Smtp(transport) => transport.send(message).await,
            Self::Gateway(transport) => transport.send(message).await,
        }
    }
}
