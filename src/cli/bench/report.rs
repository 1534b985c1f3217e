//! What was measured, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

/// One run. Times ending in `_us` are microseconds of this thread on a
/// processor, those ending in `_s` seconds of the clock on the wall.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Mandates in the market.
    pub mandates: u64,
    /// Startups that asked.
    pub queries: u64,
    /// Best matches of each.
    pub top: u64,
    /// Seed of the market.
    pub seed: u64,
    /// Answers of the index that differ from the scan's or the
    /// specification's.
    pub mismatches: u64,
    /// Answers compared with the scan, line by line.
    pub compared: u64,
    /// Questions whose explained answers were compared with the
    /// specification, byte by byte.
    pub compared_with_reference: u64,
    /// The scan.
    pub naive_p50_us: f64,
    /// The scan, the slowest of a hundred.
    pub naive_p99_us: f64,
    /// The index, ranked.
    pub index_p50_us: f64,
    /// The same, the slowest of a hundred.
    pub index_p99_us: f64,
    /// The index, ranked and explained.
    pub explained_p50_us: f64,
    /// The same, the slowest of a hundred.
    pub explained_p99_us: f64,
    /// Scan ÷ index.
    pub ratio: f64,
    /// Scan ÷ index with explanations.
    pub explained_ratio: f64,
    /// The other way: the best startups for a mandate, ranked.
    pub reverse_p50_us: f64,
    /// The same, ranked and explained.
    pub reverse_explained_p50_us: f64,
    /// The index under rules that count past deals, ranked.
    pub revealed_p50_us: f64,
    /// The same, the slowest of a hundred.
    pub revealed_p99_us: f64,
    /// One of so many investors made deals before.
    pub revealed_one_in: u64,
    /// Explained answers a second on all cores.
    pub queries_per_s: f64,
    /// Cores used for that.
    pub cores: u64,
    /// Processor time of one run of all measured questions, in seconds.
    pub cpu_s: f64,
    /// Building the index from records at hand, on one core.
    pub build_s: f64,
    /// A changed mandate, until readers see it.
    pub update_p50_us: f64,
    /// The same, the slowest of a hundred.
    pub update_p99_us: f64,
    /// The index beside the records.
    pub bytes_per_mandate: f64,
    /// The same of a startup.
    pub bytes_per_startup: f64,
    /// A row of the scan.
    pub naive_bytes_per_mandate: u64,
    /// Every startup's best mandates, as many startups as mandates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_s: Option<f64>,
    /// Processor time of that, all cores together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_cpu_s: Option<f64>,
    /// Every mandate's best startups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_reverse_s: Option<f64>,
}

/// Microseconds.
pub(super) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The time that `share` of a hundred stay below.
pub(super) fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or_default()
}

impl Figures {
    /// As JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As a table.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} mandates, best {} of {} startups, seed {}\n",
            self.mandates, self.top, self.queries, self.seed
        );
        let mut line = |what: &str, value: String| {
            // Writing to a string can't fail.
            let _ = writeln!(text, "  {what:<44} {value:>16}");
        };
        let us = |time: f64| format!("{time:.1} µs");
        line("plain scan, p50", us(self.naive_p50_us));
        line("plain scan, p99", us(self.naive_p99_us));
        line("index, p50", us(self.index_p50_us));
        line("index, p99", us(self.index_p99_us));
        line("index with explanations, p50", us(self.explained_p50_us));
        line("index with explanations, p99", us(self.explained_p99_us));
        line("scan ÷ index", format!("{:.1}×", self.ratio));
        line(
            "scan ÷ index with explanations",
            format!("{:.1}×", self.explained_ratio),
        );
        line("startups for a mandate, p50", us(self.reverse_p50_us));
        line(
            "startups for a mandate, explained, p50",
            us(self.reverse_explained_p50_us),
        );
        line(
            &format!("past deals of one in {}, p50", self.revealed_one_in),
            us(self.revealed_p50_us),
        );
        line("past deals, p99", us(self.revealed_p99_us));
        line(
            &format!("explained answers a second, {} cores", self.cores),
            format!("{:.0}", self.queries_per_s),
        );
        line("build", format!("{:.2} s", self.build_s));
        line("update until visible, p50", us(self.update_p50_us));
        line("update until visible, p99", us(self.update_p99_us));
        line(
            "index, bytes a mandate",
            format!("{:.1}", self.bytes_per_mandate),
        );
        line(
            "index, bytes a startup",
            format!("{:.1}", self.bytes_per_startup),
        );
        line(
            "scan, bytes a mandate",
            self.naive_bytes_per_mandate.to_string(),
        );
        if let (Some(time), Some(cpu)) = (self.cross_s, self.cross_cpu_s) {
            line("all startups × all mandates", format!("{time:.2} s"));
            line("  processor time, all cores", format!("{cpu:.2} s"));
        }
        if let Some(time) = self.cross_reverse_s {
            line("all mandates × all startups", format!("{time:.2} s"));
        }
        line("answers compared with the scan", self.compared.to_string());
        line(
            "explained lists compared with the reference",
            self.compared_with_reference.to_string(),
        );
        line("mismatches", self.mismatches.to_string());
        text
    }
}
