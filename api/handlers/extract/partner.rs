//! The client of a partner behind a request, with a scope that may call this very operation.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use super::{operation, person::bearer, services, single_header};
use crate::{
    domain::operation::{Audience, Operation},
    problem::{Problem, ProblemCode},
    services::partners::PartnerCaller,
};

/// Who calls; that the call is allowed was checked against the operation table.
pub(in crate::handlers) struct Partner(pub(in crate::handlers) PartnerCaller);

impl FromRequest for Partner {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let operation = operation(&request)?;
            let unauthenticated = || Problem::new(ProblemCode::Unauthenticated);
            let header =
                single_header(&request, header::AUTHORIZATION.as_str()).map_err(|_| unauthenticated())?;
            let token = header.and_then(bearer).ok_or_else(unauthenticated)?;
            let services = services(&request)?;
            let caller = services.partners.authenticate(token).await?;
            if let Some(seconds) = services.partners.take(&caller.client) {
                return Err(Problem {
                    retry_after: Some(seconds),
                    ..Problem::new(ProblemCode::TooManyRequests)
                });
            }
            allow(operation, &caller)?;
            Ok(Self(caller))
        })
    }
}

fn allow(operation: &Operation, caller: &PartnerCaller) -> Result<(), Problem> {
    if operation.audience != Audience::Partner {
        return Err(Problem::new(ProblemCode::NotFound));
    }
    if !operation.scopes.is_empty()
        && !operation.scopes.iter().any(|scope| caller.client.scopes.contains(scope))
    {
        return Err(Problem::new(ProblemCode::ScopeRequired));
    }
    Ok(())
}
