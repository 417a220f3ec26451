//! Stories: how rare words are, which words are no names, and what a shared thing
//! is worth as a sign that two items tell one story.
//!
//! The link is a logistic regression over pairs of items told within
//! [`WINDOW_DAYS`]. What is told of a large story makes many pairs; they count
//! less, each. The weights of the whole incident's score and its threshold were
//! chosen by leaving one window of the labelled news out at a time: between 0 and
//! 0.5 for the threshold and 2 and 4 for the centre nothing changed by more than
//! 0.005 in B-cubed F1.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use model::print::Judged;
use model::{Entity, ItemId, Member, Print, Timestamp};
use serde::{Deserialize, Serialize};
use understand::story::likeness::{Compared, FEATURES, StoryModel, WINDOW_DAYS, days_between};
use understand::story::shelf::Shelf;
use understand::story::words::Words;
use understand::weights::{Weights, WeightsError};
use understand::{Context, understand};

use crate::data;
use crate::file::Writer;
use crate::lbfgs::Stop;
use crate::logistic::{Example, Fitted, Matrix, fit};
use crate::measure::Confusion;

/// What likeness to an incident's centre adds to its score.
const CENTRE: f32 = 4.0;

/// From this score on an item joins. Above zero: a wrong join costs more than a
/// story told twice.
const THRESHOLD: f32 = 0.25;

/// liblinear's C.
const STRENGTH: f64 = 10.0;

/// Written small in so many texts a word is no name.
const SMALL: u32 = 2;

/// Of the pairs that share nothing one in so many is learned from.
const THINNED: usize = 20;

/// One labelled item.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Its headline.
    pub title: String,
    /// Its text.
    pub text: String,
    /// `incident`, `threat_info` or `irrelevant`.
    pub relevance: String,
    /// Which story it tells; none for an item that stands alone.
    pub story: Option<String>,
    /// Stories have names of their own in each window.
    pub window: Option<String>,
    /// When it was published, without a zone.
    pub date: jiff::civil::DateTime,
    /// What the program understands of it, once asked.
    #[serde(skip)]
    understood: OnceLock<Option<Understood>>,
}

/// What of an analysis a print is made with.
#[derive(Debug, Clone)]
struct Understood {
    entities: Vec<Entity>,
    judged: Judged,
}

impl Row {
    fn at(&self) -> Timestamp {
        self.date
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
    }

    fn window(&self) -> &str {
        self.window.as_deref().unwrap_or_default()
    }

    fn is_relevant(&self) -> bool {
        self.relevance != "irrelevant"
    }

    /// As the program makes it of an item, with the models that it ships.
    fn print(&self, model: &StoryModel) -> Print {
        static CONTEXT: LazyLock<Context> = LazyLock::new(Context::default);
        let known = self.understood.get_or_init(|| {
            let item = data::item("row", Some(&self.title), &self.text);
            let analysis = item.map(|item| understand(&item, &CONTEXT)).ok()?;
            let types = analysis.types.iter().map(|tagged| tagged.label);
            Some(Understood {
                judged: Judged::of(analysis.relevance.label, types),
                entities: analysis.entities,
            })
        });
        known.as_ref().map_or_else(Print::default, |known| {
            model.print(&self.title, &self.text, &known.entities, known.judged)
        })
    }
}

/// How well stories were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scores {
    /// B-cubed precision over the items that tell a story.
    pub precision: f64,
    /// B-cubed recall.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// The share of repeated reports that joined what was told before.
    pub duplicates_removed: f64,
    /// The share of items that stand in an incident of mostly another story.
    pub wrongly_merged: f64,
    /// Items that tell a story.
    pub items: usize,
}

