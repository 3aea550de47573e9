//! How refusals of services become problems: one exhaustive match each.

use super::{FieldCode, FieldProblem, Problem, ProblemCode};
use crate::{
    db::StorageError,
    domain::{
        kyc::{
            KycItem,
            decision::DecisionFault,
            document::{ToldFault, ToldFaultKind},
            file::FileFault,
            rules::{Failure, KycRule},
        },
        password::WeakPassword,
        policy::rules::{Fault, FaultKind},
        throttle::Exhausted,
    },
    services::{
        accounts::{AccountError, ProfileError},
        consents::ConsentError,
        cursors::InvalidCursor,
        files::FileError,
        idempotency::IdempotencyError,
        images::ImageError,
        kyc::KycError,
        log::{proofs::ProofError, sequencer::LogError},
        notices::NoticeError,
        partners::PartnerError,
        passwords::HashingError,
        policies::PolicyError,
        sessions::SessionError,
        staff::StaffError,
        support::SupportError,
        vault::{VaultError, kms::KmsError},
    },
};

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Conflict => Self::try_again(error.to_string()),
            StorageError::Duplicate { .. }
            | StorageError::Corrupt { .. }
            | StorageError::Query(_)
            | StorageError::Panicked => Self::internal(&error),
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Storage(error) => error.into(),
            VaultError::NoKey(_) | VaultError::Broken { .. } | VaultError::Kms(_) => Self::internal(&error),
        }
    }
}

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::NoCheckpoint => Self::try_again(error.to_string()),
            ProofError::NotPlaced => Self::new(ProblemCode::ProofNotReady),
            ProofError::NotFound => Self::new(ProblemCode::NotFound),
            ProofError::BadSize => Self::field(ProblemCode::MalformedRequest, "query", FieldCode::OutOfRange),
            ProofError::Storage(error) | ProofError::Log(LogError::Storage(error)) => error.into(),
            ProofError::Tree(_) | ProofError::Log(_) => Self::internal(&error),
        }
    }
}

impl From<KmsError> for Problem {
    fn from(error: KmsError) -> Self {
        Self::internal(&error)
    }
}

impl From<HashingError> for Problem {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::try_again(error.to_string()),
            HashingError::Failed => Self::internal(&error),
        }
    }
}

impl From<InvalidCursor> for Problem {
    fn from(InvalidCursor: InvalidCursor) -> Self {
        Self::new(ProblemCode::InvalidCursor)
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::InUse => Self::new(ProblemCode::IdempotencyKeyInUse),
            IdempotencyError::Reused => Self::new(ProblemCode::IdempotencyKeyReused),
            IdempotencyError::AlreadyDone => Self::new(ProblemCode::AlreadyDone),
            IdempotencyError::Vault(error) => error.into(),
            IdempotencyError::Storage(error) => error.into(),
        }
    }
}

impl From<WeakPassword> for Problem {
    fn from(weak: WeakPassword) -> Self {
        let code = match weak {
            WeakPassword::TooShort => FieldCode::PasswordTooShort,
            WeakPassword::TooLong => FieldCode::PasswordTooLong,
            WeakPassword::Breached => FieldCode::PasswordBreached,
            WeakPassword::LikePerson => FieldCode::PasswordLikePerson,
            WeakPassword::Guessable => FieldCode::PasswordGuessable,
        };
        Self::invalid("/password", code).under_clause("1.1")
    }
}

impl From<Exhausted> for Problem {
    fn from(exhausted: Exhausted) -> Self {
        Self { retry_after: Some(exhausted.retry_after), ..Self::new(ProblemCode::TooManyAttempts) }
            .under_clause("2.4")
    }
}

