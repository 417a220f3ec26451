//! How fast Jetstream's frames are matched: made-up posts of real size, one in a
//! hundred of which concerns us.
//!
//!     cargo run --release -p sources --example stream_speed

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement prints, and reads the real time"
)]

use std::time::Instant;

use serde_json::json;

const FRAMES: usize = 200_000;

fn main() {
    let words = "people say that this morning the train was late again and nobody in the whole town knew why because the cat had eaten all of it साथ में चाय और खबरें".split(' ').collect::<Vec<_>>();
    let frames: Vec<Vec<u8>> = (0..FRAMES)
        .map(|n| {
            let mut text: String = (0..18 + n % 17)
                .filter_map(|k| words.get((n * 7 + k * 13) % words.len()))
                .flat_map(|word| [*word, " "])
                .collect();
            if n % 100 == 0 {
                text.push_str("a Data Breach at Acme Bank");
            }
            let facets: Vec<serde_json::Value> = (0..n % 4)
                .map(|k| json!({"index": {"byteStart": k, "byteEnd": k + 9}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "morning"}]}))
                .collect();
            json!({"did": format!("did:plc:{:024}", n), "time_us": 1_795_251_600_000_000_u64 + n as u64, "kind": "commit",
                "commit": {"rev": "3lbzq6s2k7c2a", "operation": "create", "collection": "app.bsky.feed.post", "rkey": "3lbzq6s2k7c2b",
                    "record": {"$type": "app.bsky.feed.post", "createdAt": "2026-11-21T09:00:00.000Z", "langs": ["en"], "text": text, "facets": facets,
                        "reply": {"parent": {"cid": "bafyreihqz4q7qqm5lq4m2k3n2a7c5n6q3w4e5r6t7y8u9i0o1p2a3s4d5f", "uri": "at://did:plc:abcdefghijklmnopqrstuvwx/app.bsky.feed.post/3lbzq5"}}},
                    "cid": "bafyreihqz4q7qqm5lq4m2k3n2a7c5n6q3w4e5r6t7y8u9i0o1p2a3s4d5f"}})
            .to_string()
            .into_bytes()
        })
        .collect();
    let bytes: usize = frames.iter().map(Vec::len).sum();
    let started = Instant::now();
    let matching = sources::bluesky::count_matching(&frames);
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{FRAMES} frames of {} bytes: {matching} match, {:.0} posts/s, {:.0} MB/s",
        bytes / FRAMES,
        FRAMES as f64 / seconds,
        bytes as f64 / 1e6 / seconds
    );
}
