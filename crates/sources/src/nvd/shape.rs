//! The fields of NVD's records that are read, borrowed from the document. All
//! others are skipped: NVD adds some without notice.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Wrapped<'a> {
    #[serde(borrow)]
    pub(super) cve: Record<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) source_identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) published: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) last_modified: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) vuln_status: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) descriptions: Vec<Described<'a>>,
    #[serde(default, borrow)]
    pub(super) metrics: Metrics<'a>,
    #[serde(default, borrow)]
    pub(super) weaknesses: Vec<Weakness<'a>>,
    #[serde(default, borrow)]
    pub(super) configurations: Vec<Configuration<'a>>,
    #[serde(default, borrow)]
    pub(super) affected: Vec<AffectedBy<'a>>,
    #[serde(default, borrow)]
    pub(super) references: Vec<Link<'a>>,
    #[serde(borrow)]
    pub(super) cisa_exploit_add: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) cisa_action_due: Option<Cow<'a, str>>,
    pub(super) cisa_required_action: Option<String>,
    pub(super) cisa_vulnerability_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Described<'a> {
    #[serde(default, borrow)]
    pub(super) lang: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) value: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
pub(super) struct Metrics<'a> {
    #[serde(rename = "cvssMetricV40", default, borrow)]
    pub(super) v40: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV31", default, borrow)]
    pub(super) v31: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV30", default, borrow)]
    pub(super) v30: Vec<Metric<'a>>,
    #[serde(rename = "cvssMetricV2", default, borrow)]
    pub(super) v2: Vec<Metric<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metric<'a> {
    #[serde(borrow)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) cvss_data: Cvss,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cvss {
    pub(super) vector_string: Option<String>,
    pub(super) base_score: f32,
}

#[derive(Deserialize)]
pub(super) struct Weakness<'a> {
    #[serde(default, borrow)]
    pub(super) description: Vec<Described<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Configuration<'a> {
    #[serde(default, borrow)]
    pub(super) nodes: Vec<Node<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node<'a> {
    #[serde(default)]
    pub(super) negate: bool,
    #[serde(default, borrow)]
    pub(super) cpe_match: Vec<CpeMatch<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CpeMatch<'a> {
    pub(super) vulnerable: bool,
    #[serde(borrow)]
    pub(super) criteria: Cow<'a, str>,
    pub(super) version_start_including: Option<String>,
    pub(super) version_start_excluding: Option<String>,
    pub(super) version_end_including: Option<String>,
    pub(super) version_end_excluding: Option<String>,
}

/// Who is affected in the numbering authority's own words; new in 2026, the
/// shape of the CVE record format.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AffectedBy<'a> {
    #[serde(default, borrow)]
    pub(super) affected_data: Vec<AffectedProduct<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AffectedProduct<'a> {
    #[serde(borrow)]
    pub(super) vendor: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) product: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) package_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) default_status: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub(super) versions: Vec<AffectedVersion<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AffectedVersion<'a> {
    #[serde(borrow)]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) less_than: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) less_than_or_equal: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) status: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Link<'a> {
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

/// Why an entry of a part of a record cannot be read, if it cannot.
pub(super) fn entry_error(part: &str, entry: &Value) -> Option<String> {
    let result = match part {
        "metrics" => Metric::deserialize(entry).map(drop),
        "weaknesses" => Weakness::deserialize(entry).map(drop),
        "configurations" => Configuration::deserialize(entry).map(drop),
        "affected" => AffectedBy::deserialize(entry).map(drop),
        "references" => Link::deserialize(entry).map(drop),
        _ => Described::deserialize(entry).map(drop),
    };
    result.err().map(|error| error.to_string())
}
