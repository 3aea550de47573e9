//! The rows that go when a category of a person's data is erased.

use diesel::prelude::*;

use super::advertisements;
use crate::{
    db::{
        Conn, StorageError, holds_value,
        schema::{
            account_changes, account_devices, account_emails, account_phones, contact_changes, credentials,
            devices, disclosures, factor_resets, idempotency_keys, kyc_cases, kyc_details,
            kyc_document_numbers, kyc_documents, kyc_files, kyc_flags, kyc_notes, kyc_records, kyc_signals,
            log_details, one_time_codes, outbox, password_resets, profiles, recovery_codes, refresh_tokens,
            registrations, rights_archives, rights_corrections, rights_evidence, sessions,
            sign_in_challenges, support_messages, totp_factors,
        },
    },
    domain::{
        data_dictionary::{Category, ENTRIES},
        disclosure::DisclosureState,
        ids::{AccountId, ClickerId, MessageId, RightsRequestId, SupportCaseId},
        kyc::KycState,
        rights::rectification::RectifiedField,
    },
};

/// Deletes or empties whatever the data dictionary puts into `category`.
///
/// A test walks the dictionary and fails on a column that this leaves filled.
pub fn erase_rows(c: &mut Conn, id: AccountId, category: Category) -> Result<(), StorageError> {
    match category {
        Category::Identity => erase_identity(c, id)?,
        Category::Contact => {
            diesel::delete(account_phones::table.filter(account_phones::account_id.eq(id))).execute(c)?;
            diesel::update(profiles::table.find(id))
                .set((
                    profiles::email.eq(None::<Vec<u8>>),
                    profiles::phone.eq(None::<Vec<u8>>),
                    profiles::language.eq(None::<Vec<u8>>),
                    profiles::time_zone.eq(None::<Vec<u8>>),
                ))
                .execute(c)?;
            diesel::update(account_changes::table.filter(account_changes::account_id.eq(id)))
                .set(account_changes::old_contact.eq(None::<Vec<u8>>))
                .execute(c)?;
            diesel::delete(account_emails::table.filter(account_emails::account_id.eq(id))).execute(c)?;
            diesel::delete(contact_changes::table.filter(contact_changes::account_id.eq(id))).execute(c)?;
            diesel::delete(password_resets::table.find(id)).execute(c)?;
            diesel::delete(registrations::table.find(id)).execute(c)?;
        }
        Category::Security => erase_security(c, id)?,
        Category::Messages => erase_messages(c, id)?,
        Category::Address => {
            diesel::update(kyc_details::table.find(id))
                .set(kyc_details::residence.eq(None::<Vec<u8>>))
                .execute(c)?;
            diesel::update(rights_corrections::table.filter(rights_corrections::account_id.eq(id)))
                .set(rights_corrections::told_address.eq(None::<Vec<u8>>))
                .execute(c)?;
        }
        Category::LogDetail => {
            diesel::delete(log_details::table.filter(log_details::account_id.eq(id))).execute(c)?;
            end_disclosures(c, id)?;
        }
        Category::Documents => {
            diesel::delete(kyc_document_numbers::table.filter(kyc_document_numbers::account_id.eq(id)))
                .execute(c)?;
            diesel::delete(kyc_files::table.filter(kyc_files::account_id.eq(id))).execute(c)?;
            diesel::delete(kyc_documents::table.filter(kyc_documents::account_id.eq(id))).execute(c)?;
        }
        Category::Copies => {
            diesel::delete(idempotency_keys::table.filter(idempotency_keys::account_id.eq(id))).execute(c)?;
            end_archives(c, id)?;
        }
        Category::Proofs => {
            diesel::delete(rights_evidence::table.filter(rights_evidence::account_id.eq(id))).execute(c)?;
        }
        Category::Statutory => {
            diesel::delete(kyc_records::table.filter(kyc_records::account_id.eq(id))).execute(c)?;
        }
    }
    Ok(())
}

