//! The consent ledger; rows are only ever added, in the order of the person's own count.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::consent_events},
    domain::consent::ConsentEvent,
};

pub fn append(c: &mut Conn, event: &ConsentEvent) -> Result<(), StorageError> {
    diesel::insert_into(consent_events::table)
        .values((
            consent_events::account_id.eq(event.account_id),
            consent_events::sequence.eq(event.sequence),
            consent_events::consent_event_id.eq(event.id),
            consent_events::purpose.eq(event.purpose.as_str()),
            consent_events::action.eq(event.action.as_str()),
            consent_events::kind.eq(event.kind.as_str()),
            consent_events::policy_version.eq(event.policy_version),
            consent_events::definition_hash.eq(event.definition_hash.to_vec()),
            consent_events::method.eq(event.method.as_str()),
            consent_events::given_at.eq(event.given_at),
            consent_events::recorded_at.eq(event.recorded_at),
            consent_events::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}
