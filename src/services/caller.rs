//! Who asks, and what they may do.

use std::ops::Deref;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::db::sessions::Credentials;
use crate::db::{self, Db};
use crate::domain::account::{Membership, Role, User};
use crate::domain::event::Actor;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::permission::{Hat, Operation, Verdict, decide, is_recused};
use crate::domain::values::{OrganizationKind, Side};

use super::{AuthFault, Error, Refusal};

/// A person whose token was checked, with the parts they play at this moment.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Person>);

/// A person and the parts they play.
#[derive(Debug)]
pub struct Person {
    /// The person.
    pub user: User,
    /// Their parts.
    pub memberships: Vec<Membership>,
}

impl Deref for Caller {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.0
    }
}

/// The callers of late. They are kept by the versions that a live session
/// names with each request, and a version never says anything else than it
/// did, so nobody acts in a part that was taken from them.
#[derive(Debug)]
pub struct Callers(Cache<(UserId, i64, i64), Caller>);

/// How many callers are kept.
const KEPT: usize = 4 * 1024;

impl Default for Callers {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Callers {
    /// The person of a live session that says so of them.
    pub(super) async fn find(
        &self,
        db: &Db,
        user: UserId,
        live: Credentials,
    ) -> Result<Caller, Error> {
        let key = (user, live.version, live.parts_version);
        if let Some(caller) = self.0.get(&key) {
            return Ok(caller);
        }
        let caller = db
            .look_up(move |conn| {
                let person = db::users::find(conn, user)?;
                let person = person.ok_or(Error::Unauthenticated(AuthFault::Invalid))?;
                // Read after the versions: at least as new as they say.
                Ok::<_, Error>(Caller::new(person, db::users::memberships(conn, user)?))
            })
            .await?;
        self.0.insert(key, caller.clone());
        Ok(caller)
    }
}

impl Caller {
    /// That person in these parts.
    pub fn new(user: User, memberships: Vec<Membership>) -> Self {
        Self(Arc::new(Person { user, memberships }))
    }

    /// As what they appear in the log.
    pub fn actor(&self) -> Actor {
        Actor::User(self.user.id)
    }

    /// Their id.
    pub fn id(&self) -> UserId {
        self.user.id
    }

    /// Asks the permission table about a record of `owners`; none for a record
    /// of the service itself. What the caller may not see is not found.
    pub fn may(&self, operation: Operation, owners: &[OrganizationId]) -> Result<(), Error> {
        match decide(operation, &self.memberships, owners) {
            Verdict::Allowed => Ok(()),
            Verdict::Forbidden => Err(Error::Forbidden),
            Verdict::Hidden => Err(Error::NotFound),
        }
    }

    /// Whether they play that part at the operator's.
    pub fn is(&self, role: Role) -> bool {
        self.memberships
            .iter()
            .any(|member| member.kind == OrganizationKind::Operator && member.role == role)
    }

    /// Whether they are one of the operator's people who read profiles.
    pub fn reads_everything(&self) -> bool {
        self.is(Role::Curator) || self.is(Role::Compliance) || self.is(Role::Auditor)
    }

    /// Whether they read records of these firms as one of the operator's
    /// people. Of a firm that they belong to they read what the firm does.
    pub fn reads_all_of(&self, firms: &[OrganizationId]) -> bool {
        self.reads_everything() && !self.is_recused_from(firms)
    }

    /// Whether one of these firms is theirs, and not the operator.
    fn is_recused_from(&self, firms: &[OrganizationId]) -> bool {
        is_recused(&self.memberships, firms)
    }

    /// Whether they are one of the operator's people, in whatever part.
    pub fn is_of_operator(&self) -> bool {
        self.memberships
            .iter()
            .any(|member| member.kind == OrganizationKind::Operator)
    }

    /// Whether they belong to that organization.
    pub fn belongs_to(&self, organization: OrganizationId) -> bool {
        self.memberships
            .iter()
            .any(|member| member.organization == organization)
    }

    /// The organizations of theirs of that kind.
    pub fn organizations(
        &self,
        kind: OrganizationKind,
    ) -> impl Iterator<Item = OrganizationId> + '_ {
        self.memberships
            .iter()
            .filter(move |member| member.kind == kind)
            .map(|member| member.organization)
    }

    /// The side on which they stand between these two, if on one.
    pub fn side(&self, startup: OrganizationId, investor: OrganizationId) -> Option<Side> {
        if self.belongs_to(startup) {
            Some(Side::Startup)
        } else if self.belongs_to(investor) {
            Some(Side::Investor)
        } else {
            None
        }
    }

    /// The capacities in which they can act between these two. Nobody curates
    /// or clears what their own firm has a part in.
    pub fn hats(&self, startup: OrganizationId, investor: OrganizationId) -> Vec<Hat> {
        let mut hats = Vec::new();
        let writes = |organization| {
            self.memberships.iter().any(|member| {
                member.organization == organization
                    && matches!(member.role, Role::Owner | Role::Editor)
            })
        };
        if writes(startup) {
            hats.push(Hat::Startup);
        }
        if writes(investor) {
            hats.push(Hat::Investor);
        }
        if self.is_recused_from(&[startup, investor]) {
            return hats;
        }
        if self.is(Role::Curator) {
            hats.push(Hat::Curator);
        }
        if self.is(Role::Compliance) {
            hats.push(Hat::Compliance);
        }
        hats
    }

    /// The capacities in which they can act on a record of one firm, which
    /// can't be on `other`'s side.
    pub fn hats_for(&self, organization: OrganizationId, other: Hat) -> Vec<Hat> {
        let mut hats = self.hats(organization, organization);
        hats.retain(|hat| *hat != other);
        hats
    }
}

/// Tries an action of a machine in each capacity until one is accepted. A
/// refusal that is about more than the capacity is final.
pub fn in_any_hat<T>(
    hats: &[Hat],
    mut attempt: impl FnMut(Hat) -> Result<T, Refusal>,
) -> Result<(T, Hat), Error> {
    for &hat in hats {
        match attempt(hat) {
            Ok(value) => return Ok((value, hat)),
            Err(refusal) if refusal.is_about_capacity() => {}
            Err(refusal) => return Err(Error::Refused(refusal)),
        }
    }
    Err(Error::Forbidden)
}
