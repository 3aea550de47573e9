//! A ZIP file that is hashed, sealed and kept while it is written: neither memory nor a disk ever holds it open.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use age::x25519;
use chrono::{DateTime, Datelike, Timelike, Utc};
use sha2::{Digest, Sha256};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter as ZipStream},
};

use super::{RightsError, stored};
use crate::{
    domain::{kyc::file::FileName, time::Timestamp},
    services::files::NewFile,
};

/// What was sealed and waits to be kept.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<Vec<u8>>>);

impl Waiting {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Waiting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes and counts what goes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    size: i64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += i64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A file of an archive that is being written.
pub struct ArchiveWriter {
    zip: ZipWriter<ZipStream<Hashing<age::stream::StreamWriter<Waiting>>>>,
    waiting: Waiting,
    file: NewFile,
    options: SimpleFileOptions,
    made_at: Timestamp,
}

/// An archive that was written.
pub struct WrittenArchive {
    pub name: FileName,
    pub size: i64,
    pub content_hash: [u8; 32],
}

fn failed(error: impl Into<super::ContentsError>) -> RightsError {
    RightsError::Archive(error.into())
}

impl ArchiveWriter {
    pub fn new(file: NewFile, key: &x25519::Recipient, now: Timestamp) -> Result<Self, RightsError> {
        let waiting = Waiting::default();
        let sealing = age::Encryptor::with_recipients(std::iter::once::<&dyn age::Recipient>(key))
            .map_err(failed)?
            .wrap_output(waiting.clone())
            .map_err(failed)?;
        let zip = ZipWriter::new_stream(Hashing { inner: sealing, hash: Sha256::new(), size: 0 });
        let at: Option<DateTime<Utc>> = DateTime::from_timestamp_micros(now.as_micros());
        let at = at.and_then(|at| {
            let small = |number: u32| u8::try_from(number).ok();
            let (year, month, day) = (u16::try_from(at.year()).ok()?, small(at.month())?, small(at.day())?);
            let (hour, minute, second) = (small(at.hour())?, small(at.minute())?, small(at.second())?);
            zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        });
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(at.unwrap_or_default())
            .large_file(true);
        Ok(Self { zip, waiting, file, options, made_at: now })
    }

    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// Begins a file of the archive; the one before it ends.
    pub fn begin(&mut self, name: &str) -> Result<(), RightsError> {
        self.zip.start_file(name, self.options).map_err(failed)
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), RightsError> {
        self.zip.write_all(bytes).map_err(failed)
    }

    /// Adds a whole file.
    pub async fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), RightsError> {
        self.begin(name)?;
        self.write(bytes)?;
        self.flush().await
    }

    /// Keeps what was written so far.
    pub async fn flush(&mut self) -> Result<(), RightsError> {
        self.file.write(&self.waiting.take()).await.map_err(stored)
    }

    pub async fn finish(self: Box<Self>) -> Result<WrittenArchive, RightsError> {
        let Self { zip, waiting, mut file, .. } = *self;
        let Hashing { inner, hash, size } = zip.finish().map_err(failed)?.into_inner();
        inner.finish().map_err(failed)?;
        file.write(&waiting.take()).await.map_err(stored)?;
        let name = file.finish().await.map_err(stored)?;
        Ok(WrittenArchive { name, size, content_hash: hash.finalize().into() })
    }

    /// Takes away what was kept of it.
    pub async fn abandon(self: Box<Self>) {
        let Self { file, .. } = *self;
        file.abandon().await;
    }
}
