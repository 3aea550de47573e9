//! Verification of identity (clauses 1.3 to 1.9): what is asked, in which state it is, by which rules it is
//! decided.

pub mod case;
pub mod days;
pub mod decision;
pub mod document;
pub mod file;
pub mod flag;
pub mod matching;
pub mod mrz;
pub mod rules;
pub mod signal;
pub mod special_categories;

use super::closed_list::closed_list;

closed_list! {
    /// How far a verification has come.
    KycState {
        /// Nobody asks for it.
        NotRequired = "not_required",
        /// It was asked for, and nothing is there yet.
        Requested = "requested",
        /// Some of what is asked is there.
        InProgress = "in_progress",
        /// The person says that it is all there.
        Submitted = "submitted",
        /// Somebody looks at it.
        InReview = "in_review",
        Approved = "approved",
        Rejected = "rejected",
        /// Single items are asked for again.
        Resubmission = "resubmission",
        /// What was asked for did not come in time.
        Expired = "expired",
    }
}

impl KycState {
    /// Whether the person may still change what was handed in.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::InProgress | Self::Resubmission | Self::Expired)
    }

    /// Whether somebody may decide on it.
    pub const fn is_decidable(self) -> bool {
        matches!(self, Self::Submitted | Self::InReview)
    }
}

closed_list! {
    /// One thing that a verification asks for.
    KycItem {
        VerifiedEmail = "verified_email",
        VerifiedPhone = "verified_phone",
        PersonalDetails = "personal_details",
        /// The first of two different kinds of identity document.
        FirstIdentityDocument = "first_identity_document",
        SecondIdentityDocument = "second_identity_document",
        AddressProof = "address_proof",
    }
}

impl KycItem {
    /// The clause that asks for it.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::VerifiedEmail | Self::VerifiedPhone | Self::PersonalDetails => "1.5",
            Self::FirstIdentityDocument | Self::SecondIdentityDocument => "1.6",
            Self::AddressProof => "1.7",
        }
    }
}

closed_list! {
    /// How an item stands.
    KycItemState {
        Missing = "missing",
        Provided = "provided",
        Accepted = "accepted",
        Rejected = "rejected",
    }
}

closed_list! {
    /// A kind of document.
    DocumentKind {
        Passport = "passport",
        NationalId = "national_id",
        DriversLicence = "drivers_licence",
        ResidenceCard = "residence_card",
        WorkPermitCard = "work_permit_card",
        AddressProof = "address_proof",
    }
}

impl DocumentKind {
    /// Whether it shows who somebody is (clause 1.6).
    pub const fn is_identity(self) -> bool {
        !matches!(self, Self::AddressProof)
    }

    /// Whether it has a back that has to be seen.
    pub const fn has_back(self) -> bool {
        !matches!(self, Self::Passport | Self::AddressProof)
    }
}

closed_list! {
    /// A class of issuers of documents.
    IssuerClass {
        /// An authority of a state, for cards and passports.
        State = "state",
        /// A supplier of electricity, gas, water, telephone or internet.
        Utility = "utility",
        /// A company that renders another service to the address.
        ServiceCompany = "service_company",
        /// A corporation with a licence: a bank, an insurer.
        LicensedCorporation = "licensed_corporation",
        /// An agency of government, for letters and notices.
        GovernmentAgency = "government_agency",
    }
}

impl IssuerClass {
    /// Whether the policy takes a document of this kind from such an issuer (clauses 1.6 and 1.7).
    pub const fn may_issue(self, kind: DocumentKind) -> bool {
        matches!(self, Self::State) == kind.is_identity()
    }
}

closed_list! {
    /// Why an item was not accepted, as the person is told.
    RejectionReason {
        Unreadable = "unreadable",
        WrongDocument = "wrong_document",
        SideMissing = "side_missing",
        Expired = "expired",
        TooOld = "too_old",
        NameDiffers = "name_differs",
        AddressDiffers = "address_differs",
        DetailsDiffer = "details_differ",
        UnderAge = "under_age",
        NotVerifiable = "not_verifiable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_and_kinds_are_as_the_policy_has_them() {
        use DocumentKind::*;
        use IssuerClass::*;
        for kind in [Passport, NationalId, DriversLicence, ResidenceCard, WorkPermitCard] {
            assert!(kind.is_identity());
            assert_eq!(kind.has_back(), kind != Passport);
            assert!(State.may_issue(kind));
            for other in [Utility, ServiceCompany, LicensedCorporation, GovernmentAgency] {
                assert!(!other.may_issue(kind), "{other:?} {kind:?}");
            }
        }
        for issuer in [Utility, ServiceCompany, LicensedCorporation, GovernmentAgency] {
            assert!(issuer.may_issue(AddressProof));
        }
        assert!(!State.may_issue(AddressProof));
    }
}
