//! What a side says besides its yes to an introduction: who may read along,
//! and when it could meet.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// A time at which a side could meet the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// For how long, in minutes.
    pub minutes: u32,
    /// By whose clock it was given.
    pub zone: Tz,
}

/// What comes with a yes or with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// Words for the operator's people.
    pub note: Option<String>,
    /// A curator of the programme may get the mail that connects, too.
    pub curator_copy: bool,
    /// When they could meet, the dearest first.
    pub slots: Vec<Slot>,
}
