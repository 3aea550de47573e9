//! How each clause of the policy is kept: by which rule, at which operations, or why no software can.

use crate::domain::operation::{OPERATIONS, Operation};

/// How a clause is kept.
#[derive(Debug)]
pub struct ClauseRule {
    pub clause: &'static str,
    /// The rule, in one sentence.
    pub rule: &'static str,
    /// The operations that enforce it; none where it holds everywhere, or where a reason stands.
    pub operations: &'static [&'static str],
    /// Whether it holds at every operation, below the API.
    pub everywhere: bool,
    /// Why software cannot enforce it, or cannot yet.
    pub reason: Option<&'static str>,
}

macro_rules! clauses {
    (@rule $clause:literal, at, $rule:literal, [$($operation:literal)+]) => {
        ClauseRule { clause: $clause, rule: $rule, operations: &[$($operation),+], everywhere: false, reason: None }
    };
    (@rule $clause:literal, everywhere, $rule:literal, [$($operation:literal)*]) => {
        ClauseRule { clause: $clause, rule: $rule, operations: &[$($operation),*], everywhere: true, reason: None }
    };
    (@rule $clause:literal, outside, $rule:literal, $reason:literal) => {
        ClauseRule { clause: $clause, rule: $rule, operations: &[], everywhere: false, reason: Some($reason) }
    };
    ($( $clause:literal $kind:ident $rule:literal $end:tt; )*) => {
        /// Every clause that a policy of this service may have.
        pub const CLAUSES: &[ClauseRule] = &[ $( clauses!(@rule $clause, $kind, $rule, $end), )* ];
    };
}

