//! What is named in the text, each with its spans: indicators and ids by grammar,
//! names by lists and the sequence model.

mod address;
pub(crate) mod gazetteer;
mod host;
mod indicator;
mod mention;
pub(crate) mod name;
pub mod product;
mod refang;
pub(crate) mod token;

use std::collections::HashMap;

use model::{Entity, EntityKind, Item, Role, Span};

pub(crate) use host::{Own, registrable};
pub(crate) use mention::names;
#[cfg(test)]
pub(crate) use refang::refang;

use crate::passage::Passage;
use crate::work;

/// Entities beyond these are counted by nobody: a list of 10,000 hashes is a
/// file to download.
pub(crate) const MAX_ENTITIES: usize = 2_000;

/// Places kept of one entity.
const MAX_SPANS: usize = 50;

/// Entities under construction: one for each name, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Named {
    entities: Vec<Entity>,
    known: HashMap<(EntityKind, String), usize>,
}

impl Named {
    pub(crate) fn add(&mut self, kind: EntityKind, name: &str, span: Span) {
        if let Some(entity) = self
            .known
            .get(&(kind, name.to_owned()))
            .and_then(|at| self.entities.get_mut(*at))
        {
            work::steps(entity.spans.len());
            if entity.spans.len() < MAX_SPANS && !entity.spans.contains(&span) {
                entity.spans.push(span);
            }
        } else if self.entities.len() < MAX_ENTITIES {
            self.known
                .insert((kind, name.to_owned()), self.entities.len());
            self.entities.push(Entity {
                kind,
                name: name.to_owned(),
                spans: vec![span],
                role: None,
            });
        }
    }

    /// Notes the part that an organisation plays.
    pub(crate) fn set_role(&mut self, kind: EntityKind, name: &str, role: Role) {
        if let Some(entity) = self
            .known
            .get(&(kind, name.to_owned()))
            .and_then(|at| self.entities.get_mut(*at))
        {
            entity.role = Some(role);
        }
    }

    /// Every place taken so far by an entity of a kind that `counts`, in order.
    pub(crate) fn taken(&self, counts: impl Fn(EntityKind) -> bool) -> Vec<Span> {
        let mut spans: Vec<Span> = self
            .entities
            .iter()
            .filter(|entity| counts(entity.kind))
            .flat_map(|entity| entity.spans.iter().copied())
            .collect();
        spans.sort_unstable();
        spans
    }

    /// Whether there is an entity of a kind that `counts`.
    pub(crate) fn holds(&self, counts: impl Fn(EntityKind) -> bool) -> bool {
        self.entities.iter().any(|entity| counts(entity.kind))
    }

    /// Drops the places that `gives_way`, among entities that are `soft`.
    pub(crate) fn give_way(
        &mut self,
        soft: impl Fn(&Entity) -> bool,
        gives_way: impl Fn(Span) -> bool,
    ) {
        for entity in &mut self.entities {
            if soft(entity) {
                entity.spans.retain(|span| !gives_way(*span));
            }
        }
    }

    /// The entities in order of first appearance, their spans in order.
    pub(crate) fn finish(mut self) -> Vec<Entity> {
        self.entities.retain(|entity| !entity.spans.is_empty());
        for entity in &mut self.entities {
            entity.spans.sort_unstable();
        }
        self.entities
            .sort_by_key(|entity| entity.spans.first().copied());
        self.entities
    }
}

/// Whether one of the spans, sorted and apart from one another, overlaps this one.
pub(crate) fn overlaps_any(spans: &[Span], span: Span) -> bool {
    let after = spans.partition_point(|other| (other.field, other.start) < (span.field, span.end));
    after
        .checked_sub(1)
        .and_then(|index| spans.get(index))
        .is_some_and(|before| before.field == span.field && before.end > span.start)
}

