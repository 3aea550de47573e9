//! What an account takes over from the device that it signs in on (clause 2.6).

use super::append;
use crate::{
    db::{Conn, StorageError},
    domain::{
        consent::{ConsentEvent, ConsentKind, ConsentMethod},
        device::{Device, DeviceConsentEvent, is_taken_over},
        ids::{AccountId, ConsentEventId, DeviceId, DeviceRef, NoticeId},
        notice::{MailState, Notice, NoticeKind},
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{accounts, consent_events, device_consent_events, devices, notices},
    services::{
        log::LeafDraft,
        vault::{SubjectKeys, VaultError, kms::KmsError},
    },
};

/// A sign-in on a device, with everything that its transaction may need to take over.
#[derive(Clone)]
pub struct Takeover {
    device: DeviceId,
    /// What ledgers will call the device, if they do not know it yet.
    reference: DeviceRef,
    drafts: Vec<LeafDraft>,
    notice: NoticeId,
    at: Timestamp,
}

impl Takeover {
    /// # Errors
    ///
    /// Only if the machine gives no randomness.
    pub fn new(device: DeviceId, now: Timestamp) -> Result<Self, KmsError> {
        let of_device = Purpose::ALL.iter().filter(|purpose| purpose.is_of_device());
        Ok(Self {
            device,
            reference: DeviceRef::generate(now),
            drafts: of_device.map(|_| LeafDraft::new(now)).collect::<Result<_, _>>()?,
            notice: NoticeId::generate(now),
            at: now,
        })
    }

    /// The device on which a session of `account` begins: one that another account was used on last
    /// gets a fresh identity, so that neither learns of the other.
    pub fn device_for(
        account: AccountId,
        shown: DeviceId,
        known: Option<&Device>,
        now: Timestamp,
    ) -> DeviceId {
        match known.and_then(|device| device.account_id) {
            Some(other) if other != account => DeviceId::generate(now),
            _ => shown,
        }
    }

    /// Links device and account, and writes what the account takes over, with a notice that tells of it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] if another account took the device in this very moment.
    pub fn write(&self, c: &mut Conn, keys: &SubjectKeys) -> Result<(), VaultError> {
        let device = devices::find_or_insert(c, self.device, self.reference, self.at)?;
        if device.gpc_seen_at.is_some() {
            accounts::note_gpc(c, keys.account_id(), self.at)?;
        }
        if device.sequence > device.merged_sequence {
            self.merge(c, keys, &device)?;
        }
        if devices::link(c, &device, keys.account_id(), self.at)? {
            Ok(())
        } else {
            Err(StorageError::Unavailable("the device is being taken by another account").into())
        }
    }

    fn merge(&self, c: &mut Conn, keys: &SubjectKeys, device: &Device) -> Result<(), VaultError> {
        let id = keys.account_id();
        let expressed = device_consent_events::list_last(c, device.reference)?;
        let fresh = expressed.into_iter().filter(|event| event.sequence > device.merged_sequence);
        let mut merged = false;
        for (event, draft) in fresh.zip(&self.drafts) {
            let last = consent_events::find_last(c, id, event.purpose)?.map(|last| last.action);
            if is_taken_over(event.action, last) {
                let sequence = accounts::take_sequence(c, id, 1)?
                    .ok_or(StorageError::Unavailable("the account is going"))?;
                append(c, keys, draft, &self.taken(id, sequence, draft, &event))?;
                merged = true;
            }
        }
        if merged {
            let numbers = notices::last_numbers(c, &[id])?;
            notices::insert(c, &self.told(id, numbers.get(&id).copied().unwrap_or(0) + 1))?;
        }
        Ok(())
    }

    fn taken(
        &self,
        id: AccountId,
        sequence: i64,
        draft: &LeafDraft,
        event: &DeviceConsentEvent,
    ) -> ConsentEvent {
        ConsentEvent {
            id: ConsentEventId::generate(self.at),
            account_id: id,
            sequence,
            purpose: event.purpose,
            action: event.action,
            kind: ConsentKind::Specific,
            policy_version: event.policy_version,
            definition_hash: event.definition_hash,
            method: ConsentMethod::DeviceMerge,
            device_ref: Some(event.device_ref),
            gpc: event.gpc,
            given_at: event.given_at,
            recorded_at: self.at,
            expires_at: event.expires_at,
            leaf_id: draft.id(),
        }
    }

    fn told(&self, id: AccountId, number: i64) -> Notice {
        Notice {
            account_id: id,
            number,
            id: self.notice,
            kind: NoticeKind::DeviceChoicesMerged,
            policy_version: None,
            created_at: self.at,
            acknowledged_at: None,
            message_id: None,
            mail: MailState::None,
        }
    }
}
