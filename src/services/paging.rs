//! Keyset pages of a list, bound to its filters.

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

/// [`read_page`] of records that `show` makes into what callers see; it may
/// know a version without reading it. `by_index` says that an index answers
/// the filters in the list's order, so that only the page's rows are touched.
pub async fn shown_page<R, T>(
    context: &Context,
    list: String,
    request: PageRequest,
    by_index: bool,
    fetch: impl FnOnce(&mut Conn, Option<Cursor>, usize) -> db::Result<Vec<R>> + Send + 'static,
    place: fn(&R) -> Cursor,
    show: impl Fn(R) -> Result<T, Error> + Send + 'static,
) -> Result<Page<T>, Error>
where
    R: 'static,
    T: Send + 'static,
{
    let (cursors, after) = start(context, &list, &request)?;
    let limit = request.limit;
    let job = move |conn: &mut Conn| {
        let rows = fetch(conn, after, limit)?.into_iter();
        rows.map(|row| Ok((place(&row), show(row)?))).collect()
    };
    let rows: Result<Vec<(Cursor, T)>, Error> = if by_index {
        context.db.look_up(job).await
    } else {
        context.db.read(job).await
    };
    let page = cursors.page(rows?, limit, |(place, _)| *place);
    Ok(page.map(|(_, shown)| shown))
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
    Cursor {
        created_at,
        id: id.into(),
    }
}
