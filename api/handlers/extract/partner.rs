//! The client of a partner behind a request, with a scope that may call this very operation.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::{bearer_token, operation, services};
use crate::{
    domain::{
        operation::{Audience, Operation},
        partner::PartnerClient,
    },
    problem::{Problem, ProblemCode},
};

/// Who calls; that the call is allowed was checked against the operation table.
pub(in crate::handlers) struct Partner(pub(in crate::handlers) PartnerClient);

impl FromRequest for Partner {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let operation = operation(&request)?;
            let token = bearer_token(&request)?;
            let services = services(&request)?;
            let caller = services.partners.authenticate(token).await?;
            if let Some(seconds) = services.partners.take(&caller) {
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

fn allow(operation: &Operation, caller: &PartnerClient) -> Result<(), Problem> {
    if operation.audience != Audience::Partner {
        return Err(Problem::new(ProblemCode::NotFound));
    }
    if !operation.scopes.is_empty() && !operation.scopes.iter().any(|scope| caller.scopes.contains(scope)) {
        return Err(Problem::new(ProblemCode::ScopeRequired));
    }
    Ok(())
}
