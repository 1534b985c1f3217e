//! What invented investors did before.

use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::revealed::Observation;
use crate::domain::scoring::WHOLE;
use crate::matching::past::Past;

/// One of so many investors did something, by lot.
#[derive(Debug)]
pub(super) struct Acts {
    one_in: u128,
}

impl Acts {
    pub(super) fn of_one_in(investors: u64) -> Self {
        Self {
            one_in: u128::from(investors.max(1)),
        }
    }
}

fn mixed(startup: u128, investor: u128) -> u128 {
    (startup * 31)
        .wrapping_add(investor)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        >> 20
}

impl Past for Acts {
    fn knows(&self, investor: OrganizationId) -> bool {
        mixed(0, investor.uuid().as_u128()).is_multiple_of(self.one_in)
    }

    fn value(&self, startup: StartupProfileId, investor: OrganizationId) -> Option<i64> {
        let mixed = mixed(
            startup.uuid().as_u128() & 0xFFFF_FFFF,
            investor.uuid().as_u128(),
        );
        let value = i64::try_from(mixed % u128::from(WHOLE.unsigned_abs() + 1));
        value.ok().filter(|_| self.knows(investor))
    }

    /// Rankings don't ask for it.
    fn observation(&self, _: StartupProfileId, _: OrganizationId) -> Option<Observation> {
        None
    }
}
