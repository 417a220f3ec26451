//! Whom or what an item is about, as far as that tells it from one that reads alike.
//!
//! Lists of victims, letters to customers and reports of fraud are written to a pattern:
//! only the name differs. What attacks, what every other organisation is called and who
//! looks into it say nothing of which story is told, so they are no subject.

use std::sync::LazyLock;

use model::{Entity, EntityKind, Field, Span};

use super::words::{MAX_CHARS, Word, stem_hash, words_in};

/// What organisations are called after: which trade, not which one.
const KINDS: &[&str] = &[
    "academy",
    "agency",
    "airlines",
    "airport",
    "airways",
    "associates",
    "association",
    "authority",
    "automotive",
    "bank",
    "board",
    "bureau",
    "capital",
    "care",
    "center",
    "centre",
    "chemicals",
    "church",
    "city",
    "clinic",
    "club",
    "college",
    "commission",
    "committee",
    "communications",
    "company",
    "construction",
    "consulting",
    "corp",
    "corporation",
    "council",
    "county",
    "credit",
    "dental",
    "department",
    "district",
    "electric",
    "electronics",
    "energy",
    "engineering",
    "enterprises",
    "federation",
    "finance",
    "financial",
    "foods",
    "foundation",
    "gmbh",
    "government",
    "group",
    "health",
    "healthcare",
    "holdings",
    "hospital",
    "hotel",
    "hotels",
    "inc",
    "industries",
    "institute",
    "insurance",
    "international",
    "investments",
    "laboratories",
    "law",
    "library",
    "limited",
    "llc",
    "llp",
    "logistics",
    "ltd",
    "management",
    "manufacturing",
    "media",
    "medical",
    "mills",
    "ministry",
    "motor",
    "motors",
    "municipality",
    "museum",
    "national",
    "network",
    "networks",
    "office",
    "oil",
    "orthopedics",
    "partners",
    "pharma",
    "pharmaceuticals",
    "plastics",
    "police",
    "port",
    "power",
    "properties",
    "public",
    "pvt",
    "radiology",
    "railway",
    "railways",
    "regional",
    "research",
    "resources",
    "retail",
    "school",
    "schools",
    "security",
    "services",
    "society",
    "software",
    "solutions",
    "state",
    "steel",
    "store",
    "stores",
    "supply",
    "systems",
    "technologies",
    "technology",
    "telecom",
    "textile",
    "textiles",
    "town",
    "township",
    "trade",
    "trading",
    "transport",
    "trust",
    "union",
    "university",
    "valley",
    "water",
    "works",
    "अस्पताल",
    "कंपनी",
    "कॉलेज",
    "जिला",
    "पुलिस",
    "बैंक",
    "बोर्ड",
    "मंत्रालय",
    "विभाग",
    "विश्वविद्यालय",
    "सरकार",
    "स्कूल",
];

/// Who warns of attacks, looks into them or judges them: named in very many stories.
const RESPONDERS: &[&str] = &[
    "acsc",
    "anssi",
    "bsi",
    "cbi",
    "cert",
    "cert-in",
    "cid",
    "cisa",
    "doj",
    "ed",
    "enisa",
    "europol",
    "fbi",
    "fir",
    "ftc",
    "i4c",
    "ico",
    "interpol",
    "justice",
    "meity",
    "nca",
    "ncsc",
    "nia",
    "nsa",
    "sec",
    "treasury",
    "एनआईए",
    "सर्ट-इन",
    "सीबीआई",
];

