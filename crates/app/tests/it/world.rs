//! A fake world around a real pipeline: sources that tests publish to, services
//! that keep what they were told, and a clock that only tests move.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use app::config::{Environment, Flags, Settings};
use app::pipeline::{Pipeline, World as Given};
use model::clock::later;
use model::milestone::PassBy;
use model::{Clock, Secret, Timestamp};
use store::{IncidentOrder, PageRequest};
use testkit::feeds::Feed;
use testkit::kev::FakeKev;
use testkit::nvd::FakeNvd;
use testkit::site::FakeSite;
use testkit::slack::FakeSlack;
use testkit::telegram::FakeTelegram;
use testkit::{CountedIds, TestClock};

/// The interval of every source in this world.
const BEAT: Duration = Duration::from_secs(300);

/// A pipeline and the world around it.
pub(crate) struct World {
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) slack: FakeSlack,
    pub(crate) telegram: FakeTelegram,
    pub(crate) kev: FakeKev,
    pub(crate) nvd: FakeNvd,
    pub(crate) feeds: BTreeMap<&'static str, Feed>,
    rules: Vec<String>,
    site: FakeSite,
    folder: tempfile::TempDir,
    /// The database, where it is not a file in the folder.
    database: Option<String>,
}

impl World {
    /// Two feeds, NVD and KEV, all empty and read once: their first load is over.
    /// The channels are `slack` (to #soc) and `telegram`.
    pub(crate) async fn start() -> Self {
        let mut world = Self::before_first_load().await;
        world.poll().await;
        world
    }

    /// The same on another database than a file.
    pub(crate) async fn start_on(database: String) -> Self {
        let mut world = Self::made(Some(database)).await;
        world.poll().await;
        world
    }

    /// The same before anything was read.
    pub(crate) async fn before_first_load() -> Self {
        Self::made(None).await
    }

    async fn made(database: Option<String>) -> Self {
        let site = FakeSite::start().await;
        let mut feeds = BTreeMap::new();
        for name in ["feed-a", "feed-b"] {
            let feed = Feed::rss(name);
            let _url = feed.serve_on(&site, &format!("/{name}.xml"));
            feeds.insert(name, feed);
        }
        let folder = tempfile::tempdir().unwrap();
        let (slack, telegram) = (FakeSlack::start().await, FakeTelegram::start().await);
        let (kev, nvd) = (FakeKev::start().await, FakeNvd::start(Vec::new()).await);
        telegram.add_chat(-100);
        let clock = TestClock::at("2026-11-21T09:00:00Z");
        let text = settings_text(&site, &slack, &telegram, &kev, &nvd);
        let pipeline = open(&text, &folder, database.as_deref(), &clock).await;
        Self {
            pipeline,
            clock,
            slack,
            telegram,
            kev,
            nvd,
            feeds,
            rules: vec![text],
            site,
            folder,
            database,
        }
    }

    /// Adds lines to the settings and opens the pipeline again, as a restart does.
    pub(crate) async fn configure(&mut self, lines: &str) {
        self.rules.push(lines.to_owned());
        self.restart().await;
    }

    /// Opens the pipeline again over the same data.
    pub(crate) async fn restart(&mut self) {
        self.pipeline = open(
            &self.rules.join("\n"),
            &self.folder,
            self.database.as_deref(),
            &self.clock,
        )
        .await;
    }

    /// A story appears in a feed, now.
    pub(crate) fn publish(&self, feed: &str, title: &str) {
        self.publish_text(feed, title, "");
    }

    /// A story with a text appears in a feed, now.
    pub(crate) fn publish_text(&self, feed: &str, title: &str, text: &str) {
        let slug: String = title.chars().filter(char::is_ascii_alphanumeric).collect();
        let url = format!("https://{feed}.example.org/{slug}");
        self.feeds[feed].publish_at(title, text, &url, self.clock.now());
    }

    /// Reads every source once and places what it brings. Failures are noted.
    pub(crate) async fn poll(&mut self) {
        for source in &self.pipeline.sources().open {
            let _ = self.pipeline.poll(source, &|_| ()).await;
        }
        self.pipeline.place_waiting().await.unwrap();
    }

    /// The time.
    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads every source once, looks at how they do, and delivers what is due.
    pub(crate) async fn round(&mut self) {
        self.poll().await;
        self.pipeline.audit().await.unwrap();
        self.pipeline.deliver_due().await.unwrap();
    }

    /// The same, reading only the sources that are due by their own pace.
    pub(crate) async fn round_of_due(&mut self) {
        let now = self.clock.now();
        for source in &self.pipeline.sources().open {
            let id = &source.entry.id;
            let state = self.pipeline.store.source_state(id).await.unwrap();
            let due = state.and_then(|state| state.ledger.next_poll);
            if due.is_none_or(|due| due <= now) {
                let _ = self.pipeline.poll(source, &|_| ()).await;
            }
        }
        self.pipeline.audit().await.unwrap();
        self.pipeline.deliver_due().await.unwrap();
    }

