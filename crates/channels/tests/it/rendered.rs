//! Snapshots of what each channel shows. Read them as a reader would.

use channels::message::Content;
use channels::{email, slack, telegram};
use expect_test::{ExpectFile, expect_file};

use crate::sample;

fn check(channel: &str, name: &str, expected: &ExpectFile) {
    let message = sample::named(name).expect("a sample");
    let shown = match channel {
        "text" => {
            let letter = email::preview(&message).expect("a letter");
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        }
        "html" => email::preview(&message).expect("a letter").html,
        "slack" => serde_json::to_string_pretty(&slack::preview(&message)).expect("JSON"),
        _ => telegram::preview(&message),
    };
    expected.assert_eq(&shown);
}

macro_rules! snapshots {
    ($($function:ident: $channel:literal $name:literal;)*) => {
        $(#[test]
        fn $function() {
            check($channel, $name, &expect_file![concat!("snapshots/", $channel, "-", $name, ".txt")]);
        })*
    };
}

snapshots! {
    mail_tells_a_story: "text" "story";
    mail_tells_what_is_new_first: "text" "followup";
    mail_tells_a_flaw: "text" "flaw";
    mail_tells_little_of_little: "text" "bare";
    mail_takes_hostile_text_as_text: "text" "hostile";
    mail_tells_hindi: "text" "hindi";
    mail_tells_a_digest: "text" "digest";
    mail_tells_a_notice: "text" "notice";
    mail_tells_a_test: "text" "test";
    html_mail_tells_a_story: "html" "story";
    html_mail_takes_hostile_text_as_text: "html" "hostile";
    html_mail_tells_a_digest: "html" "digest";
    html_mail_tells_a_notice: "html" "notice";
    slack_tells_a_story: "slack" "story";
    slack_tells_what_is_new_first: "slack" "followup";
    slack_tells_a_flaw: "slack" "flaw";
    slack_takes_hostile_text_as_text: "slack" "hostile";
    slack_tells_a_digest: "slack" "digest";
    slack_tells_a_notice: "slack" "notice";
    telegram_tells_a_story: "telegram" "story";
    telegram_tells_what_is_new_first: "telegram" "followup";
    telegram_tells_a_flaw: "telegram" "flaw";
    telegram_tells_little_of_little: "telegram" "bare";
    telegram_takes_hostile_text_as_text: "telegram" "hostile";
    telegram_tells_hindi: "telegram" "hindi";
    telegram_tells_a_digest: "telegram" "digest";
    telegram_tells_a_notice: "telegram" "notice";
}

/// A CVE that only the news names was a row with an empty right half.
#[test]
fn a_flaw_that_nobody_has_described_says_so() {
    let mut message = sample::named("flaw").expect("a sample");
    let Content::Story(story) = &mut message.content else {
        panic!("the sample is a story");
    };
    story.vulnerabilities.clear();
    let letter = email::preview(&message).expect("a letter");
    let said = "no source has described it yet";
    assert!(letter.text.contains(said), "{}", letter.text);
    assert!(letter.html.contains(said), "{}", letter.html);
    assert!(telegram::preview(&message).contains(said));
}

#[test]
fn a_long_digest_says_how_many_are_left_out() {
    let message = sample::named("long-digest").expect("a sample");
    let letter = email::preview(&message).expect("a letter");
    assert!(letter.text.contains("\nand 90 more\n"), "{}", letter.text);
    assert!(letter.html.contains("and 90 more"));
    assert!(
        letter.html.len() < 102_000,
        "Gmail clips a mail of {} bytes",
        letter.html.len()
    );
    assert!(
        telegram::preview(&message).contains("\nand 108 more\n"),
        "{}",
        telegram::preview(&message)
    );
    let blocks = slack::preview(&message)["blocks"]
        .as_array()
        .expect("blocks")
        .clone();
    let shown = blocks
        .iter()
        .filter(|block| {
            block["text"]["text"]
                .as_str()
                .is_some_and(|text| text.contains('|'))
        })
        .count();
    let more = format!("and {} more", 120 - shown);
    assert!(
        blocks
            .iter()
            .any(|block| block["elements"][0]["text"] == more.as_str()),
        "{shown} told"
    );
}

#[test]
fn a_dashboard_on_this_machine_is_written_out_in_telegram() {
    let message = channels::Message {
        dashboard: Some("http://localhost:8000/".to_owned()),
        ..sample::named("story").expect("a sample")
    };
    let shown = telegram::preview(&message);
    assert!(
        shown.contains("\nOpen in Prahari: http://localhost:8000/incidents/"),
        "{shown}"
    );
}

#[test]
fn an_address_that_is_no_web_address_is_never_linked() {
    let message = channels::Message {
        dashboard: Some("javascript:alert(1)".to_owned()),
        ..sample::named("hostile").expect("a sample")
    };
    let after = |text: &str, lead: &str, end: char| -> Vec<String> {
        text.split(lead)
            .skip(1)
            .map(|rest| rest.split(end).next().unwrap_or_default().to_owned())
            .collect()
    };
    // The story's own address and the one with markup in it; nothing of
    // `javascript:` or `bank.example@evil.example`.
    let expected = [
        "https://news.example/%22onmouseover=alert(1)",
        "https://news.example/a%7Cb%3Ec%22d%27e?x=%3Cy%3E&z=*1*",
    ];
    let telegram = telegram::preview(&message).replace("&amp;", "&");
    assert_eq!(after(&telegram, "href=\"", '"'), expected);
    let mail = email::preview(&message)
        .expect("a letter")
        .html
        .replace("&#x2f;", "/")
        .replace("&amp;", "&");
    let mut links = after(&mail, "href=\"", '"');
    links.dedup();
    assert_eq!(links, expected);
    let slack = slack::preview(&message).to_string().replace("&amp;", "&");
    assert_eq!(after(&slack, "\"url\":\"", '"'), expected[..1]);
    assert_eq!(after(&slack, "<", '|'), expected[1..]);
}
