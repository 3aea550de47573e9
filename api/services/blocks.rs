//! The block list: who is turned away at the edge, until when and why (clause 2.4).

use std::{
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    db::{Db, StorageError},
    domain::{
        block::{Block, BlockReason, BlockTarget},
        ids::{BlockId, DeviceId},
        time::Timestamp,
    },
    repositories::blocks::{self, SealedBlock},
    services::{
        clock::Clock,
        vault::kms::{KeyPurpose, Kms, KmsError},
    },
};

/// Why the list was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    #[error("there is no such entry")]
    NotFound,
    #[error("an entry makes no sense")]
    Unreadable,
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl crate::db::Refusal for BlockError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Keeps the list, and a copy of it in memory that every request is held against.
#[derive(Clone)]
pub struct BlockService {
    db: Db,
    kms: Arc<Kms>,
    clock: Clock,
    live: Arc<RwLock<Vec<Block>>>,
}

impl BlockService {
    pub fn new(db: Db, kms: Arc<Kms>, clock: Clock) -> Self {
        Self { db, kms, clock, live: Arc::default() }
    }

    /// Whether a client with this address and device is turned away.
    pub fn is_blocked(&self, address: IpAddr, device: impl FnOnce() -> Option<DeviceId>) -> bool {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        if live.is_empty() {
            return false;
        }
        let by_device = live.iter().any(|block| matches!(block.target, BlockTarget::Device(_)));
        let (now, device) = (self.clock.now(), by_device.then(device).flatten());
        live.iter().any(|block| block.expires_at > now && block.target.covers(address, device))
    }

    /// Reads the list again; what others changed is in force here from then on.
    ///
    /// # Errors
    ///
    /// [`BlockError`]; the copy in memory then stays as it was.
    pub async fn reload(&self) -> Result<(), BlockError> {
        let fresh = self.list().await?;
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The entries in force.
    ///
    /// # Errors
    ///
    /// [`BlockError::Unreadable`] for an entry that is none of ours.
    pub async fn list(&self) -> Result<Vec<Block>, BlockError> {
        let now = self.clock.now();
        let sealed = self.db.read_long(move |c| blocks::list_live(c, now)).await?;
        sealed.iter().map(|block| self.open(block)).collect()
    }

    /// Adds an entry; one of the same target is replaced.
    ///
    /// # Errors
    ///
    /// Storage and key trouble.
    pub async fn add(
        &self,
        target: BlockTarget,
        reason: BlockReason,
        expires_at: Timestamp,
    ) -> Result<Block, BlockError> {
        let now = self.clock.now();
        let block = Block { id: BlockId::generate(now), target, reason, created_at: now, expires_at };
        let sealed = self.seal(&block)?;
        self.db.write(move |c| blocks::put(c, &sealed)).await?;
        Ok(block)
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// [`BlockError::NotFound`].
    pub async fn remove(&self, id: BlockId) -> Result<(), BlockError> {
        let removed = self.db.write(move |c| blocks::delete(c, id)).await?;
        if removed { Ok(()) } else { Err(BlockError::NotFound) }
    }

    fn seal(&self, block: &Block) -> Result<SealedBlock, KmsError> {
        let text = block.target.to_string();
        let index = self.kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let context: [&[u8]; 2] = [b"block", block.id.as_bytes()];
        let (version, wrapped) = self.kms.wrap(KeyPurpose::System, &context, text.as_bytes())?;
        Ok(SealedBlock {
            id: block.id,
            target_mac: self.kms.mac(KeyPurpose::TokenMac, index, &[b"block", text.as_bytes()])?.to_vec(),
            target: [&version.to_be_bytes()[..], &wrapped].concat(),
            reason: block.reason.as_str().to_owned(),
            created_at: block.created_at,
            expires_at: block.expires_at,
        })
    }

    fn open(&self, sealed: &SealedBlock) -> Result<Block, BlockError> {
        let (version, wrapped) = sealed.target.split_first_chunk::<4>().ok_or(BlockError::Unreadable)?;
        let context: [&[u8]; 2] = [b"block", sealed.id.as_bytes()];
        let version = u32::from_be_bytes(*version);
        let text = self.kms.unwrap_bytes(KeyPurpose::System, version, &context, wrapped)?;
        let target = std::str::from_utf8(&text).ok().and_then(BlockTarget::parse);
        Ok(Block {
            id: sealed.id,
            target: target.ok_or(BlockError::Unreadable)?,
            reason: BlockReason::parse(&sealed.reason).ok_or(BlockError::Unreadable)?,
            created_at: sealed.created_at,
            expires_at: sealed.expires_at,
        })
    }
}
