//! A pack's `names.tsv` out of gazetteers: lists of places and of companies.
//!
//! Two forms of list are read: GeoNames' dump (19 columns without a heading), and any
//! table with a heading, its columns apart by TAB or comma. What surprised us: names
//! of towns and companies are ordinary words so often (Anand, Mandi, Page Industries)
//! that a list without marks makes every second text Indian. So a name is marked, and
//! needs another sign beside it, when texts hold its words in lower case, when texts of
//! elsewhere hold it, when another country has it, or when it is that of a small place.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use model::{Country, Field};
use unicode_normalization::UnicodeNormalization;

use super::names::Names;
use super::pack::is_code;
use super::{Credit, Pack};
use crate::fold::{self, is_word};
use crate::passage::Passage;

/// Smaller places need another sign: news that names one alone is of somewhere else
/// as often.
const WELL_KNOWN: u64 = 100_000;

/// Of these, spellings in Latin letters are taken besides the name: old names and
/// short ones, that people write.
const LARGE: u64 = 500_000;

/// Shorter names are syllables.
const FEWEST_LETTERS: usize = 5;

/// A word of another script that texts hold so often is an ordinary one: such scripts
/// have no lower case to tell by.
const ORDINARY_ELSEWHERE: u32 = 3;

/// The longest name kept, in words: see [`super::names`].
const LONGEST: usize = 6;

/// What a company's name ends with, and people leave out.
const FORMS: &[&str] = &[
    "limited", "ltd", "ltd.", "llp", "inc", "inc.", "plc", "pte", "pte.", "pvt", "pvt.", "private",
    "corp", "corp.", "bhd", "berhad", "(india)", "company", "co.",
];

/// What was read of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Rows that gave a name.
    pub names: usize,
    /// Rows that gave none: of another country, too long, empty.
    pub left_out: usize,
}

/// A list under construction.
#[derive(Debug)]
pub struct Builder<'a> {
    pack: &'a Pack,
    /// Words that texts hold in lower case, or of a script without, and how often.
    ordinary: HashMap<String, u32>,
    elsewhere: HashSet<String>,
    /// By kind and folded name.
    rows: BTreeMap<(&'static str, String), Row>,
}

#[derive(Debug)]
struct Row {
    name: String,
    code: String,
    marked: bool,
    also: Vec<String>,
}

impl<'a> Builder<'a> {
    /// A list for this pack, whose subdivisions tell the codes.
    #[must_use]
    pub fn new(pack: &'a Pack) -> Self {
        Self {
            pack,
            ordinary: HashMap::new(),
            elsewhere: HashSet::new(),
            rows: BTreeMap::new(),
        }
    }

    /// Learns from any text which words are ordinary ones.
    pub fn learn_words(&mut self, text: &str) {
        for word in text.split(|c| !is_word(c)) {
            if word.starts_with(|c: char| c.is_alphabetic() && !c.is_uppercase()) {
                *self.ordinary.entry(fold::folded(word)).or_default() += 1;
            }
        }
    }

    /// Learns names that stand for something else too. Rows that say they are of the
    /// pack's country are none.
    ///
    /// # Errors
    ///
    /// If it is no list.
    pub fn learn_elsewhere(&mut self, list: &str) -> Result<(), String> {
        for place in rows(list)? {
            if place.country != self.pack.country.as_str() {
                self.elsewhere.insert(fold::folded(&place.name));
            }
        }
        Ok(())
    }

    /// Takes the places of a list that are of the pack's country, or say nothing of it.
    ///
    /// # Errors
    ///
    /// If it is no list.
    pub fn take_places(&mut self, list: &str) -> Result<Taken, String> {
        let mut taken = Taken::default();
        for place in rows(list)? {
            let foreign = !place.country.is_empty() && place.country != self.pack.country.as_str();
            let small = place.people < WELL_KNOWN;
            let ordinary = self.is_ordinary(&place.name);
            // Of a small place with an ordinary name nobody writes without its state.
            if foreign || !fits(&place.name) || (small && ordinary) {
                taken.left_out += 1;
                continue;
            }
            let marked = small
                || ordinary
                || !place.clash.is_empty()
                || place.name.chars().count() < FEWEST_LETTERS;
            let also = place
                .also
                .iter()
                .filter(|other| self.is_spelling(other, place.people))
                .cloned()
                .collect();
            let code = self.code(&place.part);
            taken.names += 1;
            self.add("city", &place.name, code, marked, also);
        }
        Ok(taken)
    }

