//! A website that a test fills: feeds, pages, files, and every way of failing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

pub use crate::http::Seen;
pub use crate::reply::Reply;

use crate::http::Server;
use crate::shared::Shared;

/// A web server on 127.0.0.1. A path nobody filled answers 404.
#[derive(Debug)]
pub struct FakeSite {
    server: Server,
    state: Shared<State>,
}

#[derive(Default)]
struct State {
    routes: HashMap<String, Route>,
    spoilers: HashMap<String, Arc<Spoiler>>,
    requests: Vec<Seen>,
}

/// What makes another answer of an answer.
type Spoiler = dyn Fn(Reply) -> Reply + Send + Sync;

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("requests", &self.requests.len())
            .finish_non_exhaustive()
    }
}

enum Route {
    Script(VecDeque<Reply>),
    Live(Arc<dyn Fn(&Seen) -> Reply + Send + Sync>),
}

impl FakeSite {
    /// A site on a free port.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// A site on this port.
    pub async fn start_on(port: u16) -> Self {
        let state: Shared<State> = Shared::new(State::default());
        let seen_by = state.clone();
        let server = Server::start(port, move |seen| answer(&seen_by, seen)).await;
        Self { server, state }
    }

    /// The address of `path`, which begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// Answers `path` so until told otherwise. A path with a query (`/x?page=2`)
    /// answers that query only; one without answers the rest.
    pub fn serve(&self, path: &str, reply: Reply) {
        self.script(path, vec![reply]);
    }

    /// Answers `path` with each in turn; the last one stays.
    pub fn script(&self, path: &str, replies: Vec<Reply>) {
        self.state
            .lock()
            .routes
            .insert(path.to_owned(), Route::Script(replies.into()));
    }

    /// Answers `path` with what `answer` makes of the request.
    pub fn serve_live(&self, path: &str, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        self.state
            .lock()
            .routes
            .insert(path.to_owned(), Route::Live(Arc::new(answer)));
    }

    /// Passes every answer of `path`, whatever its query, through `spoil`.
    pub fn spoil(&self, path: &str, spoil: impl Fn(Reply) -> Reply + Send + Sync + 'static) {
        self.state
            .lock()
            .spoilers
            .insert(path.to_owned(), Arc::new(spoil));
    }

    /// Nothing is spoiled any more.
    pub fn mend(&self) {
        self.state.lock().spoilers.clear();
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.state.lock().requests.clone()
    }
}

fn answer(state: &Shared<State>, seen: &Seen) -> Reply {
    let (reply, spoil) = {
        let mut state = state.lock();
        state.requests.push(seen.clone());
        (state.reply(seen), state.spoilers.get(&seen.path).cloned())
    };
    // Outside the lock: what makes the answer may look at the site.
    let reply = match reply {
        Answer::Ready(reply) => reply,
        Answer::Live(live) => live(seen),
    };
    match spoil {
        Some(spoil) => spoil(reply),
        None => reply,
    }
}

enum Answer {
    Ready(Reply),
    Live(Arc<dyn Fn(&Seen) -> Reply + Send + Sync>),
}

impl State {
    fn reply(&mut self, seen: &Seen) -> Answer {
        let exact = format!("{}?{}", seen.path, seen.query);
        let key = if self.routes.contains_key(&exact) {
            &exact
        } else {
            &seen.path
        };
        match self.routes.get_mut(key) {
            Some(Route::Script(replies)) => {
                let last = replies.len() <= 1;
                let next = if last {
                    replies.front().cloned()
                } else {
                    replies.pop_front()
                };
                Answer::Ready(next.unwrap_or_else(nothing_here))
            }
            Some(Route::Live(live)) => Answer::Live(Arc::clone(live)),
            None => Answer::Ready(nothing_here()),
        }
    }
}

fn nothing_here() -> Reply {
    Reply::status(404)
        .content_type("text/html")
        .body("<html><title>404 Not Found</title></html>")
}
