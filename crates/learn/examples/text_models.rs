//! Trains relevance and types on `../shared/datasets` and writes their weights.
//!
//! `cargo run --release -p learn --example text_models -- MADE [FOLDER]` first
//! measures by cross-validation over the training sets, then trains on all of
//! them, writes `relevance.bin` and `types.bin` into FOLDER
//! (`crates/understand/models`), and measures these once on the dev sets. MADE is
//! noted in the files as their date.

use std::io::Write;
use std::path::PathBuf;

use learn::texts::Data;
use learn::{data, relevance, types};

/// Whatever it is, it stays.
const SEED: u64 = 2026;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let made = arguments.next().ok_or("give the date to note")?;
    let folder = arguments.next().map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../understand/models"),
        PathBuf::from,
    );
    let sets = data::shared().ok_or("../shared/datasets is not there")?;
    let mut out = std::io::stdout();
    let mut progress = |what: &str| {
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{what}");
    };
    let training = Data::read(&sets, "train")?;
    let dev = Data::read(&sets, "dev")?;

    let scores = relevance::cross_validate(&training, SEED, &mut progress);
    writeln!(out, "== relevance, cross-validated\n{scores}")?;
    let trained = relevance::train(&training, SEED, &made, &scores, &mut progress)?;
    std::fs::write(folder.join("relevance.bin"), &trained.file)?;
    let on_dev = relevance::evaluate(&trained.file, &dev)?;
    writeln!(out, "== relevance, dev\n{on_dev}")?;

    let scores = types::cross_validate(&training, SEED, types::RECIPE, &mut progress);
    writeln!(out, "== types, cross-validated\n{scores}")?;
    let trained = types::train(&training, SEED, &made, &scores, &mut progress)?;
    std::fs::write(folder.join("types.bin"), &trained.file)?;
    let on_dev = types::evaluate(&trained.file, &dev)?;
    writeln!(out, "== types, dev\n{on_dev}")?;
    Ok(())
}
