//! Reports of abuse by somebody who was asked for an introduction, and what was
//! decided of them: the answers and decisions that say so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::review_schema::decisions;
use super::schema::{introduction_answers as answers, introductions};
use super::types::Id;
use super::worklist::{Under, Waiting};
use super::{Conn, Result};
use crate::domain::event::SubjectKind;
use crate::domain::ids::{IntroductionId, ProgrammeId};
use crate::domain::introduction::Answer;
use crate::domain::suspension::Ruling;

diesel::allow_tables_to_appear_in_same_query!(answers, decisions);
diesel::allow_tables_to_appear_in_same_query!(decisions, introductions);

/// What is decided of a report, as it is kept.
fn rulings() -> Vec<&'static str> {
    Ruling::ALL.iter().map(|ruling| ruling.action()).collect()
}

/// Introductions of which abuse was reported and nobody has decided whether the
/// report holds, the longest waiting first.
///
/// # Errors
/// A statement failed.
pub fn waiting(conn: &mut Conn, under: Under, limit: i64) -> Result<Vec<Waiting>> {
    type Row = (Id, ProgrammeId, DateTime<Utc>);
    let decided = decisions::table
        .filter(decisions::subject_kind.eq(SubjectKind::Introduction.code()))
        .filter(decisions::action.eq_any(rulings()))
        .select(decisions::subject_id);
    let mut query = answers::table
        .inner_join(introductions::table)
        .filter(answers::answer.eq(Answer::ReportAbuse.code()))
        .filter(answers::introduction_id.ne_all(decided))
        .select((
            answers::introduction_id,
            introductions::programme_id,
            answers::created_at,
        ))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(introductions::programme_id.eq(programme));
    }
    let rows: Vec<Row> = query
        .order((answers::created_at, answers::id))
        .limit(limit)
        .load(conn)?;
    let waiting = |(id, programme, since): Row| Waiting {
        id: id.uuid(),
        programme: Some(programme),
        since,
        by: None,
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// Whether somebody reported abuse instead of answering whether they want to be
/// introduced.
///
/// # Errors
/// A statement failed.
pub fn is_reported(conn: &mut Conn, introduction: IntroductionId) -> Result<bool> {
    let reports = answers::table
        .filter(answers::introduction_id.eq(introduction))
        .filter(answers::answer.eq(Answer::ReportAbuse.code()));
    let found: i64 = reports.count().get_result(conn)?;
    Ok(found > 0)
}

/// Whether somebody decided about that report.
///
/// # Errors
/// A statement failed.
pub fn is_decided(conn: &mut Conn, introduction: IntroductionId) -> Result<bool> {
    let decided = decisions::table
        .filter(decisions::subject_kind.eq(SubjectKind::Introduction.code()))
        .filter(decisions::subject_id.eq(introduction))
        .filter(decisions::action.eq_any(rulings()));
    let found: i64 = decided.count().get_result(conn)?;
    Ok(found > 0)
}
