//! Erasures of a class of data, while the account goes on: what was sealed until then goes with its key, and what comes
//! later is sealed under another.

use super::{
    Actor, RightsError, RightsService, advance,
    erasing::{Outcome, checkpoint_before},
    find, mail, waits_after_reset,
};
use crate::{
    db::Conn,
    domain::{
        data_dictionary::Category,
        disclosure::obligation::fields_of_part,
        ids::{AccountId, NoticeId},
        message::MessageBody,
        notice::NoticeKind,
        rights::{
            erasure,
            rectification::RectifiedField,
            request::{RightsRequest, RightsState, RightsStep},
        },
        time::Timestamp,
    },
    repositories::{
        accounts, erasure as erased, kyc_cases, kyc_decisions, rights_corrections, rights_requests,
    },
    services::{
        limits::{self, LimitedBy},
        notices,
        obligations::{self, Change},
        vault::SEALS_ANEW_AFTER,
    },
};

impl RightsService {
    /// Carries one out, or goes on with it; it waits until nothing seals under the old key any more.
    pub(super) async fn carry_out_part(
        &self,
        due: RightsRequest,
        part: Category,
    ) -> Result<bool, RightsError> {
        let request = if due.state == RightsState::Executing {
            due
        } else {
            let Some(started) = self.start_part(due, part).await? else { return Ok(false) };
            started
        };
        let owner = request.account_id;
        if !self.seals_anew(owner, part).await? || self.is_awaited(owner, part).await? {
            return Ok(false);
        }
        // Copies hold something of everything.
        self.erasure.erase_outdated(owner, Category::Copies).await?;
        if part == Category::Documents {
            self.erasure.erase_all_documents(owner).await?;
            self.forget_evidence_of(owner).await?;
        } else {
            self.erasure.erase_outdated(owner, part).await?;
        }
        self.db.clean().await?;
        self.complete_part(request, part).await
    }

    /// Whether no process seals under an old key any more, and none of those that seal now is about to be an old one.
    async fn seals_anew(&self, owner: AccountId, part: Category) -> Result<bool, RightsError> {
        let mut made = vec![self.vault.made_at(owner, Category::Copies).await?];
        if part != Category::Documents {
            made.push(self.vault.made_at(owner, part).await?);
        }
        let now = self.clock.now();
        Ok(made.into_iter().flatten().all(|made_at| now >= made_at.plus(SEALS_ANEW_AFTER)))
    }

    /// Whether something that was sealed under the old key is still on its way.
    async fn is_awaited(&self, owner: AccountId, part: Category) -> Result<bool, RightsError> {
        if part != Category::Messages {
            return Ok(false);
        }
        let keys = self.vault.fresh_keys_of(owner).await?;
        let is_old = move |cell: &[u8]| keys.is_outdated(part, cell);
        Ok(self.db.read(move |c| erased::holds_on_its_way(c, owner, &is_old)).await?)
    }

    /// From this commit on recipients are told to erase it, too, and it is not taken back any more.
    async fn start_part(
        &self,
        due: RightsRequest,
        part: Category,
    ) -> Result<Option<RightsRequest>, RightsError> {
        let (now, owner, id) = (self.clock.now(), due.account_id, due.id);
        if self.db.read(move |c| is_put_off(c, owner, part, now)).await? {
            return Ok(None);
        }
        self.vault.rotate(owner, Category::Copies, now).await?;
        if part != Category::Documents {
            self.vault.rotate(owner, part, now).await?;
        }
        let keys = self.vault.fresh_keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, id)?;
                let Ok(started) = was.clone().started(now) else { return Ok(None) };
                if is_put_off(c, owner, part, now)? {
                    return Ok(None);
                }
                let started = advance(c, &keys, (Actor::Service, RightsStep::Started), (&was, started), now)?;
                let checkpoint = checkpoint_before(c)?;
                rights_requests::keep(c, &started, (checkpoint.as_deref(), None))?;
                obligations::open(c, &keys, Change::Erased(fields_of_part(part)), now)?;
                Ok::<_, RightsError>(Some(started))
            })
            .await
    }

    async fn complete_part(&self, request: RightsRequest, part: Category) -> Result<bool, RightsError> {
        let (now, owner, id) = (self.clock.now(), request.account_id, request.id);
        let has_record = self.db.read(move |c| kyc_decisions::find_last_record(c, owner)).await?.is_some();
        let versions = self.vault.destroyed_versions_of(owner, part).await?;
        let entries = erasure::entries_of_part(part, has_record);
        let outcome = Outcome::of(owner, entries, Some(&versions))?;
        let (keys, profile) = self.person(owner).await?;
        let told = mail((&keys, profile.as_ref()), MessageBody::PartErased { at: now.for_people() }, now)?;
        let completed = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, id)?;
                let Ok(completed) = was.clone().completed(outcome.hash, outcome.kept, now) else {
                    return Ok(false);
                };
                // Whoever had begun to write before may have ended since: it is erased anew then.
                let is_dead = |cell: &[u8]| keys.is_dead(part, cell);
                let is_left = match part {
                    Category::Documents => erased::holds_any(c, owner, part)?,
                    _ => erased::holds_dead(c, owner, part, is_dead)?,
                };
                // What shows that another request is right is needed until that is answered.
                if part == Category::Documents && !rights_corrections::list_names(c, owner)?.is_empty() {
                    return Ok(false);
                }
                if is_left {
                    return Err(RightsError::Left(part.as_str()));
                }
                let by = (Actor::Service, RightsStep::Completed);
                let completed = advance(c, &keys, by, (&was, completed), now)?;
                for other in rights_requests::list_open(c, owner)? {
                    // What was to be corrected is gone.
                    let is_about = other.scope.field.is_some_and(|field| goes_with(field, part));
                    if is_about && let Ok(superseded) = other.clone().superseded() {
                        let by = (Actor::Service, RightsStep::Superseded);
                        advance(c, &keys, by, (&other, superseded), now)?;
                        if let Some(field) = other.scope.field {
                            rights_corrections::put(c, owner, (other.id, field), None)?;
                        }
                    }
                }
                rights_requests::keep(c, &completed, (None, Some(&outcome.text)))?;
                if let Some(limit_id) = was.limit_id {
                    limits::end(c, &keys, (LimitedBy::Service, limit_id), now)?;
                }
                notices::tell(c, owner, NoticeId::generate(now), NoticeKind::PartErased, told.as_ref(), now)?;
                Ok::<_, RightsError>(true)
            })
            .await?;
        self.outbox.wake();
        Ok(completed)
    }
}

/// Whether it is not its time: after a password was reset, while somebody looks at a verification that needs it, and while
/// what shows that another request is right waits for an answer.
fn is_put_off(c: &mut Conn, owner: AccountId, part: Category, now: Timestamp) -> Result<bool, RightsError> {
    let is_looked_at = concerns_verification(part)
        && kyc_cases::find_current(c, owner)?.is_some_and(|case| case.is_looked_at());
    let is_needed = part == Category::Documents && rights_corrections::is_waiting(c, owner)?;
    Ok(is_looked_at || is_needed || waits_after_reset(c, owner, now)?)
}

/// Whether a value goes with a class of data: the day of birth is told beside the address.
fn goes_with(field: RectifiedField, part: Category) -> bool {
    field.category() == part || (part == Category::Address && field == RectifiedField::BirthDate)
}

/// Whether a verification that is being looked at needs it until it is decided (clause 1.3).
pub(super) const fn concerns_verification(part: Category) -> bool {
    matches!(part, Category::Address | Category::Documents)
}
