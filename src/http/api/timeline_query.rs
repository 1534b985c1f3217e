//! Which part of a timeline is asked for.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::problem::{Kind, Problem};
use crate::services::log::PAGE;

/// From where on, and how much.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// After that position.
    #[serde(default)]
    #[param(minimum = 0, default = 0)]
    pub after: i64,
    /// How many events at most.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 100)]
    pub limit: usize,
}

const fn default_limit() -> usize {
    PAGE
}

impl TimelineQuery {
    /// The position and the limit.
    ///
    /// # Errors
    /// 400 if one is out of range.
    pub fn read(&self) -> Result<(i64, usize), Problem> {
        if self.after < 0 || !(1..=PAGE).contains(&self.limit) {
            let detail = format!("`after` must be from 0, `limit` 1–{PAGE}.");
            return Err(Problem::new(Kind::BadQuery).detail(detail));
        }
        Ok((self.after, self.limit))
    }
}
