//! Feeds: what is read in documents of every kind and every kind of brokenness,
//! and how a feed behaves against a site that is none too kind.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expect_test::{Expect, expect};
use model::{Cursor, Markup, SourceId};
use net::{Door, NetError};
use proptest::prelude::*;
use sources::feed::{Config, Feed, FeedDocument, parse};
use sources::{FullText, Polled, Source, SourceError, Tools};
use testkit::TestClock;
use testkit::site::{FakeSite, Reply};

/// A document as a person would note it down, entry by entry.
fn shown(document: &FeedDocument) -> String {
    let mut out = format!(
        "{:?} {}\n",
        document.kind,
        document.title.as_deref().unwrap_or("-")
    );
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    for draft in &document.parsed.entries {
        let time =
            |at: &Option<model::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        writeln!(
            out,
            "* {} | {} | {}",
            draft.title,
            dash(&draft.url),
            draft.external_id
        )
        .unwrap();
        writeln!(
            out,
            "  {} | {} | {} | {}",
            time(&draft.published),
            time(&draft.updated),
            dash(&draft.author),
            dash(&draft.language)
        )
        .unwrap();
        let markup = if draft.markup == Markup::Html {
            "html"
        } else {
            "plain"
        };
        let text = draft.text.replace('\n', "⏎");
        writeln!(out, "{}", format!("  {markup} {text}").trim_end()).unwrap();
    }
    for problem in &document.parsed.problems {
        writeln!(out, "! {}: {}", problem.place, problem.reason).unwrap();
    }
    out
}

fn check(document: impl AsRef<[u8]>, expected: &Expect) {
    let seen = match parse(document.as_ref(), None, "https://from.example/feed") {
        Ok(document) => shown(&document),
        Err(error) => format!("error: {error}\n"),
    };
    expected.assert_eq(&seen);
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/feed")
            .join(name),
    )
    .unwrap()
}

