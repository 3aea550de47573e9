//! What makes a password acceptable (NIST SP 800-63B-4, section 3.1.1): length and not being
//! guessable. There are no composition rules.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    email::Email,
    personal::{Personal, masked_debug},
    real_name::RealName,
};

/// The shortest password, in code points (policy clause 1.1).
pub const MIN_LENGTH: usize = 12;
/// The longest password, in code points.
pub const MAX_LENGTH: usize = 256;
/// Below this many guesses (log10) a password falls to an online attack within a day.
const MIN_GUESSES_LOG10: f64 = 8.0;
/// What must remain of a password once the person's own name and address are taken out.
const MIN_REMAINDER: usize = 8;

/// First eight bytes of the SHA-256 of each listed password, sorted, big-endian.
///
/// From the ten-million-password list of the OWASP SecLists project: its most frequent million,
/// those of twelve code points or more, lower-cased; `scripts/breached-passwords` makes it.
static BREACHED: &[u8] = include_bytes!("password/breached.bin");

/// A password in NFC, the form that is hashed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

masked_debug!(Password);

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("password_too_short")]
    TooShort,
    #[error("password_too_long")]
    TooLong,
    #[error("password_breached")]
    Breached,
    #[error("password_like_person")]
    LikePerson,
    #[error("password_guessable")]
    Guessable,
}

impl Password {
    /// Any text up to four times the longest password, normalised; for comparing, not for choosing.
    pub fn presented(text: &Zeroizing<String>) -> Option<Self> {
        (text.len() <= MAX_LENGTH * 4).then(|| Self(Zeroizing::new(text.nfc().collect())))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Judges the password as a new one of the person with this name and address.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn judge(&self, name: &RealName, email: &Email) -> Result<(), WeakPassword> {
        let length = self.0.chars().count();
        if length < MIN_LENGTH {
            return Err(WeakPassword::TooShort);
        }
        if length > MAX_LENGTH {
            return Err(WeakPassword::TooLong);
        }
        if is_breached(&self.0) {
            return Err(WeakPassword::Breached);
        }
        if resembles(&self.0, name, email) {
            return Err(WeakPassword::LikePerson);
        }
        let estimate = zxcvbn::zxcvbn(&self.0, &[name.expose(), email.expose()]);
        if estimate.guesses_log10() < MIN_GUESSES_LOG10 {
            return Err(WeakPassword::Guessable);
        }
        Ok(())
    }
}

fn is_breached(password: &str) -> bool {
    let digest = Sha256::digest(password.to_lowercase());
    let (listed, _) = BREACHED.as_chunks::<8>();
    digest.first_chunk::<8>().is_some_and(|key| listed.binary_search(key).is_ok())
}

/// Whether little is left once every word of the name and the address is taken out.
fn resembles(password: &str, name: &RealName, email: &Email) -> bool {
    let folded = fold(password);
    let mut rest = folded.clone();
    let words = name.expose().split_whitespace().chain(email.expose().split(['@', '.', '-', '_', '+']));
    let mut words: Vec<String> = words.map(fold).filter(|word| word.chars().count() >= 3).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in &words {
        let backwards: String = word.chars().rev().collect();
        rest = rest.replace(word.as_str(), "").replace(&backwards, "");
    }
    rest.len() < folded.len() && rest.chars().count() < MIN_REMAINDER
}

fn fold(text: &str) -> String {
    text.nfkd().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), WeakPassword> {
        let name = "Ada Lovelace".parse().unwrap();
        let email = "ada.lovelace@analytical.example".parse().unwrap();
        Password::presented(&Zeroizing::new(password.to_owned())).unwrap().judge(&name, &email)
    }

    #[test]
    fn the_rules_hold_at_their_edges() {
        assert_eq!(judge("fjord-mantle"), Ok(()));
        assert_eq!(judge("fjord-mantl"), Err(WeakPassword::TooShort));
        assert_eq!(judge("жираф-самовар"), Ok(()));
        assert_eq!(judge(&"q7-Zebra ".repeat(28)), Ok(()));
        assert_eq!(judge(&format!("{}abcde", "q7-Zebra ".repeat(28))), Err(WeakPassword::TooLong));
        assert_eq!(judge("passwordpassword"), Err(WeakPassword::Breached));
        assert_eq!(judge("PasswordPassword"), Err(WeakPassword::Breached));
        assert_eq!(judge("aaaaaaaaaaaaaaaaaaaaaaaaa"), Err(WeakPassword::Guessable));
        for like in ["AdaLovelace1815!", "ecalevol-ada-99", "analytical.ada1", "Lovelace_Lovelace"] {
            assert_eq!(judge(like), Err(WeakPassword::LikePerson), "{like}");
        }
        assert_eq!(judge("lovelace keeps seven violins"), Ok(()));
    }

    #[test]
    fn length_counts_code_points_of_the_normal_form() {
        let decomposed = "e\u{301}".repeat(11);
        assert_eq!(judge(&decomposed), Err(WeakPassword::TooShort));
    }
}
