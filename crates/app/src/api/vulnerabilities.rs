//! `/api/vulnerabilities`: what is known of CVEs, who says it, and what changed.

use axum::Json;
use axum::extract::{Path, State};
use model::vulnerability::Changed;
use model::{
    Affected, CveId, CweId, IncidentId, IncidentStatus, ItemId, Score, Severity, SourceId,
    Statement, Timestamp, Vulnerability, VulnerabilityStatus,
};
use serde::Serialize;
use store::{VulnerabilityChange, VulnerabilityDetail, VulnerabilityFilter};
use utoipa::ToSchema;

use super::Shared;
use super::error::Problem;
use super::input::Parameters;

/// Characters of a description in a list.
const LEAD: usize = 300;

/// One CVE in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilitySummary {
    /// Which.
    pub cve: CveId,
    /// A short name, if a source gives one.
    pub title: Option<String>,
    /// The beginning of its description.
    pub description: Option<String>,
    /// How bad; null when nobody has scored it.
    pub severity: Option<Severity>,
    /// How bad, from 0 to 10.
    pub severity_score: Option<f32>,
    /// Where its record stands.
    pub status: VulnerabilityStatus,
    /// Whether exploitation is confirmed.
    pub exploited: bool,
    /// Whether it is in CISA's catalogue of known exploited ones.
    pub kev: bool,
    /// How likely it is to be exploited within 30 days, from 0 to 1; null means
    /// unknown.
    pub epss: Option<f32>,
    /// When it was first published.
    pub published: Option<Timestamp>,
    /// When any source last changed its record.
    pub modified: Option<Timestamp>,
}

/// A page of CVEs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityList {
    /// The CVEs, those whose record was changed last first.
    pub vulnerabilities: Vec<VulnerabilitySummary>,
    /// Give this as `after` to get the next page; null on the last.
    pub next: Option<String>,
}

/// All that is known of one CVE.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityFull {
    #[serde(flatten)]
    pub vulnerability: Vulnerability,
    /// Whether exploitation is confirmed.
    pub exploited: bool,
    /// The categories of the OWASP Top 10 that hold one of its weaknesses.
    pub owasp: Vec<OwaspName>,
    /// What each source says.
    pub statements: Vec<StatementView>,
    /// The incidents that are about it, latest first.
    pub incidents: Vec<IncidentName>,
    /// What really changed, latest first; edits of words are not among it.
    pub changes: Vec<ChangeView>,
}

/// A category of the OWASP Top 10.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwaspName {
    /// Its name in short, as `A01:2025`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Where it can be read.
    pub url: String,
}

/// What one source says of a CVE.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// Who says it.
    pub source: SourceId,
    /// The source's own name of the document, where it has several of one CVE.
    pub document: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The item that says it in passing, an article or a bulletin; null for a record.
    pub item: Option<ItemId>,
    /// Where the record stands.
    pub status: Option<VulnerabilityStatus>,
    /// When the CVE was published.
    pub published: Option<Timestamp>,
    /// When the record was last changed.
    pub modified: Option<Timestamp>,
    /// When the source took back what it says.
    pub withdrawn: Option<Timestamp>,
    /// Scores, each with its sayer.
    pub scores: Vec<Score>,
    /// Weaknesses.
    pub weaknesses: Vec<CweId>,
    /// Affected products.
    pub affected: Vec<Affected>,
    /// Whether it says that the flaw is exploited.
    pub exploited: bool,
}

/// An incident that is about a CVE.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentName {
    /// Its name.
    pub id: IncidentId,
    /// The headline.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// What people did about it.
    pub status: IncidentStatus,
    /// When its latest item was published.
    pub last_seen: Timestamp,
}

/// Something of a CVE changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// When we heard of it.
    pub at: Timestamp,
    /// Whose word changed it.
    pub source: SourceId,
    /// What changed.
    pub what: Changed,
    /// How it was; null when it was not there.
    pub from: Option<String>,
    /// How it is; null when it is no more.
    pub to: Option<String>,
}