    /// How often this path of the site was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let requests = self.site.requests();
        requests.iter().filter(|seen| seen.path == path).count()
    }

    /// Lets a feed's address give another document.
    pub(crate) fn serve(&self, feed: &str, document: &Feed) {
        let _url = document.serve_on(&self.site, &format!("/{feed}.xml"));
    }

    /// Switches a source off, and opens the pipeline again.
    pub(crate) async fn switch_off(&mut self, source: &str) {
        let on = format!("id = \"{source}\"\n");
        let off = format!("id = \"{source}\"\n        enabled = false\n");
        for text in &mut self.rules {
            *text = text.replace(&on, &off);
        }
        self.restart().await;
    }

    /// Lets time pass: sources are read on their beat, deliveries go out when due.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let end = later(self.clock.now(), time);
        let mut beat = self.clock.now();
        loop {
            if self.clock.now() >= beat {
                self.poll().await;
                beat = later(self.clock.now(), BEAT);
            }
            self.pipeline.deliver_due().await.unwrap();
            let due = self
                .pipeline
                .store
                .next_due(&self.pipeline.channel_ids())
                .await
                .unwrap();
            let next = due.unwrap_or(Timestamp::MAX).min(beat).min(end);
            if self.clock.now() >= end {
                return;
            }
            // Waiting inside a channel moves the clock, too.
            self.clock
                .set(next.max(later(self.clock.now(), Duration::from_millis(1))));
        }
    }

    /// What came to Slack, a line each: `#channel: first line of the fallback text`,
    /// follow-ups indented under their thread.
    pub(crate) fn delivered(&self, expected: &[&str]) {
        let lines: Vec<String> = self
            .slack
            .posts()
            .into_iter()
            .map(|post| {
                let text = post.arguments["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let reply = if post.arguments["thread_ts"].is_string() {
                    "↳ "
                } else {
                    ""
                };
                format!(
                    "{}: {reply}{}",
                    post.channel,
                    text.lines().next().unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(lines, expected);
    }

    /// Every incident, latest first.
    pub(crate) async fn incidents(&self) -> Vec<model::Incident> {
        let page = PageRequest {
            order: IncidentOrder::Latest,
            after: None,
            limit: 200,
        };
        self.pipeline
            .store
            .incidents(&model::query::Condition::ALWAYS, &page)
            .await
            .unwrap()
            .incidents
    }
}

async fn open(
    text: &str,
    folder: &tempfile::TempDir,
    database: Option<&str>,
    clock: &Arc<TestClock>,
) -> Arc<Pipeline> {
    let settings = settings(text, folder, database);
    let given = Given {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ids: Arc::new(FreshIds),
        milestones: Arc::new(PassBy),
    };
    Arc::new(Pipeline::open(settings, given).await.unwrap())
}

/// Counted ids that do not repeat after a restart within one test process.
pub(crate) struct FreshIds;

static COUNT: std::sync::LazyLock<CountedIds> = std::sync::LazyLock::new(CountedIds::default);

impl model::IdMaker for FreshIds {
    fn next_id(&self) -> uuid::Uuid {
        COUNT.next_id()
    }
}

fn settings(text: &str, folder: &tempfile::TempDir, database: Option<&str>) -> Settings {
    let flags = Flags {
        database: database.map(|url| Secret::new(url.to_owned())),
        data_dir: Some(folder.path().to_owned()),
        ..Flags::default()
    };
    let settings = app::config::parse(
        text,
        std::path::Path::new("prahari.toml"),
        &flags,
        &Environment::default(),
    )
    .unwrap();
    assert_eq!(settings.mistakes, []);
    settings
}

fn settings_text(
    site: &FakeSite,
    slack: &FakeSlack,
    telegram: &FakeTelegram,
    kev: &FakeKev,
    nvd: &FakeNvd,
) -> String {
    format!(
        r##"
        catalogue = false
        [net]
        allow = ["127.0.0.1"]
        host_interval_seconds = 0
        timeout_seconds = 2

        [[sources]]
        id = "feed-a"
        kind = "feed"
        url = "{a}"
        interval = "5m"

        [[sources]]
        id = "feed-b"
        kind = "feed"
        url = "{b}"
        interval = "5m"

        [[sources]]
        id = "kev"
        kind = "cisa_kev"
        url = "{kev}"
        interval = "5m"

        [[sources]]
        id = "nvd"
        kind = "nvd"
        url = "{nvd}"
        interval = "5m"

        [[channels]]
        id = "slack"
        kind = "slack"
        token = "{slack_token}"
        api_url = "{slack}"
        channel = "#soc"

        [[channels]]
        id = "telegram"
        kind = "telegram"
        token = "{telegram_token}"
        api_url = "{telegram}"
        chat_id = "-100"
        "##,
        a = site.url("/feed-a.xml"),
        b = site.url("/feed-b.xml"),
        kev = kev.url(),
        nvd = nvd.url(),
        slack = slack.api_url(),
        slack_token = slack.token(),
        telegram = telegram.url(),
        telegram_token = telegram.token(),
    )
}

/// So many minutes.
pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// So many days.
pub(crate) const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}
