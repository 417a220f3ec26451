//! Lists of feeds in and out: what readers export, what breaks XML, and back.

use std::path::Path;

use proptest::prelude::*;
use sources::opml::{Outline, export, import};
use sources::{Parsed, catalogue};

fn outline(title: &str, url: &str, category: Option<&str>) -> Outline {
    Outline {
        title: title.to_owned(),
        url: url.to_owned(),
        html_url: None,
        category: category.map(str::to_owned),
    }
}

fn body(inside: &str) -> Parsed<Outline> {
    import(format!("<opml version=\"2.0\"><head/><body>{inside}</body></opml>").as_bytes())
}

fn problems(parsed: &Parsed<Outline>) -> Vec<String> {
    parsed
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.place, problem.reason))
        .collect()
}

#[test]
fn folders_titles_and_addresses_of_both_versions() {
    let old = import(
        br#"<?xml version="1.0" encoding="ISO-8859-1"?><opml version="1.0"><head><title>Mine</title></head><body>
        <outline title="News">
          <outline text="India">
            <outline title="Caf&#233; &amp; caf&eacute;" text="other" type="rss" xmlUrl="https://a.example/feed?x=1&amp;y=2" htmlUrl="https://a.example/"/>
          </outline>
          <outline TYPE="RSS" XMLURL="http://b.example/rss" Text="  B
            blog "></outline>
        </outline>
        <outline text="C" xmlUrl="feed://c.example/atom.xml" category="/Tech/Cloud,/Other"/>
        <outline xmlUrl="feed:http://d.example/"/>
        <outline text="Only a note"/>
        <outline type="rss" text="E" url="https://e.example/feed"/>
        </body></opml>"#,
    );
    assert_eq!(problems(&old), Vec::<String>::new());
    assert_eq!(
        old.entries,
        [
            Outline {
                html_url: Some("https://a.example/".to_owned()),
                ..outline(
                    "Caf\u{e9} & caf\u{e9}",
                    "https://a.example/feed?x=1&y=2",
                    Some("News/India")
                )
            },
            outline("B blog", "http://b.example/rss", Some("News")),
            outline("C", "https://c.example/atom.xml", Some("Tech/Cloud")),
            outline("d.example", "http://d.example/", None),
            outline("E", "https://e.example/feed", None),
        ]
    );
}

#[test]
fn a_bad_entry_costs_only_itself() {
    let list = body(
        r#"<outline text="A" xmlUrl="https://a.example/"/>
        <outline text="none" type="rss"/>
        <outline text="script" xmlUrl="javascript:alert(1)"/>
        <outline text="file" xmlUrl="file:///etc/passwd"/>
        <outline text="list" type="include" url="https://l.example/list.opml"/>
        <outline text="a "quoted" title" xmlUrl="https://q.example/?a=1&b=2&copy;&nonsense;"/>
        <outline text="unclosed xmlUrl="https://lost.example/"/>
        <outline text="B" xmlUrl="https://b.example/"/>
        <outline text="open quote xmlUrl=https://gone.example/ />
        <outline text="C" xmlUrl="https://c.example/"/>
        <outline text="again" xmlUrl="https://a.example/"/>"#,
    );
    let urls: Vec<&str> = list.entries.iter().map(|one| one.url.as_str()).collect();
    for url in [
        "https://a.example/",
        "https://b.example/",
        "https://c.example/",
    ] {
        assert_eq!(
            urls.iter().filter(|one| **one == url).count(),
            1,
            "{urls:?}"
        );
    }
    let told = problems(&list);
    for (place, reason) in [
        ("outline 2", "no address"),
        ("outline 3", "javascript:alert(1)"),
        ("outline 4", "file:"),
        ("outline 5", "another list"),
    ] {
        assert!(
            told.iter()
                .any(|one| one.starts_with(place) && one.contains(reason)),
            "{told:?}"
        );
    }
    assert!(
        told.iter().any(|one| one.contains("quotation mark")),
        "{told:?}"
    );
}

