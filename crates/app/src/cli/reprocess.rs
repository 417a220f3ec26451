//! `prahari reprocess`: what is kept, read again and understood again.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use model::{SourceId, Timestamp};
use sources::Progress;

use super::{Outcome, open_existing, print};
use crate::config::Settings;
use crate::pipeline::{self, Reprocessed, World};

/// Reads kept documents again with the parsers of this version, and understands
/// stored items again with its models. Alerts nobody. One that was interrupted goes
/// on where it was, when it is started again with the same flags.
#[derive(Debug, clap::Args)]
pub(super) struct Reprocess {
    /// Only what came from this source
    #[arg(long, value_name = "ID")]
    source: Option<SourceId>,
    /// Only what came at or after this time or date, as 2026-11-21
    #[arg(long, value_name = "DATE", value_parser = time)]
    since: Option<Timestamp>,
    /// Only read kept documents again
    #[arg(long, conflicts_with = "items_only")]
    raw_only: bool,
    /// Only understand stored items again
    #[arg(long)]
    items_only: bool,
    /// Change nothing, and say what would change
    #[arg(long)]
    dry_run: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let date = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    text.parse()
        .ok()
        .or_else(date)
        .ok_or_else(|| "not a time, as 2026-11-21 or 2026-11-21T09:00:00Z".to_owned())
}

impl Reprocess {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let pipeline = open_existing(settings, world).await?;
        if let Some(id) = &self.source
            && !self.items_only
            && pipeline.source(id).is_none()
        {
            anyhow::bail!(
                "there is no source {id}, or it is off; its items alone can be understood again: --items-only"
            );
        }
        let wanted = pipeline::Reprocess {
            source: self.source,
            since: self.since,
            documents: !self.items_only,
            items: !self.raw_only,
            dry_run: self.dry_run,
        };
        let bar = bar();
        let done = pipeline
            .reprocess(wanted, &|Progress { done, total }| {
                bar.set_length(total);
                bar.set_position(done);
            })
            .await;
        bar.finish_and_clear();
        let done = done?;
        if as_json {
            print::json(&done)?;
        } else {
            show(&done, self.dry_run);
        }
        Ok(if done.unreadable > 0 {
            Outcome::InPart
        } else {
            Outcome::Done
        })
    }
}

/// A bar on a terminal; nothing elsewhere.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("reprocessing {bar:32} {pos} of {len}, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

fn show(done: &Reprocessed, dry_run: bool) {
    for problem in &done.first_problems {
        print::error(&print::plain(problem));
    }
    let more = done.problems - done.first_problems.len() as u64;
    if more > 0 {
        print::error(&format!("{more} more entries could not be read"));
    }
    for difference in &done.differences {
        print::line(&print::plain(&format!(
            "{}  {}: {}",
            difference.source,
            difference.title,
            difference.what.join("; ")
        )));
    }
    let told = done.differences.len() as u64;
    let all = done.changed + if dry_run { done.new_items } else { 0 };
    if all > told {
        print::line(&format!("and {} more", all - told));
    }
    if done.resumed {
        print::line("went on where the run before was interrupted");
    }
    let would = if dry_run { "would be " } else { "" };
    print::line(&format!(
        "{} documents read again ({} unreadable, {} of sources that are off): {} items {would}new, {} CVEs {would}changed",
        done.documents,
        done.unreadable,
        done.left_out,
        done.new_items,
        done.changed_vulnerabilities
    ));
    print::line(&format!(
        "{} items understood again: {} {would}changed, {} incidents {would}changed, {} {would}placed anew",
        done.items, done.changed, done.incidents, done.placed_anew
    ));
}
