//! The page that links in mails lead to. It asks before it acts: readers of mail follow links too.

use actix_web::{HttpResponse, get, http::header};

/// Its own script and style, and calls to this origin alone.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
                           connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What to do stands behind `#` and so stays in the browser.
#[get("/links")]
pub(super) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(include_str!("links/page.html"))
}

/// The page's script.
#[get("/links.js")]
pub(super) async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("links/links.js"))
}
