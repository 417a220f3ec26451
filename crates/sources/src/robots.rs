//! What a site's robots.txt lets us read (RFC 9309).
//!
//! Only sources that read pages made for people ask it; feeds and interfaces are
//! made for programs. The rules are those of the group that names Prahari, else
//! of the group for everyone; the longest matching path wins, and of two equally
//! long ones the permission. A site without the file (4xx) forbids nothing; one
//! that fails to give it (5xx, no answer) forbids all until it does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::clock::elapsed;
use model::{Clock, Timestamp};
use net::{Door, Fetched, NetError, Request};
use url::Url;

use crate::{SourceError, Tools};

/// Our name in such a file.
const TOKEN: &str = "prahari";
/// The part that is read (RFC 9309, 2.5: at least 500 KiB).
const READ_BYTES: usize = 500 * 1024;
/// The part that is fetched; a longer file is none.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;
/// How long a copy is believed (RFC 9309, 2.4).
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// Rules of one group; the largest files we know have some thousand.
const MOST_RULES: usize = 10_000;
/// Stars of one rule; each may cost a search through the path.
const MOST_STARS: usize = 16;
/// Sites remembered by one source; it reads one or two.
const MOST_SITES: usize = 32;

/// The files of the sites that a source reads.
pub(crate) struct Robots {
    door: Arc<Door>,
    clock: Arc<dyn Clock>,
    known: Mutex<BTreeMap<String, (Timestamp, Arc<Rules>)>>,
}

impl Robots {
    pub(crate) fn new(tools: &Tools) -> Self {
        Self {
            door: Arc::clone(&tools.door),
            clock: Arc::clone(&tools.clock),
            known: Mutex::default(),
        }
    }

    /// Whether `url` may be read.
    ///
    /// # Errors
    /// It is no address, or the site failed to say.
    pub(crate) async fn allow(&self, url: &str) -> Result<bool, SourceError> {
        let url = Url::parse(url).map_err(|error| {
            SourceError::Nonsense(format!("its address cannot be read: {error}"))
        })?;
        Ok(self.rules(&url).await?.allow(&url))
    }

    async fn rules(&self, url: &Url) -> Result<Arc<Rules>, SourceError> {
        let site = url.origin().ascii_serialization();
        let now = self.clock.now();
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&site).cloned()
        };
        if let Some((at, rules)) = &known
            && elapsed(*at, now) < FRESH
        {
            return Ok(Arc::clone(rules));
        }
        let request = Request::get(format!("{site}/robots.txt"))
            .max_body(LARGEST_FILE)
            .passing();
        let rules = match self.door.fetch(request).await {
            Ok(Fetched::Body(body)) => Rules::read(&body.bytes),
            Ok(Fetched::Unchanged)
            | Err(NetError::Rejected { .. } | NetError::Refused { .. } | NetError::Gone { .. }) => {
                Rules::default()
            }
            Err(error) => {
                // An old copy is better than silence.
                return known.map(|(_, rules)| rules).ok_or_else(|| error.into());
            }
        };
        let rules = Arc::new(rules);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_SITES {
            known.clear();
        }
        known.insert(site, (now, Arc::clone(&rules)));
        Ok(rules)
    }
}

/// The rules that hold for us.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// Percent-encoded as [`encoded`] does, with `*` and a last `$`.
    path: String,
}

