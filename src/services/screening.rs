//! Free texts with the words marked that name something restricted or
//! prohibited, for whoever decides about them.

use crate::db;
use crate::domain::ids::{IntroductionId, InvestorProfileId, MandateId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::terms::{self, Marked};

use super::paging::{Page, PageRequest, page_of};
use super::{Caller, Context, Error, introductions};

/// The marked words of a profile's texts, by JSON pointers.
pub async fn of_profile(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    page: PageRequest,
) -> Result<Page<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    let hits = terms::in_content(&found.content, &context.taxonomy());
    let list = format!("screening {id} {}", found.version);
    page_of(context, &list, &page, hits)
}

/// The marked words of what somebody wrote to ask for an introduction.
pub async fn of_introduction(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
    page: PageRequest,
) -> Result<Page<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| introductions::load(conn, id))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.startup, found.investor])?;
    let hits = terms::marked(&found.blurb, &context.taxonomy()).into_iter();
    let hits = hits.map(|hit| ("/blurb".to_owned(), hit)).collect();
    // What somebody asked in is never changed.
    page_of(context, &format!("screening {id}"), &page, hits)
}

/// The marked words of a mandate's title.
pub async fn of_mandate(
    context: &Context,
    caller: &Caller,
    id: MandateId,
    page: PageRequest,
) -> Result<Page<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::mandates::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    let hits = terms::in_mandate(&found.content, &context.taxonomy());
    let list = format!("screening {id} {}", found.version);
    page_of(context, &list, &page, hits)
}

/// The marked words of what an investor says of itself.
pub async fn of_investor(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
    page: PageRequest,
) -> Result<Page<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::investor_profiles::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    let hits = terms::in_investor(&found.content, &context.taxonomy());
    let list = format!("screening {id} {}", found.version);
    page_of(context, &list, &page, hits)
}
