//! Item in, analysis out; analysis in, placement out. Pure text work.
//!
//! The steps, in order: clean the text, extract what is named, read the cues,
//! judge relevance, types, severity, region and sector from them, and name the
//! keys by which placement finds the story. Every judgement carries its reasons.
//!
//! Trained models come in through [`Context`]; cue words from data files are
//! among what they read, and carry what has no model yet.

use model::print::Judged;
use model::{Analysis, Aspect, Entity, EntityKind, Item, ItemKind};

mod clean;
mod context;
mod cues;
mod document;
mod evidence;
mod explain;
mod extract;
pub mod features;
pub mod flaw;
mod fold;
mod language;
pub mod linear;
mod lists;
mod mapped;
mod models;
mod passage;
mod quantity;
mod reading;
pub mod region;
pub mod relevance;
pub mod severity;
pub mod signals;
pub mod story;
pub mod types;
mod url_key;
pub mod weights;
mod work;

/// The parts of name finding that training shares with the pipeline.
pub mod names {
    pub use crate::extract::gazetteer::{
        Builder, EMPTY, Entry, Gazetteer, Match, Table, class, fold_hash, grow,
    };
    pub use crate::extract::name::*;
    pub use crate::extract::token::{Token, tokens};
}

pub use clean::Trace;
pub use context::Context;
pub use document::Document;
pub use extract::product;
pub use models::Models;
pub use reading::{in_passing, reading};
pub use story::{Placement, Run, fold, place};
pub use url_key::canonical_url;

use explain::Read;
use extract::Own;
use features::Terms;
use signals::Signals;

/// Reasons kept for one item; the weightiest tell the story.
const MAX_REASONS: usize = 60;

/// What this item says. Bounded in time for any input, and total: the worst text
/// gives an empty analysis, never a panic.
#[must_use]
pub fn understand(item: &Item, context: &Context) -> Analysis {
    understand_as(item, context, None)
}

/// The same, when a person has said whether the item is relevant: then it is what
/// they say.
#[must_use]
pub fn understand_as(item: &Item, context: &Context, said: Option<bool>) -> Analysis {
    let regions = context.regions();
    let document = Document::of(item, regions);
    let (passages, hits) = (&document.passages, &document.hits);
    let language = language::of(document.title(), document.text());
    let own = Own::new(item.url.as_deref(), context.own_domains());
    let mut named = extract::indicators(item, &own, passages);
    let mut reasons = Vec::new();

    let keywords = context.keywords_in(passages);
    let keyword_reasons: Vec<_> = keywords
        .iter()
        .map(|(spelled, spans)| context::keyword_reason(spelled, spans))
        .collect();

    let prior = region::Prior {
        language: language.as_deref(),
        stated: &item.stated.countries,
    };
    let region = region::judge(&document, regions, prior, &mut named, &mut reasons);
    extract::names(passages, context.models().names(), &own, &mut named);
    for (spelled, spans) in &keywords {
        for span in spans {
            named.add(EntityKind::Keyword, spelled, *span);
        }
    }
    let entities = named.finish();
    let mut story_keys = story::keys(item, passages, &entities);

    let form = relevance::Form {
        kind: item.kind,
        ids: entities.iter().any(is_security_id),
        stated: !item.stated.types.is_empty() || item.stated.severity.is_some(),
        said,
    };
    let models = context.models();
    let line = is_line(item.kind, document.title(), document.text());
    let read = Read {
        document: &document,
        terms: &Terms::of(&document),
        signals: &Signals::of(&document),
        bare: is_bare(item.kind, language.as_deref(), document.title()),
        line,
    };
    let grave = relevance::grave::read(&document, &entities);
    let relevance = relevance::judge(
        models.relevance.as_ref(),
        &read,
        form,
        &keyword_reasons,
        grave.relevant,
        &mut reasons,
    );
    let headed = document
        .title()
        .is_empty()
        .then(|| Signals::headed(&document));
    let about_cves = !story_keys.cves.is_empty();
    let (types, sectors) = if relevance.is_relevant() {
        (
            types::types(
                models.types.as_ref(),
                &read,
                headed.as_ref(),
                &item.stated.types,
                about_cves,
                &mut reasons,
            ),
            types::sectors(passages, hits, &mut reasons),
        )
    } else {
        (Vec::new(), Vec::new())
    };
    let known = severity::Known {
        models: context.models(),
        read: &read,
        is_record: item.kind == ItemKind::CveRecord,
        label: relevance.label,
        types: &types,
        about_cves,
        stated: item.stated.severity,
        grave: grave.severe.as_ref(),
    };
    let severity = severity::judge(passages, hits, &known, &mut reasons);
    let judged = Judged::of(relevance.label, types.iter().map(|tagged| tagged.label));
    story_keys.print = story::print(item, passages, &entities, judged, models);

    reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    keep_reasons(&mut reasons);
    let [title, text] = document.passages.map(|passage| passage.clean);
    Analysis {
        title,
        text,
        language,
        relevance,
        types,
        severity,
        region,
        sectors,
        entities,
        keywords: keywords.into_iter().map(|(spelled, _)| spelled).collect(),
        story_keys,
        reasons,
    }
}

/// Whether the relevance of a text is told like that of a post or a line of a list,
/// not like that of news: its words have other odds. Hindi is, since it was learned
/// beside them.
#[must_use]
pub fn is_bare(kind: ItemKind, language: Option<&str>, title: &str) -> bool {
    kind == ItemKind::Post || title.trim().is_empty() || language == Some("hin")
}

/// Whether its kinds are told like those of a line of an incident list. A post is told
/// like news, and so are a headline without the point that ends a sentence, and Hindi:
/// their kinds were never labelled, and in news cues count most. (Micro F1 of the headlines
/// of news/dev as bare text: 0.82 as lines, 0.87 as news; of incident lines 0.84 and 0.82.)
#[must_use]
pub fn is_line(kind: ItemKind, title: &str, text: &str) -> bool {
    let is_indian = || text.chars().any(is_indian_letter);
    let last =
        text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '”' | '’' | ')'));
    let is_sentence = last.ends_with(['.', '!', '?', '…']);
    kind != ItemKind::Post && title.trim().is_empty() && is_sentence && !is_indian()
}

/// A letter of the scripts of India: from Devanagari to Malayalam, and that of Urdu.
const fn is_indian_letter(c: char) -> bool {
    matches!(c, '\u{904}'..='\u{d7f}' | '\u{620}'..='\u{6ff}')
}

/// An id or a hash that only texts about security hold.
fn is_security_id(entity: &Entity) -> bool {
    matches!(
        entity.kind,
        EntityKind::Cve
            | EntityKind::Cwe
            | EntityKind::Ghsa
            | EntityKind::CertIn
            | EntityKind::Attack
            | EntityKind::Md5
            | EntityKind::Sha1
            | EntityKind::Sha256
            | EntityKind::Sha512
    )
}

/// Cuts the list, but keeps the weightiest reason of every aspect.
fn keep_reasons(reasons: &mut Vec<model::Reason>) {
    let mut seen: Vec<Aspect> = Vec::new();
    let mut index = 0;
    reasons.retain(|reason| {
        index += 1;
        let first = !seen.contains(&reason.aspect);
        if first {
            seen.push(reason.aspect);
        }
        first || index <= MAX_REASONS
    });
}
