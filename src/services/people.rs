//! Anybody's account, as the operator's people see and close it.

use uuid::Uuid;

use crate::db::{self, Conn};
use crate::domain::account::{Membership, User};
use crate::domain::ids::UserId;
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::refusal::Refusal;

use super::members::{lock_firms_of, switch};
use super::once::{Recorded, write_once};
use super::{AuthFault, Caller, Context, Error, Intent, second_factor};

/// Somebody's account as the operator's people see it.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person.
    pub user: User,
    /// Their parts.
    pub memberships: Vec<Membership>,
    /// Whether it is closed.
    pub disabled: bool,
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
    /// Take the second factor away from somebody who lost app and codes, and
    /// proved in another way who they are. All sessions end.
    RemoveSecondFactor,
}

impl AccountAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Close, Self::Open, Self::RemoveSecondFactor];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Open => "open",
            Self::RemoveSecondFactor => "remove_second_factor",
        }
    }

    /// The action with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "close" => Some(Self::Close),
            "open" => Some(Self::Open),
            "remove_second_factor" => Some(Self::RemoveSecondFactor),
            _ => None,
        }
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
    let of_state = if account.disabled {
        AccountAction::Open
    } else {
        AccountAction::Close
    };
    let own = (id == caller.id()).then(own_account);
    let possible = AccountAction::ALL.into_iter();
    let possible =
        possible.filter(|it| *it == of_state || *it == AccountAction::RemoveSecondFactor);
    Ok(possible.map(|action| (action, own.clone())).collect())
}

fn own_account() -> Refusal {
    Refusal::new(
        "own_account",
        "One's own account is closed at /v1/me/deactivation.",
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
            if !db::users::touch(conn, id, expected)? {
                return Err(Error::StaleVersion);
            }
            match action {
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
