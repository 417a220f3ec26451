//! What people say of items and incidents. It holds at once for the incident, above
//! what was read out of its items, and is kept as a label to learn from.

use model::{Feedback, FeedbackId, Incident, IncidentId, IncidentStatus, ItemId, Said, Sample};
use store::learning::{Effect, Given};
use store::{Change, PlacedItem, StoreError};

use super::Pipeline;
use super::refold::refolded;

/// Placement may change an incident while somebody speaks of it: so often it is read
/// again.
const TRIES: u32 = 20;

/// Of what something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Of an incident: of the item that tells it.
    Incident(IncidentId),
    /// Of an item, and so of the incident it is in.
    Item(ItemId),
}

/// Why something said was not kept.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackRefusal {
    /// There is no such incident, item or feedback.
    #[error("{0}")]
    Unknown(String),
    /// What is said makes no sense: say it otherwise.
    #[error("{what}")]
    Wrong {
        /// Which part.
        field: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// The store could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Longest note, in characters.
const LONGEST_NOTE: usize = 500;
/// Countries that can be named at once.
const MOST_COUNTRIES: usize = 30;

impl Pipeline {
    /// Keeps what a person says, and lets it hold at once. An item that was found
    /// irrelevant and is said to matter is placed, as history: it alerts nobody.
    ///
    /// # Errors
    /// See [`FeedbackRefusal`].
    pub async fn give_feedback(&self, about: About, said: Said) -> Result<Given, FeedbackRefusal> {
        let said = sensible(said)?;
        let id = FeedbackId(self.ids.next_id());
        for _ in 0..TRIES {
            let (placed, incident) = self.spoken_of(about).await?;
            let feedback = Feedback {
                id,
                item: placed.item.id,
                said: said.clone(),
                sample: sample(&placed),
            };
            let effect = match &incident {
                Some(before) => {
                    let all = before.said.clone().into_iter().chain([said.clone()]);
                    Effect::Incident(Box::new(after(before, before.clone(), Said::together(all))))
                }
                None if said.relevant == Some(true) => Effect::Placement(placed.item.id),
                None => Effect::Nothing,
            };
            let is_placement = matches!(effect, Effect::Placement(_));
            if self.store.keep_feedback(feedback, effect).await? {
                if is_placement && let Err(error) = self.place_waiting().await {
                    tracing::warn!("an item that is said to matter waits for placement: {error}");
                }
                let given = self.store.one_feedback(id).await?;
                return given.ok_or_else(|| unknown_feedback(id));
            }
        }
        Err(busy())
    }

    /// Takes back what a person said: the incident is what its items and the rest of
    /// what was said make of it. `by`: who takes it back.
    ///
    /// # Errors
    /// See [`FeedbackRefusal`].
    pub async fn withdraw_feedback(
        &self,
        id: FeedbackId,
        by: String,
    ) -> Result<Given, FeedbackRefusal> {
        for _ in 0..TRIES {
            let given = self.store.one_feedback(id).await?;
            let given = given.ok_or_else(|| unknown_feedback(id))?;
            let effect = match given.incident {
                Some(incident) => self.without(incident, id).await?,
                None => Effect::Nothing,
            };
            let change = Change {
                at: self.clock.now(),
                by: by.clone(),
            };
            let feedback = given.feedback.clone();
            if self
                .store
                .withdraw_feedback(feedback, change, effect)
                .await?
            {
                return Ok(given);
            }
        }
        Err(busy())
    }

    /// The item that is spoken of, and the incident it is in.
    async fn spoken_of(
        &self,
        about: About,
    ) -> Result<(PlacedItem, Option<Incident>), FeedbackRefusal> {
        match about {
            About::Incident(id) => {
                let detail = self.store.incident(id).await?;
                let unknown = || FeedbackRefusal::Unknown(format!("there is no incident {id}"));
                let detail = detail.ok_or_else(unknown)?;
                let told_by = |placed: &&PlacedItem| {
                    placed.item.source == detail.incident.source
                        && placed.item.url == detail.incident.url
                };
                let items = detail
                    .items
                    .iter()
                    .filter(|placed| placed.repeat_of.is_none());
                let teller = items.clone().find(told_by).or_else(|| items.clone().next());
                let teller = teller.cloned().ok_or_else(unknown)?;
                Ok((teller, Some(detail.incident)))
            }
            About::Item(id) => {
                let placed = self.store.placed_item(id).await?;
                let placed = placed.ok_or_else(|| {
                    FeedbackRefusal::Unknown(format!(
                        "there is no item {id}, or it still waits for placement"
                    ))
                })?;
                let incident = match self.store.placement_of(id).await?.flatten() {
                    Some(incident) => self.store.incident(incident).await?,
                    None => None,
                };
                Ok((placed, incident.map(|detail| detail.incident)))
            }
        }
    }

    /// The incident without one of the things said of it.
    async fn without(
        &self,
        incident: IncidentId,
        id: FeedbackId,
    ) -> Result<Effect, FeedbackRefusal> {
        let Some(story) = self.store.story(incident).await? else {
            return Ok(Effect::Nothing);
        };
        let items: Vec<ItemId> = story.items.iter().map(|placed| placed.item.id).collect();
        let left = self.store.feedback_on(&items).await?;
        let left = left.into_iter().filter(|one| one.id != id);
        let said = Said::together(left.map(|one| one.said));
        let known = self.store.vulnerabilities(&story.incident.cves).await?;
        let Some(read) = refolded(story.incident.id, &story.items, &known) else {
            return Ok(Effect::Nothing);
        };
        Ok(Effect::Incident(Box::new(after(
            &story.incident,
            read,
            said,
        ))))
    }
}

/// `read`, with this said of it, in the place of `before`. What is said not to matter
/// is dismissed; taken back, it is new again.
fn after(before: &Incident, read: Incident, said: Option<Said>) -> Incident {
    let dismisses = |said: &Option<Said>| {
        said.as_ref()
            .is_some_and(|said| said.relevant == Some(false))
    };
    let status = match (dismisses(&before.said), dismisses(&said), before.status) {
        (false, true, IncidentStatus::New | IncidentStatus::Watching) => IncidentStatus::Dismissed,
        (true, false, IncidentStatus::Dismissed) => IncidentStatus::New,
        (_, _, status) => status,
    };
    let mut after = Incident {
        revision: before.revision.saturating_add(1),
        status,
        said,
        ..read
    };
    after.heed();
    after
}

/// What is said, cleaned; or what is wrong with it.
fn sensible(mut said: Said) -> Result<Said, FeedbackRefusal> {
    let wrong = |field, what: &str| {
        Err(FeedbackRefusal::Wrong {
            field,
            what: what.to_owned(),
        })
    };
    if said.is_empty() {
        return wrong(
            "relevant",
            "nothing is said: give relevant, types, severity or countries",
        );
    }
    if said.relevant == Some(false)
        && (said.types.is_some() || said.severity.is_some() || said.countries.is_some())
    {
        return wrong(
            "relevant",
            "what does not matter has no types, severity or countries",
        );
    }
    if let Some(types) = &mut said.types {
        types.sort_unstable();
        types.dedup();
        if types.is_empty() {
            return wrong("types", "give at least one type; `other` if none fits");
        }
        if types.len() > 1 && types.contains(&model::IncidentType::Other) {
            return wrong("types", "`other` stands for none of the others");
        }
    }
    if let Some(countries) = &mut said.countries {
        let mut seen = Vec::new();
        countries.retain(|country| {
            let fresh = !seen.contains(country);
            seen.push(*country);
            fresh
        });
        if countries.len() > MOST_COUNTRIES {
            return wrong("countries", "more than 30 countries");
        }
    }
    said.note = said
        .note
        .map(|note| {
            let plain = note.chars().map(|c| if c.is_control() { ' ' } else { c });
            plain.collect::<String>().trim().to_owned()
        })
        .filter(|note| !note.is_empty());
    if let Some(note) = &said.note
        && note.chars().count() > LONGEST_NOTE
    {
        return wrong("note", "longer than 500 characters");
    }
    Ok(said)
}

/// The text of an item, to learn from.
pub(super) fn sample(placed: &PlacedItem) -> Sample {
    let analysis = &placed.analysis;
    Sample {
        kind: placed.item.kind,
        language: analysis.language.clone(),
        title: analysis.title.clone(),
        text: analysis.text.chars().take(Sample::LONGEST).collect(),
    }
}

fn unknown_feedback(id: FeedbackId) -> FeedbackRefusal {
    FeedbackRefusal::Unknown(format!("there is no feedback {id}"))
}

fn busy() -> FeedbackRefusal {
    FeedbackRefusal::Store(StoreError::Busy(
        "the incident keeps changing; try again".to_owned(),
    ))
}
