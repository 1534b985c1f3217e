//! The index that records are found in by their words. Whoever stores a
//! profile or a mandate, or renames a firm, keeps it in the same transaction;
//! what was stored before there was an index, or folded in an older way, is
//! caught up with at the start.
//!
//! The words stand in `search_text`, which is FTS5 on SQLite and a `tsvector`
//! on PostgreSQL; both hold the same folded words under the same `place`, so
//! that both find the same records in the same order.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::directory_schema::search_entries::{self, dsl};
use super::head::Head;
use super::page::{self, Cursor};
use super::together::{Part, Together};
use super::types::Id;
use super::{
    Conn, Error, Result, investor_profiles, mandates, organizations, sql, startup_profiles,
    transaction,
};
use crate::domain::ids::OrganizationId;
use crate::domain::investor::InvestorProfile;
use crate::domain::mandate::Mandate;
use crate::domain::organization::Organization;
use crate::domain::profile::StartupProfile;
use crate::domain::search::{Document, FOLDING, Fit, Query, Term, Texts, sort_name};

/// What kind of record is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Startups' profiles.
    StartupProfile,
    /// Investors' mandates.
    Mandate,
    /// What investors say of themselves.
    InvestorProfile,
    /// Firms, by their names alone.
    Organization,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::StartupProfile,
        Self::Mandate,
        Self::InvestorProfile,
        Self::Organization,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::StartupProfile => "startup_profile",
            Self::Mandate => "mandate",
            Self::InvestorProfile => "investor_profile",
            Self::Organization => "organization",
        }
    }
}

/// A record that a query found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Its place in the order in which records came.
    pub(super) place: i64,
    /// Its id.
    pub(super) record: Uuid,
}

/// What indexes a new record of a firm, together with it.
pub(super) fn insertion(
    conn: &Conn,
    kind: Kind,
    record: Uuid,
    firm: &Organization,
    texts: Texts,
) -> [Part; 2] {
    let entry = diesel::insert_into(search_entries::table).values((
        dsl::kind.eq(kind.code()),
        dsl::record_id.eq(Id::of(record)),
        dsl::organization_id.eq(firm.id),
        dsl::folding.eq(FOLDING),
        dsl::sort_name.eq(called(firm, &texts)),
    ));
    let document = Document::new(firm.details.all_names(), texts);
    [
        Part::new(entry).named("entry", "place"),
        sql::search::insertion(conn, kind, &document),
    ]
}

/// By what a record stands in the order of names: a title of its own, else its
/// firm's name.
fn called(firm: &Organization, texts: &Texts) -> String {
    if texts.title.is_empty() {
        sort_name(firm.details.display_name().as_str())
    } else {
        texts.title.clone()
    }
}

/// Indexes a profile. The firm must be held, so that its names stay.
pub(super) fn put_profile(
    conn: &mut Conn,
    firm: &Organization,
    profile: &StartupProfile,
) -> Result<()> {
    let texts = Texts::of_profile(&profile.content);
    put(conn, Kind::StartupProfile, profile.id.uuid(), firm, texts)
}

/// Indexes a mandate. The firm must be held, so that its names stay.
pub(super) fn put_mandate(conn: &mut Conn, firm: &Organization, mandate: &Mandate) -> Result<()> {
    let texts = Texts::of_mandate(&mandate.content);
    put(conn, Kind::Mandate, mandate.id.uuid(), firm, texts)
}

/// Indexes what an investor says of itself. The firm must be held, so that its
/// names stay.
pub(super) fn put_investor(
    conn: &mut Conn,
    firm: &Organization,
    profile: &InvestorProfile,
) -> Result<()> {
    let texts = Texts::of_investor(&profile.content);
    put(conn, Kind::InvestorProfile, profile.id.uuid(), firm, texts)
}

/// Indexes a firm by its names.
pub(super) fn put_organization(conn: &mut Conn, firm: &Organization) -> Result<()> {
    let kind = Kind::Organization;
    put(conn, kind, firm.id.uuid(), firm, Texts::default())
}

/// Indexes a firm that is new.
pub(super) fn insert_organization(conn: &mut Conn, firm: &Organization) -> Result<()> {
    let kind = Kind::Organization;
    let parts = insertion(conn, kind, firm.id.uuid(), firm, Texts::default());
    Together::<Error>::of(firm).with_all(parts).store(conn)
}

/// Indexes a firm and its records anew, under its new names.
pub(super) fn renamed(conn: &mut Conn, firm: &Organization) -> Result<()> {
    let entries: Vec<(Id, String)> = search_entries::table
        .filter(dsl::organization_id.eq(firm.id))
        .select((dsl::record_id, dsl::kind))
        .load(conn)?;
    for (record, code) in entries {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.code() == code) {
            put_of(conn, kind, record.uuid(), firm)?;
        }
    }
    Ok(())
}

