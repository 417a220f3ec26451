//! What people write into settings, and what they are told.

use std::path::Path;

use expect_test::{Expect, expect};

use super::*;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Vec<Mistake>> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let environment = Environment {
        variables,
        mistakes: Vec::new(),
    };
    parse(
        text,
        Path::new("prahari.toml"),
        &Flags::default(),
        &environment,
    )
}

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
fn four_variables_alone_are_enough_and_each_assumption_is_said() {
    let settings = read(
        "",
        &[
            ("EMAIL_USER", "soc@example.org"),
            ("EMAIL_PASS", "hunter2"),
            ("SLACK_TOKEN", "xoxb-1"),
            ("TELEGRAM_TOKEN", "1:abc"),
        ],
    )
    .unwrap();
    let channels: Vec<&str> = settings
        .channels
        .iter()
        .map(|channel| channel.id.as_str())
        .collect();
    assert_eq!(channels, ["email", "slack", "telegram"]);
    expect![[r#"
        SMTP_SERVER is not set: mail goes out through smtp.example.org
        EMAIL_RECIPIENTS is not set: mail goes to soc@example.org
        SLACK_CHANNEL is not set: Slack messages go to #security
        TELEGRAM_CHAT_ID is not set: messages go to the first chat that sends /start to the bot"#]]
    .assert_eq(&settings.assumptions.join("\n"));
    assert!(settings.mistakes.is_empty(), "{:?}", settings.mistakes);
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let settings = read(
        "[server]\nlisten = \"127.0.0.1:1\"\n[watch]\nkeywords = [\"a\"]\n",
        &[
            ("PRAHARI_SERVER__LISTEN", "127.0.0.1:9000"),
            ("PRAHARI_ALERTING__GROUP_WAIT_SECONDS", "5"),
            ("KEYWORDS", "Fortinet, SAP"),
            ("DATABASE_URL", "sqlite:///tmp/x.db"),
        ],
    )
    .unwrap();
    assert_eq!(settings.server.listen, "127.0.0.1:9000");
    assert_eq!(settings.alerting.group_wait_seconds, 5);
    assert_eq!(settings.watch.keywords, ["a", "Fortinet", "SAP"]);
    assert_eq!(settings.database.to_string(), "/tmp/x.db");
}

#[test]
fn a_database_is_a_file_or_a_postgresql() {
    let database = |url: &str| read("", &[("DATABASE_URL", url)]).map(|it| it.database.to_string());
    assert_eq!(database("sqlite://data/x.db").unwrap(), "data/x.db");
    assert_eq!(database("x.db").unwrap(), "x.db");
    assert_eq!(
        database("postgresql://soc:s3cret@db.example.org/prahari?sslmode=disable").unwrap(),
        "postgres://soc@db.example.org:5432/prahari"
    );
    let settings = read("database = \"postgres://soc:s3cret@db/prahari\"", &[]).unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
    for wrong in [
        "mysql://soc:s3cret@db/prahari",
        "postgres://soc:s3cret@db:x/prahari",
        "postgres://soc:s3cret@db/prahari?sslmode=perhaps",
    ] {
        let mistakes = database(wrong).unwrap_err();
        assert_eq!(mistakes[0].place, "DATABASE_URL");
        assert!(!mistakes[0].what.contains("s3cret"), "{}", mistakes[0]);
    }
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
fn a_shipped_source_can_be_changed_by_its_id() {
    let settings = read(
        "[[sources]]\nid = \"nvd\"\nenabled = false\n",
        &[("NVD_API_KEY", "k")],
    )
    .unwrap();
    let nvd = settings
        .sources
        .iter()
        .find(|source| source.id.as_str() == "nvd")
        .unwrap();
    assert!(!nvd.enabled);
    assert_eq!(nvd.config.kind(), "nvd");
    assert!(settings.mistakes.is_empty());
}

#[test]
fn a_shipped_source_that_needs_a_key_needs_no_more_than_the_key() {
    let settings = read(
        "[[sources]]\nid = \"x-india\"\nenabled = true\nbearer_token = \"t\"\n",
        &[],
    )
    .unwrap();
    assert_eq!(settings.mistakes, []);
    let x = settings
        .sources
        .iter()
        .find(|source| source.id.as_str() == "x-india")
        .unwrap();
    assert!(x.enabled && x.config.kind() == "x");
}

fn source<'a>(settings: &'a Settings, id: &str) -> &'a SourceEntry {
    let mut sources = settings.sources.iter();
    sources.find(|source| source.id.as_str() == id).unwrap()
}

#[test]
fn a_token_switches_on_what_waits_for_it_and_nothing_else() {
    let settings = read(
        "[[sources]]\nid = \"x-threats\"\nenabled = false\n",
        &[("X_BEARER_TOKEN", "hunter2"), ("REDDIT_CLIENT_ID", "app")],
    )
    .unwrap();
    assert_eq!(settings.mistakes, []);
    assert_eq!(
        settings.assumptions,
        ["X_BEARER_TOKEN is set: the source `x-india` is switched on"]
    );
    assert!(source(&settings, "x-india").enabled);
    assert!(
        !source(&settings, "x-threats").enabled,
        "the file has the last word"
    );
    assert!(
        !source(&settings, "reddit-security").enabled,
        "the secret is missing"
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
    let waiting = |id: &str| switched_on_by(source(&settings, id));
    assert_eq!(waiting("x-threats"), ["X_BEARER_TOKEN"]);
    assert!(
        waiting("bluesky-stream").is_empty(),
        "a stream waits for somebody who wants it, not for a key"
    );
}

#[test]
fn a_token_goes_to_its_own_service_alone() {
    let text = |server: &str| {
        format!(
            "[[sources]]\nid = \"fedi\"\nkind = \"mastodon\"\nurl = \"https://{server}\"\ntags = [\"cve\"]\n\
             [[sources]]\nid = \"mirror\"\nkind = \"ghsa\"\nurl = \"https://{server}/advisories\"\n"
        )
    };
    let given = |server: &str, more: &[(&str, &str)]| {
        let mut variables = vec![("MASTODON_TOKEN", "m"), ("GITHUB_TOKEN_FILE", "/run/token")];
        variables.extend(more);
        let settings = read(&text(server), &variables).unwrap();
        assert_eq!(settings.mistakes, []);
        ["fedi", "mirror", "mastodon-infosec", "ghsa"]
            .map(|id| source(&settings, id).said_by.join(" ").contains("_TOKEN"))
    };
    assert_eq!(given("evil.example", &[]), [false, false, true, true]);
    assert_eq!(
        given("notinfosec.exchange", &[]),
        [false, false, true, true]
    );
    assert_eq!(
        given(
            "social.example",
            &[("MASTODON_SERVER", "https://social.example")]
        ),
        [true, false, false, true]
    );
}

#[test]
fn a_variable_sets_any_key_of_one_source() {
    let settings = read(
        "",
        &[
            ("PRAHARI_SOURCES__NVD__INTERVAL", "4h"),
            ("PRAHARI_SOURCES__X_INDIA__BEARER_TOKEN", "hunter2"),
            ("PRAHARI_SOURCES__X_INDIA__ENABLED", "true"),
            ("PRAHARI_SOURCES__EPSS__URRL", "secret-in-a-wrong-place"),
        ],
    )
    .unwrap();
    assert_eq!(source(&settings, "nvd").interval.as_secs(), 4 * 3600);
    assert!(source(&settings, "x-india").enabled);
    let wrong: Vec<String> = settings.mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        wrong,
        ["PRAHARI_SOURCES__EPSS__URRL: unknown key `urrl`; did you mean `url`?"]
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn a_setting_on_a_command_line_is_read_as_its_kind_has_it() {
    for (kind, key, text, wanted) in [
        (
            "reddit",
            "subreddits",
            "netsec, 0day",
            r#"["netsec", "0day"]"#,
        ),
        ("reddit", "subreddits", r#"["a,b"]"#, r#"["a,b"]"#),
        ("x", "query", "2026", r#""2026""#),
        ("x", "max_results", "20", "20"),
        ("owasp_top10", "editions", "2021,2025", "[2021, 2025]"),
        ("csaf", "verify", "false", "false"),
        ("json", "items", "/data", r#""/data""#),
    ] {
        assert_eq!(setting(kind, key, text).to_string(), wanted, "{kind}.{key}");
    }
}

#[test]
fn every_secret_is_known_as_one() {
    let kinds = sources::SourceConfig::KINDS;
    assert_eq!(keys::kinds(&keys::schema::<sources::SourceConfig>()), kinds);
    let secrets: Vec<String> = kinds
        .into_iter()
        .flat_map(|kind| {
            secret_keys(kind)
                .into_iter()
                .map(move |(key, file)| format!("{kind}.{key} {}", file.unwrap_or_default()))
        })
        .collect();
    expect![[r#"
        nvd.api_key api_key_file
        ghsa.token token_file
        ransomware_live.api_key api_key_file
        json.headers header_files
        taxii.password password_file
        x.bearer_token bearer_token_file
        bluesky.app_password app_password_file
        mastodon.access_token access_token_file
        reddit.client_secret client_secret_file"#]]
    .assert_eq(&secrets.join("\n"));
}

#[test]
fn without_rules_there_are_two() {
    let ids = |text: &str| -> Vec<String> {
        read(text, &[])
            .unwrap()
            .rules
            .iter()
            .map(|rule| rule.id.to_string())
            .collect()
    };
    assert_eq!(ids(""), ["feed", "urgent"]);
    assert_eq!(
        ids("[[rules]]\nid = \"mine\"\nregions = [\"in\"]\n"),
        ["feed", "mine"]
    );
}

#[test]
fn what_is_urgent_follows_the_home_region() {
    let urgent = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prahari.toml");
        std::fs::write(&path, text).unwrap();
        let flags = Flags {
            config: Some(path),
            ..Flags::default()
        };
        let settings = load(&flags, &Environment::default()).unwrap();
        let rule = settings
            .rules
            .iter()
            .find(|rule| rule.id.as_str() == "urgent");
        rule.map(|rule| rule.query.to_string())
    };
    assert_eq!(
        urgent("").unwrap(),
        "severity>=high (region:IN OR exploited:true OR keyword:*)"
    );
    assert_eq!(
        urgent("[region]\nhome = \"singapore\"\n").unwrap(),
        "severity>=high (region:SG OR exploited:true OR keyword:*)"
    );
}

/// The example with every option's mark taken away.
fn example() -> String {
    let text = include_str!("../../../../prahari.example.toml");
    let option = |line: &str| {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()))
            .map(str::to_owned)
    };
    text.lines()
        .map(|line| option(line).unwrap_or_else(|| line.to_owned()) + "\n")
        .collect()
}

#[test]
fn the_example_is_right_when_every_mark_is_taken_away() {
    let settings = read(&example(), &[]).unwrap();
    assert_eq!(settings.mistakes, []);
    assert_eq!(
        settings.alerting.group_wait_seconds,
        Alerting::default().group_wait_seconds
    );
}

#[test]
fn the_example_has_every_option() {
    let example = example();
    let mut missing = Vec::new();
    for schema in [
        keys::schema::<file::File>(),
        keys::schema::<sources::SourceConfig>(),
        keys::schema::<channels::ChannelConfig>(),
        entry::schema_of_common(),
    ] {
        let mut names = std::collections::BTreeSet::new();
        options(&schema, &mut names);
        missing.extend(names.into_iter().filter(|name| {
            !example.lines().any(|line| {
                line.starts_with(&format!("{name} ="))
                    || line.starts_with(&format!("[{name}]"))
                    || line.starts_with(&format!("[[{name}]]"))
            })
        }));
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Every property name in a schema, at any depth.
fn options(schema: &serde_json::Value, names: &mut std::collections::BTreeSet<String>) {
    if let Some(properties) = schema
        .get("properties")
        .and_then(serde_json::Value::as_object)
    {
        names.extend(properties.keys().cloned());
    }
    match schema {
        serde_json::Value::Object(object) => {
            object.values().for_each(|value| options(value, names))
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| options(value, names)),
        _ => {}
    }
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
fn levels_are_words_or_directives() {
    let filter = |level: &str| {
        let level = level.to_owned();
        Log {
            level,
            ..Log::default()
        }
        .filter()
        .is_ok()
    };
    assert!(
        ["warn", "INFO", "off", "info,net=debug", "net=debug"]
            .iter()
            .all(|it| filter(it))
    );
    assert!(
        !["loud", "", "info,loud", "net=loud"]
            .iter()
            .any(|it| filter(it))
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