#[test]
fn every_missing_quotation_mark_costs_one_entry() {
    let entries: String = (0..300)
        .map(|n| match n % 3 {
            0 => format!("<outline text=\"{n} xmlUrl=\"https://a.example/{n}\"/>\n"),
            _ => format!("<outline text=\"{n}\" xmlUrl=\"https://a.example/{n}\"/>\n"),
        })
        .collect();
    let list = body(&entries);
    assert_eq!(list.entries.len(), 200);
    assert_eq!(list.problems.len(), 100);
    assert_eq!(list.problems[1].place, "outline 4");
}

#[test]
fn references_are_resolved_and_entities_stay_inert() {
    let list = import(
        br#"<!DOCTYPE opml [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
        <opml version="2.0"><body>
        <outline text="&b; &x; &lt;b&gt;" xmlUrl="https://a.example/?p=1&q=2"/>
        </body></opml>"#,
    );
    assert_eq!(
        list.entries,
        [outline("&b; &x; <b>", "https://a.example/?p=1&q=2", None)]
    );
}

#[test]
fn what_is_no_list_says_so() {
    for bytes in [
        b"".as_slice(),
        b"{not xml :)",
        b"<html><body>Not found</body></html>",
        b"<rss><channel><title>A feed</title></channel></rss>",
        b"\xff\xfe\x00",
        b"<",
    ] {
        let list = import(bytes);
        assert!(list.entries.is_empty());
        assert!(
            problems(&list).contains(&"document: is no OPML".to_owned()),
            "{:?}",
            problems(&list)
        );
    }
    let list = import(&vec![b' '; 9 * 1024 * 1024]);
    assert!(problems(&list)[0].contains("8 MiB"));
    assert_eq!(problems(&body("")), Vec::<String>::new());
}

#[test]
fn a_cut_list_keeps_what_came_before() {
    let list = import(
        b"<opml><body><outline text='A' xmlUrl='https://a.example/'/><outline text='B' xmlUrl='https://b.exa",
    );
    assert_eq!(list.entries, [outline("A", "https://a.example/", None)]);
    assert_eq!(list.problems.len(), 1);
}

#[test]
fn depth_number_and_problems_are_bounded() {
    let deep = format!(
        "{}<outline text='A' xmlUrl='https://a.example/'/>{}<outline text='B' xmlUrl='https://b.example/'/>",
        "<outline text='f'>".repeat(5000),
        "</outline>".repeat(5000)
    );
    let list = body(&deep);
    assert_eq!(list.entries.len(), 2);
    assert_eq!(list.entries[0].category.as_deref().map(str::len), Some(31));
    assert_eq!(list.entries[1].category, None);

    let many: String = (0..10_050)
        .map(|n| format!("<outline text='{n}' xmlUrl='https://a.example/{n}'/>"))
        .collect();
    let list = body(&many);
    assert_eq!(list.entries.len(), 10_000);
    assert_eq!(list.problems.len(), 1);

    let list = body(&"<outline type='rss'/>".repeat(1000));
    assert_eq!(list.problems.len(), 201);
    assert_eq!(list.problems[200].reason, "800 more problems");

    // Each of these may be searched for its end through all that follows.
    let list = body(&"<outline a=\"".repeat(100_001));
    assert!(list.entries.is_empty());
    let told = problems(&list);
    assert!(told.iter().any(|one| one.contains("too many broken")) || list.problems.len() == 201);
}

#[test]
fn an_export_is_sorted_into_folders_and_escaped() {
    let list = [
        outline(
            "Z \"quoted\" & <b>",
            "https://z.example/?a=1&b=2",
            Some("News/India"),
        ),
        outline("Plain", "https://p.example/", None),
        Outline {
            html_url: Some("https://n.example/".to_owned()),
            ..outline("N", "https://n.example/feed", Some("News"))
        },
    ];
    expect_test::expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <opml version="2.0">
          <head>
            <title>Prahari &amp; co</title>
          </head>
          <body>
            <outline type="rss" text="Plain" title="Plain" xmlUrl="https://p.example/"/>
            <outline text="News" title="News">
              <outline type="rss" text="N" title="N" xmlUrl="https://n.example/feed" htmlUrl="https://n.example/"/>
              <outline text="India" title="India">
                <outline type="rss" text="Z &quot;quoted&quot; &amp; &lt;b&gt;" title="Z &quot;quoted&quot; &amp; &lt;b&gt;" xmlUrl="https://z.example/?a=1&amp;b=2"/>
              </outline>
            </outline>
          </body>
        </opml>
    "#]]
    .assert_eq(&export("Prahari & co", &list));
}