    /// Takes the companies of a list.
    ///
    /// # Errors
    ///
    /// If it is no list.
    pub fn take_companies(&mut self, list: &str) -> Result<Taken, String> {
        let mut taken = Taken::default();
        for row in rows(list)? {
            let foreign = !row.country.is_empty() && row.country != self.pack.country.as_str();
            let name = core_name(&row.name);
            // One word may be anybody's: those that are the country's own are signs
            // for pack.toml.
            if foreign || !fits(&name) || !name.contains(' ') {
                taken.left_out += 1;
                continue;
            }
            // `Acme (India) Ltd` is Acme's branch: Acme itself is of somewhere else.
            let is_branch = row.name.contains('(');
            let marked = is_branch || self.is_ordinary(&name);
            taken.names += 1;
            self.add("company", &name, String::new(), marked, Vec::new());
        }
        Ok(taken)
    }

    /// Marks the names that stand in texts, one a line, which are not about the country;
    /// towns that were marked already are left out.
    pub fn mark_found(&mut self, texts: &str) {
        let pack = self.pack;
        let names = Names::read(
            self.text(),
            &|code| pack.subdivisions.contains_key(code),
            &mut Vec::new(),
        );
        let mut sightings = Vec::new();
        let mut found = BTreeSet::new();
        for line in texts.lines() {
            names.find(&Passage::new(Field::Text, line.to_owned()), &mut sightings);
            found.extend(sightings.drain(..).map(|one| fold::folded(&one.shown)));
        }
        for folded in found {
            let town = ("city", folded.clone());
            if self.rows.get(&town).is_some_and(|row| row.marked) {
                self.rows.remove(&town);
            }
            for key in [town, ("company", folded)] {
                if let Some(row) = self.rows.get_mut(&key) {
                    row.marked = true;
                }
            }
        }
    }

    /// The text of `names.tsv`: the same for the same lists.
    #[must_use]
    pub fn finish(self) -> String {
        self.text()
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# Made by `prahari region build`: kind, name, part of the country, mark, other spellings.\n",
        );
        for ((kind, _), row) in &self.rows {
            let mark = if row.marked { "?" } else { "" };
            let line = [*kind, &row.name, &row.code, mark, &row.also.join("|")].join("\t");
            text.push_str(line.trim_end_matches('\t'));
            text.push('\n');
        }
        text
    }

    fn add(
        &mut self,
        kind: &'static str,
        name: &str,
        code: String,
        marked: bool,
        also: Vec<String>,
    ) {
        let folded = fold::folded(name);
        let new = Row {
            name: plain(name),
            code,
            marked,
            also,
        };
        match self.rows.get_mut(&(kind, folded.clone())) {
            // Two towns of one name: it says that the country is meant, not where.
            Some(known) => {
                if known.code != new.code {
                    known.code.clear();
                }
                known.marked &= new.marked;
                for other in new.also {
                    if !known.also.contains(&other) {
                        known.also.push(other);
                    }
                }
            }
            None => {
                self.rows.insert((kind, folded), new);
            }
        }
    }

    /// The code of a part of the country, by its code or by what gazetteers call it.
    fn code(&self, part: &str) -> String {
        let parts = &self.pack.subdivisions;
        if parts.contains_key(part) {
            return part.to_owned();
        }
        parts
            .iter()
            .find(|(_, one)| one.gazetteer.as_deref() == Some(part) || one.name == part)
            .map(|(code, _)| code.clone())
            .unwrap_or_default()
    }

    /// Whether all words of a name are ordinary ones, or somebody elsewhere bears it.
    fn is_ordinary(&self, name: &str) -> bool {
        let folded = fold::folded(name);
        self.elsewhere.contains(&folded)
            || words(&folded).all(|word| self.ordinary.contains_key(word) || word.len() < 3)
    }

    /// Whether another spelling of a place is worth keeping.
    fn is_spelling(&self, other: &str, people: u64) -> bool {
        let folded = fold::folded(other);
        let often = |least: u32| {
            words(&folded).all(|word| self.ordinary.get(word).is_some_and(|count| *count >= least))
        };
        let long = other.chars().count() >= FEWEST_LETTERS;
        if !fits(other) || self.elsewhere.contains(&folded) {
            return false;
        }
        if other.chars().any(|c| c.is_ascii_alphabetic()) {
            let proper = other.is_ascii() && other.starts_with(|c: char| c.is_ascii_uppercase());
            return people >= LARGE && proper && long && !often(1);
        }
        let has_letters = other.chars().any(char::is_alphabetic);
        has_letters && other.chars().count() > 2 && !often(ORDINARY_ELSEWHERE)
    }
}