#[test]
fn undeclared_prefixes_and_html_entities() {
    check(
        fixture("undeclared-prefixes.rss.xml"),
        &expect![[r#"
        Rss Gate & Key
        * Acme VPN flaw is being exploited | https://gate.example/acme-vpn/ | https://gate.example/acme-vpn/
          2026-11-21T15:01:02Z | - | Anna Rao | en-us
          html <p>The long text names <b>CVE-2026-1234</b> & more.</p>
        * No body | https://gate.example/?p=70276 | ?p=70276
          - | - | - | en-us
          html
    "#]],
    );
}

#[test]
fn cdata_round_everything_and_leading_blanks() {
    check(
        fixture("cdata-everywhere.rss.xml"),
        &expect![[r#"
        Rss Daily, Technology
        * Bank's servers down & out: "ransom" | https://daily.example/tech/article1.ece?a=1&b=2 | article-1
          2026-11-21T03:30:00Z | - | - | -
          plain A bank < a vault
        * Sold &amp; gone: Vec&lt;T> of data | https://daily.example/tech/article2.ece | https://daily.example/tech/article2.ece
          2026-11-21T03:00:00Z | - | Desk | -
          html Facebook rolled out a tool <!
    "#]],
    );
}

#[test]
fn rss_1_keeps_its_items_beside_the_channel() {
    check(
        fixture("slash.rdf.xml"),
        &expect![[r#"
        Rdf CERT bulletins
        * Bulletin 1 | https://cert.example/b/1 | https://cert.example/b/1
          2026-11-20T03:00:00Z | - | CERT | ja
          html Café machines attacked
        * Bulletin 2 | https://cert.example/b/2 | https://cert.example/b/2
          - | - | - | -
          html
    "#]],
    );
}

#[test]
fn atom_with_bases_languages_and_authors() {
    check(
        fixture("atom.xml"),
        &expect![[r#"
        Atom Lab & Co
        * if a &lt; b then &amp; | https://lab.example/blog/1 | tag:lab.example,2026:1
          2026-11-20T09:00:00.5Z | 2026-11-21T00:00:00Z | Lab Team | en
          html <div xmlns="http://www.w3.org/1999/xhtml"><p>Sample <em>hashes</em> &amp; more &lt;here&gt;<br/></p></div>
        * दूसरा | https://lab.example/blog/2 | https://lab.example/blog/2
          - | 2026-11-19T00:00:00Z | A. One, B. Two | hi
          plain Plain: 1 < 2⏎second line
        * Video | https://video.example/1 | yt:1
          - | - | Guest | en
          plain What is shown
    "#]],
    );
}

#[test]
fn atom_0_3() {
    check(
        fixture("atom-0.3.xml"),
        &expect![[r#"
        Atom Old lab
        * First | http://old.example/1 | tag:old.example,2004:1
          2004-05-06T07:08:09Z | 2004-05-07T00:00:00Z | Old Author | -
          html <p>Body</p>
    "#]],
    );
}

#[test]
fn json_feed() {
    check(
        fixture("feed.json"),
        &expect![[r#"
            Json JSON lab
            * One & two | https://json.example/1 | 1
              2026-11-21T03:30:00Z | 2026-11-21T10:00:00Z | Everyone | en-IN
              html <p>Hello</p>
            *  | https://else.example/2 | 2
              - | - | A, B | hi
              plain Just <text>
            *  | - | sha256:0e5ad03c32b5c3bfc48e5f560b3271d4
              - | - | Old style | en-IN
              plain Nothing but a summary
            ! entry 3: it is not an object
            ! entry 4: its date `soon` cannot be read
            ! entry 5: it has neither title, text nor address
        "#]],
    );
}

#[test]
fn a_json_feed_that_was_cut_gives_its_whole_items() {
    let whole = fixture("feed.json");
    let cut = whole
        .windows(9)
        .position(|part| part == b"Just <tex")
        .unwrap();
    check(
        &whole[..cut],
        &expect![[r#"
        Json JSON lab
        * One & two | https://json.example/1 | 1
          2026-11-21T03:30:00Z | 2026-11-21T10:00:00Z | Everyone | en-IN
          html <p>Hello</p>
        ! entry 2: the document ends inside it
    "#]],
    );
}

#[test]
fn junk_before_the_prolog_and_a_second_prolog() {
    check(
        "<br />\n<b>Warning</b>: Cannot modify header in <b>/www/f.php</b> on line 3<br />\n<?xml version=\"1.0\"?><?xml version='1.0'?><rss version=2.0><channel><item><title>A</title><link>https://a.example/</link></item></channel></rss><!-- page made in 3 s -->",
        &expect![[r#"
            Rss -
            * A | https://a.example/ | https://a.example/
              - | - | - | -
              html
        "#]],
    );
}

#[test]
fn end_tags_that_are_missing_cost_no_other_field() {
    check(
        "<rss><channel><title>T<item><title>One<link>https://a.example/1</link><description>d1</description><item><title>Two</title><foo:bar><link>https://a.example/2</link></item></channel></rss>",
        &expect![[r#"
            Rss T
            * One | https://a.example/1 | https://a.example/1
              - | - | - | -
              html d1
            * Two | https://a.example/2 | https://a.example/2
              - | - | - | -
              html
        "#]],
    );
}

#[test]
fn a_document_that_was_cut_gives_its_whole_entries() {
    check(
        "<rss><channel><item><title>One</title><link>https://a.example/1</link></item><item><title>Two</title><link>https://a.example/2</link><description>half a te",
        &expect![[r#"
            Rss -
            * One | https://a.example/1 | https://a.example/1
              - | - | - | -
              html
            ! entry 2: the document ends inside it
        "#]],
    );
    // Cut in a later field, with enough to be shown.
    check(
        "<rss><channel><item><title>Two</title><link>https://a.example/2</link><description>whole</description><content:encoded><![CDATA[half",
        &expect![[r#"
            Rss -
            * Two | https://a.example/2 | https://a.example/2
              - | - | - | -
              html whole
            ! entry 1: the document ends inside it
        "#]],
    );
    check(
        "<rss><channel><item><title>One</title></item>",
        &expect![[r#"
        Rss -
        * One | - | sha256:defdd38dbed82c32c4daf9b8b900bf7a
          - | - | - | -
          html
        ! document: it ends before `</rss>`
    "#]],
    );
}

#[test]
fn an_entry_that_says_nothing_costs_only_itself() {
    check(
        "<rss><channel><item></item><item><pubDate>Sat, 31 Feb 2026</pubDate><title>Dated oddly</title></item><item><guid>x</guid><title>Fine</title></item></channel></rss>",
        &expect![[r#"
            Rss -
            * Dated oddly | - | sha256:4119a80771dce6a87a2e6ebf95f04e4d
              - | - | - | -
              html
            * Fine | - | x
              - | - | - | -
              html
            ! entry 1: it has neither title, text nor address
            ! entry 2: its date `Sat, 31 Feb 2026` cannot be read
        "#]],
    );
}

#[test]
fn addresses_in_the_order_of_their_worth() {
    check(
        "<rss xmlns:fb=\"http://rssnamespace.org/feedburner/ext/1.0\"><channel><link>https://home.example/blog/</link>\
        <item><title>orig</title><link>https://proxy.example/1</link><fb:origLink>https://home.example/1</fb:origLink></item>\
        <item><title>guid</title><guid>https://home.example/2</guid></item>\
        <item><title>not a permalink</title><link>3</link><guid isPermaLink=\"false\">https://home.example/g/3</guid></item>\
        <item><title>enclosure</title><enclosure url=\"https://home.example/4.mp3\"/></item>\
        <item><title>script</title><link>javascript:alert(1)</link></item>\
        <item><title>inline</title><link xmlns=\"http://www.w3.org/2005/Atom\" href=\"https://home.example/5\"/></item>\
        </channel></rss>",
        &expect![[r#"
            Rss -
            * orig | https://home.example/1 | https://home.example/1
              - | - | - | -
              html
            * guid | https://home.example/2 | https://home.example/2
              - | - | - | -
              html
            * not a permalink | https://home.example/blog/3 | https://home.example/g/3
              - | - | - | -
              html
            * enclosure | https://home.example/4.mp3 | https://home.example/4.mp3
              - | - | - | -
              html
            * script | - | sha256:4224315e8b0673196f5549a85f60f696
              - | - | - | -
              html
            * inline | https://home.example/5 | https://home.example/5
              - | - | - | -
              html
        "#]],
    );
}

#[test]
fn prefixes_of_other_makers() {
    check(
        "<ns0:feed xmlns:ns0=\"http://www.w3.org/2005/Atom\"><ns0:title>N</ns0:title><ns0:entry><ns0:title>One</ns0:title><ns0:id>1</ns0:id><ns0:link href=\"https://a.example/1\"/><ns0:updated>2026-11-21</ns0:updated></ns0:entry></ns0:feed>",
        &expect![[r#"
            Atom N
            * One | https://a.example/1 | 1
              - | 2026-11-21T00:00:00Z | - | -
              html
        "#]],
    );
    check(
        "<rss:rss><rss:channel><rss:item><rss:title>A</rss:title><a10:updated>2026-11-21T09:00:00Z</a10:updated><a10:author><a10:name>Anna</a10:name></a10:author></rss:item></rss:channel></rss:rss>",
        &expect![[r#"
            Rss -
            * A | - | sha256:a2ce8ffe666d6a9e524ceca4267db2a3
              - | 2026-11-21T09:00:00Z | Anna | -
              html
        "#]],
    );
}

#[test]
fn one_guid_for_all_entries() {
    check(
        "<rss><item><guid>x</guid><title>A</title><link>https://a.example/1</link></item><item><guid>x</guid><title>B</title><link>https://a.example/2</link></item></rss>",
        &expect![[r#"
            Rss -
            * A | https://a.example/1 | x https://a.example/1
              - | - | - | -
              html
            * B | https://a.example/2 | x https://a.example/2
              - | - | - | -
              html
        "#]],
    );
}

#[test]
fn html_escaped_once_too_often() {
    check(
        "<rss><item><title>A</title><description>&amp;lt;p&amp;gt;Hello &amp;amp;amp; more&amp;lt;/p&amp;gt;</description></item></rss>",
        &expect![[r#"
            Rss -
            * A | - | sha256:79f421664ed03eaa0bb4bab0b89eb22f
              - | - | - | -
              html <p>Hello &amp; more</p>
        "#]],
    );
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    for (document, expected) in [
        ("", "the document is an empty document, not a feed"),
        ("  \n", "the document is an empty document, not a feed"),
        (
            "<!DOCTYPE html><html><head><title>URL not found</title></head></html>",
            "the document is a web page, not a feed",
        ),
        (
            "<!doctype HTML>\n<p>Gone</p>",
            "the document is a web page, not a feed",
        ),
        (
            "<html xmlns='http://www.w3.org/1999/xhtml'><body><feed/></body></html>",
            "the document is a web page, not a feed",
        ),
        (
            "<?xml version='1.0'?><opml><body/></opml>",
            "the document is XML of another kind (`<opml>`), not a feed",
        ),
        (
            "{\"error\": \"rate limit\"}",
            "the document is JSON of another kind, not a feed",
        ),
        ("[1, 2", "the document is JSON of another kind, not a feed"),
        (
            "Service unavailable",
            "the document is no feed; it begins with `Service unavailable`",
        ),
    ] {
        match parse(document.as_bytes(), Some("application/rss+xml"), "") {
            Err(SourceError::Nonsense(reason)) => assert_eq!(reason, expected, "{document}"),
            other => panic!("{document}: {other:?}"),
        }
    }
}

#[test]
fn entities_of_a_document_are_inert() {
    let laughs = r#"<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&b; &x;</title></item></channel></rss>"#;
    check(
        laughs,
        &expect![[r#"
        Rss -
        * &b; &x; | - | sha256:69a262fe80bf8dfc920f05dec4481325
          - | - | - | -
          html
    "#]],
    );
}

#[test]
fn hostile_documents_cost_no_more_than_their_length() {
    let deep = format!(
        "<rss><channel><item><title>A</title>{}",
        "<x>".repeat(300_000)
    );
    let attributes = format!(
        "<rss><channel><item {}><title>A</title></item></channel></rss>",
        "a='b' ".repeat(100_000)
    );
    let entities = format!(
        "<rss><item><title>A</title><description>{}</description></item></rss>",
        "&amp;lt;&".repeat(200_000)
    );
    let unclosed = format!(
        "<rss><channel>{}",
        "<item><title><link><description>".repeat(50_000)
    );
    let titles = format!(
        "<rss><item>{}<title>A</title></item></rss>",
        "<title></title><link>x</link><author>x</author>".repeat(50_000)
    );
    let long = format!(
        "<rss><item><title>{0}</title><guid>{0}</guid><link>https://a.example/{0}</link><description>{0}</description></item></rss>",
        "é".repeat(1_000_000)
    );
    let json = format!("{{\"items\": [{}", "[".repeat(300_000));
    for document in [deep, attributes, entities, unclosed, titles, long, json] {
        if let Ok(document) = parse(document.as_bytes(), None, "https://a.example/") {
            for draft in &document.parsed.entries {
                assert!(
                    draft.title.len() < 3_000
                        && draft.external_id.len() <= 5_000
                        && draft.text.len() <= 1 << 20
                );
            }
            assert!(document.parsed.problems.len() <= 101);
        }
    }
}

#[test]
fn too_many_entries_are_counted_and_cut() {
    let document = parse(
        "<rss>"
            .bytes()
            .chain(
                "<item><title>A</title></item>"
                    .bytes()
                    .cycle()
                    .take(29 * 20_001),
            )
            .collect::<Vec<u8>>()
            .as_slice(),
        None,
        "",
    )
    .unwrap();
    assert_eq!(document.parsed.entries.len(), 20_000);
    assert_eq!(
        document.parsed.problems[0].reason,
        "it holds more than 20000 entries"
    );
}

#[derive(Debug, Clone)]
enum Harm {
    Cut(usize),
    Drop(usize, usize),
    Put(usize, Vec<u8>),
    Twice(usize, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let pieces = prop::sample::select(vec![
        b"<".to_vec(),
        b">".to_vec(),
        b"&".to_vec(),
        b"\"".to_vec(),
        b"<![CDATA[".to_vec(),
        b"]]>".to_vec(),
        b"<!--".to_vec(),
        b"</item>".to_vec(),
        b"<item>".to_vec(),
        b"</entry>".to_vec(),
        b"\0".to_vec(),
        b"\xFF\xFE".to_vec(),
        b"\xE9".to_vec(),
        "é".as_bytes().to_vec(),
        b"&#x110000;".to_vec(),
        b"<?".to_vec(),
        b"/>".to_vec(),
        b"{".to_vec(),
        b"\\ud800".to_vec(),
        b"<title>".to_vec(),
        b" xml:base='\xC3('".to_vec(),
    ]);
    prop_oneof![
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), 1..40_usize).prop_map(|(at, length)| Harm::Drop(at, length)),
        (any::<usize>(), pieces).prop_map(|(at, piece)| Harm::Put(at, piece)),
        (any::<usize>(), 1..200_usize).prop_map(|(at, length)| Harm::Twice(at, length)),
    ]
}

fn harmed(mut document: Vec<u8>, harms: Vec<Harm>) -> Vec<u8> {
    for harm in harms {
        let at = |place: usize| place % (document.len() + 1);
        let end = |from: usize, length: usize| (from + length).min(document.len());
        match harm {
            Harm::Cut(place) => document.truncate(at(place)),
            Harm::Drop(place, length) => drop(document.drain(at(place)..end(at(place), length))),
            Harm::Put(place, piece) => {
                let at = at(place);
                document.splice(at..at, piece);
            }
            Harm::Twice(place, length) => {
                let at = at(place);
                let piece = document[at..end(at, length)].to_vec();
                document.splice(at..at, piece);
            }
        }
    }
    document
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_it_panic(which in 0..6_usize, harms in prop::collection::vec(harm(), 0..12), content_type in prop::option::of("[a-z/; =-]{0,30}")) {
        let names = ["undeclared-prefixes.rss.xml", "cdata-everywhere.rss.xml", "slash.rdf.xml", "atom.xml", "atom-0.3.xml", "feed.json"];
        let document = harmed(fixture(names[which]), harms);
        let _ = parse(&document, content_type.as_deref(), "https://a.example/");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), begin in prop::sample::select(vec!["", "<rss><item><title>", "{\"items\":[", "<feed><entry><content type='xhtml'>"])) {
        let document = [begin.as_bytes(), &bytes].concat();
        let _ = parse(&document, None, "");
    }
}

/// The documents lent to us for trying things, unpacked; none where they are not.
fn samples() -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "..",
        "..",
        "..",
        "shared",
        "samples",
        "feeds",
    ]
    .iter()
    .collect();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("no sample feeds beside the repository: nothing was tried");
        return Vec::new();
    };
    let mut documents = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tsv") {
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.starts_with(b"\x1F\x8B") {
            let mut whole = Vec::new();
            flate2::read::MultiGzDecoder::new(bytes.as_slice())
                .read_to_end(&mut whole)
                .unwrap();
            bytes = whole;
        }
        documents.push((
            path.file_name().unwrap().to_string_lossy().into_owned(),
            bytes,
        ));
    }
    documents
}

/// What a document plainly holds, counted by regular expressions over its source
/// and so independently of the parser: entries, and how many of them have a
/// title, a link, a date and a text that are not empty.
fn plainly_holds(bytes: &[u8]) -> [usize; 5] {
    let text = encoding_rs::WINDOWS_1252
        .decode_without_bom_handling(bytes)
        .0;
    let regex = |pattern: &str| regex::Regex::new(pattern).unwrap();
    let filled = |names: &str| {
        regex(&format!(
            r"(?s)<(?:\w+:)?(?:{names})(?:\s[^>]*)?[^/>]?>\s*(?:<!\[CDATA\[\s*)?[^<\]\s]"
        ))
    };
    let (title, date) = (
        filled("title"),
        filled("pubDate|published|updated|issued|date|modified"),
    );
    let text_pattern = regex(
        r"(?s)<(?:description|summary|content|content:encoded|rss:description)(?:\s[^>]*)?[^/>]?>\s*(?:<!\[CDATA\[\s*)?(?:[^<\]\s]|<[a-z])",
    );
    let link = regex(
        r#"(?s)<(?:\w+:)?link[^>]*href="[^"]|<(?:\w+:)?link>\s*(?:<!\[CDATA\[\s*)?[^<\]\s]|<guid[^>]*>\s*(?:<!\[CDATA\[\s*)?http|<id>http"#,
    );
    let entry = regex(r"<(?:\w+:)?(?:item|entry)[\s>]");
    let mut counted = [0; 5];
    for chunk in entry.split(&text).skip(1) {
        counted[0] += 1;
        for (index, pattern) in [&title, &link, &date, &text_pattern]
            .into_iter()
            .enumerate()
        {
            counted[index + 1] += usize::from(pattern.is_match(chunk));
        }
    }
    counted
}

#[test]
fn of_the_samples_99_percent_give_every_entry_with_title_link_date_and_text() {
    let (mut held, mut short) = (0, Vec::new());
    for (name, bytes) in samples() {
        let Ok(document) = parse(&bytes, None, "https://from.example/feed") else {
            continue;
        };
        let entries = &document.parsed.entries;
        let given = [
            entries.len(),
            entries
                .iter()
                .filter(|draft| !draft.title.is_empty())
                .count(),
            entries.iter().filter(|draft| draft.url.is_some()).count(),
            entries
                .iter()
                .filter(|draft| draft.published.or(draft.updated).is_some())
                .count(),
            entries
                .iter()
                .filter(|draft| !draft.text.is_empty())
                .count(),
        ];
        let holds = plainly_holds(&bytes);
        if holds[0] + given[0] == 0 {
            continue;
        }
        held += 1;
        if given.iter().zip(holds).any(|(given, holds)| *given < holds) {
            short.push(format!("{name}: holds {holds:?}, given {given:?}"));
        }
    }
    println!("{held} documents hold entries; short: {short:#?}");
    assert!(short.len() * 100 <= held, "{short:#?}");
}

#[test]
fn no_sample_makes_it_panic_when_it_is_cut_anywhere() {
    for (index, (_, bytes)) in samples().into_iter().enumerate() {
        for part in 1..8 {
            let _ = parse(
                &bytes[..bytes.len() * part / 8 + index % 7 * bytes.len() / 100],
                None,
                "",
            );
        }
    }
}

// Against a site.

const FIRST: &str = "<rss><channel><title>T</title><item><guid>2</guid><title>Second</title><pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate></item><item><guid>1</guid><title>First</title><pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>";

struct Scene {
    site: FakeSite,
    tools: Tools,
}

impl Scene {
    async fn start() -> Self {
        let site = FakeSite::start().await;
        let clock = TestClock::at("2026-11-21T09:00:00Z");
        let url = site.url("/");
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let config = net::Config {
            allow: vec![host.to_owned()],
            ..net::Config::default()
        };
        let door = Door::new(config, clock.clone()).unwrap();
        Self {
            site,
            tools: Tools {
                door: Arc::new(door),
                clock,
            },
        }
    }

    fn feed(&self) -> Feed {
        self.feed_with(|_| {})
    }

    fn feed_with(&self, change: impl FnOnce(&mut Config)) -> Feed {
        let mut config = Config {
            url: self.site.url("/feed.xml"),
            user_agent: None,
            max_items: 500,
            full_text: FullText::Never,
        };
        change(&mut config);
        Feed::new(SourceId::new("feed-a").unwrap(), config, &self.tools)
    }
}

fn titles(polled: &Polled) -> Vec<&str> {
    polled
        .items
        .iter()
        .map(|item| item.title.as_str())
        .collect()
}

#[tokio::test]
async fn a_feed_is_read_oldest_first_and_then_only_when_it_changed() {
    let scene = Scene::start().await;
    scene.site.serve(
        "/feed.xml",
        Reply::ok(FIRST)
            .etag("\"v1\"")
            .last_modified("Sat, 21 Nov 2026 08:00:00 GMT"),
    );
    let feed = scene.feed();
    let first = feed.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&first), ["First", "Second"]);
    assert!(first.first_load && first.checkpoint && !first.more);
    assert_eq!(first.items[0].fetched, scene.tools.clock.now());

    let second = feed.poll(&first.cursor).await.unwrap();
    assert!(second.items.is_empty() && !second.first_load);
    assert_eq!(second.cursor, first.cursor);
    let requests = scene.site.requests();
    let sent = |name: &str| {
        requests[1]
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_string())
    };
    assert_eq!(sent("if-none-match").as_deref(), Some("\"v1\""));
    assert_eq!(
        sent("if-modified-since").as_deref(),
        Some("Sat, 21 Nov 2026 08:00:00 GMT")
    );

    scene.site.serve(
        "/feed.xml",
        Reply::ok(FIRST.replace("Second", "Second, edited")).etag("\"v2\""),
    );
    let third = feed.poll(&second.cursor).await.unwrap();
    assert_eq!(titles(&third), ["First", "Second, edited"]);
    // The same thing again has the same id, an edit another one by the same name.
    assert_eq!(third.items[0].id, first.items[0].id);
    assert_ne!(third.items[1].id, first.items[1].id);
    assert_eq!(third.items[1].external_id, first.items[1].external_id);
}

#[tokio::test]
async fn a_feed_that_is_gone_is_told() {
    let scene = Scene::start().await;
    let feed = scene.feed();
    scene.site.serve("/feed.xml", Reply::status(410));
    assert!(matches!(
        feed.poll(&Cursor::start()).await,
        Err(SourceError::Unreached(NetError::Gone { .. }))
    ));
}

#[tokio::test]
async fn a_web_page_where_a_feed_should_be_is_nonsense() {
    let scene = Scene::start().await;
    scene.site.serve(
        "/feed.xml",
        Reply::ok("<!DOCTYPE html><html><body>URL not found</body></html>")
            .content_type("application/rss+xml"),
    );
    match scene.feed().poll(&Cursor::start()).await {
        Err(SourceError::Nonsense(reason)) => {
            assert_eq!(reason, "the address gives a web page, not a feed")
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_charset_of_http_is_believed_last() {
    let scene = Scene::start().await;
    let document = b"<rss><item><title>\xCF\xF0\xE8\xE2\xE5\xF2</title></item></rss>";
    scene.site.serve(
        "/feed.xml",
        Reply::ok(document).content_type("text/html; charset=windows-1251"),
    );
    assert_eq!(
        titles(&scene.feed().poll(&Cursor::start()).await.unwrap()),
        ["Привет"]
    );
    scene.site.serve(
        "/feed.xml",
        Reply::ok("<rss><item><title>Café</title></item></rss>")
            .content_type("text/xml; charset=us-ascii"),
    );
    assert_eq!(
        titles(&scene.feed().poll(&Cursor::start()).await.unwrap()),
        ["Café"]
    );
}

#[tokio::test]
async fn relative_links_follow_the_address_after_redirects() {
    let scene = Scene::start().await;
    scene.site.serve(
        "/feed.xml",
        Reply::redirect(301, &scene.site.url("/new/feed.xml")),
    );
    scene.site.serve(
        "/new/feed.xml",
        Reply::ok("<feed><entry><title>A</title><link href='a'/></entry></feed>"),
    );
    let polled = scene.feed().poll(&Cursor::start()).await.unwrap();
    assert_eq!(polled.items[0].url, Some(scene.site.url("/new/a")));
}

#[tokio::test]
async fn the_newest_are_kept_when_there_are_too_many() {
    let scene = Scene::start().await;
    scene.site.serve("/feed.xml", Reply::ok(FIRST));
    let feed = scene.feed_with(|config| config.max_items = 1);
    let polled = feed.poll(&Cursor::start()).await.unwrap();
    assert_eq!(titles(&polled), ["Second"]);
    assert_eq!(
        polled.problems[0].reason,
        "it holds 2 entries, the newest 1 were read"
    );
}

#[tokio::test]
async fn another_address_in_the_config_forgets_the_validators_of_the_old_one() {
    let scene = Scene::start().await;
    scene
        .site
        .serve("/feed.xml", Reply::ok(FIRST).etag("\"same\""));
    scene
        .site
        .serve("/other.xml", Reply::ok(FIRST).etag("\"same\""));
    let first = scene.feed().poll(&Cursor::start()).await.unwrap();
    let other = scene.feed_with(|config| config.url = scene.site.url("/other.xml"));
    assert_eq!(other.poll(&first.cursor).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_user_agent_of_its_own() {
    let scene = Scene::start().await;
    scene.site.serve("/feed.xml", Reply::ok(FIRST));
    scene
        .feed_with(|config| config.user_agent = Some("Reader/1".to_owned()))
        .poll(&Cursor::start())
        .await
        .unwrap();
    let request = &scene.site.requests()[0];
    let agents: Vec<String> = request
        .headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case("user-agent"))
        .map(|(_, value)| value.to_string())
        .collect();
    assert_eq!(agents, ["Reader/1"]);
}

#[test]
fn an_unknown_key_of_the_config_is_an_error() {
    let wrong = toml::from_str::<Config>("url = \"https://a.example/\"\nusr_agent = \"x\"")
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("usr_agent"), "{wrong}");
}

#[tokio::test]
async fn what_a_feed_asks_of_its_readers_is_told() {
    let scene = Scene::start().await;
    let document = |ttl: &str| FIRST.replacen("<channel>", &format!("<channel>{ttl}"), 1);
    for (ttl, cache, wanted) in [
        ("", "", None),
        ("<ttl>30</ttl>", "", Some(1800)),
        ("", "public, max-age=600", Some(600)),
        ("<ttl>5</ttl>", "max-age=600", Some(600)),
        ("<ttl>now and then</ttl>", "max-age=never", None),
        ("<ttl>99999999</ttl>", "no-store", Some(86_400)),
    ] {
        let mut reply = Reply::ok(document(ttl));
        if !cache.is_empty() {
            reply = reply.header("cache-control", cache);
        }
        scene.site.serve("/feed.xml", reply);
        let polled = scene.feed().poll(&Cursor::start()).await.unwrap();
        let rest = polled.rest.map(|rest| rest.as_secs());
        assert_eq!(rest, wanted, "{ttl} {cache}");
        assert_eq!(polled.held, Some(2));
    }
}
