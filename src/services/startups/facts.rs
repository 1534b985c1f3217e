//! What the machine of a profile looks at, read in the transaction that acts.

use std::sync::Arc;

use crate::db::{self, Conn, startup_profiles};
use crate::domain::compliance::Clearance;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::profile::{
    ProfileAction, ProfileFacts, StartupContent, StartupProfile, texts_not_clean, texts_that_tell,
};
use crate::domain::tag::Taxonomy;
use crate::services::organizations::names_that_tell;
use crate::services::suspensions::Held;
use crate::services::{Caller, Context, Error, duplicates};

/// The facts, held.
pub(in crate::services) struct Around {
    context: Context,
    taxonomy: Arc<Taxonomy>,
    agreed: bool,
    agreed_alone: bool,
    clearance: Option<Clearance>,
    told: Faults,
    contested: bool,
    pub(super) held: Held,
}

impl Around {
    /// Facts for what asks for none of the firm's.
    pub(in crate::services) fn bare(context: &Context) -> Self {
        Self {
            context: context.clone(),
            taxonomy: context.taxonomy(),
            agreed: false,
            agreed_alone: false,
            clearance: None,
            told: Faults::new(),
            contested: false,
            held: Held::default(),
        }
    }

    /// All that one of the actions asks for, and no more, for whoever acts; none
    /// is the service itself.
    pub(in crate::services) fn load(
        context: &Context,
        conn: &mut Conn,
        profile: &StartupProfile,
        actions: &[ProfileAction],
        by: Option<&Caller>,
    ) -> Result<Self, Error> {
        use ProfileAction as A;
        let asks = |wanted: &[A]| actions.iter().any(|action| wanted.contains(action));
        let mut around = Self::bare(context);
        if asks(&[A::Approve]) {
            let agreed = startup_profiles::compliance_agreed_revision(conn, profile.id)?;
            around.agreed = agreed == Some(profile.revision);
            let agreed_by = startup_profiles::agreed_by(conn, profile.id)?;
            around.agreed_alone = agreed_by.is_some() && agreed_by == by.map(Caller::id);
            // Of which firm a profile is that nobody stands behind.
            around.contested =
                !profile.claimed && duplicates::is_contested(conn, profile.organization)?;
        }
        if asks(&[A::Publish]) {
            around.clearance = db::clearances::latest(conn, profile.organization)?;
        }
        if asks(&[A::Submit, A::Approve, A::Publish, A::Reconfirm]) {
            around.told = told(conn, profile.organization, &profile.content)?;
        }
        if asks(&[A::Suspend, A::Restore, A::Erase]) && Held::concerns(by) {
            let subject = Subject::new(SubjectKind::StartupProfile, profile.id);
            around.held = Held::load(conn, profile.organization, subject, by)?;
        }
        Ok(around)
    }

    /// What a claim asks for, of the words that the firm leaves.
    pub(super) fn of_claim(
        context: &Context,
        conn: &mut Conn,
        before: &StartupProfile,
        content: &StartupContent,
    ) -> Result<Self, Error> {
        let agreed = startup_profiles::compliance_agreed_revision(conn, before.id)?;
        Ok(Self {
            agreed: agreed == Some(before.revision) && *content == before.content,
            told: told(conn, before.organization, content)?,
            ..Self::bare(context)
        })
    }

    /// As the machine takes them.
    pub(in crate::services) fn facts(&self) -> ProfileFacts<'_> {
        ProfileFacts {
            taxonomy: &self.taxonomy,
            compliance_agreed: self.agreed,
            agreed_alone: self.agreed_alone,
            clearance: self.clearance.as_ref(),
            told: &self.told,
            contested: self.contested,
            standing: self.held.standing(),
            now: self.context.now(),
        }
    }
}

/// What texts of a firm would give away of it, in every language.
pub(in crate::services) fn told(
    conn: &mut Conn,
    organization: OrganizationId,
    content: &StartupContent,
) -> Result<Faults, Error> {
    let names = names_that_tell(conn, organization)?;
    Ok(texts_that_tell(content, names.iter().map(String::as_str)))
}

/// Refuses texts that would name or reach the firm before it agreed.
pub(super) fn screen(
    conn: &mut Conn,
    organization: OrganizationId,
    content: &StartupContent,
) -> Result<(), Error> {
    let told = told(conn, organization, content)?;
    told.finish()
        .map_err(|told| Error::Refused(texts_not_clean(told)))
}
