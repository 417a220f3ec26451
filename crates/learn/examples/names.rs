//! Builds the gazetteer, learns word clusters, trains and measures the name model.
//!
//! `names gazetteer | clusters | train [FLAGS] | score`
use std::io::Write;
use std::path::Path;

use learn::folds::folds;
use learn::names::{self, Swaps, corpus, perceptron::Settings};
use understand::names::{Gazetteer, Model};
use understand::weights::Weights;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = learn::data::shared().ok_or("no ../shared/datasets")?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../understand/models");
    let flag = |name: &str| -> Option<f64> {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let made = "2026-11-22T00:00:00Z";
    let mut out = std::io::stdout().lock();
    match arguments.first().map(String::as_str) {
        Some("gazetteer") => {
            let lower = names::lower_words(&names::texts(&folder)?);
            let bytes = learn::gazetteer::build(&folder.join("gazetteers"), &lower, made)?;
            writeln!(out, "{} bytes", bytes.len())?;
            std::fs::write(models.join("gazetteer.bin"), bytes)?;
        }
        Some("train") => {
            let gazetteer_bytes = std::fs::read(models.join("gazetteer.bin"))?;
            let gazetteer = Gazetteer::read(&Weights::open(gazetteer_bytes)?)?;
            let mut settings = Settings::default();
            settings.seeds = flag("--seeds").map_or(settings.seeds, |n| n as u64);
            settings.epochs = flag("--epochs").map_or(settings.epochs, |n| n as usize);
            settings.empty = flag("--empty").unwrap_or(settings.empty);
            settings.swapped = flag("--swap").unwrap_or(settings.swapped);
            settings.margin = flag("--margin").map_or(settings.margin, |n| n as f32);
            settings.rare = flag("--rare").map_or(settings.rare, |n| n as u32);
            settings.mask = flag("--mask").map_or(settings.mask, |n| n as u8);
            let mut all = names::documents(&folder, 1)?;
            let stories: Vec<Option<&str>> = all.iter().map(|d| d.story.as_deref()).collect();
            let fold = folds(&stories, 5, 3);
            let mut held = Vec::new();
            let mut index = 0;
            all.retain(|document| {
                index += 1;
                let out = document.set == "news" && fold[index - 1] == 0;
                if out { held.push(document.clone()); }
                !out
            });
            let mut lexicon = names::Lexicon::learn(&names::texts(&folder)?, &all, 7);
            if flag("--genre") == Some(0.0) { lexicon.genres.fill(0); }
            settings.news = flag("--news").map_or(settings.news, |n| n as usize);
            if flag("--harmonise").unwrap_or(0.0) > 0.0 {
                corpus::harmonise(&mut all);
            }
            let swaps = Swaps::read(&folder, &gazetteer)?;
            let start = std::time::Instant::now();
            let learned = names::train(&all, &swaps, &lexicon, &gazetteer, &settings, &|_, _| {});
            let bytes = names::file(&learned, &lexicon, made, "");
            writeln!(out, "{} actors {} malware; {:.0} s; {} features learned; {} bytes", swaps.actors.len(), swaps.malware.len(), start.elapsed().as_secs_f64(), learned.weights.len(), bytes.len())?;
            let model = Model::read(&Weights::open(bytes.clone())?)?;
            let mut line = String::new();
            for size in [1, 25] {
                for set in ["annoctr", "aptner", "cyner", "ladder"] {
                    let dev = corpus::sentences(&folder, set, "dev", || size)?;
                    let scores = names::evaluate(&dev, &gazetteer, &model);
                    line += &format!("{set} {:.3} ", scores.all.f1());
                    if arguments.iter().any(|a| a == "--kinds") && size == 25 {
                        for (kind, t) in &scores.by_kind {
                            writeln!(out, "  {set} {kind:?} P {:.3} R {:.3} F {:.3} ({})", t.precision(), t.recall(), t.f1(), t.hit + t.missed)?;
                        }
                        writeln!(out, "  {:?}", scores.worst(25))?;
                    }
                }
            }
            let scores = names::evaluate(&held, &gazetteer, &model);
            if arguments.iter().any(|a| a == "--kinds") {
                for (kind, t) in &scores.by_kind {
                    writeln!(out, "  news {kind:?} P {:.3} R {:.3} F {:.3} ({})", t.precision(), t.recall(), t.f1(), t.hit + t.missed)?;
                }
                writeln!(out, "  {:?}", scores.worst(25))?;
            }
            writeln!(out, "{line}news {:.3}", scores.all.f1())?;
            if arguments.iter().any(|a| a == "--analysis") {
                let models = understand::Models::default().with(bytes.clone())?;
                let context = understand::Context::new(&[]).using(std::sync::Arc::new(models));
                for set in ["annoctr", "aptner", "cyner", "ladder"] {
                    let dev = corpus::sentences(&folder, set, "dev", || 1)?;
                    let scores = names::evaluate_analysis(&dev, &context);
                    write!(out, "{set} {:.3} ", scores.all.f1())?;
                    if arguments.iter().any(|a| a == "--kinds") { writeln!(out, "{:?}", scores.worst(12))?; }
                }
                let scores = names::evaluate_analysis(&held, &context);
                if arguments.iter().any(|a| a == "--kinds") { writeln!(out, "{:?}", scores.worst(12))?; }
                writeln!(out, "news {:.3} through the analysis", scores.all.f1())?;
                let start = std::time::Instant::now();
                let mut tokens = 0;
                for document in &held {
                    let texts: Vec<&str> = document.texts.iter().map(String::as_str).collect();
                    let seen = understand::names::Seen::new(&texts, &gazetteer, &model);
                    tokens += seen.len();
                    std::hint::black_box(seen.label(&model));
                }
                writeln!(out, "{:.3} µs a token", start.elapsed().as_secs_f64() * 1e6 / tokens as f64)?;
            }
            if arguments.iter().any(|a| a == "--write") {
                std::fs::write(models.join("names.bin"), bytes)?;
            }
        }
        _ => return Err("say what".into()),
    }
    Ok(())
}
