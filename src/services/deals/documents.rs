//! Papers of a deal, each for those who learn of it. What one side keeps for
//! both goes across only while the gate lets the two be shown to each other,
//! and each opening by the other side is in the ledger before a byte flows.

use std::fs::File;

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn, deal_documents};
use crate::domain::deal_document::{DealDocument, DealDocumentClass, MOST_OF_CAMP};
use crate::domain::deal_work::{Camp, Marks, NoteState, Reader, TextPlace, Visibility};
use crate::domain::disclosure::{Decision, Level, Opener};
use crate::domain::event::{Payload, Subject, SubjectKind, Value};
use crate::domain::export::Export;
use crate::domain::ids::{DealId, OrganizationId, UserId};
use crate::domain::permission::Operation;
use crate::domain::pipeline::{Deal, DealStatus};
use crate::services::disclosure::{self, Occasion, Pair, Showing};
use crate::services::documents::blocking;
use crate::services::documents::door::{self, Look};
use crate::services::documents::upkeep::delete_unneeded;
use crate::services::documents::uploads::{Upload, keep};
use crate::services::once::Recorded;
use crate::services::paging::{PageRequest, after, read_page};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, Intent};

use super::held::{self, Veiled};
use super::load;
use super::notes::{camp_of, readable, reader_of, writable};

/// What a new paper says of itself.
#[derive(Debug, Clone)]
pub struct NewPaper {
    /// What it is.
    pub class: DealDocumentClass,
    /// What people read.
    pub title: String,
    /// Who learns of it.
    pub visibility: Visibility,
}

impl Recorded for DealDocument {
    fn id(&self) -> Uuid {
        self.id
    }

    /// A paper is kept or erased, and never changed.
    fn version(&self) -> i64 {
        1
    }
}

/// As whom the caller reads papers: across only while the gate allows it.
fn paper_reader(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
) -> Result<Reader, Error> {
    let mut reader = reader_of(context, conn, caller, deal)?;
    if reader.sees_across && !caller.reads_all_of(&[deal.startup, deal.investor]) {
        let pair = Pair::going_on(conn, deal.programme, deal.startup_profile, deal.mandate)?;
        let gate = disclosure::ask(context, conn, &pair, Occasion::Connected)?;
        reader.sees_across = gate == Decision::Allow;
    }
    Ok(reader)
}

/// A paper that the caller learns of, with its deal; to others it is as if it
/// were not there.
fn find_shown(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: Uuid,
) -> Result<(DealDocument, Deal), Error> {
    let found = deal_documents::find(conn, id)?.ok_or(Error::NotFound)?;
    let deal = load(conn, found.deal)?;
    caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
    let reader = paper_reader(context, conn, caller, &deal)?;
    let veiled = Veiled::of(conn, &deal, &reader)?.documents.contains(&id);
    if !reader.learns_of(&found.marks) || veiled {
        return Err(Error::NotFound);
    }
    Ok((found, deal))
}

/// The papers of a deal that the caller learns of, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    id: DealId,
    page: PageRequest,
) -> Result<Page<DealDocument>, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    read_page(
        context,
        format!("deal documents {id}"),
        page,
        move |conn, cursor, limit| {
            let deal = readable(conn, &caller_in, id)?;
            let reader = paper_reader(&context_in, conn, &caller_in, &deal)?;
            let veiled = Veiled::of(conn, &deal, &reader)?.documents;
            Ok(deal_documents::list(
                conn, id, &reader, &veiled, cursor, limit,
            )?)
        },
        |document| after(document.file.created_at, document.id),
    )
    .await
}

/// One paper.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<DealDocument, Error> {
    Ok(find_kept(context, caller, id).await?.0)
}

/// One paper, and the firm whose people keep it; none where the operator's do.
///
/// # Errors
/// [`Error::NotFound`] for everybody to whom it is as if it were not there.
pub async fn find_kept(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<(DealDocument, Option<OrganizationId>), Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let look = move |conn: &mut Conn| {
        let (found, deal) = find_shown(&context_in, conn, &caller, id)?;
        let keeper = firm_of(&deal, found.marks.camp);
        Ok::<_, Error>((found, keeper))
    };
    context.db.read(look).await
}

/// The firm of a camp; the operator's people are no side.
const fn firm_of(deal: &Deal, camp: Camp) -> Option<OrganizationId> {
    match camp {
        Camp::Startup => Some(deal.startup),
        Camp::Investor => Some(deal.investor),
        Camp::Operator => None,
    }
}

/// Whether the caller may keep a paper with a deal, and whether there is room;
/// asked before a body is read.
pub async fn may_keep(context: &Context, caller: &Caller, id: DealId) -> Result<(), Error> {
    let (context_in, caller) = (context.clone(), caller.clone());
    let look = move |conn: &mut Conn| {
        let deal = writable(conn, &caller, id)?;
        let whose = (camp_of(&caller, &deal)?, caller.id());
        check_room(&context_in, conn, &deal, whose, 1)
    };
    context.db.read(look).await
}

