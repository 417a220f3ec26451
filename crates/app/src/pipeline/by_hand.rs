//! By hand: people split an incident, merge two, and take out what does not belong.
//!
//! The incidents are folded again from the items they will have, under the placement
//! lease, so that nothing is placed into them meanwhile. Nobody is told again of what
//! moved; what comes afterwards alerts as ever.

use std::collections::BTreeSet;
use std::time::Duration;

use model::clock::later;
use model::query::Subject;
use model::tokens::Text;
use model::{Alert, CveId, Incident, IncidentId, ItemId, Said};
use store::archive::Story;
use store::handling::{Handled, Moved, Rearranged, Rearrangement};
use store::{Change, Fence, Occasion, PlacedItem, StoreError};

use super::place::PlaceError;
use super::query::{MOST_TEXTS, text_of};
use super::refold::refolded;
use super::{LANE, Pipeline};

/// How long the lane is held.
const LEASE: Duration = Duration::from_secs(30);
/// Another process may hold the lane for one lease: so often it is asked for, and so
/// long is waited in between.
const PATIENCE: (u32, Duration) = (40, Duration::from_secs(1));
/// Why nobody is told of an incident that was split from another.
const HELD: &str = "it was split from another incident by hand: nobody is told again";
/// Why items of a split are where they are.
const MOVED: &str = "moved here by hand";

/// Who does something by hand, and what they looked at.
#[derive(Debug, Clone)]
pub struct Hand {
    /// A person's name.
    pub by: String,
    /// The revision of the incident they saw; none: whatever it is now.
    pub seen: Option<u64>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// There is no such incident.
    #[error("there is no incident {0}")]
    Unknown(IncidentId),
    /// It was changed since they looked at it.
    #[error("the incident was changed meanwhile; it is at revision {0} now")]
    Changed(u64),
    /// It cannot be done with these items or incidents.
    #[error("{0}")]
    Cannot(String),
    /// The store, or the machine, could not do it.
    #[error(transparent)]
    Failed(#[from] PlaceError),
}

impl From<StoreError> for ByHandError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Pipeline {
    /// Lets items leave an incident and open another, with those that repeat them.
    /// Gives the one they left and the one they opened.
    ///
    /// # Errors
    /// See [`ByHandError`].
    pub async fn split(
        &self,
        id: IncidentId,
        items: &[ItemId],
        hand: &Hand,
    ) -> Result<(Incident, Incident), ByHandError> {
        self.in_lane(async |fence| {
            let story = self.with_items(id).await?;
            let Parts { stays, mut leaves } = parts(&story, items)?;
            for placed in &mut leaves {
                placed.joined_because = Some(MOVED.to_owned());
            }
            let stays = self.follows(story.incident.id, &stays).await?;
            let mut opened = self
                .follows(IncidentId(self.ids.next_id()), &leaves)
                .await?;
            opened.revision = 1;
            let moved = leaves.iter().map(|placed| Moved {
                item: placed.item.id,
                repeat_of: placed.repeat_of,
                because: MOVED.to_owned(),
            });
            let what = Rearrangement::Split {
                alerts: self.alerts_for_the_record(&opened, &leaves).await?,
                items: moved.collect(),
                opened: Box::new(opened.clone()),
            };
            let stayed = self.rearranged(fence, hand, stays, what).await?;
            Ok((stayed, opened))
        })
        .await
    }

    /// Lets an incident go into another. Gives the other one.
    ///
    /// # Errors
    /// See [`ByHandError`].
    pub async fn merge(
        &self,
        id: IncidentId,
        into: IncidentId,
        hand: &Hand,
    ) -> Result<Incident, ByHandError> {
        self.in_lane(async |fence| {
            let gone = self.with_items(id).await?;
            // What the person looked at is the one that goes.
            if let Some(seen) = hand.seen
                && seen != gone.incident.revision
            {
                return Err(ByHandError::Changed(gone.incident.revision));
            }
            let stays = self.with_items(into).await?;
            if gone.incident.id == stays.incident.id {
                return Err(ByHandError::Cannot(
                    "an incident cannot be merged into itself".to_owned(),
                ));
            }
            let items: Vec<PlacedItem> = stays.items.into_iter().chain(gone.items).collect();
            let incident = self.follows(stays.incident.id, &items).await?;
            let hand = Hand {
                seen: None,
                by: hand.by.clone(),
            };
            let what = Rearrangement::Merge {
                gone: gone.incident.id,
            };
            self.rearranged(fence, &hand, incident, what).await
        })
        .await
    }

    /// Takes an item out of an incident to which it does not belong, with those that
    /// repeat it, and places it again, anywhere but there. Gives the incident, and
    /// the one the item is in now; none when by itself it is irrelevant.
    ///
    /// # Errors
    /// See [`ByHandError`].
    pub async fn take_out(
        &self,
        id: IncidentId,
        item: ItemId,
        hand: &Hand,
    ) -> Result<(Incident, Option<Incident>), ByHandError> {
        let stayed = self
            .in_lane(async |fence| {
                let story = self.with_items(id).await?;
                let Parts { stays, leaves } = parts(&story, &[item])?;
                let incident = self.follows(story.incident.id, &stays).await?;
                let items = leaves.iter().map(|placed| placed.item.id).collect();
                let what = Rearrangement::TakeOut { items };
                self.rearranged(fence, hand, incident, what).await
            })
            .await?;
        self.place_waiting().await?;
        let placed = match self.store.placement_of(item).await?.flatten() {
            Some(id) => self.store.incident(id).await?,
            None => None,
        };
        Ok((stayed, placed.map(|detail| detail.incident)))
    }

