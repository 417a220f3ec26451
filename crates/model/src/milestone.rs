//! The named places where a process may die and nothing may be lost.
//!
//! They stand after every write inside a transaction, every commit and every
//! send. The service passes them by; a test stops the process at each in turn
//! and looks at what the next start finds.

/// One place in the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Milestone(pub &'static str);

macro_rules! milestones {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        impl Milestone {
            $($(#[$doc])* pub const $name: Self = Self($text);)*

            /// Every milestone, in the order of the flow.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

milestones! {
    /// Items of a poll are written, its cursor is not, and nothing is committed.
    ITEMS_WRITTEN = "collect.items-written",
    /// A poll's items, statements and cursor are committed.
    POLL_COMMITTED = "collect.committed",
    /// The incident is written, the alert is not, and nothing is committed.
    INCIDENT_WRITTEN = "place.incident-written",
    /// Alerts are written, their deliveries are not, and nothing is committed.
    ALERTS_WRITTEN = "place.alerts-written",
    /// Deliveries are written; the commit has not happened.
    DELIVERIES_WRITTEN = "place.deliveries-written",
    /// An item's incident, alerts and deliveries are committed.
    PLACEMENT_COMMITTED = "place.committed",
    /// A worker's claim on deliveries is committed.
    CLAIM_COMMITTED = "deliver.claimed",
    /// The service took the message; we have not written that down.
    MESSAGE_SENT = "deliver.sent",
    /// The delivery's new state is committed.
    SETTLEMENT_COMMITTED = "deliver.settled",
}

/// Told of each milestone as it is passed.
pub trait Milestones: Send + Sync {
    /// The flow has just passed `milestone`.
    fn passed(&self, milestone: Milestone);
}

/// Passes every milestone by.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassBy;

impl Milestones for PassBy {
    fn passed(&self, _: Milestone) {}
}
