//! The clock that everything asks; tests hold its hands.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::TimeDelta;

use crate::domain::time::Timestamp;

/// Tells the time: the machine's, or one that is moved by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    by_hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self { by_hand: None }
    }

    /// A clock that stands at `start` until [`advance`](Self::advance) moves it.
    pub fn by_hand(start: Timestamp) -> Self {
        Self { by_hand: Some(Arc::new(AtomicI64::new(start.as_micros()))) }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn now(&self) -> Timestamp {
        self.by_hand
            .as_ref()
            .and_then(|micros| Timestamp::from_micros(micros.load(Ordering::SeqCst)))
            .unwrap_or_else(|| Timestamp::new(chrono::Utc::now()))
    }

    /// Moves a clock that stands; the machine's clock it leaves alone.
    pub fn advance(&self, by: TimeDelta) {
        if let (Some(micros), Some(by)) = (&self.by_hand, by.num_microseconds()) {
            micros.fetch_add(by, Ordering::SeqCst);
        }
    }
}
