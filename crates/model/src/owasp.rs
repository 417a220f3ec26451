//! A category of the OWASP Top 10, and through its weaknesses its CVEs.
//! <https://owasp.org/Top10/>
//!
//! The editions are kept side by side: a weakness may stand in one edition and
//! not in the next. What the pages say is kept as they say it, with their slips:
//! the table of A02:2021 counts 29 weaknesses and its list holds 30.

use serde::{Deserialize, Serialize};

use crate::id::CweId;

/// What OWASP's licence asks to be shown wherever its texts are.
pub const ATTRIBUTION: &str = "OWASP Top 10 by the OWASP Foundation, licensed under CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)";

/// One category of one edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwaspCategory {
    /// The year of the edition.
    pub edition: u16,
    /// Its place in the edition, from 1.
    pub rank: u8,
    /// Its name in short, as `A01:2025`.
    pub id: String,
    /// Its name, as `Broken Access Control`.
    pub title: String,
    /// Where it can be read.
    pub url: String,
    /// What it is about, in one paragraph.
    pub summary: String,
    /// The weaknesses mapped to it, in the order of the page, without repeats.
    pub cwes: Vec<CweId>,
}
