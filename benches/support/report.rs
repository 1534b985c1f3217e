//! The table: what was measured on both sides, their ratio, and what was
//! asked for.

use std::time::Duration;

use serde_json::{Value, json};

/// What one side did in its turns.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// How long the turns were together.
    pub elapsed: Duration,
    /// What each piece of work took; empty when that wasn't looked at.
    pub latencies: Vec<Duration>,
    /// Pieces of work done.
    pub count: u64,
}

impl Sample {
    /// One turn in which only the whole was timed.
    pub fn of(count: u64, elapsed: Duration) -> Self {
        Self {
            elapsed,
            latencies: Vec::new(),
            count,
        }
    }

    /// Another turn of the same side.
    pub fn add(&mut self, turn: Self) {
        self.elapsed += turn.elapsed;
        self.count += turn.count;
        self.latencies.extend(turn.latencies);
    }

    /// Pieces of work per second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count in a table")]
        let count = self.count as f64;
        count / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that so many per mille of the work stayed within, in ms.
    pub fn percentile(&self, per_mille: usize) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let place = sorted.len() * per_mille / 1_000;
        let found = sorted.get(place).or(sorted.last())?;
        Some(found.as_secs_f64() * 1_000.0)
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    name: String,
    unit: &'static str,
    ours: Sample,
    bare: Option<Sample>,
    floor: Option<f64>,
    aim: Option<f64>,
}

impl Line {
    /// Something measured on our side only.
    pub fn alone(name: impl Into<String>, unit: &'static str, ours: Sample) -> Self {
        Self {
            name: name.into(),
            unit,
            ours,
            bare: None,
            floor: None,
            aim: None,
        }
    }

    /// Something measured on both sides in turns.
    pub fn beside(name: impl Into<String>, unit: &'static str, ours: Sample, bare: Sample) -> Self {
        Self {
            bare: Some(bare),
            ..Self::alone(name, unit, ours)
        }
    }

    /// The least ratio of the rates, and the one that is aimed at.
    #[must_use]
    pub fn wants(self, floor: f64, aim: f64) -> Self {
        Self {
            floor: Some(floor),
            aim: Some(aim),
            ..self
        }
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.ours.rate() / self.bare.as_ref()?.rate())
    }

    fn verdict(&self) -> &'static str {
        match (self.ratio(), self.floor, self.aim) {
            (Some(ratio), _, Some(aim)) if ratio >= aim => "aim",
            (Some(ratio), Some(floor), _) if ratio >= floor => "floor",
            (Some(_), Some(_), _) => "BELOW",
            _ => "",
        }
    }

    fn cells(&self) -> [String; 10] {
        let rate = |side: &Sample| format!("{:.0}", side.rate());
        let ms = |side: &Sample, per_mille| {
            let found = side.percentile(per_mille);
            found.map(|ms| format!("{ms:.2}")).unwrap_or_default()
        };
        let number = |value: Option<f64>| value.map(|it| format!("{it:.2}")).unwrap_or_default();
        let bare = self.bare.as_ref();
        [
            format!("{} [{}/s]", self.name, self.unit),
            rate(&self.ours),
            ms(&self.ours, 500),
            ms(&self.ours, 990),
            bare.map(rate).unwrap_or_default(),
            bare.map(|side| ms(side, 500)).unwrap_or_default(),
            bare.map(|side| ms(side, 990)).unwrap_or_default(),
            number(self.ratio()),
            number(self.floor),
            self.verdict().to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let side = |side: &Sample| {
            json!({
                "per_second": side.rate(),
                "p50_ms": side.percentile(500),
                "p99_ms": side.percentile(990),
            })
        };
        json!({
            "name": self.name,
            "unit": self.unit,
            "ours": side(&self.ours),
            "bare": self.bare.as_ref().map(side),
            "ratio": self.ratio(),
            "floor": self.floor,
            "aim": self.aim,
        })
    }
}

/// A value that is no rate, such as a size or a time, with its limits.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// At most so much, and what is aimed at.
    pub limits: Option<(f64, f64)>,
}

impl Figure {
    fn text(&self) -> String {
        let Self {
            name, value, unit, ..
        } = self;
        let limits = self.limits.map(|(floor, aim)| {
            let verdict = match *value {
                value if value <= aim => "aim",
                value if value <= floor => "floor",
                _ => "ABOVE",
            };
            format!("  (at most {floor}, aim {aim}: {verdict})")
        });
        format!("{name}: {value:.2} {unit}{}", limits.unwrap_or_default())
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "at_most": self.limits.map(|(floor, _)| floor),
            "aim": self.limits.map(|(_, aim)| aim),
        })
    }
}

/// Everything one benchmark found out.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a line.
    pub fn line(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds a figure.
    pub fn figure(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        limits: Option<(f64, f64)>,
    ) {
        self.figures.push(Figure {
            name: name.into(),
            value,
            unit,
            limits,
        });
    }

    /// Prints it, as JSON after `-- --format json`.
    pub fn print(&self, title: &str) {
        let arguments: Vec<String> = std::env::args().collect();
        if arguments
            .windows(2)
            .any(|pair| pair == ["--format", "json"])
        {
            let lines: Vec<Value> = self.lines.iter().map(Line::json).collect();
            let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
            println!(
                "{}",
                json!({"title": title, "lines": lines, "figures": figures})
            );
            return;
        }
        if self.lines.is_empty() && self.figures.is_empty() {
            return;
        }
        println!("\n## {title}\n");
        if !self.lines.is_empty() {
            self.print_table();
        }
        for figure in &self.figures {
            println!("{}", figure.text());
        }
    }

    fn print_table(&self) {
        const HEADS: [&str; 10] = [
            "what", "ours", "p50 ms", "p99 ms", "bare", "p50 ms", "p99 ms", "ratio", "floor",
            "reached",
        ];
        let mut rows = vec![HEADS.map(str::to_owned)];
        rows.extend(self.lines.iter().map(Line::cells));
        let mut widths = [0; HEADS.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &rows {
            let cells = row.iter().zip(widths).enumerate();
            let cells = cells.map(|(place, (cell, width))| match place {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
        println!();
    }
}
