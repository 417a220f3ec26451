//! What a message says, worked out once for all channels: which facts, in which
//! order, in which words. Channels only give it their form.
//!
//! All outside text in here is one clean line and has an upper length, so that
//! the whole of a story fits the tightest service (Telegram's 4,096 units)
//! before any markup. It is not yet escaped: that differs from channel to
//! channel.

mod facts;

use model::{Cause, Severity};
use serde::Serialize;
use url::Url;

use crate::message::{Content, Message, Story};
use crate::text::short;
use crate::{figure, place};
use facts::{facts, flaw, push};

// Upper lengths in UTF-16 units. Their sum over a story stays under 4,096.
const TITLE: usize = 250;
const SUMMARY: usize = 700;
const FACT: usize = 120;
const REASON: usize = 240;
const HOST: usize = 60;
/// Notices are our own words, but may quote an error.
const PARAGRAPH: usize = 900;

const MOST_TYPES: usize = 2;
const MOST_FLAWS: usize = 5;
const MOST_LINKS: usize = 5;
const MOST_PARAGRAPHS: usize = 4;

/// Longer addresses are tracking, or mischief; services refuse them from 2,000 on.
const LONGEST_URL: usize = 500;

/// A message, ready to be given a form.
pub(crate) enum Page {
    Story(Box<Sheet>),
    Digest(Digest),
    Word(Word),
}

/// One incident.
#[derive(Serialize)]
pub(crate) struct Sheet {
    #[serde(skip)]
    pub(crate) severity: Severity,
    /// `Ransomware, Data breach`; empty when unknown.
    pub(crate) kinds: String,
    pub(crate) title: String,
    /// For a follow-up, what changed, as a sentence.
    pub(crate) news: Option<String>,
    pub(crate) summary: String,
    /// Who wrote the summary: a host name, or the source's name.
    pub(crate) teller: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) flaws: Vec<Flaw>,
    /// CVEs that are not in `flaws`.
    pub(crate) more_flaws: usize,
    pub(crate) links: Vec<Link>,
    pub(crate) reasons: Vec<Fact>,
    /// The incident in the dashboard.
    pub(crate) open: Option<String>,
}

/// A name and what it is.
#[derive(Serialize)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A CVE.
#[derive(Serialize)]
pub(crate) struct Flaw {
    pub(crate) id: String,
    /// `9.8`, or nothing.
    pub(crate) score: Option<String>,
    #[serde(skip)]
    pub(crate) severity: Option<Severity>,
    /// Who says so, and whether it is exploited.
    pub(crate) note: String,
}

/// A place to read on: only http and https, without credentials.
#[derive(Serialize)]
pub(crate) struct Link {
    pub(crate) url: String,
    /// Where it leads, and which of several there it is.
    pub(crate) host: String,
}

/// Many incidents.
pub(crate) struct Digest {
    /// `12 incidents while Prahari was away for 3 days`.
    pub(crate) title: String,
    /// `2 critical, 3 high`.
    pub(crate) counts: String,
    pub(crate) worst: Option<Severity>,
    /// Worst first.
    pub(crate) entries: Vec<Entry>,
    /// The list of incidents in the dashboard.
    pub(crate) open: Option<String>,
}

/// One incident of many.
pub(crate) struct Entry {
    pub(crate) severity: Severity,
    pub(crate) kinds: String,
    pub(crate) title: String,
    /// Where, which CVEs, exploited or not: `India · CVE-2026-1234 · exploited`.
    pub(crate) note: String,
    /// The incident in the dashboard, else the story at its source.
    pub(crate) url: Option<String>,
}

/// Prahari about itself.
pub(crate) struct Word {
    pub(crate) title: String,
    pub(crate) paragraphs: Vec<String>,
    /// The dashboard.
    pub(crate) open: Option<String>,
    /// When it was written.
    pub(crate) time: String,
}

impl Page {
    /// The message in one line, for subjects and notifications.
    pub(crate) fn headline(&self) -> String {
        match self {
            Self::Story(sheet) => sheet.headline(),
            Self::Digest(digest) => {
                let mark = digest
                    .worst
                    .map(|worst| format!("{} ", worst.mark()))
                    .unwrap_or_default();
                format!("{mark}{}: {}", digest.title, digest.counts)
            }
            Self::Word(word) => format!("Prahari: {}", word.title),
        }
    }
}

impl Sheet {
    /// `■ Critical · Ransomware`.
    pub(crate) fn marked(&self) -> String {
        marked(self.severity, &self.kinds)
    }

    fn headline(&self) -> String {
        match &self.news {
            None => format!("{}: {}", self.marked(), self.title),
            Some(news) => {
                let news = news.trim_end_matches('.');
                format!(
                    "{} {} · {news}: {}",
                    self.severity.mark(),
                    self.severity.word(),
                    self.title
                )
            }
        }
    }
}

