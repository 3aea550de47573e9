//! Asking for a verification: one at a time, told to the person with the clause, and never with the reason.

use super::{
    KycError, KycService,
    asking::{Asked, Asking},
};
use crate::{
    domain::{
        account::AccountState,
        ids::{AccountId, StaffId},
        kyc::{
            case::{KycCase, KycGround},
            special_categories,
        },
        personal::{Personal, PersonalText},
    },
    repositories::accounts,
    services::idempotency::Recording,
    telemetry::metrics,
};

/// What a member of staff asks for.
pub struct KycRequest {
    pub account_id: AccountId,
    pub ground: KycGround,
    /// What the person never learns.
    pub private_reason: PersonalText,
    pub days: u16,
}

/// A verification as it was asked for.
pub type KycAsked = KycCase;

impl KycService {
    /// Asks a person for a verification.
    ///
    /// # Errors
    ///
    /// [`KycError::AlreadyAsked`] while one is open; [`KycError::SpecialCategory`] if the reason speaks of
    /// what clause 1.9 keeps out.
    #[tracing::instrument(skip_all)]
    pub async fn request(
        &self,
        by: StaffId,
        request: KycRequest,
        recording: Recording<KycAsked>,
    ) -> Result<KycAsked, KycError> {
        screen(&request.private_reason, "/private_reason")?;
        let (now, id) = (self.clock.now(), request.account_id);
        self.refuse_own(by, id).await?;
        let (keys, profile) = self.person(id).await?;
        let asked = Asked {
            ground: request.ground,
            by: Some(by),
            private_reason: Some(&request.private_reason),
            days: request.days,
        };
        let asking = Asking::prepare(&keys, &profile, &asked, now)?;
        let own = self.vault.keys_of(by.subject()).await?;
        let asked = self
            .db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let standing = accounts::find_standing(c, id)?.ok_or(KycError::NotFound)?;
                if standing.state == AccountState::Closed {
                    return Err(KycError::NotFound);
                }
                let case = asking.write(c, &keys)?.ok_or(KycError::AlreadyAsked)?;
                recording.record(c, &own, &case)?;
                Ok::<_, KycError>(case)
            })
            .await?;
        self.outbox.wake();
        Ok(asked)
    }
}

/// Refuses a free text that speaks of a special category (clause 1.9), and counts that it did.
pub(super) fn screen(text: &PersonalText, pointer: &'static str) -> Result<(), KycError> {
    match special_categories::found_in(text.expose()) {
        None => Ok(()),
        Some(category) => {
            metrics().special_categories.with_label_values(&[category.as_str()]).inc();
            Err(KycError::SpecialCategory { category, pointer })
        }
    }
}
