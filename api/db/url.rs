//! Database URLs: the scheme decides, never a trial.

use super::StorageError;

/// The database behind a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    /// Reads the scheme: `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] for any other scheme, and for TLS, which this build's libpq
    /// does not speak.
    pub fn of(url: &str) -> Result<Self, StorageError> {
        if url.starts_with("sqlite:") {
            return Ok(Self::Sqlite);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let wants_tls = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"]
                .iter()
                .any(|mode| url.contains(mode));
            if wants_tls && !cfg!(feature = "postgres-tls") {
                return Err(StorageError::Unavailable(
                    "the URL asks for TLS: build with `--features postgres-tls`",
                ));
            }
            return Ok(Self::Postgres);
        }
        Err(StorageError::Unavailable("a database URL starts with sqlite: or postgres://"))
    }
}

/// The file behind `sqlite:PATH`, with or without `//`.
pub(super) fn sqlite_path(url: &str) -> &str {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    path.strip_prefix("//").unwrap_or(path)
}
