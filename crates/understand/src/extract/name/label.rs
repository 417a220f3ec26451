//! The labels of the name model: for each kind a first token and a further one.

/// What the model tells apart. The order is that of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A threat actor.
    Actor,
    /// Malware.
    Malware,
    /// A tool.
    Tool,
    /// An organisation.
    Organisation,
    /// A place.
    Place,
    /// A product.
    Product,
    /// A vulnerability.
    Vulnerability,
    /// A file, an address, a hash.
    Indicator,
    /// A person.
    Person,
}

impl NameKind {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Actor,
        Self::Malware,
        Self::Tool,
        Self::Organisation,
        Self::Place,
        Self::Product,
        Self::Vulnerability,
        Self::Indicator,
        Self::Person,
    ];

    /// The label of the first token of a name of this kind.
    #[must_use]
    pub fn first(self) -> u8 {
        1 + 2 * self as u8
    }

    /// The label of its further tokens.
    #[must_use]
    pub fn further(self) -> u8 {
        2 + 2 * self as u8
    }

    /// The kind a label speaks of; none for the label of what is no name.
    #[must_use]
    pub fn of(label: u8) -> Option<Self> {
        let index = usize::from(label.checked_sub(1)?) / 2;
        Self::ALL.get(index).copied()
    }
}

/// How many labels there are; the first, 0, is for what is no name.
pub const LABELS: usize = 19;

/// A score for each label; rounded up to what the processor adds at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row(pub [f32; Row::WIDTH]);

impl Row {
    /// Labels, and one to fill.
    pub const WIDTH: usize = 20;

    /// No score for any label.
    pub const ZERO: Self = Self([0.0; Self::WIDTH]);

    /// Adds the scores of another.
    pub(super) fn add(&mut self, other: &Self) {
        for (score, more) in self.0.iter_mut().zip(&other.0) {
            *score += more;
        }
    }
}

/// Whether one label may follow another. `LABELS` itself stands for the start of a
/// sentence.
#[must_use]
pub fn is_legal(from: usize, to: usize) -> bool {
    let goes_on = to > 0 && to.is_multiple_of(2);
    to < LABELS && (!goes_on || (from < LABELS && (from == to || from + 1 == to)))
}

/// The names in a sequence of labels: kind, first token, one past the last.
#[must_use]
pub fn names(labels: &[u8]) -> Vec<(NameKind, usize, usize)> {
    let mut names = Vec::new();
    let mut open: Option<(NameKind, usize)> = None;
    for (at, label) in labels.iter().chain(&[0]).enumerate() {
        let kind = NameKind::of(*label);
        let goes_on = open.is_some_and(|(open, _)| *label == open.further());
        if !goes_on {
            if let Some((kind, start)) = open.take() {
                names.push((kind, start, at));
            }
            open = kind.map(|kind| (kind, at));
        }
    }
    names
}
