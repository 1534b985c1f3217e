//! Score against outcome as a picture (SVG 1.1): a dot a bin, as wide as it
//! has pairs, with its interval. Only numbers come in, so nothing is escaped.

use std::fmt::Write as _;

use crate::services::backtest::Bin;

/// The frame of the plot, in pixels.
const LEFT: i64 = 60;
const TOP: i64 = 40;
const WIDE: i64 = 400;
const HIGH: i64 = 240;

/// Draws the bins.
pub(super) fn draw(bins: &[Bin], answered: usize) -> String {
    let (right, bottom) = (LEFT + WIDE, TOP + HIGH);
    let x = |bp: i64| LEFT + bp * WIDE / 10_000;
    let y = |bp: i64| bottom - bp * HIGH / 10_000;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 480 340\" role=\"img\" \
         aria-label=\"Score against outcome\" font-family=\"sans-serif\" font-size=\"11\">\
         <title>Score against outcome: {answered} pairs answered</title>\
         <rect width=\"480\" height=\"340\" fill=\"#fff\"/>\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">Score against outcome \
         ({answered} pairs answered)</text>"
    );
    for share in (0..=10_000).step_by(2_500) {
        let (percent, across, up) = (share / 100, x(share), y(share));
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{up}\" x2=\"{right}\" y2=\"{up}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{percent}%</text>\
             <text x=\"{across}\" y=\"{}\" text-anchor=\"middle\">{percent}%</text>",
            LEFT - 8,
            up + 4,
            bottom + 16,
        );
    }
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">score</text>\
         <text x=\"16\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {})\">\
         share taken up</text>",
        LEFT + WIDE / 2,
        bottom + 36,
        TOP + HIGH / 2,
        TOP + HIGH / 2,
    );
    for bin in bins {
        let Some([share, low, high]) = bin.share else {
            continue;
        };
        let across = x(i64::midpoint(bin.from, bin.to));
        let radius = 3 + bin.pairs.isqrt().min(12);
        let _ = write!(
            out,
            "<line x1=\"{across}\" y1=\"{}\" x2=\"{across}\" y2=\"{}\" stroke=\"#555\"/>\
             <circle cx=\"{across}\" cy=\"{}\" r=\"{radius}\" fill=\"#06c\" \
             fill-opacity=\".7\"><title>{}–{}: {} of {}</title></circle>",
            y(low),
            y(high),
            y(share),
            bin.from,
            bin.to,
            bin.taken_up,
            bin.pairs,
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_with_pairs_are_drawn_and_others_are_not() {
        let bin = |from, share| Bin {
            from,
            to: from + 1_000,
            pairs: 4,
            taken_up: 2,
            share,
        };
        let svg = draw(&[bin(0, None), bin(9_000, Some([5_000, 1_500, 8_500]))], 4);
        assert_eq!(svg.matches("<circle").count(), 1);
        assert!(svg.contains("cx=\"440\" cy=\"160\" r=\"5\""), "{svg}");
        assert!(svg.contains("9000–10000: 2 of 4"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    }
}
