//! Which part of a timeline is asked for.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::query_string::within;
use crate::services::log::PAGE;

const _: () = assert!(PAGE == 100, "what the contract says of `limit`");

/// From where on, and how much.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// After that position.
    #[serde(default, deserialize_with = "within::<_, _, 0, { i64::MAX }>")]
    #[param(minimum = 0, default = 0)]
    pub after: i64,
    /// How many events at most.
    #[serde(default = "default_limit", deserialize_with = "within::<_, _, 1, 100>")]
    #[param(minimum = 1, maximum = 100, default = 100)]
    pub limit: usize,
}

const fn default_limit() -> usize {
    PAGE
}
