//! Reddit's token for an app of its own: asked for with the app's name and
//! password, kept in memory, asked for anew when it ends or is refused.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::clock::later;
use model::{Secret, Timestamp};
use net::{NetError, Request};
use serde_json::Value;

use crate::answer::{because, json, reason, text};
use crate::{SourceError, Tools};

/// A token is renewed this much before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// An app's token lives a day; what lives longer is not believed.
const LONGEST_LIFE: u64 = 24 * 60 * 60;

/// An app known to Reddit.
pub(super) struct App {
    pub(super) id: String,
    pub(super) secret: Secret<String>,
    pub(super) user_agent: String,
}

/// The token of this run.
#[derive(Default)]
pub(super) struct Login(Mutex<Option<Token>>);

#[derive(Clone)]
struct Token {
    value: Secret<String>,
    until: Timestamp,
}

impl Login {
    /// The token in hand, or a new one from `url`.
    pub(super) async fn token(
        &self,
        url: &str,
        app: &App,
        tools: &Tools,
    ) -> Result<Secret<String>, SourceError> {
        let now = tools.clock.now();
        if let Some(token) = self.held().clone().filter(|token| token.until > now) {
            return Ok(token.value);
        }
        let login = STANDARD.encode(format!("{}:{}", app.id, app.secret.reveal()));
        let request = Request::post_form(url, &[("grant_type", "client_credentials")])
            .header("authorization", format!("Basic {login}"))
            .header("user-agent", &app.user_agent);
        let body = tools.door.send(request).await.map_err(refused)?;
        let answer = json(&body.bytes, "Reddit")?;
        let Some(value) = text(&answer, "/access_token") else {
            let reason = text(&answer, "/error");
            return Err(SourceError::Unready(because(
                "Reddit gives no token for `client_id` and `client_secret`",
                reason,
            )));
        };
        let life = answer
            .pointer("/expires_in")
            .and_then(Value::as_u64)
            .unwrap_or(0)
            .min(LONGEST_LIFE);
        let token = Token {
            value: Secret::new(value.to_owned()),
            until: later(now, Duration::from_secs(life).saturating_sub(MARGIN)),
        };
        let value = token.value.clone();
        *self.held() = Some(token);
        Ok(value)
    }

    /// Forgets the token: it was refused.
    pub(super) fn forget(&self) {
        *self.held() = None;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(error: NetError) -> SourceError {
    match &error {
        NetError::Refused { status: 401, .. } => SourceError::Unready(
            "Reddit does not accept `client_id` and `client_secret`".to_owned(),
        ),
        NetError::Refused { body, .. } | NetError::Rejected { body, .. } => {
            let reason = reason(body, &["/message", "/error"]);
            SourceError::Unready(because("Reddit gives no token", reason.as_deref()))
        }
        _ => error.into(),
    }
}
