//! A door that lets a test reach its fake site, and the clock behind it.

use std::sync::Arc;

use model::SourceId;
use net::Door;
use sources::Tools;
use testkit::TestClock;
use testkit::site::FakeSite;

/// Tools whose door leads to this site alone.
pub(crate) fn to(site: &FakeSite, clock: &Arc<TestClock>) -> Tools {
    let host = site.url("").trim_start_matches("http://").to_owned();
    let config = net::Config {
        allow: vec![host],
        ..net::Config::default()
    };
    Tools {
        door: Arc::new(Door::new(config, clock.clone()).unwrap()),
        clock: clock.clone(),
    }
}

/// A source's name.
pub(crate) fn name(text: &str) -> SourceId {
    SourceId::new(text).unwrap()
}
