//! The sources that are read now: those of the settings, under what people changed
//! of them since, in this process or beside it.

use std::sync::{Arc, PoisonError};

use model::{Cursor, SourceId};
use net::Recorder;
use sources::{Polled, Source, SourceError, Tools};
use store::StoreError;

use super::Pipeline;
use crate::config::{Mistake, Settings, SourceEntry};

/// The sources at one moment.
#[derive(Default)]
pub struct Sources {
    /// Every source, switched-off ones included.
    pub entries: Vec<SourceEntry>,
    /// Those that are read, ready to be polled.
    pub open: Vec<Arc<OpenSource>>,
    /// What was assumed of added ones.
    pub assumptions: Vec<String>,
    /// What is wrong with added ones; each costs itself.
    pub mistakes: Vec<Mistake>,
    /// The store's count of changes; none once the sources were chosen by hand.
    revision: Option<u64>,
}

/// A source, ready to be polled.
pub struct OpenSource {
    /// What the settings say.
    pub entry: SourceEntry,
    pub(super) source: Arc<dyn Source>,
    /// Notes what it reads, if that is kept.
    pub(super) recorder: Option<Arc<Recorder>>,
}

impl OpenSource {
    /// A source of these settings, with what its owner watches for.
    #[must_use]
    pub fn new(entry: SourceEntry, settings: &Settings, tools: &Tools) -> Self {
        let recorder = super::keep::recorder(&settings.keep);
        let tools = Tools {
            door: match &recorder {
                Some(recorder) => Arc::new(tools.door.recorded_by(Arc::clone(recorder))),
                None => Arc::clone(&tools.door),
            },
            clock: Arc::clone(&tools.clock),
        };
        let mut config = entry.config.clone();
        config.also_watch(&settings.watch.keywords);
        let source = config.open(entry.id.clone(), &tools).into();
        Self {
            entry,
            source,
            recorder,
        }
    }

    /// Reads the first page as if for the first time, and keeps nothing.
    ///
    /// # Errors
    /// The source could not be read.
    pub async fn look(&self) -> Result<Polled, SourceError> {
        let polled = self.source.poll(&Cursor::start()).await;
        drop(self.take_documents());
        polled
    }

    /// Whether it reads as these settings say.
    fn follows(&self, entry: &SourceEntry) -> bool {
        self.entry.id == entry.id
            && self.entry.name == entry.name
            && self.entry.interval == entry.interval
            && self.entry.settings == entry.settings
    }
}

impl Pipeline {
    /// The sources as they are now.
    #[must_use]
    pub fn sources(&self) -> Arc<Sources> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&sources)
    }

    /// The source of this name, if it is read.
    #[must_use]
    pub fn source(&self, id: &SourceId) -> Option<Arc<OpenSource>> {
        let sources = self.sources();
        let mut open = sources.open.iter();
        open.find(|source| &source.entry.id == id).map(Arc::clone)
    }

    /// Takes up what people changed of the sources, if they did. What did not change
    /// stays open: a source may hold what it has half read.
    ///
    /// # Errors
    /// The store does not answer; the sources stay as they are.
    pub async fn follow_sources(&self) -> Result<bool, StoreError> {
        let before = self.sources();
        let Some(known) = before.revision else {
            return Ok(false);
        };
        // Read before the settings: a change in between is taken up twice, not never.
        let revision = self.store.source_revision().await?;
        if revision == known {
            return Ok(false);
        }
        self.take_up(revision).await?;
        Ok(true)
    }

    pub(super) async fn take_up(&self, revision: u64) -> Result<(), StoreError> {
        let roster = self.settings.roster(&self.store.source_settings().await?);
        let before = self.sources();
        for mistake in &roster.mistakes {
            if !before.mistakes.contains(mistake) {
                tracing::error!(config.place = mistake.place, "{mistake}; it is left out");
            }
        }
        let open = self.opened(&roster.entries, &before);
        self.put(Sources {
            entries: roster.entries,
            open,
            assumptions: roster.assumptions,
            mistakes: roster.mistakes,
            revision: Some(revision),
        });
        Ok(())
    }

    /// Reads these and no others from now on, whatever people change meanwhile.
    pub fn keep_to(&self, entries: Vec<SourceEntry>) {
        let before = self.sources();
        let open = self.opened(&entries, &before);
        self.put(Sources {
            entries,
            open,
            ..Sources::default()
        });
    }

    /// Reads only the named sources from now on, switched on because they were asked
    /// for by name. Without a name all stay.
    ///
    /// # Errors
    /// There is no source of a name.
    pub fn keep_to_named(&self, ids: &[SourceId]) -> anyhow::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut chosen = Vec::new();
        for id in ids {
            chosen.push(SourceEntry {
                enabled: true,
                ..self.entry(id)?
            });
        }
        self.keep_to(chosen);
        Ok(())
    }

    fn opened(&self, entries: &[SourceEntry], before: &Sources) -> Vec<Arc<OpenSource>> {
        let read = entries.iter().filter(|entry| entry.enabled);
        read.map(|entry| {
            let open = before.open.iter().find(|source| source.follows(entry));
            open.map_or_else(
                || Arc::new(OpenSource::new(entry.clone(), &self.settings, &self.tools)),
                Arc::clone,
            )
        })
        .collect()
    }

    fn put(&self, sources: Sources) {
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(sources);
    }
}
