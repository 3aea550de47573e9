//! The key file: one line a key, `purpose|version|created|state|key|checksum`, replaced atomically.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::kms::{KeyPurpose, KeyState, MasterKey};
use crate::domain::time::Timestamp;

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("the key file is a link, or others than its owner may read it, or its owner is another user")]
    Exposed,
    #[error("line {0} of the key file is damaged")]
    Damaged(usize),
}

/// Holds off every other process that would read, change and replace the file; until dropped.
///
/// # Errors
///
/// [`KeyFileError::Io`].
pub(super) fn lock(path: &Path) -> Result<File, KeyFileError> {
    fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new(".")))?;
    let beside = path.with_extension("lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside)?;
    lock.lock()?;
    Ok(lock)
}

/// Reads the file, which nobody but its owner may read.
///
/// # Errors
///
/// [`KeyFileError::Exposed`] or [`KeyFileError::Damaged`]; a key is never guessed.
pub(super) fn read(path: &Path) -> Result<Vec<MasterKey>, KeyFileError> {
    let facts = fs::symlink_metadata(path)?;
    let owner = fs::metadata("/proc/self")?.uid();
    if !facts.is_file() || facts.mode() & 0o077 != 0 || facts.uid() != owner {
        return Err(KeyFileError::Exposed);
    }
    let text = Zeroizing::new(fs::read_to_string(path)?);
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
        .map(|(n, line)| parse(line).ok_or(KeyFileError::Damaged(n + 1)))
        .collect()
}

fn parse(line: &str) -> Option<MasterKey> {
    let (body, checksum) = line.rsplit_once('|')?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != checksum {
        return None;
    }
    let mut parts = body.split('|');
    let mut next = || parts.next();
    let (purpose, version, created, state, key) = (next()?, next()?, next()?, next()?, next()?);
    let key = Zeroizing::new(STANDARD.decode(key).ok()?);
    Some(MasterKey {
        purpose: KeyPurpose::parse(purpose)?,
        version: version.parse().ok()?,
        created_at: created.parse().ok().and_then(Timestamp::from_micros)?,
        state: KeyState::parse(state)?,
        key: Zeroizing::new(key.as_slice().try_into().ok()?),
    })
}

/// Writes all keys: a new file beside the old one, synced, then put in its place.
///
/// # Errors
///
/// [`KeyFileError::Io`]; the old file then stands as it was.
pub(super) fn write(path: &Path, keys: &[MasterKey]) -> Result<(), KeyFileError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let mut text = Zeroizing::new(String::from(
        "# Master keys. Whoever has this file and the key store reads everything; without it nobody does.\n",
    ));
    for key in keys {
        let encoded = Zeroizing::new(STANDARD.encode(key.key.as_slice()));
        let body = Zeroizing::new(format!(
            "{}|{}|{}|{}|{}",
            key.purpose.as_str(),
            key.version,
            key.created_at.as_micros(),
            key.state.as_str(),
            *encoded
        ));
        let _ = writeln!(text, "{}|{:08x}", *body, crc32fast::hash(body.as_bytes()));
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}
