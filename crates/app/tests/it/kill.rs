//! The process is killed at every milestone of the flow, and started again: no
//! item, alert or delivery may be lost, and what comes twice carries one id.
//!
//! The real binary runs against the fake world. It kills itself (SIGKILL) at the
//! nth passing of the milestone it is given; n grows until a run ends by itself,
//! so every passing of every milestone is hit.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use model::Milestone;
use serde_json::Value;
use testkit::feeds::Feed;
use testkit::kev::FakeKev;
use testkit::site::FakeSite;
use testkit::slack::FakeSlack;

struct Bench {
    feed: Feed,
    kev: FakeKev,
    slack: FakeSlack,
    _site: FakeSite,
    folder: tempfile::TempDir,
    starts: std::cell::Cell<u64>,
}

impl Bench {
    async fn start() -> Self {
        let site = FakeSite::start().await;
        let feed = Feed::rss("feed");
        let url = feed.serve_on(&site, "/feed.xml");
        let (kev, slack) = (FakeKev::start().await, FakeSlack::start().await);
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            r##"
            catalogue = false
            data_dir = "{data}"
            [net]
            allow = ["127.0.0.1"]
            host_interval_seconds = 0
            [alerting]
            group_wait_seconds = 0
            group_interval_seconds = 0
            [[sources]]
            id = "feed"
            kind = "feed"
            url = "{url}"
            [[sources]]
            id = "kev"
            kind = "cisa_kev"
            url = "{kev}"
            [[channels]]
            id = "slack"
            kind = "slack"
            token = "{token}"
            channel = "#soc"
            api_url = "{api}"
            [[rules]]
            id = "all"
            "##,
            data = folder.path().display(),
            kev = kev.url(),
            token = slack.token(),
            api = slack.api_url(),
        );
        std::fs::write(folder.path().join("prahari.toml"), settings).unwrap();
        Self {
            feed,
            kev,
            slack,
            _site: site,
            folder,
            starts: std::cell::Cell::new(0),
        }
    }

    /// One `prahari ingest`, ten minutes after the one before, so that leases of a
    /// killed process have expired.
    async fn ingest(&self, stop_at: Option<String>) -> Output {
        self.starts.set(self.starts.get() + 1);
        let mut command = Command::new(env!("CARGO_BIN_EXE_prahari"));
        command
            .args(["ingest", "--json", "--config"])
            .arg(self.folder.path().join("prahari.toml"))
            .current_dir(self.folder.path())
            .env("PRAHARI_CLOCK_AHEAD", (self.starts.get() * 600).to_string());
        if let Some(stop_at) = stop_at {
            command.env("PRAHARI_STOP_AT", stop_at);
        }
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Something happens in the world: three stories, one of which has a CVE that is
    /// then listed as exploited.
    fn publish(&self) {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        for (title, text) in STORIES {
            let slug: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
            self.feed.publish_at(
                title,
                text,
                &format!("https://news.example.org/{slug}"),
                now,
            );
        }
        self.kev
            .list(testkit::kev::entry("CVE-2026-1234", "Acme", "VPN"));
    }

    fn show(&self) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_prahari"))
            .args(["incident", "list", "--limit", "200", "--json", "--config"])
            .arg(self.folder.path().join("prahari.toml"))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

const STORIES: [(&str, &str); 3] = [
    (
        "Acme VPN exploited in attacks: CVE-2026-1234",
        "Attackers use the flaw to enter networks.",
    ),
    (
        "Bolt Bank confirms data breach",
        "Records of 40,000 customers were taken.",
    ),
    (
        "Ransomware halts Crux Hospital",
        "The hospital turned patients away.",
    ),
];

fn was_killed(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt;
    output.status.signal() == Some(9)
}

/// A test per milestone, so that they run beside each other; a milestone that is
/// not listed fails `every_milestone_has_its_test`.
macro_rules! killed_at {
    ($($name:ident: $milestone:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            kill_at_every_passing_of(Milestone::$milestone).await;
        })*

        #[test]
        fn every_milestone_has_its_test() {
            assert_eq!(Milestone::ALL, [$(Milestone::$milestone,)*]);
        }
    };
}

killed_at! {
    nothing_is_lost_when_items_are_written: ITEMS_WRITTEN,
    nothing_is_lost_when_a_poll_is_committed: POLL_COMMITTED,
    nothing_is_lost_when_the_incident_is_written: INCIDENT_WRITTEN,
    nothing_is_lost_when_alerts_are_written: ALERTS_WRITTEN,
    nothing_is_lost_when_deliveries_are_written: DELIVERIES_WRITTEN,
    nothing_is_lost_when_a_placement_is_committed: PLACEMENT_COMMITTED,
    nothing_is_lost_when_a_claim_is_committed: CLAIM_COMMITTED,
    nothing_is_lost_when_a_message_is_sent: MESSAGE_SENT,
    nothing_is_lost_when_a_delivery_is_settled: SETTLEMENT_COMMITTED,
}

/// Kills at the first passing, the second, and so on, until a run ends by itself.
async fn kill_at_every_passing_of(milestone: Milestone) {
    let mut hits = 0;
    for nth in 1..=50 {
        let bench = Bench::start().await;
        let first = bench.ingest(None).await;
        assert!(
            first.status.success(),
            "{}",
            String::from_utf8_lossy(&first.stderr)
        );
        bench.publish();
        let killed = bench.ingest(Some(format!("{}:{nth}", milestone.0))).await;
        let was_killed = was_killed(&killed);
        assert!(
            was_killed || killed.status.success(),
            "{}",
            String::from_utf8_lossy(&killed.stderr)
        );
        let last = bench.ingest(None).await;
        assert!(
            last.status.success(),
            "{}",
            String::from_utf8_lossy(&last.stderr)
        );
        check(&bench, &format!("killed at {}:{nth}", milestone.0));
        if !was_killed {
            break;
        }
        hits += 1;
    }
    assert!(hits > 0, "{} was never passed", milestone.0);
}

/// Every story is an incident, and was told; a message that came twice has one id.
fn check(bench: &Bench, when: &str) {
    let list = bench.show();
    let titles: BTreeSet<&str> = list["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|i| i["title"].as_str())
        .collect();
    assert_eq!(
        titles,
        STORIES.iter().map(|(title, _)| *title).collect(),
        "{when}"
    );
    let exploited = list["incidents"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| i["kev"] == true)
        .map(|i| i["items"].as_u64());
    assert_eq!(
        exploited,
        Some(Some(2)),
        "{when}: the listing joined its story"
    );

    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in bench.slack.messages() {
        let id = message["metadata"]["event_payload"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        texts
            .entry(id)
            .or_default()
            .insert(message["text"].as_str().unwrap_or_default().to_owned());
    }
    for (title, _) in STORIES {
        let told: Vec<&String> = texts
            .iter()
            .filter(|(_, texts)| texts.iter().any(|text| text.contains(title)))
            .map(|(id, _)| id)
            .collect();
        assert!(!told.is_empty(), "{when}: nobody heard of {title}");
        assert!(
            told.len() <= 2,
            "{when}: {title} was told under {} ids",
            told.len()
        );
    }
}
