//! ransomware.live: what ransomware groups write on their leak sites.
//! <https://www.ransomware.live/api>
//!
//! These are claims by criminals, often false or old, and so each item says in
//! its first words. What surprised us: the fields have other names in each
//! generation of the interface (`victim` or `post_title`, `domain` or `website`,
//! `url` or `permalink`), dates come in four ways, `infostealer` is an empty text
//! or an object, and some entries are no victims but announcements. `url` is the
//! page on ransomware.live in one generation and may be the leak site in another:
//! an address is kept only if it is of ransomware.live, and none of .onion ever,
//! not even inside a text.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use model::clock::elapsed;
use model::item::{Draft, Stated};
use model::{
    Country, Cursor, Document, IncidentType, Item, ItemKind, Markup, Secret, SourceId, Timestamp,
};
use net::{Fetched, NetError, Request, Validators};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::feed::{date, markup, oldest_first};
use crate::{Parsed, Polled, Problem, Reread, Source, SourceError, Tools, answer, credential};

/// Their limits are nowhere written; this keeps clear of them.
const PACE: Duration = Duration::from_secs(10 * 60);
/// A hundred victims have some 100 kB, the whole list of ransomwatch 6 MB.
const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
/// Items of one reading at most, the newest.
const MOST_ITEMS: usize = 1000;
/// Entries looked at; all claims ever published are half of that.
const MOST_ENTRIES: usize = 100_000;
/// What a group writes is cut here.
const LONGEST_WORDS: usize = 4000;
const FREE: &str = "https://api.ransomware.live/v2/recentvictims";
const PRO: &str = "https://api-pro.ransomware.live/victims/recent?order=discovered";

/// What ransomware groups claim on their leak sites, collected by ransomware.live.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address of the list of recent victims. With a key and without an
    /// address of your own, that of the Pro interface is read instead.
    pub url: String,
    /// A key of the Pro interface.
    pub api_key: Option<Secret<String>>,
    /// A file that holds the key, read anew at each poll.
    pub api_key_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: FREE.to_owned(),
            api_key: None,
            api_key_file: None,
        }
    }
}

/// ransomware.live as a source.
pub struct RansomwareLive {
    id: SourceId,
    config: Config,
    tools: Tools,
}

/// What is remembered between two polls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// The address that was read.
    url: String,
    /// When.
    read: Option<Timestamp>,
    validators: Validators,
}

impl RansomwareLive {
    /// The list under the name `id`.
    #[must_use]
    pub fn new(id: SourceId, config: Config, tools: &Tools) -> Self {
        Self {
            id,
            config,
            tools: tools.clone(),
        }
    }
}

#[async_trait]
impl Source for RansomwareLive {
    async fn poll(&self, since: &Cursor) -> Result<Polled, SourceError> {
        let note: Note = since.note();
        let now = self.tools.clock.now();
        // The door keeps the distance of this run; the note that to the one before.
        let ago = note.read.map(|read| elapsed(read, now));
        if let Some(after) = ago
            .and_then(|ago| PACE.checked_sub(ago))
            .filter(|d| !d.is_zero())
        {
            return Err(SourceError::Resting {
                reason: "ransomware.live is asked once in ten minutes".to_owned(),
                after,
            });
        }
        let key = credential::read(
            "api_key",
            self.config.api_key.as_ref(),
            self.config.api_key_file.as_deref(),
        )
        .await?;
        let url = match &key {
            Some(_) if self.config.url == FREE => PRO,
            _ => &self.config.url,
        };
        let known = if note.url == url {
            note.validators
        } else {
            Validators::default()
        };
        let mut request = Request::get(url)
            .header("accept", "application/json")
            .unless(known.clone())
            .pace(PACE)
            .max_body(LARGEST_ANSWER);
        if let Some(key) = &key {
            request = request.header("x-api-key", key.reveal());
        }
        let fetched = self.tools.door.fetch(request).await;
        let (parsed, validators) = match fetched.map_err(|error| refused(error, key.is_some()))? {
            Fetched::Unchanged => (Parsed::default(), known),
            Fetched::Body(body) => (parse(&body.bytes)?, body.validators),
        };
        let read = self.tools.clock.now();
        let drafts = oldest_first(parsed.entries, MOST_ITEMS);
        Ok(Polled {
            items: drafts
                .into_iter()
                .map(|draft| Item::new(&self.id, draft, read))
                .collect(),
            problems: parsed.problems,
            cursor: Cursor::of(&Note {
                url: url.to_owned(),
                read: Some(read),
                validators,
            }),
            checkpoint: true,
            first_load: since.is_start(),
            ..Polled::default()
        })
    }

