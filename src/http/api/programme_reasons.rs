//! Why programmes were declined, suspended or terminated.

use serde::Serialize;
use utoipa::ToSchema;

use super::values::time;
use crate::domain::programme::ProgrammeReason;

/// Why a programme was moved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProgrammeReason)]
pub struct ProgrammeReasonView {
    /// What was done.
    #[schema(max_length = 40, example = "suspend")]
    action: &'static str,
    /// Where it stood before.
    #[schema(max_length = 20, example = "active")]
    from: &'static str,
    /// Why, in words.
    #[schema(max_length = 1000)]
    reason: String,
    /// Who did it.
    #[schema(format = "uuid", max_length = 36)]
    by: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&ProgrammeReason> for ProgrammeReasonView {
    fn from(reason: &ProgrammeReason) -> Self {
        Self {
            action: reason.action.code(),
            from: reason.from.code(),
            reason: reason.reason.clone(),
            by: reason.by.to_string(),
            at: time(reason.at),
        }
    }
}
