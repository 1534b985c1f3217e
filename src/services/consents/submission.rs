//! That the people of a firm agree to have it proposed to others, where they
//! submit what it says of itself (`MACHINES.md`, Profile: a consent receipt, or
//! that somebody else referred or imported it).

use chrono::TimeDelta;

use crate::db::{self, Conn};
use crate::domain::consent::{ConsentReceipt, PROPOSALS, law_of};
use crate::domain::ids::OrganizationId;
use crate::domain::proposal::submission_text;
use crate::domain::refusal::Refusal;
use crate::services::{Caller, Context, Error, tickets};

/// For how long what was agreed to holds.
const VALIDITY: TimeDelta = TimeDelta::days(2 * 365);

/// On what a submission rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) enum Basis {
    /// It was agreed to before, or others wrote it and nobody of the firm has
    /// spoken yet.
    Stands,
    /// Whoever submits agrees with it.
    Given,
}

/// On what a submission by the caller rests, of a record that its firm stands
/// behind or doesn't yet (`claimed`).
///
/// # Errors
/// Nobody of the firm has agreed, and the caller can't for it.
pub(in crate::services) fn basis(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    (firm, claimed): (OrganizationId, bool),
) -> Result<Result<Basis, Refusal>, Error> {
    let own = caller.belongs_to(firm);
    if !own && !claimed || db::consents::stands(conn, firm, context.now())? {
        return Ok(Ok(Basis::Stands));
    }
    // A program agrees to nothing.
    if own && db::clients::find(conn, caller.id())?.is_none() {
        return Ok(Ok(Basis::Given));
    }
    Ok(Err(Refusal::new(
        "consent_needed",
        "Nobody of the firm has agreed to have it proposed to others: one of its owners or editors agrees by submitting it.",
    )))
}

/// Keeps the receipt of who submits a profile of their firm.
pub(in crate::services) fn keep(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<(), Error> {
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let (language, text) = submission_text(&caller.user.language);
    let now = context.now();
    let receipt = ConsentReceipt {
        id: context.new_id(),
        user: caller.id(),
        organization,
        purpose: PROPOSALS,
        person_name: caller.user.name.clone(),
        person_role: None,
        law: law_of(firm.details.country),
        text,
        language: language.parse().map_err(Error::internal)?,
        method: "submission",
        given_at: now,
        valid_to: now + VALIDITY,
    };
    tickets::keep_receipt(context, conn, &receipt)
}
