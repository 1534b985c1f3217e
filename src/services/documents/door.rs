//! The one way to a document's bytes. Its owner's people pass; the operator's
//! people pass and are noted; a counterpart passes where its owner granted the
//! level, an introduction connects the two, and the gate lets them be shown to
//! each other at this moment, which is decided in the transaction that writes
//! the ledger, before any byte flows.

use std::fs::File;

use crate::db::page::Page;
use crate::db::{self, Conn};
use crate::domain::disclosure::{Level, Opener};
use crate::domain::document::{
    Document, DocumentState, DocumentVersion, DocumentView, granted, introduction_opens, opens,
};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::{DocumentId, IntroductionId, OrganizationId};
use crate::domain::introduction::{Introduction, IntroductionStatus};
use crate::domain::values::OrganizationKind;
use crate::services::disclosure::{self, Occasion, Pair, Showing};
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, introductions};

use super::{blocking, load, load_readable};

/// Documents of an introduction that are shown at once.
const MOST_SHOWN: usize = 100;

/// A file that may flow.
#[derive(Debug)]
pub struct Opened {
    /// Of which document.
    pub document: Document,
    /// Which version.
    pub version: DocumentVersion,
    /// Its bytes.
    pub file: File,
}

/// How much is wanted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its bytes: an opening, which is noted.
    Open,
    /// Whether it is there and unchanged; nothing of it flows.
    Peek,
}

/// The states of an introduction that open documents.
fn opening() -> Vec<IntroductionStatus> {
    let all = IntroductionStatus::ALL.iter().copied();
    all.filter(|status| introduction_opens(*status)).collect()
}

/// Opens a version of a document, the one that others get when no number is
/// given; earlier ones are for its owner's people and the operator's.
///
/// # Errors
/// 404 for everybody to whom it is not open now; a refusal when its bytes were
/// erased.
pub async fn open(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    number: Option<i64>,
    look: Look,
) -> Result<Opened, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let found = context.db.read(move |conn| load(conn, id)).await?;
    let own =
        caller.belongs_to(found.organization) && super::reads_all_of(caller, found.organization);
    let pass = move |conn: &mut Conn| pass(&context_in, &caller_in, conn, id, number, look);
    // Nothing is written for whoever owns it, and for a mere look.
    let (document, version) = if own || look == Look::Peek {
        context.db.read(pass).await?
    } else {
        context.db.write(pass).await?
    };
    let (vault, digest) = (context.documents.vault.clone(), version.digest);
    let file = blocking(move || vault.open(&digest)).await?;
    Ok(Opened {
        document,
        version,
        file,
    })
}

fn pass(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: DocumentId,
    number: Option<i64>,
    look: Look,
) -> Result<(Document, DocumentVersion), Error> {
    let document = load(conn, id)?;
    let owner = document.organization;
    if super::reads_all_of(caller, owner) {
        let version = match number {
            Some(number) => db::documents::find_version(conn, id, number)?,
            None => Some(document.current.clone()),
        };
        let version = version.ok_or(Error::NotFound)?;
        if version.erased_at.is_some() {
            return Err(Error::refused(
                "document_erased",
                "Its bytes were deleted by its owner.",
            ));
        }
        if !caller.belongs_to(owner) && look == Look::Open {
            note_operator(context, caller, conn, &document, version.number)?;
        }
        return Ok((document, version));
    }
    // Others get no other version than the one that is open to them.
    let wanted = number.is_none();
    let passage = passage(context, caller, conn, &document)?.filter(|_| wanted);
    let introduction = passage.ok_or(Error::NotFound)?;
    if look == Look::Open {
        note(context, caller, conn, &document, &introduction)?;
    }
    let version = document.current.clone();
    Ok((document, version))
}

/// Whether somebody can open a document at this moment.
pub(in crate::services) fn is_open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    document: &Document,
) -> Result<bool, Error> {
    if super::reads_all_of(caller, document.organization) {
        return Ok(document.state == DocumentState::Open);
    }
    Ok(passage(context, caller, conn, document)?.is_some())
}

/// The introduction by which a document is open to the caller at this moment.
fn passage(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    document: &Document,
) -> Result<Option<Introduction>, Error> {
    if document.state != DocumentState::Open {
        return Ok(None);
    }
    for investor in caller.organizations(OrganizationKind::Investor) {
        let profile = document.startup_profile;
        let met = db::introductions::of_profile_to(conn, profile, investor, &opening())?;
        for introduction in met {
            if is_open(context, conn, document, &introduction)? {
                return Ok(Some(introduction));
            }
        }
    }
    Ok(None)
}

fn is_open(
    context: &Context,
    conn: &mut Conn,
    document: &Document,
    introduction: &Introduction,
) -> Result<bool, Error> {
    let Some(level) = level_of(conn, introduction)? else {
        return Ok(false);
    };
    // The gate is dear; who has no grant doesn't reach it.
    if document.details.level > level {
        return Ok(false);
    }
    let gate = ask(context, conn, introduction)?;
    Ok(opens(document, introduction.status, Some(level), &gate))
}

fn level_of(conn: &mut Conn, introduction: &Introduction) -> Result<Option<Level>, Error> {
    let profile = introduction.startup_profile;
    let own = db::documents::grant_to(conn, profile, introduction.investor)?;
    let everybody = db::documents::grant_to_everybody(conn, profile)?;
    Ok(granted(own.as_ref(), everybody.as_ref()))
}

