//! Accounts of people, as the operator's people see them: closed, opened again,
//! erased.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::db::{self, Conn};
use crate::domain::account::{Membership, User};
use crate::domain::event::{Actor, SubjectKind};
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::message::News;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;
use crate::domain::session::EndReason;

use super::accounts::check_password;
use super::erasure::{erase, erased};
use super::members::{keep_a_keeper, leave_work};
use super::once::{Recorded, write_once};
use super::sessions::end_all;
use super::{AuthFault, Caller, Context, Error, Intent, notices, second_factor};

/// Somebody's account as the operator's people see it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person.
    pub user: User,
    /// Their parts.
    pub memberships: Vec<Membership>,
    /// Whether it is closed.
    pub disabled: bool,
    /// Whether its person was erased, which is for good.
    pub erased: bool,
    /// Counts changes of the account and of the parts.
    pub version: i64,
}

impl Recorded for Account {
    fn id(&self) -> Uuid {
        self.user.id.uuid()
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// One account, for the operator's people.
pub async fn account(context: &Context, caller: &Caller, id: UserId) -> Result<Account, Error> {
    caller.may(Operation::ReadPerson, &[])?;
    context.db.read(move |conn| load(conn, id)).await
}

fn load(conn: &mut Conn, id: UserId) -> Result<Account, Error> {
    // A program's account is its client's.
    if db::clients::find(conn, id)?.is_some() {
        return Err(Error::NotFound);
    }
    Ok(Account {
        user: db::users::find(conn, id)?.ok_or(Error::NotFound)?,
        memberships: db::users::memberships(conn, id)?,
        disabled: db::users::disabled_at(conn, id)?.is_some(),
        erased: db::erasure::erased_at(conn, id)?.is_some(),
        version: db::users::account_version(conn, id)?,
    })
}

/// What the operator's people do with somebody's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAction {
    /// Close it: sessions and keys end at once, open work is handed over.
    Close,
    /// Open it again.
    Open,
    /// Erase the person of an account that is closed, for good.
    Erase,
    /// Take the second factor away from somebody who lost app and codes, and
    /// proved in another way who they are. All sessions end.
    RemoveSecondFactor,
}

impl AccountAction {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Close,
        Self::Open,
        Self::Erase,
        Self::RemoveSecondFactor,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Open => "open",
            Self::Erase => "erase",
            Self::RemoveSecondFactor => "remove_second_factor",
        }
    }

    /// The action with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// What the caller can do with somebody's account now, each action with what
/// stands in its way.
pub async fn actions(
    context: &Context,
    caller: &Caller,
    id: UserId,
) -> Result<Vec<(AccountAction, Option<Refusal>)>, Error> {
    let account = account(context, caller, id).await?;
    if decide(Operation::WritePerson, &caller.memberships, &[]) != Verdict::Allowed {
        return Ok(Vec::new());
    }
    let possible: &[AccountAction] = match (account.disabled, account.erased) {
        (_, true) => &[],
        (true, false) => &[
            AccountAction::Open,
            AccountAction::Erase,
            AccountAction::RemoveSecondFactor,
        ],
        (false, false) => &[AccountAction::Close, AccountAction::RemoveSecondFactor],
    };
    let own = (id == caller.id()).then(own_account);
    let possible = possible.iter();
    Ok(possible.map(|action| (*action, own.clone())).collect())
}

fn own_account() -> Refusal {
    Refusal::new(
        "own_account",
        "One's own account is closed at /v1/me/deactivation, and erased at /v1/me/erasure.",
    )
}

/// Does something with somebody's account, if it is at that version.
pub async fn act(
    context: &Context,
    caller: &Caller,
    id: UserId,
    expected: Option<i64>,
    action: AccountAction,
    intent: Option<Intent>,
) -> Result<Account, Error> {
    caller.may(Operation::ReadPerson, &[])?;
    caller.may(Operation::WritePerson, &[])?;
    if id == caller.id() {
        return Err(own_account().into());
    }
    let context_in = context.clone();
    let (person, actor) = (caller.id(), caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            load(conn, id)?;
            lock_firms_of(conn, id)?;
            // Two admins who close each other: the second is out already.
            if db::users::disabled_at(conn, person)?.is_some() {
                return Err(Error::Unauthenticated(AuthFault::Invalid));
            }
            if !db::users::hold(conn, id, expected)? {
                return Err(Error::StaleVersion);
            }
            match action {
                AccountAction::Erase => erase(&context_in, conn, actor, id)?,
                _ if load(conn, id)?.erased => return Err(erased().into()),
                AccountAction::Close => switch(&context_in, conn, actor, id, true)?,
                AccountAction::Open => switch(&context_in, conn, actor, id, false)?,
                AccountAction::RemoveSecondFactor => {
                    second_factor::take_away(&context_in, conn, actor, id)?;
                }
            }
            load(conn, id)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Closes the caller's own account; needs the password.
pub async fn deactivate(context: &Context, caller: &Caller, password: &str) -> Result<(), Error> {
    check_password(context, caller.id(), password).await?;
    let context_in = context.clone();
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            keeps_its_keepers(conn, caller.id())?;
            switch(&context_in, conn, caller.actor(), caller.id(), true)
        })
        .await
}

/// Refuses to let somebody go who is the last that could let people into a
/// firm; their firms are held.
pub(super) fn keeps_its_keepers(conn: &mut Conn, person: UserId) -> Result<(), Error> {
    lock_firms_of(conn, person)?;
    for own in db::users::memberships(conn, person)? {
        keep_a_keeper(conn, own.organization, own.kind, person)?;
    }
    Ok(())
}

/// Holds everybody else who changes the people of somebody's firms up until
/// the open transaction ends; in one order, so that nobody waits in a circle.
fn lock_firms_of(conn: &mut Conn, person: UserId) -> Result<(), Error> {
    let parts = db::users::memberships(conn, person)?;
    let firms: BTreeSet<OrganizationId> = parts.iter().map(|own| own.organization).collect();
    for firm in firms {
        db::organizations::lock(conn, firm)?;
    }
    Ok(())
}

/// Closes an account, or opens it again.
pub(super) fn switch(
    context: &Context,
    conn: &mut Conn,
    actor: Actor,
    person: UserId,
    disabled: bool,
) -> Result<(), Error> {
    let now = context.now();
    if !db::users::set_disabled(conn, person, disabled, now)? {
        return Ok(());
    }
    if disabled {
        end_all(context, conn, actor, person, None, EndReason::Disabled)?;
        db::api_keys::revoke_all(conn, person, now)?;
        for own in db::users::memberships(conn, person)? {
            leave_work(context, conn, own.organization, person, None)?;
            db::tickets::revoke_sent_by(conn, person, own.organization, now)?;
        }
    }
    let (kind, news) = if disabled {
        ("user.disabled", News::AccountClosed)
    } else {
        ("user.enabled", News::AccountReopened)
    };
    context
        .pen(actor)
        .append(conn, kind, (SubjectKind::User, person), vec![])?;
    notices::tell_news(context, conn, person, news)
}
