//! Which second factors an account has, wherever each rests.

use diesel::prelude::*;

use crate::{
    db::{
        Conn, StorageError,
        schema::{accounts, profiles, recovery_codes, totp_factors},
    },
    domain::{factor::Factors, ids::AccountId, time::Timestamp},
};

#[derive(Queryable)]
struct Row {
    totp_since: Option<Timestamp>,
    phone_since: Option<Timestamp>,
    recovery_codes_left: Option<i64>,
}

/// The factors of `id`, in one statement, found or not.
pub fn find(c: &mut Conn, id: AccountId) -> Result<Factors, StorageError> {
    let totp = totp_factors::table
        .filter(totp_factors::account_id.eq(id))
        .select(totp_factors::confirmed_at)
        .single_value();
    let phone = profiles::table
        .filter(profiles::account_id.eq(id))
        .filter(profiles::phone.is_not_null())
        .select(profiles::phone_verified_at)
        .single_value();
    let codes = recovery_codes::table
        .filter(recovery_codes::account_id.eq(id))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .single_value();
    let row: Option<Row> = accounts::table
        .filter(accounts::account_id.eq(id))
        .select((totp, phone, codes))
        .get_result(c)
        .optional()?;
    Ok(row.map_or_else(Factors::default, |row| Factors {
        totp_since: row.totp_since,
        phone_since: row.phone_since,
        recovery_codes_left: row.recovery_codes_left.unwrap_or(0),
    }))
}
