//! That the people of a firm agree to have it proposed to others, where they
//! submit what it says of itself (`MACHINES.md`, Profile: a consent receipt, or
//! that somebody else referred or imported it).

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::db::{self, Conn};
use crate::domain::consent::{ConsentReceipt, PROPOSALS, Standing, law_of};
use crate::domain::ids::OrganizationId;
use crate::domain::proposal::submission_text;
use crate::domain::refusal::Refusal;
use crate::services::{Caller, Context, Error, tickets};

use super::proposals::{gives, taken_back};

/// For how long what was agreed to holds.
const VALIDITY: TimeDelta = TimeDelta::days(2 * 365);

/// What whoever submits agrees with by that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// In which language.
    pub language: &'static str,
    /// The text of which the receipt is kept.
    pub text: String,
}

impl Agreement {
    /// The SHA-256 of the text, as receipts have it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

/// What that is for the caller.
pub(in crate::services) fn agreement(caller: &Caller) -> Agreement {
    let (language, text) = submission_text(&caller.user.language);
    Agreement { language, text }
}

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
/// The firm's people took back what they had agreed to, or nobody of them has
/// agreed and the caller can't for it.
pub(in crate::services) fn basis(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    of: (OrganizationId, bool),
) -> Result<Result<Basis, Refusal>, Error> {
    let standing = db::consents::standing(conn, of.0, context.now())?;
    basis_on(conn, caller, of, standing)
}

/// [`basis`] where it is known how the firm's consent stands. Whoever publishes
/// gives it in the same cases, see [`gives`].
pub(in crate::services) fn basis_on(
    conn: &mut Conn,
    caller: &Caller,
    (firm, claimed): (OrganizationId, bool),
    standing: Standing,
) -> Result<Result<Basis, Refusal>, Error> {
    let own = caller.belongs_to(firm);
    let stands = match standing {
        // That is given again by name, not by the way.
        Standing::Withdrawn => return Ok(Err(taken_back(conn, firm)?)),
        Standing::Given | Standing::Before => true,
        Standing::RanOut | Standing::Missing => !own && !claimed,
    };
    // A program agrees to nothing.
    if gives(caller, firm, standing) && db::clients::find(conn, caller.id())?.is_none() {
        return Ok(Ok(Basis::Given));
    }
    if stands {
        return Ok(Ok(Basis::Stands));
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
    let Agreement { language, text } = agreement(caller);
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
