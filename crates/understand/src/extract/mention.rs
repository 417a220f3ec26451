//! From labelled tokens to entities: one name for all spellings, the part an
//! organisation plays, and what gives way where two finders disagree.
//!
//! An indicator found by grammar wins over a name in its place; a name of the
//! sequence model wins over a place or company that a cue alone found inside it.

use std::collections::HashMap;

use model::{EntityKind, Role, Span, alias};

use super::gazetteer::{Gazetteer, class};
use super::name::{self, Model, NameKind, Seen};
use super::{Named, Own, overlaps_any, product};
use crate::fold::is_word;
use crate::passage::Passage;

/// A name that goes on for longer is a sentence.
const MAX_CHARS: u32 = 120;

/// Adds the names of both passages.
pub(crate) fn names(passages: &[Passage; 2], model: &Model, own: &Own, named: &mut Named) {
    let gazetteer = Gazetteer::shipped();
    let texts = [passages[0].clean.as_str(), passages[1].clean.as_str()];
    let seen = Seen::new(&texts, gazetteer, model);
    let labels = seen.label(model);
    let taken = named.taken(|kind| !is_soft(kind));
    let mut found: Vec<Mention> = Vec::new();
    for (kind, start, end) in name::names(&labels) {
        let Some((span, text)) = place(&seen, passages, start, end) else {
            continue;
        };
        if span.end - span.start > MAX_CHARS
            || overlaps_any(&taken, span)
            || !says_something(kind, text)
            || seen.is_a_word(kind, start, end)
        {
            continue;
        }
        // Grammar refused it, with reason: the reader's own host, a well-known site.
        if kind == NameKind::Indicator && (own.holds(text) || seen.holds_an_address(start, end)) {
            continue;
        }
        // A town by itself acts for nobody here.
        let is_place = kind == NameKind::Organisation && seen.is_place(gazetteer, start, end);
        // Of others it may be part of the name: Haldiram's.
        let text = match kind {
            NameKind::Actor | NameKind::Malware => without_possessive(text),
            _ => text,
        };
        found.push(Mention {
            kind: if is_place { NameKind::Place } else { kind },
            tokens: Some((start, end)),
            span,
            name: text.split_whitespace().collect::<Vec<_>>().join(" "),
        });
    }
    add_versioned(passages, gazetteer, &taken, &mut found);
    if named.holds(is_id_of_flaw) {
        add_listed(&seen, passages, &taken, &mut found);
    }
    agree(&mut found);
    let mut spellings: HashMap<(NameKind, String), String> = HashMap::new();
    for mention in &mut found {
        let Some((start, end)) = mention.tokens else {
            continue;
        };
        let threat = entity_kind(mention.kind);
        let listed = || seen.known(gazetteer, mention.kind, start, end);
        let usual = alias::usual_name(threat, &mention.name)
            .or_else(|| listed().map(|it| usual_of_listed(threat, it.name)));
        if let Some(usual) = usual {
            mention.name = usual.to_owned();
        }
        let same = spellings
            .entry((mention.kind, mention.name.to_lowercase()))
            .or_insert_with(|| mention.name.clone());
        mention.name.clone_from(same);
    }
    // Aliases of one name may have been told apart before.
    agree(&mut found);
    let spans = in_order(&found);
    named.give_way(
        |entity| is_soft(entity.kind),
        |span| overlaps_any(&spans, span),
    );
    for mention in &found {
        let kind = entity_kind(mention.kind);
        named.add(kind, &mention.name, mention.span);
        let is_victim = |(start, end)| seen.is_victim(start, end);
        if kind == EntityKind::Organisation && mention.tokens.is_some_and(is_victim) {
            named.set_role(kind, &mention.name, Role::Victim);
        }
    }
    techniques(&seen, passages, gazetteer, &taken, named);
}

/// `CIA’s` is CIA.
fn without_possessive(name: &str) -> &str {
    let short = name.strip_suffix("'s").or(name.strip_suffix("’s"));
    short.unwrap_or(name)
}

/// What a list calls a threat, as news does: without what the list adds, `Mirai (ELF)`.
fn usual_of_listed(kind: EntityKind, listed: &str) -> &str {
    alias::usual_name(kind, listed).unwrap_or_else(|| {
        let is_threat = matches!(
            kind,
            EntityKind::Actor | EntityKind::Malware | EntityKind::Tool
        );
        let (name, _) = listed
            .split_once(" (")
            .filter(|_| is_threat)
            .unwrap_or((listed, ""));
        name
    })
}

