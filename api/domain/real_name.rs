//! The real name that clause 1.1 asks for.

use super::personal::{personal_text, tidy};

personal_text! {
    /// The person's real name as one line, in NFC; white space is folded.
    RealName, refusal InvalidRealName = "invalid_real_name", parse normalise,
    length 1 ..= 200, format None, example "Ada Lovelace"
}

fn normalise(text: &str) -> Option<String> {
    let name = tidy(text)?;
    let valid = name.chars().count() <= 200
        && name.chars().any(char::is_alphabetic)
        && !name.contains(['<', '>', '@', '\\', '{', '}']);
    valid.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::personal::Personal;

    #[test]
    fn names_of_the_world_pass_and_tricks_do_not() {
        for name in ["Ada Lovelace", "李小龍", "Nguyễn Thị Minh", "O’Connor-Ní Dhomhnaill", "María José"]
        {
            assert!(name.parse::<RealName>().is_ok(), "{name}");
        }
        assert_eq!("  Ada \u{a0} Lovelace ".parse::<RealName>().unwrap().expose(), "Ada Lovelace");
        for name in ["", "   ", "1234", "Ada\nLovelace", "Ada\u{202e}ecalevoL", "Ada\u{0}", "<b>Ada</b>"] {
            assert_eq!(name.parse::<RealName>(), Err(InvalidRealName), "{name:?}");
        }
        assert!("a".repeat(200).parse::<RealName>().is_ok());
        assert!("a".repeat(201).parse::<RealName>().is_err());
    }
}
