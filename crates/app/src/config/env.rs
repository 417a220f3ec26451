//! The environment, and the `.env` file beneath it.
//!
//! Two kinds of variables count. `PRAHARI_SECTION__KEY` sets any key of the file
//! (those of sources are in [`super::credential`]).
//! The names of the systems Prahari replaces (`EMAIL_USER`, `SLACK_TOKEN`, …) each
//! describe a channel; four of them alone are enough, and what is then assumed is
//! said.

use std::path::{Path, PathBuf};

use store::Location;

use super::document::Document;
use super::{Mistake, Variables};

/// Variables, with what was wrong in the `.env` file.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Name to value; the process's own win over the file's.
    pub variables: Variables,
    /// Lines of `.env` that could not be read.
    pub mistakes: Vec<Mistake>,
}

/// The process's environment over the `.env` file in `folder`, if there is one.
/// The only place where either is read.
#[must_use]
pub fn read_environment(folder: &Path) -> Environment {
    let path = folder.join(".env");
    let mut environment = match std::fs::read_to_string(&path) {
        Ok(text) => Environment::of_text(&text, &path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Environment::default(),
        Err(error) => Environment {
            mistakes: vec![Mistake {
                place: path.display().to_string(),
                what: error.to_string(),
            }],
            ..Environment::default()
        },
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the environment is read"
    )]
    for (name, value) in std::env::vars_os() {
        if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
            environment.variables.insert(name, value);
        }
    }
    environment
}

impl Environment {
    /// Variables from the text of a `.env` file. A line that cannot be read costs
    /// only itself.
    #[must_use]
    pub fn of_text(text: &str, place: &str) -> Self {
        let mut environment = Self::default();
        for (index, line) in text.lines().enumerate() {
            for entry in dotenvy::from_read_iter(line.as_bytes()) {
                match entry {
                    Ok((name, value)) => {
                        environment.variables.insert(name, value);
                    }
                    // The error would quote the line, which may hold a secret.
                    Err(_) => environment.mistakes.push(Mistake {
                        place: format!("{place}:{}", index + 1),
                        what: "not of the form NAME=value (put a value with blanks or # in quotes)"
                            .to_owned(),
                    }),
                }
            }
        }
        environment
    }

    /// A variable that is set and not blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Sets keys of the file from `PRAHARI_SECTION__KEY` variables.
    pub(super) fn overlay(&self, document: &mut Document) {
        for (name, value) in &self.variables {
            let Some(path) = name.strip_prefix("PRAHARI_") else {
                continue;
            };
            let parts: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            // Sources have variables of their own: they are told apart by id, not
            // by their place in a list.
            if parts.iter().any(String::is_empty)
                || NOT_SETTINGS.contains(&name.as_str())
                || parts.first().is_some_and(|part| part == "sources")
            {
                continue;
            }
            document.set(name, &parts, read_value(value));
        }
    }

