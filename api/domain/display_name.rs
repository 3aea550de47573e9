//! The user name of clause 0.1: what the platform shows instead of the real name.

use super::personal::{personal_text, tidy};

personal_text! {
    /// The user name that the platform shows; one line, in NFC.
    DisplayName, refusal InvalidDisplayName = "invalid_display_name", parse normalise,
    length 1 ..= 64, format None, example "ada"
}

fn normalise(text: &str) -> Option<String> {
    let name = tidy(text)?;
    let valid = (1..=64).contains(&name.chars().count()) && !name.contains(['<', '>', '@', '\\']);
    valid.then_some(name)
}
