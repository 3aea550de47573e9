//! Bodies of support cases and of the access log.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, exposed_option, member};
use crate::{
    domain::{
        ids::{AccountId, DocumentId, KycCaseId, RightsRequestId, StaffReadId, SupportCaseId},
        personal::PersonalText,
        staff::{ReadCase, ReadField, ReadPurpose, StaffRead, StaffRole},
        support::{CaseCategory, CaseMessage, CaseState, SupportCase, SupportText},
        time::Timestamp,
    },
    services::{
        staff::AccessLogPage,
        support::{CasePage, CaseWithMessages},
    },
};

/// What the person asks.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenSupportCase {
    /// What it is about.
    pub category: CaseCategory,
    /// The first message.
    pub message: SupportText,
}

/// A message to a case.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SendSupportMessage {
    /// What is written.
    pub message: SupportText,
}

/// A case about a person that the person did not open.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenStaffSupportCase {
    /// The person.
    pub account_id: AccountId,
    /// What it is about.
    pub category: CaseCategory,
}

/// Who wrote a message.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageAuthor {
    Person,
    Support,
}

/// A message of a case.
#[derive(Serialize, ToSchema)]
#[schema(as = SupportMessage)]
pub struct SupportMessageView {
    /// Its number in the case, from 1.
    #[schema(minimum = 1, maximum = 200, example = 1)]
    pub number: i64,
    /// Who wrote it.
    pub author: MessageAuthor,
    /// What was written; `null` once the person's messages were erased.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 4000, example = "Why was my withdrawal put off?")]
    pub message: Option<PersonalText>,
    /// When it was sent.
    pub sent_at: Timestamp,
}

impl From<&CaseMessage> for SupportMessageView {
    fn from(message: &CaseMessage) -> Self {
        Self {
            number: message.number,
            author: if message.staff_id.is_some() { MessageAuthor::Support } else { MessageAuthor::Person },
            message: message.body.clone(),
            sent_at: message.sent_at,
        }
    }
}

