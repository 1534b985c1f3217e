//! What the operator's people make of a report of abuse: whoever was asked for
//! an introduction reported it, and until somebody says whether it holds, it
//! waits in the worklists of curators and of compliance.

use crate::db::decisions::Decision;
use crate::db::{self, Conn};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::IntroductionId;
use crate::domain::permission::Operation;
use crate::domain::suspension::{Ruling, check_ruling};

use super::introductions::load;
use super::once::{Recorded, write_once};
use super::transitions::code;
use super::{Caller, Context, Error, Intent};

impl Recorded for Decision {
    fn id(&self) -> uuid::Uuid {
        self.id
    }

    fn version(&self) -> i64 {
        1
    }
}

/// Decides whether a report of abuse holds, once. The two stay apart until the
/// block that the report made is lifted; one that was dismissed counts no more
/// against the firm that it is about.
///
/// # Errors
/// Nobody reported abuse, it was decided, or the caller is who asked for the
/// introduction.
pub async fn decide(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: IntroductionId,
    (ruling, reason): (Ruling, String),
) -> Result<Decision, Error> {
    caller.may(Operation::JudgeAbuse, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            // Two who decide at a time do so one after the other.
            db::introductions::lock(conn, id)?;
            let introduction = load(conn, id)?;
            let firms = [introduction.startup, introduction.investor];
            caller_in.may(Operation::JudgeAbuse, &firms)?;
            if introduction.requested_by == caller_in.id() {
                return Err(Error::refused(
                    "second_person_needed",
                    "You asked for this introduction; somebody else has to judge what was reported of it.",
                ));
            }
            let reported = db::abuse_reports::is_reported(conn, id)?;
            check_ruling(reported, db::abuse_reports::is_decided(conn, id)?)?;
            let decision = Decision {
                id: context_in.new_id(),
                subject: Subject::new(SubjectKind::Introduction, id),
                action: ruling.action().to_owned(),
                reason,
                by: caller_in.id(),
                at: context_in.now(),
            };
            db::decisions::insert(conn, &decision)?;
            context_in.pen(caller_in.actor()).append(
                conn,
                "introduction.abuse_decided",
                (SubjectKind::Introduction, id),
                vec![("ruling", code(ruling.code()))],
            )?;
            Ok(decision)
        },
        |conn: &mut Conn, id| db::decisions::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}
