//! Migrations of both stores, embedded; what the application's role may do is granted after them.

use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, connection::SimpleConnection,
    migration::MigrationSource, pg::Pg, sql_query, sql_types::Text, sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};

use super::{Conn, Settings, StorageError, conn::Opener};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const KEYS_SQLITE: EmbeddedMigrations = embed_migrations!("migrations/keys_sqlite");
const KEYS_POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/keys_postgres");

/// Any number: two processes that migrate at once wait for each other on it.
const ADVISORY_LOCK: i64 = 7_301_844_529;

/// Tables that the application's role may read and extend, and nothing else.
const APPEND_ONLY: &[&str] = &[
    "log_leaves",
    "log_entries",
    "log_origins",
    "log_nodes",
    "log_checkpoints",
    "log_public_details",
    "policy_versions",
    "policy_acceptances",
    "consent_events",
    "staff_reads",
    "kyc_decisions",
    "recipient_events",
    "disclosure_events",
    "processing_limit_events",
    "obligation_rounds",
    "rights_request_events",
    "ad_reports",
    "ad_report_cells",
    "transfer_approvals",
];

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("a migration failed: {0}")]
    Failed(String),
}

impl From<diesel::result::Error> for MigrationError {
    fn from(error: diesel::result::Error) -> Self {
        StorageError::from(error).into()
    }
}

/// Applies what is pending to the store of `settings`, and says how many migrations that were.
///
/// On PostgreSQL `owner` is the URL of the role that owns the schema; the role of `settings` then
/// gets the rights that the application needs, and no more.
///
/// # Errors
///
/// [`MigrationError::Failed`] with the database's words; they name schema, never data.
pub fn run(settings: &Settings, owner: Option<&SecretString>) -> Result<usize, MigrationError> {
    let mut as_owner = settings.clone();
    if let Some(url) = owner {
        as_owner.url = url.clone();
    }
    let mut c = Opener::new(&as_owner)?.open()?;
    let pending = match (&c, settings.holds_keys) {
        (Conn::Sqlite(_), false) => SQLITE,
        (Conn::Sqlite(_), true) => KEYS_SQLITE,
        (Conn::Pg(_), false) => POSTGRES,
        (Conn::Pg(_), true) => KEYS_POSTGRES,
    };
    match &mut c {
        Conn::Sqlite(c) => apply(c, pending),
        Conn::Pg(c) => {
            // Another process may migrate for minutes, and an index may take as long to build.
            c.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0;")?;
            c.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})"))?;
            let applied = apply(c, pending)?;
            if owner.is_some() {
                grant(c, &role_of(&settings.url)?, settings.holds_keys)?;
            }
            c.batch_execute(&format!("SELECT pg_advisory_unlock({ADVISORY_LOCK})"))?;
            Ok(applied)
        }
    }
}

/// Whether the store of `settings` lacks a migration that this build brings.
///
/// # Errors
///
/// Storage trouble, or a store that was never migrated and whose role may not begin.
pub fn is_pending(settings: &Settings) -> Result<bool, MigrationError> {
    let mut c = Opener::new(settings)?.open()?;
    let brought = match (&c, settings.holds_keys) {
        (Conn::Sqlite(_), false) => versions::<Sqlite>(&SQLITE),
        (Conn::Sqlite(_), true) => versions::<Sqlite>(&KEYS_SQLITE),
        (Conn::Pg(_), false) => versions::<Pg>(&POSTGRES),
        (Conn::Pg(_), true) => versions::<Pg>(&KEYS_POSTGRES),
    }?;
    // Read directly: the library would first make sure of its table, which this role may not.
    let rows: Vec<VersionRow> = sql_query("SELECT version FROM __diesel_schema_migrations").load(&mut c)?;
    Ok(brought.iter().any(|version| !rows.iter().any(|row| row.version == *version)))
}

#[derive(QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = Text)]
    version: String,
}

fn versions<DB: diesel::backend::Backend>(
    migrations: &EmbeddedMigrations,
) -> Result<Vec<String>, MigrationError>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let all = MigrationSource::<DB>::migrations(migrations);
    let all = all.map_err(|error| MigrationError::Failed(error.to_string()))?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn apply<C, DB>(c: &mut C, migrations: EmbeddedMigrations) -> Result<usize, MigrationError>
where
    C: MigrationHarness<DB>,
    DB: diesel::backend::Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    c.run_pending_migrations(migrations)
        .map(|applied| applied.len())
        .map_err(|error| MigrationError::Failed(error.to_string()))
}

fn grant(c: &mut PgConnection, role: &str, keys: bool) -> Result<(), MigrationError> {
    c.transaction(|c| {
        // All tables, the record of migrations too: it is read at each start.
        c.batch_execute(&format!(
            "GRANT USAGE ON SCHEMA public TO {role}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};"
        ))?;
        if !keys {
            for table in APPEND_ONLY {
                c.batch_execute(&format!("REVOKE UPDATE, DELETE ON {table} FROM {role};"))?;
            }
        }
        Ok(())
    })
}

/// The role in a PostgreSQL URL, quoted as an identifier.
fn role_of(url: &SecretString) -> Result<String, StorageError> {
    let unusable = StorageError::Unavailable("DATABASE_URL names no role");
    let parsed = reqwest::Url::parse(url.expose_secret())
        .map_err(|_| StorageError::Unavailable("the URL is malformed"))?;
    if parsed.username().is_empty() {
        return Err(unusable);
    }
    Ok(format!("\"{}\"", parsed.username().replace('"', "\"\"")))
}
