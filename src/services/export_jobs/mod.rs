//! Exporting as jobs: what somebody may read becomes a file, which only they
//! can fetch, for a time. A worker makes it as that person: it asks the same
//! use cases as their requests would, at the moment it writes, so that a file
//! holds nothing that the screens wouldn't show.

pub mod firm;
pub mod held_back;
pub mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn, exports};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::export::{
    Export, ExportAction, ExportKind, ExportState, Part, REMEMBERED, Wanted,
};
use crate::domain::identifier::Identifier;
use crate::domain::ids::MandateId;
use crate::domain::ids::{ExportId, OrganizationId, StartupProfileId};
use crate::domain::investment::Investment;
use crate::domain::mandate::MandateContent;
use crate::domain::organization::Organization;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupContent;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Email, Language};
use crate::domain::values::OrganizationKind;

use super::files::{Incoming, Received};
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};

/// Files of one person that are being made or can be fetched.
const MOST_LIVE: i64 = 20;

/// Lines of a file on their way to it, each with its line feed.
pub type Lines = mpsc::Sender<Vec<u8>>;

type Written = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

type Decided = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send>>;

type Archived = Pin<Box<dyn Future<Output = Result<Received, Error>> + Send>>;

/// Who knows how records are written.
pub trait Scribe: Send + Sync {
    /// Whether that can be wanted at all.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn check(&self, context: &Context, caller: &Caller, wanted: &Wanted) -> Result<(), Error>;

    /// Whether that person may read it at present.
    ///
    /// # Errors
    /// It is not there or not theirs to read.
    fn probe(&self, context: Context, caller: Caller, wanted: Wanted) -> Written;

    /// Whether compliance has to decide about something that it would leave out at
    /// present.
    ///
    /// # Errors
    /// The store failed.
    fn waits(&self, context: Context, caller: Caller, wanted: Wanted) -> Decided;

    /// Sends what is wanted, as that person reads it, a JSON object a line.
    fn write(&self, context: Context, caller: Caller, wanted: Wanted, to: Lines) -> Written;

    /// Makes an archive of lines of a firm and the files of the documents that
    /// they name, as that person opens them. It outlives what the gate says now,
    /// so it holds the firm's own files only.
    fn archive(
        &self,
        context: Context,
        caller: Caller,
        firm: Option<OrganizationId>,
        lines: Received,
        to: Incoming,
    ) -> Archived;

    /// Makes a table of lines.
    ///
    /// # Errors
    /// The disk is full or broken.
    fn tabulate(&self, kind: ExportKind, lines: &Path, to: &mut dyn Write) -> io::Result<()>;
}

/// The scribe of this service.
pub type AnyScribe = Arc<dyn Scribe>;

fn may(caller: &Caller, wanted: &Wanted) -> Result<(), Error> {
    if let Some(organization) = wanted.organization {
        caller.may(Operation::ReadOrganization, &[organization])?;
        return caller.may(Operation::Export, &[organization]);
    }
    let own = caller.memberships.iter().map(|member| member.organization);
    let own: Vec<OrganizationId> = own.collect();
    caller.may(Operation::Export, &own)
}

/// Whether the caller may have it still, in the parts in which it was asked
/// for: who plays another one by now asks for another file.
fn may_have(caller: &Caller, export: &Export) -> Result<(), Error> {
    let plays = |part: &Part| caller.memberships.iter().any(|own| part.is_played_by(own));
    if export.parts.is_empty() || !export.parts.iter().all(plays) {
        return Err(Error::NotFound);
    }
    may(caller, &export.wanted)
}

