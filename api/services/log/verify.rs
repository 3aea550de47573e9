//! Holds the log against itself, against what was signed, and against every row of evidence, both
//! ways. It needs no key but public ones, and works on a copy of the database.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use super::{
    checkpoint::{TreeHead, Trusted},
    copy::LogCopy,
    promise::Promise,
    tree::{self, Nodes},
};
use crate::{
    db::{Db, LeafHash, Refusal, StorageError},
    domain::{
        disclosure::{
            Disclosure, DisclosureState,
            event::{DisclosureEvent, DisclosureStep},
        },
        evidence::{self, Attested, LOG_RESTORED, LeafContent},
        ids::{AccountId, DeviceRef, DisclosureId, LeafId},
        time::Timestamp,
    },
    repositories::{
        accounts, disclosure_events, disclosures,
        evidence::{Ledger, Place, list_counts, list_device_counts},
        log_tree::{self, AnyLeaf, Entry, FoundLeaf, Origin},
    },
    services::log::promise::MERGE_WITHIN,
};

const BATCH: i64 = 1_000;
/// A salt stands before the facts of a leaf.
const SALT: usize = 32;

/// What the log is held against, beside itself.
pub struct Against {
    /// Who may have signed.
    pub trusted: Trusted,
    /// A checkpoint that somebody kept from before.
    pub checkpoint: Option<String>,
    /// The copy outside the database.
    pub copy: Option<LogCopy>,
    /// Promises that came with answers.
    pub promises: Vec<Promise>,
    /// Leaves that came after this are given time to find their place.
    pub now: Timestamp,
    /// Whether the log grows while it is looked at.
    pub live: bool,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry of the log that it is about, if it is about one.
    pub seq: Option<i64>,
    pub what: String,
}

/// What was looked at, and what is wrong with it, the first entry first.
#[derive(Debug, Default)]
pub struct Report {
    pub entries: i64,
    pub checkpoints: usize,
    pub rows: usize,
    /// Rows whose leaf nothing opens any more, since their person was erased.
    pub erased: usize,
    /// Entries whose rows went with a restored database, as a leaf says.
    pub lost: usize,
    pub findings: Vec<Finding>,
}

impl Report {
    fn find(&mut self, seq: Option<i64>, what: impl Into<String>) {
        self.findings.push(Finding { seq, what: what.into() });
    }
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the copy of the log cannot be read")]
    Copy(#[from] std::io::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for VerifyError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Copy(_) => None,
        }
    }
}

/// Verifies everything.
///
/// # Errors
///
/// Only if something cannot be read; what is wrong stands in the report.
pub async fn verify(db: &Db, against: &Against) -> Result<Report, VerifyError> {
    let mut check = Check {
        db,
        against,
        report: Report::default(),
        leaves_by_act: BTreeMap::new(),
        restores: Vec::new(),
        entries: 0,
    };
    check.tree().await?;
    check.unplaced().await?;
    check.rows().await?;
    check.counts().await?;
    check.device_counts().await?;
    check.disclosures().await?;
    check.promises().await?;
    let mut report = check.report;
    // What names no entry comes last; among the rest, the first entry first.
    report.findings.sort_by_key(|finding| finding.seq.unwrap_or(i64::MAX));
    Ok(report)
}

struct Check<'a> {
    db: &'a Db,
    against: &'a Against,
    report: Report,
    /// How many placed leaves attest each act.
    leaves_by_act: BTreeMap<String, i64>,
    /// The leaves that say what was lost at a restore, with their commitments and places.
    restores: Vec<(LeafId, [u8; 32], i64)>,
    /// How many entries there were when the check began: what comes meanwhile is not looked at.
    entries: i64,
}

