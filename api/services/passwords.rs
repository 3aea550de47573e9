//! Password hashing: Argon2id, as many at once as there are cores, the rest in a short queue.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::domain::{
    email::Email,
    password::{Password, WeakPassword},
    real_name::RealName,
};

/// Callers that may wait for a core; beyond, the answer is 503 at once.
const QUEUE: usize = 32;
/// A stored hash that asks for more than this is not computed: it was never ours.
const MAX_MEMORY_KIB: u32 = 1 << 18;
const MAX_ITERATIONS: u32 = 16;

/// What hashing costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    pub memory_kib: u32,
    pub iterations: u32,
}

/// Why no answer could be given.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    #[error("too many passwords are being hashed")]
    Busy,
    #[error("hashing failed")]
    Failed,
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub matches: bool,
    /// The hash was made at a lower cost than today's.
    pub outdated: bool,
}

/// Hashes and compares passwords.
#[derive(Clone)]
pub struct Passwords {
    cost: HashCost,
    cores: Arc<Semaphore>,
    inside: Arc<AtomicUsize>,
    limit: usize,
    /// What a password is compared with where there is no account: the same work, always in vain.
    decoy: Arc<Zeroizing<String>>,
}

impl Passwords {
    /// # Errors
    ///
    /// [`HashingError::Failed`] for a cost that Argon2 refuses.
    pub fn new(cost: HashCost, cores: usize) -> Result<Self, HashingError> {
        let secret = super::vault::kms::random_key().map_err(|_| HashingError::Failed)?;
        let decoy = hash(cost, secret.as_slice())?;
        Ok(Self {
            cost,
            cores: Arc::new(Semaphore::new(cores)),
            inside: Arc::new(AtomicUsize::new(0)),
            limit: cores + QUEUE,
            decoy: Arc::new(Zeroizing::new(decoy)),
        })
    }

    /// Judges a new password and hashes it.
    ///
    /// # Errors
    ///
    /// The outer error if the machine is busy, the inner one if the password is weak.
    pub async fn accept(
        &self,
        password: Password,
        name: RealName,
        email: Email,
    ) -> Result<Result<Zeroizing<String>, WeakPassword>, HashingError> {
        let cost = self.cost;
        self.on_a_core(move || match password.judge(&name, &email) {
            Ok(()) => hash(cost, password.expose().as_bytes()).map(|phc| Ok(Zeroizing::new(phc))),
            Err(weak) => Ok(Err(weak)),
        })
        .await
    }

    /// Hashes a password that was accepted before, at today's cost.
    ///
    /// # Errors
    ///
    /// [`HashingError::Busy`].
    pub async fn hash(&self, password: Password) -> Result<Zeroizing<String>, HashingError> {
        let cost = self.cost;
        self.on_a_core(move || hash(cost, password.expose().as_bytes()).map(Zeroizing::new)).await
    }

    /// Compares a password with a stored hash, or with the decoy where there is none.
    ///
    /// # Errors
    ///
    /// [`HashingError::Busy`], or [`HashingError::Failed`] for a hash that is none of ours.
    pub async fn compare(
        &self,
        password: Password,
        stored: Option<Zeroizing<String>>,
    ) -> Result<Comparison, HashingError> {
        let (cost, known) = (self.cost, stored.is_some());
        let phc = stored.unwrap_or_else(|| (*self.decoy).clone());
        let found = self.on_a_core(move || compare(cost, password.expose().as_bytes(), &phc)).await?;
        Ok(Comparison { matches: found.matches && known, ..found })
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let _place = Place::take(&self.inside, self.limit).ok_or(HashingError::Busy)?;
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| HashingError::Failed)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| HashingError::Failed)?
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(inside: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self(Arc::clone(inside));
        (inside.fetch_add(1, Ordering::SeqCst) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2(cost: HashCost) -> Result<Argon2<'static>, HashingError> {
    let params =
        Params::new(cost.memory_kib, cost.iterations, 1, Some(32)).map_err(|_| HashingError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(cost: HashCost, password: &[u8]) -> Result<String, HashingError> {
    let hash = argon2(cost)?.hash_password(password).map_err(|_| HashingError::Failed)?;
    Ok(hash.to_string())
}

/// Does the work by which an older hash was cheaper: its account must not answer faster than an
/// address that has none.
fn burn_difference(cost: HashCost, stored: &Params) {
    let spent = u64::from(stored.m_cost()) * u64::from(stored.t_cost());
    let wanted = u64::from(cost.memory_kib) * u64::from(cost.iterations);
    let missing = wanted.saturating_sub(spent) / u64::from(cost.memory_kib);
    if let Ok(iterations) = u32::try_from(missing)
        && iterations > 0
    {
        // What comes of it is of no interest.
        let _ = hash(HashCost { iterations, ..cost }, b"nobody");
    }
}

fn compare(cost: HashCost, password: &[u8], phc: &str) -> Result<Comparison, HashingError> {
    let stored = PasswordHash::new(phc).map_err(|_| HashingError::Failed)?;
    let params = Params::try_from(&stored).map_err(|_| HashingError::Failed)?;
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_ITERATIONS {
        return Err(HashingError::Failed);
    }
    let matches = argon2(cost)?.verify_password(password, &stored).is_ok();
    let outdated = params.m_cost() < cost.memory_kib || params.t_cost() < cost.iterations;
    burn_difference(cost, &params);
    Ok(Comparison { matches, outdated })
}
