//! `prahari search QUERY`.

use model::query::{Query, QueryError, parse};

use super::{Outcome, incident::Listing, print};
use crate::config::Settings;
use crate::pipeline::World;

/// Finds incidents by a query: words, "phrases", and fields such as severity:high,
/// region:IN, cve:CVE-2026-1234 (docs/queries.md).
#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// The query; several arguments are joined by blanks
    #[arg(allow_hyphen_values = true)]
    query: String,
    // Only the first may begin with a minus: after one that may, clap takes every option
    // for more of the query.
    #[arg(hide = true)]
    more: Vec<String>,
    #[command(flatten)]
    listing: Listing,
}

impl Search {
    pub(super) async fn run(
        self,
        settings: Settings,
        world: World,
        as_json: bool,
    ) -> anyhow::Result<Outcome> {
        let mut written = vec![self.query];
        written.extend(self.more);
        let Some(query) = read(&written.join(" ")) else {
            return Ok(Outcome::Wrong);
        };
        self.listing.print(query, settings, world, as_json).await
    }
}

/// Reads a query; of a wrong one it says what is wrong, and where.
pub(super) fn read(text: &str) -> Option<Query> {
    match parse(text) {
        Ok(query) => Some(query),
        Err(error) => {
            for line in marked(text, &error) {
                print::error(&line);
            }
            None
        }
    }
}

/// The mistake, and the query with a caret under each wrong character.
fn marked(text: &str, error: &QueryError) -> [String; 3] {
    /// How much of the query is shown on either side.
    const AROUND: usize = 40;
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let (start, end) = (place(error.start), place(error.end));
    let from = start.saturating_sub(AROUND);
    let shown: String = text.chars().skip(from).take(2 * AROUND).collect();
    let carets = end.saturating_sub(start).clamp(1, AROUND);
    [
        error.to_string(),
        format!("  {}", print::plain(&shown)),
        format!("  {}{}", " ".repeat(start - from), "^".repeat(carets)),
    ]
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_mistake_is_marked_under_its_characters() {
        let text = "type:ransomware severty:high";
        let lines = marked(text, &parse(text).unwrap_err()).join("\n");
        expect![[r#"
            there is no field `severty`; did you mean `severity`?
              type:ransomware severty:high
                              ^^^^^^^"#]]
        .assert_eq(&lines);
        let far = format!("{} (", "word ".repeat(20));
        let lines = marked(&far, &parse(&far).unwrap_err()).join("\n");
        expect![[r#"
            something is missing here
              rd word word word word word word word  (
                                                      ^"#]]
        .assert_eq(&lines);
    }
}
