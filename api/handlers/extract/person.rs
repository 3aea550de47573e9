//! The signed-in person behind a request, allowed to call this very operation.

use std::{future::Future, pin::Pin};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION};

use super::{asks_for_gpc, bearer_token, consent_origin, operation, services};
use crate::{
    domain::{
        account::AccountState,
        ids::{AccountId, SessionId},
        operation::{Assurance, Audience, Operation, PolicyGate},
    },
    problem::{Problem, ProblemCode},
    services::sessions::{Caller, NewProcessing},
};

/// Who calls; that the call is allowed was checked against the operation table.
pub(in crate::handlers) struct Person {
    pub(in crate::handlers) account_id: AccountId,
    pub(in crate::handlers) session_id: SessionId,
    pub(in crate::handlers) account_state: AccountState,
}

impl FromRequest for Person {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let operation = operation(&request)?;
            let token = bearer_token(&request)?;
            let services = services(&request)?;
            let caller = services.sessions.authenticate(token).await?;
            allow(operation, &caller)?;
            if asks_for_gpc(&request) && !caller.gpc_seen {
                let origin = consent_origin(&request)?;
                services.consents.honour_gpc(caller.account_id, origin).await?;
            }
            Ok(Self {
                account_id: caller.account_id,
                session_id: caller.session_id,
                account_state: caller.account_state,
            })
        })
    }
}

/// The signed-in person behind a request that others make, too; whoever shows a token shows a live one.
pub(in crate::handlers) struct MaybePerson(pub(in crate::handlers) Option<AccountId>);

impl FromRequest for MaybePerson {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if !request.headers().contains_key(AUTHORIZATION) {
                return Ok(Self(None));
            }
            let services = services(&request)?;
            let caller = services.sessions.authenticate(bearer_token(&request)?).await?;
            if asks_for_gpc(&request) && !caller.gpc_seen {
                let origin = consent_origin(&request)?;
                services.consents.honour_gpc(caller.account_id, origin).await?;
            }
            Ok(Self(Some(caller.account_id)))
        })
    }
}

fn allow(operation: &Operation, caller: &Caller) -> Result<(), Problem> {
    if operation.audience != Audience::Person {
        return Err(Problem::new(ProblemCode::NotFound));
    }
    if operation.assurance == Assurance::SteppedUp && !caller.stepped_up {
        return Err(Problem::new(ProblemCode::StepUpRequired));
    }
    if !matches!(operation.policy_gate, PolicyGate::NeedsAcceptance | PolicyGate::ToVerify) {
        return Ok(());
    }
    match caller.new_processing {
        NewProcessing::Allowed => {}
        NewProcessing::NeedsAcceptance => {
            return Err(Problem::new(ProblemCode::PolicyAcceptanceRequired).under_clause("0.4"));
        }
        NewProcessing::ServiceWithdrawn => {
            return Err(Problem::new(ProblemCode::AccountRestricted).under_clause("2.5"));
        }
    }
    match caller.account_state {
        AccountState::Active => Ok(()),
        AccountState::Restricted if operation.policy_gate == PolicyGate::ToVerify => Ok(()),
        AccountState::Restricted | AccountState::Closing | AccountState::Closed => {
            Err(Problem::new(ProblemCode::AccountRestricted))
        }
    }
}

/// What a signed-in person sent: nothing of it is looked at before it is known who sent it.
pub(in crate::handlers) struct By<T>(pub(in crate::handlers) Person, pub(in crate::handlers) T);

impl<T: FromRequest + 'static> FromRequest for By<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let person = Person::from_request(&request, &mut Payload::None).await?;
            let sent = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self(person, sent))
        })
    }
}
