//! The gazetteers in `datasets/gazetteers` → the table that the pipeline reads in
//! place.
//!
//! Which names are ordinary words too is told by a list, and by our own texts: a
//! name of one word that they hold in lower case is ambiguous.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use understand::names::{Builder, class};

use crate::data::{DataError, read_lines};
use crate::file::Writer;

/// So often in lower case, and a name is an ordinary word.
const ORDINARY: u32 = 3;

/// A product that fewer CVEs name may be anybody's word.
const WELL_KNOWN: u32 = 3;

/// Builds the table. `lower` counts words that our texts hold in lower case.
///
/// # Errors
///
/// If a list cannot be read.
pub fn build(
    folder: &Path,
    lower: &HashMap<String, u32>,
    made: &str,
) -> Result<Vec<u8>, DataError> {
    let mut builder = Builder::default();
    let rows = |name: &str| -> Result<Vec<Vec<String>>, DataError> {
        Ok(read_lines(&folder.join(name))?
            .into_iter()
            .skip(1)
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect())
    };
    let mut listed: HashSet<String> = HashSet::new();
    for row in rows("threat_names_ambiguous.tsv")? {
        listed.extend(row.first().map(|name| name.to_lowercase()));
    }
    let is_ordinary = |name: &str| {
        let folded = name.to_lowercase();
        listed.contains(&folded)
            || folded.chars().count() < 3
            || (!folded.contains(' ') && lower.get(&folded).is_some_and(|count| *count >= ORDINARY))
    };
    threats(&mut builder, &rows("threat_names.tsv")?, is_ordinary);
    products(&mut builder, &rows("vendor_product.tsv")?, is_ordinary);
    techniques(&mut builder, &rows("attack_techniques.tsv")?);
    for row in rows("india_bodies.tsv")? {
        let [name, aliases, kind, ..] = row.as_slice() else {
            continue;
        };
        if matches!(kind.as_str(), "cue" | "place") {
            continue;
        }
        // In most rows the aliases are the body's own names; in the others they are
        // bodies of its kind, which makes no difference to what they are.
        for alias in [name.as_str()].into_iter().chain(aliases.split('|')) {
            let alias = alias.trim();
            let mark = if is_ordinary(alias) || alias.len() < 3 {
                class::AMBIGUOUS
            } else {
                0
            };
            builder.add(alias, class::BODY | mark, alias, kind);
        }
    }
    for row in rows("companies_india.tsv")? {
        let [name, core, ..] = row.as_slice() else {
            continue;
        };
        let name = name.trim_end_matches('.');
        builder.add(name, class::COMPANY, core, "IN");
        let words = core.split_whitespace().count();
        if words > 1 || (core.len() > 4 && !is_ordinary(core)) {
            let mark = if words > 1 { 0 } else { class::AMBIGUOUS };
            builder.add(core, class::COMPANY | mark, core, "IN");
        }
    }
    places(
        &mut builder,
        &rows("countries.tsv")?,
        &rows("places_india.tsv")?,
        &rows("places_world_100k.tsv")?,
        is_ordinary,
    );
    let table = builder.finish();
    let mut writer = Writer::new("gazetteer", "1", made, "");
    writer
        .count("entries", table.keys.len())
        .section("buckets", &table.buckets)
        .section("keys", &table.keys)
        .section("classes", &table.classes)
        .section("places", &table.places)
        .section("pool", &table.pool);
    Ok(writer.finish().unwrap_or_default())
}

fn threats(builder: &mut Builder, rows: &[Vec<String>], is_ordinary: impl Fn(&str) -> bool) {
    for row in rows {
        let [kind, name, aliases, country, ..] = row.as_slice() else {
            continue;
        };
        let kind = match kind.as_str() {
            "ACTOR" => class::ACTOR,
            "MALWARE" | "RANSOMWARE" => class::MALWARE,
            "TOOL" => class::TOOL,
            _ => continue,
        };
        let detail = if kind == class::ACTOR {
            country.as_str()
        } else {
            ""
        };
        for spelling in [name.as_str()].into_iter().chain(aliases.split('|')) {
            let spelling = spelling.trim();
            // ATT&CK's own ids are no names that people write.
            let is_id = spelling.len() == 5
                && spelling.starts_with(['G', 'S', 'C'])
                && spelling.bytes().skip(1).all(|b| b.is_ascii_digit());
            if spelling.len() < 2 || spelling.len() > 60 || is_id {
                continue;
            }
            let spellings = spelling_variants(spelling);
            for spelling in &spellings {
                let mark = if is_ordinary(spelling) {
                    class::AMBIGUOUS
                } else {
                    0
                };
                builder.add(spelling, kind | mark, name, detail);
            }
        }
    }
}

