//! Why a query holds of an incident, in the reader's words.

use super::bind::Condition;
use super::evaluate::holds;
use super::facts::Facts;
use super::tree::{Query, Test, Word};

/// What of the query holds of these facts, a clause each; none when the whole does
/// not hold. `condition` is the query, bound.
#[must_use]
pub fn reasons(query: &Query, condition: &Condition, facts: &Facts<'_>) -> Option<Vec<String>> {
    if !holds(condition, facts) {
        return None;
    }
    let mut clauses = Vec::new();
    gather(query, condition, facts, &mut clauses);
    Some(clauses)
}

fn gather(query: &Query, condition: &Condition, facts: &Facts<'_>, clauses: &mut Vec<String>) {
    match (query, condition) {
        (Query::And(parts), Condition::All(bound)) => {
            for (part, bound) in parts.iter().zip(bound) {
                gather(part, bound, facts, clauses);
            }
        }
        (Query::Or(parts), Condition::Any(bound)) => {
            let mut pairs = parts.iter().zip(bound);
            if let Some((part, bound)) = pairs.find(|(_, bound)| holds(bound, facts)) {
                gather(part, bound, facts, clauses);
            }
        }
        (Query::Test(Test::Names(field, names)), Condition::Key(..) | Condition::Any(_)) => {
            // Of several names the one that holds, where it can be told.
            let held = names.iter().find(|name| {
                let one = Query::Test(Test::Names(*field, vec![(*name).clone()]));
                let alone = one.bind(&super::Frame::at(crate::Timestamp::UNIX_EPOCH));
                holds(&alone, facts)
            });
            let shown = held.map_or_else(|| names.clone(), |name| vec![name.clone()]);
            clauses.push(Test::Names(*field, shown).sentence());
        }
        (Query::Words(words), _) => clauses.extend(words.iter().map(Word::sentence)),
        (Query::All, _) => {}
        (query, _) => clauses.push(query.sentence()),
    }
}
