//! The incident with one more item in it.
//!
//! Folding is a function of what stands in the store: run again on the same
//! incident, item and placement it gives the same result, so a step that died
//! before its commit can simply be done again.

use model::{
    Analysis, Aspect, ClaimStatus, CveId, EntityCount, EntityKind, Incident, IncidentId,
    IncidentStatus, Item, ItemKind, Reason, Role, Tagged, Voice, Vulnerability,
};

use super::claim;
use super::place::Placement;
use super::publisher::{self, publisher};
use super::summary;
use crate::severity::NAMED;

/// Reasons kept on an incident.
const MAX_REASONS: usize = 12;

/// CVEs kept on an incident.
const MAX_CVES: usize = 50;

/// How much of a name is kept, in characters.
const MAX_NAME: usize = 200;

/// Keywords kept on an incident.
const MAX_KEYWORDS: usize = 50;

/// The incident with the item in it: `before` with what the item adds, or a new
/// one named `id`. `vulnerabilities` are those of the CVEs it is about.
#[must_use]
pub fn fold(
    before: Option<&Incident>,
    id: IncidentId,
    item: &Item,
    analysis: &Analysis,
    placement: &Placement,
    vulnerabilities: &[Vulnerability],
) -> Incident {
    let repeat_of = match placement {
        Placement::Joins { repeat_of, .. } => *repeat_of,
        Placement::Opens => None,
    };
    let signs = claim::signs(item, analysis);
    let mut incident = match before {
        None => opened(id, item, analysis, &signs),
        Some(before) => {
            let mut incident = before.clone();
            incident.revision += 1;
            if repeat_of.is_none() {
                incident.items = incident.items.saturating_add(1);
            }
            let publisher = publisher(item);
            // Incidents of earlier versions know no publishers, and those that only a gang
            // has told of have none.
            let is_only_claimed = before.claim == ClaimStatus::Claimed;
            let is_known = if before.publishers.is_empty() && !is_only_claimed {
                before.sources.contains(&item.source)
            } else {
                let name = |known: &String| publisher::whole(known) == publisher;
                before.publishers.iter().any(name)
            };
            let independent = repeat_of.is_none() && !is_known;
            if independent
                && before.publishers.len() < Incident::MAX_PUBLISHERS
                && !signs.is_claimant
            {
                incident.publishers.push(publisher);
            }
            incident.claim = claim::merged(before.claim, signs.claim, independent);
            retell(&mut incident, item, analysis, repeat_of.is_some());
            incident
        }
    };
    if !incident.sources.contains(&item.source) {
        incident.sources.push(item.source.clone());
    }
    incident.first_seen = incident.first_seen.min(item.effective());
    incident.last_seen = incident.last_seen.max(item.effective());
    merge_tags(&mut incident.types, &analysis.types);
    merge_tags(&mut incident.sectors, &analysis.sectors);
    incident.region.absorb(&analysis.region);
    merge_entities(&mut incident.entities, analysis, repeat_of.is_some());
    add_new(&mut incident.keywords, &analysis.keywords, MAX_KEYWORDS);
    add_new(&mut incident.cves, &analysis.story_keys.cves, MAX_CVES);
    if analysis.relevance.probability > incident.relevance.probability {
        incident.relevance = analysis.relevance;
    }

    // Origins whose opinion this item replaces: its own, and that of the version
    // or reprint it stands for.
    let own = item.id.to_string();
    let replaced = repeat_of.map(|id| id.to_string());
    incident
        .voices
        .retain(|voice| voice.origin != own && Some(&voice.origin) != replaced.as_ref());
    let about: Vec<&Vulnerability> = vulnerabilities
        .iter()
        .filter(|v| is_about(&incident.cves, v))
        .collect();
    // A bare record says no more than its vulnerability: once that is scored, our
    // own guess from the same words is silent.
    let scored = about
        .iter()
        .any(|v| v.severity.is_some() && v.cve.as_str() == item.external_id);
    if !(is_record(item) && scored) {
        incident.voices.push(Voice {
            origin: own,
            judgement: analysis.severity.clone(),
        });
    }
    for vulnerability in &about {
        let origin = vulnerability.cve.to_string();
        incident.voices.retain(|voice| voice.origin != origin);
        if let Some(judgement) = &vulnerability.severity {
            incident.voices.push(Voice {
                origin,
                judgement: judgement.clone(),
            });
        }
    }
    settle_severity(&mut incident);
    let highest = |scores: Vec<f32>| scores.into_iter().max_by(f32::total_cmp);
    let epss = about
        .iter()
        .filter_map(|known| Some(known.epss.as_ref()?.score));
    incident.epss = highest(epss.collect());
    let cvss = about
        .iter()
        .filter_map(|known| Some(known.scores.first()?.base));
    incident.cvss = highest(cvss.collect());

    let listed = about
        .iter()
        .any(|vulnerability| vulnerability.exploitation.is_some());
    incident.kev |= listed;
    let confirmed = about
        .iter()
        .any(|vulnerability| vulnerability.is_exploited());
    incident.exploited |= confirmed || (signs.exploited && analysis.relevance.is_relevant());
    incident.reasons = reasons(&incident, analysis, placement);
    incident.heed();
    incident
}

