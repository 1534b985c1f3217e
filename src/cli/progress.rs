//! Progress on a terminal. Where standard error is none, nothing is drawn; a
//! command that may take long says a line now and then ([`Progress`]).

use std::io::IsTerminal;
use std::time::{Duration, Instant};

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

/// How often a command says how far it is where nothing is drawn.
const EVERY: Duration = Duration::from_secs(5);

/// How far a long command is: a bar on a terminal, elsewhere a line every few
/// seconds.
pub struct Progress {
    bar: ProgressBar,
    spoken: Spoken,
}

impl Progress {
    /// Rows of work; the total may be unknown.
    pub fn rows(what: &str, total: Option<u64>) -> Self {
        Self::of(rows(what, total), "rows")
    }

    /// Steps of something that is built.
    pub fn steps(what: &str, total: Option<u64>) -> Self {
        let bar = rows(what, total);
        let template = "{msg:24} [{wide_bar}] {human_pos}/{human_len}, {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self::of(bar.with_style(style), "steps")
    }

    /// A file of that many bytes.
    pub fn bytes(what: &str, total: Option<u64>) -> Self {
        Self::of(bytes(what, total), "bytes")
    }

    fn of(bar: ProgressBar, unit: &'static str) -> Self {
        Self {
            bar,
            spoken: Spoken {
                unit,
                last: Instant::now(),
                speaks: !std::io::stderr().is_terminal(),
            },
        }
    }

    /// What is being done now.
    pub fn set_message(&self, what: &'static str) {
        self.bar.set_message(what);
    }

    /// So much is done.
    pub fn set_position(&mut self, done: u64) {
        self.bar.set_position(done);
        self.tell();
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.bar.inc(1);
        self.tell();
    }

    /// It is over.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&mut self) {
        let (what, done) = (self.bar.message(), self.bar.position());
        if let Some(line) = self
            .spoken
            .line(&what, done, self.bar.length(), Instant::now())
        {
            eprintln!("{line}");
        }
    }
}

/// What is said where nothing is drawn.
struct Spoken {
    unit: &'static str,
    last: Instant,
    speaks: bool,
}

impl Spoken {
    /// The next line, when it is time for one.
    fn line(&mut self, what: &str, done: u64, of: Option<u64>, now: Instant) -> Option<String> {
        if !self.speaks || now.duration_since(self.last) < EVERY {
            return None;
        }
        self.last = now;
        let unit = self.unit;
        Some(match of {
            Some(all) => format!("{what}: {done} of {all} {unit}"),
            None => format!("{what}: {done} {unit}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_drawn_a_line_comes_every_few_seconds() {
        let begun = Instant::now();
        let mut spoken = Spoken {
            unit: "rows",
            last: begun,
            speaks: true,
        };
        let mut at = |seconds: u64, done| {
            let now = begun + Duration::from_secs(seconds);
            spoken.line("Checking", done, Some(90), now)
        };
        assert_eq!(at(1, 10), None);
        assert_eq!(at(6, 60).as_deref(), Some("Checking: 60 of 90 rows"));
        assert_eq!(at(8, 80), None);
        spoken.speaks = false;
        let later = begun + Duration::from_mins(1);
        assert_eq!(spoken.line("Checking", 90, None, later), None);
    }
}
