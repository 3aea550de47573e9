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
    pub shape: Shape,
}

/// How the table spells `writes_log`.
enum Log {
    Leaf,
    Silent,
}

/// What a request takes beside its path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing; a query is refused.
    Single,
    /// `cursor` and `limit`.
    Page,
    /// `If-Match`.
    Versioned,
}

macro_rules! operations {
    ($( $id:literal $method:ident $path:literal $audience:ident $gate:ident $rate:ident $log:ident $shape:ident; )*) => {
        /// All operations, in the order of the reader's journey.
        pub const OPERATIONS: &[Operation] = &[ $( Operation {
            id: $id,
            method: stringify!($method),
            path: $path,
            audience: Audience::$audience,
            policy_gate: PolicyGate::$gate,
            rate: RateClass::$rate,
            writes_log: matches!(Log::$log, Log::Leaf),
            shape: Shape::$shape,
        }, )* ];
    };
}

operations! {
    "get_current_policy_version" GET "/v1/policy-versions/current" Public Open Ordinary Silent Single;
    "get_policy_version" GET "/v1/policy-versions/{version}" Public Open Ordinary Silent Single;
    "register_account" POST "/v1/accounts" Public Open Costly Silent Single;
    "verify_account" POST "/v1/accounts/verification" Public Open Costly Leaf Single;
    "get_account" GET "/v1/account" Person Open Ordinary Silent Single;
    "update_account" PATCH "/v1/account" Person NeedsAcceptance Ordinary Leaf Versioned;
    "list_account_changes" GET "/v1/account/changes" Person Open Ordinary Silent Page;
    "confirm_account_data" POST "/v1/account/data-confirmations" Person NeedsAcceptance Ordinary Leaf Single;
    "create_session" POST "/v1/sessions" Public Open Costly Silent Single;
    "refresh_session" POST "/v1/sessions/refresh" Public Open Costly Silent Single;
    "list_sessions" GET "/v1/sessions" Person Open Ordinary Silent Page;
    "end_current_session" DELETE "/v1/sessions/current" Person Open Ordinary Silent Single;
    "end_session" DELETE "/v1/sessions/{session_id}" Person Open Ordinary Silent Single;
    "list_signing_keys" GET "/.well-known/jwks.json" Public Open Ordinary Silent Single;
}

impl Operation {
    /// The operation that answers `method` on `path`.
    pub fn matching(method: &str, path: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.method == method && operation.is_at(path))
    }

    /// The methods that `path` answers, as the `Allow` header lists them.
    pub fn methods_of(path: &str) -> Vec<&'static str> {
        let mut methods = Vec::new();
        for operation in OPERATIONS.iter().filter(|operation| operation.is_at(path)) {
            // A pattern can cover what another operation names outright.
            if !methods.contains(&operation.method) {
                methods.push(operation.method);
            }
        }
        methods
    }

    /// Whether its pattern covers `path`; a parameter covers one segment.
    fn is_at(&self, path: &str) -> bool {
        if !self.path.contains('{') {
            return self.path == path;
        }
        let (mut pattern, mut segments) = (self.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), segments.next()) {
                (None, None) => return true,
                (Some(p), Some(s)) if p == s || (p.starts_with('{') && !s.is_empty()) => {}
                _ => return false,
            }
        }
    }

    /// The operation named `id`.
    pub fn find(id: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_operation_and_its_methods() {
        let id = |method, path| Operation::matching(method, path).map(|operation| operation.id);
        assert_eq!(id("DELETE", "/v1/sessions/current"), Some("end_current_session"));
        assert_eq!(id("DELETE", "/v1/sessions/ses_1"), Some("end_session"));
        assert_eq!(id("DELETE", "/v1/sessions/"), None);
        assert_eq!(id("PUT", "/v1/account"), None);
        assert_eq!(Operation::methods_of("/v1/account"), ["GET", "PATCH"]);
        assert_eq!(Operation::methods_of("/v1/sessions/current"), ["DELETE"]);
        assert!(Operation::methods_of("/v1/nowhere").is_empty());
    }
}
