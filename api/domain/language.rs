//! The language a person wants to be written to in.

use unic_langid::LanguageIdentifier;

use super::personal::personal_text;

personal_text! {
    /// A language tag (BCP 47), in its canonical spelling.
    LanguageTag, refusal InvalidLanguage = "invalid_language", parse normalise,
    length 2 ..= 35, format None,
    pattern "^([A-Za-z]{2,3}|[A-Za-z]{5,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([0-9A-Za-z]{5,8}|[0-9][0-9A-Za-z]{3}))*$",
    example "en-NZ"
}

fn normalise(text: &str) -> Option<String> {
    // The parser takes `en_NZ` too, which is a locale's name and no language tag.
    if text.len() > 35 || text.contains('_') {
        return None;
    }
    let tag = text.parse::<LanguageIdentifier>().ok()?;
    (!tag.language.is_empty()).then(|| tag.to_string())
}
