//! Archives for persons who asked for their data: how far they have come, where they rest, how often they were fetched.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::rights_archives as t},
    domain::{
        ids::{AccountId, RightsRequestId},
        kyc::file::FileName,
        rights::archive::{Archive, ArchiveProgress, KeptArchive, ReadyArchive},
        time::Timestamp,
    },
};

const TABLE: &str = "rights_archives";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    request_id: RightsRequestId,
    started_at: Timestamp,
    tables_total: i32,
    tables_written: i32,
    entries_written: i64,
    _file_name: Option<Vec<u8>>,
    _secret: Option<Vec<u8>>,
    size: Option<i64>,
    content_hash: Option<Vec<u8>>,
    ready_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    downloads: i32,
    last_downloaded_at: Option<Timestamp>,
}

impl TryFrom<Row> for Archive {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let ready = match (row.size, row.content_hash, row.ready_at, row.expires_at) {
            (Some(size), Some(hash), Some(ready_at), Some(expires_at)) => {
                Some(ReadyArchive { size, content_hash: hash32(TABLE, &hash)?, ready_at, expires_at })
            }
            _ => None,
        };
        Ok(Self {
            account_id: row.account_id,
            request_id: row.request_id,
            started_at: row.started_at,
            tables_total: row.tables_total,
            progress: ArchiveProgress {
                tables_written: row.tables_written,
                entries_written: row.entries_written,
            },
            ready,
            downloads: row.downloads,
            last_downloaded_at: row.last_downloaded_at,
        })
    }
}

fn named(name: &[u8]) -> Result<FileName, StorageError> {
    name.try_into().map(FileName).map_err(|_| corrupt(TABLE, "not the name of a file"))
}

/// Begins an archive; one that was cut off begins anew.
pub fn begin(
    c: &mut Conn,
    (owner, id): (AccountId, RightsRequestId),
    tables: i32,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(owner),
            t::rights_request_id.eq(id),
            t::started_at.eq(now),
            t::tables_total.eq(tables),
            t::tables_written.eq(0),
            t::entries_written.eq(0),
            t::downloads.eq(0),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    diesel::update(t::table.find((owner, id)))
        .set((
            t::started_at.eq(now),
            t::tables_total.eq(tables),
            t::tables_written.eq(0),
            t::entries_written.eq(0),
        ))
        .execute(c)?;
    Ok(())
}

/// Notes how far it has come.
pub fn note_progress(
    c: &mut Conn,
    (owner, id): (AccountId, RightsRequestId),
    progress: ArchiveProgress,
) -> Result<(), StorageError> {
    diesel::update(t::table.find((owner, id)))
        .set((t::tables_written.eq(progress.tables_written), t::entries_written.eq(progress.entries_written)))
        .execute(c)?;
    Ok(())
}

/// Makes it ready to be downloaded.
pub fn complete(
    c: &mut Conn,
    (owner, id): (AccountId, RightsRequestId),
    (kept, ready): (&KeptArchive, &ReadyArchive),
    progress: ArchiveProgress,
) -> Result<(), StorageError> {
    note_progress(c, (owner, id), progress)?;
    diesel::update(t::table.find((owner, id)))
        .set((
            t::file_name.eq(Some(kept.name.0.to_vec())),
            t::secret.eq(Some(kept.secret.clone())),
            t::size.eq(Some(ready.size)),
            t::content_hash.eq(Some(ready.content_hash.to_vec())),
            t::ready_at.eq(Some(ready.ready_at)),
            t::expires_at.eq(Some(ready.expires_at)),
        ))
        .execute(c)?;
    Ok(())
}

pub fn find(c: &mut Conn, owner: AccountId, id: RightsRequestId) -> Result<Option<Archive>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).get_result(c).optional()?;
    row.map(Archive::try_from).transpose()
}

/// Counts a download, and gives what is to be downloaded, if it still is.
pub fn take(
    c: &mut Conn,
    (owner, id): (AccountId, RightsRequestId),
    now: Timestamp,
) -> Result<Option<KeptArchive>, StorageError> {
    type Taken = (Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);
    let taken: Vec<Taken> = diesel::update(t::table.find((owner, id)))
        .filter(t::expires_at.gt(now).assume_not_null())
        .filter(t::file_name.is_not_null())
        .set((t::downloads.eq(t::downloads + 1), t::last_downloaded_at.eq(Some(now))))
        .returning((t::file_name, t::secret, t::size))
        .fetch(c)?;
    match taken.into_iter().next() {
        Some((Some(name), Some(secret), Some(size))) => {
            Ok(Some(KeptArchive { name: named(&name)?, secret, size }))
        }
        _ => Ok(None),
    }
}

/// Some archives that are downloaded no more, with the files to take away.
pub fn list_past(
    c: &mut Conn,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(AccountId, RightsRequestId, FileName)>, StorageError> {
    let rows: Vec<(AccountId, RightsRequestId, Option<Vec<u8>>)> = t::table
        .filter(t::file_name.is_not_null())
        .filter(t::expires_at.le(before))
        .select((t::account_id, t::rights_request_id, t::file_name))
        .limit(limit)
        .load(c)?;
    rows.into_iter()
        .filter_map(|(owner, id, name)| Some((owner, id, name?)))
        .map(|(owner, id, name)| Ok((owner, id, named(&name)?)))
        .collect()
}

/// Forgets what opens an archive, and where it rests.
pub fn forget(c: &mut Conn, owner: AccountId, id: RightsRequestId) -> Result<(), StorageError> {
    diesel::update(t::table.find((owner, id)))
        .set((t::file_name.eq(None::<Vec<u8>>), t::secret.eq(None::<Vec<u8>>)))
        .execute(c)?;
    Ok(())
}

/// The files of a person's archives.
pub fn list_names(c: &mut Conn, owner: AccountId) -> Result<Vec<FileName>, StorageError> {
    let names: Vec<Option<Vec<u8>>> =
        t::table.filter(t::account_id.eq(owner)).select(t::file_name).load(c)?;
    names.into_iter().flatten().map(|name| named(&name)).collect()
}

/// Which of some files are archives.
pub fn filter_kept(c: &mut Conn, names: &[FileName]) -> Result<Vec<FileName>, StorageError> {
    let names: Vec<Vec<u8>> = names.iter().map(|name| name.0.to_vec()).collect();
    let kept: Vec<Option<Vec<u8>>> =
        t::table.filter(t::file_name.eq_any(names)).select(t::file_name).load(c)?;
    kept.into_iter().flatten().map(|name| named(&name)).collect()
}
