//! Whole texts of articles, fetched from the pages that feeds announce.

use std::sync::Arc;

use model::{Cursor, Item};
use net::Recorder;
use sources::feed::{Config, Feed};
use sources::{Polled, Source};
use testkit::site::Reply;

use crate::scene::{Scene, name};

const TEASER: &str = "Acme Bank has confirmed that attackers copied customer records in October.";

fn feed(scene: &Scene, full_text: &str) -> Feed {
    let url = scene.site.url("/feed.xml");
    let config: Config =
        toml::from_str(&format!("url = '{url}'\nfull_text = '{full_text}'")).unwrap();
    Feed::new(name(), config, &scene.tools)
}

/// The feed holds these articles, newest first, each with the same teaser.
fn announce(scene: &Scene, articles: &[&str]) {
    let entries: String = articles
        .iter()
        .map(|article| {
            format!(
                "<item><title>{article}</title><guid>{article}</guid><link>{}</link><description>{TEASER}</description></item>",
                scene.site.url(&format!("/{article}"))
            )
        })
        .collect();
    scene.site.serve(
        "/feed.xml",
        Reply::ok(format!(
            "<rss version='2.0'><channel>{entries}</channel></rss>"
        )),
    );
}

fn page(end: &str, content_type: &str) -> Reply {
    let paragraphs: String = (1..=5)
        .map(|n| format!("<p>{TEASER} Paragraph {n} goes on, with details, with names &amp; numbers, as articles do when they are whole.</p>"))
        .collect();
    let html = format!(
        "<html><head><link rel='canonical' href='/own-address'></head><body><article>{paragraphs}<p>{end}</p></article></body></html>"
    );
    Reply::ok(html).content_type(content_type)
}

/// How often each article's page was asked for.
fn asked(scene: &Scene, path: &str) -> usize {
    let requests = scene.site.requests();
    requests.iter().filter(|seen| seen.path == path).count()
}

fn of<'a>(polled: &'a Polled, article: &str) -> &'a Item {
    let mut items = polled.items.iter();
    items.find(|item| item.external_id == article).unwrap()
}

#[tokio::test]
async fn a_new_article_comes_whole_under_the_id_of_its_teaser() {
    let mut scene = Scene::start().await;
    let kept = Arc::new(Recorder::new(100_000, 1_000_000));
    scene.tools.door = Arc::new(scene.tools.door.recorded_by(Arc::clone(&kept)));
    let (whole, teasers) = (feed(&scene, "teasers"), feed(&scene, "never"));
    announce(&scene, &["old"]);
    scene
        .site
        .serve("/new", page("And an end.", "text/html; charset=utf-8"));
    let first = whole.poll(&Cursor::start()).await.unwrap();
    // The first reading is history: nothing is fetched for it.
    assert_eq!(asked(&scene, "/old"), 0);
    announce(&scene, &["new", "old"]);
    let second = whole.poll(&first.cursor).await.unwrap();
    let item = of(&second, "new");
    assert!(
        item.text.contains("names &amp; numbers") && item.text.contains("<p>And an end.</p>"),
        "{}",
        item.text
    );
    assert_eq!(item.url, Some(scene.site.url("/own-address")));
    assert_eq!((asked(&scene, "/new"), asked(&scene, "/old")), (1, 0));
    // Of the two only the feed is kept: a page under its name could not be read again.
    let mut urls: Vec<String> = kept.take().into_iter().map(|one| one.url).collect();
    urls.dedup();
    assert_eq!(urls, [scene.site.url("/feed.xml")]);
    // The page changes; the feed does not: the same item, and nobody asks again.
    scene.site.serve(
        "/new",
        page("Corrected at noon.", "text/html; charset=utf-8"),
    );
    let third = whole.poll(&second.cursor).await.unwrap();
    assert_eq!(of(&third, "new").id, item.id);
    assert_eq!(asked(&scene, "/new"), 1);
    // A replay from the cursor before gives the same id with the page as it is now.
    let replayed = whole.poll(&first.cursor).await.unwrap();
    assert_eq!(of(&replayed, "new").id, item.id);
    assert_ne!(of(&replayed, "new").text, item.text);
    // And it is the id of the item without its page.
    let plain = teasers.poll(&Cursor::start()).await.unwrap();
    assert_eq!(of(&plain, "new").id, item.id);
    assert_eq!(of(&plain, "new").text, TEASER);
}

#[tokio::test]
async fn whatever_speaks_against_a_page_costs_only_the_page() {
    let consent = "<article>".to_owned()
        + &"<p>We and our partners use cookies, and process data, to show you what you like.</p>"
            .repeat(20);
    for (what, reply) in [
        (
            "a paywall",
            Reply::ok(format!(
                "<article><p>{TEASER}</p><p>Subscribe.</p></article>"
            )),
        ),
        ("consent", Reply::ok(consent)),
        ("no page", page("x", "application/pdf")),
        ("not found", Reply::status(404)),
        ("refused", Reply::status(403)),
        ("gone", Reply::status(410)),
        ("broken", Reply::status(500)),
        ("busy", Reply::status(429)),
        ("cut short", page("x", "text/html").truncated()),
        ("too large", page("x", "text/html").endless()),
        ("private", Reply::redirect(302, "http://10.0.0.1/")),
    ] {
        let scene = Scene::start().await;
        let source = feed(&scene, "teasers");
        announce(&scene, &["old"]);
        let first = source.poll(&Cursor::start()).await.unwrap();
        announce(&scene, &["new", "old"]);
        scene.site.serve("/new", reply);
        let polled = source.poll(&first.cursor).await.unwrap();
        assert_eq!(of(&polled, "new").text, TEASER, "{what}");
        assert_eq!(asked(&scene, "/new"), 1, "{what}");
    }
}

