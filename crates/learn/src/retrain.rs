//! Learning from feedback on the user's machine, and the gate before it counts.
//!
//! The shipped model is the prior: what is learned is a difference from it whose
//! length costs, so a little feedback moves little. Texts that nobody spoke of are
//! there too, with what the shipped model thinks of them: what people do not
//! correct should stay as it is. A third of the feedback, told apart by a hash of
//! its story, is never learned from; there the trained model is tried beside the
//! live one. It goes live only if it is worse in nothing, and better by more than
//! chance than the live one and than saying the same of everything: on labels given
//! by dice the live model is as wrong as any, so "not worse" alone would let half of
//! all dice through, and loaded dice even "better".

mod bands;
mod sums;

use std::collections::BTreeMap;

use model::training::{Marks, Task, Trial};
use model::{Feedback, ItemKind, Said, Sample, hash};
use understand::severity::signs::{self, Sign};
use understand::weights::{Weights, WeightsError};
use understand::{Models, is_bare, is_line};

use crate::file::Writer;
use crate::measure::{Bin, Confusion, calibration};
use crate::texts::Text;
use bands::Bands;
use sums::Sums;

/// So many labels must be held back before the gate can pass.
pub const NEEDED: u32 = 50;

/// One label in so many is held back.
const HELD_BACK: u8 = 3;

/// What a text nobody spoke of weighs beside a label.
const OTHER: f32 = 0.25;

/// Mended less broken must reach this many standard deviations of what chance does:
/// one random training in a hundred gets there.
const CLEARLY: f64 = 2.33;

/// Labels are one-sided when saying the same of everything is wrong on fewer.
const ONE_SIDED: f64 = 0.1;

/// Of texts nobody spoke of at most this share may be decided otherwise …
const MOST_MOVED: f64 = 0.2;

/// … if there are enough to tell. One-sided labels need them.
const ENOUGH_OTHERS: u32 = 100;

/// A labelled text.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What belongs together has the same: all of it is held back, or none.
    pub key: String,
    /// The text.
    pub sample: Sample,
    /// What people said of it.
    pub said: Said,
}

/// A model trained on feedback, and whether it may go live.
#[derive(Debug, Clone)]
pub struct Taught {
    /// Its file; absent when there was nothing to learn from.
    pub file: Option<Vec<u8>>,
    /// How it did.
    pub trial: Trial,
    /// Whether the gate lets it through.
    pub passed: bool,
    /// Why, or why not, in a sentence.
    pub why: String,
}

