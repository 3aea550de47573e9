//! The only place that knows a database: connections, lanes, types, schema, migrations.
//!
//! Everything else sees [`Db`] and its four ways in, and a [`Conn`] inside them.

mod conn;
mod dispatch;
mod error;
mod lanes;
mod leaves;
pub mod migrate;
pub mod schema;
pub mod types;
mod url;

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio::sync::{Mutex, oneshot};

pub use conn::{Conn, MultiBackend};
pub use dispatch::{Dispatch, Fetch};
pub use error::{Refusal, StorageError};
pub use leaves::{LeafHash, collecting_leaves, note_leaf};
pub use url::Backend;

use crate::domain::ids::AccountId;
use lanes::{Attempt, Lane, Mode, Task, Work, typed, untyped};

/// Attempts of a write before its conflict is reported as a busy service.
const MAX_ATTEMPTS: u32 = 12;
/// The longest a caller waits for the database, queueing and all attempts included.
const DEADLINE: Duration = Duration::from_secs(8);
/// The longest of it that a write waits for those before it of the same owner. Nearly all: many that
/// went on together, without their turn, would only undo each other.
const TURN: Duration = Duration::from_secs(6);
const STRIPES: usize = 256;

/// How one store is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    pub url: SecretString,
    /// Owned connections on PostgreSQL.
    pub connections: usize,
    /// The largest the SQLite file may grow, in MiB.
    pub max_mib: Option<u32>,
    /// The store holds keys: SQLite keeps no journal of them behind.
    pub holds_keys: bool,
}

/// A store, on whichever database its URL names; cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    opener: conn::Opener,
    /// Writes; on PostgreSQL, everything.
    main: Lane,
    /// Long reads on SQLite, away from the workers.
    long: Option<Lane>,
    stripes: Vec<Mutex<()>>,
}

impl Db {
    /// Opens the store and proves that it answers.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] if it does not, or if the URL asks for what this build lacks.
    pub fn open(settings: &Settings) -> Result<Self, StorageError> {
        let opener = conn::Opener::new(settings)?;
        opener.open()?;
        let (main, long) = match opener.backend() {
            Backend::Sqlite => {
                (Lane::group_commit(&opener)?, Some(Lane::owned_connections(&opener, 2, "read")?))
            }
            Backend::Postgres => (Lane::owned_connections(&opener, settings.connections, "pg")?, None),
        };
        let stripes = std::iter::repeat_with(Mutex::default).take(STRIPES).collect();
        Ok(Self { inner: Arc::new(Inner { opener, main, long, stripes }) })
    }

    /// Overwrites what was deleted in the files of SQLite, also in the write-ahead log, and waits for readers that
    /// hold it. On PostgreSQL what was deleted rests, sealed, until the server cleans up by itself.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] if somebody reads for so long that the log is not emptied.
    pub async fn clean(&self) -> Result<(), StorageError> {
        let opener = self.inner.opener.clone();
        if opener.backend() == Backend::Postgres {
            return Ok(());
        }
        let cleaning = tokio::task::spawn_blocking(move || conn::empty_wal(&opener));
        cleaning.await.map_err(|_| StorageError::Unavailable("the cleaning ended"))?
    }

    pub fn backend(&self) -> Backend {
        self.inner.opener.backend()
    }

    /// Whether several processes may serve from this store.
    pub fn is_shared(&self) -> bool {
        self.backend() == Backend::Postgres
    }

    /// Runs statements that each see what is committed at their start.
    ///
    /// On SQLite they run where the caller runs: keep them short, and use
    /// [`read_long`](Self::read_long) for whatever grows with the data.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
    {
        let work = untyped(work);
        typed(match self.backend() {
            Backend::Sqlite => lanes::inline(&self.inner.opener, &*work),
            Backend::Postgres => self.once(&self.inner.main, Mode::Read, work).await,
        })
    }

    /// Runs statements that all see one snapshot, off the request workers.
    pub async fn read_long<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
    {
        let lane = self.inner.long.as_ref().unwrap_or(&self.inner.main);
        typed(self.once(lane, Mode::Snapshot, untyped(work)).await)
    }

    /// Runs one serializable transaction; an `Err` rolls it back.
    ///
    /// The closure may run again after a conflict, so it captures values and has no effects.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
    {
        typed(self.retrying(Mode::Serializable, untyped(work), Instant::now() + DEADLINE).await)
    }