/// Lists CVEs, those whose record was changed last first, a page at a time.
#[utoipa::path(
    get, path = "/api/vulnerabilities", tag = "vulnerabilities", operation_id = "listVulnerabilities",
    params(
        ("cve" = Option<String>, Query, description = "Whose name begins so, as CVE-2026-"),
        ("severity" = Option<Severity>, Query, description = "At least this severe"),
        ("exploited" = Option<bool>, Query, description = "Whether exploitation is confirmed"),
        ("weakness" = Option<String>, Query, description = "With this weakness, as CWE-79"),
        ("changed_since" = Option<String>, Query, description = "Of which something really changed at or after this time or date: score, exploitation, products, status; an edit of words is no change"),
        ("modified_since" = Option<String>, Query, description = "Whose record was touched at or after this time or date"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u32>, Query, description = "1 to 200; 50 if absent"),
    ),
    responses(
        (status = 200, body = VulnerabilityList),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Shared>,
    parameters: Parameters,
) -> Result<Json<VulnerabilityList>, Problem> {
    parameters.only(&[
        "cve",
        "severity",
        "exploited",
        "weakness",
        "changed_since",
        "modified_since",
        "after",
        "limit",
    ])?;
    let limit = parameters.limit(1..=200, 50)?;
    let filter = VulnerabilityFilter {
        cve: parameters.text("cve").map(str::to_ascii_uppercase),
        min_severity: parameters.one("severity")?,
        exploited: parameters.one("exploited")?,
        weakness: parameters.one("weakness")?,
        changed_since: parameters.time("changed_since")?,
        modified_since: parameters.time("modified_since")?,
    };
    let store = &shared.pipeline.store;
    let page = store
        .vulnerability_page(&filter, parameters.text("after"), limit)
        .await?;
    Ok(Json(VulnerabilityList {
        vulnerabilities: page
            .vulnerabilities
            .into_iter()
            .map(VulnerabilitySummary::from)
            .collect(),
        next: page.next,
    }))
}

/// One CVE: the whole that follows from what sources say, what each of them says,
/// the incidents about it, and what changed.
#[utoipa::path(
    get, path = "/api/vulnerabilities/{cve}", tag = "vulnerabilities", operation_id = "getVulnerability",
    params(("cve" = CveId, Path)),
    responses(
        (status = 200, body = VulnerabilityFull),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_one(
    State(shared): State<Shared>,
    Path(cve): Path<String>,
) -> Result<Json<VulnerabilityFull>, Problem> {
    let unknown = || Problem::not_found(format!("no source has spoken of `{cve}`"));
    let id = CveId::new(&cve).map_err(|_| unknown())?;
    let detail = shared.pipeline.store.vulnerability(&id).await?;
    Ok(Json(detail.ok_or_else(unknown)?.into()))
}

impl From<Vulnerability> for VulnerabilitySummary {
    fn from(one: Vulnerability) -> Self {
        Self {
            exploited: one.is_exploited(),
            kev: one.exploitation.is_some(),
            severity: one.severity.as_ref().map(|judged| judged.severity),
            severity_score: one.severity.as_ref().map(|judged| judged.score),
            epss: one.epss.map(|epss| epss.score),
            description: one.description.map(|text| lead(&text)),
            cve: one.cve,
            title: one.title,
            status: one.status,
            published: one.published,
            modified: one.modified,
        }
    }
}

/// The beginning of a text, cut between words.
fn lead(text: &str) -> String {
    if text.chars().count() <= LEAD {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LEAD).collect();
    let kept = cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept);
    format!("{kept}…")
}

impl From<VulnerabilityDetail> for VulnerabilityFull {
    fn from(detail: VulnerabilityDetail) -> Self {
        let owasp = detail.owasp.into_iter().map(|category| OwaspName {
            id: category.id,
            title: category.title,
            url: category.url,
        });
        let incidents = detail.incidents.into_iter().map(|incident| IncidentName {
            severity: incident.band(),
            id: incident.id,
            title: incident.title,
            status: incident.status,
            last_seen: incident.last_seen,
        });
        Self {
            exploited: detail.vulnerability.is_exploited(),
            vulnerability: detail.vulnerability,
            owasp: owasp.collect(),
            statements: detail
                .statements
                .into_iter()
                .map(StatementView::from)
                .collect(),
            incidents: incidents.collect(),
            changes: detail.changes.into_iter().map(ChangeView::from).collect(),
        }
    }
}

impl From<Statement> for StatementView {
    fn from(statement: Statement) -> Self {
        let listed = statement
            .exploitation
            .as_ref()
            .and_then(|listing| listing.added);
        Self {
            exploited: statement.is_exploited(),
            source: statement.source,
            document: statement.document,
            url: statement.url,
            description: statement.description,
            item: statement.item,
            status: statement.status,
            published: statement.published.or(listed),
            modified: statement.modified,
            withdrawn: statement.withdrawn,
            scores: statement.scores,
            weaknesses: statement.weaknesses,
            affected: statement.affected,
        }
    }
}

impl From<VulnerabilityChange> for ChangeView {
    fn from(changed: VulnerabilityChange) -> Self {
        Self {
            at: changed.at,
            source: changed.source,
            what: changed.change.what,
            from: changed.change.from,
            to: changed.change.to,
        }
    }
}
