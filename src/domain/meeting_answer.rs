//! What a calendar answers to the invitation that went out with a mail (RFC
//! 5546 §3.2.3, §3.2.7), and whether it counts: only from somebody who was
//! invited, and only to what they were told last.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::IntroductionId;
use super::meeting::{Meeting, MeetingStatus, SLOT_DAYS};
use super::text::Email;
use super::values::{Side, codes};

codes! {
    /// What somebody's calendar answers.
    MeetingAnswer {
        /// They come.
        Accepted = "accepted",
        /// Perhaps.
        Tentative = "tentative",
        /// They don't.
        Declined = "declined",
        /// They propose another time.
        Countered = "countered",
    }
}

codes! {
    /// Why an answer doesn't count.
    NotHeard {
        /// It names no meeting of this service.
        NoMeeting = "no_meeting",
        /// Whoever sent it is none of those who were invited, nor of their firms.
        NotInvited = "not_invited",
        /// The meeting was called off.
        Cancelled = "cancelled",
        /// It answers an earlier invitation, or was written before an answer
        /// that is on record.
        Outdated = "outdated",
    }
}

/// An answer as it was read out of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarReply {
    /// The meeting's name in the whole world.
    pub uid: String,
    /// Whose calendar it is, as it says.
    pub attendee: Option<Email>,
    /// Whoever sent it, as the mail says.
    pub from: Email,
    /// Which of the invitations it answers.
    pub sequence: u32,
    /// When it was written.
    pub written_at: Option<DateTime<Utc>>,
    /// What it says.
    pub answer: MeetingAnswer,
    /// The time that is proposed instead, where one was understood.
    pub proposes: Option<Proposal>,
}

/// Another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// For how long, in minutes; as the one before if it doesn't say.
    pub minutes: Option<u32>,
}

/// An answer on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Of which introduction's meeting.
    pub introduction: IntroductionId,
    /// Whose.
    pub side: Side,
    /// To which of the invitations.
    pub sequence: u32,
    /// What.
    pub answer: MeetingAnswer,
    /// When it was written.
    pub written_at: DateTime<Utc>,
    /// The time that is proposed instead.
    pub proposes: Option<Proposal>,
}

/// The record of a side's answer, read at `now`.
///
/// # Errors
/// Why it doesn't count.
pub fn hear(
    reply: &CalendarReply,
    side: Side,
    meeting: &Meeting,
    before: Option<&Answered>,
    now: DateTime<Utc>,
) -> Result<Answered, NotHeard> {
    if meeting.status == MeetingStatus::Cancelled {
        return Err(NotHeard::Cancelled);
    }
    if reply.sequence < meeting.sequence {
        return Err(NotHeard::Outdated);
    }
    // A clock that runs ahead must not silence whatever comes after.
    let written_at = reply.written_at.map_or(now, |at| at.min(now));
    let is_late =
        |before: &&Answered| before.sequence == meeting.sequence && written_at < before.written_at;
    if before.is_some_and(|before| is_late(&before)) {
        return Err(NotHeard::Outdated);
    }
    Ok(Answered {
        introduction: meeting.introduction,
        side,
        sequence: meeting.sequence,
        answer: reply.answer,
        written_at,
        proposes: reply.proposes.filter(|other| {
            // One that has passed, or is years off, is none.
            let ahead = other.starts_at - now;
            let near = ahead > TimeDelta::zero() && ahead <= TimeDelta::days(SLOT_DAYS);
            near && reply.answer == MeetingAnswer::Countered
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_newest_answer_to_the_newest_invitation_counts() {
        let meeting = Meeting {
            introduction: uuid::Uuid::nil().into(),
            sequence: 1,
            status: MeetingStatus::Proposed,
            starts_at: at("2026-12-03T08:00:00Z"),
            minutes: 30,
            updated_at: at("2026-12-01T08:00:00Z"),
        };
        let now = at("2026-12-02T08:00:00Z");
        let reply = |sequence, written: &str, answer| CalendarReply {
            uid: String::new(),
            attendee: None,
            from: "dana@tamar.example".parse().unwrap(),
            sequence,
            written_at: Some(at(written)),
            answer,
            proposes: None,
        };
        let yes = reply(1, "2026-12-01T09:00:00Z", MeetingAnswer::Accepted);
        let heard = hear(&yes, Side::Startup, &meeting, None, now).unwrap();
        assert_eq!(heard.answer, MeetingAnswer::Accepted);
        let earlier = reply(1, "2026-12-01T08:30:00Z", MeetingAnswer::Declined);
        let late = hear(&earlier, Side::Startup, &meeting, Some(&heard), now);
        assert_eq!(late, Err(NotHeard::Outdated));
        let old = reply(0, "2026-12-01T10:00:00Z", MeetingAnswer::Declined);
        let old = hear(&old, Side::Startup, &meeting, None, now);
        assert_eq!(old, Err(NotHeard::Outdated));
        let ahead = reply(1, "2030-01-01T00:00:00Z", MeetingAnswer::Declined);
        let ahead = hear(&ahead, Side::Startup, &meeting, Some(&heard), now).unwrap();
        assert_eq!(ahead.written_at, now);
        let another = |starts_at: &str| {
            let other = CalendarReply {
                proposes: Some(Proposal {
                    starts_at: at(starts_at),
                    minutes: None,
                }),
                ..reply(1, "2026-12-02T07:00:00Z", MeetingAnswer::Countered)
            };
            let heard = hear(&other, Side::Startup, &meeting, None, now);
            heard.unwrap().proposes.is_some()
        };
        assert!(another("2026-12-04T08:00:00Z"));
        assert!(!another("2026-12-01T08:00:00Z") && !another("9999-12-01T08:00:00Z"));
        let off = Meeting {
            status: MeetingStatus::Cancelled,
            ..meeting
        };
        let off = hear(&yes, Side::Startup, &off, None, now);
        assert_eq!(off, Err(NotHeard::Cancelled));
    }
}
