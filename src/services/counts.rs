//! How many records a list has: exactly up to a bound, beyond that only that
//! there are more, so that nobody's question costs more than a page or two.

use crate::db::{self, Conn};
use crate::domain::ids::OrganizationId;
use crate::domain::permission::Operation;
use crate::domain::search::{Order, Query};
use crate::domain::values::OrganizationKind;

use super::{
    Caller, Context, Error, deals, introductions, investors, mandates, matches, organizations,
    reviews, startups,
};

/// Up to here records are counted.
pub const BOUND: usize = 1_000;

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// So many, or more.
    pub rows: usize,
    /// Whether there are more, or may be: of a queue that is sifted as it is read
    /// one request sees no more than so many rows.
    pub more: bool,
}

impl Counted {
    const fn of(found: usize) -> Self {
        Self {
            rows: if found > BOUND { BOUND } else { found },
            more: found > BOUND,
        }
    }
}

/// The firm whose records of a kind the caller may list: any, or the one that
/// was named, for who reads everything; else the caller's own.
///
/// # Errors
/// [`Error::NotFound`] where it is not theirs.
pub(super) fn own(
    caller: &Caller,
    named: Option<OrganizationId>,
    kind: OrganizationKind,
    read: Operation,
) -> Result<Option<OrganizationId>, Error> {
    if caller.reads_everything() {
        return Ok(named);
    }
    let own = caller.organizations(kind).next();
    let organization = named.or(own).ok_or(Error::NotFound)?;
    caller.may(read, &[organization])?;
    Ok(Some(organization))
}

/// In what order records are counted: with words in that of fit, which ends at
/// the bound; any other first finds all that have the words, to sort them.
const fn quickest(query: &Query) -> Order {
    if query.has_words() {
        Order::Relevance
    } else {
        Order::Created
    }
}

/// How many startup profiles a list has.
pub async fn startups(
    context: &Context,
    caller: &Caller,
    mut filter: startups::Filter,
) -> Result<Counted, Error> {
    let read = Operation::ReadStartupProfile;
    filter.organization = own(caller, filter.organization, OrganizationKind::Startup, read)?;
    filter.today = context.now().date_naive();
    let count = move |conn: &mut Conn| {
        let order = quickest(&filter.query);
        let found = db::startup_profiles::list_heads(conn, &filter, order, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}

/// How many mandates a list has.
pub async fn mandates(
    context: &Context,
    caller: &Caller,
    mut filter: mandates::Filter,
) -> Result<Counted, Error> {
    let read = Operation::ReadMandate;
    filter.organization = own(
        caller,
        filter.organization,
        OrganizationKind::Investor,
        read,
    )?;
    filter.today = context.now().date_naive();
    let count = move |conn: &mut Conn| {
        let order = quickest(&filter.query);
        let found = db::mandates::list_heads(conn, &filter, order, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}

/// How many investor profiles a list has.
pub async fn investors(
    context: &Context,
    caller: &Caller,
    mut filter: investors::Filter,
) -> Result<Counted, Error> {
    let read = Operation::ReadInvestorProfile;
    filter.organization = own(
        caller,
        filter.organization,
        OrganizationKind::Investor,
        read,
    )?;
    let count = move |conn: &mut Conn| {
        let order = quickest(&filter.query);
        let found = db::investor_profiles::list_heads(conn, &filter, order, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}

/// How many firms a list has.
pub async fn organizations(
    context: &Context,
    caller: &Caller,
    filter: organizations::Filter,
) -> Result<Counted, Error> {
    caller.may(Operation::ReadOrganization, &[])?;
    let count = move |conn: &mut Conn| {
        let order = quickest(&filter.query);
        let found = db::organizations::list_heads(conn, &filter, order, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}

/// How many matches on record a list has, of those that the caller is shown.
pub async fn matches(
    context: &Context,
    caller: &Caller,
    wanted: matches::Listed,
) -> Result<Counted, Error> {
    let found = matches::count(context, caller, wanted, BOUND).await?;
    Ok(Counted::of(found))
}

/// How many introductions a list has: a side's are those that it asked for or
/// was asked about.
pub async fn introductions(
    context: &Context,
    caller: &Caller,
    mut filter: introductions::Filter,
) -> Result<Counted, Error> {
    introductions::narrow(context, caller, &mut filter).await?;
    let count = move |conn: &mut Conn| {
        let found = db::introductions::list(conn, &filter, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}

/// How many entries compliance's queue has, of what one request looks at.
pub async fn reviews(
    context: &Context,
    caller: &Caller,
    filter: reviews::Filter,
) -> Result<Counted, Error> {
    let (found, unseen) = reviews::count(context, caller, filter, BOUND).await?;
    let Counted { rows, more } = Counted::of(found);
    Ok(Counted {
        rows,
        more: more || unseen,
    })
}

/// How many deals a list has: a side's are its own.
pub async fn deals(
    context: &Context,
    caller: &Caller,
    mut filter: deals::Filter,
) -> Result<Counted, Error> {
    deals::narrow(context, caller, &mut filter).await?;
    let count = move |conn: &mut Conn| {
        let found = db::deals::list(conn, &filter, None, BOUND)?;
        Ok(Counted::of(found.len()))
    };
    context.db.read(count).await
}