impl AccountError {
    /// The problem, where `expired` names what was not live.
    pub fn into_problem(self, expired: ProblemCode) -> Problem {
        match self {
            Self::Expired => Problem::new(expired),
            // The account went between the check of its session and here.
            Self::NotFound => Problem::new(ProblemCode::Unauthenticated),
            Self::PolicySuperseded => Problem::new(ProblemCode::PolicyVersionSuperseded).under_clause("9.3"),
            Self::WrongCode => Problem::new(ProblemCode::WrongCode),
            Self::WrongPassword => Problem::new(ProblemCode::WrongPassword),
            Self::Weak(weak) => weak.into(),
            Self::EmailTaken => Problem::new(ProblemCode::EmailTaken),
            Self::NoSuchFactor => Problem::new(ProblemCode::NotFound),
            Self::FactorExists => Problem::new(ProblemCode::FactorExists),
            Self::NoSecondFactor => Problem::new(ProblemCode::NoSecondFactor),
            Self::StateConflict => Problem::new(ProblemCode::AccountStateConflict),
            Self::Throttled(exhausted) => exhausted.into(),
            Self::Policy(error) => error.into(),
            Self::Hashing(error) => error.into(),
            Self::Idempotency(error) => error.into(),
            Self::Vault(error) => error.into(),
            Self::Storage(error) => error.into(),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        error.into_problem(ProblemCode::ChangeExpired)
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            // The account went between the check of its session and here.
            ProfileError::NotFound => Self::new(ProblemCode::Unauthenticated),
            ProfileError::Stale => Self::new(ProblemCode::StaleVersion),
            ProfileError::Cursor(error) => error.into(),
            ProfileError::Idempotency(error) => error.into(),
            ProfileError::Vault(error) => error.into(),
            ProfileError::Storage(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unauthenticated => Self::new(ProblemCode::Unauthenticated),
            SessionError::InvalidCredentials => Self::new(ProblemCode::InvalidCredentials),
            SessionError::InvalidRefreshToken => Self::new(ProblemCode::InvalidRefreshToken),
            SessionError::NotFound => Self::new(ProblemCode::NotFound),
            SessionError::ChallengeExpired => Self::new(ProblemCode::ChallengeExpired),
            SessionError::WrongCode => Self::new(ProblemCode::WrongCode),
            SessionError::WrongPassword => Self::new(ProblemCode::WrongPassword),
            SessionError::MethodUnavailable => Self::new(ProblemCode::MethodNotAvailable),
            SessionError::Throttled(exhausted) => exhausted.into(),
            SessionError::Cursor(error) => error.into(),
            SessionError::Hashing(error) => error.into(),
            SessionError::Idempotency(error) => error.into(),
            SessionError::Vault(error) => error.into(),
            SessionError::Storage(error) => error.into(),
        }
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Unauthenticated => Self::new(ProblemCode::Unauthenticated),
            StaffError::InvalidCredentials => Self::new(ProblemCode::InvalidCredentials),
            StaffError::InvitationEnded => Self::new(ProblemCode::InvitationExpired),
            StaffError::WrongCode => Self::new(ProblemCode::WrongCode),
            StaffError::Weak(weak) => weak.into(),
            StaffError::NotFound => Self::new(ProblemCode::NotFound),
            StaffError::EmailTaken => Self::new(ProblemCode::StaffEmailTaken),
            StaffError::RoleConflict => Self::new(ProblemCode::RoleConflict).under_clause("5.2"),
            StaffError::SecondPersonRequired => {
                Self::new(ProblemCode::SecondPersonRequired).under_clause("5.2")
            }
            StaffError::StateConflict => Self::new(ProblemCode::StaffStateConflict),
            StaffError::Limited => Self::new(ProblemCode::ProcessingLimited).under_clause("7.3"),
            StaffError::BudgetExhausted(exhausted) => Self {
                retry_after: Some(exhausted.retry_after),
                ..Self::new(ProblemCode::ReadBudgetExhausted)
            }
            .under_clause("5.2"),
            StaffError::Throttled(exhausted) => exhausted.into(),
            StaffError::Cursor(error) => error.into(),
            StaffError::Hashing(error) => error.into(),
            StaffError::Idempotency(error) => error.into(),
            StaffError::Vault(error) => error.into(),
            StaffError::Storage(error) => error.into(),
        }
    }
}

impl From<PartnerError> for Problem {
    fn from(error: PartnerError) -> Self {
        match error {
            PartnerError::Unauthenticated | PartnerError::InvalidClient => {
                Self::new(ProblemCode::Unauthenticated)
            }
            PartnerError::InvalidScope => Self::new(ProblemCode::ScopeRequired),
            PartnerError::NotFound => Self::new(ProblemCode::NotFound),
            PartnerError::StateConflict => Self::new(ProblemCode::PartnerStateConflict),
            PartnerError::Throttled(exhausted) => exhausted.into(),
            PartnerError::Cursor(error) => error.into(),
            PartnerError::Idempotency(error) => error.into(),
            PartnerError::Vault(error) => error.into(),
            PartnerError::Storage(error) => error.into(),
        }
    }
}

