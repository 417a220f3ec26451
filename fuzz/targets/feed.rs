//! RSS, Atom, RDF and JSON feeds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Item, SourceId, Timestamp};

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let Ok(document) = sources::feed::parse(data, None, "https://feeds.example/a/") else {
        return;
    };
    for draft in document.parsed.entries {
        let item = Item::new(&source, draft, Timestamp::UNIX_EPOCH);
        assert!(!item.external_id.is_empty());
    }
});
