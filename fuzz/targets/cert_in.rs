//! Pages of CERT-In and of OWASP: lists and notes read by their words.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = sources::cert_in::parse_list(&text);
    let _ = sources::cert_in::parse_advisory(&text, "CIVN-2026-0001");
    let _ = sources::owasp_top10::parse_index(&text, "https://owasp.example/Top10/2025/");
});
