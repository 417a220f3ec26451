//! The data files, and what a cue means.

use std::str::FromStr;

use model::{Country, IncidentType, RelevanceLabel, Sector, Severity};
use toml::{Table, Value};

use crate::fold;

/// What a cue says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sense {
    /// For this class of relevance; weights of `irrelevant` speak against.
    Relevance(RelevanceLabel),
    /// For this type.
    Type(IncidentType),
    /// For a feature of the event that severity or the claim status reads.
    Feature(Feature),
    /// For this sector.
    Sector(Sector),
    /// A country's name, its people, its capital.
    Country(Country),
    /// A sign of a region pack that its country is affected.
    Local(Country, Local),
    /// Says that the country beside it is the attacker's, as in "Chinese hackers".
    AttackerAfter,
    /// The same, but not where it was attacked itself: a call centre.
    AttackerUnlessHit,
    /// The same before the country: "linked to Russia".
    AttackerBefore,
    /// One of several parts that together make an item relevant: of which reason, which
    /// part, and of how many.
    Part {
        /// The reason, as people read it.
        of: String,
        part: usize,
        parts: usize,
        /// How severe such an event is at least.
        least: Option<Severity>,
    },
    /// Turns the meaning of the cue behind it round.
    Negation,
    /// Turns the meaning of the cue before it round, as Hindi does.
    NegationBehind,
    /// Hides the shorter cues inside it.
    Mask,
    /// The same, and names the country of a namesake: "Hyderabad, Pakistan".
    Namesake(Country),
}

/// What of a country a sign of its region pack names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Local {
    /// A part of it, by its code.
    Subdivision(String),
    /// A town, with the code of its part; it may be empty.
    City(String),
    /// A town whose name stands elsewhere too: needs a second sign.
    ClashingCity(String),
    /// A public body, by its usual name.
    Body(String),
    /// A company or service.
    Company,
    /// A company whose name is a word, or stands elsewhere too: needs a second sign.
    ClashingCompany,
    /// A word of its life: lakh, Aadhaar.
    Term,
}

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What severity and claim status read out of the text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Feature { $($(#[$doc])* $name,)* }

        impl FromStr for Feature {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(format!("no feature is called `{other}`")),
                }
            }
        }
    };
}

features! {
    /// The flaw is used by attackers now.
    Exploited = "exploited";
    /// A zero-day.
    ZeroDay = "zero_day";
    /// The source calls it critical.
    CriticalWord = "critical_word";
    /// The source calls it high or severe.
    HighWord = "high_word";
    /// The source calls it of medium severity.
    MediumWord = "medium_word";
    /// The source calls it of low severity.
    LowWord = "low_word";
    /// Code runs, without login.
    GraveFlaw = "grave_flaw";
    /// Operations stand still.
    Disruption = "disruption";
    /// Many organisations, a nation.
    Wide = "wide";
    /// A large or vital victim.
    Major = "major";
    /// Sensitive data: health, identity, money.
    Sensitive = "sensitive";
    /// Fine, lawsuit, earnings: what comes after.
    Aftermath = "aftermath";
    /// Advice, statistics, opinion.
    Advice = "advice";
    /// A lawsuit, a fine, a settlement.
    Legal = "legal";
    /// A law firm looking for victims to represent.
    LawFirm = "law_firm";
    /// An arrest, a trial, a sentence.
    Arrest = "arrest";
    /// Results, sales, costs.
    Earnings = "earnings";
    /// Back in operation.
    Recovery = "recovery";
    /// The attack failed or was stopped.
    Foiled = "foiled";
    /// Figures about many events.
    Statistics = "statistics";
    /// A warning that it may happen.
    Warning = "warning";
    /// Whether it happened is being looked into.
    Probe = "probe";
    /// A small or local victim.
    Small = "small";
    /// A state behind the attack.
    StateActor = "state_actor";
    /// A government or its services.
    Government = "government_victim";
    /// Words that make it large: massive, major, unprecedented.
    Large = "large";
    /// Attacks in general, not one: plurals, trends, risks.
    General = "general";
    /// One thing that happened to somebody.
    Concrete = "concrete";
    /// Data of persons.
    Personal = "personal";
    /// Words before a number: nearly, more than.
    Estimate = "estimate";
    /// A product, a deal, a conference: the trade speaking of itself.
    Trade = "trade";
    /// Only the attacker says so.
    Claimed = "claimed";
    /// The victim or an authority says so.
    Confirmed = "confirmed";
    /// The victim denies it.
    Denied = "denied";
}

/// One line of a data file.
#[derive(Debug, Clone)]
pub(crate) struct Cue {
    /// As written, without its marks.
    pub(crate) pattern: String,
    pub(crate) folded: String,
    pub(crate) sense: Sense,
    pub(crate) weight: f32,
    /// Only in this case.
    pub(crate) exact: bool,
    /// The word may go on.
    pub(crate) open_end: bool,
    /// So much of `folded` stands before the pattern and behind it: it must be there, and
    /// is no part of what is shown.
    pub(crate) around: (usize, usize),
}

