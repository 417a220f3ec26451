//! Mail over SMTP.
//!
//! One transaction for all recipients. The Message-ID is the delivery's id, so a
//! mail that arrives twice after a crash is one mail to most servers; follow-ups
//! name the first mail of their incident and land in its thread.
//!
//! No `List-Unsubscribe`: nobody behind the sender's address would act on it.
//! Who gets the mail is the operator's `to`.

mod letter;
mod smtp;

use std::collections::VecDeque;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use model::{ChannelId, DeliveryId, Receipt, Secret, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::message::Content;
use crate::text::short;
use crate::{Channel, DeliveryError, Message, Tools, credential, render};
use letter::Stationery;
use smtp::{Outcome, Server};

pub use letter::Letter;

const SERVICE: &str = "the mail server";

/// More recipients belong into a mailing list; servers take 100 at least
/// (RFC 5321, 4.5.3.1.8).
const MOST_RECIPIENTS: usize = 100;

/// Deliveries of which we remember who got them already, while others wait.
const MOST_PARTIAL: usize = 64;

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Plain at first, then STARTTLS before anything is said; required, never
    /// given up for a server that does not offer it.
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// No TLS: only towards this machine.
    None,
}

/// Where mail goes and through which server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The mail server, as `smtp.example.org`.
    pub host: String,
    /// Its port: 587 when absent, 465 with implicit TLS, 25 without TLS.
    pub port: Option<u16>,
    /// `starttls`, `implicit`, or `none` towards this machine. When absent:
    /// `implicit` on port 465, `starttls` on every other.
    pub tls: Option<Tls>,
    /// Whom to log in as, usually the mail address. Absent: no login.
    pub user: Option<String>,
    /// The password, often an app password.
    pub password: Option<Secret<String>>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The sender, as `Prahari <alerts@example.org>`; the user when absent.
    pub from: Option<String>,
    /// Who gets the mail.
    pub to: Vec<String>,
    /// A PEM file with certificate authorities to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// Seconds until an attempt is given up.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
}

const fn timeout_seconds() -> u64 {
    60
}

impl Config {
    /// Mail through `host` to these, everything else by default.
    #[must_use]
    pub fn new(host: impl Into<String>, to: Vec<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            tls: None,
            user: None,
            password: None,
            password_file: None,
            from: None,
            to,
            ca_file: None,
            timeout_seconds: timeout_seconds(),
        }
    }
}

/// What would be mailed.
///
/// # Errors
/// The template in this crate is broken.
pub fn preview(message: &Message) -> Result<Letter, String> {
    Stationery::new()?.letter(&render::page(message))
}

/// Mail, ready to send.
pub struct Email {
    id: ChannelId,
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    stationery: Stationery,
    /// Who got which delivery while others of its recipients were put off.
    partial: Mutex<VecDeque<(DeliveryId, Vec<Address>)>>,
}

impl Email {
    /// The channel.
    ///
    /// # Errors
    /// The config contradicts itself; the sentence names the key.
    pub fn new(id: ChannelId, config: Config, _: &Tools) -> Result<Self, String> {
        let Config {
            host,
            port,
            tls,
            user,
            password,
            password_file,
            from,
            to,
            ca_file,
            timeout_seconds,
        } = config;
        let password = credential::read("password", password.as_ref(), password_file.as_deref())?;
        let login = match (
            user.as_deref()
                .map(str::trim)
                .filter(|user| !user.is_empty()),
            password,
        ) {
            (Some(user), Some(password)) => Some((user.to_owned(), password)),
            (None, None) => None,
            (Some(_), None) => return Err("`user` is given without `password`".to_owned()),
            (None, Some(_)) => return Err("`password` is given without `user`".to_owned()),
        };
        let from = match (&from, &login) {
            (Some(from), _) => mailbox("from", from)?,
            (None, Some((user, _))) => mailbox("user", user)
                .map(|user| Mailbox::new(Some("Prahari".to_owned()), user.email))
                .map_err(|_| "`from` is missing, and `user` is no mail address".to_owned())?,
            (None, None) => return Err("`from` is missing".to_owned()),
        };
        let to = to
            .iter()
            .map(|to| mailbox("to", to))
            .collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err("`to` names nobody".to_owned());
        }
        if to.len() > MOST_RECIPIENTS {
            return Err(format!(
                "`to` names more than {MOST_RECIPIENTS}; use a mailing list"
            ));
        }
        if timeout_seconds == 0 {
            return Err("`timeout_seconds` is 0".to_owned());
        }

