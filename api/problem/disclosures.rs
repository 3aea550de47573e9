//! How refusals about disclosures and recipients become problems: in full for staff, and for a partner no more than
//! whether it is worth coming back.

use super::{FieldCode, FieldProblem, Problem, ProblemCode, mapping::file_code};
use crate::{
    domain::disclosure::refusal::GateRefusal,
    services::{
        disclosures::{DisclosureError, DraftFault},
        instruments::{InstrumentError, InstrumentFault},
        obligations::ObligationError,
        recipients::{EntryFault, RecipientError},
        reports::ReportError,
        rights::{PreviewFault, RightsError},
        webhooks::WebhookError,
    },
};

impl From<DisclosureError> for Problem {
    fn from(error: DisclosureError) -> Self {
        match error {
            DisclosureError::NotFound => Self::new(ProblemCode::NotFound),
            DisclosureError::StateConflict => Self::new(ProblemCode::DisclosureStateConflict),
            DisclosureError::Stale => Self::new(ProblemCode::StaleVersion),
            DisclosureError::SecondPersonRequired => {
                Self::new(ProblemCode::SecondPersonRequired).under_clause("4.8")
            }
            DisclosureError::Draft(faults) => faulty(&faults),
            DisclosureError::SpecialCategory(_) => {
                Self::invalid("/ground", FieldCode::SpecialCategory).under_clause("1.9")
            }
            DisclosureError::ContactData => {
                Self::invalid("/ground", FieldCode::TellsWhoItIs).under_clause("5.2")
            }
            DisclosureError::Shut(refusal) => Self {
                errors: vec![FieldProblem { pointer: String::new(), code: gate_code(refusal) }],
                ..Self::new(ProblemCode::DisclosureRefused)
            }
            .under_clause(refusal.clause()),
            DisclosureError::NotSilent => Self::invalid("/until", FieldCode::OutOfRange).under_clause("4.5"),
            DisclosureError::NotOpen => Self::new(ProblemCode::ConsentRequestClosed),
            DisclosureError::PolicyNotAccepted => {
                Self::new(ProblemCode::PolicyAcceptanceRequired).under_clause("0.4")
            }
            DisclosureError::Restricted => Self::new(ProblemCode::AccountRestricted),
            DisclosureError::NoPackageKey => Self::new(ProblemCode::RecipientHasNoKey),
            error @ DisclosureError::Unsealable => Self::internal(&error),
            error @ DisclosureError::PolicyMoved => Self::try_again(error.to_string()),
            DisclosureError::Cursor(error) => error.into(),
            DisclosureError::Policy(error) => error.into(),
            DisclosureError::Idempotency(error) => error.into(),
            DisclosureError::Vault(error) => error.into(),
            DisclosureError::Storage(error) => error.into(),
        }
    }
}

/// What a partner is told: why the gate is shut is between the person and the service.
pub fn for_partner(error: DisclosureError) -> Problem {
    let DisclosureError::Shut(refusal) = error else { return error.into() };
    match refusal {
        GateRefusal::OutOfTime => Problem::new(ProblemCode::DisclosureExpired),
        GateRefusal::PullsSpent => Problem::new(ProblemCode::PullsSpent),
        // What was released is only ever revoked: there is no other way on from there.
        GateRefusal::NotReady => Problem::new(ProblemCode::DisclosureRevoked).under_clause("4.8"),
        refusal if refusal.is_final() => Problem::new(ProblemCode::DisclosureRevoked).under_clause("4.8"),
        _ => Problem::new(ProblemCode::DisclosureHeld).under_clause("4.8"),
    }
}

/// What is said where a transfer's state does not allow something.
pub fn for_transfer(error: DisclosureError) -> Problem {
    match error {
        DisclosureError::StateConflict => Problem::new(ProblemCode::TransferStateConflict),
        error => error.into(),
    }
}

impl From<RecipientError> for Problem {
    fn from(error: RecipientError) -> Self {
        match error {
            RecipientError::NotFound => Self::new(ProblemCode::NotFound),
            RecipientError::StateConflict => Self::new(ProblemCode::RecipientStateConflict),
            RecipientError::Stale => Self::new(ProblemCode::StaleVersion),
            RecipientError::SecondPersonRequired => {
                Self::new(ProblemCode::SecondPersonRequired).under_clause("4.8")
            }
            RecipientError::Entry(fault) => match fault {
                EntryFault::PolicyMissing => Self::invalid("/policy_url", FieldCode::MissingField),
                EntryFault::CountryNoteMissing => {
                    Self::invalid("/country_note", FieldCode::MissingField).under_clause("5.5")
                }
                EntryFault::PackageKey => Self::invalid("/package_key", FieldCode::InvalidPackageKey),
                EntryFault::PartnerClient => Self::invalid("/partner_client_id", FieldCode::ClientNotFree),
                EntryFault::Class => Self::invalid("/recipient_class", FieldCode::ClassIsFixed),
            },
            RecipientError::Cursor(error) => error.into(),
            RecipientError::Idempotency(error) => error.into(),
            RecipientError::Vault(error) => error.into(),
            RecipientError::Storage(error) => error.into(),
        }
    }
}

