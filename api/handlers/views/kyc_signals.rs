//! Bodies of signals, flags, and of easing what is asked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Days, Example, PrivateReason};
use crate::{
    domain::{
        ids::{AccountId, KycFlagId},
        kyc::{
            flag::{FlagKind, FlagState, KycFlag},
            signal::{CLOCKS_DIFFER_BY, OLDEST, ReportedSignalKind, SignalOutcome},
        },
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::kyc::{KycFlagPage, ReportedSignal},
};

/// Something that an account was seen to do.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ActivitySignal {
    /// The platform's own name for it: reported twice, it is kept once.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "evt-20260301-000017")]
    pub reference: String,
    /// The account.
    pub account_id: AccountId,
    /// What was seen.
    pub kind: ReportedSignalKind,
    /// When; within the last seven days, since what is older does not count.
    pub occurred_at: Timestamp,
}

/// What accounts were seen to do.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReportSignals {
    /// The signals, each with its own reference.
    #[schema(min_items = 1, max_items = 100)]
    #[validate(length(min = 1, max = 100), nested)]
    pub signals: Vec<ActivitySignal>,
}

impl ReportSignals {
    /// # Errors
    ///
    /// A problem that names the first signal that cannot be taken.
    pub fn into_reports(self, now: Timestamp) -> Result<Vec<ReportedSignal>, Problem> {
        let (oldest, newest) = (now.minus(OLDEST), now.plus(CLOCKS_DIFFER_BY));
        let report = |(n, signal): (usize, ActivitySignal)| {
            let wrong = |field: &str, code| Problem::invalid(format!("/signals/{n}/{field}"), code);
            if signal.occurred_at < oldest || signal.occurred_at > newest {
                return Err(wrong("occurred_at", FieldCode::OutOfRange));
            }
            Ok(ReportedSignal {
                reference: signal.reference,
                account_id: signal.account_id,
                kind: signal.kind.into(),
                occurred_at: signal.occurred_at,
            })
        };
        self.signals.into_iter().enumerate().map(report).collect()
    }
}

/// What became of a signal.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalResult)]
pub struct SignalResultView {
    /// The platform's own name for it.
    #[schema(max_length = 64, example = "evt-20260301-000017")]
    pub reference: String,
    /// `recorded`, `duplicate`, or `unknown_account`.
    pub outcome: SignalOutcome,
}

/// What became of the signals, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = SignalReport)]
pub struct SignalReportView {
    /// One for each.
    #[schema(max_items = 100)]
    pub results: Vec<SignalResultView>,
}

impl SignalReportView {
    pub fn new(references: Vec<String>, outcomes: Vec<SignalOutcome>) -> Self {
        let results = references.into_iter().zip(outcomes);
        Self {
            results: results.map(|(reference, outcome)| SignalResultView { reference, outcome }).collect(),
        }
    }
}

/// A flag on an account.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycFlag)]
pub struct StaffKycFlagView {
    /// Identifies it.
    pub kyc_flag_id: KycFlagId,
    /// The account.
    pub account_id: AccountId,
    /// What gave rise to it.
    pub kind: FlagKind,
    /// What became of it.
    pub state: FlagState,
    /// Since when.
    pub raised_at: Timestamp,
    /// When it was taken down; `null` while it is up.
    #[schema(required)]
    pub settled_at: Option<Timestamp>,
}

impl From<&KycFlag> for StaffKycFlagView {
    fn from(flag: &KycFlag) -> Self {
        Self {
            kyc_flag_id: flag.id,
            account_id: flag.account_id,
            kind: flag.kind,
            state: flag.state,
            raised_at: flag.raised_at,
            settled_at: flag.settled_at,
        }
    }
}

/// A page of flags.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycFlagPage)]
pub struct StaffKycFlagPageView {
    /// Oldest first.
    #[schema(max_items = 100)]
    pub data: Vec<StaffKycFlagView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<KycFlagPage> for StaffKycFlagPageView {
    fn from(page: KycFlagPage) -> Self {
        Self { data: page.flags.iter().map(StaffKycFlagView::from).collect(), next_cursor: page.next_cursor }
    }
}

/// How much more time a person gets, and why.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExtendKycCase {
    /// How many days from now.
    #[schema(value_type = i32, minimum = 7, maximum = 90, example = 14)]
    pub days: Days,
    /// Why, for staff alone; it rests sealed and is in no view of the person.
    #[schema(value_type = String, min_length = 1, max_length = 4000, example = "The passport office is on strike.")]
    pub private_reason: PrivateReason,
}

/// Why a verification is asked for no longer.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WithdrawKycCase {
    /// Why, for staff alone; it rests sealed and is in no view of the person.
    #[schema(value_type = String, min_length = 1, max_length = 4000, example = "The signals were of another account.")]
    pub private_reason: PrivateReason,
}

impl Example for ReportSignals {
    fn example() -> Value {
        json!({ "signals": [{
            "reference": "evt-20260301-000017",
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "rapid_withdrawals",
            "occurred_at": "2026-03-01T09:12:00.000000Z",
        }] })
    }
}

impl Example for SignalReportView {
    fn example() -> Value {
        json!({ "results": [{ "reference": "evt-20260301-000017", "outcome": "recorded" }] })
    }
}

impl Example for StaffKycFlagView {
    fn example() -> Value {
        json!({
            "kyc_flag_id": "flg_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "activity",
            "state": "open",
            "raised_at": "2026-03-01T09:13:00.000000Z",
            "settled_at": null,
        })
    }
}

impl Example for StaffKycFlagPageView {
    fn example() -> Value {
        json!({ "data": [StaffKycFlagView::example()], "next_cursor": null })
    }
}

impl Example for ExtendKycCase {
    fn example() -> Value {
        json!({ "days": 14, "private_reason": "The passport office is on strike." })
    }
}

impl Example for WithdrawKycCase {
    fn example() -> Value {
        json!({ "private_reason": "The signals were of another account." })
    }
}
