//! `prahari prune`: forgets what is older than the settings keep it.

use serde_json::json;
use store::upkeep::Forgotten;

use super::progress::Bar;
use super::{Outcome, open_existing, print};
use crate::config::Settings;
use crate::pipeline::World;

/// Forgets what is older than [retention] in the settings says, as a running service
/// does every night. It may run beside one.
#[derive(Debug, clap::Args)]
pub(super) struct Prune {
    /// Forget nothing, and say what would be forgotten
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let pipeline = open_existing(settings, world).await?;
        let would = pipeline.forgettable().await?;
        let done = if self.dry_run {
            would
        } else {
            let bar = Bar::new();
            let watcher = bar.watcher();
            let all = |of: &Forgotten| of.irrelevant + of.items + of.incidents + of.deliveries;
            let done = pipeline
                .forget(&|done| {
                    watcher(&store::copy::Step {
                        what: "forgetting".to_owned(),
                        done: all(done),
                        of: all(&would).max(all(done)),
                    });
                })
                .await;
            bar.done();
            done?
        };
        if as_json {
            print::json(&json!({
                "dry_run": self.dry_run,
                "irrelevant_items": done.irrelevant,
                "incidents": done.incidents,
                "items": done.items,
                "deliveries": done.deliveries,
            }))?;
        } else {
            print::line(&format!(
                "{} {} irrelevant items, {} incidents with {} items, and {} deliveries",
                if self.dry_run {
                    "would forget"
                } else {
                    "forgot"
                },
                done.irrelevant,
                done.incidents,
                done.items,
                done.deliveries
            ));
        }
        Ok(Outcome::Done)
    }
}
