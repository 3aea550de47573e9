//! Archives: everything that is held about a person, in one file for them (Privacy Act 2020, IPP 6; GDPR art. 15 and 20).
//!
//! It is written page by page, so that its size takes no memory; sealed as it is written, under a secret of its own that
//! rests under the person's key; and handed out for some days to whoever proved anew to be that person.

mod held;
mod page;
mod table;
mod writer;

pub use held::{BanRow, DataConfirmationRow, DeviceChoiceRow, DeviceRow, HELD, LogEntryRow, SignInRow};

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use age::{secrecy::ExposeSecret, x25519};
use futures_util::{
    TryStreamExt,
    future::BoxFuture,
    io::AsyncReadExt,
    stream::{self, Stream},
};
use serde_json::{Value, json};

use super::{Actor, RightsError, RightsService, advance, find, mail};
use crate::{
    db::Refusal,
    domain::{
        data_dictionary::{ARCHIVE_SECRET, Category},
        ids::{AccountId, DocumentId, NoticeId, RightsRequestId},
        kyc::document::DocumentSide,
        message::MessageBody,
        notice::NoticeKind,
        rights::{
            archive::{ARCHIVE_LIVES, ArchiveProgress, KeptArchive, ReadyArchive, WITHHELD},
            request::{RightKind, RightsRequest, RightsState, RightsStep},
        },
        time::Timestamp,
    },
    repositories::{accounts, rights_archives, rights_requests},
    services::{
        batches,
        files::FileError,
        notices,
        vault::{Row, SubjectKeys},
    },
};
use table::Columns;
use writer::ArchiveWriter;

/// The form of archives; a change that readers have to know of raises it.
const FORM: u32 = 1;
/// How often it is noted how far an archive has come.
const NOTED_EVERY: Duration = Duration::from_secs(1);
/// How much of a download is opened at a time: a chunk of an age file.
const CHUNK: usize = 64 * 1024;

/// One table of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub name: &'static str,
    pub title: &'static str,
    /// Whether the person gave it, or it was observed of them: what can be taken elsewhere (GDPR art. 20).
    pub is_portable: bool,
}

/// Some rows of a table, and what the next ones are asked for with.
pub type TablePage = (Vec<Value>, Option<String>);
/// Whatever kept contents from being read.
pub type ContentsError = Box<dyn std::error::Error + Send + Sync>;
/// Contents that are being read.
pub type Reading<'a, T> = BoxFuture<'a, Result<T, ContentsError>>;

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
pub enum PictureOf {
    /// A side of a document of a verification.
    Document(DocumentId, DocumentSide),
    /// What was handed in to show that a request is right.
    Evidence(RightsRequestId, DocumentId),
}

impl PictureOf {
    fn file_name(self) -> String {
        match self {
            Self::Document(document, side) => format!("pictures/{document}-{}.jpg", side.as_str()),
            Self::Evidence(_, document) => format!("pictures/{document}-evidence.jpg"),
        }
    }
}

/// Where the contents of archives come from.
pub trait Contents: Send + Sync {
    /// The tables, in their order.
    fn tables(&self) -> Vec<Table>;

    /// A JSON Schema, with a definition for a row of each table.
    fn schema(&self) -> Value;

    fn page(&self, table: &'static str, owner: AccountId, cursor: Option<String>) -> Reading<'_, TablePage>;

    fn pictures(&self, owner: AccountId) -> Reading<'_, Vec<PictureOf>>;

    /// A picture as JPEG.
    fn picture(&self, owner: AccountId, of: PictureOf) -> Reading<'_, Vec<u8>>;
}

/// An archive on its way to its person.
pub struct Download {
    pub size: u64,
    /// ZIP, opened as it is read.
    pub bytes: Box<dyn Stream<Item = std::io::Result<Vec<u8>>> + Unpin>,
}

/// What an archive is made from.
struct Making<'a> {
    rights: &'a RightsService,
    contents: &'a dyn Contents,
    request: &'a RightsRequest,
    tables: Vec<Table>,
    is_stopping: &'a (dyn Fn() -> bool + Sync),
    progress: ArchiveProgress,
    noted: Instant,
}

