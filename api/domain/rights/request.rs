//! A rights request: what a person asks about their own data, from filing to its end.

use chrono::TimeDelta;

use super::{
    calendar::Region,
    deadline::{self, Deadline, DeadlineLaw},
    erasure::category_alone,
    rectification::RectifiedField,
};
use crate::domain::{
    closed_list::closed_list,
    data_dictionary::Category,
    disclosure::{
        classes::CLASS_RULES,
        limit::{LimitKind, LimitScope},
        scope::DisclosureField,
    },
    encoding::hex,
    evidence::{Act, Evidence, Facts},
    ids::{AccountId, LeafId, ProcessingLimitId, RightsRequestId, StaffId},
    purpose::{PersonalDataClass, Purpose},
    time::Timestamp,
};

/// How long before a restriction or an objection ends against the person's will they are told (GDPR art. 18(3)).
pub const TOLD_BEFORE_LIFTING: TimeDelta = TimeDelta::days(7);
/// How long a preview can be filed with; it says nothing of when a request is carried out.
pub const PREVIEW_LIVES: TimeDelta = TimeDelta::hours(1);

/// So long before the day of an answer those who answer are told that it comes.
pub const TOLD_BEFORE_DUE: TimeDelta = TimeDelta::days(5);

closed_list! {
    /// Which right is used.
    RightKind {
        /// Data are kept, and nothing else is done with them (clause 7.3; GDPR art. 18).
        Restriction = "restriction",
        /// Data are not used for a purpose (clause 7.3; GDPR art. 21).
        Objection = "objection",
        /// Everything is erased, or a class of data, but for what a law keeps (clause 7.1; GDPR art. 17).
        Erasure = "erasure",
        /// Everything that is held about the person is handed over (Privacy Act 2020, IPP 6; GDPR art. 15).
        Access = "access",
        /// What the person gave, or what was observed of them, is handed over for machines to read (GDPR art. 20).
        Portability = "portability",
        /// A value is corrected, or stands beside what its person says of it (Privacy Act 2020, IPP 7; GDPR art. 16).
        Rectification = "rectification",
    }
}

impl RightKind {
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Restriction | Self::Objection => "7.3",
            Self::Erasure => "7.1",
            // Whoever is to correct data has to see them.
            Self::Access | Self::Portability | Self::Rectification => "7.2",
        }
    }

    /// The law that gives the right.
    pub const fn law(self) -> &'static str {
        match self {
            Self::Restriction => "GDPR art. 18",
            Self::Objection => "GDPR art. 21",
            Self::Erasure => "GDPR art. 17",
            Self::Access => "Privacy Act 2020, section 22, IPP 6; GDPR art. 15",
            Self::Portability => "GDPR art. 20",
            Self::Rectification => "Privacy Act 2020, section 22, IPP 7; GDPR art. 16",
        }
    }

    /// Whether it is carried out at an instant, rather than holding from its filing on.
    pub const fn is_carried_out(self) -> bool {
        self.hands_over() || matches!(self, Self::Erasure)
    }

    /// Whether it ends with an archive for its person.
    pub const fn hands_over(self) -> bool {
        matches!(self, Self::Access | Self::Portability)
    }

    /// What stands in the way of processing from the filing on, if anything does.
    pub const fn limit(self) -> Option<LimitKind> {
        match self {
            // What is to be erased is not used meanwhile.
            Self::Restriction | Self::Erasure => Some(LimitKind::Restriction),
            Self::Objection => Some(LimitKind::Objection),
            Self::Access | Self::Portability | Self::Rectification => None,
        }
    }
}

closed_list! {
    /// How far it has come. What it asks for holds from the filing until it is withdrawn or lifted.
    RightsState {
        /// It waits for an answer, by the day that is promised.
        InReview = "in_review",
        Granted = "granted",
        /// It was refused: what it asked for ends at an instant that the person was told.
        Lifting = "lifting",
        Lifted = "lifted",
        /// It was refused: what stands is not changed.
        Refused = "refused",
        /// The person took it back.
        Withdrawn = "withdrawn",
        /// It is carried out at an instant that the person was told; until then it can be taken back.
        Scheduled = "scheduled",
        /// It is being carried out, and is not taken back any more.
        Executing = "executing",
        /// An erasure of everything ended it.
        Superseded = "superseded",
        /// It was carried out, but for what a law keeps until a day.
        PartlyCompleted = "partly_completed",
        Completed = "completed",
    }
}

