//! Keyset pages of a list, bound to its filters.

use crate::db::Conn;
pub use crate::db::page::Page;
use crate::db::page::{Cursor, Cursors};

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

/// [`read_page`] of a list whose filters an index answers in the list's order,
/// so that only the rows of the page are touched.
pub async fn look_up_page<T, F>(
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
    let rows = context.db.look_up(move |conn| fetch(conn, after, limit));
    Ok(cursors.page(rows.await?, limit, key))
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
