//! Where clean text is put together: white space collapses, what nobody can see
//! is left out, and the length is bounded.

use crate::work;

/// Collects clean text.
pub(super) struct Writer {
    text: String,
    left: usize,
    gap: Gap,
    last: char,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Gap {
    None,
    Blank,
    Line,
}

impl Writer {
    pub(super) fn new(bytes: usize, max_chars: usize) -> Self {
        Self {
            text: String::with_capacity(bytes.min(max_chars * 2)),
            left: max_chars,
            gap: Gap::None,
            last: '\n',
        }
    }

    /// Starts a new line before whatever comes next.
    pub(super) fn new_line(&mut self) {
        self.gap = Gap::Line;
    }

    /// Appends text whose line breaks mean nothing, as in HTML.
    pub(super) fn push_flow(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            // Runs of visible ASCII are most of what is read.
            let run = rest
                .bytes()
                .position(|b| !b.is_ascii_graphic())
                .unwrap_or(rest.len());
            if run > 0 {
                work::steps(run);
                let (plain, after) = rest.split_at(run);
                self.push_visible_ascii(plain);
                rest = after;
                continue;
            }
            let Some(character) = rest.chars().next() else {
                return;
            };
            self.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }

    /// Appends text whose line breaks count.
    pub(super) fn push_lines(&mut self, text: &str) {
        for (index, line) in text.split(['\n', '\r']).enumerate() {
            if index > 0 {
                self.new_line();
            }
            self.push_flow(line);
        }
    }

    /// Appends one character.
    pub(super) fn push(&mut self, character: char) {
        work::steps(1);
        if character.is_whitespace() {
            if self.gap == Gap::None {
                self.gap = Gap::Blank;
            }
        } else if is_visible(character, self.last) {
            self.close_gap();
            if self.left > 0 {
                self.left -= 1;
                self.text.push(character);
                self.last = character;
            }
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn push_visible_ascii(&mut self, text: &str) {
        self.close_gap();
        let kept = text.get(..text.len().min(self.left)).unwrap_or_default();
        self.left -= kept.len();
        self.text.push_str(kept);
        self.last = 'x';
    }

    fn close_gap(&mut self) {
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        if gap == Gap::None || self.text.is_empty() || self.left < 2 {
            return;
        }
        self.left -= 1;
        self.text.push(if gap == Gap::Line { '\n' } else { ' ' });
        self.last = ' ';
    }
}

/// Control characters, zero-width ones, direction marks and tags are left out:
/// they hide words from search and turn text around on the screen. Joiners stay
/// where a script needs them for its shapes.
pub(super) fn is_visible(character: char, before: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' => {
            matches!(before, '\u{0600}'..='\u{0dff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
        }
        '\u{00ad}'
        | '\u{034f}'
        | '\u{061c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => false,
        other => !other.is_control(),
    }
}
