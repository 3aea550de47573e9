//! The words that people read, by key and language (Project Fluent). English is complete; another
//! language may lack a key and then falls back to it.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use fluent_langneg::{NegotiationStrategy, accepted_languages, negotiate_languages};

/// A language that people can be written to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    German,
}

impl Language {
    const ALL: [Self; 2] = [Self::English, Self::German];

    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("en.ftl"),
            Self::German => include_str!("de.ftl"),
        }
    }
}

/// A message as a person reads it.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

fn bundle(language: Language) -> &'static FluentBundle<FluentResource> {
    static ENGLISH: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    static GERMAN: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    let cell = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    cell.get_or_init(|| {
        // A message that does not parse is missing, and the test below finds it.
        let resource =
            FluentResource::try_new(language.source().to_owned()).unwrap_or_else(|(parsed, _)| parsed);
        let mut bundle = FluentBundle::new_concurrent(language.tag().parse().into_iter().collect());
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(resource);
        bundle
    })
}

/// The best language that we have for an `Accept-Language` header or a language tag.
pub fn negotiate(wanted: &str) -> Language {
    let requested = accepted_languages::parse(wanted.get(..200).unwrap_or(wanted));
    let available: Vec<fluent_langneg::LanguageIdentifier> =
        Language::ALL.iter().filter_map(|language| language.tag().parse().ok()).collect();
    let best = negotiate_languages(&requested, &available, available.first(), NegotiationStrategy::Lookup);
    let tag = best.first().map(ToString::to_string);
    Language::ALL
        .into_iter()
        .find(|language| tag.as_deref() == Some(language.tag()))
        .unwrap_or(Language::English)
}

/// The value of `key`, if this language has it.
pub fn find(language: Language, key: &str) -> Option<String> {
    let bundle = bundle(language);
    let pattern = bundle.get_message(key)?.value()?;
    Some(bundle.format_pattern(pattern, None, &mut Vec::new()).into_owned())
}

/// Subject and body of the message `key`, in the language or else in English.
pub fn text(language: Language, key: &str, arguments: &[(&str, String)]) -> Option<Text> {
    let mut args = FluentArgs::new();
    for (name, value) in arguments {
        args.set(*name, value.clone());
    }
    [language, Language::English].into_iter().find_map(|language| {
        let bundle = bundle(language);
        let message = bundle.get_message(key)?;
        let mut errors = Vec::new();
        let subject = bundle.format_pattern(message.value()?, Some(&args), &mut errors).into_owned();
        let body = message.get_attribute("body")?;
        let body = bundle.format_pattern(body.value(), Some(&args), &mut errors).into_owned();
        errors.is_empty().then_some(Text { subject, body })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_parses_and_english_has_every_key() {
        let keys = |source: &str| -> Vec<String> {
            assert!(FluentResource::try_new(source.to_owned()).is_ok());
            source
                .lines()
                .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
                .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
                .collect()
        };
        let english = keys(Language::English.source());
        for language in Language::ALL {
            for key in keys(language.source()).iter().filter(|key| key.starts_with("mail-")) {
                assert!(english.contains(key), "{language:?} has {key}, English does not");
            }
        }
    }

    #[test]
    fn the_nearest_language_answers() {
        assert_eq!(negotiate("de-CH, en;q=0.5"), Language::German);
        assert_eq!(negotiate("fr, de;q=0.3"), Language::German);
        assert_eq!(negotiate("tlh"), Language::English);
        assert_eq!(negotiate(""), Language::English);
    }
}
