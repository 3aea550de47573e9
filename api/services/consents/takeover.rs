//! What an account takes over from the device that it signs in on (clause 2.6).

use super::append;
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{AccountState, Profile},
        consent::{ConsentAction, ConsentEvent, ConsentKind, ConsentMethod},
        device::{AccountSaid, Device, DeviceConsentEvent, is_taken_over},
        ids::{AccountId, ConsentEventId, DeviceId, DeviceRef, NoticeId},
        message::MessageBody,
        notice::{MailState, Notice, NoticeKind},
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{
        accounts, consent_events, device_consent_events, devices, notices,
        outbox::{self, SealedMessage},
        policy_versions,
    },
    services::{
        log::LeafDraft,
        mailing,
        reports::forget_device,
        vault::{SubjectKeys, VaultError},
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
    mail: SealedMessage,
    at: Timestamp,
}

impl Takeover {
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if the person's messages were erased.
    pub fn new(
        keys: &SubjectKeys,
        profile: &Profile,
        device: DeviceId,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let of_device = Purpose::ALL.iter().filter(|purpose| purpose.is_of_device());
        Ok(Self {
            device,
            reference: DeviceRef::generate(now),
            drafts: of_device.map(|_| LeafDraft::new(now)).collect::<Result<_, _>>()?,
            notice: NoticeId::generate(now),
            mail: mailing::mail(keys, profile, MessageBody::DeviceChoicesMerged, now)?,
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
        let (device, id) =
            (devices::find_or_insert(c, self.device, self.reference, self.at)?, keys.account_id());
        let learnt = match device.gpc_seen_at {
            Some(seen_at) => accounts::note_gpc(c, id, self.at)?.then_some(seen_at),
            None => None,
        };
        let merged = if device.sequence > device.merged_sequence || learnt.is_some() {
            self.merge(c, keys, &device, learnt)?
        } else {
            device.merged_sequence
        };
        if devices::link(c, device.id, id, merged, self.at)? {
            // Whoever signed in is one person: what the device was counted for by itself is forgotten.
            forget_device(c, device.reference)?;
            Ok(())
        } else {
            Err(StorageError::Unavailable("the device is being taken by another account").into())
        }
    }

    /// Takes over what is to be; gives the number of the last event that needs no other look.
    fn merge(
        &self,
        c: &mut Conn,
        keys: &SubjectKeys,
        device: &Device,
        learnt: Option<Timestamp>,
    ) -> Result<i64, VaultError> {
        let id = keys.account_id();
        let may_extend = may_extend(c, id)?;
        let (mut settled, mut told) = (device.sequence, false);
        for (event, draft) in device_consent_events::list_last(c, device.reference)?.iter().zip(&self.drafts)
        {
            let is_learnt = learnt.is_some() && event.purpose.is_refused_by_gpc();
            if event.sequence <= device.merged_sequence && !is_learnt {
                continue;
            }
            let last = consent_events::find_last(c, id, event.purpose)?;
            let said = last.as_ref().map(|last| AccountSaid { action: last.action, given_at: last.given_at });
            if !is_taken_over(event, said, learnt) {
                continue;
            }
            if event.action == ConsentAction::Granted && !may_extend {
                // Once the policy in force is accepted, the next sign-in takes it over.
                settled = settled.min(event.sequence - 1);
                continue;
            }
            let sequence = accounts::take_sequence(c, id, 1)?
                .ok_or(StorageError::Unavailable("the account is going"))?;
            append(c, keys, draft, &self.taken(id, sequence, draft, event, last.as_ref(), learnt))?;
            told = true;
        }
        if told {
            let numbers = notices::last_numbers(c, &[id])?;
            notices::insert(c, &self.told(id, numbers.get(&id).copied().unwrap_or(0) + 1))?;
            outbox::insert(c, &self.mail)?;
        }
        Ok(settled.max(device.merged_sequence))
    }

    fn taken(
        &self,
        id: AccountId,
        sequence: i64,
        draft: &LeafDraft,
        event: &DeviceConsentEvent,
        last: Option<&ConsentEvent>,
        learnt: Option<Timestamp>,
    ) -> ConsentEvent {
        // What takes back a yes of the account is about the words of that yes.
        let taken_back = last.filter(|last| last.action == ConsentAction::Granted);
        let by_gpc = learnt.filter(|_| event.purpose.is_refused_by_gpc() && taken_back.is_some());
        ConsentEvent {
            id: ConsentEventId::generate(self.at),
            account_id: id,
            sequence,
            purpose: event.purpose,
            action: if taken_back.is_some() { ConsentAction::Withdrawn } else { event.action },
            kind: ConsentKind::Specific,
            policy_version: taken_back.map_or(event.policy_version, |last| last.policy_version),
            definition_hash: taken_back.map_or(event.definition_hash, |last| last.definition_hash),
            method: ConsentMethod::DeviceMerge,
            device_ref: Some(event.device_ref),
            gpc: event.gpc || by_gpc.is_some(),
            given_at: by_gpc.map_or(event.given_at, |seen_at| seen_at.max(event.given_at)),
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
            message_id: Some(self.mail.id),
            mail: MailState::Queued,
        }
    }
}

/// Whether the account may agree to anything new: the policy in force is accepted, and nothing stops it.
fn may_extend(c: &mut Conn, id: AccountId) -> Result<bool, StorageError> {
    let facts =
        accounts::find_consent_facts(c, id)?.ok_or(StorageError::Unavailable("the account is going"))?;
    let standing = facts.standing(policy_versions::find_current_number(c)?);
    Ok(standing.is_accepted() && facts.state == AccountState::Active && facts.service_withdrawn_at.is_none())
}
