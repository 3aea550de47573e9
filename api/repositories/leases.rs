//! Leases: which of several processes does a job that only one may do.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::leases},
    domain::{ids::InstanceId, time::Timestamp},
};

/// Takes or renews the lease for `holder`; `false` while another holds it.
pub fn acquire(
    c: &mut Conn,
    name: &'static str,
    holder: InstanceId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StorageError> {
    let renewed = diesel::update(leases::table.find(name))
        .filter(leases::holder.eq(holder).or(leases::expires_at.le(now)))
        .set((leases::holder.eq(holder), leases::expires_at.eq(until)))
        .execute(c)?;
    if renewed == 1 {
        return Ok(true);
    }
    let taken = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), leases::holder.eq(holder), leases::expires_at.eq(until)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(taken == 1)
}

/// Gives the lease back, if `holder` has it.
pub fn release(c: &mut Conn, name: &'static str, holder: InstanceId) -> Result<(), StorageError> {
    diesel::delete(leases::table.find(name)).filter(leases::holder.eq(holder)).execute(c)?;
    Ok(())
}

/// Takes the lease from whoever has it.
pub fn take_away(c: &mut Conn, name: &'static str) -> Result<(), StorageError> {
    diesel::delete(leases::table.find(name)).execute(c)?;
    Ok(())
}

/// Whether any process holds a lease at `now`, which means that the service runs.
pub fn is_held(c: &mut Conn, now: Timestamp) -> Result<bool, StorageError> {
    let held: i64 = leases::table.filter(leases::expires_at.gt(now)).count().get_result(c)?;
    Ok(held > 0)
}
