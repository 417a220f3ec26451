//! Answers that were given, kept as they were encoded.
//!
//! An answer is given again while the store is as it was when the answer was asked
//! for ([`store::Library::version`], read before the store was), so nobody sees less
//! than what was committed before they asked. What is asked is told by the bound query,
//! not by its words: "since yesterday" asks for something else every moment.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::Problem;

/// Bytes of answers that are kept at most.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many are kept at most.
const MOST: usize = 512;

/// The answers of one process.
#[derive(Default)]
pub(super) struct Answers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<String, (Answer, u64)>,
    bytes: usize,
    /// Grows with each use: who was used last.
    uses: u64,
}

/// An encoded answer.
#[derive(Clone)]
pub(super) struct Answer {
    /// The version of the store from which on it holds.
    version: u64,
    body: Bytes,
    tag: HeaderValue,
}

impl Answers {
    /// The answer to what is asked so, if one was given at this version.
    pub(super) fn given(&self, asked: &str, version: Option<u64>) -> Option<Answer> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (answer, used) = kept.answers.get_mut(asked)?;
        if Some(answer.version) != version {
            return None;
        }
        *used = now;
        Some(answer.clone())
    }

    /// Encodes an answer, and keeps it where the version was known.
    pub(super) fn give<T: Serialize>(
        &self,
        asked: String,
        version: Option<u64>,
        told: &T,
    ) -> Result<Answer, Problem> {
        let body = serde_json::to_vec(told).map_err(|error| {
            tracing::error!("an answer could not be encoded: {error}");
            Problem::internal()
        })?;
        let hash = model::hash::short(&[&body]);
        let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = Answer {
            version: version.unwrap_or_default(),
            body: body.into(),
            // Weak: on its way it may be compressed.
            tag: HeaderValue::from_str(&format!("W/\"{name}\""))
                .unwrap_or_else(|_| HeaderValue::from_static("W/\"\"")),
        };
        if version.is_some() {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .keep(asked, answer.clone());
        }
        Ok(answer)
    }
}

impl Kept {
    fn keep(&mut self, asked: String, answer: Answer) {
        let size = |asked: &str, answer: &Answer| asked.len() + answer.body.len();
        self.uses += 1;
        self.bytes += size(&asked, &answer);
        if let Some((old, _)) = self.answers.remove(&asked) {
            self.bytes -= size(&asked, &old);
        }
        self.answers.insert(asked, (answer, self.uses));
        while self.bytes > MOST_BYTES || self.answers.len() > MOST {
            let oldest = self.answers.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(asked, _)| asked.clone()) else {
                break;
            };
            if let Some((old, _)) = self.answers.remove(&oldest) {
                self.bytes -= size(&oldest, &old);
            }
        }
    }
}

impl Answer {
    /// The answer, or that whoever asks has it.
    pub(super) fn to(self, headers: &HeaderMap) -> Response {
        let tag = [(header::ETAG, self.tag.clone())];
        let known = headers.get(header::IF_NONE_MATCH);
        let has_it = known
            .and_then(|known| known.to_str().ok())
            .zip(self.tag.to_str().ok())
            .is_some_and(|(known, tag)| known.split(',').any(|one| one.trim() == tag));
        if has_it {
            return (StatusCode::NOT_MODIFIED, tag).into_response();
        }
        let kind = [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )];
        (tag, kind, self.body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_its_version_only() {
        let answers = Answers::default();
        answers
            .give("all".to_owned(), Some(1), &"one")
            .ok()
            .unwrap();
        assert!(answers.given("all", Some(1)).is_some());
        assert!(answers.given("all", Some(2)).is_none());
        assert!(answers.given("all", None).is_none());
        assert!(answers.given("some", Some(1)).is_none());
        // What was asked while nobody knew the version is not kept.
        answers.give("some".to_owned(), None, &"two").ok().unwrap();
        assert!(answers.given("some", None).is_none());
        assert!(answers.given("some", Some(0)).is_none());
    }

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let answers = Answers::default();
        let large = "x".repeat(MOST_BYTES / 4);
        for name in ["a", "b", "c"] {
            answers.give(name.to_owned(), Some(1), &large).ok().unwrap();
        }
        assert!(answers.given("a", Some(1)).is_some());
        for name in ["d", "a", "e"] {
            answers.give(name.to_owned(), Some(1), &large).ok().unwrap();
        }
        let there = |name| answers.given(name, Some(1)).is_some();
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(there),
            [true, false, false, true, true]
        );
        let kept = answers.0.lock().unwrap();
        assert!(kept.bytes <= MOST_BYTES);
        let sum: usize = kept
            .answers
            .iter()
            .map(|(asked, (answer, _))| asked.len() + answer.body.len())
            .sum();
        assert_eq!(kept.bytes, sum);
    }

    #[test]
    fn who_has_an_answer_is_not_told_again() {
        let answers = Answers::default();
        let answer = answers
            .give("all".to_owned(), Some(1), &"one")
            .ok()
            .unwrap();
        let first = answer.clone().to(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let mut headers = HeaderMap::new();
        let tag = first.headers().get(header::ETAG).unwrap().clone();
        headers.insert(header::IF_NONE_MATCH, tag);
        assert_eq!(
            answer.clone().to(&headers).status(),
            StatusCode::NOT_MODIFIED
        );
        headers.insert(
            header::IF_NONE_MATCH,
            HeaderValue::from_static("W/\"other\""),
        );
        assert_eq!(answer.to(&headers).status(), StatusCode::OK);
    }
}
