//! Statements that the connection enum's own backend cannot express, built once and run on the
//! native connection of either database: `ON CONFLICT`, batch inserts, `RETURNING` of updates.

use diesel::{
    PgConnection, QueryResult, SqliteConnection,
    query_dsl::methods::{ExecuteDsl, LoadQuery},
};

use super::{Conn, StorageError};

/// Runs a statement and counts the rows it touched.
pub trait Dispatch {
    /// # Errors
    ///
    /// Whatever the database says.
    fn dispatch(self, c: &mut Conn) -> Result<usize, StorageError>;
}

impl<Q> Dispatch for Q
where
    Q: ExecuteDsl<PgConnection> + ExecuteDsl<SqliteConnection>,
{
    fn dispatch(self, c: &mut Conn) -> Result<usize, StorageError> {
        Ok(match c {
            Conn::Pg(c) => ExecuteDsl::execute(self, c)?,
            Conn::Sqlite(c) => ExecuteDsl::execute(self, c)?,
        })
    }
}

/// Runs a statement that gives rows back.
pub trait Fetch<T> {
    /// # Errors
    ///
    /// Whatever the database says.
    fn fetch(self, c: &mut Conn) -> Result<Vec<T>, StorageError>;
}

impl<Q, T> Fetch<T> for Q
where
    Q: for<'q> LoadQuery<'q, PgConnection, T> + for<'q> LoadQuery<'q, SqliteConnection, T>,
{
    fn fetch(self, c: &mut Conn) -> Result<Vec<T>, StorageError> {
        Ok(match c {
            Conn::Pg(c) => LoadQuery::internal_load(self, c)?.collect::<QueryResult<_>>()?,
            Conn::Sqlite(c) => LoadQuery::internal_load(self, c)?.collect::<QueryResult<_>>()?,
        })
    }
}