#[test]
fn the_shipped_feeds_go_out_and_come_back() {
    let mut list: Vec<Outline> = catalogue::shipped()
        .unwrap()
        .into_iter()
        .filter(|entry| entry.config.kind() == "feed")
        .map(|entry| {
            let place = entry
                .region
                .map_or("World".to_owned(), |country| country.to_string());
            outline(&entry.name, entry.config.url().unwrap(), Some(&place))
        })
        .collect();
    let back = import(export("Prahari", &list).as_bytes());
    assert!(back.problems.is_empty());
    list.sort_by(|one, other| one.category.cmp(&other.category));
    assert_eq!(back.entries, list);
}

proptest! {
    #[test]
    fn what_goes_out_comes_back(
        titles in proptest::collection::vec("[^ \\p{C}\\p{Z}]{1,12}( [^ \\p{C}\\p{Z}]{1,12}){0,2}", 0..12),
        folders in proptest::collection::vec("[^ /\\p{C}\\p{Z}]{1,8}", 1..4),
        head in any::<String>(),
    ) {
        let mut list: Vec<Outline> = titles
            .iter()
            .enumerate()
            .map(|(n, title)| {
                let category = folders[..n % (folders.len() + 1)].join("/");
                outline(
                    title,
                    &format!("https://a.example/{n}?a=1&b='2'"),
                    Some(category.as_str()).filter(|category| !category.is_empty()),
                )
            })
            .map(|one| Outline { url: url::Url::parse(&one.url).unwrap().into(), ..one })
            .collect();
        let back = import(export(&head, &list).as_bytes());
        prop_assert!(back.problems.is_empty(), "{:?}", back.problems);
        list.sort_by(|one, other| one.category.as_ref().map(|c| c.split('/').collect::<Vec<_>>())
            .cmp(&other.category.as_ref().map(|c| c.split('/').collect())));
        prop_assert_eq!(back.entries, list);
    }

    #[test]
    fn nothing_breaks_it(pieces in proptest::collection::vec(
        prop_oneof![
            Just("<opml>".to_owned()), Just("<outline ".to_owned()), Just("</outline>".to_owned()),
            Just("xmlUrl=\"https://a.example/".to_owned()), Just("\"".to_owned()), Just("/>".to_owned()),
            Just("<![CDATA[".to_owned()), Just("<!--".to_owned()), Just("&#x0;".to_owned()), any::<String>(),
        ], 0..40,
    )) {
        let list = import(pieces.concat().as_bytes());
        prop_assert!(list.entries.len() <= 40);
    }
}

#[test]
fn real_lists_are_read_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/opml");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("left out: {} is not there", folder.display());
        return;
    };
    let mut read = 0;
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let raw = std::fs::read(&path).unwrap();
        let bytes = if name.ends_with(".opml.gz") {
            let mut inside = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*raw), &mut inside)
                .unwrap();
            inside
        } else if name.ends_with(".opml") {
            raw
        } else {
            continue;
        };
        read += 1;
        let list = import(&bytes);
        println!(
            "{name}: {} feeds, {:?}",
            list.entries.len(),
            problems(&list)
        );
        // Every address in the text, counted without a parser.
        let text = String::from_utf8_lossy(&bytes);
        let addresses: std::collections::BTreeSet<&str> = text
            .split("xmlUrl=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(
            list.entries.len() + list.problems.len() >= addresses.len(),
            "{name}: {} of {}",
            list.entries.len(),
            addresses.len()
        );
        assert_eq!(
            import(export("x", &list.entries).as_bytes()).entries.len(),
            list.entries.len()
        );
        assert_eq!(
            list.problems.is_empty(),
            name != "sample-invalid_xml.opml",
            "{:?}",
            problems(&list)
        );
    }
    assert!(read >= 5, "{read}");
}
