//! The store, on SQLite and PostgreSQL behind one query layer.
//!
//! A use case opens [`Db::write`] once and calls functions of the aggregates'
//! modules with the connection it is given; rows are private to those
//! modules. What has to differ between the back-ends is in `sql.rs`.
//!
//! | module | holds |
//! |---|---|
//! | [`events`], [`chain`] | the log: append, seal, read, verify |
//! | [`consumers`], [`leases`] | who has read how far; who does what alone |
//! | [`outbox`], [`envelopes`] | what has to be sent, and to whom by itself |
//! | [`idempotency`] | what a repeated request is answered |
//! | [`secrets`] | sealed keys that all nodes share |
//! | [`page`] | keyset cursors |
//! | [`together`] | what is stored in one statement |
//! | [`organizations`], [`users`] | firms, people, memberships |
//! | [`sessions`], [`second_factors`] | who is signed in where, and how that was proved |
//! | [`clients`], [`api_keys`] | programs of partners and of people |
//! | [`tickets`], [`consents`] | mailed permissions, and what people agreed to |
//! | [`startup_profiles`], [`investor_profiles`], [`mandates`] | what the sides say, revision by revision |
//! | [`referrals`] | what partners handed in |
//! | [`imports`], [`exports`] | files of firms, what became of their rows, and files of records |
//! | [`duplicates`], [`merges`], [`identifiers`] | records that may be of one firm, and what was made of them |
//! | [`saved_views`] | lists with their parameters, under names |
//! | [`search`] | what profiles and mandates are found by |
//! | [`agreements`], [`commitments`], [`programme_evidence`] | what programmes sign and promise, and the evidence |
//! | [`practices`] | what firms show each other |
//! | [`held_texts`] | what is said of practices and programmes and has to be read first |
//! | [`reports`] | whose introductions and deals a programme's are |
//! | [`programmes`], [`admissions`], [`rule_sets`], [`pipeline_sets`], [`rates`], [`rate_locks`] | what matching goes by, and what amounts are compared by |
//! | [`abuse_reports`] | who reported abuse, and whether that holds |
//! | [`clearances`], [`licences`], [`freezes`], [`blocks`], [`walls`], [`legal_holds`], [`disclosures`] | compliance, and the ledger of what was shown |
//! | [`mod@matches`], [`introductions`], [`deals`], [`syndicates`], [`closings`] | what comes of it |
//! | [`tags`], [`taxonomies`] | the tags that curators keep, and as scores saw them |
//! | [`deal_documents`], [`deal_notes`], [`deal_tasks`], [`deal_plans`], [`deal_clocks`] | what is noted, to be done and planned about deals, and until when |
//! | [`worklist`], [`second_turns`] | which records wait for somebody |
//! | [`erasure`], [`wipe`] | what goes when a person or a record is erased |
//! | [`types`], `schema`, [`migrate`] | columns, tables, their history |

pub mod abuse_reports;
pub mod admissions;
pub mod agreements;
mod amounts;
pub mod api_keys;
pub mod blocks;
pub mod bounces;
pub mod chain;
mod checkpoints;
pub mod clearances;
pub mod clients;
pub mod closings;
pub mod commitment_watch;
pub mod commitments;
pub mod confirmations;
mod conn;
pub mod consents;
pub mod consents_before;
pub mod consumers;
pub mod contacts;
pub mod curations;
pub mod deal_clocks;
pub mod deal_documents;
pub mod deal_notes;
pub mod deal_plans;
mod deal_schema;
pub mod deal_seconds;
pub mod deal_tasks;
pub mod deals;
pub mod decisions;
pub mod digests;
mod directory_schema;
pub mod disclosures;
mod document_schema;
pub mod documents;
mod duplicate_schema;
pub mod duplicates;
pub mod envelopes;
pub mod erasure;
mod error;
pub mod events;
mod exchange_schema;
pub mod exports;
pub mod freezes;
pub mod gather;
pub mod head;
pub mod held_texts;
pub mod idempotency;
pub mod identifiers;
mod identity_schema;
pub mod imports;
pub mod introduction_consents;
pub mod introductions;
pub mod investments;
pub mod investor_profiles;
mod investor_schema;
mod job;
pub mod json;
mod keyset;
pub mod leases;
pub mod legal_holds;
pub mod licences;
mod limited;
pub mod mail_copies;
pub mod mail_mentions;
mod mail_schema;
pub mod mandates;
pub mod matches;
pub mod merges;
pub mod migrate;
mod name_order;
pub mod organizations;
pub mod outbox;
pub mod page;
mod pair;
pub mod pipeline_sets;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod practice_schema;
pub mod practices;
mod prepared;
pub mod programme_evidence;
pub mod programme_reasons;
mod programme_schema;
pub mod programmes;
pub mod rate_locks;
mod rate_schema;
pub mod rates;
pub mod record_names;
pub mod referrals;
pub mod releases;
pub mod rematches;
pub mod reports;
pub mod review_comments;
mod review_schema;
pub mod reviews;
pub mod rounds;
mod rule_schema;
pub mod rule_sets;
pub mod saved_views;
mod schema;
pub mod search;
pub mod second_factors;
pub mod second_turns;
pub mod secrets;
pub mod sessions;
mod sql;
mod sqlite;
pub mod startup_profiles;
mod statements;
mod store;
mod stored;
pub mod suppressions;
pub mod suspensions;
pub mod syndicates;
pub mod tags;
pub mod taxonomies;
mod taxonomy_schema;
pub mod tickets;
pub mod together;
pub mod trace;
mod transaction;
pub mod types;
mod url;
pub mod users;
pub mod visits;
pub mod walks;
mod wall_schema;
pub mod walls;
pub mod wipe;
pub mod worklist;
mod writer;

pub use conn::Conn;
pub use error::{Error, OpenError, Result};
pub use store::{Db, Options};
pub use transaction::transaction;
pub use url::{InvalidUrl, Url};

/// Most ids that one statement names: SQLite binds 32 766 values, PostgreSQL
/// 65 535.
const IDS_AT_ONCE: usize = 5_000;
