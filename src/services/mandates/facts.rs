//! What the machine of a mandate looks at, read in the transaction that acts.

use crate::db::{self, Conn};
use crate::domain::compliance::Clearance;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::mandate::{Mandate, MandateAction, MandateFacts};
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error};

/// The facts, held.
pub(in crate::services) struct Around {
    context: Context,
    clearance: Option<Clearance>,
    pub(super) held: Held,
}

impl Around {
    /// Facts for what asks for none of the firm's.
    pub(super) fn bare(context: &Context) -> Self {
        Self {
            context: context.clone(),
            clearance: None,
            held: Held::default(),
        }
    }

    /// All that one of the actions asks for, and no more, for whoever acts; none
    /// is the service itself.
    pub(super) fn load(
        context: &Context,
        conn: &mut Conn,
        mandate: &Mandate,
        actions: &[MandateAction],
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        use MandateAction as A;
        let asks = |wanted: &[A]| actions.iter().any(|action| wanted.contains(action));
        let mut around = Self::bare(context);
        if asks(&[A::Publish]) {
            around.clearance = db::clearances::latest(conn, mandate.organization)?;
        }
        if asks(&[A::Suspend, A::Restore, A::Erase]) && Held::concerns(by) {
            let subject = Subject::new(SubjectKind::Mandate, mandate.id);
            around.held = Held::load(conn, mandate.organization, subject, by)?;
        }
        Ok(around)
    }

    /// As the machine takes them.
    pub(super) fn facts(&self) -> MandateFacts<'_> {
        MandateFacts {
            clearance: self.clearance.as_ref(),
            standing: self.held.standing(),
            now: self.context.now(),
        }
    }
}

/// Suspending and restoring say why.
pub(super) fn check_note(action: MandateAction, note: Option<&str>) -> Result<(), Error> {
    match action {
        MandateAction::Suspend | MandateAction::Restore if note.is_none() => {
            Err(Error::refused("note_needed", "It needs a reason in words."))
        }
        _ => Ok(()),
    }
}
