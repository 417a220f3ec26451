//! A page of NVD's answer, or a file in one of its shapes, as statements.
//!
//! Each record is read by itself, so that a malformed one costs only itself;
//! and what is malformed inside a record costs only that entry of it. Some
//! answers have no `vulnerabilities` at all when there are none.

use std::borrow::Cow;
use std::fmt;

use model::{SourceId, Statement};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::record;
use super::shape::{self, Record, Wrapped};
use crate::{Parsed, Problem};

/// The parts of a record without which the rest is still worth having.
const PARTS: [&str; 6] = [
    "metrics",
    "weaknesses",
    "configurations",
    "affected",
    "references",
    "descriptions",
];

/// What a page says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The place of its first record among all, counted from 0.
    pub start_index: Option<u64>,
    /// How many records there are for the question asked.
    pub total_results: Option<u64>,
    /// How many records stand in the page, malformed ones included.
    pub records: u64,
    /// Why the document could not be read to its end, if it could not.
    pub broken: Option<String>,
}

/// Reads a page of the API (`vulnerabilities`), a yearly file of the same records
/// (`cve_items`), or one record alone, wrapped in `cve` or bare.
#[must_use]
pub fn parse(bytes: &[u8], source: &SourceId) -> (Page, Parsed<Statement>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut parsed = Parsed::default();
    let mut document = Document::default();
    let mut reader = serde_json::Deserializer::from_str(&text);
    if let Err(error) = DocumentSeed(&mut document)
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
    {
        document.page.broken = Some(error.to_string());
    }
    if document.alone && document.page.broken.is_none() {
        document.page.records = 1;
        read_record(&text, 0, source, &mut parsed);
    } else {
        document.page.records = document.records.len() as u64;
        parsed.entries.reserve(document.records.len());
        for (index, record) in document.records.iter().enumerate() {
            read_record(record.get(), index, source, &mut parsed);
        }
    }
    if let Some(broken) = &document.page.broken {
        parsed
            .problems
            .push(Problem::new("document", broken.clone()));
    }
    (document.page, parsed)
}

#[derive(Default)]
struct Document<'a> {
    page: Page,
    records: Vec<&'a RawValue>,
    /// Whether it is one record and not a list.
    alone: bool,
}

/// Fills a document in place, so that what came before a break is kept.
struct DocumentSeed<'d, 'a>(&'d mut Document<'a>);

impl<'a> DeserializeSeed<'a> for DocumentSeed<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for DocumentSeed<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of CVE records")
    }
    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let Document {
            page,
            records,
            alone,
        } = self.0;
        let mut known = false;
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match key.as_ref() {
                "startIndex" => page.start_index = map.next_value::<Count>()?.0,
                "totalResults" => {
                    page.total_results = map.next_value::<Count>()?.0;
                    known = true;
                }
                "vulnerabilities" | "cve_items" => {
                    map.next_value_seed(Records(records))?;
                    known = true;
                }
                "cve" | "id" => {
                    map.next_value::<IgnoredAny>()?;
                    *alone = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        *alone &= !known;
        if known || *alone {
            Ok(())
        } else {
            Err(serde::de::Error::custom(
                "it holds neither records nor a record",
            ))
        }
    }
}

/// A number that may be missing or nonsense.
struct Count(Option<u64>);

impl<'a> Deserialize<'a> for Count {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().parse().ok()))
    }
}

struct Records<'d, 'a>(&'d mut Vec<&'a RawValue>);

impl<'a> DeserializeSeed<'a> for Records<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Records<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of CVE records")
    }
    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<(), S::Error> {
        while let Some(record) = seq.next_element()? {
            self.0.push(record);
        }
        Ok(())
    }
}

fn read_record(text: &str, index: usize, source: &SourceId, parsed: &mut Parsed<Statement>) {
    // Almost every record is well-formed and wrapped; only others take the slow way.
    let wrapped = serde_json::from_str::<Wrapped>(text).map(|wrapped| wrapped.cve);
    match wrapped.or_else(|_| serde_json::from_str::<Record>(text)) {
        Ok(record) => record::keep(&record, index, source, parsed),
        Err(error) => read_damaged(text, &error.to_string(), index, source, parsed),
    }
}

