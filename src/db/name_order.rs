//! Lists in the order of names. A record stands in the index of words with the
//! name that it goes by ([`super::search`]), so that order is walked there, and
//! of each stretch those are kept that pass the list's other filters.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use uuid::Uuid;

use super::directory_schema::search_entries::{self, dsl};
use super::head::Head;
use super::page::{self, Cursor, NameKey};
use super::search::{FEWEST, Listed, MOST, by_fit};
use super::types::Id;
use super::{Conn, Error, Result};
use crate::domain::search::{Order, Query};

/// From which end names are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The first name first.
    First,
    /// The last name first.
    Last,
}

/// A page of a list in an order of the index of words: of names, else of how its
/// records fit the words of a query; one more than `limit` when there are more.
pub(super) fn by_words<I: Copy + Into<Uuid>>(
    conn: &mut Conn,
    list: Listed<
        impl Fn(&mut Conn, &[Uuid]) -> Result<Vec<Head<I>>>,
        impl FnOnce(&mut Conn) -> Result<Option<Vec<Uuid>>>,
    >,
    (order, query): (Order, &Query),
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<I>>> {
    match order {
        Order::Name => by_name(conn, list, End::First, after, limit),
        Order::NameLast => by_name(conn, list, End::Last, after, limit),
        _ => by_fit(conn, list, query, after, limit),
    }
}

/// A page of a list in the order of names; one more than `limit` when there are
/// more. The heads' places are by name.
fn by_name<I: Copy + Into<Uuid>>(
    conn: &mut Conn,
    list: Listed<
        impl Fn(&mut Conn, &[Uuid]) -> Result<Vec<Head<I>>>,
        impl FnOnce(&mut Conn) -> Result<Option<Vec<Uuid>>>,
    >,
    from: End,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<I>>> {
    let mut stretch = Stretch {
        kind: list.kind.code(),
        firm: list.owner.map(|owner| Id::of(owner.uuid())),
        among: None,
        from,
        after: after.map(|cursor| (cursor.name.as_str().to_owned(), Id::of(cursor.id))),
        limit: page::fetch(limit).max(FEWEST),
    };
    let mut few = list.owner.is_none().then_some(list.few);
    let mut page = Vec::new();
    loop {
        let named = stretch.load(conn)?;
        let ids: Vec<Uuid> = named.iter().map(|(_, id)| id.uuid()).collect();
        let heads = (list.heads)(conn, &ids)?.into_iter();
        let mut heads: BTreeMap<Uuid, Head<I>> = heads.map(|it| (it.id.into(), it)).collect();
        for (name, id) in &named {
            if let Some(mut head) = heads.remove(&id.uuid()) {
                head.place.name = key(name)?;
                page.push(head);
            }
        }
        if page.len() > limit {
            page.truncate(limit + 1);
            return Ok(page);
        }
        if !i64::try_from(named.len()).is_ok_and(|it| it == stretch.limit) {
            return Ok(page);
        }
        stretch.after = named.into_iter().next_back();
        // Few of them pass: perhaps few pass at all.
        if let Some(few) = few.take()
            && let Some(these) = few(conn)?
        {
            stretch.among = Some(these.into_iter().map(Id::of).collect());
        }
        stretch.limit = (stretch.limit * 4).min(MOST);
    }
}

fn key(name: &str) -> Result<NameKey> {
    let too_long = || Error::Corrupt("a name in the index of words is too long".to_owned());
    NameKey::new(name).ok_or_else(too_long)
}

/// What is walked in one go.
struct Stretch {
    kind: &'static str,
    firm: Option<Id>,
    among: Option<Vec<Id>>,
    from: End,
    after: Option<(String, Id)>,
    limit: i64,
}

impl Stretch {
    fn load(&self, conn: &mut Conn) -> Result<Vec<(String, Id)>> {
        let mut query = search_entries::table
            .limit(self.limit)
            .select((dsl::sort_name, dsl::record_id))
            .into_boxed();
        if self.firm.is_none() && self.among.is_none() {
            query = query.filter(dsl::kind.eq(self.kind));
        } else {
            // Said so that the index of names does not answer it: a firm has few
            // records, and the time that they take says nothing about others'.
            let of_kind = diesel::dsl::sql::<Bool>("search_entries.kind || '' = ");
            query = query.filter(of_kind.bind::<Text, _>(self.kind));
        }
        if let Some(firm) = self.firm {
            query = query.filter(dsl::organization_id.eq(firm));
        }
        if let Some(among) = &self.among {
            query = query.filter(dsl::record_id.eq_any(among.clone()));
        }
        // The first condition says nothing that the second doesn't, but it is
        // what both back-ends can seek the index by.
        if let Some((name, id)) = &self.after {
            query = match self.from {
                End::First => query
                    .filter(dsl::sort_name.ge(name.clone()))
                    .filter(dsl::sort_name.gt(name.clone()).or(dsl::record_id.gt(*id))),
                End::Last => query
                    .filter(dsl::sort_name.le(name.clone()))
                    .filter(dsl::sort_name.lt(name.clone()).or(dsl::record_id.lt(*id))),
            };
        }
        let query = match self.from {
            End::First => query.order((dsl::sort_name, dsl::record_id)),
            End::Last => query.order((dsl::sort_name.desc(), dsl::record_id.desc())),
        };
        Ok(query.load(conn)?)
    }
}