/// Notes whose a record is now. Under its new firm's names it is found once
/// that firm's records are indexed anew.
pub(super) fn given(conn: &mut Conn, record: Uuid, firm: OrganizationId) -> Result<()> {
    let entry = search_entries::table.filter(dsl::record_id.eq(Id::of(record)));
    diesel::update(entry)
        .set(dsl::organization_id.eq(firm))
        .execute(conn)?;
    Ok(())
}

/// Indexes a record of a firm that is held; false if there is no such record.
fn put_of(conn: &mut Conn, kind: Kind, record: Uuid, firm: &Organization) -> Result<bool> {
    match kind {
        Kind::StartupProfile => {
            let Some(profile) = startup_profiles::find(conn, record.into())? else {
                return Ok(false);
            };
            put_profile(conn, firm, &profile)?;
        }
        Kind::Mandate => {
            let Some(mandate) = mandates::find(conn, record.into())? else {
                return Ok(false);
            };
            put_mandate(conn, firm, &mandate)?;
        }
        Kind::InvestorProfile => {
            let Some(profile) = investor_profiles::find(conn, record.into())? else {
                return Ok(false);
            };
            put_investor(conn, firm, &profile)?;
        }
        Kind::Organization => put_organization(conn, firm)?,
    }
    Ok(true)
}

fn put(conn: &mut Conn, kind: Kind, record: Uuid, firm: &Organization, texts: Texts) -> Result<()> {
    let name = called(firm, &texts);
    let document = Document::new(firm.details.all_names(), texts);
    let insert = diesel::insert_into(search_entries::table)
        .values((
            dsl::kind.eq(kind.code()),
            dsl::record_id.eq(Id::of(record)),
            dsl::organization_id.eq(firm.id),
            dsl::folding.eq(FOLDING),
            dsl::sort_name.eq(&name),
        ))
        .on_conflict_do_nothing();
    let new = sql::execute(conn, insert)? == 1;
    let entry = search_entries::table.filter(dsl::record_id.eq(Id::of(record)));
    if !new {
        diesel::update(entry)
            .set((dsl::folding.eq(FOLDING), dsl::sort_name.eq(&name)))
            .execute(conn)?;
    }
    let place: i64 = entry.select(dsl::place).first(conn)?;
    sql::search::put(conn, kind, place, new, &document)
}

/// Records that are looked at together, while a page fills.
pub(super) const FEWEST: i64 = 64;
pub(super) const MOST: i64 = 4_096;
/// If no more records than these pass the list's other filters, the words are
/// looked for in them alone: of more, a page is full before many were looked at
/// that don't pass.
pub(super) const FEW: usize = 256;

/// What a list in the order of fit, or of names, needs of its records.
pub(super) struct Listed<H, F> {
    /// Their kind.
    pub(super) kind: Kind,
    /// Only that firm's are looked at, if it is named.
    pub(super) owner: Option<OrganizationId>,
    /// The heads of those of some records that pass the list's other filters.
    pub(super) heads: H,
    /// The records that pass them, if they are at most [`FEW`].
    pub(super) few: F,
}

/// A page of a list in the order of fit; one more than `limit` when there are
/// more.
pub(super) fn by_fit<I: Copy + Into<Uuid>>(
    conn: &mut Conn,
    list: Listed<
        impl Fn(&mut Conn, &[Uuid]) -> Result<Vec<Head<I>>>,
        impl FnOnce(&mut Conn) -> Result<Option<Vec<Uuid>>>,
    >,
    query: &Query,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Head<I>>> {
    let (first, mut place) = after.map_or((0, 0), |cursor| parts(cursor.id));
    let mut within = list.owner.map_or(Within::All, Within::Firm);
    let mut few = list.owner.is_none().then_some(list.few);
    let mut page = Vec::new();
    let mut closer = Fit::ALL.get(first.wrapping_sub(1)).copied();
    for (number, fit) in Fit::ALL.into_iter().enumerate().skip(first) {
        let terms = query.terms(fit);
        let unlike = closer.map(|closer| query.terms(closer));
        let mut count = page::fetch(limit).max(FEWEST);
        loop {
            let wanted = Wanted {
                kind: list.kind,
                terms: &terms,
                unlike: unlike.as_deref(),
                within: &within,
                after: place,
                limit: count,
            };
            let found = sql::search::places(conn, &wanted)?;
            let ids: Vec<Uuid> = found.iter().map(|found| found.record).collect();
            let heads = (list.heads)(conn, &ids)?.into_iter();
            let mut heads: BTreeMap<Uuid, Head<I>> =
                heads.map(|head| (head.id.into(), head)).collect();
            for found in &found {
                if let Some(mut head) = heads.remove(&found.record) {
                    head.place.id = whole(number, found.place);
                    page.push(head);
                }
            }
            if page.len() > limit {
                page.truncate(limit + 1);
                return Ok(page);
            }
            match found.last() {
                Some(last) if i64::try_from(found.len()).is_ok_and(|it| it == count) => {
                    place = last.place;
                }
                _ => break,
            }
            // Many have the words and few of them pass: perhaps few pass at all.
            if let Some(few) = few.take()
                && let Some(these) = few(conn)?
            {
                within = Within::These(these);
            }
            count = (count * 4).min(MOST);
        }
        (place, closer) = (0, Some(fit));
    }
    Ok(page)
}

/// Fit and place as the number by which the list is in order.
fn whole(fit: usize, place: i64) -> Uuid {
    let (fit, place) = (u64::try_from(fit).unwrap_or(u64::MAX), place.unsigned_abs());
    Uuid::from_u64_pair(fit, place)
}

fn parts(number: Uuid) -> (usize, i64) {
    let (fit, place) = number.as_u64_pair();
    (
        usize::try_from(fit).unwrap_or(usize::MAX),
        i64::try_from(place).unwrap_or(i64::MAX),
    )
}

/// Among which records is looked.
pub(super) enum Within {
    /// All.
    All,
    /// Those of a firm.
    Firm(OrganizationId),
    /// A few.
    These(Vec<Uuid>),
}

/// What is looked for in one go.
pub(super) struct Wanted<'a> {
    /// The kind of record.
    pub(super) kind: Kind,
    /// Of each group one term.
    pub(super) terms: &'a [Vec<Term>],
    /// Not what has one of each of these as well.
    pub(super) unlike: Option<&'a [Vec<Term>]>,
    /// Among these.
    pub(super) within: &'a Within,
    /// After that place.
    pub(super) after: i64,
    /// At most so many.
    pub(super) limit: i64,
}

