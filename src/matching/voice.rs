//! Whether gates and factors say why. A ranking asks a hundred thousand pairs
//! and shows twenty: the reasons of the others need not be made. Written
//! against [`Voice`], a rule computes and explains in one place, and the
//! compiler leaves the explanations out where nobody listens.

use crate::domain::scoring::{GateVerdict, Reason};

/// What becomes of a reason.
pub trait Voice {
    /// What is kept of it.
    type Reason;

    /// Keeps it, or doesn't even make it.
    fn because(reason: impl FnOnce() -> Reason) -> Self::Reason;
}

/// Says why.
#[derive(Debug)]
pub enum Aloud {}

impl Voice for Aloud {
    type Reason = Reason;

    fn because(reason: impl FnOnce() -> Reason) -> Reason {
        reason()
    }
}

/// Keeps the reason to itself.
#[derive(Debug)]
pub enum Silent {}

impl Voice for Silent {
    type Reason = ();

    fn because(_: impl FnOnce() -> Reason) {}
}

/// A gate's answer.
#[derive(Debug)]
pub struct Answer<V: Voice> {
    /// What it says.
    pub verdict: GateVerdict,
    /// Why.
    pub reason: V::Reason,
}

impl<V: Voice> Answer<V> {
    /// An answer with its reason.
    pub fn new(verdict: GateVerdict, reason: impl FnOnce() -> Reason) -> Self {
        Self {
            verdict,
            reason: V::because(reason),
        }
    }
}

/// A factor's value.
#[derive(Debug)]
pub struct Value<V: Voice> {
    /// In bp; `None` when a fact is missing.
    pub value: Option<i64>,
    /// Why.
    pub reason: V::Reason,
}

impl<V: Voice> Value<V> {
    /// A value with its reason.
    pub fn known(value: i64, reason: impl FnOnce() -> Reason) -> Self {
        Self {
            value: Some(value),
            reason: V::because(reason),
        }
    }

    /// No value, and which fact is missing.
    pub fn unknown(reason: impl FnOnce() -> Reason) -> Self {
        Self {
            value: None,
            reason: V::because(reason),
        }
    }
}