/// A `pack.toml` to begin with: the country's name as its one sign, and the parts that
/// the lists name. People add the rest.
///
/// # Errors
///
/// If one is no list.
pub fn skeleton(
    id: &str,
    name: &str,
    country: Country,
    credits: &[Credit],
    lists: &[&str],
) -> Result<String, String> {
    let mut parts = BTreeSet::new();
    for list in lists {
        parts.extend(rows(list)?.into_iter().filter_map(|row| {
            let ours = row.country.is_empty() || row.country == country.as_str();
            ours.then_some(row.part)
        }));
    }
    parts.retain(|part| is_code(part));
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut pack = format!(
        "# A region pack, begun by `prahari region build`; docs/regions.md explains each part.\n\n\
         id = {}\nname = {}\ncountry = {}\nsubdivision = \"part\"\nvetoes = []\n",
        text(id),
        text(name),
        text(country.as_str()),
    );
    for credit in credits {
        pack += &format!(
            "\n[[sources]]\nwhat = {}\nlicence = {}\n",
            text(&credit.what),
            text(&credit.licence)
        );
    }
    pack += "\n# Parts by the numbers of the list: give them their ISO 3166-2 codes, and the number\n\
             # as `gazetteer`.\n[subdivisions]\n";
    for part in parts {
        pack += &format!("{} = {{ name = {} }}\n", text(&part), text(&part));
    }
    pack += &format!("\n[terms]\n{} = 1.0\n", text(&format!("={name}")));
    Ok(pack)
}

/// A row of a list, whatever its form.
#[derive(Debug, Default)]
struct Listed {
    name: String,
    also: Vec<String>,
    people: u64,
    part: String,
    country: String,
    clash: String,
}

/// Columns of GeoNames' dump.
const GEONAMES: usize = 19;

fn rows(list: &str) -> Result<Vec<Listed>, String> {
    let list = list.trim_start_matches('\u{feff}');
    let heading = list.lines().next().unwrap_or_default();
    let is_dump = heading.split('\t').count() == GEONAMES
        && heading
            .split('\t')
            .next()
            .is_some_and(|id| id.parse::<u64>().is_ok());
    if is_dump {
        return Ok(list.lines().filter_map(of_dump).collect());
    }
    let apart = if heading.contains('\t') { '\t' } else { ',' };
    let columns: Vec<String> = fields(heading, apart)
        .into_iter()
        .map(|column| column.trim().to_lowercase())
        .collect();
    let column = |names: &[&str]| {
        columns
            .iter()
            .position(|column| names.iter().any(|name| column.starts_with(name)))
    };
    let name = column(&["name"])
        .ok_or("it is neither GeoNames' dump nor a table whose heading has a column `name`")?;
    let also = column(&["alternatenames", "alt_names", "aliases", "also"]);
    let people = column(&["population"]);
    let part = column(&["admin1", "subdivision", "state"]);
    let country = column(&["country"]);
    let clash = column(&["ambiguous"]);
    Ok(list
        .lines()
        .skip(1)
        .map(|line| {
            let fields = fields(line, apart);
            let at = |column: Option<usize>| {
                column
                    .and_then(|at| fields.get(at))
                    .map(|field| field.trim().to_owned())
                    .unwrap_or_default()
            };
            Listed {
                name: at(Some(name)),
                also: at(also).split('|').map(str::to_owned).collect(),
                people: at(people).parse().unwrap_or_default(),
                part: at(part),
                country: at(country),
                clash: at(clash),
            }
        })
        .collect())
}

/// A line of GeoNames' dump; of populated places only.
fn of_dump(line: &str) -> Option<Listed> {
    let fields: Vec<&str> = line.split('\t').collect();
    let at = |column: usize| fields.get(column).copied().unwrap_or_default().to_owned();
    (at(6) == "P").then(|| Listed {
        name: at(1),
        also: at(3).split(',').map(str::to_owned).collect(),
        people: at(14).parse().unwrap_or_default(),
        part: at(10),
        country: at(8),
        clash: String::new(),
    })
}

