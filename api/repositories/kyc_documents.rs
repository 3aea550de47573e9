//! Documents that were handed in, the names of their files, and the keyed hashes of their numbers.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{kyc_document_numbers as n, kyc_documents as t, kyc_files as f},
    },
    domain::{
        ids::{AccountId, DocumentId, KycCaseId},
        kyc::{
            DocumentKind, KycItem,
            document::{DocumentFile, DocumentSide},
            file::FileName,
        },
        time::Timestamp,
    },
};

const TABLE: &str = "kyc_documents";

/// A document as it rests.
#[derive(Clone)]
pub struct SealedDocument {
    pub account_id: AccountId,
    pub id: DocumentId,
    pub case_id: KycCaseId,
    pub item: KycItem,
    pub kind: DocumentKind,
    /// What was told of it; none once it was erased.
    pub told: Option<Vec<u8>>,
    pub uploaded_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
}

/// A file as it is kept.
#[derive(Clone)]
pub struct KeptFile {
    pub facts: DocumentFile,
    pub name: FileName,
}

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: DocumentId,
    case_id: KycCaseId,
    item: String,
    kind: String,
    told: Option<Vec<u8>>,
    uploaded_at: Timestamp,
    submitted_at: Option<Timestamp>,
}

impl TryFrom<Row> for SealedDocument {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            case_id: row.case_id,
            item: KycItem::parse(&row.item).ok_or(corrupt(TABLE, "an unknown item"))?,
            kind: DocumentKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            told: row.told,
            uploaded_at: row.uploaded_at,
            submitted_at: row.submitted_at,
        })
    }
}

#[derive(Queryable)]
struct FileRow {
    document: DocumentId,
    side: String,
    name: Option<Vec<u8>>,
    width: i32,
    height: i32,
    size: i64,
}

impl FileRow {
    fn read(self) -> Result<(DocumentId, KeptFile), StorageError> {
        let number = |n: i32| u32::try_from(n).map_err(|_| corrupt("kyc_files", "a negative size"));
        let facts = DocumentFile {
            side: DocumentSide::parse(&self.side).ok_or(corrupt("kyc_files", "an unknown side"))?,
            width: number(self.width)?,
            height: number(self.height)?,
            size: self.size,
        };
        Ok((self.document, KeptFile { facts, name: named(&self.name.unwrap_or_default())? }))
    }
}

fn size(number: u32) -> Result<i32, StorageError> {
    i32::try_from(number).map_err(|_| corrupt(TABLE, "a number out of range"))
}