/// How many records are not in the index as they should be.
///
/// # Errors
/// A statement failed.
pub fn behind(conn: &mut Conn) -> Result<i64> {
    let indexed: i64 = search_entries::table
        // A newer node of a rolling update folds otherwise, and better.
        .filter(dsl::folding.ge(FOLDING))
        .count()
        .get_result(conn)?;
    let mut records = 0;
    for kind in Kind::ALL {
        records += match kind {
            Kind::StartupProfile => startup_profiles::count(conn)?,
            Kind::Mandate => mandates::count(conn)?,
            Kind::InvestorProfile => investor_profiles::count(conn)?,
            Kind::Organization => organizations::count(conn)?,
        };
    }
    Ok(records - indexed)
}

/// Indexes those of up to `limit` records after the cursor, by age, that are
/// not in the index as they should be; answers how many it indexed and where
/// to go on, if there are more.
///
/// # Errors
/// A statement failed.
pub fn catch_up(
    conn: &mut Conn,
    kind: Kind,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(usize, Option<Cursor>)> {
    let heads = match kind {
        Kind::StartupProfile => startup_profiles::ages(conn, after, limit)?,
        Kind::Mandate => mandates::ages(conn, after, limit)?,
        Kind::InvestorProfile => investor_profiles::ages(conn, after, limit)?,
        Kind::Organization => organizations::ages(conn, after, limit)?,
    };
    let next = heads.last().copied().filter(|_| heads.len() == limit);
    let mut indexed = 0;
    for record in missing(conn, &heads)? {
        let put = transaction(conn, |conn| match firm_of(conn, kind, record)? {
            // What the record says is read after the lock: before, it may change.
            Some(firm) => {
                let firm = organizations::hold(conn, firm)?;
                put_of(conn, kind, record, &firm)
            }
            None => Ok(false),
        });
        indexed += usize::from(or_skipped(record, put)?);
    }
    Ok((indexed, next))
}

/// Whose a record is.
fn firm_of(conn: &mut Conn, kind: Kind, record: Uuid) -> Result<Option<OrganizationId>> {
    Ok(match kind {
        Kind::StartupProfile => {
            let head = startup_profiles::find_head(conn, record.into())?;
            head.map(|head| head.organization)
        }
        Kind::Mandate => {
            let head = mandates::find_head(conn, record.into())?;
            head.map(|head| head.organization)
        }
        Kind::InvestorProfile => {
            let head = investor_profiles::find_head(conn, record.into())?;
            head.map(|head| head.organization)
        }
        Kind::Organization => Some(record.into()),
    })
}

/// Whether a record was indexed. One that can't be stays out, and is told of:
/// it must not keep the others from being found.
fn or_skipped(record: Uuid, put: Result<bool>) -> Result<bool> {
    match put {
        Err(error @ (Error::Diesel(_) | Error::Corrupt(_))) => {
            tracing::warn!(%record, %error, "a record can't be indexed for the search");
            Ok(false)
        }
        other => other,
    }
}

/// Those of these records that are not in the index as they should be.
fn missing(conn: &mut Conn, heads: &[Cursor]) -> Result<Vec<Uuid>> {
    let ids: Vec<Id> = heads.iter().map(|head| Id::of(head.id)).collect();
    let indexed: Vec<Id> = search_entries::table
        .filter(dsl::record_id.eq_any(ids))
        .filter(dsl::folding.ge(FOLDING))
        .select(dsl::record_id)
        .load(conn)?;
    let indexed: Vec<Uuid> = indexed.iter().map(|id| id.uuid()).collect();
    let mut missing: Vec<Uuid> = heads.iter().map(|head| head.id).collect();
    missing.retain(|id| !indexed.contains(id));
    Ok(missing)
}
