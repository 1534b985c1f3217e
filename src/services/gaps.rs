//! Which tags of a programme find no counterpart.

use crate::domain::ids::ProgrammeId;
use crate::domain::permission::Operation;
pub use crate::matching::gaps::TagBalance;
use crate::matching::gaps::balance;

use super::{Caller, Context, Error, programmes};

/// How every tag stands that the live profiles and mandates of a programme
/// use, for the operator's people.
pub async fn of_programme(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<Vec<TagBalance>, Error> {
    programmes::find(context, caller, id).await?;
    // They know of the programme, so there is nothing to hide.
    let allowed = caller.may(Operation::RankMatches, &[]);
    allowed.map_err(|_| Error::Forbidden)?;
    context
        .look_over(move |context, conn| {
            let visible = context.index.current(conn)?;
            let Some(snapshot) = visible.of(id) else {
                return Ok(Vec::new());
            };
            let mandates = snapshot.mandates().map(|entry| &entry.mandate);
            Ok(balance(visible.taxonomy()?, snapshot.startups(), mandates))
        })
        .await
}