impl Rules {
    /// Reads a file; a line that is no rule is passed over.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.get(..bytes.len().min(READ_BYTES)).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{FEFF}');
        let (mut ours, mut everyones) = (None::<Vec<Rule>>, Vec::new());
        // Whether the group at hand is ours, everyone's, and still being named.
        let (mut for_us, mut for_all, mut naming) = (false, false, false);
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            let allows = match key.as_str() {
                "user-agent" => {
                    if !naming {
                        (for_us, for_all) = (false, false);
                    }
                    naming = true;
                    // `Prahari/1.0` means the product before the stroke.
                    let product = value.split(['/', ' ']).next().unwrap_or_default();
                    for_us |= product.eq_ignore_ascii_case(TOKEN);
                    for_all |= product == "*";
                    if for_us {
                        ours.get_or_insert_default();
                    }
                    continue;
                }
                "allow" => true,
                "disallow" => false,
                // Others (`sitemap`, `crawl-delay`) end no group.
                _ => continue,
            };
            naming = false;
            // `Disallow:` with nothing behind it forbids nothing.
            if value.is_empty() || value.matches('*').count() > MOST_STARS {
                continue;
            }
            let rule = || Rule {
                allows,
                path: encoded(value),
            };
            if for_us
                && let Some(ours) = &mut ours
                && ours.len() < MOST_RULES
            {
                ours.push(rule());
            }
            if for_all && everyones.len() < MOST_RULES {
                everyones.push(rule());
            }
        }
        Self(ours.unwrap_or(everyones))
    }

    /// Whether `url`, of the site that the file is of, may be read.
    pub(crate) fn allow(&self, url: &Url) -> bool {
        let mut path = url.path().to_owned();
        if path == "/robots.txt" {
            return true;
        }
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        let path = encoded(&path);
        let best = self
            .0
            .iter()
            .filter(|rule| matches(&rule.path, &path))
            .max_by_key(|rule| (rule.path.len(), rule.allows));
        best.is_none_or(|rule| rule.allows)
    }
}

/// Whether a rule's path matches: from the beginning, `*` for anything, a last
/// `$` for the end.
fn matches(rule: &str, path: &str) -> bool {
    let (rule, whole) = match rule.strip_suffix('$') {
        Some(rule) => (rule, true),
        None => (rule, false),
    };
    let mut parts = rule.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return !whole || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if whole && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place is as good as any: what follows may begin anywhere.
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    true
}

