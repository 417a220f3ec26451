//! Three nodes on one PostgreSQL, real processes each, which die in turn while the
//! world goes on: every item once, every alert at least once under one id, and one
//! incident for each story.
//!
//! Nothing here waits for a time: what must come is looked for until it is there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use testkit::feeds::Feed;
use testkit::postgres::Database;
use testkit::proxy::Proxy;
use testkit::site::FakeSite;
use testkit::slack::FakeSlack;

/// What a dead node held is free after half a minute, a claimed delivery after two.
const LONGEST_WAIT: Duration = Duration::from_secs(240);

/// A process, and the wire to its database.
struct Node {
    child: Child,
    proxy: Proxy,
    log: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    role: &'static str,
}

impl Node {
    async fn start(settings: &str, database: &Database, role: &'static str) -> Self {
        let proxy = Proxy::start(testkit::postgres::port()).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prahari.toml"), settings).unwrap();
        let (child, log) = spawn(&folder, &database.url_through(proxy.port()), role);
        Self {
            child,
            proxy,
            log,
            folder,
            role,
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self, database: &Database) {
        let url = database.url_through(self.proxy.port());
        (self.child, self.log) = spawn(&self.folder, &url, self.role);
    }

    /// Where it answers.
    async fn address(&self) -> String {
        let mut found = None;
        until("the node says where it is", async || {
            let log = self.log.lock().unwrap();
            found = log.iter().find_map(|line| {
                let (_, rest) = line.split_once("Prahari is at ")?;
                rest.split_whitespace().next().map(str::to_owned)
            });
            found.is_some()
        })
        .await;
        found.unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log.lock().unwrap();
            let last = log.iter().rev().take(20).rev();
            eprintln!("{} said:", self.role);
            last.for_each(|line| eprintln!("  {line}"));
        }
    }
}

fn spawn(folder: &tempfile::TempDir, url: &str, role: &str) -> (Child, Arc<Mutex<Vec<String>>>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_prahari"))
        .args(["run", "--listen", "127.0.0.1:0", "--role", role])
        .current_dir(folder.path())
        .env("DATABASE_URL", url)
        .env("NO_COLOR", "1")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let log = Arc::new(Mutex::new(Vec::new()));
    let (lines, said) = (BufReader::new(child.stderr.take().unwrap()), log.clone());
    // Read to the end, so that the node never waits for us.
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            said.lock().unwrap().push(line);
        }
    });
    (child, log)
}

/// Until `holds` does.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut beat = tokio::time::interval(Duration::from_millis(100));
        while !holds().await {
            beat.tick().await;
        }
    };
    tokio::time::timeout(LONGEST_WAIT, looking)
        .await
        .unwrap_or_else(|_| panic!("it did not come: {what}"));
}

struct Scene {
    database: Database,
    feeds: [Feed; 2],
    slack: FakeSlack,
    settings: String,
    _site: FakeSite,
    told: usize,
}

impl Scene {
    async fn set() -> Self {
        let site = FakeSite::start().await;
        let feeds = [Feed::rss("feed-a"), Feed::rss("feed-b")];
        let [a, b] = &feeds;
        let (a, b) = (a.serve_on(&site, "/a.xml"), b.serve_on(&site, "/b.xml"));
        let slack = FakeSlack::start().await;
        let settings = format!(
            r##"
            catalogue = false
            [net]
            allow = ["127.0.0.1"]
            host_interval_seconds = 0
            [alerting]
            group_wait_seconds = 0
            group_interval_seconds = 0
            [polling]
            fastest = 1.0
            slowest = 1.0
            [[sources]]
            id = "feed-a"
            kind = "feed"
            url = "{a}"
            interval = "1s"
            [[sources]]
            id = "feed-b"
            kind = "feed"
            url = "{b}"
            interval = "1s"
            [[channels]]
            id = "slack"
            kind = "slack"
            token = "{token}"
            channel = "#soc"
            api_url = "{api}"
            [[rules]]
            id = "all"
            "##,
            token = slack.token(),
            api = slack.api_url(),
        );
        Self {
            database: Database::empty(),
            feeds,
            slack,
            settings,
            _site: site,
            told: 0,
        }
    }

