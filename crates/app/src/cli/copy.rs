//! `prahari copy`: everything from one database into another.

use anyhow::Context as _;
use serde_json::json;
use store::Location;

use super::progress::Bar;
use super::{Outcome, print};
use crate::config;

/// Copies everything from one database into an empty one: from SQLite to PostgreSQL, or
/// back. What is copied is how things are at the beginning, so stop the service first.
#[derive(Debug, clap::Args)]
pub(super) struct Copy {
    /// A file, or postgres://user:password@host/name
    #[arg(long, value_name = "DATABASE")]
    from: String,
    /// The same; it must hold nothing
    #[arg(long, value_name = "DATABASE")]
    to: String,
}

impl Copy {
    pub(super) async fn run(self, as_json: bool) -> anyhow::Result<Outcome> {
        let from = location("--from", &self.from)?;
        let to = location("--to", &self.to)?;
        let bar = Bar::new();
        let copied = store::copy::copy(from.clone(), to.clone(), false, bar.watcher()).await;
        bar.done();
        let copied = copied.with_context(|| format!("{from} was not copied to {to}"))?;
        if as_json {
            let tables: serde_json::Map<String, serde_json::Value> = copied
                .tables
                .iter()
                .map(|(table, rows)| (table.clone(), (*rows).into()))
                .collect();
            print::json(&json!({
                "from": from.to_string(), "to": to.to_string(),
                "tables": tables, "indexed": copied.indexed,
            }))?;
            return Ok(Outcome::Done);
        }
        for (table, rows) in &copied.tables {
            print::line(&format!("{rows:>12}  {table}"));
        }
        let all: u64 = copied.tables.iter().map(|(_, rows)| rows).sum();
        print::line(&format!(
            "{all:>12}  rows, counted on both sides; the words of {} items indexed",
            copied.indexed
        ));
        print::line(&format!("{to} holds what {from} holds"));
        Ok(Outcome::Done)
    }
}

fn location(flag: &str, text: &str) -> anyhow::Result<Location> {
    config::database(flag, text).map_err(|mistake| anyhow::anyhow!("{mistake}"))
}