    fn reread(&self, document: &Document, at: Timestamp) -> Result<Reread, SourceError> {
        let parsed = parse(&document.bytes)?;
        let drafts = oldest_first(parsed.entries, MOST_ITEMS);
        Ok(Reread::of(&self.id, drafts, at, parsed.problems))
    }
}

fn refused(error: NetError, has_key: bool) -> SourceError {
    match error {
        NetError::Refused { body, .. } => SourceError::Unready(answer::because(
            if has_key {
                "ransomware.live refuses the key"
            } else {
                "ransomware.live refuses us without a key; set `api_key`"
            },
            answer::reason(&body, &["/message", "/error", "/detail"]).as_deref(),
        )),
        other => other.into(),
    }
}

/// Reads a list of victims, of any generation of the interface.
///
/// # Errors
/// It is no such list.
pub fn parse(bytes: &[u8]) -> Result<Parsed<Draft>, SourceError> {
    let document = answer::json(bytes, "ransomware.live")?;
    let lists = ["/victims", "/data", "/posts", "/results"];
    let entries = document
        .as_array()
        .or_else(|| {
            let lists = lists.iter();
            lists
                .filter_map(|at| document.pointer(at))
                .find_map(Value::as_array)
        })
        .ok_or_else(|| {
            let reason = ["/message", "/error", "/detail"]
                .iter()
                .find_map(|at| answer::text(&document, at))
                .map(answer::one_line);
            let sentence = "ransomware.live answered with something that is no list of victims";
            SourceError::Nonsense(answer::because(sentence, reason.as_deref()))
        })?;
    let mut parsed: Parsed<Draft> = Parsed::default();
    let mut seen = std::collections::HashSet::new();
    for (index, entry) in entries.iter().take(MOST_ENTRIES).enumerate() {
        let place = format!("entry {}", index + 1);
        match claim(entry) {
            Ok(draft) => {
                if draft.published.is_none() {
                    let reason = "its date cannot be read";
                    parsed.problems.push(Problem::new(place, reason));
                }
                if seen.insert(draft.external_id.clone()) {
                    parsed.entries.push(draft);
                }
            }
            Err(reason) => parsed.problems.push(Problem::new(place, reason)),
        }
    }
    Ok(parsed)
}

/// One entry of a leak site.
fn claim(entry: &Value) -> Result<Draft, &'static str> {
    if !entry.is_object() {
        return Err("it is not an object");
    }
    let first = |pointers: &[&str]| {
        let mut given = pointers.iter().filter_map(|at| answer::text(entry, at));
        given.find(|text| !matches!(*text, "N/A" | "n/a" | "None" | "null" | "-" | "Not Found"))
    };
    let victim = first(&["/victim", "/post_title", "/title"]).ok_or("it names no victim")?;
    let victim = without_onions(&markup::plain_title(victim));
    let victim = victim.trim_start_matches("*.").trim();
    let group = first(&["/group", "/group_name", "/gang"]).ok_or("it names no group")?;
    let named = markup::plain_title(group);
    let group = spelt(&named);
    if victim.is_empty() || group.is_empty() {
        return Err("it names no victim");
    }
    let page = ["/permalink", "/url"]
        .iter()
        .filter_map(|at| answer::link(entry, at))
        .find(|link| is_theirs(link));
    let attacked = first(&["/attackdate", "/published"]);
    let discovered = first(&["/discovered", "/attackdate", "/published", "/date"]);
    let country: Option<Country> = first(&["/country"]).and_then(country);
    let sector = first(&["/activity", "/sector"]);
    let website = first(&["/domain", "/website"])
        .map(without_onions)
        .filter(|w| !w.is_empty());

    let is_victim = website.is_some() || country.is_some() || !is_announcement(victim);
    let (title, mut text) = if is_victim {
        (
            format!("{group} claims an attack on {victim}"),
            format!(
                "The ransomware group {group} claims an attack on {victim}; a claim on its leak site, not confirmed.\n"
            ),
        )
    } else {
        (
            format!("{group} writes on its leak site: {victim}"),
            format!(
                "The ransomware group {group} writes on its leak site; a text of criminals, not confirmed.\n"
            ),
        )
    };
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("{name}: {}\n", answer::one_line(value)));
    };
    if let Some(country) = country {
        line("Country", country.as_str());
    }
    if let Some(sector) = sector {
        line("Sector", sector);
    }
    if let Some(website) = &website {
        line("Website", website);
    }
    if let Some(day) = attacked.and_then(date::read) {
        line("Attack, as claimed", &day.strftime("%Y-%m-%d").to_string());
    }
    if let Some(size) = first(&["/data_size"]) {
        line("Data, as claimed", &without_onions(size));
    }
    if let Some(known) = logins(entry.get("infostealer")) {
        line("Logins of theirs in the logs of infostealers", &known);
    }
    let press = [
        "/press",
        "/press/link",
        "/press/url",
        "/press/0/link",
        "/press/0",
    ];
    if let Some(press) = press
        .iter()
        .find_map(|at| answer::link(entry, at))
        .filter(|link| !is_onion(link))
    {
        line("Press", press);
    }
    if let Some(words) = first(&["/description"]) {
        let words = without_onions(words);
        if !words.is_empty() {
            text.push_str(&format!(
                "The group's entry: {}\n",
                answer::cut(&words, LONGEST_WORDS)
            ));
        }
    }
    let own = first(&["/id"])
        .map(str::to_owned)
        .or_else(|| page.map(str::to_owned));
    Ok(Draft {
        // The group lists a victim again when it attacks again.
        external_id: own
            .unwrap_or_else(|| format!("{named}/{victim}/{}", discovered.unwrap_or_default())),
        kind: ItemKind::Article,
        url: page.map(str::to_owned),
        title,
        text: text.trim_end().to_owned(),
        markup: Markup::Plain,
        author: Some("ransomware.live".to_owned()),
        language: Some("en".to_owned()),
        published: discovered
            .and_then(date::read)
            .or_else(|| attacked.and_then(date::read)),
        updated: None,
        stated: if is_victim {
            Stated {
                types: vec![IncidentType::Ransomware],
                severity: None,
                countries: country.into_iter().collect(),
            }
        } else {
            Stated::default()
        },
    })
}

