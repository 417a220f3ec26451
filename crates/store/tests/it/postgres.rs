//! What only PostgreSQL can show: databases that are not ours, connections that
//! break, nodes that wait for one another, and that it finds what SQLite finds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::milestone::PassBy;
use model::{Milestone, Milestones};
use store::postgres::{Address, Options, Postgres};
use store::{Intake, Lane, Library, Location, Store, StoreError};
use testkit::postgres::Database;
use testkit::proxy::Proxy;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::build::{Tale, collected, heard, item, minute, said, statement};

/// Two stores on one new database.
pub(crate) async fn stores() -> (Database, Arc<dyn Store>, Arc<dyn Store>) {
    let database = Database::copy_of(template().await);
    let one = Arc::new(open(&database.url()).await.unwrap());
    let other = Arc::new(open(&database.url()).await.unwrap());
    (database, one, other)
}

/// A database with the schema, made once.
async fn template() -> &'static Database {
    static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let database = Database::empty();
            let url = database.url();
            // Nobody may use a template. Its connections end with the runtime they live
            // on, and not when the runtime of a test comes to it.
            let made = move || Runtime::new().unwrap().block_on(open(&url)).map(drop);
            tokio::task::spawn_blocking(made).await.unwrap().unwrap();
            database
        })
        .await
}

fn address(url: &str) -> Address {
    url.parse().unwrap()
}

fn quick() -> Options {
    Options {
        connections: 4,
        connect_timeout: Duration::from_secs(5),
        lock_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(10),
    }
}

async fn open(url: &str) -> Result<Postgres, StoreError> {
    let options = Options {
        lock_timeout: Duration::from_secs(10),
        ..quick()
    };
    Postgres::open_with(&address(url), Arc::new(PassBy), options).await
}

