//! An incident as it follows from its items: for second readings, and for what people
//! split and merge.

use model::{Incident, IncidentId, Vulnerability};
use store::PlacedItem;
use understand::{Placement, fold};

/// The incident named `id` that these items make, in this order; none without items.
pub(super) fn refolded<'a>(
    id: IncidentId,
    items: impl IntoIterator<Item = &'a PlacedItem>,
    known: &[Vulnerability],
) -> Option<Incident> {
    let mut incident: Option<Incident> = None;
    for placed in items {
        let placement = match &placed.joined_because {
            Some(because) => Placement::Joins {
                incident: id,
                because: because.clone(),
                repeat_of: placed.repeat_of,
            },
            None => Placement::Opens,
        };
        incident = Some(fold(
            incident.as_ref(),
            id,
            &placed.item,
            &placed.analysis,
            &placement,
            known,
        ));
    }
    incident
}
