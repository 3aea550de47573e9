//! After the database was restored: what the copy outside it remembers comes back into the tree, and what it does not
//! is closed in the open.

use super::{
    copy::{CheckpointLine, LeafLine},
    sequencer::{COPY_BATCH, LogError, Sequencer, place_these},
    tree::{self, Nodes},
};
use crate::{
    db::{Conn, LeafHash, StorageError},
    domain::{
        encoding::hex,
        evidence::{Act, LOG_RESTORED, LeafContent, leaf_hash},
        ids::LeafId,
    },
    repositories::{
        log as leaves,
        log_tree::{self, Origin, SignedCheckpoint},
    },
    services::{
        log::{
            LeafDraft,
            checkpoint::{TreeHead, Trusted, verifier_keys},
        },
        reports::skip_hours,
    },
};

const REOPENED: Act = Act { name: "log.reopened", object: "log_origin", clause: "" };

/// What became of the log.
#[derive(Debug)]
pub enum Restored {
    /// The lineage goes on: so many leaves came back from the copy.
    Replayed { origin: Origin, leaves: i64 },
    /// Leaves are gone: the next lineage was opened.
    Reopened { origin: Origin },
}

/// What the copy has of a lineage and the database has not: entries `from..end`, and what was signed over them.
struct Stretch {
    origin: Origin,
    from: i64,
    end: i64,
    checkpoints: Vec<(u64, CheckpointLine)>,
}

impl Sequencer {
    /// How the database was turned back.
    ///
    /// # Errors
    ///
    /// [`LogError::Whole`] if it was not.
    pub async fn find_rollback(&self) -> Result<LogError, LogError> {
        match self.check_whole(&self.origin().await?).await {
            Ok(()) => Err(LogError::Whole),
            Err(
                trouble @ (LogError::RolledBack { .. }
                | LogError::Forked { .. }
                | LogError::Superseded { .. }),
            ) => Ok(trouble),
            Err(other) => Err(other),
        }
    }

    /// Makes the log whole after the database was restored. Where the copy has all that was signed, its leaves come
    /// back and the lineage goes on, with a leaf that names the entries whose rows may be gone; where leaves are gone,
    /// the lineage is closed, and the first leaf of the next commits to what was signed before, to what is left of it,
    /// and to the reason. `erased_anew` counts categories of data and persons.
    ///
    /// # Errors
    ///
    /// [`LogError::Whole`] if there is nothing to restore.
    pub async fn restore(&self, reason: &str, erased_anew: (usize, usize)) -> Result<Restored, LogError> {
        let trouble = self.find_rollback().await?;
        let facts = vec![
            ("trouble", trouble.to_string()),
            ("erased_anew", erased_anew.0.to_string()),
            ("persons_erased_anew", erased_anew.1.to_string()),
            ("reason", reason.to_owned()),
        ];
        match self.find_lost().await? {
            Some(lost) => self.replay(lost, facts).await,
            None => self.reopen(facts).await,
        }
    }

    /// What is to be replayed, lineage by lineage; nothing unless it leads from what the database holds to all that
    /// was signed.
    async fn find_lost(&self) -> Result<Option<Vec<Stretch>>, LogError> {
        let mut lost = Vec::new();
        let mut origin = self.origin().await?;
        let mut from = self.db.read(log_tree::count_entries).await?;
        loop {
            let next = self.copy.first_leaf(origin.number + 1)?;
            let copied = self.copy.last_leaf(origin.number)?.map_or(origin.first_seq, |line| line.seq + 1);
            let end = next.as_ref().map_or(copied, |next| next.seq);
            let Some(stretch) = self.walk(&origin, (from, end), next.is_none()).await? else {
                return Ok(None);
            };
            lost.push(stretch);
            let Some(next) = next else { return Ok(Some(lost)) };
            let Some(opening) = next.bytes().and_then(|bytes| LeafContent::read(&bytes)) else {
                return Ok(None);
            };
            let before = self.copy.last_checkpoint(origin.number)?.map(|line| line.note);
            origin = Origin { opened_at: opening.at, ..self.lineage(origin.number + 1, next.seq, before) };
            from = next.seq;
        }
    }

    /// Follows the copy from what the database holds, comparing with every checkpoint on the way; nothing if they
    /// do not agree, one is not signed by us, or a leaf is missing.
    async fn walk(
        &self,
        origin: &Origin,
        (from, end): (i64, i64),
        grows: bool,
    ) -> Result<Option<Stretch>, LogError> {
        let (Ok(mut size), Ok(whole)) =
            (u64::try_from(from - origin.first_seq), u64::try_from(end - origin.first_seq))
        else {
            return Ok(None);
        };
        let (number, wanted) = (origin.number, tree::frontier(size));
        let mut nodes = Nodes::new(self.db.read(move |c| log_tree::list_nodes(c, number, &wanted)).await?);
        // Whoever can write the copy must not write the log: only what was signed vouches for leaves.
        let trusted = Trusted::new(&verifier_keys(&self.kms, &origin.name)?)?;
        let mut heads = Vec::new();
        for line in self.copy.read_checkpoints(origin.number)? {
            let Ok(head) = trusted.open(&line.note) else { return Ok(None) };
            // Those of a closed lineage that count more were lost when it was closed.
            if head.size >= size && (grows || head.size <= whole) {
                heads.push((head, line));
            }
        }
        if heads.is_empty() && from < end {
            return Ok(None);
        }
        let mut copied = self
            .copy
            .read_leaves(origin.number)?
            .skip_while(|line| matches!(line, Ok(line) if line.seq < from));
        let mut ahead = heads.iter().map(|(head, _)| head).peekable();
        loop {
            while let Some(head) = ahead.next_if(|head| head.size <= size) {
                if tree::root(size, &nodes)? != head.root || head.origin != origin.name {
                    return Ok(None);
                }
            }
            if size >= whole {
                break;
            }
            let Some((_, _, hash)) = copied.next().transpose()?.and_then(|line| read(&line, origin, size))
            else {
                return Ok(None);
            };
            tree::extend(size, &mut nodes, &[hash])?;
            size += 1;
            nodes.keep(&tree::frontier(size));
        }
        let reached = size == whole && ahead.peek().is_none();
        let checkpoints = heads.into_iter().map(|(head, line)| (head.size, line)).collect();
        Ok(reached.then(|| Stretch { origin: origin.clone(), from, end, checkpoints }))
    }

