//! Every kind of source as the contract needs to know it: how its service is
//! played on two days, and what it cannot promise.

use std::fmt::Write as _;
use std::time::Duration;

use model::Clock;
use model::clock::earlier;
use serde_json::{Value, json};
use testkit::contract::{Day, Kind, Promise};
use testkit::site::Reply;
use testkit::{kev, nvd};

use super::{Opened, Stage, open};
use crate::{
    bluesky, cert_in, csaf, cve_list, epss, gdelt, ghsa, hibp, json as pointers, mastodon,
    misp_feed, osv, owasp_top10, page, ransomware_live, reddit, taxii, telegram_channel, x,
};

/// Its service knows no conditional requests, or gives another answer each time.
const NO_CONDITION: (Promise, &str) = (
    Promise::AsksForChanges,
    "the service is asked for what came after a mark",
);
/// The door's own time-out is held by the tests of `net`.
const PATIENT: (Promise, &str) = (
    Promise::BearsSilence,
    "the service is slow: it has a patience of its own",
);

/// Reads files, and no network at all.
const NO_NETWORK: &[(Promise, &str)] = &[
    (Promise::AsksForChanges, "it reads files"),
    (Promise::Waits, "it reads files"),
    (Promise::BearsFailure, "it reads files"),
    (Promise::BearsSilence, "it reads files"),
    (Promise::BearsTruncation, "it reads files"),
    (Promise::BearsFlood, "it reads files"),
    (Promise::BearsOtherDocuments, "it reads files"),
    (Promise::StaysOutside, "it reads files"),
    (Promise::Resumes, "it reads files"),
];

/// So many things are there: two on the first day, one more on the second.
fn last(day: Day) -> u32 {
    match day {
        Day::First => 2,
        Day::Second => 3,
    }
}

/// The same, the newest first.
fn newest_first<N: From<u32>>(day: Day) -> Vec<N> {
    (1..=last(day)).rev().map(N::from).collect()
}

fn rss(day: Day) -> Reply {
    let mut items = String::new();
    for n in newest_first::<u32>(day) {
        write!(
            items,
            "<item><guid>g{n}</guid><title>Notice {n} - Paper</title><link>https://a.example/{n}</link>\
             <pubDate>Fri, 20 Nov 2026 10:{n:02}:00 GMT</pubDate></item>"
        )
        .unwrap();
    }
    Reply::ok(format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{items}</channel></rss>"
    ))
    .content_type("application/rss+xml")
}

/// A kind that gives two things on the first day and one more on the second.
const fn kind(
    name: &'static str,
    path: &'static str,
    open: fn(&Stage) -> Opened,
    fill: fn(&Stage, Day),
    spared: &'static [(Promise, &'static str)],
) -> Kind<Opened> {
    Kind {
        name,
        open,
        fill,
        path,
        first: 2,
        second: 1,
        spared,
    }
}

