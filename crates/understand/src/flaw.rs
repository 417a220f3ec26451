//! What a description says of the flaw it describes: how bad, in CVSS 3.1, and
//! which weakness it is. For CVEs that nobody has scored.
//!
//! One small linear model judges each metric of the vector, another the band,
//! another the class of weakness, a last one whether the text is such a
//! description at all. All read the same words ([`words`]), so that their weights
//! lie in one row and cost one visit to memory. What [`vector`] makes of the
//! metrics is marked as ours wherever it is shown.

mod named;
pub mod vector;
mod words;

use model::{Aspect, AttackClass, CweId, Reason, Span, attack};

use crate::passage::Passage;
use crate::weights::{Section, Weights, WeightsError, unfit};
use named::Named;
use vector::{METRICS, Spread, VALUES, VECTORS, Vectors};
use words::{Gram, Words};

/// Where the bands' outputs start.
const BANDS: usize = VALUES;

/// Where it is said whether the text describes a flaw.
const DESCRIBES: usize = BANDS + 4;

/// Where the weaknesses' outputs start.
pub const FIRST_WEAKNESS: usize = DESCRIBES + 1;

/// More outputs than the model has.
const MAX_OUTPUTS: usize = 128;

/// More words than the model knows.
const MAX_WORDS: usize = 1 << 17;

/// Keys are found by their first bits: 4,096 starts of some ten keys.
const START_SHIFT: u32 = 20;

/// A weakness that the model is less sure of than this is not named. Where no phrase names
/// one, what it gave at 0.5 was right in two of five.
const SURE_WEAKNESS: f32 = 0.7;

/// How much a weakness or an attack class that is named weighs among reasons: about what
/// the model's own do.
const NAMED_WEIGHT: f32 = 0.25;

/// Words shown with one metric.
const SHOWN_WORDS: usize = 2;

/// A metric whose best word says less than this is not explained.
const LEAST_WORTH: f32 = 0.25;

/// The loaded model.
#[derive(Debug, Clone)]
pub struct FlawModel {
    /// Hashes of the known words and pairs, ascending.
    keys: Vec<u32>,
    /// Where the keys of each start begin, and where the last ones end.
    starts: Vec<u32>,
    /// By word: idf, then a weight an output.
    rows: Section<u8>,
    outputs: usize,
    /// Of the idf, then of each output.
    scales: Vec<f32>,
    bias: Vec<f32>,
    weaknesses: Vec<CweId>,
    /// How much the direct judgement of the band counts.
    share: f32,
    vectors: Vectors,
}

/// What was read out of one description.
#[derive(Debug, Clone, PartialEq)]
pub struct Flaw {
    /// The vector that has the score, and is the most probable of those.
    pub vector: String,
    /// The score, 0 to 10.
    pub score: f32,
    /// The chance that its band is right, as the model sees it.
    pub sure: f32,
    /// The class of weakness, if we are sure enough of one.
    pub weakness: Option<CweId>,
}

/// Whence a class of weakness is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// The text names it.
    Named(Named),
    /// The model judges it by all words.
    Judged(CweId),
}

/// The words of one text.
struct Known {
    words: Words,
    /// Known words by row, each once.
    rows: Vec<u32>,
}

/// The sums of one text.
pub(crate) struct Sums {
    words: Words,
    /// Known words by row, each once, with their value.
    known: Vec<(u32, f32)>,
    sums: [f32; MAX_OUTPUTS],
}

impl FlawModel {
    /// Reads the sections `keys`, `rows`, `scales`, `bias`, `weaknesses`, `lifts`,
    /// `share` and the counts `words`, `outputs`.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Unfit`] if sizes do not fit one another or this program.
    pub fn read(weights: &Weights) -> Result<Self, WeightsError> {
        let words = weights.count("words", MAX_WORDS)?;
        let outputs = weights.count("outputs", MAX_OUTPUTS)?;
        let classes = outputs
            .checked_sub(FIRST_WEAKNESS + 1)
            .ok_or_else(|| unfit("it has too few outputs"))?;
        let finite = |name: &str, count: usize| -> Result<Vec<f32>, WeightsError> {
            let numbers: Vec<f32> = weights.section_of(name, count)?.iter().collect();
            if numbers.iter().all(|number| number.is_finite()) {
                Ok(numbers)
            } else {
                Err(unfit(format!("{name} are no numbers")))
            }
        };
        let keys: Vec<u32> = weights.section_of("keys", words)?.iter().collect();
        if !keys.is_sorted_by(|a, b| a < b) {
            return Err(unfit("its words are out of order"));
        }
        let starts = (0..=1_u64 << (32 - START_SHIFT))
            .map(|start| keys.partition_point(|key| u64::from(*key) < start << START_SHIFT))
            .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
            .collect();
        Ok(Self {
            keys,
            starts,
            rows: weights.section_of("rows", words * (outputs + 1))?,
            outputs,
            scales: finite("scales", outputs + 1)?,
            bias: finite("bias", outputs)?,
            weaknesses: weights
                .section_of::<u32>("weaknesses", classes)?
                .iter()
                .map(CweId)
                .collect(),
            share: finite("share", 1)?.first().copied().unwrap_or_default(),
            vectors: Vectors::new(finite("lifts", VECTORS)?),
        })
    }

