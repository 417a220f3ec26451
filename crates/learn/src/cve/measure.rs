//! How well the pipeline reads descriptions of flaws.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::{AttackClass, IdError, Severity, attack};
use understand::flaw::vector;
use understand::{Context, product, understand};

use super::{CveError, Other, Row};
use crate::data::{self, item};
use crate::measure::{Bin, Confusion, Tally, calibration, calibration_error, macro_f1};

/// How well descriptions are read, all through the pipeline.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Scored texts.
    pub count: usize,
    /// Share of right values, metric by metric.
    pub metrics: [f64; 8],
    /// Which band was given for which.
    pub bands: Confusion,
    /// Mean F1 of the bands.
    pub band_f1: f64,
    /// How often the model's band was right, by the chance it gave it.
    pub calibration: Vec<Bin>,
    /// The mean distance of the two.
    pub calibration_error: f64,
    /// Mean distance of the scores.
    pub error: f64,
    /// Texts taken for descriptions of flaws.
    pub recognised: f64,
    /// Where the class of weakness was named, how often it was right; and how often
    /// it was named.
    pub weakness: (f64, f64),
    /// How often a text with a class of weakness was given the right one.
    pub weakness_found: f64,
    /// By attack class: what the words of a text say, beside what follows from its
    /// weaknesses.
    pub attacks: BTreeMap<AttackClass, Tally>,
    /// Where the set names products, how often one of those read is among them.
    pub product: f64,
    /// The worst errors: how far, which, its text.
    pub worst: Vec<(f32, String)>,
}

/// Measures what the pipeline says of scored texts.
///
/// # Errors
///
/// If a row's id cannot be one of an item.
pub fn measure(rows: &[Row], context: &Context) -> Result<Measured, IdError> {
    let mut bands = Confusion::new(&["low", "medium", "high", "critical"]);
    let mut tallies = [Tally::default(); 4];
    let mut metrics = [(0_usize, 0_usize); 8];
    let (mut error, mut scored, mut recognised, mut count) = (0.0_f64, 0_usize, 0_usize, 0_usize);
    let (mut right, mut named, mut classed) = (0_usize, 0_usize, 0_usize);
    let (mut found, mut with_product) = (0_usize, 0_usize);
    let mut worst: Vec<(f32, String)> = Vec::new();
    let mut said_of: Vec<(f32, bool)> = Vec::new();
    let mut attacks: BTreeMap<AttackClass, Tally> = BTreeMap::new();
    for row in rows {
        let wanted = row.products();
        if !wanted.is_empty() {
            with_product += 1;
            let given = product::products(&row.text);
            found += usize::from(given.iter().any(|given| is_among(&given.name, &wanted)));
        }
        let Some(band) = row.band() else { continue };
        let analysis = understand(&item(&row.id, row.title.as_deref(), &row.text)?, context);
        let judged = &analysis.severity;
        count += 1;
        bands.add(band as usize, judged.severity as usize);
        for (class, tally) in tallies.iter_mut().enumerate() {
            tally.add(class == band as usize, class == judged.severity as usize);
        }
        if let Some(score) = row.score {
            scored += 1;
            let away = (score - judged.score).abs();
            error += f64::from(away);
            let head: String = row.text.chars().take(160).collect();
            worst.push((
                away,
                format!("{} {score} for {}: {head}", row.id, judged.score),
            ));
        }
        let text = &judged.reason.text;
        let said = text.find("CVSS:3.1/").and_then(|at| text.get(at..at + 44));
        recognised += usize::from(said.is_some());
        if let Some((wanted, given)) = row.levels().zip(said.and_then(vector::read)) {
            for ((right, all), (wanted, given)) in
                metrics.iter_mut().zip(wanted.into_iter().zip(given))
            {
                *all += 1;
                *right += usize::from(wanted == given);
            }
        }
        let Some(model) = context.models().flaw() else {
            continue;
        };
        let given = model.describe(row.title.as_deref().unwrap_or_default(), &row.text);
        said_of.push((given.sure, Severity::of_score(given.score) == band));
        add_attacks(&mut attacks, row);
        if let Some(wanted) = row.weakness() {
            classed += 1;
            named += usize::from(given.weakness.is_some());
            right += usize::from(given.weakness == Some(model::CweId(wanted)));
        }
    }
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    worst.truncate(10);
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    Ok(Measured {
        count,
        metrics: metrics.map(|(right, all)| share(right, all)),
        bands,
        band_f1: macro_f1(&tallies),
        calibration: calibration(&said_of),
        calibration_error: calibration_error(&said_of),
        error: error / scored.max(1) as f64,
        recognised: share(recognised, count),
        weakness: (share(right, named), share(named, classed)),
        weakness_found: share(right, classed),
        attacks,
        product: share(found, with_product),
        worst,
    })
}

