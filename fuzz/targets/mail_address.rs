//! Senders and recipients as a config writes them. What is accepted stands in
//! headers of mails, where a line break would be a header of its own.

#![no_main]

use channels::email::mailbox;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let Ok(read) = mailbox("to", &text) else {
        return;
    };
    let address = read.email.to_string();
    assert!(!address.contains(['\r', '\n', '\0']), "{address:?}");
    // The address alone is an address again, and the same one.
    let again = mailbox("to", &address).map(|read| read.email);
    assert_eq!(again, Ok(read.email));
});
