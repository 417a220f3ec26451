//! Events and manifests of a MISP feed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Item, SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    if let Ok(event) = sources::misp_feed::parse(data) {
        let _ = Item::new(&source, event.draft, Timestamp::UNIX_EPOCH);
    }
    let _ = sources::misp_feed::manifest(data);
});
