//! The rules of clauses 1.4 to 1.7, held against everything that a verification has, and named where they
//! do not hold. A decision that approves holds them again.

use chrono::NaiveDate;

use super::{
    DocumentKind, IssuerClass, KycItem, RejectionReason,
    days::{self, LocalDay},
    matching::{is_same_address, is_same_name},
    mrz::{self, MrzFault, Told},
};
use crate::domain::closed_list::closed_list;

closed_list! {
    /// A rule.
    KycRule {
        /// The email address is verified.
        EmailVerified = "email_verified",
        /// The phone number is verified.
        PhoneVerified = "phone_verified",
        /// Name, day of birth and residential address are there.
        DetailsGiven = "details_given",
        /// The person is of age on the day of the decision, where the person lives.
        OfAge = "of_age",
        /// There are two identity documents of different kinds.
        TwoKinds = "two_kinds",
        /// A state issued them.
        StateIssued = "state_issued",
        /// Every side of each is there.
        EverySide = "every_side",
        /// They are valid on the day of the decision.
        Unexpired = "unexpired",
        /// They bear the person's name.
        DocumentName = "document_name",
        /// Their machine-readable zones hold, where there are any.
        MachineReadableZone = "machine_readable_zone",
        /// There is a proof of address.
        AddressProof = "address_proof",
        /// It comes from an issuer of the classes that the policy names.
        ProofIssuer = "proof_issuer",
        /// It was issued within the three calendar months before it was handed in.
        ProofRecent = "proof_recent",
        /// It bears the person's name.
        ProofName = "proof_name",
        /// It bears the person's address.
        ProofAddress = "proof_address",
    }
}

impl KycRule {
    /// The clause that the rule keeps.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::OfAge => "1.4",
            Self::EmailVerified | Self::PhoneVerified | Self::DetailsGiven => "1.5",
            Self::TwoKinds
            | Self::StateIssued
            | Self::EverySide
            | Self::Unexpired
            | Self::DocumentName
            | Self::MachineReadableZone => "1.6",
            Self::AddressProof
            | Self::ProofIssuer
            | Self::ProofRecent
            | Self::ProofName
            | Self::ProofAddress => "1.7",
        }
    }

    /// Whether a reviewer may find it kept where the machine does not: names and addresses are written in
    /// more ways than a machine knows.
    pub const fn may_be_overridden(self) -> bool {
        matches!(self, Self::DocumentName | Self::ProofName | Self::ProofAddress)
    }

    /// What the person is told of an item that breaks it.
    pub const fn reason(self) -> RejectionReason {
        match self {
            Self::OfAge => RejectionReason::UnderAge,
            Self::EverySide => RejectionReason::SideMissing,
            Self::Unexpired => RejectionReason::Expired,
            Self::ProofRecent => RejectionReason::TooOld,
            Self::DocumentName | Self::ProofName => RejectionReason::NameDiffers,
            Self::ProofAddress => RejectionReason::AddressDiffers,
            Self::MachineReadableZone => RejectionReason::DetailsDiffer,
            Self::TwoKinds | Self::StateIssued | Self::ProofIssuer => RejectionReason::WrongDocument,
            Self::EmailVerified | Self::PhoneVerified | Self::DetailsGiven | Self::AddressProof => {
                RejectionReason::NotVerifiable
            }
        }
    }
}

/// A residential address.
#[derive(Clone, Copy, Debug)]
pub struct Residence<'a> {
    pub line: &'a str,
    pub postal_code: &'a str,
    pub city: &'a str,
}

/// The personal details, as told.
#[derive(Clone, Copy, Debug)]
pub struct Details<'a> {
    pub name: &'a str,
    pub birth_date: NaiveDate,
    pub residence: Residence<'a>,
}

/// A document, as told and as seen.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// What it stands for.
    pub item: KycItem,
    pub kind: DocumentKind,
    pub issuer: IssuerClass,
    pub number: Option<&'a str>,
    pub issued_on: Option<NaiveDate>,
    pub expires_on: Option<NaiveDate>,
    /// The name that it bears.
    pub name: &'a str,
    /// The address that it bears.
    pub address: Option<&'a str>,
    /// The lines of its machine-readable zone, if the person gave them.
    pub zone: Option<Vec<&'a str>>,
    pub has_front: bool,
    pub has_back: bool,
    /// The day on which it was first submitted, where the person lives.
    pub handed_in_on: LocalDay,
}

/// Everything that a verification has.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    pub email_verified: bool,
    pub phone_verified: bool,
    pub details: Option<Details<'a>>,
    pub documents: Vec<Document<'a>>,
    /// The day of the decision, where the person lives.
    pub today: LocalDay,
}

/// A rule that does not hold, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    pub rule: KycRule,
    pub item: KycItem,
}