    /// What a description says; `title` may be empty.
    #[must_use]
    pub fn describe(&self, title: &str, description: &str) -> Flaw {
        let passages = [
            Passage::new(model::Field::Title, title.to_owned()),
            Passage::new(model::Field::Text, description.to_owned()),
        ];
        let sums = self.sums(&passages);
        let spread = self.spread(&sums);
        Flaw {
            vector: vector::write(&spread.levels),
            score: spread.score,
            sure: spread.sure,
            weakness: self
                .weakness(&sums, &passages)
                .map(|weakness| match weakness {
                    Weakness::Named(named) => named.weakness,
                    Weakness::Judged(cwe) => cwe,
                }),
        }
    }

    pub(crate) fn sums(&self, passages: &[Passage; 2]) -> Sums {
        self.sums_of(self.read_words(passages))
    }

    /// The sums, if the text is the description of a flaw, as a CVE record has it, and not
    /// news of one: from this probability on. Most texts are news, and cost one sum.
    pub(crate) fn sums_if_described(&self, passages: &[Passage; 2], from: f32) -> Option<Sums> {
        let known = self.read_words(passages);
        let rows = self.rows.bytes();
        let width = self.outputs + 1;
        let (mut dot, mut squares) = (0.0_f32, 0.0_f32);
        for row in &known.rows {
            let at = *row as usize * width;
            let Some(row) = rows.get(at..at + width) else {
                continue;
            };
            let [idf, weight] = [0, 1 + DESCRIBES].map(|at| row.get(at).copied());
            let value = f32::from(idf.unwrap_or_default());
            squares += value * value;
            dot += value * f32::from(weight.unwrap_or_default().cast_signed());
        }
        let bias = self.bias.get(DESCRIBES).copied().unwrap_or_default();
        let odds = bias + dot * self.scale(DESCRIBES) / length(squares);
        (1.0 / (1.0 + (-odds).exp()) >= from).then(|| self.sums_of(known))
    }

    fn read_words(&self, passages: &[Passage; 2]) -> Known {
        let words = Words::of(passages);
        // The keys are touched first, so that many are waited for at a time.
        let touched = words.grams().iter().fold(0, |all, gram| {
            let start = self.starts.get((gram.hash >> START_SHIFT) as usize);
            let key = start.and_then(|start| self.keys.get(*start as usize));
            all ^ key.copied().unwrap_or_default()
        });
        std::hint::black_box(touched);
        let mut rows: Vec<u32> = words
            .grams()
            .iter()
            .filter_map(|gram| self.row_of(gram.hash))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        Known { words, rows }
    }

    fn sums_of(&self, known: Known) -> Sums {
        let rows = self.rows.bytes();
        let width = self.outputs + 1;
        let mut dots = [0.0_f32; MAX_OUTPUTS];
        let mut squares = 0.0_f32;
        for row in &known.rows {
            let at = *row as usize * width;
            let Some((idf, weights)) = rows.get(at..at + width).and_then(|row| row.split_first())
            else {
                continue;
            };
            let value = f32::from(*idf);
            squares += value * value;
            for (dot, weight) in dots.iter_mut().zip(weights) {
                *dot += value * f32::from(weight.cast_signed());
            }
        }
        let length = length(squares);
        let mut sums = [0.0_f32; MAX_OUTPUTS];
        for (output, (sum, bias)) in sums.iter_mut().zip(&self.bias).enumerate() {
            let dot = dots.get(output).copied().unwrap_or_default();
            *sum = bias + dot * self.scale(output) / length;
        }
        let values = known.rows.into_iter().map(|row| {
            let idf = rows.get(row as usize * width).copied().unwrap_or_default();
            (row, f32::from(idf) / length)
        });
        Sums {
            known: values.collect(),
            words: known.words,
            sums,
        }
    }