#[tokio::test]
async fn robots_are_heeded_and_pages_of_one_poll_bounded() {
    let scene = Scene::start().await;
    let source = feed(&scene, "teasers");
    announce(&scene, &["old"]);
    let first = source.poll(&Cursor::start()).await.unwrap();
    scene.site.serve(
        "/robots.txt",
        Reply::ok("User-agent: *\nDisallow: /private\n"),
    );
    let names: Vec<String> = (0..15).map(|n| format!("n{n}")).collect();
    let mut articles: Vec<&str> = vec!["private"];
    articles.extend(names.iter().map(String::as_str));
    articles.push("old");
    announce(&scene, &articles);
    for name in &articles {
        scene.site.serve(
            &format!("/{name}"),
            page("whole", "text/html; charset=utf-8"),
        );
    }
    let polled = source.poll(&first.cursor).await.unwrap();
    assert_eq!(of(&polled, "private").text, TEASER);
    assert_eq!(asked(&scene, "/private"), 0);
    // Ten of the newest were tried, the forbidden one among them.
    let whole = polled
        .items
        .iter()
        .filter(|item| item.text != TEASER)
        .count();
    assert_eq!(whole, 9);
    assert_ne!(of(&polled, "n0").text, TEASER);
    assert_eq!(of(&polled, "n14").text, TEASER);
    assert_eq!(asked(&scene, "/robots.txt"), 1);
}

#[tokio::test]
async fn a_host_that_fails_twice_is_left_alone() {
    let scene = Scene::start().await;
    let source = feed(&scene, "teasers");
    announce(&scene, &["old"]);
    let first = source.poll(&Cursor::start()).await.unwrap();
    announce(&scene, &["a", "b", "c", "d", "old"]);
    for path in ["/a", "/b", "/c", "/d"] {
        scene.site.serve(path, Reply::status(503));
    }
    let polled = source.poll(&first.cursor).await.unwrap();
    assert_eq!(polled.items.len(), 5);
    let requests: usize = ["/a", "/b", "/c", "/d"]
        .iter()
        .map(|path| asked(&scene, path))
        .sum();
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn pages_and_searches_fetch_whole_texts_too() {
    let scene = Scene::start().await;
    let list = |names: &[&str]| {
        let items: String = names
            .iter()
            .map(|name| format!("<li><a href='/{name}'>Acme Bank confirms that customer records were copied, {name}</a>"))
            .collect();
        Reply::ok(format!("<ul>{items}</ul>")).content_type("text/html")
    };
    let url = scene.site.url("/list");
    let config = toml::from_str(&format!(
        "url = '{url}'\nitem = 'li'\nfull_text = 'teasers'"
    ))
    .unwrap();
    let source = sources::page::Page::new(name(), config, &scene.tools);
    scene.site.serve("/list", list(&["old"]));
    let first = source.poll(&Cursor::start()).await.unwrap();
    scene.site.serve("/list", list(&["new", "old"]));
    scene
        .site
        .serve("/new", page("end", "text/html; charset=utf-8"));
    let polled = source.poll(&first.cursor).await.unwrap();
    assert!(
        polled
            .items
            .iter()
            .any(|item| item.text.contains("Paragraph 5"))
    );
    assert_eq!((asked(&scene, "/new"), asked(&scene, "/old")), (1, 0));

    let url = scene.site.url("/gdelt");
    let config = toml::from_str(&format!("url = '{url}'\nfull_text = 'teasers'")).unwrap();
    let source = sources::gdelt::Gdelt::new(name(), config, &scene.tools);
    let answer = |names: &[&str]| {
        let articles: Vec<serde_json::Value> = names
            .iter()
            .map(|name| serde_json::json!({"url": scene.site.url(&format!("/{name}")), "title": "Acme Bank confirms customer records copied", "seendate": "20261121T080000Z"}))
            .collect();
        Reply::json(&serde_json::json!({"articles": articles}))
    };
    scene.site.serve("/gdelt", answer(&["old"]));
    let first = source.poll(&Cursor::start()).await.unwrap();
    scene.site.serve("/gdelt", answer(&["new", "old"]));
    let polled = source.poll(&first.cursor).await.unwrap();
    let item = polled
        .items
        .iter()
        .find(|item| item.text.contains("Paragraph 5"))
        .unwrap();
    // Plain text stays plain.
    assert!(item.text.contains("names & numbers"), "{}", item.text);
}
