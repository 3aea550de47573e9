//! Phone numbers in the one form that networks agree on.

use super::personal::personal_text;

personal_text! {
    /// A phone number in E.164 form: `+`, country code and subscriber number, no spaces.
    PhoneNumber, refusal InvalidPhone = "invalid_phone", parse normalise,
    length 9 ..= 16, format None, pattern "^[+][1-9][0-9]{7,14}$", example "+64211234567"
}

fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.strip_prefix('+')?;
    let valid = (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_e164_is_a_number() {
        assert!("+64211234567".parse::<PhoneNumber>().is_ok());
        for text in
            ["64211234567", "+0211234567", "+64 21 123", "+1234567", "+1234567890123456", "+6421１23456"]
        {
            assert_eq!(text.parse::<PhoneNumber>(), Err(InvalidPhone), "{text}");
        }
    }
}
