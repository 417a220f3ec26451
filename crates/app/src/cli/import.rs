//! `prahari import`: history from files, with a bar, and again from where it was
//! interrupted. Sends nothing.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sources::Progress;
use sources::import::Format;

use super::{Outcome, open, print};
use crate::config::Settings;
use crate::pipeline::{self, Imported, Pipeline, World};

/// Loads history from files. Files that were imported before are left out, and an
/// import that was interrupted goes on with the file it stood in.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
    /// Read files again that were imported before
    #[arg(long, global = true)]
    again: bool,
}

/// What the files hold.
#[derive(Debug, Subcommand)]
enum What {
    /// NVD's JSON 2.0 feeds: nvdcve-2.0-2026.json.gz
    Nvd(Files),
    /// The CVE list: its release as a zip, or a folder of CVE-….json
    CveList(Files),
    /// CISA's catalogue of known exploited vulnerabilities, as JSON
    Kev(Files),
    /// A table of EPSS: epss_scores-2026-11-20.csv.gz
    Epss(Files),
    /// GitHub's advisories: its advisory database as a zip or a folder, or pages of its API
    Ghsa(Files),
    /// OSV: all.zip of an ecosystem, or a folder of records
    Osv(OsvFiles),
    /// One item a line, as `prahari ingest` reads it
    Jsonl(Files),
}

/// Files and folders.
#[derive(Debug, clap::Args)]
struct Files {
    /// Files, plain, gzipped or zipped, and folders of such files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Files of OSV.
#[derive(Debug, clap::Args)]
struct OsvFiles {
    #[command(flatten)]
    files: Files,
    /// Read records of malicious packages (MAL-…), too
    #[arg(long)]
    malware: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Summary {
    source: &'static str,
    files: u64,
    skipped_files: u64,
    failed_files: u64,
    statements: u64,
    new_vulnerabilities: u32,
    changed_vulnerabilities: u32,
    new_items: u32,
    repeats: u32,
    left_out: u64,
    problems: u64,
    first_problems: Vec<sources::Problem>,
    placed: u64,
}

/// Problems shown on a terminal; `--json` has more.
const PROBLEMS_SHOWN: usize = 20;

impl Import {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let (format, Files { paths }, malware) = match self.what {
            What::Nvd(files) => (Format::Nvd, files, false),
            What::CveList(files) => (Format::CveList, files, false),
            What::Kev(files) => (Format::Kev, files, false),
            What::Epss(files) => (Format::Epss, files, false),
            What::Ghsa(files) => (Format::Ghsa, files, false),
            What::Osv(OsvFiles { files, malware }) => (Format::Osv, files, malware),
            What::Jsonl(files) => (Format::JsonLines, files, false),
        };
        let pipeline = open(settings, world).await?;
        let wanted = pipeline::Import {
            format,
            paths,
            again: self.again,
            malware,
        };
        let bar = bar();
        let imported = pipeline
            .import(wanted, &|Progress { done, total }| {
                bar.set_length(total);
                bar.set_position(done);
            })
            .await;
        bar.finish_and_clear();
        let imported = imported?;
        let placed = if imported.recorded.items > 0 {
            place(&pipeline).await?
        } else {
            0
        };
        let outcome = match (imported.failed, imported.files + imported.skipped) {
            (0, _) => Outcome::Done,
            (_, 0) => Outcome::Failed,
            _ => Outcome::InPart,
        };
        let summary = Summary::of(format, imported, placed);
        if as_json {
            print::json(&summary)?;
        } else {
            summary.show();
        }
        Ok(outcome)
    }
}

/// A bar on a terminal; nothing elsewhere.
fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(
        "importing {bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    ) {
        bar.set_style(style);
    }
    bar
}

/// Places what waits; when a service beside us holds the lane, it places it.
async fn place(pipeline: &Pipeline) -> anyhow::Result<u64> {
    let mut placed = 0;
    let mut waiting = pipeline.store.unplaced_count().await?;
    while waiting > 0 {
        placed += pipeline.place_waiting().await?;
        waiting = pipeline.store.unplaced_count().await?;
        if waiting > 0 {
            pipeline.clock.sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(placed)
}

impl Summary {
    fn of(format: Format, imported: Imported, placed: u64) -> Self {
        let Imported {
            files,
            skipped,
            failed,
            statements,
            left_out,
            recorded,
            problems,
            told,
        } = imported;
        Self {
            source: format.source(),
            files,
            skipped_files: skipped,
            failed_files: failed,
            statements,
            new_vulnerabilities: recorded.new_vulnerabilities,
            changed_vulnerabilities: recorded.changed_vulnerabilities,
            new_items: recorded.items,
            repeats: recorded.repeats,
            left_out,
            problems,
            first_problems: told,
            placed,
        }
    }

    fn show(&self) {
        for problem in self.first_problems.iter().take(PROBLEMS_SHOWN) {
            let text = format!("{}: {}", problem.place, problem.reason);
            print::error(&print::plain(&text));
        }
        let more = self.problems.saturating_sub(PROBLEMS_SHOWN as u64);
        if more > 0 {
            print::error(&format!("{more} more entries could not be read"));
        }
        let mut parts = vec![format!("{} files", self.files)];
        for (count, what) in [
            (self.skipped_files, "imported before"),
            (self.failed_files, "could not be read"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if self.statements > 0 {
            parts.push(format!(
                "{} CVE records ({} new CVEs, {} changed)",
                self.statements, self.new_vulnerabilities, self.changed_vulnerabilities
            ));
        }
        if self.new_items > 0 || self.repeats > 0 {
            parts.push(format!(
                "{} new items, {} known",
                self.new_items, self.repeats
            ));
        }
        if self.left_out > 0 {
            parts.push(format!("{} records left out", self.left_out));
        }
        if self.problems > 0 {
            parts.push(format!("{} problems", self.problems));
        }
        print::line(&format!("{}: {}", self.source, parts.join(", ")));
    }
}
