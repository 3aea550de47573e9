//! Password hashing: Argon2id, on a thread for each core and the rest in a short queue.
//!
//! The threads stand back behind everything else: a storm of sign-ins takes what the machine has
//! left, and whoever only reads hardly notices it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use crossbeam_channel::{Receiver, Sender, unbounded};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::domain::{
    email::Email,
    password::{Password, WeakPassword},
    real_name::RealName,
};

/// Callers that may wait for a core; beyond, the answer is 503 at once.
const QUEUE: usize = 32;
/// How far the hashing threads stand back (nice(2)).
const NICENESS: i32 = 19;
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
    queue: Sender<Job>,
    inside: Arc<AtomicUsize>,
    limit: usize,
    /// What a password is compared with where there is no account: the same work, always in vain.
    decoy: Arc<Zeroizing<String>>,
}

impl Passwords {
    /// # Errors
    ///
    /// [`HashingError::Failed`] for a cost that Argon2 refuses, or a machine without a thread left.
    pub fn new(cost: HashCost, cores: usize) -> Result<Self, HashingError> {
        let secret = super::vault::kms::random_key().map_err(|_| HashingError::Failed)?;
        let decoy = hash(cost, secret.as_slice(), &mut Memory::new())?;
        let (queue, jobs) = unbounded();
        for n in 0..cores {
            let jobs = jobs.clone();
            let thread = thread::Builder::new().name(format!("argon2-{n}")).spawn(move || serve(&jobs));
            thread.map_err(|_| HashingError::Failed)?;
        }
        Ok(Self { cost, queue, inside: Arc::default(), limit: cores + QUEUE, decoy: Arc::new(decoy) })
    }

    /// Takes a place in the queue. Whoever counts an attempt takes it first: what cannot be compared
    /// must not be counted.
    ///
    /// # Errors
    ///
    /// [`HashingError::Busy`] if every place is taken.
    pub fn place(&self) -> Result<Place, HashingError> {
        let place = Place(Arc::clone(&self.inside));
        let taken = self.inside.fetch_add(1, Ordering::SeqCst);
        if taken < self.limit { Ok(place) } else { Err(HashingError::Busy) }
    }

    /// Judges a new password and hashes it.
    ///
    /// # Errors
    ///
    /// The outer error if the machine fails, the inner one if the password is weak.
    pub async fn accept(
        &self,
        place: Place,
        password: Password,
        name: RealName,
        email: Email,
    ) -> Result<Result<Zeroizing<String>, WeakPassword>, HashingError> {
        let cost = self.cost;
        self.on_a_core(place, move |memory| match password.judge(&name, &email) {
            Ok(()) => hash(cost, password.expose().as_bytes(), memory).map(Ok),
            Err(weak) => Ok(Err(weak)),
        })
        .await
    }

    /// Hashes a password that was accepted before, at today's cost.
    ///
    /// # Errors
    ///
    /// [`HashingError::Failed`].
    pub async fn hash(&self, place: Place, password: Password) -> Result<Zeroizing<String>, HashingError> {
        let cost = self.cost;
        self.on_a_core(place, move |memory| hash(cost, password.expose().as_bytes(), memory)).await
    }

    /// Compares a password with a stored hash, or with the decoy where there is none.
    ///
    /// # Errors
    ///
    /// [`HashingError::Failed`] for a hash that is none of ours.
    pub async fn compare(
        &self,
        place: Place,
        password: Password,
        stored: Option<Zeroizing<String>>,
    ) -> Result<Comparison, HashingError> {
        let (cost, known) = (self.cost, stored.is_some());
        let phc = stored.unwrap_or_else(|| (*self.decoy).clone());
        let found = self
            .on_a_core(place, move |memory| compare(cost, password.expose().as_bytes(), &phc, memory))
            .await?;
        Ok(Comparison { matches: found.matches && known, ..found })
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut Memory) -> Result<T, HashingError> + Send + 'static,
    ) -> Result<T, HashingError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Whoever asked may have gone; then nobody waits for the result.
            if !reply.is_closed() {
                drop(reply.send(work(memory)));
            }
            drop(place);
        });
        self.queue.send(job).map_err(|_| HashingError::Failed)?;
        answer.await.map_err(|_| HashingError::Failed)?
    }
}