/// A path in one spelling (RFC 9309, 2.2.2): what is no ASCII is encoded, what
/// is encoded without need is decoded, and hexadecimal digits are upper-case.
fn encoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        let hex = |offset: usize| {
            char::from(bytes.get(at + offset).copied().unwrap_or(b'-')).to_digit(16)
        };
        let (byte, was_encoded) = match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                at += 2;
                (u8::try_from(high * 16 + low).unwrap_or(b'%'), true)
            }
            _ => (byte, false),
        };
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if plain || !was_encoded && byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(file: &str, path: &str) -> bool {
        let url = Url::parse("https://site.example")
            .unwrap()
            .join(path)
            .unwrap();
        Rules::read(file.as_bytes()).allow(&url)
    }

    #[test]
    fn files_mean_what_the_standard_says() {
        for (file, path, expected) in [
            // No file, no rule, no group of ours.
            ("", "/a", true),
            ("User-agent: *\nDisallow:\n", "/a", true),
            ("User-agent: other\nDisallow: /\n", "/a", true),
            ("Disallow: /\n", "/a", true),
            ("<html>Not found: yes</html>", "/a", true),
            // Everyone, and us.
            ("User-agent: *\nDisallow: /\n", "/a", false),
            ("User-agent: *\nDisallow: /\n", "/robots.txt", true),
            (
                "User-agent: *\nDisallow: /\n\nUser-agent: Prahari\nAllow: /\n",
                "/a",
                true,
            ),
            (
                "User-agent: PRAHARI/2.0\nDisallow: /x\n\nUser-agent: *\nDisallow: /\n",
                "/a",
                true,
            ),
            (
                "User-agent: prahari\n\nUser-agent: *\nDisallow: /\n",
                "/a",
                false,
            ),
            (
                "User-agent: *\nDisallow: /\nUser-agent: prahari\nCrawl-delay: 5\n",
                "/a",
                true,
            ),
            (
                "User-agent: other\nUser-agent: prahari\nDisallow: /a\n",
                "/a",
                false,
            ),
            // Groups of one name are one group.
            (
                "User-agent: prahari\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: prahari\nDisallow: /b",
                "/b",
                false,
            ),
            (
                "User-agent: prahari\nDisallow: /a\n\nUser-agent: x\nDisallow: /\n\nUser-agent: prahari\nDisallow: /b",
                "/c",
                true,
            ),
            // A line between them ends no group.
            (
                "User-agent: *\nSitemap: https://x/\nDisallow: /a",
                "/a",
                false,
            ),
            // The longest wins, and of equals the permission.
            ("User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", true),
            (
                "User-agent: *\nAllow: /a\nDisallow: /a/b\n",
                "/a/b/c",
                false,
            ),
            ("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", true),
            ("User-agent: *\nAllow: /p\nDisallow: /\n", "/page", true),
            ("User-agent: *\nAllow: /$\nDisallow: /\n", "/", true),
            ("User-agent: *\nAllow: /$\nDisallow: /\n", "/page", false),
            (
                "User-agent: *\nAllow: /page\nDisallow: /*.htm\n",
                "/page.htm",
                false,
            ),
            // Beginnings, stars and ends.
            (
                "User-agent: *\nDisallow: /fish",
                "/fishheads/yummy.html",
                false,
            ),
            ("User-agent: *\nDisallow: /fish", "/Fish", true),
            ("User-agent: *\nDisallow: /fish/", "/fish", true),
            (
                "User-agent: *\nDisallow: /*.php",
                "/folder/a.php?b=1",
                false,
            ),
            ("User-agent: *\nDisallow: /*.php$", "/folder/a.php", false),
            ("User-agent: *\nDisallow: /*.php$", "/a.php?b=1", true),
            ("User-agent: *\nDisallow: /a*b*c$", "/a-b-b-c", false),
            ("User-agent: *\nDisallow: /a*b*c$", "/a-c-b", true),
            ("User-agent: *\nDisallow: /*$", "/a", false),
            ("User-agent: *\nDisallow: *", "/a", false),
            ("User-agent: *\nDisallow: /?q=", "/?q=x", false),
            // Spellings.
            ("User-agent: *\nDisallow: /%7eann", "/~ann/", false),
            ("User-agent: *\nDisallow: /~ann", "/%7Eann/", false),
            (
                "User-agent: *\nDisallow: /हिन्दी",
                "/%E0%A4%B9%E0%A4%BF%E0%A4%A8%E0%A5%8D%E0%A4%A6%E0%A5%80",
                false,
            ),
            ("User-agent: *\nDisallow: /a%2fb", "/a/b", true),
            ("User-agent: *\nDisallow: /a%2fb", "/a%2Fb", false),
            ("User-agent: *\nDisallow: /50%", "/50%", false),
            // Comments, line ends, marks, cases.
            (
                "# all\r\nUSER-AGENT : * # everyone\r\ndisallow : /a # not this\r\n",
                "/a",
                false,
            ),
            ("\u{FEFF}User-agent: *\rDisallow: /a", "/a", false),
        ] {
            assert_eq!(allows(file, path), expected, "{path} by\n{file}");
        }
    }

    #[test]
    fn only_the_first_half_megabyte_counts() {
        let long = format!(
            "User-agent: *\nDisallow: /a\n#{}\nDisallow: /b\n",
            "x".repeat(READ_BYTES)
        );
        assert!(!allows(&long, "/a"));
        assert!(allows(&long, "/b"));
    }

    #[test]
    fn no_file_makes_it_panic() {
        use proptest::prelude::*;
        let line = prop_oneof![
            "(?i)(user-agent|allow|disallow):[ *$/%a-c0-9é]{0,12}",
            "\\PC{0,20}"
        ];
        proptest!(|(lines in prop::collection::vec(line, 0..12), path in "/[a-c%0-9*$é]{0,12}")| {
            let _ = allows(&format!("user-agent: *\n{}", lines.join("\n")), &path);
        });
    }
}
