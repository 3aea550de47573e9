//! Files at rest: the same in a folder and in a bucket, under names that say nothing.

use std::time::Duration;

use secrecy::SecretString;
use smart_mining::{
    domain::time::Timestamp,
    services::files::{FileError, FileSettings, FileStore, S3Settings},
};
use tempfile::TempDir;

use tokio::net::TcpListener;

use crate::support::{BUCKET_SECRET, s3};

fn bucket(endpoint: String, secret: &str) -> FileSettings {
    FileSettings::S3(S3Settings {
        endpoint,
        region: "us-east-1".to_owned(),
        bucket: "documents".to_owned(),
        access_key_id: "keeper".to_owned(),
        secret_access_key: SecretString::from(secret),
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000).unwrap()
}

/// Seconds since the epoch on the machine's clock, which is the store's.
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

async fn keeps(store: &FileStore) {
    let sealed: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let name = store.put(sealed.clone()).await.unwrap();
    let other = store.put(b"other".to_vec()).await.unwrap();
    assert_ne!(name, other);
    assert_eq!(store.get(name).await.unwrap(), Some(sealed));
    assert_eq!(store.get(other).await.unwrap(), Some(b"other".to_vec()));

    let listed = async |before| {
        let mut names = Vec::new();
        store.list_before(before, |name| names.push(name)).await.unwrap();
        names
    };
    assert_eq!(listed(at(now() - 60)).await, [], "nothing is that old");
    let all = listed(at(now() + 60)).await;
    assert!(all.len() == 2 && all.contains(&name) && all.contains(&other), "{}", all.len());

    store.delete(name).await.unwrap();
    store.delete(name).await.unwrap();
    assert_eq!(store.get(name).await.unwrap(), None);
    assert_eq!(listed(at(now() + 60)).await, [other]);
}

#[tokio::test]
async fn a_folder_keeps_files() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("files");
    keeps(&FileStore::open(&FileSettings::Folder(root.clone())).unwrap()).await;
    let store = FileStore::open(&FileSettings::Folder(root.clone())).unwrap();
    let name = store.put(b"kept".to_vec()).await.unwrap();
    let again = FileStore::open(&FileSettings::Folder(root)).unwrap();
    assert_eq!(again.get(name).await.unwrap(), Some(b"kept".to_vec()), "over a restart");
}

#[tokio::test]
async fn a_bucket_keeps_files_and_wants_its_secret() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = TempDir::new().unwrap();
    let endpoint = s3(folder.path()).await;
    keeps(&FileStore::open(&bucket(endpoint.clone(), BUCKET_SECRET)).unwrap()).await;
    let stranger = FileStore::open(&bucket(endpoint, "another-secret")).unwrap();
    assert!(matches!(stranger.put(b"x".to_vec()).await, Err(FileError::Store(_))));
}

#[tokio::test]
async fn a_bucket_out_of_reach_is_given_up_in_time() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let store = FileStore::open(&bucket(endpoint, BUCKET_SECRET)).unwrap();
    let tried = tokio::time::timeout(Duration::from_secs(30), store.put(b"x".to_vec())).await;
    assert!(matches!(tried, Ok(Err(FileError::Store(_)))));
}
