//! What persons say that their data are, sealed, and the files that show it.

use diesel::prelude::*;

use super::{corrupt, kyc_documents::named};
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{
            rights_corrections as t,
            rights_evidence::{self, self as f},
            rights_requests as r,
        },
    },
    domain::{
        ids::{AccountId, DocumentId, RightsRequestId},
        kyc::file::FileName,
        rights::{
            rectification::{EvidenceFile, RectifiedField},
            request::RightsState,
        },
        time::Timestamp,
    },
};

const TABLE: &str = "rights_corrections";
const FILES: &str = "rights_evidence";

/// What was told in a request, as it rests; nothing once it is over or erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCorrection {
    pub request_id: RightsRequestId,
    pub field: RectifiedField,
    pub told: Option<Vec<u8>>,
}

type Row = (RightsRequestId, String, Option<Vec<u8>>, Option<Vec<u8>>);

fn read((request_id, field, identity, address): Row) -> Result<SealedCorrection, StorageError> {
    let field = RectifiedField::parse(&field).ok_or(corrupt(TABLE, "an unknown field"))?;
    Ok(SealedCorrection { request_id, field, told: identity.or(address) })
}

/// Where it rests: in the column of its key.
fn columns(field: RectifiedField, told: Option<Vec<u8>>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    if field == RectifiedField::Residence { (None, told) } else { (told, None) }
}

