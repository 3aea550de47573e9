//! How fast one client address may call, by class of operation.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use crate::domain::operation::RateClass;

type Limiter = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// Requests between two looks for addresses that may be forgotten.
const SWEEP_EVERY: u32 = 16_384;

/// What the `RateLimit` headers say.
#[derive(Clone)]
pub(super) struct Allowance {
    pub(super) class: RateClass,
    pub(super) per_minute: u32,
    pub(super) remaining: u32,
    /// Seconds until the next one, if this one is too many.
    pub(super) wait: Option<u64>,
}

pub(super) struct Limits {
    ordinary: (u32, Limiter),
    costly: (u32, Limiter),
    taken: AtomicU32,
}

impl Limits {
    pub(super) fn new(ordinary: u32, costly: u32) -> Self {
        Self {
            ordinary: (ordinary, limiter(ordinary)),
            costly: (costly, limiter(costly)),
            taken: AtomicU32::new(0),
        }
    }

    pub(super) fn take(&self, class: RateClass, address: IpAddr) -> Allowance {
        let (per_minute, limiter) = match class {
            RateClass::Ordinary => &self.ordinary,
            RateClass::Costly => &self.costly,
        };
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.ordinary.1.retain_recent();
            self.costly.1.retain_recent();
        }
        let (remaining, wait) = match limiter.check_key(&network_of(address)) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                (0, Some(wait.as_secs() + 1))
            }
        };
        Allowance { class, per_minute: *per_minute, remaining, wait }
    }
}

fn limiter(per_minute: u32) -> Limiter {
    let rate = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(per_minute.div_ceil(10)).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(rate).allow_burst(burst)).with_middleware()
}

/// One customer of a provider usually has a whole /64 of IPv6.
pub(in crate::handlers) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            IpAddr::V4,
        ),
    }
}
