//! What anybody may ask of the log: the newest checkpoint, and proofs against it.

use std::sync::Arc;

use super::{
    checkpoint::{TreeHead, verifier_keys},
    promise,
    sequencer::{LogError, Sequencer},
    tree::{self, Nodes, TreeError},
};
use crate::{
    db::{Db, LeafHash, Refusal, StorageError},
    domain::time::Timestamp,
    repositories::log_tree::{self, Origin},
    services::{
        clock::Clock,
        tokens::access::PublicKey,
        tokens::jws,
        vault::kms::{KeyPurpose, Kms, KmsError},
    },
};

/// Why a proof was not given.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("no checkpoint was signed yet")]
    NoCheckpoint,
    #[error("the tree has not taken the leaf in yet")]
    NotPlaced,
    #[error("no such leaf in a tree of that size")]
    NotFound,
    #[error("that is not a size of this log")]
    BadSize,
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for ProofError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Log(error) => error.storage(),
            _ => None,
        }
    }
}

/// The newest checkpoint, and the keys that verify it.
pub struct CurrentCheckpoint {
    pub head: TreeHead,
    pub note: String,
    pub signed_at: Timestamp,
    pub keys: Vec<String>,
}

/// That a leaf is in the tree of a checkpoint.
pub struct InclusionProof {
    pub index: u64,
    pub size: u64,
    pub hashes: Vec<LeafHash>,
}

/// That the tree of one size begins with the tree of another.
pub struct ConsistencyProof {
    pub from: u64,
    pub to: u64,
    pub hashes: Vec<LeafHash>,
}

/// The public face of the log.
#[derive(Clone)]
pub struct LogService {
    pub(super) db: Db,
    kms: Arc<Kms>,
    clock: Clock,
    sequencer: Sequencer,
    issuer: String,
}

impl LogService {
    pub const fn new(db: Db, kms: Arc<Kms>, clock: Clock, sequencer: Sequencer, issuer: String) -> Self {
        Self { db, kms, clock, sequencer, issuer }
    }

    pub const fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// Promises that these leaves are in the tree within a minute.
    ///
    /// # Errors
    ///
    /// Only if the signing key is gone.
    pub fn promise(&self, leaves: &[LeafHash]) -> Result<String, KmsError> {
        promise::sign(&self.kms, &self.issuer, leaves, self.clock.now())
    }

    /// The keys that verify promises, newest first.
    ///
    /// # Errors
    ///
    /// Only if a signing key is gone.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, KmsError> {
        jws::public_keys(&self.kms, KeyPurpose::Log)
    }

    /// # Errors
    ///
    /// [`ProofError::NoCheckpoint`] in the first second of an installation.
    pub async fn checkpoint(&self) -> Result<CurrentCheckpoint, ProofError> {
        let (origin, stored) = self.newest().await?;
        let head = TreeHead::read(&stored.note).map_err(LogError::from)?;
        let keys = verifier_keys(&self.kms, &origin.name).map_err(LogError::from)?;
        Ok(CurrentCheckpoint { head, note: stored.note, signed_at: stored.signed_at, keys })
    }

    pub(super) async fn newest(&self) -> Result<(Origin, log_tree::SignedCheckpoint), ProofError> {
        self.db
            .read(|c| {
                let origin = log_tree::find_current_origin(c)?.ok_or(ProofError::NoCheckpoint)?;
                let stored =
                    log_tree::find_last_checkpoint(c, origin.number)?.ok_or(ProofError::NoCheckpoint)?;
                Ok((origin, stored))
            })
            .await
    }

    /// Proves that the leaf of this hash is in the first `size` entries; in all that are signed, if
    /// no size is given.
    ///
    /// # Errors
    ///
    /// [`ProofError::NotFound`] if it is not, [`ProofError::BadSize`] if nothing as large was signed.
    pub async fn prove_inclusion(
        &self,
        leaf: LeafHash,
        size: Option<u64>,
    ) -> Result<InclusionProof, ProofError> {
        let (origin, signed) = self.signed().await?;
        let size = size.unwrap_or(signed);
        if size > signed {
            return Err(ProofError::BadSize);
        }
        let seq = self.db.read(move |c| log_tree::find_seq(c, &leaf)).await?.ok_or(ProofError::NotFound)?;
        let index = u64::try_from(seq - origin.first_seq).map_err(|_| ProofError::NotFound)?;
        if index >= size {
            return Err(ProofError::NotFound);
        }
        let nodes = self.nodes(&origin, tree::for_inclusion(size, index)?).await?;
        Ok(InclusionProof { index, size, hashes: tree::prove_inclusion(size, index, &nodes)? })
    }

    /// Proves that the first `to` entries begin with the first `from`.
    ///
    /// # Errors
    ///
    /// [`ProofError::BadSize`] unless `1 <= from <= to` and as many were signed.
    pub async fn prove_consistency(
        &self,
        from: u64,
        to: Option<u64>,
    ) -> Result<ConsistencyProof, ProofError> {
        let (origin, signed) = self.signed().await?;
        let to = to.unwrap_or(signed);
        if from == 0 || from > to || to > signed {
            return Err(ProofError::BadSize);
        }
        let nodes = self.nodes(&origin, tree::for_consistency(from, to)?).await?;
        Ok(ConsistencyProof { from, to, hashes: tree::prove_consistency(from, to, &nodes)? })
    }

    async fn signed(&self) -> Result<(Origin, u64), ProofError> {
        let (origin, stored) = self.newest().await?;
        Ok((origin, u64::try_from(stored.size).map_err(|_| ProofError::NoCheckpoint)?))
    }

    pub(super) async fn nodes(&self, origin: &Origin, wanted: Vec<u64>) -> Result<Nodes, ProofError> {
        let number = origin.number;
        Ok(Nodes::new(self.db.read(move |c| log_tree::list_nodes(c, number, &wanted)).await?))
    }
}
