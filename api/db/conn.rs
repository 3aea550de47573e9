//! One connection type over both databases, and how each is opened.

use std::{cell::Cell, fmt::Write as _};

use diesel::{
    Connection, PgConnection, RunQueryDsl, SqliteConnection,
    connection::{InstrumentationEvent, SimpleConnection},
};
use secrecy::{ExposeSecret, SecretString};

use super::{Backend, Settings, StorageError, lanes::Mode, url::sqlite_path};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

thread_local! {
    static STATEMENTS: Cell<u32> = const { Cell::new(0) };
}

/// How many statements this thread has run; only differences mean something.
pub(super) fn statements_so_far() -> u32 {
    STATEMENTS.get()
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the connection calls")]
fn count(event: InstrumentationEvent<'_>) {
    if matches!(event, InstrumentationEvent::StartQuery { .. }) {
        STATEMENTS.set(STATEMENTS.get().wrapping_add(1));
    }
}

/// The oldest SQLite without the bug that a reset of the write-ahead log could corrupt the file.
const MIN_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// Knows how to open connections of one store.
#[derive(Clone)]
pub(super) struct Opener {
    url: SecretString,
    backend: Backend,
    max_mib: Option<u32>,
    holds_keys: bool,
}

impl Opener {
    pub(super) fn new(settings: &Settings) -> Result<Self, StorageError> {
        Ok(Self {
            backend: Backend::of(settings.url.expose_secret())?,
            url: settings.url.clone(),
            max_mib: settings.max_mib,
            holds_keys: settings.holds_keys,
        })
    }

    pub(super) const fn backend(&self) -> Backend {
        self.backend
    }

    pub(super) fn url(&self) -> &str {
        self.url.expose_secret()
    }

    pub(super) fn open(&self) -> Result<Conn, StorageError> {
        match self.backend {
            Backend::Sqlite => self.open_sqlite(),
            Backend::Postgres => self.open_postgres(),
        }
    }

    fn open_sqlite(&self) -> Result<Conn, StorageError> {
        let mut c = SqliteConnection::establish(sqlite_path(self.url()))?;
        c.set_instrumentation(count);
        // Keys leave no copy behind: no write-ahead log, and a deleted row is overwritten at once.
        let journal = if self.holds_keys {
            "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;"
        } else {
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        };
        c.batch_execute(&format!(
            "PRAGMA busy_timeout = 2000; {journal} PRAGMA foreign_keys = ON; \
             PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
             PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;"
        ))?;
        if let Some(mib) = self.max_mib {
            c.batch_execute(&format!("PRAGMA max_page_count = {};", u64::from(mib) * 256))?;
        }
        assert_sqlite_version(&mut c)?;
        Ok(Conn::Sqlite(c))
    }

    fn open_postgres(&self) -> Result<Conn, StorageError> {
        let url = with_timeouts(self.url());
        let mut c = PgConnection::establish(&url)?;
        c.set_instrumentation(count);
        c.batch_execute(
            "SET statement_timeout = '5s'; SET lock_timeout = '2s'; \
             SET idle_in_transaction_session_timeout = '10s'; SET timezone = 'UTC';",
        )?;
        Ok(Conn::Pg(c))
    }
}

/// How often it is tried to empty the write-ahead log, two seconds each.
const EMPTYING_TRIES: usize = 3;

/// Moves the write-ahead log into the file and empties it; deleted rows were overwritten as they went.
pub(super) fn empty_wal(opener: &Opener) -> Result<(), StorageError> {
    #[derive(diesel::QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        busy: i32,
    }
    let Conn::Sqlite(mut c) = opener.open()? else { return Ok(()) };
    for _ in 0..EMPTYING_TRIES {
        // It says so, and does not fail, where a reader holds the log.
        let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut c)?;
        if done.busy == 0 {
            return Ok(());
        }
    }
    Err(StorageError::Unavailable("a reader holds the write-ahead log"))
}

impl Conn {
    pub(super) fn begin(&mut self, mode: Mode) -> Result<(), StorageError> {
        let statement = match (&*self, mode) {
            (_, Mode::Read) => return Ok(()),
            (Self::Pg(_), Mode::Snapshot) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            (Self::Pg(_), Mode::Serializable) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            (Self::Pg(_), Mode::Guarded) => "BEGIN ISOLATION LEVEL READ COMMITTED",
            (Self::Sqlite(_), Mode::Snapshot) => "BEGIN DEFERRED",
            (Self::Sqlite(_), Mode::Serializable | Mode::Guarded) => "BEGIN IMMEDIATE",
        };
        Ok(self.batch_execute(statement)?)
    }

    pub(super) fn end(&mut self, mode: Mode, keep: bool) -> Result<(), StorageError> {
        match (mode, keep) {
            (Mode::Read, _) => Ok(()),
            (_, true) => Ok(self.batch_execute("COMMIT")?),
            (_, false) => Ok(self.batch_execute("ROLLBACK")?),
        }
    }
}

fn assert_sqlite_version(c: &mut SqliteConnection) -> Result<(), StorageError> {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let row: Version = diesel::sql_query("SELECT sqlite_version() AS version").get_result(c)?;
    let mut parts = row.version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < MIN_SQLITE {
        return Err(StorageError::Unavailable("the linked SQLite is older than 3.51.3"));
    }
    Ok(())
}

/// A dead server must be noticed in seconds, whatever the URL forgot to say.
fn with_timeouts(url: &str) -> String {
    let mut url = url.to_owned();
    for (key, value) in
        [("connect_timeout", "3"), ("tcp_user_timeout", "5000"), ("application_name", "smart-mining")]
    {
        if !url.contains(&format!("{key}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            let _ = write!(url, "{key}={value}");
        }
    }
    url
}
