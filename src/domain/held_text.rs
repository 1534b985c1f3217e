//! Words of a practice or a programme that compliance reads before anybody of
//! another firm does: they wait under the place that they are for, and stand
//! there once two people let them through. What waits of a deal does by the same
//! machine, among the deal's notes.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::deal_work::NoteState;
use super::event::SubjectKind;
use super::ids::{CommitmentId, OrganizationId, PracticeId, ProgrammeId, UserId};
use super::refusal::Refusal;
use super::text::Language;

/// How a text stands with compliance, and who was the first of two to let it
/// through.
pub type Standing = (NoteState, Option<UserId>);

/// What somebody of compliance says of a text that waits: whether it may be
/// shown, and who was the first of two.
///
/// # Errors
/// It doesn't wait, or they said so before.
pub fn decide((state, first): Standing, who: UserId, release: bool) -> Result<Standing, Refusal> {
    let action = if release { "release" } else { "refuse" };
    if state != NoteState::Waiting {
        return Err(Refusal::no_transition(action));
    }
    if !release {
        return Ok((NoteState::Refused, first));
    }
    match first {
        None => Ok((NoteState::Waiting, Some(who))),
        Some(first) if first == who => Err(Refusal::new(
            "second_person_needed",
            "You let it through already; its words need another person as well.",
        )),
        Some(first) => Ok((NoteState::Cleared, Some(first))),
    }
}

/// Counts what was said of a text; the `ETag`. The words themselves are never
/// changed.
pub fn version((state, first): Standing) -> i64 {
    let decided = matches!(state, NoteState::Cleared | NoteState::Refused);
    1 + i64::from(first.is_some()) + i64::from(decided)
}

/// Whose text it is: a programme's own, or of a practice under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextOf {
    /// Of the programme itself.
    Programme(ProgrammeId),
    /// Of a practice.
    Practice(PracticeId, ProgrammeId),
}

impl TextOf {
    /// Under which programme.
    pub const fn programme(self) -> ProgrammeId {
        match self {
            Self::Programme(id) | Self::Practice(_, id) => id,
        }
    }

    /// Of which practice.
    pub const fn practice(self) -> Option<PracticeId> {
        match self {
            Self::Programme(_) => None,
            Self::Practice(id, _) => Some(id),
        }
    }

    /// The record, as the log names it.
    pub const fn record(self) -> (SubjectKind, Uuid) {
        match self {
            Self::Programme(id) => (SubjectKind::Programme, id.uuid()),
            Self::Practice(id, _) => (SubjectKind::Practice, id.uuid()),
        }
    }
}

/// What a text is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldPlace {
    /// What a practice is for.
    Aim,
    /// What was adopted of it.
    Outcome,
    /// What people said of a session.
    Feedback(Uuid),
    /// What shows that something of a session is used.
    Adoption(Uuid),
    /// What a party says about a programme, under the id that it will have.
    Comment(Uuid),
    /// What people read of a promise.
    Title(CommitmentId),
    /// What a promise is about, where that is said in words.
    Target(CommitmentId),
    /// What a piece of evidence says.
    Evidence(Uuid),
    /// The MoU in a language.
    Mou(Language),
    /// The tags that a programme is limited to, in place of others that hold.
    Scope,
    /// Those that it is limited to from its beginning: it isn't known to its parties
    /// before.
    FirstScope,
    /// Where a party's signature can be seen, or why it declined.
    Signing(OrganizationId),
}

impl HeldPlace {
    /// The place of that code; none for one that another text took.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "aim" => return Some(Self::Aim),
            "outcome" => return Some(Self::Outcome),
            "scope" => return Some(Self::Scope),
            "first_scope" => return Some(Self::FirstScope),
            _ => {}
        }
        let (kind, of) = code.split_once(':')?;
        if kind == "mou" {
            return of.parse().ok().map(Self::Mou);
        }
        let id: Uuid = of.parse().ok()?;
        match kind {
            "feedback" => Some(Self::Feedback(id)),
            "adoption" => Some(Self::Adoption(id)),
            "comment" => Some(Self::Comment(id)),
            "title" => Some(Self::Title(id.into())),
            "target" => Some(Self::Target(id.into())),
            "evidence" => Some(Self::Evidence(id)),
            "signing" => Some(Self::Signing(id.into())),
            _ => None,
        }
    }
}

impl fmt::Display for HeldPlace {
    /// The stable code, as it is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aim => f.write_str("aim"),
            Self::Outcome => f.write_str("outcome"),
            Self::Feedback(id) => write!(f, "feedback:{id}"),
            Self::Adoption(id) => write!(f, "adoption:{id}"),
            Self::Comment(id) => write!(f, "comment:{id}"),
            Self::Title(id) => write!(f, "title:{id}"),
            Self::Target(id) => write!(f, "target:{id}"),
            Self::Evidence(id) => write!(f, "evidence:{id}"),
            Self::Mou(language) => write!(f, "mou:{language}"),
            Self::Scope => f.write_str("scope"),
            Self::FirstScope => f.write_str("first_scope"),
            Self::Signing(id) => write!(f, "signing:{id}"),
        }
    }
}

/// A text that waits for compliance, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldText {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub of: TextOf,
    /// For which place, by its code; `replaced:` before it once another text took
    /// the place.
    pub place: String,
    /// The words.
    pub text: String,
    /// The firm whose people wrote it; none for the operator's.
    pub organization: Option<OrganizationId>,
    /// Who wrote it.
    pub author: UserId,
    /// How it stands with compliance.
    pub state: NoteState,
    /// Who was the first of two to let it through.
    pub first_cleared_by: Option<UserId>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl HeldText {
    /// How it stands with compliance.
    pub const fn standing(&self) -> Standing {
        (self.state, self.first_cleared_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_text_survives_its_code() {
        let id = Uuid::from_u128(7);
        for place in [
            HeldPlace::Aim,
            HeldPlace::Outcome,
            HeldPlace::Feedback(id),
            HeldPlace::Adoption(id),
            HeldPlace::Comment(id),
            HeldPlace::Title(id.into()),
            HeldPlace::Target(id.into()),
            HeldPlace::Evidence(id),
            HeldPlace::Mou("he".parse().expect("a language")),
            HeldPlace::Scope,
            HeldPlace::FirstScope,
            HeldPlace::Signing(id.into()),
        ] {
            assert_eq!(HeldPlace::from_code(&place.to_string()), Some(place));
        }
        assert_eq!(HeldPlace::from_code("replaced:aim"), None);
    }

    #[test]
    fn two_people_let_a_text_through_and_one_keeps_it() {
        let (one, two) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let waits = (NoteState::Waiting, None);
        let first = decide(waits, one, true).expect("the first of two");
        assert_eq!(first, (NoteState::Waiting, Some(one)));
        let again = decide(first, one, true).expect_err("the same person");
        assert_eq!(again.code, "second_person_needed");
        let through = decide(first, two, true).expect("both");
        assert_eq!(through.0, NoteState::Cleared);
        let kept = decide(first, two, false).expect("one is enough");
        assert_eq!(kept.0, NoteState::Refused);
        for over in [through, kept] {
            assert!(decide(over, two, true).is_err());
            assert!(decide(over, two, false).is_err());
        }
        assert_eq!([waits, first, through].map(version), [1, 2, 3]);
    }
}
