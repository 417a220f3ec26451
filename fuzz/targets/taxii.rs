//! STIX 2.1 objects in TAXII envelopes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Item, SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let Ok(page) = sources::taxii::parse(data) else {
        return;
    };
    for draft in page.parsed.entries {
        let item = Item::new(&source, draft, Timestamp::UNIX_EPOCH);
        assert!(!item.external_id.is_empty());
    }
});