/// Why training gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// What was learned cannot be read back.
    #[error(transparent)]
    Unfit(#[from] WeightsError),
    /// What was learned cannot be written.
    #[error("the model cannot be written: {0}")]
    Write(#[from] serde_json::Error),
}

/// Learns from rows and gives the bytes of the model file.
///
/// # Errors
///
/// See [`TrainError`].
pub fn train(
    rows: &[&Row],
    made: &str,
    data: &str,
    scores: &BTreeMap<String, f64>,
) -> Result<Vec<u8>, TrainError> {
    let vocabulary = Vocabulary::of(rows);
    let blank = vocabulary.file(
        &Fitted {
            weights: vec![0.0; FEATURES.len()],
            bias: 0.0,
        },
        made,
        data,
        scores,
    )?;
    let model = StoryModel::read(&Weights::open(blank)?)?;
    let link = link(rows, &model);
    Ok(vocabulary.file(&link, made, data, scores)?)
}

/// Words of the training texts.
struct Vocabulary {
    /// In how many texts each stands; sorted.
    texts: BTreeMap<u32, u32>,
    /// In how many it is written small.
    small: BTreeMap<u32, u32>,
    count: usize,
}

impl Vocabulary {
    fn of(rows: &[&Row]) -> Self {
        let (mut texts, mut small) = (BTreeMap::new(), BTreeMap::new());
        for row in rows {
            let words = Words::of(&row.title, &row.text);
            let mut seen: Vec<u32> = words
                .title
                .iter()
                .chain(&words.text)
                .map(|word| word.hash)
                .collect();
            seen.sort_unstable();
            seen.dedup();
            for hash in seen {
                *texts.entry(hash).or_default() += 1;
            }
            let is_small = |word: &&understand::story::words::Word<'_>| {
                word.text.starts_with(char::is_lowercase)
            };
            let mut seen: Vec<u32> = words
                .text
                .iter()
                .filter(is_small)
                .map(|word| word.hash)
                .collect();
            seen.sort_unstable();
            seen.dedup();
            for hash in seen {
                *small.entry(hash).or_default() += 1;
            }
        }
        Self {
            texts,
            small,
            count: rows.len(),
        }
    }

    fn rarity(&self, texts: f32) -> f32 {
        ((self.count as f32 + 1.0) / (texts + 0.5)).ln()
    }

    fn file(
        &self,
        link: &Fitted,
        made: &str,
        data: &str,
        scores: &BTreeMap<String, f64>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        // A word of one text is nearly as rare as a new one and fills the file.
        let known: Vec<(u32, f32)> = self
            .texts
            .iter()
            .filter(|(_, texts)| **texts > 1)
            .map(|(hash, texts)| (*hash, self.rarity(*texts as f32)))
            .collect();
        let rarest = self.rarity(0.5);
        let hashes: Vec<u32> = known.iter().map(|(hash, _)| *hash).collect();
        let rarity: Vec<u8> = known
            .iter()
            .map(|(_, rarity)| (rarity.max(0.0) / rarest * 255.0).round() as u8)
            .collect();
        let common: Vec<u32> = self
            .small
            .iter()
            .filter(|(_, texts)| **texts >= SMALL)
            .map(|(hash, _)| *hash)
            .collect();
        let mut numbers = link.weights.clone();
        numbers.extend([link.bias, CENTRE, THRESHOLD, rarest]);
        Writer::new("stories", "1", made, data)
            .count("texts", self.count)
            .scores(scores.clone())
            .section("hashes", &hashes)
            .section("rarity", &rarity)
            .section("common", &common)
            .section("link", &numbers)
            .finish()
    }
}

/// The rows with their prints, window by window, in order of time.
fn windows<'a>(rows: &[&'a Row], model: &StoryModel) -> Vec<Vec<(&'a Row, Print)>> {
    let mut windows: BTreeMap<&str, Vec<(&Row, Print)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_relevant()) {
        let print = row.print(model);
        windows.entry(row.window()).or_default().push((row, print));
    }
    let mut windows: Vec<_> = windows.into_values().collect();
    for window in &mut windows {
        window.sort_by_key(|(row, _)| row.at());
    }
    windows
}

fn link(rows: &[&Row], model: &StoryModel) -> Fitted {
    let mut matrix = Matrix::new(FEATURES.len());
    let mut examples = Vec::new();
    let mut thinned = 0;
    for window in windows(rows, model) {
        let mut sizes: HashMap<&str, f32> = HashMap::new();
        for story in window.iter().filter_map(|(row, _)| row.story.as_deref()) {
            *sizes.entry(story).or_default() += 1.0;
        }
        for (index, (row, print)) in window.iter().enumerate() {
            let print = Compared::new(print);
            for (before, other) in window.iter().take(index) {
                let days = days_between(row.at(), before.at());
                if days > WINDOW_DAYS as f32 {
                    continue;
                }
                let same = row.story.as_deref().filter(|_| row.story == before.story);
                let features = model.features(&print, other, days);
                if same.is_none() && features[0] < 0.03 && features[4] < 0.3 {
                    thinned += 1;
                    if thinned % THINNED != 0 {
                        continue;
                    }
                }
                examples.push(Example {
                    row: matrix.rows(),
                    target: f32::from(u8::from(same.is_some())),
                    weight: same
                        .and_then(|story| sizes.get(story))
                        .map_or(1.0, |size| size.sqrt().recip()),
                });
                matrix.push((0..).zip(features));
            }
        }
    }
    fit(
        &matrix,
        &examples,
        STRENGTH,
        Stop {
            steps: 500,
            ..Stop::default()
        },
    )
}

