//! Why the gate lets nothing through, and why the legal team did not approve.

use crate::domain::closed_list::closed_list;

closed_list! {
    /// Why nothing is released or given out.
    GateRefusal {
        /// It is not as far as that, or has ended.
        NotReady = "not_ready",
        /// Its time has passed.
        OutOfTime = "out_of_time",
        /// It was given out as often as it may be.
        PullsSpent = "pulls_spent",
        RecipientInactive = "recipient_inactive",
        /// The recipient is not what was reviewed any more.
        ScopeChanged = "scope_changed",
        /// The class of the recipient is never told one of the fields, or not on this kind of consent.
        FieldNotAllowed = "field_not_allowed",
        InstrumentMissing = "instrument_missing",
        /// The order is not one of this recipient, or is not in force.
        InstrumentLapsed = "instrument_lapsed",
        /// The order does not name one of the fields.
        OutsideInstrument = "outside_instrument",
        GroundMissing = "ground_missing",
        /// The legal team has not approved exactly this.
        ReviewMissing = "review_missing",
        /// So many persons take two reviewers.
        SecondReviewMissing = "second_review_missing",
        /// The person has not agreed.
        ConsentMissing = "consent_missing",
        /// The person took the agreement back, or never gave it when asked.
        ConsentWithdrawn = "consent_withdrawn",
        ConsentExpired = "consent_expired",
        /// The person has not accepted the policy in force.
        PolicyNotAccepted = "policy_not_accepted",
        /// The recipient is abroad, and the person does not agree to that.
        CrossBorderRefused = "cross_border_refused",
        /// The person's data are restricted.
        Restricted = "restricted",
        /// The person objected.
        Objected = "objected",
        /// The account is on its way out.
        SubjectLeaving = "subject_leaving",
        /// The account has ended.
        SubjectGone = "subject_gone",
    }
}

impl GateRefusal {
    /// The clause that keeps it shut.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::NotReady
            | Self::OutOfTime
            | Self::PullsSpent
            | Self::RecipientInactive
            | Self::ScopeChanged
            | Self::ReviewMissing
            | Self::SecondReviewMissing
            | Self::ConsentMissing
            | Self::ConsentWithdrawn
            | Self::ConsentExpired
            | Self::FieldNotAllowed => "4.8",
            Self::InstrumentMissing | Self::InstrumentLapsed | Self::OutsideInstrument => "4.5",
            Self::GroundMissing => "4.6",
            Self::PolicyNotAccepted => "0.4",
            Self::CrossBorderRefused => "5.6",
            Self::Restricted | Self::Objected => "7.3",
            Self::SubjectLeaving | Self::SubjectGone => "7.6",
        }
    }

    /// Whether it never opens again for the disclosure: what it rested on has ended.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::ConsentWithdrawn | Self::SubjectGone)
    }
}

closed_list! {
    /// Why the legal team did not approve.
    DenialReason {
        /// Less would do.
        NotNecessary = "not_necessary",
        /// The purpose does not carry it.
        OutsidePurpose = "outside_purpose",
        /// The order does not carry it.
        OrderDoesNotCarry = "order_does_not_carry",
        GroundInsufficient = "ground_insufficient",
        RecipientUnfit = "recipient_unfit",
    }
}