impl From<InstrumentError> for Problem {
    fn from(error: InstrumentError) -> Self {
        match error {
            InstrumentError::NotFound => Self::new(ProblemCode::NotFound),
            InstrumentError::StateConflict => Self::new(ProblemCode::InstrumentStateConflict),
            InstrumentError::Told(faults) => Self {
                errors: faults.iter().map(|fault| instrument_fault(*fault)).collect(),
                ..Self::new(ProblemCode::ValidationFailed).under_clause("4.5")
            },
            InstrumentError::File(fault) => Self::invalid("/file", file_code(fault)),
            InstrumentError::Image(error) => error.into(),
            InstrumentError::Files(error) => error.into(),
            InstrumentError::Cursor(error) => error.into(),
            InstrumentError::Idempotency(error) => error.into(),
            InstrumentError::Vault(error) => error.into(),
            InstrumentError::Storage(error) => error.into(),
        }
    }
}

impl From<ObligationError> for Problem {
    fn from(error: ObligationError) -> Self {
        match error {
            ObligationError::NotFound => Self::new(ProblemCode::NotFound),
            ObligationError::StateConflict => Self::new(ProblemCode::ObligationStateConflict),
            ObligationError::Cursor(error) => error.into(),
            ObligationError::Idempotency(error) => error.into(),
            ObligationError::Vault(error) => error.into(),
            ObligationError::Storage(error) => error.into(),
        }
    }
}

impl From<RightsError> for Problem {
    fn from(error: RightsError) -> Self {
        match error {
            RightsError::NotFound => Self::new(ProblemCode::NotFound),
            RightsError::StateConflict => Self::new(ProblemCode::RightsRequestStateConflict),
            RightsError::Duplicate => Self::new(ProblemCode::RightsRequestDuplicate),
            RightsError::Preview(PreviewFault::Invalid) => {
                Self::invalid("/preview", FieldCode::InvalidPreview)
            }
            RightsError::Preview(PreviewFault::Expired) => {
                Self::invalid("/preview", FieldCode::PreviewExpired)
            }
            RightsError::BornInTheFuture => {
                Self::invalid("/correction/birth_date", FieldCode::InTheFuture).under_clause("1.4")
            }
            RightsError::VerificationUnderWay => {
                Self::new(ProblemCode::VerificationUnderWay).under_clause("6.1")
            }
            RightsError::IdentityNotSeen => Self::new(ProblemCode::IdentityNotSeen).under_clause("7.4"),
            RightsError::LinkEnded => Self::new(ProblemCode::RightsLinkEnded).under_clause("7.4"),
            RightsError::NothingToCorrect => Self::new(ProblemCode::NothingToCorrect).under_clause("7.2"),
            RightsError::EvidenceFull => Self::new(ProblemCode::EvidenceFull).under_clause("7.4"),
            RightsError::ProofExhausted => Self::new(ProblemCode::ProofExhausted).under_clause("7.4"),
            RightsError::File(fault) => Self::invalid("/file", file_code(fault)).under_clause("7.4"),
            RightsError::NotOpened => Self::new(ProblemCode::CorrectionNotOpened).under_clause("7.2"),
            RightsError::OwnRequest => Self::new(ProblemCode::SecondPersonRequired).under_clause("5.2"),
            RightsError::Limited => Self::new(ProblemCode::ProcessingLimited).under_clause("7.3"),
            RightsError::BudgetExhausted(exhausted) => Self {
                retry_after: Some(exhausted.retry_after),
                ..Self::new(ProblemCode::ReadBudgetExhausted)
            }
            .under_clause("5.1"),
            RightsError::Image(error) => error.into(),
            RightsError::Ground => Self::invalid("/ground", FieldCode::GroundNotForKind),
            RightsError::Until => Self::invalid("/until", FieldCode::OutOfRange),
            RightsError::ArchiveNotReady => Self::new(ProblemCode::ArchiveNotReady),
            RightsError::ArchiveExpired => Self::new(ProblemCode::ArchiveExpired),
            RightsError::Archive(error) => {
                tracing::error!(%error, "an archive");
                Self::new(ProblemCode::Internal)
            }
            RightsError::Left(what) => {
                tracing::error!(what, "an erasure has left something");
                Self::new(ProblemCode::Internal)
            }
            RightsError::Cursor(error) => error.into(),
            RightsError::Idempotency(error) => error.into(),
            RightsError::Vault(error) => error.into(),
            RightsError::Storage(error) => error.into(),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NotFound => Self::new(ProblemCode::NotFound),
            ReportError::StateConflict => Self::new(ProblemCode::AdvertisementStateConflict),
            ReportError::Recipient => Self::invalid("/recipient_id", FieldCode::RecipientUnfit),
            ReportError::Cursor(error) => error.into(),
            ReportError::Policy(error) => error.into(),
            ReportError::Idempotency(error) => error.into(),
            ReportError::Vault(error) => error.into(),
            ReportError::Storage(error) => error.into(),
        }
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound => Self::new(ProblemCode::NotFound),
            WebhookError::StateConflict => Self::new(ProblemCode::WebhookStateConflict),
            WebhookError::Url => Self::invalid("/url", FieldCode::InvalidWebhookUrl),
            WebhookError::Cursor(error) => error.into(),
            WebhookError::Idempotency(error) => error.into(),
            WebhookError::Vault(error) => error.into(),
            WebhookError::Storage(error) => error.into(),
        }
    }
}