/// Groups the relevant rows with a trained model, as placement does, and compares
/// with their labels, window by window.
#[must_use]
pub fn evaluate(rows: &[&Row], model: &StoryModel) -> BTreeMap<String, Scores> {
    let mut scores = BTreeMap::new();
    for window in windows(rows, model) {
        let Some((first, _)) = window.first() else {
            continue;
        };
        let placed: Vec<(Option<&str>, usize)> = place(&window, model)
            .into_iter()
            .map(|(row, incident)| (row.story.as_deref(), incident))
            .collect();
        scores.insert(first.window().to_owned(), score(&placed));
    }
    scores
}

/// The worst errors of the same grouping: stories that were parted and stories that
/// were joined, the largest first, a line each.
#[must_use]
pub fn worst(rows: &[&Row], model: &StoryModel) -> Vec<String> {
    let mut errors: Vec<(usize, String)> = Vec::new();
    for window in windows(rows, model) {
        let (mut parts, mut joined) = (BTreeMap::new(), BTreeMap::new());
        for (row, incident) in place(&window, model) {
            if let Some(story) = row.story.as_deref() {
                told_once(parts.entry(story).or_default(), incident, row);
                told_once(joined.entry(incident).or_default(), story, row);
            }
        }
        errors.extend(parts.values().filter_map(|told| error("parted", told)));
        errors.extend(joined.values().filter_map(|told| error("joined", told)));
    }
    errors.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    errors.into_iter().map(|(_, told)| told).collect()
}

/// Pairs of items of one window: whether they tell one story, and whether they were
/// put into one incident.
#[must_use]
pub fn pairs(rows: &[&Row], model: &StoryModel) -> Confusion {
    let mut confusion = Confusion::new(&["one story", "two stories"]);
    for window in windows(rows, model) {
        let placed = place(&window, model);
        let told = placed
            .iter()
            .filter_map(|(row, incident)| Some((row.story.as_deref()?, *incident)));
        let told: Vec<(&str, usize)> = told.collect();
        for (at, (story, incident)) in told.iter().enumerate() {
            for (other, beside) in told.iter().skip(at + 1) {
                confusion.add(usize::from(story != other), usize::from(incident != beside));
            }
        }
    }
    confusion
}

/// Of each part the first title.
type Titles<'a, K> = Vec<(K, &'a str)>;

fn told_once<'a, K: PartialEq>(titles: &mut Titles<'a, K>, part: K, row: &'a Row) {
    if titles.iter().all(|(known, _)| *known != part) {
        titles.push((part, &row.title));
    }
}

/// How many parts, and the titles of the first three; none where there is one part.
fn error<K>(what: &str, titles: &Titles<'_, K>) -> Option<(usize, String)> {
    if titles.len() < 2 {
        return None;
    }
    let first: Vec<&str> = titles.iter().map(|(_, title)| *title).take(3).collect();
    Some((
        titles.len(),
        format!("{what}, {}: {}", titles.len(), first.join(" | ")),
    ))
}

