//! CVSS scores computed from vectors: 2.0, 3.0, 3.1 and 4.0.
//! <https://www.first.org/cvss/>
//!
//! Many sources give the vector alone. Of the older versions this is the base
//! score; 4.0 has one score for all metrics that a vector gives, threat and
//! environment included. What surprised us: 3.0 and 3.1 differ in how they round,
//! and 4.0 has no formula but a table of 270 scores that experts gave, between
//! which it interpolates.

use crate::vulnerability::ScoreVersion;

/// A vector has at most 32 metrics.
const MOST_METRICS: usize = 40;

/// The score of a vector; `None` if it is none, or a metric is missing, twice
/// there, or has an unknown value.
#[must_use]
pub fn score(vector: &str) -> Option<(ScoreVersion, f32)> {
    let vector = vector
        .trim()
        .trim_start_matches('(')
        .trim_end_matches([')', '/']);
    let (version, metrics) = match vector.split_once('/')? {
        ("CVSS:4.0", rest) => (ScoreVersion::V40, rest),
        ("CVSS:3.1", rest) => (ScoreVersion::V31, rest),
        ("CVSS:3.0", rest) => (ScoreVersion::V30, rest),
        ("CVSS:2.0", rest) => (ScoreVersion::V2, rest),
        _ => (ScoreVersion::V2, vector.trim_start_matches("CVSS2#")),
    };
    let metrics = Metrics::read(metrics)?;
    let score = match version {
        ScoreVersion::V2 => score_2(&metrics)?,
        ScoreVersion::V30 | ScoreVersion::V31 => score_3(&metrics, version)?,
        ScoreVersion::V40 => score_4(&metrics)?,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "one decimal between 0 and 10"
    )]
    Some((version, score as f32))
}

/// The metrics of a vector by their short names.
struct Metrics<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Metrics<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut metrics: Vec<(&str, &str)> = Vec::new();
        for part in text.split('/') {
            let (name, value) = part.split_once(':')?;
            if metrics.len() == MOST_METRICS || metrics.iter().any(|(known, _)| *known == name) {
                return None;
            }
            metrics.push((name, value));
        }
        Some(Self(metrics))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    /// The weight of a metric's value.
    fn weight(&self, name: &str, weights: &[(&str, f64)]) -> Option<f64> {
        let value = self.get(name)?;
        weights
            .iter()
            .find(|(known, _)| *known == value)
            .map(|(_, weight)| *weight)
    }
}

/// <https://www.first.org/cvss/v2/guide>, section 3.2.1.
fn score_2(metrics: &Metrics<'_>) -> Option<f64> {
    const IMPACT: [(&str, f64); 3] = [("N", 0.0), ("P", 0.275), ("C", 0.66)];
    let vector = metrics.weight("AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)])?;
    let complexity = metrics.weight("AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)])?;
    let authentication = metrics.weight("Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)])?;
    let spared = |name| metrics.weight(name, &IMPACT).map(|lost| 1.0 - lost);
    let impact = 10.41 * (1.0 - spared("C")? * spared("I")? * spared("A")?);
    let exploitability = 20.0 * vector * complexity * authentication;
    let factor = if impact == 0.0 { 0.0 } else { 1.176 };
    Some(nearest(
        (0.6 * impact + 0.4 * exploitability - 1.5) * factor,
    ))
}

/// <https://www.first.org/cvss/v3-1/specification-document>, section 7.1.
fn score_3(metrics: &Metrics<'_>, version: ScoreVersion) -> Option<f64> {
    const IMPACT: [(&str, f64); 3] = [("N", 0.0), ("L", 0.22), ("H", 0.56)];
    let changed = match metrics.get("S")? {
        "U" => false,
        "C" => true,
        _ => return None,
    };
    let vector = metrics.weight("AV", &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)])?;
    let complexity = metrics.weight("AC", &[("L", 0.77), ("H", 0.44)])?;
    let privileges = if changed {
        metrics.weight("PR", &[("N", 0.85), ("L", 0.68), ("H", 0.5)])?
    } else {
        metrics.weight("PR", &[("N", 0.85), ("L", 0.62), ("H", 0.27)])?
    };
    let interaction = metrics.weight("UI", &[("N", 0.85), ("R", 0.62)])?;
    let spared = |name| metrics.weight(name, &IMPACT).map(|lost| 1.0 - lost);
    let base = 1.0 - spared("C")? * spared("I")? * spared("A")?;
    let impact = if changed {
        7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15)
    } else {
        6.42 * base
    };
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + 8.22 * vector * complexity * privileges * interaction;
    let sum = if changed { 1.08 * sum } else { sum }.min(10.0);
    Some(if version == ScoreVersion::V31 {
        // Appendix A: in whole hundred-thousandths, so that every machine agrees.
        ((sum * 100_000.0).round() / 10_000.0).ceil() / 10.0
    } else {
        // What is a tenth up to the last bits of a float is that tenth.
        (sum * 10.0 - 1e-9).ceil() / 10.0
    })
}