impl From<ImageError> for Problem {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Busy => Self::try_again(error.to_string()),
            ImageError::Process(_) | ImageError::Fault(_) => Self::internal(&error),
        }
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Store(_) => Self::try_again(error.to_string()),
            FileError::Randomness | FileError::Folder(_) => Self::internal(&error),
        }
    }
}

impl From<KycError> for Problem {
    fn from(error: KycError) -> Self {
        match error {
            KycError::NotFound => Self::new(ProblemCode::NotFound),
            KycError::AlreadyAsked => Self::new(ProblemCode::KycAlreadyAsked),
            KycError::NotOpen => Self::new(ProblemCode::KycNotOpen),
            KycError::BeingErased => Self::new(ProblemCode::ErasureUnderWay).under_clause("7.1"),
            KycError::Stale => Self::new(ProblemCode::StaleVersion),
            KycError::BornInTheFuture => Self::invalid("/birth_date".to_owned(), FieldCode::InvalidBirthDate),
            KycError::SpecialCategory { pointer, .. } => {
                Self::invalid(pointer, FieldCode::SpecialCategory).under_clause("1.9")
            }
            KycError::Incomplete(items) => incomplete(&items),
            KycError::NotDecidable => Self::new(ProblemCode::KycNotDecidable),
            KycError::NotOpened => Self::new(ProblemCode::KycNotOpened),
            KycError::NotAssigned => Self::new(ProblemCode::KycNotAssigned),
            KycError::OwnCase | KycError::SecondPersonRequired => {
                Self::new(ProblemCode::SecondPersonRequired).under_clause("5.2")
            }
            KycError::NotAReviewer => Self::invalid("/staff_id", FieldCode::NotAReviewer),
            KycError::Decision(fault) => undecided(fault),
            KycError::RulesFail(failures) => rules_fail(&failures),
            KycError::Limited => Self::new(ProblemCode::ProcessingLimited).under_clause("7.3"),
            KycError::BudgetExhausted(exhausted) => Self {
                retry_after: Some(exhausted.retry_after),
                ..Self::new(ProblemCode::ReadBudgetExhausted)
            }
            .under_clause("5.1"),
            KycError::Cursor(error) => error.into(),
            KycError::DocumentExists => Self::new(ProblemCode::KycDocumentExists).under_clause("1.6"),
            KycError::Told(faults) => told(&faults),
            KycError::ZoneSaysOtherwise => {
                Self::invalid("/machine_readable_zone", FieldCode::ZoneSaysOtherwise).under_clause("1.6")
            }
            KycError::File { side, fault } => {
                Self::invalid(format!("/{}", side.as_str()), file_code(fault)).under_clause("1.6")
            }
            KycError::Image(error) => error.into(),
            KycError::Files(error) => error.into(),
            KycError::Idempotency(error) => error.into(),
            KycError::Vault(error) => error.into(),
            KycError::Storage(error) => error.into(),
        }
    }
}

/// Every item that waits, with the clause of the first.
fn incomplete(items: &[KycItem]) -> Problem {
    let errors = items.iter().map(|item| FieldProblem { pointer: String::new(), code: item_code(*item) });
    Problem {
        errors: errors.collect(),
        clause: items.first().map(|item| item.clause()),
        ..Problem::new(ProblemCode::KycIncomplete)
    }
}

/// Every rule that does not hold, with the clause of the first.
fn rules_fail(failures: &[Failure]) -> Problem {
    let errors = failures
        .iter()
        .map(|failure| FieldProblem { pointer: "/outcome".to_owned(), code: rule_code(failure.rule) });
    Problem {
        errors: errors.collect(),
        clause: failures.first().map(|failure| failure.rule.clause()),
        ..Problem::new(ProblemCode::KycRulesFail)
    }
}

