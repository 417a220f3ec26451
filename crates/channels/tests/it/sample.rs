//! Messages to look at and to test with. Nothing in them is real.

use channels::message::{Content, Message, Story};
use model::{
    Affected, Cause, ClaimStatus, Country, DeliveryId, EntityCount, EntityKind, Exploitation,
    Incident, IncidentType, Region, Role, Sayer, Score, ScoreVersion, Sector, Severity, Tagged,
    VersionRange, Vulnerability,
};
use testkit::build;

/// A message of this name.
pub(crate) fn named(name: &str) -> Option<Message> {
    Some(match name {
        "story" => message(Content::Story(Box::new(hospital()))),
        "followup" => message(Content::Story(Box::new(Story {
            cause: Cause::SeverityRose {
                from: Severity::High,
                to: Severity::Critical,
            },
            ..hospital()
        }))),
        "flaw" => message(Content::Story(Box::new(flaw()))),
        "bare" => Message {
            dashboard: None,
            ..message(Content::Story(Box::new(bare())))
        },
        "hostile" => message(Content::Story(Box::new(hostile()))),
        "hindi" => message(Content::Story(Box::new(hindi()))),
        "digest" => message(digest(3)),
        "long-digest" => message(digest(120)),
        "notice" => message(Content::Notice {
            title: "Slack is paused".to_owned(),
            text: "Slack refuses us: the token is not valid (token_revoked). 14 alerts wait.\n\
                   They go out once the token is changed and Prahari is started again."
                .to_owned(),
        }),
        "test" => message(Content::Test),
        _ => return None,
    })
}

/// A message with this content, as the pipeline makes it.
pub(crate) fn message(content: Content) -> Message {
    Message {
        id: delivery_id(),
        at: build::now(),
        content,
        thread: None,
        dashboard: Some("https://prahari.example.org".to_owned()),
        zone: "Asia/Kolkata".to_owned(),
    }
}

/// The delivery's id in all samples.
pub(crate) fn delivery_id() -> DeliveryId {
    match "01a2b3c4-0000-7000-8000-000000000001".parse() {
        Ok(id) => id,
        Err(error) => panic!("{error}"),
    }
}

const fn tagged<T>(label: T) -> Tagged<T> {
    Tagged {
        label,
        confidence: 0.9,
    }
}

/// What the items of a story name, in the order in which an incident keeps it.
pub(crate) fn names(names: &[(EntityKind, &str)]) -> Vec<EntityCount> {
    let named = names.iter().map(|(kind, name)| EntityCount {
        kind: *kind,
        name: (*name).to_owned(),
        count: 1,
        role: (*kind == EntityKind::Organisation).then_some(Role::Victim),
    });
    named.collect()
}

