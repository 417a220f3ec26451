//! Which dotted words are host names, and which hosts say anything.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde::Deserialize;
use url::Url;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    well_known: HashSet<String>,
    product_names: HashSet<String>,
    file_endings: HashSet<String>,
    other_roots: HashSet<String>,
}

static LISTS: LazyLock<Lists> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/hosts.toml")).unwrap_or_default());

static TLDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../../data/tlds.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// The longest host name DNS allows.
const MAX_HOST: usize = 253;

/// The sites whose addresses are no indicators in an item: its publisher's, and
/// the reader's own.
#[derive(Debug)]
pub(crate) struct Own<'a> {
    /// Registrable name of the item's own site.
    site: Option<String>,
    domains: &'a [String],
}

impl<'a> Own<'a> {
    pub(crate) fn new(item_url: Option<&str>, domains: &'a [String]) -> Self {
        let site = item_url
            .and_then(|url| Url::parse(url).ok())
            .and_then(|url| {
                url.host_str()
                    .map(|host| registrable(&host.to_ascii_lowercase()).to_owned())
            });
        Self { site, domains }
    }

    pub(crate) fn holds(&self, host: &str) -> bool {
        self.site
            .as_deref()
            .is_some_and(|site| is_within(host, site))
            || self.domains.iter().any(|domain| is_within(host, domain))
    }
}

/// Whether `host` is `site` or lies under it.
fn is_within(host: &str, site: &str) -> bool {
    host == site
        || host
            .strip_suffix(site)
            .is_some_and(|rest| rest.ends_with('.'))
}

/// The name that is registered: `example.co.in` of `news.example.co.in`.
/// Second levels of countries are told by their usual words; a private suffix
/// such as `github.io` counts as one site, which only hides more.
pub(crate) fn registrable(host: &str) -> &str {
    const SECOND: &[&str] = &[
        "ac", "co", "com", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "ind", "mil", "ne",
        "net", "nic", "or", "org", "res",
    ];
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let Some(last) = dots.next() else { return host };
    let Some(second) = dots.next() else {
        return host;
    };
    let country = host.len() - last == 3;
    let middle = host.get(second + 1..last).unwrap_or_default();
    let from = if country && SECOND.contains(&middle) {
        dots.next()
    } else {
        Some(second)
    };
    from.and_then(|dot| host.get(dot + 1..)).unwrap_or(host)
}

/// Whether this dotted word is a host name, lower-case and without the root dot. Who
/// writes it de-fanged means a host, also under a root that is nobody's.
pub(crate) fn is_host(name: &str, defanged: bool) -> bool {
    if name.len() > MAX_HOST || !name.contains('.') {
        return false;
    }
    let labels_fit = name.split('.').all(|label| {
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    });
    let last = name.rsplit('.').next().unwrap_or_default();
    labels_fit && (is_tld(last) || (defanged && LISTS.other_roots.contains(last)))
}

fn is_tld(label: &str) -> bool {
    if label.is_ascii() {
        return TLDS.contains(label);
    }
    url::Host::parse(label).is_ok_and(|host| TLDS.contains(host.to_string().as_str()))
}

/// Whether a host that is merely mentioned says nothing about a threat.
pub(crate) fn is_well_known(host: &str) -> bool {
    let mut rest = host;
    loop {
        if LISTS.well_known.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return false,
        }
    }
}

/// Whether a dotted word of prose is rather a product or a file than a host.
pub(crate) fn is_other_name(name: &str) -> bool {
    if LISTS.product_names.contains(name) {
        return true;
    }
    let mut labels = name.rsplit('.');
    let ending = labels.next().unwrap_or_default();
    LISTS.file_endings.contains(ending) && labels.nth(1).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_need_a_top_level_domain() {
        assert!(!LISTS.well_known.is_empty());
        for (name, wanted) in [
            ("evil.com", true),
            ("a.b.co.in", true),
            ("उदाहरण.भारत", true),
            ("report.pdf", false),
            ("setup.exe", false),
            ("1.2.3", false),
            ("a..com", false),
            ("-a.com", false),
            (".com", false),
            ("com", false),
        ] {
            assert_eq!(is_host(name, false), wanted, "{name}");
        }
        assert!(is_host("bad.example", true) && !is_host("bad.example", false));
        assert!(!is_host("setup.exe", true));
    }

    #[test]
    fn the_registered_name_is_found() {
        for (host, wanted) in [
            ("news.example.co.in", "example.co.in"),
            ("www.example.com", "example.com"),
            ("example.com", "example.com"),
            ("co.in", "co.in"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(registrable(host), wanted);
        }
    }
}
