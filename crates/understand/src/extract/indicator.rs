//! Indicators and ids, found in one walk over the re-fanged text.
//!
//! The text is cut into runs of the characters that indicators are made of; each
//! run is looked at once. Context decides what form alone cannot: `1.2.3.4` after
//! "version" is no address, `T1200` alone is no technique.

use model::{CveId, CweId, EntityKind, Item, ItemKind};

use super::{Named, Own, refang};
use crate::mapped::Mapped;
use crate::passage::Passage;
use crate::work;

/// A longer run is no indicator; SHA-512 has 128 characters, hosts 253.
const MAX_RUN: usize = 320;

/// What the whole item says about how to read its parts.
pub(super) struct Setting {
    /// It speaks of ATT&CK, or names several techniques.
    attack: bool,
    /// It tells of attackers at work: what stands alone like a technique is one.
    attackers: bool,
    /// A CVE record, whose dotted numbers are versions.
    pub(super) record: bool,
}

impl Setting {
    pub(super) fn of(item: &Item, passages: &[Passage; 2]) -> Self {
        let says = |word: &str| {
            passages
                .iter()
                .any(|passage| passage.folded.text().contains(word))
        };
        Self {
            attack: says("att&ck")
                || says("mitre")
                || says("ttps")
                || says("technique")
                || lists_techniques(passages),
            attackers: item.kind != ItemKind::CveRecord && ATTACKERS.iter().any(|word| says(word)),
            record: item.kind == ItemKind::CveRecord,
        }
    }
}

/// Words of texts about attackers at work.
const ATTACKERS: [&str; 6] = [
    "adversar",
    "attacker",
    "initial access",
    "intrusion",
    "malware",
    "threat actor",
];

/// Whether a technique with its sub-technique stands there (`T1566.001`, which is
/// nothing else), or several that may be some.
fn lists_techniques(passages: &[Passage; 2]) -> bool {
    const SEVERAL: usize = 3;
    let mut seen: Vec<&str> = Vec::new();
    let words = passages
        .iter()
        .flat_map(|passage| {
            passage
                .clean
                .split(|c: char| !c.is_alphanumeric() && c != '.')
        })
        .map(|word| word.trim_end_matches('.'));
    for word in words {
        let Some(number) = word.strip_prefix("T1") else {
            continue;
        };
        let digits = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        match number.split_once('.') {
            Some((main, sub)) if digits(main) && digits(sub) => return true,
            None if digits(number) && !seen.contains(&word) => seen.push(word),
            _ => {}
        }
        if seen.len() >= SEVERAL {
            return true;
        }
    }
    false
}

pub(super) fn read(passage: &Passage, setting: &Setting, own: &Own<'_>, named: &mut Named) {
    let whole = refang::refang(&passage.clean);
    let mut reader = Reader {
        passage,
        whole: &whole,
        text: whole.text(),
        setting,
        own,
        named,
    };
    let mut at = 0;
    while at < reader.text.len() {
        at = reader.next_run(at);
    }
}

pub(super) struct Reader<'a> {
    pub(super) passage: &'a Passage,
    pub(super) whole: &'a Mapped,
    pub(super) text: &'a str,
    pub(super) setting: &'a Setting,
    pub(super) own: &'a Own<'a>,
    pub(super) named: &'a mut Named,
}

/// Characters of ids, hosts, addresses and hashes.
fn is_part(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric()
            || matches!(character, '.' | '-' | '_' | ':' | '@' | '%' | '+');
    }
    character.is_alphanumeric() || unicode_normalization::char::is_combining_mark(character)
}

