//! The fields of the query language: their names, what they take, what they mean.

use crate::analysis::{IncidentType, Sector};
use crate::attack::AttackClass;
use crate::incident::{ClaimStatus, IncidentStatus};
use crate::query::key::Key;

/// What can be asked of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Its kind of event.
    Type,
    /// How bad.
    Severity,
    /// How bad, from 0 to 10.
    Score,
    /// Where: a country or an Indian state.
    Region,
    /// An Indian state.
    State,
    /// A place that is named.
    Place,
    /// Whom.
    Sector,
    /// A CVE.
    Cve,
    /// Who makes what is affected.
    Vendor,
    /// What is affected.
    Product,
    /// A version of the product beside it.
    Version,
    /// A class of weakness.
    Cwe,
    /// What an attacker does with its flaw.
    AttackClass,
    /// A category of the OWASP Top 10.
    Owasp,
    /// Whether CISA lists it as exploited.
    Kev,
    /// Whether it is exploited.
    Exploited,
    /// How likely exploitation is.
    Epss,
    /// The highest CVSS score.
    Cvss,
    /// Who did it.
    Actor,
    /// Malicious software.
    Malware,
    /// A tool that attackers use.
    Tool,
    /// A technique of ATT&CK.
    Technique,
    /// A flaw with a name of its own.
    Flaw,
    /// Who was attacked.
    Victim,
    /// Any organisation that is named.
    Org,
    /// A person who is named.
    Person,
    /// An address, a domain, a hash.
    Indicator,
    /// Who tells it.
    Source,
    /// What people have done about it.
    Status,
    /// A tag that people gave it.
    Tag,
    /// Who looks after it.
    Assignee,
    /// How firm the story is.
    Claim,
    /// One of the user's own keywords.
    Keyword,
    /// How many items tell it.
    Items,
    /// A word of a headline.
    Title,
    /// Latest report at or after.
    After,
    /// Latest report before.
    Before,
    /// Latest report within the last so long.
    Last,
    /// Latest report on a day or between two.
    Date,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Names, ids and labels that are looked up by this key.
    Names(Key),
    /// A version.
    Version,
    /// A category of the OWASP Top 10.
    Owasp,
    /// A band of severity.
    Severity,
    /// A number, at most this.
    Number(u32),
    /// True or false.
    Flag,
    /// Words.
    Words,
    /// A moment.
    Moment,
    /// A length of time.
    Length,
    /// A day, or two.
    Days,
}

struct Entry {
    field: Field,
    /// The name, then others that mean the same.
    names: &'static [&'static str],
    kind: Kind,
    about: &'static str,
    example: &'static str,
}

const fn entry(
    field: Field,
    names: &'static [&'static str],
    kind: Kind,
    about: &'static str,
    example: &'static str,
) -> Entry {
    Entry {
        field,
        names,
        kind,
        about,
        example,
    }
}