/// Reads a record that is not as it should be: what is null counts as missing,
/// and what cannot be read inside one of its parts is left out and reported.
fn read_damaged(
    text: &str,
    error: &str,
    index: usize,
    source: &SourceId,
    parsed: &mut Parsed<Statement>,
) {
    let place = || format!("record {}", index + 1);
    let Ok(mut value) = serde_json::from_str::<Value>(text) else {
        parsed.problems.push(Problem::new(place(), error));
        return;
    };
    if let Some(inner) = value.get_mut("cve") {
        value = inner.take();
    }
    drop_nulls(&mut value);
    let named = value
        .get("id")
        .and_then(Value::as_str)
        .map(|id| id.chars().take(40).collect::<String>());
    let place = named.unwrap_or_else(place);
    let Some(fields) = value.as_object_mut() else {
        parsed
            .problems
            .push(Problem::new(place, "a record is not an object"));
        return;
    };
    for part in PARTS {
        let Some(value) = fields.get_mut(part) else {
            continue;
        };
        match mend(part, value) {
            Ok(None) => {}
            Ok(Some(wrong)) => {
                parsed.problems.push(Problem::new(
                    place.clone(),
                    format!("an entry of {part} left out: {wrong}"),
                ));
            }
            Err(wrong) => {
                fields.remove(part);
                parsed.problems.push(Problem::new(
                    place.clone(),
                    format!("{part} left out: {wrong}"),
                ));
            }
        }
    }
    match Record::deserialize(&value) {
        Ok(record) => record::keep(&record, index, source, parsed),
        Err(error) => parsed.problems.push(Problem::new(place, error.to_string())),
    }
}

