//! Free text about a person is screened for special categories of data (clause 1.9, GDPR art. 9): words that
//! speak of them keep a text from being written at all. What slips through is for people to leave out; what
//! is caught by mistake can be said in other words.

use crate::domain::closed_list::closed_list;

closed_list! {
    /// A special category of data.
    SpecialCategory {
        Origin = "origin",
        Belief = "belief",
        SexualLife = "sexual_life",
        Politics = "politics",
        Health = "health",
        Genetics = "genetics",
        Biometrics = "biometrics",
    }
}

use SpecialCategory::{Belief, Biometrics, Genetics, Health, Origin, Politics, SexualLife};

/// Beginnings of words, in English and German, without signs. One that ends in a dot is a whole word, and one that
/// begins with a star stands anywhere in a word, as in German compounds.
const STEMS: &[(SpecialCategory, &[&str])] = &[
    (
        Origin,
        &[
            "ethnic",
            "ethnisch",
            "ethnie",
            "racial",
            "skin color",
            "skin colour",
            "hautfarbe",
            "caucasian",
            "african american",
            "gypsy",
            "sinti.",
            "aboriginal",
        ],
    ),
    (
        Belief,
        &[
            "religio",
            "christianity",
            "christlich",
            "catholic",
            "katholi",
            "protestant",
            "evangelisch",
            "muslim",
            "moslem",
            "islam",
            "jew.",
            "jews.",
            "jewish",
            "judaism",
            "judisch",
            "juedisch",
            "hindu",
            "buddhis",
            "atheis",
            "sikh",
            "jehova",
            "mormon",
            "konfession",
            "weltanschau",
            "church member",
        ],
    ),
    (
        SexualLife,
        &[
            "homosexu",
            "heterosexu",
            "bisexu",
            "sexual",
            "sexuell",
            "gay.",
            "lesbian",
            "lesbisch",
            "schwul",
            "queer",
            "transgender",
            "transsexu",
            "lgbt",
        ],
    ),
    (
        Politics,
        &[
            "political",
            "politisch",
            "party member",
            "green party",
            "parteimitglied",
            "trade union",
            "gewerkschaft",
            "communis",
            "kommunis",
            "socialis",
            "sozialis",
            "fascis",
            "faschis",
            "right wing",
            "left wing",
            "linksradikal",
            "rechtsradikal",
        ],
    ),
    (
        Health,
        &[
            "disease",
            "illness",
            "*krank",
            "tumor",
            "tumour",
            "*krebs",
            "diagnos",
            "cancer.",
            "diabet",
            "hiv.",
            "aids.",
            "depress",
            "schizo",
            "pregnan",
            "schwanger",
            "disab",
            "*behinder",
            "psychiatr",
            "medication",
            "medikament",
            "therap",
            "addict",
            "suchtig",
            "suechtig",
            "mental health",
        ],
    ),
    (
        Genetics,
        &["genetic", "genetisch", "genome", "genom.", "dna.", "dns.", "hereditary", "erbkrank", "erbgut"],
    ),
    (
        Biometrics,
        &[
            "biometr",
            "fingerprint",
            "fingerabdruck",
            "iris scan",
            "retina",
            "face template",
            "faceprint",
            "voiceprint",
        ],
    ),
];

/// What looks like it and is everyday speech here: a town, and a term of the law on money laundering.
const INNOCENT: [&str; 2] = [" islamabad ", " politically exposed "];

/// Whether somebody is called a member of some party.
fn is_of_a_party(text: &str) -> bool {
    text.split(" member of ").skip(1).any(|rest| rest.split(' ').take(5).any(|word| word == "party"))
}

/// The category that a text speaks of, if any.
pub fn found_in(text: &str) -> Option<SpecialCategory> {
    let latin = any_ascii::any_ascii(text).to_ascii_lowercase();
    let words: Vec<&str> =
        latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let text = INNOCENT.iter().fold(format!(" {} ", words.join(" ")), |text, words| text.replace(words, " "));
    let speaks = |stem: &str| match (stem.strip_suffix('.'), stem.strip_prefix('*')) {
        (Some(word), _) => text.contains(&format!(" {word} ")),
        (None, Some(part)) => text.contains(part),
        (None, None) => text.contains(&format!(" {stem}")),
    };
    if is_of_a_party(&text) {
        return Some(Politics);
    }
    STEMS.iter().find(|(_, stems)| stems.iter().any(|stem| speaks(stem))).map(|(category, _)| *category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_speaks_of_a_category_is_found() {
        for (text, category) in [
            ("The person's ETHNIC origin shows on the card", Origin),
            ("Is a Catholic, says the card", Belief),
            ("evangelisch (Lohnsteuer)", Belief),
            ("jüdisch", Belief),
            ("he is gay.", SexualLife),
            ("Gewerkschafts-Mitglied", Politics),
            ("Letter from a psychiatric ward", Health),
            ("seit 2019 schwanger", Health),
            ("card of people with disabilities", Health),
            ("Schwerbehindertenausweis", Health),
            ("Attest einer Krebserkrankung", Health),
            ("has a tumour", Health),
            ("Is a Jew", Belief),
            ("a member of the Green Party", Politics),
            ("member of the New Conservative Party", Politics),
            ("a dna test", Genetics),
            ("holds a FINGER-PRINT? no: fingerprint", Biometrics),
        ] {
            assert_eq!(found_in(text), Some(category), "{text}");
        }
    }

    #[test]
    fn what_reviewers_write_day_by_day_is_not() {
        for text in [
            "The name is written with one letter less; birth date and number agree.",
            "Image is blurred, asked for a new one.",
            "Gayle Christianson, 12 Race Course Road, Christchurch",
            "Bill from a water supplier in Cancerio",
            "",
            "The bill is from Islamabad.",
            "Not a politically exposed person.",
            "A member of staff of the bank wrote it; a third party confirms.",
            "Die Rückseite fehlt.",
        ] {
            assert_eq!(found_in(text), None, "{text}");
        }
    }

    #[test]
    fn each_category_has_stems_in_the_form_that_is_looked_for() {
        for category in SpecialCategory::ALL {
            let stems = STEMS.iter().find(|(of, _)| of == category).unwrap().1;
            assert!(stems.len() > 5, "{category:?}");
            for stem in stems {
                let form = |c: char| c.is_ascii_lowercase() || matches!(c, ' ' | '.' | '*');
                assert!(stem.chars().all(form), "{stem}");
            }
        }
    }
}
