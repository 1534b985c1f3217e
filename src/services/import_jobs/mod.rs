//! Importing files over the API, as jobs: a file is received whole, its header
//! looked at, and then a worker checks every row of it (see [`work`]) and puts
//! them on record. For a partner each row is a referral and obeys what
//! referrals obey; the operator's own are records that nobody has claimed, as
//! those of `corridor import`.
//!
//! A file can be larger than one transaction should be, so all or none is kept
//! in two passes: the first tries every batch of rows and undoes it, the
//! second does the same for good, and begins only when the first met no row
//! that is bad or refused (or when the good ones are asked for alone). What
//! changes between the passes can still make a row refused; it is named then.

mod firms;
mod hand;
pub mod rows;
pub mod work;

use std::sync::Arc;

pub use crate::db::imports::Filter;
use crate::db::page::{Cursor, Page};
use crate::db::{self, Conn, imports};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Fault;
use crate::domain::ids::{ImportId, OrganizationId};
use crate::domain::import::{
    FileFormat, Import, ImportAction, ImportOptions, ImportRow, ImportState, Place, RowOutcome,
    RowTally,
};
use crate::domain::permission::Operation;
use crate::domain::refusal::Refusal;
use crate::domain::values::OrganizationKind;

use super::duplicates::live_firm;
use super::files::Received;
use super::log::Pen;
use super::once::{is_repetition, write_once};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};
use rows::Unreadable;

/// Imports of one partner, or of the operator, that may run or wait for a
/// worker at a time. One that was checked has its answer and doesn't count.
const MOST_RUNNING: i64 = 10;
/// Checked imports of each whose files are kept to be started; an older one
/// gives way.
const MOST_CHECKED: i64 = 20;

/// What somebody wants imported.
#[derive(Debug, Clone, Copy)]
pub struct NewImport {
    /// For which partner; none for the operator's own records.
    pub partner: Option<OrganizationId>,
    /// How.
    pub options: ImportOptions,
    /// How the file is written.
    pub format: FileFormat,
}

fn owners(partner: Option<&OrganizationId>) -> &[OrganizationId] {
    partner.map_or(&[], std::slice::from_ref)
}

fn may_read(caller: &Caller, partner: Option<OrganizationId>) -> Result<(), Error> {
    caller.may(Operation::ReadImport, owners(partner.as_ref()))
}

/// Whether somebody may hand in a file: asked before the file is received.
///
/// # Errors
/// They may not.
pub fn may_write(caller: &Caller, partner: Option<OrganizationId>) -> Result<(), Error> {
    may_read(caller, partner)?;
    caller.may(Operation::WriteImport, owners(partner.as_ref()))
}

/// Whether there is room for one more: asked before the file is received, which
/// may be large. What repeats a request that was taken has its answer already.
///
/// # Errors
/// A refusal when too many run.
pub async fn may_begin(
    context: &Context,
    caller: &Caller,
    partner: Option<OrganizationId>,
    request: Option<(&'static str, &str)>,
) -> Result<(), Error> {
    let person = caller.id();
    let request = request.map(|(route, key)| (route, key.to_owned()));
    context
        .db
        .look_up(move |conn| {
            let again = request.as_ref().map(|(route, key)| (*route, key.as_str()));
            match again {
                Some(again) if is_repetition(conn, person, again)? => Ok(()),
                _ => check_room(conn, partner),
            }
        })
        .await
}

fn check_room(conn: &mut Conn, partner: Option<OrganizationId>) -> Result<(), Error> {
    if imports::count_running(conn, partner)? < MOST_RUNNING {
        return Ok(());
    }
    Err(Error::refused(
        "too_many_imports",
        format!("{MOST_RUNNING} imports are running; wait until one is over, or cancel one."),
    ))
}

/// Ends the oldest of many checked imports, whose files would fill the disk.
async fn make_room(context: &Context, partner: Option<OrganizationId>) -> Result<(), Error> {
    let (pen, now) = (context.pen(Actor::System), context.now());
    let ended = context
        .db
        .write(move |conn| -> Result<Vec<ImportId>, Error> {
            let mut ended = Vec::new();
            for import in imports::checked_before(conn, partner, MOST_CHECKED)? {
                let after = import.clone().expired(now);
                if imports::update(conn, &after, None)? {
                    log_move(conn, &pen, &import, &after)?;
                    ended.push(import.id);
                }
            }
            Ok(ended)
        });
    for id in ended.await? {
        context.exchange.folder.remove(id);
    }
    Ok(())
}

/// Takes a file that was received whole.
///
/// # Errors
/// Everything that is wrong with its header, or a refusal when too many are
/// open; the file is deleted then.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: NewImport,
    received: Received,
) -> Result<Import, Error> {
    may_write(caller, new.partner)?;
    let received = look_at(context, new.format, received).await?;
    make_room(context, new.partner).await?;
    let import = import_of(context, new, Some(caller), &received);
    let id = import.id;
    keep(context, received, id).await?;
    let pen = context.pen(caller.actor());
    let made = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            insert(conn, &pen, &import, None)?;
            Ok(import)
        },
        |conn, id| load(conn, id.into()),
    )
    .await;
    // A repetition is answered with the first one's, and needs no second file.
    if !made.as_ref().is_ok_and(|made| made.id == id) {
        context.exchange.folder.remove(id);
    }
    made
}