impl Entry {
    /// `■ Critical · Ransomware`.
    pub(crate) fn marked(&self) -> String {
        marked(self.severity, &self.kinds)
    }
}

fn marked(severity: Severity, kinds: &str) -> String {
    let apart = if kinds.is_empty() { "" } else { " · " };
    format!("{} {}{apart}{kinds}", severity.mark(), severity.word())
}

/// What the message says.
pub(crate) fn page(message: &Message) -> Page {
    let dashboard = message
        .dashboard
        .as_deref()
        .and_then(link)
        .map(|link| link.url);
    let dashboard = dashboard
        .as_deref()
        .map(|address| address.trim_end_matches('/'));
    match &message.content {
        Content::Story(story) => Page::Story(Box::new(sheet(story, dashboard, &message.zone))),
        Content::Digest { stories, occasion } => Page::Digest(digest(stories, occasion, dashboard)),
        Content::Notice { title, text } => Page::Word(Word {
            title: short(title, TITLE),
            paragraphs: text
                .lines()
                .map(|paragraph| short(paragraph, PARAGRAPH))
                .filter(|paragraph| !paragraph.is_empty())
                .take(MOST_PARAGRAPHS)
                .collect(),
            open: dashboard.map(str::to_owned),
            time: figure::time(message.at, &message.zone),
        }),
        Content::Test => Page::Word(Word {
            title: "a test, and it arrived".to_owned(),
            paragraphs: vec![
                "Somebody asked for this message to see whether this channel works. It does; alerts will come here."
                    .to_owned(),
            ],
            open: dashboard.map(str::to_owned),
            time: figure::time(message.at, &message.zone),
        }),
    }
}

fn sheet(story: &Story, dashboard: Option<&str>, zone: &str) -> Sheet {
    let incident = &story.incident;
    let own = incident.url.as_deref().and_then(link);
    let title = title(story);
    let summary = short(&incident.summary, SUMMARY);
    let teller = own
        .as_ref()
        .map_or_else(|| incident.source.to_string(), |link| link.host.clone());

    let mut links: Vec<Link> = Vec::new();
    for link in own.into_iter().chain(
        story
            .items
            .iter()
            .filter_map(|item| item.url.as_deref().and_then(link)),
    ) {
        if links.len() < MOST_LINKS && !links.iter().any(|known| known.url == link.url) {
            links.push(link);
        }
    }
    count_hosts(&mut links);

    let flaws: Vec<Flaw> = if story.vulnerabilities.is_empty() {
        let bare = |id: &model::CveId| Flaw {
            id: id.to_string(),
            score: None,
            severity: None,
            note: "no source has described it yet".to_owned(),
        };
        incident.cves.iter().take(MOST_FLAWS).map(bare).collect()
    } else {
        story
            .vulnerabilities
            .iter()
            .take(MOST_FLAWS)
            .map(flaw)
            .collect()
    };
    let more_flaws = incident
        .cves
        .iter()
        .filter(|cve| !flaws.iter().any(|flaw| flaw.id == cve.as_str()))
        .count();

    let mut reasons = Vec::new();
    push(&mut reasons, "Why you get this", &story.reason, REASON);
    let why = format!("Why {}", incident.band());
    push(&mut reasons, &why, &incident.severity.reason.text, REASON);

    Sheet {
        severity: incident.band(),
        kinds: kinds(story),
        news: news(&story.cause),
        summary: after_title(&summary, &title).to_owned(),
        title,
        teller,
        facts: facts(story, zone),
        flaws,
        more_flaws,
        links,
        reasons,
        open: dashboard.map(|dashboard| format!("{dashboard}/incidents/{}", incident.id)),
    }
}

/// Numbers the links of one host, which would look the same: `news.example`,
/// `news.example (2)`.
fn count_hosts(links: &mut [Link]) {
    let mut seen: Vec<String> = Vec::new();
    for link in links {
        seen.push(link.host.clone());
        let times = seen.iter().filter(|host| **host == link.host).count();
        if times > 1 {
            link.host.push_str(&format!(" ({times})"));
        }
    }
}

/// The summary without the title it begins with: many sources repeat it there,
/// and one without a text gives nothing else.
fn after_title<'a>(summary: &'a str, title: &str) -> &'a str {
    let Some(rest) = summary.strip_prefix(title) else {
        return summary;
    };
    let text = rest.trim_start_matches(['.', ':', '-', '–', '—', '|', '!', '?', '।', ' ']);
    if text.is_empty() || text.len() < rest.len() {
        text
    } else {
        summary
    }
}

