//! Mail against a mail server: every answer, threads, certificates, secrets.

use std::path::PathBuf;

use channels::email::{Config, Email, Tls};
use channels::message::{Content, Message, Story};
use channels::{Channel, ChannelConfig};
use expect_test::{Expect, expect};
use model::{Cause, Secret};
use testkit::build;
use testkit::smtp::{FakeSmtp, SmtpMode};

use crate::{failure, sample, told, tools};

const PASSWORD: &str = "correct horse";

/// A mail server and a channel that trusts it; the folder holds its authority.
struct Post {
    server: FakeSmtp,
    channel: Email,
    _folder: tempfile::TempDir,
}

fn config(server: &FakeSmtp, mode: SmtpMode, ca_file: Option<PathBuf>) -> Config {
    Config {
        port: Some(server.port()),
        tls: Some(match mode {
            SmtpMode::Plain => Tls::None,
            SmtpMode::StartTls => Tls::Starttls,
            SmtpMode::ImplicitTls => Tls::Implicit,
        }),
        user: Some("alerts@example.org".to_owned()),
        password: Some(Secret::new(PASSWORD.to_owned())),
        ca_file,
        timeout_seconds: 5,
        ..Config::new(
            "127.0.0.1",
            vec![
                "Asha <asha@example.org>".to_owned(),
                "soc@example.org".to_owned(),
            ],
        )
    }
}

async fn post(mode: SmtpMode) -> Post {
    let server = FakeSmtp::start(mode).await;
    server.require_login("alerts@example.org", PASSWORD);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, server.ca_pem()).unwrap();
    let channel = open(config(&server, mode, Some(path)));
    Post {
        server,
        channel,
        _folder: folder,
    }
}

fn open(config: Config) -> Email {
    Email::new(build::channel_id("mail"), config, &tools()).unwrap()
}

/// A story or its follow-up.
fn message(name: &str) -> Message {
    sample::named(name).unwrap()
}

#[tokio::test]
async fn a_mail_goes_to_all_by_starttls_and_by_implicit_tls() {
    for mode in [SmtpMode::StartTls, SmtpMode::ImplicitTls] {
        let post = post(mode).await;
        let receipt = post.channel.deliver(&message("story")).await.unwrap();
        let mails = post.server.messages();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert!(mail.tls, "{mode:?}");
        assert_eq!(mail.login.as_deref(), Some("alerts@example.org"));
        assert_eq!(mail.from, "alerts@example.org");
        assert_eq!(mail.to, ["asha@example.org", "soc@example.org"]);
        let id = mail.header("Message-ID").unwrap();
        assert_eq!(id, format!("<{}@example.org>", sample::delivery_id()));
        assert_eq!(receipt.thread, Some(id));
        assert_eq!(receipt.address, None);
    }
}

