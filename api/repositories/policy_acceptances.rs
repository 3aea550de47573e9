//! The ledger of policy acceptances; rows are only ever added.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::policy_acceptances},
    domain::consent::PolicyAcceptance,
};

pub fn append(c: &mut Conn, acceptance: &PolicyAcceptance) -> Result<(), StorageError> {
    diesel::insert_into(policy_acceptances::table)
        .values((
            policy_acceptances::account_id.eq(acceptance.account_id),
            policy_acceptances::sequence.eq(acceptance.sequence),
            policy_acceptances::policy_version.eq(acceptance.version),
            policy_acceptances::content_hash.eq(acceptance.content_hash.to_vec()),
            policy_acceptances::method.eq(acceptance.method.as_str()),
            policy_acceptances::given_at.eq(acceptance.given_at),
            policy_acceptances::recorded_at.eq(acceptance.recorded_at),
            policy_acceptances::leaf_id.eq(acceptance.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}
