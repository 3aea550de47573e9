//! Throttles: an attempt is counted, durably, before anything is compared, and given back if it was
//! right. Whoever is known by the device goes another way than strangers, who so cannot lock it out.

use std::sync::Arc;

use crate::{
    db::{Conn, StorageError},
    domain::{
        throttle::{Exhausted, Rule},
        time::Timestamp,
    },
    repositories::throttles,
    services::vault::kms::{KeyPurpose, Kms, KmsError},
};

/// Limits that depend on how many people share an address, and on what messages cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbuseLimits {
    /// Wrong passwords an hour from one network, whatever the names.
    pub failures_per_network: u32,
    /// Mails with codes an hour that one network asks for.
    pub mails_per_network: u32,
    /// SMS an hour that one network asks for.
    pub sms_per_network: u32,
    /// SMS an hour altogether.
    pub sms_in_all: u32,
}

/// One bucket of one subject.
#[derive(Clone, Copy)]
pub struct Bucket {
    mac: [u8; 32],
    rule: Rule,
}

/// Names buckets. The names are keyed hashes: the table tells neither names nor addresses.
#[derive(Clone)]
pub struct Throttles {
    kms: Arc<Kms>,
    limits: AbuseLimits,
}

impl Throttles {
    pub const fn new(kms: Arc<Kms>, limits: AbuseLimits) -> Self {
        Self { kms, limits }
    }

    /// The bucket of `rule` for a subject. The oldest live key names it, so that a rotation forgets
    /// no count.
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn bucket(&self, rule: Rule, subject: &[&[u8]]) -> Result<Bucket, KmsError> {
        let version = self.kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let mut parts: Vec<&[u8]> = vec![b"throttle", rule.name.as_bytes()];
        parts.extend_from_slice(subject);
        Ok(Bucket { mac: self.kms.mac(KeyPurpose::TokenMac, version, &parts)?, rule })
    }

    /// Wrong passwords from a network.
    ///
    /// # Errors
    ///
    /// As [`bucket`](Self::bucket).
    pub fn failures_from(&self, network: &str) -> Result<Bucket, KmsError> {
        let rule = Rule::per_hour("failures_per_network", self.limits.failures_per_network);
        self.bucket(rule, &[network.as_bytes()])
    }

    /// Mails that a network asks for.
    ///
    /// # Errors
    ///
    /// As [`bucket`](Self::bucket).
    pub fn mails_from(&self, network: &str) -> Result<Bucket, KmsError> {
        let rule = Rule::per_hour("mails_per_network", self.limits.mails_per_network);
        self.bucket(rule, &[network.as_bytes()])
    }

    /// SMS that a network asks for, and SMS altogether.
    ///
    /// # Errors
    ///
    /// As [`bucket`](Self::bucket).
    pub fn sms_from(&self, network: &str) -> Result<[Bucket; 2], KmsError> {
        let rule = Rule::per_hour("sms_per_network", self.limits.sms_per_network);
        let all = Rule::per_hour("sms_in_all", self.limits.sms_in_all);
        Ok([self.bucket(rule, &[network.as_bytes()])?, self.bucket(all, &[])?])
    }
}

/// Takes one attempt from every bucket, or from none.
///
/// The caller commits this before it compares anything.
///
/// # Errors
///
/// [`Exhausted`] if one of them is empty.
pub fn take<E: From<StorageError> + From<Exhausted>>(
    c: &mut Conn,
    buckets: &[Bucket],
    now: Timestamp,
) -> Result<(), E> {
    let macs: Vec<[u8; 32]> = buckets.iter().map(|bucket| bucket.mac).collect();
    let standing = throttles::find(c, &macs)?;
    let found = |mac: &[u8; 32]| standing.iter().find(|(known, _)| known == mac).map(|(_, at)| *at);
    let mut moves = Vec::with_capacity(buckets.len());
    let mut refused: Option<Exhausted> = None;
    for bucket in buckets {
        let from = found(&bucket.mac);
        match bucket.rule.take(from, now) {
            Ok(to) => moves.push((bucket.mac, from, to)),
            Err(empty) if refused.is_none_or(|longest| longest.retry_after < empty.retry_after) => {
                refused = Some(empty);
            }
            Err(_) => {}
        }
    }
    if let Some(refused) = refused {
        return Err(refused.into());
    }
    for (mac, from, to) in moves {
        if !throttles::advance(c, &mac, from, to)? {
            // Another attempt moved it in this very moment; the lane looks again.
            return Err(StorageError::Conflict.into());
        }
    }
    Ok(())
}

/// Gives the attempt back: it was right.
///
/// # Errors
///
/// Storage trouble only.
pub fn give_back(c: &mut Conn, bucket: &Bucket) -> Result<(), StorageError> {
    throttles::give_back(c, &bucket.mac, bucket.rule.cost())
}

/// How many attempts of a bucket have not come back yet.
///
/// # Errors
///
/// Storage trouble only.
pub fn used(c: &mut Conn, bucket: &Bucket, now: Timestamp) -> Result<i64, StorageError> {
    let full_at = throttles::find(c, &[bucket.mac])?.first().map_or(0, |(_, full_at)| *full_at);
    let left = full_at.saturating_sub(now.as_micros()).max(0);
    Ok(left.saturating_add(bucket.rule.cost() - 1) / bucket.rule.cost())
}
