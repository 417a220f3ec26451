//! Trains and measures the models of severity.
//!
//! `severity train-cve MADE [FOLDER]` writes `crates/understand/models/flaw.bin`;
//! `severity cve [FILE]` measures it through the pipeline on the dev set;
//! `severity train-events MADE` writes `severity.bin`, `severity cross` measures it
//! by cross-validation, `severity events` through the pipeline.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use learn::{cve, data, severity};
use understand::{Context, Models};

#[expect(clippy::disallowed_methods, reason = "the time that it takes")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize| arguments.get(at).map(String::as_str);
    let sets = argument(2)
        .map(PathBuf::from)
        .or_else(data::shared)
        .ok_or("no data sets beside the repository")?;
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../understand/models");
    let mut out = std::io::stdout().lock();
    match argument(0) {
        Some("train-cve") => {
            let made = argument(1).ok_or("when is it made? (RFC 3339)")?;
            let file = cve::train(&sets, "1", made, &|_| ())?;
            writeln!(out, "flaw.bin: {} bytes", file.len())?;
            std::fs::write(models.join("flaw.bin"), file)?;
        }
        Some("cve") => {
            let file = std::fs::read(models.join("flaw.bin"))?;
            let context = Context::new(&[]).using(Models::default().with(file)?.into());
            let default = sets.join("cve_severity/dev.jsonl.gz");
            let rows = cve::rows(&argument(1).map_or(default, PathBuf::from))?;
            let measured = cve::measure(&rows, &context)?;
            writeln!(
                out,
                "{} scored texts, {:.4} recognised",
                measured.count, measured.recognised
            )?;
            writeln!(out, "{}", measured.bands)?;
            writeln!(
                out,
                "band accuracy {:.4}, macro F1 {:.4}, score error {:.4}",
                measured.bands.accuracy(),
                measured.band_f1,
                measured.error
            )?;
            writeln!(out, "AV AC PR UI S C I A: {:.3?}", measured.metrics)?;
            let (right, named) = measured.weakness;
            writeln!(out, "weakness: {right:.3} right of the {named:.3} named")?;
            writeln!(out, "product: {:.3} right", measured.product)?;
            for (away, text) in &measured.worst {
                writeln!(out, "  {away:.1} {text}")?;
            }
            let model = context.models().flaw().ok_or("no model")?;
            let start = Instant::now();
            for row in &rows {
                std::hint::black_box(model.describe("", &row.text));
            }
            writeln!(
                out,
                "{:.1?} a text",
                start.elapsed() / rows.len().try_into()?
            )?;
            let (taken, all) = cve::mistaken(&sets.join("news/dev.jsonl"), &context)?;
            writeln!(
                out,
                "news taken for descriptions: {} of {all}: {taken:#?}",
                taken.len()
            )?;
        }
        Some("train-events") => {
            let made = argument(1).ok_or("when is it made? (RFC 3339)")?;
            let file = severity::train(&sets, "1", made)?;
            writeln!(out, "severity.bin: {} bytes", file.len())?;
            std::fs::write(models.join("severity.bin"), file)?;
        }
        Some("cross") => {
            let rows = severity::rows(&sets.join("news/train.jsonl"))?;
            show(
                &mut out,
                "cross-validated",
                &severity::cross_validate(&rows)?,
                30,
            )?;
        }
        Some("events") => {
            let mut known = Models::default();
            for name in ["flaw.bin", "severity.bin"] {
                known = known.with(std::fs::read(models.join(name))?)?;
            }
            let context = Context::new(&[]).using(known.into());
            for name in ["news/train.jsonl", "news/dev.jsonl"] {
                let rows = severity::rows(&sets.join(name))?;
                show(&mut out, name, &severity::measure(&rows, &context)?, 10)?;
            }
        }
        _ => {
            return Err(
                "severity train-cve MADE | cve | train-events MADE | cross | events".into(),
            );
        }
    }
    Ok(())
}

fn show(
    out: &mut impl Write,
    name: &str,
    measured: &severity::Measured,
    errors: usize,
) -> std::io::Result<()> {
    writeln!(out, "{name}\n{}", measured.bands)?;
    writeln!(
        out,
        "right by item {:.3}, by story {:.3} ({:.3} with law firms' notices low), within one band by story {:.3}",
        measured.by_item, measured.by_story, measured.as_defined, measured.near
    )?;
    for error in measured.worst.iter().take(errors) {
        writeln!(out, "  {error}")?;
    }
    Ok(())
}
