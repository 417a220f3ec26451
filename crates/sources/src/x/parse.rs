//! One page of X's search, read.
//!
//! What surprised us: a search without a result has no `data` at all; a 200 may
//! hold `errors` beside it; an edited post has a new id, and only
//! `edit_history_tweet_ids` tells that it is the same; texts come with `&`, `<`
//! and `>` escaped and every link as t.co; and what is longer than a classic post
//! stands whole in `note_tweet` alone.

use std::collections::{BTreeMap, HashMap};

use model::item::{Draft, Stated};
use model::{ItemKind, Markup};
use serde_json::Value;

use crate::answer::{cut, is_web, json, link, one_line, text, time};
use crate::{Parsed, Problem, SourceError};

/// The longest post X takes has 25,000 characters.
const LONGEST_TEXT: usize = 128 * 1024;
/// What stands before every shortened link.
const SHORTENED: &str = "https://t.co/";
/// Errors beside the data that are listed.
const MOST_ERRORS: usize = 20;

/// A page of a search.
#[derive(Debug, Default)]
pub struct Page {
    /// Its posts, oldest first, and what could not be read.
    pub parsed: Parsed<Draft>,
    /// The newest id on it.
    pub newest_id: Option<u64>,
    /// Where the next page is, if there is one.
    pub next_token: Option<String>,
    /// Posts in the answer, readable or not: each is charged.
    pub posts: u64,
    /// Users in the answer.
    pub authors: u64,
}

/// Reads a page.
///
/// # Errors
/// The document is no answer to a search.
pub fn parse(bytes: &[u8]) -> Result<Page, SourceError> {
    read(&json(bytes, "X")?)
}

/// What a line of the filtered stream says.
pub(super) enum Line {
    /// A post, with the tags of the rules that it met.
    Post { page: Page, tags: Vec<String> },
    /// Why X ends the stream.
    End(String),
}

/// Reads a line of the filtered stream.
///
/// # Errors
/// It is none.
pub(super) fn line(bytes: &[u8]) -> Result<Line, SourceError> {
    let mut line = json(bytes, "X")?;
    if line.get("data").is_none() {
        let said = ["/errors/0/detail", "/errors/0/title", "/detail", "/title"]
            .iter()
            .find_map(|pointer| text(&line, pointer));
        return said
            .map(|said| Line::End(one_line(said)))
            .ok_or_else(|| SourceError::Nonsense("X sent a line that is no post".to_owned()));
    }
    let tags = line
        .get("matching_rules")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|rule| text(rule, "/tag").map(str::to_owned))
        .collect();
    // From here on it is a page of one post.
    if let Some(data) = line.get_mut("data")
        && data.is_object()
    {
        *data = Value::Array(vec![data.take()]);
    }
    Ok(Line::Post {
        page: read(&line)?,
        tags,
    })
}

fn read(answer: &Value) -> Result<Page, SourceError> {
    let list = |pointer: &str| {
        answer
            .pointer(pointer)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
    };
    let (data, errors) = (list("/data"), list("/errors"));
    if data.is_none() && errors.is_none() && answer.get("meta").is_none() {
        return Err(SourceError::Nonsense(
            "X answered with data that is no search result".to_owned(),
        ));
    }
    let data = data.unwrap_or_default();
    let users = list("/includes/users").unwrap_or_default();
    let names: HashMap<&str, &str> = users
        .iter()
        .filter_map(|user| {
            Some((
                text(user, "/id")?,
                text(user, "/username").filter(|name| is_name(name))?,
            ))
        })
        .collect();

    let mut problems = Vec::new();
    for error in errors.unwrap_or_default().iter().take(MOST_ERRORS) {
        let said = text(error, "/detail")
            .or_else(|| text(error, "/message"))
            .or_else(|| text(error, "/title"));
        problems.push(Problem::new(
            "answer",
            one_line(said.unwrap_or("an error without a word")),
        ));
    }
    // Of several versions of one post the newest id wins.
    let mut newest: BTreeMap<u64, (u64, Draft)> = BTreeMap::new();
    let mut newest_id = text(answer, "/meta/newest_id").and_then(read_id);
    for (index, post) in data.iter().enumerate() {
        match read_post(post, &names) {
            Ok((first, id, draft)) => {
                newest_id = newest_id.max(Some(id));
                if newest.get(&first).is_none_or(|(other, _)| *other < id) {
                    newest.insert(first, (id, draft));
                }
            }
            Err(why) => problems.push(Problem::new(format!("post {}", index + 1), why)),
        }
    }
    let mut posts: Vec<(u64, Draft)> = newest.into_values().collect();
    posts.sort_by_key(|(id, _)| *id);
    Ok(Page {
        parsed: Parsed {
            entries: posts.into_iter().map(|(_, draft)| draft).collect(),
            problems,
        },
        newest_id,
        next_token: text(answer, "/meta/next_token")
            .filter(|token| token.len() <= 1024)
            .map(str::to_owned),
        posts: data.len() as u64,
        authors: users.len() as u64,
    })
}