/// Asks for a file.
///
/// # Errors
/// Everything that is wrong with what is wanted, or a refusal when there are
/// too many files already.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    wanted: Wanted,
) -> Result<Export, Error> {
    may(caller, &wanted)?;
    let scribe = &context.exchange.scribe;
    scribe.check(context, caller, &wanted)?;
    let probe = scribe.probe(context.clone(), caller.clone(), wanted.clone());
    probe.await?;
    let now = context.now();
    let export = Export {
        id: context.new_id(),
        made_by: caller.id(),
        parts: parts_of(caller),
        wanted,
        state: ExportState::Waiting,
        lines: 0,
        bytes: 0,
        digest: None,
        failure: None,
        expires_at: now + REMEMBERED,
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
            if let Some(firm) = export.wanted.organization {
                db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
            }
            if exports::count_live(conn, export.made_by)? >= MOST_LIVE {
                return Err(Error::refused(
                    "too_many_exports",
                    format!("{MOST_LIVE} files are there; cancel one first."),
                ));
            }
            exports::insert(conn, &export)?;
            let mut payload = vec![
                ("kind", code(export.wanted.kind.code())),
                ("format", code(export.wanted.format.code())),
                ("filters", Value::hash_of(&export.wanted.filters)),
            ];
            if let Some(firm) = export.wanted.organization {
                payload.push(("organization", Value::Id(firm.uuid())));
            }
            let subject = (SubjectKind::Export, export.id);
            pen.append(conn, "export.created", subject, payload)?;
            Ok(export)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

fn parts_of(caller: &Caller) -> Vec<Part> {
    let parts = caller.memberships.iter().map(|own| Part {
        organization: own.organization,
        role: own.role,
    });
    parts.collect()
}

fn load(conn: &mut Conn, id: ExportId) -> Result<Export, Error> {
    exports::find(conn, id)?.ok_or(Error::NotFound)
}

/// Notes that an export moved from one state to another.
pub(super) fn log_move(
    conn: &mut Conn,
    pen: &Pen,
    before: ExportState,
    after: &Export,
) -> Result<(), Error> {
    let mut payload = vec![
        ("from", code(before.code())),
        ("to", code(after.state.code())),
        ("lines", Value::Int(after.lines)),
        ("bytes", Value::Int(after.bytes)),
    ];
    if let Some(failure) = &after.failure {
        payload.push(("failure", code(failure)));
    }
    pen.append(
        conn,
        "export.moved",
        (SubjectKind::Export, after.id),
        payload,
    )
}

/// One export, for who asked for it, as long as they may still read what it
/// is made of.
pub async fn find(context: &Context, caller: &Caller, id: ExportId) -> Result<Export, Error> {
    let export = context.db.look_up(move |conn| load(conn, id)).await?;
    if export.made_by != caller.id() {
        return Err(Error::NotFound);
    }
    may_have(caller, &export).map_err(|_| Error::NotFound)?;
    Ok(export)
}

/// The caller's exports, the newest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    page: PageRequest,
) -> Result<Page<Export>, Error> {
    let person = caller.id();
    read_page(
        context,
        format!("exports {person}"),
        page,
        move |conn, cursor, limit| Ok(exports::list(conn, person, cursor, limit)?),
        |export| after(export.created_at, export.id),
    )
    .await
}

/// Why there is no file, for people.
fn failed_for(why: &str) -> String {
    let said = match why {
        "no_longer_allowed" => "who asked for it may not have it any more",
        "not_readable" => "something that it names is gone, or not theirs to read any more",
        _ => "something broke on our side and was noted",
    };
    format!("It could not be made ({why}): {said}. Ask for another.")
}

/// The file of an export that can be fetched.
///
/// # Errors
/// A refusal when it can't, or no longer.
pub async fn file(
    context: &Context,
    caller: &Caller,
    id: ExportId,
) -> Result<(Export, File), Error> {
    let export = find(context, caller, id).await?;
    let over = || Error::refused("export_gone", "Its file is gone; ask for another.");
    if let (ExportState::Failed, Some(why)) = (export.state, &export.failure) {
        return Err(Error::refused("export_failed", failed_for(why)));
    }
    match export.state {
        ExportState::Ready if export.expires_at > context.now() => {}
        ExportState::Waiting | ExportState::Running => {
            return Err(Error::refused(
                "export_not_ready",
                "Its file is being made.",
            ));
        }
        _ => return Err(over()),
    }
    let path = context.exchange.folder.path(id);
    let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
    match opened.map_err(Error::internal)? {
        Ok(file) => Ok((export, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(over()),
        Err(error) => Err(Error::internal(error)),
    }
}

/// What can be done with an export now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: ExportId,
) -> Result<Vec<(ExportAction, Option<Refusal>)>, Error> {
    let export = find(context, caller, id).await?;
    let now = context.now();
    let possible = ExportAction::ALL.iter().copied();
    Ok(possible
        .filter(|action| export.clone().step(*action, now).is_ok())
        .map(|action| (action, None))
        .collect())
}

/// Ends an export; a file that is there is deleted.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ExportId,
    expected: Option<i64>,
    action: ExportAction,
) -> Result<Export, Error> {
    find(context, caller, id).await?;
    let (pen, now) = (context.pen(caller.actor()), context.now());
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let state = before.state;
            let after = before.step(action, now)?;
            if !exports::update(conn, &after, None)? {
                return Err(Error::StaleVersion);
            }
            log_move(conn, &pen, state, &after)?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await?;
    context.exchange.folder.remove(id);
    Ok(moved)
}

/// The operator's firm, once there is one; for the command line, whose openings
/// of documents stand under it.
pub async fn operator(context: &Context) -> Result<Option<OrganizationId>, Error> {
    let operators = db::organizations::Filter {
        kind: Some(OrganizationKind::Operator),
        ..db::organizations::Filter::default()
    };
    let read = move |conn: &mut Conn| {
        let found = db::organizations::list(conn, &operators, None, 1)?;
        Ok::<_, Error>(found.first().map(|firm| firm.id))
    };
    context.db.read(read).await
}

/// Firms by their ids, as far as the caller may read them.
pub async fn firms(
    context: &Context,
    caller: &Caller,
    ids: Vec<OrganizationId>,
) -> Result<Vec<Organization>, Error> {
    for id in &ids {
        caller.may(Operation::ReadOrganization, &[*id])?;
    }
    context
        .db
        .read(move |conn| Ok(db::organizations::find_many(conn, &ids)?))
        .await
}

/// By which ids the records of a page go in a file.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Those that have one.
    pub of: BTreeMap<Uuid, String>,
    /// Whether they are a partner's own, under which it referred them: then
    /// they are the firms' as well.
    pub are_referrals: bool,
}

