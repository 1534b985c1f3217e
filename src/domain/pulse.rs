//! What is asked after an introduction was sent: how it goes, and, long after
//! one that closed without a deal, whether anything came of it all the same.

use chrono::{DateTime, Months, TimeDelta, Utc};

use super::ids::{IntroductionId, PulseId};
use super::values::{Side, codes};

/// After so many days without a word of either side, an introduction closes.
pub const SILENT_DAYS: i64 = 60;

/// For so many days a pulse can be answered.
pub const ANSWER_DAYS: i64 = 30;

codes! {
    /// What is asked.
    PulseKind {
        /// How it goes.
        Open = "open",
        /// Whether anything came of it.
        Late = "late",
    }
}

codes! {
    /// What a side says.
    PulseAnswer {
        /// They talk.
        Talking = "talking",
        /// They met.
        Met = "met",
        /// The other side doesn't answer.
        NoReply = "no_reply",
        /// It is no fit after all.
        NotAFit = "not_a_fit",
        /// A deal came of it, late.
        Yes = "yes",
        /// Nothing came of it.
        No = "no",
    }
}

impl PulseAnswer {
    /// Whether it answers that question.
    pub const fn answers(self, kind: PulseKind) -> bool {
        matches!(
            (kind, self),
            (
                PulseKind::Open,
                Self::Talking | Self::Met | Self::NoReply | Self::NotAFit
            ) | (PulseKind::Late, Self::Yes | Self::No)
        )
    }
}

/// One question to one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Its id, which the link carries.
    pub id: PulseId,
    /// About which introduction.
    pub introduction: IntroductionId,
    /// To which side.
    pub side: Side,
    /// What is asked.
    pub kind: PulseKind,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// What was answered.
    pub answer: Option<PulseAnswer>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
}

/// What is known of an introduction after its mail went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Which.
    pub introduction: IntroductionId,
    /// When its mail went out.
    pub sent_at: DateTime<Utc>,
    /// When a side was last heard of.
    pub heard_at: DateTime<Utc>,
    /// When it closed without a deal.
    pub closed_at: Option<DateTime<Utc>>,
    /// How often both were asked since it was sent, or since it closed.
    pub rounds: u32,
    /// When they are asked next.
    pub next_at: Option<DateTime<Utc>>,
}

impl FollowUp {
    /// What is asked next.
    pub const fn kind(&self) -> PulseKind {
        match self.closed_at {
            None => PulseKind::Open,
            Some(_) => PulseKind::Late,
        }
    }

    /// The moment of the next round: a week, a month and then every quarter
    /// after it was sent; half a year, one and two years after it closed.
    /// Rounds that passed while nothing ran are left out.
    #[must_use]
    pub fn scheduled(self, now: DateTime<Utc>) -> Self {
        let mut rounds = self.rounds;
        let next_at = loop {
            match self.round(rounds) {
                Some(at) if at <= now => rounds += 1,
                other => break other,
            }
        };
        Self {
            rounds,
            next_at,
            ..self
        }
    }

    fn round(&self, number: u32) -> Option<DateTime<Utc>> {
        let after = |from: DateTime<Utc>, months| from.checked_add_months(Months::new(months));
        match (self.closed_at, number) {
            (None, 0) => Some(self.sent_at + TimeDelta::days(7)),
            (None, 1) => Some(self.sent_at + TimeDelta::days(30)),
            (None, later) => after(self.sent_at, (later - 1).checked_mul(3)?),
            (Some(closed), 0) => after(closed, 6),
            (Some(closed), 1) => after(closed, 12),
            (Some(closed), 2) => after(closed, 24),
            (Some(_), _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn both_are_asked_after_a_week_a_month_and_every_quarter() {
        let sent = at("2026-11-30T09:00:00Z");
        let mut follow_up = FollowUp {
            introduction: uuid::Uuid::nil().into(),
            sent_at: sent,
            heard_at: sent,
            closed_at: None,
            rounds: 0,
            next_at: None,
        };
        let mut asked = Vec::new();
        let mut now = sent;
        for _ in 0..5 {
            follow_up = follow_up.scheduled(now);
            now = follow_up.next_at.unwrap();
            asked.push(now.date_naive().to_string());
        }
        let days = [
            "2026-12-07",
            "2026-12-30",
            "2027-02-28",
            "2027-05-30",
            "2027-08-30",
        ];
        assert_eq!(asked, days);
        // What fell due while nothing ran is asked once, not five times.
        let late = follow_up.scheduled(at("2029-01-01T00:00:00Z"));
        assert_eq!(late.next_at, Some(at("2029-02-28T09:00:00Z")));

        let mut closed = FollowUp {
            closed_at: Some(at("2026-08-31T09:00:00Z")),
            rounds: 0,
            ..late
        };
        let mut asked = Vec::new();
        let mut now = at("2026-08-31T09:00:00Z");
        loop {
            closed = closed.scheduled(now);
            let Some(next) = closed.next_at else { break };
            asked.push(next.date_naive().to_string());
            now = next;
        }
        assert_eq!(asked, ["2027-02-28", "2027-08-31", "2028-08-31"]);
    }
}