fn check_room(
    context: &Context,
    conn: &mut Conn,
    deal: &Deal,
    (camp, author): (Camp, UserId),
    more: i64,
) -> Result<(), Error> {
    let kept = deal_documents::lengths(conn, deal.id, camp, author)?;
    if kept.len() >= MOST_OF_CAMP {
        return Err(Error::refused(
            "too_many_documents",
            format!("Each side keeps at most {MOST_OF_CAMP} papers with a deal; erase one first."),
        ));
    }
    let quota = context.documents.quota;
    let stored = kept.into_iter().fold(0, i64::saturating_add);
    if stored.saturating_add(more) > quota {
        return Err(Error::refused(
            "quota_exceeded",
            format!(
                "One side's papers of a deal may have {quota} bytes together, and {stored} are there: erase some first."
            ),
        ));
    }
    Ok(())
}

/// Keeps a paper with a deal. What both sides are to read is screened, and
/// nobody shows the other side anything new while something keeps them apart.
pub async fn add(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DealId,
    new: NewPaper,
    upload: Upload,
) -> Result<DealDocument, Error> {
    let file = upload.version(1, caller.id(), context.now());
    let paper = context.new_id();
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let deal = writable(conn, &caller_in, id)?;
        let camp = camp_of(&caller_in, &deal)?;
        // Two uploads at once must not pass the same room.
        let holder = match camp {
            Camp::Investor => deal.investor,
            Camp::Startup | Camp::Operator => deal.startup,
        };
        db::organizations::lock(conn, holder)?;
        check_room(&context_in, conn, &deal, (camp, caller_in.id()), file.bytes)?;
        let words = format!("{}\n{}", new.title, file.file_name);
        let state = match new.visibility {
            Visibility::Both => {
                held::first_state(&context_in, conn, &caller_in, &deal, &[words.as_str()])?
            }
            Visibility::Private | Visibility::Team => NoteState::Shown,
        };
        let document = DealDocument {
            id: paper,
            deal: id,
            class: new.class,
            title: new.title,
            marks: Marks {
                visibility: new.visibility,
                camp,
                author: caller_in.id(),
            },
            file,
        };
        deal_documents::insert(conn, &document)?;
        if state == NoteState::Waiting {
            let (whose, place) = ((&deal, camp), TextPlace::Document(paper));
            held::keep(&context_in, conn, &caller_in, whose, &place, &words)?;
        } else {
            log(&context_in, conn, &caller_in, "kept", &document)?;
        }
        Ok(document)
    };
    let (context_again, caller_again) = (context.clone(), caller.clone());
    let find = move |conn: &mut Conn, id| {
        find_shown(&context_again, conn, &caller_again, id).map(|(found, _)| found)
    };
    keep(context, caller, intent, upload.received, job, find).await
}

/// Notes in the log what was done with a paper: on the deal's timeline where
/// both sides know of it, else on its author's own, which doesn't say of which
/// deal it is.
fn log(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    what: &'static str,
    document: &DealDocument,
) -> Result<(), Error> {
    let marks = &document.marks;
    let facts: Payload = vec![
        ("document", Value::Id(document.id)),
        ("class", code(document.class.code())),
        ("title", Value::hash_of(&document.title)),
        ("visibility", code(marks.visibility.code())),
        ("as", code(marks.camp.code())),
        ("sha256", Value::Hash(document.file.digest)),
        ("bytes", Value::Int(document.file.bytes)),
    ];
    let pen = context.pen(caller.actor());
    let known = marks.visibility == Visibility::Both;
    let kind = match (what, known) {
        ("kept", true) => "deal.document_kept",
        ("kept", false) => "user.document_kept",
        (_, true) => "deal.document_erased",
        (_, false) => "user.document_erased",
    };
    if known {
        return pen.append(conn, kind, (SubjectKind::Deal, document.deal), facts);
    }
    pen.append(conn, kind, (SubjectKind::User, caller.id()), facts)
}

/// Opens the file of a paper. Nothing is written for whoever keeps it, and for
/// a mere look.
///
/// # Errors
/// 404 for everybody to whom it is not open now; a refusal when its bytes were
/// erased.
pub async fn open(
    context: &Context,
    caller: &Caller,
    id: Uuid,
    look: Look,
) -> Result<(DealDocument, File), Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let pass = move |conn: &mut Conn| pass(&context_in, &caller_in, conn, id, look);
    let document = if look == Look::Peek {
        context.db.read(pass).await?
    } else {
        context.db.write(pass).await?
    };
    let (vault, digest) = (context.documents.vault.clone(), document.file.digest);
    let file = blocking(move || vault.open(&digest)).await?;
    Ok((document, file))
}

