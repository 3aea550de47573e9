//! Ciphertext that remembers what it seals.

use std::{fmt, marker::PhantomData};

/// A `T` sealed under a key of its data subject; only the vault opens it.
///
/// It has no `Serialize`, and `Debug` shows its length alone.
pub struct Sealed<T> {
    envelope: Vec<u8>,
    seals: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    pub const fn from_envelope(envelope: Vec<u8>) -> Self {
        Self { envelope, seals: PhantomData }
    }

    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    pub fn into_envelope(self) -> Vec<u8> {
        self.envelope
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::from_envelope(self.envelope.clone())
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.envelope.len())
    }
}