/// The ids under which the caller knows profiles or mandates: for a partner
/// those of its referrals, for others those of the files that they came from.
pub async fn names(context: &Context, caller: &Caller, records: Vec<Uuid>) -> Result<Names, Error> {
    let partner = caller.organizations(OrganizationKind::Partner).next();
    let partner = partner.filter(|_| !caller.reads_everything());
    context
        .db
        .read(move |conn| {
            let of = match partner {
                Some(partner) => db::referrals::names_of(conn, partner, &records)?,
                None => db::record_names::of(conn, &records)?,
            };
            let are_referrals = partner.is_some();
            Ok(Names { of, are_referrals })
        })
        .await
}

/// The numbers that firms state; the caller was found to be allowed to read
/// the firms.
pub async fn identifiers(
    context: &Context,
    ids: Vec<OrganizationId>,
) -> Result<BTreeMap<OrganizationId, BTreeSet<Identifier>>, Error> {
    context
        .db
        .read(move |conn| Ok(db::identifiers::of_many(conn, &ids)?))
        .await
}

/// Whom firms can be reached through that have no account; for the operator's
/// command line, since nobody reads it elsewhere.
pub async fn contacts(
    context: &Context,
    ids: Vec<OrganizationId>,
) -> Result<Vec<(OrganizationId, Email, Language)>, Error> {
    context
        .db
        .read(move |conn| Ok(db::contacts::newest_of(conn, &ids)?))
        .await
}

/// Revisions that are read at a time.
const REVISIONS: i64 = 50;

/// What a profile said in the revisions after that one, some at a time; the
/// caller was found to be allowed to read it.
pub async fn profile_revisions(
    context: &Context,
    id: StartupProfileId,
    after: i64,
) -> Result<Vec<(i64, StartupContent)>, Error> {
    context
        .db
        .read(move |conn| {
            let last = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
            let last = last.revision.min(after + REVISIONS);
            let mut said = Vec::new();
            for revision in after + 1..=last {
                let content = db::startup_profiles::find_revision(conn, id, revision)?;
                said.extend(content.map(|content| (revision, content)));
            }
            Ok(said)
        })
        .await
}

/// The same of a mandate.
pub async fn mandate_revisions(
    context: &Context,
    id: MandateId,
    after: i64,
) -> Result<Vec<(i64, MandateContent)>, Error> {
    context
        .db
        .read(move |conn| {
            let last = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
            let last = last.revision.min(after + REVISIONS);
            let mut said = Vec::new();
            for revision in after + 1..=last {
                let content = db::mandates::find_revision(conn, id, revision)?;
                said.extend(content.map(|content| (revision, content)));
            }
            Ok(said)
        })
        .await
}

/// What an investor did before, as imported files say; the caller was found to
/// be allowed to read the firm.
pub async fn past(context: &Context, firm: OrganizationId) -> Result<Vec<Investment>, Error> {
    context
        .db
        .read(move |conn| Ok(db::investments::of(conn, firm)?))
        .await
}

/// What the people of a firm agreed to: purpose, text and when. For the firm's
/// own people and the operator's.
pub async fn consents(
    context: &Context,
    caller: &Caller,
    firm: OrganizationId,
) -> Result<Vec<(String, String, chrono::DateTime<chrono::Utc>)>, Error> {
    caller.may(Operation::ReadMembers, &[firm])?;
    context
        .db
        .read(move |conn| Ok(db::consents::of_organization(conn, firm)?))
        .await
}
