//! Prints how a channel shows a sample: to look at it as a reader would.
//!
//! `cargo run -p channels --example render -- mail story > mail.html`
//!
//! First word: `mail`, `text`, `slack`, `telegram`. Second: `story`,
//! `followup`, `hostile`, `hindi`, `digest`, `notice`, `test`.

use std::io::Write;

#[path = "../tests/it/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "text".to_owned());
    let name = words.next().unwrap_or_else(|| "story".to_owned());
    let message = sample::named(&name).ok_or("the second word is none of the samples")?;
    let shown = match kind.as_str() {
        "mail" => channels::email::preview(&message)?.html,
        "text" => {
            let letter = channels::email::preview(&message)?;
            format!("Subject: {}\n\n{}", letter.subject, letter.text)
        }
        "slack" => serde_json::to_string_pretty(&channels::slack::preview(&message))?,
        "telegram" => channels::telegram::preview(&message),
        _ => return Err("the first word is mail, text, slack or telegram".into()),
    };
    std::io::stdout().write_all(shown.as_bytes())?;
    Ok(())
}
