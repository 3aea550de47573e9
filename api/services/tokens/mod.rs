//! Tokens: signed ones that carry a session's name, and opaque ones that only find it.

pub mod access;
pub mod jws;
pub mod opaque;
