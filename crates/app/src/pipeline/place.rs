//! Place: what waits is understood, finds its incident, meets the rules, and is
//! committed with its alerts and their deliveries in one transaction.
//!
//! One lane for all processes: two items of one story that arrive together must
//! not open two incidents. The lease has a fencing number that every commit
//! checks, so a process that slept through its lease cannot write. While much waits,
//! what was understood together shares one commit, and the next ones are understood
//! meanwhile; where that fails, items are committed one by one.

use std::collections::HashSet;
use std::time::Duration;

use model::clock::later;
use model::query::{Frame, Subject};
use model::tokens::Text;
use model::{Analysis, Incident, IncidentId, ItemId, Said};
use store::{Fence, Placed, Sitting, StoreError, Waiting};
use understand::{Placement, fold, place, understand_as};

use super::query::{MOST_TEXTS, text_of};
use super::{LANE, Pipeline};

/// How many items are understood together, and share a commit: the first waits for the
/// last, and other writes for all of them.
const BATCH: u32 = 64;
/// How many of them one thread understands.
const SHARE: usize = 16;
/// How long the lane is held without renewal.
const LEASE: Duration = Duration::from_secs(30);
/// So often an item is tried that loses a race for its rows, or its connection.
const TRIES: u32 = 5;

/// Why placement stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The store could not do it; what waits waits on.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine could not run the analysis.
    #[error("the analysis was stopped: {0}")]
    Stopped(String),
}

/// An item that waits, what people say of it, and what was understood of it.
struct Understood {
    waiting: Waiting,
    said: Option<Said>,
    analysis: Analysis,
}

