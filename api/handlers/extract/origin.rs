//! Where a request comes from: device, address, program, language.

use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header,
    web::Data,
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::services;
use crate::{
    domain::{device::CookieName, ids::DeviceId, language::LanguageTag, personal::PersonalText},
    handlers::edge::{Edge, client_address, network_of},
    problem::{FieldCode, Problem, ProblemCode},
    services::{consents::ConsentOrigin, devices, sessions::Origin, vault::kms::Kms},
};

/// The client of a request; its device is new if it showed no cookie of ours.
pub(in crate::handlers) struct Client {
    pub(in crate::handlers) device_id: DeviceId,
    /// Whether it showed a cookie of ours.
    is_known: bool,
    cookie_text: String,
    https: bool,
    address: IpAddr,
    /// The refresh token that came as a cookie.
    refresh_cookie: Option<Zeroizing<String>>,
    /// Whether a script of an origin of ours sends the request.
    own_origin: bool,
    user_agent: Option<String>,
    language: Option<LanguageTag>,
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

/// Whether the browser asks for Global Privacy Control.
pub(in crate::handlers) fn asks_for_gpc(request: &HttpRequest) -> bool {
    request.headers().get("sec-gpc").is_some_and(|value| value == "1")
}

/// Where a decision about consent comes from.
pub(in crate::handlers) fn consent_origin(request: &HttpRequest) -> Result<ConsentOrigin, Problem> {
    let services = services(request)?;
    let edge = request.app_data::<Data<Edge>>().ok_or(Problem::new(ProblemCode::Internal))?;
    Ok(ConsentOrigin {
        device: device_of(request, services.vault.kms(), edge.http.https),
        gpc: asks_for_gpc(request),
    })
}

impl FromRequest for ConsentOrigin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(consent_origin(request))
    }
}

/// The device of a request, if it shows a cookie of ours.
pub(in crate::handlers) fn device_of(request: &HttpRequest, kms: &Kms, https: bool) -> Option<DeviceId> {
    request
        .cookie(CookieName::Device.on_the_wire(https))
        .and_then(|cookie| devices::read(kms, cookie.value()))
}

/// Browsers name the origin of whatever script makes them send a `POST`.
fn is_own_origin(request: &HttpRequest, edge: &Edge) -> bool {
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
    origin.is_some_and(|origin| {
        origin == edge.http.public_origin || edge.http.cors_origins.iter().any(|known| known == origin)
    })
}

fn read(request: &HttpRequest) -> Result<Client, Problem> {
    let services = services(request)?;
    let edge = request.app_data::<Data<Edge>>().ok_or(Problem::new(ProblemCode::Internal))?;
    let kms = services.vault.kms();
    let https = edge.http.https;
    let shown = device_of(request, kms, https);
    let is_known = shown.is_some();
    let (device_id, cookie_text) = match shown {
        Some(device) => (device, devices::cookie_of(kms, device)?),
        None => devices::issue(kms, services.clock.now())?,
    };
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Ok(Client {
        device_id,
        is_known,
        cookie_text,
        https,
        address: client_address(request, &edge.http.trusted_proxies),
        refresh_cookie: request
            .cookie(CookieName::Refresh.on_the_wire(https))
            .map(|cookie| Zeroizing::new(cookie.value().to_owned())),
        own_origin: is_own_origin(request, edge),
        user_agent: user_agent.map(|text| text.chars().take(300).collect()),
        language: spoken(request),
    })
}

/// The first language that the client asks for, if it is a tag.
fn spoken(request: &HttpRequest) -> Option<LanguageTag> {
    let header = request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    header.split([',', ';']).next()?.trim().parse().ok()
}

impl Client {
    /// The language that a body asks for, or else the one that the browser does.
    ///
    /// # Errors
    ///
    /// Never: there is always English.
    pub(in crate::handlers) fn language_or(
        &self,
        asked: Option<LanguageTag>,
    ) -> Result<LanguageTag, Problem> {
        let language = asked.or_else(|| self.language.clone()).map_or_else(|| "en".parse(), Ok);
        language.map_err(|_| Problem::invalid("/language", FieldCode::InvalidLanguage))
    }

    /// Who calls, for idempotency keys: strangers without a cookie share one name, and their keys
    /// must be random.
    pub(in crate::handlers) fn caller(&self) -> &[u8] {
        if self.is_known { self.device_id.as_bytes() } else { b"" }
    }

    pub(in crate::handlers) fn origin(&self) -> Origin {
        Origin {
            device_id: self.device_id,
            device_known: self.is_known,
            user_agent: self.user_agent.clone().map(PersonalText::new),
            address: PersonalText::new(self.address.to_string()),
            network: network_of(self.address).to_string(),
        }
    }

    pub(in crate::handlers) fn network(&self) -> String {
        network_of(self.address).to_string()
    }

    /// The refresh token of the cookie. Only scripts of our own origins may spend it: a browser sends
    /// cookies for whoever asks.
    pub(in crate::handlers) fn refresh_cookie(&self) -> Result<Option<Zeroizing<String>>, Problem> {
        match &self.refresh_cookie {
            Some(_) if !self.own_origin => Err(Problem::new(ProblemCode::OriginNotAllowed)),
            cookie => Ok(cookie.clone()),
        }
    }

    /// The refresh token as a cookie, out of reach for every script, and for other sites.
    pub(in crate::handlers) fn refresh_cookie_of(
        &self,
        token: &SecretString,
        seconds: i64,
    ) -> Cookie<'static> {
        Cookie::build(CookieName::Refresh.on_the_wire(self.https), token.expose_secret().to_owned())
            .path("/")
            .secure(self.https)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(seconds))
            .finish()
    }

    /// Takes the refresh cookie back.
    pub(in crate::handlers) fn no_refresh_cookie(&self) -> Cookie<'static> {
        self.refresh_cookie_of(&SecretString::from(String::new()), 0)
    }

    pub(in crate::handlers) const fn device_id(&self) -> DeviceId {
        self.device_id
    }

    /// The cookie of the device that a session began on, which is another where somebody else's account was
    /// used on this one.
    pub(in crate::handlers) fn cookie_of(
        &self,
        kms: &Kms,
        device: Option<DeviceId>,
    ) -> Result<Cookie<'static>, Problem> {
        match device.filter(|device| *device != self.device_id) {
            Some(device) => Ok(self.device_cookie(devices::cookie_of(kms, device)?)),
            None => Ok(self.cookie()),
        }
    }

    /// The device cookie (clause 2.1), renewed for a year.
    pub(in crate::handlers) fn cookie(&self) -> Cookie<'static> {
        self.device_cookie(self.cookie_text.clone())
    }

    fn device_cookie(&self, text: String) -> Cookie<'static> {
        Cookie::build(CookieName::Device.on_the_wire(self.https), text)
            .path("/")
            .secure(self.https)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::days(365))
            .finish()
    }
}