impl Reader<'_> {
    /// Reads the run that starts at or after `from`; returns where to go on.
    fn next_run(&mut self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let Some(skipped) = rest.find(is_part) else {
            return self.text.len();
        };
        let start = from + skipped;
        let rest = self.text.get(start..).unwrap_or_default();
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let end = start + len;
        work::steps(skipped + len);
        let run = self.text.get(start..end).unwrap_or_default();
        // A look at the bytes spares the most common run, a plain word.
        let telling = run
            .bytes()
            .any(|b| matches!(b, b'.' | b':' | b'-' | b'@') || b.is_ascii_digit());
        if !telling {
            return end;
        }
        if let Some(scheme) = self.scheme_at(start, run) {
            let at = start + scheme;
            let address_end = self.url_end(at);
            self.url(at, address_end);
            return address_end.max(end);
        }
        if run.len() <= MAX_RUN {
            self.run(start, end);
        }
        end
    }

    /// Where in a run an address with its scheme starts.
    fn scheme_at(&self, start: usize, run: &str) -> Option<usize> {
        let colon = run.find(':')?;
        if !self
            .text
            .get(start + colon..)
            .is_some_and(|rest| rest.starts_with("://"))
        {
            return None;
        }
        let before = run.get(..colon)?.to_ascii_lowercase();
        ["https", "http", "sftp", "ftp"].iter().find_map(|scheme| {
            let at = before.strip_suffix(scheme)?.len();
            let apart = !before.get(..at)?.ends_with(|c: char| c.is_alphanumeric());
            apart.then_some(at)
        })
    }

    fn run(&mut self, start: usize, end: usize) {
        let run = self.text.get(start..end).unwrap_or_default();
        // `user@host`, `host:port`, `id.` and `(id)`: trim, then try form by form.
        let trimmed = run.trim_matches(['.', ':', '-', '_', '+', '%', '@']);
        let start = start + run.find(trimmed).unwrap_or_default();
        if trimmed.is_empty() {
            return;
        }
        if trimmed.contains('@') {
            self.mail(start, trimmed);
            return;
        }
        if trimmed.matches(':').count() >= 2 && self.ip6(start, run, trimmed) {
            return;
        }
        let mut at = 0;
        for part in trimmed.split([':', '_']) {
            if !part.is_empty() {
                self.id_or_host(start + at, part);
            }
            at += part.len() + 1;
        }
    }

    fn id_or_host(&mut self, start: usize, part: &str) {
        let part = part.trim_end_matches(['.', '-']);
        let end = start + part.len();
        if part.len() >= 5 && part.contains('-') && self.id(start, part) {
            return;
        }
        match part.len() {
            32 | 40 | 64 | 128 if is_hash(part) => {
                let kind = match part.len() {
                    32 => EntityKind::Md5,
                    40 => EntityKind::Sha1,
                    64 => EntityKind::Sha256,
                    _ => EntityKind::Sha512,
                };
                return self.add(kind, &part.to_ascii_lowercase(), start, end);
            }
            _ => {}
        }
        if part.starts_with('T') && self.technique(start, part) {
            return;
        }
        if !part.contains('.') {
            return;
        }
        let defanged = self.whole.is_changed(start, end);
        if part.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            self.ip4(start, part, defanged);
            return;
        }
        self.domain(start, part, defanged);
    }

    /// CVE, CWE, GHSA, CIVN and CIAD, also where dots or words are glued on.
    fn id(&mut self, start: usize, part: &str) -> bool {
        let part = part.split('.').next().unwrap_or_default();
        let end = start + part.len();
        let upper = part.to_ascii_uppercase();
        if let Ok(cve) = CveId::new(&upper) {
            self.add(EntityKind::Cve, cve.as_str(), start, end);
            return true;
        }
        if let Some(number) = upper.strip_prefix("CWE-")
            && (1..=5).contains(&number.len())
            && let Ok(number) = number.parse::<u32>()
        {
            self.add(EntityKind::Cwe, &CweId(number).to_string(), start, end);
            return true;
        }
        if let Some(rest) = upper.strip_prefix("GHSA-") {
            let groups: Vec<&str> = rest.split('-').collect();
            if groups.len() == 3
                && groups
                    .iter()
                    .all(|group| group.len() == 4 && group.bytes().all(is_ghsa))
            {
                self.add(
                    EntityKind::Ghsa,
                    &format!("GHSA-{}", rest.to_ascii_lowercase()),
                    start,
                    end,
                );
                return true;
            }
        }
        if let Some(rest) = upper
            .strip_prefix("CIVN-")
            .or_else(|| upper.strip_prefix("CIAD-"))
            && let Some((year, number)) = rest.split_once('-')
            && year.len() == 4
            && number.len() == 4
            && year
                .bytes()
                .chain(number.bytes())
                .all(|b| b.is_ascii_digit())
        {
            self.add(EntityKind::CertIn, &upper, start, end);
            return true;
        }
        false
    }

    /// `T1059`, `T1059.001`, `TA0002`. Techniques have numbers from 1001 on; four
    /// digits after a T name products too, so one alone needs its context.
    fn technique(&mut self, start: usize, part: &str) -> bool {
        let end = start + part.len();
        let digits =
            |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(tactic) = part.strip_prefix("TA") {
            if digits(tactic, 4)
                && tactic.starts_with('0')
                && (self.setting.attack || self.in_brackets(start, end))
            {
                self.add(EntityKind::Attack, part, start, end);
                return true;
            }
            return false;
        }
        let Some(number) = part.strip_prefix('T') else {
            return false;
        };
        let (main, sub) = number
            .split_once('.')
            .map_or((number, None), |(main, sub)| (main, Some(sub)));
        let in_range = digits(main, 4) && main.starts_with('1') && main != "1000";
        let sub_fits = sub.is_none_or(|sub| digits(sub, 3));
        if in_range
            && sub_fits
            && (sub.is_some()
                || self.setting.attack
                || self.in_brackets(start, end)
                || (self.setting.attackers && self.stands_alone(start, end)))
        {
            self.add(EntityKind::Attack, part, start, end);
            return true;
        }
        false
    }

    /// Whether no name stands before it and no thing behind it: "via T1190." is a
    /// technique, "a Canon T1200" and "the T1200 printer" are not.
    fn stands_alone(&self, start: usize, end: usize) -> bool {
        const BEFORE: [&str; 8] = ["and", "as", "or", "through", "used", "using", "via", "with"];
        const BEHIND: [&str; 7] = ["against", "and", "for", "in", "on", "or", "to"];
        let before = self.text.get(..start).unwrap_or_default().trim_end();
        let last = before.rsplit(' ').next().unwrap_or_default();
        let behind = self.text.get(end..).unwrap_or_default();
        let next = behind.trim_start().split(' ').next().unwrap_or_default();
        (before.ends_with([',', ';', ':']) || BEFORE.contains(&last))
            && (behind.is_empty()
                || behind.starts_with([',', ';', '.', ':', ')', '\n'])
                || BEHIND.contains(&next))
    }

    fn in_brackets(&self, start: usize, end: usize) -> bool {
        self.text
            .get(..start)
            .is_some_and(|before| before.ends_with(['(', '[']))
            && self
                .text
                .get(end..)
                .is_some_and(|after| after.starts_with([')', ']', ',', ':']))
    }

    pub(super) fn add(&mut self, kind: EntityKind, name: &str, start: usize, end: usize) {
        let span = self
            .passage
            .span(self.whole.start_of(start), self.whole.end_of(end));
        self.named.add(kind, name, span);
    }
}

fn is_hash(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The letters GitHub uses: none that make words or look alike.
fn is_ghsa(byte: u8) -> bool {
    matches!(byte, b'2'..=b'9') || b"CFGHJMPQRVWX".contains(&byte)
}
