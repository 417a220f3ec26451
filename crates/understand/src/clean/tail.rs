//! What feeds put under every entry: "Read more", "The post … appeared first
//! on …". It is not the author's, and it makes different items look alike.

/// Endings that are cut when they stand at the very end, folded to lower case.
const ENDINGS: &[&str] = &[
    "read more",
    "read more.",
    "read more...",
    "read more…",
    "read more »",
    "read more →",
    "read the full story",
    "read full story",
    "read full article",
    "read the full article",
    "read the rest",
    "continue reading",
    "continue reading...",
    "continue reading…",
    "continue reading →",
    "continue reading »",
    "click here to read more",
    "keep reading",
    "learn more",
    "[…]",
    "[...]",
    "[read more]",
    "(more…)",
    "(more...)",
    "source",
    "comments",
    "share this article",
    "share this:",
    "और पढ़ें",
    "पूरी खबर पढ़ें",
];

/// How lines begin that lead to another story; a separator follows.
const LEADS: &[&str] = &[
    "also read",
    "also see",
    "read also",
    "read more",
    "read",
    "see also",
    "must read",
    "watch",
    "related",
    "related story",
    "related stories",
    "related article",
    "recommended",
    "trending",
    "don't miss",
    "यह भी पढ़ें",
    "ये भी पढ़ें",
    "इसे भी पढ़ें",
];

/// The longest headline in such a line; a longer one is a paragraph that begins so.
const MAX_LINK: usize = 300;

/// Drops lines that lead to other stories: their places and victims are not this
/// one's. Not in plain text, whose spans lead back to what was given.
pub(super) fn drop_links(text: &mut String) {
    if !text.lines().any(is_link) {
        return;
    }
    let kept: Vec<&str> = text.lines().filter(|line| !is_link(line)).collect();
    // A text that is nothing but links stays: it is all there is.
    if kept.iter().any(|line| !line.is_empty()) {
        *text = kept.join("\n");
    }
}

fn is_link(line: &str) -> bool {
    if line.len() > MAX_LINK {
        return false;
    }
    let lower = line.trim_start_matches("- ").to_lowercase();
    LEADS.iter().any(|lead| {
        lower
            .strip_prefix(lead)
            .is_some_and(|rest| rest.trim_start().starts_with([':', '|', '»', '→']))
    })
}

/// The last stretch that is looked at; the longest real ending names a long
/// title and a publisher.
const WINDOW: usize = 600;

/// Cuts boilerplate from the end, several pieces of it if need be.
pub(super) fn cut(text: &mut String) {
    for _ in 0..4 {
        let Some(keep) = boilerplate(text) else {
            return;
        };
        // A text that is nothing but boilerplate stays: it is all there is.
        if keep == 0 {
            return;
        }
        text.truncate(keep);
        text.truncate(text.trim_end().len());
    }
}

/// Where boilerplate at the end starts.
fn boilerplate(text: &str) -> Option<usize> {
    let from = text.ceil_char_boundary(text.len().saturating_sub(WINDOW));
    let end = text.get(from..)?;
    // Only ASCII letters change, so that offsets stay.
    let lower = end.to_ascii_lowercase();
    if let Some(at) = lower.rfind("the post ")
        && lower.get(at..).is_some_and(|tail| {
            tail.contains(" appeared first on ") || tail.contains(" first appeared on ")
        })
        && starts_sentence(&lower, at)
    {
        return Some(from + at);
    }
    if let Some(at) = lower.rfind("continue reading")
        && starts_sentence(&lower, at)
        && lower
            .get(at..)
            .is_some_and(|tail| !tail.contains(". ") && tail.len() < 250)
    {
        return Some(from + at);
    }
    for ending in ENDINGS {
        let Some(kept) = lower.strip_suffix(ending) else {
            continue;
        };
        if starts_sentence(&lower, kept.len()) {
            return Some(from + kept.len());
        }
    }
    None
}

/// Whether a sentence or line may start here, so that "users should read more"
/// keeps its end.
fn starts_sentence(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.ends_with('\n')
        || before.trim_end().is_empty()
        || before
            .trim_end_matches(' ')
            .ends_with(['.', '!', '?', '…', ']', ')', '।', '"', '”', '\n', ':'])
}