/// The name, and the name without what its list adds: `win.emotet` is Emotet,
/// `Avos Ransomware` Avos, `DarkSide (ELF)` DarkSide.
fn spelling_variants(spelling: &str) -> Vec<String> {
    let mut all = vec![spelling.to_owned()];
    let mut core = spelling;
    if let Some((head, tail)) = core.split_once(" (")
        && tail.ends_with(')')
    {
        core = head;
    }
    for prefix in [
        "win.", "elf.", "osx.", "apk.", "js.", "ps1.", "py.", "php.", "jar.", "vbs.", "asp.",
    ] {
        core = core.strip_prefix(prefix).unwrap_or(core);
    }
    for suffix in [" Ransomware", " ransomware", " Group", " group", " Team"] {
        core = core.strip_suffix(suffix).unwrap_or(core);
    }
    if core != spelling && core.len() > 2 {
        all.push(core.replace('_', " "));
    }
    all
}

fn products(builder: &mut Builder, rows: &[Vec<String>], is_ordinary: impl Fn(&str) -> bool) {
    for row in rows {
        let [vendor, product, count, ..] = row.as_slice() else {
            continue;
        };
        let count: u32 = count.parse().unwrap_or_default();
        let plain = |name: &str| name.replace('_', " ").replace(" firmware", "");
        let (vendor, product) = (plain(vendor), plain(product));
        let nobody = matches!(vendor.as_str(), "n/a" | "Unknown" | "unknown") || vendor.len() < 2;
        if !nobody && count >= WELL_KNOWN {
            let mark = if is_ordinary(&vendor) {
                class::AMBIGUOUS
            } else {
                0
            };
            builder.add(&vendor, class::VENDOR | mark, &vendor, "");
        }
        if count < WELL_KNOWN || product.len() < 3 || product.len() > 60 {
            continue;
        }
        let detail = if nobody { "" } else { vendor.as_str() };
        let mark = if is_ordinary(&product) {
            class::AMBIGUOUS
        } else {
            0
        };
        builder.add(&product, class::PRODUCT | mark, &product, detail);
        if !nobody && !product.to_lowercase().starts_with(&vendor.to_lowercase()) {
            builder.add(
                &format!("{vendor} {product}"),
                class::PRODUCT,
                &product,
                detail,
            );
        }
    }
}

fn techniques(builder: &mut Builder, rows: &[Vec<String>]) {
    let mut by_name: HashMap<String, Vec<&str>> = HashMap::new();
    for row in rows {
        if let [id, name, ..] = row.as_slice() {
            by_name.entry(name.to_lowercase()).or_default().push(id);
        }
    }
    for row in rows {
        let [_, name, ..] = row.as_slice() else {
            continue;
        };
        // One word is a word; one name of several techniques is none of them.
        let ids = by_name
            .get(&name.to_lowercase())
            .map(Vec::as_slice)
            .unwrap_or_default();
        if let [id] = ids
            && name.contains(' ')
        {
            builder.add(name, class::TECHNIQUE, name, id);
        }
    }
}

fn places(
    builder: &mut Builder,
    countries: &[Vec<String>],
    indian: &[Vec<String>],
    world: &[Vec<String>],
    is_ordinary: impl Fn(&str) -> bool,
) {
    let mark = |name: &str| {
        if is_ordinary(name) {
            class::AMBIGUOUS
        } else {
            0
        }
    };
    for row in countries {
        let [code, _, name, capital, ..] = row.as_slice() else {
            continue;
        };
        builder.add(name, class::COUNTRY, name, code);
        if capital.len() > 2 {
            builder.add(capital, class::CITY, capital, code);
        }
    }
    for (name, whole, code) in OTHER_NAMES {
        builder.add(name, class::COUNTRY, whole, code);
    }
    for row in indian {
        let [name, people, state, others, clash, ..] = row.as_slice() else {
            continue;
        };
        let people: u64 = people.parse().unwrap_or_default();
        let detail = if clash.is_empty() {
            state.clone()
        } else {
            format!("{state}:{clash}")
        };
        let clashing = if clash.is_empty() {
            0
        } else {
            class::AMBIGUOUS
        };
        let plain = without_marks(name);
        for spelling in [name, &plain] {
            builder.add(
                spelling,
                class::INDIAN_PLACE | clashing | mark(spelling),
                name,
                &detail,
            );
        }
        for (spelling, of) in IN_HINDI {
            if of == name && people > 100_000 {
                builder.add(spelling, class::INDIAN_PLACE, name, &detail);
            }
        }
        for other in others.split('|') {
            // Spellings in other languages' Latin letters are nobody's in our texts,
            // but for large cities' old names.
            let kept = !other.is_ascii() || people >= 500_000;
            if kept && other.chars().count() > 3 && other.starts_with(|c: char| !c.is_lowercase()) {
                builder.add(
                    other,
                    class::INDIAN_PLACE | clashing | mark(other),
                    name,
                    &detail,
                );
            }
        }
    }
    for row in world {
        let [name, country, ..] = row.as_slice() else {
            continue;
        };
        if country != "IN" {
            builder.add(name, class::CITY | mark(name), name, country);
            let plain = without_marks(name);
            builder.add(&plain, class::CITY | mark(&plain), name, country);
        }
    }
}