/// The fields of a line; a field with commas in it stands in double quotes.
fn fields(line: &str, apart: char) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    for character in line.trim_end_matches('\r').chars() {
        match character {
            '"' if apart == ',' => quoted = !quoted,
            c if c == apart && !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// A company's name without its legal form: `ACME TOOLS (INDIA) LTD.` is Acme Tools.
fn core_name(name: &str) -> String {
    let name = name.replace("&amp;", "&").replace(" - ", " ");
    let mut words: Vec<&str> = name.split_whitespace().collect();
    while let Some(last) = words.last()
        && FORMS.contains(&last.to_lowercase().as_str())
    {
        words.pop();
    }
    let shouted = !name.chars().any(char::is_lowercase);
    let words: Vec<String> = words
        .into_iter()
        .map(|word| {
            if shouted && word.chars().count() > 3 {
                let mut letters = word.chars();
                let first: String = letters.next().into_iter().collect();
                first + &letters.as_str().to_lowercase()
            } else {
                word.to_owned()
            }
        })
        .collect();
    words.join(" ")
}

/// Whether a name can be looked up at all.
fn fits(name: &str) -> bool {
    let folded = fold::folded(name);
    let is_odd = |c: char| c.is_control() || "|*$#<>".contains(c);
    !name.contains(is_odd)
        && (1..=LONGEST).contains(&words(&folded).count())
        && folded.chars().filter(|c| c.is_alphabetic()).count() > 1
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
}

/// A name as people write it: Latin letters without their marks (`Shāhpur` is Shahpur).
fn plain(name: &str) -> String {
    name.nfd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    const PACK: &str = r#"
        id = "zorvia"
        name = "Zorvia"
        country = "ZZ"
        subdivision = "county"
        [[sources]]
        what = "invented"
        licence = "MIT"
        [subdivisions]
        N = { name = "North", gazetteer = "07", signs = ["North Zorvia"] }
    "#;

    fn check(build: impl FnOnce(&mut Builder<'_>) -> Result<(), String>, wanted: &Expect) {
        let pack = Pack::read(PACK, "").unwrap();
        let mut builder = Builder::new(&pack);
        builder.learn_words("the page of some industries is a mandi; Zorvexpur");
        build(&mut builder).unwrap();
        let names = builder.finish();
        Pack::read(PACK, names.clone()).unwrap();
        wanted.assert_eq(&names.replace('\t', "→"));
    }

    #[test]
    fn a_table_of_places_is_read() {
        check(
            |builder| {
                builder.learn_elsewhere("name,country\nSalem,US\nZorvexpur,ZZ\n")?;
                let taken = builder.take_places(
                    "name\tpopulation\tadmin1\talt_names\tambiguous_with\n\
                     Zorvexpur\t900000\t07\tOld Zorvex|ज़ोर्वेक्स|zovekus\t\n\
                     Mandi\t200000\tN\t\t\nPage\t900\tN\t\t\nSalem\t200000\tNorth\t\t\nHyderabad\t200000\t\t\tPK\n\
                     Littleton\t900\t07\t\t\nGreat Zorville\t200000\t07\t\t\nZo\t200000\t07\t\t\n\t5\t\t\t\n",
                )?;
                assert_eq!(
                    taken,
                    Taken {
                        names: 7,
                        left_out: 2
                    }
                );
                builder.mark_found("nobody\nin Great Zorville, Great Zorville and Littleton");
                builder.mark_found("From OLD ZORVEX");
                Ok(())
            },
            &expect![[r#"
                # Made by `prahari region build`: kind, name, part of the country, mark, other spellings.
                city→Great Zorville→N→?
                city→Hyderabad→→?
                city→Mandi→N→?
                city→Salem→N→?
                city→Zo→N→?
                city→Zorvexpur→N→?→Old Zorvex|ज़ोर्वेक्स
            "#]],
        );
    }

    #[test]
    fn geonames_and_companies_are_read() {
        check(
            |builder| {
                let dump = |name: &str, class: &str, country: &str| {
                    format!(
                        "1\t{name}\t{name}\t\t0\t0\t{class}\tPPL\t{country}\t\t07\t\t\t\t300000\t\t\t\t2020-01-01\n"
                    )
                };
                let list = dump("Zorvexpur", "P", "ZZ")
                    + &dump("Mount Zor", "T", "ZZ")
                    + &dump("Paris", "P", "FR");
                assert_eq!(builder.take_places(&list)?.names, 1);
                builder.take_companies(
                    "name,exchange\nZORVEX STEEL (INDIA) LTD.,BSE\n\"Page Industries, Ltd\",NSE\nZorvex,NSE\nA &amp; Zor Tools Private Limited,X\n",
                )?;
                Ok(())
            },
            &expect![[r#"
                # Made by `prahari region build`: kind, name, part of the country, mark, other spellings.
                city→Zorvexpur→N
                company→A & Zor Tools
                company→Page Industries,→→?
                company→Zorvex Steel→→?
            "#]],
        );
    }

    #[test]
    fn a_pack_can_be_begun_from_a_list_alone() {
        let list = "name,admin1,country\nZorvexpur,07,ZZ\nParis,11,FR\n";
        let credit = Credit {
            what: "a \"list\"".to_owned(),
            licence: "MIT".to_owned(),
        };
        let country = "ZZ".parse().unwrap();
        let text = skeleton("zorvia", "Zorvia", country, &[credit], &[list]).unwrap();
        let pack = Pack::read(&text, "").unwrap();
        assert_eq!(pack.subdivisions.keys().collect::<Vec<_>>(), ["07"]);
        assert_eq!(pack.size().signs, 1);
        let mut builder = Builder::new(&pack);
        builder.take_places(list).unwrap();
        assert!(builder.finish().contains("city\tZorvexpur\t07\t?\n"));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let pack = Pack::read(PACK, "").unwrap();
        assert!(Builder::new(&pack).take_places("just words\n").is_err());
        assert!(Builder::new(&pack).take_places("").is_err());
    }
}