/// Adds a document; `false` if one stands in its place, or one of its kind is there.
pub fn insert(c: &mut Conn, document: &SealedDocument) -> Result<bool, StorageError> {
    let added = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(document.account_id),
            t::document_id.eq(document.id),
            t::kyc_case_id.eq(document.case_id),
            t::item.eq(document.item.as_str()),
            t::kind.eq(document.kind.as_str()),
            t::told.eq(document.told.clone()),
            t::uploaded_at.eq(document.uploaded_at),
            t::submitted_at.eq(document.submitted_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// Adds the file of a side.
pub fn insert_file(
    c: &mut Conn,
    owner: AccountId,
    document: DocumentId,
    file: &KeptFile,
) -> Result<(), StorageError> {
    diesel::insert_into(f::table)
        .values((
            f::account_id.eq(owner),
            f::document_id.eq(document),
            f::side.eq(file.facts.side.as_str()),
            f::file_name.eq(Some(file.name.0.to_vec())),
            f::width.eq(size(file.facts.width)?),
            f::height.eq(size(file.facts.height)?),
            f::size.eq(file.facts.size),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Adds the keyed hashes of a document's number.
pub fn insert_numbers(
    c: &mut Conn,
    owner: AccountId,
    document: DocumentId,
    indexes: &[(u32, [u8; 32])],
) -> Result<(), StorageError> {
    for (version, index) in indexes {
        diesel::insert_into(n::table)
            .values((
                n::account_id.eq(owner),
                n::document_id.eq(document),
                n::key_version.eq(size(*version)?),
                n::blind_index.eq(index.to_vec()),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// The documents of a verification, in the order of what they stand for.
pub fn list(c: &mut Conn, owner: AccountId, case: KycCaseId) -> Result<Vec<SealedDocument>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kyc_case_id.eq(case))
        .order(t::document_id)
        .load(c)?;
    let mut documents = rows.into_iter().map(SealedDocument::try_from).collect::<Result<Vec<_>, _>>()?;
    documents.sort_by_key(|document| document.item);
    Ok(documents)
}

/// Notes when the documents of a case were first submitted: those of an earlier submission keep their own instant.
pub fn note_submitted(
    c: &mut Conn,
    owner: AccountId,
    case: KycCaseId,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(t::table.filter(t::account_id.eq(owner)).filter(t::kyc_case_id.eq(case)))
        .filter(t::submitted_at.is_null())
        .set(t::submitted_at.eq(Some(now)))
        .execute(c)?;
    Ok(())
}

/// Whether another account shows a document of the same number as one of this case, whichever came first.
pub fn is_shared(c: &mut Conn, owner: AccountId, case: KycCaseId) -> Result<bool, StorageError> {
    let own: Vec<Vec<u8>> = n::table
        .filter(n::account_id.eq(owner))
        .filter(n::document_id.eq_any(
            t::table.filter(t::account_id.eq(owner)).filter(t::kyc_case_id.eq(case)).select(t::document_id),
        ))
        .select(n::blind_index)
        .load(c)?;
    let others: i64 =
        n::table.filter(n::blind_index.eq_any(own)).filter(n::account_id.ne(owner)).count().get_result(c)?;
    Ok(others > 0)
}

pub fn find(
    c: &mut Conn,
    owner: AccountId,
    document: DocumentId,
) -> Result<Option<SealedDocument>, StorageError> {
    let row: Option<Row> = t::table.find((owner, document)).get_result(c).optional()?;
    row.map(SealedDocument::try_from).transpose()
}

/// The files of some documents of a person, whose names were not erased.
pub fn list_files(
    c: &mut Conn,
    owner: AccountId,
    documents: &[DocumentId],
) -> Result<Vec<(DocumentId, KeptFile)>, StorageError> {
    let rows: Vec<FileRow> = f::table
        .filter(f::account_id.eq(owner))
        .filter(f::document_id.eq_any(documents))
        .filter(f::file_name.is_not_null())
        .order((f::document_id, f::side.desc()))
        .select((f::document_id, f::side, f::file_name, f::width, f::height, f::size))
        .load(c)?;
    rows.into_iter().map(FileRow::read).collect()
}

pub(super) fn named(name: &[u8]) -> Result<FileName, StorageError> {
    name.try_into().map(FileName).map_err(|_| corrupt("kyc_files", "a name of another length"))
}

/// Deletes a document with everything that hangs on it.
pub fn delete(c: &mut Conn, owner: AccountId, document: DocumentId) -> Result<(), StorageError> {
    diesel::delete(n::table.filter(n::account_id.eq(owner)).filter(n::document_id.eq(document)))
        .execute(c)?;
    diesel::delete(f::table.filter(f::account_id.eq(owner)).filter(f::document_id.eq(document)))
        .execute(c)?;
    diesel::delete(t::table.find((owner, document))).execute(c)?;
    Ok(())
}

/// The names of all files of a person, or of those of one verification.
pub fn list_names(
    c: &mut Conn,
    owner: AccountId,
    case: Option<KycCaseId>,
) -> Result<Vec<FileName>, StorageError> {
    let of_case = match case {
        Some(case) => list(c, owner, case)?.into_iter().map(|document| document.id).collect(),
        None => t::table.filter(t::account_id.eq(owner)).select(t::document_id).load(c)?,
    };
    Ok(list_files(c, owner, &of_case)?.into_iter().map(|(_, file)| file.name).collect())
}

/// The documents of a person, in the order in which they came.
pub fn list_ids(c: &mut Conn, owner: AccountId) -> Result<Vec<DocumentId>, StorageError> {
    Ok(t::table
        .filter(t::account_id.eq(owner))
        .select(t::document_id)
        .order((t::uploaded_at, t::document_id))
        .load(c)?)
}

/// Which of `names` belong to somebody's document.
pub fn filter_kept(c: &mut Conn, names: &[FileName]) -> Result<Vec<FileName>, StorageError> {
    let names: Vec<Vec<u8>> = names.iter().map(|name| name.0.to_vec()).collect();
    let kept: Vec<Option<Vec<u8>>> =
        f::table.filter(f::file_name.eq_any(names)).select(f::file_name).load(c)?;
    kept.into_iter().flatten().map(|name| named(&name)).collect()
}