/// Leaves out the entries of a part that cannot be read, and gives the first
/// reason; the error is why nothing of it can be.
fn mend(part: &str, value: &mut Value) -> Result<Option<String>, String> {
    let mut first = None;
    let mut sift = |list: &mut Value| {
        let entries = list
            .as_array_mut()
            .ok_or_else(|| "it is not a list".to_owned())?;
        entries.retain(|entry| match shape::entry_error(part, entry) {
            None => true,
            Some(error) => {
                first.get_or_insert(error);
                false
            }
        });
        Ok::<(), String>(())
    };
    if part == "metrics" {
        let lists = value
            .as_object_mut()
            .ok_or_else(|| "it is not an object".to_owned())?;
        for (_, list) in lists
            .iter_mut()
            .filter(|(name, _)| name.starts_with("cvssMetricV"))
        {
            sift(list)?;
        }
    } else {
        sift(value)?;
    }
    Ok(first)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(values) => {
            values.retain(|value| !value.is_null());
            values.iter_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use model::Affected;

    fn source() -> SourceId {
        SourceId::new("nvd").unwrap()
    }

    fn product(product: &Affected) -> String {
        let versions = &product.versions;
        let bounds = [
            ("=", &versions.exact),
            (">=", &versions.from_including),
            (">", &versions.from_excluding),
            ("<=", &versions.to_including),
            ("<", &versions.to_excluding),
        ];
        let bounds: Vec<String> = bounds
            .iter()
            .filter_map(|(sign, bound)| Some(format!("{sign}{}", bound.as_ref()?)))
            .collect();
        format!(
            "{}/{} {}",
            product.vendor,
            product.product,
            bounds.join(" ")
        )
    }

    fn shown(statement: &Statement) -> String {
        use std::fmt::Write;
        let mut text = format!("{} {:?}", statement.cve, statement.status);
        for (name, time) in [
            ("published", statement.published),
            ("modified", statement.modified),
        ] {
            if let Some(time) = time {
                write!(text, "\n  {name} {time}").unwrap();
            }
        }
        if let Some(description) = &statement.description {
            write!(text, "\n  {description:?}").unwrap();
        }
        for score in &statement.scores {
            let vector = score.vector.as_deref().unwrap_or("no vector");
            write!(
                text,
                "\n  {} {} by {:?}, {vector}",
                score.version.name(),
                score.base,
                score.sayer
            )
            .unwrap();
        }
        if !statement.weaknesses.is_empty() {
            write!(text, "\n  {:?}", statement.weaknesses).unwrap();
        }
        for affected in &statement.affected {
            write!(text, "\n  {}", product(affected).trim_end()).unwrap();
        }
        for reference in &statement.references {
            write!(text, "\n  {} {:?}", reference.url, reference.tags).unwrap();
        }
        if let Some(exploitation) = &statement.exploitation {
            write!(text, "\n  {exploitation:?}").unwrap();
        }
        text
    }

    fn check(bytes: &[u8], wanted: &Expect) {
        let (page, parsed) = parse(bytes, &source());
        let mut lines = vec![format!("{page:?}")];
        lines.extend(parsed.entries.iter().map(shown));
        lines.extend(
            parsed
                .problems
                .iter()
                .map(|problem| format!("! {}: {}", problem.place, problem.reason)),
        );
        wanted.assert_eq(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn a_page_is_read_with_every_field_that_counts() {
        check(
            include_bytes!("../../fixtures/nvd/page.json"),
            &expect![[r#"
                Page { start_index: Some(0), total_results: Some(5), records: 5, broken: None }
                CVE-2026-40001 Some(Analyzed)
                  published 2026-11-02T09:15:16.29Z
                  modified 2026-11-19T18:39:43.697Z
                  "A command injection in Acme Gate before 7.2.5 lets an unauthenticated attacker run code."
                  CVSS 3.1 9.8 by Nvd, CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
                  CVSS 3.1 8.1 by Cna("acme.example"), CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H
                  CVSS 3.1 9.1 by CisaAdp, CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N
                  CVSS 2.0 10 by Nvd, AV:N/AC:L/Au:N/C:C/I:C/A:C
                  [CweId(20), CweId(78)]
                  acme/gate_os >=7.2.0 <7.2.5
                  acme/gate_os =7.0.1 p2
                  https://acme.example/psirt/26-101 ["Vendor Advisory", "Patch"]
                  Exploitation { name: Some("Acme Gate Command Injection Vulnerability"), added: Some(2026-11-03T00:00:00Z), due: Some(2026-11-24T00:00:00Z), action: Some("Apply the vendor's update."), ransomware: false }
                CVE-2026-40002 Some(Deferred)
                  published 2026-11-05T00:15:00Z
                  modified 2026-11-05T00:15:00Z
                  "net: a use after free."
                  CVSS 4.0 8.5 by Cna("kernel.org"), CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N
                  CVSS 4.0 7.3 by Other("00000000-9999-4000-8000-000000000000"), no vector
                  CVSS 3.1 7.8 by Cna("github.example"), CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H
                  Acme/acme-net
                  Linux/Linux <=4.19.*
                  Linux/Linux >=3.0
                  Linux/Linux >=5.10 <5.10.240
                  Linux/Linux =6.1
                CVE-2026-40003 Some(Rejected)
                  published 2026-11-06T06:15:44.667Z
                  modified 2026-11-06T06:15:44.667Z
                  "Rejected reason: This candidate was not assigned to any issue."
                CVE-2026-40004 Some(Received)
                  published 2026-11-07T00:00:00Z
                  modified 2026-11-07T00:00:00Z
                  "Une faille."
                CVE-2026-40005 Some(AwaitingAnalysis)
            "#]],
        );
    }

    #[test]
    fn what_is_malformed_costs_only_itself() {
        check(
            include_bytes!("../../fixtures/nvd/malformed.json"),
            &expect![[r#"
                Page { start_index: None, total_results: Some(8), records: 8, broken: None }
                CVE-2026-50001 None
                  "New words."
                CVE-2026-50002 Some(Analyzed)
                  CVSS 3.1 4.6 by Nvd, CVSS:3.1/AV:P
                CVE-2026-50003 None
                CVE-2026-50004 None
                  CVSS 3.0 5.5 by Nvd, no vector
                CVE-2026-50005 Some(Modified)
                  "Bare, without a language."
                ! record 1: `CVE-2026-1` is not a CVE id (CVE-2026-1234)
                ! record 2: a record is not an object
                ! CVE-2026-50001: `published` is not a time
                ! CVE-2026-50001: the status `Enriched` is not known
                ! CVE-2026-50002: an entry of metrics left out: invalid type: string "high", expected f32
                ! CVE-2026-50003: references left out: it is not a list
                ! CVE-2026-50004: a score of 11.5 is outside 0 to 10
                ! record 7: missing field `id`
            "#]],
        );
    }

    #[test]
    fn documents_that_are_no_page_are_said_to_be_broken() {
        for text in [
            "",
            "<html></html>",
            "[]",
            "{}",
            "{\"error\":1}",
            "{\"vulnerabilities\":5}",
            "null",
            "{\"totalResults\":1} x",
        ] {
            let (page, parsed) = parse(text.as_bytes(), &source());
            assert!(page.broken.is_some(), "{text}");
            assert_eq!(
                (parsed.entries.len(), parsed.problems.len()),
                (0, 1),
                "{text}"
            );
        }
    }

    #[test]
    fn a_document_that_breaks_off_keeps_what_came_before() {
        let text = include_str!("../../fixtures/nvd/page.json");
        let end = text.find("\"CVE-2026-40003\"").unwrap();
        let (page, parsed) = parse(&text.as_bytes()[..end], &source());
        assert!(page.broken.is_some());
        assert_eq!((page.records, parsed.entries.len()), (2, 2));
    }

    #[test]
    fn an_empty_page_may_lack_its_list() {
        let (page, parsed) = parse(
            br#"{"resultsPerPage":0,"startIndex":0,"totalResults":0}"#,
            &source(),
        );
        assert_eq!(
            (page.broken, page.total_results, page.records),
            (None, Some(0), 0)
        );
        assert!(parsed.entries.is_empty() && parsed.problems.is_empty());
    }

    #[test]
    fn a_record_alone_a_yearly_file_and_odd_bytes_are_read() {
        for (text, wanted) in [
            (&br#"{"cve":{"id":"CVE-2026-1000"}}"#[..], 1),
            (br#"{"id":"CVE-2026-1000","metrics":{}}"#, 1),
            (br#"{"cve_items":[{"id":"CVE-2026-1000"},{"id":"CVE-2026-1001"}]}"#, 2),
            (b"\xef\xbb\xbf{\"cve\":{\"id\":\"CVE-2026-1000\"}}", 1),
            (b"{\"cve\":{\"id\":\"CVE-2026-1000\",\"descriptions\":[{\"lang\":\"en\",\"value\":\"\xff\"}]}}", 1),
        ] {
            let (page, parsed) = parse(text, &source());
            assert_eq!((page.records, parsed.entries.len(), parsed.problems.len()), (wanted, wanted as usize, 0));
        }
    }

    #[test]
    fn deep_nesting_is_a_problem_and_not_a_panic() {
        let deep = format!(
            "{{\"vulnerabilities\":[{}{}]}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let (page, parsed) = parse(deep.as_bytes(), &source());
        assert!(
            parsed.entries.is_empty() && !parsed.problems.is_empty(),
            "{page:?}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_damage_to_a_page_is_survived(at in 0_usize..9000, byte: u8, cut in 0_usize..9000) {
            let mut bytes = include_bytes!("../../fixtures/nvd/page.json").to_vec();
            let at = at.min(bytes.len() - 1);
            bytes[at] = byte;
            bytes.truncate(cut.max(1));
            let (page, parsed) = parse(&bytes, &source());
            proptest::prop_assert!(parsed.entries.len() as u64 <= page.records);
        }
    }
}
