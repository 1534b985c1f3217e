//! What the machine of an investor's profile looks at, read in the transaction
//! that acts.

use std::sync::Arc;

use crate::db::investor_profiles as rows;
use crate::db::{self, Conn};
use crate::domain::compliance::Clearance;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::investor::{InvestorFacts, InvestorProfile, text_that_tells};
use crate::domain::profile::ProfileAction;
use crate::domain::tag::Taxonomy;
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error};

/// The facts, held.
pub(in crate::services) struct Around {
    context: Context,
    taxonomy: Arc<Taxonomy>,
    agreed: bool,
    agreed_alone: bool,
    clearance: Option<Clearance>,
    told: Faults,
    pub(super) held: Held,
}

impl Around {
    /// Facts for what asks for none of the firm's.
    pub(super) fn bare(context: &Context) -> Self {
        Self {
            context: context.clone(),
            taxonomy: context.taxonomy(),
            agreed: false,
            agreed_alone: false,
            clearance: None,
            told: Faults::new(),
            held: Held::default(),
        }
    }

    /// All that one of the actions asks for, and no more, for whoever acts; none
    /// is the service itself.
    pub(in crate::services) fn load(
        context: &Context,
        conn: &mut Conn,
        profile: &InvestorProfile,
        actions: &[ProfileAction],
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        use ProfileAction as A;
        let asks = |wanted: &[A]| actions.iter().any(|action| wanted.contains(action));
        let mut around = Self::bare(context);
        if asks(&[A::Approve]) {
            let agreed = rows::compliance_agreed_revision(conn, profile.id)?;
            around.agreed = agreed == Some(profile.revision);
            let agreed_by = rows::agreed_by(conn, profile.id)?;
            around.agreed_alone = agreed_by.is_some() && agreed_by == by.map(Caller::id);
        }
        if asks(&[A::Publish]) {
            around.clearance = db::clearances::latest(conn, profile.organization)?;
        }
        if asks(&[A::Submit, A::Approve, A::Publish, A::Reconfirm]) {
            let people = db::users::members(conn, profile.organization)?;
            let names: Vec<String> = people.iter().map(|(it, _)| it.name.to_string()).collect();
            around.told = text_that_tells(&profile.content, names.iter().map(String::as_str));
        }
        if asks(&[A::Suspend, A::Restore, A::Erase]) && Held::concerns(by) {
            let subject = Subject::new(SubjectKind::InvestorProfile, profile.id);
            around.held = Held::load(conn, profile.organization, subject, by)?;
        }
        Ok(around)
    }

    /// As the machine takes them.
    pub(in crate::services) fn facts(&self) -> InvestorFacts<'_> {
        InvestorFacts {
            taxonomy: &self.taxonomy,
            compliance_agreed: self.agreed,
            agreed_alone: self.agreed_alone,
            clearance: self.clearance.as_ref(),
            told: &self.told,
            standing: self.held.standing(),
            now: self.context.now(),
        }
    }
}
