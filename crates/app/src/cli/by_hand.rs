//! `prahari incident status|assign|tag|note|split|merge|not-same|similar`: what people
//! do about incidents.

use clap::Subcommand;
use model::incident::{NoteText, Person, Tag};
use model::{IncidentId, IncidentStatus, ItemId};
use store::Change;
use store::handling::{Act, Handled, Similar};

use super::{Outcome, open_existing, print};
use crate::api::view::{IncidentSummary, SimilarIncident, SimilarList};
use crate::config::Settings;
use crate::pipeline::{ByHandError, Hand, Pipeline, World};

/// Who does it when nobody says.
const BY: &str = "command";

#[derive(Debug, Subcommand)]
pub(super) enum ByHand {
    /// Set what was done about an incident: new, watching, handled or dismissed
    Status {
        /// Its id
        id: IncidentId,
        /// What was done
        status: IncidentStatus,
        #[command(flatten)]
        who: Who,
    },
    /// Say who looks after an incident
    Assign {
        /// Its id
        id: IncidentId,
        /// Who
        #[arg(required_unless_present = "nobody")]
        person: Option<Person>,
        /// Nobody
        #[arg(long, conflicts_with = "person")]
        nobody: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Add tags to an incident, or take some away
    Tag {
        /// Its id
        id: IncidentId,
        /// Tags to add
        #[arg(required_unless_present = "remove")]
        tags: Vec<Tag>,
        /// A tag to take away; may be given several times
        #[arg(long, value_name = "TAG")]
        remove: Vec<Tag>,
        #[command(flatten)]
        who: Who,
    },
    /// Write a note beside an incident
    Note {
        /// Its id
        id: IncidentId,
        /// The note
        text: NoteText,
        #[command(flatten)]
        who: Who,
    },
    /// Let items leave an incident and open another, for good
    Split {
        /// Its id
        id: IncidentId,
        /// The items that leave, by id (`incident show` names them)
        #[arg(required = true)]
        items: Vec<ItemId>,
        #[command(flatten)]
        who: Who,
    },
    /// Let an incident go into another; its id leads there from then on
    Merge {
        /// Its id
        id: IncidentId,
        /// The id of the other
        into: IncidentId,
        #[command(flatten)]
        who: Who,
    },
    /// Take an item out of an incident to which it does not belong, and place it again
    NotSame {
        /// The incident's id
        id: IncidentId,
        /// The item's id
        item: ItemId,
        #[command(flatten)]
        who: Who,
    },
    /// Show the incidents that read most like one
    Similar {
        /// Its id
        id: IncidentId,
        /// At most so many
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
        limit: u32,
    },
}

/// Who does it, and what they looked at.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// Your name, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<Person>,
    /// Only if the incident is still at this revision
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
}

impl Who {
    fn hand(self) -> Hand {
        Hand {
            by: self.by.map_or_else(|| BY.to_owned(), |person| person.0),
            seen: self.revision,
        }
    }
}

impl ByHand {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let pipeline = open_existing(settings, world).await?;
        let changed: Vec<IncidentSummary> = match self {
            Self::Status { id, status, who } => {
                let act = Act {
                    status: Some(status),
                    ..Act::default()
                };
                vec![handle(&pipeline, id, act, who).await?]
            }
            Self::Assign {
                id, person, who, ..
            } => {
                let act = Act {
                    assignee: Some(person),
                    ..Act::default()
                };
                vec![handle(&pipeline, id, act, who).await?]
            }
            Self::Tag {
                id,
                tags,
                remove,
                who,
            } => {
                let act = Act {
                    add_tags: tags,
                    remove_tags: remove,
                    ..Act::default()
                };
                vec![handle(&pipeline, id, act, who).await?]
            }
            Self::Note { id, text, who } => {
                let act = Act {
                    note: Some(text),
                    ..Act::default()
                };
                vec![handle(&pipeline, id, act, who).await?]
            }
            Self::Split { id, items, who } => {
                let (left, opened) = pipeline.split(id, &items, &who.hand()).await?;
                vec![left.into(), opened.into()]
            }
            Self::Merge { id, into, who } => {
                vec![pipeline.merge(id, into, &who.hand()).await?.into()]
            }
            Self::NotSame { id, item, who } => {
                let (left, placed) = pipeline.take_out(id, item, &who.hand()).await?;
                let placed = placed.map(IncidentSummary::from);
                std::iter::once(left.into()).chain(placed).collect()
            }
            Self::Similar { id, limit } => {
                let found = pipeline.store.similar(id, limit).await?;
                let found = found.ok_or(ByHandError::Unknown(id))?;
                return similar(found, as_json);
            }
        };
        if as_json {
            print::json(&changed)?;
            return Ok(Outcome::Done);
        }
        for incident in &changed {
            print::line(&one(incident));
        }
        Ok(Outcome::Done)
    }
}

async fn handle(
    pipeline: &Pipeline,
    id: IncidentId,
    act: Act,
    who: Who,
) -> anyhow::Result<IncidentSummary> {
    let Hand { by, seen } = who.hand();
    let at = pipeline.clock.now();
    let handled = pipeline
        .store
        .handle(id, act, Change { at, by }, seen)
        .await?;
    match handled {
        Handled::Done(incident) => Ok((*incident).into()),
        Handled::Unknown => Err(ByHandError::Unknown(id).into()),
        Handled::Changed(revision) => Err(ByHandError::Changed(revision).into()),
        Handled::Full(what) => anyhow::bail!("the incident has as many {what} as it takes"),
    }
}

fn similar(found: Vec<Similar>, as_json: bool) -> anyhow::Result<Outcome> {
    let list = SimilarList {
        incidents: found.into_iter().map(SimilarIncident::from).collect(),
    };
    if as_json {
        print::json(&list)?;
        return Ok(Outcome::Done);
    }
    for similar in &list.incidents {
        print::line(&format!("{:.2}  {}", similar.score, one(&similar.incident)));
        print::line(&format!("      both: {}", similar.shared.join(", ")));
    }
    if list.incidents.is_empty() {
        print::line("none reads like it");
    }
    Ok(Outcome::Done)
}

/// An incident in one line.
fn one(incident: &IncidentSummary) -> String {
    let assignee = incident
        .assignee
        .as_ref()
        .map(|name| format!(" · {}", print::plain(name)))
        .unwrap_or_default();
    let tags: String = incident.tags.iter().map(|tag| format!(" #{tag}")).collect();
    format!(
        "{}  {} {:<8} {}{assignee}{tags}  {}",
        incident.id,
        incident.severity.mark(),
        incident.severity.word(),
        incident.status,
        print::plain(&incident.title),
    )
}
