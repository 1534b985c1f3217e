//! The worklist: everything that waits for the caller, by due date. It is
//! computed from the records whenever somebody asks, each thing shown by the
//! rules of its own noun, so that it names nothing that its reader may not see.
//!
//! | module | holds |
//! |---|---|
//! | here | the list and its filters |
//! | `gather`, `of_deals`, `seconds` | which records wait for whom |
//! | `dress` | what a reader sees of one: names, allowed actions |

mod dress;
mod gather;
mod of_deals;
mod seconds;

use chrono::{DateTime, Utc};

use crate::db::Conn;
use crate::db::page::Page;
use crate::domain::ids::ProgrammeId;
use crate::domain::permission::Operation;
use crate::domain::worklist::{RecordKind, WorkItem, WorkKind};

use super::paging::{PageRequest, after, read_page};
use super::{Caller, Context, Error};

/// The longest waiting of each kind that are looked at: whoever has more to do
/// begins there anyway.
pub const MOST_OF_A_KIND: i64 = 300;

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
    Ok(Page {
        items: page
            .items
            .into_iter()
            .filter_map(|(_, seen)| seen)
            .collect(),
        next: page.next,
    })
}

/// Everything that waits for somebody, each thing once, in no order.
pub(in crate::services) fn of(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
) -> Result<Vec<WorkItem>, Error> {
    let mut items = gather::all(context, conn, caller)?;
    items.sort_by_key(WorkItem::id);
    items.dedup_by_key(|item| item.id());
    Ok(items)
}

fn rows(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<(DateTime<Utc>, uuid::Uuid)>,
    limit: usize,
) -> Result<Vec<(WorkItem, Option<Seen>)>, Error> {
    let now = context.now();
    let mut items = gather::all(context, conn, caller)?;
    items.retain(|item| filter.takes(item, now));
    items.sort_by_key(WorkItem::place);
    items.dedup_by_key(|item| item.id());
    items
        .into_iter()
        .filter(|item| cursor.is_none_or(|cursor| item.place() > cursor))
        .take(limit.saturating_add(1))
        .map(|item| Ok((item.clone(), dress::up(context, conn, caller, item)?)))
        .collect()
}
