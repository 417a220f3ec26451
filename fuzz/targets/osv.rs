//! Records of OSV, and GitHub's advisories, which say the same in other words.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let at = Timestamp::UNIX_EPOCH;
    if let Ok(record) = sources::osv::parse(data, &source, at) {
        for statement in record.statements {
            let _ = statement.content_hash();
        }
    }
    let _ = sources::ghsa::parse(data, &source, false, at);
});
