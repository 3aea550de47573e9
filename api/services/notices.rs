//! Notices: what people are told in the service and by mail, and telling everybody of a publication
//! (clauses 3.3 and 9.2).

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        ids::{AccountId, NoticeId},
        notice::{MailState, Notice, NoticeKind},
        policy::PolicyVersion,
        time::Timestamp,
    },
    repositories::{
        notice_campaigns::{self, Campaign},
        notices,
        outbox::{self, SealedMessage},
        processing_limit_events, profiles as profile_rows,
    },
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{IdempotencyError, Recording},
        mailing,
        outbox::OutboxService,
        policies::{PolicyError, PolicyService},
        profiles,
        vault::{Vault, VaultError},
    },
};

/// Why a notice was not given.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    #[error("no such notice")]
    NotFound,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(NoticeError, storage in Policy, Idempotency, Vault);

/// Tells the job that a campaign has begun.
#[derive(Clone, Default)]
pub struct Campaigns(Arc<Notify>);

impl Campaigns {
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for a campaign, or for so long.
    pub async fn woken(&self, at_most: Duration) {
        // Whichever it was, the next look at the table tells.
        let _ = tokio::time::timeout(at_most, self.0.notified()).await;
    }
}

/// A page of notices, newest first.
pub struct NoticePage {
    pub notices: Vec<Notice>,
    pub next_cursor: Option<String>,
}

const NOTICES: &str = "notices";
/// So many people are told in one transaction: short enough that nobody waits behind it.
const BATCH: i64 = 64;

/// Keeps notices.
#[derive(Clone)]
pub struct NoticeService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub policies: PolicyService,
    pub outbox: OutboxService,
}