macro_rules! case_views {
    ($(#[doc = $doc:literal])+ $view:ident as $name:ident, $whole:ident as $whole_name:ident, $page:ident as $page_name:ident, $($account:ident)?) => {
        $(#[doc = $doc])+
        #[derive(Serialize, ToSchema)]
        #[schema(as = $name)]
        pub struct $view {
            /// Identifies the case.
            pub support_case_id: SupportCaseId,
            $(
                /// The person.
                pub $account: AccountId,
            )?
            /// What it is about.
            pub category: CaseCategory,
            /// Whose turn it is.
            pub state: CaseState,
            /// Whether staff opened it.
            pub opened_by_staff: bool,
            /// When it was opened.
            pub opened_at: Timestamp,
            /// By when the support answers, while it is its turn.
            #[schema(required)]
            pub answer_due_at: Option<Timestamp>,
            /// When anything last happened.
            pub updated_at: Timestamp,
            /// When it was closed.
            #[schema(required)]
            pub closed_at: Option<Timestamp>,
        }

        impl From<&SupportCase> for $view {
            fn from(case: &SupportCase) -> Self {
                Self {
                    support_case_id: case.id,
                    $( $account: case.$account, )?
                    category: case.category,
                    state: case.state,
                    opened_by_staff: case.opened_by_staff.is_some(),
                    opened_at: case.opened_at,
                    answer_due_at: (case.state == CaseState::Open).then_some(case.due_at),
                    updated_at: case.updated_at,
                    closed_at: case.closed_at,
                }
            }
        }

        /// A case with what was written.
        #[derive(Serialize, ToSchema)]
        #[schema(as = $whole_name)]
        pub struct $whole {
            /// The case.
            pub support_case: $view,
            /// The messages, oldest first.
            #[schema(max_items = 200)]
            pub messages: Vec<SupportMessageView>,
        }

        impl From<&CaseWithMessages> for $whole {
            fn from(whole: &CaseWithMessages) -> Self {
                Self {
                    support_case: $view::from(&whole.case),
                    messages: whole.messages.iter().map(SupportMessageView::from).collect(),
                }
            }
        }

        /// A page of cases.
        #[derive(Serialize, ToSchema)]
        #[schema(as = $page_name)]
        pub struct $page {
            /// The cases.
            #[schema(max_items = 100)]
            pub data: Vec<$view>,
            /// Where the next page begins; `null` on the last one.
            #[schema(required, max_length = 128)]
            pub next_cursor: Option<String>,
        }

        impl $page {
            pub fn new(page: CasePage) -> Self {
                Self { data: page.cases.iter().map($view::from).collect(), next_cursor: page.next_cursor }
            }
        }

        impl Example for $whole {
            fn example() -> Value {
                json!({ "support_case": $view::example(), "messages": [SupportMessageView::example()] })
            }
        }

        impl Example for $page {
            fn example() -> Value {
                json!({ "data": [$view::example()], "next_cursor": null })
            }
        }
    };
}

case_views! {
    /// A support case, as its person sees it.
    SupportCaseView as SupportCase,
    SupportCaseWithMessagesView as SupportCaseWithMessages,
    SupportCasePageView as SupportCasePage,
}

case_views! {
    /// A support case, as staff sees it.
    StaffSupportCaseView as StaffSupportCase,
    StaffSupportCaseWithMessagesView as StaffSupportCaseWithMessages,
    StaffSupportCasePageView as StaffSupportCasePage,
    account_id
}

/// An opening of the person's data by staff.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessLogEntry)]
pub struct AccessLogEntryView {
    /// Identifies the opening.
    pub staff_read_id: StaffReadId,
    /// The role of whoever opened it.
    pub role: StaffRole,
    /// The fields that were opened.
    #[schema(max_items = 6)]
    pub fields: Vec<ReadField>,
    /// What for.
    pub purpose: ReadPurpose,
    /// The support case that it was opened for; `null` if it was for something else.
    #[schema(required)]
    pub support_case_id: Option<SupportCaseId>,
    /// The verification that it was opened for; `null` if it was for something else.
    #[schema(required)]
    pub kyc_case_id: Option<KycCaseId>,
    /// The rights request that it was opened for; `null` if it was for something else.
    #[schema(required)]
    pub rights_request_id: Option<RightsRequestId>,
    /// The document whose picture was looked at; `null` if none was.
    #[schema(required)]
    pub document_id: Option<DocumentId>,
    /// When.
    pub read_at: Timestamp,
}

impl From<&StaffRead> for AccessLogEntryView {
    fn from(read: &StaffRead) -> Self {
        let (support_case_id, kyc_case_id, rights_request_id, document_id) = match read.case {
            ReadCase::Support(case) => (Some(case), None, None, None),
            ReadCase::Kyc(case, document) => (None, Some(case), None, document),
            ReadCase::Rights(request, document) => (None, None, Some(request), document),
        };
        Self {
            staff_read_id: read.id,
            // The only role that opens anything.
            role: StaffRole::DataProcessor,
            fields: read.fields.clone(),
            purpose: read.purpose,
            support_case_id,
            kyc_case_id,
            rights_request_id,
            document_id,
            read_at: read.read_at,
        }
    }
}

/// A page of the access log.
#[derive(Serialize, ToSchema)]
#[schema(as = AccessLogPage)]
pub struct AccessLogPageView {
    /// The openings, newest first.
    #[schema(max_items = 100)]
    pub data: Vec<AccessLogEntryView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl AccessLogPageView {
    pub fn new(page: AccessLogPage) -> Self {
        Self {
            data: page.reads.iter().map(AccessLogEntryView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl Example for OpenSupportCase {
    fn example() -> Value {
        json!({ "category": "payments", "message": "Why was my withdrawal put off?" })
    }
}

impl Example for SendSupportMessage {
    fn example() -> Value {
        json!({ "message": "It was asked for on Monday." })
    }
}

impl Example for OpenStaffSupportCase {
    fn example() -> Value {
        json!({ "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "category": "identity" })
    }
}

impl Example for SupportMessageView {
    fn example() -> Value {
        json!({
            "number": 1,
            "author": "person",
            "message": "Why was my withdrawal put off?",
            "sent_at": "2026-03-01T09:31:12.000000Z",
        })
    }
}

impl Example for SupportCaseView {
    fn example() -> Value {
        json!({
            "support_case_id": "cas_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "category": "payments",
            "state": "open",
            "opened_by_staff": false,
            "opened_at": "2026-03-01T09:31:12.000000Z",
            "answer_due_at": "2026-03-04T09:31:12.000000Z",
            "updated_at": "2026-03-01T09:31:12.000000Z",
            "closed_at": null,
        })
    }
}

impl Example for StaffSupportCaseView {
    fn example() -> Value {
        let mut case = SupportCaseView::example();
        if let Some(members) = case.as_object_mut() {
            members.insert("account_id".to_owned(), member(&OpenStaffSupportCase::example(), "account_id"));
        }
        case
    }
}

impl Example for AccessLogPageView {
    fn example() -> Value {
        json!({
            "data": [{
                "staff_read_id": "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "role": "data_processor",
                "fields": ["real_name", "phone"],
                "purpose": "support_case",
                "support_case_id": "cas_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "kyc_case_id": null,
                "rights_request_id": null,
                "document_id": null,
                "read_at": "2026-03-02T10:00:00.000000Z",
            }],
            "next_cursor": null,
        })
    }
}