/// Takes a file for the command line, which works on it itself under `lease`.
///
/// # Errors
/// As for [`create`].
pub async fn create_here(
    context: &Context,
    new: NewImport,
    received: Received,
    lease: imports::Lease,
) -> Result<Import, Error> {
    let received = look_at(context, new.format, received).await?;
    let import = import_of(context, new, None, &received);
    let id = import.id;
    keep(context, received, id).await?;
    let pen = context.pen(Actor::System);
    let write = context.db.write(move |conn| -> Result<Import, Error> {
        insert(conn, &pen, &import, Some(lease))?;
        Ok(import)
    });
    let made = write.await;
    if made.is_err() {
        context.exchange.folder.remove(id);
    }
    made
}

/// Opens the file, so that a header that can't be meant is refused at once.
async fn look_at(
    context: &Context,
    format: FileFormat,
    received: Received,
) -> Result<Received, Error> {
    let open = Arc::clone(&context.exchange.open_rows);
    let taxonomy = context.taxonomy();
    let looked = tokio::task::spawn_blocking(move || {
        let opened = open(received.path(), format, Place::default(), taxonomy);
        (opened.map(drop), received)
    });
    let (opened, received) = looked.await.map_err(Error::internal)?;
    match opened {
        Ok(()) => Ok(received),
        Err(Unreadable::Disk(error)) => Err(Error::internal(error)),
        Err(Unreadable::Header(faults)) => Err(Error::Invalid(faults)),
        Err(Unreadable::Form(failure)) => Err(Error::Invalid(vec![Fault::new(
            String::new(),
            failure.code,
            failure.detail,
        )])),
    }
}

async fn keep(context: &Context, received: Received, id: ImportId) -> Result<(), Error> {
    let folder = context.exchange.folder.clone();
    let kept = tokio::task::spawn_blocking(move || folder.keep(received, id));
    kept.await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}

