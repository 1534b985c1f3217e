//! Who answered what. Names of people stand here and nowhere else among the
//! introductions, so that erasing a person touches nothing more.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::db::schema::introduction_answers::{self, dsl};
use crate::db::types::{Id, Timestamp};
use crate::db::{Conn, Error, Result, stored};
use crate::domain::ids::{AskId, IntroductionId};
use crate::domain::introduction::Answer;
use crate::domain::values::{PassReason, Side};

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAnswer {
    /// Its id.
    pub id: Uuid,
    /// To which introduction.
    pub introduction: IntroductionId,
    /// By which side.
    pub side: Side,
    /// To which question; none when a signed-in person answered by
    /// themselves.
    pub ask: Option<AskId>,
    /// What.
    pub answer: Answer,
    /// In their words.
    pub note: Option<String>,
    /// What the person calls themselves.
    pub person_name: String,
    /// What they say they are in their firm.
    pub person_role: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    introduction_id: IntroductionId,
    side: String,
    ask_id: Option<AskId>,
    answer: String,
    reason: Option<String>,
    reason_shared: bool,
    note: Option<String>,
    until: Option<DateTime<Utc>>,
    person_name: String,
    person_role: Option<String>,
    created_at: DateTime<Utc>,
}

/// Stores an answer.
///
/// # Errors
/// A statement failed.
pub fn insert_answer(conn: &mut Conn, given: &GivenAnswer) -> Result<()> {
    let GivenAnswer {
        id,
        introduction,
        side,
        ask,
        answer,
        note,
        person_name,
        person_role,
        created_at,
    } = given;
    let (reason, shared, until) = match answer {
        Answer::Accept | Answer::MoreTime | Answer::PassOn | Answer::ReportAbuse => {
            (None, false, None)
        }
        Answer::Decline { reason, share } => (Some(reason.code()), *share, None),
        Answer::NotNow { until } => (None, false, Some(Timestamp(*until))),
    };
    diesel::insert_into(introduction_answers::table)
        .values((
            dsl::id.eq(Id::of(*id)),
            dsl::introduction_id.eq(introduction),
            dsl::side.eq(side.code()),
            dsl::ask_id.eq(*ask),
            dsl::answer.eq(answer.code()),
            dsl::reason.eq(reason),
            dsl::reason_shared.eq(shared),
            dsl::note.eq(note.as_deref()),
            dsl::until.eq(until),
            dsl::person_name.eq(person_name),
            dsl::person_role.eq(person_role.as_deref()),
            dsl::created_at.eq(Timestamp(*created_at)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The answers to an introduction, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn answers(conn: &mut Conn, introduction: IntroductionId) -> Result<Vec<GivenAnswer>> {
    let rows: Vec<Row> = introduction_answers::table
        .filter(dsl::introduction_id.eq(introduction))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(given).collect()
}

/// The answers to several introductions, to each from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn answers_of(conn: &mut Conn, introductions: &[IntroductionId]) -> Result<Vec<GivenAnswer>> {
    let rows: Vec<Row> = introduction_answers::table
        .filter(dsl::introduction_id.eq_any(introductions.to_vec()))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(given).collect()
}

fn given(row: Row) -> Result<GivenAnswer> {
    let Row {
        id,
        introduction_id,
        side,
        ask_id,
        answer,
        reason,
        reason_shared,
        note,
        until,
        person_name,
        person_role,
        created_at,
    } = row;
    Ok(GivenAnswer {
        id: id.uuid(),
        introduction: introduction_id,
        side: stored::code(&side, Side::from_code)?,
        ask: ask_id,
        answer: answer_of(&answer, reason.as_deref(), reason_shared, until)?,
        note,
        person_name,
        person_role,
        created_at,
    })
}

fn answer_of(
    code: &str,
    reason: Option<&str>,
    share: bool,
    until: Option<DateTime<Utc>>,
) -> Result<Answer> {
    Ok(match (code, reason, until) {
        ("accept", None, None) => Answer::Accept,
        ("need_more_time", None, None) => Answer::MoreTime,
        ("delegate", None, None) => Answer::PassOn,
        ("report_abuse", None, None) => Answer::ReportAbuse,
        ("decline", Some(reason), None) => Answer::Decline {
            reason: stored::code(reason, PassReason::from_code)?,
            share,
        },
        ("not_now", None, Some(until)) => Answer::NotNow { until },
        _ => {
            return Err(Error::Corrupt(format!(
                "an answer \"{code}\" that lacks a part or has one too many"
            )));
        }
    })
}