fn undecided(fault: DecisionFault) -> Problem {
    match fault {
        DecisionFault::RejectsWhatItApproves => {
            Problem::invalid("/rejections", FieldCode::RejectsWhatItApproves)
        }
        DecisionFault::SaysNotWhy => Problem::invalid("/rejections", FieldCode::SaysNotWhy),
        DecisionFault::OverridesWithoutGrounds => Problem::invalid("/grounds", FieldCode::SaysNotWhy),
        DecisionFault::NothingToAsk => Problem::invalid("/rejections", FieldCode::NothingToAsk),
        DecisionFault::ItemTwice => Problem::invalid("/rejections", FieldCode::ItemTwice),
        DecisionFault::NotToBeOverridden => Problem::invalid("/overrides", FieldCode::NotToBeOverridden),
    }
}

const fn item_code(item: KycItem) -> FieldCode {
    match item {
        KycItem::VerifiedEmail => FieldCode::NeedsVerifiedEmail,
        KycItem::VerifiedPhone => FieldCode::NeedsVerifiedPhone,
        KycItem::PersonalDetails => FieldCode::NeedsPersonalDetails,
        KycItem::FirstIdentityDocument => FieldCode::NeedsFirstIdentityDocument,
        KycItem::SecondIdentityDocument => FieldCode::NeedsSecondIdentityDocument,
        KycItem::AddressProof => FieldCode::NeedsAddressProof,
    }
}

const fn rule_code(rule: KycRule) -> FieldCode {
    match rule {
        KycRule::EmailVerified => FieldCode::RuleEmailVerified,
        KycRule::PhoneVerified => FieldCode::RulePhoneVerified,
        KycRule::DetailsGiven => FieldCode::RuleDetailsGiven,
        KycRule::OfAge => FieldCode::RuleOfAge,
        KycRule::TwoKinds => FieldCode::RuleTwoKinds,
        KycRule::StateIssued => FieldCode::RuleStateIssued,
        KycRule::EverySide => FieldCode::RuleEverySide,
        KycRule::Unexpired => FieldCode::RuleUnexpired,
        KycRule::DocumentName => FieldCode::RuleDocumentName,
        KycRule::MachineReadableZone => FieldCode::RuleMachineReadableZone,
        KycRule::AddressProof => FieldCode::RuleAddressProof,
        KycRule::ProofIssuer => FieldCode::RuleProofIssuer,
        KycRule::ProofRecent => FieldCode::RuleProofRecent,
        KycRule::ProofName => FieldCode::RuleProofName,
        KycRule::ProofAddress => FieldCode::RuleProofAddress,
    }
}

/// Everything that is wrong with what was told of a document, at once.
fn told(faults: &[ToldFault]) -> Problem {
    let errors = faults.iter().map(|told| FieldProblem {
        pointer: format!("/{}", told.field),
        code: match told.fault {
            ToldFaultKind::Missing => FieldCode::MissingField,
            ToldFaultKind::NotOfThisKind => FieldCode::NotOfThisKind,
            ToldFaultKind::Issuer => FieldCode::IssuerNotTaken,
            ToldFaultKind::Expired => FieldCode::DocumentExpired,
            ToldFaultKind::TooOld => FieldCode::DocumentTooOld,
            ToldFaultKind::InTheFuture => FieldCode::InTheFuture,
        },
    });
    Problem { errors: errors.collect(), ..Problem::new(ProblemCode::ValidationFailed) }
}

pub(super) const fn file_code(fault: FileFault) -> FieldCode {
    match fault {
        FileFault::Format => FieldCode::FileFormat,
        FileFault::Broken => FieldCode::FileBroken,
        FileFault::TooLarge => FieldCode::FileTooLarge,
        FileFault::TooManyPixels => FieldCode::FileTooManyPixels,
        FileFault::TooSmall => FieldCode::FileTooSmall,
        FileFault::Animated => FieldCode::FileAnimated,
        FileFault::TooManyPages => FieldCode::FileTooManyPages,
        FileFault::TooCostly => FieldCode::FileTooCostly,
    }
}

