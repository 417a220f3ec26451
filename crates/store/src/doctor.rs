//! What must hold of the stored rows, whatever the back end: rows that refer to others
//! find them, and what comes in pairs has both halves.

use model::Timestamp;

use crate::codec::{micros, moved};
use crate::upkeep::{Finding, Level};

/// What to do where nothing can be rebuilt.
const RESTORE: &str = "what is there stays usable; restore a backup from before it happened (`prahari restore`), and report it: this should not happen";
/// What to do where something can.
pub(crate) const REPAIR: &str = "`prahari doctor --repair` builds it again";

/// A question whose answer is how many rows there are that should not be.
pub(crate) struct Question {
    pub(crate) sql: String,
    what: String,
}

impl Question {
    /// What the answer means; nothing when there are none.
    pub(crate) fn finding(&self, count: u64) -> Option<Finding> {
        (count > 0).then(|| {
            Finding::new(
                "rows",
                Level::Broken,
                format!("{count} {}", self.what),
                RESTORE,
            )
        })
    }
}

/// Column and the rows that it names by their `n`.
const REFERENCES: [(&str, &str, &str); 22] = [
    ("item_texts", "item", "items"),
    ("items", "incident", "incidents"),
    ("incident_bodies", "incident", "incidents"),
    ("incident_keys", "incident", "incidents"),
    ("incident_affected", "incident", "incidents"),
    ("alerts", "incident", "incidents"),
    ("deliveries", "incident", "incidents"),
    ("delivery_alerts", "delivery", "deliveries"),
    ("delivery_alerts", "alert", "alerts"),
    ("attempts", "delivery", "deliveries"),
    ("threads", "incident", "incidents"),
    ("developments", "incident", "incidents"),
    ("notes", "incident", "incidents"),
    ("placement_marks", "incident", "incidents"),
    ("merged_incidents", "incident", "incidents"),
    ("prints", "item", "items"),
    ("prints", "incident", "incidents"),
    ("statements", "vulnerability", "vulnerabilities"),
    (
        "vulnerability_weaknesses",
        "vulnerability",
        "vulnerabilities",
    ),
    ("vulnerability_changes", "vulnerability", "vulnerabilities"),
    ("readings", "document", "documents"),
    ("document_bodies", "document", "documents"),
];

/// Rows that must have one of another table: `table` has no `other` whose `column` is it.
const HALVES: [(&str, &str, &str); 6] = [
    ("items", "item_texts", "item"),
    ("incidents", "incident_bodies", "incident"),
    ("incidents", "items", "incident"),
    ("vulnerabilities", "statements", "vulnerability"),
    ("documents", "document_bodies", "document"),
    ("documents", "readings", "document"),
];

/// What is asked of every store.
pub(crate) fn questions() -> Vec<Question> {
    let references = REFERENCES.iter().map(|(table, column, other)| Question {
        sql: format!(
            "SELECT count(*) FROM {table} x WHERE x.{column} IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM {other} y WHERE y.n = x.{column})"
        ),
        what: format!("rows of {table} belong to {other} that are not there"),
    });
    let halves = HALVES.iter().map(|(table, other, column)| Question {
        sql: format!(
            "SELECT count(*) FROM {table} x WHERE NOT EXISTS (SELECT 1 FROM {other} y WHERE y.{column} = x.n)"
        ),
        what: format!("{table} have no row in {other}"),
    });
    let silent = Question {
        sql: "SELECT count(*) FROM items i JOIN item_texts t ON t.item = i.n
              WHERE i.placed_at IS NOT NULL AND t.analysis IS NULL"
            .to_owned(),
        what: "placed items do not say why they are where they are".to_owned(),
    };
    references.chain(halves).chain([silent]).collect()
}

/// A delivery that is due for so long without being sent is stuck.
const STUCK: i64 = 60 * 60 * 1_000_000;
/// What lies so far ahead was written by a clock that is wrong, or ours is.
const AHEAD: i64 = 10 * 60 * 1_000_000;

/// Numbers by which the working of the store is judged.
#[derive(Default)]
pub(crate) struct Pulse {
    /// Pending deliveries that are due for long, by channel, and whether it is paused.
    pub(crate) overdue: Vec<(String, u64)>,
    /// Channels that are paused, and why.
    pub(crate) paused: Vec<(String, String)>,
    /// Deliveries that were given up.
    pub(crate) dead: u64,
    /// Items that wait for placement.
    pub(crate) waiting: u64,
    /// Leases that ran out without being given back, by name.
    pub(crate) left: Vec<String>,
    /// The latest time that stands in events and leases.
    pub(crate) latest: Option<i64>,
    /// Items that should be found by their words and are not, or the other way round.
    pub(crate) unfound: u64,
    /// Incidents of which queries know something else than what they are.
    pub(crate) stale: u64,
}

/// Deliveries due before this are overdue.
pub(crate) fn overdue_before(now: Timestamp) -> i64 {
    moved(micros(now), -STUCK)
}

impl Pulse {
    /// What it means.
    pub(crate) fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (channel, count) in &self.overdue {
            findings.push(Finding::new(
                "outbox",
                Level::Warning,
                format!("{count} deliveries for {channel} are due for more than an hour"),
                "is the service running (`prahari run`), and is the channel in its settings? `prahari notify test` says whether it can be reached",
            ));
        }
        for (channel, reason) in &self.paused {
            findings.push(Finding::new(
                "outbox",
                Level::Warning,
                format!("the channel {channel} is paused: {reason}"),
                format!("mend its settings; `prahari notify test {channel}` ends the pause once it goes through"),
            ));
        }
        if self.dead > 0 {
            findings.push(Finding::new(
                "outbox",
                Level::Warning,
                format!("{} deliveries were given up", self.dead),
                "`prahari notify dead` says why; `prahari notify replay` sends them again; old ones go with [retention] delivery_days",
            ));
        }
        if self.waiting > 0 {
            findings.push(Finding::new(
                "placement",
                Level::Note,
                format!("{} items wait for placement", self.waiting),
                "a running service places them; without one `prahari ingest` does",
            ));
        }
        for name in &self.left {
            findings.push(Finding::new(
                "leases",
                Level::Note,
                format!(
                    "the lease on {name} was left by a process that ended without giving it back"
                ),
                "nothing: it has run out, and whoever needs it takes it",
            ));
        }
        if let Some(latest) = self.latest
            && latest > moved(micros(now), AHEAD)
        {
            findings.push(Finding::new(
                "clock",
                Level::Warning,
                "what is stored is later than the clock of this machine by more than ten minutes",
                "set the clocks of all nodes by NTP; leases and due times are compared by them",
            ));
        }
        if self.unfound > 0 {
            findings.push(Finding {
                rebuild: true,
                ..Finding::new(
                    "text index",
                    Level::Broken,
                    format!(
                        "{} items are not found by their words, or only by them",
                        self.unfound
                    ),
                    REPAIR,
                )
            });
        }
        if self.stale > 0 {
            findings.push(Finding {
                rebuild: true,
                ..Finding::new(
                    "facts",
                    Level::Broken,
                    format!(
                        "queries know something else of {} incidents than what they are",
                        self.stale
                    ),
                    REPAIR,
                )
            });
        }
        findings
    }
}