/// A name where it stands.
struct Mention {
    kind: NameKind,
    /// First token, and one past the last; none if the sequence model did not find it.
    tokens: Option<(usize, usize)>,
    span: Span,
    name: String,
}

/// Adds products and their makers that a list knows as nothing else. Only to texts about
/// flaws: elsewhere such a name is often another's, and what it names matters less.
fn add_listed(seen: &Seen, passages: &[Passage; 2], taken: &[Span], found: &mut Vec<Mention>) {
    /// Shorter names are words or parts of others.
    const SHORTEST: u32 = 5;
    let spans = in_order(found);
    for known in seen.matches() {
        let kind = match known.classes & !class::LONGER {
            class::PRODUCT => NameKind::Product,
            class::VENDOR => NameKind::Organisation,
            _ => continue,
        };
        if let Some((span, text)) = place(seen, passages, known.start, known.end)
            && span.end - span.start >= SHORTEST
            && !overlaps_any(taken, span)
            && !overlaps_any(&spans, span)
        {
            found.push(Mention {
                kind,
                tokens: Some((known.start, known.end)),
                span,
                name: text.split_whitespace().collect::<Vec<_>>().join(" "),
            });
        }
    }
}

fn in_order(found: &[Mention]) -> Vec<Span> {
    let mut spans: Vec<Span> = found.iter().map(|mention| mention.span).collect();
    spans.sort_unstable();
    spans
}

/// Adds products of whose versions the text says which are affected, in all their places:
/// new ones are in no list, and hardly a sentence tells a model what they are.
fn add_versioned(
    passages: &[Passage; 2],
    gazetteer: &Gazetteer,
    taken: &[Span],
    found: &mut Vec<Mention>,
) {
    /// Places of one product that are noted.
    const MOST: usize = 50;
    let mut spans = in_order(found);
    let mut names: Vec<String> = Vec::new();
    for passage in passages {
        for product in product::bounded(&passage.clean) {
            // "in Pune before 10.30" is a time.
            if !names.contains(&product.name) && !gazetteer.is_place(&product.name) {
                names.push(product.name);
            }
        }
    }
    // The longest first: a shorter one may be part of it.
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
    for name in &names {
        for passage in passages {
            for (start, _) in passage.clean.match_indices(name.as_str()).take(MOST) {
                let end = start + name.len();
                let whole = !passage
                    .clean
                    .get(..start)
                    .is_some_and(|it| it.ends_with(is_word))
                    && !passage
                        .clean
                        .get(end..)
                        .is_some_and(|it| it.starts_with(is_word));
                let span = passage.span(start, end);
                if whole && !overlaps_any(taken, span) && !overlaps_any(&spans, span) {
                    let at = spans.partition_point(|known| *known < span);
                    spans.insert(at, span);
                    found.push(Mention {
                        kind: NameKind::Product,
                        tokens: None,
                        span,
                        name: name.clone(),
                    });
                }
            }
        }
    }
}

/// What an item calls by one name is one thing: of the kinds that its mentions were
/// given the most frequent, of equals the one given first.
fn agree(found: &mut [Mention]) {
    let mut kinds: HashMap<String, [u16; NameKind::ALL.len()]> = HashMap::new();
    for mention in &*found {
        let counts = kinds.entry(mention.name.to_lowercase()).or_default();
        if let Some(count) = counts.get_mut(mention.kind as usize) {
            *count = count.saturating_add(1);
        }
    }
    kinds.retain(|_, counts| counts.iter().filter(|count| **count > 0).count() > 1);
    if kinds.is_empty() {
        return;
    }
    let mut chosen: HashMap<String, NameKind> = HashMap::new();
    for mention in found {
        let name = mention.name.to_lowercase();
        let Some(counts) = kinds.get(&name) else {
            continue;
        };
        let first = mention.kind;
        mention.kind = *chosen.entry(name).or_insert_with(|| {
            let count = |kind: NameKind| counts.get(kind as usize).copied().unwrap_or_default();
            NameKind::ALL
                .into_iter()
                .filter(|kind| count(*kind) > count(first))
                .max_by_key(|kind| count(*kind))
                .unwrap_or(first)
        });
    }
}

