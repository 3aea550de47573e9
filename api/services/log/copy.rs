//! The copy outside the database: every leaf in its place, and every checkpoint, in files that are
//! only ever appended to. Whoever turns the database back cannot turn these back with it.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// A leaf as its line holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafLine {
    pub seq: i64,
    /// The canonical bytes, in base64.
    pub leaf: String,
}

impl LeafLine {
    pub fn new(seq: i64, bytes: &[u8]) -> Self {
        Self { seq, leaf: STANDARD.encode(bytes) }
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.leaf).ok()
    }
}

/// A checkpoint as its line holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointLine {
    pub note: String,
    pub signed_at: Timestamp,
}

/// Longer than any line of ours.
const TAIL: u64 = 64 * 1024;

/// The files of all lineages.
#[derive(Clone)]
pub struct LogCopy {
    folder: PathBuf,
}

impl LogCopy {
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Files that somebody else wrote, to be read only.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn leaves(&self, origin: i64) -> PathBuf {
        self.folder.join(format!("leaves-{origin}.jsonl"))
    }

    fn checkpoints(&self, origin: i64) -> PathBuf {
        self.folder.join(format!("checkpoints-{origin}.jsonl"))
    }

    /// The first leaf of a lineage, if it was copied.
    ///
    /// # Errors
    ///
    /// Trouble with the file, or a line that is not one.
    pub fn first_leaf(&self, origin: i64) -> io::Result<Option<LeafLine>> {
        self.read_leaves(origin)?.next().transpose()
    }

    /// The last leaf of a lineage that was copied whole.
    ///
    /// # Errors
    ///
    /// Trouble with the file, or a line that is not one.
    pub fn last_leaf(&self, origin: i64) -> io::Result<Option<LeafLine>> {
        last_line(&self.leaves(origin))
    }

    /// The last checkpoint of a lineage that was copied whole.
    ///
    /// # Errors
    ///
    /// Trouble with the file, or a line that is not one.
    pub fn last_checkpoint(&self, origin: i64) -> io::Result<Option<CheckpointLine>> {
        last_line(&self.checkpoints(origin))
    }

    /// Appends leaves, and makes them durable.
    ///
    /// # Errors
    ///
    /// Trouble with the file.
    pub fn append_leaves(&self, origin: i64, leaves: &[LeafLine]) -> io::Result<()> {
        append(&self.leaves(origin), leaves)
    }

    /// Appends a checkpoint, and makes it durable.
    ///
    /// # Errors
    ///
    /// Trouble with the file.
    pub fn append_checkpoint(&self, origin: i64, checkpoint: &CheckpointLine) -> io::Result<()> {
        append(&self.checkpoints(origin), std::slice::from_ref(checkpoint))
    }

    /// All copied leaves of a lineage, in order; none if there is no file.
    ///
    /// # Errors
    ///
    /// Trouble with the file.
    pub fn read_leaves(
        &self,
        origin: i64,
    ) -> io::Result<Box<dyn Iterator<Item = io::Result<LeafLine>> + Send>> {
        lines(&self.leaves(origin))
    }

    /// All copied checkpoints of a lineage, in order; none if there is no file.
    ///
    /// # Errors
    ///
    /// Trouble with the file, or a line that is not one.
    pub fn read_checkpoints(&self, origin: i64) -> io::Result<Vec<CheckpointLine>> {
        lines(&self.checkpoints(origin))?.collect()
    }
}

fn lines<T: for<'de> Deserialize<'de> + 'static>(
    path: &Path,
) -> io::Result<Box<dyn Iterator<Item = io::Result<T>> + Send>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Box::new(std::iter::empty())),
        Err(error) => return Err(error),
    };
    Ok(Box::new(BufReader::new(file).lines().filter_map(|line| match line {
        Ok(line) => serde_json::from_str(&line).map_or_else(
            // The torn end of a copy that was cut off.
            |error| if error.is_eof() { None } else { Some(Err(error.into())) },
            |line| Some(Ok(line)),
        ),
        Err(error) => Some(Err(error)),
    })))
}

/// The last line that ends; what a crash left of one after it is not counted.
fn last_line<T: for<'de> Deserialize<'de>>(path: &Path) -> io::Result<Option<T>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') else { return Ok(None) };
    let whole = tail.get(..end).unwrap_or_default();
    let last = whole.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice(last).map(Some).map_err(io::Error::from)
}

/// Appends lines after the last one that ends, so that a torn one is overwritten and none doubled.
fn append<T: Serialize>(path: &Path, lines: &[T]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let kept = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = start + u64::try_from(kept).unwrap_or(0);
    if end < length {
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    file.write_all(&text)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_not_counted_and_then_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let copy = LogCopy::open(folder.path()).unwrap();
        assert_eq!(copy.last_leaf(1).unwrap(), None);
        copy.append_leaves(1, &[LeafLine::new(0, b"a"), LeafLine::new(1, b"b")]).unwrap();
        let mut file = OpenOptions::new().append(true).open(copy.leaves(1)).unwrap();
        file.write_all(b"{\"seq\":2,\"le").unwrap();
        assert_eq!(copy.last_leaf(1).unwrap().unwrap().seq, 1);
        copy.append_leaves(1, &[LeafLine::new(2, b"c")]).unwrap();
        let read: Vec<_> = copy.read_leaves(1).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [LeafLine::new(0, b"a"), LeafLine::new(1, b"b"), LeafLine::new(2, b"c")]);
    }
}