impl RightsState {
    /// Whether it has not come to an end.
    pub const fn is_open(self) -> bool {
        self.can_be_withdrawn() || matches!(self, Self::Executing)
    }

    /// Whether what it asks for holds, or is to come.
    pub const fn can_be_withdrawn(self) -> bool {
        matches!(self, Self::InReview | Self::Granted | Self::Lifting | Self::Scheduled)
    }
}

closed_list! {
    /// What was done to it.
    RightsStep {
        Filed = "filed",
        Extended = "extended",
        Granted = "granted",
        Refused = "refused",
        /// Staff asked for more proof.
        ProofAsked = "proof_asked",
        /// The person attached a statement of correction.
        Stated = "stated",
        Lifted = "lifted",
        Withdrawn = "withdrawn",
        /// An erasure of everything ended it.
        Superseded = "superseded",
        /// The person complained about how it is dealt with.
        Complained = "complained",
        /// It began to be carried out.
        Started = "started",
        Completed = "completed",
        /// What a law kept was destroyed on its day.
        Released = "released",
    }
}

impl RightsStep {
    pub const fn act(self) -> &'static Act {
        match self {
            Self::Filed => &RIGHTS_FILED,
            Self::Extended => &RIGHTS_EXTENDED,
            Self::Granted => &RIGHTS_GRANTED,
            Self::Refused => &RIGHTS_REFUSED,
            Self::ProofAsked => &RIGHTS_PROOF_ASKED,
            Self::Stated => &RIGHTS_STATED,
            Self::Lifted => &RIGHTS_LIFTED,
            Self::Withdrawn => &RIGHTS_WITHDRAWN,
            Self::Superseded => &RIGHTS_SUPERSEDED,
            Self::Complained => &RIGHTS_COMPLAINED,
            Self::Started => &RIGHTS_STARTED,
            Self::Completed => &RIGHTS_COMPLETED,
            Self::Released => &RIGHTS_RELEASED,
        }
    }
}

const fn act(name: &'static str) -> Act {
    Act { name, object: "rights_request", clause: "7.3" }
}

const fn of_erasure(name: &'static str) -> Act {
    Act { name, object: "rights_request", clause: "7.1" }
}

const fn of_access(name: &'static str) -> Act {
    Act { name, object: "rights_request", clause: "7.2" }
}

pub const RIGHTS_FILED: Act = act("rights_request.filed");
pub const RIGHTS_EXTENDED: Act = act("rights_request.extended");
pub const RIGHTS_GRANTED: Act = act("rights_request.granted");
pub const RIGHTS_REFUSED: Act = act("rights_request.refused");
pub const RIGHTS_LIFTED: Act = act("rights_request.lifted");
pub const RIGHTS_WITHDRAWN: Act = act("rights_request.withdrawn");
pub const RIGHTS_SUPERSEDED: Act = act("rights_request.superseded");
pub const RIGHTS_PROOF_ASKED: Act =
    Act { name: "rights_request.proof_asked", object: "rights_request", clause: "7.4" };
pub const RIGHTS_STATED: Act = of_access("rights_request.stated");
pub const RIGHTS_COMPLAINED: Act = act("rights_request.complained");
const ACCESS_FILED: Act = of_access("rights_request.filed");
const ACCESS_WITHDRAWN: Act = of_access("rights_request.withdrawn");
const ACCESS_EXTENDED: Act = of_access("rights_request.extended");
const ACCESS_GRANTED: Act = of_access("rights_request.granted");
const ACCESS_REFUSED: Act = of_access("rights_request.refused");
const ACCESS_COMPLAINED: Act = of_access("rights_request.complained");
const ACCESS_SUPERSEDED: Act = of_access("rights_request.superseded");
const ACCESS_STARTED: Act = of_access("rights_request.started");
const ACCESS_COMPLETED: Act = of_access("rights_request.completed");
const ERASURE_FILED: Act = of_erasure("rights_request.filed");
const ERASURE_WITHDRAWN: Act = of_erasure("rights_request.withdrawn");
pub const RIGHTS_STARTED: Act = of_erasure("rights_request.started");
pub const RIGHTS_COMPLETED: Act = of_erasure("rights_request.completed");
pub const RIGHTS_RELEASED: Act = of_erasure("rights_request.released");