    pub(crate) fn spread(&self, sums: &Sums) -> Spread {
        let mut metrics = [0.0_f32; VALUES];
        let mut first = 0;
        for (_, values) in METRICS {
            softmax(&sums.sums, first, values.len(), &mut metrics, first);
            first += values.len();
        }
        let mut bands = [0.0; 4];
        softmax(&sums.sums, BANDS, 4, &mut bands, 0);
        self.vectors.spread(&metrics, bands, self.share)
    }

    /// The class of weakness, if we are sure enough of one: what the text names exactly,
    /// else what the model is sure of, else what the text names broadly.
    pub(crate) fn weakness(&self, sums: &Sums, passages: &[Passage; 2]) -> Option<Weakness> {
        let [title, text] = passages;
        let named = named::named([&title.clean, &text.clean]);
        match named {
            Some(named) if !named.is_broad => Some(Weakness::Named(named)),
            named => self
                .judged(sums)
                .map(Weakness::Judged)
                .or(named.map(Weakness::Named)),
        }
    }

    /// The class of weakness that the model is sure of.
    fn judged(&self, sums: &Sums) -> Option<CweId> {
        let mut chances = [0.0_f32; MAX_OUTPUTS];
        // The last output is all other classes together.
        softmax(
            &sums.sums,
            FIRST_WEAKNESS,
            self.weaknesses.len() + 1,
            &mut chances,
            0,
        );
        self.weaknesses
            .iter()
            .zip(chances)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, chance)| *chance >= SURE_WEAKNESS)
            .map(|(cwe, _)| *cwe)
    }

    /// Why the vector is this one: the words that speak most for each metric's
    /// value against its others.
    pub(crate) fn explain(
        &self,
        sums: &Sums,
        spread: &Spread,
        passages: &[Passage; 2],
    ) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let mut first = 0;
        for ((level, (name, values)), words) in spread.levels.iter().zip(METRICS).zip(MEANINGS) {
            let value = first + usize::from(*level);
            let others = (first..first + values.len()).filter(|other| *other != value);
            let best = self.strongest(sums, value, &others.collect::<Vec<_>>());
            first += values.len();
            let meaning = words
                .1
                .get(usize::from(*level))
                .copied()
                .unwrap_or_default();
            let letter = values.get(usize::from(*level)..).and_then(|v| v.get(..1));
            let told = self.told(sums, &best, passages, |quoted| {
                let letter = letter.unwrap_or_default();
                let lowers = if is_worst(name, *level) {
                    ""
                } else {
                    "lowers: "
                };
                format!("{lowers}{} {meaning} ({name}:{letter}): {quoted}", words.0)
            });
            reasons.extend(told.map(|mut reason| {
                if !is_worst(name, *level) {
                    reason.weight = -reason.weight;
                }
                reason
            }));
        }
        reasons
    }

    /// Why this weakness.
    pub(crate) fn explain_weakness(
        &self,
        sums: &Sums,
        weakness: &Weakness,
        passages: &[Passage; 2],
    ) -> Option<Reason> {
        let weakness = match weakness {
            Weakness::Judged(weakness) => *weakness,
            Weakness::Named(named) => {
                let passage = passages.get(named.text)?;
                let said = passage.clean.get(named.at.clone())?;
                let text = format!("Vulnerability: {}, named “{said}”", named.weakness);
                let span = passage.span(named.at.start, named.at.end);
                return Some(Reason::new(Aspect::Type, text, NAMED_WEIGHT).at(vec![span]));
            }
        };
        let at = self
            .weaknesses
            .iter()
            .position(|known| *known == weakness)?;
        let value = FIRST_WEAKNESS + at;
        let best = self.strongest(sums, value, &[]);
        let mut reason = self.told(sums, &best, passages, |quoted| {
            format!("Vulnerability: {weakness}, read from {quoted}")
        })?;
        reason.aspect = Aspect::Type;
        Some(reason)
    }

    /// The rows that lift `value` most above the mean of `others`.
    fn strongest(&self, sums: &Sums, value: usize, others: &[usize]) -> Vec<(u32, f32)> {
        let mut worths: Vec<(u32, f32)> = sums
            .known
            .iter()
            .map(|(row, length)| {
                let of = |output: usize| self.weight(*row, output) * length;
                let rest = others.iter().map(|other| of(*other)).sum::<f32>();
                (*row, of(value) - rest / others.len().max(1) as f32)
            })
            .filter(|(_, worth)| *worth > LEAST_WORTH)
            .collect();
        worths.sort_by(|a, b| b.1.total_cmp(&a.1));
        worths.truncate(SHOWN_WORDS);
        worths
    }

    fn told(
        &self,
        sums: &Sums,
        best: &[(u32, f32)],
        passages: &[Passage; 2],
        say: impl Fn(&str) -> String,
    ) -> Option<Reason> {
        let mut spans: Vec<Span> = Vec::new();
        let mut quoted = String::new();
        for (row, _) in best {
            let is_row = |gram: &&Gram| self.row_of(gram.hash) == Some(*row);
            let Some(gram) = sums.words.grams().iter().find(is_row) else {
                continue;
            };
            let Some((span, said)) = sums.words.place(gram, passages) else {
                continue;
            };
            quoted.push_str(if quoted.is_empty() { "“" } else { ", “" });
            quoted.push_str(said);
            quoted.push('”');
            spans.push(span);
        }
        let worth = best.iter().map(|(_, worth)| worth).sum::<f32>();
        // Metrics stand below the judgement itself, which weighs up to 1.
        let weight = 0.5 * worth / (1.0 + worth);
        (!spans.is_empty()).then(|| Reason::new(Aspect::Severity, say(&quoted), weight).at(spans))
    }

    /// The row of a word. Hashes are spread evenly, so that the keys of one start
    /// are few.
    fn row_of(&self, hash: u32) -> Option<u32> {
        let start = (hash >> START_SHIFT) as usize;
        let first = *self.starts.get(start)?;
        let end = *self.starts.get(start + 1)?;
        let keys = self.keys.get(first as usize..end as usize)?;
        let at = keys.iter().position(|key| *key == hash)?;
        Some(first + u32::try_from(at).ok()?)
    }

    fn weight(&self, row: u32, output: usize) -> f32 {
        let at = row as usize * (self.outputs + 1) + 1 + output;
        let weight = self.rows.bytes().get(at).copied().unwrap_or_default();
        f32::from(weight.cast_signed()) * self.scale(output)
    }

    /// The idf's own scale falls out, for texts are scaled to length one.
    fn scale(&self, output: usize) -> f32 {
        self.scales.get(output + 1).copied().unwrap_or_default()
    }
}