fn erase_identity(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::update(profiles::table.find(id))
        .set((profiles::real_name.eq(None::<Vec<u8>>), profiles::display_name.eq(None::<Vec<u8>>)))
        .execute(c)?;
    diesel::update(account_changes::table.filter(account_changes::account_id.eq(id)))
        .set(account_changes::old_identity.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::update(kyc_details::table.find(id))
        .set(kyc_details::birth_date.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::update(rights_corrections::table.filter(rights_corrections::account_id.eq(id)))
        .set(rights_corrections::told_identity.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::delete(registrations::table.find(id)).execute(c)?;
    Ok(())
}

/// Empties the cells of a category that `is_dead` says were sealed under a key that is gone.
pub fn erase_dead(
    c: &mut Conn,
    id: AccountId,
    category: Category,
    is_dead: impl Fn(&[u8]) -> bool,
) -> Result<(), StorageError> {
    let is_dead = |cell: &Option<Vec<u8>>| cell.as_deref().is_some_and(&is_dead);
    match category {
        Category::Address => {
            let residence: Option<Option<Vec<u8>>> =
                kyc_details::table.find(id).select(kyc_details::residence).get_result(c).optional()?;
            if residence.is_some_and(|cell| is_dead(&cell)) {
                // The day of birth was told beside it, for the same, and is of no use alone.
                let nothing = None::<Vec<u8>>;
                diesel::update(kyc_details::table.find(id))
                    .set((kyc_details::residence.eq(&nothing), kyc_details::birth_date.eq(&nothing)))
                    .execute(c)?;
            }
            erase_dead_corrections(c, id, &is_dead)
        }
        Category::Messages => erase_dead_correspondence(c, id, &is_dead),
        Category::Copies => erase_dead_copies(c, id, &is_dead),
        // Of documents each verification goes with its own key, and the others go whole.
        Category::Identity
        | Category::Contact
        | Category::Documents
        | Category::Security
        | Category::LogDetail
        | Category::Statutory
        | Category::Proofs => Ok(()),
    }
}

fn erase_dead_corrections(
    c: &mut Conn,
    id: AccountId,
    is_dead: &impl Fn(&Option<Vec<u8>>) -> bool,
) -> Result<(), StorageError> {
    use rights_corrections as r;
    let told: Vec<(RightsRequestId, Option<Vec<u8>>)> =
        r::table.filter(r::account_id.eq(id)).select((r::rights_request_id, r::told_address)).load(c)?;
    for (request, _) in told.into_iter().filter(|(_, told)| is_dead(told)) {
        diesel::update(r::table.find((id, request))).set(r::told_address.eq(None::<Vec<u8>>)).execute(c)?;
    }
    // As the day of birth itself, what is said of it goes with the address.
    diesel::update(r::table.filter(r::account_id.eq(id)))
        .filter(r::field.eq(RectifiedField::BirthDate.as_str()))
        .set(r::told_identity.eq(None::<Vec<u8>>))
        .execute(c)?;
    Ok(())
}

fn erase_dead_correspondence(
    c: &mut Conn,
    id: AccountId,
    is_dead: &impl Fn(&Option<Vec<u8>>) -> bool,
) -> Result<(), StorageError> {
    use outbox as o;
    use support_messages as m;
    let own = m::table.filter(m::account_id.eq(id));
    let messages: Vec<(SupportCaseId, i64, Option<Vec<u8>>)> =
        own.select((m::support_case_id, m::number, m::body)).load(c)?;
    for (case, number, _) in messages.into_iter().filter(|(_, _, body)| is_dead(body)) {
        diesel::update(m::table.find((id, case, number))).set(m::body.eq(None::<Vec<u8>>)).execute(c)?;
    }
    // What is on its way was waited for; after a restore it opens no more.
    let mails: Vec<(MessageId, Option<Vec<u8>>)> =
        o::table.filter(o::account_id.eq(id)).select((o::message_id, o::content)).load(c)?;
    for (message, _) in mails.into_iter().filter(|(_, content)| is_dead(content)) {
        diesel::delete(o::table.find((id, message))).execute(c)?;
    }
    Ok(())
}

/// Answers are not repeated any more, and what they answered is not done again; archives end.
fn erase_dead_copies(
    c: &mut Conn,
    id: AccountId,
    is_dead: &impl Fn(&Option<Vec<u8>>) -> bool,
) -> Result<(), StorageError> {
    use idempotency_keys as k;
    use rights_archives as a;
    type Answer = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);
    let answers: Vec<Answer> =
        k::table.filter(k::account_id.eq(id)).select((k::caller_mac, k::key_mac, k::answer)).load(c)?;
    for (caller, key, _) in answers.into_iter().filter(|(_, _, answer)| is_dead(answer)) {
        diesel::update(k::table.find((caller, key))).set(k::answer.eq(None::<Vec<u8>>)).execute(c)?;
    }
    let archives: Vec<(RightsRequestId, Option<Vec<u8>>)> =
        a::table.filter(a::account_id.eq(id)).select((a::rights_request_id, a::secret)).load(c)?;
    for (request, _) in archives.into_iter().filter(|(_, secret)| is_dead(secret)) {
        diesel::update(a::table.find((id, request)))
            .set((a::file_name.eq(None::<Vec<u8>>), a::secret.eq(None::<Vec<u8>>)))
            .execute(c)?;
    }
    Ok(())
}

/// Whether a cell of a category is there that `is_dead` says was sealed under a key that is gone.
pub fn holds_dead(
    c: &mut Conn,
    id: AccountId,
    category: Category,
    is_dead: impl Fn(&[u8]) -> bool,
) -> Result<bool, StorageError> {
    let cells: Vec<Option<Vec<u8>>> = match category {
        Category::Address => {
            let mut cells: Vec<Option<Vec<u8>>> = kyc_details::table
                .filter(kyc_details::account_id.eq(id))
                .select(kyc_details::residence)
                .load(c)?;
            cells.extend(
                rights_corrections::table
                    .filter(rights_corrections::account_id.eq(id))
                    .select(rights_corrections::told_address)
                    .load::<Option<Vec<u8>>>(c)?,
            );
            cells
        }
        Category::Messages => {
            let mut cells: Vec<Option<Vec<u8>>> = support_messages::table
                .filter(support_messages::account_id.eq(id))
                .select(support_messages::body)
                .load(c)?;
            let mails = outbox::table.filter(outbox::account_id.eq(id)).select(outbox::content);
            cells.extend(mails.load::<Option<Vec<u8>>>(c)?);
            cells
        }
        Category::Copies => {
            let answers = idempotency_keys::table.filter(idempotency_keys::account_id.eq(id));
            let mut cells: Vec<Option<Vec<u8>>> = answers.select(idempotency_keys::answer).load(c)?;
            let archives = rights_archives::table.filter(rights_archives::account_id.eq(id));
            cells.extend(archives.select(rights_archives::secret).load::<Option<Vec<u8>>>(c)?);
            cells
        }
        Category::Identity
        | Category::Contact
        | Category::Documents
        | Category::Security
        | Category::LogDetail
        | Category::Statutory
        | Category::Proofs => Vec::new(),
    };
    Ok(cells.into_iter().flatten().any(|cell| is_dead(&cell)))
}

/// Whether a mail is on its way that was sealed under a key that is about to go: it goes by itself within hours.
pub fn holds_on_its_way(
    c: &mut Conn,
    id: AccountId,
    is_old: impl Fn(&[u8]) -> bool,
) -> Result<bool, StorageError> {
    let mails: Vec<Option<Vec<u8>>> =
        outbox::table.filter(outbox::account_id.eq(id)).select(outbox::content).load(c)?;
    Ok(mails.into_iter().flatten().any(|cell| is_old(&cell)))
}

/// Columns whose tables know their person by another name, or are about nobody with an account.
const KEYED_OTHERWISE: &[&str] =
    &["blocks", "ban_marks", "throttles", "staff_members", "staff_emails", "instruments", "ad_clicks"];

/// A column of the data dictionary that still holds something of a person, but for what is kept: nothing after an
/// erasure.
pub fn find_left(
    c: &mut Conn,
    id: AccountId,
    kept: &[Category],
) -> Result<Option<&'static str>, StorageError> {
    let own = ENTRIES.iter().filter(|entry| !KEYED_OTHERWISE.contains(&entry.table));
    for entry in own.filter(|entry| !kept.contains(&entry.category)) {
        if holds_value(c, (entry.table, entry.column), id)? {
            return Ok(Some(entry.column));
        }
    }
    Ok(None)
}

/// Whether a category of a person's data is still there in rows.
pub fn holds_any(c: &mut Conn, id: AccountId, category: Category) -> Result<bool, StorageError> {
    let own = ENTRIES.iter().filter(|entry| entry.category == category);
    for entry in own.filter(|entry| !KEYED_OTHERWISE.contains(&entry.table)) {
        if holds_value(c, (entry.table, entry.column), id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends whatever is under way: no step of it could be written any more.
fn end_disclosures(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    let open = DisclosureState::ALL.iter().filter(|state| state.is_open());
    let open: Vec<&str> = open.map(|state| state.as_str()).collect();
    diesel::update(disclosures::table.filter(disclosures::account_id.eq(id)))
        .filter(disclosures::state.eq_any(open))
        .set(disclosures::state.eq(DisclosureState::Expired.as_str()))
        .execute(c)?;
    diesel::update(disclosures::table.filter(disclosures::account_id.eq(id)))
        .filter(disclosures::state.eq(DisclosureState::Released.as_str()))
        .set(disclosures::state.eq(DisclosureState::Revoked.as_str()))
        .execute(c)?;
    // Nobody is left to be told.
    diesel::update(disclosures::table.filter(disclosures::account_id.eq(id)))
        .filter(disclosures::told_at.is_null())
        .set(disclosures::told_at.eq(disclosures::released_at))
        .execute(c)?;
    Ok(())
}

/// Ends every archive of a person: each holds something of everything.
pub fn end_archives(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::update(rights_archives::table.filter(rights_archives::account_id.eq(id)))
        .set((rights_archives::file_name.eq(None::<Vec<u8>>), rights_archives::secret.eq(None::<Vec<u8>>)))
        .execute(c)?;
    Ok(())
}

fn erase_messages(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::delete(outbox::table.filter(outbox::account_id.eq(id))).execute(c)?;
    diesel::update(support_messages::table.filter(support_messages::account_id.eq(id)))
        .set(support_messages::body.eq(None::<Vec<u8>>))
        .execute(c)?;
    Ok(())
}

fn erase_security(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::update(disclosures::table.filter(disclosures::account_id.eq(id)))
        .set(disclosures::ground.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::update(kyc_cases::table.filter(kyc_cases::account_id.eq(id)))
        .set(kyc_cases::private_reason.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::update(kyc_cases::table.filter(kyc_cases::account_id.eq(id)))
        .filter(kyc_cases::decided_at.is_null())
        .set((
            kyc_cases::state.eq(KycState::NotRequired.as_str()),
            kyc_cases::decided_at.eq(kyc_cases::requested_at.nullable()),
        ))
        .execute(c)?;
    diesel::update(kyc_notes::table.filter(kyc_notes::account_id.eq(id)))
        .set(kyc_notes::body.eq(None::<Vec<u8>>))
        .execute(c)?;
    diesel::delete(kyc_signals::table.filter(kyc_signals::account_id.eq(id))).execute(c)?;
    diesel::delete(kyc_flags::table.filter(kyc_flags::account_id.eq(id))).execute(c)?;
    advertisements::forget_clicks(c, &[ClickerId::from_uuid(id.as_uuid())])?;
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::account_id.eq(id))).execute(c)?;
    diesel::delete(sessions::table.filter(sessions::account_id.eq(id))).execute(c)?;
    diesel::delete(account_devices::table.filter(account_devices::account_id.eq(id))).execute(c)?;
    diesel::delete(devices::table.filter(devices::account_id.eq(id).assume_not_null())).execute(c)?;
    diesel::delete(credentials::table.find(id)).execute(c)?;
    diesel::delete(totp_factors::table.find(id)).execute(c)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(id))).execute(c)?;
    diesel::delete(sign_in_challenges::table.filter(sign_in_challenges::account_id.eq(id))).execute(c)?;
    diesel::delete(one_time_codes::table.filter(one_time_codes::account_id.eq(id))).execute(c)?;
    diesel::delete(factor_resets::table.filter(factor_resets::account_id.eq(id))).execute(c)?;
    diesel::delete(registrations::table.find(id)).execute(c)?;
    Ok(())
}
