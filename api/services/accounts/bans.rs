//! Bans: an account is restricted until an end, and whoever had it is recognised until then, also after an erasure.

use chrono::TimeDelta;

use super::{AccountError, AccountService};
use crate::{
    domain::{
        account::{AccountState, Standing, StateReason},
        ban::{BAN_ENDED, Ban, BanGround},
        email::Email,
        ids::{AccountId, BanId},
        message::MessageBody,
        session::SessionEnd,
        time::Timestamp,
    },
    repositories::{accounts, bans, log as leaves, outbox, sessions, sign_in_challenges},
    services::{bans::Mark, batches, idempotency::Recording, log::LeafDraft, mailing},
};

impl AccountService {
    /// Bans a person until an end: the account is restricted, its sessions end, and who opens another is recognised by
    /// the address, and by `document_keys`.
    ///
    /// # Errors
    ///
    /// [`AccountError::StateConflict`] for an account that is closed or banned already.
    pub async fn ban(
        &self,
        id: AccountId,
        (ground, lasts): (BanGround, TimeDelta),
        document_keys: &[String],
    ) -> Result<Ban, AccountError> {
        let now = self.clock.now();
        let (keys, profile) = self.person(id).await?;
        let ban = Ban {
            id: BanId::generate(now),
            account_id: Some(id),
            ground,
            banned_at: now,
            ends_at: now.plus(lasts),
        };
        let documents = document_keys.iter().map(|key| Mark::Document(key));
        let marked_by = std::iter::once(Mark::Email(&profile.email)).chain(documents);
        // Under the newest key alone: the older ones still find what was marked under them.
        let mut marks: Vec<[u8; 32]> =
            marked_by.filter_map(|mark| mark.hashes(&self.vault).first().copied()).collect();
        marks.sort_unstable();
        marks.dedup();
        let standing = Standing {
            state: AccountState::Restricted,
            reason: StateReason::Banned,
            since: now,
            closes_at: None,
        };
        let told = MessageBody::Banned {
            ground: ground.as_str().to_owned(),
            clause: ground.clause().to_owned(),
            until: ban.ends_at.for_people(),
        };
        let notice = mailing::mail(&keys, &profile, told, now)?;
        let mut facts = vec![("account", id.to_string()), ("reason", standing.reason.as_str().to_owned())];
        facts.extend(ban.facts());
        let leaf = LeafDraft::new(now)?.of_person(&keys, &standing.reason.act(), &facts)?;
        let banned = ban.clone();
        self.db
            .write_for(id, move |c| {
                let reason = StateReason::Banned;
                let is_banned = bans::find_of(c, id)?.is_some();
                if is_banned || !accounts::enter(c, id, reason, reason.from_states(), None, now)? {
                    return Err(AccountError::StateConflict);
                }
                sessions::end_others(c, id, None, SessionEnd::AccountRestricted, now)?;
                sign_in_challenges::delete_all(c, id)?;
                bans::insert(c, &banned, &marks)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(ban)
    }

    /// All bans, the one that ends first before the others.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn bans(&self) -> Result<Vec<Ban>, AccountError> {
        Ok(self.db.read_long(bans::list).await?)
    }

    /// Ends a ban: its marks go, and the account that it restricts is free, if it is still there.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] if there is none.
    pub async fn end_ban(&self, id: BanId) -> Result<(), AccountError> {
        let ban = self.db.read(move |c| bans::find(c, id)).await?.ok_or(AccountError::NotFound)?;
        self.end(ban).await.map(drop)
    }

    /// Ends bans whose time has passed; says how many.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others were ended.
    pub async fn end_past_bans(&self, limit: i64) -> Result<usize, AccountError> {
        let now = self.clock.now();
        let past = self.db.read_long(move |c| bans::list_past(c, now, limit)).await?;
        batches::for_each(past, |ban| self.end(ban)).await
    }

    async fn end(&self, ban: Ban) -> Result<bool, AccountError> {
        if let Some(id) = ban.account_id {
            match self.change_state(id, StateReason::RestrictionLifted, None, Recording::none()).await {
                Ok(_) => return Ok(true),
                // It went another way meanwhile, or is being erased: the marks go by themselves.
                Err(AccountError::StateConflict | AccountError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let now = self.clock.now();
        let leaf = LeafDraft::new(now)?.of_service(&BAN_ENDED, &ban.facts());
        self.db
            .write_guarded(move |c| {
                let ended = bans::delete(c, ban.id)?;
                if ended {
                    leaves::append(c, &leaf)?;
                }
                Ok::<_, AccountError>(ended)
            })
            .await
    }

    /// The ban that whoever has this address is under.
    pub(super) async fn ban_of(&self, email: &Email, now: Timestamp) -> Result<Option<Ban>, AccountError> {
        let marks = Mark::Email(email).hashes(&self.vault);
        Ok(self.db.read(move |c| bans::find_marked(c, &marks, now)).await?)
    }
}

/// What somebody is told who asks for an account in spite of a ban; nobody but the reader of the mailbox learns it.
pub(super) fn refusal(ban: &Ban) -> MessageBody {
    MessageBody::AccountRefused { clause: ban.ground.clause().to_owned(), until: ban.ends_at.for_people() }
}
