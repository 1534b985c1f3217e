//! What people note, plan and have to do about a deal, and who learns of it:
//! to anybody else it is as if it were not there.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::fault::Faults;
use super::ids::{DealId, DealTaskId, UserId};
use super::permission::Hat;
use super::refusal::Refusal;
use super::text::Slug;
use super::values::{Side, codes};

codes! {
    /// Who learns of a note or a task.
    Visibility {
        /// Who wrote it.
        Private = "private",
        /// The people of who wrote it.
        Team = "team",
        /// Both sides, and the operator's people who read deals.
        Both = "both",
    }
}

codes! {
    /// Whose people somebody is one of where a deal is concerned.
    Camp {
        /// The startup's.
        Startup = "startup",
        /// The investor's.
        Investor = "investor",
        /// The operator's.
        Operator = "operator",
    }
}

impl Camp {
    /// For whom somebody writes in that capacity; none for who has no part in
    /// deals.
    pub const fn of(hat: Hat) -> Option<Self> {
        match hat {
            Hat::Startup => Some(Self::Startup),
            Hat::Investor => Some(Self::Investor),
            Hat::Curator | Hat::Compliance => Some(Self::Operator),
            Hat::Partner | Hat::System => None,
        }
    }

    /// The side that they are, if they are one.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Startup => Some(Side::Startup),
            Self::Investor => Some(Side::Investor),
            Self::Operator => None,
        }
    }
}

/// Who wrote something, and for whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Who learns of it.
    pub visibility: Visibility,
    /// Whose people wrote it.
    pub camp: Camp,
    /// Who wrote it.
    pub author: UserId,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The person.
    pub person: UserId,
    /// Whose people they are one of.
    pub camps: Vec<Camp>,
    /// Whether what the other side wrote may be shown to them at this moment:
    /// always to the operator's people, to a side while nothing keeps the two
    /// apart.
    pub sees_across: bool,
}

impl Reader {
    /// Whether they learn of what bears these marks.
    pub fn learns_of(&self, marks: &Marks) -> bool {
        let ours = self.camps.contains(&marks.camp);
        match marks.visibility {
            Visibility::Private => marks.author == self.person,
            Visibility::Team => ours,
            Visibility::Both => ours || self.sees_across,
        }
    }

    /// Whether they read a note: one that waits for compliance, or was refused,
    /// is for its writer's people and the operator's alone.
    pub fn reads(&self, note: &DealNote) -> bool {
        let ours = self.camps.contains(&note.marks.camp) || self.camps.contains(&Camp::Operator);
        let open = matches!(note.state, NoteState::Shown | NoteState::Cleared);
        self.learns_of(&note.marks) && (ours || open || note.marks.visibility != Visibility::Both)
    }
}

codes! {
    /// How what both sides would read stands with compliance.
    NoteState {
        /// There is nothing in it to look at.
        Shown = "shown",
        /// It names what compliance reads first; the other side doesn't learn
        /// of it.
        Waiting = "waiting",
        /// Two people of compliance let it through.
        Cleared = "cleared",
        /// Compliance keeps it from the other side for good.
        Refused = "refused",
    }
}

codes! {
    /// What compliance does with a note that waits.
    NoteAction {
        /// The other side reads it, once two people say so.
        Release = "release",
        /// The other side never reads it.
        Refuse = "refuse",
    }
}

/// A note about a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealNote {
    /// Its id.
    pub id: Uuid,
    /// About which deal.
    pub deal: DealId,
    /// The code of the move that it gives the reason for; `note` for one that
    /// stands by itself.
    pub action: String,
    /// The words.
    pub note: String,
    /// Whose, and for whom.
    pub marks: Marks,
    /// How it stands with compliance.
    pub state: NoteState,
    /// Who was the first of two to let it through.
    pub first_cleared_by: Option<UserId>,
    /// Whether it waits for what the gate left open alone: its words named nothing
    /// when it was written.
    pub gate_only: bool,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The action of a note that stands by itself.
pub const NOTE: &str = "note";

/// What a text is for that both sides of a deal are to read. One that waits for
/// compliance stands among the notes under the code of its place, and goes there
/// when it is let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPlace {
    /// A note that stands by itself.
    Note,
    /// What is to happen next.
    NextStep,
    /// What is recorded under a key.
    Fact(Slug),
    /// A task, which waits as a whole.
    Task(DealTaskId),
    /// Another title of a task.
    TaskTitle(DealTaskId),
    /// A paper by its title and file name, which waits as a whole.
    Document(Uuid),
}

impl TextPlace {
    /// The stable code, as it is stored.
    pub fn code(&self) -> String {
        match self {
            Self::Note => NOTE.to_owned(),
            Self::NextStep => "next_step".to_owned(),
            Self::Fact(key) => format!("fact:{key}"),
            Self::Task(id) => format!("task:{id}"),
            Self::TaskTitle(id) => format!("task_title:{id}"),
            Self::Document(id) => format!("document:{id}"),
        }
    }

    /// The place of that code; none for the move that a note is a reason of.
    pub fn from_code(code: &str) -> Option<Self> {
        if code == NOTE {
            return Some(Self::Note);
        }
        if code == "next_step" {
            return Some(Self::NextStep);
        }
        let (kind, of) = code.split_once(':')?;
        match kind {
            "fact" => of.parse().ok().map(Self::Fact),
            "task" => of.parse().ok().map(Self::Task),
            "task_title" => of.parse().ok().map(Self::TaskTitle),
            "document" => of.parse().ok().map(Self::Document),
            _ => None,
        }
    }
}