/// A post: the id of its first version, its own id, and what it says.
fn read_post(post: &Value, names: &HashMap<&str, &str>) -> Result<(u64, u64, Draft), &'static str> {
    let id = text(post, "/id").and_then(read_id).ok_or("it has no id")?;
    let whole = post
        .get("note_tweet")
        .filter(|note| text(note, "/text").is_some())
        .unwrap_or(post);
    let body = text(whole, "/text").ok_or("it has no text")?;
    let first = text(post, "/edit_history_tweet_ids/0")
        .and_then(read_id)
        .map_or(id, |first| first.min(id));
    let links: HashMap<&str, &str> = whole
        .pointer("/entities/urls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|url| Some((text(url, "/url")?, link(url, "/expanded_url")?)))
        .collect();
    let author = text(post, "/author_id").and_then(|id| names.get(id));
    let draft = Draft {
        external_id: first.to_string(),
        kind: ItemKind::Post,
        // X leads to the post by its id, whoever is named before it.
        url: Some(format!(
            "https://x.com/{}/status/{id}",
            author.unwrap_or(&"i")
        )),
        title: String::new(),
        text: cut(&expanded(&unescaped(body), &links), LONGEST_TEXT).to_owned(),
        markup: Markup::Plain,
        author: author.map(|name| format!("@{name}")),
        language: text(post, "/lang").and_then(language),
        published: time(post, "/created_at"),
        updated: None,
        stated: Stated::default(),
    };
    Ok((first, id, draft))
}

/// Ids go beyond 2^53 and are therefore strings; all fit into 64 bits.
fn read_id(text: &str) -> Option<u64> {
    text.parse().ok().filter(|id| *id > 0)
}

fn is_name(name: &str) -> bool {
    name.len() <= 50
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// X escapes these three. The ampersand is last, so that nothing is resolved twice.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// `text` with each shortened link written out. Places given beside the links
/// count characters of the escaped text, so links are found by themselves.
fn expanded(text: &str, links: &HashMap<&str, &str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(SHORTENED) {
        let (before, from) = rest.split_at(at);
        let code = from
            .bytes()
            .skip(SHORTENED.len())
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let (short, after) = from.split_at(SHORTENED.len() + code);
        out.push_str(before);
        out.push_str(
            links
                .get(short)
                .filter(|long| is_web(long))
                .unwrap_or(&short),
        );
        rest = after;
        if out.len() > LONGEST_TEXT {
            return out;
        }
    }
    out.push_str(rest);
    out
}

/// X's guess as a language tag: old codes as new ones, none for its own codes of
/// "unknown", "only links" and the like.
fn language(code: &str) -> Option<String> {
    match code {
        "in" => Some("id".to_owned()),
        "iw" => Some("he".to_owned()),
        "und" | "zxx" => None,
        code if code.starts_with('q') => None,
        code if (2..=11).contains(&code.len())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
        {
            Some(code.to_owned())
        }
        _ => None,
    }
}
