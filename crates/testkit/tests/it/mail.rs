//! The mail server, spoken to by hand; TLS is proven by `proofs/prove.py`.

use testkit::smtp::{FakeSmtp, SmtpMode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(server: &FakeSmtp) -> Self {
        let mut client = Self(BufReader::new(
            TcpStream::connect(("127.0.0.1", server.port()))
                .await
                .unwrap(),
        ));
        assert_eq!(client.answer().await.0, 220);
        client
    }

    async fn answer(&mut self) -> (u16, String) {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            if line.is_empty() {
                return (0, "closed".to_owned());
            }
            text.push_str(&line[4..]);
            if line.as_bytes()[3] == b' ' {
                return (line[..3].parse().unwrap(), text);
            }
        }
    }

    async fn say(&mut self, words: &[u8]) -> u16 {
        // In one write: a second one would wait for the first's receipt.
        self.0
            .get_mut()
            .write_all(&[words, b"\r\n"].concat())
            .await
            .unwrap();
        self.answer().await.0
    }

    async fn begin(&mut self) {
        for words in [
            "RSET",
            "MAIL FROM:<soc@example.org>",
            "RCPT TO:<asha@example.org>",
        ] {
            assert_eq!(self.say(words.as_bytes()).await, 250, "{words}");
        }
        assert_eq!(self.say(b"DATA").await, 354);
    }
}

#[tokio::test]
async fn mail_goes_step_by_step() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    server.refuse_recipient("gone@example.org", 550, "5.1.1 no such user");
    let mut client = Client::connect(&server).await;
    for (words, code) in [
        ("MAIL FROM:<a@example.org>", 503),
        ("EHLO", 501),
        ("EHLO client.example", 250),
        ("STARTTLS", 502),
        ("RCPT TO:<a@example.org>", 503),
        ("DATA", 503),
        ("MAIL FROM: <a@example.org>", 501),
        ("MAIL FROM:<a@example.org> FOO=1", 555),
        ("MAIL FROM:<a@example.org> SIZE=99999999", 552),
        ("MAIL FROM:<é@example.org>", 553),
        ("MAIL FROM:<é@example.org> SMTPUTF8", 250),
        ("RSET", 250),
        ("MAIL FROM:<a@example.org> BODY=8BITMIME", 250),
        ("MAIL FROM:<a@example.org>", 503),
        ("DATA", 554),
        ("RCPT TO:<nobody>", 553),
        ("RCPT TO:<Gone@example.org>", 550),
        ("RCPT TO:<asha@example.org>", 250),
        ("NOOP", 250),
        ("FROB", 500),
        ("DATA", 354),
        ("Subject: x\r\n\r\n..dot\r\né\r\n.", 250),
        ("QUIT", 221),
    ] {
        assert_eq!(client.say(words.as_bytes()).await, code, "{words}");
    }
    let mails = server.messages();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("a@example.org", &["asha@example.org".to_owned()][..])
    );
    assert_eq!(mails[0].data, "Subject: x\r\n\r\n.dot\r\né\r\n");
    assert_eq!(mails[0].header("subject").as_deref(), Some("x"));
}

#[tokio::test]
async fn mail_that_breaks_the_rules_is_refused() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    let mut client = Client::connect(&server).await;
    client.say(b"EHLO client.example").await;
    let long = format!("Subject: x\r\n\r\n{}\r\n.", "x".repeat(998));
    let too_long = format!("Subject: x\r\n\r\n{}\r\n.", "x".repeat(999));
    for (data, code) in [
        (".", 250),
        (long.as_str(), 250),
        (too_long.as_str(), 500),
        ("Subject: x\r\n\r\nbare\nfeed\r\n.", 550),
        ("Subject: x\r\n\r\nbare\rreturn\r\n.", 550),
        ("Subject: é\r\n\r\nx\r\n.", 550),
        ("Subject: x\r\n\r\né\r\n.", 554),
    ] {
        client.begin().await;
        assert_eq!(client.say(data.as_bytes()).await, code, "{data:.40}");
    }
    server.refuse_next_content(451, "4.3.0 later");
    client.begin().await;
    assert_eq!(client.say(b".").await, 451);
    assert_eq!(server.messages().len(), 2);
    server.lose_next_answer();
    client.begin().await;
    assert_eq!(client.say(b".").await, 0, "closed without a word");
    assert_eq!(server.messages().len(), 3);
    let mut client = Client::connect(&server).await;
    client.say(b"HELO client.example").await;
    server.refuse_next(421, "4.3.2 closing");
    assert_eq!(client.say(b"MAIL FROM:<a@example.org>").await, 421);
    assert_eq!(client.answer().await.0, 0);
}

#[tokio::test]
async fn logins_are_checked() {
    let server = FakeSmtp::start(SmtpMode::Plain).await;
    server.require_login("soc", "word");
    let mut client = Client::connect(&server).await;
    for (words, code) in [
        ("EHLO client.example", 250),
        ("MAIL FROM:<a@example.org>", 530),
        ("AUTH GSSAPI", 504),
        ("AUTH PLAIN !!", 501),
        ("AUTH PLAIN AHNvYwB3cm9uZw==", 535),
        ("AUTH LOGIN", 334),
        ("*", 334),
        ("*", 501),
        ("AUTH PLAIN AHNvYwB3b3Jk", 235),
        ("AUTH PLAIN AHNvYwB3b3Jk", 503),
        ("MAIL FROM:<a@example.org>", 250),
    ] {
        assert_eq!(client.say(words.as_bytes()).await, code, "{words}");
    }
    assert!(
        server
            .commands()
            .iter()
            .all(|command| !command.contains("AHNv")),
        "no password is kept"
    );

    let server = FakeSmtp::start(SmtpMode::StartTls).await;
    let mut client = Client::connect(&server).await;
    for (words, code) in [
        ("STARTTLS", 503),
        ("EHLO client.example", 250),
        ("AUTH PLAIN AHNvYwB3b3Jk", 530),
        ("MAIL FROM:<a@example.org>", 530),
        ("STARTTLS now", 501),
    ] {
        assert_eq!(client.say(words.as_bytes()).await, code, "{words}");
    }
    assert!(server.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
}