/// The kinds, in the order of `SourceConfig`.
pub(super) fn all() -> Vec<Kind<Opened>> {
    vec![
        kind(
            "feed",
            "/feed",
            |stage| {
                open(
                    stage,
                    json!({ "kind": "feed", "url": stage.site.url("/feed") }),
                )
            },
            |stage, day| stage.site.serve("/feed", rss(day)),
            &[],
        ),
        kind(
            "nvd",
            "/nvd",
            |stage| {
                open(
                    stage,
                    json!({ "kind": "nvd", "url": stage.site.url("/nvd") }),
                )
            },
            fill_nvd,
            &[NO_CONDITION, PATIENT],
        ),
        kind(
            "cve_list",
            "/cves/deltaLog.json",
            |stage| {
                let url = stage.site.url("/cves");
                open(
                    stage,
                    json!({ "kind": "cve_list", "url": url, "first_days": 14 }),
                )
            },
            fill_cve_list,
            &[],
        ),
        kind(
            "epss",
            epss::PATH,
            |stage| {
                open(
                    stage,
                    json!({ "kind": "epss", "url": stage.site.url(epss::PATH) }),
                )
            },
            |stage, day| {
                let table = match day {
                    Day::First => epss::table("2026-11-20", 2, "0.2"),
                    Day::Second => epss::table("2026-11-21", 3, "0.2"),
                };
                stage.site.serve(epss::PATH, epss::packed(&table));
            },
            &[],
        ),
        kind(
            "ghsa",
            ghsa::PATH,
            |stage| {
                open(
                    stage,
                    json!({ "kind": "ghsa", "url": stage.site.url(ghsa::PATH) }),
                )
            },
            |stage, day| {
                let list: Vec<Value> = (1..=last(day))
                    .map(|n| ghsa::advisory(n as usize, n != 2, &format!("2026-11-20T10:0{n}:00Z")))
                    .collect();
                stage.site.serve(ghsa::PATH, Reply::json(&list.into()));
            },
            &[NO_CONDITION],
        ),
        kind(
            "osv",
            osv::LIST,
            |stage| {
                let url = stage.site.url("");
                open(
                    stage,
                    json!({ "kind": "osv", "url": url, "ecosystems": ["npm"], "first_days": 14 }),
                )
            },
            |stage, day| {
                let mut list = String::new();
                for n in newest_first::<u32>(day) {
                    writeln!(list, "2026-11-20T10:0{n}:00Z,GHSA-{n}").unwrap();
                    let path = format!("/npm/GHSA-{n}.json");
                    stage
                        .site
                        .serve(&path, osv::record(&format!("GHSA-{n}"), None));
                }
                stage.site.serve(osv::LIST, Reply::ok(list));
            },
            &[],
        ),
        Kind {
            // Each advisory is an item, and a statement on one CVE in it.
            first: 4,
            second: 2,
            ..kind(
                "csaf",
                csaf::METADATA,
                |stage| {
                    let url = stage.site.url(csaf::METADATA);
                    open(
                        stage,
                        json!({ "kind": "csaf", "url": url, "first_days": 30 }),
                    )
                },
                fill_csaf,
                &[NO_CONDITION],
            )
        },
        kind(
            "cisa_kev",
            "/kev.json",
            |stage| {
                open(
                    stage,
                    json!({ "kind": "cisa_kev", "url": stage.site.url("/kev.json") }),
                )
            },
            |stage, day| {
                let entries: Vec<Value> = newest_first::<u32>(day)
                    .into_iter()
                    .map(|n| kev::entry(&format!("CVE-2026-100{n}"), "Acme", "Gate"))
                    .collect();
                let catalogue = json!({ "catalogVersion": format!("2026.11.{}", last(day)),
                    "count": entries.len(), "vulnerabilities": entries });
                stage.site.serve("/kev.json", Reply::json(&catalogue));
            },
            &[],
        ),
        Kind {
            // Each page is an item and a category.
            first: 6,
            second: 2,
            ..kind(
                "owasp_top10",
                "/Top10/",
                |stage| {
                    open(
                        stage,
                        json!({ "kind": "owasp_top10", "url": stage.site.url("/Top10/") }),
                    )
                },
                |stage, day| {
                    owasp_top10::fill(&stage.site);
                    if day == Day::Second {
                        let changed = owasp_top10::category(2025, 2, 327);
                        stage.site.serve("/Top10/2025/A02_2025-Old_Locks/", changed);
                    }
                },
                &[],
            )
        },
        Kind {
            first: 4,
            ..kind(
                "cert_in",
                "/s2cMainServlet",
                |stage| {
                    open(
                        stage,
                        json!({ "kind": "cert_in", "url": stage.site.url("/s2cMainServlet") }),
                    )
                },
                fill_cert_in,
                &[PATIENT],
            )
        },
        kind(
            "gdelt",
            gdelt::PATH,
            |stage| {
                let url = stage.site.url(gdelt::PATH);
                open(
                    stage,
                    json!({ "kind": "gdelt", "url": url, "query": "ransomware" }),
                )
            },
            |stage, day| {
                stage
                    .site
                    .serve(gdelt::PATH, gdelt::answer(1..last(day) + 1))
            },
            &[PATIENT],
        ),
        kind(
            "news_search",
            "/rss/search",
            |stage| {
                let url = stage.site.url("/rss/search");
                open(
                    stage,
                    json!({ "kind": "news_search", "url": url, "query": "breach", "edition": "en-IN" }),
                )
            },
            |stage, day| stage.site.serve("/rss/search", rss(day)),
            &[],
        ),
        kind(
            "page",
            "/news",
            |stage| {
                let url = stage.site.url("/news");
                open(
                    stage,
                    json!({ "kind": "page", "url": url, "item": "ul.news > li", "title": "h3", "date": ".date" }),
                )
            },
            |stage, day| {
                stage
                    .site
                    .serve("/news", page::page(&newest_first(day), ""))
            },
            &[],
        ),
        kind(
            "file",
            "",
            |stage| {
                open(
                    stage,
                    json!({ "kind": "file", "path": stage.folder.path() }),
                )
            },
            |stage, day| {
                for n in 1..=last(day) {
                    let path = stage.folder.path().join(format!("{n}.jsonl"));
                    std::fs::write(path, format!("{{\"title\": \"Notice {n}\"}}\n")).unwrap();
                }
            },
            NO_NETWORK,
        ),
        kind(
            "ransomware_live",
            ransomware_live::PATH,
            |stage| {
                let url = stage.site.url(ransomware_live::PATH);
                open(stage, json!({ "kind": "ransomware_live", "url": url }))
            },
            |stage, day| {
                let claims = ransomware_live::victims(1..last(day) + 1);
                stage.site.serve(ransomware_live::PATH, claims);
            },
            &[],
        ),
        kind(
            "hibp",
            hibp::PATH,
            |stage| {
                open(
                    stage,
                    json!({ "kind": "hibp", "url": stage.site.url(hibp::PATH) }),
                )
            },
            |stage, day| {
                let breaches: Vec<Value> = (1..=last(day))
                    .map(|n| hibp::breach(n, 500, "2026-11-05T00:00:00Z"))
                    .collect();
                stage.site.serve(hibp::PATH, hibp::list(&breaches));
            },
            &[],
        ),
        kind(
            "json",
            pointers::PATH,
            |stage| {
                let mut config = pointers::paged();
                config["kind"] = json!("json");
                config["url"] = json!(stage.site.url(pointers::PATH));
                open(stage, config)
            },
            |stage, day| {
                let list = pointers::page(1..last(day) + 1, &Value::Null);
                stage.site.serve(pointers::PATH, list);
            },
            &[],
        ),
        kind(
            "misp_feed",
            misp_feed::MANIFEST,
            |stage| {
                open(
                    stage,
                    json!({ "kind": "misp_feed", "url": stage.site.url("/feed/") }),
                )
            },
            |stage, day| {
                let events: Vec<(usize, u32, &str)> = (1..=last(day))
                    .map(|n| (n as usize, 100 + n, "tlp:clear"))
                    .collect();
                misp_feed::serve(&stage.site, &events);
            },
            &[],
        ),
        kind(
            "taxii",
            taxii::ONE,
            |stage| {
                open(
                    stage,
                    json!({ "kind": "taxii", "url": stage.site.url("/taxii2/") }),
                )
            },
            |stage, day| {
                taxii::serve(&stage.site);
                taxii::serve_reports(&stage.site, 1..last(day) + 1, true);
            },
            &[NO_CONDITION],
        ),
        kind(
            "x",
            x::PATH,
            |stage| {
                let url = stage.site.url("/2");
                open(
                    stage,
                    json!({ "kind": "x", "url": url, "query": "CERT-In", "bearer_token": "hunter2" }),
                )
            },
            |stage, day| {
                let ids: Vec<u64> = newest_first::<u64>(day)
                    .iter()
                    .map(|n| x::MORNING + n)
                    .collect();
                stage.site.serve(x::PATH, x::page(&ids, None));
            },
            &[NO_CONDITION],
        ),
        kind(
            "bluesky",
            bluesky::SEARCH,
            |stage| {
                let url = stage.site.url("");
                open(
                    stage,
                    json!({ "kind": "bluesky", "url": url, "query": "breach",
                    "identifier": "watch.example.com", "app_password": "hunter2" }),
                )
            },
            |stage, day| {
                stage
                    .site
                    .serve(bluesky::LOGIN, bluesky::tokens("access", "refresh"));
                stage
                    .site
                    .serve(bluesky::SEARCH, bluesky::page(&newest_first(day), None));
            },
            &[NO_CONDITION],
        ),
        kind(
            "telegram_channel",
            telegram_channel::PATH,
            |stage| {
                let url = stage.site.url("/s");
                open(
                    stage,
                    json!({ "kind": "telegram_channel", "url": url, "channel": "examplecert" }),
                )
            },
            |stage, day| {
                let messages: Vec<u64> = (1..=u64::from(last(day))).collect();
                stage
                    .site
                    .serve(telegram_channel::PATH, telegram_channel::page(&messages));
            },
            &[NO_CONDITION],
        ),
        kind(
            "mastodon",
            mastodon::TAG,
            |stage| {
                let url = stage.site.url("");
                open(
                    stage,
                    json!({ "kind": "mastodon", "url": url, "tags": ["infosec"] }),
                )
            },
            |stage, day| {
                stage
                    .site
                    .serve(mastodon::TAG, mastodon::page(&newest_first(day)))
            },
            &[NO_CONDITION],
        ),
        kind(
            "reddit (with an app)",
            "/r/netsec/new",
            |stage| {
                open(
                    stage,
                    json!({ "kind": "reddit", "subreddits": ["netsec"], "url": stage.site.url(""),
                    "token_url": stage.site.url(reddit::TOKEN), "client_id": "app-1",
                    "client_secret": "hunter2", "user_agent": reddit::AGENT }),
                )
            },
            |stage, day| {
                stage.site.serve(reddit::TOKEN, reddit::token("token-1"));
                let posts = reddit::listing(&newest_first(day), None);
                stage.site.serve("/r/netsec/new", posts);
            },
            &[NO_CONDITION],
        ),
        kind(
            "reddit (by its feeds)",
            "/r/netsec/new/.rss",
            |stage| {
                let url = stage.site.url("");
                open(
                    stage,
                    json!({ "kind": "reddit", "subreddits": ["netsec"], "feed_url": url }),
                )
            },
            |stage, day| stage.site.serve("/r/netsec/new/.rss", rss(day)),
            &[],
        ),
    ]
}

