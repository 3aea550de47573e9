//! Identifiers: one Rust type each, a prefix and a UUIDv7 on the wire.
//!
//! They identify and never order: order comes from sequence numbers.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};
use uuid::{NoContext, Uuid};

use super::time::Timestamp;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid_id")]
pub struct InvalidId;

fn generate(now: Timestamp) -> Uuid {
    let micros = now.as_micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, micros / 1_000_000, nanos))
}

fn parse(prefix: &str, text: &str) -> Result<Uuid, InvalidId> {
    let hex = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(InvalidId)?;
    // Only the canonical spelling: two spellings of one id would be two cache and idempotency keys.
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(InvalidId);
    }
    Uuid::try_parse(hex).map_err(|_| InvalidId)
}

fn id_schema(prefix: &str, description: &str, example: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description.trim()))
        .pattern(Some(format!("^{prefix}_[0-9a-f]{{32}}$")))
        .min_length(Some(prefix.len() + 33))
        .max_length(Some(prefix.len() + 33))
        .examples([serde_json::Value::from(example)])
        .into()
}

macro_rules! typed_ids {
    ($( #[doc = $doc:literal] $name:ident = $prefix:literal, $example:literal; )*) => { $(
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier; its time part is `now`, the rest is random.
            pub fn generate(now: Timestamp) -> Self {
                Self(generate(now))
            }

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                id_schema($prefix, $doc, $example)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )* };
}

typed_ids! {
    /// Identifies an account, and with it the data subject.
    AccountId = "acc", "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a signed-in session.
    SessionId = "ses", "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a sign-in that waits for its second factor.
    ChallengeId = "sch", "sch_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a change of the email that waits for the new address to answer.
    EmailChangeId = "emc", "emc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a change of the phone that waits for the new number to answer.
    PhoneChangeId = "phc", "phc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a change of either, where they rest.
    ContactChangeId = "cch", "cch_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a request to remove lost second factors.
    FactorResetId = "fcr", "fcr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a verification of identity.
    KycCaseId = "kyc", "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a document that was handed in for a verification.
    DocumentId = "doc", "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a decision about a verification.
    KycDecisionId = "kdc", "kdc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies something that an account was seen to do.
    KycSignalId = "sig", "sig_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies what gave rise to a closer look at an account.
    KycFlagId = "flg", "flg_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an entry of the block list.
    BlockId = "blk", "blk_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a ban.
    BanId = "ban", "ban_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a browser or app by its device cookie.
    DeviceId = "dev", "dev_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Names a device in ledgers; nothing leads from it to the device once the device was forgotten.
    DeviceRef = "dvr", "dvr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a notice.
    NoticeId = "ntc", "ntc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an event of the consent ledger.
    ConsentEventId = "cne", "cne_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a confirmation that the data held are complete and true.
    DataConfirmationId = "dcf", "dcf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a member of staff.
    StaffId = "stf", "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a signed-in session of a member of staff.
    StaffSessionId = "sts", "sts_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a role that is asked for.
    RoleGrantId = "rgr", "rgr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an opening of personal data by staff.
    StaffReadId = "srd", "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a support case.
    SupportCaseId = "cas", "cas_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a client of a partner.
    PartnerClientId = "cli", "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies what a client proves itself by.
    PartnerCredentialId = "crd", "crd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a recipient of data.
    RecipientId = "rcp", "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a disclosure: what goes, or is to go, about one person to one recipient.
    DisclosureId = "dsc", "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a step of a disclosure.
    DisclosureEventId = "dse", "dse_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies the order of a court or state body that compels disclosures.
    InstrumentId = "itr", "itr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a transfer of many persons' data to a buyer of the company.
    TransferId = "tra", "tra_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies what a person is asked before one disclosure.
    ConsentRequestId = "crq", "crq_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a rights request.
    RightsRequestId = "rrq", "rrq_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a restriction or an objection.
    ProcessingLimitId = "lim", "lim_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies what a recipient has to do.
    ObligationId = "obl", "obl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a message to a client's endpoint.
    WebhookMessageId = "whm", "whm_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies what messages to a client are signed with.
    WebhookSecretId = "whs", "whs_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an advertisement whose clicks are counted.
    AdvertisementId = "adv", "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Stands for a person, or for a device that no account is known of, among those who clicked.
    ClickerId = "clk", "clk_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Stands for a person before whoever must not know which one it is.
    SubjectRef = "sbj", "sbj_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a leaf of the log.
    LeafId = "lea", "lea_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an outgoing message.
    MessageId = "msg", "msg_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies an installation: its data and the keys that open them.
    InstallationId = "inl", "inl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    /// Identifies a running process of the service.
    InstanceId = "ins", "ins_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
}

impl StaffId {
    /// The member as a subject whose data are sealed: keys of staff and of persons live alike.
    pub const fn subject(self) -> AccountId {
        AccountId::from_uuid(self.as_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let id = "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
        assert_eq!(id.parse::<AccountId>().unwrap().to_string(), id);
        for other in [
            "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "acc_0198C8F2B1D07C3F9E21A4B7C6D5E4F3",
            "acc_0198c8f2-b1d0-7c3f-9e21-a4b7c6d5e4f3",
            "acc_",
            "",
        ] {
            assert_eq!(other.parse::<AccountId>(), Err(InvalidId), "{other}");
        }
    }
}