closed_list! {
    /// On which ground a request is refused, or ends.
    RefusalGround {
        /// Compelling legitimate grounds override the objection.
        CompellingGrounds = "compelling_grounds",
        /// Legal claims are established, exercised or defended.
        LegalClaims = "legal_claims",
        /// The rights of somebody else are protected.
        RightsOfOthers = "rights_of_others",
        /// A law requires the processing.
        LegalObligation = "legal_obligation",
        /// What the restriction was for has passed.
        GroundEnded = "ground_ended",
        /// What stands is accurate.
        AlreadyAccurate = "already_accurate",
        /// What was handed in does not show it.
        NotShown = "not_shown",
        /// Whoever asked by a mailed link did not show to be the person.
        IdentityNotShown = "identity_not_shown",
    }
}

impl RefusalGround {
    /// The clause of the policy, and the law, that it rests on.
    pub const fn rests_on(self) -> (&'static str, &'static str) {
        match self {
            Self::CompellingGrounds => ("6.3", "GDPR art. 21(1)"),
            Self::LegalClaims => ("4.6", "GDPR art. 18(2), 21(1)"),
            Self::RightsOfOthers => ("4.6", "GDPR art. 18(2)"),
            Self::LegalObligation => ("6.1", "GDPR art. 6(1)(c), 18(2)"),
            Self::GroundEnded => ("7.3", "GDPR art. 18(3)"),
            Self::AlreadyAccurate => ("3.8", "Privacy Act 2020, section 22, IPP 7(2); GDPR art. 5(1)(d), 16"),
            Self::IdentityNotShown => ("7.4", "Privacy Act 2020, section 57; GDPR art. 12(2), 12(6)"),
            Self::NotShown => ("7.4", "Privacy Act 2020, section 22, IPP 7(2); GDPR art. 16"),
        }
    }

    /// Whether a request of this kind can be refused on it.
    pub const fn fits(self, kind: RightKind) -> bool {
        match self {
            // Where it was filed by a link, which the request itself knows.
            Self::IdentityNotShown => !matches!(kind, RightKind::Rectification),
            Self::CompellingGrounds => matches!(kind, RightKind::Objection),
            Self::GroundEnded => matches!(kind, RightKind::Restriction),
            Self::AlreadyAccurate | Self::NotShown => matches!(kind, RightKind::Rectification),
            Self::LegalClaims | Self::RightsOfOthers | Self::LegalObligation => {
                matches!(kind, RightKind::Restriction | RightKind::Objection)
            }
        }
    }
}

closed_list! {
    /// Why an answer takes longer (GDPR art. 12(3); Privacy Act 2020, section 48).
    ExtensionReason {
        Complexity = "complexity",
        NumberOfRequests = "number_of_requests",
        Consultations = "consultations",
    }
}

closed_list! {
    /// When an erasure is carried out.
    ErasureTime {
        /// At once, unless something stands against it.
        Now = "now",
        /// After the time in which it can be taken back.
        AfterGrace = "after_grace",
    }
}

/// What a request is about: one purpose or all, one class of data or all; a rectification is about one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightsScope {
    pub kind: RightKind,
    pub purpose: Option<Purpose>,
    pub data_class: Option<PersonalDataClass>,
    pub field: Option<RectifiedField>,
}

impl RightsScope {
    /// What it keeps from being done from the filing on, if anything.
    pub fn limit(&self) -> Option<LimitScope> {
        let (purpose, data_class) = (self.purpose, self.data_class);
        self.kind.limit().map(|kind| LimitScope { kind, purpose, data_class })
    }

    /// Whether there are such requests: archives know no part, and an erasure knows those that the service can do
    /// without.
    pub fn is_known(&self) -> bool {
        if self.field.is_some() != (self.kind == RightKind::Rectification) {
            return false;
        }
        match self.kind {
            RightKind::Restriction | RightKind::Objection => true,
            RightKind::Access | RightKind::Portability | RightKind::Rectification => {
                self.purpose.is_none() && self.data_class.is_none()
            }
            RightKind::Erasure => {
                self.purpose.is_none() && self.data_class.is_none_or(|class| category_alone(class).is_some())
            }
        }
    }

    /// What an erasure of a part erases.
    pub fn part(&self) -> Option<Category> {
        self.data_class.filter(|_| self.kind == RightKind::Erasure).and_then(category_alone)
    }

    /// Whether the account ends with it.
    pub fn ends_account(&self) -> bool {
        self.kind == RightKind::Erasure && self.data_class.is_none()
    }

