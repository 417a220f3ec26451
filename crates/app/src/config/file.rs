//! The sections of `prahari.toml`, what each key is when nobody says it, and what must
//! hold of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::region::Region;

/// The whole file. Entries of lists are read one by one, so that a mistake in one
/// costs only itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// The folder of everything Prahari keeps.
    pub data_dir: PathBuf,
    /// The database: a file, or `postgres://user:password@host:5432/name`; `prahari.db`
    /// in the data folder if absent.
    pub database: Option<Secret<String>>,
    /// Whether the sources that ship with Prahari are read, too.
    pub catalogue: bool,
    /// Where and how the service answers.
    pub server: Server,
    /// How the world is reached.
    pub net: net::Config,
    /// Which country is home.
    pub region: Region,
    /// What the user watches for.
    pub watch: Watch,
    /// How alerts are gathered.
    pub alerting: Alerting,
    /// What of the documents that arrived is kept.
    pub keep: Keep,
    /// How long things are remembered.
    pub retention: Retention,
    /// How often sources are asked.
    pub polling: Polling,
    /// The self-audit of sources.
    pub audit: Audit,
    /// Learning from feedback.
    pub learning: Learning,
    /// How the log is written.
    pub log: Log,
    /// What is read. An entry with the id of a shipped source changes that one.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub sources: Vec<toml::Table>,
    /// Who is told.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub channels: Vec<toml::Table>,
    /// Of what.
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub rules: Vec<toml::Table>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            database: None,
            catalogue: true,
            server: Server::default(),
            net: net::Config::default(),
            region: Region::default(),
            watch: Watch::default(),
            alerting: Alerting::default(),
            keep: Keep::default(),
            retention: Retention::default(),
            polling: Polling::default(),
            audit: Audit::default(),
            learning: Learning::default(),
            log: Log::default(),
            sources: Vec::new(),
            channels: Vec::new(),
            rules: Vec::new(),
        }
    }
}

/// Where and how the service answers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port. Only a loopback address: this version has no login.
    pub listen: String,
    /// Where people open the dashboard; links in messages point there.
    pub public_url: String,
    /// The time zone of messages, by its IANA name.
    pub zone: String,
    /// Which websites may read `GET /alerts`: `*`, or one origin as
    /// `https://www.example.org`.
    pub alerts_origin: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            public_url: "http://localhost:8000".to_owned(),
            zone: "Asia/Kolkata".to_owned(),
            alerts_origin: "*".to_owned(),
        }
    }
}

impl Server {
    /// The address to bind.
    ///
    /// # Errors
    /// It is not an address with a port.
    pub fn address(&self) -> Result<SocketAddr, String> {
        let text = self
            .listen
            .strip_prefix("localhost:")
            .map_or_else(|| self.listen.clone(), |port| format!("127.0.0.1:{port}"));
        text.parse().map_err(|_| {
            format!(
                "`{}` is not an address and port, as 127.0.0.1:8000",
                self.listen
            )
        })
    }

    fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        match self.address() {
            Ok(address) if !address.ip().is_loopback() => wrong.push((
                "server.listen",
                format!("`{address}` is reachable from other machines, and this version has no login; bind a loopback address and put a proxy with a login before it"),
            )),
            Ok(_) => {}
            Err(what) => wrong.push(("server.listen", what)),
        }
        let public = url::Url::parse(&self.public_url);
        if !public.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            wrong.push((
                "server.public_url",
                format!(
                    "`{}` is not a web address, as https://prahari.example.org",
                    self.public_url
                ),
            ));
        }
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            wrong.push((
                "server.zone",
                format!("`{}` is not a time zone, as Asia/Kolkata", self.zone),
            ));
        }
        wrong
    }
}

/// A key, and what is wrong with its value.
type Wrong = (&'static str, String);

impl File {
    /// What is wrong with values that have the right type.
    pub(super) fn check(&self) -> Vec<Wrong> {
        let mut wrong = self.server.check();
        if self.data_dir.as_os_str().is_empty() {
            wrong.push(("data_dir", "no folder is named".to_owned()));
        }
        wrong.extend(self.polling.check());
        wrong.extend(self.retention.check());
        wrong.extend(self.log.check());
        wrong
    }
}

/// What the user watches for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// Words and names: your products, your organisation, your suppliers. What
    /// holds one is always relevant.
    pub keywords: Vec<String>,
}

/// How alerts are gathered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerting {
    /// Seconds to gather what one incident brings before people are told.
    pub group_wait_seconds: u64,
    /// Seconds between two messages on one incident, at least.
    pub group_interval_seconds: u64,
    /// A source that was not read for so many hours catches up in one digest per
    /// channel instead of many messages.
    pub digest_after_hours: u64,
}

impl Default for Alerting {
    // 30 s and 5 min are Alertmanager's defaults; a day away is an absence.
    fn default() -> Self {
        Self {
            group_wait_seconds: 30,
            group_interval_seconds: 300,
            digest_after_hours: 24,
        }
    }
}

impl Alerting {
    /// See `group_wait_seconds`.
    #[must_use]
    pub const fn group_wait(&self) -> Duration {
        Duration::from_secs(self.group_wait_seconds)
    }

    /// See `group_interval_seconds`.
    #[must_use]
    pub const fn group_interval(&self) -> Duration {
        Duration::from_secs(self.group_interval_seconds)
    }