/// The indicators and ids of both passages.
pub(crate) fn indicators(item: &Item, own: &Own<'_>, passages: &[Passage; 2]) -> Named {
    let mut named = Named::default();
    let whole = indicator::Setting::of(item, passages);
    for passage in passages {
        indicator::read(passage, &whole, own, &mut named);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use model::item::Draft;
    use model::{Analysis, Field, ItemKind, Markup, SourceId, Timestamp};
    use proptest::prelude::*;

    use crate::{Context, understand};

    fn item(title: &str, text: &str, markup: Markup) -> Item {
        let draft = Draft {
            external_id: "1".to_owned(),
            kind: ItemKind::Article,
            url: Some("https://www.outlet.example.com/news/1".to_owned()),
            title: title.to_owned(),
            text: text.to_owned(),
            markup,
            author: None,
            language: None,
            published: None,
            updated: None,
            stated: model::item::Stated::default(),
        };
        Item::new(
            &SourceId::new("outlet").unwrap(),
            draft,
            Timestamp::UNIX_EPOCH,
        )
    }

    fn check(text: &str, wanted: &Expect) {
        let analysis = understand(&item("", text, Markup::Plain), &Context::new(&[]));
        assert_spans(&analysis);
        let found: Vec<String> = analysis
            .entities
            .iter()
            .filter(|entity| !is_name(entity.kind))
            .map(|entity| format!("{:?} {}", entity.kind, entity.name))
            .collect();
        wanted.assert_eq(&found.join("\n"));
    }

    /// Found by lists and the sequence model, not by grammar.
    fn is_name(kind: EntityKind) -> bool {
        matches!(
            kind,
            EntityKind::Place
                | EntityKind::Organisation
                | EntityKind::Actor
                | EntityKind::Malware
                | EntityKind::Tool
                | EntityKind::Product
                | EntityKind::Vulnerability
                | EntityKind::Indicator
                | EntityKind::Person
        )
    }

    /// Every span lies in its text, and what it covers is what the entity says,
    /// once made whole and folded.
    fn assert_spans(analysis: &Analysis) {
        for entity in &analysis.entities {
            assert!(!entity.spans.is_empty());
            for span in &entity.spans {
                let whole = if span.field == Field::Title {
                    &analysis.title
                } else {
                    &analysis.text
                };
                assert!(
                    span.start < span.end && (span.end as usize) <= whole.chars().count(),
                    "{entity:?}"
                );
                let slice = analysis.slice(*span);
                let said = refang(&slice).text().to_lowercase();
                match entity.kind {
                    kind if is_name(kind) || kind == EntityKind::Keyword => {
                        assert!(!slice.trim().is_empty());
                    }
                    // By its name, as `Process Injection`.
                    EntityKind::Attack if slice.contains(' ') => {}
                    EntityKind::Ip => assert_eq!(
                        said.parse::<std::net::IpAddr>().unwrap().to_string(),
                        entity.name
                    ),
                    EntityKind::Url => {
                        assert_eq!(
                            said.trim_end_matches('/'),
                            entity.name.to_lowercase().trim_end_matches('/')
                        );
                    }
                    EntityKind::Cwe => {
                        assert_eq!(
                            said.parse::<model::CweId>().unwrap().to_string(),
                            entity.name
                        );
                    }
                    _ => assert_eq!(said, entity.name.to_lowercase(), "{slice}"),
                }
            }
        }
        for span in analysis.reasons.iter().flat_map(|reason| &reason.spans) {
            assert!(!analysis.slice(*span).is_empty());
        }
    }

    #[test]
    fn ids_are_found_in_every_dress() {
        check(
            "CVE-2026-1234, (cve-2026-99999), CVE‑2026‑4321's CVE-2026-1 CWE-79 GHSA-2c4m-59x9-fr2g, CIVN-2026-0123 and CIAD-2026-0007.",
            &expect![[r#"
                Cve CVE-2026-1234
                Cve CVE-2026-99999
                Cve CVE-2026-4321
                Cwe CWE-79
                Ghsa GHSA-2c4m-59x9-fr2g
                CertIn CIVN-2026-0123
                CertIn CIAD-2026-0007"#]],
        );
        check(
            "XCVE-2026-1234 aCWE-79 GHSA-aaaa-bbbb-cccc CIVN-26-1",
            &expect![[""]],
        );
    }

    #[test]
    fn defanged_indicators_are_made_whole() {
        check(
            "hxxps://evil[.]example[.]org/a?b=1 and hXXp[:]//1.2.3[.]4/x, bad(.)net, c2[dot]bad{.}in, a[at]bad[.]org 9[.]9[.]9[.]9 1.1.1[.]1",
            &expect![[r#"
                Url https://evil.example.org/a?b=1
                Url http://1.2.3.4/x
                Domain bad.net
                Domain c2.bad.in
                Email a@bad.org
                Ip 9.9.9.9
                Ip 1.1.1.1"#]],
        );
        check(
            "evil@bad[.]example and spam[at]worse[.]test, c2[.]lab[.]local but a@b.example, x.local",
            &expect![[r#"
                Email evil@bad.example
                Email spam@worse.test
                Domain c2.lab.local"#]],
        );
    }

    #[test]
    fn plain_indicators_are_found() {
        check(
            "Talks to 203.0.113.7:8080, 2001:db8:0:1::7, evil-login.xyz and http://evil-login.xyz/pay.php?id=1. Mail spam@evil-login.xyz!",
            &expect![[r#"
                Ip 203.0.113.7
                Ip 2001:db8:0:1::7
                Domain evil-login.xyz
                Url http://evil-login.xyz/pay.php?id=1
                Email spam@evil-login.xyz"#]],
        );
        check(
            "d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709 \
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 \
             d41d8cd98f00b204e9800998ecf8427 00000000000000000000000000000000",
            &expect![[r#"
                Md5 d41d8cd98f00b204e9800998ecf8427e
                Sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709
                Sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"#]],
        );
    }

    #[test]
    fn versions_files_and_products_are_no_indicators() {
        check(
            "Update to version 1.2.3.4 or v5.6.7.8, WebSphere 7.1.8.2, before 10.1.2.3; 1.2.3 and 300.1.1.1 run setup.exe, report.pdf, update.zip, run.sh, Node.js, ASP.NET and socket.io. The end.In August, e.g. this 12:30:45 std::string",
            &expect![[""]],
        );
    }

    #[test]
    fn known_sites_count_only_when_defanged() {
        check(
            "See https://www.cisa.gov/x, github.com, twitter.com and https://outlet.example.com/2 or github[.]com/evil",
            &expect![["Domain github.com"]],
        );
    }

    #[test]
    fn techniques_need_their_context() {
        check("The T1200 printer and the T1000", &expect![[""]]);
        check("It uses T1059.001 here", &expect!["Attack T1059.001"]);
        check(
            "Attackers came in via T1190, and used T1059 to stay; CWE-79.",
            &expect![[r#"
                Attack T1190
                Attack T1059
                Cwe CWE-79"#]],
        );
        check(
            "Attackers got into the Canon T1200 and the T1300 printer, with T1400 ink",
            &expect![[r#"
                Attack T1200
                Attack T1300
                Attack T1400"#]],
        );
        check(
            "Mapped to MITRE ATT&CK: T1059, TA0002 and T1566",
            &expect![[r#"
            Attack T1059
            Attack TA0002
            Attack T1566"#]],
        );
    }

    #[test]
    fn spans_count_code_points_beside_devanagari_and_emoji() {
        let text = "🔥👩‍💻 दिल्ली में CVE-2026-1234 और evil[.]com मिला 🇮🇳 CVE-2026-1234";
        let analysis = understand(
            &item("🔥 CVE-2026-1234", text, Markup::Plain),
            &Context::new(&["दिल्ली".to_owned()]),
        );
        assert_spans(&analysis);
        let slices: Vec<String> = analysis
            .entities
            .iter()
            .filter(|entity| !is_name(entity.kind))
            .flat_map(|entity| entity.spans.iter().map(|span| analysis.slice(*span)))
            .collect();
        expect!["CVE-2026-1234 | CVE-2026-1234 | CVE-2026-1234 | दिल्ली | evil[.]com"]
            .assert_eq(&slices.join(" | "));
    }

    #[test]
    fn ten_thousand_entities_are_cut() {
        let text: String = (0..10_000).map(|n| format!("CVE-2026-{n:05} ")).collect();
        let analysis = understand(&item("", &text, Markup::Plain), &Context::new(&[]));
        assert_eq!(analysis.entities.len(), MAX_ENTITIES);
        assert!(analysis.story_keys.cves.is_empty());
        let same = understand(
            &item("", &"CVE-2026-12345 ".repeat(10_000), Markup::Plain),
            &Context::new(&[]),
        );
        assert_eq!(same.entities.len(), 1);
    }

    #[test]
    fn hostile_texts_are_bounded() {
        for hostile in [
            "x".repeat(1_000_000),
            "a.".repeat(300_000),
            "1.".repeat(300_000),
            ":".repeat(300_000),
            "http://".repeat(100_000),
            format!("http://a.com/{}", ")".repeat(300_000)),
            "[.]".repeat(200_000),
            "h**p".repeat(100_000),
            "@".repeat(300_000),
            "9 ".repeat(150_000),
            "cvss ".repeat(60_000),
            "not hacked ".repeat(30_000),
            "\u{202e}\u{200b}".repeat(200_000),
            "क्".repeat(150_000),
            "🇮🇳".repeat(100_000),
            "e\u{301}".repeat(150_000),
        ] {
            assert_spans(&understand(
                &item(&hostile, &hostile, Markup::Html),
                &Context::new(&["hack".to_owned()]),
            ));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn any_text_gives_true_spans(
            title in "\\PC{0,60}",
            words in prop::collection::vec(
                prop_oneof![
                    Just("CVE-2026-1234".to_owned()), Just("evil[.]com".to_owned()), Just("hxxp://bad(.)in/x".to_owned()),
                    Just("1.2.3[.]4".to_owned()), Just("a[at]b[.]org".to_owned()), Just("2001:db8::1:2".to_owned()),
                    Just("मुंबई".to_owned()), Just("CERT-In".to_owned()), Just("🔥".to_owned()), Just("T1059.001".to_owned()),
                    Just("d41d8cd98f00b204e9800998ecf8427e".to_owned()), Just("<p>".to_owned()), Just("&amp;".to_owned()),
                    Just("CVSS score of 9.8".to_owned()), Just("2.3 million users".to_owned()),
                    "\\PC{0,12}", "[a-z\\[\\].:/@-]{0,20}", "(?s).{0,6}",
                ],
                0..40,
            ),
            glue in prop_oneof![Just(" "), Just(""), Just(", "), Just("\n")],
            html in any::<bool>(),
        ) {
            let markup = if html { Markup::Html } else { Markup::Plain };
            let analysis = understand(&item(&title, &words.join(glue), markup), &Context::new(&["evil".to_owned(), "मुंबई".to_owned()]));
            assert_spans(&analysis);
            prop_assert!((0.0..=1.0).contains(&analysis.relevance.probability));
        }
    }
}