/// The metrics and their values in words, in the order of [`METRICS`].
const MEANINGS: [(&str, &[&str]); 8] = [
    (
        "attack vector",
        &["network", "adjacent", "local", "physical"],
    ),
    ("attack complexity", &["low", "high"]),
    ("privileges required", &["none", "low", "high"]),
    ("user interaction", &["none", "required"]),
    ("scope", &["unchanged", "changed"]),
    ("confidentiality impact", &["none", "low", "high"]),
    ("integrity impact", &["none", "low", "high"]),
    ("availability impact", &["none", "low", "high"]),
];

/// Whether a metric's value is the one that scores most; any other lowers the score.
fn is_worst(metric: &str, level: u8) -> bool {
    match metric {
        "C" | "I" | "A" => level == 2,
        "S" => level == 1,
        _ => level == 0,
    }
}

/// What an attacker does with the flaw, as the text says: a reason each.
pub(crate) fn explain_attacks(passages: &[Passage; 2]) -> Vec<Reason> {
    let mut known: Vec<AttackClass> = Vec::new();
    let mut reasons = Vec::new();
    for passage in passages {
        for told in attack::told(&passage.clean) {
            if known.contains(&told.says) {
                continue;
            }
            known.push(told.says);
            let said = passage.clean.get(told.at.clone()).unwrap_or_default();
            let text = format!("Vulnerability: {}, named “{said}”", told.says.word());
            let span = passage.span(told.at.start, told.at.end);
            reasons.push(Reason::new(Aspect::Type, text, NAMED_WEIGHT).at(vec![span]));
        }
    }
    reasons
}

fn length(squares: f32) -> f32 {
    squares.sqrt().max(f32::MIN_POSITIVE)
}

/// Turns `count` sums from `first` on into probabilities.
fn softmax(sums: &[f32], first: usize, count: usize, to: &mut [f32], at: usize) {
    let of = sums.get(first..first + count).unwrap_or_default();
    let most = of.iter().copied().fold(f32::MIN, f32::max);
    let all: f32 = of.iter().map(|sum| (sum - most).exp()).sum();
    for (to, sum) in to.iter_mut().skip(at).zip(of) {
        *to = (sum - most).exp() / all;
    }
}

/// The words of a text, for training: each hash once.
#[must_use]
pub fn words_of(document: &crate::Document) -> Vec<u32> {
    let words = Words::of(&document.passages);
    let mut hashes: Vec<u32> = words.grams().iter().map(|gram| gram.hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}