/// Every rule that does not hold, in the order of the rules.
pub fn failures(evidence: &Evidence<'_>) -> Vec<Failure> {
    let mut found = Vec::new();
    let mut fail = |rule, item| found.push(Failure { rule, item });
    if !evidence.email_verified {
        fail(KycRule::EmailVerified, KycItem::VerifiedEmail);
    }
    if !evidence.phone_verified {
        fail(KycRule::PhoneVerified, KycItem::VerifiedPhone);
    }
    match &evidence.details {
        None => fail(KycRule::DetailsGiven, KycItem::PersonalDetails),
        Some(details) if !days::is_of_age(details.birth_date, evidence.today.earliest) => {
            fail(KycRule::OfAge, KycItem::PersonalDetails);
        }
        Some(_) => {}
    }
    let identity: Vec<&Document<'_>> = evidence.documents.iter().filter(|d| d.kind.is_identity()).collect();
    let two_kinds = identity.iter().any(|one| identity.iter().any(|other| one.kind != other.kind));
    if !two_kinds {
        let has_first = identity.iter().any(|document| document.item == KycItem::FirstIdentityDocument);
        let item = if has_first { KycItem::SecondIdentityDocument } else { KycItem::FirstIdentityDocument };
        fail(KycRule::TwoKinds, item);
    }
    for document in identity {
        let item = document.item;
        found.extend(of_identity(document, evidence).into_iter().map(|rule| Failure { rule, item }));
    }
    match evidence.documents.iter().find(|document| document.kind == DocumentKind::AddressProof) {
        None => found.push(Failure { rule: KycRule::AddressProof, item: KycItem::AddressProof }),
        Some(proof) => {
            let rules = of_proof(proof, evidence).into_iter();
            found.extend(rules.map(|rule| Failure { rule, item: KycItem::AddressProof }));
        }
    }
    found.sort_unstable();
    found
}

fn of_identity(document: &Document<'_>, evidence: &Evidence<'_>) -> Vec<KycRule> {
    let mut broken = Vec::new();
    if !document.issuer.may_issue(document.kind) {
        broken.push(KycRule::StateIssued);
    }
    if !document.has_front || (document.kind.has_back() && !document.has_back) {
        broken.push(KycRule::EverySide);
    }
    if !document.expires_on.is_some_and(|last| days::is_unexpired(last, evidence.today.latest)) {
        broken.push(KycRule::Unexpired);
    }
    let Some(details) = evidence.details else { return broken };
    if !is_same_name(details.name, document.name) {
        broken.push(KycRule::DocumentName);
    }
    if zone(document, &details).is_err() {
        broken.push(KycRule::MachineReadableZone);
    }
    broken
}

fn zone(document: &Document<'_>, details: &Details<'_>) -> Result<(), MrzFault> {
    let Some(lines) = &document.zone else { return Ok(()) };
    let (number, expires_on) = document.number.zip(document.expires_on).ok_or(MrzFault::SaysOtherwise)?;
    mrz::check(lines, Told { number, name: details.name, birth_date: details.birth_date, expires_on })
}

