//! Pages of lists: how long they are and how many there are in all. Where the next
//! page of incidents begins is in [`crate::place`].

use crate::StoreError;

/// Counts are exact up to this.
pub(crate) const COUNTED: u64 = 10_000;
/// A part on keys drives the query up to so many incidents.
pub(crate) const FEW_INCIDENTS: i64 = 2_000;
/// A search drives the query up to so many items.
pub(crate) const FEW_ITEMS: i64 = 10_000;
/// So many items tell whether many of all hold words.
pub(crate) const SAMPLED: i64 = 2_000;
/// They are taken in so many stretches: the newest may all have come from one source.
pub(crate) const STRETCHES: i64 = 4;
/// Of so many incidents with a product, the newest, is looked at which versions are
/// affected.
pub(crate) const MOST_AFFECTED: u32 = 5_000;
/// A count looks at so many incidents at most where it walks through those of one key:
/// what is rare among them is estimated from the newest.
pub(crate) const COUNTED_BY_KEYS: u32 = 10_000;
/// And at so many where it has to look for a key of each (3 µs on SQLite in a large store, 7
/// on PostgreSQL, measured); for several at fewer, but not below a quarter.
pub(crate) const COUNTED_BY_LOOKUPS: u32 = 5_000;
/// And at so many where it has to look for a word of each; for several at fewer.
pub(crate) const COUNTED_BY_WORDS: u32 = 2_000;
/// And at so many where one index tells all.
pub(crate) const COUNTED_BY_NUMBERS: u32 = 20_000;
/// So many incidents are asked for words at once, at most.
pub(crate) const LONGEST_STRETCH: u32 = 4_000;
/// Relevance looks at so many matching incidents, the latest.
pub(crate) const RANKED: u32 = 2_000;
/// And at so many of the newest items in which the words stand.
pub(crate) const RANKED_ITEMS: u32 = 2_000;
/// Changes kept of one CVE, the latest: an EPSS score that moves every other day
/// fills a year.
pub(crate) const MOST_CHANGES: u32 = 200;
/// Incidents shown with a CVE.
pub(crate) const MOST_INCIDENTS: u32 = 50;
/// How many items an incident's page shows at most.
pub(crate) const MOST_ITEMS: u32 = 500;
/// How many alerts it shows at most.
pub(crate) const MOST_ALERTS: u32 = 200;
/// How many of its vulnerabilities are read at most.
pub(crate) const MOST_VULNERABILITIES: usize = 500;
/// How long other lists are at most.
pub(crate) const LONGEST_LIST: u32 = 1_000;
/// The longest page.
pub(crate) const LONGEST_PAGE: u32 = 200;

/// Of so many items it takes longer to find all that hold several words than to walk to a
/// page of them,
const MANY_ITEMS: i64 = 50_000;
/// if so many do, and so many of the sampled ones.
const WALKED_TO: i64 = 1_250;
const DENSE: i64 = 6;

/// Whether words that `held` of the sampled items hold stand in more than few of all, of
/// which there are about `items`: half as many again, so that chance does not decide.
pub(crate) const fn are_many(held: i64, items: i64, is_one_word: bool) -> bool {
    let product = held.saturating_mul(items);
    let are_dense = items >= MANY_ITEMS && held >= DENSE && product >= WALKED_TO * SAMPLED;
    product >= FEW_ITEMS * SAMPLED * 3 / 2 || (are_dense && !is_one_word)
}

/// Where the stretches of a sample end, when the newest item is this.
pub(crate) fn ends_of_stretches(newest: i64) -> impl Iterator<Item = i64> {
    (1..=STRETCHES).map(move |nth| newest / STRETCHES * nth)
}

/// How many match, when `counted` of them were seen between the rows `first` and
/// `last` and there are rows down to `oldest`. Rows are numbered in order of their
/// making: as densely as the matches lie among the rows that were seen, they are
/// taken to lie among the older ones.
pub(crate) fn estimated(counted: u64, first: i64, last: i64, oldest: i64) -> u64 {
    let seen = u64::try_from(last - first).unwrap_or(0).saturating_add(1);
    let unseen = u64::try_from(first - oldest).unwrap_or(0);
    let more = u128::from(counted) * u128::from(unseen) / u128::from(seen);
    counted.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
}

/// Where a page of vulnerabilities begins: after the record changed then, in that
/// row.
pub(crate) fn vulnerability_place(cursor: &str) -> Result<(i64, i64), StoreError> {
    let parts = cursor.split_once('.');
    parts
        .and_then(|(modified, n)| Some((modified.parse().ok()?, n.parse().ok()?)))
        .ok_or_else(|| StoreError::Invalid("`after` is no cursor of this list".to_owned()))
}

/// The cursor that [`vulnerability_place`] reads.
pub(crate) fn vulnerability_cursor(modified: i64, n: i64) -> String {
    format!("{modified}.{n}")
}
