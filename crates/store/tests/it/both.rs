//! The same corpus on both back ends, and the same questions: what one finds the other
//! finds, in the same order.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::{IncidentOrder, PageRequest, Store};

use crate::build::{Tale, incident, item, judgement, minute, placed, published, titles, wanted};

/// Words of the corpus: stems that meet, names with parts, Hindi, and a word that is
/// told more often than a tsvector keeps positions.
const WORDS: [&str; 16] = [
    "exploit",
    "exploited",
    "exploitation",
    "bank",
    "banks",
    "banking",
    "CVE-2026-1234",
    "zero-day",
    "7.2.4",
    "रेलवे",
    "साइबर",
    "हमला",
    "data",
    "breach",
    "remote",
    "code",
];

fn words(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 1..=most)
        .prop_map(|words| words.join(" "))
}

/// A query: words, beginnings and phrases.
fn query() -> impl Strategy<Value = String> {
    let word = prop::sample::select(&WORDS[..]).prop_map(str::to_owned);
    let begun = (prop::sample::select(&WORDS[..]), 2..6_usize)
        .prop_map(|(word, length)| format!("{}*", word.chars().take(length).collect::<String>()));
    let phrase = words(3).prop_map(|words| format!("\"{words}\""));
    let begun_phrase = words(2).prop_map(|words| format!("\"{words}\"*"));
    let term = prop_oneof![3 => word, 2 => begun, 3 => phrase, 1 => begun_phrase];
    prop::collection::vec(term, 1..=2).prop_map(|terms| terms.join(" "))
}

async fn fill(store: Arc<dyn Store>, texts: &[(String, String, u8)]) {
    let tale = Tale::of(store).await;
    let mut minutes = 0;
    for (nth, (title, text, score)) in texts.iter().enumerate() {
        minutes -= 7;
        let name = format!("{nth} {title}");
        let item = published(item("feed", &nth.to_string(), &name, text), minute(minutes));
        tale.record(&[&item]).await;
        // Ids are counted, so both stores must be given the same.
        let mut opened = incident(&item);
        opened.id = format!("01936000-0000-7000-8000-{nth:012}")
            .parse()
            .unwrap();
        opened.severity = judgement(f32::from(*score));
        tale.commit(placed(&item, Some(opened))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_find_the_same_in_the_same_order() {
    // The seed is fixed, so a failure repeats itself; the query that failed is told.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[26; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut texts: Vec<(String, String, u8)> =
        prop::collection::vec((words(4), words(30), 0..=10_u8), 60)
            .new_tree(&mut runner)
            .unwrap()
            .current();
    // Long ones: more words than positions, and one word more often than it has any.
    let long: String = (0..20_000).map(|n| format!("word{n} ")).collect();
    texts.push(("long".to_owned(), format!("{long} remote code here"), 5));
    texts.push((
        "often".to_owned(),
        format!("{} bank data end", "breach ".repeat(400)),
        5,
    ));

    let (_folder, sqlite, _) = crate::sqlite::stores().await;
    let (_database, postgres, _) = crate::postgres::stores().await;
    fill(sqlite.clone(), &texts).await;
    fill(postgres.clone(), &texts).await;

    let mut found_something = 0;
    let mut queries: Vec<String> = (0..200)
        .map(|_| query().new_tree(&mut runner).unwrap().current())
        .collect();
    queries.extend(
        [
            "\"remote code here\"",
            "\"word19998 word19999 remot*\"",
            "word19999 word3",
            "\"breach bank data\"",
            "\"breach data bank\"",
            "\"word1 word3\"",
            "title:bank* breach",
            "title:\"remote code\"",
            "title:often \"bank data\"",
            "NOT bank",
            "exploit OR title:often",
        ]
        .map(str::to_owned),
    );
    for query in &queries {
        for (order, also) in [
            (IncidentOrder::Latest, ""),
            (IncidentOrder::Worst, ""),
            (IncidentOrder::Worst, " severity>=high"),
        ] {
            let filter = wanted(&format!("{query}{also}"));
            let page = PageRequest {
                order,
                after: None,
                limit: 200,
            };
            let one = sqlite.incidents(&filter, &page).await.unwrap();
            let other = postgres.incidents(&filter, &page).await.unwrap();
            assert_eq!(titles(&one), titles(&other), "{query} {order:?}");
            assert_eq!(
                (one.total, one.exact),
                (other.total, other.exact),
                "{query}"
            );
            found_something += usize::from(!one.incidents.is_empty());
        }
    }
    assert!(found_something * 2 > queries.len() * 3, "{found_something}");
}
