//! The way to endpoints of partners: https, to addresses of the public internet alone, without following anybody
//! elsewhere.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_TYPE,
    redirect,
};

use crate::{
    domain::{
        time::Timestamp,
        webhook::{WebhookFailure, WebhookMessage, is_public, parse_url},
    },
    services::transports::UnusableTransport,
};

/// The longest that an endpoint may take to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(15);

/// A name leads to nothing but private addresses.
#[derive(Debug, thiserror::Error)]
#[error("no address that anything is sent to")]
struct NoPublicAddress;

/// Looks names up and leaves out what is not public. The connection goes to what was looked at here: a name that leads
/// elsewhere a moment later leads nowhere.
struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// What came of an attempt.
pub(super) struct Answer {
    pub(super) status: Option<u16>,
    pub(super) failure: Option<WebhookFailure>,
}

/// Posts messages.
pub struct WebhookClient {
    client: Client,
    /// Whether messages may go to private addresses, and over http.
    pub(super) to_private: bool,
}

impl WebhookClient {
    /// # Errors
    ///
    /// [`UnusableTransport`] if the machine has no TLS.
    pub fn new(to_private: bool) -> Result<Self, UnusableTransport> {
        let client = Client::builder()
            .timeout(ANSWER)
            .redirect(redirect::Policy::none())
            // A proxy would look the name up by itself.
            .no_proxy()
            .user_agent("smart-mining-webhooks");
        let client = if to_private { client } else { client.dns_resolver(Arc::new(PublicAddresses)) };
        let client = client.build().map_err(|_| UnusableTransport("no HTTP client"))?;
        Ok(Self { client, to_private })
    }

    pub(super) async fn post(
        &self,
        url: &str,
        message: &WebhookMessage,
        at: Timestamp,
        signatures: &str,
    ) -> Answer {
        let Some(url) = parse_url(url, self.to_private) else {
            return Answer { status: None, failure: Some(WebhookFailure::AddressNotAllowed) };
        };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", at.as_seconds())
            .header("webhook-signature", signatures)
            .body(message.content.clone());
        // The body of an answer is of no interest, and is not read.
        match request.send().await.map(|answer| answer.status().as_u16()) {
            Ok(status @ 200..=299) => Answer { status: Some(status), failure: None },
            Ok(status) => Answer { status: Some(status), failure: Some(WebhookFailure::Refused) },
            Err(error) => {
                let failure = if is_refused_address(&error) {
                    WebhookFailure::AddressNotAllowed
                } else {
                    WebhookFailure::Unreachable
                };
                Answer { status: None, failure: Some(failure) }
            }
        }
    }
}

fn is_refused_address(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NoPublicAddress>() {
            return true;
        }
        cause = error.source();
    }
    false
}