fn import_of(
    context: &Context,
    new: NewImport,
    caller: Option<&Caller>,
    received: &Received,
) -> Import {
    let now = context.now();
    Import {
        id: context.new_id(),
        partner: new.partner,
        made_by: caller.map(Caller::id),
        options: new.options,
        format: new.format,
        bytes: received.bytes,
        digest: received.digest,
        state: Import::first_state(&new.options),
        place: Place::default(),
        tally: RowTally::default(),
        failure: None,
        expires_at: now + crate::domain::import::KEPT,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn insert(
    conn: &mut Conn,
    pen: &Pen,
    import: &Import,
    lease: Option<imports::Lease>,
) -> Result<(), Error> {
    if let Some(partner) = import.partner {
        let firm = live_firm(conn, partner)?;
        if firm.details.kind != OrganizationKind::Partner {
            return Err(Error::refused(
                "not_a_partner",
                "Only a partner refers firms.",
            ));
        }
        // One at a time for each partner, so that the limit holds.
        db::organizations::lock(conn, partner)?;
    }
    if let Some(programme) = import.options.programme {
        db::programmes::find(conn, programme)?.ok_or(Error::NotFound)?;
    }
    check_room(conn, import.partner)?;
    imports::insert(conn, import, lease)?;
    let mut payload = vec![
        ("state", code(import.state.code())),
        ("format", code(import.format.code())),
        ("bytes", Value::Int(import.bytes)),
        ("file", Value::Hash(import.digest)),
        ("dry_run", Value::Flag(import.options.dry_run)),
        ("keep_good", Value::Flag(import.options.keep_good)),
    ];
    if let Some(partner) = import.partner {
        payload.push(("partner", Value::Id(partner.uuid())));
    }
    pen.append(
        conn,
        "import.created",
        (SubjectKind::Import, import.id),
        payload,
    )
}

/// Notes that an import moved from one state to another.
pub(super) fn log_move(
    conn: &mut Conn,
    pen: &Pen,
    before: &Import,
    after: &Import,
) -> Result<(), Error> {
    let tally = &before.tally;
    let mut payload = vec![
        ("from", code(before.state.code())),
        ("to", code(after.state.code())),
        ("read", Value::Int(tally.read)),
        ("bad", Value::Int(tally.bad)),
        ("created", Value::Int(tally.created)),
        ("updated", Value::Int(tally.updated)),
        ("unchanged", Value::Int(tally.unchanged)),
        ("kept", Value::Int(tally.kept)),
        ("refused", Value::Int(tally.refused)),
    ];
    if let Some(failure) = &after.failure {
        payload.push(("failure", code(&failure.code)));
    }
    pen.append(
        conn,
        "import.moved",
        (SubjectKind::Import, after.id),
        payload,
    )
}

/// What rows would have come to gives way to what they come to.
fn begin_report(conn: &mut Conn, import: &Import) -> Result<(), Error> {
    if import.state == ImportState::Applying {
        imports::clear_rows(conn, import.id)?;
    }
    Ok(())
}

fn load(conn: &mut Conn, id: ImportId) -> Result<Import, Error> {
    imports::find(conn, id)?.ok_or(Error::NotFound)
}

/// One import, for its partner and the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: ImportId) -> Result<Import, Error> {
    let import = context.db.look_up(move |conn| load(conn, id)).await?;
    may_read(caller, import.partner)?;
    Ok(import)
}

/// Imports in an order of time: a partner's own for its people, all for the
/// operator's.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Import>, Error> {
    if !caller.reads_everything() {
        let own = caller.organizations(OrganizationKind::Partner).next();
        let partner = filter.partner.or(own).ok_or(Error::NotFound)?;
        may_read(caller, Some(partner))?;
        filter.partner = Some(partner);
    }
    let key: fn(&Import) -> Cursor = if filter.sort.is_by_change() {
        |import| after(import.updated_at, import.id)
    } else {
        |import| after(import.created_at, import.id)
    };
    read_page(
        context,
        format!("imports {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(imports::list(conn, &filter, cursor, limit)?),
        key,
    )
    .await
}

/// What became of the rows, in the order of the file.
pub async fn rows(
    context: &Context,
    caller: &Caller,
    id: ImportId,
    outcome: Option<RowOutcome>,
    page: PageRequest,
) -> Result<Page<ImportRow>, Error> {
    find(context, caller, id).await?;
    read_page(
        context,
        format!("rows of {id} {outcome:?}"),
        page,
        move |conn, cursor, limit| {
            let after = cursor.map_or(0, |cursor| cursor.id.as_u128());
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            Ok(imports::rows(conn, id, outcome, after, limit)?)
        },
        |row| {
            let line = u128::try_from(row.line).unwrap_or(0);
            Cursor::at(chrono::DateTime::UNIX_EPOCH, uuid::Uuid::from_u128(line))
        },
    )
    .await
}

/// The rows after a line, for a report as a file; the caller was found to be
/// allowed to read the import.
pub async fn rows_after(
    context: &Context,
    id: ImportId,
    outcome: Option<RowOutcome>,
    line: i64,
    limit: usize,
) -> Result<Vec<ImportRow>, Error> {
    context
        .db
        .read(move |conn| Ok(imports::rows(conn, id, outcome, line, limit)?))
        .await
}

/// Forgets an import of the command line of which nothing was put on record.
pub async fn discard(context: &Context, id: ImportId) -> Result<(), Error> {
    let discarded = context
        .db
        .write(move |conn| Ok::<_, Error>(imports::delete(conn, id)?));
    discarded.await?;
    context.exchange.folder.remove(id);
    Ok(())
}

/// What can be done with an import now, and what stands in the way.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: ImportId,
) -> Result<Vec<(ImportAction, Option<Refusal>)>, Error> {
    let import = find(context, caller, id).await?;
    if may_write(caller, import.partner).is_err() {
        return Ok(Vec::new());
    }
    let now = context.now();
    let possible = ImportAction::ALL.iter().filter_map(|action| {
        match import.clone().step(*action, false, now) {
            Ok(_) => Some((*action, None)),
            Err(refusal) if refusal.is_about_state() => None,
            Err(refusal) => Some((*action, Some(refusal))),
        }
    });
    Ok(possible.collect())
}

/// Starts or cancels an import. Cancelling one that is being put on record
/// keeps what is on record by then.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ImportId,
    expected: Option<i64>,
    action: ImportAction,
    keep_good: bool,
) -> Result<Import, Error> {
    let import = find(context, caller, id).await?;
    may_write(caller, import.partner)?;
    let (pen, now) = (context.pen(caller.actor()), context.now());
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            if action == ImportAction::Start && before.state == ImportState::Checked {
                if let Some(partner) = before.partner {
                    // One at a time for each partner, so that the limit holds.
                    db::organizations::lock(conn, partner)?;
                }
                check_room(conn, before.partner)?;
            }
            let after = before.clone().step(action, keep_good, now)?;
            if !imports::update(conn, &after, None)? {
                return Err(Error::StaleVersion);
            }
            begin_report(conn, &after)?;
            log_move(conn, &pen, &before, &after)?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await?;
    if !moved.state.is_open() {
        context.exchange.folder.remove(id);
    }
    Ok(moved)
}