/// NVD as it answers without a filter, and to a question for what changed. The new
/// record changed an hour ago.
fn fill_nvd(stage: &Stage, day: Day) {
    let hour_ago = earlier(stage.clock.now(), Duration::from_secs(3600))
        .strftime("%Y-%m-%dT%H:%M:%S%.3f")
        .to_string();
    stage.site.serve_live("/nvd", move |seen| {
        let since = seen.param("lastModStartDate").unwrap_or_default();
        let records: Vec<Value> = (1..=last(day))
            .map(|n| match n {
                3 => (n, hour_ago.clone()),
                _ => (n, format!("2026-11-20T10:0{n}:00.000")),
            })
            .filter(|(_, changed)| *changed >= since)
            .map(|(n, changed)| nvd::record(&format!("CVE-2026-100{n}"), &changed, "A flaw.", None))
            .map(|record| json!({ "cve": record }))
            .collect();
        Reply::json(&json!({ "resultsPerPage": records.len(), "startIndex": 0,
            "totalResults": records.len(), "vulnerabilities": records }))
    });
}

fn fill_cve_list(stage: &Stage, day: Day) {
    let first = cve_list::delta(
        "2026-11-20T08:00:00.000Z",
        &["CVE-2026-1001"],
        &["CVE-2026-1002"],
    );
    let second = cve_list::delta("2026-11-21T08:30:00.000Z", &["CVE-2026-1003"], &[]);
    match day {
        Day::First => cve_list::publish(&stage.site, &[first]),
        Day::Second => cve_list::publish(&stage.site, &[second, first]),
    }
    for cve in ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003"] {
        cve_list::serve(&stage.site, cve, cve_list::record(cve, "A flaw."));
    }
}

fn fill_csaf(stage: &Stage, day: Day) {
    stage.site.serve(csaf::METADATA, csaf::folder(&stage.site));
    let mut changes = String::new();
    for n in newest_first::<u32>(day) {
        writeln!(changes, "\"2026/{n}.json\",\"2026-11-20T10:0{n}:00Z\"").unwrap();
        let path = format!("/csaf/white/2026/{n}.json");
        csaf::serve(&stage.site, &path, &format!("ACME-{n}"));
    }
    stage
        .site
        .serve("/csaf/white/changes.csv", Reply::ok(changes));
}

fn fill_cert_in(stage: &Stage, day: Day) {
    let servlet = cert_in::servlet();
    if day == Day::Second {
        servlet.issue("CIAD-2026-0002", "LOW", "Less.");
        servlet.list(
            "PUBADVLIST02 2026",
            &[
                ("CIAD-2026-0002", "November 21, 2026"),
                ("CIAD-2026-0001", "March     26, 2026"),
            ],
        );
    }
    servlet.serve_on(&stage.site);
}
