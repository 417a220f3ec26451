//! The flow: collect, place, alert, deliver. Each stage is a function that does
//! what is due and says what it did; the service calls them in turn, and so do
//! `prahari ingest` and the tests.
//!
//! Between the stages stands the store: what one stage has committed the next one
//! finds, whoever runs it and however often the process dies in between.

mod alert;
pub(crate) mod audit;
mod by_hand;
mod change;
mod collect;
mod conduct;
mod deliver;
mod difference;
mod feedback;
mod forget;
mod import;
mod keep;
mod look;
pub(crate) mod models;
mod pacing;
mod place;
mod query;
mod refold;
mod reprocess;
mod sources;
mod stream;
mod training;
mod turn;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use channels::Channel;
use model::{ChannelId, Clock, IdMaker, Milestones, Timestamp};
use net::Door;
use rules::RuleSet;
use store::{Location, Store, StoreError};

use crate::config::{ChannelEntry, Settings};

pub use self::sources::{OpenSource, Sources};
pub use by_hand::{ByHandError, Hand};
pub use change::{Candidate, NewSource, Refusal, Removal};
pub use collect::{Poll, PollError};
pub use deliver::Delivered;
pub use difference::Difference;
pub use feedback::{About, FeedbackRefusal};
pub use import::{Import, Imported};
pub use look::Looked;
pub use models::{ModelRefusal, Standing, Version};
pub use place::PlaceError;
pub use query::RuleTest;
pub use reprocess::{Reprocess, Reprocessed};
pub use stream::OpenStream;
pub use training::{Labels, Training};

/// Everything the stages need.
pub struct Pipeline {
    /// The settings it was made from.
    pub settings: Settings,
    /// The memory.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The channels that speak.
    pub channels: Vec<OpenChannel>,
    /// The sources as they are now; people change them while we run.
    sources: RwLock<Arc<Sources>>,
    /// What every source is given.
    tools: ::sources::Tools,
    ids: Arc<dyn IdMaker>,
    milestones: Arc<dyn Milestones>,
    /// What understanding knows, with the models as they are now.
    live: RwLock<Arc<models::Live>>,
    /// What is being trained.
    busy: training::Busy,
    rules: RuleSet,
    /// Names this process in leases.
    holder: String,
    /// When it was opened: what was noted before says nothing of now.
    begun: Timestamp,
    /// Whether most sources cannot be reached, as the latest audit saw it.
    offline: AtomicBool,
    /// One placement at a time within the process; the lease keeps others out.
    lane: tokio::sync::Mutex<()>,
}

/// A channel, ready to deliver.
pub struct OpenChannel {
    /// What the settings say.
    pub entry: ChannelEntry,
    /// The channel.
    pub channel: Box<dyn Channel>,
}

/// What the world gives a pipeline: time, ids, and who is told of milestones.
#[derive(Clone)]
pub struct World {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdMaker>,
    /// Milestones.
    pub milestones: Arc<dyn Milestones>,
}

impl Pipeline {
    /// Opens the store, the sources and the channels.
    ///
    /// # Errors
    /// The store cannot be opened, or a setting contradicts itself.
    pub async fn open(settings: Settings, world: World) -> anyhow::Result<Self> {
        if let Location::File(path) = &settings.database
            && let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        }
        let store = store::open(settings.database.clone(), Arc::clone(&world.milestones))
            .await
            .with_context(|| settings.database.to_string())?;
        Self::with_store(settings, world, store).await
    }

    /// A pipeline over a store that is open already.
    ///
    /// # Errors
    /// A setting contradicts itself, or the store does not answer.
    pub async fn with_store(
        settings: Settings,
        world: World,
        store: Arc<dyn Store>,
    ) -> anyhow::Result<Self> {
        let door = Arc::new(
            Door::new(settings.net.clone(), Arc::clone(&world.clock))
                .map_err(anyhow::Error::msg)?,
        );
        let tools = ::sources::Tools {
            door: Arc::clone(&door),
            clock: Arc::clone(&world.clock),
        };
        let channels = open_channels(&settings, &store, &world.clock, door).await?;
        let rules = RuleSet::compile(settings.rules.clone());
        let live = models::Live::shipped(settings.context());
        let holder = world.ids.next_id().to_string();
        let begun = world.clock.now();
        let pipeline = Self {
            settings,
            store,
            clock: world.clock,
            channels,
            sources: RwLock::default(),
            tools,
            ids: world.ids,
            milestones: world.milestones,
            live: RwLock::new(Arc::new(live)),
            busy: training::Busy::default(),
            rules,
            holder,
            begun,
            offline: AtomicBool::new(false),
            lane: tokio::sync::Mutex::new(()),
        };
        let revision = pipeline.store.source_revision().await?;
        pipeline.take_up(revision).await?;
        pipeline.follow_models().await?;
        Ok(pipeline)
    }

    /// A fresh id.
    pub(crate) fn next_id(&self) -> uuid::Uuid {
        self.ids.next_id()
    }

    /// The channels' names.
    #[must_use]
    pub fn channel_ids(&self) -> Vec<ChannelId> {
        self.channels
            .iter()
            .map(|channel| channel.entry.id.clone())
            .collect()
    }
}

/// Memo under which a channel's settings fingerprint is kept.
const SETTINGS_MEMO: &str = "settings";
/// Memo under which a learned address is kept: a Telegram chat.
pub(crate) const ADDRESS_MEMO: &str = "address";

/// Opens every channel. A channel whose settings changed since it was paused is
/// resumed: its deliveries have waited for just that.
async fn open_channels(
    settings: &Settings,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    door: Arc<Door>,
) -> anyhow::Result<Vec<OpenChannel>> {
    let tools = channels::Tools {
        door,
        clock: Arc::clone(clock),
    };
    let mut open = Vec::new();
    for entry in &settings.channels {
        let mut config = entry.config.clone();
        if store
            .channel_memo(&entry.id, SETTINGS_MEMO)
            .await?
            .as_deref()
            != Some(entry.fingerprint.as_str())
        {
            store
                .keep_channel_memo(&entry.id, SETTINGS_MEMO, &entry.fingerprint)
                .await?;
            // What was learned belonged to the old settings.
            store.keep_channel_memo(&entry.id, ADDRESS_MEMO, "").await?;
            if store.resume(&entry.id).await? {
                tracing::info!(channel.id = %entry.id, "{} has new settings and is no longer paused", entry.id);
            }
        } else if let Some(address) = store.channel_memo(&entry.id, ADDRESS_MEMO).await?
            && !address.is_empty()
        {
            config.learned(&address);
        }
        let channel = config
            .open(entry.id.clone(), &tools)
            .map_err(|what| anyhow::anyhow!("channel {}: {what}", entry.id))?;
        open.push(OpenChannel {
            entry: entry.clone(),
            channel,
        });
    }
    Ok(open)
}

/// The name of the lease that keeps placement in one lane.
const LANE: &str = "placement";

impl From<StoreError> for PollError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