fn opened(id: IncidentId, item: &Item, analysis: &Analysis, signs: &claim::Signs) -> Incident {
    Incident {
        id,
        revision: 1,
        title: headline(item, analysis),
        summary: summary::summary(analysis, is_record(item)),
        url: item.url.clone(),
        source: item.source.clone(),
        severity: analysis.severity.clone(),
        voices: Vec::new(),
        types: Vec::new(),
        region: model::Region::default(),
        sectors: Vec::new(),
        relevance: analysis.relevance,
        cves: Vec::new(),
        exploited: false,
        kev: false,
        keywords: Vec::new(),
        claim: signs.claim,
        status: IncidentStatus::New,
        assignee: None,
        tags: Vec::new(),
        first_seen: item.effective(),
        last_seen: item.effective(),
        items: 1,
        sources: vec![item.source.clone()],
        publishers: if signs.is_claimant {
            Vec::new()
        } else {
            vec![publisher(item)]
        },
        reasons: Vec::new(),
        said: None,
        entities: Vec::new(),
        epss: None,
        cvss: None,
    }
}

/// The headline; an item without any text is still called something.
fn headline(item: &Item, analysis: &Analysis) -> String {
    let title = summary::title(analysis);
    if !title.is_empty() {
        return title;
    }
    item.url.clone().unwrap_or_else(|| item.external_id.clone())
}

/// Lets the item tell the story if it tells it better. A good headline stays:
/// people recognise an incident by it.
fn retell(incident: &mut Incident, item: &Item, analysis: &Analysis, replaces: bool) {
    // A new version of the item that tells the story, at the same source.
    let same_teller = replaces && incident.source == item.source && incident.url == item.url;
    let better = same_teller
        || (is_bare(&incident.title, &incident.cves)
            && !is_record(item)
            && !analysis.title.is_empty());
    if !better {
        return;
    }
    let title = summary::title(analysis);
    if title.is_empty() {
        return;
    }
    incident.title = title;
    incident.summary = summary::summary(analysis, is_record(item));
    incident.url.clone_from(&item.url);
    incident.source = item.source.clone();
}

const fn is_record(item: &Item) -> bool {
    matches!(item.kind, ItemKind::CveRecord)
}

