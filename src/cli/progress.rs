//! Progress on a terminal. Where standard error is none, nothing is drawn.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for `total` rows of work; the total may be unknown.
pub fn rows(what: &str, total: Option<u64>) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let (template, bar) = match total {
        Some(total) => (
            "{msg:24} [{wide_bar}] {human_pos}/{human_len} rows, {per_sec}, {eta} left",
            ProgressBar::with_draw_target(Some(total), target),
        ),
        None => (
            "{msg:24} {spinner} {human_pos} rows, {per_sec}",
            ProgressBar::with_draw_target(None, target),
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_message(what.to_owned())
}

/// A bar for a file of `total` bytes.
pub fn bytes(what: &str, total: Option<u64>) -> ProgressBar {
    let bar = rows(what, total);
    let template = "{msg:24} [{wide_bar}] {bytes}/{total_bytes}, {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style)
}