impl Check<'_> {
    async fn tree(&mut self) -> Result<(), VerifyError> {
        let (origins, entries) = self
            .db
            .read_long(|c| Ok::<_, StorageError>((log_tree::list_origins(c)?, log_tree::count_entries(c)?)))
            .await?;
        self.entries = entries;
        self.report.entries = entries;
        if origins.is_empty() && entries > 0 {
            self.report.find(Some(0), "the entries belong to no lineage");
        }
        for (n, origin) in origins.iter().enumerate() {
            let next = origins.get(n + 1);
            self.lineage(origin, next.map_or(entries, |next| next.first_seq), next.is_none()).await?;
        }
        self.earlier_checkpoint(&origins, entries).await
    }

    /// Walks the entries of a lineage, building its tree anew beside the stored one.
    async fn lineage(&mut self, origin: &Origin, end: i64, grows: bool) -> Result<(), VerifyError> {
        let mut walk = Walk { nodes: Nodes::default(), size: 0 };
        let mut checkpoints = self.checkpoints(origin, end, grows).await?;
        let mut copied = match &self.against.copy {
            Some(copy) => Some(copy.read_leaves(origin.number)?),
            None => None,
        };
        let mut next = origin.first_seq;
        while next < end {
            let (from, limit) = (next, BATCH.min(end - next));
            let entries = self.db.read_long(move |c| log_tree::list_entries(c, from, limit)).await?;
            let stored = self.stored_nodes(origin, walk.size, limit).await?;
            let mut found = entries.into_iter().peekable();
            for seq in from..from + limit {
                let Some(entry) = found.next_if(|entry| entry.seq == seq) else {
                    self.report.find(Some(seq), "the entry, or its leaf, is missing");
                    return Ok(());
                };
                self.entry(&entry);
                let Ok(added) = tree::extend(walk.size, &mut walk.nodes, &[entry.hash]) else {
                    self.report.find(Some(seq), "the tree does not grow over it");
                    return Ok(());
                };
                walk.size += 1;
                if added.iter().any(|(number, hash)| stored.get(number) != Some(hash)) {
                    self.report.find(Some(seq), "the stored tree has another hash in its place");
                }
                if let Some(copied) = &mut copied {
                    self.compare_copy(seq, &entry, copied.next().transpose()?);
                }
                while checkpoints.first().is_some_and(|head| head.size == walk.size) {
                    let head = checkpoints.remove(0);
                    if tree::root(walk.size, &walk.nodes).ok() != Some(head.root) {
                        self.report.find(
                            Some(seq),
                            format!("the checkpoint of {} entries has another root", head.size),
                        );
                    }
                }
            }
            walk.nodes.keep(&tree::frontier(walk.size));
            next = from + limit;
        }
        // A log that grows has had time to, since its entries were counted.
        if let Some(copied) = &mut copied
            && !self.against.live
            && copied.next().is_some()
        {
            self.report.find(Some(end), "the copy outside the database goes on, the database does not");
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) {
        if evidence::leaf_hash(&entry.bytes) != entry.hash {
            self.report.find(Some(entry.seq), "the leaf's bytes are not those of its hash");
            return;
        }
        match LeafContent::read(&entry.bytes) {
            Some(leaf) if leaf.id == entry.leaf_id => {
                if leaf.act == LOG_RESTORED.name {
                    self.restores.push((leaf.id, leaf.commitment, entry.seq));
                }
                *self.leaves_by_act.entry(leaf.act).or_insert(0) += 1;
            }
            Some(_) => self.report.find(Some(entry.seq), "the leaf names itself otherwise"),
            None => self.report.find(Some(entry.seq), "the leaf does not read"),
        }
    }

    fn compare_copy(&mut self, seq: i64, entry: &Entry, line: Option<super::copy::LeafLine>) {
        // A copy that ends earlier is behind, as after a crash; one that differs is a witness.
        if let Some(line) = line
            && (line.seq != seq || line.bytes().as_deref() != Some(&entry.bytes))
        {
            self.report.find(Some(seq), "the copy outside the database has another leaf in its place");
        }
    }

    async fn stored_nodes(
        &self,
        origin: &Origin,
        size: u64,
        leaves: i64,
    ) -> Result<HashMap<u64, LeafHash>, StorageError> {
        let (number, end) = (origin.number, size + u64::try_from(leaves).unwrap_or(0));
        let wanted: Vec<u64> = (tree::stored(size)..tree::stored(end)).collect();
        let nodes = self.db.read_long(move |c| log_tree::list_nodes(c, number, &wanted)).await?;
        Ok(nodes.into_iter().collect())
    }

    /// What the signed checkpoints of a lineage say, in order.
    async fn checkpoints(
        &mut self,
        origin: &Origin,
        end: i64,
        grows: bool,
    ) -> Result<Vec<TreeHead>, StorageError> {
        let (mut heads, mut after) = (Vec::new(), -1);
        loop {
            let number = origin.number;
            let page =
                self.db.read_long(move |c| log_tree::list_checkpoints(c, number, after, BATCH)).await?;
            let Some(last) = page.last() else { return Ok(heads) };
            after = last.size;
            for stored in page {
                let seq = Some(origin.first_seq + stored.size.max(1) - 1);
                self.report.checkpoints += 1;
                match self.against.trusted.open(&stored.note) {
                    Ok(head) if head.origin == origin.name && i64::try_from(head.size) == Ok(stored.size) => {
                        let has = if grows { self.db.read_long(log_tree::count_entries).await? } else { end };
                        if origin.first_seq + stored.size > has {
                            let has = has - origin.first_seq;
                            let what = format!(
                                "a checkpoint was signed over {} entries, and there are {has}",
                                head.size
                            );
                            self.report.find(Some(end), what);
                        } else if origin.first_seq + stored.size <= end {
                            heads.push(head);
                        }
                    }
                    Ok(_) => self.report.find(seq, "a checkpoint is of another lineage or size"),
                    Err(error) => self.report.find(seq, format!("a checkpoint: {error}")),
                }
            }
        }
    }

    /// Somebody's own checkpoint from before must be a beginning of what stands now.
    async fn earlier_checkpoint(&mut self, origins: &[Origin], entries: i64) -> Result<(), VerifyError> {
        let Some(note) = &self.against.checkpoint else { return Ok(()) };
        let head = match self.against.trusted.open(note) {
            Ok(head) => head,
            Err(error) => {
                self.report.find(None, format!("the checkpoint given: {error}"));
                return Ok(());
            }
        };
        let Some((n, origin)) = origins.iter().enumerate().find(|(_, origin)| origin.name == head.origin)
        else {
            self.report.find(Some(0), "the checkpoint given is of another log");
            return Ok(());
        };
        let end = origins.get(n + 1).map_or(entries, |next| next.first_seq);
        let has = u64::try_from(end - origin.first_seq).unwrap_or(0);
        if has < head.size {
            self.report.find(
                Some(end),
                format!("the checkpoint given was signed over {} entries, and there are {has}", head.size),
            );
            return Ok(());
        }
        let (number, wanted) = (origin.number, tree::frontier(head.size));
        let nodes = self.db.read_long(move |c| log_tree::list_nodes(c, number, &wanted)).await?;
        if tree::root(head.size, &Nodes::new(nodes)).ok() != Some(head.root) {
            let seq = origin.first_seq + i64::try_from(head.size).unwrap_or(i64::MAX) - 1;
            self.report.find(Some(seq), "the checkpoint given contradicts the tree: the log was forked");
        }
        Ok(())
    }

    /// Leaves without a place must be waiting for one, and not for long.
    async fn unplaced(&mut self) -> Result<(), VerifyError> {
        let mut cursor: Option<LeafId> = None;
        loop {
            let mut leaves = self.db.read_long(move |c| log_tree::list_all_leaves(c, cursor, BATCH)).await?;
            let Some(last) = leaves.last() else { return Ok(()) };
            cursor = Some(last.leaf_id);
            leaves.retain(|leaf| leaf.seq.is_none());
            if leaves.is_empty() {
                continue;
            }
            let ids: Vec<LeafId> = leaves.iter().map(|leaf| leaf.leaf_id).collect();
            let (waiting, now) = self
                .db
                .read_long(move |c| {
                    Ok::<_, StorageError>((
                        log_tree::filter_pending(c, &ids)?,
                        log_tree::list_leaves(c, &ids)?,
                    ))
                })
                .await?;
            for leaf in leaves {
                let placed_since = |found: &FoundLeaf| found.leaf_id == leaf.leaf_id && found.seq.is_some();
                if !now.iter().any(placed_since) {
                    self.unplaced_leaf(&leaf, waiting.contains(&leaf.leaf_id));
                }
            }
        }
    }

    fn unplaced_leaf(&mut self, leaf: &AnyLeaf, waits: bool) {
        let id = leaf.leaf_id;
        let at = LeafContent::read(&leaf.bytes).filter(|content| content.id == id).map(|content| content.at);
        let what = match at {
            _ if !waits => "has no place and waits for none",
            Some(at) if at.plus(MERGE_WITHIN) >= self.against.now => return,
            Some(_) => "has waited for its place for too long",
            None => "does not read",
        };
        self.report.find(None, format!("leaf {id} {what}"));
    }

    /// Every row of evidence says what its leaf commits to; every leaf of evidence has its row.
    async fn rows(&mut self) -> Result<(), VerifyError> {
        let mut rows_by_act: BTreeMap<&'static str, (Ledger, i64)> = BTreeMap::new();
        for ledger in Ledger::ALL {
            let mut cursor: Option<Place> = None;
            loop {
                let page = match self.db.read_long(move |c| ledger.list(c, cursor, BATCH)).await {
                    Err(StorageError::Corrupt { table, why }) => {
                        self.report.find(None, format!("a row of {table} holds {why}"));
                        break;
                    }
                    page => page?,
                };
                let Some((last, _)) = page.last() else { break };
                cursor = Some(*last);
                let ids: Vec<LeafId> = page.iter().map(|(_, row)| row.leaf_id).collect();
                let accounts: HashSet<AccountId> =
                    page.iter().filter_map(|(_, row)| account_of(row)).collect();
                let accounts: Vec<AccountId> = accounts.into_iter().collect();
                let (leaves, details, erased) = self
                    .db
                    .read_long(move |c| {
                        Ok::<_, StorageError>((
                            log_tree::list_leaves(c, &ids)?,
                            log_tree::list_public_salts(c, &ids)?,
                            accounts::list_erased(c, &accounts)?,
                        ))
                    })
                    .await?;
                let leaves: HashMap<LeafId, FoundLeaf> =
                    leaves.into_iter().map(|leaf| (leaf.leaf_id, leaf)).collect();
                for (_, row) in &page {
                    self.report.rows += 1;
                    let leaf = leaves.get(&row.leaf_id);
                    if leaf.and_then(|leaf| leaf.seq).is_some_and(|seq| seq < self.entries) {
                        rows_by_act.entry(row.act.name).or_insert((ledger, 0)).1 += 1;
                    }
                    self.row((ledger, row), leaf, details.get(&row.leaf_id), &erased);
                }
            }
        }
        self.leaves_without_rows(&rows_by_act).await
    }

    fn row(
        &mut self,
        (ledger, row): (Ledger, &Attested),
        leaf: Option<&FoundLeaf>,
        public: Option<&Vec<u8>>,
        erased: &HashSet<AccountId>,
    ) {
        let table = ledger.as_str();
        let Some(leaf) = leaf else {
            self.report.find(None, format!("a row of {table} has no leaf: {}", row.leaf_id));
            return;
        };
        let salt = leaf.salt.as_ref().or(public).and_then(|salt| salt.get(..SALT));
        let Some(salt) = salt else {
            // What opened it was erased with its person; the leaf stands.
            if account_of(row).is_some_and(|account| erased.contains(&account)) {
                self.report.erased += 1;
                return;
            }
            self.report.find(leaf.seq, format!("nothing opens the leaf of a row of {table}"));
            return;
        };
        let says = evidence::commitment(&evidence::detail(salt, &row.facts));
        let content = LeafContent::read(&leaf.bytes);
        if !content.is_some_and(|leaf| leaf.commitment == says && leaf.act == row.act.name) {
            self.report.find(leaf.seq, format!("a row of {table} is not what its leaf commits to"));
        }
    }

    /// A leaf whose row has gone is found by counting first, and looked for only if the count is off.
    async fn leaves_without_rows(
        &mut self,
        rows: &BTreeMap<&'static str, (Ledger, i64)>,
    ) -> Result<(), VerifyError> {
        let missing: HashSet<&'static str> = evidence::act_names()
            .filter(|act| {
                let leaves = self.leaves_by_act.get(*act).copied().unwrap_or(0);
                rows.get(act).map_or(0, |(_, count)| *count) != leaves
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut rows: HashSet<LeafId> = HashSet::new();
        for ledger in Ledger::ALL {
            let mut cursor: Option<Place> = None;
            while let Ok(page) = self.db.read_long(move |c| ledger.list(c, cursor, BATCH)).await {
                let Some((last, _)) = page.last() else { break };
                cursor = Some(*last);
                rows.extend(page.iter().map(|(_, row)| row.leaf_id));
            }
        }
        let lost = self.lost().await?;
        let mut next = 0;
        while next < self.entries {
            let (from, limit) = (next, BATCH.min(self.entries - next));
            next += limit;
            for entry in self.db.read_long(move |c| log_tree::list_entries(c, from, limit)).await? {
                let act = LeafContent::read(&entry.bytes).map(|leaf| leaf.act).unwrap_or_default();
                if !missing.contains(act.as_str()) || rows.contains(&entry.leaf_id) {
                    continue;
                }
                if lost.iter().any(|lost| lost.contains(&entry.seq)) {
                    self.report.lost += 1;
                } else {
                    self.report.find(Some(entry.seq), format!("the row that {act} attests is missing"));
                }
            }
        }
        Ok(())
    }

    /// The entries whose rows may be gone, as the leaves of restores say.
    async fn lost(&self) -> Result<Vec<Range<i64>>, VerifyError> {
        let ids: Vec<LeafId> = self.restores.iter().map(|(id, ..)| *id).collect();
        let details = self.db.read_long(move |c| log_tree::list_public_salts(c, &ids)).await?;
        let said = self.restores.iter().filter_map(|(id, commitment, seq)| {
            let detail = details.get(id).filter(|detail| evidence::commitment(detail) == *commitment)?;
            let facts = evidence::facts_of(detail)?;
            let entry = |wanted: &str| facts.iter().find(|(name, _)| name == wanted)?.1.parse::<i64>().ok();
            // It excuses nothing that came after it.
            Some(entry("lost_from")?..entry("lost_until")?.min(*seq))
        });
        Ok(said.collect())
    }

    /// A person's events are numbered without a gap, so one that went with its leaf leaves a hole.
    async fn counts(&mut self) -> Result<(), VerifyError> {
        let mut cursor: Option<AccountId> = None;
        loop {
            let page = self.db.read_long(move |c| list_counts(c, cursor, BATCH)).await?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            cursor = Some(*last);
            for (id, counted, there) in page {
                if counted != there {
                    self.report
                        .find(None, format!("{id} has counted {counted} events, and {there} are there"));
                }
            }
        }
    }

    /// A device's events are numbered as a person's are, for as long as the device is known.
    async fn device_counts(&mut self) -> Result<(), VerifyError> {
        let mut cursor: Option<DeviceRef> = None;
        loop {
            let page = self.db.read_long(move |c| list_device_counts(c, cursor, BATCH)).await?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            cursor = Some(*last);
            for (device, counted, there) in page {
                if counted != there {
                    self.report
                        .find(None, format!("{device} has counted {counted} events, and {there} are there"));
                }
            }
        }
    }

    /// A disclosure is what its steps made of it, and none of them is missing.
    async fn disclosures(&mut self) -> Result<(), VerifyError> {
        let mut cursor: Option<DisclosureId> = None;
        loop {
            let page = self
                .db
                .read_long(move |c| {
                    let page = disclosures::list_all(c, cursor, BATCH)?;
                    let with_steps = |found: Disclosure| {
                        let steps = disclosure_events::list(c, found.account_id, found.id)?;
                        Ok::<_, StorageError>((found, steps))
                    };
                    page.into_iter().map(with_steps).collect::<Result<Vec<_>, _>>()
                })
                .await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            cursor = Some(last.id);
            for (found, steps) in &page {
                if let Some(why) = contradiction(found, steps) {
                    self.report.find(None, format!("{} {why}", found.id));
                }
            }
        }
    }

    async fn promises(&mut self) -> Result<(), VerifyError> {
        for promise in &self.against.promises {
            for hash in &promise.leaf_hashes {
                let Some(wanted) =
                    crate::domain::encoding::unhex(hash).and_then(|hash| LeafHash::try_from(hash).ok())
                else {
                    self.report.find(None, "a promise names no hash");
                    continue;
                };
                let placed = self.db.read_long(move |c| log_tree::find_seq(c, &wanted)).await?;
                if placed.is_none() && self.against.now.as_seconds() > promise.merged_by {
                    self.report.find(None, format!("leaf {hash} was promised and is not in the tree"));
                }
            }
        }
        Ok(())
    }
}

/// What a disclosure says that its steps do not. What was ended by an erasure has no step that says so.
fn contradiction(found: &Disclosure, steps: &[DisclosureEvent]) -> Option<&'static str> {
    let is_whole = steps.iter().zip(1..).all(|(step, number)| step.number == number)
        && usize::try_from(found.steps) == Ok(steps.len());
    if !is_whole {
        return Some("has not the steps that it counted");
    }
    let Some(last) = steps.last() else { return Some("has no steps") };
    if (last.revision, last.scope_hash) != (found.revision, found.scope_hash) {
        return Some("is about something else than its steps");
    }
    let count = |wanted| steps.iter().filter(|step| step.step == wanted).count();
    let pulls = usize::try_from(found.pulls).unwrap_or(usize::MAX);
    let is_released = found.released_at.is_some();
    let left = count(DisclosureStep::Released) + count(DisclosureStep::Accessed);
    if count(DisclosureStep::Pulled) != pulls || (left == 1) != is_released {
        return Some("was not released and fetched as its steps say");
    }
    if last.silence != found.silence {
        return Some("is kept from its person otherwise than its steps say");
    }
    let moved = steps.iter().rev().map(|step| step.step.leaves_it()).find(|states| !states.is_empty())?;
    let is_ended = matches!(found.state, DisclosureState::Expired | DisclosureState::Revoked);
    (!is_ended && !moved.contains(&found.state)).then_some("is not where its steps left it")
}

/// The person whom a row is about.
fn account_of(row: &Attested) -> Option<AccountId> {
    row.facts.iter().find(|(name, _)| *name == "account").and_then(|(_, id)| id.parse().ok())
}

struct Walk {
    nodes: Nodes,
    size: u64,
}