/// Ransomware in a hospital.
pub(crate) fn hospital() -> Story {
    let title = "Hospital chain in Kerala halts admissions after ransomware attack";
    let summary = "A chain of eleven hospitals in Kerala has stopped planned admissions since Friday night, after \
                   ransomware encrypted its patient records. Emergency departments work on paper. The state's health \
                   secretary confirmed the attack and said that CERT-In is on site.";
    let first = build::item_from(
        "kerala-daily",
        title,
        summary,
        "https://www.keraladaily.example/news/hospital-chain",
    );
    let second = build::item_from(
        "security-desk",
        "Kerala hospitals hit",
        "",
        "https://securitydesk.example/2026/11/kerala-hospitals?ref=rss",
    );
    let later = build::item_from(
        "kerala-daily",
        "Hospitals admit patients again",
        "",
        "https://www.keraladaily.example/news/hospitals-again",
    );
    Story {
        incident: Incident {
            summary: summary.to_owned(),
            url: first.url.clone(),
            source: build::source_id("kerala-daily"),
            severity: model::Judgement::of_score(
                9.3,
                model::Reason::new(
                    model::Aspect::Severity,
                    "patient care is disrupted, a critical sector is hit, and the attack is confirmed",
                    1.0,
                ),
            ),
            types: vec![
                tagged(IncidentType::Ransomware),
                tagged(IncidentType::DataBreach),
            ],
            region: Region {
                countries: vec![Country::INDIA],
                states: vec!["KL".to_owned()],
            },
            sectors: vec![tagged(Sector::Health)],
            keywords: vec!["hospital".to_owned()],
            claim: ClaimStatus::Confirmed,
            entities: names(&[
                (EntityKind::Organisation, "Backwater Hospitals"),
                (EntityKind::Malware, "NightKolibri"),
                (EntityKind::Place, "Kochi"),
                (EntityKind::Actor, "Grey Heron"),
            ]),
            first_seen: build::time("2026-11-20T18:05:00Z"),
            last_seen: build::time("2026-11-21T08:30:00Z"),
            items: 14,
            sources: ["kerala-daily", "security-desk", "cert-in"]
                .map(build::source_id)
                .to_vec(),
            ..build::incident(title)
        },
        cause: Cause::New,
        reason: "rule urgent: high or above, and India is affected".to_owned(),
        items: vec![later, second, first],
        vulnerabilities: Vec::new(),
    }
}

/// An exploited flaw in a firewall.
pub(crate) fn flaw() -> Story {
    let known = Vulnerability {
        scores: vec![
            Score {
                sayer: Sayer::Cna("psirt@acme.example".to_owned()),
                version: ScoreVersion::V31,
                vector: None,
                base: 9.8,
            },
            Score {
                sayer: Sayer::Nvd,
                version: ScoreVersion::V31,
                vector: None,
                base: 8.1,
            },
        ],
        severity: Some(build::judgement(9.8)),
        affected: vec![Affected {
            vendor: "acme".to_owned(),
            product: "edge_gateway".to_owned(),
            versions: VersionRange {
                from_including: Some("7.2.0".to_owned()),
                to_excluding: Some("7.2.5".to_owned()),
                ..VersionRange::default()
            },
        }],
        exploitation: Some(Exploitation {
            name: None,
            added: Some(build::time("2026-11-20T00:00:00Z")),
            due: Some(build::time("2026-12-11T00:00:00Z")),
            action: Some(
                "Apply the vendor's update, or take the product out of service.".to_owned(),
            ),
            ransomware: true,
        }),
        ..build::vulnerability("CVE-2026-1234")
    };
    let unscored = Vulnerability {
        scores: Vec::new(),
        severity: None,
        ..build::vulnerability("CVE-2026-1240")
    };
    let title = "CVE-2026-1234: authentication bypass in Acme Edge Gateway is exploited";
    Story {
        incident: Incident {
            severity: model::Judgement::of_score(
                9.8,
                model::Reason::new(
                    model::Aspect::Severity,
                    "known to be exploited (CISA KEV), also by ransomware",
                    1.0,
                ),
            ),
            types: vec![tagged(IncidentType::VulnExploit)],
            cves: vec![
                known.cve.clone(),
                unscored.cve.clone(),
                build::cve_id("CVE-2026-1250"),
            ],
            exploited: true,
            kev: true,
            entities: names(&[
                (EntityKind::Malware, "DuskLoader"),
                (EntityKind::Malware, "NightKolibri"),
                (EntityKind::Malware, "PaperKite"),
                (EntityKind::Malware, "SlowBell"),
                (EntityKind::Malware, "TinSpoon"),
            ]),
            ..build::incident(title)
        },
        cause: Cause::KevListed,
        reason: "rule urgent: high or above, and exploited".to_owned(),
        items: vec![build::item(title)],
        vulnerabilities: vec![known, unscored],
    }
}

/// As little as an incident can have.
fn bare() -> Story {
    Story {
        incident: Incident {
            title: String::new(),
            summary: String::new(),
            url: None,
            types: Vec::new(),
            severity: build::judgement(2.0),
            ..build::incident("x")
        },
        cause: Cause::New,
        reason: String::new(),
        items: Vec::new(),
        vulnerabilities: Vec::new(),
    }
}

