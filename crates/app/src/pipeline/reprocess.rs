//! Reprocess: what is kept is read again by the parsers of this version, and what
//! is stored is understood again by its models. Nothing of it alerts: it is
//! history, and what changed is our reading, not the world.
//!
//! It goes in small steps, each committed with a note of how far it came, so that
//! it can be interrupted and goes on beside a running service: stories are revised
//! under the placement lease, which is given back after each step.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::clock::later;
use model::{CveId, Incident, Item, ItemId, SourceId, Timestamp};
use serde::{Deserialize, Serialize};
use sources::{Progress, Reread, SourceError};
use store::archive::{Again, Memo, Place, Reading, Revised, Story, Wanted};
use store::{Fence, Heard, PlacedItem, StoreError};
use understand::understand_as;

use super::difference::{Difference, describe};
use super::place::PlaceError;
use super::refold::refolded;
use super::{LANE, Pipeline};

/// Under which name its note is kept.
const MEMO: &str = "reprocess";
/// Documents looked up together.
const DOCUMENTS: u32 = 64;
/// Stories revised in one step.
const STORIES: usize = 32;
/// Irrelevant items looked at in one step.
const ITEMS: u32 = 64;
/// Differences told; the others are counted.
const TOLD: usize = 20;
/// Problems told.
const PROBLEMS_TOLD: usize = 20;
/// How long the lane is held without renewal.
const LEASE: Duration = Duration::from_secs(30);
/// A service beside us places in bursts: so often its lane is asked for, and so
/// long is waited in between.
const PATIENCE: (u32, Duration) = (600, Duration::from_secs(1));

/// What to do again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprocess {
    /// Only what came from this source.
    pub source: Option<SourceId>,
    /// Only what came at or after this.
    pub since: Option<Timestamp>,
    /// Read kept documents again.
    pub documents: bool,
    /// Understand stored items again.
    pub items: bool,
    /// Only say what would change.
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reprocessed {
    /// Whether an earlier run was interrupted and this one went on with it.
    pub resumed: bool,
    /// Documents read again.
    pub documents: u64,
    /// Documents that are not what their source gives, or cannot be unpacked.
    pub unreadable: u64,
    /// Documents of sources that are off or no longer configured.
    pub left_out: u64,
    /// Items found in them that were not known.
    pub new_items: u64,
    /// CVEs of which they say something else than before.
    pub changed_vulnerabilities: u64,
    /// Entries that could not be read.
    pub problems: u64,
    /// The first of them.
    pub first_problems: Vec<String>,
    /// Items understood again.
    pub items: u64,
    /// Of which something else is understood now.
    pub changed: u64,
    /// Incidents that follow differently from them.
    pub incidents: u64,
    /// Items that were irrelevant and are placed now.
    pub placed_anew: u64,
    /// The first differences.
    pub differences: Vec<Difference>,
}

/// A pass and how far it has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pass {
    version: String,
    wanted: Reprocess,
    started: Timestamp,
    documents: Option<Place>,
    documents_done: bool,
    story: i64,
    stories_done: bool,
    irrelevant: i64,
    finished: bool,
    sum: Reprocessed,
    /// What a dry run has met: the same entry stands in many documents.
    #[serde(skip)]
    met_items: BTreeSet<ItemId>,
    #[serde(skip)]
    met_cves: BTreeSet<CveId>,
}

