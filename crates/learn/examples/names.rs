//! Builds the gazetteer, trains the name model, measures it.
//!
//! ```text
//! names gazetteer           lists → crates/understand/models/gazetteer.bin
//! names train [KEY=VALUE…]  sets → crates/understand/models/names.bin, and its scores
//! names cross [KEY=VALUE…]  scores of models that each lack a fifth of every set
//! names score [--kinds]     the file's scores on the dev sets, with the worst errors
//! ```
//!
//! News is measured by a model that never saw a fifth of its stories; the file that is
//! written then learns from all of them. Run the optimised build: a seed takes some
//! ten seconds.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use learn::names::score::Scores;
use learn::names::{self, Swaps, corpus, perceptron::Settings};
use understand::names::{Gazetteer, Model};
use understand::weights::Weights;
use understand::{Context, Models};

/// When the shipped files were made; the same data gives the same bytes.
const MADE: &str = "2026-11-22T00:00:00Z";

/// Of the five parts so many are held back in turn: more says little more.
const FOLDS: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = learn::data::shared().ok_or("no ../shared/datasets")?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../understand/models");
    let gazetteer = || -> Result<Gazetteer, Box<dyn std::error::Error>> {
        let bytes = std::fs::read(models.join("gazetteer.bin"))?;
        Ok(Gazetteer::read(&Weights::open(bytes)?)?)
    };
    let kinds = arguments.iter().any(|argument| argument == "--kinds");
    let mut out = std::io::stdout().lock();
    match arguments.first().map(String::as_str) {
        Some("gazetteer") => {
            let lower = names::lower_words(&names::texts(&folder)?);
            let bytes = learn::gazetteer::build(&folder.join("gazetteers"), &lower, MADE)?;
            writeln!(out, "{} bytes", bytes.len())?;
            std::fs::write(models.join("gazetteer.bin"), bytes)?;
        }
        Some("train") => {
            let gazetteer = gazetteer()?;
            let settings = settings(arguments.get(1..).unwrap_or_default())?;
            let all = names::documents(&folder, 1)?;
            let swaps = Swaps::read(&folder, &gazetteer)?;
            let lexicon = names::Lexicon::learn(&names::texts(&folder)?, &all, 7);
            let (rest, held) = names::hold_news_back(&all);
            let train = |documents: &[corpus::Labelled], name: &'static str| {
                names::train(
                    documents,
                    &swaps,
                    &lexicon,
                    &gazetteer,
                    &settings,
                    &|seed, epoch| {
                        let _ = writeln!(std::io::stderr(), "{name}: seed {seed}, round {epoch}");
                    },
                )
            };
            let learned = train(&rest, "measured");
            let bytes = names::file(&learned, &lexicon, MADE, "", &BTreeMap::new());
            let model = Model::read(&Weights::open(bytes.clone())?)?;
            let mut scores = BTreeMap::new();
            for (name, found) in names::evaluate_dev(&folder, &gazetteer, &model)? {
                show(&mut out, &name, &found, kinds)?;
                scores.insert(name, found.all.f1());
            }
            let found = names::evaluate(&held, &gazetteer, &model);
            show(&mut out, "news, held back", &found, kinds)?;
            scores.insert("news, held back".to_owned(), found.all.f1());
            let context = Context::new(&[]).using(Arc::new(Models::default().with(bytes)?));
            let found = names::evaluate_analysis(&held, &context);
            show(&mut out, "news, held back, by the analysis", &found, kinds)?;
            scores.insert(
                "news, held back, by the analysis".to_owned(),
                found.all.f1(),
            );
            let print = learn::data::fingerprint(&names::sets(&folder))?;
            let bytes = names::file(&train(&all, "shipped"), &lexicon, MADE, &print, &scores);
            writeln!(out, "{} bytes", bytes.len())?;
            std::fs::write(models.join("names.bin"), bytes)?;
        }
        Some("cross") => {
            let gazetteer = gazetteer()?;
            let settings = settings(arguments.get(1..).unwrap_or_default())?;
            for (name, found) in names::cross_validate(&folder, &gazetteer, &settings, FOLDS)? {
                show(&mut out, &name, &found, kinds)?;
            }
        }
        Some("score") => {
            let gazetteer = gazetteer()?;
            let bytes = std::fs::read(models.join("names.bin"))?;
            let file = Weights::open(bytes.clone())?;
            writeln!(out, "{:?}", file.header().scores)?;
            for (name, found) in names::evaluate_dev(&folder, &gazetteer, &Model::read(&file)?)? {
                show(&mut out, &name, &found, kinds)?;
            }
            let context = Context::new(&[]).using(Arc::new(Models::default().with(bytes)?));
            for set in corpus::MEASURED {
                let dev = corpus::sentences(&folder, set, "dev", || 1)?;
                let found = names::evaluate_analysis(&dev, &context);
                show(&mut out, &format!("{set}, by the analysis"), &found, kinds)?;
            }
        }
        _ => return Err("say gazetteer, train or score".into()),
    }
    Ok(())
}

/// Settings by name, as `seeds=1 epochs=4`.
fn settings(arguments: &[String]) -> Result<Settings, Box<dyn std::error::Error>> {
    let mut settings = Settings::default();
    for (name, value) in arguments.iter().filter_map(|one| one.split_once('=')) {
        match name {
            "seeds" => settings.seeds = value.parse()?,
            "epochs" => settings.epochs = value.parse()?,
            "empty" => settings.empty = value.parse()?,
            "swapped" => settings.swapped = value.parse()?,
            "news" => settings.news = value.parse()?,
            "margin" => settings.margin = value.parse()?,
            "dropout" => settings.dropout = value.parse()?,
            "rarest" => settings.rarest = value.parse()?,
            "genreless" => settings.genreless = value.parse()?,
            _ => return Err(format!("no setting {name}").into()),
        }
    }
    Ok(settings)
}

fn show(out: &mut impl Write, name: &str, scores: &Scores, kinds: bool) -> std::io::Result<()> {
    let all = scores.all;
    writeln!(
        out,
        "{name}: F1 {:.3} (precision {:.3}, recall {:.3})",
        all.f1(),
        all.precision(),
        all.recall()
    )?;
    if kinds {
        for (kind, tally) in &scores.by_kind {
            writeln!(
                out,
                "    {kind:?}: F1 {:.3} (precision {:.3}, recall {:.3}, of {})",
                tally.f1(),
                tally.precision(),
                tally.recall(),
                tally.hit + tally.missed
            )?;
        }
        for (error, count) in scores.worst(10) {
            writeln!(out, "    {count} × {error}")?;
        }
    }
    Ok(())
}
