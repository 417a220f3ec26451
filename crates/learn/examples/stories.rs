//! Trains the story model and says how good it is.
//!
//! `cargo run --release -p learn --example stories -- ../shared/datasets MADE OUT` reads
//! `news/train.jsonl`, leaves each window out in turn, learns from all of it, scores
//! `news/dev.jsonl` and writes the model to OUT. MADE is the time that stands in it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use learn::data::{fingerprint, read_jsonl};
use learn::stories::{Row, Scores, cross_validate, evaluate, train};
use understand::story::likeness::StoryModel;
use understand::weights::Weights;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder of the data sets")?);
    let made = arguments
        .next()
        .ok_or("give the time that stands in the model")?;
    let out = PathBuf::from(arguments.next().ok_or("give the file to write")?);
    let path = folder.join("news/train.jsonl");
    let rows: Vec<Row> = read_jsonl(&path)?;
    let rows: Vec<&Row> = rows.iter().collect();
    let mut print = std::io::stdout().lock();
    let held = cross_validate(&rows)?;
    tell(&mut print, "left out", &held)?;
    let mean = held.values().map(|scores| scores.f1).sum::<f64>() / held.len().max(1) as f64;
    let scores = BTreeMap::from([("b_cubed_f1_left_out".to_owned(), mean)]);
    let file = train(&rows, &made, &fingerprint(&[path])?, &scores)?;
    let model = StoryModel::read(&Weights::open(file.clone())?)?;
    let dev: Vec<Row> = read_jsonl(&folder.join("news/dev.jsonl"))?;
    tell(
        &mut print,
        "dev",
        &evaluate(&dev.iter().collect::<Vec<_>>(), &model),
    )?;
    writeln!(print, "mean F1 left out {mean:.3}; {} bytes", file.len())?;
    std::fs::write(out, file)?;
    Ok(())
}

fn tell(
    out: &mut impl Write,
    what: &str,
    scores: &BTreeMap<String, Scores>,
) -> std::io::Result<()> {
    for (window, scores) in scores {
        writeln!(
            out,
            "{what} {window}: B-cubed precision {:.3} recall {:.3} F1 {:.3}; duplicates removed {:.2}, wrongly merged {:.3} ({} items)",
            scores.precision,
            scores.recall,
            scores.f1,
            scores.duplicates_removed,
            scores.wrongly_merged,
            scores.items
        )?;
    }
    Ok(())
}
