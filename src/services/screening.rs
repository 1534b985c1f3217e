//! Free texts with the words marked that name something restricted or
//! prohibited, for whoever decides about them.

use crate::db;
use crate::domain::fault::Faults;
use crate::domain::ids::{IntroductionId, InvestorProfileId, MandateId, StartupProfileId};
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
    caller.may(Operation::ReadCompliance, &[found.organization])?;
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
    caller.may(Operation::ReadCompliance, &[found.startup, found.investor])?;
    let hits = terms::marked(&found.blurb, &context.taxonomy()).into_iter();
    Ok(hits.map(|hit| ("/blurb".to_owned(), hit)).collect())
}

/// The marked words of a mandate's title.
pub async fn of_mandate(
    context: &Context,
    caller: &Caller,
    id: MandateId,
) -> Result<Vec<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::mandates::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    Ok(terms::in_mandate(&found.content, &context.taxonomy()))
}

/// The marked words of what an investor says of itself.
pub async fn of_investor(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
) -> Result<Vec<(String, Marked)>, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let found = context
        .db
        .read(move |conn| db::investor_profiles::find(conn, id)?.ok_or(Error::NotFound))
        .await?;
    caller.may(Operation::ReadCompliance, &[found.organization])?;
    Ok(terms::in_investor(&found.content, &context.taxonomy()))
}

/// Refuses a text that both sides of a deal would read and that names something
/// restricted or prohibited: the words are named, so that its author can say it
/// otherwise or ask a curator.
pub(super) fn refuse_sensitive(context: &Context, pointer: &str, text: &str) -> Result<(), Error> {
    let hits = terms::marked(text, &context.taxonomy());
    let mut faults = Faults::new();
    for hit in hits {
        let detail = format!(
            "“{}” names what compliance has to look at first; leave it out, or ask a curator.",
            hit.words
        );
        faults.push(pointer.to_owned(), "sensitive_words", detail);
    }
    Ok(faults.finish()?)
}