/// To one decimal, half up; what is a half up to the last bits is a half.
fn nearest(score: f64) -> f64 {
    ((score.clamp(0.0, 10.0) * 10.0 + 0.5 + 1e-5).floor() / 10.0).min(10.0)
}

/// The metrics of 4.0 in the order of [`Levels`], each with its values from the
/// worst on and the level of the worst.
const METRICS_4: [(&str, &str, u8); 15] = [
    ("AV", "NALP", 0),
    ("PR", "NLH", 0),
    ("UI", "NPA", 0),
    ("AC", "LH", 0),
    ("AT", "NP", 0),
    ("VC", "HLN", 0),
    ("VI", "HLN", 0),
    ("VA", "HLN", 0),
    // "Safety" stands above these for integrity and availability.
    ("SC", "HLN", 1),
    ("SI", "SHLN", 0),
    ("SA", "SHLN", 0),
    ("CR", "HML", 0),
    ("IR", "HML", 0),
    ("AR", "HML", 0),
    ("E", "APU", 0),
];

/// How far each metric is from its worst value.
type Levels = [u8; 15];

/// <https://www.first.org/cvss/v4-0/specification-document>, section 8.
fn score_4(metrics: &Metrics<'_>) -> Option<f64> {
    let mut levels: Levels = [0; 15];
    for (level, (name, values, worst)) in levels.iter_mut().zip(METRICS_4) {
        *level = level_4(metrics, name, values)? + worst;
    }
    let [av, pr, ui, ac, at, vc, vi, va, sc, si, sa, cr, ir, ar, e] = levels;
    // Without any impact, on this system or another.
    if [vc, vi, va] == [2, 2, 2] && [sc, si, sa] == [3, 3, 3] {
        return Some(0.0);
    }
    let eq1 = match [av, pr, ui] {
        [0, 0, 0] => 0,
        [3, _, _] => 2,
        reach if reach.contains(&0) => 1,
        _ => 2,
    };
    let eq2 = u8::from([ac, at] != [0, 0]);
    let eq3 = match [vc, vi, va] {
        [0, 0, _] => 0,
        impact if impact.contains(&0) => 1,
        _ => 2,
    };
    let eq4 = match [sc, si, sa] {
        [_, 0, _] | [_, _, 0] => 0,
        impact if impact.contains(&1) => 1,
        _ => 2,
    };
    let required = [(vc, cr), (vi, ir), (va, ar)].contains(&(0, 0));
    let eq6 = u8::from(!required);
    let here = [eq1, eq2, eq3, eq4, e, eq6];
    let value = table_4(here)?;

    // The next lower class in each direction, how far we are on the way there,
    // and how long that way is.
    let next = |eq: usize| {
        let mut lower = here;
        if let Some(class) = lower.get_mut(eq) {
            *class += 1;
        }
        table_4(lower)
    };
    let lower_36 = match (eq3, eq6) {
        (0, 0) => next(2).max(next(5)),
        (1, 0) => next(5),
        _ => next(2),
    };
    let directions = [
        (
            next(0),
            distance(&[av, pr, ui], worst_1(eq1)),
            [1, 4, 5].get(usize::from(eq1)),
        ),
        (
            next(1),
            distance(&[ac, at], worst_2(eq2)),
            [1, 2].get(usize::from(eq2)),
        ),
        (
            lower_36,
            distance(&[vc, vi, va, cr, ir, ar], worst_36(eq3, eq6)),
            depth_36(eq3, eq6),
        ),
        (
            next(3),
            distance(&[sc, si, sa], worst_4(eq4)),
            [6, 5, 4].get(usize::from(eq4)),
        ),
        // Exploitation has no steps inside a class.
        (next(4), Some(0), Some(&1)),
    ];
    let mut ways = 0_u8;
    let mut sum = 0.0;
    for (lower, gone, whole) in directions {
        let Some(lower) = lower.filter(|lower| *lower <= value) else {
            continue;
        };
        ways += 1;
        sum += f64::from(value - lower) / 10.0 * f64::from(gone?) / f64::from(*whole?);
    }
    let mean = if ways == 0 {
        0.0
    } else {
        sum / f64::from(ways)
    };
    Some(nearest(f64::from(value) / 10.0 - mean))
}

