//! Files at rest, in a folder or in a bucket (S3): sealed before they come here, under names that say nothing.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, WriteMultipart, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path,
};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::{
    encoding::{hex, unhex},
    kyc::file::FileName,
    time::Timestamp,
};

/// The longest that a bucket may take to answer, tries included.
const PATIENCE: Duration = Duration::from_secs(10);
const TRIES: usize = 3;
/// How many parts of a file are on their way at once.
const PARTS_AT_ONCE: usize = 2;

/// Why a file was not kept or not given.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the machine gives no randomness")]
    Randomness,
    /// What it says may name places; it belongs into the log alone.
    #[error("the store of files does not answer")]
    Store(#[from] object_store::Error),
    #[error("the folder of files cannot be made")]
    Folder(#[from] std::io::Error),
}

/// Where files rest.
#[derive(Clone, Debug)]
pub enum FileSettings {
    Folder(PathBuf),
    S3(S3Settings),
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Settings {
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
}

/// A name that nobody has.
fn new_name() -> Result<FileName, FileError> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|_| FileError::Randomness)?;
    Ok(FileName(name))
}

/// Where a file lies: no folder grows too long.
fn place_of(name: FileName) -> Path {
    let name = hex(&name.0);
    Path::from_iter([&name[..2], &name[2..4], name.as_str()])
}

/// Which file lies at a place, if it is one of ours.
fn file_at(place: &Path) -> Option<FileName> {
    let name = place.filename().and_then(unhex)?.try_into().ok().map(FileName)?;
    (place_of(name) == *place).then_some(name)
}

/// A file as it is read.
pub type FileStream = BoxStream<'static, object_store::Result<Bytes>>;

/// A file that is being written.
pub struct NewFile {
    name: FileName,
    upload: WriteMultipart,
}

impl NewFile {
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn write(&mut self, sealed: &[u8]) -> Result<(), FileError> {
        self.upload.wait_for_capacity(PARTS_AT_ONCE).await?;
        self.upload.write(sealed);
        Ok(())
    }

    /// # Errors
    ///
    /// [`FileError::Store`] if it is not kept.
    pub async fn finish(self) -> Result<FileName, FileError> {
        self.upload.finish().await?;
        Ok(self.name)
    }

    /// Takes away what was written of it; what that leaves behind, the store forgets.
    pub async fn abandon(self) {
        if let Err(error) = self.upload.abort().await {
            tracing::warn!(%error, "a part of a file is left behind");
        }
    }
}

/// Keeps files.
#[derive(Clone)]
pub struct FileStore {
    store: Arc<dyn ObjectStore>,
}

impl FileStore {
    /// # Errors
    ///
    /// If the folder cannot be made, or the settings of the bucket contradict each other.
    pub fn open(settings: &FileSettings) -> Result<Self, FileError> {
        let store: Arc<dyn ObjectStore> = match settings {
            FileSettings::Folder(folder) => {
                std::fs::create_dir_all(folder)?;
                let folder = LocalFileSystem::new_with_prefix(folder)?;
                // Written through, file and folder, before anybody is told that it is there.
                Arc::new(folder.with_fsync(true).with_automatic_cleanup(true))
            }
            FileSettings::S3(s3) => Arc::new(
                AmazonS3Builder::new()
                    .with_endpoint(&s3.endpoint)
                    .with_region(&s3.region)
                    .with_bucket_name(&s3.bucket)
                    .with_access_key_id(&s3.access_key_id)
                    .with_secret_access_key(s3.secret_access_key.expose_secret())
                    .with_client_options(
                        ClientOptions::new()
                            .with_timeout(PATIENCE)
                            .with_allow_http(s3.endpoint.starts_with("http://")),
                    )
                    .with_retry(RetryConfig {
                        max_retries: TRIES,
                        retry_timeout: PATIENCE,
                        ..RetryConfig::default()
                    })
                    .build()?,
            ),
        };
        Ok(Self { store })
    }

    /// Keeps what was sealed; it is durable before this returns.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`] if it is not kept.
    pub async fn put(&self, sealed: Vec<u8>) -> Result<FileName, FileError> {
        let name = new_name()?;
        self.store.put(&place_of(name), sealed.into()).await?;
        Ok(name)
    }

    /// What is kept under a name, if anything.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn get(&self, name: FileName) -> Result<Option<Vec<u8>>, FileError> {
        match self.store.get(&place_of(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a file whose size is not known; it is there, and durable, once it was finished.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn begin(&self) -> Result<NewFile, FileError> {
        let name = new_name()?;
        let upload = self.store.put_multipart(&place_of(name)).await?;
        Ok(NewFile { name, upload: WriteMultipart::new(upload) })
    }

    /// What is kept under a name, if anything, as it is read.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn read(&self, name: FileName) -> Result<Option<FileStream>, FileError> {
        match self.store.get(&place_of(name)).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a file away; once it is gone it stays so.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn delete(&self, name: FileName) -> Result<(), FileError> {
        match self.store.delete(&place_of(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes files away that no row names any more; where the store does not answer, the sweep does.
    pub async fn forget(&self, names: Vec<FileName>) {
        for name in names {
            if let Err(error) = self.delete(name).await {
                tracing::warn!(%error, "a file that nothing names is left for the sweep");
            }
        }
    }

    /// Calls `each` with every file that was written before an instant, for who looks for orphans.
    ///
    /// # Errors
    ///
    /// [`FileError::Store`].
    pub async fn list_before(
        &self,
        before: Timestamp,
        mut each: impl FnMut(FileName),
    ) -> Result<(), FileError> {
        let before = DateTime::<Utc>::from_timestamp_micros(before.as_micros());
        let mut files = self.store.list(None);
        while let Some(file) = files.next().await {
            let file = file?;
            if before.is_some_and(|before| file.last_modified < before)
                && let Some(name) = file_at(&file.location)
            {
                each(name);
            }
        }
        Ok(())
    }
}
