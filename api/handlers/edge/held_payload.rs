//! Keeps what is left of a request's body until its answer is out.
//!
//! A body that is dropped unread is drained by the HTTP layer for as long as its sender pleases, and
//! its connection with it. One that is still held when the answer ends makes that layer close.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    web::Bytes,
};
use futures_util::Stream;

/// A body that its reader and the answer hold together.
#[derive(Clone)]
pub(super) struct HeldPayload(Rc<RefCell<Payload>>);

impl HeldPayload {
    /// Takes hold of the request's body, leaving it readable; `None` if there is none.
    pub(super) fn of(request: &mut ServiceRequest) -> Option<Self> {
        match request.parts_mut().1.take() {
            Payload::None => None,
            payload => {
                let held = Self(Rc::new(RefCell::new(payload)));
                request.set_payload(Payload::Stream { payload: Box::pin(held.clone()) });
                Some(held)
            }
        }
    }

    /// Holds the body until the answer has been sent.
    pub(super) fn until_sent(self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        response.map_body(|_, body| BoxBody::new(Holding { body, _payload: self }))
    }
}

impl Stream for HeldPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

struct Holding {
    body: BoxBody,
    _payload: HeldPayload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
