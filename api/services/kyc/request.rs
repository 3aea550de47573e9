//! Asking for a verification: one at a time, told to the person with the clause, and never with the reason.

use super::{KycError, KycService};
use crate::{
    domain::{
        data_dictionary::KYC_PRIVATE_REASON,
        ids::{AccountId, KycCaseId, NoticeId, StaffId},
        kyc::{
            case::{KYC_REQUESTED, KycCase, KycGround},
            special_categories,
        },
        message::MessageBody,
        notice::{MailState, Notice, NoticeKind},
        personal::{Personal, PersonalText},
    },
    repositories::{accounts, kyc_cases, log as leaves, notices, outbox, profiles as profile_rows},
    services::{idempotency::Recording, log::LeafDraft, mailing, profiles, vault::Row},
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
        screen(&request.private_reason)?;
        let (now, id) = (self.clock.now(), request.account_id);
        let sealed = self.db.read(move |c| profile_rows::find(c, id)).await?.ok_or(KycError::NotFound)?;
        let keys = self.vault.keys_of(id).await?;
        let profile = profiles::open(&keys, &sealed)?;
        let case = KycCase::begin(id, KycCaseId::generate(now), request.ground, Some(by), request.days, now);
        let reason = keys.seal(&KYC_PRIVATE_REASON, Row(case.id.as_bytes()), &request.private_reason)?;
        let body = MessageBody::KycRequested {
            clause: case.ground.clause().to_owned(),
            until: case.due_at.for_people(),
        };
        let mail = mailing::mail(&keys, &profile, body, now)?;
        let facts = vec![
            ("kyc_case", case.id.to_string()),
            ("account", id.to_string()),
            ("ground", case.ground.as_str().to_owned()),
            ("due_at", case.due_at.to_string()),
            ("staff", by.to_string()),
        ];
        let leaf = LeafDraft::new(now)?.of_staff_upon(by, &keys, &KYC_REQUESTED, &facts)?;
        let (own, notice) = (self.vault.keys_of(by.subject()).await?, NoticeId::generate(now));
        let asked = case.clone();
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                accounts::find_standing(c, id)?.ok_or(KycError::NotFound)?;
                if !kyc_cases::insert(c, &case, Some(reason.envelope()))? {
                    return Err(KycError::AlreadyAsked);
                }
                let number = notices::last_numbers(c, &[id])?.get(&id).copied().unwrap_or(0) + 1;
                let told = Notice {
                    account_id: id,
                    number,
                    id: notice,
                    kind: NoticeKind::KycRequested,
                    policy_version: None,
                    created_at: now,
                    acknowledged_at: None,
                    message_id: Some(mail.id),
                    mail: MailState::Queued,
                };
                notices::insert(c, &told)?;
                outbox::insert(c, &mail)?;
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &case)?;
                Ok::<_, KycError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(asked)
    }
}

/// Refuses a free text that speaks of a special category (clause 1.9), and counts that it did.
fn screen(text: &PersonalText) -> Result<(), KycError> {
    match special_categories::found_in(text.expose()) {
        None => Ok(()),
        Some(category) => {
            metrics().special_categories.with_label_values(&[category.as_str()]).inc();
            Err(KycError::SpecialCategory(category))
        }
    }
}