/// Compares the attack classes that the words of a text say with those that surely follow
/// from its weaknesses, where any does.
fn add_attacks(tallies: &mut BTreeMap<AttackClass, Tally>, row: &Row) {
    let wanted: BTreeSet<AttackClass> = row
        .weaknesses()
        .flat_map(AttackClass::of_weakness)
        .collect();
    if wanted.is_empty() {
        return;
    }
    let given: BTreeSet<AttackClass> = [row.title.as_deref().unwrap_or_default(), &row.text]
        .into_iter()
        .flat_map(attack::told)
        .map(|told| told.says)
        .collect();
    for class in wanted.union(&given) {
        let tally = tallies.entry(*class).or_default();
        tally.add(wanted.contains(class), given.contains(class));
    }
}

/// Whether an attack class is what comes of a flaw, and not how it is used. A text says both
/// of one flaw, and its weakness tells only the second: what is said of these beside the
/// weakness is no error.
#[must_use]
pub fn is_impact(class: AttackClass) -> bool {
    matches!(
        class,
        AttackClass::CodeExecution
            | AttackClass::PrivilegeEscalation
            | AttackClass::InformationDisclosure
            | AttackClass::DenialOfService
            | AttackClass::FileAccess
            | AttackClass::SecurityBypass
            | AttackClass::SandboxEscape
            | AttackClass::Spoofing
            | AttackClass::Tampering
            | AttackClass::AdversaryInTheMiddle
            | AttackClass::SessionHijacking
            | AttackClass::CachePoisoning
    )
}

/// Whether a name is one of the products: all words of one are in the other, the
/// vendor's own aside.
fn is_among(name: &str, products: &[(&str, &str)]) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| {
                !word.is_empty() && !["plugin", "for", "wordpress", "the"].contains(word)
            })
            .map(str::to_owned)
            .collect()
    };
    let all = words(name);
    products.iter().any(|(vendor, product)| {
        let (product, vendor) = (words(product), words(vendor));
        let own: Vec<&String> = all
            .iter()
            .filter(|word| !vendor.contains(word) || product.contains(word))
            .collect();
        let given = if own.is_empty() {
            all.iter().collect()
        } else {
            own
        };
        let inside = given.iter().all(|word| product.contains(word));
        let around = product.iter().all(|word| given.contains(&word));
        !given.is_empty() && !product.is_empty() && (inside || around)
    })
}

/// The texts of a set of news that are taken for descriptions of flaws, and how
/// many there are.
///
/// # Errors
///
/// If the set cannot be read.
pub fn mistaken(path: &Path, context: &Context) -> Result<(Vec<String>, usize), CveError> {
    let others: Vec<Other> = data::read_jsonl(path)?;
    let mut taken = Vec::new();
    for other in &others {
        let item = item(
            "text",
            other.title.as_deref(),
            other.text.as_deref().unwrap_or_default(),
        )?;
        let analysis = understand(&item, context);
        if analysis.severity.reason.text.contains("CVSS:3.1/") {
            taken.push(analysis.title);
        }
    }
    Ok((taken, others.len()))
}
