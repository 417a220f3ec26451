//! Which language a text is in.
//!
//! whatlang compares trigrams with some seventy profiles, which costs more than
//! the rest of an analysis. English, most of what is read, is told by its small
//! words; scripts that belong to few languages are cheap for whatlang anyway.

use whatlang::{Lang, Script};

/// Enough to tell a language; more only costs time.
const SAMPLE_CHARS: usize = 600;

/// Below this many letters a guess is a guess.
const FEWEST_LETTERS: usize = 20;

/// Small words of English that its neighbours do not share.
const ENGLISH: &[&str] = &[
    "and", "are", "by", "for", "from", "has", "have", "in", "is", "it", "of", "on", "that", "the",
    "this", "to", "was", "were", "which", "with",
];

/// ISO 639-3 code of the language, if the text is long and clear enough.
pub(crate) fn of(title: &str, text: &str) -> Option<String> {
    let mut sample: String = text.chars().take(SAMPLE_CHARS).collect();
    if sample.chars().count() < 200 {
        sample.insert(0, ' ');
        sample.insert_str(0, &title.chars().take(SAMPLE_CHARS).collect::<String>());
    }
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    if letters < FEWEST_LETTERS {
        return None;
    }
    if is_english(&sample) {
        return Some(Lang::Eng.code().to_owned());
    }
    let info = whatlang::detect(&sample)?;
    // Devanagari is Hindi here far more often than Marathi or Nepali, and short
    // texts are told apart by chance; so a Hindi guess needs no second sign.
    let trusted = info.is_reliable()
        || (info.script() == Script::Devanagari && info.lang() == Lang::Hin)
        || !matches!(
            info.script(),
            Script::Latin | Script::Cyrillic | Script::Devanagari | Script::Arabic | Script::Hebrew
        );
    trusted.then(|| info.lang().code().to_owned())
}

/// Whether at least four different small words stand in it and one word in eight
/// is one: other languages of Latin script share two or three at most.
fn is_english(sample: &str) -> bool {
    let ascii = sample.bytes().filter(u8::is_ascii).count();
    if ascii * 100 < sample.len() * 95 {
        return false;
    }
    let mut words = 0;
    let mut small = 0;
    let mut seen = 0_u32;
    for word in sample.split_ascii_whitespace() {
        words += 1;
        if word.len() > 5 {
            continue;
        }
        let lower = word
            .trim_matches(|c: char| !c.is_ascii_alphabetic())
            .to_ascii_lowercase();
        if let Ok(at) = ENGLISH.binary_search(&lower.as_str()) {
            small += 1;
            seen |= 1 << at;
        }
    }
    seen.count_ones() >= 4 && small * 8 >= words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_and_short_texts_are_not() {
        assert!(ENGLISH.is_sorted());
        for (text, wanted) in [
            (
                "The flaw was found in the login page of the portal and it is exploited by attackers from afar",
                Some("eng"),
            ),
            (
                "दिल्ली के एक अस्पताल पर साइबर हमला हुआ और मरीजों की जानकारी चोरी हो गई",
                Some("hin"),
            ),
            (
                "Die Angreifer haben nach Angaben des Unternehmens Daten von mehreren tausend Kunden gestohlen",
                Some("deu"),
            ),
            (
                "攻撃者は顧客の個人情報を盗んだと発表されました。調査が続いています",
                Some("jpn"),
            ),
            ("CVE-2026-1", None),
            ("", None),
        ] {
            assert_eq!(of("", text).as_deref(), wanted, "{text}");
        }
    }
}
