//! The other half of an MoU: one firm shows another how something is done.
//! An engagement goes from a curator's proposal over both firms' yes to
//! sessions that were held and, in the end, to what was adopted.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::fault::Faults;
use super::ids::{OrganizationId, PracticeId, ProgrammeId, UserId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::text::Slug;
use super::values::codes;

/// Most minutes of one session.
pub const MINUTES_MAX: u32 = 24 * 60;
/// Most people at one session.
pub const ATTENDEES_MAX: u32 = 10_000;

codes! {
    /// How an engagement stands.
    PracticeStatus {
        /// A curator's idea, of which neither firm knows.
        Proposed = "proposed",
        /// Given up before either firm knew of it.
        Withdrawn = "withdrawn",
        /// Both firms are asked, and see each other.
        Offered = "offered",
        /// Both said yes.
        Agreed = "agreed",
        /// A session was held.
        Running = "running",
        /// Something was adopted.
        Completed = "completed",
        /// A firm said no.
        Declined = "declined",
        /// It ended without that.
        Ended = "ended",
    }
}

impl PracticeStatus {
    /// Whether the firms know of it.
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::Proposed | Self::Withdrawn)
    }
}

codes! {
    /// What can happen to an engagement.
    PracticeAction {
        /// Both firms are asked.
        Offer = "offer",
        /// A firm says yes.
        Agree = "agree",
        /// A firm says no.
        Decline = "decline",
        /// A session was held.
        Hold = "hold",
        /// Something was adopted.
        Complete = "complete",
        /// It ends without that.
        End = "end",
    }
}

codes! {
    /// A part in an engagement.
    PracticePart {
        /// Shows how it is done.
        Giver = "giver",
        /// Learns it.
        Taker = "taker",
    }
}

/// An engagement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practice {
    /// Its id.
    pub id: PracticeId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// What is shown: a transfer topic.
    pub topic: Slug,
    /// Who shows it.
    pub giver: OrganizationId,
    /// Who learns it.
    pub taker: OrganizationId,
    /// What it is for, in words that both read.
    pub aim: String,
    /// How it stands.
    pub status: PracticeStatus,
    /// Whether the giver said yes.
    pub giver_agreed: bool,
    /// Whether the taker said yes.
    pub taker_agreed: bool,
    /// What was adopted, once it is completed.
    pub outcome: Option<String>,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was proposed.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Practice {
    /// The two firms.
    pub const fn firms(&self) -> [OrganizationId; 2] {
        [self.giver, self.taker]
    }

    /// Whether that part has said yes.
    pub const fn agreed(&self, part: PracticePart) -> bool {
        match part {
            PracticePart::Giver => self.giver_agreed,
            PracticePart::Taker => self.taker_agreed,
        }
    }
}

