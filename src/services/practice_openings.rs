//! Engagements that somebody of one of the two firms opens: each opening names
//! the other firm, and the ledger notes it.

use crate::domain::disclosure::Opener;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::PracticeId;
use crate::domain::practice::Practice;

use super::disclosure::opening::{self, Opening};
use super::practices::{Seen, load_readable, occasion, see};
use super::{Caller, Context, Error};

/// One engagement, for whoever is shown it: the ledger notes that they opened it, where
/// they are of one of the two firms.
pub async fn open(context: &Context, caller: &Caller, id: PracticeId) -> Result<Seen, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let (seen, opening) = context
        .db
        .look_up(move |conn| {
            let practice = load_readable(&context_in, conn, &caller_in, id)?;
            let opening = match opening(&caller_in, &practice) {
                Some(opening) => opening.unless_noted(&context_in, conn)?,
                None => None,
            };
            Ok::<_, Error>((see(conn, &caller_in, practice)?, opening))
        })
        .await?;
    opening::note(context, caller.actor(), opening).await?;
    Ok(seen)
}

/// What of the other firm somebody of one of the two is shown who opens it; a
/// practice is shown at its own version.
fn opening(caller: &Caller, practice: &Practice) -> Option<Opening> {
    if caller.reads_all_of(&practice.firms()) {
        return None;
    }
    let [giver, taker] = practice.firms();
    let (shown, to) = if caller.belongs_to(giver) {
        (taker, giver)
    } else if caller.belongs_to(taker) {
        (giver, taker)
    } else {
        return None;
    };
    Some(Opening {
        programme: practice.programme,
        shown,
        to,
        subject: Subject::new(SubjectKind::Practice, practice.id),
        by: Opener::Person(caller.id()),
        revision: practice.version,
        occasion: occasion(practice),
    })
}