impl Pipeline {
    /// Places everything that waits, and says how many items that was. When
    /// another process holds the lane, nothing: it will.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub async fn place_waiting(&self) -> Result<u64, PlaceError> {
        let _alone = self.lane.lock().await;
        self.follow_models().await?;
        let mut placed = 0;
        let mut batch: Vec<Understood> = Vec::new();
        let mut held = None;
        loop {
            // Every commit wakes who places, and nearly always nothing waits: that is
            // found out before a lease is written.
            if batch.is_empty() && self.store.unplaced(1).await?.is_empty() {
                if let Some(fence) = held {
                    self.store.release(&fence).await?;
                }
                return Ok(placed);
            }
            let now = self.clock.now();
            let Some(fence) = self
                .store
                .acquire(LANE, &self.holder, now, later(now, LEASE))
                .await?
            else {
                return Ok(placed);
            };
            if batch.is_empty() {
                batch = self.analyse(self.store.unplaced(BATCH).await?).await?;
            }
            let behind = self.waiting_behind(&batch).await?;
            let placing = self.place_batch(&fence, &batch);
            let (done, next) = tokio::join!(placing, self.analyse(behind));
            match done {
                Ok(count) => placed += count,
                Err(StoreError::Fenced) => return Ok(placed),
                Err(error) => return Err(error.into()),
            }
            batch = next?;
            held = Some(fence);
        }
    }

    /// What waits behind these.
    async fn waiting_behind(&self, batch: &[Understood]) -> Result<Vec<Waiting>, StoreError> {
        let before: HashSet<ItemId> = batch.iter().map(|one| one.waiting.item.id).collect();
        if before.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(Vec::new());
        }
        let mut waiting = self.store.unplaced(2 * BATCH).await?;
        waiting.retain(|waiting| !before.contains(&waiting.item.id));
        waiting.truncate(before.len());
        Ok(waiting)
    }

    /// Understands a batch away from the threads that serve requests, as people say
    /// of it where they do.
    async fn analyse(&self, mut waiting: Vec<Waiting>) -> Result<Vec<Understood>, PlaceError> {
        let ids: Vec<ItemId> = waiting.iter().map(|waiting| waiting.item.id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let feedback = std::sync::Arc::new(self.store.feedback_on(&ids).await?);
        let context = self.context();
        let mut shares = Vec::new();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(SHARE));
            let share = std::mem::replace(&mut waiting, rest);
            let (feedback, context) = (std::sync::Arc::clone(&feedback), context.clone());
            shares.push(tokio::task::spawn_blocking(move || {
                let understood = share.into_iter().map(|waiting| {
                    let item = &waiting.item;
                    let of_it = feedback.iter().filter(|one| one.item == item.id);
                    let said = Said::together(of_it.map(|one| one.said.clone()));
                    let relevant = said.as_ref().and_then(|said| said.relevant);
                    let analysis = understand_as(item, &context, relevant);
                    Understood {
                        waiting,
                        said,
                        analysis,
                    }
                });
                understood.collect::<Vec<_>>()
            }));
        }
        let mut understood = Vec::with_capacity(ids.len());
        for share in shares {
            let share = share.await;
            understood.extend(share.map_err(|error| PlaceError::Stopped(error.to_string()))?);
        }
        Ok(understood)
    }

    /// Places items in their order, and says how many. Some that cannot be placed stop
    /// none of the others; the first says why in the end.
    async fn place_batch(&self, fence: &Fence, batch: &[Understood]) -> Result<u64, StoreError> {
        let frame = self.rule_frame().await?;
        let mut placed = 0;
        let mut refused = None;
        let mut rest = batch;
        while !rest.is_empty() {
            match self.sit(fence, rest, &frame, &mut refused).await {
                Ok(seen) => {
                    placed += seen;
                    rest = rest.get(seen..).unwrap_or_default();
                }
                Err(StoreError::Busy(reason)) => {
                    tracing::debug!("items are placed one by one: {reason}");
                    for one in rest {
                        placed += self.place_alone(fence, one, &frame, &mut refused).await?;
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        match refused {
            None => Ok(u64::try_from(placed).unwrap_or(u64::MAX)),
            Some(error) => Err(error),
        }
    }

    /// Places one item in a sitting of its own, again when it lost a race.
    async fn place_alone(
        &self,
        fence: &Fence,
        one: &Understood,
        frame: &Frame,
        refused: &mut Option<StoreError>,
    ) -> Result<usize, StoreError> {
        let mut tries = 1;
        loop {
            let alone = std::slice::from_ref(one);
            match self.sit(fence, alone, frame, refused).await {
                Err(StoreError::Busy(_)) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// Places items in one sitting, up to the first that somebody is told of: nobody
    /// should hear of it later because more waits. Says how many it went through.
    async fn sit(
        &self,
        fence: &Fence,
        batch: &[Understood],
        frame: &Frame,
        refused: &mut Option<StoreError>,
    ) -> Result<usize, StoreError> {
        let mut sitting = self.store.sit(fence).await?;
        let mut seen = 0;
        let mut wrong = None;
        for one in batch {
            seen += 1;
            match self.place_one(&mut *sitting, one, frame).await {
                Ok(false) => {}
                Ok(true) => break,
                Err(StoreError::Invalid(reason)) => {
                    let id = one.waiting.item.id;
                    tracing::warn!(item.id = %id, "item {id} cannot be placed: {reason}");
                    wrong.get_or_insert(StoreError::Invalid(reason));
                }
                Err(error) => return Err(error),
            }
        }
        sitting.commit().await?;
        *refused = refused.take().or(wrong);
        Ok(seen)
    }

    /// Places one item, and says whether somebody is told of it.
    async fn place_one(
        &self,
        sitting: &mut dyn Sitting,
        one: &Understood,
        frame: &Frame,
    ) -> Result<bool, StoreError> {
        let Understood {
            waiting,
            said,
            analysis,
        } = one;
        let frame = Frame {
            now: self.clock.now(),
            ..frame.clone()
        };
        let item = &waiting.item;
        let mut placed = Placed {
            item: item.id,
            at: frame.now,
            repeat_of: None,
            joined_because: None,
            incident: None,
            alerts: Vec::new(),
            deliveries: Vec::new(),
            analysis: analysis.clone(),
        };
        if analysis.relevance.is_relevant() {
            let candidates = sitting.candidates(item, analysis).await?;
            let placement = place(item, analysis, &candidates, &self.context());
            let (before, id) = match &placement {
                Placement::Joins {
                    incident,
                    because,
                    repeat_of,
                } => {
                    placed.repeat_of = *repeat_of;
                    placed.joined_because = Some(because.clone());
                    let before = candidates
                        .iter()
                        .map(|candidate| &candidate.incident)
                        .find(|known| known.id == *incident);
                    (before, *incident)
                }
                Placement::Opens => (None, IncidentId(self.ids.next_id())),
            };
            let cves = all_cves(before, analysis);
            let vulnerabilities = sitting.vulnerabilities(&cves).await?;
            let mut after = fold(before, id, item, analysis, &placement, &vulnerabilities);
            after.said = Said::together(after.said.into_iter().chain(said.clone()));
            after.heed();
            let texts = self.texts_with(sitting, before, one).await?;
            let subject = |incident, texts| Subject {
                incident,
                vulnerabilities: &vulnerabilities,
                texts,
            };
            let (alerts, deliveries) = self.alert(
                before.map(|before| subject(before, texts.get(1..).unwrap_or_default())),
                subject(&after, &texts),
                waiting.occasion,
                &frame,
            );
            placed.alerts = alerts;
            placed.deliveries = deliveries;
            placed.incident = Some(after);
        }
        let is_told = !placed.deliveries.is_empty();
        sitting.place(placed).await?;
        Ok(is_told)
    }

    /// The texts in which rules look for words: the item's first, then those of the
    /// incident it joins. None where no rule looks for words.
    async fn texts_with(
        &self,
        sitting: &mut dyn Sitting,
        before: Option<&Incident>,
        one: &Understood,
    ) -> Result<Vec<Text>, StoreError> {
        if !self.rules.reads_texts() {
            return Ok(Vec::new());
        }
        let mut texts = vec![text_of(&one.waiting.item, &one.analysis)];
        if let Some(before) = before {
            texts.extend(sitting.texts(before.id, MOST_TEXTS).await?);
        }
        Ok(texts)
    }
}

/// The CVEs the incident is about once the item is in it.
fn all_cves(before: Option<&Incident>, analysis: &Analysis) -> Vec<model::CveId> {
    let mut cves = before
        .map(|incident| incident.cves.clone())
        .unwrap_or_default();
    for cve in &analysis.story_keys.cves {
        if !cves.contains(cve) {
            cves.push(cve.clone());
        }
    }
    cves
}
