//! Where a provider's advisories are, and which of them changed.

use model::Timestamp;
use serde_json::Value;
use url::Url;

use crate::{Problem, SourceError, answer};

/// Lines that cannot be read, told one by one.
const PROBLEMS_TOLD: usize = 20;

/// Where advisories are listed.
pub(super) enum Place {
    /// A ROLIE feed.
    Feed(Url),
    /// A folder; its address ends with a slash.
    Folder(Url),
}

impl Place {
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Feed(url) | Self::Folder(url) => url.as_str(),
        }
    }
}

/// An advisory as it is listed.
pub(super) struct Listed {
    pub(super) url: String,
    /// Where its checksum stands.
    pub(super) checksum: Option<String>,
    /// When it last changed.
    pub(super) at: Option<Timestamp>,
}

impl Listed {
    /// Both addresses in one line, for the backlog.
    pub(super) fn name(&self) -> String {
        match &self.checksum {
            Some(checksum) => format!("{} {checksum}", self.url),
            None => self.url.clone(),
        }
    }

    /// The addresses in a name.
    pub(super) fn parts(name: &str) -> (&str, Option<&str>) {
        match name.split_once(' ') {
            Some((url, checksum)) => (url, Some(checksum)),
            None => (name, None),
        }
    }
}

/// The address behind `CSAF:` in a `security.txt`.
pub(super) fn in_security_txt(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        (name.trim().eq_ignore_ascii_case("csaf") && !value.is_empty()).then(|| value.to_owned())
    })
}

