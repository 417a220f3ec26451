//! The fake world as a process: `fake-world [--first-port N]`.
//!
//! Prints one line of JSON with every address and token (ports are free ones
//! unless `N` is given), then plays until its standard input closes, so that it
//! never outlives the script that started it. The control API is described in
//! `testkit::world::control`.

use std::future::Future;
use std::io::{Read, Write};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Timestamp};
use testkit::world::FakeWorld;

/// The real time: people look at this world beside a real service.
struct Now;

impl Clock for Now {
    #[expect(
        clippy::disallowed_methods,
        reason = "a process of its own has no one to tell it the time"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a process of its own has no one to tell it the time"
    )]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let first_port = match words.as_slice() {
        [] => Ok(0),
        ["--first-port", port] => port.parse().map_err(|_| format!("`{port}` is not a port")),
        _ => Err("usage: fake-world [--first-port N]".to_owned()),
    };
    let outcome = match first_port {
        Ok(first_port) => play(first_port).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn play(first_port: u16) -> std::io::Result<()> {
    let world = FakeWorld::start(first_port, Arc::new(Now)).await;
    let mut out = std::io::stdout();
    writeln!(out, "{}", world.description())?;
    out.flush()?;
    let watch = tokio::task::spawn_blocking(|| {
        let mut ignored = [0; 1024];
        let mut input = std::io::stdin().lock();
        while input.read(&mut ignored).is_ok_and(|length| length > 0) {}
    });
    watch.await.map_err(std::io::Error::other)
}
