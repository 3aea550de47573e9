//! Refusals that handlers name in their descriptions; each is a shared component.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Ref, RefOr, Response},
};

macro_rules! responses {
    ($( $name:ident = $status:literal, $description:literal; )*) => {
        $(
            #[doc = $description]
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let reference = Ref::new(concat!("#/components/responses/", stringify!($name)));
                    BTreeMap::from([(stringify!($status).to_owned(), RefOr::Ref(reference))])
                }
            }
        )*

        /// Name, status and description of each.
        pub(super) const ALL: &[(&str, u16, &str)] =
            &[ $( (stringify!($name), $status, $description), )* ];
    };
}

responses! {
    BadRequest = 400, "The request is malformed: its JSON, its query or one of its headers.";
    Unauthorized = 401, "No valid credential came with the request.";
    Forbidden = 403, "Not without a step-up, the acceptance of the policy in force (clause 0.4), another role (clause 5.2), another origin, or another network.";
    NotFound = 404, "There is no such thing, or it belongs to someone else.";
    RequestTimeout = 408, "The body came too slowly.";
    Conflict = 409, "The state does not allow it, or the idempotency key was used before.";
    Gone = 410, "It has lapsed or was used up.";
    PreconditionFailed = 412, "The state has changed since the version in `If-Match`.";
    PayloadTooLarge = 413, "The body is too large.";
    UnsupportedMediaType = 415, "The body is of a type that the operation does not take.";
    MisdirectedRequest = 421, "The service does not answer under this host name.";
    UnprocessableContent = 422, "The body is understood but not acceptable; `errors` says where and why.";
    Locked = 423, "The account is restricted, or something stands in the way for now.";
    TooManyRequests = 429, "Too many requests; `Retry-After` says when to come back.";
    InternalServerError = 500, "Something went wrong here; quote `instance` to support.";
    ServiceUnavailable = 503, "Temporarily unavailable; `Retry-After` says when to come back.";
}
