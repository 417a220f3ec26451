//! Place: what waits is understood, finds its incident, meets the rules, and is
//! committed with its alerts and their deliveries in one transaction.
//!
//! One lane for all processes: two items of one story that arrive together must
//! not open two incidents. The lease has a fencing number that every commit
//! checks, so a process that slept through its lease cannot write.

use std::time::Duration;

use model::clock::later;
use model::query::Subject;
use model::tokens::Text;
use model::{Analysis, Incident, IncidentId, ItemId, Said};
use store::{Fence, Placed, StoreError, Waiting};
use understand::{Placement, fold, place, understand_as};

use super::query::text_of;
use super::{LANE, Pipeline};

/// How many items are understood together.
const BATCH: u32 = 64;
/// How long the lane is held without renewal.
const LEASE: Duration = Duration::from_secs(30);

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
        loop {
            let now = self.clock.now();
            let Some(fence) = self
                .store
                .acquire(LANE, &self.holder, now, later(now, LEASE))
                .await?
            else {
                return Ok(placed);
            };
            let waiting = self.store.unplaced(BATCH).await?;
            if waiting.is_empty() {
                self.store.release(&fence).await?;
                return Ok(placed);
            }
            for (waiting, said, analysis) in self.analyse(waiting).await? {
                match self.place_one(&fence, &waiting, said, analysis).await {
                    Ok(()) => placed += 1,
                    Err(StoreError::Fenced) => return Ok(placed),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Understands a batch away from the threads that serve requests, as people say
    /// of it where they do.
    async fn analyse(
        &self,
        waiting: Vec<Waiting>,
    ) -> Result<Vec<(Waiting, Option<Said>, Analysis)>, PlaceError> {
        let ids: Vec<ItemId> = waiting.iter().map(|waiting| waiting.item.id).collect();
        let feedback = self.store.feedback_on(&ids).await?;
        let context = self.context();
        tokio::task::spawn_blocking(move || {
            waiting
                .into_iter()
                .map(|waiting| {
                    let item = &waiting.item;
                    let of_it = feedback.iter().filter(|one| one.item == item.id);
                    let said = Said::together(of_it.map(|one| one.said.clone()));
                    let relevant = said.as_ref().and_then(|said| said.relevant);
                    let analysis = understand_as(item, &context, relevant);
                    (waiting, said, analysis)
                })
                .collect()
        })
        .await
        .map_err(|error| PlaceError::Stopped(error.to_string()))
    }

    async fn place_one(
        &self,
        fence: &Fence,
        waiting: &Waiting,
        said: Option<Said>,
        analysis: Analysis,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let item = &waiting.item;
        let mut placed = Placed {
            item: item.id,
            at: now,
            repeat_of: None,
            joined_because: None,
            incident: None,
            alerts: Vec::new(),
            deliveries: Vec::new(),
            analysis,
        };
        if placed.analysis.relevance.is_relevant() {
            let candidates = self.store.candidates(item, &placed.analysis).await?;
            let placement = place(item, &placed.analysis, &candidates, &self.context());
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
            let cves = all_cves(before, &placed.analysis);
            let vulnerabilities = self.store.vulnerabilities(&cves).await?;
            let mut after = fold(
                before,
                id,
                item,
                &placed.analysis,
                &placement,
                &vulnerabilities,
            );
            after.said = Said::together(after.said.into_iter().chain(said));
            after.heed();
            let texts = self.texts_with(before, waiting, &placed.analysis).await?;
            let subject = |incident, texts| Subject {
                incident,
                vulnerabilities: &vulnerabilities,
                texts,
            };
            let (alerts, deliveries) = self.alert(
                before.map(|before| subject(before, texts.get(1..).unwrap_or_default())),
                subject(&after, &texts),
                waiting.occasion,
                &self.rule_frame().await?,
            );
            placed.alerts = alerts;
            placed.deliveries = deliveries;
            placed.incident = Some(after);
        }
        self.store.commit(fence, placed).await
    }
}

impl Pipeline {
    /// The texts in which rules look for words: the item's first, then those of the
    /// incident it joins. None where no rule looks for words.
    async fn texts_with(
        &self,
        before: Option<&Incident>,
        waiting: &Waiting,
        analysis: &Analysis,
    ) -> Result<Vec<Text>, StoreError> {
        if !self.rules.reads_texts() {
            return Ok(Vec::new());
        }
        let mut texts = vec![text_of(&waiting.item, analysis)];
        if let Some(before) = before {
            texts.extend(self.texts(before.id).await?);
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
