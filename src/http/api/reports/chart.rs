//! A report as bars (SVG 1.1): one group a row, one bar a column of the first
//! unit that it has. It holds no script, and says in words what it shows.

use std::fmt::Write as _;

use super::shown;
use crate::domain::report::{Column, Unit};
use crate::services::reports::Report;

/// The frame, in pixels.
const LEFT: usize = 220;
const WIDE: i64 = 420;
const BAR: usize = 16;
const GAP: usize = 10;
const TOP: usize = 48;
/// Colours that people who tell few apart can tell apart (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
];
/// Most rows of one picture.
const ROWS: usize = 200;

/// The text as it stands in XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 knows no other control characters.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
    out
}

/// The columns that are drawn: those of counts, shares where firms are few.
fn drawn(columns: &[Column]) -> Vec<(usize, &Column)> {
    let of = |unit| {
        let all = columns.iter().enumerate();
        all.filter(move |(_, column)| column.unit == unit)
            .collect::<Vec<_>>()
    };
    let shares = of(Unit::Share);
    let counts = of(Unit::Count);
    if counts.len() > 1 { counts } else { shares }
}

/// Draws a report.
pub(super) fn draw(report: &Report) -> String {
    let table = &report.table;
    let columns = drawn(table.columns);
    let rows: Vec<_> = table.rows.iter().take(ROWS).collect();
    let most = rows
        .iter()
        .flat_map(|row| columns.iter().filter_map(|(place, _)| shown(row, *place)))
        .max()
        .unwrap_or(0)
        .max(1);
    let group = columns.len() * BAR + GAP;
    let high = TOP + rows.len() * group + 2 * BAR;
    let title = escaped(&format!(
        "{}: {} as of {}",
        report.programme.details.title, table.kind, report.as_of
    ));
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {high}\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"sans-serif\" font-size=\"11\">\
         <title id=\"title\">{title}</title><desc id=\"desc\">{}</desc>\
         <rect width=\"720\" height=\"{high}\" fill=\"#fff\"/>\
         <text x=\"12\" y=\"20\" font-size=\"14\">{title}</text>",
        escaped(&described(report, &columns)),
    );
    let mut across = 12;
    for (colour, (_, column)) in COLOURS.iter().cycle().zip(&columns) {
        let _ = write!(
            out,
            "<rect x=\"{across}\" y=\"28\" width=\"10\" height=\"10\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"37\">{}</text>",
            across + 14,
            escaped(column.key),
        );
        across += 30 + 7 * column.key.len();
    }
    for (place, row) in rows.iter().enumerate() {
        let top = TOP + place * group;
        let name = row.keys.join(" / ");
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8,
            top + BAR - 4,
            escaped(&name),
        );
        for (bar, (colour, (column, _))) in COLOURS.iter().cycle().zip(&columns).enumerate() {
            let down = top + bar * BAR;
            let value = shown(row, *column);
            let wide = value.unwrap_or(0).max(0).saturating_mul(WIDE) / most;
            let hidden = row.hidden.get(*column) == Some(&true);
            let words = match value {
                Some(value) => value.to_string(),
                None if hidden => "hidden".to_owned(),
                None => "–".to_owned(),
            };
            let _ = write!(
                out,
                "<rect x=\"{LEFT}\" y=\"{down}\" width=\"{wide}\" height=\"{}\" fill=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{}\">{words}</text>",
                BAR - 3,
                i64::try_from(LEFT).unwrap_or(0) + wide + 4,
                down + BAR - 5,
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// The same in words, for those who don't see it.
fn described(report: &Report, columns: &[(usize, &Column)]) -> String {
    let mut words = String::new();
    for row in report.table.rows.iter().take(ROWS) {
        let _ = write!(words, "{}:", row.keys.join(" / "));
        for (place, column) in columns {
            let value = shown(row, *place);
            let value = value.map_or("not told".to_owned(), |it| it.to_string());
            let _ = write!(words, " {} {value},", column.key);
        }
        words.pop();
        words.push_str(". ");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        let text = "<script>alert('1')</script>\u{0} & \"x\"";
        assert_eq!(
            escaped(text),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;"
        );
    }
}