#[rustfmt::skip]
const ENTRIES: &[Entry] = &[
    entry(Field::Type, &["type", "types"], Kind::Names(Key::Type), "kind of event", "type:ransomware"),
    entry(Field::Severity, &["severity", "sev"], Kind::Severity, "at least this severe; `=` for exactly", "severity:high"),
    entry(Field::Score, &["score"], Kind::Number(10), "how bad, from 0 to 10", "score>=7.5"),
    entry(Field::Region, &["region", "country"], Kind::Names(Key::Country), "affected country, or Indian state as IN-KA", "region:IN"),
    entry(Field::State, &["state"], Kind::Names(Key::State), "affected Indian state or territory", "state:Karnataka"),
    entry(Field::Place, &["place", "city"], Kind::Names(Key::Place), "a place that is named", "place:Kochi"),
    entry(Field::Sector, &["sector"], Kind::Names(Key::Sector), "what the affected do", "sector:banking"),
    entry(Field::Cve, &["cve"], Kind::Names(Key::Cve), "about this CVE", "cve:CVE-2026-1234"),
    entry(Field::Vendor, &["vendor"], Kind::Names(Key::Vendor), "who makes the affected product", "vendor:fortinet"),
    entry(Field::Product, &["product"], Kind::Names(Key::Product), "the affected product; beside it `version:`", "product:FortiOS"),
    entry(Field::Version, &["version"], Kind::Version, "this version of the product beside it is affected", "version:7.2.4"),
    entry(Field::Cwe, &["cwe", "weakness"], Kind::Names(Key::Cwe), "class of weakness", "cwe:79"),
    entry(Field::AttackClass, &["attack_class", "class"], Kind::Names(Key::AttackClass), "what an attacker does with its flaw; short names too (rce, xss)", "attack_class:sql_injection"),
    entry(Field::Owasp, &["owasp"], Kind::Owasp, "category of the OWASP Top 10, by its weaknesses", "owasp:A01:2025"),
    entry(Field::Kev, &["kev"], Kind::Flag, "listed by CISA as known to be exploited", "kev:true"),
    entry(Field::Exploited, &["exploited"], Kind::Flag, "exploitation is confirmed", "exploited:true"),
    entry(Field::Epss, &["epss"], Kind::Number(1), "likelihood of exploitation within 30 days, the highest of its CVEs", "epss>0.5"),
    entry(Field::Cvss, &["cvss"], Kind::Number(10), "CVSS score, the highest of its CVEs", "cvss>=9"),
    entry(Field::Actor, &["actor"], Kind::Names(Key::Actor), "who did it", "actor:lockbit"),
    entry(Field::Malware, &["malware"], Kind::Names(Key::Malware), "malicious software", "malware:emotet"),
    entry(Field::Tool, &["tool"], Kind::Names(Key::Tool), "a tool that attackers use", "tool:mimikatz"),
    entry(Field::Technique, &["technique", "attack"], Kind::Names(Key::Technique), "technique of MITRE ATT&CK; its sub-techniques count", "technique:T1566"),
    entry(Field::Flaw, &["flaw"], Kind::Names(Key::Flaw), "a flaw by a name of its own", "flaw:log4shell"),
    entry(Field::Victim, &["victim"], Kind::Names(Key::Victim), "who was attacked", "victim:\"State Bank\""),
    entry(Field::Org, &["org", "organisation", "organization"], Kind::Names(Key::Org), "an organisation that is named, victim or not", "org:infosys"),
    entry(Field::Person, &["person"], Kind::Names(Key::Person), "a person who is named", "person:sharma"),
    entry(Field::Indicator, &["indicator", "ioc"], Kind::Names(Key::Indicator), "an address, a domain, a hash", "indicator:198.51.100.7"),
    entry(Field::Source, &["source"], Kind::Names(Key::Source), "who tells it", "source:cert_in"),
    entry(Field::Status, &["status"], Kind::Names(Key::Status), "what people have done about it", "status:new"),
    entry(Field::Tag, &["tag", "tags"], Kind::Names(Key::Tag), "a tag that people gave it; `*` for any", "tag:phishing-wave"),
    entry(Field::Assignee, &["assignee", "owner"], Kind::Names(Key::Assignee), "who looks after it; `*` for anybody", "assignee:asha"),
    entry(Field::Claim, &["claim"], Kind::Names(Key::Claim), "how firm the story is", "claim:confirmed"),
    entry(Field::Keyword, &["keyword"], Kind::Names(Key::Keyword), "brought by this keyword of yours; `*` for any", "keyword:aadhaar"),
    entry(Field::Items, &["items"], Kind::Number(1_000_000), "how many items tell it", "items>=3"),
    entry(Field::Title, &["title"], Kind::Words, "words of a headline", "title:breach"),
    entry(Field::After, &["after", "since"], Kind::Moment, "latest report at or after this", "after:-7d"),
    entry(Field::Before, &["before", "until"], Kind::Moment, "latest report before this", "before:2026-11-01"),
    entry(Field::Last, &["last"], Kind::Length, "latest report within the last so long", "last:24h"),
    entry(Field::Date, &["date"], Kind::Days, "latest report on this day, or between two", "date:2026-11-01..2026-11-07"),
];

impl Field {
    /// Every field, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(|entry| entry.field)
    }

    /// The field of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut entries = ENTRIES.iter();
        let entry = entries.find(|entry| {
            entry
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })?;
        Some(entry.field)
    }

    /// The name that is nearest to one that no field has, if one is near.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        let names = ENTRIES.iter().flat_map(|entry| entry.names).copied();
        nearest(name, names)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |entry| entry.names[0])
    }

    /// Other names that mean the same.
    #[must_use]
    pub fn other_names(self) -> &'static [&'static str] {
        self.entry().map_or(&[], |entry| &entry.names[1..])
    }

    /// What it takes.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.entry().map_or(Kind::Words, |entry| entry.kind)
    }

    /// What it asks, in a few words.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.entry().map_or("", |entry| entry.about)
    }

    /// How it is written.
    #[must_use]
    pub fn example(self) -> &'static str {
        self.entry().map_or("", |entry| entry.example)
    }

    /// The values it takes, where these are few, each with its word for people.
    #[must_use]
    pub fn labels(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Type => IncidentType::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::Sector => Sector::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::AttackClass => AttackClass::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::Status => IncidentStatus::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::Claim => ClaimStatus::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::Severity => crate::Severity::ALL
                .iter()
                .map(|one| (one.as_str(), one.word()))
                .collect(),
            Self::Kev | Self::Exploited => vec![("true", "Yes"), ("false", "No")],
            _ => Vec::new(),
        }
    }

    fn entry(self) -> Option<&'static Entry> {
        ENTRIES.iter().find(|entry| entry.field == self)
    }
}

/// The nearest of some names, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let given: String = given.chars().take(40).collect::<String>().to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::jaro_winkler(&given, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.78)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
