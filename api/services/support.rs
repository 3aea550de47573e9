//! Support cases (clause 3.7): a person asks, the support answers in time, and sees no sealed value of
//! the profile. What they write to each other rests sealed under the person's own key.

use crate::{
    db::{Db, StorageError},
    domain::{
        data_dictionary::SUPPORT_MESSAGE,
        disclosure::limit::LimitEvent,
        evidence::Act,
        ids::{AccountId, StaffId, SupportCaseId},
        message::MessageBody,
        personal::PersonalText,
        purpose::{PersonalDataClass, Purpose},
        sealed::Sealed,
        support::{
            ANSWER_WITHIN, CaseCategory, CaseMessage, CaseState, MOST_MESSAGES, MOST_OPEN, SupportCase,
        },
        time::Timestamp,
    },
    repositories::{
        accounts, log as leaves, outbox, processing_limit_events, profiles as profile_rows,
        support_cases::{self, SealedCaseMessage},
    },
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{IdempotencyError, Recording},
        log::LeafDraft,
        mailing,
        outbox::OutboxService,
        profiles,
        vault::{Row, SubjectKeys, Vault, VaultError},
    },
};

/// Why a case was refused.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    #[error("no such case")]
    NotFound,
    #[error("the case is closed, full, or one too many")]
    Conflict,
    #[error("its person restricted that")]
    Limited,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(SupportError, storage in Idempotency, Vault);

const OPENED: Act = Act { name: "support_case.opened", object: "support_case", clause: "3.7" };
const ANSWERED: Act = Act { name: "support_case.answered", object: "support_case", clause: "3.7" };
const CLOSED: Act = Act { name: "support_case.closed", object: "support_case", clause: "3.7" };

const OWN: &str = "support_cases";
const QUEUE: &str = "support_queue";

/// A page of cases.
pub struct CasePage {
    pub cases: Vec<SupportCase>,
    pub next_cursor: Option<String>,
}

/// A case with what was written.
#[derive(Clone)]
pub struct CaseWithMessages {
    pub case: SupportCase,
    pub messages: Vec<CaseMessage>,
}

/// Keeps support cases.
#[derive(Clone)]
pub struct SupportService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
}

/// Who writes or closes.
#[derive(Clone, Copy)]
pub enum Author {
    Person(AccountId),
    Staff(StaffId),
}

impl Author {
    const fn staff(self) -> Option<StaffId> {
        match self {
            Self::Person(_) => None,
            Self::Staff(id) => Some(id),
        }
    }
}

