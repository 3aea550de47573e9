//! Bodies of notices.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Example;
use crate::{
    domain::{
        ids::NoticeId,
        notice::{MailState, Notice, NoticeKind},
        time::Timestamp,
    },
    services::notices::NoticePage,
};

/// Something that the person was told.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// Identifies the notice.
    pub notice_id: NoticeId,
    /// The person's own count of notices; the only order among them.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1)]
    pub number: i64,
    /// What it tells.
    pub kind: NoticeKind,
    /// The clause that asks for it.
    #[schema(max_length = 8, example = "9.2")]
    pub clause: String,
    /// The version of the policy that it tells of; `null` if it tells of none.
    #[schema(required, minimum = 1, maximum = 1_000_000, example = 2)]
    pub policy_version: Option<i32>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When the person acknowledged it; `null` until then.
    #[schema(required)]
    pub acknowledged_at: Option<Timestamp>,
    /// How far its mail has come.
    pub mail: MailState,
}

impl From<&Notice> for NoticeView {
    fn from(notice: &Notice) -> Self {
        Self {
            notice_id: notice.id,
            number: notice.number,
            kind: notice.kind,
            clause: notice.kind.clause().to_owned(),
            policy_version: notice.policy_version,
            created_at: notice.created_at,
            acknowledged_at: notice.acknowledged_at,
            mail: notice.mail,
        }
    }
}

/// A page of notices, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = NoticePage)]
pub struct NoticePageView {
    /// The notices.
    #[schema(max_items = 100)]
    pub data: Vec<NoticeView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl NoticePageView {
    pub fn new(page: &NoticePage) -> Self {
        Self {
            data: page.notices.iter().map(NoticeView::from).collect(),
            next_cursor: page.next_cursor.clone(),
        }
    }
}

impl Example for NoticeView {
    fn example() -> Value {
        json!({
            "notice_id": "ntc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "number": 1,
            "kind": "policy_published",
            "clause": "9.2",
            "policy_version": 2,
            "created_at": "2026-03-01T09:30:00.000000Z",
            "acknowledged_at": null,
            "mail": "sent",
        })
    }
}

impl Example for NoticePageView {
    fn example() -> Value {
        json!({ "data": [NoticeView::example()], "next_cursor": null })
    }
}