/// A metric's level, as modified for the reader's environment if it is. What is
/// not given counts as the worst, where it may be left out.
fn level_4(metrics: &Metrics<'_>, name: &str, values: &str) -> Option<u8> {
    let modified = metrics
        .get(&format!("M{name}"))
        .filter(|value| *value != "X");
    let optional = matches!(name, "CR" | "IR" | "AR" | "E");
    let given = match modified.filter(|_| !optional).or_else(|| metrics.get(name)) {
        None | Some("X") if optional => return Some(0),
        given => given?,
    };
    // Only an environment makes it a matter of safety.
    if given.len() != 1 || (given == "S" && modified.is_none()) {
        return None;
    }
    values.find(given).and_then(|at| u8::try_from(at).ok())
}

/// How far `levels` is from the first of the `worst` that it is not above of.
fn distance(levels: &[u8], worst: &[&[u8]]) -> Option<u8> {
    worst.iter().find_map(|worst| {
        levels
            .iter()
            .zip(*worst)
            .try_fold(0_u8, |sum, (level, worst)| {
                level.checked_sub(*worst).map(|gone| sum + gone)
            })
    })
}

/// The worst vectors of a class: AV, PR, UI.
const fn worst_1(class: u8) -> &'static [&'static [u8]] {
    match class {
        0 => &[&[0, 0, 0]],
        1 => &[&[1, 0, 0], &[0, 1, 0], &[0, 0, 1]],
        _ => &[&[3, 0, 0], &[1, 1, 1]],
    }
}

/// AC, AT.
const fn worst_2(class: u8) -> &'static [&'static [u8]] {
    match class {
        0 => &[&[0, 0]],
        _ => &[&[1, 0], &[0, 1]],
    }
}

/// VC, VI, VA, CR, IR, AR: two classes that hang together.
const fn worst_36(eq3: u8, eq6: u8) -> &'static [&'static [u8]] {
    match (eq3, eq6) {
        (0, 0) => &[&[0, 0, 0, 0, 0, 0]],
        (0, _) => &[&[0, 0, 1, 1, 1, 0], &[0, 0, 0, 1, 1, 1]],
        (1, 0) => &[&[1, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0]],
        (1, _) => &[
            &[1, 0, 1, 0, 1, 0],
            &[1, 0, 0, 0, 1, 1],
            &[0, 1, 0, 1, 0, 1],
            &[0, 1, 1, 1, 0, 0],
            &[1, 1, 0, 0, 0, 1],
        ],
        _ => &[&[1, 1, 1, 0, 0, 0]],
    }
}

const fn depth_36(eq3: u8, eq6: u8) -> Option<&'static u8> {
    Some(match (eq3, eq6) {
        (0, 0) => &7,
        (0, _) => &6,
        (1, _) => &8,
        _ => &10,
    })
}

/// SC, SI, SA.
const fn worst_4(class: u8) -> &'static [&'static [u8]] {
    match class {
        0 => &[&[1, 0, 0]],
        1 => &[&[1, 1, 1]],
        _ => &[&[2, 2, 2]],
    }
}

/// The score of a class in tenths; `None` for classes that cannot be.
fn table_4([eq1, eq2, eq3, eq4, eq5, eq6]: [u8; 6]) -> Option<u8> {
    if eq1 > 2 || eq2 > 1 || eq3 > 2 || eq4 > 2 || eq5 > 2 || eq6 > 1 {
        return None;
    }
    let row = usize::from(eq1) * 6 + usize::from(eq2) * 3 + usize::from(eq3);
    let column = usize::from(eq4) * 6 + usize::from(eq5) * 2 + usize::from(eq6);
    TABLE_4
        .get(row)?
        .get(column)
        .copied()
        .filter(|score| *score != NO)
}

/// A class that cannot be: without a high impact none is required.
const NO: u8 = u8::MAX;

