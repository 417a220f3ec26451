//! `prahari run`: everything in one process, or a part of it, until it is told to stop.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sources::Progress;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Outcome, open};
use crate::config::Settings;
use crate::pipeline::{OpenSource, World};
use crate::service::{self, ProgressSink, Role};

/// Runs everything.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// What this node does, where several share one PostgreSQL
    #[arg(long, value_enum, default_value_t)]
    role: Role,
}

impl Run {
    pub(super) async fn run(self, settings: Settings, world: World) -> anyhow::Result<Outcome> {
        let pipeline = Arc::new(open(settings, world).await?);
        let (stop, stopping) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = stop.send(true);
            // Held until the process ends: a dropped sender would look like a stop too.
            std::future::pending::<()>().await;
        });
        service::run(pipeline, self.role, bars(), stopping).await?;
        Ok(Outcome::Done)
    }
}

/// A bar per long load, on a terminal; nothing elsewhere.
pub(super) fn bars() -> ProgressSink {
    if !std::io::stderr().is_terminal() {
        return Arc::new(|_, _| {});
    }
    let all = MultiProgress::new();
    let bars: Mutex<HashMap<String, ProgressBar>> = Mutex::new(HashMap::new());
    Arc::new(move |source: &OpenSource, progress: Progress| {
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(source.entry.id.to_string()).or_insert_with(|| {
            let bar = all.add(ProgressBar::new(progress.total));
            if let Ok(style) = ProgressStyle::with_template(
                "{prefix} {bar:32} {human_pos} of {human_len}, {eta} left",
            ) {
                bar.set_style(style);
            }
            bar.set_prefix(source.entry.name.clone());
            bar
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        if progress.done >= progress.total {
            bar.finish_and_clear();
        }
    })
}
