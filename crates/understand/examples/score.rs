//! Scores the first layer on labelled news: relevance, types, severity, India.
//!
//! `cargo run -p understand --example score -- FILE.jsonl [--errors]` reads one object a
//! line with `title`, `text`, `relevance`, `types`, `severity` and `india`, as the
//! news sets have them. With `--errors` it lists where it was wrong.

use std::collections::BTreeMap;
use std::io::Write;

use model::item::Draft;
use model::{Item, ItemKind, Markup, SourceId, Timestamp};
use serde_json::Value;
use understand::{Context, understand};

#[derive(Default)]
struct Tally {
    hit: u32,
    extra: u32,
    missed: u32,
}

impl Tally {
    fn add(&mut self, wanted: bool, got: bool) {
        match (wanted, got) {
            (true, true) => self.hit += 1,
            (false, true) => self.extra += 1,
            (true, false) => self.missed += 1,
            (false, false) => {}
        }
    }

    fn line(&self) -> String {
        let ratio = |part: u32, rest: u32| f64::from(part) / f64::from((part + rest).max(1));
        let (precision, recall) = (ratio(self.hit, self.extra), ratio(self.hit, self.missed));
        let f1 = 2.0 * precision * recall / (precision + recall).max(1e-9);
        format!(
            "precision {precision:.3} recall {recall:.3} F1 {f1:.3} ({} / {} / {})",
            self.hit, self.extra, self.missed
        )
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a JSONL file")?;
    let show_errors = arguments.any(|argument| argument == "--errors");
    let source = SourceId::new("score")?;
    let context = Context::new(&[]);
    let mut out = std::io::stdout().lock();
    let (mut relevant, mut label, mut india, mut types) =
        (Tally::default(), (0, 0), Tally::default(), Tally::default());
    let mut by_type: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut exact, mut near, mut banded) = (0, 0, 0);
    let mut scored: Vec<(f32, bool)> = Vec::new();
    for (index, line) in std::fs::read_to_string(path)?.lines().enumerate() {
        let row: Value = serde_json::from_str(line)?;
        let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let draft = Draft {
            external_id: index.to_string(),
            kind: ItemKind::Article,
            url: None,
            title: field("title").to_owned(),
            text: field("text").to_owned(),
            markup: Markup::Plain,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: model::item::Stated::default(),
        };
        let analysis = understand(&Item::new(&source, draft, Timestamp::UNIX_EPOCH), &context);
        let wanted = field("relevance");
        let is_relevant = wanted != "irrelevant";
        relevant.add(is_relevant, analysis.relevance.is_relevant());
        scored.push((analysis.relevance.probability, is_relevant));
        if is_relevant != analysis.relevance.is_relevant() && show_errors {
            writeln!(
                out,
                "relevance: wanted {wanted}, {:.2}: {}",
                analysis.relevance.probability,
                field("title")
            )?;
        }
        let got = serde_json::to_value(analysis.relevance.label)?;
        label.1 += 1;
        label.0 += u32::from(got == wanted);
        if is_relevant {
            let wanted: Vec<&str> = row
                .get("types")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let got: Vec<&str> = analysis
                .types
                .iter()
                .map(|tagged| tagged.label.as_str())
                .collect();
            for kind in model::IncidentType::ALL {
                let (w, g) = (
                    wanted.contains(&kind.as_str()),
                    got.contains(&kind.as_str()),
                );
                types.add(w, g);
                by_type.entry(kind.to_string()).or_default().add(w, g);
            }
            if show_errors && wanted.iter().any(|kind| !got.contains(kind)) {
                writeln!(
                    out,
                    "types: wanted {wanted:?}, got {got:?}: {}",
                    field("title")
                )?;
            }
            let wanted = field("severity").to_lowercase();
            if let Ok(wanted) = wanted.parse::<model::Severity>() {
                banded += 1;
                let got = analysis.severity.severity;
                exact += u32::from(got == wanted);
                near += u32::from((got as i32 - wanted as i32).abs() <= 1);
                if show_errors && (got as i32 - wanted as i32).abs() > 1 {
                    writeln!(
                        out,
                        "severity: wanted {wanted}, got {got} ({}): {}",
                        analysis.severity.reason.text,
                        field("title")
                    )?;
                }
            }
        }
        if let Some(wanted) = row.get("india").and_then(Value::as_bool) {
            india.add(wanted, analysis.region.is_india());
            if wanted != analysis.region.is_india() && show_errors {
                writeln!(
                    out,
                    "india: wanted {wanted}: {} | {}",
                    field("title"),
                    field("text").chars().take(200).collect::<String>()
                )?;
            }
        }
    }
    writeln!(out, "relevant  {}", relevant.line())?;
    writeln!(
        out,
        "AUC       {:.3}; irrelevant rejected at recall 0.95: {:.2}",
        auc(&scored),
        rejected(&mut scored)
    )?;
    writeln!(out, "class     {} of {}", label.0, label.1)?;
    writeln!(out, "types     {}", types.line())?;
    for (kind, tally) in &by_type {
        writeln!(out, "  {kind:18} {}", tally.line())?;
    }
    writeln!(
        out,
        "severity  {exact} of {banded} exact, {near} within one band"
    )?;
    writeln!(out, "india     {}", india.line())?;
    Ok(())
}

/// The chance that a relevant item ranks above an irrelevant one.
fn auc(scored: &[(f32, bool)]) -> f64 {
    let (mut above, mut pairs) = (0.0, 0.0);
    for (good, _) in scored.iter().filter(|(_, relevant)| *relevant) {
        for (bad, _) in scored.iter().filter(|(_, relevant)| !*relevant) {
            pairs += 1.0;
            above += if good > bad {
                1.0
            } else if (good - bad).abs() < f32::EPSILON {
                0.5
            } else {
                0.0
            };
        }
    }
    above / f64::max(pairs, 1.0)
}

/// The share of irrelevant items below the score that keeps 95 % of the relevant.
fn rejected(scored: &mut [(f32, bool)]) -> f64 {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let relevant = scored.iter().filter(|(_, relevant)| *relevant).count();
    let mut kept = 0;
    let mut limit = 0.0;
    for (score, is_relevant) in scored.iter() {
        kept += usize::from(*is_relevant);
        if kept * 100 >= relevant * 95 {
            limit = *score;
            break;
        }
    }
    let bad: Vec<f32> = scored
        .iter()
        .filter(|(_, relevant)| !*relevant)
        .map(|(score, _)| *score)
        .collect();
    bad.iter().filter(|score| **score < limit).count() as f64 / (bad.len().max(1)) as f64
}
