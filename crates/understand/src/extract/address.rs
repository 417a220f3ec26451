//! Addresses of all kinds: web, mail, IP, host names.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::EntityKind;

use super::host;
use super::indicator::Reader;
use crate::work;

/// Browsers take no longer address.
const MAX_URL: usize = 2_048;

/// Words that stand before an address, also with a capital at a sentence's start.
const SPEAKS_OF_HOSTS: &[&str] = &[
    "address",
    "addresses",
    "at",
    "block",
    "c2",
    "from",
    "host",
    "hosts",
    "ip",
    "ips",
    "ipv4",
    "on",
    "server",
    "servers",
    "to",
    "via",
];

impl Reader<'_> {
    pub(super) fn url_end(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let stop = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(
                    c,
                    '"' | '<'
                        | '>'
                        | '`'
                        | '|'
                        | '{'
                        | '}'
                        | '\\'
                        | '^'
                        | '“'
                        | '”'
                        | '’'
                        | '‘'
                        | '«'
                        | '»'
                        | '।'
                )
        };
        let len = rest.find(stop).unwrap_or(rest.len());
        let mut url = rest.get(..len).unwrap_or_default();
        // Punctuation of the sentence, and brackets that opened before the address.
        while let Some(last) = url.chars().next_back() {
            work::steps(url.len().min(MAX_URL));
            let opened = |open: char, close: char| {
                last == close && url.matches(open).count() < url.matches(close).count()
            };
            if matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '…')
                || opened('(', ')')
                || opened('[', ']')
                || (url.len() <= MAX_URL && last == '-')
            {
                url = url.get(..url.len() - last.len_utf8()).unwrap_or_default();
            } else {
                break;
            }
            if url.len() > MAX_URL {
                // Long tails of brackets are not worth counting again and again.
                break;
            }
        }
        start + url.len()
    }

    pub(super) fn url(&mut self, start: usize, end: usize) {
        let text = self.text.get(start..end).unwrap_or_default();
        if text.len() > MAX_URL {
            return;
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return;
        };
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_end);
        let (user, place) = authority
            .rsplit_once('@')
            .map_or((None, authority), |(user, place)| (Some(user), place));
        let place = place.to_ascii_lowercase();
        let name = match place.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => place.as_str(),
        };
        let is_address = name.parse::<Ipv4Addr>().is_ok()
            || name
                .trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<Ipv6Addr>()
                .is_ok();
        let defanged = self.whole.is_changed(start, end);
        if !is_address && !host::is_host(name, defanged) {
            return;
        }
        if self.own.holds(name) || (!defanged && host::is_well_known(name)) {
            return;
        }
        let user = user.map(|user| format!("{user}@")).unwrap_or_default();
        let path = if path == "/" { "" } else { path };
        let url = format!("{}://{user}{place}{path}", scheme.to_ascii_lowercase());
        self.add(EntityKind::Url, &url, start, end);
    }

    pub(super) fn ip4(&mut self, start: usize, part: &str, defanged: bool) {
        let Ok(address) = part.parse::<Ipv4Addr>() else {
            return;
        };
        let end = start + part.len();
        let says_nothing = address.is_loopback()
            || address.is_unspecified()
            || address.is_broadcast()
            || address.is_link_local()
            || address.is_private()
            || address.octets().first() == Some(&0)
            // A network, or the last part of a version that was filled up.
            || address.octets().last() == Some(&0);
        if !defanged && (says_nothing || self.setting.record || self.is_version(start, end)) {
            return;
        }
        self.add(EntityKind::Ip, &address.to_string(), start, end);
    }

    /// Whether the dotted number beside these words is a version.
    fn is_version(&self, start: usize, end: usize) -> bool {
        const WORDS: &[&str] = &[
            "before", "build", "firmware", "release", "releases", "through", "than", "up", "upto",
            "ver", "version", "versions", "v", "earlier", "later", "prior", "update", "patch",
            "fixed", "<", "<=", "=",
        ];
        let before = self.text.get(..start).unwrap_or_default();
        if before.ends_with(['v', 'V', '/', '-', '=']) && !before.ends_with("//") {
            return true;
        }
        let from = before.floor_char_boundary(before.len().saturating_sub(40));
        let window = before.get(from..).unwrap_or_default();
        let words = window
            .split([' ', '\n', '('])
            .rev()
            .filter(|word| !word.is_empty());
        let close = words.take(2).any(|word| {
            WORDS.contains(
                &word
                    .trim_matches([',', '.', ':', ';'])
                    .to_ascii_lowercase()
                    .as_str(),
            )
        });
        // "WebSphere 7.0.8.2": a name right before the number owns it.
        let owner = window
            .strip_suffix(' ')
            .and_then(|window| window.rsplit([' ', '\n', '(']).next())
            .filter(|word| {
                word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphanumeric)
            })
            .is_some_and(|word| !SPEAKS_OF_HOSTS.contains(&word.to_lowercase().as_str()));
        if owner {
            return true;
        }
        let after = self.text.get(end..).unwrap_or_default();
        close && !window.to_ascii_lowercase().contains("ip")
            || after.starts_with(" and earlier")
            || after.starts_with(" or later")
    }

    pub(super) fn ip6(&mut self, start: usize, run: &str, trimmed: &str) -> bool {
        // "::1" and "2001:db8::" lose their colons to trimming.
        let text = if run.starts_with("::") || run.ends_with("::") {
            run.trim_matches(['.', '-', '_'])
        } else {
            trimmed
        };
        let Ok(address) = text.parse::<Ipv6Addr>() else {
            return false;
        };
        let groups = text.split(':').filter(|group| !group.is_empty()).count();
        if groups < 3 || !text.bytes().any(|b| b.is_ascii_digit()) {
            return false;
        }
        // Where `text` stands in the run: trimming took only from its ends.
        let offset = if text.len() == trimmed.len() {
            start
        } else {
            start.saturating_sub(run.find(trimmed).unwrap_or(0))
        };
        let end = offset + text.len();
        if address.is_loopback() || address.is_unspecified() {
            return true;
        }
        self.add(EntityKind::Ip, &address.to_string(), offset, end);
        true
    }

    pub(super) fn domain(&mut self, start: usize, part: &str, defanged: bool) {
        let lower = part.to_lowercase();
        let end = start + part.len();
        if !host::is_host(&lower, defanged) || self.own.holds(&lower) {
            return;
        }
        if !defanged {
            let ending = part.rsplit('.').next().unwrap_or_default();
            // "the breach.In August": a capital after the dot starts a sentence.
            let sentence = ending.chars().next().is_some_and(char::is_uppercase)
                && part != part.to_uppercase();
            let numbers = part.bytes().all(|b| !b.is_ascii_alphabetic()) && part.is_ascii();
            // A name with its file: `host/x` is read as the host, `x.py` is not one.
            let in_path = self
                .text
                .get(..start)
                .is_some_and(|before| before.ends_with(['/', '\\', '@', '$', '#']));
            if sentence
                || numbers
                || in_path
                || host::is_other_name(&lower)
                || host::is_well_known(&lower)
            {
                return;
            }
        }
        self.add(EntityKind::Domain, &lower, start, end);
    }

    pub(super) fn mail(&mut self, start: usize, run: &str) {
        let Some((user, place)) = run.split_once('@') else {
            return;
        };
        let place = place
            .split(':')
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', '-', '_']);
        let lower = place.to_lowercase();
        let end = start + user.len() + 1 + place.len();
        let defanged = self.whole.is_changed(start, end);
        let is_host = host::is_host(&lower, defanged) && !self.own.holds(&lower);
        if user.is_empty() || user.len() > 64 || !is_host {
            return;
        }
        self.add(EntityKind::Email, &format!("{user}@{lower}"), start, end);
    }
}
