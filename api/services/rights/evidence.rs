//! What shows that requests are right, or who asks: taken in, opened by staff, and gone when it has done what it was for.

use zeroize::Zeroizing;

use super::{RightsError, RightsService, ShownRequest, archive::stored, find, show, show_own};
use crate::{
    db::{Conn, Refusal},
    domain::{
        data_dictionary::{Category, EVIDENCE_FILE},
        evidence::Evidence,
        ids::{AccountId, DocumentId, RightsRequestId, StaffId, StaffReadId},
        kyc::{document::PICTURE_OPEN_FOR, file::Accepts},
        rights::{
            rectification::{EvidenceFile, MOST_EVIDENCE},
            request::RightsRequest,
        },
        staff::{ReadCase, ReadField, ReadPurpose, StaffRead},
        time::Timestamp,
    },
    repositories::{
        accounts, log as leaves,
        rights_corrections::{self, KeptEvidence},
        rights_requests, staff_reads,
    },
    services::{
        batches,
        idempotency::Recording,
        images::ImageError,
        log::LeafDraft,
        reads,
        throttles::Bucket,
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// A file that may be fetched now.
#[derive(Clone)]
pub struct OpenedEvidence {
    pub read: StaffRead,
    pub expires_at: Timestamp,
}

/// An opening of a person's data for a request of theirs, on its way.
pub(super) struct Opening {
    id: StaffReadId,
    by: StaffId,
    request: RightsRequestId,
    budget: Bucket,
    draft: LeafDraft,
    at: Timestamp,
}

impl RightsService {
    pub(super) fn opening(&self, by: StaffId, request: RightsRequestId) -> Result<Opening, RightsError> {
        let at = self.clock.now();
        Ok(Opening {
            id: StaffReadId::generate(at),
            by,
            request,
            budget: self.budget.of(by).map_err(VaultError::from)?,
            draft: LeafDraft::new(at).map_err(VaultError::from)?,
            at,
        })
    }

    /// Takes a file in that shows that a request is right, while it waits for its answer (clause 7.4): from its person, or
    /// from whoever holds the token of its result, by the token's hash. Where who asks is to be shown, it is the holder of
    /// the token who shows it: what another hands in would speak for them.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::StateConflict`] once it was answered, or where
    /// it takes the token, [`RightsError::EvidenceFull`], and [`RightsError::File`] for what cannot be taken.
    #[tracing::instrument(skip_all)]
    pub async fn add_evidence(
        &self,
        (owner, id, token): (AccountId, RightsRequestId, Option<[u8; 32]>),
        file: Zeroizing<Vec<u8>>,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let now = self.clock.now();
        self.db.read(move |c| check_takes_evidence_of(c, (owner, id, token))).await?;
        let picture = self.images.clean(file, Accepts::ImagesAndPdf).await.map_err(|error| match error {
            ImageError::Fault(fault) => RightsError::File(fault),
            error => RightsError::Image(error),
        })?;
        // Under the newest key: an older one may be about to go with what it sealed.
        self.vault.fresh_keys_of(owner).await?;
        let keys = self.vault.keys_with(owner, &[Category::Proofs], now).await?;
        let document_id = DocumentId::generate(now);
        let sealed = keys.seal_bytes(&EVIDENCE_FILE, Row(document_id.as_bytes()), &picture.jpeg)?;
        let size = i64::try_from(picture.jpeg.len()).unwrap_or(i64::MAX);
        let (width, height) = (picture.width, picture.height);
        let name = self.files.put(sealed).await.map_err(stored)?;
        let version = keys.active_version(Category::Proofs).unwrap_or(0);
        let facts = EvidenceFile { document_id, width, height, size, uploaded_at: now };
        let kept = KeptEvidence { facts, name, key_version: version };
        let written = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let request = check_takes_evidence_of(c, (owner, id, token))?;
                if list_evidence(c, owner, id)?.len() >= MOST_EVIDENCE {
                    return Err(RightsError::EvidenceFull);
                }
                rights_corrections::insert_file(c, (owner, id), &kept)?;
                // What was told is for its person alone, also where the call is repeated.
                let shown = match token {
                    None => show_own(c, &keys, request)?,
                    Some(_) => show(c, request)?,
                };
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await;
        if written.is_ok() && !self.vault.fresh_keys_of(owner).await?.holds_version(Category::Proofs, version)
        {
            // What was there before went with its key in this very moment.
            self.db.write_for(owner, move |c| rights_corrections::delete_files(c, owner, &[version])).await?;
            return Err(RightsError::StateConflict);
        }
        // Where storage failed the row may stand all the same; what none names is swept.
        if written.as_ref().is_err_and(|error: &RightsError| error.storage().is_none()) {
            self.files.forget(vec![name]).await;
        }
        written
    }

    /// Records that a member of staff looks at a file, which can be fetched from then on for a few minutes.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] if there is none, [`RightsError::StateConflict`] once the request was answered,
    /// [`RightsError::OwnRequest`], [`RightsError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_evidence(
        &self,
        (by, id): (StaffId, RightsRequestId),
        document: DocumentId,
        recording: Recording<OpenedEvidence>,
    ) -> Result<OpenedEvidence, RightsError> {
        let owner = self.others_request(by, id).await?.account_id;
        let (keys, opening) = (self.vault.keys_of(owner).await?, self.opening(by, id)?);
        let expires_at = self.clock.now().plus(PICTURE_OPEN_FOR);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let files = list_evidence(c, owner, id)?;
                if !files.iter().any(|file| file.document_id == document) {
                    return Err(RightsError::NotFound);
                }
                let read = opening.admit(c, &keys, (&[ReadField::EvidencePicture], Some(document)))?;
                let opened = OpenedEvidence { read, expires_at };
                recording.record(c, &keys, &opened)?;
                Ok(opened)
            })
            .await
    }

    /// The file whose opening was recorded, for whoever asked, while the request waits for its answer.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] for anybody else, and later.
    pub async fn opened_evidence(
        &self,
        by: StaffId,
        id: StaffReadId,
    ) -> Result<Zeroizing<Vec<u8>>, RightsError> {
        let read = self.db.read(move |c| staff_reads::find(c, id)).await?;
        let read = read.filter(|read| read.staff_id == by).ok_or(RightsError::NotFound)?;
        let ReadCase::Rights(request, Some(document)) = read.case else { return Err(RightsError::NotFound) };
        let owner = read.account_id;
        let found = self.db.read(move |c| rights_requests::find_owned(c, owner, request)).await?;
        let is_open = self.clock.now() < read.read_at.plus(PICTURE_OPEN_FOR);
        if !is_open || !found.is_some_and(|request| request.takes_evidence()) {
            return Err(RightsError::NotFound);
        }
        self.evidence(owner, (request, document)).await
    }

    /// A file of a person, as JPEG.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] if there is none.
    pub async fn evidence(
        &self,
        owner: AccountId,
        (request, document): (RightsRequestId, DocumentId),
    ) -> Result<Zeroizing<Vec<u8>>, RightsError> {
        let files = self.db.read(move |c| rights_corrections::list_files(c, owner, request)).await?;
        let file = files.into_iter().find(|file| file.facts.document_id == document);
        let file = file.ok_or(RightsError::NotFound)?;
        let keys = self.vault.fresh_keys_of(owner).await?;
        let sealed = self.files.get(file.name).await.map_err(stored)?;
        let sealed = sealed.filter(|sealed| keys.can_open(&EVIDENCE_FILE, sealed));
        let sealed = sealed.ok_or(RightsError::NotFound)?;
        Ok(keys.open_bytes(&EVIDENCE_FILE, Row(document.as_bytes()), &sealed)?)
    }

    /// Every file that is kept of a person to show that requests are right.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn evidence_ids(
        &self,
        owner: AccountId,
    ) -> Result<Vec<(RightsRequestId, DocumentId)>, RightsError> {
        Ok(self.db.read(move |c| rights_corrections::list_owned_files(c, owner)).await?)
    }

    /// Makes another key for what shows that requests are right, where the one that seals now has sealed something: each goes
    /// without the other.
    pub(super) async fn renew_proofs(&self, owner: AccountId) -> Result<(), RightsError> {
        let keys = self.vault.fresh_keys_of(owner).await?;
        let Some(active) = keys.active_version(Category::Proofs) else { return Ok(()) };
        let files = self.db.read(move |c| rights_corrections::list_names(c, owner)).await?;
        if files.iter().any(|(_, version)| *version == active) {
            self.vault.rotate(owner, Category::Proofs, self.clock.now()).await?;
        }
        Ok(())
    }

    /// A request of somebody else than whoever looks at it.
    pub(super) async fn others_request(
        &self,
        by: StaffId,
        id: RightsRequestId,
    ) -> Result<RightsRequest, RightsError> {
        let request = self.db.read(move |c| find(c, id)).await?;
        if reads::own_account(&self.db, &self.vault, by).await? == Some(request.account_id) {
            return Err(RightsError::OwnRequest);
        }
        Ok(request)
    }

    /// Erases what showed that requests were right, of some persons about whom nothing waits since an instant; says of
    /// how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn forget_evidence(&self, before: Timestamp, limit: i64) -> Result<usize, RightsError> {
        let done = self.db.read_long(move |c| rights_corrections::list_done_with(c, before, limit)).await?;
        batches::for_each(done, |owner| self.forget_evidence_of(owner)).await
    }

    pub(super) async fn forget_evidence_of(&self, owner: AccountId) -> Result<bool, RightsError> {
        let versions = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                // Whatever comes after this is sealed under another key, or goes with this one.
                if rights_corrections::is_waiting(c, owner)? {
                    return Ok(Vec::new());
                }
                let files = rights_corrections::list_names(c, owner)?;
                Ok::<_, RightsError>(files.into_iter().map(|(_, version)| version).collect::<Vec<_>>())
            })
            .await?;
        let has_some = !versions.is_empty();
        if has_some {
            self.erasure.erase_evidence(owner, versions).await?;
        }
        Ok(has_some)
    }
}

