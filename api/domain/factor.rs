//! Second factors: what a person proves beside the password, and in which form.

use zeroize::Zeroizing;

use super::{personal::masked_debug, time::Timestamp};

/// How a person proves a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorMethod {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A code sent to the verified phone (clause 1.2).
    Sms,
    /// One of the codes that were noted for this case.
    RecoveryCode,
}

impl FactorMethod {
    pub const ALL: [Self; 3] = [Self::Totp, Self::Sms, Self::RecoveryCode];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Sms => "sms",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// How a person proves once more to be there (step-up).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepUpMethod {
    Totp,
    Sms,
    RecoveryCode,
    /// The password and a code to the verified email; where no second factor is enrolled.
    PasswordAndEmail,
}

impl StepUpMethod {
    pub const ALL: [Self; 4] = [Self::Totp, Self::Sms, Self::RecoveryCode, Self::PasswordAndEmail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Sms => "sms",
            Self::RecoveryCode => "recovery_code",
            Self::PasswordAndEmail => "password_and_email",
        }
    }

    /// The second factor that it is, if it is one.
    pub const fn factor(self) -> Option<FactorMethod> {
        match self {
            Self::Totp => Some(FactorMethod::Totp),
            Self::Sms => Some(FactorMethod::Sms),
            Self::RecoveryCode => Some(FactorMethod::RecoveryCode),
            Self::PasswordAndEmail => None,
        }
    }
}

/// Which second factors an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    pub totp_since: Option<Timestamp>,
    /// A verified number: it is there for nothing else (clause 1.2).
    pub phone_since: Option<Timestamp>,
    pub recovery_codes_left: i64,
}

impl Factors {
    /// Whether a sign-in takes more than the password. Recovery codes alone are no factor.
    pub const fn any(&self) -> bool {
        self.totp_since.is_some() || self.phone_since.is_some()
    }

    pub const fn has(&self, method: FactorMethod) -> bool {
        match method {
            FactorMethod::Totp => self.totp_since.is_some(),
            FactorMethod::Sms => self.phone_since.is_some(),
            FactorMethod::RecoveryCode => self.any() && self.recovery_codes_left > 0,
        }
    }

    /// The ways to answer a challenge, strongest first.
    pub fn methods(&self) -> Vec<FactorMethod> {
        FactorMethod::ALL.into_iter().filter(|method| self.has(*method)).collect()
    }

    /// The ways to step up: a second factor, or where there is none, password and email.
    pub fn step_up_methods(&self) -> Vec<StepUpMethod> {
        let usable = |method: &StepUpMethod| match method.factor() {
            Some(factor) => self.has(factor),
            None => !self.any(),
        };
        StepUpMethod::ALL.into_iter().filter(usable).collect()
    }
}

/// Length of a TOTP secret, that of its hash (RFC 4226, section 4).
pub const TOTP_SECRET: usize = 20;
/// Seconds of a step (RFC 6238, section 5.2).
pub const TOTP_STEP: u64 = 30;
/// Steps that a clock may be off, to either side.
pub const TOTP_SKEW: u16 = 1;
/// Codes that are made at once.
pub const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: 80 bits of base 32.
pub const RECOVERY_CODE_LETTERS: usize = 16;

/// A recovery code as it is hashed: sixteen letters and digits, without the dashes it is shown with.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

masked_debug!(RecoveryCode);

/// Crockford's alphabet: nothing in it is read as something else.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl RecoveryCode {
    /// The code of ten random bytes.
    pub fn of(random: &[u8; 10]) -> Self {
        let mut bits = random.iter().fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
        let mut letters = Zeroizing::new(String::with_capacity(RECOVERY_CODE_LETTERS));
        for _ in 0..RECOVERY_CODE_LETTERS {
            let letter = usize::try_from(bits & 31).ok().and_then(|n| ALPHABET.get(n)).copied();
            letters.push(char::from(letter.unwrap_or(b'0')));
            bits >>= 5;
        }
        Self(letters)
    }

    /// Reads what a person typed: case, dashes and spaces mean nothing, look-alikes are one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters = Zeroizing::new(String::with_capacity(RECOVERY_CODE_LETTERS));
        for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let letter = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            if letters.len() == RECOVERY_CODE_LETTERS || !letter.is_ascii() {
                return None;
            }
            if !ALPHABET.iter().any(|known| char::from(*known) == letter) {
                return None;
            }
            letters.push(letter);
        }
        (letters.len() == RECOVERY_CODE_LETTERS).then_some(Self(letters))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// In groups of four, as it is shown.
    pub fn shown(&self) -> Zeroizing<String> {
        let mut shown = Zeroizing::new(String::with_capacity(RECOVERY_CODE_LETTERS + 3));
        for (n, letter) in self.0.chars().enumerate() {
            if n > 0 && n % 4 == 0 {
                shown.push('-');
            }
            shown.push(letter);
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::of(&[0, 17, 34, 51, 68, 85, 102, 119, 136, 153]);
        let shown = code.shown();
        assert_eq!(shown.len(), 19);
        assert_eq!(RecoveryCode::parse(&shown).unwrap().expose(), code.expose());
        assert_eq!(
            RecoveryCode::parse(&shown.to_uppercase().replace('-', " ")).unwrap().expose(),
            code.expose()
        );
        assert_eq!(RecoveryCode::parse("OIl0-0000-0000-0000").unwrap().expose(), "0110000000000000");
        for text in
            ["", "0000-0000-0000-000", "0000-0000-0000-00000", "u000-0000-0000-0000", "é000-0000-0000-0000"]
        {
            assert!(RecoveryCode::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn without_a_factor_recovery_codes_prove_nothing() {
        let none = Factors { recovery_codes_left: 3, ..Factors::default() };
        assert!(!none.any() && none.methods().is_empty());
        assert_eq!(none.step_up_methods(), [StepUpMethod::PasswordAndEmail]);
        let phone = Factors { phone_since: Timestamp::from_micros(0), ..none };
        assert_eq!(phone.methods(), [FactorMethod::Sms, FactorMethod::RecoveryCode]);
        assert_eq!(phone.step_up_methods(), [StepUpMethod::Sms, StepUpMethod::RecoveryCode]);
    }
}
