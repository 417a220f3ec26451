//! A mail server that keeps what it gets and is as strict as the strictest.
//!
//! Servers differ in what they let pass; this one follows RFC 5321 to the letter
//! (line lengths, bare line feeds, 8-bit bytes that were not announced), so that
//! a mail it takes is taken everywhere.

use std::collections::{HashMap, VecDeque};

use crate::loopback::Loopback;
use crate::shared::Shared;
use crate::tls::Identity;

mod content;
mod session;
mod wire;

use session::converse;

/// How the server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpMode {
    /// Never.
    Plain,
    /// After STARTTLS, and takes neither login nor mail before it (port 587).
    StartTls,
    /// From the first byte on (port 465).
    ImplicitTls,
}

/// A mail as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients that were not refused.
    pub to: Vec<String>,
    /// Headers and body, lines ending in CRLF, dots unstuffed.
    pub data: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Who was logged in.
    pub login: Option<String>,
}

impl Mail {
    /// The first header of this name, unfolded, still encoded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next().unwrap_or_default();
        let mut found: Option<String> = None;
        for line in head.split("\r\n") {
            match &mut found {
                Some(value) if line.starts_with([' ', '\t']) => value.push_str(line),
                Some(_) => break,
                None => {
                    found = line
                        .split_once(':')
                        .filter(|(each, _)| each.eq_ignore_ascii_case(name))
                        .map(|(_, value)| value.trim().to_owned());
                }
            }
        }
        found
    }
}

/// A mail server on 127.0.0.1, under the name `localhost`.
#[derive(Debug)]
pub struct FakeSmtp {
    loopback: Loopback,
    state: Shared<State>,
    ca_pem: String,
}

#[derive(Debug, Default)]
struct State {
    login: Option<(String, String)>,
    refuse: VecDeque<(u16, String)>,
    refuse_content: VecDeque<(u16, String)>,
    refuse_recipients: HashMap<String, (u16, String)>,
    lost_answers: usize,
    mails: Vec<Mail>,
    commands: Vec<String>,
}

impl FakeSmtp {
    /// A server on a free port. Any login is taken and none is needed.
    pub async fn start(mode: SmtpMode) -> Self {
        Self::start_on(0, mode).await
    }

    /// The same on this port.
    pub async fn start_on(port: u16, mode: SmtpMode) -> Self {
        let identity = Identity::fresh();
        let state: Shared<State> = Shared::new(State::default());
        let (seen_by, acceptor) = (state.clone(), identity.acceptor);
        let loopback = Loopback::listen(port, move |stream| {
            let (state, acceptor) = (seen_by.clone(), acceptor.clone());
            async move {
                // A client that goes away mid-way is no concern of the fake.
                let _ = converse(stream, mode, acceptor, state).await;
            }
        })
        .await;
        Self {
            loopback,
            state,
            ca_pem: identity.ca_pem,
        }
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.loopback.port()
    }

    /// The authority that clients must trust, in PEM. Fresh for every server.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.ca_pem.clone()
    }

    /// Takes mail only after a login with these.
    pub fn require_login(&self, user: &str, pass: &str) {
        self.state.lock().login = Some((user.to_owned(), pass.to_owned()));
    }

    /// Answers the next `MAIL FROM` so, as `(451, "4.3.0 try later")`. After a
    /// 421 it closes the connection. Several queue up.
    pub fn refuse_next(&self, code: u16, text: &str) {
        self.state.lock().refuse.push_back((code, text.to_owned()));
    }

    /// Answers the end of the next mail's data so, and does not keep the mail.
    pub fn refuse_next_content(&self, code: u16, text: &str) {
        self.state
            .lock()
            .refuse_content
            .push_back((code, text.to_owned()));
    }

    /// Answers every `RCPT TO` this address so.
    pub fn refuse_recipient(&self, address: &str, code: u16, text: &str) {
        self.state
            .lock()
            .refuse_recipients
            .insert(address.to_lowercase(), (code, text.to_owned()));
    }

    /// Takes the next mail and closes the connection instead of saying so: the
    /// sender cannot know.
    pub fn lose_next_answer(&self) {
        self.state.lock().lost_answers += 1;
    }

    /// Every mail so far, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Mail> {
        self.state.lock().mails.clone()
    }

    /// Every command so far, without the secrets of a login.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.state.lock().commands.clone()
    }
}
