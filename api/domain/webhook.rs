//! Webhooks: a client is told that something waits for it, in the form of Standard Webhooks
//! (standardwebhooks.com), and fetches it. Nothing personal is ever told there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;
use url::{Host, Url};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    closed_list::closed_list,
    ids::{DisclosureId, ObligationId, PartnerClientId, WebhookMessageId, WebhookSecretId},
    time::Timestamp,
};

closed_list! {
    /// What a message tells.
    WebhookEventType {
        /// Something was released to the partner.
        DisclosureReleased = "disclosure_released",
        /// What was released is given out no more.
        DisclosureRevoked = "disclosure_revoked",
        /// The partner has to correct, erase or restrict what it fetched.
        ObligationOpened = "obligation_opened",
        /// Hourly counts were published.
        ReportPublished = "report_published",
        /// The partner asked for it.
        WebhookTest = "webhook_test",
    }
}

closed_list! {
    /// Whether messages go to an endpoint.
    WebhookEndpointState {
        Active = "active",
        /// It answered 410, and is set anew before anything goes there again.
        Disabled = "disabled",
    }
}

closed_list! {
    /// How far a message has come.
    WebhookState {
        Queued = "queued",
        Sending = "sending",
        /// The endpoint took it.
        Delivered = "delivered",
        /// It was given up; it can be replayed.
        Failed = "failed",
    }
}

impl WebhookState {
    /// Whether nothing more happens to it by itself.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed)
    }
}

closed_list! {
    /// Why an attempt came to nothing.
    WebhookFailure {
        /// It answered something else than success.
        Refused = "refused",
        /// It was not reached, or not in time.
        Unreachable = "unreachable",
        /// Its name leads to an address that nothing is sent to.
        AddressNotAllowed = "address_not_allowed",
        /// A secret of the client does not open here any more.
        NotSigned = "not_signed",
        /// There is no endpoint any more, or it takes nothing.
        NoEndpoint = "no_endpoint",
    }
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookEvent {
    DisclosureReleased(DisclosureId),
    DisclosureRevoked(DisclosureId),
    ObligationOpened(ObligationId),
    ReportPublished(Timestamp),
    Test,
}

impl WebhookEvent {
    pub const fn event_type(self) -> WebhookEventType {
        match self {
            Self::DisclosureReleased(_) => WebhookEventType::DisclosureReleased,
            Self::DisclosureRevoked(_) => WebhookEventType::DisclosureRevoked,
            Self::ObligationOpened(_) => WebhookEventType::ObligationOpened,
            Self::ReportPublished(_) => WebhookEventType::ReportPublished,
            Self::Test => WebhookEventType::WebhookTest,
        }
    }

    /// The body: type, time, and what to fetch.
    pub fn content(self, timestamp: Timestamp) -> String {
        let message = match self {
            Self::DisclosureReleased(disclosure_id) => json!(DisclosureReleasedMessage {
                r#type: DisclosureReleasedTag::DisclosureReleased,
                timestamp,
                data: DisclosureMessageData { disclosure_id },
            }),
            Self::DisclosureRevoked(disclosure_id) => json!(DisclosureRevokedMessage {
                r#type: DisclosureRevokedTag::DisclosureRevoked,
                timestamp,
                data: DisclosureMessageData { disclosure_id },
            }),
            Self::ObligationOpened(obligation_id) => json!(ObligationOpenedMessage {
                r#type: ObligationOpenedTag::ObligationOpened,
                timestamp,
                data: ObligationMessageData { obligation_id },
            }),
            Self::ReportPublished(hour) => json!(ReportPublishedMessage {
                r#type: ReportPublishedTag::ReportPublished,
                timestamp,
                data: ReportMessageData { hour },
            }),
            Self::Test => {
                json!(TestMessage {
                    r#type: TestTag::WebhookTest,
                    timestamp,
                    data: TestMessageData { asked_at: timestamp }
                })
            }
        };
        message.to_string()
    }
}

/// What a message about a disclosure names.
#[derive(Serialize, ToSchema)]
pub struct DisclosureMessageData {
    /// The disclosure, for `get_partner_disclosure` and `pull_disclosure`.
    pub disclosure_id: DisclosureId,
}

/// What a message about an obligation names.
#[derive(Serialize, ToSchema)]
pub struct ObligationMessageData {
    /// The obligation, for `get_partner_obligation`.
    pub obligation_id: ObligationId,
}

/// What a message about counts names.
#[derive(Serialize, ToSchema)]
pub struct ReportMessageData {
    /// The hour whose counts were published, for `list_ad_click_reports`.
    pub hour: Timestamp,
}

/// What a message that was asked for names: nothing to fetch.
#[derive(Serialize, ToSchema)]
pub struct TestMessageData {
    /// When it was asked for.
    pub asked_at: Timestamp,
}

macro_rules! messages {
    ($( $(#[$doc:meta])* $name:ident $tag:ident :: $only:ident = $text:tt, $data:ty; )*) => { $(
        /// The type of the message.
        #[derive(Serialize, ToSchema)]
        pub enum $tag {
            #[serde(rename = $text)]
            $only,
        }

        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        pub struct $name {
            /// What it tells.
            pub r#type: $tag,
            /// When it happened.
            pub timestamp: Timestamp,
            /// What to fetch.
            pub data: $data,
        }
    )* };
}

messages! {
    /// Something was released to the partner, who can pull it.
    DisclosureReleasedMessage DisclosureReleasedTag::DisclosureReleased = "disclosure.released", DisclosureMessageData;
    /// What was released is given out no more.
    DisclosureRevokedMessage DisclosureRevokedTag::DisclosureRevoked = "disclosure.revoked", DisclosureMessageData;
    /// The partner has to correct, erase or restrict what it fetched.
    ObligationOpenedMessage ObligationOpenedTag::ObligationOpened = "obligation.opened", ObligationMessageData;
    /// Hourly counts were published.
    ReportPublishedMessage ReportPublishedTag::ReportPublished = "report.published", ReportMessageData;
    /// The partner asked for it.
    TestMessage TestTag::WebhookTest = "webhook.test", TestMessageData;
}

/// Where a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub partner_client_id: PartnerClientId,
    pub url: String,
    pub state: WebhookEndpointState,
    pub set_at: Timestamp,
}

/// A secret as it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedWebhookSecret {
    pub partner_client_id: PartnerClientId,
    pub id: WebhookSecretId,
    pub secret: Vec<u8>,
    pub created_at: Timestamp,
    /// When it stops signing, since a newer one is there.
    pub expires_at: Option<Timestamp>,
}