/// The scores of FIRST's experts in tenths, from the specification's table: a row
/// for each of EQ1, EQ2, EQ3, a column for each of EQ4, EQ5, EQ6.
#[rustfmt::skip]
const TABLE_4: [[u8; 18]; 18] = [
    [100, 99, 98, 95, 95, 92, 100, 96, 93, 87, 91, 81, 93, 90, 89, 80, 81, 68],
    [98, 95, 95, 92, 90, 84, 93, 92, 89, 81, 81, 65, 88, 80, 78, 70, 69, 48],
    [NO, 92, NO, 82, NO, 72, NO, 79, NO, 69, NO, 50, NO, 69, NO, 55, NO, 27],
    [99, 97, 95, 92, 92, 85, 95, 91, 90, 83, 84, 71, 92, 81, 82, 71, 72, 53],
    [95, 93, 92, 85, 85, 73, 92, 82, 80, 72, 70, 59, 84, 70, 71, 52, 50, 30],
    [NO, 86, NO, 75, NO, 52, NO, 71, NO, 52, NO, 29, NO, 63, NO, 29, NO, 17],
    [98, 95, 94, 87, 91, 81, 94, 89, 86, 74, 77, 64, 87, 75, 74, 63, 63, 49],
    [94, 89, 88, 77, 76, 67, 86, 76, 74, 58, 59, 50, 72, 57, 57, 52, 52, 25],
    [NO, 83, NO, 70, NO, 54, NO, 65, NO, 58, NO, 26, NO, 53, NO, 21, NO, 13],
    [95, 90, 88, 76, 76, 70, 90, 77, 75, 62, 61, 53, 77, 66, 68, 59, 52, 30],
    [89, 78, 76, 67, 62, 58, 74, 59, 57, 57, 47, 23, 61, 52, 57, 29, 24, 16],
    [NO, 71, NO, 59, NO, 30, NO, 58, NO, 26, NO, 15, NO, 23, NO, 13, NO, 6],
    [93, 87, 86, 72, 75, 58, 86, 74, 74, 61, 56, 34, 70, 54, 52, 40, 40, 22],
    [85, 75, 74, 55, 62, 51, 72, 57, 55, 41, 46, 19, 53, 36, 34, 19, 19, 8],
    [NO, 64, NO, 51, NO, 20, NO, 47, NO, 21, NO, 11, NO, 24, NO, 9, NO, 4],
    [88, 75, 73, 53, 60, 50, 73, 55, 59, 40, 41, 20, 54, 43, 45, 22, 20, 11],
    [75, 55, 58, 45, 40, 21, 61, 51, 48, 18, 20, 9, 46, 18, 17, 7, 8, 2],
    [NO, 53, NO, 24, NO, 14, NO, 24, NO, 12, NO, 5, NO, 10, NO, 3, NO, 1],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vector: &str, wanted: Option<f32>) {
        assert_eq!(score(vector).map(|(_, score)| score), wanted, "{vector}");
    }

    /// The examples of FIRST's guide to 2.0, section 3.3, and others as NVD
    /// publishes them.
    #[test]
    fn version_2_scores_as_published() {
        check("AV:N/AC:L/Au:N/C:N/I:N/A:C", Some(7.8));
        check("AV:N/AC:L/Au:N/C:C/I:C/A:C", Some(10.0));
        check("AV:L/AC:H/Au:N/C:C/I:C/A:C", Some(6.2));
        check("(AV:N/AC:M/Au:N/C:N/I:P/A:N)", Some(4.3));
        check("CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P/E:U", Some(7.5));
        check("AV:L/AC:L/Au:N/C:N/I:N/A:N", Some(0.0));
    }

    /// The examples of FIRST's document for 3.1 (MySQL, POODLE, Heartbleed …).
    #[test]
    fn version_3_scores_as_published() {
        check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", Some(6.4));
        check("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", Some(3.1));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", Some(7.5));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(9.8));
        check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Some(10.0));
        check("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some(6.8));
        check(
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N/E:P/RC:C",
            Some(6.1),
        );
        check("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:H/A:N", Some(8.6));
        check("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:N", Some(0.0));
    }

    /// The examples of FIRST's document for 4.0, and one with every group of metrics.
    #[test]
    fn version_4_scores_as_published() {
        check(
            "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            Some(7.3),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            Some(7.7),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U",
            Some(5.2),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N",
            Some(5.1),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N",
            Some(8.8),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            Some(10.0),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
            Some(9.3),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:N",
            Some(6.9),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N",
            Some(0.0),
        );
        check(
            "CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:H/SI:H/SA:H/CR:H/IR:H/AR:H/MAV:A/MSI:S/MSA:S/E:P",
            Some(7.6),
        );
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        for vector in [
            "",
            "CVSS:3.1",
            "CVSS:3.1/",
            "CVSS:9.9/AV:N",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:X/C:H/I:H/A:H",
            "CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:S/SA:H",
            "CVSS:4.0/AV:NA/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
            "AV:N/AC:L/Au:N/C:C/I:C",
            "7.5",
        ] {
            check(vector, None);
        }
        check(&"AV:N/".repeat(100_000), None);
    }
}