    /// What the service does no more while it holds, each under the clause that it is done by (clause 7.6).
    pub fn consequences(&self) -> Vec<(RightsConsequenceCode, &'static str)> {
        let Some(limit) = self.limit() else {
            let code = if self.kind == RightKind::Rectification {
                RightsConsequenceCode::ValueContested
            } else {
                RightsConsequenceCode::ArchivePrepared
            };
            return vec![(code, self.kind.clause())];
        };
        let fields = DisclosureField::ALL;
        let refuses = |purpose: &Purpose| limit.refuses(*purpose, fields).is_some();
        let is_about = |purpose, class: &PersonalDataClass| limit.is_about(purpose, *class);
        let mut all = Vec::new();
        if CLASS_RULES.iter().any(|rule| refuses(&rule.purpose)) || refuses(&Purpose::CrossBorderTransfer) {
            all.push((RightsConsequenceCode::DisclosuresRefused, "4.8"));
        }
        if limit.is_about(Purpose::Advertising, PersonalDataClass::Device) {
            all.push((RightsConsequenceCode::CountingStops, "4.3"));
        }
        if PersonalDataClass::ALL.iter().any(|class| is_about(Purpose::Support, class)) {
            all.push((RightsConsequenceCode::SupportWaits, "3.7"));
        }
        if PersonalDataClass::ALL.iter().any(|class| is_about(Purpose::IdentityVerification, class)) {
            all.push((RightsConsequenceCode::VerificationWaits, "1.3"));
        }
        if limit.stops_mail() {
            all.push((RightsConsequenceCode::MailsStop, "9.2"));
        }
        if self.ends_account() {
            all.push((RightsConsequenceCode::ServiceEnds, "2.5"));
        }
        all
    }
}

closed_list! {
    /// What follows from a restriction or an objection while it holds.
    RightsConsequenceCode {
        /// Disclosures are refused.
        DisclosuresRefused = "disclosures_refused",
        /// The person is not counted for advertisements; what was counted this hour is forgotten.
        CountingStops = "counting_stops",
        /// Nobody of the support opens data to answer.
        SupportWaits = "support_waits",
        /// Nobody opens data to verify the identity; the day by which it is due does not move.
        VerificationWaits = "verification_waits",
        /// Amendments of the policy, and the yearly question, are told in the service alone, and not by mail.
        MailsStop = "mails_stop",
        /// The account ends, and nobody signs in to it again.
        ServiceEnds = "service_ends",
        /// An archive is prepared, and can be downloaded for some days.
        ArchivePrepared = "archive_prepared",
        /// The value is corrected, at once unless a verification vouches for it; until then it is marked as contested,
        /// also where it is disclosed.
        ValueContested = "value_contested",
    }
}

/// A request as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsRequest {
    pub account_id: AccountId,
    pub id: RightsRequestId,
    pub scope: RightsScope,
    pub state: RightsState,
    pub filed_at: Timestamp,
    pub deadline: Deadline,
    pub extension: Option<ExtensionReason>,
    pub answered_at: Option<Timestamp>,
    pub refusal: Option<RefusalGround>,
    /// When what it asks for ends against the person's will.
    pub lifts_at: Option<Timestamp>,
    /// What it keeps from being done.
    pub limit_id: Option<ProcessingLimitId>,
    /// When it is carried out.
    pub executes_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// Until when a law keeps something.
    pub kept_until: Option<Timestamp>,
    /// When its person complained about how it is dealt with.
    pub complained_at: Option<Timestamp>,
    /// Whether it was filed by a link in a mail: who asks is shown before anything is erased or handed over.
    pub by_link: bool,
    /// SHA-256 of what was erased and what was kept, or of what was handed over.
    pub outcome_hash: Option<[u8; 32]>,
    /// The request's own count of steps; who writes over it names the one that was read.
    pub steps: i32,
}

/// Why a request does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request's state does not allow it")]
pub struct NotNow;

impl RightsRequest {
    /// A request as it is filed, which waits for its answer.
    pub fn filed(account_id: AccountId, scope: RightsScope, now: Timestamp, region: Option<Region>) -> Self {
        Self {
            account_id,
            id: RightsRequestId::generate(now),
            scope,
            state: RightsState::InReview,
            filed_at: now,
            deadline: deadline::of_request(now, region),
            extension: None,
            answered_at: None,
            refusal: None,
            lifts_at: None,
            limit_id: None,
            executes_at: None,
            completed_at: None,
            kept_until: None,
            complained_at: None,
            by_link: false,
            outcome_hash: None,
            steps: 1,
        }
    }

