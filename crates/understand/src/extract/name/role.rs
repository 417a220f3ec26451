//! Whether an organisation is the victim: read from the words around its name.
//!
//! The words and their weights were chosen by hand after the labelled news; no name of any
//! organisation is among them.
//!
//! Where attackers go for a maker's customers or products ("Fortinet customers", "users of
//! Citrix", "SonicWall devices"), its products are misused and the maker is no victim, unless
//! something was taken from it: "Fortinet customers' data stolen".

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::Seen;
use crate::extract::gazetteer::{Gazetteer, class, hash_of};

/// What stands shortly before a victim, and how much it says.
const BEFORE: &[(&str, i8)] = &[
    ("on", 2),
    ("at", 3),
    ("against", 2),
    ("hits", 4),
    ("hit", 3),
    ("targets", 3),
    ("targeting", 2),
    ("targeted", 2),
    ("hacked", 2),
    ("breached", 3),
    ("breaches", 2),
    ("of", 1),
    ("from", 2),
    ("cripples", 3),
    ("disrupts", 3),
    ("affecting", 1),
    ("impacting", 1),
    ("including", 1),
    ("victims", 2),
    ("said", -2),
    ("by", -3),
    ("to", -1),
    ("via", -2),
    ("researchers", -4),
    ("firm", -1),
    ("told", -3),
    ("according", -4),
    ("llp", -3),
    ("with", -1),
];

/// What stands shortly after a victim.
const AFTER: &[(&str, i8)] = &[
    ("confirms", 4),
    ("confirmed", 3),
    ("discloses", 4),
    ("disclosed", 3),
    ("suffers", 4),
    ("suffered", 4),
    ("breach", 4),
    ("data", 3),
    ("hack", 4),
    ("hacked", 4),
    ("hit", 4),
    ("cyberattack", 4),
    ("cyber", 3),
    ("ransomware", 2),
    ("attack", 3),
    ("incident", 3),
    ("security", 1),
    ("customers", 3),
    ("users", 2),
    ("patients", 3),
    ("employees", 2),
    ("was", 2),
    ("has", 1),
    ("notifies", 4),
    ("reports", 1),
    ("settlement", 3),
    ("systems", 2),
    ("outage", 3),
    ("restores", 3),
    ("resumes", 3),
    ("says", 0),
    ("said", 0),
    ("investigates", -4),
    ("investigating", 0),
    ("researchers", -4),
    ("warns", -2),
    ("llp", -3),
    ("announces", -2),
    ("found", -2),
    ("discovered", -1),
    ("tracks", -4),
    ("report", -3),
];

/// From this sum on it is a victim.
const THRESHOLD: i32 = 3;

/// Who uses what a maker makes, and the things it makes.
const MADE: &[&str] = &[
    "accounts",
    "admins",
    "appliances",
    "boxes",
    "clients",
    "customers",
    "devices",
    "edge",
    "endpoints",
    "environments",
    "equipment",
    "firewalls",
    "gateways",
    "gear",
    "installations",
    "instances",
    "kit",
    "products",
    "routers",
    "servers",
    "software",
    "subscribers",
    "switches",
    "tenants",
    "users",
    "vpns",
];

/// What is taken from somebody.
const TAKEN: &[&str] = &[
    "breach",
    "credentials",
    "data",
    "database",
    "details",
    "dumped",
    "exposed",
    "information",
    "leak",
    "leaked",
    "leaks",
    "records",
    "stole",
    "stolen",
    "theft",
];

/// Words around a maker's customers in which something may be taken.
const TAKEN_REACH: usize = 6;

/// Words looked at on each side.
const REACH: usize = 4;

impl Seen {
    /// Whether the organisation named by these tokens was attacked.
    #[must_use]
    pub fn is_victim(&self, start: usize, end: usize) -> bool {
        if self.is_only_maker(start, end) {
            return false;
        }
        let weigh = |at: Option<usize>, far: usize, table: &[(u64, i8)]| {
            let word = at.and_then(|at| self.words.get(at))?;
            let index = table
                .binary_search_by_key(&word.lower, |(hash, _)| *hash)
                .ok()?;
            let (_, weight) = table.get(index)?;
            // The nearest word says most.
            Some(i32::from(*weight) * if far < 2 { 2 } else { 1 })
        };
        let sum: i32 = (0..REACH)
            .map(|far| {
                let before = weigh(start.checked_sub(far + 1), far, &TABLES.0).unwrap_or_default();
                let after = weigh(Some(end + far), far, &TABLES.1).unwrap_or_default();
                before + after
            })
            .sum();
        // "attack hits the school, the FBI was told": who looks into it is seldom hit.
        let least = if INVESTIGATORS.contains(&self.hash(start, end)) {
            THRESHOLD * 4
        } else {
            THRESHOLD * 2
        };
        sum >= least
    }

    /// Whether a maker is named only for what it makes, or for who uses that.
    fn is_only_maker(&self, start: usize, end: usize) -> bool {
        let is_among = |at: Option<usize>, words: &BTreeSet<u64>| {
            let word = at.and_then(|at| self.words.get(at));
            word.is_some_and(|word| words.contains(&word.lower))
        };
        let before = |far: usize| start.checked_sub(far);
        // "Users of Citrix", "Fortinet customers", "Fortinet VPN users".
        let of = is_among(before(1), &WORDS.of) && is_among(before(2), &WORDS.made);
        let by = (end..end + 2).any(|at| is_among(Some(at), &WORDS.made));
        let around = start.saturating_sub(TAKEN_REACH)..end + TAKEN_REACH;
        (of || by)
            && !around
                .into_iter()
                .any(|at| is_among(Some(at), &WORDS.taken))
            && Gazetteer::shipped()
                .entries(self.hash(start, end))
                .any(|entry| entry.classes & class::VENDOR != 0)
    }
}

struct Words {
    of: BTreeSet<u64>,
    made: BTreeSet<u64>,
    taken: BTreeSet<u64>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let set = |words: &[&str]| words.iter().map(|word| super::lower_hash(word)).collect();
    Words {
        of: set(&["of"]),
        made: set(MADE),
        taken: set(TAKEN),
    }
});

/// Who looks into attacks, in the news of most countries.
const LOOK_INTO_IT: &[&str] = &[
    "CBI",
    "CERT-In",
    "CISA",
    "Department of Justice",
    "DOJ",
    "Enforcement Directorate",
    "Europol",
    "FBI",
    "Federal Bureau of Investigation",
    "FTC",
    "ICO",
    "Interpol",
    "Justice Department",
    "National Crime Agency",
    "NCA",
    "NCSC",
    "NSA",
    "SEC",
    "Secret Service",
];

static INVESTIGATORS: LazyLock<BTreeSet<u64>> =
    LazyLock::new(|| LOOK_INTO_IT.iter().map(|name| hash_of(name)).collect());

type Table = Vec<(u64, i8)>;

static TABLES: LazyLock<(Table, Table)> = LazyLock::new(|| {
    let table = |words: &[(&str, i8)]| {
        let mut table: Table = words
            .iter()
            .map(|(word, weight)| (super::lower_hash(word), *weight))
            .collect();
        table.sort_unstable();
        table
    };
    (table(BEFORE), table(AFTER))
});
