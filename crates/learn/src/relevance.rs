//! Relevance: three sums, each a log-odds (see [`understand::relevance`]).
//!
//! News learns from labelled news alone: every other set lowered it, even with
//! little weight. Bare texts learn from labelled social posts first, and from
//! incident lines, short news and Hindi headlines with little weight.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use understand::relevance::{BARE, INCIDENT, NEWS, OUTPUTS};

use crate::file::Writer;
use crate::linear::{self, Recipe, Space, fit_calibrated};
use crate::logistic::{Example, Fitted, balance, logistic};
use crate::measure::{
    Bin, Confusion, auc, average_precision, calibration, calibration_error, rejected_at_recall,
};
use crate::texts::{Bare, Data, News, Text};

/// The labelled social posts.
const SOCIAL: &str = "cti_ann";

/// Bare texts of other sets than posts weigh little. Cues twice as much trusted
/// ranked alike.
const RECIPE: Recipe = Recipe {
    signals: 1.0,
    foreign: 0.1,
    whom: true,
    trust: 1.0,
    label: None,
};

/// What a news item weighs there.
const NEWS_AS_SUPPORT: f32 = 0.2;

/// Folds of the measurement.
const FOLDS: usize = 5;

/// The bytes of a model file.
pub struct Trained {
    /// To be written, or given to [`understand::Models::with`].
    pub file: Vec<u8>,
}

/// Trains on everything. The same data and seed give the same bytes.
///
/// # Errors
///
/// If a score is no number, which the header cannot hold.
pub fn train(
    data: &Data,
    seed: u64,
    made: &str,
    scores: &Scores,
    progress: &mut dyn FnMut(&str),
) -> Result<Trained, serde_json::Error> {
    progress("relevance: training on everything");
    let news: Vec<&News> = data.news.iter().collect();
    let bare: Vec<&Bare> = data.bare.iter().collect();
    let model = fit_all(&news, &bare, seed);
    let mut writer = Writer::new("relevance", "1", made, &data.fingerprint);
    writer
        .count("texts", news.len() + bare.len())
        .scores(scores.named());
    linear::write(&mut writer, &model.space, &model.outputs);
    Ok(Trained {
        file: writer.finish()?,
    })
}

struct Model {
    space: Space,
    outputs: Vec<Fitted>,
}

fn fit_all(news: &[&News], bare: &[&Bare], seed: u64) -> Model {
    let space = Space::learn(
        news.iter()
            .map(|one| &one.text)
            .chain(bare.iter().map(|one| &one.text)),
    );
    let mut outputs = vec![
        Fitted {
            weights: Vec::new(),
            bias: 0.0,
        };
        OUTPUTS
    ];
    outputs[NEWS] = fit_news(&space, news, seed, |one| one.relevant);
    let relevant: Vec<&News> = news.iter().filter(|one| one.relevant).copied().collect();
    outputs[INCIDENT] = fit_news(&space, &relevant, seed, |one| one.incident);
    outputs[BARE] = fit_bare(&space, news, bare, seed);
    Model { space, outputs }
}

fn fit_news(space: &Space, news: &[&News], seed: u64, yes: impl Fn(&News) -> bool) -> Fitted {
    let matrix = space.matrix(news.iter().map(|one| &one.text));
    let mut examples: Vec<Example> = news
        .iter()
        .enumerate()
        .map(|(row, one)| Example {
            row,
            target: f32::from(u8::from(yes(one))),
            weight: 1.0,
        })
        .collect();
    even(&mut examples);
    let keys: Vec<Option<Option<&str>>> =
        news.iter().map(|one| Some(one.story.as_deref())).collect();
    fit_calibrated(&matrix, &examples, &keys, seed, RECIPE)
}

fn fit_bare(space: &Space, news: &[&News], bare: &[&Bare], seed: u64) -> Fitted {
    let matrix = space.matrix(
        bare.iter()
            .map(|one| &one.text)
            .chain(news.iter().map(|one| &one.text)),
    );
    let mut examples = Vec::new();
    let mut keys: Vec<Option<Option<&str>>> = Vec::new();
    for (row, one) in bare.iter().enumerate() {
        let social = one.source == SOCIAL;
        examples.push(Example {
            row,
            target: f32::from(u8::from(one.relevant)),
            weight: if social { 1.0 } else { RECIPE.foreign },
        });
        keys.push(social.then_some(None));
    }
    for (index, one) in news.iter().enumerate() {
        examples.push(Example {
            row: bare.len() + index,
            target: f32::from(u8::from(one.relevant)),
            weight: NEWS_AS_SUPPORT,
        });
        keys.push(None);
    }
    even(&mut examples);
    fit_calibrated(&matrix, &examples, &keys, seed, RECIPE)
}

/// Lets yes and no weigh the same.
fn even(examples: &mut [Example]) {
    let [no, yes] = balance(examples);
    for example in examples {
        example.weight *= if example.target > 0.5 { yes } else { no };
    }
}

/// How good it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scores {
    /// News: area under the curve.
    pub auc: f64,
    /// News: share of irrelevant items rejected where 95 % of the relevant stay.
    pub rejected: f64,
    /// News: expected calibration error.
    pub calibration_error: f64,
    /// News: how often what was said came true.
    pub calibration: Vec<Bin>,
    /// News: three classes.
    pub confusion: Option<Confusion>,
    /// Social posts: average precision.
    pub social_precision: f64,
    /// Hindi headlines: area under the curve.
    pub hindi_auc: f64,
    /// Ten relevant and ten irrelevant news items furthest on the wrong side.
    pub worst: Vec<String>,
}

