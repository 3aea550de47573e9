//! The operation table: who may call what. The server enforces it, the contract shows it, the
//! tests read it.

/// Who an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, without a token.
    Public,
    /// A signed-in person, on own data.
    Person,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Person => "person",
        }
    }
}

/// Whether a person reaches the operation before accepting the current policy (clause 0.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyGate {
    /// It reads own data, narrows processing or secures the account.
    Open,
    /// It begins or extends processing.
    NeedsAcceptance,
}

/// How fast one client address may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Reads and ordinary changes.
    Ordinary,
    /// Costs a password hash or sends a message.
    Costly,
}

impl RateClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Costly => "costly",
        }
    }
}

/// One operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// The handler's name, and so the method's name in every SDK.
    pub id: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub audience: Audience,
    pub policy_gate: PolicyGate,
    pub rate: RateClass,
    /// Whether a success leaves a leaf in the log.
    pub writes_log: bool,
}

macro_rules! operations {
    ($( $id:literal $method:ident $path:literal $audience:ident $gate:ident $rate:ident $log:literal; )*) => {
        /// All operations, in the order of the reader's journey.
        pub const OPERATIONS: &[Operation] = &[ $( Operation {
            id: $id,
            method: stringify!($method),
            path: $path,
            audience: Audience::$audience,
            policy_gate: PolicyGate::$gate,
            rate: RateClass::$rate,
            writes_log: $log,
        }, )* ];
    };
}

operations! {
    "get_current_policy_version" GET "/v1/policy-versions/current" Public Open Ordinary false;
    "get_policy_version" GET "/v1/policy-versions/{version}" Public Open Ordinary false;
    "register_account" POST "/v1/accounts" Public Open Costly false;
    "verify_account" POST "/v1/accounts/verification" Public Open Costly true;
    "get_account" GET "/v1/account" Person Open Ordinary false;
    "update_account" PATCH "/v1/account" Person Open Ordinary true;
    "list_account_changes" GET "/v1/account/changes" Person Open Ordinary false;
    "confirm_account_data" POST "/v1/account/data-confirmations" Person Open Ordinary true;
    "create_session" POST "/v1/sessions" Public Open Costly false;
    "refresh_session" POST "/v1/sessions/refresh" Public Open Costly false;
    "list_sessions" GET "/v1/sessions" Person Open Ordinary false;
    "end_current_session" DELETE "/v1/sessions/current" Person Open Ordinary false;
    "end_session" DELETE "/v1/sessions/{session_id}" Person Open Ordinary false;
    "list_signing_keys" GET "/.well-known/jwks.json" Public Open Ordinary false;
}

impl Operation {
    /// The operation named `id`.
    pub fn find(id: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }
}