codes! {
    /// How a task stands.
    TaskStatus {
        /// To be done.
        Open = "open",
        /// Done.
        Done = "done",
        /// No longer wanted.
        Dropped = "dropped",
    }
}

codes! {
    /// What can happen to a task.
    TaskAction {
        /// It is done.
        Complete = "complete",
        /// It is no longer wanted.
        Drop = "drop",
        /// It is to be done after all.
        Reopen = "reopen",
    }
}

/// What a task says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDetails {
    /// What is to be done.
    pub title: String,
    /// The last day for it.
    pub due: NaiveDate,
    /// Whose people are to do it.
    pub assignee: Camp,
    /// Which of them, if it is somebody's.
    pub person: Option<UserId>,
    /// Who learns of it.
    pub visibility: Visibility,
}

impl TaskDetails {
    /// What can't be asked of others without their knowing of it.
    pub fn faults(&self, author: UserId, camp: Camp) -> Faults {
        let mut faults = Faults::new();
        if self.visibility != Visibility::Both && self.assignee != camp {
            let detail = "Whoever is to do it must know of it: make it visible to both.";
            faults.push("/assignee", "not_visible", detail);
        }
        if self.visibility == Visibility::Private && self.person != Some(author) {
            let detail = "What only you know of is yours to do.";
            faults.push("/person", "not_visible", detail);
        }
        faults
    }
}

/// Something to be done about a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealTask {
    /// Its id.
    pub id: DealTaskId,
    /// About which deal.
    pub deal: DealId,
    /// What it says.
    pub details: TaskDetails,
    /// Who wrote it.
    pub author: UserId,
    /// Whose people they are one of.
    pub camp: Camp,
    /// How it stands.
    pub status: TaskStatus,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl DealTask {
    /// Whose it is, and for whom.
    pub const fn marks(&self) -> Marks {
        Marks {
            visibility: self.details.visibility,
            camp: self.camp,
            author: self.author,
        }
    }
}

/// The machine: how a task stands after `action`, or why it can't. Whoever is
/// to do it says that it is done; whether it is wanted says who asked for it.
pub fn step_task(
    task: &DealTask,
    action: TaskAction,
    camps: &[Camp],
) -> Result<TaskStatus, Refusal> {
    use TaskAction as A;
    use TaskStatus as S;

    let asked = camps.contains(&task.camp);
    let (next, theirs) = match (task.status, action) {
        (S::Open, A::Complete) => (S::Done, asked || camps.contains(&task.details.assignee)),
        (S::Open, A::Drop) => (S::Dropped, asked),
        (S::Done, A::Reopen) => (S::Open, asked || camps.contains(&task.details.assignee)),
        (S::Dropped, A::Reopen) => (S::Open, asked),
        (_, action) => return Err(Refusal::no_transition(action.code())),
    };
    if theirs {
        Ok(next)
    } else {
        Err(Refusal::not_yours(action.code()))
    }
}

/// How likely money is, where a curator knows better than the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likelihood {
    /// In basis points, at most 10 000.
    pub bp: u32,
    /// Why.
    pub reason: String,
}

/// What is planned for a deal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to happen next, for both sides to read.
    pub next_step: Option<String>,
    /// The day on which it is expected to be over.
    pub expected_close: Option<NaiveDate>,
    /// How likely money is, in place of what the stage says.
    pub likelihood: Option<Likelihood>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn reader(number: u128, camp: Camp, sees_across: bool) -> Reader {
        Reader {
            person: person(number),
            camps: vec![camp],
            sees_across,
        }
    }

    #[test]
    fn the_place_of_a_text_survives_its_code() {
        let id = Uuid::from_u128(7);
        for place in [
            TextPlace::Note,
            TextPlace::NextStep,
            TextPlace::Fact("term_sheet".parse().expect("a slug")),
            TextPlace::Task(id.into()),
            TextPlace::TaskTitle(id.into()),
            TextPlace::Document(id),
        ] {
            assert_eq!(TextPlace::from_code(&place.code()), Some(place));
        }
        assert_eq!(TextPlace::from_code("hold"), None);
    }

    #[test]
    fn who_learns_of_what() {
        let by = |visibility| Marks {
            visibility,
            camp: Camp::Startup,
            author: person(1),
        };
        let all = [Visibility::Private, Visibility::Team, Visibility::Both];
        let seen = |reader: Reader| all.map(|visibility| reader.learns_of(&by(visibility)));
        assert_eq!(seen(reader(1, Camp::Startup, true)), [true, true, true]);
        assert_eq!(seen(reader(2, Camp::Startup, false)), [false, true, true]);
        assert_eq!(seen(reader(3, Camp::Investor, true)), [false, false, true]);
        assert_eq!(
            seen(reader(3, Camp::Investor, false)),
            [false, false, false]
        );
        assert_eq!(seen(reader(4, Camp::Operator, true)), [false, false, true]);
    }

    #[test]
    fn nobody_is_asked_for_what_they_may_not_know_of() {
        let details = |visibility, assignee, person| TaskDetails {
            title: "Send the terms".to_owned(),
            due: NaiveDate::default(),
            assignee,
            person,
            visibility,
        };
        let ok = |it: TaskDetails| it.faults(person(1), Camp::Startup).is_empty();
        assert!(ok(details(Visibility::Both, Camp::Investor, None)));
        assert!(ok(details(Visibility::Team, Camp::Startup, None)));
        assert!(!ok(details(Visibility::Team, Camp::Investor, None)));
        assert!(!ok(details(Visibility::Private, Camp::Startup, None)));
        assert!(ok(details(
            Visibility::Private,
            Camp::Startup,
            Some(person(1))
        )));
    }
}
