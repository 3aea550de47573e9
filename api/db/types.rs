//! Own SQL types, and how identifiers and instants travel to each database.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, Queryable},
    expression::AsExpression,
    internal::derives::as_expression::Bound,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{HasSqlType, Nullable, SingleValue},
    sqlite::Sqlite,
};
use uuid::Uuid;

use super::{MultiBackend, conn::MultiRawValue};
use crate::domain::{
    ids::{
        AccountId, AdvertisementId, BanId, BlockId, ChallengeId, ClickerId, ConsentEventId, ConsentRequestId,
        ContactChangeId, DataConfirmationId, DeviceId, DeviceRef, DisclosureEventId, DisclosureId,
        DocumentId, FactorResetId, InstallationId, InstanceId, InstrumentId, KycCaseId, KycDecisionId,
        KycFlagId, KycSignalId, LeafId, MessageId, NoticeId, ObligationId, PartnerClientId,
        PartnerCredentialId, ProcessingLimitId, RecipientId, RightsRequestId, RoleGrantId, SessionId,
        StaffId, StaffReadId, StaffSessionId, SupportCaseId, TransferId, WebhookMessageId, WebhookSecretId,
    },
    time::Timestamp,
};

/// `uuid` on PostgreSQL, 16 bytes on SQLite.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// `timestamptz` on PostgreSQL, microseconds since the Unix epoch on SQLite.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Instant;

/// `jsonb` on PostgreSQL, text on SQLite.
#[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Json;

// The ordering that keyset pages need.
impl diesel::sql_types::SqlOrd for Id {}
impl diesel::sql_types::SqlOrd for Instant {}

macro_rules! known_to_both {
    ($($sql:ty),*) => { $(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }
    )* };
}
known_to_both!(Id, Instant, Json);

/// Lets a value stand in statements as `$sql` and come back from rows.
macro_rules! value_of {
    ($sql:ty: $($value:ty),*) => { $(
        impl AsExpression<$sql> for $value {
            type Expression = Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'a> AsExpression<$sql> for &'a $value {
            type Expression = Bound<$sql, &'a $value>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl AsExpression<Nullable<$sql>> for $value {
            type Expression = Bound<Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<'a> AsExpression<Nullable<$sql>> for &'a $value {
            type Expression = Bound<Nullable<$sql>, &'a $value>;
            fn as_expression(self) -> Self::Expression { Bound::new(self) }
        }
        impl<DB: Backend> ToSql<Nullable<$sql>, DB> for $value where Self: ToSql<$sql, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
        impl<ST: SingleValue, DB: Backend> Queryable<ST, DB> for $value where Self: FromSql<ST, DB> {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> { Ok(row) }
        }
        impl ToSql<$sql, MultiBackend> for $value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }
        impl FromSql<$sql, MultiBackend> for $value {
            fn from_sql(value: MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    )* };
}

macro_rules! ids {
    ($($id:ident),*) => {
        value_of!(Id: $($id),*);
        $(
            impl ToSql<Id, Pg> for $id {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    std::io::Write::write_all(out, self.as_bytes())?;
                    Ok(IsNull::No)
                }
            }
            impl FromSql<Id, Pg> for $id {
                fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                    Ok(Self::from_uuid(Uuid::from_slice(value.as_bytes())?))
                }
            }
            impl ToSql<Id, Sqlite> for $id {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(self.as_bytes().as_slice());
                    Ok(IsNull::No)
                }
            }
            impl FromSql<Id, Sqlite> for $id {
                fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    let bytes = <Vec<u8> as FromSql<diesel::sql_types::Binary, Sqlite>>::from_sql(value)?;
                    Ok(Self::from_uuid(Uuid::from_slice(&bytes)?))
                }
            }
        )*
    };
}
ids!(
    AccountId,
    BanId,
    BlockId,
    ChallengeId,
    ConsentEventId,
    ConsentRequestId,
    ContactChangeId,
    DataConfirmationId,
    DeviceId,
    DeviceRef,
    DisclosureEventId,
    DisclosureId,
    FactorResetId,
    InstallationId,
    InstanceId,
    InstrumentId,
    LeafId,
    MessageId,
    NoticeId,
    PartnerClientId,
    PartnerCredentialId,
    RoleGrantId,
    SessionId,
    StaffId,
    StaffReadId,
    StaffSessionId,
    SupportCaseId,
    KycCaseId,
    DocumentId,
    KycDecisionId,
    KycFlagId,
    KycSignalId,
    ProcessingLimitId,
    RightsRequestId,
    RecipientId,
    TransferId,
    ObligationId,
    WebhookMessageId,
    WebhookSecretId,
    AdvertisementId,
    ClickerId
);

/// Microseconds between the Unix epoch and PostgreSQL's, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

value_of!(Instant: Timestamp);

impl ToSql<Instant, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.as_micros().checked_sub(POSTGRES_EPOCH).ok_or("instant out of range")?;
        std::io::Write::write_all(out, &micros.to_be_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        micros
            .checked_add(POSTGRES_EPOCH)
            .and_then(Self::from_micros)
            .ok_or_else(|| "instant out of range".into())
    }
}

impl ToSql<Instant, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.as_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for Timestamp {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<diesel::sql_types::BigInt, Sqlite>>::from_sql(value)?;
        Self::from_micros(micros).ok_or_else(|| "instant out of range".into())
    }
}

/// A JSON document, as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(pub String);

value_of!(Json: JsonText);

impl ToSql<Json, Pg> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The binary form of jsonb is its version, 1, and the text.
        std::io::Write::write_all(out, &[1])?;
        std::io::Write::write_all(out, self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Json, Pg> for JsonText {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            [1, text @ ..] => Ok(Self(String::from_utf8(text.to_vec())?)),
            _ => Err("an unknown version of jsonb".into()),
        }
    }
}

impl ToSql<Json, Sqlite> for JsonText {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

impl FromSql<Json, Sqlite> for JsonText {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<diesel::sql_types::Text, Sqlite>>::from_sql(value).map(Self)
    }
}
