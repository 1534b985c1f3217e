//! The pure core: values, rules and state machines. Nothing here reads a
//! clock, rolls dice, touches a disk or knows how anything is written on the
//! wire; facts come in as arguments and decisions go out as values.

pub mod event;
pub mod fault;
pub mod ids;
pub mod money;
