//! Forgetting: which rows go, in words of SQL that both back ends understand.
//!
//! An irrelevant item goes by when it came; an incident by when it was last told of,
//! with everything that hangs on it. What an incident still needs stays with it. Of an
//! item that goes its name is kept, see the migration.

use model::Timestamp;

use crate::codec::micros;
use crate::upkeep::Policy;

/// Incidents that go in one step at most: one has some hundred rows.
pub(crate) const INCIDENTS_AT_ONCE: i64 = 50;
/// Free pages that are given back in one step: 4 MB.
pub(crate) const PAGES_AT_ONCE: u32 = 1_000;
/// A name that was seen this long ago is noted as seen again.
pub(crate) const SEEN_AGAIN: i64 = 30 * 86_400 * 1_000_000;

/// What hangs on an incident that goes, by the column that names it; its items and
/// deliveries come before.
pub(crate) const OF_INCIDENT: [(&str, &str); 11] = [
    ("alerts", "incident"),
    ("deliveries", "incident"),
    ("threads", "incident"),
    ("developments", "incident"),
    ("notes", "incident"),
    ("placement_marks", "incident"),
    ("merged_incidents", "incident"),
    ("incident_keys", "incident"),
    ("incident_affected", "incident"),
    ("incident_bodies", "incident"),
    ("incidents", "n"),
];

/// A limit as a number: what is absent forgets nothing.
pub(crate) fn before(limit: Option<Timestamp>) -> i64 {
    limit.map_or(i64::MIN, micros)
}

/// The condition of an irrelevant item `i` that may go before a time. What people said
/// of an item is what models learn from, and what they took out of an incident must
/// not come back as a reprint.
pub(crate) fn irrelevant(before: &str, same_name: &str) -> String {
    format!(
        "i.incident IS NULL AND i.placed_at IS NOT NULL AND i.placed_at < {before} AND i.effective < {before}
         AND NOT EXISTS (SELECT 1 FROM feedback f WHERE f.item = i.id)
         AND NOT EXISTS (SELECT 1 FROM placement_marks m WHERE m.source = i.source AND {same_name})"
    )
}

/// The condition of an incident `i` that may go: dismissed before one time, or anything
/// that nobody watches before another. Not while something came lately, or waits to be
/// sent.
pub(crate) fn incident(dismissed: &str, others: &str) -> String {
    format!(
        "(i.last_seen < {others} AND i.status <> 'watching' OR i.last_seen < {dismissed} AND i.status = 'dismissed')
         AND NOT EXISTS (SELECT 1 FROM items t WHERE t.incident = i.n AND t.placed_at >=
             CASE WHEN i.status = 'dismissed' AND {dismissed} > {others} THEN {dismissed} ELSE {others} END)
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.incident = i.n AND d.state = 0)"
    )
}

/// The condition of a delivery that may go.
pub(crate) fn delivery(before: &str) -> String {
    format!("d.state <> 0 AND d.settled < {before}")
}

/// The limits of a policy, as they are bound.
pub(crate) struct Limits {
    pub(crate) irrelevant: i64,
    pub(crate) dismissed: i64,
    pub(crate) incidents: i64,
    pub(crate) deliveries: i64,
    pub(crate) names: i64,
}

impl Limits {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self {
            irrelevant: before(policy.irrelevant),
            dismissed: before(policy.dismissed),
            incidents: before(policy.incidents),
            deliveries: before(policy.deliveries),
            names: before(policy.names),
        }
    }
}