impl RightsService {
    /// Prepares some archives, or anew what was cut off; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn hand_over(
        &self,
        contents: &dyn Contents,
        limit: i64,
        is_stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let (mut done, mut failure, mut after) = (0, None, None);
        // Some wait, and must not keep those behind them from their turn.
        loop {
            let kinds = [RightKind::Access, RightKind::Portability];
            let due = self.db.read(move |c| rights_requests::list_to_execute(c, (&kinds, after), now, limit));
            let due = due.await?;
            let Some(last) = due.last() else { break };
            after = Some(last.id);
            let made = batches::for_each(due, |request| {
                Box::pin(self.hand_over_one(contents, request, is_stopping))
            });
            match made.await {
                Ok(some) => done += some,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(done), Err)
    }

    async fn hand_over_one(
        &self,
        contents: &dyn Contents,
        due: RightsRequest,
        is_stopping: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool, RightsError> {
        let is_portability = due.scope.kind == RightKind::Portability;
        let mut tables = contents.tables();
        tables.retain(|table| table.is_portable || !is_portability);
        let Some(request) = self.begin_archive(due, &tables).await? else { return Ok(false) };
        let keys = self.vault.keys_with(request.account_id, &[Category::Copies], self.clock.now()).await?;
        let secret = x25519::Identity::generate();
        let file = self.files.begin().await.map_err(stored)?;
        let mut writer = Box::new(ArchiveWriter::new(file, &secret.to_public(), self.clock.now())?);
        let (progress, noted) = (ArchiveProgress { tables_written: 0, entries_written: 0 }, Instant::now());
        let (rights, request) = (self, &request);
        let mut making = Making { rights, contents, request, tables, is_stopping, progress, noted };
        match making.write(&mut writer).await {
            Ok(true) => {}
            outcome => {
                writer.abandon().await;
                return outcome;
            }
        }
        let progress = making.progress;
        let written = writer.finish().await?;
        let row = Row(request.id.as_bytes());
        let secret = keys.seal_bytes(&ARCHIVE_SECRET, row, secret.to_string().expose_secret().as_bytes())?;
        let kept = KeptArchive { name: written.name, secret, size: written.size };
        let completed = self.complete_archive(&keys, request, &kept, (written.content_hash, progress)).await;
        // Nobody names it where the request was ended. Where storage failed the row may stand all the same; what none
        // names is swept.
        let is_named =
            completed.as_ref().map_or_else(|error| error.storage().is_some(), |completed| *completed);
        if !is_named {
            self.files.forget(vec![kept.name]).await;
        }
        completed
    }

    /// From here on the archive is being made; `None` where it is not to be.
    async fn begin_archive(
        &self,
        due: RightsRequest,
        tables: &[Table],
    ) -> Result<Option<RightsRequest>, RightsError> {
        let (now, owner, id) = (self.clock.now(), due.account_id, due.id);
        let keys = self.vault.keys_of(owner).await?;
        let total = i32::try_from(tables.len()).unwrap_or(i32::MAX);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                // What is about to go is not copied once more.
                if rights_requests::erases_since(c, owner, now)? {
                    return Ok(None);
                }
                let was = find(c, id)?;
                let started = if was.state == RightsState::Executing {
                    was
                } else {
                    let Ok(started) = was.clone().started(now) else { return Ok(None) };
                    if super::waits_after_reset(c, owner, now)? {
                        return Ok(None);
                    }
                    advance(c, &keys, (Actor::Service, RightsStep::Started), (&was, started), now)?
                };
                rights_archives::begin(c, (owner, id), total, now)?;
                Ok::<_, RightsError>(Some(started))
            })
            .await
    }

    async fn complete_archive(
        &self,
        keys: &Arc<SubjectKeys>,
        request: &RightsRequest,
        kept: &KeptArchive,
        (content_hash, progress): ([u8; 32], ArchiveProgress),
    ) -> Result<bool, RightsError> {
        let (now, owner, id) = (self.clock.now(), request.account_id, request.id);
        let (_, profile) = self.person(owner).await?;
        let expires_at = now.plus(ARCHIVE_LIVES);
        let body = MessageBody::ArchiveReady { until: expires_at.for_people() };
        let told = mail((keys, profile.as_ref()), body, now)?;
        let ready = ReadyArchive { size: kept.size, content_hash, ready_at: now, expires_at };
        let (keys, file) = (Arc::clone(keys), kept.clone());
        let completed = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let begun = rights_archives::find(c, owner, id)?.map(|archive| archive.started_at);
                // It may hold what was erased since it was begun: then it is made anew.
                if rights_requests::erases_since(c, owner, begun.unwrap_or(now))? {
                    return Ok(false);
                }
                let was = find(c, id)?;
                let kept = (false, None);
                let Ok(completed) = was.clone().completed(content_hash, kept, now) else { return Ok(false) };
                advance(c, &keys, (Actor::Service, RightsStep::Completed), (&was, completed), now)?;
                rights_archives::complete(c, (owner, id), (&file, &ready), progress)?;
                let (notice, kind) = (NoticeId::generate(now), NoticeKind::ArchiveReady);
                notices::tell(c, owner, notice, kind, told.as_ref(), now)?;
                Ok::<_, RightsError>(true)
            })
            .await?;
        self.outbox.wake();
        Ok(completed)
    }

    /// Takes some archives away whose days have passed; says how many.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn take_archives_away(&self, limit: i64) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let past = self.db.read(move |c| rights_archives::list_past(c, now, limit)).await?;
        batches::for_each(past, |(owner, id, name)| async move {
            self.db.write_guarded(move |c| rights_archives::forget(c, owner, id)).await?;
            self.files.delete(name).await.map_err(stored)?;
            Ok(true)
        })
        .await
    }

    /// An archive as it is downloaded; each time is counted.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::ArchiveNotReady`],
    /// [`RightsError::ArchiveExpired`].
    pub async fn download(&self, owner: AccountId, id: RightsRequestId) -> Result<Download, RightsError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        let kept = self
            .db
            .write_holding(owner, move |c| {
                let request = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                if !request.scope.kind.hands_over() {
                    return Err(RightsError::NotFound);
                }
                if request.state != RightsState::Completed {
                    return Err(RightsError::ArchiveNotReady);
                }
                rights_archives::take(c, (owner, id), now)?.ok_or(RightsError::ArchiveExpired)
            })
            .await?;
        let secret = keys.open_bytes(&ARCHIVE_SECRET, Row(id.as_bytes()), &kept.secret)?;
        let secret: Option<x25519::Identity> =
            std::str::from_utf8(&secret).ok().and_then(|text| text.parse().ok());
        let secret = secret.ok_or(RightsError::Archive("the secret of an archive is none".into()))?;
        let file = self.files.read(kept.name).await.map_err(stored)?.ok_or(RightsError::ArchiveExpired)?;
        let file = file.map_err(std::io::Error::other).into_async_read();
        let sealed =
            age::Decryptor::new_async(file).await.map_err(|error| RightsError::Archive(error.into()))?;
        let opened = sealed
            .decrypt_async(std::iter::once::<&dyn age::Identity>(&secret))
            .map_err(|error| RightsError::Archive(error.into()))?;
        let bytes = stream::try_unfold(Box::pin(opened), |mut opened| async move {
            let mut chunk = vec![0; CHUNK];
            let read = opened.read(&mut chunk).await?;
            chunk.truncate(read);
            Ok((read > 0).then_some((chunk, opened)))
        });
        Ok(Download { size: u64::try_from(kept.size).unwrap_or(0), bytes: Box::new(Box::pin(bytes)) })
    }
}

