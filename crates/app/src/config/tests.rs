//! What people write into settings, and what they mean.

mod mistakes;

use std::path::Path;

use expect_test::expect;

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
        rules::schema(),
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
