//! What of a person's reading is a firm's, where everything of the firm is
//! written: they may play parts elsewhere, which that file says nothing of.

use std::collections::BTreeMap;

use crate::db::{self, Conn};
use crate::domain::account::{Membership, Role};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::organization::Organization;

use super::super::{Caller, Context, Error};

/// The caller as the firm itself reads: in their own parts in it. One of the
/// operator's people reads what any of the firm's people does.
pub fn reader(caller: &Caller, firm: &Organization) -> Caller {
    let own = caller.memberships.iter().copied();
    let own: Vec<_> = own.filter(|part| part.organization == firm.id).collect();
    let parts = if own.is_empty() {
        vec![Membership {
            organization: firm.id,
            kind: firm.details.kind,
            role: Role::Viewer,
        }]
    } else {
        own
    };
    Caller::new(caller.user.clone(), parts)
}

/// Which of these records are the firm's, in the order in which they are asked
/// for. A person's own account is nobody's but theirs.
///
/// # Errors
/// The store failed.
pub async fn are_of(
    context: &Context,
    firm: OrganizationId,
    subjects: Vec<Subject>,
) -> Result<Vec<bool>, Error> {
    context
        .db
        .read(move |conn| {
            let mut known = BTreeMap::new();
            let mut answers = Vec::with_capacity(subjects.len());
            for subject in subjects {
                let key = (subject.kind.code(), subject.id);
                let is_of = match known.get(&key) {
                    Some(is_of) => *is_of,
                    None => is_firms(conn, firm, subject)?,
                };
                known.insert(key, is_of);
                answers.push(is_of);
            }
            Ok(answers)
        })
        .await
}

fn is_firms(conn: &mut Conn, firm: OrganizationId, subject: Subject) -> Result<bool, Error> {
    let id = subject.id;
    Ok(match subject.kind {
        SubjectKind::Organization => firm.uuid() == id,
        SubjectKind::StartupProfile => {
            let found = db::startup_profiles::find_head(conn, id.into())?;
            found.is_some_and(|it| it.organization == firm)
        }
        SubjectKind::Mandate => {
            let found = db::mandates::find_head(conn, id.into())?;
            found.is_some_and(|it| it.organization == firm)
        }
        SubjectKind::InvestorProfile => {
            let found = db::investor_profiles::find(conn, id.into())?;
            found.is_some_and(|it| it.organization == firm)
        }
        SubjectKind::Match => {
            let found = db::matches::find(conn, id.into())?;
            found.is_some_and(|it| [it.startup, it.investor].contains(&firm))
        }
        SubjectKind::Introduction => {
            let found = db::introductions::find(conn, id.into())?;
            found.is_some_and(|it| [it.startup, it.investor].contains(&firm))
        }
        SubjectKind::Deal => {
            let found = db::deals::find(conn, id.into())?;
            let joins = db::syndicates::participants(conn, &[id.into()])?;
            let mut joins = joins.into_values().flatten();
            found.is_some_and(|it| [it.startup, it.investor].contains(&firm))
                || joins.any(|it| it.organization == firm)
        }
        SubjectKind::Practice => {
            let found = db::practices::find(conn, id.into())?;
            found.is_some_and(|it| it.firms().contains(&firm))
        }
        SubjectKind::Import => {
            let found = db::imports::find(conn, id.into())?;
            found.is_some_and(|it| it.partner == Some(firm))
        }
        SubjectKind::Document => {
            let found = db::documents::find(conn, id.into())?;
            found.is_some_and(|it| it.organization == firm)
        }
        _ => false,
    })
}
