//! Contested values: what a person says is wrong, while it waits for an answer, and the statement that stands beside what
//! was not changed (clauses 3.8 and 7.2).

use crate::{
    db::{Conn, StorageError},
    domain::{
        data_dictionary::{CORRECTION_ADDRESS, CORRECTION_IDENTITY, Category, Entry},
        disclosure::scope::DisclosureField,
        ids::AccountId,
        personal::{Personal, PersonalText},
        rights::rectification::{RectifiedField, StatementOfCorrection, Told},
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::rights_corrections::{self, SealedCorrection},
    services::vault::{Row, SubjectKeys, VaultError},
};

/// A value that its person says is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    pub field: RectifiedField,
    pub since: Timestamp,
    /// What the person wants to be read beside it.
    pub statement: Option<StatementOfCorrection>,
}

/// The column that keeps what is said of a field.
fn entry(field: RectifiedField) -> &'static Entry {
    if field.category() == Category::Address { &CORRECTION_ADDRESS } else { &CORRECTION_IDENTITY }
}

/// Seals what was told in a request.
///
/// # Errors
///
/// [`VaultError::NoKey`] if the category was erased.
pub fn seal(keys: &SubjectKeys, of: &SealedCorrection, told: &Told) -> Result<Vec<u8>, VaultError> {
    let unwritable =
        VaultError::Broken { table: "rights_corrections", column: "told", why: "does not write" };
    let text = told.write().map_err(|_| unwritable)?;
    Ok(keys.seal(entry(of.field), Row(of.request_id.as_bytes()), &text)?.into_envelope())
}

/// What was told in a request, unless it is over, or was erased.
///
/// # Errors
///
/// [`VaultError::Broken`] if it is not what was sealed there.
pub fn open(keys: &SubjectKeys, sealed: &SealedCorrection) -> Result<Option<Told>, VaultError> {
    let entry = entry(sealed.field);
    let Some(cell) = sealed.told.as_ref().filter(|cell| keys.can_open(entry, cell)) else { return Ok(None) };
    let text: PersonalText =
        keys.open(entry, Row(sealed.request_id.as_bytes()), &Sealed::from_envelope(cell.clone()))?;
    let unreadable = VaultError::Broken { table: "rights_corrections", column: "told", why: "does not read" };
    Ok(Some(Told::read(sealed.field, text.expose()).ok_or(unreadable)?))
}

/// What a person contests now, the newest for each field.
///
/// # Errors
///
/// Storage trouble, and cells that are not what was sealed.
pub fn list(c: &mut Conn, keys: &SubjectKeys) -> Result<Vec<Contest>, VaultError> {
    let mut contests: Vec<Contest> = Vec::new();
    for sealed in rights_corrections::list_contested(c, keys.account_id())? {
        let Some(told) = open(keys, &sealed.correction)? else { continue };
        let statement = told.statement.map(|(statement, _)| statement);
        // What was refused and has no statement beside it is settled.
        if sealed.is_refused && statement.is_none() {
            continue;
        }
        let field = sealed.correction.field;
        // A statement stands until the value is another, also while the next correction waits.
        let before =
            contests.iter().position(|other| other.field == field).map(|at| contests.swap_remove(at));
        let statement = statement.or(before.and_then(|before| before.statement));
        contests.push(Contest { field, since: sealed.since, statement });
    }
    Ok(contests)
}

/// Ends what stood beside values that are others now.
///
/// # Errors
///
/// Storage trouble only.
pub fn end(c: &mut Conn, owner: AccountId, corrected: &[DisclosureField]) -> Result<(), StorageError> {
    let is_corrected = |field: &&RectifiedField| corrected.contains(&field.disclosed_as());
    let fields: Vec<RectifiedField> = RectifiedField::ALL.iter().filter(is_corrected).copied().collect();
    if fields.is_empty() { Ok(()) } else { rights_corrections::end_statements(c, owner, &fields) }
}
