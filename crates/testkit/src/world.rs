//! Every fake at once, filled with sample stories, and a control API by which a
//! script in any language publishes, lets things fail and reads what arrived.
//! The binary `fake-world` runs it as a process of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Clock;
use serde_json::{Value, json};

use crate::feeds::Feed;
use crate::http::Server;
use crate::kev::FakeKev;
use crate::nvd::FakeNvd;
use crate::site::FakeSite;
use crate::slack::FakeSlack;
use crate::smtp::{FakeSmtp, SmtpMode};
use crate::telegram::FakeTelegram;

mod control;
mod stories;

/// With what the mail servers that speak TLS want a login.
const LOGIN: (&str, &str) = ("soc@example.org", "fake-world");
/// The one `apiKey` the fake NVD knows.
const NVD_KEY: &str = "00000000-fake-0000-0000-000000000000";

/// A world with three feeds, NVD, KEV, mail, Slack and Telegram.
#[derive(Debug)]
pub struct FakeWorld {
    places: Arc<Places>,
    control: Server,
}

/// The places of a fake world.
pub struct Places {
    /// The site the feeds are on.
    pub site: FakeSite,
    /// The feeds by name: `world-news`, `india-news`, `advisories`.
    pub feeds: BTreeMap<String, Feed>,
    /// NVD.
    pub nvd: FakeNvd,
    /// CISA's catalogue.
    pub kev: FakeKev,
    /// A mail server with STARTTLS; wants a login.
    pub smtp: FakeSmtp,
    /// A mail server with TLS from the start; wants a login.
    pub smtp_tls: FakeSmtp,
    /// A mail server without TLS; wants no login.
    pub smtp_plain: FakeSmtp,
    /// Slack.
    pub slack: FakeSlack,
    /// Telegram.
    pub telegram: FakeTelegram,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places")
            .field("feeds", &self.feeds.keys())
            .finish_non_exhaustive()
    }
}

impl FakeWorld {
    /// Starts every fake, on free ports or, if `first_port` is not 0, on it and
    /// the eight after it. Sample stories are as old as they should be by `clock`.
    pub async fn start(first_port: u16, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let port = |n: u16| {
            if first_port == 0 {
                0
            } else {
                first_port.saturating_add(n)
            }
        };
        let places = Arc::new(Places {
            site: FakeSite::start_on(port(1)).await,
            feeds: stories::feeds(now),
            nvd: FakeNvd::start_on(port(2), stories::records(now)).await,
            kev: FakeKev::start_on(port(3)).await,
            smtp: FakeSmtp::start_on(port(4), SmtpMode::StartTls).await,
            smtp_tls: FakeSmtp::start_on(port(5), SmtpMode::ImplicitTls).await,
            smtp_plain: FakeSmtp::start_on(port(6), SmtpMode::Plain).await,
            slack: FakeSlack::start_on(port(7)).await,
            telegram: FakeTelegram::start_on(port(8)).await,
            clock,
        });
        for entry in stories::catalogue(now) {
            places.kev.list(entry);
        }
        for (name, feed) in &places.feeds {
            let _ = feed.serve_on(&places.site, &feed_path(name));
        }
        places.nvd.know_key(NVD_KEY);
        for server in [&places.smtp, &places.smtp_tls] {
            server.require_login(LOGIN.0, LOGIN.1);
        }
        let steered = Arc::clone(&places);
        let control = Server::start(port(0), move |seen| control::answer(&steered, seen)).await;
        Self { places, control }
    }

    /// Its places.
    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Addresses and tokens of everything, as one JSON object.
    #[must_use]
    pub fn description(&self) -> Value {
        let places = &self.places;
        let mail = |server: &FakeSmtp| json!({ "host": "127.0.0.1", "port": server.port(), "ca_pem": server.ca_pem() });
        json!({
            "control": self.control.url("/control"),
            "feeds": places.feeds.keys().map(|name| json!({
                "name": name,
                "url": places.site.url(&feed_path(name)),
            })).collect::<Vec<_>>(),
            "nvd": { "url": places.nvd.url(), "key": NVD_KEY },
            "kev": { "url": places.kev.url() },
            "smtp": {
                "user": LOGIN.0,
                "pass": LOGIN.1,
                "starttls": mail(&places.smtp),
                "tls": mail(&places.smtp_tls),
                "plain": mail(&places.smtp_plain),
            },
            "slack": {
                "api_url": places.slack.api_url(),
                "token": places.slack.token(),
                "webhook_url": places.slack.webhook_url(),
                "channel": "#security",
            },
            "telegram": {
                "url": places.telegram.url(),
                "token": places.telegram.token(),
                "chat_id": places.telegram.chat(),
            },
        })
    }
}

fn feed_path(name: &str) -> String {
    format!("/{name}.xml")
}