/// Latin letters without their marks: `Shāhpur` is written Shahpur.
fn without_marks(name: &str) -> String {
    name.chars()
        .map(|character| match character {
            'ā' | 'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' | 'ă' => 'a',
            'ē' | 'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => 'e',
            'ī' | 'í' | 'ì' | 'î' | 'ï' | 'ı' => 'i',
            'ō' | 'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
            'ū' | 'ú' | 'ù' | 'û' | 'ü' => 'u',
            'Ā' | 'Á' | 'Â' | 'Å' | 'Ä' => 'A',
            'É' | 'Ē' => 'E',
            'İ' | 'Ī' | 'Í' => 'I',
            'Ō' | 'Ó' | 'Ö' | 'Ø' => 'O',
            'Ū' | 'Ú' | 'Ü' => 'U',
            'ñ' | 'ń' | 'ņ' => 'n',
            'ç' | 'ć' | 'č' => 'c',
            'ş' | 'ś' | 'š' => 's',
            'Ş' | 'Ś' | 'Š' => 'S',
            'ž' | 'ź' | 'ż' => 'z',
            'ł' => 'l',
            'ğ' => 'g',
            other => other,
        })
        .collect()
}

/// Large cities in Devanagari: the list gives other spellings of these only.
const IN_HINDI: &[(&str, &str)] = &[
    ("मुंबई", "Mumbai"),
    ("दिल्ली", "Delhi"),
    ("नई दिल्ली", "New Delhi"),
    ("बेंगलुरु", "Bengaluru"),
    ("हैदराबाद", "Hyderabad"),
    ("अहमदाबाद", "Ahmedabad"),
    ("चेन्नई", "Chennai"),
    ("कोलकाता", "Kolkata"),
    ("सूरत", "Surat"),
    ("पुणे", "Pune"),
    ("जयपुर", "Jaipur"),
    ("लखनऊ", "Lucknow"),
    ("कानपुर", "Kanpur"),
    ("नागपुर", "Nagpur"),
    ("इंदौर", "Indore"),
    ("भोपाल", "Bhopal"),
    ("पटना", "Patna"),
    ("गुरुग्राम", "Gurugram"),
    ("नोएडा", "Noida"),
    ("चंडीगढ़", "Chandigarh"),
];

/// How people write countries beside their names in the list.
const OTHER_NAMES: &[(&str, &str, &str)] = &[
    ("US", "United States", "US"),
    ("U.S.", "United States", "US"),
    ("U.S", "United States", "US"),
    ("USA", "United States", "US"),
    ("United States of America", "United States", "US"),
    ("America", "United States", "US"),
    ("UK", "United Kingdom", "GB"),
    ("U.K.", "United Kingdom", "GB"),
    ("Britain", "United Kingdom", "GB"),
    ("Great Britain", "United Kingdom", "GB"),
    ("England", "United Kingdom", "GB"),
    ("Scotland", "United Kingdom", "GB"),
    ("Wales", "United Kingdom", "GB"),
    ("Northern Ireland", "United Kingdom", "GB"),
    ("UAE", "United Arab Emirates", "AE"),
    ("Korea", "South Korea", "KR"),
    ("Republic of Korea", "South Korea", "KR"),
    ("DPRK", "North Korea", "KP"),
    ("Czech Republic", "Czechia", "CZ"),
    ("Türkiye", "Turkey", "TR"),
    ("PRC", "China", "CN"),
    ("Bharat", "India", "IN"),
    ("भारत", "India", "IN"),
];
