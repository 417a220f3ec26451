//! What people get wrong in settings, and how they are told: all at once, each with the
//! place where it stands.

use std::path::Path;

use expect_test::{Expect, expect};

use super::read;
use crate::config::{Environment, Flags, parse};

fn wrong(text: &str, expected: &Expect) {
    let mistakes = read(text, &[]).map_or_else(|mistakes| mistakes, |settings| settings.mistakes);
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_misspelt_key_is_an_error_that_names_the_right_one() {
    wrong(
        "[server]\nlisten = \"127.0.0.1:9\"\n\n[alertng]\ngroup_wait_seconds = 1\n[watch]\nkeyword = []\n",
        &expect![[r#"
            prahari.toml:4: unknown key `alertng`; did you mean `alerting`?
            prahari.toml:7: unknown key `watch.keyword`; did you mean `keywords`?"#]],
    );
}

#[test]
fn a_wrong_entry_costs_only_itself_and_is_told_with_its_line() {
    let text = r#"
        [[sources]]
        id = "good"
        kind = "feed"
        url = "https://example.org/feed"

        [[sources]]
        id = "bad"
        kind = "fead"
        url = "https://example.org/feed"

        [[sources]]
        id = "worse"
        kind = "feed"
        urll = "https://example.org/feed"
        intervall = "5s"

        [[sources]]
        id = "worst"
        kind = "feed"
        url = 7

        [[rules]]
        id = "r"
        min_severity = "hihg"

        [[rules]]
        id = "s"
        channels = ["slck"]

        [[channels]]
        id = "slack"
        kind = "slack"
        token = "xoxb-1"
        colour = "red"
    "#;
    wrong(
        text,
        &expect![[r#"
            prahari.toml:9: sources[1].kind: there is no kind `fead`; did you mean `feed`?
            prahari.toml:16: unknown key `sources[2].intervall`; did you mean `interval`?
            prahari.toml:15: unknown key `sources[2].urll`; did you mean `url`?
            prahari.toml:18: sources[3]: invalid type: integer `7`, expected a string
            prahari.toml:35: unknown key `channels[0].colour`
            prahari.toml:25: rules[0].min_severity: unknown variant `hihg`, expected one of `low`, `medium`, `high`, `critical`
            prahari.toml:29: rules[1].channels: there is no channel `slck`"#]],
    );
    let settings = read(text, &[]).unwrap();
    assert!(
        settings
            .sources
            .iter()
            .any(|source| source.id.as_str() == "good")
    );
    assert!(settings.channels.is_empty());
}

#[test]
fn text_that_is_not_toml_stops_the_start_at_its_line() {
    wrong(
        "[server]\nlisten = \n",
        &expect!["prahari.toml:2: string values must be quoted, expected literal string"],
    );
    wrong(
        "[server]\nlisten = \"0.0.0.0:8000\"\n",
        &expect![
            "prahari.toml:2: server.listen: `0.0.0.0:8000` is reachable from other machines, and this version has no login; bind a loopback address and put a proxy with a login before it"
        ],
    );
    wrong(
        "[server]\nlisten = 8000\n",
        &expect!["prahari.toml:2: server.listen: invalid type: integer `8000`, expected a string"],
    );
}

#[test]
fn a_variable_that_names_no_key_is_an_error() {
    let mistakes = read("", &[("PRAHARI_SERVER__LISTN", "x")]).unwrap_err();
    expect!["PRAHARI_SERVER__LISTN: unknown key `server.listn`; did you mean `listen`?"]
        .assert_eq(&mistakes[0].to_string());
}

#[test]
fn a_line_of_the_env_file_that_cannot_be_read_costs_only_itself() {
    let environment = Environment::of_text(
        "KEYWORDS=a,b\nthis is no line\nSLACK_TOKEN='xoxb 1'\n# a remark\n",
        ".env",
    );
    assert_eq!(environment.get("KEYWORDS"), Some("a,b"));
    assert_eq!(environment.get("SLACK_TOKEN"), Some("xoxb 1"));
    expect![".env:2: not of the form NAME=value (put a value with blanks or # in quotes)"]
        .assert_eq(
            &environment
                .mistakes
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        );
}

#[test]
fn the_audit_and_the_pace_are_checked() {
    wrong(
        "[audit]\nchannels = [\"slck\"]\n[[channels]]\nid = \"slack\"\nkind = \"slack\"\ntoken = \"xoxb-1\"\nchannel = \"#soc\"\n",
        &expect![
            "prahari.toml:2: audit.channels: there is no channel `slck`; did you mean `slack`?"
        ],
    );
    wrong(
        "[polling]\nslowest = 0.5\n",
        &expect!["prahari.toml:2: polling.slowest: 0.5 is not from 1 to 24"],
    );
    wrong(
        "[polling]\nfastest = 0.0\n",
        &expect!["prahari.toml:2: polling.fastest: 0 is not from 0.1 to 1"],
    );
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    wrong(
        r#"
            [server]
            listn = "127.0.0.1:1"
            zone = "Asia/Calcuta"
            public_url = "ftp://x"
            [alerting]
            group_wait_seconds = -1
            digest_after_hours = "a day"
            [watch]
            keywords = "a"
            [log]
            level = "loud"
            [[channels]]
            id = "x"
            kind = "emial"
        "#,
        &expect![[r#"
            prahari.toml:3: unknown key `server.listn`; did you mean `listen`?
            prahari.toml:8: alerting.digest_after_hours: invalid type: string "a day", expected a whole number from 0
            prahari.toml:7: alerting.group_wait_seconds: invalid value: integer `-1`, expected a whole number from 0
            prahari.toml:10: watch.keywords: invalid type: string "a", expected a list, as ["one", "two"]
            prahari.toml:5: server.public_url: `ftp://x` is not a web address, as https://prahari.example.org
            prahari.toml:4: server.zone: `Asia/Calcuta` is not a time zone, as Asia/Kolkata
            prahari.toml:12: log.level: `loud` is none of error, warn, info, debug, trace, off
            prahari.toml:15: channels[0].kind: there is no kind `emial`; did you mean `email`?"#]],
    );
}

#[test]
fn an_address_of_a_source_that_nobody_reads_is_a_mistake() {
    wrong(
        r#"
            [[sources]]
            id = "a"
            kind = "feed"
            url = "ftp://example.org/a"
            [[sources]]
            id = "b"
            kind = "json"
            url = "file:///etc/passwd"
            items = ""
            title = "/title"
        "#,
        &expect![[r#"
            prahari.toml:5: sources[0].url: only http and https are read
            prahari.toml:9: sources[1].url: only http and https are read"#]],
    );
}

#[test]
fn two_entries_of_one_name_are_a_mistake() {
    wrong(
        r#"
            [[sources]]
            id = "a"
            kind = "feed"
            url = "https://example.org/a"
            [[sources]]
            id = "a"
            kind = "feed"
            url = "https://example.org/b"
            [[rules]]
            id = "r"
            query = "kev:true"
            [[rules]]
            id = "r"
            query = "epss>0.5"
        "#,
        &expect![[r#"
            prahari.toml:6: sources[1]: there are two sources called `a`
            prahari.toml:13: rules[1]: there are two rules called `r`"#]],
    );
}

#[test]
fn a_mistake_names_the_flag_or_variable_that_made_it() {
    let flags = Flags {
        listen: Some("nope".to_owned()),
        ..Flags::default()
    };
    let path = Path::new("prahari.toml");
    let mistakes = parse("", path, &flags, &Environment::default()).unwrap_err();
    expect!["--listen: `nope` is not an address and port, as 127.0.0.1:8000"]
        .assert_eq(&mistakes[0].to_string());
    let mistakes = read("", &[("PRAHARI_SERVER__LISTEN", "nope")]).unwrap_err();
    expect!["PRAHARI_SERVER__LISTEN: server.listen: `nope` is not an address and port, as 127.0.0.1:8000"]
        .assert_eq(&mistakes[0].to_string());
    let variables = [
        ("EMAIL_USER", "soc@example.org"),
        ("EMAIL_PASS", "x"),
        ("SMTP_PORT", "abc"),
        ("SLACK_TOKEN", "abc"),
        ("TELEGRAM_TOKEN", "abc"),
    ];
    let settings = read("", &variables).unwrap();
    expect!["SMTP_PORT: `abc` is not a port, as 587"].assert_eq(&settings.mistakes[0].to_string());
    let doubts = settings
        .assumptions
        .iter()
        .filter(|it| it.ends_with("is it one?"));
    assert_eq!(doubts.count(), 2, "{:?}", settings.assumptions);
    let settings = read("", &[("EMAIL_USER", "soc@example.org")]).unwrap();
    expect!["EMAIL_PASS: it is not set, and EMAIL_USER is: mail needs both"]
        .assert_eq(&settings.mistakes[0].to_string());
}