/// The machine: the engagement after `action`, or why it can't be. `part` is
/// the caller's in it, `hat` the capacity of the operator's people.
pub fn step(
    before: &Practice,
    action: PracticeAction,
    part: Option<PracticePart>,
    hat: Option<Hat>,
) -> Result<Practice, Refusal> {
    use PracticeAction as A;
    use PracticeStatus as S;

    let curator = hat == Some(Hat::Curator);
    let mut after = before.clone();
    let allowed = match (before.status, action) {
        (S::Proposed, A::Offer) => {
            after.status = S::Offered;
            curator
        }
        (S::Offered, A::Agree) => match part {
            None => false,
            Some(part) if before.agreed(part) => {
                let detail = "Your firm has agreed; it waits for the other one.";
                return Err(Refusal::new("agreed_already", detail));
            }
            Some(part) => {
                after.giver_agreed |= part == PracticePart::Giver;
                after.taker_agreed |= part == PracticePart::Taker;
                if after.giver_agreed && after.taker_agreed {
                    after.status = S::Agreed;
                }
                true
            }
        },
        (S::Offered, A::Decline) => {
            after.status = S::Declined;
            part.is_some()
        }
        (S::Agreed | S::Running, A::Hold) => {
            after.status = S::Running;
            curator || part.is_some()
        }
        (S::Running, A::Complete) => {
            after.status = S::Completed;
            curator || part.is_some()
        }
        (S::Agreed | S::Running, A::End) => {
            after.status = S::Ended;
            curator || part.is_some()
        }
        (S::Proposed, A::End) => {
            after.status = S::Withdrawn;
            curator
        }
        (S::Offered, A::End) => {
            after.status = S::Ended;
            curator
        }
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if allowed {
        Ok(after)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// A session that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeSession {
    /// Its id.
    pub id: Uuid,
    /// Of which engagement.
    pub practice: PracticeId,
    /// What was noted of it.
    pub held: Held,
    /// The firm whose people noted it; none for the operator's.
    pub organization: Option<OrganizationId>,
    /// Who noted it.
    pub by: UserId,
    /// When it was noted.
    pub created_at: DateTime<Utc>,
}

/// What is noted of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The day.
    pub on: NaiveDate,
    /// How long it took.
    pub minutes: u32,
    /// How many people were there.
    pub attendees: u32,
    /// Their names, as far as they were noted; kept apart from the rest.
    pub names: Vec<String>,
    /// How good it was, from 1 to 5.
    pub rating: Option<u32>,
    /// What people said of it.
    pub feedback: Option<String>,
    /// What shows that something of it is used.
    pub evidence: Option<String>,
}

impl Held {
    /// Every fault of what was noted, for a session of a programme that began
    /// on a day.
    pub fn faults(&self, from: NaiveDate, today: NaiveDate) -> Faults {
        let mut faults = Faults::new();
        if self.on > today {
            let detail = "A session is noted once it was held.";
            faults.push("/held_on", "in_the_future", detail);
        }
        if self.on < from {
            let detail = format!("The programme began on {from}.");
            faults.push("/held_on", "before_the_programme", detail);
        }
        if self.minutes == 0 || self.minutes > MINUTES_MAX {
            let detail = format!("From 1 to {MINUTES_MAX} minutes.");
            faults.push("/minutes", "out_of_range", detail);
        }
        if self.attendees == 0 || self.attendees > ATTENDEES_MAX {
            let detail = format!("From 1 to {ATTENDEES_MAX} people.");
            faults.push("/attendees", "out_of_range", detail);
        }
        if usize::try_from(self.attendees).is_ok_and(|count| self.names.len() > count) {
            let detail = "More names than people.";
            faults.push("/names", "too_many", detail);
        }
        if self.rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
            faults.push("/rating", "out_of_range", "From 1 to 5.");
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn practice(status: PracticeStatus) -> Practice {
        let id = Uuid::from_u128(1);
        Practice {
            id: id.into(),
            programme: id.into(),
            topic: "water".parse().expect("a slug"),
            giver: id.into(),
            taker: Uuid::from_u128(2).into(),
            aim: String::new(),
            status,
            giver_agreed: false,
            taker_agreed: false,
            outcome: None,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn both_agree_before_anything_is_held() {
        use PracticeAction as A;
        use PracticePart as P;
        let offered = step(
            &practice(PracticeStatus::Proposed),
            A::Offer,
            None,
            Some(Hat::Curator),
        );
        let offered = offered.expect("an offer");
        assert!(step(&offered, A::Hold, Some(P::Giver), None).is_err());
        let one = step(&offered, A::Agree, Some(P::Giver), None).expect("one yes");
        assert_eq!(one.status, PracticeStatus::Offered);
        let again = step(&one, A::Agree, Some(P::Giver), None);
        assert_eq!(again.expect_err("twice").code, "agreed_already");
        let both = step(&one, A::Agree, Some(P::Taker), None).expect("both");
        assert_eq!(both.status, PracticeStatus::Agreed);
        assert!(step(&both, A::Complete, Some(P::Taker), None).is_err());
        let held = step(&both, A::Hold, Some(P::Taker), None).expect("held");
        let done = step(&held, A::Complete, Some(P::Taker), None).expect("done");
        for action in PracticeAction::ALL {
            for part in [None, Some(P::Giver), Some(P::Taker)] {
                assert!(step(&done, *action, part, Some(Hat::Curator)).is_err());
            }
        }
    }

    #[test]
    fn a_firm_can_neither_offer_nor_agree_for_the_other() {
        use PracticeAction as A;
        let proposed = practice(PracticeStatus::Proposed);
        assert!(step(&proposed, A::Offer, Some(PracticePart::Giver), None).is_err());
        let offered = practice(PracticeStatus::Offered);
        assert!(step(&offered, A::Agree, None, Some(Hat::Curator)).is_err());
        assert!(step(&offered, A::Decline, None, Some(Hat::Compliance)).is_err());
    }
}