/// Why nothing could be learned.
#[derive(Debug, thiserror::Error)]
pub enum RetrainError {
    /// No feedback teaches this.
    #[error("no feedback teaches {0}; relevance, types and severity learn from it")]
    Untaught(Task),
    /// A model file is damaged, or made for another version.
    #[error(transparent)]
    Model(#[from] WeightsError),
    /// The model could not be written.
    #[error("the model cannot be written: {0}")]
    Header(#[from] serde_json::Error),
}

/// The lessons in feedback: one an item, with all that was said of it. `key` names
/// the story of an item.
#[must_use]
pub fn lessons(feedback: Vec<(Feedback, String)>) -> Vec<Lesson> {
    let mut by_item: BTreeMap<model::ItemId, (Sample, String, Vec<Said>)> = BTreeMap::new();
    for (one, key) in feedback {
        let entry = by_item
            .entry(one.item)
            .or_insert_with(|| (one.sample, key, Vec::new()));
        entry.2.push(one.said);
    }
    by_item
        .into_values()
        .filter_map(|(sample, key, said)| {
            Some(Lesson {
                key,
                sample,
                said: Said::together(said)?,
            })
        })
        .collect()
}

/// Whether what hangs on this key is held back.
#[must_use]
pub fn is_held_back(key: &str) -> bool {
    hash::short(&[key.as_bytes()])[0].is_multiple_of(HELD_BACK)
}

/// How many labels there are for a task, and how many of them are held back.
#[must_use]
pub fn labels(task: Task, lessons: &[Lesson]) -> (u32, u32) {
    let of = |lesson: &&Lesson| speaks_of(task, lesson);
    let all = lessons.iter().filter(of).count();
    let held = lessons
        .iter()
        .filter(of)
        .filter(|one| is_held_back(&one.key));
    (count(all), count(held.count()))
}

fn speaks_of(task: Task, lesson: &Lesson) -> bool {
    let said = &lesson.said;
    match task {
        Task::Relevance => said.relevant.is_some(),
        Task::Types => said.types.is_some(),
        // A record of a flaw is scored by its description, not by signs of events.
        Task::Severity => said.severity.is_some() && lesson.sample.kind != ItemKind::CveRecord,
        Task::Flaw | Task::Stories | Task::Names => false,
    }
}

/// Trains a model of `task` on lessons, beginning at the `shipped` file, and tries it
/// beside the `live` one. `others` are texts that nobody spoke of. The same lessons
/// and others give the same bytes.
///
/// # Errors
///
/// The task learns from no feedback, or a file cannot be used.
pub fn retrain(
    task: Task,
    shipped: &[u8],
    live: &[u8],
    lessons: &[Lesson],
    others: &[Sample],
    made: &str,
) -> Result<Taught, RetrainError> {
    match task {
        Task::Relevance | Task::Types => {
            retrain_as::<Sums>(task, shipped, live, lessons, others, made)
        }
        Task::Severity => retrain_as::<Bands>(task, shipped, live, lessons, others, made),
        Task::Flaw | Task::Stories | Task::Names => Err(RetrainError::Untaught(task)),
    }
}

/// How a model does on feedback.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Texts that feedback labels.
    pub labels: usize,
    /// How well it does on them.
    pub marks: Marks,
    /// Which class was given for which; none where a text may have several.
    pub confusion: Option<Confusion>,
    /// How often what was said came true, where there are two classes.
    pub calibration: Vec<Bin>,
    /// The worst errors: the loss, and the text by name.
    pub worst: Vec<String>,
}

/// Measures a model on feedback.
///
/// # Errors
///
/// As [`retrain`].
pub fn measure(task: Task, file: &[u8], lessons: &[Lesson]) -> Result<Measured, RetrainError> {
    fn with<P: Pupil>(
        task: Task,
        file: &[u8],
        lessons: &[Lesson],
    ) -> Result<Measured, RetrainError> {
        let pupil = P::read(task, &Weights::open(file.to_vec())?)?;
        let mut confusion = match task {
            Task::Relevance => Some(Confusion::new(&["not relevant", "relevant"])),
            Task::Severity => Some(Confusion::new(&["low", "medium", "high", "critical"])),
            _ => None,
        };
        let mut marked: Vec<(Mark, String)> = Vec::new();
        let mut said_of: Vec<(f32, bool)> = Vec::new();
        for lesson in lessons.iter().filter(|lesson| speaks_of(task, lesson)) {
            let text = Read::new(task, &lesson.sample);
            let Some(mark) = pupil.mark(&text, &lesson.said) else {
                continue;
            };
            let wanted = pupil
                .wanted(&lesson.said)
                .and_then(|all| all.first().copied());
            if let (Some(table), Some(wanted), Some(given)) =
                (&mut confusion, wanted, pupil.decisions(&text).first())
            {
                table.add(wanted, *given);
            }
            // Of two classes the chance of what was said tells that of both.
            if let (Task::Relevance, Some(wanted)) = (task, wanted) {
                let said = (-mark.loss).exp() as f32;
                let is_relevant = wanted == 1;
                let chance = if is_relevant { said } else { 1.0 - said };
                said_of.push((chance, is_relevant));
            }
            marked.push((mark, text.text.name()));
        }
        let marks = mean(marked.iter().map(|(mark, _)| mark));
        let labels = marked.len();
        marked.sort_by(|a, b| b.0.loss.total_cmp(&a.0.loss));
        let wrong = marked.into_iter().filter(|(mark, _)| mark.wrong > 0.0);
        let worst = wrong.map(|(mark, name)| format!("{:.2}: {name}", mark.loss));
        Ok(Measured {
            labels,
            marks,
            confusion,
            calibration: calibration(&said_of),
            worst: worst.take(10).collect(),
        })
    }
    match task {
        Task::Relevance | Task::Types => with::<Sums>(task, file, lessons),
        Task::Severity => with::<Bands>(task, file, lessons),
        Task::Flaw | Task::Stories | Task::Names => Err(RetrainError::Untaught(task)),
    }
}

/// What a kind of model must be able to do to learn from feedback.
trait Pupil: Sized {
    fn read(task: Task, weights: &Weights) -> Result<Self, WeightsError>;

    /// The negative logarithm of the chance it gives to what was said; `None` when
    /// nothing was said for its task.
    fn loss(&self, text: &Read, said: &Said) -> Option<f64>;

    /// What it decides: the numbers of labels.
    fn decisions(&self, text: &Read) -> Vec<usize>;

    /// What it should decide.
    fn wanted(&self, said: &Said) -> Option<Vec<usize>>;

    fn mark(&self, text: &Read, said: &Said) -> Option<Mark> {
        Some(Mark {
            loss: self.loss(text, said)?,
            wrong: distance(&self.decisions(text), &self.wanted(said)?),
        })
    }