    /// Words of `KEYWORDS`, separated by commas.
    pub(super) fn keywords(&self) -> Vec<String> {
        let words = self.get("KEYWORDS").unwrap_or_default();
        words
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Channels that the variables of the replaced systems describe, with the
    /// variable that made each. States what had to be assumed.
    pub(super) fn seed_channels(
        &self,
        assumptions: &mut Vec<String>,
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<(&'static str, toml::Table)> {
        let mut channels = Vec::new();
        if let Some(user) = self.get("EMAIL_USER") {
            match self.get("EMAIL_PASS") {
                Some(password) => channels.push((
                    "EMAIL_USER",
                    self.email(user, password, assumptions, mistakes),
                )),
                None => mistakes.push(Mistake {
                    place: "EMAIL_PASS".to_owned(),
                    what: "it is not set, and EMAIL_USER is: mail needs both".to_owned(),
                }),
            }
        }
        if let Some(token) = self.get("SLACK_TOKEN") {
            if !token.starts_with("xox") {
                assumptions.push(
                    "SLACK_TOKEN does not begin with xoxb-, as tokens of bots do: is it one?"
                        .to_owned(),
                );
            }
            let mut table = entry("slack");
            table.insert("token".to_owned(), token.into());
            match self.get("SLACK_CHANNEL") {
                Some(channel) => {
                    table.insert("channel".to_owned(), channel.into());
                }
                None => assumptions
                    .push("SLACK_CHANNEL is not set: Slack messages go to #security".to_owned()),
            }
            channels.push(("SLACK_TOKEN", table));
        }
        if let Some(token) = self.get("TELEGRAM_TOKEN") {
            let number = token.split_once(':').map(|(number, _)| number);
            if number.is_none_or(|number| number.parse::<u64>().is_err()) {
                assumptions.push(
                    "TELEGRAM_TOKEN is not a number, a colon and a key, as @BotFather gives: is it one?"
                        .to_owned(),
                );
            }
            let mut table = entry("telegram");
            table.insert("token".to_owned(), token.into());
            match self.get("TELEGRAM_CHAT_ID") {
                Some(chat) => {
                    table.insert("chat_id".to_owned(), chat.into());
                }
                None => assumptions.push(
                    "TELEGRAM_CHAT_ID is not set: messages go to the first chat that sends /start to the bot".to_owned(),
                ),
            }
            channels.push(("TELEGRAM_TOKEN", table));
        }
        if self.get("HIBP_API_KEY").is_some() {
            assumptions.push("HIBP_API_KEY is set, and the list of breaches is read without a key: it is not used".to_owned());
        }
        if self.get("DISCORD_WEBHOOK_URL").is_some() {
            assumptions.push("DISCORD_WEBHOOK_URL is set, and this version has no Discord channel: it is not used".to_owned());
        }
        channels
    }

    fn email(
        &self,
        user: &str,
        password: &str,
        assumptions: &mut Vec<String>,
        mistakes: &mut Vec<Mistake>,
    ) -> toml::Table {
        let mut table = entry("email");
        table.insert("user".to_owned(), user.into());
        table.insert("from".to_owned(), user.into());
        table.insert("password".to_owned(), password.into());
        let host = self.get("SMTP_SERVER").map_or_else(
            || {
                let host = smtp_host(user);
                assumptions.push(format!(
                    "SMTP_SERVER is not set: mail goes out through {host}"
                ));
                host
            },
            str::to_owned,
        );
        table.insert("host".to_owned(), host.into());
        let recipients = self.get("EMAIL_RECIPIENTS").unwrap_or_else(|| {
            assumptions.push(format!("EMAIL_RECIPIENTS is not set: mail goes to {user}"));
            user
        });
        let recipients: Vec<toml::Value> = recipients
            .split([',', ';'])
            .map(str::trim)
            .filter(|to| !to.is_empty())
            .map(Into::into)
            .collect();
        table.insert("to".to_owned(), recipients.into());
        if let Some(port) = self.get("SMTP_PORT") {
            match port.parse::<u16>() {
                Ok(port) => {
                    table.insert("port".to_owned(), i64::from(port).into());
                }
                Err(_) => mistakes.push(Mistake {
                    place: "SMTP_PORT".to_owned(),
                    what: format!("`{port}` is not a port, as 587"),
                }),
            }
        }
        table
    }
}

/// The database that a text names. What is wrong with it is said without quoting it:
/// it may hold a password.
///
/// # Errors
/// It names none that this version can use.
pub fn database(place: &str, text: &str) -> Result<Location, Mistake> {
    let wrong = |what: String| Mistake {
        place: place.to_owned(),
        what,
    };
    let path = text
        .strip_prefix("sqlite://")
        .or_else(|| text.strip_prefix("sqlite:"))
        .unwrap_or(text);
    match path.split_once("://") {
        None if path.trim().is_empty() => Err(wrong("no database is named".to_owned())),
        None => Ok(PathBuf::from(path).into()),
        Some(("postgres" | "postgresql", _)) => path.parse().map(Location::Postgres).map_err(wrong),
        Some((scheme, _)) => Err(wrong(format!(
            "`{scheme}` is no database this version can use; give a file, as sqlite://data/prahari.db, or postgres://user:password@host:5432/name"
        ))),
    }
}

/// Variables of ours that are no keys of the file.
const NOT_SETTINGS: [&str; 3] = ["PRAHARI_STOP_AT", "PRAHARI_CLOCK_AHEAD", "PRAHARI_WEB_DIST"];

fn entry(kind: &str) -> toml::Table {
    [
        ("id".to_owned(), kind.into()),
        ("kind".to_owned(), kind.into()),
    ]
    .into_iter()
    .collect()
}

/// A value as TOML reads it, or else as text: `8000`, `true`, `["a", "b"]`, `plain`.
pub(super) fn read_value(text: &str) -> toml::Value {
    let line = format!("v = {text}");
    line.parse::<toml::Table>()
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// The submission server of a mail domain: the providers' documented names, and
/// `smtp.` before the domain for all others.
fn smtp_host(address: &str) -> String {
    let domain = address
        .rsplit('@')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match domain.as_str() {
        "gmail.com" | "googlemail.com" => "smtp.gmail.com".to_owned(),
        "outlook.com" | "hotmail.com" | "live.com" | "msn.com" => {
            "smtp-mail.outlook.com".to_owned()
        }
        "yahoo.com" | "yahoo.co.in" | "yahoo.in" | "ymail.com" => "smtp.mail.yahoo.com".to_owned(),
        "icloud.com" | "me.com" => "smtp.mail.me.com".to_owned(),
        "zoho.com" => "smtp.zoho.com".to_owned(),
        "zoho.in" => "smtp.zoho.in".to_owned(),
        "rediffmail.com" => "smtp.rediffmail.com".to_owned(),
        _ => format!("smtp.{domain}"),
    }
}
