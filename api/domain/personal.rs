//! What all personal values share: masked in debug output, no `Display`, one way to the text.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A value about a person that the vault can seal and open again.
pub trait Personal: Sized {
    /// The canonical text; the only way out of the type.
    fn expose(&self) -> &str;

    /// Rebuilds the value from the text that [`expose`](Self::expose) gave.
    ///
    /// Rules may have become stricter since it was sealed, so only a text that can never have been
    /// this type is refused.
    fn restore(text: Zeroizing<String>) -> Option<Self>;
}

/// Gives a personal type its masked `Debug`.
macro_rules! masked_debug {
    ($($name:ty),*) => { $(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )* };
}
pub(crate) use masked_debug;

/// A message, a set of choices or another text about a person without rules of its own.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalText(Zeroizing<String>);

impl PersonalText {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text of another personal value, kept where its rules no longer matter.
    pub fn of(value: &impl Personal) -> Self {
        Self::new(value.expose().to_owned())
    }
}

impl Personal for PersonalText {
    fn expose(&self) -> &str {
        &self.0
    }

    fn restore(text: Zeroizing<String>) -> Option<Self> {
        Some(Self(text))
    }
}

masked_debug!(PersonalText);

/// Characters that reorder or hide text: a name that carries them shows one thing and is another.
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}'
        | '\u{061C}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// NFC, trimmed, inner white space folded to single spaces; `None` with a control or deceptive character.
pub(super) fn tidy(text: &str) -> Option<String> {
    let normal: String = text.nfc().collect();
    if normal.chars().any(|c| c.is_control() || is_deceptive(c)) {
        return None;
    }
    Some(normal.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Makes a newtype over a checked text: parsing, masking, sealing and its description in the contract.
macro_rules! personal_text {
    (
        $(#[doc = $doc:literal])+
        $name:ident, refusal $invalid:ident = $slug:literal, parse $parse:path,
        length $min:literal ..= $max:literal, format $format:expr, $(pattern $pattern:literal,)?
        example $example:literal
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(zeroize::Zeroizing<String>);

        #[doc = concat!("The text is not a valid `", stringify!($name), "`.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error($slug)]
        pub struct $invalid;

        impl std::str::FromStr for $name {
            type Err = $invalid;

            fn from_str(text: &str) -> Result<Self, $invalid> {
                $parse(text).map(|t| Self(zeroize::Zeroizing::new(t))).ok_or($invalid)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $invalid;

            fn try_from(text: String) -> Result<Self, $invalid> {
                zeroize::Zeroizing::new(text).parse()
            }
        }

        impl crate::domain::personal::Personal for $name {
            fn expose(&self) -> &str {
                &self.0
            }

            fn restore(text: zeroize::Zeroizing<String>) -> Option<Self> {
                Some(Self(text))
            }
        }

        crate::domain::personal::masked_debug!($name);

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let format: Option<&str> = $format;
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(format.map(|f| utoipa::openapi::SchemaFormat::Custom(f.to_owned())))
                    .description(Some(concat!($($doc, "\n"),+).trim()))
                    .min_length(Some($min))
                    .max_length(Some($max))
                    $(.pattern(Some($pattern)))?
                    .examples([serde_json::Value::from($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}
pub(crate) use personal_text;