    /// Itself, moved towards what was said and held by what it thinks of the others.
    fn taught(&self, lessons: &[(&Read, &Said)], others: &[Read]) -> Self;

    fn write(&self, writer: &mut Writer);
}

/// A text as the models read it.
struct Read {
    text: Text,
    bare: bool,
    /// Only where they are wanted.
    signs: Vec<Sign>,
}

impl Read {
    fn new(task: Task, sample: &Sample) -> Self {
        let text = Text::new(&sample.title, &sample.text);
        let signs = if task == Task::Severity {
            signs::of(&text.document)
        } else {
            Vec::new()
        };
        Self {
            bare: match task {
                Task::Types => is_line(sample.kind, &sample.title, &sample.text),
                _ => is_bare(sample.kind, sample.language.as_deref(), &sample.title),
            },
            text,
            signs,
        }
    }
}

/// How wrong a model is about one text.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    loss: f64,
    /// From 0, right, to 1.
    wrong: f64,
}

/// How far two sets of labels are apart: one less the harmonic mean of precision and
/// recall. Who says nothing is not half right.
fn distance(one: &[usize], other: &[usize]) -> f64 {
    let shared = one.iter().filter(|label| other.contains(label)).count();
    match one.len() + other.len() {
        0 => 0.0,
        all => 1.0 - 2.0 * shared as f64 / all as f64,
    }
}

fn mean<'a>(marks: impl Iterator<Item = &'a Mark>) -> Marks {
    let (mut sum, mut count) = (Mark::default(), 0.0);
    for mark in marks {
        sum.loss += mark.loss;
        sum.wrong += mark.wrong;
        count += 1.0;
    }
    let share = |sum: f64| (sum / f64::max(count, 1.0) * 1e4).round() / 1e4;
    Marks {
        log_loss: share(sum.loss),
        error: share(sum.wrong),
    }
}

fn retrain_as<P: Pupil>(
    task: Task,
    shipped: &[u8],
    live: &[u8],
    lessons: &[Lesson],
    others: &[Sample],
    made: &str,
) -> Result<Taught, RetrainError> {
    let (labels, held_back) = labels(task, lessons);
    let mut trial = Trial {
        labels,
        held_back,
        learned: labels - held_back,
        needed: NEEDED,
        others: count(others.len()),
        ..Trial::default()
    };
    if held_back < NEEDED || trial.learned == 0 {
        let why = format!(
            "{held_back} of {labels} labels are held back to try it on; it takes {NEEDED}, which is some {} labels",
            NEEDED * u32::from(HELD_BACK)
        );
        return Ok(Taught {
            file: None,
            trial,
            passed: false,
            why,
        });
    }
    let taught: Vec<(Read, &Lesson)> = lessons
        .iter()
        .filter(|lesson| speaks_of(task, lesson))
        .map(|lesson| (Read::new(task, &lesson.sample), lesson))
        .collect();
    let others: Vec<Read> = others.iter().map(|one| Read::new(task, one)).collect();
    let (held, learned): (Vec<_>, Vec<_>) = taught
        .iter()
        .map(|(text, lesson)| (text, *lesson))
        .partition(|(_, lesson)| is_held_back(&lesson.key));
    let learned: Vec<(&Read, &Said)> = learned
        .into_iter()
        .map(|(text, lesson)| (text, &lesson.said))
        .collect();
    let prior = P::read(task, &Weights::open(shipped.to_vec())?)?;
    let live = P::read(task, &Weights::open(live.to_vec())?)?;

    let mut writer = Writer::new(task.as_str(), "feedback", made, &fingerprint(lessons));
    let counted = [
        ("labels", trial.labels),
        ("learned", trial.learned),
        ("held_back", trial.held_back),
    ];
    for (name, number) in counted {
        writer.count(name, number as usize);
    }
    let moved = prior.taught(&learned, &others);
    // It is tried as it would be read: with weights of a byte.
    let mut blank = writer.clone();
    moved.write(&mut blank);
    let pupil = P::read(task, &Weights::open(blank.finish()?)?)?;

    let both = |pupil: &P| -> Vec<Mark> {
        held.iter()
            .filter_map(|(text, lesson)| pupil.mark(text, &lesson.said))
            .collect()
    };
    let (before, after) = (both(&live), both(&pupil));
    let commonest = commonest(learned.iter().filter_map(|(_, said)| prior.wanted(said)));
    let constant: Vec<Mark> = held
        .iter()
        .filter_map(|(_, lesson)| prior.wanted(&lesson.said))
        .map(|wanted| Mark {
            loss: 0.0,
            wrong: distance(&commonest, &wanted),
        })
        .collect();
    trial.before = mean(before.iter());
    trial.after = mean(after.iter());
    trial.constant_error = mean(constant.iter()).error;
    (trial.mended, trial.broken) = compare(&before, &after);
    let moved_others = others
        .iter()
        .filter(|text| live.decisions(text) != pupil.decisions(text));
    trial.moved = count(moved_others.count());
    writer.scores(BTreeMap::from([
        ("held_back_log_loss".to_owned(), trial.after.log_loss),
        ("held_back_error".to_owned(), trial.after.error),
    ]));
    moved.write(&mut writer);
    let (passed, why) = gate(&trial, compare(&constant, &after));
    Ok(Taught {
        file: Some(writer.finish()?),
        trial,
        passed,
        why,
    })
}

