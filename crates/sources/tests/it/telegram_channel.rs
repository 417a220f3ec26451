//! A channel's public preview, from a fake t.me; and pages.

use expect_test::expect;
use model::Cursor;
use sources::telegram_channel::{Config, TelegramChannel, parse};
use sources::{Source, SourceError};
use testkit::site::Reply;

use crate::scene::{Scene, fixture, name, read_all, said};

pub(crate) const PATH: &str = "/s/examplecert";
const NO_PREVIEW: &str = "@examplecert has no public preview: there is no such channel, it is private, or it has switched its preview off";

fn open(scene: &Scene, channel: &str) -> TelegramChannel {
    let text = format!("channel = '{channel}'\nurl = '{}'", scene.site.url("/s"));
    TelegramChannel::new(name(), toml::from_str(&text).unwrap(), &scene.tools)
}

pub(crate) fn page(numbers: &[u64]) -> Reply {
    let messages: String = numbers
        .iter()
        .map(|n| {
            format!(
                "<div class='tgme_widget_message js-widget_message' data-post='examplecert/{n}'><div class='tgme_widget_message_text js-message_text'>message {n}</div></div>"
            )
        })
        .collect();
    Reply::ok(format!(
        "<html><body><section class='tgme_channel_history'>{messages}</section></body></html>"
    ))
    .content_type("text/html; charset=utf-8")
}

#[test]
fn a_page_is_read_with_forwards_signatures_and_times() {
    let page = parse(
        fixture("telegram_channel/channel.html").as_bytes(),
        Some("text/html; charset=utf-8"),
        "examplecert",
    )
    .unwrap();
    let mut out = String::new();
    for draft in &page.parsed.entries {
        out.push_str(&format!(
            "{} {} | {} | {}\n{}\n",
            draft.external_id,
            draft.url.as_deref().unwrap_or("-"),
            draft.author.as_deref().unwrap_or("-"),
            draft.published.unwrap(),
            draft.text
        ));
    }
    for problem in &page.parsed.problems {
        out.push_str(&format!("{}: {}\n", problem.place, problem.reason));
    }
    expect![[r#"
        102 https://t.me/examplecert/102 | Example 🛡 CERT, Asha | 2026-11-21T07:30:05Z
        🚨 <b>Acme VPN</b> is exploited, <a href="https://cert.example/a?x=1&amp;y=2" rel="noopener" target="_blank">CVE-2026-1234</a><br>Patch &lt;now&gt; <a href="?q=%23vpn">#vpn</a>
        103 https://t.me/examplecert/103 | Example CERT | 2026-11-21T07:45:00Z
        <p>Forwarded from Other &lt;team&gt;:</p>
        एम्स दिल्ली पर रैनसमवेयर
        examplecert/xyz: it has no number
    "#]].assert_eq(&out);
    assert_eq!((page.newest, page.oldest), (Some(104), Some(101)));
}

#[test]
fn no_page_cut_anywhere_makes_it_panic() {
    let whole = fixture("telegram_channel/channel.html");
    for end in (0..whole.len()).step_by(7) {
        let _ = parse(&whole.as_bytes()[..end], None, "examplecert");
    }
    for page in [
        "",
        "<html><body>Telegram: Contact @examplecert</body></html>",
        "{}",
    ] {
        match parse(page.as_bytes(), None, "examplecert") {
            Err(SourceError::Nonsense(text)) => assert_eq!(text, NO_PREVIEW),
            other => panic!("{other:?}"),
        }
    }
    let empty = parse(
        b"<section class='tgme_channel_history'></section>",
        None,
        "examplecert",
    )
    .unwrap();
    assert!(empty.parsed.entries.is_empty());
}

#[tokio::test]
async fn a_channel_is_read_back_to_what_was_known_and_edits_are_new_versions() {
    let scene = Scene::start().await;
    let channel = open(&scene, "@examplecert");
    scene.site.serve(PATH, page(&[10, 11, 12]));
    let first = channel.poll(&Cursor::start()).await.unwrap();
    assert!(first.first_load && first.checkpoint && !first.more);
    let texts: Vec<&str> = first.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(texts, ["message 10", "message 11", "message 12"]);

    scene.site.script(
        PATH,
        vec![page(&[17, 18]), page(&[14, 15, 16]), page(&[11, 12, 13])],
    );
    let polls = read_all(&channel, &first.cursor).await;
    assert_eq!(
        polls
            .iter()
            .map(|polled| polled.items.len())
            .collect::<Vec<_>>(),
        [2, 3, 3]
    );
    assert!(polls.iter().all(|polled| !polled.first_load));
    assert_eq!(polls[2].items[1].id, first.items[2].id);
    let asked: Vec<Option<String>> = scene
        .site
        .requests()
        .iter()
        .map(|seen| seen.param("before"))
        .collect();
    assert_eq!(
        asked,
        [None, None, Some("17".to_owned()), Some("14".to_owned())]
    );

    let edited = Reply::ok(
        "<section class='tgme_channel_history'><div class='tgme_widget_message' data-post='examplecert/18'><div class='tgme_widget_message_text'>message 18, edited</div></div></section>",
    );
    scene.site.script(PATH, vec![edited, page(&[17])]);
    let polls = read_all(&channel, &polls[2].cursor).await;
    assert_eq!(polls.len(), 1);
    assert_eq!(polls[0].items[0].external_id, "18");
}

#[tokio::test]
async fn a_channel_without_preview_is_told() {
    let scene = Scene::start().await;
    let channel = open(&scene, "examplecert");
    for reply in [
        Reply::redirect(302, "/examplecert"),
        Reply::status(404),
        Reply::ok("<html><body><div class='tgme_page'>Open in Telegram</div></body></html>"),
    ] {
        scene.site.serve(PATH, reply);
        assert_eq!(said(channel.poll(&Cursor::start()).await), NO_PREVIEW);
    }
    assert!(scene.site.requests().iter().all(|seen| seen.path == PATH));
}

#[tokio::test]
async fn another_channel_in_the_config_begins_anew() {
    let scene = Scene::start().await;
    scene.site.serve(PATH, page(&[5]));
    let first = open(&scene, "examplecert")
        .poll(&Cursor::start())
        .await
        .unwrap();
    scene.site.serve("/s/othercert", page(&[2]));
    let other = open(&scene, "othercert").poll(&first.cursor).await.unwrap();
    assert!(other.first_load && !other.more);
}

#[test]
fn names_of_channels_are_checked_at_once() {
    for wrong in ["https://t.me/certin", "a b", "abc", "a/../b", ""] {
        let error = toml::from_str::<Config>(&format!("channel = '{wrong}'"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("is no channel's name"), "{error}");
    }
}
