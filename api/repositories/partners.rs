//! Clients of partners, their credentials, and the assertions that were used.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{partner_assertions, partner_clients, partner_credentials},
    },
    domain::{
        ids::{PartnerClientId, PartnerCredentialId},
        partner::{CredentialProof, PartnerClient, PartnerCredential, Scope},
        time::Timestamp,
    },
};

const ACTIVE: &str = "active";

#[derive(Queryable)]
struct Row {
    id: PartnerClientId,
    name: String,
    scopes: String,
    state: String,
    requests_per_minute: i32,
    epoch: i64,
    created_at: Timestamp,
}

#[derive(Queryable)]
struct CredentialRow {
    client: PartnerClientId,
    id: PartnerCredentialId,
    secret_mac: Option<Vec<u8>>,
    public_key: Option<Vec<u8>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl TryFrom<CredentialRow> for PartnerCredential {
    type Error = StorageError;

    fn try_from(row: CredentialRow) -> Result<Self, StorageError> {
        const TABLE: &str = "partner_credentials";
        let proof = match (row.secret_mac, row.public_key) {
            (Some(mac), None) => CredentialProof::Secret { mac: hash32(TABLE, &mac)? },
            (None, Some(key)) => CredentialProof::PublicKey(hash32(TABLE, &key)?),
            _ => return Err(corrupt(TABLE, "no proof, or two")),
        };
        Ok(Self { id: row.id, proof, created_at: row.created_at, expires_at: row.expires_at })
    }
}

fn clients(c: &mut Conn, rows: Vec<Row>) -> Result<Vec<PartnerClient>, StorageError> {
    let ids: Vec<PartnerClientId> = rows.iter().map(|row| row.id).collect();
    let found: Vec<CredentialRow> = partner_credentials::table
        .filter(partner_credentials::partner_client_id.eq_any(ids))
        .order((partner_credentials::partner_client_id, partner_credentials::partner_credential_id))
        .load(c)?;
    let mut credentials: HashMap<PartnerClientId, Vec<PartnerCredential>> = HashMap::new();
    for row in found {
        credentials.entry(row.client).or_default().push(row.try_into()?);
    }
    rows.into_iter()
        .map(|row| {
            Ok(PartnerClient {
                scopes: Scope::split(&row.scopes).ok_or(corrupt("partner_clients", "an unknown scope"))?,
                credentials: credentials.remove(&row.id).unwrap_or_default(),
                id: row.id,
                name: row.name,
                active: row.state == ACTIVE,
                requests_per_minute: row.requests_per_minute,
                epoch: row.epoch,
                created_at: row.created_at,
            })
        })
        .collect()
}

pub fn insert(c: &mut Conn, client: &PartnerClient) -> Result<(), StorageError> {
    diesel::insert_into(partner_clients::table)
        .values((
            partner_clients::partner_client_id.eq(client.id),
            partner_clients::name.eq(client.name.clone()),
            partner_clients::scopes.eq(Scope::join(&client.scopes)),
            partner_clients::state.eq(ACTIVE),
            partner_clients::requests_per_minute.eq(client.requests_per_minute),
            partner_clients::epoch.eq(client.epoch),
            partner_clients::created_at.eq(client.created_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// A client with its credentials.
pub fn find(c: &mut Conn, id: PartnerClientId) -> Result<Option<PartnerClient>, StorageError> {
    let row: Option<Row> = partner_clients::table.find(id).get_result(c).optional()?;
    Ok(clients(c, row.into_iter().collect())?.pop())
}

/// Clients after `cursor`, in the order of their ids.
pub fn list(
    c: &mut Conn,
    cursor: Option<PartnerClientId>,
    limit: i64,
) -> Result<Vec<PartnerClient>, StorageError> {
    let after = cursor.unwrap_or(PartnerClientId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> = partner_clients::table
        .filter(partner_clients::partner_client_id.gt(after))
        .order(partner_clients::partner_client_id)
        .limit(limit)
        .load(c)?;
    clients(c, rows)
}

/// Ends a client, and every token of it; `false` if it has ended.
pub fn deactivate(c: &mut Conn, id: PartnerClientId) -> Result<bool, StorageError> {
    let ended = diesel::update(partner_clients::table.find(id))
        .filter(partner_clients::state.eq(ACTIVE))
        .set((
            partner_clients::state.eq("deactivated"),
            partner_clients::epoch.eq(partner_clients::epoch + 1),
        ))
        .execute(c)?;
    Ok(ended == 1)
}

pub fn insert_credential(
    c: &mut Conn,
    client: PartnerClientId,
    credential: &PartnerCredential,
) -> Result<(), StorageError> {
    let (secret, key) = match &credential.proof {
        CredentialProof::Secret { mac } => (Some(mac.to_vec()), None),
        CredentialProof::PublicKey(key) => (None, Some(key.to_vec())),
    };
    diesel::insert_into(partner_credentials::table)
        .values((
            partner_credentials::partner_client_id.eq(client),
            partner_credentials::partner_credential_id.eq(credential.id),
            partner_credentials::secret_mac.eq(secret),
            partner_credentials::public_key.eq(key),
            partner_credentials::created_at.eq(credential.created_at),
            partner_credentials::expires_at.eq(credential.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Lets a credential work until an instant; `false` if it ends before that anyhow.
pub fn retire_credential(
    c: &mut Conn,
    client: PartnerClientId,
    id: PartnerCredentialId,
    until: Timestamp,
) -> Result<bool, StorageError> {
    let retired = diesel::update(partner_credentials::table.find((client, id)))
        .filter(
            partner_credentials::expires_at
                .is_null()
                .or(partner_credentials::expires_at.gt(until).assume_not_null()),
        )
        .set(partner_credentials::expires_at.eq(Some(until)))
        .execute(c)?;
    Ok(retired == 1)
}

/// Uses an assertion up; `false` if it was used before.
pub fn spend_assertion(
    c: &mut Conn,
    client: PartnerClientId,
    mac: &[u8; 32],
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let added = diesel::insert_into(partner_assertions::table)
        .values((
            partner_assertions::partner_client_id.eq(client),
            partner_assertions::assertion_mac.eq(mac.to_vec()),
            partner_assertions::expires_at.eq(expires_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// Deletes some assertions that could not be used again before `before`.
pub fn delete_past_assertions(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(PartnerClientId, Vec<u8>)> = partner_assertions::table
        .filter(partner_assertions::expires_at.lt(before))
        .select((partner_assertions::partner_client_id, partner_assertions::assertion_mac))
        .limit(limit)
        .load(c)?;
    for (client, mac) in &past {
        diesel::delete(partner_assertions::table.find((*client, mac.clone()))).execute(c)?;
    }
    Ok(past.len())
}
