//! Instants, as every layer and both databases hold them: UTC, to the microsecond.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Months, NaiveDate, SubsecRound, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, RefOr, Schema, SchemaFormat,
        schema::{ObjectBuilder, Type},
    },
};

/// An instant, truncated to microseconds so that a value survives either database unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    pub fn new(instant: DateTime<Utc>) -> Self {
        Self(instant.trunc_subsecs(6))
    }

    /// The instant `micros` microseconds after the Unix epoch, if the calendar reaches it.
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    pub fn as_micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    pub fn as_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// This instant moved by `delta`; at the ends of the calendar it stays where it is.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        self.0.checked_add_signed(delta).map_or(self, Self)
    }

    /// The beginning of its hour.
    #[must_use]
    pub fn hour(self) -> Self {
        self.minus(TimeDelta::microseconds(self.as_micros().rem_euclid(3_600_000_000)))
    }

    /// The same day and time so many years later, or on the last of a month that has no such day.
    #[must_use]
    pub fn plus_years(self, years: u16) -> Self {
        self.0.checked_add_months(Months::new(12 * u32::from(years))).map_or(self, Self)
    }

    /// The same so many years before.
    #[must_use]
    pub fn minus_years(self, years: u16) -> Self {
        self.0.checked_sub_months(Months::new(12 * u32::from(years))).map_or(self, Self)
    }

    /// The beginning of its day, in UTC.
    #[must_use]
    pub fn day(self) -> Self {
        self.minus(TimeDelta::microseconds(self.as_micros().rem_euclid(86_400_000_000)))
    }

    /// The day that it is in a zone.
    pub fn day_in(self, zone: chrono_tz::Tz) -> NaiveDate {
        self.0.with_timezone(&zone).date_naive()
    }

    /// As people read it: the minute, in UTC.
    pub fn for_people(self) -> String {
        self.0.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    #[must_use]
    pub fn minus(self, delta: TimeDelta) -> Self {
        self.plus(-delta)
    }
}

/// From a client: in UTC, which is said by `Z`; another offset would be another way to say the same.
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let instant = text.ends_with('Z').then(|| DateTime::parse_from_rfc3339(&text).ok()).flatten();
        let fits = instant.filter(|instant| (1970..=2999).contains(&instant.year()));
        fits.map(|instant| Self::new(instant.to_utc())).ok_or_else(|| D::Error::custom("invalid_instant"))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // As RFC 3339 has it, and faster than a format that is interpreted each time.
        let (date, time) = (self.0.date_naive(), self.0.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.nanosecond() / 1_000,
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("An instant in UTC (RFC 3339, microseconds, ends in `Z`)."))
            .max_length(Some(27))
            .examples([serde_json::Value::from("2026-03-01T09:30:00.000000Z")])
            .into()
    }
}

impl ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timestamp")
    }
}
