//! A rewritten text that remembers where each part came from.
//!
//! Folding and re-fanging change lengths (`ß`, `[.]`), yet every span must count
//! in the text as the reader sees it. Runs that were copied cost one entry;
//! only what was replaced costs one each.

/// A text made from another, with the way back.
#[derive(Debug, Default)]
pub(crate) struct Mapped {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where the piece starts in the new text.
    at: usize,
    /// Where it starts in the old one.
    from: usize,
    /// How long it was in the old text, if it was replaced; a copied run has none.
    replaced: Option<usize>,
}

impl Mapped {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            pieces: Vec::new(),
        }
    }

    /// Appends what stands in the old text as it is.
    pub(crate) fn copy(&mut self, from: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        let goes_on = self.pieces.last().is_some_and(|last| {
            last.replaced.is_none() && last.from + (self.text.len() - last.at) == from
        });
        if !goes_on {
            self.pieces.push(Piece {
                at: self.text.len(),
                from,
                replaced: None,
            });
        }
        self.text.push_str(text);
    }

    /// Starts a replacement of `len` old bytes; what [`Self::push`] appends
    /// afterwards stands for them.
    pub(crate) fn replace(&mut self, from: usize, len: usize) {
        self.pieces.push(Piece {
            at: self.text.len(),
            from,
            replaced: Some(len),
        });
    }

    /// Appends to the replacement that was started last.
    pub(crate) fn push(&mut self, character: char) {
        self.text.push(character);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where in the old text the thing starts that stands at `at` in the new.
    pub(crate) fn start_of(&self, at: usize) -> usize {
        match self.piece_at(at) {
            None => 0,
            Some(piece) => match piece.replaced {
                None => piece.from + (at - piece.at),
                Some(_) => piece.from,
            },
        }
    }

    /// Where in the old text the thing ends that ends before `end` in the new.
    pub(crate) fn end_of(&self, end: usize) -> usize {
        let Some(last) = end.checked_sub(1) else {
            return 0;
        };
        match self.piece_at(last) {
            None => 0,
            Some(piece) => match piece.replaced {
                None => piece.from + (end - piece.at),
                Some(len) => piece.from + len,
            },
        }
    }

    /// Whether anything between `start` and `end` of the new text was replaced.
    pub(crate) fn is_changed(&self, start: usize, end: usize) -> bool {
        let first = self
            .pieces
            .partition_point(|piece| piece.at <= start)
            .saturating_sub(1);
        self.pieces
            .iter()
            .skip(first)
            .take_while(|piece| piece.at < end)
            .any(|piece| piece.replaced.is_some())
    }

    fn piece_at(&self, at: usize) -> Option<Piece> {
        let after = self.pieces.partition_point(|piece| piece.at <= at);
        after
            .checked_sub(1)
            .and_then(|index| self.pieces.get(index))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_crosses_replacements() {
        // "a[.]bc" becomes "a.bc".
        let mut mapped = Mapped::with_capacity(8);
        mapped.copy(0, "a");
        mapped.replace(1, 3);
        mapped.push('.');
        mapped.copy(4, "bc");
        assert_eq!(mapped.text(), "a.bc");
        assert_eq!((mapped.start_of(0), mapped.end_of(4)), (0, 6));
        assert_eq!((mapped.start_of(1), mapped.end_of(2)), (1, 4));
        assert_eq!((mapped.start_of(2), mapped.end_of(3)), (4, 5));
        assert!(mapped.is_changed(0, 4));
        assert!(!mapped.is_changed(2, 4));
        assert!(!mapped.is_changed(0, 1));
    }
}
