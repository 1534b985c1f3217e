//! Free texts with the words marked that name something restricted or
//! prohibited, for whoever decides about them.

use crate::db;
use crate::domain::ids::{IntroductionId, StartupProfileId};
use crate::domain::permission::Operation;
use crate::domain::terms::{self, Marked};

use super::{Caller, Context, Error, introductions};

/// The marked words of a profile's texts, by JSON pointers.
pub async fn of_profile(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
) -> Result<Vec<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    Ok(terms::in_content(&found.content, &context.taxonomy()))
}

/// The marked words of what somebody wrote to ask for an introduction.
pub async fn of_introduction(
    context: &Context,
    caller: &Caller,
    id: IntroductionId,
) -> Result<Vec<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| introductions::load(conn, id))
        .await?;
    let hits = terms::marked(&found.blurb, &context.taxonomy()).into_iter();
    Ok(hits.map(|hit| ("/blurb".to_owned(), hit)).collect())
}