    /// Both feeds tell a story, each in its words.
    fn publish(&mut self, victim: &str) {
        self.told += 1;
        let cve = format!("CVE-2026-{:04}", 1000 + self.told);
        let at = "2026-11-21T08:00:00Z".parse().unwrap();
        let [a, b] = &self.feeds;
        let title = format!("{victim} VPN exploited in attacks: {cve}");
        a.publish_at(&title, "", &format!("https://a.example.org/{victim}"), at);
        let title = format!("Attackers exploit {cve} in {victim} VPN");
        b.publish_at(&title, "", &format!("https://b.example.org/{victim}"), at);
    }

    /// Everything that was told is placed, alerted and delivered.
    async fn settled(&self) {
        let items = (2 * self.told).to_string();
        until(
            &format!("{} stories are placed and told", self.told),
            async || {
                self.count("items WHERE placed_at IS NOT NULL") == items
                    && self.count("deliveries WHERE state = 0") == "0"
                    && self.count("alerts") != "0"
            },
        )
        .await;
    }

    fn count(&self, of: &str) -> String {
        self.database.sql(&format!("SELECT count(*) FROM {of}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_die_in_turn_and_nothing_is_lost_or_doubled() {
    let mut scene = Scene::set().await;
    let mut one = Node::start(&scene.settings, &scene.database, "all").await;
    let api = Node::start(&scene.settings, &scene.database, "api").await;
    let mut other = Node::start(&scene.settings, &scene.database, "worker").await;
    let live = listen(&api.address().await).await;
    // The first load is history and tells nobody.
    until("both feeds are read once", async || {
        scene.count("sources WHERE first_success IS NOT NULL") == "2"
    })
    .await;

    scene.publish("Acme");
    scene.settled().await;
    // The node that only answers heard what a worker did.
    until("the placement is live on the other node", async || {
        live.lock().unwrap().contains("event: incident.opened")
    })
    .await;

    one.kill();
    scene.publish("Bolt");
    scene.settled().await;

    one.start_again(&scene.database);
    other.kill();
    scene.publish("Crux");
    scene.settled().await;

    other.start_again(&scene.database);
    // Cut off without a word: its connections stay open, and nothing comes through.
    one.proxy.kill();
    scene.publish("Dorn");
    scene.settled().await;

    one.proxy.mend();
    other.proxy.cut();
    scene.publish("Eris");
    scene.settled().await;
    other.proxy.mend();

    // Killed in the middle: while the story is on its way.
    scene.publish("Fern");
    one.kill();
    scene.settled().await;

    assert_eq!(scene.count("items"), (2 * scene.told).to_string());
    assert_eq!(scene.count("incidents"), scene.told.to_string());
    assert_eq!(
        scene.count("incidents i WHERE (SELECT count(*) FROM items t WHERE t.incident = i.n) <> 2"),
        "0"
    );
    // Each alert of the rule with a channel was delivered (`feed`, which is built in,
    // is only shown).
    assert_eq!(scene.count("deliveries WHERE state <> 1"), "0");
    assert_eq!(
        scene.count(
            "alerts a WHERE a.rule = 'all' AND NOT EXISTS (SELECT 1 FROM delivery_alerts d WHERE d.alert = a.n)"
        ),
        "0"
    );
    let posts = scene.slack.posts();
    for victim in ["Acme", "Bolt", "Crux", "Dorn", "Eris", "Fern"] {
        let told = posts.iter().filter(|post| {
            post.arguments["text"]
                .as_str()
                .is_some_and(|text| text.contains(victim))
        });
        assert!(told.count() > 0, "{victim} was never told");
    }
}

/// What comes over `/api/live`, as it comes.
async fn listen(address: &str) -> Arc<Mutex<String>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().build().unwrap();
    let mut answer = http
        .get(format!("{address}/api/live"))
        .send()
        .await
        .unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let hearing = heard.clone();
    tokio::spawn(async move {
        while let Ok(Some(part)) = answer.chunk().await {
            hearing
                .lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&part));
        }
    });
    heard
}
