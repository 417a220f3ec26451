//! Shapes of texts that nobody writes in good faith, for tests here and in the crate.

/// A text of about so many bytes.
pub(crate) type Make = fn(usize) -> String;

fn fill(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

pub(crate) const SHAPES: &[(&str, Make)] = &[
    ("one word", |n| "x".repeat(n)),
    ("one word with marks", |n| fill("e\u{301}", n)),
    ("one Hindi word", |n| fill("क्", n)),
    ("direction marks", |n| fill("ab\u{202e}cd\u{202c} ", n)),
    ("zero-width", |n| fill("ha\u{200b}ck\u{200d}ed ", n)),
    ("control characters", |n| fill("a\u{1}b\u{7f} \u{9b}", n)),
    ("names", |n| {
        (0..n / 20)
            .map(|i| format!("Zorvex{i} Bank hit. "))
            .collect()
    }),
    ("flaws", |n| {
        (0..n / 16).map(|i| format!("CVE-2026-{i:06} ")).collect()
    }),
    ("addresses", |n| fill("http://a[.]example/x?y=1 ", n)),
    ("brackets", |n| fill("[.](", n)),
    ("numbers", |n| fill("2 lakh crore 3,00,000 ", n)),
    ("cues", |n| fill("not hacked, ransomware. ", n)),
    ("towns", |n| fill("Mumbai Salem Kondapalle Anand ", n)),
    ("vetoes", |n| fill("Indian hackers in Winston-Salem ", n)),
    ("versions", |n| {
        fill("OpenSSL before 3.0.7 and 1.1.1 through 1.1.1s ", n)
    }),
    ("emoji", |n| fill("👩‍💻🇮🇳", n)),
    ("tags", |n| fill("<p><b>a</b>", n)),
    ("sentences", |n| fill("Acme Corp. was hit. ", n)),
];