impl Cue {
    pub(crate) fn new(written: &str, sense: Sense, weight: f32) -> Self {
        let (written, exact) = written
            .strip_prefix('=')
            .map_or((written, false), |rest| (rest, true));
        let (pattern, open_end) = written
            .strip_suffix('*')
            .map_or((written, false), |rest| (rest, true));
        let (before, rest) = match pattern.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((before, rest)) => (before, rest),
            None => ("", pattern),
        };
        let (inner, behind) = match rest.strip_suffix(']').and_then(|it| it.rsplit_once('[')) {
            Some((inner, behind)) => (inner, behind),
            None => (rest, ""),
        };
        // The blank that divides them is folded with what stands around.
        let trimmed = inner.trim();
        let lead = inner.len() - inner.trim_start().len();
        let tail = inner.len() - inner.trim_end().len();
        let before = fold::folded(before) + &" ".repeat(lead);
        let behind = " ".repeat(tail) + &fold::folded(behind);
        Self {
            pattern: trimmed.to_owned(),
            around: (before.len(), behind.len()),
            folded: before + &fold::folded(trimmed) + &behind,
            sense,
            weight,
            exact,
            open_end,
        }
    }

    pub(crate) fn case_fits<'t>(&self, standing: impl FnOnce() -> &'t str) -> bool {
        !self.exact || standing() == self.pattern
    }

    /// Whether it hides shorter cues: "phone hacking trial" leaves no "hacking".
    pub(crate) fn masks(&self) -> bool {
        matches!(
            self.sense,
            Sense::Mask | Sense::Namesake(_) | Sense::Relevance(RelevanceLabel::Irrelevant)
        )
    }
}

/// Every cue of every file, but for countries that a region pack speaks for.
pub(crate) fn read_all(spoken_for: &[Country]) -> Result<Vec<Cue>, String> {
    let mut cues = Vec::new();
    weighted(
        include_str!("../../data/relevance.toml"),
        &mut cues,
        |label| match label {
            "incident" => Ok(Sense::Relevance(RelevanceLabel::Incident)),
            "threat_info" => Ok(Sense::Relevance(RelevanceLabel::ThreatInfo)),
            "irrelevant" => Ok(Sense::Relevance(RelevanceLabel::Irrelevant)),
            other => Err(format!("no relevance is called `{other}`")),
        },
    )?;
    weighted(include_str!("../../data/types.toml"), &mut cues, |label| {
        label
            .parse()
            .map(Sense::Type)
            .map_err(|error: model::IdError| error.to_string())
    })?;
    weighted(
        include_str!("../../data/severity.toml"),
        &mut cues,
        |label| label.parse().map(Sense::Feature),
    )?;
    weighted(
        include_str!("../../data/claims.toml"),
        &mut cues,
        |label| match label {
            "negation" => Ok(Sense::Negation),
            "negation_behind" => Ok(Sense::NegationBehind),
            feature => feature.parse().map(Sense::Feature),
        },
    )?;
    weighted(
        include_str!("../../data/sectors.toml"),
        &mut cues,
        |label| {
            label
                .parse()
                .map(Sense::Sector)
                .map_err(|error: model::IdError| error.to_string())
        },
    )?;
    for (of, lists) in table(include_str!("../../data/grave.toml"))? {
        let Value::Table(mut lists) = lists else {
            return Err(format!("`{of}` is no table"));
        };
        let least = lists
            .remove("severity")
            .map(|word| word.as_str().unwrap_or_default().parse::<Severity>())
            .transpose()
            .map_err(|error| error.to_string())?;
        let parts = lists.len();
        for (part, words) in lists.values().enumerate() {
            let of = of.clone();
            let sense = Sense::Part {
                of,
                part,
                parts,
                least,
            };
            listed(words, &mut cues, &sense, 1.0)?;
        }
    }
    for (code, names) in table(include_str!("../../data/countries.toml"))? {
        let country: Country = code
            .parse()
            .map_err(|error: model::IdError| error.to_string())?;
        if !spoken_for.contains(&country) {
            listed(&names, &mut cues, &Sense::Country(country), 1.0)?;
        }
    }
    for (place, words) in table(include_str!("../../data/attackers.toml"))? {
        let sense = match place.as_str() {
            "after" => Sense::AttackerAfter,
            "after_unless_hit" => Sense::AttackerUnlessHit,
            "before" => Sense::AttackerBefore,
            other => return Err(format!("`{other}` has no meaning in attackers.toml")),
        };
        listed(&words, &mut cues, &sense, 1.0)?;
    }
    Ok(cues)
}

fn table(text: &str) -> Result<Table, String> {
    text.parse()
        .map_err(|error: toml::de::Error| error.to_string())
}

/// Sections by label, in each lines of `"cue" = weight`.
fn weighted(
    text: &str,
    cues: &mut Vec<Cue>,
    sense: impl Fn(&str) -> Result<Sense, String>,
) -> Result<(), String> {
    for (label, lines) in table(text)? {
        let Value::Table(lines) = lines else {
            return Err(format!("`{label}` is no table"));
        };
        let sense = sense(&label)?;
        for (pattern, value) in lines {
            cues.push(Cue::new(&pattern, sense.clone(), weight(&value)?));
        }
    }
    Ok(())
}

fn listed(names: &Value, cues: &mut Vec<Cue>, sense: &Sense, weight: f32) -> Result<(), String> {
    for name in names.as_array().ok_or("a list of names is missing")? {
        let name = name.as_str().ok_or("a name is no text")?;
        cues.push(Cue::new(name, sense.clone(), weight));
    }
    Ok(())
}

fn weight(value: &Value) -> Result<f32, String> {
    #[expect(clippy::cast_possible_truncation, reason = "weights have two digits")]
    value
        .as_float()
        .or_else(|| value.as_integer().map(|whole| whole as f64))
        .map(|weight| weight as f32)
        .ok_or_else(|| format!("`{value}` is no weight"))
}
