//! What a side says besides its yes to an introduction: who may read along,
//! and when it could meet. Out of what both offer one time is proposed to
//! both, as an invitation to their calendars.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::ids::IntroductionId;
use super::values::{Side, codes};

/// Most times that a side offers.
pub const MOST_SLOTS: usize = 5;

/// The shortest and the longest meeting, in minutes.
pub const MINUTES: std::ops::RangeInclusive<u32> = 15..=240;

/// How far ahead a time can be, in days.
pub const SLOT_DAYS: i64 = 180;

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

impl Slot {
    /// When it ends.
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.starts_at + TimeDelta::minutes(self.minutes.into())
    }

    /// The time that two have in common, where it is as long as the shorter one.
    fn common(&self, other: &Self) -> Option<Self> {
        let starts_at = self.starts_at.max(other.starts_at);
        let minutes = self.minutes.min(other.minutes);
        let common = Self {
            starts_at,
            minutes,
            ..*self
        };
        (common.ends_at() <= self.ends_at().min(other.ends_at())).then_some(common)
    }
}

/// A time, and who offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Which side.
    pub side: Side,
    /// When.
    pub slot: Slot,
}

/// What comes with a yes or with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enclosed {
    /// Words for the operator's people.
    pub note: Option<String>,
    /// A curator of the programme may get the mail that connects, too.
    pub curator_copy: bool,
    /// When they could meet.
    pub slots: Vec<Slot>,
}

