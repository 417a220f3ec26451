//! The short log of events for live readers: what is kept, and the kinds.

/// How many are kept: a busy day's worth, for readers that were away.
pub(crate) const KEPT: i64 = 20_000;
/// Old ones go when the number is a multiple of this, so that most writes do not
/// pay for it.
pub(crate) const PRUNED_EACH: i64 = 1_000;
/// How many one page may hold.
pub(crate) const LONGEST_PAGE: u32 = 5_000;

pub(crate) const INCIDENT_OPENED: &str = "incident.opened";
pub(crate) const INCIDENT_UPDATED: &str = "incident.updated";
pub(crate) const INCIDENT_MERGED: &str = "incident.merged";
pub(crate) const DELIVERY_SETTLED: &str = "delivery.settled";
pub(crate) const SOURCE_POLLED: &str = "source.polled";
pub(crate) const FEEDBACK_CHANGED: &str = "feedback.changed";
pub(crate) const MODEL_DECIDED: &str = "model.decided";
