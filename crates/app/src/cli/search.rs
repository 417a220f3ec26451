//! `prahari search WORDS`.

use super::{Outcome, incident::Listing};
use crate::config::Settings;
use crate::pipeline::World;

/// Finds incidents by words.
#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// Words that stand in the incident's items, all of them; "quoted words" stand
    /// together; a last word with * is a beginning
    #[arg(required = true)]
    words: Vec<String>,
    #[command(flatten)]
    listing: Listing,
}

impl Search {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        self.listing
            .print(Some(self.words.join(" ")), settings, world, as_json)
            .await
    }
}
