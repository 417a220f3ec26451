//! Region packs: what shows that a country is affected, as data.
//!
//! A pack is a folder of two files. `pack.toml` holds what people weigh by hand:
//! parts of the country with their codes, towns, bodies, companies, words of its life,
//! and what looks like the country and is not. `names.tsv` holds long lists of towns
//! and companies, made by `prahari region build` (see [`super::gazetteer`]). The signs
//! of `pack.toml` are read as cues with all others; the names are looked up in place
//! (see [`super::names`]).

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use model::Country;
use serde::Deserialize;

use super::names::Names;
use crate::cues::{Book, Cue, Local, Sense};

/// Signs in one pack: all are found by one automaton, which is built at start.
const MAX_SIGNS: usize = 20_000;

/// A town of the list is as sure as this, before the place of the word is weighed.
const CITY: f32 = 0.9;

/// One that needs another sign beside it.
const CLASHING: f32 = 0.4;

/// A pack in the binary: its id and its two files.
struct Shipped {
    id: &'static str,
    pack: &'static str,
    names: &'static str,
}

macro_rules! shipped {
    ($($id:literal),*) => {
        &[$(Shipped {
            id: $id,
            pack: include_str!(concat!("../../../../packs/", $id, "/pack.toml")),
            names: include_str!(concat!("../../../../packs/", $id, "/names.tsv")),
        }),*]
    };
}

const SHIPPED: &[Shipped] = shipped!["india", "singapore"];

/// The pack whose country is home when nobody says otherwise.
pub const HOME: &str = "india";

/// What shows that one country is affected.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its short name, as settings give it: `india`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Whose signs these are.
    pub country: Country,
    /// What a part of the country is called: `state`.
    pub subdivision: String,
    /// The parts, by ISO 3166-2 code without the country.
    pub subdivisions: BTreeMap<String, Subdivision>,
    /// Where its facts are from.
    pub sources: Vec<Credit>,
    /// How much a text's language alone says, by ISO 639-3 code.
    pub(crate) languages: BTreeMap<String, f32>,
    pub(crate) cues: Vec<Cue>,
    pub(crate) names: Names,
}

/// A part of a country.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subdivision {
    /// Its name for people.
    pub name: String,
    /// What gazetteers call it, where they do not use its code.
    pub gazetteer: Option<String>,
    /// Names that stand for it.
    #[serde(default)]
    pub signs: Vec<String>,
}

/// Where facts are from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// Which facts, and from whom.
    pub what: String,
    /// Under which licence.
    pub licence: String,
}

/// `pack.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    name: String,
    country: Country,
    subdivision: String,
    sources: Vec<Credit>,
    #[serde(default)]
    vetoes: Vec<String>,
    #[serde(default)]
    namesakes: BTreeMap<Country, Vec<String>>,
    #[serde(default)]
    languages: BTreeMap<String, f32>,
    #[serde(default)]
    subdivisions: BTreeMap<String, Subdivision>,
    #[serde(default)]
    cities: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    clashing: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    bodies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    companies: BTreeMap<String, f32>,
    #[serde(default)]
    terms: BTreeMap<String, f32>,
}

/// How much a pack holds, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Signs in `pack.toml`, vetoes included.
    pub signs: usize,
    /// Names in `names.tsv`.
    pub names: usize,
    /// Their spellings.
    pub spellings: usize,
    /// Memory of the table of names, its text included, in bytes.
    pub bytes: usize,
}

impl Pack {
    /// The ids of the packs in the binary.
    pub fn shipped_ids() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|pack| pack.id)
    }

    /// The pack of this id in the binary. Tests read each, so a broken one cannot be
    /// shipped.
    #[must_use]
    pub fn shipped(id: &str) -> Option<Self> {
        let shipped = SHIPPED.iter().find(|pack| pack.id == id)?;
        Self::read(shipped.pack, shipped.names).ok()
    }

    /// A pack from the text of its two files.
    ///
    /// # Errors
    ///
    /// Every mistake in them, as sentences for whoever wrote them.
    pub fn read(
        pack: &str,
        names: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Result<Self, Vec<String>> {
        let file: File = toml::from_str(pack)
            .map_err(|error| vec![format!("pack.toml: {}", error.to_string().trim_end())])?;
        let mut mistakes = Vec::new();
        let cues = cues(&file, &mut mistakes);
        let is_code = |code: &str| file.subdivisions.contains_key(code);
        let names = Names::read(names, &is_code, &mut mistakes);
        if file.id.is_empty()
            || !file
                .id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            mistakes.push(format!(
                "pack.toml: id `{}` is not of a-z, 0-9 and -",
                file.id
            ));
        }
        if file.sources.is_empty() {
            mistakes.push("pack.toml: no [[sources]] says where its facts are from".to_owned());
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self {
            id: file.id,
            name: file.name,
            country: file.country,
            subdivision: file.subdivision,
            subdivisions: file.subdivisions,
            sources: file.sources,
            languages: file.languages,
            cues,
            names,
        })
    }

    /// How much it holds.
    #[must_use]
    pub fn size(&self) -> Size {
        Size {
            signs: self.cues.len(),
            names: self.names.lines(),
            spellings: self.names.spellings(),
            bytes: self.names.bytes(),
        }
    }
}

