//! Two organizations in no order: stored with the lower id first, so that
//! each pair has one row whichever side a question comes from.

use crate::domain::ids::OrganizationId;

/// The pair as it is stored.
pub(super) fn ordered(a: OrganizationId, b: OrganizationId) -> (OrganizationId, OrganizationId) {
    if a <= b { (a, b) } else { (b, a) }
}

/// The one of a stored pair that `own` meets in it.
pub(super) fn counterpart(
    own: OrganizationId,
    (lower, upper): (OrganizationId, OrganizationId),
) -> OrganizationId {
    if lower == own { upper } else { lower }
}
