//! Bans: who abused the service comes back under no other account until the ban ends (clauses 2.4 and 6.3).
//!
//! What recognises the person outlives an erasure: a keyed mark of the address and of the numbers of identity documents,
//! under a key of its own, with its ground and its end. It says nothing to whoever has not the address at hand.

use super::{
    closed_list::closed_list,
    evidence::{Act, Facts},
    ids::{AccountId, BanId},
    time::Timestamp,
};

closed_list! {
    /// Why somebody is banned.
    BanGround {
        /// Spam, phishing, attacks on the service or on other people's accounts.
        Abuse = "abuse",
        /// Fraud.
        Fraud = "fraud",
    }
}

impl BanGround {
    /// The clause of the policy that is the ground.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Abuse => "2.4",
            Self::Fraud => "6.3",
        }
    }

    /// What lets the mark outlive an erasure, as the certificate names it.
    pub const fn law(self) -> &'static str {
        match self {
            Self::Abuse => "Privacy policy, clause 2.4; GDPR art. 17(1)(c), overriding legitimate grounds",
            Self::Fraud => "Privacy policy, clause 6.3; GDPR art. 17(1)(c), overriding legitimate grounds",
        }
    }
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    pub id: BanId,
    /// Whose; nobody's, once the person was erased.
    pub account_id: Option<AccountId>,
    pub ground: BanGround,
    pub banned_at: Timestamp,
    pub ends_at: Timestamp,
}

impl Ban {
    /// What leaves say of it.
    pub fn facts(&self) -> Facts {
        vec![
            ("ban", self.id.to_string()),
            ("ground", self.ground.as_str().to_owned()),
            ("ends_at", self.ends_at.to_string()),
        ]
    }
}

/// A ban ended, of itself or by hand.
pub const BAN_ENDED: Act = Act { name: "ban.ended", object: "ban", clause: "2.4" };
