//! Addresses: kept as published when they are whole, joined to their base when
//! they are relative, dropped when no browser should be sent there.
//!
//! RSS never says what a relative link is relative to. Readers take `xml:base`
//! where there is one, else the feed's own home page, else where it came from.

use std::borrow::Cow;

use url::Url;

/// Longer addresses exist only to do harm.
const LONGEST: usize = 4096;

/// What relative addresses are relative to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base(Option<Url>);

impl Base {
    /// The base an address gives, if it is one.
    pub(crate) fn new(address: &str) -> Self {
        Self(Url::parse(address.trim()).ok().filter(is_web))
    }

    /// The base inside an element whose `xml:base` is this.
    #[must_use]
    pub(crate) fn within(&self, xml_base: &str) -> Self {
        match &self.0 {
            Some(base) => Self(
                base.join(xml_base.trim())
                    .ok()
                    .filter(is_web)
                    .or_else(|| self.0.clone()),
            ),
            None => Self::new(xml_base),
        }
    }

    /// Whether there is none.
    pub(super) const fn is_unknown(&self) -> bool {
        self.0.is_none()
    }

    /// The whole address that `given` means; none if it is not one of the web.
    pub(crate) fn resolve(&self, given: &str) -> Option<String> {
        let given = given.trim();
        if given.is_empty() || given.len() > LONGEST {
            return None;
        }
        // Broken over lines, or escaped once more inside CDATA.
        let mut given = Cow::Borrowed(given);
        if given.contains(['\n', '\r', '\t']) {
            given = Cow::Owned(
                given
                    .chars()
                    .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
                    .collect(),
            );
        }
        if given.contains("&amp;") {
            given = Cow::Owned(given.replace("&amp;", "&"));
        }
        if is_whole(&given) {
            return Some(given.into_owned());
        }
        let url = match Url::parse(&given) {
            Ok(url) => url,
            Err(_) => self.0.as_ref()?.join(&given).ok()?,
        };
        is_web(&url).then(|| url.into())
    }
}

/// Whether `text` is an address of the web as it stands.
fn is_whole(text: &str) -> bool {
    let host = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    host.is_some_and(|host| {
        host.bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
            && host.bytes().all(|byte| {
                byte.is_ascii_graphic()
                    && !matches!(
                        byte,
                        b'<' | b'>' | b'"' | b'`' | b'\\' | b'^' | b'{' | b'}' | b'|'
                    )
            })
    })
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_made_whole() {
        let base = Base::new("https://example.org/blog/feed.xml");
        for (given, expected) in [
            (
                "https://example.org/a?b=1&c=2",
                Some("https://example.org/a?b=1&c=2"),
            ),
            (" https://example.org\n/a ", Some("https://example.org/a")),
            (
                "https://example.org/?a=1&amp;b=2",
                Some("https://example.org/?a=1&b=2"),
            ),
            ("HTTPS://Example.org/A b", Some("https://example.org/A%20b")),
            ("https://example.org/ü", Some("https://example.org/%C3%BC")),
            ("/a", Some("https://example.org/a")),
            ("a", Some("https://example.org/blog/a")),
            (
                "?p=70276",
                Some("https://example.org/blog/feed.xml?p=70276"),
            ),
            ("//cdn.example.org/x", Some("https://cdn.example.org/x")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("mailto:a@example.org", None),
            ("tag:example.org,2026:1", None),
            ("http://", None),
            ("", None),
        ] {
            assert_eq!(base.resolve(given).as_deref(), expected, "{given}");
        }
        assert_eq!(
            base.resolve(&format!("https://example.org/{}", "a".repeat(5000))),
            None
        );
        assert_eq!(Base::default().resolve("/a"), None);
    }

    #[test]
    fn a_base_inside_a_base() {
        let base = Base::new("https://example.org/").within("/blog/");
        assert_eq!(
            base.resolve("a").as_deref(),
            Some("https://example.org/blog/a")
        );
        assert_eq!(
            base.within("javascript:x").resolve("a").as_deref(),
            Some("https://example.org/blog/a")
        );
        assert_eq!(
            Base::default()
                .within("https://other.example/")
                .resolve("a")
                .as_deref(),
            Some("https://other.example/a")
        );
    }
}
