//! The mandate of an investor that a partner refers.

use crate::db::{Conn, mandates, organizations};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{MandateId, ReferralId};
use crate::domain::mandate::{
    Mandate, MandateContent, MandateStatus, check_edit, contradictions, missing_to_publish,
};
use crate::domain::organization::Organization;

use super::super::Error;
use super::super::transitions::code;
use super::{Desk, at, claimed, closed, reviewed};

const PLACE: &str = "/mandate";

/// Everything that is missing before a mandate can be published.
pub(super) fn missing(conn: &mut Conn, id: MandateId) -> Result<Faults, Error> {
    let mandate = mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    Ok(match mandate.status {
        MandateStatus::Draft => missing_to_publish(&mandate.content),
        _ => Faults::new(),
    })
}

/// Refuses to let another firm be named once it was published.
pub(super) fn check_nameable(conn: &mut Conn, id: MandateId) -> Result<(), Error> {
    let mandate = mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    match mandate.status {
        MandateStatus::Draft => Ok(()),
        _ => Err(reviewed()),
    }
}

/// Whether it was put forward; as nobody reviews a mandate, one that lacks
/// nothing is.
pub(super) fn is_forward(conn: &mut Conn, id: MandateId) -> Result<bool, Error> {
    Ok(missing(conn, id)?.is_empty())
}

impl Desk {
    pub(super) fn insert_mandate(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        firm: &Organization,
        content: MandateContent,
    ) -> Result<MandateId, Error> {
        self.check_sense(&MandateContent::default(), &content)?;
        let mandate = Mandate {
            id: self.context.new_id(),
            organization: firm.id,
            country: firm.details.country,
            content,
            status: MandateStatus::Draft,
            claimed: false,
            revision: 1,
            version: 1,
            published_at: None,
            reconfirm_by: None,
            created_at: self.now,
            updated_at: self.now,
        };
        mandates::insert(conn, &mandate)?;
        self.log_mandate(conn, referral, &mandate)?;
        Ok(mandate.id)
    }

    pub(super) fn correct_mandate(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        id: MandateId,
        content: MandateContent,
    ) -> Result<(), Error> {
        use MandateStatus as S;
        let before = mandates::find(conn, id)?.ok_or(Error::NotFound)?;
        if before.claimed {
            return Err(claimed());
        }
        let over = matches!(before.status, S::Withdrawn | S::Archived | S::Erased);
        let firm = organizations::find(conn, before.organization)?.ok_or(Error::NotFound)?;
        if !over && before.content == content && before.country == firm.details.country {
            return Ok(());
        }
        self.check_sense(&before.content, &content)?;
        // A suspended one is shown as paused, and answers as one.
        if over || matches!(before.status, S::Paused | S::Suspended) {
            return Err(closed());
        }
        check_edit(&before, &content).map_err(|refusal| at(PLACE, refusal))?;
        let after = Mandate {
            country: firm.details.country,
            content,
            revision: before.revision + 1,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        if !mandates::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log_mandate(conn, referral, &after)
    }

    /// Refuses what contradicts itself more than what is on record.
    fn check_sense(&self, before: &MandateContent, after: &MandateContent) -> Result<(), Error> {
        let mut faults = Faults::new();
        let torn = contradictions(after, before, &self.context.taxonomy());
        faults.absorb(PLACE, torn);
        Ok(faults.finish()?)
    }

    fn log_mandate(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        mandate: &Mandate,
    ) -> Result<(), Error> {
        self.pen.append(
            conn,
            "mandate.referred",
            (SubjectKind::Mandate, mandate.id),
            vec![
                ("organization", Value::Id(mandate.organization.uuid())),
                ("referral", Value::Id(referral.uuid())),
                ("to", code(mandate.status.code())),
                ("revision", Value::Int(mandate.revision)),
            ],
        )
    }
}
