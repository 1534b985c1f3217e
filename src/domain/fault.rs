//! What is wrong with a document, all of it at once, each fault at its place.

use std::borrow::Cow;
use std::fmt;

/// One thing that is wrong at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a JSON Pointer (RFC 6901) such as `/cheque/min`; empty means
    /// the whole document.
    pub pointer: String,
    /// What, for programs: stable, `snake_case`.
    pub code: Cow<'static, str>,
    /// What, for people: one sentence in English.
    pub detail: String,
    /// What may have been meant, the likeliest first: slugs that could stand
    /// there.
    pub suggestions: Vec<String>,
}

impl Fault {
    /// A fault at that place, for which nothing better is known.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
            suggestions: Vec::new(),
        }
    }

    /// The same with what may have been meant.
    #[must_use]
    pub fn suggesting(self, suggestions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            suggestions: suggestions.into_iter().map(Into::into).collect(),
            ..self
        }
    }
}

/// The faults of one document, collected while it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Notes a fault.
    pub fn push(
        &mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) {
        self.add(Fault::new(pointer, code, detail));
    }

    /// Notes a fault that was found elsewhere.
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The value of `result`, or `None` with its error noted at `pointer`.
    pub fn take<T, E: fmt::Display>(
        &mut self,
        pointer: impl Into<String>,
        code: &'static str,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| self.push(pointer, code, error.to_string()))
            .ok()
    }

    /// The value of a nested part, or `None` with the part's faults noted
    /// under `prefix`.
    pub fn nest<T>(&mut self, prefix: &str, part: Result<T, Faults>) -> Option<T> {
        part.map_err(|faults| self.absorb(prefix, faults)).ok()
    }

    /// Adds the faults of a part that stands at `prefix` in this document.
    pub fn absorb(&mut self, prefix: &str, part: Faults) {
        let placed = part.0.into_iter().map(|fault| Fault {
            pointer: format!("{prefix}{}", fault.pointer),
            ..fault
        });
        self.0.extend(placed);
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The faults in the order they were found.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// All faults, if there is one.
    pub fn finish(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_faults_stand_under_their_prefix() {
        let mut part = Faults::new();
        part.push("/min", "too_low", "The minimum is below zero.");
        let mut whole = Faults::new();
        whole.push("", "empty", "Nothing is set.");
        assert_eq!(whole.nest::<()>("/cheque", part.finish()), None);
        let pointers: Vec<_> = whole.into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["", "/cheque/min"]);
    }

    #[test]
    fn no_fault_finishes_well() {
        let mut faults = Faults::new();
        assert_eq!(
            faults.take("/n", "not_a_number", "7".parse::<u8>()),
            Some(7)
        );
        assert_eq!(faults.finish(), Ok(()));
    }
}
