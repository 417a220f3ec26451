//! The control API: small JSON calls under `/control`.
//!
//! | call | does |
//! | --- | --- |
//! | `POST publish {feed, title, text, url, published?}` | a story in a feed |
//! | `POST mood {feed, mood, to?, after?, status?}` | a feed's way of answering |
//! | `POST record {cve, description, base?}` | a CVE record at NVD, changed now |
//! | `POST list {cve, vendor, product}` | a KEV entry |
//! | `POST change {cve, field, value}` | a silent change of a KEV entry |
//! | `POST say {text, chat_id?}` | somebody writes to the Telegram bot |
//! | `POST fail {service, …}` | the next request or message fails |
//! | `GET messages` | what arrived by mail, Slack and Telegram |
//! | `GET requests?service=` | what was asked: `site`, `nvd`, `kev`, `slack`, `telegram`, `smtp` |

use serde_json::{Value, json};

use super::Places;
use crate::feeds::Mood;
use crate::http::Seen;
use crate::reply::Reply;
use crate::slack::SlackFailure;
use crate::smtp::{FakeSmtp, Mail};
use crate::telegram::TelegramFailure;
use crate::{kev, nvd};

/// Answers one call.
pub(super) fn answer(places: &Places, seen: &Seen) -> Reply {
    let body = seen.json();
    let done = match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/control/messages") => return Reply::json(&messages(places)),
        ("GET", "/control/requests") => {
            requests(places, &seen.param("service").unwrap_or_default())
        }
        ("POST", "/control/publish") => publish(places, &body),
        ("POST", "/control/mood") => set_mood(places, &body),
        ("POST", "/control/record") => record(places, &body),
        ("POST", "/control/list") => list(places, &body),
        ("POST", "/control/change") => change(places, &body),
        ("POST", "/control/say") => say(places, &body),
        ("POST", "/control/fail") => fail(places, &body),
        _ => Err("no such call".to_owned()),
    };
    match done {
        Ok(value) => Reply::json(&value),
        Err(error) => Reply::json(&json!({ "error": error })).code(400),
    }
}

type Done = Result<Value, String>;

const fn done() -> Done {
    Ok(Value::Bool(true))
}

fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str, String> {
    body[key]
        .as_str()
        .ok_or_else(|| format!("`{key}` must be a text"))
}

fn messages(places: &Places) -> Value {
    let servers = [&places.smtp, &places.smtp_tls, &places.smtp_plain];
    let mails: Vec<Value> = servers
        .iter()
        .flat_map(|server| server.messages())
        .map(|mail| described(&mail))
        .collect();
    json!({ "mail": mails, "slack": places.slack.messages(), "telegram": places.telegram.messages() })
}

fn described(mail: &Mail) -> Value {
    json!({ "from": mail.from, "to": mail.to, "tls": mail.tls, "login": mail.login, "data": mail.data })
}

fn requests(places: &Places, service: &str) -> Done {
    let seen = match service {
        "site" => places.site.requests(),
        "nvd" => places.nvd.requests(),
        "kev" => places.kev.requests(),
        "slack" => places.slack.requests(),
        "telegram" => places.telegram.requests(),
        "smtp" => return Ok(json!(places.smtp.commands())),
        _ => return Err("`service` must be site, nvd, kev, slack, telegram or smtp".to_owned()),
    };
    Ok(seen
        .iter()
        .map(|seen| json!({ "method": seen.method, "path": seen.path, "query": seen.query, "headers": seen.headers, "body": seen.text() }))
        .collect())
}

fn publish(places: &Places, body: &Value) -> Done {
    let name = text(body, "feed")?;
    let feed = places
        .feeds
        .get(name)
        .ok_or_else(|| format!("there is no feed `{name}`"))?;
    let published = match body["published"].as_str() {
        Some(time) => time
            .parse()
            .map_err(|error| format!("`published`: {error}"))?,
        None => places.clock.now(),
    };
    feed.publish_at(
        text(body, "title")?,
        text(body, "text")?,
        text(body, "url")?,
        published,
    );
    done()
}