fn digest(stories: &[Story], occasion: &str, dashboard: Option<&str>) -> Digest {
    let counts: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .filter_map(|band| {
            let number = stories
                .iter()
                .filter(|story| story.incident.band() == band)
                .count();
            (number > 0).then(|| format!("{} {band}", figure::count(number as u64)))
        })
        .collect();
    let occasion = short(occasion, FACT);
    let entries = stories.iter().map(|story| {
        let incident = &story.incident;
        let mut note: Vec<String> = Vec::new();
        if let Some(news) = news(&story.cause) {
            note.push(news.trim_end_matches('.').to_owned());
        }
        note.extend(Some(place::region(&incident.region)).filter(|region| !region.is_empty()));
        if !incident.cves.is_empty() {
            note.push(place::listed(
                incident.cves.iter().map(ToString::to_string),
                2,
            ));
        }
        if incident.exploited && !matches!(story.cause, Cause::Exploited | Cause::KevListed) {
            note.push("exploited".to_owned());
        }
        Entry {
            severity: incident.band(),
            kinds: kinds(story),
            title: title(story),
            note: note.join(" · "),
            url: dashboard
                .map(|dashboard| format!("{dashboard}/incidents/{}", incident.id))
                .or_else(|| incident.url.as_deref().and_then(link).map(|link| link.url)),
        }
    });
    Digest {
        title: format!(
            "{} {occasion}",
            figure::counted(stories.len() as u64, "incident", "incidents")
        ),
        counts: counts.join(", "),
        worst: stories.iter().map(|story| story.incident.band()).max(),
        entries: entries.collect(),
        open: dashboard.map(str::to_owned),
    }
}

/// The headline; an incident without one is called by its CVE or its kind.
fn title(story: &Story) -> String {
    let title = short(&story.incident.title, TITLE);
    if !title.is_empty() {
        return title;
    }
    story.incident.cves.first().map_or_else(
        || "Incident without a title".to_owned(),
        ToString::to_string,
    )
}

fn kinds(story: &Story) -> String {
    let kinds: Vec<&str> = story
        .incident
        .type_labels()
        .filter(|label| *label != model::IncidentType::Other)
        .take(MOST_TYPES)
        .map(model::IncidentType::word)
        .collect();
    kinds.join(", ")
}

/// What changed, for a follow-up.
fn news(cause: &Cause) -> Option<String> {
    Some(match cause {
        Cause::New => return None,
        Cause::SeverityRose { from, to } => format!("Severity rose from {from} to {to}."),
        Cause::Exploited => "Exploitation is confirmed.".to_owned(),
        Cause::KevListed => "Now listed by CISA as known to be exploited.".to_owned(),
        Cause::NewRegion { country } => format!("{} is now affected.", place::country(*country)),
    })
}

/// An address that is safe to offer: http or https, a host, no credentials (they
/// hide the real host), not endless.
fn link(address: &str) -> Option<Link> {
    let url = Url::parse(address.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https")
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return None;
    }
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let host = short(host.strip_prefix("www.").unwrap_or(host), HOST);
    // Characters that end a link in Slack's or HTML's syntax and that the URL
    // standard leaves alone.
    let url: String = url
        .as_str()
        .chars()
        .map(|c| match c {
            '|' => "%7C".to_owned(),
            '\'' => "%27".to_owned(),
            '`' => "%60".to_owned(),
            c => c.to_string(),
        })
        .collect();
    (url.len() <= LONGEST_URL).then_some(Link { url, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_does_not_say_the_title_again() {
        for (summary, title, shown) in [
            ("Acme hit. Nobody is hurt.", "Acme hit", "Nobody is hurt."),
            ("Acme hit", "Acme hit", ""),
            ("Acme hits back", "Acme hit", "Acme hits back"),
            ("Nobody is hurt.", "Acme hit", "Nobody is hurt."),
        ] {
            assert_eq!(after_title(summary, title), shown);
        }
    }

    #[test]
    fn only_web_addresses_without_credentials_are_links() {
        for (address, host) in [
            (" https://www.news.example/a ", Some("news.example")),
            ("http://[::1]:8000/", Some("[::1]")),
            (
                "https://xn--bcher-kva.example/",
                Some("xn--bcher-kva.example"),
            ),
            // Shown as what it is, not as what it looks like.
            ("https://аpple.example/", Some("xn--pple-43d.example")),
            ("https://bank.example@evil.example/", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("news.example/a", None),
            ("", None),
        ] {
            assert_eq!(
                link(address).map(|link| link.host).as_deref(),
                host,
                "{address}"
            );
        }
        assert!(link(&format!("https://news.example/{}", "a".repeat(500))).is_none());
    }
}
