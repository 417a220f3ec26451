//! CVE 5 records.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let parsed = sources::cve_list::parse(data, &source);
    for statement in parsed.entries {
        let _ = statement.content_hash();
        let _ = statement.to_item(Timestamp::UNIX_EPOCH);
    }
});
