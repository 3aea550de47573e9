//! An HTTP gateway: one `POST` a message, in JSON; its id goes along as `Idempotency-Key`.

use std::time::Duration;

use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{Failure, Outgoing, UnusableTransport};

pub struct GatewayTransport {
    client: Client,
    url: Url,
    token: SecretString,
    from: String,
}

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    channel: &'static str,
    from: &'a str,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
}

impl GatewayTransport {
    pub(super) fn new(url: &str, token: SecretString, from: &str) -> Result<Self, UnusableTransport> {
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|_| UnusableTransport("no HTTP client"))?;
        let url = Url::parse(url).map_err(|_| UnusableTransport("the gateway's URL"))?;
        Ok(Self { client, url, token, from: from.to_owned() })
    }

    pub(super) async fn send(&self, message: &Outgoing) -> Result<(), Failure> {
        let body = Body {
            id: message.id.to_string(),
            channel: message.channel.as_str(),
            from: &self.from,
            to: &message.recipient,
            subject: &message.subject,
            text: &message.body,
        };
        let request = self
            .client
            .post(self.url.clone())
            .bearer_auth(self.token.expose_secret())
            .header("Idempotency-Key", &body.id)
            .json(&body);
        match request.send().await.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => Ok(()),
            // A verdict on the message; anything else, a refused token too, is trouble that somebody mends.
            Ok(400 | 413 | 422) => Err(Failure::Final("gateway_refused")),
            Ok(_) | Err(_) => Err(Failure::Passing("gateway_unavailable")),
        }
    }
}