/// The country of a code; some write the code of the British domain.
fn country(code: &str) -> Option<Country> {
    let code = if code.eq_ignore_ascii_case("uk") {
        "GB"
    } else {
        code
    };
    code.parse().ok()
}

/// How a group writes itself; ransomware.live has names in small letters.
fn spelt(group: &str) -> String {
    const NAMES: [(&str, &str); 16] = [
        ("8base", "8Base"),
        ("alphv", "ALPHV"),
        ("avoslocker", "AvosLocker"),
        ("blackbasta", "Black Basta"),
        ("dragonforce", "DragonForce"),
        ("incransom", "INC Ransom"),
        ("killsec", "KillSec"),
        ("lockbit", "LockBit"),
        ("lockbit2", "LockBit 2.0"),
        ("lockbit3", "LockBit 3.0"),
        ("lockbit5", "LockBit 5.0"),
        ("ragnarlocker", "Ragnar Locker"),
        ("ransomhouse", "RansomHouse"),
        ("ransomhub", "RansomHub"),
        ("safepay", "SafePay"),
        ("thegentlemen", "The Gentlemen"),
    ];
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == group) {
        return (*name).to_owned();
    }
    let mut letters = group.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Whether an entry speaks to the public and names no victim.
fn is_announcement(title: &str) -> bool {
    const CUES: [&str; 8] = [
        "hello world",
        "announce",
        "wallofshame",
        "press release",
        "affiliate",
        "we are hiring",
        "new blog",
        "welcome to our",
    ];
    let title = title.to_lowercase();
    CUES.iter().any(|cue| title.contains(cue))
}

/// What is said of stolen logins: nothing is an empty text.
fn logins(infostealer: Option<&Value>) -> Option<String> {
    let counts: Vec<String> = infostealer?
        .as_object()?
        .iter()
        .filter_map(|(whose, count)| {
            let count = count
                .as_u64()
                .or_else(|| count.as_str()?.trim().parse().ok())?;
            (count > 0).then(|| format!("{count} {}", answer::cut(whose, 40).replace('_', " ")))
        })
        .take(6)
        .collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// Whether an address is of ransomware.live.
fn is_theirs(link: &str) -> bool {
    let url = Url::parse(link).ok();
    url.as_ref()
        .and_then(Url::host_str)
        .is_some_and(|host| host == "ransomware.live" || host.ends_with(".ransomware.live"))
}

fn is_onion(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains(".onion") || word.contains("[.]onion") || word.contains("(.)onion")
}

/// A text without the addresses of leak sites, in one line.
fn without_onions(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !is_onion(word))
        .collect();
    words.join(" ")
}
