//! The documents of one run, grouped as placement would group them, in memory.
//!
//! Placement in the service looks for candidates in the store; a run of a few
//! thousand documents needs none. The decision itself is the same function.

use std::collections::HashMap;

use model::incident::{Candidate, Link};
use model::{Analysis, CveId, Incident, IncidentId, Item, ItemId, Member};
use uuid::Uuid;

use super::fold::fold;
use super::likeness::Compared;
use super::place::{Placement, place};
use super::shelf::Shelf;
use crate::Context;

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
    by_words: Shelf,
}

impl Run {
    /// A run without documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the story the document tells, counted from 0 in the order in
    /// which stories were opened; none for an irrelevant one.
    pub fn add(&mut self, item: &Item, analysis: &Analysis, context: &Context) -> Option<usize> {
        if !analysis.relevance.is_relevant() {
            return None;
        }
        let candidates = self.candidates(item, analysis, context);
        let placement = place(item, analysis, &candidates, context);
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
        let repeats =
            matches!(&placement, Placement::Joins { repeat_of, .. } if repeat_of.is_some());
        self.remember(number, item, analysis, repeats);
        Some(number)
    }

    /// Stories that share a key with the item, and those that it may join for its
    /// words; to copy all that share words would cost more than to compare them.
    fn candidates(&self, item: &Item, analysis: &Analysis, context: &Context) -> Vec<Candidate> {
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
                        let candidate = Candidate {
                            incident,
                            links: vec![link],
                            members: Vec::new(),
                            apart: Vec::new(),
                        };
                        candidates.push((number, candidate));
                    }
                }
            }
        }
        let model = context.models().stories();
        let (print, at) = (&keys.print, item.effective());
        let compared = Compared::new(print);
        for (number, members) in self.by_words.near(print, at) {
            let known = candidates.iter_mut().find(|(known, _)| *known == number);
            let owned = || -> Vec<Member> { members.iter().copied().cloned().collect() };
            let may_join = || model.is_some_and(|it| it.joining(&compared, at, &members).is_some());
            match (known, self.stories.get(number)) {
                (Some((_, candidate)), _) => candidate.members = owned(),
                (None, Some(incident)) if may_join() => {
                    let candidate = Candidate {
                        incident: incident.clone(),
                        links: Vec::new(),
                        members: owned(),
                        apart: Vec::new(),
                    };
                    candidates.push((number, candidate));
                }
                (None, _) => {}
            }
        }
        candidates
            .into_iter()
            .rev()
            .take(MOST)
            .map(|(_, candidate)| candidate)
            .collect()
    }

    fn remember(&mut self, number: usize, item: &Item, analysis: &Analysis, repeats: bool) {
        let keys = &analysis.story_keys;
        let one = (number, item.id);
        self.by_document.insert(item.external_id.clone(), one);
        if let Some(address) = &keys.canonical_url {
            self.by_address.entry(address.clone()).or_insert(one);
        }
        self.by_text.entry(keys.content_hash).or_insert(one);
        if !repeats && !keys.print.is_empty() {
            let member = Member {
                item: item.id,
                at: item.effective(),
                print: keys.print.clone(),
            };
            self.by_words.add(number, member);
        }
        for cve in &keys.cves {
            let stories = self.by_cve.entry(cve.clone()).or_default();
            if stories.last() != Some(&number) {
                stories.push(number);
            }
        }
    }
}