    /// Does this while nothing is placed.
    pub(super) async fn in_lane<T>(
        &self,
        work: impl AsyncFnOnce(&Fence) -> Result<T, ByHandError>,
    ) -> Result<T, ByHandError> {
        let _alone = self.lane.lock().await;
        let fence = self.lane_for_people().await?;
        let result = work(&fence).await;
        let released = self.store.release(&fence).await;
        let result = result?;
        released?;
        Ok(result)
    }

    /// The placement lease, for a person who waits.
    async fn lane_for_people(&self) -> Result<Fence, StoreError> {
        let (times, pause) = PATIENCE;
        for _ in 0..times {
            let now = self.clock.now();
            let until = later(now, LEASE);
            if let Some(fence) = self.store.acquire(LANE, &self.holder, now, until).await? {
                return Ok(fence);
            }
            self.clock.sleep(pause).await;
        }
        Err(StoreError::Busy(
            "another process keeps placing items; try again".to_owned(),
        ))
    }

    async fn with_items(&self, id: IncidentId) -> Result<Story, ByHandError> {
        let story = self.store.story(id).await?;
        story.ok_or(ByHandError::Unknown(id))
    }

    /// The incident that these items make.
    async fn follows(&self, id: IncidentId, items: &[PlacedItem]) -> Result<Incident, ByHandError> {
        let cves: BTreeSet<&CveId> = items
            .iter()
            .flat_map(|placed| &placed.analysis.story_keys.cves)
            .collect();
        let cves: Vec<CveId> = cves.into_iter().cloned().collect();
        let known = self.store.vulnerabilities(&cves).await?;
        let mut incident = refolded(id, items, &known).ok_or_else(|| nothing_left("no item"))?;
        let items: Vec<ItemId> = items.iter().map(|placed| placed.item.id).collect();
        let said = self.store.feedback_on(&items).await?;
        incident.said = Said::together(said.into_iter().map(|one| one.said));
        incident.heed();
        Ok(incident)
    }

    /// What rules say of an incident that nobody is told of, and of its items.
    async fn alerts_for_the_record(
        &self,
        incident: &Incident,
        items: &[PlacedItem],
    ) -> Result<Vec<Alert>, StoreError> {
        let vulnerabilities = self.store.vulnerabilities(&incident.cves).await?;
        let texts: Vec<Text> = items
            .iter()
            .rev()
            .take(MOST_TEXTS as usize)
            .map(|placed| text_of(&placed.item, &placed.analysis))
            .collect();
        let subject = Subject {
            incident,
            vulnerabilities: &vulnerabilities,
            texts: &texts,
        };
        let frame = self.rule_frame().await?;
        let (mut alerts, _) = self.alert(None, subject, Occasion::History, &frame);
        for alert in &mut alerts {
            if alert.held.is_some() {
                alert.held = Some(HELD.to_owned());
            }
        }
        Ok(alerts)
    }

    async fn rearranged(
        &self,
        fence: &Fence,
        hand: &Hand,
        incident: Incident,
        what: Rearrangement,
    ) -> Result<Incident, ByHandError> {
        let id = incident.id;
        let rearranged = Rearranged {
            change: Change {
                at: self.clock.now(),
                by: hand.by.clone(),
            },
            seen: hand.seen,
            incident,
            what,
        };
        match self.store.rearrange(fence, rearranged).await? {
            Handled::Done(incident) => Ok(*incident),
            Handled::Unknown => Err(ByHandError::Unknown(id)),
            Handled::Changed(revision) => Err(ByHandError::Changed(revision)),
            Handled::Full(what) => Err(ByHandError::Cannot(format!("it has too many {what}"))),
        }
    }
}

/// The items of an incident, in order, and which of them leave it.
struct Parts {
    stays: Vec<PlacedItem>,
    leaves: Vec<PlacedItem>,
}

/// Divides the items of an incident: the named ones leave, and those that repeat
/// them. What leaves its original behind repeats nothing any more.
fn parts(story: &Story, named: &[ItemId]) -> Result<Parts, ByHandError> {
    if named.is_empty() {
        return Err(nothing_left("no item is named"));
    }
    let mut leaving: BTreeSet<ItemId> = named.iter().copied().collect();
    for id in &leaving {
        if !story.items.iter().any(|placed| placed.item.id == *id) {
            return Err(ByHandError::Cannot(format!(
                "item {id} is not in incident {}",
                story.incident.id
            )));
        }
    }
    // A repeat may repeat a repeat; each round finds at least one more.
    loop {
        let before = leaving.len();
        let repeats = story.items.iter().filter(|placed| {
            placed
                .repeat_of
                .is_some_and(|original| leaving.contains(&original))
        });
        leaving.extend(repeats.map(|placed| placed.item.id).collect::<Vec<_>>());
        if leaving.len() == before {
            break;
        }
    }
    let (mut leaves, stays): (Vec<PlacedItem>, Vec<PlacedItem>) = story
        .items
        .iter()
        .cloned()
        .partition(|placed| leaving.contains(&placed.item.id));
    if stays.is_empty() {
        return Err(nothing_left("all of its items would leave it"));
    }
    for placed in &mut leaves {
        placed.repeat_of = placed
            .repeat_of
            .filter(|original| leaving.contains(original));
    }
    Ok(Parts { stays, leaves })
}

fn nothing_left(what: &str) -> ByHandError {
    ByHandError::Cannot(format!(
        "{what}; an incident that is none can be dismissed, or merged into another"
    ))
}
