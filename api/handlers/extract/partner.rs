//! The client of a partner behind a request, with a scope that may call this very operation.

use std::{future::Future, pin::Pin};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload};

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

/// What a partner sent: nothing of it is looked at before it is known who sent it.
pub(in crate::handlers) struct ByPartner<T>(pub(in crate::handlers) PartnerClient, pub(in crate::handlers) T);

impl<T: FromRequest + 'static> FromRequest for ByPartner<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let Partner(caller) = Partner::from_request(&request, &mut Payload::None).await?;
            let sent = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self(caller, sent))
        })
    }
}
