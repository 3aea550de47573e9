//! Archives: everything that is held about a person, handed over to them (Privacy Act 2020, IPP 6; GDPR art. 15 and 20).

use chrono::TimeDelta;

use crate::domain::{
    ids::{AccountId, RightsRequestId},
    kyc::file::FileName,
    time::Timestamp,
};

/// How long an archive can be downloaded.
pub const ARCHIVE_LIVES: TimeDelta = TimeDelta::days(7);

/// What no archive holds, and the law that allows to withhold it. It says the same to everybody, since whether there is such
/// a thing about somebody may have to be kept from them.
pub const WITHHELD: &[(&str, &str)] = &[
    (
        "Notes of those who examine a verification, and signals against fraud.",
        "Privacy Act 2020, section 53; AML/CFT Act 2009, section 46",
    ),
    (
        "Disclosures that an order requires to be kept quiet, for as long as it does.",
        "Privacy Act 2020, section 53",
    ),
    (
        "Hashes of passwords, and the secrets of authenticators, which would let a reader sign in.",
        "GDPR art. 32",
    ),
];

/// How far an archive has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveProgress {
    pub tables_written: i32,
    pub entries_written: i64,
}

/// An archive as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    pub account_id: AccountId,
    pub request_id: RightsRequestId,
    pub started_at: Timestamp,
    pub tables_total: i32,
    pub progress: ArchiveProgress,
    pub ready: Option<ReadyArchive>,
    pub downloads: i32,
    pub last_downloaded_at: Option<Timestamp>,
}

/// An archive that can be downloaded, or could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyArchive {
    /// In bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub content_hash: [u8; 32],
    pub ready_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Where an archive rests, and what opens it.
#[derive(Clone)]
pub struct KeptArchive {
    pub name: FileName,
    /// The sealed secret.
    pub secret: Vec<u8>,
    pub size: i64,
}