fn ask(
    context: &Context,
    conn: &mut Conn,
    introduction: &Introduction,
) -> Result<crate::domain::disclosure::Decision, Error> {
    let Introduction {
        programme,
        startup_profile,
        mandate,
        ..
    } = *introduction;
    let pair = Pair::going_on(conn, programme, startup_profile, mandate)?;
    disclosure::ask(context, conn, &pair, Occasion::Connected)
}

/// Writes an opening by a counterpart: the ledger, the owner's view log, and
/// the document's timeline.
fn note(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    document: &Document,
    introduction: &Introduction,
) -> Result<(), Error> {
    let pen = context.pen(caller.actor());
    let subject = Subject::new(SubjectKind::Introduction, introduction.id);
    let by = disclosure::answer_about(context, conn, subject, Occasion::Connected)?;
    let showing = Showing {
        programme: introduction.programme,
        shown: document.organization,
        to: introduction.investor,
        level: document.details.level,
        subject,
        opened: Some((Opener::Person(caller.id()), document.current.number)),
    };
    disclosure::record(context, conn, &pen, showing, &by)?;
    let by = (introduction.investor, Some(introduction.id));
    note_view(context, caller, conn, document, document.current.number, by)
}

fn note_operator(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    document: &Document,
    number: i64,
) -> Result<(), Error> {
    let operator = caller.organizations(OrganizationKind::Operator).next();
    let by = (operator.ok_or(Error::NotFound)?, None);
    note_view(context, caller, conn, document, number, by)
}

fn note_view(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    document: &Document,
    number: i64,
    (organization, introduction): (OrganizationId, Option<IntroductionId>),
) -> Result<(), Error> {
    let view = DocumentView {
        id: context.new_id(),
        document: document.id,
        number,
        organization,
        introduction,
        at: context.now(),
    };
    db::documents::insert_view(conn, &view)?;
    let mut facts = vec![
        ("number", Value::Int(number)),
        ("level", code(document.details.level.code())),
        ("to", Value::Id(organization.uuid())),
    ];
    facts.extend(introduction.map(|id| ("introduction", Value::Id(id.uuid()))));
    let subject = (SubjectKind::Document, document.id);
    let pen = context.pen(caller.actor());
    pen.append(conn, "document.opened", subject, facts)
}

/// One document, for its startup's people and the operator's, and for a
/// counterpart to which it is open now.
pub async fn find(context: &Context, caller: &Caller, id: DocumentId) -> Result<Document, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let find = move |conn: &mut Conn| {
        pass(&context_in, &caller_in, conn, id, None, Look::Peek).map(|(document, _)| document)
    };
    match context.db.read(find).await {
        // Whoever reads all of it reads what is left of it, too.
        Err(Error::Refused(_)) => super::find(context, caller, id).await,
        other => other,
    }
}

/// What the counterpart of an introduction can open now: for its people, and
/// for the startup's and the operator's, who see what it sees.
pub async fn of_introduction(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Vec<Document>, Error> {
    let seen = introductions::find(context, caller, id).await?;
    let introduction = seen.introduction;
    let context_in = context.clone();
    context
        .db
        .read(move |conn| {
            if !introduction_opens(introduction.status) {
                return Ok(Vec::new());
            }
            let Some(level) = level_of(conn, &introduction)? else {
                return Ok(Vec::new());
            };
            let gate = ask(&context_in, conn, &introduction)?;
            let filter = db::documents::Filter {
                startup_profile: Some(introduction.startup_profile),
                state: Some(DocumentState::Open),
                up_to: Some(level),
                ..db::documents::Filter::default()
            };
            let mut found = db::documents::list(conn, &filter, None, MOST_SHOWN)?;
            found.retain(|document| opens(document, introduction.status, Some(level), &gate));
            Ok(found)
        })
        .await
}

/// One opening as its owner reads it.
#[derive(Debug, Clone)]
pub struct SeenView {
    /// What is on record.
    pub view: DocumentView,
    /// Whose people it was, by name.
    pub by: Option<String>,
}

/// Who opened a document, the newest first, for its startup's people and the
/// operator's. Whoever could open it was introduced by name.
pub async fn views(
    context: &Context,
    caller: &Caller,
    id: DocumentId,
    page: PageRequest,
) -> Result<Page<SeenView>, Error> {
    let caller = caller.clone();
    read_page(
        context,
        format!("document views {id}"),
        page,
        move |conn, cursor, limit| {
            load_readable(conn, &caller, id)?;
            let views = db::documents::list_views(conn, id, cursor, limit)?;
            let mut firms: Vec<_> = views.iter().map(|view| view.organization).collect();
            firms.sort_unstable();
            firms.dedup();
            let firms = db::organizations::find_many(conn, &firms)?;
            let name = |id| firms.iter().find(|firm| firm.id == id);
            Ok(views
                .into_iter()
                .map(|view| SeenView {
                    by: name(view.organization).map(|it| it.details.display_name().to_string()),
                    view,
                })
                .collect())
        },
        |seen| after(seen.view.at, seen.view.id),
    )
    .await
}