fn instrument_fault(fault: InstrumentFault) -> FieldProblem {
    let (pointer, code) = match fault {
        InstrumentFault::Recipient => ("/recipient_id", FieldCode::RecipientUnfit),
        InstrumentFault::Issuer => ("/issuer", FieldCode::NotOneLine),
        InstrumentFault::Reference => ("/reference", FieldCode::NotOneLine),
        InstrumentFault::IssuedOn => ("/issued_on", FieldCode::InTheFuture),
        InstrumentFault::ValidUntil => ("/valid_until", FieldCode::OutOfRange),
        InstrumentFault::GagUntil => ("/gag_until", FieldCode::OutOfRange),
    };
    FieldProblem { pointer: pointer.to_owned(), code }
}

/// Everything that is wrong with a draft.
fn faulty(faults: &[DraftFault]) -> Problem {
    let problem = |fault: &DraftFault| {
        let (pointer, code) = match fault {
            DraftFault::Recipient => ("/recipient_id".to_owned(), FieldCode::RecipientUnfit),
            DraftFault::Field(n) => (format!("/fields/{n}"), FieldCode::NotForThisClass),
            DraftFault::OutsideInstrument(n) => (format!("/fields/{n}"), FieldCode::OutsideTheOrder),
            DraftFault::InstrumentMissing => ("/instrument_id".to_owned(), FieldCode::OrderMissing),
            DraftFault::InstrumentNotTaken => ("/instrument_id".to_owned(), FieldCode::InvalidValue),
            DraftFault::GroundMissing => ("/ground".to_owned(), FieldCode::MissingField),
            DraftFault::CompelledQuestion => ("/ask".to_owned(), FieldCode::CompelledQuestion),
            DraftFault::AccessedAt => ("/accessed_at".to_owned(), FieldCode::InTheFuture),
            DraftFault::SilentQuestion => ("/ask".to_owned(), FieldCode::SilentQuestion),
        };
        FieldProblem { pointer, code }
    };
    Problem {
        errors: faults.iter().map(problem).collect(),
        ..Problem::new(ProblemCode::ValidationFailed).under_clause("4.8")
    }
}

const fn gate_code(refusal: GateRefusal) -> FieldCode {
    match refusal {
        GateRefusal::NotReady => FieldCode::GateNotReady,
        GateRefusal::OutOfTime => FieldCode::GateOutOfTime,
        GateRefusal::PullsSpent => FieldCode::GatePullsSpent,
        GateRefusal::RecipientInactive => FieldCode::GateRecipientInactive,
        GateRefusal::ScopeChanged => FieldCode::GateScopeChanged,
        GateRefusal::FieldNotAllowed => FieldCode::GateFieldNotAllowed,
        GateRefusal::InstrumentMissing => FieldCode::GateInstrumentMissing,
        GateRefusal::InstrumentLapsed => FieldCode::GateInstrumentLapsed,
        GateRefusal::OutsideInstrument => FieldCode::GateOutsideInstrument,
        GateRefusal::GroundMissing => FieldCode::GateGroundMissing,
        GateRefusal::ReviewMissing => FieldCode::GateReviewMissing,
        GateRefusal::SecondReviewMissing => FieldCode::GateSecondReviewMissing,
        GateRefusal::ConsentMissing => FieldCode::GateConsentMissing,
        GateRefusal::ConsentWithdrawn => FieldCode::GateConsentWithdrawn,
        GateRefusal::ConsentExpired => FieldCode::GateConsentExpired,
        GateRefusal::PolicyNotAccepted => FieldCode::GatePolicyNotAccepted,
        GateRefusal::CrossBorderRefused => FieldCode::GateCrossBorderRefused,
        GateRefusal::Restricted => FieldCode::GateRestricted,
        GateRefusal::Objected => FieldCode::GateObjected,
        GateRefusal::SubjectLeaving => FieldCode::GateSubjectLeaving,
        GateRefusal::SubjectGone => FieldCode::GateSubjectGone,
    }
}
