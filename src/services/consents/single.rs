//! One consent by itself, for who gave it: how it stands and what they can do
//! with it.

use uuid::Uuid;

use super::{Given, Purpose, one, person, proposals};
use crate::db::{self, Conn};
use crate::domain::consent::ConsentAction;
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::permission::Operation;
use crate::services::transitions::Open;
use crate::services::{Caller, Context, Error};

/// One of the caller's consents by itself.
#[derive(Debug, Clone)]
pub struct One {
    /// The consent.
    pub given: Given,
    /// What can be done with it now.
    pub open: Open<ConsentAction>,
    /// The records whose timelines tell of it, each with the fact that names it.
    pub told: Vec<(Subject, (&'static str, Value))>,
}

/// One of the caller's consents.
///
/// # Errors
/// No such consent of the caller's.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<One, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| {
        let given = one(&context_in, conn, &person(&caller), id)?;
        let mut open = Vec::new();
        if given.withdrawn_at.is_none() {
            open.push((ConsentAction::Withdraw, None));
        }
        let own = (SubjectKind::User, caller.id().uuid());
        let mut told = vec![(Subject::new(own.0, own.1), ("consent", Value::Id(id)))];
        match given.purpose {
            Purpose::Introduction { introduction, .. } => {
                let subject = Subject::new(SubjectKind::Introduction, introduction);
                told.push((subject, ("consent", Value::Id(id))));
            }
            Purpose::Proposals => {
                match proposals::renewable(&context_in, conn, &caller, id) {
                    Ok(_) => open.push((ConsentAction::Renew, None)),
                    Err(Error::Refused(refusal)) if given.withdrawn_at.is_some() => {
                        open.push((ConsentAction::Renew, Some(refusal)));
                    }
                    Err(Error::Refused(_) | Error::NotFound) => {}
                    Err(other) => return Err(other),
                }
                if let Some((_, receipt)) = db::consents::find(conn, id)? {
                    let subject = Subject::new(SubjectKind::Organization, receipt.organization);
                    told.push((subject, ("receipt", Value::Id(id))));
                }
            }
        }
        Ok(One { given, open, told })
    };
    context.db.read(read).await
}
