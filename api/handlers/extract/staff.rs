//! The member of staff behind a request, in a role that may call this very operation.

use std::{future::Future, pin::Pin};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload};

use super::{bearer_token, operation, services};
use crate::{
    domain::operation::{Assurance, Audience, Operation},
    problem::{Problem, ProblemCode},
    services::staff::StaffCaller,
};

/// Who calls; that the call is allowed was checked against the operation table.
pub(in crate::handlers) struct Staff(pub(in crate::handlers) StaffCaller);

impl FromRequest for Staff {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let operation = operation(&request)?;
            let token = bearer_token(&request)?;
            let services = services(&request)?;
            let caller = services.staff.authenticate(token).await?;
            if let Err(code) = allow(operation, &caller) {
                // Whoever tries what is not theirs leaves a leaf before hearing so.
                services.staff.record_refusal(caller.staff_id, operation, code.slug()).await?;
                return Err(Problem::new(code).under_clause("5.2"));
            }
            Ok(Self(caller))
        })
    }
}

fn allow(operation: &Operation, caller: &StaffCaller) -> Result<(), ProblemCode> {
    if operation.audience != Audience::Staff {
        return Err(ProblemCode::NotFound);
    }
    if !operation.roles.is_empty() && !operation.roles.iter().any(|role| caller.roles.contains(role)) {
        return Err(ProblemCode::RoleRequired);
    }
    if operation.assurance == Assurance::SteppedUp && !caller.stepped_up {
        return Err(ProblemCode::StepUpRequired);
    }
    Ok(())
}

/// What a member of staff sent: nothing of it is looked at before it is known who sent it.
pub(in crate::handlers) struct ByStaff<T>(pub(in crate::handlers) StaffCaller, pub(in crate::handlers) T);

impl<T: FromRequest + 'static> FromRequest for ByStaff<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let Staff(caller) = Staff::from_request(&request, &mut Payload::None).await?;
            let sent = T::from_request(&request, &mut payload).await.map_err(Into::into)?;
            Ok(Self(caller, sent))
        })
    }
}
