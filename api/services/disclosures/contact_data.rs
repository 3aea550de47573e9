//! What the legal team reads must not tell whom it is about: texts are screened for contact data, and for the names
//! of the person that they are about.

use unicode_normalization::UnicodeNormalization;

use crate::domain::{account::Profile, personal::Personal};

/// So many digits, whatever stands between them, are a number that leads to somebody.
const DIGITS_OF_A_NUMBER: usize = 7;
/// The digits of an id, or of most of one.
const DIGITS_OF_AN_ID: usize = 16;
/// So many characters are a name in scripts that write one with few.
const LEAST_WHOLE: usize = 2;
/// Shorter words are too common to tell anybody apart.
const LEAST_NAME: usize = 3;

/// Whether the text tells who the person is.
pub(super) fn tells(text: &str, profile: &Profile) -> bool {
    let folded = fold(text);
    let (local, _) = profile.email.expose().split_once('@').unwrap_or_default();
    let names =
        [Some(profile.real_name.expose()), profile.display_name.as_ref().map(Personal::expose), Some(local)];
    let is_named = names.into_iter().flatten().any(|name| names_in(&folded, &fold(name)));
    is_named || folded.contains('@') || has_identifier(&folded) || has_number(&folded)
}

/// Lower case, without marks, so that no spelling slips through.
fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The whole name anywhere, since not every script has spaces; and each part of it as a word.
fn names_in(text: &str, name: &str) -> bool {
    if name.chars().count() >= LEAST_WHOLE && !name.is_ascii() && text.contains(name) {
        return true;
    }
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.chars().count() >= LEAST_NAME)
        .any(|part| words.contains(&part))
}

/// An id of ours leads to a person for whoever may look it up: a prefix, and 32 digits.
fn has_identifier(text: &str) -> bool {
    let has_id = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| {
        word.split_once('_')
            .is_some_and(|(_, id)| id.len() >= DIGITS_OF_AN_ID && id.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    has_id || ["http://", "https://", "www."].iter().any(|mark| text.contains(mark))
}

fn has_number(text: &str) -> bool {
    let mut run = 0;
    for c in text.chars() {
        if c.is_numeric() {
            run += 1;
            if run >= DIGITS_OF_A_NUMBER {
                return true;
            }
        } else if !matches!(c, ' ' | '-' | '/' | '.' | '(' | ')' | '+' | '\u{a0}') {
            run = 0;
        }
    }
    false
}
