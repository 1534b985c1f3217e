//! Use cases: one public function loads facts, asks the domain, stores what
//! it decided and appends the event, in one transaction.

pub mod accounts;
pub mod attempts;
pub mod caller;
pub mod claims;
pub mod clients;
pub mod compliance;
pub mod contacts;
pub mod context;
pub mod corrections;
pub mod deals;
pub mod disclosure;
pub mod error;
pub mod failures;
pub mod imports;
pub mod index;
pub mod introductions;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod mandates;
pub mod matches;
pub mod members;
pub mod messages;
pub mod notices;
pub mod once;
pub mod organizations;
pub mod paging;
pub mod programmes;
pub mod ranking;
pub mod recompute;
pub mod second_factor;
pub mod sessions;
pub mod signing;
pub mod startups;
pub mod teasers;
pub mod tickets;
mod transitions;

pub use caller::Caller;
pub use context::{Clock, Context, Parts, Settings};
pub use error::{AuthFault, Error, Refusal};
pub use once::Intent;
