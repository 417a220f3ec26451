//! A bar for long works of the store: on a terminal, and nothing elsewhere.

use std::io::IsTerminal;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use store::copy::{Step, Watcher};

/// A bar that shows with what a work is busy and how far it has come.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar, shown from its first step on.
    pub(super) fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{msg:24} {bar:32} {human_pos} of {human_len}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Who moves it.
    pub(super) fn watcher(&self) -> Watcher {
        let bar = self.0.clone();
        Arc::new(move |step: &Step| {
            if bar.message() != step.what {
                bar.set_message(step.what.clone());
            }
            bar.set_length(step.of);
            bar.set_position(step.done);
        })
    }

    /// Takes it from the screen.
    pub(super) fn done(&self) {
        self.0.finish_and_clear();
    }
}