#[track_caller]
fn refused(opened: Result<Postgres, StoreError>, because: &str) {
    match opened {
        Err(StoreError::Broken(reason)) => assert!(reason.contains(because), "{reason}"),
        Err(other) => panic!("refused otherwise: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Until `holds` does, or a minute is over.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap_or_else(|_| panic!("not in a minute: {what}"));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = Database::copy_of(template().await);
    database.sql("INSERT INTO prahari_schema VALUES (99)");
    refused(
        open(&database.url()).await,
        "newer version of this program (schema 99",
    );
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let database = Database::empty();
    database.sql("CREATE TABLE bookmarks (url TEXT)");
    refused(open(&database.url()).await, "another program");
    assert_eq!(
        database.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "1"
    );
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let database = Database::empty();
    database.sql(
        "CREATE DATABASE latin_letters TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc",
    );
    let url = database.url();
    let (server, _) = url.rsplit_once('/').unwrap();
    refused(open(&format!("{server}/latin_letters")).await, "LATIN1");
    database.sql("DROP DATABASE latin_letters WITH (FORCE)");
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_showing_it() {
    let database = Database::empty();
    let url = database.url();
    let (before, after) = url.rsplit_once('@').unwrap();
    let (user, password) = before.rsplit_once(':').unwrap();
    let wrong = format!("{user}:wr0ng-{password}@{after}");
    match open(&wrong).await {
        Err(StoreError::Denied(reason)) => {
            assert!(
                reason.contains("password authentication failed"),
                "{reason}"
            );
            assert!(!reason.contains("wr0ng"), "{reason}");
        }
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_busy() {
    let proxy = Proxy::start(testkit::postgres::port()).await;
    proxy.cut();
    let database = Database::empty();
    let opened = open(&database.url_through(proxy.port())).await;
    assert!(
        matches!(opened, Err(StoreError::Busy(_))),
        "{:?}",
        opened.err()
    );
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let database = Database::empty();
    let first = item("feed", "1", "Bank robbed by phone", "");
    {
        let tale = Tale::of(Arc::new(open(&database.url()).await.unwrap())).await;
        tale.opened(&first, |_| ()).await;
    }
    let tale = Tale::of(Arc::new(open(&database.url()).await.unwrap())).await;
    assert_eq!(tale.found("robbed bank").await, ["Bank robbed by phone"]);
    assert_eq!(tale.record(&[&first]).await.repeats, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_may_open_a_new_database_at_once() {
    let database = Database::empty();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let location = Location::Postgres(address(&database.url()));
            tokio::spawn(store::open(location, Arc::new(PassBy)))
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap().probe().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_busy_and_then_works() {
    let database = Database::copy_of(template().await);
    let proxy = Proxy::start(testkit::postgres::port()).await;
    let store = open(&database.url_through(proxy.port())).await.unwrap();
    let poll = |name: &str| collected("feed", vec![item("feed", name, name, "")]);
    store.record(poll("one")).await.unwrap();
    let mut changes = store.changes();
    changes.mark_unchanged();

    proxy.cut();
    assert!(matches!(
        store.record(poll("two")).await,
        Err(StoreError::Busy(_))
    ));
    assert!(matches!(
        store.unplaced_count().await,
        Err(StoreError::Busy(_))
    ));

    proxy.mend();
    assert_eq!(store.record(poll("two")).await.unwrap().items, 1);
    assert_eq!(store.unplaced_count().await.unwrap(), 2);
    // The listener is back as well: it hears what others commit.
    changes.mark_unchanged();
    until("news are heard again", || async {
        database.sql("SELECT pg_notify('prahari', 'another node')");
        changes.has_changed().unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_wire_is_busy_and_its_locks_are_freed() {
    let database = Database::copy_of(template().await);
    let proxy = Proxy::start(testkit::postgres::port()).await;
    let short = Options {
        statement_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(500),
        ..quick()
    };
    let cut_off = Postgres::open_with(
        &address(&database.url_through(proxy.port())),
        Arc::new(PassBy),
        short,
    )
    .await
    .unwrap();
    cut_off.probe().await.unwrap();
    proxy.kill();
    let poll = collected("feed", vec![item("feed", "1", "One", "")]);
    assert!(matches!(
        cut_off.record(poll).await,
        Err(StoreError::Busy(_))
    ));
    let other = open(&database.url()).await.unwrap();
    let poll = collected("feed", vec![item("feed", "1", "One", "")]);
    assert_eq!(other.record(poll).await.unwrap().items, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_the_server_ended_is_replaced_without_a_word() {
    let database = Database::copy_of(template().await);
    let store = open(&database.url()).await.unwrap();
    store.probe().await.unwrap();
    for _ in 0..3 {
        database.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        store.probe().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_held_too_long_is_busy() {
    let database = Database::copy_of(template().await);
    let store = Postgres::open_with(&address(&database.url()), Arc::new(PassBy), quick())
        .await
        .unwrap();
    let client = intruder(&database).await;
    client
        .batch_execute("BEGIN; LOCK TABLE vulnerabilities IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let word = || {
        said(
            "nvd",
            vec![heard(statement("nvd", "CVE-2026-1234", "a flaw"), false)],
        )
    };
    assert!(matches!(
        store.record(word()).await,
        Err(StoreError::Busy(_))
    ));
    client.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.record(word()).await.unwrap().new_vulnerabilities, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_that_meet_crosswise_both_come_through() {
    let (_database, one, other) = stores().await;
    for round in 0..10 {
        let mut items: Vec<_> = (0..50)
            .map(|n| item("feed", &format!("{round}-{n}"), "Story", ""))
            .collect();
        let forward = collected("feed", items.clone());
        items.reverse();
        let backward = collected("feed", items);
        let (a, b) = tokio::join!(one.record(forward), other.record(backward));
        assert_eq!(a.unwrap().items + b.unwrap().items, 50);
    }
}

/// A connection beside the store's.
async fn intruder(database: &Database) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_lost_a_deadlock_is_run_again() {
    let (database, one, _) = stores().await;
    let word = |text: &str| {
        said(
            "nvd",
            vec![heard(statement("nvd", "CVE-2026-1234", text), false)],
        )
    };
    one.record(word("a flaw")).await.unwrap();
    let intruder = intruder(&database).await;
    intruder
        .batch_execute(
            "SET deadlock_timeout = '1h'; BEGIN; SELECT * FROM vulnerabilities FOR UPDATE",
        )
        .await
        .unwrap();
    let writing = tokio::spawn(async move { one.record(word("another flaw")).await });
    until("the store waits for the intruder", || async {
        database.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'prahari' AND wait_event = 'transactionid'")
            == "1"
    })
    .await;
    // Now each waits for the other, until the server ends the store's transaction.
    intruder
        .batch_execute("UPDATE statements SET heard = heard; ROLLBACK")
        .await
        .unwrap();
    assert_eq!(writing.await.unwrap().unwrap().changed_vulnerabilities, 1);
    let deadlocks = || async {
        database.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            == "1"
    };
    until("the deadlock is counted", deadlocks).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_wakes_other_nodes() {
    let (_database, one, other) = stores().await;
    let mut changes = other.changes();
    one.record(collected("feed", vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(60), changes.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(other.unplaced_count().await.unwrap(), 1);
}

#[tokio::test]
async fn text_with_a_nul_is_stored_without_it() {
    let (_database, one, _) = stores().await;
    let tale = Tale::of(one).await;
    let mut odd = item("feed", "a\0b", "Bank\0 robbed", "by\0phone");
    odd.author = Some("some\0body".to_owned());
    odd.url = Some("https://feed.example/a\0b".to_owned());
    tale.opened(&odd, |_| ()).await;
    assert_eq!(tale.found("bank robbed").await.len(), 1);
    assert_eq!(tale.record(&[&odd]).await.repeats, 1);
    tale.store
        .record_failure(&crate::build::source("feed"), minute(3), "odd\0answer")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_damaged_body_is_an_error_and_no_panic() {
    let (database, one, _) = stores().await;
    one.record(collected("feed", vec![item("feed", "1", "One", "")]))
        .await
        .unwrap();
    database.sql("UPDATE item_texts SET body = '{'");
    assert!(matches!(one.unplaced(10).await, Err(StoreError::Broken(_))));
}

/// Keeps what was passed.
#[derive(Default)]
struct Passed(Mutex<Vec<Milestone>>);

impl Milestones for Passed {
    fn passed(&self, milestone: Milestone) {
        self.0.lock().unwrap().push(milestone);
    }
}

#[tokio::test]
async fn milestones_stand_where_their_names_say() {
    let database = Database::copy_of(template().await);
    let passed = Arc::new(Passed::default());
    let store = Postgres::open(&address(&database.url()), passed.clone())
        .await
        .unwrap();
    let tale = Tale::of(Arc::new(store)).await;
    let story = tale.story("One").await;
    tale.alerted(&story, &["soc"]).await;
    let claimed = tale.claim(&["soc"], minute(3)).await;
    tale.store
        .settle(
            claimed[0].delivery.id,
            minute(3),
            store::Settlement::Sent(model::Receipt::default()),
        )
        .await
        .unwrap();
    let passed = passed.0.lock().unwrap();
    let names: Vec<&str> = passed.iter().map(|milestone| milestone.0).collect();
    assert_eq!(
        names,
        [
            "collect.items-written",
            "collect.committed",
            "place.incident-written",
            "place.committed",
            "collect.items-written",
            "collect.committed",
            "place.incident-written",
            "place.alerts-written",
            "place.deliveries-written",
            "place.committed",
            "deliver.claimed",
            "deliver.settled",
        ]
    );
}

#[tokio::test]
async fn who_stayed_behind_the_events_that_are_kept_is_told() {
    let (database, one, _) = stores().await;
    database.sql(
        "INSERT INTO events SELECT n, 0, 'source.polled', 'feed' FROM generate_series(1, 20999) AS n",
    );
    for name in ["one", "two"] {
        one.record(collected("feed", vec![item("feed", name, name, "")]))
            .await
            .unwrap();
    }
    let page = one.events(1, 10).await.unwrap();
    assert!(page.gap);
    assert_eq!(page.events[0].seq, 1_001);
    assert_eq!(one.last_event().await.unwrap(), 21_001);
}

#[tokio::test]
async fn connections_are_encrypted_once_the_server_proves_itself() {
    let database = Database::copy_of(template().await);
    let authority = testkit::postgres::authority();
    let secured = format!(
        "{}?sslmode=verify-full&sslrootcert={authority}",
        database.url()
    );
    let store = open(&secured).await.unwrap();
    // One that asked is still there, and the one that listens.
    store.saved_searches().await.unwrap();
    assert_eq!(
        database.sql("SELECT count(*) > 1 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = 'prahari' AND datname = current_database()"),
        "t"
    );
    // An authority that is not ours to trust, and a name that is not the server's.
    let unknown = format!("{}?sslmode=require", database.url());
    refused(open(&unknown).await, "certificate");
    let named = secured.replace("127.0.0.1", "localhost");
    refused(open(&named).await, "certificate");
}