clauses! {
    "0.1" everywhere "Every stored personal value has a class, a purpose, a basis and a retention in the data dictionary; identifiers of devices and networks too." ["list_processing_records"];
    "0.2" everywhere "Every use names a purpose of the catalogue; without one there is no use." ["list_purposes" "list_processing_records"];
    "0.3" everywhere "Personal values are sealed under keys of their person, which rest apart from the data." [];
    "0.4" at "Whoever has not accepted the policy in force reaches only what reads own data, narrows processing or secures the account." ["accept_policy" "refuse_policy" "update_account" "confirm_account_data" "set_consent"];
    "1.1" at "A registration has an email address, a real name and a password that is long, not breached and not guessable." ["register_account" "change_password" "confirm_password_reset"];
    "1.2" at "A phone number is optional, proved by a code, and used for second factors alone." ["request_phone_change" "confirm_phone_change" "remove_phone"];
    "1.3" at "A verification is asked for with a reason, one at a time, and the person is told the clause and the day." ["request_kyc" "get_kyc"];
    "1.4" at "The age is at least 18 on the day of the decision, where the person lives; every approval holds it." ["decide_kyc_case"];
    "1.5" at "A verification has phone, email and residential address; none is handed in or approved without." ["set_kyc_details" "submit_kyc" "decide_kyc_case"];
    "1.6" at "A verification has two different kinds of valid state identity card, with pictures; every approval holds it." ["upload_kyc_document" "decide_kyc_case"];
    "1.7" at "A proof of address shows name and address and is not older than three months; every approval holds it." ["upload_kyc_document" "decide_kyc_case"];
    "1.8" at "A verification can be asked for at any time, also by what activity raises; the person never learns the private reason." ["request_kyc" "report_signals" "get_kyc"];
    "1.9" everywhere "Schemas are closed: no field takes a special category, unknown fields are refused, free text that speaks of one is, and pictures keep nothing but what they show." ["request_kyc" "add_kyc_note" "upload_kyc_document"];
    "2.1" at "A device cookie recognises the browser; the register of cookies names it." ["list_cookies" "create_session"];
    "2.2" at "Measuring and troubleshooting by cookie data need the consent of the device or the account." ["set_device_consents" "set_consent"];
    "2.3" at "Sessions, second factors and new devices are watched over, and the person is told." ["list_sessions" "end_session" "approve_factor_reset"];
    "2.4" everywhere "Attempts are throttled by network, device and name, and abusers are blocked for a while." [];
    "2.5" at "Withdrawing what the service cannot do without shows what ends, and ends it." ["set_consent"];
    "2.6" at "Devices are asked per purpose, also before sign-in; Global Privacy Control refuses analytics and advertising." ["get_device_consents" "set_device_consents" "list_cookies"];
    "3.1" at "Data serve the service and information about it." ["get_account" "list_purposes"];
    "3.2" at "Data serve to verify identity and prevent fraud: what is asked for, handed in and looked at has a reason and a record." ["request_kyc" "decide_kyc_case" "report_signals" "open_kyc_details"];
    "3.3" at "Notices of changes reach everybody; innovations only who consented." ["list_notices" "acknowledge_notice" "set_consent"];
    "3.4" at "Content is a purpose of the catalogue, on its own basis." ["list_purposes"];
    "3.5" at "Administration is a purpose of the catalogue, on its own basis." ["list_purposes"];
    "3.6" everywhere "Security is a purpose of the catalogue; its data are kept shortly." ["list_purposes"];
    "3.7" at "Support cases have timers, and support answers without seeing sealed values." ["open_support_case" "answer_support_case"];
    "3.8" at "Once a year the person is asked to confirm the data; what is contested is marked where staff reads it and where it is disclosed." ["confirm_account_data" "file_rights_request" "read_personal_data" "pull_disclosure"];
    "3.9" at "Changes keep what was, a new address or number answers first, and a new name after a verification asks for another." ["update_account" "list_account_changes" "confirm_email_change" "confirm_phone_change"];
    "4.1" at "Sharing inside the group needs the purpose `group_sharing` to stand." ["accept_policy" "set_consent" "release_disclosure" "pull_disclosure"];
    "4.2" at "Analytics and search providers get counts of an hour, of 20 people or more, and no operation gives them data about a person." ["list_ad_click_reports" "report_ad_events" "set_consent" "set_device_consents"];
    "4.3" at "Advertisers get counts of an hour, of 20 people or more who agreed to be counted, and no operation gives them data about a person." ["list_ad_click_reports" "report_ad_events" "set_consent" "set_device_consents"];
    "4.4" at "A transfer to a buyer is announced to everybody, open to objections, approved by two of the legal team, and needs the purpose `business_transfer` of each person to stand." ["accept_policy" "set_consent" "list_transfers" "object_to_transfer" "announce_transfer" "approve_transfer" "pull_disclosure"];
    "4.5" at "A compelled disclosure takes an order in force that names every field, and the purpose `compelled_disclosure` to stand; a gag has an end, and then the person is told." ["register_instrument" "draft_disclosure" "release_disclosure" "pull_disclosure" "silence_disclosure" "set_consent"];
    "4.6" at "A disclosure that protects rights needs the purpose `rights_protection` to stand." ["accept_policy" "set_consent" "release_disclosure" "pull_disclosure"];
    "4.7" at "A disclosure against fraud needs the purpose `rights_protection` to stand." ["accept_policy" "set_consent" "release_disclosure" "pull_disclosure"];
    "4.8" at "At the release and at every pull, in the transaction that records it, the legal team's review of exactly this and the person's standing consent are looked at, or nothing goes." ["draft_disclosure" "review_disclosure" "answer_consent_request" "withdraw_consent_answer" "release_disclosure" "pull_disclosure" "list_disclosures" "set_consent" "list_consent_events" "get_consent_receipt"];
    "5.1" everywhere "Values are encrypted, masked for staff, and reads are budgeted." [];
    "5.2" at "Only the role `data_processor` opens personal values, for a case, budgeted, and seen by the person." ["read_personal_data" "list_access_log"];
    "5.3" everywhere "Keys rotate while the service runs, and a sign-in renews an outdated password hash." [];
    "5.4" at "A register names every place where data rest." ["list_storage_places"];
    "5.5" at "The register says how standards there compare, and who may reach the data; an authority's access is on record in the person's log." ["list_storage_places" "record_authority_access" "list_disclosures"];
    "5.6" at "A new country is a new definition of `cross_border_transfer`, asked anew." ["publish_policy_version" "accept_policy" "set_consent"];
    "6.1" at "Every purpose names its lawful basis." ["list_purposes" "list_processing_records"];
    "6.2" at "What the law wants kept of a verification is sealed apart when it is approved." ["decide_kyc_case"];
    "6.3" at "Protection from a threat is a basis of the catalogue, and can be objected to." ["list_purposes"];
    "7.1" at "Everything is erased, but for what a law keeps, which is named with its day; keys are destroyed first, so that no backup opens it." ["preview_rights_request" "file_rights_request" "read_rights_request_result"];
    "7.2" at "Data are changed by their person, with history, and handed over whole to whoever wants to see them." ["update_account" "list_account_changes" "file_rights_request" "get_rights_request_result" "decide_correction" "attach_statement_of_correction"];
    "7.3" at "Processing is restricted or objected to per purpose or class of data, at once and until it is taken back, or refused on a named ground; each purpose that rests on consent can be narrowed at any time." ["file_rights_request" "withdraw_rights_request" "complain_about_rights_request" "answer_rights_request" "extend_rights_request" "read_personal_data" "set_consent"];
    "7.4" at "What is delicate asks for a fresh proof; staff asks for more, three times at most." ["step_up_session" "ask_for_proof" "upload_rights_evidence" "file_rights_request_by_link"];
    "7.5" everywhere "What the operation table does not allow is refused." [];
    "7.6" at "Consequences are shown before a right is used or a withdrawal takes effect; a request is filed with the signed preview of them." ["preview_rights_request" "file_rights_request" "set_consent" "close_account"];
    "8.1" outside "People are responsible for what they publish elsewhere." "What is published elsewhere is out of the service's reach.";
    "8.2" outside "Other sites have policies of their own." "Other sites are out of the service's reach.";
    "9.1" at "All versions are public, with what changed." ["list_policy_versions" "get_policy_version" "get_policy_changes"];
    "9.2" at "Every publication is told to everybody, with delivery state." ["list_notices" "acknowledge_notice"];
    "9.3" at "A version takes effect in the transaction that publishes it; the next call needs acceptance." ["publish_policy_version" "accept_policy" "list_policy_acceptances"];
}