impl Pipeline {
    /// Reads again what is kept and understands again what is stored, telling
    /// `progress` how many documents and items are done. A pass of this version
    /// with the same wishes that was interrupted goes on.
    ///
    /// # Errors
    /// The store could not do it; what was done stays.
    pub async fn reprocess(
        &self,
        wanted: Reprocess,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Reprocessed, PlaceError> {
        let mut pass = self.pass(wanted).await?;
        let total = match (pass.wanted.documents, pass.wanted.items) {
            (true, true) => self.store.kept().await?.readings + self.store.totals().await?.items,
            (true, false) => self.store.kept().await?.readings,
            _ => self.store.totals().await?.items,
        };
        let tell = |sum: &Reprocessed| {
            let done = sum.documents + sum.unreadable + sum.left_out + sum.items;
            progress(Progress {
                done: done.min(total),
                total,
            });
        };
        if pass.wanted.documents && !pass.documents_done {
            self.read_documents(&mut pass, &tell).await?;
        }
        self.give_way(&pass).await?;
        if pass.wanted.items {
            while !pass.stories_done {
                self.stories(&mut pass).await?;
                tell(&pass.sum);
                self.give_way(&pass).await?;
            }
            while self.irrelevant(&mut pass).await? {
                tell(&pass.sum);
                self.give_way(&pass).await?;
            }
        }
        pass.finished = true;
        self.note(&pass).await?;
        Ok(pass.sum)
    }

    /// The pass that was interrupted, or a new one.
    async fn pass(&self, wanted: Reprocess) -> Result<Pass, StoreError> {
        let version = env!("CARGO_PKG_VERSION");
        let known = self.store.memo(MEMO).await?;
        let known: Option<Pass> = known.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(mut pass) = known
            && !pass.finished
            && !wanted.dry_run
            && pass.wanted == wanted
            && pass.version == version
        {
            pass.sum.resumed = true;
            return Ok(pass);
        }
        Ok(Pass {
            version: version.to_owned(),
            wanted,
            started: self.clock.now(),
            documents: None,
            documents_done: false,
            story: 0,
            stories_done: false,
            irrelevant: 0,
            finished: false,
            sum: Reprocessed::default(),
            met_items: BTreeSet::new(),
            met_cves: BTreeSet::new(),
        })
    }

    /// Places what waits: a service beside us finds the lane taken most of the time.
    async fn give_way(&self, pass: &Pass) -> Result<(), PlaceError> {
        if !pass.wanted.dry_run && self.store.unplaced_count().await? > 0 {
            self.place_waiting().await?;
        }
        Ok(())
    }

    async fn note(&self, pass: &Pass) -> Result<(), StoreError> {
        if pass.wanted.dry_run {
            return Ok(());
        }
        self.store.keep_memo(&pass.memo()?).await
    }

    async fn read_documents(
        &self,
        pass: &mut Pass,
        tell: &(dyn Fn(&Reprocessed) + Sync),
    ) -> Result<(), PlaceError> {
        let mut wanted = pass.wanted();
        wanted.until = Some(pass.started);
        loop {
            let readings = self
                .store
                .readings(&wanted, pass.documents, DOCUMENTS)
                .await?;
            if readings.is_empty() {
                pass.documents_done = true;
                return Ok(self.note(pass).await?);
            }
            for reading in readings {
                pass.documents = Some(reading.place);
                self.read_again(pass, &reading).await?;
                tell(&pass.sum);
            }
        }
    }

    async fn read_again(&self, pass: &mut Pass, reading: &Reading) -> Result<(), PlaceError> {
        let reread = match self.reread(reading).await? {
            Some(Ok(reread)) => reread,
            Some(Err(error)) => {
                pass.sum.unreadable += 1;
                pass.sum.problem(&reading.url, &error.to_string());
                return Ok(());
            }
            None => {
                pass.sum.left_out += 1;
                return Ok(());
            }
        };
        pass.sum.documents += 1;
        for problem in &reread.problems {
            pass.sum.problem(
                &reading.url,
                &format!("{}: {}", problem.place, problem.reason),
            );
        }
        let items = self.worth_keeping(reread.items);
        let mut statements = reread.statements;
        statements.extend(items.iter().filter_map(understand::in_passing));
        let heard = statements.into_iter().map(|said| self.hear(said));
        let again = Again {
            source: reading.source.clone(),
            at: reading.place.at,
            items,
            heard: heard.collect::<Vec<Heard>>(),
            categories: reread.categories,
        };
        if pass.wanted.dry_run {
            let unknown = self.store.unknown(&again).await?;
            for id in unknown.items {
                if pass.met_items.insert(id)
                    && let Some(item) = again.items.iter().find(|item| item.id == id)
                {
                    pass.sum.differ(item, vec!["a new item".to_owned()]);
                }
            }
            pass.met_cves.extend(unknown.cves);
            pass.sum.new_items = pass.met_items.len() as u64;
            pass.sum.changed_vulnerabilities = pass.met_cves.len() as u64;
            return Ok(());
        }
        // The sum is written with what it counts, so it is made before.
        let before = pass.sum.clone();
        let unknown = self.store.unknown(&again).await?;
        pass.sum.new_items += unknown.items.len() as u64;
        pass.sum.changed_vulnerabilities += unknown.cves.len() as u64;
        let memo = pass.memo()?;
        if let Err(error) = self.store.record_again(again, &memo).await {
            pass.sum = before;
            return Err(error.into());
        }
        Ok(())
    }

    /// What a kept document gives today; none when its source is not read, or it
    /// was forgotten meanwhile.
    async fn reread(
        &self,
        reading: &Reading,
    ) -> Result<Option<Result<Reread, SourceError>>, PlaceError> {
        let Some(source) = self.source(&reading.source) else {
            return Ok(None);
        };
        let document = match self.store.document(reading).await {
            Ok(Some(document)) => document,
            Ok(None) => return Ok(None),
            Err(StoreError::Invalid(why)) => return Ok(Some(Err(SourceError::Nonsense(why)))),
            Err(error) => return Err(error.into()),
        };
        let (source, at) = (Arc::clone(&source.source), reading.place.at);
        let reread = tokio::task::spawn_blocking(move || source.reread(&document, at)).await;
        reread
            .map(Some)
            .map_err(|error| PlaceError::Stopped(error.to_string()))
    }

    /// One step through the stories.
    async fn stories(&self, pass: &mut Pass) -> Result<(), PlaceError> {
        let wanted = pass.wanted();
        let _alone = self.lane.lock().await;
        let fence = self.lane(pass).await?;
        for _ in 0..STORIES {
            let Some(story) = self.store.next_story(&wanted, pass.story).await? else {
                pass.stories_done = true;
                break;
            };
            let before = pass.clone();
            pass.story = story.n;
            match self.revise_story(pass, fence.as_ref(), story).await {
                Ok(()) => {}
                // The lease was lost meanwhile: this story is done again.
                Err(PlaceError::Store(StoreError::Fenced)) => {
                    *pass = before;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.note(pass).await?;
        if let Some(fence) = &fence {
            self.store.release(fence).await?;
        }
        Ok(())
    }

    async fn revise_story(
        &self,
        pass: &mut Pass,
        fence: Option<&Fence>,
        story: Story,
    ) -> Result<(), PlaceError> {
        let Story {
            incident, items, ..
        } = story;
        // Items of a story that people say matters do.
        let said = incident.said.as_ref().and_then(|said| said.relevant);
        let said = said.filter(|relevant| *relevant);
        let (items, analyses) = self.understand_again(&pass.wanted, items, said).await?;
        pass.sum.items += items
            .iter()
            .filter(|one| pass.wanted.holds(&one.item))
            .count() as u64;
        for (item, what) in &analyses {
            pass.sum.changed += 1;
            pass.sum.differ(&items[*item].item, what.clone());
        }
        let cves: BTreeSet<CveId> = items
            .iter()
            .flat_map(|placed| placed.analysis.story_keys.cves.iter().cloned())
            .collect();
        let cves: Vec<CveId> = cves.into_iter().collect();
        let known = self.store.vulnerabilities(&cves).await?;
        let mut after = refolded(incident.id, &items, &known);
        if let Some(after) = &mut after {
            after.said.clone_from(&incident.said);
            after.heed();
        }
        let differs = after
            .as_ref()
            .is_some_and(|after| !follows(&incident, after));
        // What an item says may be as it was, and the incident made by an older
        // version, which kept less of it.
        if analyses.is_empty() && !differs {
            return Ok(());
        }
        pass.sum.incidents += u64::from(differs);
        let Some(fence) = fence else { return Ok(()) };
        let revised = Revised {
            at: self.clock.now(),
            analyses: analyses
                .into_iter()
                .map(|(nth, _)| (items[nth].item.id, items[nth].analysis.clone()))
                .collect(),
            incident: after,
            placed_anew: Vec::new(),
        };
        self.store.revise(fence, revised, &pass.memo()?).await?;
        Ok(())
    }

    /// The items with what is understood of them today, and which of them differ in
    /// what.
    async fn understand_again(
        &self,
        wanted: &Reprocess,
        items: Vec<PlacedItem>,
        said: Option<bool>,
    ) -> Result<(Vec<PlacedItem>, Vec<(usize, Vec<String>)>), PlaceError> {
        let (context, wanted) = (self.context(), wanted.clone());
        tokio::task::spawn_blocking(move || {
            let mut items = items;
            let mut differ = Vec::new();
            for (nth, placed) in items.iter_mut().enumerate() {
                if !wanted.holds(&placed.item) {
                    continue;
                }
                let now = understand_as(&placed.item, &context, said);
                // The words are kept beside the analysis, not in it.
                placed.analysis.story_keys.print = now.story_keys.print.clone();
                if now != placed.analysis {
                    differ.push((nth, describe(&placed.analysis, &now)));
                    placed.analysis = now;
                }
            }
            (items, differ)
        })
        .await
        .map_err(|error| PlaceError::Stopped(error.to_string()))
    }

    /// One step through the items that were found irrelevant; false at the end.
    async fn irrelevant(&self, pass: &mut Pass) -> Result<bool, PlaceError> {
        let wanted = pass.wanted();
        let found = self
            .store
            .irrelevant(&wanted, pass.irrelevant, ITEMS)
            .await?;
        let Some(last) = found.last().map(|one| one.n) else {
            return Ok(false);
        };
        let items = found.into_iter().map(|one| PlacedItem {
            item: one.item,
            analysis: one.analysis,
            repeat_of: None,
            joined_because: None,
        });
        let (items, differ) = self
            .understand_again(&pass.wanted, items.collect(), None)
            .await?;
        let before = pass.clone();
        pass.irrelevant = last;
        pass.sum.items += items.len() as u64;
        let mut revised = Revised {
            at: self.clock.now(),
            analyses: Vec::new(),
            incident: None,
            placed_anew: Vec::new(),
        };
        for (nth, what) in differ {
            let PlacedItem { item, analysis, .. } = &items[nth];
            pass.sum.changed += 1;
            pass.sum.differ(item, what);
            if analysis.relevance.is_relevant() {
                pass.sum.placed_anew += 1;
                revised.placed_anew.push(item.id);
            } else {
                revised.analyses.push((item.id, analysis.clone()));
            }
        }
        let _alone = self.lane.lock().await;
        let Some(fence) = self.lane(pass).await? else {
            return Ok(true);
        };
        match self.store.revise(&fence, revised, &pass.memo()?).await {
            Ok(()) => self.store.release(&fence).await?,
            Err(StoreError::Fenced) => *pass = before,
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// The right to revise; none for a dry run, which needs none.
    async fn lane(&self, pass: &Pass) -> Result<Option<Fence>, PlaceError> {
        if pass.wanted.dry_run {
            return Ok(None);
        }
        let (times, pause) = PATIENCE;
        for _ in 0..times {
            let now = self.clock.now();
            let until = later(now, LEASE);
            if let Some(fence) = self.store.acquire(LANE, &self.holder, now, until).await? {
                return Ok(Some(fence));
            }
            self.clock.sleep(pause).await;
        }
        Err(PlaceError::Store(StoreError::Busy(
            "another process keeps placing; run this again later".to_owned(),
        )))
    }
}

/// Whether an incident is the same but for what people and placements count.
fn follows(before: &Incident, after: &Incident) -> bool {
    let mut after = after.clone();
    after.keep_decisions_of(before);
    after.revision = before.revision;
    *before == after
}

impl Reprocess {
    /// Whether an item is one of those to be understood again.
    fn holds(&self, item: &Item) -> bool {
        self.source
            .as_ref()
            .is_none_or(|source| *source == item.source)
            && self.since.is_none_or(|since| item.effective() >= since)
    }
}

impl Pass {
    fn wanted(&self) -> Wanted {
        Wanted {
            source: self.wanted.source.clone(),
            since: self.wanted.since,
            until: None,
        }
    }

    fn memo(&self) -> Result<Memo, StoreError> {
        let value = serde_json::to_string(self)
            .map_err(|error| StoreError::Invalid(format!("the note cannot be written: {error}")))?;
        Ok(Memo {
            key: MEMO.to_owned(),
            value,
        })
    }
}

impl Reprocessed {
    fn problem(&mut self, place: &str, reason: &str) {
        self.problems += 1;
        if self.first_problems.len() < PROBLEMS_TOLD {
            self.first_problems.push(format!("{place}: {reason}"));
        }
    }

    fn differ(&mut self, item: &Item, what: Vec<String>) {
        if self.differences.len() < TOLD {
            self.differences.push(Difference {
                item: item.id,
                source: item.source.clone(),
                title: item.title.clone(),
                what,
            });
        }
    }
}
