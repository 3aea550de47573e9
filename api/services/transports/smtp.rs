//! Mail by SMTP, with a Message-ID that stays the same however often it is sent.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use secrecy::{ExposeSecret, SecretString};

use super::{Failure, Outgoing, UnusableTransport};

/// Mailbox unavailable, not local, name not allowed, transaction failed.
const VERDICTS: [u16; 4] = [550, 551, 553, 554];

pub struct SmtpTransport {
    client: AsyncSmtpTransport<Tokio1Executor>,
    from: String,
}

impl SmtpTransport {
    pub(super) fn new(url: &SecretString, from: &str) -> Result<Self, UnusableTransport> {
        let client = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| UnusableTransport("the SMTP URL"))?
            .timeout(Some(std::time::Duration::from_secs(20)))
            .build();
        Ok(Self { client, from: from.to_owned() })
    }

    pub(super) async fn send(&self, message: &Outgoing) -> Result<(), Failure> {
        let mail = format(message, &self.from)?;
        match self.client.send(mail).await {
            Ok(_) => Ok(()),
            // Final is a verdict on the recipient or the message (RFC 5321, 4.2.3); a refused login,
            // say, is trouble of ours that somebody mends.
            Err(error) if error.status().is_some_and(|code| VERDICTS.contains(&u16::from(code))) => {
                Err(Failure::Final("smtp_refused"))
            }
            Err(_) => Err(Failure::Passing("smtp_unavailable")),
        }
    }
}

/// The message as RFC 5322 has it.
pub(super) fn format(message: &Outgoing, from: &str) -> Result<Message, Failure> {
    let from: Mailbox = from.parse().map_err(|_| Failure::Final("sender_unusable"))?;
    let to: Mailbox = message.recipient.parse().map_err(|_| Failure::Final("recipient_unusable"))?;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    Message::builder()
        .from(from)
        .to(to)
        .subject(message.subject.clone())
        .message_id(Some(id))
        .header(ContentType::TEXT_PLAIN)
        .body(message.body.clone())
        .map_err(|_| Failure::Final("message_unusable"))
}