/// The build fails on a clause that has neither a rule at work nor a reason.
const _: () = {
    let mut n = 0;
    while n < CLAUSES.len() {
        #[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and bounds it")]
        let clause = &CLAUSES[n];
        assert!(
            clause.everywhere || !clause.operations.is_empty() || clause.reason.is_some(),
            "a clause has neither an operation nor a reason"
        );
        n += 1;
    }
};

/// How the clause is kept.
pub fn find(clause: &str) -> Option<&'static ClauseRule> {
    CLAUSES.iter().find(|rule| rule.clause == clause)
}

impl ClauseRule {
    /// The operations that enforce it, as the table has them.
    pub fn enforced_by(&self) -> impl Iterator<Item = &'static Operation> {
        OPERATIONS.iter().filter(|operation| self.operations.contains(&operation.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::first_version;

    #[test]
    fn the_rules_are_those_of_the_clauses_and_name_operations_that_there_are() {
        let clauses: Vec<String> = first_version().unwrap().clauses.into_iter().map(|c| c.id).collect();
        assert_eq!(CLAUSES.iter().map(|rule| rule.clause).collect::<Vec<_>>(), clauses);
        for rule in CLAUSES {
            assert_eq!(rule.enforced_by().count(), rule.operations.len(), "{rule:?}");
        }
    }
}