impl From<SupportError> for Problem {
    fn from(error: SupportError) -> Self {
        match error {
            SupportError::NotFound => Self::new(ProblemCode::NotFound),
            SupportError::Conflict => Self::new(ProblemCode::SupportCaseConflict),
            SupportError::Limited => Self::new(ProblemCode::ProcessingLimited).under_clause("7.3"),
            SupportError::Cursor(error) => error.into(),
            SupportError::Idempotency(error) => error.into(),
            SupportError::Vault(error) => error.into(),
            SupportError::Storage(error) => error.into(),
        }
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::NotFound => Self::new(ProblemCode::NotFound),
            PolicyError::Unreadable => Self::internal(&error),
            PolicyError::Faulty(faults) => faults.into(),
            PolicyError::DraftExists => Self::new(ProblemCode::PolicyDraftExists),
            PolicyError::Stale => Self::new(ProblemCode::StaleVersion),
            PolicyError::SecondPersonRequired => {
                Self::new(ProblemCode::SecondPersonRequired).under_clause("9.1")
            }
            PolicyError::Cursor(error) => error.into(),
            PolicyError::Idempotency(error) => error.into(),
            PolicyError::Vault(error) => error.into(),
            PolicyError::Storage(error) => error.into(),
        }
    }
}

impl From<Vec<Fault>> for Problem {
    fn from(faults: Vec<Fault>) -> Self {
        let code = |kind| match kind {
            FaultKind::NotOneLine => FieldCode::NotOneLine,
            FaultKind::WrongCount => FieldCode::OutOfRange,
            FaultKind::ClauseWithoutRule => FieldCode::ClauseWithoutRule,
            FaultKind::ClauseTwice => FieldCode::ClauseTwice,
            FaultKind::ClauseMissing => FieldCode::ClauseMissing,
            FaultKind::AggregatesOnly => FieldCode::AggregatesOnly,
            FaultKind::NotEditorial => FieldCode::NotEditorial,
            FaultKind::PurposeTwice => FieldCode::PurposeTwice,
            FaultKind::PurposeMissing => FieldCode::PurposeMissing,
            FaultKind::NotOfThisPurpose => FieldCode::NotOfThisPurpose,
            FaultKind::NoPeriod => FieldCode::InvalidPeriod,
            FaultKind::NotThePlaces => FieldCode::NotTheStoragePlaces,
            FaultKind::NotASet => FieldCode::NotASet,
        };
        let field = |fault: Fault| FieldProblem { code: code(fault.kind), pointer: fault.pointer };
        // As many as a problem shows.
        let errors = faults.into_iter().take(100).map(field).collect();
        Self { errors, ..Self::new(ProblemCode::ValidationFailed) }
    }
}

impl From<ConsentError> for Problem {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::NotFound => Self::new(ProblemCode::NotFound),
            ConsentError::PolicySuperseded => {
                Self::new(ProblemCode::PolicyVersionSuperseded).under_clause("9.3")
            }
            ConsentError::PolicyNotAccepted => {
                Self::new(ProblemCode::PolicyAcceptanceRequired).under_clause("0.4")
            }
            ConsentError::DefinitionSuperseded => Self::new(ProblemCode::PurposeDefinitionSuperseded),
            ConsentError::NotByConsent(purpose) => {
                Self::new(ProblemCode::PurposeNotByConsent).under_clause(purpose.clause())
            }
            ConsentError::Restricted => Self::new(ProblemCode::AccountRestricted),
            ConsentError::ServiceWithdrawn => Self::new(ProblemCode::AccountRestricted).under_clause("2.5"),
            ConsentError::PolicyMoved => {
                StorageError::Unavailable("the policy changes at this very moment").into()
            }
            ConsentError::Disclosure(error) => error.into(),
            ConsentError::Cursor(error) => error.into(),
            ConsentError::Policy(error) => error.into(),
            ConsentError::Idempotency(error) => error.into(),
            ConsentError::Vault(error) => error.into(),
            ConsentError::Storage(error) => error.into(),
        }
    }
}

impl From<NoticeError> for Problem {
    fn from(error: NoticeError) -> Self {
        match error {
            NoticeError::NotFound => Self::new(ProblemCode::NotFound),
            NoticeError::Cursor(error) => error.into(),
            NoticeError::Policy(error) => error.into(),
            NoticeError::Idempotency(error) => error.into(),
            NoticeError::Vault(error) => error.into(),
            NoticeError::Storage(error) => error.into(),
        }
    }
}