/// Texts on which the second is less wrong, and on which it is more.
fn compare(before: &[Mark], after: &[Mark]) -> (u32, u32) {
    let pairs = || before.iter().zip(after);
    let mended = pairs().filter(|(before, after)| after.wrong < before.wrong);
    let broken = pairs().filter(|(before, after)| after.wrong > before.wrong);
    (count(mended.count()), count(broken.count()))
}

/// What is said most often.
fn commonest(all: impl Iterator<Item = Vec<usize>>) -> Vec<usize> {
    let mut times: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for wanted in all {
        *times.entry(wanted).or_default() += 1;
    }
    let most = times.into_iter().max_by_key(|(_, times)| *times);
    most.map(|(wanted, _)| wanted).unwrap_or_default()
}

/// Whether mending so many and breaking so many is more than chance does.
fn is_clear((mended, broken): (u32, u32)) -> bool {
    let gain = f64::from(mended) - f64::from(broken);
    mended > 0 && gain >= CLEARLY * f64::from(mended + broken).sqrt()
}

/// Whether a trained model may go live, and why. `beside_constant` compares it with
/// saying the same of everything.
fn gate(trial: &Trial, beside_constant: (u32, u32)) -> (bool, String) {
    let Trial {
        before,
        after,
        mended,
        broken,
        held_back,
        ..
    } = *trial;
    let refuse = |why: String| (false, why);
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    if after.log_loss > before.log_loss {
        return refuse(format!(
            "its log loss on {held_back} labels held back is {:.3}, the live model's {:.3}",
            after.log_loss, before.log_loss
        ));
    }
    if after.error > before.error {
        return refuse(format!(
            "it is wrong on {} of {held_back} labels held back, the live model on {}",
            percent(after.error),
            percent(before.error)
        ));
    }
    if !is_clear((mended, broken)) {
        return refuse(format!(
            "of {held_back} labels held back it mends {mended} and breaks {broken}: no more than chance may do"
        ));
    }
    let enough_others = trial.others >= ENOUGH_OTHERS;
    if trial.constant_error < ONE_SIDED {
        if !enough_others {
            return refuse(format!(
                "nearly all labels say the same, and {} items that nobody spoke of are too few to see what else would change; it takes {ENOUGH_OTHERS}",
                trial.others
            ));
        }
    } else if !is_clear(beside_constant) {
        return refuse(format!(
            "it is wrong on {} of {held_back} labels held back; always saying the commonest is wrong on {}",
            percent(after.error),
            percent(trial.constant_error)
        ));
    }
    let share = f64::from(trial.moved) / f64::from(trial.others.max(1));
    if enough_others && share > MOST_MOVED {
        return refuse(format!(
            "it decides {} of {} items otherwise that nobody spoke of",
            trial.moved, trial.others
        ));
    }
    let why = format!(
        "of {held_back} labels held back it mends {mended} and breaks {broken}; it is wrong on {}, the live model on {}",
        percent(after.error),
        percent(before.error)
    );
    (true, why)
}

/// The same lessons, the same fingerprint.
fn fingerprint(lessons: &[Lesson]) -> String {
    let mut said: Vec<String> = lessons
        .iter()
        .map(|lesson| {
            let Said {
                relevant,
                types,
                severity,
                countries,
                ..
            } = &lesson.said;
            let Sample { title, text, .. } = &lesson.sample;
            format!("{relevant:?} {types:?} {severity:?} {countries:?} {title} {text}")
        })
        .collect();
    said.sort();
    let parts: Vec<&[u8]> = said.iter().map(String::as_bytes).collect();
    let short = hash::short(&parts);
    short
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The file in the binary for a task, which is the prior.
#[must_use]
pub fn prior(task: Task) -> &'static [u8] {
    Models::shipped_file(task.as_str()).unwrap_or_default()
}