    async fn replay(
        &self,
        lost: Vec<Stretch>,
        mut facts: Vec<(&'static str, String)>,
    ) -> Result<Restored, LogError> {
        let now = self.clock.now();
        let from = lost.first().map_or(0, |stretch| stretch.from);
        let end = lost.last().map_or(0, |stretch| stretch.end);
        facts.push(("lost_from", from.to_string()));
        facts.push(("lost_until", end.to_string()));
        // Before anything comes back: a replay that is cut off is explained too.
        let leaf = LeafDraft::new(now)?.of_service(&LOG_RESTORED, &facts);
        self.db
            .write_guarded(move |c| {
                leaves::append(c, &leaf)?;
                skip_hours(c, now)
            })
            .await?;
        for stretch in lost {
            self.replay_stretch(stretch).await?;
        }
        self.advance().await?;
        Ok(Restored::Replayed { origin: self.origin().await?, leaves: end - from })
    }

    async fn replay_stretch(&self, stretch: Stretch) -> Result<(), LogError> {
        let Stretch { origin, from, end, checkpoints } = stretch;
        let lineage = origin.clone();
        self.db.write_guarded(move |c| log_tree::insert_origin(c, &lineage)).await?;
        let mut copied = self
            .copy
            .read_leaves(origin.number)?
            .skip_while(|line| matches!(line, Ok(line) if line.seq < from));
        let mut next = from;
        while next < end {
            let size = u64::try_from(next - origin.first_seq).unwrap_or(0);
            let mut batch = Vec::new();
            let limit = usize::try_from(COPY_BATCH.min(end - next)).unwrap_or(0);
            for (size, line) in (size..).zip(copied.by_ref().take(limit)) {
                batch.extend(read(&line?, &origin, size));
            }
            if batch.is_empty() {
                return Err(LogError::Copy(std::io::ErrorKind::UnexpectedEof.into()));
            }
            next += i64::try_from(batch.len()).unwrap_or(i64::MAX);
            let lineage = origin.clone();
            self.db.write_guarded(move |c| put_back(c, &lineage, size, &batch)).await?;
        }
        self.db
            .write_guarded(move |c| {
                for (size, line) in &checkpoints {
                    let size = i64::try_from(*size).unwrap_or(i64::MAX);
                    let (note, signed_at) = (line.note.clone(), line.signed_at);
                    let checkpoint = SignedCheckpoint { origin: origin.number, size, note, signed_at };
                    log_tree::insert_checkpoint(c, &checkpoint)?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
        Ok(())
    }

    async fn reopen(&self, mut facts: Vec<(&'static str, String)>) -> Result<Restored, LogError> {
        let origin = self.origin().await?;
        let before = self.copy.last_checkpoint(origin.number)?.map(|line| line.note).unwrap_or_default();
        let signed = TreeHead::read(&before)?;
        let kept = self.size(&origin).await?;
        let now = self.clock.now();
        facts.push(("origin", origin.name.clone()));
        facts.push(("signed_size", signed.size.to_string()));
        facts.push(("signed_root", hex(&signed.root)));
        facts.push(("kept_size", kept.to_string()));
        let leaf = LeafDraft::new(now)?.of_service(&REOPENED, &facts);
        let first_seq = origin.first_seq + i64::try_from(kept).unwrap_or(i64::MAX);
        let mut number = origin.number + 1;
        while self.copy.first_leaf(number)?.is_some() {
            number += 1;
        }
        let next = self.lineage(number, first_seq, Some(before));
        let opened = next.clone();
        self.db
            .write_guarded(move |c| {
                log_tree::insert_origin(c, &next)?;
                leaves::append(c, &leaf)?;
                skip_hours(c, now)?;
                // Before any leaf that waits: what follows stands on this one.
                place_these(c, &next, 0, &[(leaf.id, leaf.hash)])
            })
            .await?;
        self.sign(&opened).await?;
        Ok(Restored::Reopened { origin: opened })
    }
}

/// A leaf as the copy has it, if it is the one that comes next.
fn read(line: &LeafLine, origin: &Origin, size: u64) -> Option<(LeafId, Vec<u8>, LeafHash)> {
    let bytes = line.bytes().filter(|_| u64::try_from(line.seq - origin.first_seq) == Ok(size))?;
    Some((LeafContent::read(&bytes)?.id, bytes.clone(), leaf_hash(&bytes)))
}

/// Puts leaves back into their places; those that waited in the backup are there already.
fn put_back(
    c: &mut Conn,
    origin: &Origin,
    size: u64,
    batch: &[(LeafId, Vec<u8>, LeafHash)],
) -> Result<(), LogError> {
    log_tree::insert_leaves(c, batch)?;
    let places: Vec<(LeafId, LeafHash)> = batch.iter().map(|(id, _, hash)| (*id, *hash)).collect();
    place_these(c, origin, size, &places)
}
