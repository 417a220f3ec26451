//! The documents of one run, grouped as placement would group them, in memory.
//!
//! Placement in the service looks for candidates in the store; a run of a few
//! thousand documents needs none. The decision itself is the same function.

use std::collections::HashMap;

use model::incident::{Candidate, Link};
use model::{Analysis, CveId, Incident, IncidentId, Item, ItemId};
use uuid::Uuid;

use super::fold::fold;
use super::place::{Placement, place};

/// Candidates looked at for one document, the latest.
const MOST: usize = 50;

/// Stories told by the documents given so far. Give them in order of time.
#[derive(Debug, Default)]
pub struct Run {
    stories: Vec<Incident>,
    by_document: HashMap<String, (usize, ItemId)>,
    by_address: HashMap<String, (usize, ItemId)>,
    by_text: HashMap<[u8; 16], (usize, ItemId)>,
    by_cve: HashMap<CveId, Vec<usize>>,
}

impl Run {
    /// A run without documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the story the document tells, counted from 0 in the order in
    /// which stories were opened; none for an irrelevant one.
    pub fn add(&mut self, item: &Item, analysis: &Analysis) -> Option<usize> {
        if !analysis.relevance.is_relevant() {
            return None;
        }
        let candidates = self.candidates(item, analysis);
        let placement = place(analysis, &candidates);
        let number = match &placement {
            Placement::Joins { incident, .. } => self
                .stories
                .iter()
                .position(|story| story.id == *incident)
                .unwrap_or(self.stories.len()),
            Placement::Opens => self.stories.len(),
        };
        let id = IncidentId(Uuid::from_u128(number as u128));
        let story = fold(
            self.stories.get(number),
            id,
            item,
            analysis,
            &placement,
            &[],
        );
        match self.stories.get_mut(number) {
            Some(known) => *known = story,
            None => self.stories.push(story),
        }
        self.remember(number, item, analysis);
        Some(number)
    }

    fn candidates(&self, item: &Item, analysis: &Analysis) -> Vec<Candidate> {
        let keys = &analysis.story_keys;
        let mut found: Vec<(usize, Link)> = Vec::new();
        let known = self.by_document.get(&item.external_id);
        found.extend(known.map(|(story, id)| (*story, Link::Edit(*id))));
        let known = keys
            .canonical_url
            .as_ref()
            .and_then(|address| self.by_address.get(address));
        found.extend(known.map(|(story, id)| (*story, Link::Address(*id))));
        let known = self.by_text.get(&keys.content_hash);
        found.extend(known.map(|(story, id)| (*story, Link::Text(*id))));
        for cve in &keys.cves {
            for story in self.by_cve.get(cve).into_iter().flatten().rev().take(MOST) {
                found.push((*story, Link::Cve(cve.clone())));
            }
        }
        found.sort();
        found.dedup();
        let mut candidates: Vec<(usize, Candidate)> = Vec::new();
        for (number, link) in found {
            match candidates.last_mut() {
                Some((last, candidate)) if *last == number => candidate.links.push(link),
                _ => {
                    if let Some(incident) = self.stories.get(number) {
                        let incident = incident.clone();
                        let links = vec![link];
                        candidates.push((number, Candidate { incident, links }));
                    }
                }
            }
        }
        candidates
            .into_iter()
            .rev()
            .take(MOST)
            .map(|(_, candidate)| candidate)
            .collect()
    }

    fn remember(&mut self, number: usize, item: &Item, analysis: &Analysis) {
        let keys = &analysis.story_keys;
        let one = (number, item.id);
        self.by_document.insert(item.external_id.clone(), one);
        if let Some(address) = &keys.canonical_url {
            self.by_address.entry(address.clone()).or_insert(one);
        }
        self.by_text.entry(keys.content_hash).or_insert(one);
        for cve in &keys.cves {
            let stories = self.by_cve.entry(cve.clone()).or_default();
            if stories.last() != Some(&number) {
                stories.push(number);
            }
        }
    }
}