/// The feeds that a provider's metadata names, or its folders if there are none.
/// What is marked AMBER or RED is not for everybody and needs a login.
pub(super) fn places(
    metadata: &Value,
    from: &str,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Place>, SourceError> {
    let nonsense = || {
        SourceError::Nonsense(
            "this is no metadata of a CSAF provider: it has no distributions".to_owned(),
        )
    };
    let distributions = metadata
        .get("distributions")
        .and_then(Value::as_array)
        .ok_or_else(nonsense)?;
    let base = Url::parse(from).map_err(|_| nonsense())?;
    let mut feeds = Vec::new();
    let mut folders = Vec::new();
    for distribution in distributions {
        for feed in list(distribution, "/rolie/feeds") {
            let label = answer::text(feed, "/tlp_label")
                .unwrap_or("UNLABELED")
                .to_ascii_uppercase();
            if label.starts_with("AMBER") || label == "RED" {
                continue;
            }
            match answer::text(feed, "/url").and_then(|url| base.join(url).ok()) {
                Some(url) => feeds.push(Place::Feed(url)),
                None => problems.push(Problem::new("metadata", "a feed has no address")),
            }
        }
        if let Some(folder) = answer::text(distribution, "/directory_url") {
            // `join` would take a last part without a slash for a file.
            match base.join(&format!("{}/", folder.trim_end_matches('/'))) {
                Ok(url) => folders.push(Place::Folder(url)),
                Err(_) => problems.push(Problem::new("metadata", "a folder has no address")),
            }
        }
    }
    // Both hold the same advisories; a feed tells where the checksums are.
    let places = if feeds.is_empty() { folders } else { feeds };
    if places.is_empty() {
        return Err(SourceError::Nonsense(
            "the provider offers neither an open feed nor a folder".to_owned(),
        ));
    }
    Ok(places)
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The entries of a ROLIE feed (RFC 8322, as JSON).
pub(super) fn of_feed(
    feed: &Value,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Listed>, SourceError> {
    let Some(entries) = feed.pointer("/feed/entry").and_then(Value::as_array) else {
        // A feed may be empty, and then some leave the list out.
        return match feed.get("feed") {
            Some(Value::Object(_)) => Ok(Vec::new()),
            _ => Err(SourceError::Nonsense("this is no ROLIE feed".to_owned())),
        };
    };
    let mut listed = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let link = |relation: &str| {
            list(entry, "/link")
                .iter()
                .filter(|link| answer::text(link, "/rel") == Some(relation))
                .find_map(|link| answer::link(link, "/href"))
        };
        let url = link("self").or_else(|| answer::link(entry, "/content/src"));
        let at = answer::time(entry, "/updated").or_else(|| answer::time(entry, "/published"));
        match (url, at) {
            (Some(url), Some(at)) => listed.push(Listed {
                url: url.to_owned(),
                checksum: link("hash").map(str::to_owned),
                at: Some(at),
            }),
            _ if problems.len() < PROBLEMS_TOLD => {
                problems.push(Problem::new(
                    format!("entry {}", index + 1),
                    "has no address or no time",
                ));
            }
            _ => {}
        }
    }
    if listed.is_empty() && !entries.is_empty() {
        return Err(SourceError::Nonsense(
            "no entry of the feed has an address and a time".to_owned(),
        ));
    }
    Ok(listed)
}

/// The lines of `changes.csv`: `"2026/acme-1.json","2026-11-20T10:00:00Z"`.
pub(super) fn of_changes(
    bytes: &[u8],
    folder: &Url,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Listed>, SourceError> {
    lines(bytes, "changes.csv", problems, |line| {
        let (path, at) = line.rsplit_once(',')?;
        let at: Timestamp = at.trim().trim_matches('"').parse().ok()?;
        in_folder(path, folder, Some(at))
    })
}

/// The lines of `index.txt`: paths.
pub(super) fn of_index(
    bytes: &[u8],
    folder: &Url,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Listed>, SourceError> {
    lines(bytes, "index.txt", problems, |line| {
        in_folder(line, folder, None)
    })
}

fn lines(
    bytes: &[u8],
    file: &str,
    problems: &mut Vec<Problem>,
    read: impl Fn(&str) -> Option<Listed>,
) -> Result<Vec<Listed>, SourceError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let mut listed = Vec::new();
    let mut wrong = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match read(line) {
            Some(file) => listed.push(file),
            None => {
                wrong += 1;
                if wrong <= PROBLEMS_TOLD {
                    problems.push(Problem::new(
                        format!("{file}, line {}", index + 1),
                        "names no advisory",
                    ));
                }
            }
        }
    }
    if listed.is_empty() && wrong > 0 {
        return Err(SourceError::Nonsense(format!(
            "no line of {file} names an advisory"
        )));
    }
    Ok(listed)
}

/// A path as an address below the folder; none when it leads out of it.
fn in_folder(path: &str, folder: &Url, at: Option<Timestamp>) -> Option<Listed> {
    let path = path.trim().trim_matches('"');
    if !path.to_ascii_lowercase().ends_with(".json") || path.len() > 500 {
        return None;
    }
    let url = folder.join(path).ok()?;
    url.as_str().starts_with(folder.as_str()).then(|| Listed {
        checksum: Some(format!("{url}.sha256")),
        url: url.into(),
        at,
    })
}

/// Whether a document is no advisory but one of the files that lead to them: a
/// provider's metadata, a feed, a list of changes, a checksum.
pub(super) fn is_list(document: &model::Document) -> bool {
    let ends = [
        ".csv",
        ".txt",
        ".sha256",
        ".sha512",
        ".asc",
        "/provider-metadata.json",
    ];
    ends.iter().any(|end| document.url.ends_with(end))
        || serde_json::from_slice::<Value>(&document.bytes).is_ok_and(|value| {
            ["feed", "distributions"]
                .iter()
                .any(|key| value.get(key).is_some())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside_its_folder() {
        let folder = Url::parse("https://acme.example/csaf/white/").unwrap();
        for (path, wanted) in [
            (
                "\"2026/acme-1.json\"",
                Some("https://acme.example/csaf/white/2026/acme-1.json"),
            ),
            (
                "acme-1.json",
                Some("https://acme.example/csaf/white/acme-1.json"),
            ),
            ("../green/acme-1.json", None),
            ("https://evil.example/acme-1.json", None),
            ("//evil.example/acme-1.json", None),
            ("acme-1.html", None),
            ("", None),
        ] {
            let given = in_folder(path, &folder, None);
            assert_eq!(
                given.as_ref().map(|listed| listed.url.as_str()),
                wanted,
                "{path}"
            );
        }
    }

    #[test]
    fn a_security_txt_names_the_metadata() {
        let text = b"Contact: mailto:a@b.example\nCSAF: https://acme.example/csaf/provider-metadata.json\n";
        assert_eq!(
            in_security_txt(text).as_deref(),
            Some("https://acme.example/csaf/provider-metadata.json")
        );
        assert_eq!(in_security_txt(b"Contact: x\nCSAF:\n"), None);
    }
}