codes! {
    /// Where a proposed meeting stands.
    MeetingStatus {
        /// It is proposed to both.
        Proposed = "proposed",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

/// The meeting that is proposed to both sides of an introduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    /// Of which introduction.
    pub introduction: IntroductionId,
    /// How often what both were told changed (RFC 5545 §3.8.7.4).
    pub sequence: u32,
    /// Where it stands.
    pub status: MeetingStatus,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// For how long, in minutes.
    pub minutes: u32,
    /// When that was decided.
    pub updated_at: DateTime<Utc>,
}

/// The time to propose: what both offer before what one does, a working day of
/// both before one that somebody has off, and then the earliest; none where all
/// have passed.
pub fn choose(
    offers: &[Offer],
    now: DateTime<Utc>,
    is_day_off: impl Fn(&Slot) -> bool,
) -> Option<Slot> {
    let of = |side| offers.iter().filter(move |offer| offer.side == side);
    let common = of(Side::Startup)
        .flat_map(|one| of(Side::Investor).filter_map(|other| one.slot.common(&other.slot)));
    let single = offers.iter().map(|offer| offer.slot);
    common
        .map(|slot| (false, slot))
        .chain(single.map(|slot| (true, slot)))
        .filter(|(_, slot)| slot.starts_at > now)
        .min_by_key(|(alone, slot)| (is_day_off(slot), *alone, slot.starts_at, slot.minutes))
        .map(|(_, slot)| slot)
}

/// The time to propose where one is proposed already: that stays as long as it
/// is offered, unless the other side offers one that both can.
pub fn choose_again(
    offers: &[Offer],
    meeting: &Meeting,
    now: DateTime<Utc>,
    is_day_off: impl Fn(&Slot) -> bool,
) -> Option<Slot> {
    let ends_at = meeting.starts_at + TimeDelta::minutes(meeting.minutes.into());
    let offers_it = |offer: &&Offer| {
        offer.slot.starts_at <= meeting.starts_at && ends_at <= offer.slot.ends_at()
    };
    let by: Vec<_> = offers.iter().filter(offers_it).collect();
    let stands = meeting.status == MeetingStatus::Proposed && meeting.starts_at > now;
    let chosen = choose(offers, now, is_day_off);
    let is_common = |slot: &Slot| {
        [Side::Startup, Side::Investor].into_iter().all(|side| {
            let mut own = offers.iter().filter(|offer| offer.side == side);
            own.any(|offer| {
                offer.slot.starts_at <= slot.starts_at && slot.ends_at() <= offer.slot.ends_at()
            })
        })
    };
    match by.first() {
        Some(offer) if stands && !chosen.as_ref().is_some_and(is_common) => Some(Slot {
            starts_at: meeting.starts_at,
            minutes: meeting.minutes,
            zone: offer.slot.zone,
        }),
        Some(offer) if stands && by.iter().any(|other| other.side != offer.side) => Some(Slot {
            starts_at: meeting.starts_at,
            minutes: meeting.minutes,
            zone: offer.slot.zone,
        }),
        _ => chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(side: Side, starts_at: &str, minutes: u32) -> Offer {
        Offer {
            side,
            slot: Slot {
                starts_at: starts_at.parse().unwrap(),
                minutes,
                zone: chrono_tz::UTC,
            },
        }
    }

    fn chosen(offers: &[Offer], off: &str) -> Option<(String, u32)> {
        let now = "2026-11-29T09:00:00Z".parse().unwrap();
        let is_day_off = |slot: &Slot| slot.starts_at.date_naive().to_string() == off;
        choose(offers, now, is_day_off).map(|slot| (slot.starts_at.to_rfc3339(), slot.minutes))
    }

    #[test]
    fn what_both_offer_comes_first_then_a_working_day_then_the_earliest() {
        let early = offer(Side::Startup, "2026-12-01T08:00:00Z", 60);
        let later = offer(Side::Startup, "2026-12-03T08:00:00Z", 60);
        let overlap = offer(Side::Investor, "2026-12-03T08:30:00Z", 30);
        let short = offer(Side::Investor, "2026-12-03T08:45:00Z", 30);
        let at = |text: &str, minutes| Some((text.to_owned(), minutes));
        assert_eq!(chosen(&[], ""), None);
        assert_eq!(
            chosen(&[later, early], ""),
            at("2026-12-01T08:00:00+00:00", 60)
        );
        assert_eq!(
            chosen(&[early, later, overlap], ""),
            at("2026-12-03T08:30:00+00:00", 30)
        );
        // Fifteen minutes in common are less than either wants.
        assert_eq!(
            chosen(&[early, later, short], ""),
            at("2026-12-01T08:00:00+00:00", 60)
        );
        // A day off is taken only where there is no other.
        assert_eq!(
            chosen(&[early, later, overlap], "2026-12-03"),
            at("2026-12-01T08:00:00+00:00", 60)
        );
        assert_eq!(
            chosen(&[early], "2026-12-01"),
            at("2026-12-01T08:00:00+00:00", 60)
        );
        let meeting = |starts_at: &str, status| Meeting {
            introduction: uuid::Uuid::nil().into(),
            sequence: 0,
            status,
            starts_at: starts_at.parse().unwrap(),
            minutes: 60,
            updated_at: starts_at.parse().unwrap(),
        };
        let again = |offers: &[Offer], meeting: &Meeting| {
            let now = "2026-11-29T09:00:00Z".parse().unwrap();
            let chosen = choose_again(offers, meeting, now, |_| false);
            chosen.map(|slot| slot.starts_at.to_rfc3339())
        };
        let proposed = meeting("2026-12-03T08:00:00Z", MeetingStatus::Proposed);
        // One more time moves nothing; one that both can does.
        let stays = Some("2026-12-03T08:00:00+00:00".to_owned());
        assert_eq!(again(&[later, early], &proposed), stays);
        let other = offer(Side::Investor, "2026-12-01T08:00:00Z", 60);
        let moved = Some("2026-12-01T08:00:00+00:00".to_owned());
        assert_eq!(again(&[later, early, other], &proposed), moved);
        let agrees = offer(Side::Investor, "2026-12-03T08:00:00Z", 60);
        assert_eq!(again(&[later, early, other, agrees], &proposed), stays);
        assert_eq!(again(&[early], &proposed), moved, "no longer offered");
        assert_eq!(again(&[], &proposed), None);
        let cancelled = meeting("2026-12-03T08:00:00Z", MeetingStatus::Cancelled);
        assert_eq!(again(&[later, early], &cancelled), moved);
        let passed = offer(Side::Startup, "2026-11-29T09:00:00Z", 60);
        assert_eq!(chosen(&[passed], ""), None);
    }
}