/// Everything a hostile feed would try.
pub(crate) fn hostile() -> Story {
    let title = format!(
        "=cmd|'/c calc'!A1 <script>alert(1)</script> & *bold* _it_ `code` ~s~\r\nBcc: all@example.org\r\n\
         \u{202E}gpj.exe <!channel> <https://evil.example|click> {{{{ 7 * 7 }}}} {}",
        "long ".repeat(60)
    );
    let summary = "</td></tr></table><img src=x onerror=alert(1)> <a href=\"javascript:alert(1)\">x</a> \
                   &lt;b&gt; &amp;amp; <b>not closed \u{0}\u{7} @everyone #general :boom: \"quotes\" 'single'";
    let hostile_item = build::item_from("feed-a", "x", "y", "javascript:alert(document.domain)");
    let mut disguised = build::item_from("feed-a", "x", "y", "https://bank.example@evil.example/");
    disguised.title = "<b>".to_owned();
    let odd = build::item_from(
        "feed-a",
        "x",
        "z",
        "https://news.example/a|b>c\"d'e?x=<y>&z=*1*",
    );
    Story {
        incident: Incident {
            title,
            summary: summary.to_owned(),
            url: Some("https://news.example/\"onmouseover=alert(1)".to_owned()),
            keywords: vec!["<b>*".to_owned(), "acme\r\nX-Evil: 1".to_owned()],
            entities: names(&[
                (
                    EntityKind::Organisation,
                    "<b>*bank*</b> & _sons_\r\nBcc: all@example.org",
                ),
                (
                    EntityKind::Actor,
                    "<https://evil.example|click> `x` {{ 7 * 7 }}",
                ),
            ]),
            severity: model::Judgement::of_score(
                7.5,
                model::Reason::new(
                    model::Aspect::Severity,
                    "\"<i>exploited</i>\" in the title",
                    1.0,
                ),
            ),
            ..build::incident("x")
        },
        cause: Cause::New,
        reason: "rule <urgent> & co: *always*".to_owned(),
        items: vec![hostile_item, disguised, odd],
        vulnerabilities: vec![Vulnerability {
            scores: vec![Score {
                sayer: Sayer::Cna("<cna>&*x*".to_owned()),
                version: ScoreVersion::V40,
                vector: None,
                base: 7.5,
            }],
            ..build::vulnerability("CVE-2026-9999")
        }],
    }
}

/// A story in Hindi.
fn hindi() -> Story {
    let title = "केरल के अस्पतालों पर ransomware हमला, भर्ती रुकी";
    Story {
        incident: Incident {
            summary: "राज्य के ग्यारह अस्पतालों में शुक्रवार रात से नियोजित भर्ती बंद है। मरीज़ों के रिकॉर्ड एन्क्रिप्ट कर दिए गए हैं।".to_owned(),
            ..hospital().incident
        },
        ..hospital()
    }
    .titled(title)
}

trait Titled {
    fn titled(self, title: &str) -> Self;
}

impl Titled for Story {
    fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.incident.title);
        self
    }
}

/// So many stories, worst first, as after an absence.
pub(crate) fn digest(number: usize) -> Content {
    let mut stories: Vec<Story> = (0..number)
        .map(|index| match index % 3 {
            0 => hospital(),
            1 => flaw(),
            _ => Story {
                incident: Incident {
                    severity: build::judgement(7.5),
                    ..build::incident(
                        "State bus company's booking site is down after a DDoS attack",
                    )
                },
                ..bare()
            },
        })
        .collect();
    stories.sort_by_key(|story| std::cmp::Reverse(story.incident.band()));
    Content::Digest {
        stories,
        occasion: "while Prahari was away for 3 days".to_owned(),
    }
}
