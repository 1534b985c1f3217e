//! The trace that a request is part of, as its caller names it (W3C Trace
//! Context, level 1), so that what was done for one request in several programs
//! is found together.

use std::fmt;

/// The name of a trace: 16 bytes, not all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// The trace of a `traceparent` header; none for one that can't be read,
    /// which the recommendation has as good as absent (§3.2.2): it is a
    /// stranger's text, and what is read of it is only hexadecimal digits.
    pub fn of_traceparent(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let mut part = |length| parts.next().filter(|text| is_hex(text, length));
        let (version, trace, parent, _flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // A later version may have more parts, this one has not.
        let known = version == "00";
        if version == "ff" || is_zero(parent) || (known && parts.next().is_some()) {
            return None;
        }
        Self::of_hex(trace)
    }

    /// The trace with that name, of 32 hexadecimal digits in lower case.
    pub fn of_hex(text: &str) -> Option<Self> {
        if !is_hex(text, 32) || is_zero(text) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

/// 32 hexadecimal digits in lower case.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    text.len() == length && text.bytes().all(digit)
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(header: &str) -> Option<String> {
        TraceId::of_traceparent(header).map(|trace| trace.to_string())
    }

    #[test]
    fn the_trace_is_read_and_written_alike() {
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        assert_eq!(read(&header).as_deref(), Some(TRACE));
        let small = format!("00-{:032x}-00f067aa0ba902b7-00", 7);
        assert_eq!(read(&small), Some(format!("{:032x}", 7)));
        // What a later version adds is left alone.
        let later = format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-brings");
        assert_eq!(read(&later).as_deref(), Some(TRACE));
    }

    #[test]
    fn what_breaks_the_form_is_no_trace() {
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-0x"),
            format!("00-+{}-00f067aa0ba902b7-01", &TRACE[1..]),
            format!("00-{TRACE}\r\nforged: line-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(read(&bad), None, "{bad:?}");
        }
    }
}