impl Opening {
    /// Lets some fields be opened while the request waits for its answer, and writes what the person will see of that.
    pub(super) fn admit(
        &self,
        c: &mut Conn,
        keys: &SubjectKeys,
        (fields, document): (&[ReadField], Option<DocumentId>),
    ) -> Result<StaffRead, RightsError> {
        let (owner, purpose) = (keys.account_id(), ReadPurpose::RightsRequest);
        check_takes_evidence(c, owner, self.request)?;
        reads::admit(c, (owner, purpose, fields), &self.budget, self.at)?;
        let read = StaffRead {
            account_id: owner,
            sequence: accounts::take_sequence(c, owner, 1)?.ok_or(RightsError::NotFound)?,
            id: self.id,
            staff_id: self.by,
            fields: fields.to_vec(),
            purpose,
            case: ReadCase::Rights(self.request, document),
            read_at: self.at,
            leaf_id: self.draft.id(),
        };
        leaves::append(c, &self.draft.of_staff_upon(self.by, keys, read.act(), &read.facts())?)?;
        staff_reads::append(c, &read)?;
        Ok(read)
    }
}

/// The files of a request.
pub(super) fn list_evidence(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Vec<EvidenceFile>, RightsError> {
    Ok(rights_corrections::list_files(c, owner, id)?.into_iter().map(|file| file.facts).collect())
}

pub(super) fn check_takes_evidence(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<RightsRequest, RightsError> {
    let request = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
    if !request.takes_evidence() {
        return Err(RightsError::StateConflict);
    }
    Ok(request)
}

/// The same for whoever hands something in.
fn check_takes_evidence_of(
    c: &mut Conn,
    (owner, id, token): (AccountId, RightsRequestId, Option<[u8; 32]>),
) -> Result<RightsRequest, RightsError> {
    let request = check_takes_evidence(c, owner, id)?;
    match token {
        None if request.by_link && request.scope.kind.is_carried_out() => Err(RightsError::StateConflict),
        None => Ok(request),
        // The token may have been replaced since it was read.
        Some(mac) => rights_requests::find_by_result(c, &mac)?.ok_or(RightsError::NotFound),
    }
}
