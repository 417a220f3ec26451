//! A feed that a test publishes into: RSS 2.0 or Atom, with an ETag, and with
//! the moods of the feeds out there.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use model::Timestamp;
use model::clock::later;

use crate::reply::Reply;
use crate::shared::Shared;
use crate::site::FakeSite;

/// A feed document that grows. Clones publish into the same document.
#[derive(Debug, Clone)]
pub struct Feed(Shared<State>);

#[derive(Debug)]
struct State {
    title: String,
    form: Form,
    stories: Vec<Story>,
    mood: Mood,
    next: Timestamp,
}

/// How a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
}

/// One entry of a feed.
#[derive(Debug, Clone, Hash)]
pub struct Story {
    /// The headline, plain text.
    pub title: String,
    /// The summary; may hold HTML.
    pub text: String,
    /// The link, also the guid.
    pub url: String,
    /// When it was published.
    pub published: Timestamp,
}

/// How a feed answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// With its document.
    Good,
    /// With its document in windows-1252, while both the XML declaration and the
    /// header say UTF-8. Letters windows-1252 lacks become `?`.
    WrongEncoding,
    /// With 200 and a web page where the feed was: a soft 404.
    WebPage,
    /// With this redirect to this address.
    Moved(u16, String),
    /// With 429 and this `Retry-After`: seconds, or an HTTP date.
    TooMany(String),
    /// With its document cut in half.
    CutShort,
    /// With 410: gone for good.
    Gone,
    /// With this status.
    Down(u16),
}

/// When the first story of a feed is published, if the test does not say.
const FIRST: &str = "2026-11-21T08:00:00Z";
/// How long after it each next one is.
const STEP: Duration = Duration::from_secs(60);

impl Feed {
    /// An empty RSS 2.0 feed of this title.
    #[must_use]
    pub fn rss(title: &str) -> Self {
        Self::new(title, Form::Rss)
    }

    /// An empty Atom feed of this title.
    #[must_use]
    pub fn atom(title: &str) -> Self {
        Self::new(title, Form::Atom)
    }

    fn new(title: &str, form: Form) -> Self {
        Self(Shared::new(State {
            title: title.to_owned(),
            form,
            stories: Vec::new(),
            mood: Mood::Good,
            next: FIRST.parse().unwrap_or(Timestamp::UNIX_EPOCH),
        }))
    }

    /// Publishes a story, a minute after the one before; the first one on
    /// 21 November 2026 at 08:00 UTC. `text` may hold HTML.
    pub fn publish(&self, title: &str, text: &str, url: &str) {
        let published = self.0.lock().next;
        self.publish_at(title, text, url, published);
    }

    /// Publishes a story of this time.
    pub fn publish_at(&self, title: &str, text: &str, url: &str, published: Timestamp) {
        let mut state = self.0.lock();
        state.next = later(published, STEP);
        state.stories.push(Story {
            title: title.to_owned(),
            text: text.to_owned(),
            url: url.to_owned(),
            published,
        });
    }

    /// Changes the story at this address, as an editor does: same guid, other
    /// words.
    ///
    /// # Panics
    /// No story has the address.
    pub fn edit(&self, url: &str, change: impl FnOnce(&mut Story)) {
        let mut state = self.0.lock();
        match state.stories.iter_mut().find(|story| story.url == url) {
            Some(story) => change(story),
            None => panic!("the feed has no story at {url}"),
        }
    }

    /// Every story so far, oldest first.
    #[must_use]
    pub fn stories(&self) -> Vec<Story> {
        self.0.lock().stories.clone()
    }

    /// Answers so from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.0.lock().mood = mood;
    }

    /// The document, newest story first.
    #[must_use]
    pub fn document(&self) -> String {
        let state = self.0.lock();
        match state.form {
            Form::Rss => rss(&state),
            Form::Atom => atom(&state),
        }
    }

    /// What it answers now.
    #[must_use]
    pub fn reply(&self) -> Reply {
        let (mood, form) = {
            let state = self.0.lock();
            (state.mood.clone(), state.form)
        };
        let document = self.document();
        let mut hasher = DefaultHasher::new();
        document.hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        let kind = match form {
            Form::Rss => "application/rss+xml; charset=utf-8",
            Form::Atom => "application/atom+xml; charset=utf-8",
        };
        let good = |body: &[u8]| Reply::ok(body).content_type(kind).etag(&tag);
        match mood {
            Mood::Good => good(document.as_bytes()),
            Mood::WrongEncoding => good(&windows_1252(&document)),
            Mood::WebPage => Reply::ok(WEB_PAGE).content_type("text/html; charset=utf-8"),
            Mood::Moved(code, to) => Reply::redirect(code, &to),
            Mood::TooMany(after) => Reply::status(429).header("retry-after", &after),
            Mood::CutShort => good(document.as_bytes()).truncated(),
            Mood::Gone => Reply::status(410),
            Mood::Down(status) => Reply::status(status),
        }
    }

    /// Lets `site` answer `path` with this feed, and gives the address.
    #[must_use]
    pub fn serve_on(&self, site: &FakeSite, path: &str) -> String {
        let feed = self.clone();
        site.serve_live(path, move |_| feed.reply());
        site.url(path)
    }
}

const WEB_PAGE: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page not found</title></head>\
    <body><h1>We moved some things around</h1><p>Try the <a href=\"/\">front page</a>.</p></body></html>\n";

fn rss(state: &State) -> String {
    let title = escape(&state.title);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n<title>{title}</title>\n\
         <link>https://news.example/</link>\n<description>{title}</description>\n<language>en</language>\n"
    );
    for story in state.stories.iter().rev() {
        out.push_str(&format!(
            "<item>\n<title>{}</title>\n<link>{url}</link>\n<guid isPermaLink=\"true\">{url}</guid>\n\
             <pubDate>{}</pubDate>\n<description>{}</description>\n</item>\n",
            escape(&story.title),
            story.published.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            escape(&story.text),
            url = escape(&story.url),
        ));
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

fn atom(state: &State) -> String {
    let title = escape(&state.title);
    let updated = state.stories.iter().map(|story| story.published).max();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <title>{title}</title>\n<id>https://news.example/</id>\n<link href=\"https://news.example/\"/>\n\
         <updated>{}</updated>\n",
        updated.unwrap_or(Timestamp::UNIX_EPOCH),
    );
    for story in state.stories.iter().rev() {
        out.push_str(&format!(
            "<entry>\n<title>{}</title>\n<id>{url}</id>\n<link rel=\"alternate\" href=\"{url}\"/>\n\
             <published>{at}</published>\n<updated>{at}</updated>\n<summary type=\"html\">{}</summary>\n</entry>\n",
            escape(&story.title),
            escape(&story.text),
            url = escape(&story.url),
            at = story.published,
        ));
    }
    out.push_str("</feed>\n");
    out
}

/// Text for XML. Characters that XML 1.0 cannot hold are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// The text in windows-1252, as far as that goes: Latin-1 and the punctuation
/// that editors type.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '\u{20ac}' => 0x80,
            '\u{2026}' => 0x85,
            '\u{2018}' => 0x91,
            '\u{2019}' => 0x92,
            '\u{201c}' => 0x93,
            '\u{201d}' => 0x94,
            '\u{2013}' => 0x96,
            '\u{2014}' => 0x97,
            '\u{2122}' => 0x99,
            c => u8::try_from(u32::from(c))
                .ok()
                .filter(|b| !(0x80..0xa0).contains(b))
                .unwrap_or(b'?'),
        })
        .collect()
}