/// The text is about flaws.
fn is_id_of_flaw(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::Cve | EntityKind::Cwe | EntityKind::Ghsa | EntityKind::CertIn
    )
}

/// Found by a cue alone.
fn is_soft(kind: EntityKind) -> bool {
    matches!(kind, EntityKind::Place | EntityKind::Organisation)
}

fn entity_kind(kind: NameKind) -> EntityKind {
    match kind {
        NameKind::Actor => EntityKind::Actor,
        NameKind::Malware => EntityKind::Malware,
        NameKind::Tool => EntityKind::Tool,
        NameKind::Organisation => EntityKind::Organisation,
        NameKind::Place => EntityKind::Place,
        NameKind::Product => EntityKind::Product,
        NameKind::Vulnerability => EntityKind::Vulnerability,
        NameKind::Indicator => EntityKind::Indicator,
        NameKind::Person => EntityKind::Person,
    }
}

/// Where some tokens stand, and their text.
fn place<'p>(
    seen: &Seen,
    passages: &'p [Passage; 2],
    start: usize,
    end: usize,
) -> Option<(Span, &'p str)> {
    let (text, first) = seen.token(start)?;
    let (_, last) = seen.token(end.checked_sub(1)?)?;
    let passage = passages.get(text)?;
    let written = passage.clean.get(first.start..last.end)?;
    Some((passage.span(first.start, last.end), written))
}

/// The end of Latin Extended-B.
const LAST_LATIN: char = '\u{24f}';

/// Who attacks, without a name; at the start of a sentence they look like one.
const NAMELESS: &[&str] = &[
    "actor",
    "actors",
    "adversaries",
    "adversary",
    "attacker",
    "attackers",
    "criminals",
    "cybercriminals",
    "hacker",
    "hackers",
    "scammers",
    "threat actor",
    "threat actors",
];

/// Scraps of a torn address are labelled in some sets, but tell nobody anything.
fn says_something(kind: NameKind, text: &str) -> bool {
    // The model has seen nothing of other scripts.
    if text.chars().any(|c| c.is_alphabetic() && c > LAST_LATIN) {
        return false;
    }
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    match kind {
        // Grammar reads these, and counts only so many places of one.
        NameKind::Vulnerability
            if text
                .get(..4)
                .is_some_and(|head| head.eq_ignore_ascii_case("cve-")) =>
        {
            false
        }
        NameKind::Actor => !NAMELESS.iter().any(|word| text.eq_ignore_ascii_case(word)),
        // Some sets label the plain words `exploit` and `zero-day` too.
        NameKind::Vulnerability => text.contains(|c: char| c.is_uppercase() || c.is_numeric()),
        // Plain words are none.
        NameKind::Indicator => {
            letters > 2
                && !text.starts_with([']', '[', ')', '('])
                && !text.chars().all(|c| c.is_alphabetic() || c == ' ')
        }
        _ => letters > 0,
    }
}

