//! `prahari feedback add|list|remove`.

use clap::Subcommand;
use model::incident::Person;
use model::{Country, FeedbackId, IncidentId, IncidentType, ItemId, Said, Severity};
use store::learning::{FeedbackFilter, Given};

use super::{Outcome, open_existing, print};
use crate::api::feedback::{FeedbackList, FeedbackView};
use crate::config::Settings;
use crate::pipeline::{About, World};

/// Who says what comes by command without a name.
const BY: &str = "command";

/// What people say of incidents and items. It holds at once, and is learned from.
#[derive(Debug, clap::Args)]
pub(super) struct Feedback {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is right about an incident or an item
    Add(Add),
    /// List what was said, newest first
    List(List),
    /// Take back what was said
    Remove {
        /// Its id
        id: FeedbackId,
        #[command(flatten)]
        who: Who,
    },
}

/// Who says it.
#[derive(Debug, clap::Args)]
struct Who {
    /// Your name, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<Person>,
}

impl Who {
    fn name(self) -> String {
        self.by.map_or_else(|| BY.to_owned(), |person| person.0)
    }
}

/// What is said, and of what.
#[derive(Debug, clap::Args)]
struct Add {
    /// Of this incident
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "item",
        conflicts_with = "item"
    )]
    incident: Option<IncidentId>,
    /// Of this item, and so of the incident it is in
    #[arg(long, value_name = "ID")]
    item: Option<ItemId>,
    /// It matters
    #[arg(long, conflicts_with = "not_relevant")]
    relevant: bool,
    /// It does not matter
    #[arg(long, conflicts_with_all = ["types", "severity", "countries"])]
    not_relevant: bool,
    /// Its type, as ransomware or data_breach; all of them, `other` if none fits
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<IncidentType>,
    /// How bad: low, medium, high, critical
    #[arg(long)]
    severity: Option<Severity>,
    /// An affected country, as IN; all of them
    #[arg(long = "country", value_name = "CODE")]
    countries: Vec<Country>,
    /// Why, in your own words
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    who: Who,
}

/// Which feedback.
#[derive(Debug, clap::Args)]
struct List {
    /// On items of this incident
    #[arg(long, value_name = "ID")]
    incident: Option<IncidentId>,
    /// On this item
    #[arg(long, value_name = "ID")]
    item: Option<ItemId>,
    /// At most so many: 1 to 200
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// The page behind this one
    #[arg(long, value_name = "NEXT")]
    after: Option<String>,
}

impl Feedback {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let zone = settings.server.zone.clone();
        let pipeline = open_existing(settings, world).await?;
        match self.command {
            Command::Add(add) => {
                let about = match (add.incident, add.item) {
                    (Some(incident), _) => About::Incident(incident),
                    (None, Some(item)) => About::Item(item),
                    (None, None) => anyhow::bail!("give --incident or --item"),
                };
                let given = |list: Vec<_>| Some(list).filter(|list| !list.is_empty());
                let said = Said {
                    relevant: match (add.relevant, add.not_relevant) {
                        (true, _) => Some(true),
                        (_, true) => Some(false),
                        _ => None,
                    },
                    types: given(add.types),
                    severity: add.severity,
                    countries: Some(add.countries).filter(|list| !list.is_empty()),
                    note: add.note,
                    by: add.who.name(),
                    at: pipeline.clock.now(),
                };
                let given = pipeline.give_feedback(about, said).await?;
                if as_json {
                    print::json(&FeedbackView::from(given))?;
                } else {
                    show(&given, &zone);
                }
            }
            Command::List(list) => {
                let filter = FeedbackFilter {
                    incident: list.incident,
                    item: list.item,
                };
                let after = list.after.as_deref();
                let page = pipeline.store.feedback(&filter, after, list.limit).await?;
                if as_json {
                    print::json(&FeedbackList::from(page))?;
                } else {
                    page.given.iter().for_each(|given| show(given, &zone));
                    print::line(&format!("{} of {}", page.given.len(), page.total));
                    if let Some(next) = &page.next {
                        print::line(&format!("more: --after {next}"));
                    }
                }
            }
            Command::Remove { id, who } => {
                let given = pipeline.withdraw_feedback(id, who.name()).await?;
                if as_json {
                    print::json(&FeedbackView::from(given))?;
                } else {
                    show(&given, &zone);
                    print::line("is taken back");
                }
            }
        }
        Ok(Outcome::Done)
    }
}

fn show(given: &Given, zone: &str) {
    let feedback = &given.feedback;
    print::line(&print::plain(&format!(
        "{}  {}  {}: {}",
        feedback.id,
        print::time(feedback.said.at, zone),
        feedback.said,
        feedback.sample.title
    )));
}