/// Countries and peoples that headlines name beside the victim or in place of it.
const PEOPLES: &[&str] = &[
    "america",
    "american",
    "aussie",
    "australia",
    "australian",
    "brazil",
    "brazilian",
    "britain",
    "british",
    "canada",
    "canadian",
    "china",
    "chinese",
    "dutch",
    "england",
    "eu",
    "europe",
    "european",
    "france",
    "french",
    "german",
    "germany",
    "india",
    "indian",
    "iran",
    "iranian",
    "ireland",
    "irish",
    "israel",
    "israeli",
    "italian",
    "italy",
    "japan",
    "japanese",
    "korea",
    "korean",
    "north",
    "pakistan",
    "pakistani",
    "russia",
    "russian",
    "south",
    "spain",
    "spanish",
    "taiwan",
    "uk",
    "ukraine",
    "ukrainian",
    "us",
    "usa",
    "भारत",
    "भारतीय",
];

/// More entities than these are not looked at.
const MOST: usize = 200;

/// What entities say of the words of an item, by the hashes of their stems.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Words of what attacks: one actor has several victims.
    attackers: Vec<u32>,
    /// Words of places, and so has one town.
    towns: Vec<u32>,
    /// Words of places and organisations in scripts without large letters.
    caseless: Vec<u32>,
}

impl Named {
    pub(super) fn of(title: &str, text: &str, entities: &[Entity]) -> Self {
        let mut named = Self::default();
        for entity in entities.iter().take(MOST) {
            let surface = entity
                .spans
                .first()
                .and_then(|span| surface(title, text, *span));
            let Some(surface) = surface else { continue };
            let words = |text: &str| words_in(text).map(stem_hash).collect::<Vec<u32>>();
            match entity.kind {
                EntityKind::Actor | EntityKind::Malware | EntityKind::Tool => {
                    named.attackers.extend(words(&surface));
                }
                EntityKind::Place | EntityKind::Organisation
                    if surface.chars().all(is_caseless) =>
                {
                    // The name in the list is the same for every script.
                    named.caseless.extend(words(&surface));
                    named.caseless.extend(words(&entity.name));
                }
                EntityKind::Place => named.towns.extend(words(&surface)),
                _ => {}
            }
        }
        named
    }

    /// Names that no large letter shows.
    pub(super) fn caseless(&self) -> &[u32] {
        &self.caseless
    }

    /// What the item is about: the names of its title, or those that no large letter
    /// shows. Towns are that only where nothing else is. Sorted, each once.
    pub(super) fn subjects(&self, title_names: &[Word<'_>]) -> Vec<u32> {
        let of_title = |is_left_out: &dyn Fn(&u32) -> bool| -> Vec<u32> {
            let names = title_names
                .iter()
                .filter(|word| !word.text.starts_with(|c: char| c.is_ascii_digit()))
                .map(|word| word.hash)
                .filter(|hash| !is_left_out(hash));
            let mut subjects: Vec<u32> = names
                .chain(self.caseless.iter().copied())
                .filter(|hash| SAYS_LITTLE.binary_search(hash).is_err())
                .collect();
            subjects.sort_unstable();
            subjects.dedup();
            subjects
        };
        let others = of_title(&|hash| self.attackers.contains(hash) || self.towns.contains(hash));
        if others.is_empty() {
            return of_title(&|hash| self.attackers.contains(hash));
        }
        others
    }
}

/// The stems of [`KINDS`], [`RESPONDERS`] and [`PEOPLES`], sorted.
static SAYS_LITTLE: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let words = KINDS.iter().chain(RESPONDERS).chain(PEOPLES);
    let mut stems: Vec<u32> = words.map(|word| stem_hash(word)).collect();
    stems.sort_unstable();
    stems
});

/// A space or sign, or a letter that has no large form.
fn is_caseless(character: char) -> bool {
    !character.is_alphabetic() || !(character.is_lowercase() || character.is_uppercase())
}

/// The words of a span near the head of its text.
fn surface(title: &str, text: &str, span: Span) -> Option<String> {
    let (start, end) = (
        usize::try_from(span.start).ok()?,
        usize::try_from(span.end).ok()?,
    );
    let field = match span.field {
        Field::Title => title,
        Field::Text => text,
    };
    (start < MAX_CHARS).then(|| {
        field
            .chars()
            .skip(start)
            .take(end.saturating_sub(start))
            .collect()
    })
}
