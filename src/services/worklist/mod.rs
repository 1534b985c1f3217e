//! The worklist: everything that waits for the caller, by due date. It is
//! computed from the records whenever somebody asks, each thing shown by the
//! rules of its own noun, so that it names nothing that its reader may not see.
//!
//! | module | holds |
//! |---|---|
//! | here | the list and its filters |
//! | `gather`, `of_sides`, `of_deals`, `seconds` | which records wait for whom |
//! | `pile` | what was found, and up to which due date all of it is known |
//! | `dress` | what a reader sees of one: names, allowed actions |

mod dress;
mod gather;
mod of_deals;
mod of_sides;
mod pile;
mod seconds;

use chrono::{DateTime, Utc};

use crate::db::Conn;
use crate::db::page::Page;
use crate::domain::ids::ProgrammeId;
use crate::domain::permission::Operation;
use crate::domain::worklist::{RecordKind, WorkItem, WorkKind};

use gather::Gathered;
use pile::Limits;

use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error, tags};

/// How many of each kind are read at first, the first due; more of those of which
/// there are more, as long as a page may need what was not read.
pub const FIRST_OF_A_KIND: i64 = 300;
/// How many are read at first to see whether anything waits.
const FIRST_TO_SEE: i64 = 20;

/// Which things to do; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of that kind.
    pub kind: Option<WorkKind>,
    /// About that kind of record.
    pub record: Option<RecordKind>,
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// That should have been done by now, or not yet.
    pub overdue: Option<bool>,
    /// Due at that instant or earlier.
    pub due_until: Option<DateTime<Utc>>,
}

impl Filter {
    fn takes(&self, item: &WorkItem, now: DateTime<Utc>) -> bool {
        self.kind.is_none_or(|kind| item.kind == kind)
            && self.record.is_none_or(|kind| item.record == kind)
            && self
                .programme
                .is_none_or(|programme| item.programme == Some(programme))
            && self
                .overdue
                .is_none_or(|overdue| item.is_overdue(now) == overdue)
            && self
                .due_until
                .is_none_or(|until| item.due.is_some_and(|due| due <= until))
    }

    /// The last instant at which something that it takes can be due.
    fn ends(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let overdue = (self.overdue == Some(true)).then_some(now);
        self.due_until.into_iter().chain(overdue).min()
    }
}

/// One thing to do as its reader sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What.
    pub item: WorkItem,
    /// Whether it should have been done by now.
    pub overdue: bool,
    /// The firms that it is about, as far as the reader may know them, or the
    /// title of a programme, of what it promises or of a task.
    pub about: Vec<String>,
    /// What the reader can do about the record now.
    pub actions: Vec<&'static str>,
    /// The closing of a deal's round that it is about, by its number.
    pub closing: Option<i64>,
    /// How many records it stands for, where it is one thing for several.
    pub count: Option<usize>,
}

/// What waits for the caller, by due date; what is not due at any time last.
/// A page may be shorter than asked for: what the gate hides at this moment is
/// left out after the page was cut.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Seen>, Error> {
    caller.may(Operation::ReadAccount, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let page = read_page(
        context,
        format!("worklist {} {filter:?}", caller.id()),
        page,
        move |conn, cursor, limit| {
            let cursor = cursor.map(|cursor| (cursor.created_at, cursor.id));
            rows(&context_in, conn, &caller_in, &filter, cursor, limit)
        },
        |(item, _): &(WorkItem, Option<Seen>)| {
            let (due, id) = item.place();
            after(due, id)
        },
    )
    .await?;
    let seen = page.items.into_iter().filter_map(|(_, seen)| seen);
    Ok(Page {
        items: seen.collect(),
        next: page.next,
    })
}

/// Everything that waits for somebody, each thing once, by due date.
pub(in crate::services) fn of(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
) -> Result<Vec<WorkItem>, Error> {
    let mut limits = Limits::first(FIRST_OF_A_KIND);
    loop {
        let found = gather::all(context, conn, caller, &Filter::default(), limits)?;
        if found.known_until.is_none() {
            return Ok(in_order(found.items));
        }
        limits = found.limits;
    }
}

/// How many records one thing to do stands for.
pub(in crate::services) fn stands_for(context: &Context, item: &WorkItem) -> usize {
    let unlabelled = (item.record == RecordKind::Taxonomy).then(|| tags::unlabelled(context));
    unlabelled.flatten().map_or(1, |them| them.count)
}

/// Whether anything waits for somebody.
pub(in crate::services) fn waits(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
) -> Result<bool, Error> {
    let mut limits = Limits::first(FIRST_TO_SEE);
    loop {
        let found = gather::all(context, conn, caller, &Filter::default(), limits)?;
        if !found.items.is_empty() || found.known_until.is_none() {
            return Ok(!found.items.is_empty());
        }
        limits = found.limits;
    }
}

/// Each thing once, by due date.
fn in_order(mut items: Vec<WorkItem>) -> Vec<WorkItem> {
    // Whoever plays several parts may find the same in each.
    items.sort_by_cached_key(|item| {
        let (due, id) = item.place();
        (id, due)
    });
    items.dedup_by_key(|item| item.id());
    items.sort_by_cached_key(WorkItem::place);
    items
}

/// Items, each with what was seen of it.
type Rows = Vec<(WorkItem, Option<Seen>)>;

fn rows(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<(DateTime<Utc>, uuid::Uuid)>,
    limit: usize,
) -> Result<Rows, Error> {
    let rows = next_of(context, conn, caller, filter, cursor, limit)?.into_iter();
    let rows = rows.map(|item| Ok((item.clone(), dress::up(context, conn, caller, item)?)));
    rows.collect()
}

/// The items of a page, and the one after it where there is one: read anew, with
/// more of each kind of which there are more, as long as one that was not read may
/// stand among them.
fn next_of(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<(DateTime<Utc>, uuid::Uuid)>,
    limit: usize,
) -> Result<Vec<WorkItem>, Error> {
    let now = context.now();
    let mut limits = Limits::first(FIRST_OF_A_KIND);
    loop {
        let Gathered {
            mut items,
            known_until,
            limits: more,
        } = gather::all(context, conn, caller, filter, limits)?;
        items.retain(|item| filter.takes(item, now));
        let mut items = in_order(items);
        items.retain(|item| cursor.is_none_or(|cursor| item.place() > cursor));
        items.truncate(limit.saturating_add(1));
        let whole = known_until.is_none_or(|known| {
            let last = items.last().filter(|_| items.len() > limit);
            last.is_some_and(|last| last.place().0 < known)
                || filter.ends(now).is_some_and(|end| end < known)
        });
        if whole {
            return Ok(items);
        }
        limits = more;
    }
}
