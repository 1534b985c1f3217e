//! Saved views: private to a person, or shared with an organization of theirs.
//! They say what to look at, not what may be seen: whoever opens one sees of
//! the list what is theirs to see.

use crate::db::Conn;
use crate::db::page::Page;
use crate::db::saved_views as rows;
use crate::domain::account::Role;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{OrganizationId, SavedViewId};
use crate::domain::permission::Operation;
use crate::domain::saved_view::{ListKind, MOST, SavedView};
use crate::domain::text::Name;

use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::check_version;
use super::{Caller, Context, Error, Intent};

/// What a view says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewContent {
    /// What it is called.
    pub name: Name,
    /// Of which list.
    pub list: ListKind,
    /// The list's parameters, found to be right.
    pub query: String,
    /// With whose people it is shared.
    pub organization: Option<OrganizationId>,
}

/// Saves a view.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    content: ViewContent,
) -> Result<SavedView, Error> {
    caller.may(Operation::WriteAccount, &[])?;
    check_share(caller, content.organization)?;
    let now = context.now();
    let ViewContent {
        name,
        list,
        query,
        organization,
    } = content;
    let view = SavedView {
        id: context.new_id(),
        owner: caller.id(),
        organization,
        name,
        list,
        query,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let there = usize::try_from(rows::count(conn, view.owner)?).unwrap_or(usize::MAX);
            if there >= MOST {
                return Err(Error::refused(
                    "too_many_views",
                    format!("A person saves {MOST} views at most."),
                ));
            }
            rows::insert(conn, &view)?;
            log(conn, &pen, "user.view_saved", &view)?;
            Ok(view)
        },
        |conn, id| rows::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await
}

/// Notes what became of a view with the person whose it is.
fn log(conn: &mut Conn, pen: &Pen, kind: &'static str, view: &SavedView) -> Result<(), Error> {
    let mut payload = vec![("view", Value::Id(view.id.uuid()))];
    if let Some(organization) = view.organization {
        payload.push(("organization", Value::Id(organization.uuid())));
    }
    pen.append(conn, kind, (SubjectKind::User, view.owner), payload)
}

/// A view is shared with an organization by its people who may write there.
fn check_share(caller: &Caller, organization: Option<OrganizationId>) -> Result<(), Error> {
    let Some(organization) = organization else {
        return Ok(());
    };
    let mut parts = caller.memberships.iter();
    let part = parts.find(|member| member.organization == organization);
    match part.map(|member| member.role) {
        None => Err(Error::NotFound),
        Some(Role::Viewer | Role::Auditor) => Err(Error::Forbidden),
        Some(_) => Ok(()),
    }
}

/// One view: one's own, or one that is shared with an organization of the
/// caller's.
pub async fn find(context: &Context, caller: &Caller, id: SavedViewId) -> Result<SavedView, Error> {
    let caller = caller.clone();
    let look = move |conn: &mut Conn| readable(conn, &caller, id);
    context.db.look_up(look).await
}

fn readable(conn: &mut Conn, caller: &Caller, id: SavedViewId) -> Result<SavedView, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let view = rows::find(conn, id)?.ok_or(Error::NotFound)?;
    let seen = match view.organization {
        Some(organization) => caller.belongs_to(organization),
        None => view.owner == caller.id(),
    };
    if seen { Ok(view) } else { Err(Error::NotFound) }
}

/// A view that the caller may change: who saved it, and the owners of the
/// organization that it is shared with.
fn writable(conn: &mut Conn, caller: &Caller, id: SavedViewId) -> Result<SavedView, Error> {
    let view = readable(conn, caller, id)?;
    caller.may(Operation::WriteAccount, &[])?;
    let owns = caller
        .memberships
        .iter()
        .any(|member| Some(member.organization) == view.organization && member.role == Role::Owner);
    if view.owner == caller.id() || owns {
        Ok(view)
    } else {
        Err(Error::Forbidden)
    }
}

/// The caller's views and those that are shared with them, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    of: Option<ListKind>,
    page: PageRequest,
) -> Result<Page<SavedView>, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let owner = caller.id();
    let parts = caller.memberships.iter();
    let firms: Vec<OrganizationId> = parts.map(|member| member.organization).collect();
    read_page(
        context,
        format!("saved-views {owner} {of:?} {firms:?}"),
        page,
        move |conn, cursor, limit| Ok(rows::list(conn, owner, &firms, of, cursor, limit)?),
        |view| after(view.created_at, view.id),
    )
    .await
}

/// Changes a view; `revise` gets it and answers what it is to say.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: SavedViewId,
    expected: Option<i64>,
    revise: impl FnOnce(&SavedView) -> Result<ViewContent, Error> + Send + 'static,
) -> Result<SavedView, Error> {
    let (caller, now) = (caller.clone(), context.now());
    let pen = context.pen(caller.actor());
    context
        .db
        .write(move |conn| {
            let before = writable(conn, &caller, id)?;
            check_version(expected, before.version)?;
            let ViewContent {
                name,
                list,
                query,
                organization,
            } = revise(&before)?;
            if organization != before.organization {
                check_share(&caller, organization)?;
                // What others use is not made somebody's own by another one.
                if before.owner != caller.id() {
                    return Err(Error::Forbidden);
                }
            }
            let after = SavedView {
                name,
                list,
                query,
                organization,
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            if !rows::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            log(conn, &pen, "user.view_changed", &after)?;
            Ok(after)
        })
        .await
}

/// Takes a view away.
pub async fn delete(
    context: &Context,
    caller: &Caller,
    id: SavedViewId,
    expected: Option<i64>,
) -> Result<(), Error> {
    let pen = context.pen(caller.actor());
    let caller = caller.clone();
    context
        .db
        .write(move |conn| {
            let view = writable(conn, &caller, id)?;
            check_version(expected, view.version)?;
            if !rows::delete(conn, id, view.version)? {
                return Err(Error::StaleVersion);
            }
            log(conn, &pen, "user.view_removed", &view)
        })
        .await
}
