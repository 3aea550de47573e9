//! The person's time zone: ages and deadlines count in the days that the person lives in.

use super::personal::personal_text;

personal_text! {
    /// A time zone of the IANA database.
    TimeZone, refusal InvalidTimeZone = "invalid_time_zone", parse normalise,
    length 2 ..= 64, format None, example "Pacific/Auckland"
}

fn normalise(text: &str) -> Option<String> {
    text.parse::<chrono_tz::Tz>().ok().map(|zone| zone.name().to_owned())
}
