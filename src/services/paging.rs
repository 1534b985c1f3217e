//! Keyset pages of a list, bound to its filters.

use std::collections::BTreeMap;

use chrono::DateTime;
use uuid::Uuid;

use crate::db::head::Head;
pub use crate::db::head::Headed;
pub use crate::db::page::Page;
use crate::db::page::{Cursor, Cursors};
use crate::db::{self, Conn};

use super::{Context, Error};

/// Which page somebody wants.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The cursor of the page before; none for the first.
    pub cursor: Option<String>,
    /// Most items, 1 to 100.
    pub limit: usize,
}

/// Reads one page. `list` names the list with all its filters, so that a
/// cursor of another one is refused; `fetch` gets the last row of the page
/// before and the limit, and answers one row more if there is one.
pub async fn read_page<T, F>(
    context: &Context,
    list: String,
    request: PageRequest,
    fetch: F,
    key: fn(&T) -> Cursor,
) -> Result<Page<T>, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Conn, Option<Cursor>, usize) -> Result<Vec<T>, Error> + Send + 'static,
{
    let (cursors, after) = start(context, &list, &request)?;
    let limit = request.limit;
    let rows = context.db.read(move |conn| fetch(conn, after, limit));
    Ok(cursors.page(rows.await?, limit, key))
}

/// [`read_page`] of a list of which one request looks at so many rows at most:
/// `fetch` also answers the last row that it looked at, where it found fewer
/// than were asked for and there may be more. The next page begins there.
pub(super) async fn read_some<T, F>(
    context: &Context,
    list: String,
    request: PageRequest,
    fetch: F,
    key: fn(&T) -> Cursor,
) -> Result<Page<T>, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Conn, Option<Cursor>, usize) -> Result<(Vec<T>, Option<Cursor>), Error>
        + Send
        + 'static,
{
    let (cursors, after) = start(context, &list, &request)?;
    let limit = request.limit;
    let rows = context.db.read(move |conn| fetch(conn, after, limit));
    let (rows, looked_at) = rows.await?;
    let Page { items, next } = cursors.page(rows, limit, key);
    let next = next.or_else(|| looked_at.map(|row| cursors.encode(&row)));
    Ok(Page { items, next })
}

/// A page of a list that is made whole at each reading, such as what is found in
/// a text: the cursor counts its items. `list` names the version of what it is
/// made from, so that a cursor doesn't outlive it.
pub(super) fn page_of<T>(
    context: &Context,
    list: &str,
    request: &PageRequest,
    whole: Vec<T>,
) -> Result<Page<T>, Error> {
    let (cursors, after) = start(context, list, request)?;
    let passed = after.map_or(0, |after| after.id.as_u128());
    let passed = usize::try_from(passed).unwrap_or(usize::MAX);
    let rest = (1_u128..).zip(whole).skip(passed);
    let rows = rest.take(request.limit.saturating_add(1)).collect();
    let page = cursors.page(rows, request.limit, |(place, _)| {
        Cursor::at(DateTime::UNIX_EPOCH, Uuid::from_u128(*place))
    });
    Ok(page.map(|(_, item)| item))
}

/// How records become what callers see.
pub trait Show<R>: Send + 'static {
    /// What callers see.
    type Seen: Send + 'static;

    /// What they see of that version, if that is known without reading it.
    fn known(&self, id: Uuid, version: i64) -> Option<Self::Seen>;

    /// What they see of a record.
    ///
    /// # Errors
    /// It can't be shown.
    fn show(&self, record: R) -> Result<Self::Seen, Error>;
}

/// A record as it is.
pub struct Whole;

impl<R: Send + 'static> Show<R> for Whole {
    type Seen = R;

    fn known(&self, _: Uuid, _: i64) -> Option<R> {
        None
    }

    fn show(&self, record: R) -> Result<R, Error> {
        Ok(record)
    }
}

/// Reads records by their ids.
type Read<R> = fn(&mut Conn, &[<R as Headed>::Id]) -> db::Result<Vec<R>>;

/// [`read_page`] of records as callers see them; those whose version is known
/// are not read. `by_index` says that an index answers the filters in the
/// list's order, so that only the page's rows are touched.
pub async fn shown_page<R: Headed + 'static, S: Show<R>>(
    context: &Context,
    list: String,
    request: PageRequest,
    by_index: bool,
    fetch: impl FnOnce(&mut Conn, Option<Cursor>, usize) -> db::Result<Vec<Head<R::Id>>>
    + Send
    + 'static,
    read: Read<R>,
    show: S,
) -> Result<Page<S::Seen>, Error> {
    let (cursors, after) = start(context, &list, &request)?;
    let limit = request.limit;
    let job = move |conn: &mut Conn| {
        let heads = fetch(conn, after, limit)?;
        show_all(conn, &heads, read, &show)
    };
    let rows: Result<Vec<(Cursor, S::Seen)>, Error> = if by_index {
        context.db.look_up(job).await
    } else {
        context.db.read(job).await
    };
    let page = cursors.page(rows?, limit, |(place, _)| *place);
    Ok(page.map(|(_, shown)| shown))
}

/// The record with that head as callers see it.
pub(super) async fn shown<R: Headed + 'static, S: Show<R>>(
    context: &Context,
    head: &Head<R::Id>,
    find: fn(&mut Conn, R::Id) -> db::Result<Option<R>>,
    show: S,
) -> Result<S::Seen, Error>
where
    R::Id: Send,
{
    if let Some(seen) = show.known(head.id.into(), head.version) {
        return Ok(seen);
    }
    let id = head.id;
    let read = move |conn: &mut Conn| show.show(find(conn, id)?.ok_or(Error::NotFound)?);
    context.db.look_up(read).await
}

fn show_all<R: Headed, S: Show<R>>(
    conn: &mut Conn,
    heads: &[Head<R::Id>],
    read: Read<R>,
    show: &S,
) -> Result<Vec<(Cursor, S::Seen)>, Error> {
    let known = |head: &Head<R::Id>| show.known(head.id.into(), head.version);
    let mut seen: Vec<Option<S::Seen>> = heads.iter().map(known).collect();
    let both = heads.iter().zip(&seen);
    let missing: Vec<R::Id> = both
        .filter(|(_, seen)| seen.is_none())
        .map(|(head, _)| head.id)
        .collect();
    if !missing.is_empty() {
        let records = read(conn, &missing)?.into_iter();
        let mut records: BTreeMap<R::Id, R> =
            records.map(|record| (record.head().id, record)).collect();
        for (head, place) in heads.iter().zip(&mut seen) {
            if let Some(record) = records.remove(&head.id) {
                *place = Some(show.show(record)?);
            }
        }
    }
    let both = heads.iter().zip(seen);
    Ok(both
        .filter_map(|(head, seen)| Some((head.place, seen?)))
        .collect())
}

/// The list's cursors, and the one that was asked for.
fn start(
    context: &Context,
    list: &str,
    request: &PageRequest,
) -> Result<(Cursors, Option<Cursor>), Error> {
    let cursors = Cursors::new(&context.cursor_key, list);
    let after = request.cursor.as_deref().map(|text| cursors.decode(text));
    let after = after.transpose().map_err(|_| Error::BadCursor)?;
    Ok((cursors, after))
}

/// The cursor after a record.
pub fn after(created_at: chrono::DateTime<chrono::Utc>, id: impl Into<uuid::Uuid>) -> Cursor {
    Cursor::at(created_at, id)
}
