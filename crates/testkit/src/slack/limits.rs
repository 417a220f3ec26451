//! What Slack refuses in a message: the limits of Block Kit, as the validators
//! of slack_sdk 3.47 and recorded answers give them.
//! <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::Value;

/// Most characters of `text`.
const TEXT: usize = 40_000;
/// Most blocks of a message.
const BLOCKS: usize = 50;
/// Most characters over all blocks. Undocumented; slackapi/bolt-js issue 2509
/// found about this many.
const ALL_BLOCKS: usize = 13_200;

/// Why a message is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) error: &'static str,
    pub(crate) messages: Vec<String>,
}

impl Fault {
    pub(crate) fn new(error: &'static str, message: String) -> Self {
        Self {
            error,
            messages: vec![message],
        }
    }

    const fn bare(error: &'static str) -> Self {
        Self {
            error,
            messages: Vec::new(),
        }
    }
}

/// What is wrong with a message, if anything.
pub(crate) fn fault(message: &Value) -> Option<Fault> {
    let text = message["text"].as_str().unwrap_or_default();
    let none = Vec::new();
    let blocks = match &message["blocks"] {
        Value::Null => &none,
        Value::Array(blocks) => blocks,
        _ => return Some(Fault::bare("invalid_blocks_format")),
    };
    let attached = message["attachments"]
        .as_array()
        .is_some_and(|each| !each.is_empty());
    if text.trim().is_empty() && blocks.is_empty() && !attached {
        return Some(Fault::bare("no_text"));
    }
    if text.chars().count() > TEXT {
        return Some(Fault::bare("msg_too_long"));
    }
    let metadata = &message["metadata"];
    let named = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !metadata.is_null() && !named {
        return Some(Fault::bare("invalid_metadata_format"));
    }
    let mut checker = Checker::default();
    if blocks.len() > BLOCKS {
        checker.messages.push(format!(
            "[ERROR] no more than {BLOCKS} items allowed [json-pointer:/blocks]"
        ));
    }
    for (n, block) in blocks.iter().enumerate() {
        checker.block(block, &format!("/blocks/{n}"));
    }
    if !checker.messages.is_empty() {
        return Some(Fault {
            error: "invalid_blocks",
            messages: checker.messages,
        });
    }
    (checker.characters > ALL_BLOCKS).then(|| Fault::bare("msg_blocks_too_long"))
}

#[derive(Default)]
struct Checker {
    messages: Vec<String>,
    characters: usize,
    ids: Vec<String>,
}

impl Checker {
    fn wrong(&mut self, what: &str, at: &str) {
        self.messages
            .push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    fn block(&mut self, block: &Value, at: &str) {
        if let Some(id) = block["block_id"].as_str() {
            self.short(id, 255, &format!("{at}/block_id"));
            if self.ids.iter().any(|known| known == id) {
                self.wrong("`block_id` must be unique", at);
            }
            self.ids.push(id.to_owned());
        }
        match block["type"].as_str() {
            Some("section") => self.section(block, at),
            Some("header") => {
                self.text(&block["text"], &["plain_text"], 150, &format!("{at}/text"))
            }
            Some("divider") => {}
            Some("context") => {
                for (n, element) in self
                    .list(&block["elements"], 10, &format!("{at}/elements"))
                    .into_iter()
                    .enumerate()
                {
                    let at = format!("{at}/elements/{n}");
                    if element["type"] == "image" {
                        self.image(&element, &at);
                    } else {
                        // A context text has a section text's room.
                        self.text(&element, &["mrkdwn", "plain_text"], 3000, &at);
                    }
                }
            }
            Some("actions") => {
                for (n, element) in self
                    .list(&block["elements"], 25, &format!("{at}/elements"))
                    .into_iter()
                    .enumerate()
                {
                    self.element(&element, &format!("{at}/elements/{n}"));
                }
            }
            Some("image") => self.image(block, at),
            Some("markdown") => match block["text"].as_str() {
                Some(text) => {
                    self.sized(text, 12_000, &format!("{at}/text"));
                }
                None => self.wrong("missing required field: text", at),
            },
            Some(other) => self.wrong(&format!("unsupported type: {other}"), &format!("{at}/type")),
            None => self.wrong("missing required field: type", at),
        }
    }

    fn section(&mut self, block: &Value, at: &str) {
        if block["text"].is_null() && block["fields"].is_null() {
            self.wrong("missing required field: text", at);
        }
        if !block["text"].is_null() {
            self.text(
                &block["text"],
                &["mrkdwn", "plain_text"],
                3000,
                &format!("{at}/text"),
            );
        }
        if !block["fields"].is_null() {
            for (n, field) in self
                .list(&block["fields"], 10, &format!("{at}/fields"))
                .into_iter()
                .enumerate()
            {
                self.text(
                    &field,
                    &["mrkdwn", "plain_text"],
                    2000,
                    &format!("{at}/fields/{n}"),
                );
            }
        }
        if !block["accessory"].is_null() {
            self.element(&block["accessory"], &format!("{at}/accessory"));
        }
    }

    fn element(&mut self, element: &Value, at: &str) {
        match element["type"].as_str() {
            Some("button") => {
                self.text(&element["text"], &["plain_text"], 75, &format!("{at}/text"));
                for (key, longest) in [("action_id", 255), ("value", 2000), ("url", 3000)] {
                    if let Some(text) = element[key].as_str() {
                        self.short(text, longest, &format!("{at}/{key}"));
                    }
                }
                if element["url"]
                    .as_str()
                    .is_some_and(|url| url::Url::parse(url).is_err())
                {
                    self.wrong("invalid url", &format!("{at}/url"));
                }
            }
            Some("image") => self.image(element, at),
            Some("overflow" | "static_select" | "users_select" | "datepicker") => {}
            _ => self.wrong("unsupported element", at),
        }
    }

    fn image(&mut self, image: &Value, at: &str) {
        for (key, longest) in [("image_url", 3000), ("alt_text", 2000)] {
            match image[key].as_str() {
                Some(text) => self.short(text, longest, &format!("{at}/{key}")),
                None if key == "image_url" && image["slack_file"].is_object() => {}
                None => self.wrong(&format!("missing required field: {key}"), at),
            }
        }
    }

    /// A text object of one of these types, of 1 to `longest` characters.
    fn text(&mut self, object: &Value, types: &[&str], longest: usize, at: &str) {
        if !object["type"]
            .as_str()
            .is_some_and(|given| types.contains(&given))
        {
            self.wrong(
                &format!("must be one of: {}", types.join(", ")),
                &format!("{at}/type"),
            );
        }
        match object["text"].as_str() {
            Some(text) => self.sized(text, longest, &format!("{at}/text")),
            None => self.wrong("missing required field: text", at),
        }
    }

    fn sized(&mut self, text: &str, longest: usize, at: &str) {
        if text.is_empty() {
            self.wrong("must be more than 0 characters", at);
        }
        self.short(text, longest, at);
        self.characters += text.chars().count();
    }

    fn short(&mut self, text: &str, longest: usize, at: &str) {
        if text.chars().count() > longest {
            self.wrong(&format!("must be less than {} characters", longest + 1), at);
        }
    }

    fn list(&mut self, value: &Value, longest: usize, at: &str) -> Vec<Value> {
        let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
            self.wrong("no fewer than 1 item allowed", at);
            return Vec::new();
        };
        if list.len() > longest {
            self.wrong(&format!("no more than {longest} items allowed"), at);
        }
        list.clone()
    }
}
