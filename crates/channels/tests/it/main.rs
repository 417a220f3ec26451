//! The channels against fakes of the services, and what they would send.

#[cfg(test)]
mod email;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod rendered;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod slack;
#[cfg(test)]
mod telegram;

use std::sync::Arc;
use std::time::Duration;

use channels::{Channel, DeliveryError, Tools};
use net::Door;
use testkit::TestClock;

/// A door that may reach this machine, and a clock that waits for nobody.
pub(crate) fn tools() -> Tools {
    let clock = TestClock::at("2026-11-21T09:00:00Z");
    let config = net::Config {
        allow: vec!["127.0.0.1".to_owned()],
        timeout_seconds: 1,
        ..net::Config::default()
    };
    match Door::new(config, clock.clone()) {
        Ok(door) => Tools {
            door: Arc::new(door),
            clock,
        },
        Err(error) => panic!("{error}"),
    }
}

/// A failed delivery in one line: the variant, then the sentence.
pub(crate) fn told(error: &DeliveryError) -> String {
    let kind = match error {
        DeliveryError::Later { .. } => "Later",
        DeliveryError::Passing { .. } => "Passing",
        DeliveryError::Paused { .. } => "Paused",
        DeliveryError::Refused { .. } => "Refused",
    };
    format!("{kind}: {error}")
}

/// Delivers the story and gives what went wrong, in one line.
pub(crate) async fn failure(channel: &dyn Channel) -> String {
    let Some(message) = sample::named("story") else {
        panic!("no such sample")
    };
    match channel.deliver(&message).await {
        Ok(receipt) => format!("Sent: {receipt:?}"),
        Err(error) => told(&error),
    }
}

/// How long a `Later` waits.
pub(crate) fn wait(error: &DeliveryError) -> Option<Duration> {
    match error {
        DeliveryError::Later { after, .. } => Some(*after),
        _ => None,
    }
}
