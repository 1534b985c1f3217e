//! The startups of `support/world`, as the bare server keeps them.

use super::Profile;
use crate::support::world;

/// The record with that number.
pub fn record(n: u32) -> Profile {
    let profile = world::profile(world::numbered(1, 0).into(), n);
    let created_at = profile.created_at.timestamp_micros();
    Profile {
        id: profile.id.uuid(),
        organization_id: profile.organization.uuid(),
        country: profile
            .country
            .map_or_else(String::new, |it| it.to_string()),
        status: profile.status.code().to_owned(),
        one_liner: world::ONE_LINER.to_owned(),
        summary: world::SUMMARY.to_owned(),
        tags: "water_loss".to_owned(),
        stage: "seed".to_owned(),
        target: 250_000_000,
        version: profile.version,
        created_at,
        updated_at: created_at,
    }
}