    /// Whether the retention of a closed account asked for it, and nobody else: it was due when it was filed.
    pub fn is_of_retention(&self) -> bool {
        self.executes_at.is_some_and(|at| at < self.filed_at)
    }

    /// When the account ended whose erasure this is.
    pub fn account_ended_at(&self) -> Timestamp {
        match self.executes_at {
            Some(at) if self.is_of_retention() => at,
            _ => self.answered_at.unwrap_or(self.filed_at),
        }
    }

    /// Whether its evidence is still needed: it is not settled, or may stand against an erasure (GDPR art. 18(1)).
    pub fn is_under_way(&self) -> bool {
        let is_settled = self.scope.kind == RightKind::Objection && self.state == RightsState::Granted;
        self.state.is_open() && !is_settled
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let is_waiting =
            matches!(self.state, RightsState::InReview | RightsState::Scheduled | RightsState::Executing);
        is_waiting && self.deadline.due_at <= now
    }

    /// Takes longer, once.
    ///
    /// # Errors
    ///
    /// [`NotNow`] unless it waits for its first answer in time, to a day that is later and no later than the law's.
    pub fn extended(
        self,
        (until, latest): (Timestamp, Timestamp),
        reason: ExtensionReason,
        now: Timestamp,
    ) -> Result<Self, NotNow> {
        let is_later = until > self.deadline.due_at && until <= latest;
        // The person has to be told before the first deadline has passed.
        if now >= self.deadline.due_at {
            return Err(NotNow);
        }
        if self.state != RightsState::InReview || self.extension.is_some() || !is_later {
            return Err(NotNow);
        }
        // New Zealand's law has no last day for it, the other has.
        let deadline = Deadline { due_at: until, law: DeadlineLaw::Gdpr };
        Ok(Self { deadline, extension: Some(reason), ..self })
    }

