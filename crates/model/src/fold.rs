//! Text made comparable: what people mean when they say two words are the same.

use unicode_normalization::UnicodeNormalization;

/// NFKC, lower-case, Latin accents removed. Marks of other scripts stay: in
/// Devanagari they are vowels.
#[must_use]
pub fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}

/// Whether the stretch `start..end` (bytes) of `text` stands alone: its first and
/// last characters do not continue a word.
#[must_use]
pub fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(inside), Some(after)) =
        (text.get(..start), text.get(start..end), text.get(end..))
    else {
        return false;
    };
    let joins = |a: Option<char>, b: Option<char>| matches!((a, b), (Some(a), Some(b)) if is_word(a) && is_word(b));
    !joins(before.chars().next_back(), inside.chars().next())
        && !joins(inside.chars().next_back(), after.chars().next())
}

/// Letters, digits and the marks that Indic scripts build words from.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_fall_and_devanagari_marks_stay() {
        assert_eq!(fold("Société Générale"), "societe generale");
        assert_eq!(fold("साइबर हमला"), "साइबर हमला");
        assert_eq!(fold("ＦｏｒｔｉＯＳ"), "fortios");
    }

    #[test]
    fn a_word_inside_a_word_does_not_stand_alone() {
        assert!(stands_alone("the sap system", 4, 7));
        assert!(!stands_alone("sapling", 0, 3));
        assert!(stands_alone("c++ code", 0, 3));
        assert!(!stands_alone("short", 3, 99));
    }
}