/// The rows of a window with the numbers of their incidents.
fn place<'a>(window: &[(&'a Row, Print)], model: &StoryModel) -> Vec<(&'a Row, usize)> {
    let mut shelf = Shelf::new();
    let mut stories = 0;
    let mut placed = Vec::with_capacity(window.len());
    for (row, print) in window {
        let at = row.at();
        let best = shelf
            .near(print, at)
            .into_iter()
            .filter_map(|(story, members)| {
                let likeness = model.likeness(print, at, &members)?;
                (likeness.score > 0.0).then_some((likeness.score, story))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let story = best.map_or(stories, |(_, story)| story);
        stories = stories.max(story + 1);
        // Only which story it tells is asked here.
        let item = ItemId(uuid::Uuid::from_u128(placed.len() as u128));
        shelf.add(
            story,
            Member {
                item,
                at,
                print: print.clone(),
            },
        );
        placed.push((*row, story));
    }
    placed
}

/// Compares labels with numbers of incidents. Items without a story stand alone.
fn score(placed: &[(Option<&str>, usize)]) -> Scores {
    let told: Vec<(&str, usize)> = placed
        .iter()
        .filter_map(|(story, number)| story.map(|story| (story, *number)))
        .collect();
    let mut by_story: HashMap<&str, f64> = HashMap::new();
    let mut by_number: HashMap<usize, f64> = HashMap::new();
    let mut both: HashMap<(&str, usize), f64> = HashMap::new();
    for (story, number) in &told {
        *by_story.entry(story).or_default() += 1.0;
        *by_number.entry(*number).or_default() += 1.0;
        *both.entry((story, *number)).or_default() += 1.0;
    }
    let items = told.len().max(1) as f64;
    let of = |list: &HashMap<usize, f64>, number: usize| list.get(&number).copied().unwrap_or(1.0);
    let (mut precision, mut recall) = (0.0, 0.0);
    for pair in &told {
        let together = both.get(pair).copied().unwrap_or_default();
        precision += together / of(&by_number, pair.1) / items;
        recall += together / by_story.get(pair.0).copied().unwrap_or(1.0) / items;
    }
    // Of each incident the story that most of its items tell is its own.
    let mut own: HashMap<usize, f64> = HashMap::new();
    for ((_, number), count) in &both {
        let most = own.entry(*number).or_default();
        *most = most.max(*count);
    }
    let everything: HashMap<usize, f64> =
        placed.iter().fold(HashMap::new(), |mut all, (_, number)| {
            *all.entry(*number).or_default() += 1.0;
            all
        });
    let wrong: f64 = everything
        .iter()
        .map(|(number, count)| count - own.get(number).copied().unwrap_or(1.0))
        .sum();
    let repeats = items - by_story.len() as f64;
    let joined: f64 = both.values().sum::<f64>() - both.len() as f64;
    Scores {
        precision,
        recall,
        f1: 2.0 * precision * recall / (precision + recall).max(1e-9),
        duplicates_removed: joined / repeats.max(1.0),
        wrongly_merged: wrong / placed.len().max(1) as f64,
        items: told.len(),
    }
}

/// Leaves each window out in turn, learns from the others, and scores it.
///
/// # Errors
///
/// See [`TrainError`].
pub fn cross_validate(rows: &[&Row]) -> Result<BTreeMap<String, Scores>, TrainError> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.window()).collect();
    names.sort_unstable();
    names.dedup();
    let mut scores = BTreeMap::new();
    for name in names {
        let (held, others): (Vec<&Row>, Vec<&Row>) =
            rows.iter().partition(|row| row.window() == name);
        let file = train(&others, "", "", &BTreeMap::new())?;
        let model = StoryModel::read(&Weights::open(file)?)?;
        scores.extend(evaluate(&held, &model));
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use understand::Models;

    #[test]
    fn the_shipped_model_tells_stories_of_unseen_news_apart() {
        let Some(folder) = crate::data::shared() else {
            println!("left out: ../shared/datasets is not there");
            return;
        };
        let rows: Vec<Row> = crate::data::read_jsonl(&folder.join("news/dev.jsonl")).unwrap();
        let models = Models::shipped();
        for (window, scores) in
            evaluate(&rows.iter().collect::<Vec<_>>(), models.stories().unwrap())
        {
            assert!(
                scores.f1 > 0.95 && scores.wrongly_merged < 0.04,
                "{window}: {scores:?}"
            );
        }
    }

    #[test]
    fn errors_tell_what_was_parted() {
        assert_eq!(error("joined", &vec![(1, "Acme hit")]), None);
        assert_eq!(
            error("joined", &vec![(1, "Acme hit"), (2, "Borealis hit")]),
            Some((2, "joined, 2: Acme hit | Borealis hit".to_owned()))
        );
    }

    #[test]
    fn scores_of_a_known_grouping() {
        // Two stories of two, the second split, and a stranger in the first.
        let scores = score(&[
            (Some("a"), 0),
            (Some("a"), 0),
            (None, 0),
            (Some("b"), 1),
            (Some("b"), 2),
        ]);
        assert!((scores.precision - 1.0).abs() < 1e-9);
        assert!((scores.recall - 0.75).abs() < 1e-9);
        assert!((scores.duplicates_removed - 0.5).abs() < 1e-9);
        assert!((scores.wrongly_merged - 0.2).abs() < 1e-9);
    }
}
