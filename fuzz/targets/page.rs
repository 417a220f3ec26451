//! Web pages, read by selectors.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::{Item, SourceId, Timestamp};
use sources::page::{Config, Css};

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let css = |text: &str| Css::try_from(text.to_owned()).expect("it is a selector");
    let mut config = Config::new("https://site.example/news/", css("li, tr, article"));
    config.title = Some(css("h3"));
    config.date = Some(css("time, .date"));
    config.text = Some(css("p"));
    config.next_page = Some(css("a.next"));
    config.date_formats = vec!["%d %B %Y".to_owned(), "%d/%m/%y %H:%M".to_owned()];
    config
});

fuzz_target!(|data: &[u8]| {
    let source = SourceId::new("fuzz").expect("it is a name");
    let text = String::from_utf8_lossy(data);
    if let Ok(listing) = sources::page::parse(&text, &CONFIG.url, &CONFIG) {
        for draft in listing.parsed.entries {
            let _ = Item::new(&source, draft, Timestamp::UNIX_EPOCH);
        }
    }
});
