//! CSAF advisories.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let at = Timestamp::UNIX_EPOCH;
    if let Ok(advisory) = sources::csaf::parse(data, &source, "https://psirt.example/a.json", at) {
        for statement in advisory.statements {
            let _ = statement.content_hash();
        }
    }
});