        let host = host.trim().to_owned();
        if host.is_empty() {
            return Err("`host` is empty".to_owned());
        }
        let tls = tls.unwrap_or(if port == Some(465) {
            Tls::Implicit
        } else {
            Tls::Starttls
        });
        if tls == Tls::None && !is_loopback(&host) {
            return Err(format!(
                "`tls = \"none\"` is only for this machine, not for {host}"
            ));
        }
        let authority =
            match &ca_file {
                None => None,
                Some(path) => Some(fs::read(path).map_err(|error| {
                    format!("`ca_file`: cannot read {}: {error}", path.display())
                })?),
            };
        let server = Server::new(
            host,
            port.unwrap_or(match tls {
                Tls::Starttls => 587,
                Tls::Implicit => 465,
                Tls::None => 25,
            }),
            tls,
            authority.as_deref(),
            login,
            from.email.domain(),
            Duration::from_secs(timeout_seconds),
        )?;
        Ok(Self {
            id,
            server,
            from,
            to,
            stationery: Stationery::new()?,
            partial: Mutex::new(VecDeque::new()),
        })
    }

    /// The mail as it goes out.
    fn mail(&self, message: &Message) -> Result<Vec<u8>, String> {
        let Letter {
            subject,
            text,
            html,
        } = self.stationery.letter(&render::page(message))?;
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .mailbox(lettre::message::header::To::from(Mailboxes::from(
                self.to.clone(),
            )))
            .subject(subject)
            .date(date(message.at))
            .message_id(Some(self.message_id(message)))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("X-Prahari-Delivery", message.id.to_string()));
        if let Some(thread) = thread(message) {
            mail = mail.in_reply_to(thread.clone()).references(thread);
        }
        // The boundary is the delivery's too, so that a repeat is the same to the byte.
        let body = MultiPart::alternative()
            .boundary(format!("prahari-{}", message.id))
            .singlepart(
                SinglePart::builder()
                    .header(ContentType::TEXT_PLAIN)
                    .body(text),
            )
            .singlepart(
                SinglePart::builder()
                    .header(ContentType::TEXT_HTML)
                    .body(html),
            );
        Ok(mail
            .multipart(body)
            .map_err(|error| error.to_string())?
            .formatted())
    }

    fn message_id(&self, message: &Message) -> String {
        format!("<{}@{}>", message.id, self.from.email.domain())
    }

    /// Who still has to get this delivery.
    fn waiting(&self, delivery: DeliveryId) -> Vec<Address> {
        let partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        let got = partial
            .iter()
            .find(|(id, _)| *id == delivery)
            .map(|(_, got)| got.as_slice())
            .unwrap_or_default();
        self.to
            .iter()
            .map(|mailbox| mailbox.email.clone())
            .filter(|address| !got.contains(address))
            .collect()
    }

    fn remember(&self, delivery: DeliveryId, accepted: Vec<Address>) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, got)) = partial.iter_mut().find(|(id, _)| *id == delivery) {
            got.extend(accepted);
            return;
        }
        if partial.len() >= MOST_PARTIAL {
            // Forgetting costs a repeat to those who got it; it carries the same id.
            partial.pop_front();
        }
        partial.push_back((delivery, accepted));
    }

    /// Forgets who got it; whether anybody had.
    fn forget(&self, delivery: DeliveryId) -> bool {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        let before = partial.len();
        partial.retain(|(id, _)| *id != delivery);
        partial.len() < before
    }

    /// What the outcome of a transaction means for the delivery as a whole.
    fn settle(&self, message: &Message, outcome: Outcome) -> Result<(), DeliveryError> {
        let Outcome {
            accepted,
            refused,
            delayed,
        } = outcome;
        let some_got_it = !accepted.is_empty();
        if !delayed.is_empty() {
            if some_got_it {
                self.remember(message.id, accepted);
            }
            return Err(DeliveryError::Passing {
                service: SERVICE,
                reason: said(&delayed),
            });
        }
        let some_had_it = self.forget(message.id);
        if refused.is_empty() {
            return Ok(());
        }
        if !some_got_it && !some_had_it {
            return Err(DeliveryError::Refused {
                service: SERVICE,
                reason: said(&refused),
            });
        }
        tracing::warn!(
            channel.id = %self.id,
            delivery.id = %message.id,
            "the mail server refused some recipients, the others got the mail: {}",
            said(&refused)
        );
        Ok(())
    }
}

#[async_trait]
impl Channel for Email {
    async fn deliver(&self, message: &Message) -> Result<Receipt, DeliveryError> {
        let mail = self
            .mail(message)
            .map_err(|reason| DeliveryError::Refused {
                service: SERVICE,
                reason,
            })?;
        let outcome = self
            .server
            .send(&self.from.email, &self.waiting(message.id), &mail)
            .await?;
        self.settle(message, outcome)?;
        let opens = matches!(message.content, Content::Story(_));
        Ok(Receipt {
            thread: opens.then(|| thread(message).unwrap_or_else(|| self.message_id(message))),
            address: None,
        })
    }

    fn address(&self) -> String {
        let all: Vec<String> = self
            .to
            .iter()
            .map(|mailbox| mailbox.email.to_string())
            .collect();
        all.join(", ")
    }
}

/// Reads a sender or a recipient, `Name <name@example.org>` or the address alone.
///
/// # Errors
/// It is neither; the sentence names `key`.
pub fn mailbox(key: &str, text: &str) -> Result<Mailbox, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("`{key}`: `{}` is no mail address", short(text, 80)))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The first mail's Message-ID, if what we kept still looks like one: it goes
/// into headers.
fn thread(message: &Message) -> Option<String> {
    let thread = message.thread.as_deref()?;
    let whole = thread.starts_with('<')
        && thread.ends_with('>')
        && thread.len() <= 250
        && thread.chars().all(|c| c.is_ascii_graphic());
    whole.then(|| thread.to_owned())
}

/// A mail's date; before 1970 and after 9999 there is none (RFC 5322, 3.3).
fn date(at: Timestamp) -> SystemTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = u64::try_from(at.as_second().clamp(0, LAST)).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// `a@example.org: 550 no such user; …`, the first few.
fn said(answers: &[(Address, String)]) -> String {
    let told: Vec<String> = answers
        .iter()
        .take(3)
        .map(|(address, reason)| format!("{address}: {reason}"))
        .collect();
    let more = answers.len().saturating_sub(told.len());
    let told = told.join("; ");
    if more > 0 {
        format!("{told}; and {more} more")
    } else {
        told
    }
}