fn pass(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: Uuid,
    look: Look,
) -> Result<DealDocument, Error> {
    let (document, deal) = find_shown(context, conn, caller, id)?;
    if document.file.erased_at.is_some() {
        return Err(Error::refused(
            "document_erased",
            "Its bytes were deleted by those who kept it.",
        ));
    }
    let reader = reader_of(context, conn, caller, &deal)?;
    if look == Look::Open && !reader.camps.contains(&document.marks.camp) {
        note(context, conn, caller, &document, &deal, &reader)?;
    }
    Ok(document)
}

/// Writes an opening by others than those who keep it: the ledger, where one
/// side is shown something of the other, and the log.
fn note(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    document: &DealDocument,
    deal: &Deal,
    reader: &Reader,
) -> Result<(), Error> {
    let pen = context.pen(caller.actor());
    let shown = firm_of(deal, document.marks.camp);
    let to = reader.camps.first().copied();
    let to_firm = to.and_then(|camp| firm_of(deal, camp));
    if let (Some(shown), Some(to)) = (shown, to_firm) {
        let subject = match deal.introduction() {
            Some(introduction) => Subject::new(SubjectKind::Introduction, introduction),
            None => Subject::new(SubjectKind::Deal, deal.id),
        };
        let by = disclosure::answer_about(context, conn, subject, Occasion::Connected)?;
        let showing = Showing {
            programme: deal.programme,
            shown,
            to,
            level: Level::DataRoom,
            subject,
            opened: Some((Opener::Person(caller.id()), 1)),
        };
        disclosure::record(context, conn, &pen, showing, &by)?;
    }
    let mut facts = vec![("document", Value::Id(document.id))];
    facts.push(("class", code(document.class.code())));
    facts.extend(to.map(|camp| ("as", code(camp.code()))));
    // One that waits the other side doesn't know of, nor its keepers who looks at
    // it.
    if Veiled::hides(conn, deal.id, &TextPlace::Document(document.id))? {
        let subject = (SubjectKind::User, caller.id());
        return pen.append(conn, "user.document_opened", subject, facts);
    }
    let subject = (SubjectKind::Deal, deal.id);
    pen.append(conn, "deal.document_opened", subject, facts)
}

/// Deletes the bytes of a paper for good, for the people of the side that keeps
/// it; that it was there, and its hash, stays on record. Done again it changes
/// nothing.
pub async fn erase(context: &Context, caller: &Caller, id: Uuid) -> Result<(), Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let (mut document, deal) = find_shown(&context_in, conn, &caller_in, id)?;
        writable(conn, &caller_in, deal.id)?;
        if camp_of(&caller_in, &deal)? != document.marks.camp {
            return Err(Error::Forbidden);
        }
        check_erasable(&document, &deal)?;
        let now = context_in.now();
        if deal_documents::erase(conn, id, now)? {
            let sides = [deal.startup, deal.investor];
            let holds = |export: &Export| export.may_hold_files_of(&sides);
            db::exports::forget(conn, holds, now)?;
            // What the other side doesn't know of, it doesn't learn of now.
            if Veiled::hides(conn, deal.id, &TextPlace::Document(id))? {
                document.marks.visibility = Visibility::Team;
            }
            log(&context_in, conn, &caller_in, "erased", &document)?;
        }
        Ok(document.file.digest)
    };
    let digest = context.db.write(job).await?;
    if let Err(error) = delete_unneeded(context, digest).await {
        tracing::warn!(%error, "bytes that are not needed stay until the sweep");
    }
    Ok(())
}

/// What a deal stands on is not taken from under it: a paper that a recorded
/// fact names, and what both sides know of one whose money both confirmed.
fn check_erasable(document: &DealDocument, deal: &Deal) -> Result<(), Error> {
    let mut facts = deal.facts.values();
    let named = facts.any(|fact| fact.trim().parse() == Ok(document.id));
    let won = deal.status == DealStatus::Won && document.marks.visibility == Visibility::Both;
    if named || won {
        return Err(Error::refused(
            "document_needed",
            "The deal was moved on the strength of this paper; it stays with it.",
        ));
    }
    Ok(())
}

/// What is recorded for a document that an exit criterion asks for, where it is
/// an id: a paper that both sides of the deal know of, or a document of the
/// startup's profile that whoever names it can open now.
pub(super) fn is_known(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: &Deal,
    id: Uuid,
) -> Result<bool, Error> {
    if let Some(paper) = deal_documents::find(conn, id)? {
        let both = paper.marks.visibility == Visibility::Both
            && !Veiled::hides(conn, paper.deal, &TextPlace::Document(id))?;
        return Ok(paper.deal == deal.id && both && paper.file.erased_at.is_none());
    }
    let Some(document) = db::documents::find(conn, id.into())? else {
        return Ok(false);
    };
    let of_it = document.startup_profile == deal.startup_profile;
    Ok(of_it && door::is_open_to(context, conn, caller, &document)?)
}