fn message_row(id: SupportCaseId, number: i64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

fn facts(case: &SupportCase, staff: Option<StaffId>) -> crate::domain::evidence::Facts {
    vec![
        ("support_case", case.id.to_string()),
        ("account", case.account_id.to_string()),
        ("category", case.category.as_str().to_owned()),
        ("staff", staff.map(|staff| staff.to_string()).unwrap_or_default()),
    ]
}

impl SupportService {
    /// Opens a case: by its person with a first message, or by staff about a person without one.
    ///
    /// # Errors
    ///
    /// [`SupportError::Conflict`] if too many of the person's cases wait; [`SupportError::NotFound`] if
    /// there is no such person.
    #[tracing::instrument(skip_all)]
    pub async fn open(
        &self,
        author: Author,
        account_id: AccountId,
        category: CaseCategory,
        text: Option<PersonalText>,
        recording: Recording<CaseWithMessages>,
    ) -> Result<CaseWithMessages, SupportError> {
        let now = self.clock.now();
        if author.staff().is_some() {
            // Nothing can be sealed for who is not there, or is erased.
            let person = self.db.read(move |c| profile_rows::find_unless_erased(c, account_id)).await?;
            person.ok_or(SupportError::NotFound)?;
        }
        let keys = self.vault.keys_of(account_id).await?;
        let case = SupportCase {
            account_id,
            id: SupportCaseId::generate(now),
            category,
            state: if text.is_some() { CaseState::Open } else { CaseState::Answered },
            opened_by_staff: author.staff(),
            opened_at: now,
            due_at: now.plus(ANSWER_WITHIN),
            updated_at: now,
            closed_at: None,
            messages: i64::from(text.is_some()),
        };
        let message =
            text.map(|text| CaseMessage { number: 1, staff_id: None, body: Some(text), sent_at: now });
        let sealed = message.as_ref().map(|message| seal(&keys, case.id, message)).transpose()?;
        let leaf = match author {
            Author::Person(_) => LeafDraft::new(now)?.of_person(&keys, &OPENED, &facts(&case, None))?,
            Author::Staff(staff) => {
                LeafDraft::new(now)?.of_staff_upon(staff, &keys, &OPENED, &facts(&case, Some(staff)))?
            }
        };
        let own = self.keys_of(author).await?;
        let opened = CaseWithMessages { case, messages: message.into_iter().collect() };
        let answer = opened.clone();
        self.db
            .write_for(account_id, move |c| {
                recording.refuse_if_done(c)?;
                accounts::find_standing(c, account_id)?.ok_or(SupportError::NotFound)?;
                if support_cases::count_open(c, account_id)? >= MOST_OPEN {
                    return Err(SupportError::Conflict);
                }
                support_cases::insert(c, &answer.case)?;
                if let Some(message) = &sealed {
                    support_cases::insert_message(c, account_id, answer.case.id, message)?;
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &answer)?;
                Ok::<_, SupportError>(())
            })
            .await?;
        Ok(opened)
    }

    async fn keys_of(&self, author: Author) -> Result<std::sync::Arc<SubjectKeys>, VaultError> {
        match author {
            Author::Person(id) => self.vault.keys_of(id).await,
            Author::Staff(id) => self.vault.keys_of(id.subject()).await,
        }
    }

    /// The case that the author may write to.
    async fn find(&self, author: Author, id: SupportCaseId) -> Result<SupportCase, SupportError> {
        let found = match author {
            Author::Person(owner) => self.db.read(move |c| support_cases::find_owned(c, owner, id)).await?,
            Author::Staff(_) => self.db.read(move |c| support_cases::find(c, id)).await?,
        };
        found.ok_or(SupportError::NotFound)
    }

    /// A case with its messages.
    ///
    /// # Errors
    ///
    /// [`SupportError::NotFound`] also for another person's case, [`SupportError::Limited`] for staff where the person
    /// restricted that.
    pub async fn get(&self, author: Author, id: SupportCaseId) -> Result<CaseWithMessages, SupportError> {
        let case = self.find(author, id).await?;
        let owner = case.account_id;
        if matches!(author, Author::Staff(_)) {
            let limits = self.db.read(move |c| processing_limit_events::list_standing(c, owner)).await?;
            let is_limited =
                |limit: &LimitEvent| limit.scope.is_about(Purpose::Support, PersonalDataClass::Messages);
            if limits.iter().any(is_limited) {
                return Err(SupportError::Limited);
            }
        }
        let rows = self.db.read(move |c| support_cases::list_messages(c, owner, id)).await?;
        let newest = rows.iter().rev().find_map(|row| row.body.as_deref());
        let keys = match newest {
            Some(body) => self.vault.keys_to_open(owner, &SUPPORT_MESSAGE, body).await?,
            None => self.vault.keys_of(owner).await?,
        };
        let messages = rows.into_iter().map(|row| open(&keys, id, row)).collect::<Result<_, _>>()?;
        Ok(CaseWithMessages { case, messages })
    }

    /// Adds a message. The support's answer stops the timer and tells the person; the person's starts
    /// it again.
    ///
    /// # Errors
    ///
    /// [`SupportError::Conflict`] if the case is closed or full.
    #[tracing::instrument(skip_all)]
    pub async fn send(
        &self,
        author: Author,
        id: SupportCaseId,
        text: PersonalText,
        recording: Recording<CaseMessage>,
    ) -> Result<CaseMessage, SupportError> {
        let now = self.clock.now();
        let was = self.find(author, id).await?;
        let (owner, keys) = (was.account_id, self.vault.keys_of(was.account_id).await?);
        let (state, due_at) = match author {
            Author::Staff(_) => (CaseState::Answered, was.due_at),
            // What waits already is not put off by writing more.
            Author::Person(_) if was.state == CaseState::Open => (CaseState::Open, was.due_at),
            Author::Person(_) => (CaseState::Open, now.plus(ANSWER_WITHIN)),
        };
        if was.state == CaseState::Closed || was.messages >= MOST_MESSAGES {
            return Err(SupportError::Conflict);
        }
        let case = SupportCase { state, due_at, updated_at: now, messages: was.messages + 1, ..was.clone() };
        let message =
            CaseMessage { number: case.messages, staff_id: author.staff(), body: Some(text), sent_at: now };
        let sealed = seal(&keys, id, &message)?;
        let told = match author {
            Author::Person(_) => None,
            Author::Staff(staff) => {
                let leaf = LeafDraft::new(now)?.of_staff_upon(
                    staff,
                    &keys,
                    &ANSWERED,
                    &facts(&case, Some(staff)),
                )?;
                let profile = self.db.read(move |c| profile_rows::find(c, owner)).await?;
                let profile = profiles::open(&keys, &profile.ok_or(SupportError::NotFound)?)?;
                let body = MessageBody::SupportAnswered { support_case: id.to_string() };
                Some((leaf, mailing::mail(&keys, &profile, body, now)?))
            }
        };
        let answer = message.clone();
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                if !support_cases::update(c, &was, &case)? {
                    return Err(SupportError::Conflict);
                }
                support_cases::insert_message(c, owner, id, &sealed)?;
                if let Some((leaf, mail)) = &told {
                    leaves::append(c, leaf)?;
                    outbox::insert(c, mail)?;
                }
                // What was written is the person's, and goes with them, whoever wrote it.
                recording.record(c, &keys, &answer)?;
                Ok::<_, SupportError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(message)
    }

    /// Closes a case for good.
    ///
    /// # Errors
    ///
    /// [`SupportError::Conflict`] if it is closed.
    #[tracing::instrument(skip_all)]
    pub async fn close(
        &self,
        author: Author,
        id: SupportCaseId,
        recording: Recording<SupportCase>,
    ) -> Result<SupportCase, SupportError> {
        let now = self.clock.now();
        let was = self.find(author, id).await?;
        if was.state == CaseState::Closed {
            return Err(SupportError::Conflict);
        }
        let case =
            SupportCase { state: CaseState::Closed, updated_at: now, closed_at: Some(now), ..was.clone() };
        let keys = self.vault.keys_of(case.account_id).await?;
        let leaf = match author {
            Author::Person(_) => LeafDraft::new(now)?.of_person(&keys, &CLOSED, &facts(&case, None))?,
            Author::Staff(staff) => {
                LeafDraft::new(now)?.of_staff_upon(staff, &keys, &CLOSED, &facts(&case, Some(staff)))?
            }
        };
        let own = self.keys_of(author).await?;
        let answer = case.clone();
        self.db
            .write_for(case.account_id, move |c| {
                recording.refuse_if_done(c)?;
                if !support_cases::update(c, &was, &answer)? {
                    return Err(SupportError::Conflict);
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &answer)?;
                Ok::<_, SupportError>(())
            })
            .await?;
        Ok(case)
    }

    /// The person's cases, newest first.
    ///
    /// # Errors
    ///
    /// [`SupportError::Cursor`].
    pub async fn list(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<CasePage, SupportError> {
        let kms = self.vault.kms();
        let before = cursors::id(kms, OWN, owner, cursor, SupportCaseId::from_uuid)?;
        let rows =
            self.db.read(move |c| support_cases::list_owned(c, owner, before, i64::from(limit) + 1)).await?;
        let (cases, next_cursor) =
            cursors::page(kms, OWN, owner, rows, limit, |case| case.id.as_bytes().to_vec())?;
        Ok(CasePage { cases, next_cursor })
    }

    /// The cases that wait for the support, the next to answer first.
    ///
    /// # Errors
    ///
    /// [`SupportError::Cursor`].
    pub async fn queue(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<CasePage, SupportError> {
        let kms = self.vault.kms();
        let after = cursor
            .map(|cursor| {
                let position = cursors::unwrap(kms, QUEUE, reader.subject(), cursor)?;
                let (at, id) = position.split_first_chunk::<8>().ok_or(InvalidCursor)?;
                let at = Timestamp::from_micros(i64::from_be_bytes(*at)).ok_or(InvalidCursor)?;
                let id = uuid::Uuid::from_slice(id).map_err(|_| InvalidCursor)?;
                Ok::<_, InvalidCursor>((at, SupportCaseId::from_uuid(id)))
            })
            .transpose()?;
        let rows = self.db.read(move |c| support_cases::list_waiting(c, after, i64::from(limit) + 1)).await?;
        let (cases, next_cursor) = cursors::page(kms, QUEUE, reader.subject(), rows, limit, |case| {
            [&case.due_at.as_micros().to_be_bytes()[..], case.id.as_bytes()].concat()
        })?;
        Ok(CasePage { cases, next_cursor })
    }
}

fn seal(
    keys: &SubjectKeys,
    id: SupportCaseId,
    message: &CaseMessage,
) -> Result<SealedCaseMessage, VaultError> {
    let row = message_row(id, message.number);
    let body = keys.seal_option(&SUPPORT_MESSAGE, Row(&row), message.body.as_ref())?;
    Ok(SealedCaseMessage {
        number: message.number,
        staff_id: message.staff_id,
        body: body.map(Sealed::into_envelope),
        sent_at: message.sent_at,
    })
}

fn open(keys: &SubjectKeys, id: SupportCaseId, row: SealedCaseMessage) -> Result<CaseMessage, VaultError> {
    let place = message_row(id, row.number);
    let body = row.body.map(Sealed::from_envelope);
    Ok(CaseMessage {
        number: row.number,
        staff_id: row.staff_id,
        body: keys.open_option(&SUPPORT_MESSAGE, Row(&place), body.as_ref())?,
        sent_at: row.sent_at,
    })
}
