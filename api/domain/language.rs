//! The language a person wants to be written to in.

use unic_langid::LanguageIdentifier;

use super::personal::personal_text;

personal_text! {
    /// A language tag (BCP 47), in its canonical spelling.
    LanguageTag, refusal InvalidLanguage = "invalid_language", parse normalise,
    length 2 ..= 35, format None, example "en-NZ"
}

fn normalise(text: &str) -> Option<String> {
    if text.len() > 35 {
        return None;
    }
    let tag = text.parse::<LanguageIdentifier>().ok()?;
    (!tag.language.is_empty()).then(|| tag.to_string())
}