/// A place in the queue, given back when dropped.
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What Argon2 fills; each thread keeps its own, since fetching it anew costs a tenth of the work.
type Memory = Vec<Block>;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

fn serve(jobs: &Receiver<Job>) {
    // On Linux this is the thread's own; where it is refused, hashing only stands in line like the rest.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let mut memory = Memory::new();
    while let Ok(job) = jobs.recv() {
        // A job that panics drops its way back, and its caller learns that it failed.
        drop(catch_unwind(AssertUnwindSafe(|| job(&mut memory))));
    }
}

const HASH_LENGTH: usize = 32;

fn params(cost: HashCost) -> Result<Params, HashingError> {
    Params::new(cost.memory_kib, cost.iterations, 1, Some(HASH_LENGTH)).map_err(|_| HashingError::Failed)
}

fn fill(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    memory: &mut Memory,
) -> Result<Zeroizing<[u8; HASH_LENGTH]>, HashingError> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let memory = memory.get_mut(..blocks).ok_or(HashingError::Failed)?;
    let mut out = Zeroizing::new([0; HASH_LENGTH]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, out.as_mut_slice(), memory)
        .map_err(|_| HashingError::Failed)?;
    Ok(out)
}

/// A fresh hash, as the PHC string that tells how it was made.
fn hash(cost: HashCost, password: &[u8], memory: &mut Memory) -> Result<Zeroizing<String>, HashingError> {
    let params = params(cost)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| HashingError::Failed)?;
    let out = fill(&params, password, &salt, memory)?;
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|_| HashingError::Failed)?,
        salt: Some(Salt::new(&salt).map_err(|_| HashingError::Failed)?),
        hash: Some(Output::new(out.as_slice()).map_err(|_| HashingError::Failed)?),
    };
    Ok(Zeroizing::new(phc.to_string()))
}

/// Does the work by which an older hash was cheaper: its account must not answer faster than an
/// address that has none.
fn burn_difference(cost: HashCost, stored: &Params, memory: &mut Memory) {
    let spent = u64::from(stored.m_cost()) * u64::from(stored.t_cost());
    let wanted = u64::from(cost.memory_kib) * u64::from(cost.iterations);
    let missing = wanted.saturating_sub(spent) / u64::from(cost.memory_kib);
    if let Ok(iterations) = u32::try_from(missing)
        && iterations > 0
    {
        // What comes of it is of no interest.
        let _ = hash(HashCost { iterations, ..cost }, b"nobody", memory);
    }
}

fn compare(
    cost: HashCost,
    password: &[u8],
    phc: &str,
    memory: &mut Memory,
) -> Result<Comparison, HashingError> {
    let stored = PasswordHash::new(phc).map_err(|_| HashingError::Failed)?;
    let params = Params::try_from(&stored).map_err(|_| HashingError::Failed)?;
    let is_ours = stored.algorithm == Algorithm::Argon2id.ident()
        && stored.version == Some(Version::V0x13.into())
        && params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_ITERATIONS;
    let (Some(salt), Some(expected), true) = (&stored.salt, &stored.hash, is_ours) else {
        return Err(HashingError::Failed);
    };
    let out = fill(&params, password, salt.as_ref(), memory)?;
    let matches = bool::from(out.as_slice().ct_eq(expected.as_bytes()));
    let outdated = params.m_cost() < cost.memory_kib || params.t_cost() < cost.iterations;
    burn_difference(cost, &params, memory);
    Ok(Comparison { matches, outdated })
}