/// Measures by cross-validation: each text is judged by a model, calibrated, that
/// saw neither it nor its story.
#[must_use]
pub fn cross_validate(data: &Data, seed: u64, progress: &mut dyn FnMut(&str)) -> Scores {
    let news_keys: Vec<Option<Option<&str>>> = data
        .news
        .iter()
        .map(|one| Some(one.story.as_deref()))
        .collect();
    let news_folds = linear::folds_of(&news_keys, FOLDS, seed);
    let bare_folds = linear::folds_of(&vec![Some(None); data.bare.len()], FOLDS, seed);
    let mut judged = Judged::default();
    for fold in 0..FOLDS {
        progress(&format!("relevance: fold {} of {FOLDS}", fold + 1));
        let part = |folds: &[Option<usize>], row: usize| folds.get(row) == Some(&Some(fold));
        let keep = |folds: &[Option<usize>], rows: usize, held: bool| -> Vec<usize> {
            (0..rows).filter(|row| part(folds, *row) == held).collect()
        };
        let news = |held| -> Vec<&News> {
            let rows = keep(&news_folds, data.news.len(), held);
            rows.into_iter()
                .filter_map(|row| data.news.get(row))
                .collect()
        };
        let bare = |held| -> Vec<&Bare> {
            let rows = keep(&bare_folds, data.bare.len(), held);
            rows.into_iter()
                .filter_map(|row| data.bare.get(row))
                .collect()
        };
        let model = fit_all(&news(false), &bare(false), seed);
        judged.add(&news(true), &bare(true), |text, output| {
            model
                .outputs
                .get(output)
                .map_or(0.0, |fitted| fitted.sum(&model.space.row(text)))
        });
    }
    judged.scores()
}

/// Measures a trained file on other data, as the pipeline would use it.
///
/// # Errors
///
/// If the file cannot be opened.
pub fn evaluate(file: &[u8], data: &Data) -> Result<Scores, understand::weights::WeightsError> {
    let weights = understand::weights::Weights::open(file.to_vec())?;
    let model = understand::linear::Linear::read(&weights)?;
    let news: Vec<&News> = data.news.iter().collect();
    let bare: Vec<&Bare> = data.bare.iter().collect();
    let mut judged = Judged::default();
    judged.add(&news, &bare, |text, output| {
        let outputs = output..output + 1;
        model
            .score(&text.terms, text.signals.values(), outputs)
            .sum(output)
    });
    Ok(judged.scores())
}

#[derive(Default)]
struct Judged {
    news: Vec<(f32, bool, String)>,
    social: Vec<(f32, bool)>,
    hindi: Vec<(f32, bool)>,
    classes: Vec<(usize, usize)>,
}

impl Judged {
    fn add(&mut self, news: &[&News], bare: &[&Bare], sum: impl Fn(&Text, usize) -> f32) {
        for one in news {
            let odds = sum(&one.text, NEWS);
            let given = match (odds > 0.0, sum(&one.text, INCIDENT) > 0.0) {
                (false, _) => 0,
                (true, false) => 1,
                (true, true) => 2,
            };
            let wanted = usize::from(one.relevant) + usize::from(one.incident);
            self.classes.push((wanted, given));
            let probability = logistic(f64::from(odds)) as f32;
            self.news.push((probability, one.relevant, one.text.name()));
        }
        for one in bare {
            let judged = (sum(&one.text, BARE), one.relevant);
            match one.source.as_str() {
                SOCIAL => self.social.push(judged),
                "hindi_news" => self.hindi.push(judged),
                _ => {}
            }
        }
    }

    fn scores(mut self) -> Scores {
        let pairs: Vec<(f32, bool)> = self.news.iter().map(|(p, yes, _)| (*p, *yes)).collect();
        let mut confusion = Confusion::new(&["irrelevant", "threat_info", "incident"]);
        for (wanted, given) in &self.classes {
            confusion.add(*wanted, *given);
        }
        self.news.sort_by(|a, b| a.0.total_cmp(&b.0));
        let told = |(probability, yes, name): &(f32, bool, String)| {
            let right = if *yes { "relevant" } else { "irrelevant" };
            format!("{probability:.2}, but {right}: {name}")
        };
        let low = self.news.iter().filter(|one| one.1).take(10).map(told);
        let high = self.news.iter().rev().filter(|one| !one.1).take(10);
        let worst = low.chain(high.map(told)).collect();
        Scores {
            auc: auc(&pairs),
            rejected: rejected_at_recall(&pairs, 0.95),
            calibration_error: calibration_error(&pairs),
            calibration: calibration(&pairs),
            confusion: Some(confusion),
            social_precision: average_precision(&self.social),
            hindi_auc: auc(&self.hindi),
            worst,
        }
    }
}

impl Scores {
    /// The figures that stand in the file.
    #[must_use]
    pub fn named(&self) -> BTreeMap<String, f64> {
        [
            ("auc", self.auc),
            ("rejected_at_recall_95", self.rejected),
            ("calibration_error", self.calibration_error),
            ("social_average_precision", self.social_precision),
        ]
        .map(|(name, score)| (name.to_owned(), (score * 1e4).round() / 1e4))
        .into()
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "news: AUC                        {:.3}", self.auc)?;
        writeln!(f, "news: rejected at recall 0.95    {:.3}", self.rejected)?;
        writeln!(
            f,
            "news: calibration error          {:.3}",
            self.calibration_error
        )?;
        writeln!(
            f,
            "social posts: average precision  {:.3}",
            self.social_precision
        )?;
        writeln!(f, "Hindi headlines: AUC             {:.3}", self.hindi_auc)?;
        for bin in &self.calibration {
            writeln!(
                f,
                "  said {:.2}, was {:.2} ({} items)",
                bin.said, bin.was, bin.count
            )?;
        }
        if let Some(confusion) = &self.confusion {
            writeln!(f, "{confusion}")?;
        }
        for line in &self.worst {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}