/// The signs of `pack.toml` as cues.
fn cues(file: &File, mistakes: &mut Vec<String>) -> Vec<Cue> {
    let mut cues = Vec::new();
    let country = file.country;
    let mut add_sense = |section: &str, sign: &str, sense: Sense, weight: f32| {
        let cue = Cue::new(sign, sense, weight);
        if cue.folded.trim().is_empty() {
            mistakes.push(format!("pack.toml, [{section}]: `{sign}` says nothing"));
        } else if !(0.0..=1.0).contains(&weight) {
            mistakes.push(format!(
                "pack.toml, [{section}]: {weight} of `{sign}` is not from 0 to 1"
            ));
        } else {
            cues.push(cue);
        }
    };
    for sign in &file.vetoes {
        add_sense("vetoes", sign, Sense::Mask, 1.0);
    }
    for (country, signs) in &file.namesakes {
        for sign in signs {
            add_sense("namesakes", sign, Sense::Namesake(*country), 1.0);
        }
    }
    let mut add = |section: &str, sign: &str, local: Local, weight: f32| {
        add_sense(section, sign, Sense::Local(country, local), weight);
    };
    for (code, part) in &file.subdivisions {
        for sign in &part.signs {
            add("subdivisions", sign, Local::Subdivision(code.clone()), 1.0);
        }
    }
    for (code, towns) in &file.cities {
        for sign in towns {
            add("cities", sign, Local::City(code.clone()), CITY);
        }
    }
    for (code, towns) in &file.clashing {
        for sign in towns {
            add(
                "clashing",
                sign,
                Local::ClashingCity(code.clone()),
                CLASHING,
            );
        }
    }
    for (name, signs) in &file.bodies {
        for sign in signs {
            add("bodies", sign, Local::Body(name.clone()), 1.0);
        }
    }
    for (sign, weight) in &file.companies {
        add("companies", sign, Local::Company, *weight);
    }
    for (sign, weight) in &file.terms {
        add("terms", sign, Local::Term, *weight);
    }
    for (section, codes) in [("cities", &file.cities), ("clashing", &file.clashing)] {
        for code in codes
            .keys()
            .filter(|code| !file.subdivisions.contains_key(*code))
        {
            mistakes.push(format!(
                "pack.toml, [{section}]: no subdivision has the code `{code}`"
            ));
        }
    }
    for code in file.subdivisions.keys().filter(|code| !is_code(code)) {
        mistakes.push(format!(
            "pack.toml, [subdivisions]: `{code}` is no ISO 3166-2 code without its country"
        ));
    }
    for (language, weight) in &file.languages {
        if language.len() != 3 || !(0.0..=1.0).contains(weight) {
            mistakes.push(format!("pack.toml, [languages]: `{language} = {weight}` is no ISO 639-3 code with a number from 0 to 1"));
        }
    }
    if cues.len() > MAX_SIGNS {
        mistakes.push(format!(
            "pack.toml: more than {MAX_SIGNS} signs; put names into names.tsv"
        ));
    }
    cues
}

/// Whether this may be an ISO 3166-2 code, without its country.
pub(super) fn is_code(code: &str) -> bool {
    (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The packs in use, and the cues that they and the program know.
#[derive(Debug)]
pub struct Regions {
    packs: Vec<Pack>,
    pub(crate) book: &'static Book,
}

/// The shipped home alone: what training reads texts with.
static AT_HOME: LazyLock<Arc<Regions>> =
    LazyLock::new(|| Arc::new(Regions::new(Pack::shipped(HOME).into_iter().collect())));

impl Regions {
    /// The shipped home pack.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&AT_HOME)
    }

    /// These packs, the home's first. A country has one pack: a later one is left out.
    ///
    /// The cues live as long as the process, for every hit points to one: make this
    /// once per start.
    #[must_use]
    pub fn new(packs: Vec<Pack>) -> Self {
        let mut kept: Vec<Pack> = Vec::new();
        for pack in packs {
            if !kept.iter().any(|known| known.country == pack.country) {
                kept.push(pack);
            }
        }
        let book = Box::leak(Box::new(Book::with(&kept)));
        Self { packs: kept, book }
    }

    /// The home's pack.
    #[must_use]
    pub fn home(&self) -> Option<&Pack> {
        self.packs.first()
    }

    /// All of them, the home's first.
    #[must_use]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_pack_is_whole() {
        for shipped in SHIPPED {
            let pack = Pack::read(shipped.pack, shipped.names).unwrap();
            assert_eq!(pack.id, shipped.id);
            assert!(!pack.subdivisions.is_empty());
        }
        let home = Pack::shipped(HOME).unwrap();
        assert_eq!(home.country, Country::INDIA);
        assert_eq!(home.subdivisions.len(), 36);
        assert!(home.size().names > 5_000, "{:?}", home.size());
        // What a start pays in memory; the time is in docs/regions.md.
        assert!(home.size().bytes < 2_000_000, "{:?}", home.size());
        assert!(Pack::shipped("atlantis").is_none());
    }

    #[test]
    fn every_mistake_is_told() {
        let mistakes = Pack::read(
            "id = 'A b'\nname = 'A'\ncountry = 'ZZ'\nsubdivision = 'part'\nsources = []\n\
             vetoes = ['']\n[languages]\nhi = 0.5\n[subdivisions]\nABCD = { name = 'x' }\n\
             [cities]\nQQ = ['Town']\n[terms]\nword = 1.5\n",
            "lake\tX\n",
        )
        .unwrap_err();
        assert_eq!(mistakes.len(), 8, "{mistakes:#?}");
        let unknown = Pack::read("id = 'a'\nriver = 1\n", "").unwrap_err();
        assert!(unknown[0].contains("river"), "{unknown:?}");
    }

    #[test]
    fn a_country_has_one_pack() {
        let pack = || Pack::shipped("singapore").unwrap();
        assert_eq!(Regions::new(vec![pack(), pack()]).packs().len(), 1);
    }
}
