//! Documents: decoded apart, sealed, kept, and gone when their person wants them back.
//!
//! A file is durable before the row that names it, and goes after it: a crash leaves at most a sealed file
//! that nothing names, and [`KycService::sweep_files`] takes those away.

use std::sync::Arc;

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::{KycError, KycService};
use crate::{
    db::{Conn, Refusal, StorageError},
    domain::{
        account::Profile,
        data_dictionary::{Category, KYC_DOCUMENT, KYC_FILE},
        ids::{AccountId, DocumentId, KycFlagId},
        kyc::{
            case::KycCase,
            days::LocalDay,
            document::{DocumentFile, DocumentSide, KycDocument, ToldDocument},
            file::{Accepts, FileName},
            flag::{FLAG_RAISED, FlagKind, KycFlag},
            mrz,
        },
        personal::{Personal, PersonalText},
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::{
        bans, instruments, kyc_cases, kyc_details,
        kyc_documents::{self, KeptFile, SealedDocument},
        kyc_flags,
        log::{self as leaves},
        rights_archives, rights_corrections, rights_requests,
    },
    services::{
        bans::Mark,
        idempotency::Recording,
        images::ImageError,
        log::LeafDraft,
        vault::{Row, SubjectKeys, VaultError, kms::KeyPurpose},
    },
};

/// A file that no row names is an orphan after this; no upload takes as long.
pub const ORPHAN_AFTER: TimeDelta = TimeDelta::hours(1);
/// So many names are looked up at once.
const SWEEP_BATCH: usize = 200;

/// What a person hands in.
pub struct Upload {
    pub told: ToldDocument,
    pub front: Zeroizing<Vec<u8>>,
    pub back: Option<Zeroizing<Vec<u8>>>,
}

/// A picture of a side of a document.
pub struct DocumentImage {
    pub jpeg: Zeroizing<Vec<u8>>,
}

/// An upload whose files are kept and whose rows are not yet.
struct Prepared {
    id: DocumentId,
    told: ToldDocument,
    sealed: Vec<u8>,
    files: Vec<KeptFile>,
    indexes: Vec<(u32, [u8; 32])>,
    /// What a banned person would be recognised by.
    marks: Vec<[u8; 32]>,
    drafts: [LeafDraft; 2],
    now: Timestamp,
}

impl KycService {
    /// Takes a document in.
    ///
    /// # Errors
    ///
    /// [`KycError::NotOpen`], [`KycError::DocumentExists`] if one stands in its place,
    /// [`KycError::Told`] and [`KycError::File`] for what cannot be taken.
    #[tracing::instrument(skip_all)]
    pub async fn upload(
        &self,
        id: AccountId,
        upload: Upload,
        recording: Recording<KycDocument>,
    ) -> Result<KycDocument, KycError> {
        let now = self.clock.now();
        let (_, profile) = self.person(id).await?;
        let case = self.open_case(id).await?;
        self.check_told(id, &profile, &upload, now).await?;
        let (case, keys) = self.keys_to_keep(case, now).await?;
        let prepared = self.prepare(&keys, upload, now).await?;
        let names: Vec<FileName> = prepared.files.iter().map(|file| file.name).collect();
        let written = self
            .db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let document = prepared.write(c, &keys, &case)?;
                recording.record(c, &keys, &document)?;
                Ok(document)
            })
            .await;
        // Where storage failed, the rows may stand all the same; what they do not name is swept.
        if written.as_ref().is_err_and(|error: &KycError| error.storage().is_none()) {
            self.files.forget(names).await;
        }
        written
    }

    /// The keys that seal what is handed in for a verification, each under a version of its own. A database that was
    /// restored may number one as another was whose key is destroyed; then it gets a number beyond all that were.
    async fn keys_to_keep(
        &self,
        case: KycCase,
        now: Timestamp,
    ) -> Result<(KycCase, Arc<SubjectKeys>), KycError> {
        let (id, version) = (case.account_id, case.documents_key());
        match self.vault.keys_with_version(id, Category::Documents, version, now).await {
            Ok(keys) => return Ok((case, keys)),
            Err(VaultError::NoKey(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let destroyed = self.vault.destroyed_versions_of(id, Category::Documents).await?;
        let live = self.vault.fresh_keys_of(id).await?.active_version(Category::Documents);
        let beyond = i64::from(destroyed.into_iter().chain(live).max().unwrap_or(0));
        self.db.write_for(id, move |c| kyc_cases::renumber(c, id, case.id, beyond)).await?;
        // Asked no longer in this very moment: the key went with everything else.
        let case = self.open_case(id).await?;
        let keys = self.vault.keys_with_version(id, Category::Documents, case.documents_key(), now).await;
        match keys {
            Ok(keys) => Ok((case, keys)),
            Err(VaultError::NoKey(_)) => Err(KycError::NotOpen),
            Err(error) => Err(error.into()),
        }
    }

    /// The verification that is open to what the person hands in.
    pub(super) async fn open_case(&self, id: AccountId) -> Result<KycCase, KycError> {
        let case = self.db.read(move |c| kyc_cases::find_current(c, id)).await?;
        case.filter(|case| case.state.is_open()).ok_or(KycError::NotOpen)
    }

    async fn check_told(
        &self,
        id: AccountId,
        profile: &Profile,
        upload: &Upload,
        now: Timestamp,
    ) -> Result<(), KycError> {
        let told = &upload.told;
        let faults = told.faults(upload.back.is_some(), LocalDay::at(now, zone_of(profile)));
        if !faults.is_empty() {
            return Err(KycError::Told(faults));
        }
        let Some(((zone, number), expires_on)) =
            told.zone.as_ref().zip(told.number.as_ref()).zip(told.expires_on)
        else {
            return Ok(());
        };
        // Without a day of birth only a decision can hold the zone against everything.
        let sealed = self.db.read(move |c| kyc_details::find(c, id)).await?;
        let Some(details) = self.opened(id, sealed).await? else { return Ok(()) };
        let Some(birth_date) = details.birth_date.day() else { return Ok(()) };
        let told = mrz::Told {
            number: number.expose(),
            name: profile.real_name.expose(),
            birth_date,
            expires_on: expires_on.0,
        };
        mrz::check(&zone.lines(), told).map_err(|_| KycError::ZoneSaysOtherwise)
    }

    /// Decodes, seals and keeps the files.
    async fn prepare(
        &self,
        keys: &SubjectKeys,
        upload: Upload,
        now: Timestamp,
    ) -> Result<Prepared, KycError> {
        let id = DocumentId::generate(now);
        let accepts = if upload.told.kind.is_identity() { Accepts::Images } else { Accepts::ImagesAndPdf };
        let sides = [(DocumentSide::Front, Some(upload.front)), (DocumentSide::Back, upload.back)];
        let mut pictures = Vec::new();
        for (side, file) in sides {
            let Some(file) = file else { continue };
            let picture = self.images.clean(file, accepts).await.map_err(|error| match error {
                ImageError::Fault(fault) => KycError::File { side, fault },
                error => KycError::Image(error),
            })?;
            pictures.push((side, picture));
        }
        let unwritable = VaultError::Broken { table: "kyc_documents", column: "told", why: "does not write" };
        let text = upload.told.write().map_err(|_| unwritable)?;
        let sealed = keys.seal(&KYC_DOCUMENT, Row(id.as_bytes()), &text)?.into_envelope();
        let indexes = upload
            .told
            .number_key()
            .map(|key| self.vault.blind_indexes(KeyPurpose::DocumentIndex, &key))
            .unwrap_or_default();
        let marks =
            upload.told.number_key().map(|key| Mark::Document(&key).hashes(&self.vault)).unwrap_or_default();
        let drafts = [LeafDraft::new(now)?, LeafDraft::new(now)?];
        // Last, since only the write of the rows may come between a file and its name.
        let mut files = Vec::new();
        for (side, picture) in pictures {
            let sealed = keys.seal_bytes(&KYC_FILE, Row(&file_row(id, side)), &picture.jpeg)?;
            let size = i64::try_from(picture.jpeg.len()).unwrap_or(i64::MAX);
            let facts = DocumentFile { side, width: picture.width, height: picture.height, size };
            match self.files.put(sealed).await {
                Ok(name) => files.push(KeptFile { facts, name }),
                Err(error) => {
                    self.files.forget(files.into_iter().map(|file| file.name).collect()).await;
                    return Err(error.into());
                }
            }
        }
        Ok(Prepared { id, told: upload.told, sealed, files, indexes, marks, drafts, now })
    }

    /// A document of the person.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] also for another person's.
    pub async fn document(&self, id: AccountId, document: DocumentId) -> Result<KycDocument, KycError> {
        let (sealed, files) = self
            .db
            .read(move |c| {
                let files = kyc_documents::list_files(c, id, &[document])?;
                Ok::<_, StorageError>((kyc_documents::find(c, id, document)?, files))
            })
            .await?;
        let sealed = sealed.ok_or(KycError::NotFound)?;
        let told = sealed.told.as_deref().ok_or(KycError::NotFound)?;
        let keys = self.vault.keys_to_open(id, &KYC_DOCUMENT, told).await?;
        open(&keys, sealed, files.into_iter().map(|(_, file)| file.facts).collect())?
            .ok_or(KycError::NotFound)
    }

    /// What the identity documents that are kept of a person are compared by.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn document_keys(&self, id: AccountId) -> Result<Vec<String>, KycError> {
        let mut keys = Vec::new();
        for document in self.document_ids(id).await? {
            keys.extend(self.document(id, document).await?.told.number_key());
        }
        Ok(keys)
    }

    /// Every document that is kept of the person, in the order in which they came.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn document_ids(&self, id: AccountId) -> Result<Vec<DocumentId>, KycError> {
        Ok(self.db.read(move |c| kyc_documents::list_ids(c, id)).await?)
    }

    /// Takes a document back, while the verification is open to that.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`], [`KycError::NotOpen`] if it is too late.
    #[tracing::instrument(skip_all)]
    pub async fn delete_document(&self, id: AccountId, document: DocumentId) -> Result<(), KycError> {
        let names = self
            .db
            .write_for(id, move |c| {
                let found = kyc_documents::find(c, id, document)?.ok_or(KycError::NotFound)?;
                let was = kyc_cases::find_current(c, id)?;
                let was = was.filter(|case| case.id == found.case_id && case.takes(found.item));
                let was = was.ok_or(KycError::NotOpen)?;
                let files = kyc_documents::list_files(c, id, &[document])?;
                kyc_documents::delete(c, id, document)?;
                if !kyc_cases::update(c, &was, &was.after_change_of(found.item, false))? {
                    return Err(KycError::Stale);
                }
                Ok(files.into_iter().map(|(_, file)| file.name).collect())
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// The picture of a side of a document of the person.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] if there is none.
    pub async fn image(
        &self,
        id: AccountId,
        document: DocumentId,
        side: DocumentSide,
    ) -> Result<DocumentImage, KycError> {
        let files = self.db.read(move |c| kyc_documents::list_files(c, id, &[document])).await?;
        let file = files.into_iter().find(|(_, file)| file.facts.side == side);
        let (_, file) = file.ok_or(KycError::NotFound)?;
        let sealed = self.files.get(file.name).await?.ok_or(KycError::NotFound)?;
        let keys = self.vault.keys_to_open(id, &KYC_FILE, &sealed).await?;
        if !keys.can_open(&KYC_FILE, &sealed) {
            return Err(KycError::NotFound);
        }
        let jpeg = keys.open_bytes(&KYC_FILE, Row(&file_row(document, side)), &sealed)?;
        Ok(DocumentImage { jpeg })
    }

    /// Takes away files of before an instant that no row names; says how many.
    ///
    /// # Errors
    ///
    /// Trouble with the store or the database.
    pub async fn sweep_files(&self, before: Timestamp) -> Result<usize, KycError> {
        let mut names = Vec::new();
        self.files.list_before(before, |name| names.push(name)).await?;
        let mut swept = 0;
        for batch in names.chunks(SWEEP_BATCH) {
            let asked = batch.to_vec();
            let kept = self
                .db
                .read_long(move |c| {
                    let mut kept = kyc_documents::filter_kept(c, &asked)?;
                    kept.extend(instruments::filter_kept(c, &asked)?);
                    kept.extend(rights_archives::filter_kept(c, &asked)?);
                    kept.extend(rights_corrections::filter_kept(c, &asked)?);
                    Ok::<_, StorageError>(kept)
                })
                .await?;
            let orphans: Vec<FileName> = batch.iter().copied().filter(|name| !kept.contains(name)).collect();
            swept += orphans.len();
            self.files.forget(orphans).await;
        }
        Ok(swept)
    }
}

impl Prepared {
    /// Writes the rows, if the verification still takes the document.
    fn write(&self, c: &mut Conn, keys: &SubjectKeys, case: &KycCase) -> Result<KycDocument, KycError> {
        let id = keys.account_id();
        let was = kyc_cases::find_owned(c, id, case.id)?.filter(|case| case.state.is_open());
        // Of another number the key that sealed this is destroyed.
        let was = was.filter(|was| was.number == case.number).ok_or(KycError::NotOpen)?;
        if rights_requests::erases_verification(c, id)? {
            return Err(KycError::BeingErased);
        }
        let taken = kyc_documents::list(c, id, was.id)?;
        let free = |item| taken.iter().all(|other| other.item != item);
        let item = self.told.items().iter().copied().find(|item| free(*item));
        let item = item.ok_or(KycError::DocumentExists)?;
        if !was.takes(item) {
            return Err(KycError::NotOpen);
        }
        let sealed = SealedDocument {
            account_id: id,
            id: self.id,
            case_id: was.id,
            item,
            kind: self.told.kind,
            told: Some(self.sealed.clone()),
            uploaded_at: self.now,
            submitted_at: None,
        };
        if !kyc_documents::insert(c, &sealed)? {
            return Err(KycError::DocumentExists);
        }
        for file in &self.files {
            kyc_documents::insert_file(c, id, self.id, file)?;
        }
        kyc_documents::insert_numbers(c, id, self.id, &self.indexes)?;
        // The person's own ban restricts the account, and is known.
        let ban = bans::find_marked(c, &self.marks, self.now)?.filter(|ban| ban.account_id != Some(id));
        let raised = [
            (kyc_documents::is_shared(c, id, was.id)?, FlagKind::SameDocument),
            (ban.is_some(), FlagKind::BannedPerson),
        ];
        for ((_, kind), draft) in raised.into_iter().zip(&self.drafts).filter(|((is_so, _), _)| *is_so) {
            let flag = KycFlag::raise(id, KycFlagId::generate(self.now), kind, self.now);
            if kyc_flags::raise(c, &flag)? {
                leaves::append(c, &draft.of_person(keys, &FLAG_RAISED, &flag.facts())?)?;
            }
        }
        if !kyc_cases::update(c, &was, &was.after_change_of(item, true))? {
            return Err(KycError::Stale);
        }
        Ok(KycDocument {
            account_id: id,
            id: self.id,
            case_id: was.id,
            item,
            told: self.told.clone(),
            files: self.files.iter().map(|file| file.facts.clone()).collect(),
            uploaded_at: self.now,
            submitted_at: None,
        })
    }
}

/// What the seal of a file is bound to.
fn file_row(document: DocumentId, side: DocumentSide) -> Vec<u8> {
    [document.as_bytes().as_slice(), side.as_str().as_bytes()].concat()
}

pub(super) fn zone_of(profile: &Profile) -> Option<chrono_tz::Tz> {
    profile.time_zone.as_ref().and_then(|zone| zone.expose().parse().ok())
}

/// A document as it was told, unless that was erased.
pub(super) fn open(
    keys: &SubjectKeys,
    sealed: SealedDocument,
    files: Vec<DocumentFile>,
) -> Result<Option<KycDocument>, VaultError> {
    // Without the key it was erased, and its row is about to go.
    let Some(told) = sealed.told.filter(|told| keys.can_open(&KYC_DOCUMENT, told)) else {
        return Ok(None);
    };
    let text: PersonalText =
        keys.open(&KYC_DOCUMENT, Row(sealed.id.as_bytes()), &Sealed::from_envelope(told))?;
    let unreadable = VaultError::Broken { table: "kyc_documents", column: "told", why: "does not read" };
    Ok(Some(KycDocument {
        account_id: sealed.account_id,
        id: sealed.id,
        case_id: sealed.case_id,
        item: sealed.item,
        told: ToldDocument::read(text.expose()).ok_or(unreadable)?,
        files,
        uploaded_at: sealed.uploaded_at,
        submitted_at: sealed.submitted_at,
    }))
}
