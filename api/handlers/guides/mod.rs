//! What ships in the binary for those who build on it: a first page, and guides, from the texts in `docs`.

mod page;
mod reference;

pub use reference::Reference;

use actix_web::{
    HttpResponse, get,
    http::header,
    web::{Data, Path},
};

use crate::{
    problem::{Problem, ProblemCode},
    server::Services,
};

/// Its own style sheet, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; \
                           base-uri 'none'";

/// A guide: its name in the address, its title, for whom it is, and its text.
struct Guide {
    name: &'static str,
    title: &'static str,
    is_for: &'static str,
    text: &'static str,
}

/// In the order in which the first page shows them.
const GUIDES: &[Guide] = &[
    Guide {
        name: "frontends",
        title: "Quick start for frontends",
        is_for: "From nothing to a signed-in person in five minutes, and a mock server to work without one.",
        text: include_str!("../../../docs/guides/frontends.md"),
    },
    Guide {
        name: "partners",
        title: "Quick start for partners",
        is_for: "A token, what was released to you, and what you have to do.",
        text: include_str!("../../../docs/guides/partners.md"),
    },
    Guide {
        name: "webhooks",
        title: "Webhooks",
        is_for: "To be told at once that something waits.",
        text: include_str!("../../../docs/guides/webhooks.md"),
    },
    Guide {
        name: "proofs",
        title: "Verify a proof",
        is_for: "For anybody: what was done, held against the log, without trust in this service.",
        text: include_str!("../../../docs/guides/proofs.md"),
    },
    Guide {
        name: "errors",
        title: "Problems",
        is_for: "Every code that a refusal can have.",
        text: include_str!("../../../docs/errors.md"),
    },
    Guide {
        name: "deployment",
        title: "Deploy",
        is_for: "For operators: containers, databases, keys, upgrades.",
        text: include_str!("../../../docs/guides/deployment.md"),
    },
    Guide {
        name: "operating",
        title: "Operating",
        is_for: "For operators: accounts, staff, keys, stores, jobs, limits.",
        text: include_str!("../../../docs/operations.md"),
    },
    Guide {
        name: "changelog",
        title: "Changelog",
        is_for: "What clients of the API can rely on, and what changed.",
        text: include_str!("../../../CHANGELOG.md"),
    },
];

/// A guest at the door is shown what there is.
#[get("/")]
pub(super) async fn landing(services: Data<Services>) -> HttpResponse {
    shown(page::landing(&services.consents.controller.name, GUIDES).into_string())
}

/// A guide.
#[get("/guides/{name}")]
pub(super) async fn guide(name: Path<String>, services: Data<Services>) -> Result<HttpResponse, Problem> {
    let guide = GUIDES.iter().find(|guide| guide.name == name.as_str());
    let guide = guide.ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    Ok(shown(page::guide(&services.consents.controller.name, GUIDES, guide).into_string()))
}

/// The reference: all operations, those of a tag, or the schemas.
#[get("/docs/{name:[a-z-]*}")]
pub(super) async fn reference_page(
    name: Path<String>,
    pages: Data<Reference>,
) -> Result<HttpResponse, Problem> {
    let page = pages.find(&name).ok_or_else(|| Problem::new(ProblemCode::NotFound))?;
    Ok(shown(page.to_owned()))
}

fn shown(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(page)
}

/// The pages' style.
#[get("/guides.css")]
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(include_str!("guides.css"))
}