fn set_mood(places: &Places, body: &Value) -> Done {
    let name = text(body, "feed")?;
    let feed = places
        .feeds
        .get(name)
        .ok_or_else(|| format!("there is no feed `{name}`"))?;
    let status = || {
        body["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
    };
    feed.set_mood(match text(body, "mood")? {
        "good" => Mood::Good,
        "wrong_encoding" => Mood::WrongEncoding,
        "web_page" => Mood::WebPage,
        "moved" => Mood::Moved(status().unwrap_or(301), text(body, "to")?.to_owned()),
        "too_many" => Mood::TooMany(body["after"].as_str().unwrap_or("60").to_owned()),
        "cut_short" => Mood::CutShort,
        "gone" => Mood::Gone,
        "down" => Mood::Down(status().unwrap_or(503)),
        other => return Err(format!("there is no mood `{other}`")),
    });
    done()
}

fn record(places: &Places, body: &Value) -> Done {
    let base: Option<f32> =
        serde_json::from_value(body["base"].clone()).map_err(|error| format!("`base`: {error}"))?;
    let cve = text(body, "cve")?;
    let modified = places
        .clock
        .now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3f")
        .to_string();
    let record = nvd::record(cve, &modified, text(body, "description")?, base);
    places.nvd.records_mut(|records| {
        records.retain(|known| known["id"] != cve);
        records.push(record);
    });
    done()
}

fn list(places: &Places, body: &Value) -> Done {
    let mut entry = kev::entry(
        text(body, "cve")?,
        text(body, "vendor")?,
        text(body, "product")?,
    );
    entry["dateAdded"] = json!(places.clock.now().strftime("%Y-%m-%d").to_string());
    places.kev.list(entry);
    done()
}

fn change(places: &Places, body: &Value) -> Done {
    let field = text(body, "field")?;
    if places.kev.change(text(body, "cve")?, |entry| {
        entry[field] = body["value"].clone()
    }) {
        done()
    } else {
        Err("the catalogue has no such CVE".to_owned())
    }
}

fn say(places: &Places, body: &Value) -> Done {
    places.telegram.say(
        text(body, "text")?,
        body["chat_id"].as_i64().unwrap_or(places.telegram.chat()),
    );
    done()
}

fn fail(places: &Places, body: &Value) -> Done {
    match text(body, "service")? {
        "slack" => places.slack.fail_next(slack_failure(body)?),
        "telegram" => places.telegram.fail_next(telegram_failure(body)?),
        "smtp" => fail_mail(&places.smtp, body)?,
        "smtp_tls" => fail_mail(&places.smtp_tls, body)?,
        "smtp_plain" => fail_mail(&places.smtp_plain, body)?,
        service @ ("nvd" | "kev") => {
            let status = status(body)?;
            let mut reply = Reply::status(status);
            if let Some(after) = body["retry_after"].as_u64() {
                reply = reply.header("retry-after", &after.to_string());
            }
            if body["cut_short"] == true {
                reply = reply
                    .body("{\"resultsPerPage\": 2000, \"startIndex\": 0, ")
                    .truncated();
            }
            let times = body["times"]
                .as_u64()
                .and_then(|times| usize::try_from(times).ok())
                .unwrap_or(1)
                .min(100);
            let replies = vec![reply; times];
            if service == "nvd" {
                places.nvd.script(replies)
            } else {
                places.kev.script(replies)
            }
        }
        other => return Err(format!("there is no service `{other}`")),
    }
    done()
}

fn status(body: &Value) -> Result<u16, String> {
    body["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| "`status` must be an HTTP status".to_owned())
}

fn slack_failure(body: &Value) -> Result<SlackFailure, String> {
    Ok(if let Some(error) = body["error"].as_str() {
        SlackFailure::error(error)
    } else if let Some(after) = body["retry_after"].as_u64() {
        SlackFailure::RateLimited(after)
    } else if body["lose_answer"] == true {
        SlackFailure::LoseAnswer
    } else {
        SlackFailure::Status(status(body)?)
    })
}

fn telegram_failure(body: &Value) -> Result<TelegramFailure, String> {
    Ok(if let Some(after) = body["retry_after"].as_u64() {
        TelegramFailure::RetryAfter(after)
    } else if let Some(to) = body["migrate_to"].as_i64() {
        TelegramFailure::Migrated(to)
    } else if let Some(description) = body["refused"].as_str() {
        TelegramFailure::Refused(description.to_owned())
    } else if body["blocked"] == true {
        TelegramFailure::Blocked
    } else if body["unauthorized"] == true {
        TelegramFailure::Unauthorized
    } else if body["lose_answer"] == true {
        TelegramFailure::LoseAnswer
    } else {
        TelegramFailure::Status(status(body)?)
    })
}

fn fail_mail(server: &FakeSmtp, body: &Value) -> Result<(), String> {
    if body["lose_answer"] == true {
        server.lose_next_answer();
        return Ok(());
    }
    let code = body["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code))
        .ok_or_else(|| "`code` must be an SMTP refusal, 400 to 599".to_owned())?;
    let words = body["text"].as_str().unwrap_or("refused by the test");
    match (body["recipient"].as_str(), body["content"] == true) {
        (Some(address), _) => server.refuse_recipient(address, code, words),
        (None, true) => server.refuse_next_content(code, words),
        (None, false) => server.refuse_next(code, words),
    }
    Ok(())
}