/// Techniques of MITRE ATT&CK by their names, linked to their ids. Their names are
/// plain words: they count capitalised, or where the text speaks of ATT&CK.
fn techniques(
    seen: &Seen,
    passages: &[Passage; 2],
    gazetteer: &Gazetteer,
    taken: &[Span],
    named: &mut Named,
) {
    for found in seen.matches() {
        if found.classes & class::TECHNIQUE == 0 {
            continue;
        }
        let Some((span, text)) = place(seen, passages, found.start, found.end) else {
            continue;
        };
        let proper = text
            .split_whitespace()
            .all(|word| word.len() < 4 || word.starts_with(char::is_uppercase));
        if !proper || overlaps_any(taken, span) {
            continue;
        }
        if let Some(entry) = gazetteer
            .entries(found.hash)
            .find(|entry| entry.classes & class::TECHNIQUE != 0)
        {
            named.add(EntityKind::Attack, entry.detail, span);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use model::item::{Draft, Stated};
    use model::{Analysis, EntityKind, Item, ItemKind, Markup, Role, SourceId, Timestamp};

    use crate::{Context, understand};

    fn analysed(title: &str, text: &str) -> Analysis {
        let draft = Draft {
            external_id: "1".to_owned(),
            kind: ItemKind::Article,
            url: None,
            title: title.to_owned(),
            text: text.to_owned(),
            markup: Markup::Plain,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        let item = Item::new(
            &SourceId::new("outlet").unwrap(),
            draft,
            Timestamp::UNIX_EPOCH,
        );
        understand(&item, &Context::new(&[]))
    }

    fn check(title: &str, text: &str, wanted: &Expect) {
        let analysis = analysed(title, text);
        let mut spans: Vec<_> = analysis
            .entities
            .iter()
            .flat_map(|entity| &entity.spans)
            .collect();
        spans.sort();
        assert!(
            spans
                .windows(2)
                .all(|two| two[0].field != two[1].field || two[0].end <= two[1].start),
            "two entities at one place"
        );
        let shown: Vec<String> = analysis
            .entities
            .iter()
            .map(|entity| {
                let role = if entity.role == Some(Role::Victim) {
                    ", victim"
                } else {
                    ""
                };
                format!(
                    "{:?} {} ×{}{role}",
                    entity.kind,
                    entity.name,
                    entity.spans.len()
                )
            })
            .collect();
        wanted.assert_eq(&shown.join("\n"));
    }

    #[test]
    fn a_victim_an_attacker_and_a_place() {
        check(
            "Zorvex Hospital confirms data breach after LockBit ransomware attack",
            "Zorvex Hospital said on Monday that the LockBit group stole patient records from its servers in Mumbai, India.",
            &expect![[r#"
                Organisation Zorvex Hospital ×2, victim
                Actor LockBit ×2
                Place Mumbai ×1
                Place India ×1"#]],
        );
    }

    /// How often a name is noted as what.
    fn noted(analysis: &Analysis, name: &str) -> Vec<(EntityKind, usize)> {
        let entities = analysis.entities.iter();
        entities
            .filter(|entity| entity.name == name)
            .map(|entity| (entity.kind, entity.spans.len()))
            .collect()
    }

    #[test]
    fn a_name_is_one_thing_in_an_item() {
        // The sequence model calls it an actor in the title and malware in the text.
        let analysis = analysed(
            "Acme breached by LockBit",
            "Attackers of LockBit used CVE-2026-1234 in FortiOS, said CERT-In.",
        );
        assert_eq!(noted(&analysis, "LockBit"), [(EntityKind::Actor, 2)]);
    }

    #[test]
    fn a_product_whose_versions_are_affected_is_named_wherever_it_stands() {
        let text = "AcmeGate before 7.2.4 lets anybody in. The maker of AcmeGate told banks; it \
                    was found in Pune before 10.30 and cost Rs 4.5 crore.";
        let analysis = analysed("Flaw in AcmeGate", text);
        assert_eq!(noted(&analysis, "AcmeGate"), [(EntityKind::Product, 3)]);
        let products = analysis.entities.iter();
        let products = products.filter(|entity| entity.kind == EntityKind::Product);
        assert_eq!(products.count(), 1, "{:?}", analysis.entities);
    }

    #[test]
    fn a_listed_product_is_named_in_texts_about_flaws() {
        let text = "FortiOS reads beyond a buffer, Fortinet said.";
        let read = |text: &str| noted(&analysed("", text), "fortios");
        assert_eq!(
            read(&format!("CVE-2026-1234: {text}")),
            [(EntityKind::Product, 1)]
        );
        assert!(read(text).is_empty());
    }

    #[test]
    fn aliases_have_one_name() {
        check(
            "",
            "Researchers tie the intrusions to Fancy Bear. The group, also known as APT28 and Sofacy, used Mimikatz.",
            &expect![[r#"
                Actor APT28 ×3
                Malware Mimikatz ×1"#]],
        );
    }

    #[test]
    fn threats_are_shown_by_the_name_that_news_uses() {
        for (text, usual) in [
            ("The Akira ransomware gang hit a mill.", "Akira"),
            ("Storm-1567 hackers hit a mill.", "Akira"),
            ("Salt Typhoon hackers spied on a carrier.", "Salt Typhoon"),
            ("GhostEmperor hackers spied on a carrier.", "Salt Typhoon"),
            ("Transparent Tribe hackers spied on a ministry.", "APT36"),
            ("Midnight Blizzard hackers read mail.", "APT29"),
            ("The Shiny Hunters gang sells data.", "ShinyHunters"),
            ("The ALPHV ransomware gang leaks data.", "BlackCat"),
            ("The Cl0p ransomware gang leaks data.", "Clop"),
        ] {
            let analysis = analysed("", text);
            let is_threat =
                |kind: EntityKind| matches!(kind, EntityKind::Actor | EntityKind::Malware);
            let names = analysis.entities.iter();
            let names = names.filter(|entity| is_threat(entity.kind));
            let names: Vec<&str> = names.map(|entity| entity.name.as_str()).collect();
            assert_eq!(names, [usual], "{text}");
        }
    }

    #[test]
    fn people_feasts_and_programs_are_threats_beside_evidence_only() {
        for (text, named) in [
            (
                "The agency was set up by an order from US President Donald Trump.",
                false,
            ),
            (
                "Hackers attacked the campaign of Donald Trump and stole mail.",
                false,
            ),
            (
                "Staff of the college got a week of Thanksgiving off after the breach.",
                false,
            ),
            ("Accounts of Netflix were sold on Telegram.", false),
            ("The Netflix ransomware locks files.", true),
            ("A trojan dubbed “Joker” was found in an app.", true),
            ("Jared Leto returns as Joker.", false),
            ("Files were locked with the Exorcist 2.0 ransomware.", true),
            (
                "Attackers used BitLocker ransomware on the water agency.",
                false,
            ),
        ] {
            let analysis = analysed("", text);
            let found = analysis.entities.iter().any(|entity| {
                matches!(
                    entity.kind,
                    EntityKind::Actor | EntityKind::Malware | EntityKind::Tool
                )
            });
            assert_eq!(found, named, "{text}: {:?}", analysis.entities);
        }
    }

    #[test]
    fn who_looks_into_an_attack_is_not_its_victim() {
        let text = "A ransomware attack hit Zorvex Hospital on Monday, said the FBI. The \
                    attack was reported to the FBI.";
        let analysis = analysed("Zorvex Hospital hit by ransomware, FBI informed", text);
        let roles = analysis.entities.iter();
        let victims: Vec<&str> = roles
            .filter(|entity| entity.role == Some(Role::Victim))
            .map(|entity| entity.name.as_str())
            .collect();
        assert_eq!(victims, ["Zorvex Hospital"]);
    }

    #[test]
    fn ordinary_words_name_no_threat() {
        check(
            "Play it safe: first, royal families at the beach",
            "Please play the video first. The one who has the impact is the guard.",
            &expect![""],
        );
    }

    #[test]
    fn an_ordinary_word_beside_evidence_does() {
        check(
            "",
            "The Play ransomware gang listed a school on its site.",
            &expect!["Actor Play ×1"],
        );
    }

    #[test]
    fn a_word_written_small_elsewhere_is_no_organisation() {
        check(
            "Bank denies data breach after dark web post",
            "Riverside Bank of Manchester denies reports of a data breach, the bank said.",
            &expect!["Organisation Riverside Bank of Manchester ×1"],
        );
    }

    #[test]
    fn grammar_wins_over_names() {
        check(
            "",
            "The Zorvex trojan talks to update.zorvex-cdn[.]com and exploits CVE-2026-1234.",
            &expect![[r#"
                Domain update.zorvex-cdn.com ×1
                Cve CVE-2026-1234 ×1"#]],
        );
    }

    #[test]
    fn techniques_are_linked_to_their_ids() {
        check(
            "",
            "ATT&CK techniques seen: Process Injection and Spearphishing Attachment. They mention process injection again.",
            &expect![[""]],
        );
    }

    #[test]
    fn hindi_places_and_bodies() {
        check(
            "मुंबई के बैंक पर साइबर हमला",
            "CERT-In ने कहा कि मुंबई में State Bank of India के ग्राहकों का डेटा सुरक्षित है।",
            &expect![[r#"
                Place मुंबई ×2
                Organisation CERT-In ×1
                Organisation State Bank of India ×1"#]],
        );
    }

    #[test]
    fn a_thousand_names_are_bounded() {
        let text: String = (0..3_000)
            .map(|n| format!("Zorvex{n} Group hit Acme{n} Bank in Delhi. "))
            .collect();
        let draft = Draft {
            external_id: "1".to_owned(),
            kind: ItemKind::Article,
            url: None,
            title: String::new(),
            text,
            markup: Markup::Plain,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: Stated::default(),
        };
        let item = Item::new(
            &SourceId::new("outlet").unwrap(),
            draft,
            Timestamp::UNIX_EPOCH,
        );
        let analysis = understand(&item, &Context::new(&[]));
        assert!((1..=super::super::MAX_ENTITIES).contains(&analysis.entities.len()));
    }
}
