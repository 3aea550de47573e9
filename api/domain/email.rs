//! Email addresses: one normal form, so that one mailbox is one account.

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;

use super::personal::{is_deceptive, personal_text};

personal_text! {
    /// An email address, trimmed, its local part in NFC and lower case, its domain as A-labels.
    ///
    /// Letters of several scripts in one part are refused: such an address imitates another one.
    Email, refusal InvalidEmail = "invalid_email", parse normalise,
    length 3 ..= 254, format Some("email"), example "ada@example.org"
}

fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 1_000 || text.chars().any(|c| c.is_control() || c.is_whitespace() || is_deceptive(c)) {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    // Lower-casing can leave NFC, hence twice; a test holds that the form is stable.
    let local: String = local.nfc().collect::<String>().to_lowercase().nfc().collect();
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let address = format!("{local}@{domain}");
    (is_local_part(&local) && is_domain(&domain) && address.len() <= 254).then_some(address)
}

fn is_local_part(local: &str) -> bool {
    !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !local.contains(['"', '(', ')', ',', ':', ';', '<', '>', '@', '[', '\\', ']'])
        && local.is_single_script()
}

fn is_domain(domain: &str) -> bool {
    let (unicode, valid) = idna::domain_to_unicode(domain);
    valid.is_ok()
        && domain.contains('.')
        && !domain.ends_with('.')
        && domain.rsplit('.').next().is_some_and(|tld| !tld.bytes().all(|b| b.is_ascii_digit()))
        && unicode.split('.').all(MixedScript::is_single_script)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::personal::Personal;

    #[test]
    fn spellings_of_one_mailbox_are_one_address() {
        for text in [" Ada@Example.ORG ", "ada@example.org", "ADA@EXAMPLE.org"] {
            assert_eq!(text.parse::<Email>().unwrap().expose(), "ada@example.org");
        }
        assert_eq!("jö@bücher.example".parse::<Email>().unwrap().expose(), "jö@xn--bcher-kva.example");
    }

    #[test]
    fn imitations_and_fragments_are_refused() {
        let cyrillic_a = "\u{430}da@example.org";
        let mixed_domain = "ada@ex\u{430}mple.org";
        for text in [
            cyrillic_a,
            mixed_domain,
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "a b@example.org",
            "ada\u{0}@example.org",
            "ada\u{202e}@example.org",
            ".ada@example.org",
            "ada@example.org.",
            "ada@1.2.3.4",
            "\"a\"@example.org",
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail), "{text:?}");
        }
        assert!(format!("{}@example.org", "a".repeat(65)).parse::<Email>().is_err());
    }

    #[test]
    fn the_normal_form_is_stable() {
        for text in ["İ@example.org", "Σας@example.org", "ﬁ@example.org", "e\u{301}@example.org"] {
            if let Ok(once) = text.parse::<Email>() {
                assert_eq!(once.expose().parse::<Email>().unwrap(), once, "{text}");
            }
        }
    }
}