/// A message to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookMessage {
    pub id: WebhookMessageId,
    pub partner_client_id: PartnerClientId,
    pub event_type: WebhookEventType,
    pub content: String,
    pub state: WebhookState,
    pub attempts: i32,
    pub created_at: Timestamp,
    /// When it is tried next, unless it is settled.
    pub next_attempt_at: Option<Timestamp>,
    pub last_attempt_at: Option<Timestamp>,
    /// What the endpoint answered last.
    pub last_status: Option<i32>,
    pub failure: Option<WebhookFailure>,
}

/// How long an old secret signs beside a new one.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);
/// How long messages are kept, for the delivery log and for replays.
pub const MESSAGES_KEPT: TimeDelta = TimeDelta::days(30);

/// How long to wait after an attempt that failed, as the specification proposes; none after the last.
pub fn pause_after(attempts: i32) -> Option<TimeDelta> {
    Some(match attempts {
        ..=1 => TimeDelta::seconds(5),
        2 => TimeDelta::minutes(5),
        3 => TimeDelta::minutes(30),
        4 => TimeDelta::hours(2),
        5 => TimeDelta::hours(5),
        6 => TimeDelta::hours(10),
        7 => TimeDelta::hours(14),
        8 => TimeDelta::hours(20),
        9 => TimeDelta::hours(24),
        10.. => return None,
    })
}

/// A secret in the form in which it is shown once.
pub fn write_secret(secret: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("whsec_{}", STANDARD.encode(secret)))
}

/// The signature of one attempt: HMAC-SHA256 over id, time and body.
pub fn sign(secret: &[u8], id: &str, at: Timestamp, content: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{}.{content}", at.as_seconds()).as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The URL of an endpoint, if messages may go there: https, no credentials, no fragment, and no address of a
/// private network by itself. What a name leads to is looked at whenever something is sent.
pub fn parse_url(text: &str, to_private: bool) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let scheme = url.scheme() == "https" || (to_private && url.scheme() == "http");
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let host = match url.host()? {
        Host::Ipv4(ip) => to_private || is_public(ip.into()),
        Host::Ipv6(ip) => to_private || is_public(ip.into()),
        Host::Domain(name) => !name.is_empty(),
    };
    (scheme && is_plain && host).then_some(url)
}

/// Whether an address is one of the public internet (RFC 6890 and the registries of special addresses): nothing else
/// is sent to, so that no partner reaches into the network that the service stands in.
pub const fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && b >= 64 && b < 128)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

const fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast, without what embeds or tunnels other addresses, and without documentation.
    a & 0xe000 == 0x2000
        && a != 0x2002
        && !(a == 0x2001 && (b == 0 || b == 0xdb8 || b & 0xfff0 == 0x10 || b & 0xfff0 == 0x20 || b == 2))
        && a != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_to_private_networks() {
        let refused = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::a00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2001:10::1",
            "2001:20::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for ip in refused {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1",
            "2001:4860::1",
        ] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn an_endpoint_is_https_and_public_by_itself() {
        for url in [
            "http://pool.example/hook",
            "https://user@pool.example/",
            "https://:x@pool.example/",
            "https://pool.example/#top",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "ftp://pool.example/",
            "https://",
            "pool.example",
            "",
        ] {
            assert!(parse_url(url, false).is_none(), "{url}");
        }
        assert!(parse_url("https://pool.example:8443/hook?from=us", false).is_some());
        assert!(parse_url("http://127.0.0.1:9000/hook", true).is_some());
    }

    #[test]
    fn the_example_of_the_specification_is_signed_as_it_says() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_micros(1_614_265_330_000_000).unwrap();
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_tells_what_to_fetch_and_nothing_else() {
        let at = Timestamp::from_micros(1_614_265_330_000_000).unwrap();
        let content = WebhookEvent::DisclosureReleased(DisclosureId::generate(at)).content(at);
        let content: serde_json::Value = serde_json::from_str(&content).unwrap();
        assert_eq!(content.as_object().unwrap().len(), 3);
        assert_eq!(content["data"].as_object().unwrap().len(), 1);
    }

    #[test]
    fn attempts_end() {
        assert_eq!((1..20).filter(|n| pause_after(*n).is_some()).count(), 9);
    }
}