    /// # Errors
    ///
    /// [`NotNow`] once it was answered.
    pub fn granted(self, now: Timestamp) -> Result<Self, NotNow> {
        let is_held = matches!(self.scope.kind, RightKind::Restriction | RightKind::Objection);
        if self.state != RightsState::InReview || !is_held {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Granted, answered_at: Some(now), ..self })
    }

    /// What a rectification asks for was done.
    ///
    /// # Errors
    ///
    /// [`NotNow`] once it was answered.
    pub fn corrected(self, now: Timestamp) -> Result<Self, NotNow> {
        if self.scope.kind != RightKind::Rectification || self.state != RightsState::InReview {
            return Err(NotNow);
        }
        let (answered_at, completed_at) = (Some(now), Some(now));
        Ok(Self { state: RightsState::Completed, answered_at, completed_at, ..self })
    }

    /// Leaves a value as it stands.
    ///
    /// # Errors
    ///
    /// [`NotNow`] once it was answered.
    pub fn not_corrected(self, ground: RefusalGround, now: Timestamp) -> Result<Self, NotNow> {
        if self.scope.kind != RightKind::Rectification || self.state != RightsState::InReview {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Refused, answered_at: Some(now), refusal: Some(ground), ..self })
    }

    /// Whether a statement of correction may stand beside the value.
    pub fn takes_statement(&self) -> bool {
        self.scope.kind == RightKind::Rectification && self.state == RightsState::Refused
    }

    /// Whether it waits for an answer that what is handed in may decide.
    pub fn takes_evidence(&self) -> bool {
        self.state == RightsState::InReview
    }

    /// Takes whoever filed it by a link for the person: it is carried out at an instant from here on.
    ///
    /// # Errors
    ///
    /// [`NotNow`] unless it was filed so, waits for its answer, and is of those that are carried out.
    pub fn identified(self, executes_at: Timestamp) -> Result<Self, NotNow> {
        let is_one = self.by_link && self.scope.kind.is_carried_out();
        if self.state != RightsState::InReview || !is_one {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Scheduled, executes_at: Some(executes_at), ..self })
    }

    /// Ends what it asks for, after the person was told.
    ///
    /// # Errors
    ///
    /// [`NotNow`] unless what it asks for holds, and no end is set.
    pub fn refused(self, ground: RefusalGround, now: Timestamp) -> Result<Self, NotNow> {
        let is_held = matches!(self.state, RightsState::InReview | RightsState::Granted);
        let is_other = ground == RefusalGround::IdentityNotShown && !self.by_link;
        if !is_held || is_other || self.scope.kind == RightKind::Rectification {
            return Err(NotNow);
        }
        if self.limit_id.is_none() {
            // Nothing holds that would have to end.
            return Ok(Self {
                state: RightsState::Refused,
                answered_at: Some(now),
                refusal: Some(ground),
                ..self
            });
        }
        Ok(Self {
            state: RightsState::Lifting,
            answered_at: Some(now),
            refusal: Some(ground),
            lifts_at: Some(now.plus(TOLD_BEFORE_LIFTING)),
            ..self
        })
    }

    /// # Errors
    ///
    /// [`NotNow`] before the instant that the person was told.
    pub fn lifted(self, now: Timestamp) -> Result<Self, NotNow> {
        if self.state != RightsState::Lifting || self.lifts_at.is_none_or(|at| now < at) {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Lifted, ..self })
    }

    /// Takes it back at the person's wish.
    ///
    /// # Errors
    ///
    /// [`NotNow`] once it has ended.
    pub fn withdrawn(self) -> Result<Self, NotNow> {
        if !self.state.can_be_withdrawn() {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Withdrawn, ..self })
    }

    /// Ends with everything else: an erasure of everything is carried out.
    ///
    /// # Errors
    ///
    /// [`NotNow`] for such an erasure, and for what has ended.
    pub fn superseded(self) -> Result<Self, NotNow> {
        if !self.state.is_open() || self.scope.ends_account() {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Superseded, ..self })
    }

    /// Notes that the person is not content with how it is dealt with, once; it takes its course all the same.
    ///
    /// # Errors
    ///
    /// [`NotNow`] once they said so.
    pub fn complained(self, now: Timestamp) -> Result<Self, NotNow> {
        if self.complained_at.is_some() {
            return Err(NotNow);
        }
        Ok(Self { complained_at: Some(now), ..self })
    }

    /// Begins to be carried out: from here it runs to its end.
    ///
    /// # Errors
    ///
    /// [`NotNow`] before its instant, or once it was taken back.
    pub fn started(self, now: Timestamp) -> Result<Self, NotNow> {
        if self.state != RightsState::Scheduled || self.executes_at.is_none_or(|at| now < at) {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Executing, answered_at: Some(now), ..self })
    }

    /// # Errors
    ///
    /// [`NotNow`] unless it is being carried out.
    pub fn completed(
        self,
        outcome_hash: [u8; 32],
        (is_kept, kept_until): (bool, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Self, NotNow> {
        if self.state != RightsState::Executing {
            return Err(NotNow);
        }
        let state = if is_kept { RightsState::PartlyCompleted } else { RightsState::Completed };
        let (completed_at, outcome_hash) = (Some(now), Some(outcome_hash));
        Ok(Self { state, completed_at, kept_until, outcome_hash, ..self })
    }

    /// Nothing is kept any more.
    ///
    /// # Errors
    ///
    /// [`NotNow`] before the day.
    pub fn released(self, now: Timestamp) -> Result<Self, NotNow> {
        if self.state != RightsState::PartlyCompleted || self.kept_until.is_none_or(|until| now < until) {
            return Err(NotNow);
        }
        Ok(Self { state: RightsState::Completed, ..self })
    }
}

/// One row of the ledger of requests; rows are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightsEvent {
    pub account_id: AccountId,
    pub request_id: RightsRequestId,
    /// The request's own count of steps; the only order among them.
    pub number: i32,
    pub step: RightsStep,
    pub scope: RightsScope,
    /// By when it is answered, since this step.
    pub due_at: Timestamp,
    pub extension: Option<ExtensionReason>,
    pub refusal: Option<RefusalGround>,
    pub outcome_hash: Option<[u8; 32]>,
    pub staff_id: Option<StaffId>,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

impl Evidence for RightsEvent {
    fn act(&self) -> &'static Act {
        match (self.scope.kind, self.step) {
            (RightKind::Erasure, RightsStep::Filed) => &ERASURE_FILED,
            (RightKind::Erasure, RightsStep::Withdrawn) => &ERASURE_WITHDRAWN,
            (RightKind::Access | RightKind::Portability | RightKind::Rectification, step) => match step {
                RightsStep::Filed => &ACCESS_FILED,
                RightsStep::Withdrawn => &ACCESS_WITHDRAWN,
                RightsStep::Extended => &ACCESS_EXTENDED,
                RightsStep::Granted => &ACCESS_GRANTED,
                RightsStep::Refused => &ACCESS_REFUSED,
                RightsStep::Complained => &ACCESS_COMPLAINED,
                RightsStep::Superseded => &ACCESS_SUPERSEDED,
                RightsStep::Started => &ACCESS_STARTED,
                RightsStep::Completed => &ACCESS_COMPLETED,
                other => other.act(),
            },
            (_, step) => step.act(),
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("rights_request", self.request_id.to_string()),
            ("account", self.account_id.to_string()),
            ("number", self.number.to_string()),
            ("kind", self.scope.kind.as_str().to_owned()),
            ("due_at", self.due_at.to_string()),
            ("at", self.at.to_string()),
        ];
        facts.extend(self.scope.purpose.map(|purpose| ("purpose", purpose.as_str().to_owned())));
        facts.extend(self.scope.data_class.map(|class| ("data_class", class.as_str().to_owned())));
        facts.extend(self.scope.field.map(|field| ("field", field.as_str().to_owned())));
        facts.extend(self.extension.map(|reason| ("extension", reason.as_str().to_owned())));
        facts.extend(self.refusal.map(|ground| ("refusal", ground.as_str().to_owned())));
        facts.extend(self.outcome_hash.map(|hash| ("outcome_hash", hex(&hash))));
        facts.extend(self.staff_id.map(|staff| ("staff", staff.to_string())));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ban::{Ban, BanGround},
        ids::BanId,
        rights::{
            archive::WITHHELD,
            erasure::{ErasureFate, entries, entries_of_part},
        },
    };

    fn instant(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn every_refusal_and_everything_kept_names_its_clause_or_law() {
        let policy = crate::domain::policy::first_version().unwrap();
        let is_clause = |id: &str| policy.clauses.iter().any(|clause| clause.id == id);
        for ground in RefusalGround::ALL {
            let (clause, law) = ground.rests_on();
            assert!(is_clause(clause) && law.contains("art."), "{ground:?}: {clause}, {law}");
            assert!(RightKind::ALL.iter().any(|kind| ground.fits(*kind)), "{ground:?} fits nothing");
        }
        for kind in RightKind::ALL {
            assert!(is_clause(kind.clause()) && kind.law().contains("art."), "{kind:?}");
            let field = (*kind == RightKind::Rectification).then_some(RectifiedField::RealName);
            let scope = RightsScope { kind: *kind, purpose: None, data_class: None, field };
            assert!(scope.consequences().iter().all(|(_, clause)| is_clause(clause)), "{kind:?}");
        }
        let ended = instant("2026-03-01T00:00:00Z");
        let ban = |ground| Ban {
            id: BanId::generate(ended),
            account_id: None,
            ground,
            banned_at: ended,
            ends_at: ended.plus_years(1),
        };
        let bans = BanGround::ALL.iter().map(|ground| entries(false, Some(&ban(*ground)), ended));
        let all = [entries(true, None, ended), entries(false, None, ended)].into_iter().chain(bans);
        assert!(BanGround::ALL.iter().all(|ground| is_clause(ground.clause())));
        let parts = Category::ALL.iter().map(|part| entries_of_part(*part, true));
        for entry in all.chain(parts).flatten() {
            assert_eq!(entry.fate == ErasureFate::Kept, entry.law.is_some(), "{entry:?}");
        }
        assert!(WITHHELD.iter().all(|(_, law)| law.contains("Act") || law.contains("art.")));
    }

    #[test]
    fn an_erasure_takes_only_parts_that_the_service_can_do_without() {
        let erasure =
            |purpose, data_class| RightsScope { kind: RightKind::Erasure, purpose, data_class, field: None };
        let alone = |class: &&PersonalDataClass| erasure(None, Some(**class)).is_known();
        let alone: Vec<_> = PersonalDataClass::ALL.iter().filter(alone).collect();
        assert_eq!(
            alone,
            [&PersonalDataClass::Address, &PersonalDataClass::Documents, &PersonalDataClass::Messages]
        );
        assert!(erasure(None, None).is_known() && !erasure(Some(Purpose::Support), None).is_known());
        assert!(erasure(None, None).ends_account() && erasure(None, None).part().is_none());
        let part = erasure(None, Some(PersonalDataClass::Address));
        assert!(!part.ends_account());
        assert!(!part.consequences().iter().any(|(code, _)| *code == RightsConsequenceCode::ServiceEnds));
    }

    fn request(state: RightsState) -> RightsRequest {
        let filed_at = instant("2026-03-01T00:00:00Z");
        let scope = RightsScope { kind: RightKind::Objection, purpose: None, data_class: None, field: None };
        let owner = AccountId::generate(filed_at);
        let limit_id = Some(ProcessingLimitId::generate(filed_at));
        RightsRequest { state, limit_id, ..RightsRequest::filed(owner, scope, filed_at, None) }
    }

    #[test]
    fn what_has_ended_never_moves_again() {
        let now = instant("2026-03-02T00:00:00Z");
        for ended in [RightsState::Lifted, RightsState::Withdrawn] {
            assert_eq!(request(ended).withdrawn(), Err(NotNow));
            assert_eq!(request(ended).granted(now), Err(NotNow));
            assert_eq!(request(ended).refused(RefusalGround::LegalClaims, now), Err(NotNow));
            assert_eq!(request(ended).lifted(now), Err(NotNow));
        }
    }

    #[test]
    fn nothing_is_lifted_before_the_day_that_the_person_was_told() {
        let now = instant("2026-03-02T00:00:00Z");
        let lifting = request(RightsState::Granted).refused(RefusalGround::LegalClaims, now).unwrap();
        assert_eq!(
            lifting.clone().lifted(now.plus(TOLD_BEFORE_LIFTING).minus(TimeDelta::microseconds(1))),
            Err(NotNow)
        );
        assert_eq!(lifting.lifted(now.plus(TOLD_BEFORE_LIFTING)).unwrap().state, RightsState::Lifted);
    }

    #[test]
    fn what_was_filed_by_a_link_is_carried_out_once_it_is_known_who_asks() {
        let now = instant("2026-03-02T00:00:00Z");
        let filed = |kind, by_link| {
            let scope = RightsScope { kind, purpose: None, data_class: None, field: None };
            RightsRequest { scope, by_link, limit_id: None, ..request(RightsState::InReview) }
        };
        assert_eq!(filed(RightKind::Access, false).identified(now), Err(NotNow));
        assert_eq!(filed(RightKind::Restriction, true).identified(now), Err(NotNow));
        let scheduled = filed(RightKind::Access, true).identified(now).unwrap();
        assert_eq!((scheduled.state, scheduled.executes_at), (RightsState::Scheduled, Some(now)));
        assert_eq!(scheduled.identified(now), Err(NotNow));
        let ground = RefusalGround::IdentityNotShown;
        assert_eq!(filed(RightKind::Access, false).refused(ground, now), Err(NotNow));
        let refused = filed(RightKind::Access, true).refused(ground, now).unwrap();
        assert_eq!(refused.state, RightsState::Refused, "nothing holds that would have to end");
        assert!(!refused.takes_statement());
        assert_eq!(request(RightsState::InReview).refused(ground, now), Err(NotNow));
    }

    #[test]
    fn it_is_extended_once_and_no_further_than_the_law_allows() {
        let latest = instant("2026-06-01T12:00:00Z");
        let asked = request(RightsState::InReview);
        let due = asked.deadline.due_at;
        let extended = |until| {
            request(RightsState::InReview).extended(
                (until, latest),
                ExtensionReason::Complexity,
                asked.filed_at,
            )
        };
        let late = asked.clone().extended((latest, latest), ExtensionReason::Complexity, due);
        assert_eq!(late, Err(NotNow), "told too late");
        assert_eq!(extended(due), Err(NotNow));
        assert_eq!(extended(latest.plus(TimeDelta::microseconds(1))), Err(NotNow));
        let once = extended(latest).unwrap();
        assert_eq!(once.extended((latest, latest), ExtensionReason::Complexity, asked.filed_at), Err(NotNow));
    }

    #[test]
    fn what_stops_is_what_the_limit_stops() {
        let codes = |purpose, data_class| -> Vec<RightsConsequenceCode> {
            let scope = RightsScope { kind: RightKind::Restriction, purpose, data_class, field: None };
            scope.consequences().into_iter().map(|(code, _)| code).collect()
        };
        assert_eq!(codes(None, None), RightsConsequenceCode::ALL[..5]);
        assert_eq!(codes(Some(Purpose::Advertising), None), [RightsConsequenceCode::CountingStops]);
        assert_eq!(codes(Some(Purpose::GroupSharing), None), [RightsConsequenceCode::DisclosuresRefused]);
        assert_eq!(codes(Some(Purpose::Support), None), [RightsConsequenceCode::SupportWaits]);
        assert_eq!(codes(Some(Purpose::GroupSharing), Some(PersonalDataClass::Security)), []);
        assert!(
            !codes(None, Some(PersonalDataClass::Contact)).contains(&RightsConsequenceCode::CountingStops)
        );
    }
}
