//! The sequencer gives leaves their places, in batches, and signs what the tree came to. One process
//! does it at a time; should two try, the constraints of the tables let one of them through.

use std::io;

use chrono::TimeDelta;

use super::{
    checkpoint::{CheckpointError, TreeHead, Trusted, verifier_keys},
    copy::{CheckpointLine, LeafLine, LogCopy},
    tree::{self, Nodes, TreeError},
    verify::Against,
};
use crate::{
    db::{Conn, Db, LeafHash, Refusal, StorageError},
    domain::{ids::LeafId, time::Timestamp},
    repositories::log_tree::{self, Origin, SignedCheckpoint},
    services::{
        clock::Clock,
        vault::kms::{Kms, KmsError},
    },
    telemetry::metrics,
};

/// The most leaves that are placed in one transaction: a writer waits no longer than for these.
const BATCH: i64 = 512;
/// The most leaves that are copied at once.
pub(super) const COPY_BATCH: i64 = 2_000;

/// Why the log does not grow.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database is behind what was signed: it was restored, or somebody turned it back.
    #[error("the database has {has} entries of lineage {origin}, and {signed} were signed")]
    RolledBack { origin: i64, has: u64, signed: u64 },
    /// What was signed is not what the database holds.
    #[error("the database contradicts the checkpoint of {size} entries of lineage {origin}")]
    Forked { origin: i64, size: u64 },
    /// The copy goes on in a later lineage: the database was restored from before it was opened.
    #[error("the database ends in lineage {origin}, and a later one was opened")]
    Superseded { origin: i64 },
    #[error("the log is whole: nothing to reopen")]
    Whole,
    #[error("the copy of the log cannot be used: {0}")]
    Copy(#[from] io::Error),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for LogError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Grows the tree.
#[derive(Clone)]
pub struct Sequencer {
    pub(super) db: Db,
    pub(super) kms: std::sync::Arc<Kms>,
    pub(super) clock: Clock,
    pub(super) copy: LogCopy,
    /// Names lineages: `HOST/log/NUMBER`.
    host: String,
}

impl Sequencer {
    pub const fn new(db: Db, kms: std::sync::Arc<Kms>, clock: Clock, copy: LogCopy, host: String) -> Self {
        Self { db, kms, clock, copy, host }
    }

    /// Opens the first lineage of a new installation, and makes sure that the database is not behind
    /// what this machine has seen signed.
    ///
    /// # Errors
    ///
    /// [`LogError::RolledBack`] or [`LogError::Forked`]: nothing is signed on top of that.
    pub async fn open(&self) -> Result<(), LogError> {
        self.check_whole(&self.origin().await?).await
    }

    pub(super) async fn origin(&self) -> Result<Origin, LogError> {
        if let Some(origin) = self.db.read(log_tree::find_current_origin).await? {
            return Ok(origin);
        }
        let first = self.lineage(1, 0, None);
        self.db
            .write_guarded(move |c| {
                log_tree::insert_origin(c, &first)?;
                log_tree::find_current_origin(c)?.ok_or(StorageError::Unavailable("no lineage of the log"))
            })
            .await
            .map_err(LogError::from)
    }

    pub(super) fn lineage(&self, number: i64, first_seq: i64, previous_checkpoint: Option<String>) -> Origin {
        Origin {
            number,
            name: format!("{}/log/{number}", self.host),
            first_seq,
            opened_at: self.clock.now(),
            previous_checkpoint,
        }
    }

    pub(super) async fn size(&self, origin: &Origin) -> Result<u64, LogError> {
        let entries = self.db.read(log_tree::count_entries).await?;
        Ok(u64::try_from(entries - origin.first_seq).unwrap_or(0))
    }

    /// [`check_copy`](Self::check_copy), and that no later lineage was opened.
    pub(super) async fn check_whole(&self, origin: &Origin) -> Result<(), LogError> {
        if self.copy.first_leaf(origin.number + 1)?.is_some() {
            return Err(LogError::Superseded { origin: origin.number });
        }
        self.check_copy(origin).await
    }

    /// Holds the database against the last checkpoint that this machine has seen.
    pub(super) async fn check_copy(&self, origin: &Origin) -> Result<(), LogError> {
        let Some(line) = self.copy.last_checkpoint(origin.number)? else { return Ok(()) };
        let signed = TreeHead::read(&line.note)?;
        let has = self.size(origin).await?;
        if has < signed.size {
            return Err(LogError::RolledBack { origin: origin.number, has, signed: signed.size });
        }
        if signed.origin != origin.name || self.root(origin.number, signed.size).await? != signed.root {
            return Err(LogError::Forked { origin: origin.number, size: signed.size });
        }
        Ok(())
    }

    /// The root of the first `size` entries of a lineage.
    async fn root(&self, origin: i64, size: u64) -> Result<LeafHash, LogError> {
        let wanted = tree::frontier(size);
        let nodes = self.db.read(move |c| log_tree::list_nodes(c, origin, &wanted)).await?;
        Ok(tree::root(size, &Nodes::new(nodes))?)
    }

    /// Gives places to the leaves that wait, copies them, and signs what the tree came to. Says how
    /// many leaves it placed.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); a later call goes on where this one failed.
    pub async fn advance(&self) -> Result<usize, LogError> {
        let origin = self.origin().await?;
        let mut placed = 0;
        loop {
            let lineage = origin.clone();
            let batch = self.db.write_guarded(move |c| place(c, &lineage)).await?;
            placed += batch;
            if i64::try_from(batch).unwrap_or(0) < BATCH {
                break;
            }
        }
        let waiting = self.db.read(log_tree::count_pending).await?;
        metrics().log_pending.set(waiting);
        self.sign(&origin).await?;
        Ok(placed)
    }

    /// Signs the tree if it has grown since it was signed, or if no checkpoint stands at all.
    pub(super) async fn sign(&self, origin: &Origin) -> Result<(), LogError> {
        let size = self.size(origin).await?;
        let number = origin.number;
        let last = self.db.read(move |c| log_tree::find_last_checkpoint(c, number)).await?;
        let signed = last.as_ref().and_then(|last| u64::try_from(last.size).ok());
        if signed == Some(size) {
            return Ok(());
        }
        self.copy_leaves(origin, size).await?;
        // Nothing is signed that does not begin with what was signed before.
        self.check_copy(origin).await?;
        let head = TreeHead { origin: origin.name.clone(), size, root: self.root(number, size).await? };
        let note = head.sign(&self.kms, last.as_ref().map(|last| last.note.as_str()))?;
        let signed_at = self.clock.now();
        self.copy.append_checkpoint(number, &CheckpointLine { note: note.clone(), signed_at })?;
        let size_of_it = i64::try_from(size).unwrap_or(i64::MAX);
        let checkpoint = SignedCheckpoint { origin: number, size: size_of_it, note, signed_at };
        self.db.write_guarded(move |c| log_tree::insert_checkpoint(c, &checkpoint)).await?;
        metrics().log_entries.set(i64::try_from(size).unwrap_or(i64::MAX));
        Ok(())
    }

    /// Brings the copy up to `size`; one that was lost is made anew.
    async fn copy_leaves(&self, origin: &Origin, size: u64) -> Result<(), LogError> {
        let end = origin.first_seq + i64::try_from(size).unwrap_or(i64::MAX);
        let mut next = self.copy.last_leaf(origin.number)?.map_or(origin.first_seq, |line| line.seq + 1);
        while next < end {
            let limit = COPY_BATCH.min(end - next);
            let entries = self.db.read_long(move |c| log_tree::list_entries(c, next, limit)).await?;
            let lines: Vec<LeafLine> =
                entries.iter().map(|entry| LeafLine::new(entry.seq, &entry.bytes)).collect();
            let Some(last) = lines.last() else { break };
            next = last.seq + 1;
            self.copy.append_leaves(origin.number, &lines)?;
        }
        Ok(())
    }

    /// The keys that verify the current lineage.
    ///
    /// # Errors
    ///
    /// Storage trouble, or a signing key that is gone.
    pub async fn verifier_keys(&self) -> Result<Vec<String>, LogError> {
        Ok(verifier_keys(&self.kms, &self.origin().await?.name)?)
    }

    /// The keys that verify every lineage that there was.
    ///
    /// # Errors
    ///
    /// As [`verifier_keys`](Self::verifier_keys).
    pub async fn all_verifier_keys(&self) -> Result<Vec<String>, LogError> {
        let mut keys = Vec::new();
        for origin in self.db.read(log_tree::list_origins).await? {
            keys.extend(verifier_keys(&self.kms, &origin.name)?);
        }
        Ok(keys)
    }

    /// What this process holds the log against while it grows: its own keys, and its own copy.
    ///
    /// # Errors
    ///
    /// As [`verifier_keys`](Self::verifier_keys).
    pub async fn own_view(&self) -> Result<Against, LogError> {
        let trusted = Trusted::new(&self.all_verifier_keys().await?)?;
        Ok(Against {
            trusted,
            checkpoint: None,
            copy: Some(self.copy.clone()),
            promises: Vec::new(),
            now: self.clock.now(),
            live: true,
        })
    }
}

/// Places some leaves that wait; says how many.
fn place(c: &mut Conn, origin: &Origin) -> Result<usize, LogError> {
    let waiting = log_tree::list_pending(c, BATCH)?;
    if !waiting.is_empty() {
        let size = u64::try_from(log_tree::count_entries(c)? - origin.first_seq).unwrap_or(0);
        place_these(c, origin, size, &waiting)?;
    }
    Ok(waiting.len())
}

pub(super) fn place_these(
    c: &mut Conn,
    origin: &Origin,
    size: u64,
    leaves: &[(LeafId, LeafHash)],
) -> Result<(), LogError> {
    let mut nodes = Nodes::new(log_tree::list_nodes(c, origin.number, &tree::frontier(size))?);
    let hashes: Vec<LeafHash> = leaves.iter().map(|(_, hash)| *hash).collect();
    let stored = tree::extend(size, &mut nodes, &hashes)?;
    let first = origin.first_seq + i64::try_from(size).unwrap_or(i64::MAX);
    log_tree::insert_entries(c, first, leaves)?;
    log_tree::insert_nodes(c, origin.number, &stored)?;
    Ok(())
}

/// How long the lease of the sequencer holds.
pub const LEASE_FOR: TimeDelta = TimeDelta::seconds(2);

/// Whether a lease that lapses then is to be renewed now.
pub fn is_due(lapses: Option<Timestamp>, now: Timestamp) -> bool {
    lapses.is_none_or(|lapses| now >= lapses.minus(LEASE_FOR / 2) || now < lapses.minus(LEASE_FOR))
}
