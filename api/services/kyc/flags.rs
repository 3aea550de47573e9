//! Flags that wait for a member of staff.

use super::{KycError, KycService};
use crate::{
    domain::{
        evidence::Act,
        ids::{KycFlagId, StaffId},
        kyc::flag::{FlagState, KycFlag},
    },
    repositories::{kyc_cases, kyc_flags, log as leaves},
    services::{cursors, idempotency::Recording, log::LeafDraft, reads},
};

pub(super) const DISMISSED: Act = Act { name: "kyc.flag_dismissed", object: "kyc_flag", clause: "1.8" };
const FLAGS: &str = "kyc_flags";

/// A page of flags.
pub struct KycFlagPage {
    pub flags: Vec<KycFlag>,
    pub next_cursor: Option<String>,
}

/// A flag that was taken down.
pub type DismissedFlag = KycFlag;

impl KycService {
    /// The flags that are up, oldest first.
    ///
    /// # Errors
    ///
    /// [`KycError::Cursor`].
    pub async fn flags(
        &self,
        by: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KycFlagPage, KycError> {
        let kms = self.vault.kms();
        let after = cursors::id(kms, FLAGS, by.subject(), cursor, KycFlagId::from_uuid)?;
        let rows = self.db.read(move |c| kyc_flags::list_all_open(c, after, i64::from(limit) + 1)).await?;
        let own = reads::own_account(&self.db, &self.vault, by).await?;
        let (mut flags, next_cursor) =
            cursors::page(kms, FLAGS, by.subject(), rows, limit, |flag| flag.id.as_bytes().to_vec())?;
        // Nobody learns here what is thought of them.
        flags.retain(|flag| Some(flag.account_id) != own);
        Ok(KycFlagPage { flags, next_cursor })
    }

    /// Takes a flag down in which a member of staff found nothing.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] if it is not up; [`KycError::SecondPersonRequired`] if two reviewers are to decide on
    /// it.
    #[tracing::instrument(skip_all)]
    pub async fn dismiss_flag(
        &self,
        by: StaffId,
        id: KycFlagId,
        recording: Recording<DismissedFlag>,
    ) -> Result<DismissedFlag, KycError> {
        let now = self.clock.now();
        let flag = self.db.read(move |c| kyc_flags::find(c, id)).await?.ok_or(KycError::NotFound)?;
        let (keys, own) =
            (self.vault.keys_of(flag.account_id).await?, self.vault.keys_of(by.subject()).await?);
        self.refuse_own(by, flag.account_id).await?;
        let draft = LeafDraft::new(now)?;
        self.db
            .write_for(flag.account_id, move |c| {
                recording.refuse_if_done(c)?;
                let newest = kyc_cases::find_current(c, flag.account_id)?;
                if flag.kind.takes_two() && newest.is_some_and(|case| case.decided_at.is_none()) {
                    return Err(KycError::SecondPersonRequired);
                }
                if !kyc_flags::settle(c, &flag, FlagState::Dismissed, now)? {
                    return Err(KycError::NotFound);
                }
                let flag = KycFlag { state: FlagState::Dismissed, settled_at: Some(now), ..flag.clone() };
                let mut facts = flag.facts();
                facts.push(("staff", by.to_string()));
                leaves::append(c, &draft.of_staff_upon(by, &keys, &DISMISSED, &facts)?)?;
                recording.record(c, &own, &flag)?;
                Ok(flag)
            })
            .await
    }
}