impl NoticeService {
    /// The person's notices, newest first.
    ///
    /// # Errors
    ///
    /// [`NoticeError::Cursor`] for a cursor of another list or person.
    pub async fn list(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<NoticePage, NoticeError> {
        let kms = self.vault.kms();
        let before = cursors::count(kms, NOTICES, owner, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| notices::list_owned(c, owner, before, wanted)).await?;
        let (notices, next_cursor) =
            cursors::page(kms, NOTICES, owner, rows, limit, |notice| notice.number.to_be_bytes().to_vec())?;
        Ok(NoticePage { notices, next_cursor })
    }

    /// Notes that the person has read a notice; the first time stands.
    ///
    /// # Errors
    ///
    /// [`NoticeError::NotFound`] also for another person's notice.
    #[tracing::instrument(skip_all)]
    pub async fn acknowledge(
        &self,
        owner: AccountId,
        id: NoticeId,
        recording: Recording<Notice>,
    ) -> Result<Notice, NoticeError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let notice = notices::find_owned(c, owner, id)?.ok_or(NoticeError::NotFound)?;
                notices::acknowledge(c, owner, notice.number, now)?;
                let notice = notices::find_owned(c, owner, id)?.ok_or(NoticeError::NotFound)?;
                recording.record(c, &keys, &notice)?;
                Ok(notice)
            })
            .await
    }

    /// Tells some of those who are still to be told of a publication; `false` if everybody was.
    ///
    /// Notices, mails and how far it came are one transaction, so a process that dies in between leaves
    /// nobody out and tells nobody twice.
    ///
    /// # Errors
    ///
    /// Trouble with storage or keys; the batch comes again.
    pub async fn tell_some(&self) -> Result<bool, NoticeError> {
        let Some(campaign) = self.db.read_long(notice_campaigns::find_running).await? else {
            return Ok(false);
        };
        let untold = self.db.read_long(move |c| notice_campaigns::list_untold(c, &campaign, BATCH)).await?;
        let now = self.clock.now();
        let Some(last) = untold.last().copied() else {
            let end =
                move |c: &mut _| notice_campaigns::advance(c, &campaign, campaign.told_until, 0, Some(now));
            self.db.write_guarded(end).await?;
            return Ok(true);
        };
        let policy = self.policies.find(campaign.policy_version).await?;
        let mut mails = Vec::with_capacity(untold.len());
        for id in &untold {
            mails.push((*id, self.mail_of(*id, &policy, now).await?));
        }
        self.db.write_guarded(move |c| write(c, &campaign, last, &mails, now)).await?;
        self.outbox.wake();
        Ok(true)
    }

    /// The mail to a person; nobody gets one whose address was erased.
    async fn mail_of(
        &self,
        id: AccountId,
        policy: &PolicyVersion,
        now: Timestamp,
    ) -> Result<Option<SealedMessage>, NoticeError> {
        let Some(sealed) = self.db.read_long(move |c| profile_rows::find(c, id)).await? else {
            return Ok(None);
        };
        let mail = async {
            let keys = self.vault.keys_of(id).await?;
            let profile = profiles::open(&keys, &sealed)?;
            let mail = mailing::mail(&keys, &profile, self.policies.letter(policy), now)?;
            Ok(SealedMessage { bulk: true, ..mail })
        };
        match mail.await {
            Ok(mail) => Ok(Some(mail)),
            Err(VaultError::NoKey(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The notice that a version was published.
pub fn of_publication(account_id: AccountId, number: i64, version: i32, now: Timestamp) -> Notice {
    Notice {
        account_id,
        number,
        id: NoticeId::generate(now),
        kind: NoticeKind::PolicyPublished,
        policy_version: Some(version),
        created_at: now,
        acknowledged_at: None,
        message_id: None,
        mail: MailState::None,
    }
}

fn write(
    c: &mut crate::db::Conn,
    campaign: &Campaign,
    last: AccountId,
    mails: &[(AccountId, Option<SealedMessage>)],
    now: Timestamp,
) -> Result<(), StorageError> {
    let ids: Vec<AccountId> = mails.iter().map(|(id, _)| *id).collect();
    // Without those who closed or were told since they were listed.
    let still = notice_campaigns::list_still_untold(c, campaign, &ids)?;
    let told = i64::try_from(still.len()).unwrap_or(0);
    // Another process wrote this batch: then there is nothing left to do for this one.
    if !notice_campaigns::advance(c, campaign, Some(last), told, None)? {
        return Ok(());
    }
    let numbers = notices::last_numbers(c, &ids)?;
    let limits = processing_limit_events::list_standing_of(c, &ids)?;
    let is_quiet =
        |id: &AccountId| limits.iter().any(|limit| limit.account_id == *id && limit.scope.stops_mail());
    for (id, mail) in mails.iter().filter(|(id, _)| still.contains(id)) {
        // Whoever restricted that is told in the service alone (clause 7.3).
        let mail = mail.as_ref().filter(|_| !is_quiet(id));
        let number = numbers.get(id).copied().unwrap_or(0) + 1;
        let mut notice = of_publication(*id, number, campaign.policy_version, now);
        notice.message_id = mail.map(|mail| mail.id);
        notices::insert(c, &notice)?;
        if let Some(mail) = mail {
            outbox::insert(c, mail)?;
        }
    }
    Ok(())
}

/// Tells one person something, as their next notice; the mail that says the same goes with it.
///
/// # Errors
///
/// Storage trouble only.
pub fn tell(
    c: &mut Conn,
    account_id: AccountId,
    id: NoticeId,
    kind: NoticeKind,
    mail: Option<&SealedMessage>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let number = notices::last_numbers(c, &[account_id])?.get(&account_id).copied().unwrap_or(0) + 1;
    let notice = Notice {
        account_id,
        number,
        id,
        kind,
        policy_version: None,
        created_at: now,
        acknowledged_at: None,
        message_id: mail.map(|mail| mail.id),
        mail: if mail.is_some() { MailState::Queued } else { MailState::None },
    };
    notices::insert(c, &notice)?;
    match mail {
        Some(mail) => outbox::insert(c, mail),
        None => Ok(()),
    }
}