    /// [`write`](Self::write) for what belongs to `owner`, one at a time in this process.
    ///
    /// The order saves retries; correctness rests on the transaction alone.
    pub async fn write_for<T, E, F, O>(&self, owner: O, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
        O: Hash,
    {
        typed(self.in_turn(Mode::Serializable, stripe_of(&owner), untyped(work)).await)
    }

    /// Runs a transaction whose statements guard themselves (`UPDATE … WHERE state = …`): claims of
    /// jobs and messages, which must stay out of everybody's way.
    pub async fn write_guarded<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
    {
        typed(self.retrying(Mode::Guarded, untyped(work), Instant::now() + DEADLINE).await)
    }

    /// [`write_guarded`](Self::write_guarded) for what belongs to `owner`, one at a time in this process.
    ///
    /// For transactions that hold, by their first statement, the row that whatever they look at hangs on: from
    /// then on each statement sees all that was committed, and nobody commits more of it.
    pub async fn write_holding<T, E, F, O>(&self, owner: O, work: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Refusal,
        O: Hash,
    {
        typed(self.in_turn(Mode::Guarded, stripe_of(&owner), untyped(work)).await)
    }

    async fn in_turn(&self, mode: Mode, stripe: usize, work: Arc<Work>) -> Attempt {
        let until = Instant::now() + DEADLINE;
        let _turn = match self.inner.stripes.get(stripe) {
            Some(stripe) if self.backend() == Backend::Postgres => {
                // Whoever waits in vain for a turn goes on without: the order only saves retries.
                tokio::time::timeout(TURN, stripe.lock()).await.ok()
            }
            _ => None,
        };
        self.retrying(mode, work, until).await
    }

    async fn retrying(&self, mode: Mode, work: Arc<Work>, until: Instant) -> Attempt {
        for attempt in 0..MAX_ATTEMPTS {
            match self.attempt(&self.inner.main, mode, Arc::clone(&work), until).await {
                Attempt::Conflict => {
                    crate::telemetry::metrics().write_retries.inc();
                    tokio::time::sleep(pause_before(attempt)).await;
                }
                ended => return ended,
            }
        }
        Attempt::Conflict
    }

    async fn once(&self, lane: &Lane, mode: Mode, work: Arc<Work>) -> Attempt {
        self.attempt(lane, mode, work, Instant::now() + DEADLINE).await
    }

    async fn attempt(&self, lane: &Lane, mode: Mode, work: Arc<Work>, until: Instant) -> Attempt {
        let (reply, answer) = oneshot::channel();
        if let Err(trouble) = lane.send(Task::new(mode, work, reply, until)) {
            return Attempt::Failed(trouble);
        }
        match tokio::time::timeout_at(until.into(), answer).await {
            Ok(Ok((attempt, traces))) => {
                crate::telemetry::count_statements(traces.statements);
                if matches!(attempt, Attempt::Kept(_)) {
                    leaves::collect(traces.leaves);
                }
                attempt
            }
            Ok(Err(_)) => Attempt::Failed(StorageError::Unavailable("the lane ended")),
            Err(_) => Attempt::Failed(StorageError::Unavailable("the database is slow")),
        }
    }
}

/// Answers if the database does.
///
/// # Errors
///
/// [`StorageError::Unavailable`] if it does not.
pub fn ping(c: &mut Conn) -> Result<(), StorageError> {
    use diesel::RunQueryDsl;
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1")).get_result::<i32>(c)?;
    Ok(())
}

/// Whether a column of a table, by its name, holds anything of a person. For what walks the schema; repositories name
/// columns.
///
/// # Errors
///
/// Storage trouble only.
pub fn holds_value(
    c: &mut Conn,
    (table, column): (&'static str, &'static str),
    owner: AccountId,
) -> Result<bool, StorageError> {
    use diesel::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Filled {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let query =
        format!("SELECT count(*) AS rows FROM {table} WHERE account_id = $1 AND {column} IS NOT NULL");
    let filled: Filled = diesel::sql_query(query).bind::<types::Id, _>(owner).get_result(c)?;
    Ok(filled.rows > 0)
}

/// The file behind a SQLite URL.
pub fn sqlite_file(url: &SecretString) -> &std::path::Path {
    std::path::Path::new(url::sqlite_path(secrecy::ExposeSecret::expose_secret(url)))
}

fn stripe_of(owner: &impl Hash) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    owner.hash(&mut hasher);
    usize::try_from(hasher.finish()).unwrap_or(usize::MAX) % STRIPES
}

/// Doubling from half a millisecond to 64 ms, each pause jittered by half.
fn pause_before(attempt: u32) -> Duration {
    let ceiling = 500_u64 << attempt.min(7);
    let jitter = getrandom::u64().unwrap_or(0) % (ceiling / 2 + 1);
    Duration::from_micros(ceiling / 2 + jitter)
}