    /// See `digest_after_hours`.
    #[must_use]
    pub const fn digest_after(&self) -> Duration {
        Duration::from_secs(self.digest_after_hours.saturating_mul(3600))
    }
}

/// What of the documents that arrived is kept, so that `prahari reprocess` can read
/// it again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Whether documents are kept.
    pub documents: bool,
    /// For so many days.
    pub days: u32,
    /// Largest document, in megabytes before packing.
    pub max_document_mb: u64,
    /// All of them together, in megabytes on disk; the oldest go first.
    pub max_total_mb: u64,
}

impl Default for Keep {
    // The catalogue's feeds take some 20 MB a day, packed: a month fits.
    fn default() -> Self {
        Self {
            documents: true,
            days: 30,
            max_document_mb: 4,
            max_total_mb: 1_024,
        }
    }
}

/// How long things are remembered; what is older is forgotten at night. 0 days: for
/// ever. Vulnerabilities always are remembered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Items that were found irrelevant, from when they came.
    pub irrelevant_days: u32,
    /// Incidents that somebody dismissed, from when they were last told of.
    pub dismissed_days: u32,
    /// Other incidents, from when they were last told of; those that are watched stay.
    pub incident_days: u32,
    /// Deliveries, from when they were sent or given up.
    pub delivery_days: u32,
    /// At which hour of the server's zone the service forgets: 0 to 23.
    pub hour: u8,
}

impl Default for Retention {
    // A quarter is long enough to find that something irrelevant was not. Five years of
    // incidents are what yearly comparisons need, and some gigabytes; a year of
    // deliveries is twice the 180 days for which CERT-In wants logs kept. At three the
    // fewest sources publish, and nobody waits.
    fn default() -> Self {
        Self {
            irrelevant_days: 90,
            dismissed_days: 365,
            incident_days: 1_825,
            delivery_days: 365,
            hour: 3,
        }
    }
}

impl Retention {
    fn check(&self) -> Option<Wrong> {
        (self.hour > 23).then(|| {
            let what = format!("{} is not from 0 to 23", self.hour);
            ("retention.hour", what)
        })
    }
}

/// How often sources are asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Polling {
    /// Whether feeds, pages and searches that always have something new are asked
    /// more often than their interval says, and those that seldom have are asked less.
    pub adaptive: bool,
    /// The shortest interval, as a share of the source's own: 0.1 to 1.
    pub fastest: f64,
    /// The longest interval, in multiples of the source's own: 1 to 24.
    pub slowest: f64,
}

impl Default for Polling {
    // Twice as often is no burden to anybody; four times as seldom makes of a quarter
    // of an hour an hour, which is early enough for who writes once a week.
    fn default() -> Self {
        Self {
            adaptive: true,
            fastest: 0.5,
            slowest: 4.0,
        }
    }
}

impl Polling {
    fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if !(0.1..=1.0).contains(&self.fastest) {
            let what = format!("{} is not from 0.1 to 1", self.fastest);
            wrong.push(("polling.fastest", what));
        }
        if !(1.0..=24.0).contains(&self.slowest) {
            let what = format!("{} is not from 1 to 24", self.slowest);
            wrong.push(("polling.slowest", what));
        }
        wrong
    }
}

/// The self-audit: whom to tell when a source falls silent, keeps failing, is gone,
/// changes its shape, or has records that we lack.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Whether people are told. The dashboard shows it in any case.
    pub enabled: bool,
    /// The channels that are told; every one if absent.
    pub channels: Option<Vec<String>>,
    /// A source that cannot be read is told after so many hours.
    pub failing_after_hours: u64,
}

impl Default for Audit {
    // Six hours: servers are mended in less, and nobody is woken for them.
    fn default() -> Self {
        Self {
            enabled: true,
            channels: None,
            failing_after_hours: 6,
        }
    }
}

impl Audit {
    /// See `failing_after_hours`.
    #[must_use]
    pub const fn failing_after(&self) -> Duration {
        Duration::from_secs(self.failing_after_hours.saturating_mul(3600))
    }
}

/// Learning from what people say of items.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Learning {
    /// Whether the service trains by itself when enough feedback came. By hand it is
    /// always possible.
    pub automatic: bool,
}

impl Default for Learning {
    fn default() -> Self {
        Self { automatic: true }
    }
}

/// How the log is written, to standard error.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives per part as
    /// `info,net=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

impl Log {
    /// The filter that the level means.
    ///
    /// # Errors
    /// It is no level. A single word that is none would be taken for the name of a
    /// part, and switch the log off.
    pub fn filter(&self) -> Result<EnvFilter, String> {
        let wrong = || {
            format!(
                "`{}` is none of error, warn, info, debug, trace, off",
                self.level
            )
        };
        let mut directives = self.level.split(',').map(str::trim);
        let known = directives.all(|directive| {
            let level = || !directive.is_empty() && directive.parse::<LevelFilter>().is_ok();
            directive.contains(['=', '[']) || level()
        });
        if !known {
            return Err(wrong());
        }
        EnvFilter::try_new(&self.level).map_err(|_| wrong())
    }

    fn check(&self) -> Option<Wrong> {
        let what = self.filter().err()?;
        Some(("log.level", what))
    }
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}
