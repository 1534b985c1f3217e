//! The pure core: values, rules and state machines. Nothing here reads a
//! clock, rolls dice, touches a disk or knows how anything is written on the
//! wire; facts come in as arguments and decisions go out as values.

pub mod account;
pub mod calendar;
pub mod client;
pub mod compliance;
pub mod consent;
pub mod country;
pub mod disclosure;
pub mod event;
pub mod fault;
pub mod grounds;
pub mod ids;
pub mod introduction;
pub mod investment;
pub mod mandate;
pub mod message;
pub mod money;
pub mod network;
pub mod organization;
pub mod permission;
pub mod pipeline;
pub mod profile;
pub mod programme;
pub mod pulse;
pub mod reason;
pub mod referral;
pub mod refusal;
pub mod revealed;
pub mod review;
pub mod rule_set;
pub mod scoring;
pub mod screening;
pub mod search;
pub mod session;
pub mod sound;
pub mod tag;
pub mod text;
pub mod ticket;
pub mod values;
pub mod wording;