#[tokio::test]
async fn the_headers_say_what_it_is() {
    let post = post(SmtpMode::StartTls).await;
    post.channel.deliver(&message("story")).await.unwrap();
    let data = post.server.messages()[0].data.clone();
    let head = data.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n");
    expect![[r#"
        From: Prahari <alerts@example.org>
        To: Asha <asha@example.org>, soc@example.org
        Subject: =?utf-8?b?4pag?= Critical =?utf-8?b?wrc=?= Ransomware, Data breach:
         Hospital chain in Kerala halts admissions after ransomware attack
        Date: Sat, 21 Nov 2026 09:00:00 +0000
        Message-ID: <01a2b3c4-0000-7000-8000-000000000001@example.org>
        Auto-Submitted: auto-generated
        X-Prahari-Delivery: 01a2b3c4-0000-7000-8000-000000000001
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="prahari-01a2b3c4-0000-7000-8000-000000000001""#]]
    .assert_eq(&head);
    assert!(data.is_ascii());
    assert!(
        data.split("\r\n").all(|line| line.len() <= 998),
        "a line is too long for SMTP"
    );
}

#[tokio::test]
async fn a_repeat_is_the_same_mail_to_the_byte() {
    let post = post(SmtpMode::StartTls).await;
    post.channel.deliver(&message("hindi")).await.unwrap();
    post.channel.deliver(&message("hindi")).await.unwrap();
    let mails = post.server.messages();
    assert_eq!(mails[0].data, mails[1].data);
}

#[tokio::test]
async fn a_follow_up_names_the_first_mail_and_stays_in_its_thread() {
    let post = post(SmtpMode::StartTls).await;
    let first = post
        .channel
        .deliver(&message("story"))
        .await
        .unwrap()
        .thread;
    let second = Message {
        id: "01a2b3c4-0000-7000-8000-000000000002".parse().unwrap(),
        thread: first.clone(),
        ..message("followup")
    };
    let receipt = post.channel.deliver(&second).await.unwrap();
    assert_eq!(receipt.thread, first);
    let mail = &post.server.messages()[1];
    assert_eq!(mail.header("In-Reply-To"), first);
    assert_eq!(mail.header("References"), first);
    assert_ne!(mail.header("Message-ID"), first);
}

#[tokio::test]
async fn a_digest_and_a_notice_open_no_thread() {
    let post = post(SmtpMode::StartTls).await;
    for name in ["digest", "notice", "test"] {
        assert_eq!(
            post.channel.deliver(&message(name)).await.unwrap().thread,
            None,
            "{name}"
        );
    }
}

#[tokio::test]
async fn outside_text_adds_no_header() {
    let post = post(SmtpMode::StartTls).await;
    let hostile = Message {
        thread: Some("<x>\r\nBcc: all@example.org".to_owned()),
        ..message("hostile")
    };
    post.channel.deliver(&hostile).await.unwrap();
    let mail = &post.server.messages()[0];
    let names: Vec<&str> = mail
        .data
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Prahari-Delivery",
        "MIME-Version",
        "Content-Type",
    ];
    assert_eq!(names, expected);
    assert_eq!(mail.to.len(), 2);
}

#[tokio::test]
async fn what_each_answer_means() {
    let post = post(SmtpMode::StartTls).await;
    let check = async |expected: Expect| expected.assert_eq(&failure(&post.channel).await);

    post.server.refuse_next(451, "4.3.0 try later");
    check(expect![
        "Passing: the mail server could not be reached: 451 4.3.0 try later"
    ])
    .await;
    post.server.refuse_next(421, "4.7.0 too many connections");
    check(expect![
        "Passing: the mail server could not be reached: 421 4.7.0 too many connections"
    ])
    .await;
    post.server.refuse_next(552, "5.3.4 too large");
    check(expect![
        "Refused: the mail server refused the message: 552 5.3.4 too large"
    ])
    .await;
    post.server.refuse_next(530, "5.7.0 log in first");
    check(expect![
        "Paused: the mail server refuses us: 127.0.0.1: the login failed: 530 5.7.0 log in first"
    ])
    .await;
    post.server
        .refuse_next(534, "5.7.9 an app password is needed");
    check(expect!["Paused: the mail server refuses us: 127.0.0.1: the login failed: 534 5.7.9 an app password is needed"]).await;
    post.server.refuse_next_content(452, "4.3.1 full");
    check(expect![
        "Passing: the mail server could not be reached: 452 4.3.1 full"
    ])
    .await;
    post.server
        .refuse_next_content(554, "5.7.1 looks like spam");
    check(expect![
        "Refused: the mail server refused the message: 554 5.7.1 looks like spam"
    ])
    .await;
    assert!(post.server.messages().is_empty());

    // We cannot know, so it goes out again, with the same Message-ID.
    post.server.lose_next_answer();
    assert!(failure(&post.channel).await.starts_with("Passing: "));
    post.channel.deliver(&message("story")).await.unwrap();
    let mails = post.server.messages();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_wrong_password_pauses_and_is_not_shown() {
    let post = post(SmtpMode::StartTls).await;
    post.server.require_login("alerts@example.org", "another");
    let told = failure(&post.channel).await;
    assert!(
        told.starts_with("Paused: the mail server refuses us: 127.0.0.1: the login failed: 535"),
        "{told}"
    );
    assert!(!told.contains(PASSWORD));
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_the_mail_from_the_others() {
    let post = post(SmtpMode::StartTls).await;
    post.server
        .refuse_recipient("soc@example.org", 550, "5.1.1 no such user");
    post.channel.deliver(&message("story")).await.unwrap();
    assert_eq!(post.server.messages()[0].to, ["asha@example.org"]);

    post.server
        .refuse_recipient("asha@example.org", 550, "5.1.1 no such user either");
    expect!["Refused: the mail server refused the message: asha@example.org: 550 5.1.1 no such user either; soc@example.org: 550 5.1.1 no such user"]
        .assert_eq(&failure(&post.channel).await);
}

#[tokio::test]
async fn a_recipient_who_is_put_off_gets_it_later_and_nobody_gets_it_twice() {
    let post = post(SmtpMode::StartTls).await;
    post.server
        .refuse_recipient("soc@example.org", 450, "4.2.0 greylisted");
    expect!["Passing: the mail server could not be reached: soc@example.org: 450 4.2.0 greylisted"]
        .assert_eq(&failure(&post.channel).await);
    // Still put off: those who have it are left alone.
    assert!(failure(&post.channel).await.starts_with("Passing: "));
    // In the end the server refuses for good; the others have it, so it counts.
    post.server
        .refuse_recipient("soc@example.org", 550, "5.1.1 no such user");
    let receipt = post.channel.deliver(&message("story")).await.unwrap();
    assert!(receipt.thread.is_some());
    let to: Vec<_> = post
        .server
        .messages()
        .into_iter()
        .map(|mail| mail.to)
        .collect();
    assert_eq!(to, [["asha@example.org"]]);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_pauses() {
    for mode in [SmtpMode::StartTls, SmtpMode::ImplicitTls] {
        let server = FakeSmtp::start(mode).await;
        let told = failure(&open(config(&server, mode, None))).await;
        expect!["Paused: the mail server refuses us: 127.0.0.1: its certificate is from an authority we do not know; name that authority in `ca_file` if it is yours"]
            .assert_eq(&told);
        assert!(
            server
                .commands()
                .iter()
                .all(|command| !command.to_uppercase().starts_with("AUTH"))
        );
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said_in_the_clear() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    let told = failure(&open(config(&server, SmtpMode::StartTls, None))).await;
    expect!["Paused: the mail server refuses us: 127.0.0.1: it does not offer STARTTLS; nothing was sent in the clear"]
        .assert_eq(&told);
    let commands = server.commands();
    assert!(
        commands
            .iter()
            .all(|command| command.starts_with("EHLO") || command.starts_with("QUIT")),
        "{commands:?}"
    );
}

#[tokio::test]
async fn a_port_without_tls_is_told_apart_from_a_bad_certificate() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    let told = failure(&open(config(&server, SmtpMode::ImplicitTls, None))).await;
    assert!(
        told.starts_with(
            "Paused: the mail server refuses us: 127.0.0.1: it does not speak TLS on this port"
        ),
        "{told}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come_back() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    let config = Config {
        user: None,
        password: None,
        from: Some("a@example.org".to_owned()),
        ..config(&server, SmtpMode::Plain, None)
    };
    let channel = open(config);
    channel.deliver(&message("test")).await.unwrap();
    assert_eq!(server.messages()[0].from, "a@example.org");
    drop(server);
    let told = failure(&channel).await;
    assert!(
        told.starts_with("Passing: the mail server could not be reached: 127.0.0.1:"),
        "{told}"
    );
}

#[test]
fn a_config_that_contradicts_itself_is_told_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let no_certificate = folder.path().join("ca.pem");
    std::fs::write(&no_certificate, "hello").unwrap();
    let full = || Config {
        user: Some("alerts@example.org".to_owned()),
        password: Some(Secret::new("p".to_owned())),
        ..Config::new("smtp.example.org", vec!["soc@example.org".to_owned()])
    };
    let check = |config: Config, expected: &str| {
        let error = Email::new(build::channel_id("mail"), config, &tools())
            .err()
            .unwrap_or_default();
        assert!(
            error.contains(expected),
            "`{error}` instead of `{expected}`"
        );
    };
    check(full(), "");
    check(
        Config {
            host: " ".to_owned(),
            ..full()
        },
        "`host` is empty",
    );
    check(
        Config {
            to: Vec::new(),
            ..full()
        },
        "`to` names nobody",
    );
    check(
        Config {
            to: vec!["soc".to_owned()],
            ..full()
        },
        "`to`: `soc` is no mail address",
    );
    check(
        Config {
            to: vec!["a@example.org\r\nRCPT TO:<b@example.org>".to_owned()],
            ..full()
        },
        "`to`: ",
    );
    check(
        Config {
            to: vec!["a@example.org".to_owned(); 101],
            ..full()
        },
        "more than 100",
    );
    check(
        Config {
            password: None,
            ..full()
        },
        "`user` is given without `password`",
    );
    check(
        Config {
            user: None,
            ..full()
        },
        "`password` is given without `user`",
    );
    check(
        Config {
            user: Some("alerts".to_owned()),
            ..full()
        },
        "`from` is missing, and `user` is no mail address",
    );
    check(
        Config {
            user: None,
            password: None,
            ..full()
        },
        "`from` is missing",
    );
    check(
        Config {
            tls: Some(Tls::None),
            ..full()
        },
        "only for this machine, not for smtp.example.org",
    );
    check(
        Config {
            ca_file: Some(no_certificate),
            ..full()
        },
        "`ca_file` holds no certificate",
    );
    check(
        Config {
            ca_file: Some("no/such/ca.pem".into()),
            ..full()
        },
        "`ca_file`: cannot read no/such/ca.pem",
    );
    check(
        Config {
            password_file: Some("p".into()),
            ..full()
        },
        "both given",
    );
    check(
        Config {
            timeout_seconds: 0,
            ..full()
        },
        "`timeout_seconds` is 0",
    );
}

#[test]
fn the_config_is_read_and_hides_its_secret() {
    let read = serde_json::from_value::<ChannelConfig>(serde_json::json!({
        "kind": "email", "host": "smtp.example.org", "user": "a@example.org", "password": "hunter2",
        "to": ["soc@example.org"], "tls": "implicit",
    }))
    .unwrap();
    assert_eq!(read.kind(), "email");
    assert!(!format!("{read:?}").contains("hunter2"));
    let channel = read.open(build::channel_id("mail"), &tools()).unwrap();
    assert_eq!(channel.address(), "soc@example.org");
    let unknown = serde_json::from_value::<ChannelConfig>(serde_json::json!({
        "kind": "email", "host": "x", "to": [], "pasword": "x",
    }));
    assert!(unknown.unwrap_err().to_string().contains("pasword"));
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_a_server_that_can() {
    let post = post(SmtpMode::StartTls).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, post.server.ca_pem()).unwrap();
    let channel = open(Config {
        to: vec!["आशा@example.org".to_owned()],
        ..config(&post.server, SmtpMode::StartTls, Some(path))
    });
    match channel.deliver(&message("test")).await {
        Ok(_) => assert_eq!(post.server.messages()[0].to, ["आशा@example.org"]),
        Err(error) => assert!(told(&error).contains("SMTPUTF8"), "{error}"),
    }
}

#[test]
fn a_follow_up_without_a_first_mail_is_a_first_mail() {
    let story = Story {
        cause: Cause::Exploited,
        ..sample::hospital()
    };
    let letter =
        channels::email::preview(&sample::message(Content::Story(Box::new(story)))).unwrap();
    assert!(
        letter
            .subject
            .starts_with("■ Critical · Exploitation is confirmed: Hospital"),
        "{}",
        letter.subject
    );
}
