//! What can go wrong below every rule, sorted by what the caller can do about it.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

const LOST: &str = "the connection is lost";

/// Nothing here is the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Down, locked, full or swamped: trying again later can help.
    #[error("the database is unavailable: {0}")]
    Unavailable(&'static str),
    /// Another transaction got in the way; the lane tries again.
    #[error("the transaction conflicts with another one")]
    Conflict,
    /// A value that must be unique in this table stands there already.
    #[error("a row of {table} exists already")]
    Duplicate { table: String },
    /// A stored row makes no sense.
    #[error("a row of {table} makes no sense: {why}")]
    Corrupt { table: &'static str, why: &'static str },
    /// A statement is wrong, or the schema is not what the code expects.
    #[error("a statement failed")]
    Query(#[source] DieselError),
    /// The work panicked inside the lane.
    #[error("the work panicked")]
    Panicked,
}

/// An error that a transaction can end with: a refusal of the service, or the storage's trouble.
pub trait Refusal: From<StorageError> + Send + 'static {
    /// The storage's trouble, if that is what it is.
    fn storage(&self) -> Option<&StorageError>;
}

impl Refusal for StorageError {
    fn storage(&self) -> Option<&StorageError> {
        Some(self)
    }
}

impl StorageError {
    /// Whether the connection or its transaction can no longer be trusted.
    pub(super) const fn breaks_transaction(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict | Self::Query(_) | Self::Panicked)
    }
}

impl StorageError {
    /// Whether a fresh connection may fare better at once.
    pub(super) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Unavailable(why) if *why == LOST)
    }
}

impl From<DieselError> for StorageError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else {
            return Self::Query(error);
        };
        match kind {
            DatabaseErrorKind::UniqueViolation => Self::Duplicate { table: violated_table(info.as_ref()) },
            DatabaseErrorKind::SerializationFailure => Self::Conflict,
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unavailable(LOST)
            }
            DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable("the database is read-only"),
            _ => classify(info.message()).unwrap_or(Self::Query(error)),
        }
    }
}

impl From<diesel::ConnectionError> for StorageError {
    fn from(error: diesel::ConnectionError) -> Self {
        // Its text can hold the URL and with it a password.
        drop(error);
        Self::Unavailable("no connection")
    }
}

fn violated_table(info: &dyn diesel::result::DatabaseErrorInformation) -> String {
    // SQLite names no constraint: `UNIQUE constraint failed: table.column[, table.column]`.
    let from_message = || {
        let (_, columns) = info.message().rsplit_once(": ")?;
        columns.split_once('.').map(|(table, _)| table)
    };
    info.table_name().or_else(from_message).unwrap_or("unknown").to_owned()
}

/// Tells trouble of the moment from a wrong statement; neither library gives a code for these.
fn classify(message: &str) -> Option<StorageError> {
    const TROUBLE: &[(&str, &str)] = &[
        ("database is locked", "locked"),
        ("database table is locked", "locked"),
        ("database or disk is full", "full"),
        ("disk I/O error", "disk error"),
        ("attempt to write a readonly database", "read-only"),
        ("unable to open database file", "the file cannot be opened"),
        ("out of memory", "out of memory"),
        ("No space left on device", "full"),
        ("could not extend file", "full"),
        ("statement timeout", "slow"),
        ("lock timeout", "locked"),
        ("terminating connection", LOST),
        ("server closed the connection", LOST),
        ("connection not open", LOST),
        ("no connection to the server", LOST),
        ("could not receive data from server", LOST),
        ("could not send data to server", LOST),
        ("SSL connection has been closed", LOST),
        ("the database system is", "starting or stopping"),
        ("remaining connection slots", "too many connections"),
    ];
    if message.contains("deadlock detected") {
        return Some(StorageError::Conflict);
    }
    TROUBLE.iter().find(|(text, _)| message.contains(text)).map(|(_, why)| StorageError::Unavailable(why))
}
