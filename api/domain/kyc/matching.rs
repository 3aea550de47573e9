//! Whether a name or an address on a document is the one that the person told: written in another alphabet,
//! case, order or with other signs it still is; anything else is for a reviewer to judge.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// How one and the same letter is written without its signs, by other customs than dropping them.
const DIGRAPHS: &[(char, &str)] = &[
    ('ä', "ae"),
    ('ö', "oe"),
    ('ü', "ue"),
    ('ø', "oe"),
    ('å', "aa"),
    ('ñ', "n"),
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('þ', "th"),
    ('ð', "d"),
];

/// Words of addresses and how they are shortened.
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("st", "street"),
    ("str", "strasse"),
    ("rd", "road"),
    ("ave", "avenue"),
    ("av", "avenue"),
    ("ln", "lane"),
    ("dr", "drive"),
    ("tce", "terrace"),
    ("pl", "place"),
    ("cres", "crescent"),
    ("sq", "square"),
    ("blvd", "boulevard"),
    ("hwy", "highway"),
    ("apt", "apartment"),
    ("fl", "floor"),
    ("n", "north"),
    ("s", "south"),
    ("e", "east"),
    ("w", "west"),
];

/// Whether every part of the name that the person told stands on the document. A document may have more:
/// middle names, titles.
pub fn is_same_name(told: &str, printed: &str) -> bool {
    spellings(told)
        .iter()
        .any(|told| spellings(printed).iter().any(|printed| !told.is_empty() && told.is_subset(printed)))
}

/// Whether line, postal code and city that the person told stand on the document.
pub fn is_same_address(told: &[&str], printed: &str) -> bool {
    let told = told.join(" ");
    let expand =
        |words: &BTreeSet<String>| -> BTreeSet<String> { words.iter().map(|word| whole(word)).collect() };
    spellings(&told).iter().any(|told| {
        spellings(printed).iter().any(|printed| !told.is_empty() && expand(told).is_subset(&expand(printed)))
    })
}

fn whole(word: &str) -> String {
    let known = ABBREVIATIONS.iter().find(|(short, _)| *short == word);
    known.map_or_else(|| word.to_owned(), |(_, long)| (*long).to_owned())
}

/// The words of a text in Latin letters and digits, by each custom of writing them.
fn spellings(text: &str) -> [BTreeSet<String>; 2] {
    let text: String = text.nfc().collect::<String>().to_lowercase();
    let digraphs: String = text
        .chars()
        .map(|c| {
            DIGRAPHS
                .iter()
                .find(|(letter, _)| *letter == c)
                .map_or_else(|| c.to_string(), |(_, two)| (*two).to_owned())
        })
        .collect();
    [words(&text), words(&digraphs)]
}

fn words(text: &str) -> BTreeSet<String> {
    let latin = any_ascii::any_ascii(text).to_ascii_lowercase();
    // What joins two parts of one name in one place parts them in another; an apostrophe does neither.
    let joined: String = latin.chars().filter(|c| !matches!(c, '\'' | '`' | '.')).collect();
    joined
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_other_letters_and_order() {
        for (told, printed) in [
            ("Ada Lovelace", "LOVELACE ADA"),
            ("Ada Lovelace", "Ada Augusta King Lovelace"),
            ("Jürgen Müller", "MUELLER JUERGEN"),
            ("Jürgen Müller", "Jurgen Muller"),
            ("Søren Kierkegaard", "SOEREN KIERKEGAARD"),
            ("Łukasz Żak", "LUKASZ ZAK"),
            ("Владимир Иванов", "VLADIMIR IVANOV"),
            ("Conor O'Neill", "ONEILL, CONOR"),
            ("Anne-Marie Dupont", "DUPONT ANNE MARIE"),
            ("Zoe\u{308} Kravitz", "ZOË KRAVITZ"),
            ("Nguyễn Văn An", "NGUYEN VAN AN"),
        ] {
            assert!(is_same_name(told, printed), "{told} {printed}");
        }
    }

    #[test]
    fn another_name_is_another() {
        for (told, printed) in [
            ("Ada Lovelace", "Ada Byron"),
            ("Ada Lovelace", "Lovelace"),
            ("Ada Lovelace", ""),
            ("", "Ada Lovelace"),
            ("---", "Ada Lovelace"),
            ("Jan Smit", "Jan Smith"),
        ] {
            assert!(!is_same_name(told, printed), "{told} {printed}");
        }
    }

    #[test]
    fn an_address_is_the_same_with_shortened_words_and_more_lines() {
        let told = ["12 Queen Street", "1010", "Auckland"];
        assert!(is_same_address(&told, "Mr A. Lovelace, 12 Queen St, Auckland 1010, New Zealand"));
        assert!(is_same_address(&["Hauptstraße 5", "10115", "Berlin"], "HAUPTSTRASSE 5, 10115 BERLIN"));
        assert!(!is_same_address(&told, "21 Queen Street, Auckland 1010"));
        assert!(!is_same_address(&told, "12 Queen Street, Auckland 1011"));
        assert!(!is_same_address(&told, "12 Queen Street, Wellington 1010"));
        assert!(!is_same_address(&["", "", ""], "12 Queen Street"));
    }
}