fn of_proof(proof: &Document<'_>, evidence: &Evidence<'_>) -> Vec<KycRule> {
    let mut broken = Vec::new();
    if !proof.issuer.may_issue(proof.kind) {
        broken.push(KycRule::ProofIssuer);
    }
    if !proof.has_front {
        broken.push(KycRule::EverySide);
    }
    if !proof.issued_on.is_some_and(|issued| days::is_recent(issued, proof.handed_in_on)) {
        broken.push(KycRule::ProofRecent);
    }
    let Some(details) = evidence.details else { return broken };
    if !is_same_name(details.name, proof.name) {
        broken.push(KycRule::ProofName);
    }
    let told = [details.residence.line, details.residence.postal_code, details.residence.city];
    if !proof.address.is_some_and(|printed| is_same_address(&told, printed)) {
        broken.push(KycRule::ProofAddress);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn card(kind: DocumentKind) -> Document<'static> {
        Document {
            item: KycItem::FirstIdentityDocument,
            kind,
            issuer: IssuerClass::State,
            number: Some("L898902C3"),
            issued_on: Some(day("2020-01-01")),
            expires_on: Some(day("2026-11-27")),
            name: "ERIKSSON ANNA MARIA",
            address: None,
            zone: None,
            has_front: true,
            has_back: kind.has_back(),
            handed_in_on: LocalDay::exactly(day("2026-11-27")),
        }
    }

    fn proof() -> Document<'static> {
        Document {
            item: KycItem::AddressProof,
            kind: DocumentKind::AddressProof,
            issuer: IssuerClass::Utility,
            number: None,
            issued_on: Some(day("2026-08-27")),
            expires_on: None,
            name: "Ms Anna Eriksson",
            address: Some("12 Queen St, Auckland 1010"),
            zone: None,
            has_front: true,
            has_back: false,
            handed_in_on: LocalDay::exactly(day("2026-11-27")),
        }
    }

    fn whole() -> Evidence<'static> {
        Evidence {
            email_verified: true,
            phone_verified: true,
            details: Some(Details {
                name: "Anna Eriksson",
                birth_date: day("2008-11-27"),
                residence: Residence { line: "12 Queen Street", postal_code: "1010", city: "Auckland" },
            }),
            documents: vec![
                card(DocumentKind::Passport),
                Document { item: KycItem::SecondIdentityDocument, ..card(DocumentKind::DriversLicence) },
                proof(),
            ],
            today: LocalDay::exactly(day("2026-11-27")),
        }
    }

    fn broken(change: impl FnOnce(&mut Evidence<'static>)) -> Vec<(KycRule, KycItem)> {
        let mut evidence = whole();
        change(&mut evidence);
        failures(&evidence).into_iter().map(|failure| (failure.rule, failure.item)).collect()
    }

    #[test]
    fn each_rule_is_named_alone_where_it_does_not_hold() {
        use KycItem::{
            AddressProof as Proof, FirstIdentityDocument as First, PersonalDetails,
            SecondIdentityDocument as Second, VerifiedEmail, VerifiedPhone,
        };
        use KycRule::*;
        assert_eq!(broken(|_| {}), []);
        assert_eq!(broken(|e| e.email_verified = false), [(EmailVerified, VerifiedEmail)]);
        assert_eq!(broken(|e| e.phone_verified = false), [(PhoneVerified, VerifiedPhone)]);
        assert_eq!(broken(|e| e.details = None), [(DetailsGiven, PersonalDetails)]);
        let minor = |e: &mut Evidence<'static>| {
            e.details = e.details.map(|details| Details { birth_date: day("2008-11-28"), ..details });
        };
        assert_eq!(broken(minor), [(OfAge, PersonalDetails)]);
        assert_eq!(broken(|e| e.documents[1].kind = DocumentKind::Passport), [(TwoKinds, Second)]);
        assert_eq!(broken(|e| drop(e.documents.remove(0))), [(TwoKinds, First)]);
        assert_eq!(broken(|e| drop(e.documents.remove(1))), [(TwoKinds, Second)]);
        assert_eq!(broken(|e| drop(e.documents.drain(..2))), [(TwoKinds, First)]);
        assert_eq!(broken(|e| e.documents[0].issuer = IssuerClass::Utility), [(StateIssued, First)]);
        assert_eq!(broken(|e| e.documents[1].has_back = false), [(EverySide, Second)]);
        assert_eq!(broken(|e| e.documents[0].has_front = false), [(EverySide, First)]);
        assert_eq!(broken(|e| e.documents[2].has_front = false), [(EverySide, Proof)]);
        assert_eq!(broken(|e| e.documents[0].expires_on = Some(day("2026-11-26"))), [(Unexpired, First)]);
        assert_eq!(broken(|e| e.documents[0].expires_on = None), [(Unexpired, First)]);
        assert_eq!(broken(|e| e.documents[1].name = "Ada Lovelace"), [(DocumentName, Second)]);
        assert_eq!(broken(|e| drop(e.documents.remove(2))), [(AddressProof, Proof)]);
        assert_eq!(broken(|e| e.documents[2].issuer = IssuerClass::State), [(ProofIssuer, Proof)]);
        assert_eq!(broken(|e| e.documents[2].issued_on = Some(day("2026-08-26"))), [(ProofRecent, Proof)]);
        assert_eq!(broken(|e| e.documents[2].issued_on = None), [(ProofRecent, Proof)]);
        assert_eq!(broken(|e| e.documents[2].name = "A. Lovelace"), [(ProofName, Proof)]);
        assert_eq!(broken(|e| e.documents[2].address = None), [(ProofAddress, Proof)]);
        let zone = |e: &mut Evidence<'static>| e.documents[0].zone = Some(vec!["P<UTO", "0"]);
        assert_eq!(broken(zone), [(MachineReadableZone, First)]);
    }

    #[test]
    fn expiry_counts_on_the_day_of_the_decision_and_age_of_a_proof_on_the_day_it_came() {
        use KycItem::{FirstIdentityDocument as First, SecondIdentityDocument as Second};
        let later = broken(|e| e.today = LocalDay::exactly(day("2026-11-28")));
        assert_eq!(later, [(KycRule::Unexpired, First), (KycRule::Unexpired, Second)]);
        let came_later = broken(|e| e.documents[2].handed_in_on = LocalDay::exactly(day("2026-11-28")));
        assert_eq!(came_later, [(KycRule::ProofRecent, KycItem::AddressProof)]);
    }

    #[test]
    fn every_rule_has_its_clause() {
        for rule in KycRule::ALL {
            assert!(["1.4", "1.5", "1.6", "1.7"].contains(&rule.clause()), "{rule:?}");
        }
    }
}