/// Whether a headline is that of a bare CVE record: the id first, as
/// [`model::Statement::to_item`] writes it.
fn is_bare(title: &str, cves: &[CveId]) -> bool {
    title.chars().count() < 12
        || cves.iter().any(|cve| {
            title
                .strip_prefix(cve.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
}

fn is_about(cves: &[CveId], vulnerability: &Vulnerability) -> bool {
    cves.contains(&vulnerability.cve)
}

fn merge_tags<T: Copy + PartialEq + Ord>(known: &mut Vec<Tagged<T>>, new: &[Tagged<T>]) {
    for tag in new {
        match known.iter_mut().find(|other| other.label == tag.label) {
            Some(other) => other.confidence = other.confidence.max(tag.confidence),
            None => known.push(*tag),
        }
    }
    known.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then(a.label.cmp(&b.label))
    });
}

fn add_new<T: Clone + PartialEq>(known: &mut Vec<T>, new: &[T], most: usize) {
    for one in new {
        if known.len() < most && !known.contains(one) {
            known.push(one.clone());
        }
    }
}

/// Adds what an item names. A repeat of an item names nothing once more.
fn merge_entities(known: &mut Vec<EntityCount>, analysis: &Analysis, is_repeat: bool) {
    for entity in &analysis.entities {
        match known
            .iter_mut()
            .find(|other| other.kind == entity.kind && other.name == entity.name)
        {
            Some(other) => {
                other.count = other.count.saturating_add(u32::from(!is_repeat));
                other.role = other.role.or(entity.role);
            }
            None => known.push(EntityCount {
                kind: entity.kind,
                name: entity.name.chars().take(MAX_NAME).collect(),
                count: 1,
                role: entity.role,
            }),
        }
    }
    // A stable sort: of equals the one that was named first stays first.
    known.sort_by_key(|entity| {
        let is_victim = entity.role == Some(Role::Victim);
        (
            !is_victim,
            is_trace(entity.kind),
            std::cmp::Reverse(entity.count),
        )
    });
    known.truncate(Incident::MAX_ENTITIES);
}

/// Addresses and hashes come by the hundred; they must not crowd out the names.
const fn is_trace(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::Ip
            | EntityKind::Domain
            | EntityKind::Url
            | EntityKind::Email
            | EntityKind::Md5
            | EntityKind::Sha1
            | EntityKind::Sha256
            | EntityKind::Sha512
            | EntityKind::Indicator
    )
}

/// The highest voice speaks for the incident; of equal ones a CVE's, which says who
/// scored it. Where the highest only repeats a score that its text names, a CVE of the
/// same band speaks.
fn settle_severity(incident: &mut Incident) {
    incident.voices.sort_by(|a, b| {
        b.judgement
            .score
            .total_cmp(&a.judgement.score)
            .then_with(|| is_record_voice(b).cmp(&is_record_voice(a)))
            .then_with(|| a.origin.cmp(&b.origin))
    });
    incident.voices.truncate(Incident::MAX_VOICES);
    let Some(loudest) = incident.voices.first() else {
        return;
    };
    let confirms = |voice: &&Voice| {
        is_record_voice(voice) && voice.judgement.severity == loudest.judgement.severity
    };
    let speaks = if loudest.judgement.reason.text.starts_with(NAMED) {
        incident.voices.iter().find(confirms).unwrap_or(loudest)
    } else {
        loudest
    };
    incident.severity = speaks.judgement.clone();
}

/// Whether it is the opinion of a CVE's record, not of an item.
fn is_record_voice(voice: &Voice) -> bool {
    voice.origin.parse::<CveId>().is_ok()
}

/// The best reasons of what was and what is new: for each aspect the weightiest
/// first, then the weightiest of all until there are enough.
fn reasons(incident: &Incident, analysis: &Analysis, placement: &Placement) -> Vec<Reason> {
    let mut pool: Vec<Reason> = Vec::new();
    pool.push(incident.severity.reason.clone());
    if let Placement::Joins { because, .. } = placement {
        pool.push(Reason::new(Aspect::Story, because.clone(), 1.0));
    }
    let old = incident
        .reasons
        .iter()
        .filter(|reason| reason.aspect != Aspect::Severity);
    let new = analysis
        .reasons
        .iter()
        .filter(|reason| reason.aspect != Aspect::Severity);
    for reason in new.chain(old) {
        if !pool
            .iter()
            .any(|known| known.aspect == reason.aspect && known.text == reason.text)
        {
            pool.push(reason.clone());
        }
    }
    pool.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let mut seen: Vec<Aspect> = Vec::new();
    let mut rest: Vec<Reason> = Vec::new();
    let mut kept: Vec<Reason> = Vec::new();
    for reason in pool {
        if seen.contains(&reason.aspect) {
            rest.push(reason);
        } else {
            seen.push(reason.aspect);
            kept.push(reason);
        }
    }
    let room = MAX_REASONS.saturating_sub(kept.len());
    kept.extend(rest.into_iter().take(room));
    kept.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    kept
}
