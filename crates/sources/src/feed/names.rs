//! What the elements of a feed mean: prefixes to vocabularies, and the tags at
//! which a record ends.
//!
//! A prefix is looked up among those the document declares, anywhere in it, and
//! then by custom: BleepingComputer's feed has been seen without declaring `dc:`
//! and `atom:`. RSS and Atom count as one vocabulary; their words do not clash,
//! and feeds mix them.

use super::xml;

/// Whose words an element uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// RSS of any version, or Atom.
    Core,
    /// Dublin Core, elements and terms.
    DublinCore,
    /// RSS 1.0's content module.
    Content,
    /// Media RSS.
    Media,
    /// Podcasts.
    Itunes,
    /// Another.
    Other,
}

/// More declarations than this are not looked at.
const MOST_PREFIXES: usize = 64;

/// The prefixes a document has declared so far.
#[derive(Debug, Default)]
pub(super) struct Prefixes<'a>(Vec<(&'a str, Vocabulary)>);

impl<'a> Prefixes<'a> {
    /// Whose words the element `name` with these attributes uses, after taking
    /// note of what it declares.
    pub(super) fn vocabulary(&mut self, name: &str, attributes: &'a str) -> Vocabulary {
        let mut own_default = None;
        if memchr::memmem::find(attributes.as_bytes(), b"xmlns").is_some() {
            for (attribute, address) in xml::attributes(attributes) {
                if attribute == "xmlns" {
                    own_default = by_address(&address);
                } else if let Some(prefix) = attribute.strip_prefix("xmlns:")
                    && let Some(vocabulary) = by_address(&address)
                    && self.0.len() < MOST_PREFIXES
                    && !self.0.contains(&(prefix, vocabulary))
                {
                    self.0.push((prefix, vocabulary));
                }
            }
        }
        match name.split_once(':') {
            None => own_default.unwrap_or(Vocabulary::Core),
            Some((prefix, _)) => {
                let declared = self.0.iter().rev().find(|(known, _)| *known == prefix);
                declared.map_or_else(|| by_custom(prefix), |(_, vocabulary)| *vocabulary)
            }
        }
    }
}

/// The vocabulary a namespace's address names, if it is one of ours. Addresses
/// are written with and without a last slash, and in odd cases.
fn by_address(address: &str) -> Option<Vocabulary> {
    let address = address
        .trim()
        .trim_end_matches(['/', '#'])
        .to_ascii_lowercase();
    let rest = address
        .strip_prefix("http://")
        .or_else(|| address.strip_prefix("https://"))?;
    Some(match rest {
        "www.w3.org/2005/atom"
        | "purl.org/atom/ns"
        | "purl.org/rss/1.0"
        | "purl.org/net/rss1.1"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "backend.userland.com/rss"
        | "backend.userland.com/rss2"
        | "blogs.law.harvard.edu/tech/rss"
        | "cyber.law.harvard.edu/rss" => Vocabulary::Core,
        "purl.org/rss/1.0/modules/content" => Vocabulary::Content,
        "search.yahoo.com/mrss" => Vocabulary::Media,
        "www.itunes.com/dtds/podcast-1.0.dtd" | "www.google.com/schemas/play-podcasts/1.0" => {
            Vocabulary::Itunes
        }
        _ if rest.starts_with("purl.org/dc/") => Vocabulary::DublinCore,
        _ => return None,
    })
}

/// The vocabulary that a prefix stands for when nobody declared it.
fn by_custom(prefix: &str) -> Vocabulary {
    match prefix {
        "rss" | "rss1" | "rss09" | "atom" | "atom03" | "atom10" | "a10" => Vocabulary::Core,
        "dc" | "dcterms" | "dct" | "dcterm" => Vocabulary::DublinCore,
        "content" => Vocabulary::Content,
        "media" | "mrss" => Vocabulary::Media,
        "itunes" | "googleplay" => Vocabulary::Itunes,
        _ => Vocabulary::Other,
    }
}

/// The name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Whether a tag of this name begins or ends an entry or the whole feed, so that
/// no field can reach over it.
pub(super) fn ends_record(name: &str) -> bool {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    // `content:item` and `media:item` are fields.
    matches!(local.len(), 3..=7)
        && ["item", "entry", "channel", "feed", "rss", "RDF"]
            .iter()
            .any(|end| local.eq_ignore_ascii_case(end))
        && !matches!(prefix, "content" | "media")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_declared_or_customary() {
        let mut prefixes = Prefixes::default();
        let declared = r#"xmlns:x="http://www.w3.org/2005/Atom" xmlns:m='http://search.yahoo.com/mrss/' xmlns:content="urn:other""#;
        assert_eq!(prefixes.vocabulary("rss", declared), Vocabulary::Core);
        for (name, attributes, expected) in [
            ("title", "", Vocabulary::Core),
            ("x:link", "", Vocabulary::Core),
            ("m:title", "", Vocabulary::Media),
            ("dc:date", "", Vocabulary::DublinCore),
            ("content:encoded", "", Vocabulary::Content),
            ("wfw:commentRss", "", Vocabulary::Other),
            (
                "creator",
                r#"xmlns="http://purl.org/dc/elements/1.1""#,
                Vocabulary::DublinCore,
            ),
            ("title", r#"xmlns="urn:unknown""#, Vocabulary::Core),
        ] {
            assert_eq!(prefixes.vocabulary(name, attributes), expected, "{name}");
        }
    }

    #[test]
    fn records_end_at_entries_and_roots() {
        for name in [
            "item",
            "rss:item",
            "ns0:entry",
            "rdf:RDF",
            "Item",
            "channel",
        ] {
            assert!(ends_record(name), "{name}");
        }
        for name in ["items", "content:item", "title", "p", ""] {
            assert!(!ends_record(name), "{name}");
        }
    }
}
