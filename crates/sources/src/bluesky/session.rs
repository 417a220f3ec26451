//! A session at Bluesky: made with an app password, renewed with its own second
//! token, kept in memory only.
//!
//! Access ends after two hours or so, with 400 and `ExpiredToken`. Sessions may
//! be made 300 times a day; a renewal costs none of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::Secret;
use net::{NetError, Request};
use serde_json::{Value, json};

use crate::answer::{self, because, reason, text};
use crate::{SourceError, Tools};

/// Who logs in, and where.
pub(super) struct Account<'a> {
    pub(super) url: &'a str,
    pub(super) identifier: &'a str,
    pub(super) password: &'a Secret<String>,
}

/// The tokens of this run.
#[derive(Default)]
pub(super) struct Session(Mutex<Option<Tokens>>);

#[derive(Clone)]
struct Tokens {
    access: Secret<String>,
    refresh: Option<Secret<String>>,
}

impl Session {
    /// The token in hand, or one of a new session.
    pub(super) async fn token(
        &self,
        account: &Account<'_>,
        tools: &Tools,
    ) -> Result<Secret<String>, SourceError> {
        if let Some(tokens) = self.held().clone() {
            return Ok(tokens.access);
        }
        let url = answer::address(account.url, "/xrpc/com.atproto.server.createSession")?;
        let login =
            json!({"identifier": account.identifier, "password": account.password.reveal()});
        let body = tools
            .door
            .send(Request::post_json(url, &login))
            .await
            .map_err(refused)?;
        self.keep(&answer::json(&body.bytes, "Bluesky")?)
    }

    /// Another token in place of one that was refused.
    pub(super) async fn renewed(
        &self,
        account: &Account<'_>,
        tools: &Tools,
    ) -> Result<Secret<String>, SourceError> {
        let tokens = self.held().take();
        if let Some(refresh) = tokens.and_then(|tokens| tokens.refresh) {
            let url = answer::address(account.url, "/xrpc/com.atproto.server.refreshSession")?;
            let request =
                Request::post(url).header("authorization", format!("Bearer {}", refresh.reveal()));
            match tools.door.send(request).await {
                Ok(body) => return self.keep(&answer::json(&body.bytes, "Bluesky")?),
                // It has ended, too.
                Err(NetError::Refused { .. } | NetError::Rejected { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.token(account, tools).await
    }

    fn keep(&self, session: &Value) -> Result<Secret<String>, SourceError> {
        let token =
            |pointer: &str| text(session, pointer).map(|token| Secret::new(token.to_owned()));
        let Some(access) = token("/accessJwt") else {
            return Err(SourceError::Nonsense(
                "Bluesky answered a login without a token".to_owned(),
            ));
        };
        *self.held() = Some(Tokens {
            access: access.clone(),
            refresh: token("/refreshJwt"),
        });
        Ok(access)
    }

    fn held(&self) -> MutexGuard<'_, Option<Tokens>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(error: NetError) -> SourceError {
    match &error {
        NetError::Refused { body, .. } | NetError::Rejected { body, .. } => {
            if body.contains("AuthFactorTokenRequired") {
                return SourceError::Unready("Bluesky asks for a second factor: `app_password` must be an app password, not the account's own".to_owned());
            }
            let reason = reason(body, &["/message", "/error"]);
            SourceError::Unready(because(
                "Bluesky does not accept `identifier` and `app_password`",
                reason.as_deref(),
            ))
        }
        _ => error.into(),
    }
}
