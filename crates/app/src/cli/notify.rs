//! `prahari notify`: test channels, see and replay dead letters.

use clap::Subcommand;
use model::{ChannelId, DeliveryId, DeliveryState};
use serde::Serialize;

use super::{Outcome, open, open_existing, print};
use crate::config::Settings;
use crate::pipeline::{Pipeline, World};

/// Channels and their deliveries.
#[derive(Debug, clap::Args)]
pub(super) struct Notify {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a test message through every channel, or through one; a test that goes
    /// through ends the channel's pause
    Test {
        /// Only this channel
        channel: Option<ChannelId>,
    },
    /// List dead letters, newest first
    Dead,
    /// Make dead letters pending again; a running service sends them
    Replay {
        /// Which; all if absent
        id: Option<DeliveryId>,
    },
}

/// What came of a test.
#[derive(Debug, Serialize)]
struct Tested {
    channel: ChannelId,
    address: String,
    error: Option<String>,
}

/// A dead letter.
#[derive(Debug, Serialize)]
struct Dead {
    id: DeliveryId,
    channel: ChannelId,
    attempts: u32,
    error: Option<String>,
}

/// Dead letters listed or replayed at once.
const MOST: u32 = 1_000;

impl Notify {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Test { channel } => {
                test(&open(settings, world).await?, channel, as_json).await
            }
            Command::Dead => dead(&open_existing(settings, world).await?, as_json).await,
            Command::Replay { id } => {
                replay(&open_existing(settings, world).await?, id, as_json).await
            }
        }
    }
}

async fn test(
    pipeline: &Pipeline,
    only: Option<ChannelId>,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let chosen: Vec<_> = pipeline
        .channels
        .iter()
        .filter(|channel| only.as_ref().is_none_or(|only| *only == channel.entry.id))
        .collect();
    if let (Some(only), true) = (&only, chosen.is_empty()) {
        anyhow::bail!("there is no channel `{only}`");
    }
    anyhow::ensure!(
        !chosen.is_empty(),
        "no channel is configured; set EMAIL_USER, SLACK_TOKEN or TELEGRAM_TOKEN, or write [[channels]]"
    );
    let mut tested = Vec::new();
    for open in chosen {
        let error = pipeline
            .test_channel(open)
            .await
            .err()
            .map(|error| error.to_string());
        let result = Tested {
            channel: open.entry.id.clone(),
            address: open.channel.address(),
            error,
        };
        if !as_json {
            let outcome = result.error.as_ref().map_or_else(
                || "sent".to_owned(),
                |error| format!("failed: {}", print::plain(error)),
            );
            print::line(&format!(
                "{} → {}: {outcome}",
                result.channel, result.address
            ));
        }
        tested.push(result);
    }
    if as_json {
        print::json(&tested)?;
    }
    let failed = tested
        .iter()
        .filter(|result| result.error.is_some())
        .count();
    Ok(match failed {
        0 => Outcome::Done,
        n if n == tested.len() => Outcome::Failed,
        _ => Outcome::InPart,
    })
}

async fn dead(pipeline: &Pipeline, as_json: bool) -> anyhow::Result<Outcome> {
    let letters = pipeline
        .store
        .deliveries(Some(DeliveryState::Dead), MOST)
        .await?;
    let letters: Vec<Dead> = letters
        .into_iter()
        .map(|delivery| Dead {
            id: delivery.id,
            channel: delivery.channel,
            attempts: delivery.attempts,
            error: delivery.error,
        })
        .collect();
    if as_json {
        print::json(&letters)?;
        return Ok(Outcome::Done);
    }
    for letter in &letters {
        print::line(&format!(
            "{}  {}  {}",
            letter.id,
            letter.channel,
            print::plain(letter.error.as_deref().unwrap_or_default())
        ));
    }
    print::line(&format!("{} dead letters", letters.len()));
    Ok(Outcome::Done)
}

async fn replay(
    pipeline: &Pipeline,
    id: Option<DeliveryId>,
    as_json: bool,
) -> anyhow::Result<Outcome> {
    let ids = match id {
        Some(id) => vec![id],
        None => pipeline
            .store
            .deliveries(Some(DeliveryState::Dead), MOST)
            .await?
            .into_iter()
            .map(|delivery| delivery.id)
            .collect(),
    };
    let mut replayed = 0_u32;
    for wanted in ids {
        if pipeline.store.replay(wanted, pipeline.clock.now()).await? {
            replayed += 1;
        } else if id.is_some() {
            anyhow::bail!("{wanted} is not a dead letter");
        }
    }
    if as_json {
        print::json(&serde_json::json!({ "replayed": replayed }))?;
    } else {
        print::line(&format!("{replayed} pending again"));
    }
    Ok(Outcome::Done)
}