pub(super) fn stored(error: FileError) -> RightsError {
    RightsError::Archive(error.into())
}

impl Making<'_> {
    /// Writes everything; `false` if the service is stopping.
    async fn write(&mut self, writer: &mut ArchiveWriter) -> Result<bool, RightsError> {
        let schema = self.contents.schema();
        writer.add("schema.json", &pretty(&schema)?).await?;
        let mut excerpts = Vec::new();
        let mut manifest = Vec::new();
        for table in self.tables.clone() {
            let columns = Columns::of(&schema, table.name);
            let Some((entries, excerpt)) = self.write_json(writer, table).await? else { return Ok(false) };
            if !self.write_csv(writer, table, &columns).await? {
                return Ok(false);
            }
            manifest.push(json!({
                "name": table.name,
                "title": table.title,
                "entries": entries,
                "files": [format!("data/{}.json", table.name), format!("tables/{}.csv", table.name)],
            }));
            excerpts.push(page::Excerpt { table, columns, rows: excerpt, entries });
            self.progress.tables_written += 1;
            self.note(true).await?;
        }
        let pictures = self.write_pictures(writer).await?;
        let about = self.about(writer.made_at(), &manifest, &pictures);
        writer.add("manifest.json", &pretty(&about)?).await?;
        writer.add("index.html", page::render(&about, &excerpts, &pictures).as_bytes()).await?;
        Ok(true)
    }

    fn about(&self, made_at: Timestamp, tables: &[Value], pictures: &[String]) -> Value {
        let kind = self.request.scope.kind;
        let withheld = WITHHELD.iter().map(|(what, law)| json!({ "what": what, "law": law }));
        json!({
            "archive_version": FORM,
            "rights_request_id": self.request.id,
            "kind": kind,
            "clause": kind.clause(),
            "law": kind.law(),
            "filed_at": self.request.filed_at,
            "made_at": made_at,
            "tables": tables,
            "pictures": pictures,
            "withheld": withheld.collect::<Vec<_>>(),
        })
    }

    /// Calls `each` with every page of a table; `false` if the service is stopping.
    async fn pages(
        &mut self,
        writer: &mut ArchiveWriter,
        table: Table,
        mut each: impl FnMut(&mut ArchiveWriter, Vec<Value>) -> Result<i64, RightsError>,
    ) -> Result<bool, RightsError> {
        let mut cursor = None;
        loop {
            if (self.is_stopping)() {
                return Ok(false);
            }
            let owner = self.request.account_id;
            let read = self.contents.page(table.name, owner, cursor).await;
            let (rows, next) = read.map_err(RightsError::Archive)?;
            self.progress.entries_written += each(writer, rows)?;
            writer.flush().await?;
            self.note(false).await?;
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(true),
            }
        }
    }

    /// A JSON array; gives how many entries it has, and the first of them.
    async fn write_json(
        &mut self,
        writer: &mut ArchiveWriter,
        table: Table,
    ) -> Result<Option<(i64, Vec<Value>)>, RightsError> {
        writer.begin(&format!("data/{}.json", table.name))?;
        writer.write(b"[")?;
        let (mut entries, mut excerpt) = (0, Vec::new());
        let went_through = self
            .pages(writer, table, |writer, rows| {
                for row in &rows {
                    writer.write(if entries == 0 { b"\n" } else { b",\n" })?;
                    writer.write(
                        &serde_json::to_vec(row).map_err(|error| RightsError::Archive(error.into()))?,
                    )?;
                    entries += 1;
                }
                let wanted = page::EXCERPT.saturating_sub(excerpt.len());
                excerpt.extend(rows.iter().take(wanted).cloned());
                Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
            })
            .await?;
        writer.write(b"\n]\n")?;
        Ok(went_through.then_some((entries, excerpt)))
    }

    async fn write_csv(
        &mut self,
        writer: &mut ArchiveWriter,
        table: Table,
        columns: &Columns,
    ) -> Result<bool, RightsError> {
        writer.begin(&format!("tables/{}.csv", table.name))?;
        writer.write(columns.header().as_bytes())?;
        self.pages(writer, table, |writer, rows| {
            for row in &rows {
                writer.write(columns.line(row).as_bytes())?;
            }
            // They are counted as the JSON is written.
            Ok(0)
        })
        .await
    }

    async fn write_pictures(&self, writer: &mut ArchiveWriter) -> Result<Vec<String>, RightsError> {
        let owner = self.request.account_id;
        let mut names = Vec::new();
        for of in self.contents.pictures(owner).await.map_err(RightsError::Archive)? {
            let jpeg = self.contents.picture(owner, of).await.map_err(RightsError::Archive)?;
            let name = of.file_name();
            writer.add(&name, &jpeg).await?;
            names.push(name);
        }
        Ok(names)
    }

    async fn note(&mut self, now: bool) -> Result<(), RightsError> {
        if !now && self.noted.elapsed() < NOTED_EVERY {
            return Ok(());
        }
        self.noted = Instant::now();
        let (of, progress) = ((self.request.account_id, self.request.id), self.progress);
        self.rights.db.write_guarded(move |c| rights_archives::note_progress(c, of, progress)).await?;
        Ok(())
    }
}

fn pretty(value: &Value) -> Result<Vec<u8>, RightsError> {
    serde_json::to_vec_pretty(value).map_err(|error| RightsError::Archive(error.into()))
}