pub fn insert(c: &mut Conn, owner: AccountId, correction: &SealedCorrection) -> Result<(), StorageError> {
    let (identity, address) = columns(correction.field, correction.told.clone());
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(owner),
            t::rights_request_id.eq(correction.request_id),
            t::field.eq(correction.field.as_str()),
            t::told_identity.eq(identity),
            t::told_address.eq(address),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Puts something else in the place of what was told, or nothing.
pub fn put(
    c: &mut Conn,
    owner: AccountId,
    (id, field): (RightsRequestId, RectifiedField),
    told: Option<Vec<u8>>,
) -> Result<(), StorageError> {
    let (identity, address) = columns(field, told);
    diesel::update(t::table.find((owner, id)))
        .set((t::told_identity.eq(identity), t::told_address.eq(address)))
        .execute(c)?;
    Ok(())
}

pub fn find(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Option<SealedCorrection>, StorageError> {
    let row: Option<Row> = t::table
        .find((owner, id))
        .select((t::rights_request_id, t::field, t::told_identity, t::told_address))
        .get_result(c)
        .optional()?;
    row.map(read).transpose()
}

/// A value that its person says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedContest {
    pub correction: SealedCorrection,
    pub since: Timestamp,
    /// Whether it was refused, so that nothing but a statement stands beside the value.
    pub is_refused: bool,
}

/// What may be contested of a person: what waits for an answer, and what was refused.
pub fn list_contested(c: &mut Conn, owner: AccountId) -> Result<Vec<SealedContest>, StorageError> {
    let states = [RightsState::InReview, RightsState::Refused].map(RightsState::as_str);
    let same = r::account_id.eq(t::account_id).and(r::rights_request_id.eq(t::rights_request_id));
    let rows: Vec<(Row, Timestamp, String)> = t::table
        .inner_join(r::table.on(same))
        .filter(t::account_id.eq(owner))
        .filter(r::state.eq_any(states))
        .filter(t::told_identity.is_not_null().or(t::told_address.is_not_null()))
        .select(((t::rights_request_id, t::field, t::told_identity, t::told_address), r::filed_at, r::state))
        .order((r::filed_at, r::rights_request_id))
        .load(c)?;
    rows.into_iter()
        .map(|(row, since, state)| {
            let is_refused = state == RightsState::Refused.as_str();
            Ok(SealedContest { correction: read(row)?, since, is_refused })
        })
        .collect()
}

/// Ends what stood beside a value that is another now.
pub fn end_statements(c: &mut Conn, owner: AccountId, fields: &[RectifiedField]) -> Result<(), StorageError> {
    for contest in list_contested(c, owner)? {
        if contest.is_refused && fields.contains(&contest.correction.field) {
            put(c, owner, (contest.correction.request_id, contest.correction.field), None)?;
        }
    }
    Ok(())
}

/// A file as it is kept.
#[derive(Clone, Debug)]
pub struct KeptEvidence {
    pub facts: EvidenceFile,
    pub name: FileName,
    pub key_version: u32,
}

type FileRow = (DocumentId, i32, Option<Vec<u8>>, i32, i32, i64, Timestamp);

fn read_file(row: FileRow) -> Result<KeptEvidence, StorageError> {
    let (document_id, key_version, name, width, height, size, uploaded_at) = row;
    let number = |n: i32| u32::try_from(n).map_err(|_| corrupt(FILES, "a negative number"));
    Ok(KeptEvidence {
        facts: EvidenceFile {
            document_id,
            width: number(width)?,
            height: number(height)?,
            size,
            uploaded_at,
        },
        name: named(&name.unwrap_or_default())?,
        key_version: number(key_version)?,
    })
}

pub fn insert_file(
    c: &mut Conn,
    (owner, id): (AccountId, RightsRequestId),
    file: &KeptEvidence,
) -> Result<(), StorageError> {
    let number = |n: u32| i32::try_from(n).map_err(|_| corrupt(FILES, "a number out of range"));
    diesel::insert_into(f::table)
        .values((
            f::account_id.eq(owner),
            f::rights_request_id.eq(id),
            f::document_id.eq(file.facts.document_id),
            f::key_version.eq(number(file.key_version)?),
            f::file_name.eq(Some(file.name.0.to_vec())),
            f::width.eq(number(file.facts.width)?),
            f::height.eq(number(file.facts.height)?),
            f::size.eq(file.facts.size),
            f::uploaded_at.eq(file.facts.uploaded_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The files of a request, in the order in which they came.
pub fn list_files(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Vec<KeptEvidence>, StorageError> {
    let rows: Vec<FileRow> = f::table
        .filter(f::account_id.eq(owner))
        .filter(f::rights_request_id.eq(id))
        .select((f::document_id, f::key_version, f::file_name, f::width, f::height, f::size, f::uploaded_at))
        .order(f::document_id)
        .load(c)?;
    rows.into_iter().map(read_file).collect()
}

/// Every file of a person, with its request.
pub fn list_owned_files(
    c: &mut Conn,
    owner: AccountId,
) -> Result<Vec<(RightsRequestId, DocumentId)>, StorageError> {
    Ok(f::table
        .filter(f::account_id.eq(owner))
        .select((f::rights_request_id, f::document_id))
        .order((f::rights_request_id, f::document_id))
        .load(c)?)
}

/// Those of some names that a row has.
pub fn filter_kept(c: &mut Conn, names: &[FileName]) -> Result<Vec<FileName>, StorageError> {
    let wanted: Vec<Vec<u8>> = names.iter().map(|name| name.0.to_vec()).collect();
    let kept: Vec<Option<Vec<u8>>> =
        f::table.filter(f::file_name.eq_any(wanted)).select(f::file_name).load(c)?;
    kept.into_iter().flatten().map(|name| named(&name)).collect()
}

/// Forgets a person's files that some versions of the key sealed.
pub fn delete_files(c: &mut Conn, owner: AccountId, versions: &[u32]) -> Result<(), StorageError> {
    let versions: Vec<i32> = versions.iter().filter_map(|version| i32::try_from(*version).ok()).collect();
    diesel::delete(f::table.filter(f::account_id.eq(owner)).filter(f::key_version.eq_any(versions)))
        .execute(c)?;
    Ok(())
}

/// A person's files with the versions of the key that sealed them.
pub fn list_names(c: &mut Conn, owner: AccountId) -> Result<Vec<(FileName, u32)>, StorageError> {
    let names: Vec<(Option<Vec<u8>>, i32)> =
        f::table.filter(f::account_id.eq(owner)).select((f::file_name, f::key_version)).load(c)?;
    let mut read = Vec::new();
    for (name, version) in names {
        let version = u32::try_from(version).map_err(|_| corrupt(FILES, "a negative number"))?;
        read.push((named(&name.unwrap_or_default())?, version));
    }
    Ok(read)
}

/// Some persons whose files have done what they were for: no request of theirs waits for an answer, and none was answered,
/// and no file came, since an instant.
pub fn list_done_with(c: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    let is_waiting = r::state.eq(RightsState::InReview.as_str());
    let needed = r::table
        .filter(r::account_id.eq(f::account_id))
        .filter(is_waiting.or(r::answered_at.ge(before).assume_not_null()));
    let later = diesel::alias!(rights_evidence as later);
    let newer = later
        .filter(later.field(f::account_id).eq(f::account_id))
        .filter(later.field(f::uploaded_at).ge(before));
    Ok(f::table
        .filter(diesel::dsl::not(diesel::dsl::exists(needed)))
        .filter(diesel::dsl::not(diesel::dsl::exists(newer)))
        .select(f::account_id)
        .distinct()
        .order(f::account_id)
        .limit(limit)
        .load(c)?)
}

/// Whether a request of the person waits for an answer that files may decide.
pub fn is_waiting(c: &mut Conn, owner: AccountId) -> Result<bool, StorageError> {
    let same = r::account_id.eq(f::account_id).and(r::rights_request_id.eq(f::rights_request_id));
    let waiting: i64 = f::table
        .inner_join(r::table.on(same))
        .filter(f::account_id.eq(owner))
        .filter(r::state.eq(RightsState::InReview.as_str()))
        .count()
        .get_result(c)?;
    Ok(waiting > 0)
}
