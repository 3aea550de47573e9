//! The end of key-encryption keys: once none of the live keys is wrapped by an earlier version, and every copy of the key
//! store from its time has to be gone, that version is destroyed, and with it whatever stray copy there still is.

use super::{
    VaultError,
    kms::{KeyPurpose, KeyState, Kms},
};
use crate::{
    db::{Db, StorageError},
    domain::{evidence::Act, time::Timestamp},
    repositories::{key_checks, log as leaves, subject_keys},
    services::log::LeafDraft,
};

const KEY_DESTROYED: Act = Act { name: "key.destroyed", object: "key", clause: "5.3" };

/// Destroys the versions that wrap nothing, and whose successor exists since before an instant; says which. A rotation
/// wraps everything anew at once, so by then no copy of the key store that may still live needs them.
///
/// # Errors
///
/// Storage trouble, or a key file that cannot be replaced; doing it again completes it.
pub async fn destroy_past(
    (data, keys): (&Db, &Db),
    kms: &Kms,
    next_exists_since: Timestamp,
    now: Timestamp,
) -> Result<Vec<u32>, VaultError> {
    let used = keys.read(subject_keys::count_by_kek).await?;
    let facts = kms.facts();
    let own = facts.iter().filter(|key| key.purpose == KeyPurpose::Kek);
    let past: Vec<u32> = own
        .clone()
        .filter(|key| key.state == KeyState::DecryptOnly)
        .filter(|key| !used.iter().any(|(version, _)| u32::try_from(*version) == Ok(key.version)))
        .filter(|key| {
            let mut successors = own.clone().filter(|other| other.version > key.version);
            successors.any(|next| next.created_at <= next_exists_since)
        })
        .map(|key| key.version)
        .collect();
    for version in past.clone() {
        let facts = vec![("purpose", KeyPurpose::Kek.as_str().to_owned()), ("version", version.to_string())];
        let leaf = LeafDraft::new(now)?.of_service(&KEY_DESTROYED, &facts);
        data.write(move |c| {
            leaves::append(c, &leaf)?;
            key_checks::delete(c, KeyPurpose::Kek.as_str(), version)?;
            Ok::<_, StorageError>(())
        })
        .await?;
    }
    kms.remove(KeyPurpose::Kek, &past)?;
    Ok(past)
}
