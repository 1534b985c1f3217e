//! An investor of a file, on record.

use crate::db::mandates::{self, Filter};
use crate::db::together::Together;
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{MandateId, OrganizationId};
use crate::domain::import::RowOutcome;
use crate::domain::investment::Investment;
use crate::domain::mandate::{Mandate, MandateContent, MandateStatus, contradictions, fresh_until};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::search::Texts;
use crate::domain::terms;
use crate::domain::values::OrganizationKind;

use super::super::Error;
use super::super::transitions::code;
use super::{Change, Import, NewInvestor, Put};

/// Puts a row on record.
pub(super) fn put(import: &mut Import, conn: &mut Conn, row: NewInvestor) -> Result<Put, Error> {
    let NewInvestor {
        external_id,
        firm_id,
        details,
        identifiers,
        mandate,
        investments,
        contact,
    } = row;
    let ids = (external_id.as_str(), firm_id.as_deref());
    let known = import.known(conn, OrganizationKind::Investor, ids)?;
    let on_record = match &known {
        Some(firm) => mandates_of(conn, firm.id)?,
        None => Vec::new(),
    };
    if let Some(firm) = &known
        && let Some(keeper) = db::merges::keeper(conn, firm.id)?
    {
        import.put_past(conn, keeper, &investments)?;
        import.tally.taken_over += 1;
        return Ok((keeper, RowOutcome::Kept, Vec::new()));
    }
    let records: Vec<_> = on_record.iter().map(|it| it.id.uuid()).collect();
    let meant = Import::meant(conn, ids, &records)?;
    let before = meant.and_then(|place| on_record.get(place)).cloned();
    let stated = mandate.as_ref().is_some_and(|mandate| !mandate.derived);
    let taken_over = on_record.iter().any(|it| it.claimed)
        || before.as_ref().is_some_and(|it| is_moved(it, stated))
        || (firm_id.is_none() && on_record.iter().any(|it| goes_before(it, stated)))
        || is_kept(conn, known.as_ref())?;
    if let Some(firm) = known.as_ref().filter(|_| taken_over) {
        // What it did is a fact of the record, whoever speaks for the firm now.
        import.put_past(conn, firm.id, &investments)?;
        import.tally.taken_over += 1;
        return Ok((firm.id, RowOutcome::Kept, Vec::new()));
    }
    let country = details.country;
    let joined = import.joins_investors_of(&details);
    let name = firm_id.unwrap_or_else(|| external_id.clone());
    let (firm, mut change) = import.put_firm(conn, known, name, details, &identifiers)?;
    if import.put_past(conn, firm.id, &investments)? {
        change = change.max(Change::Updated);
    }
    // Without deals to derive from, a mandate of an earlier import stands.
    let content = mandate.or_else(|| before.as_ref().map(|it| it.content.clone()));
    if let Some(content) = content {
        let (mandate, derived) =
            import.put_mandate(conn, &firm, before, country, content, joined)?;
        Import::name(conn, mandate.uuid(), &external_id)?;
        change = change.max(derived);
    }
    import.reach(conn, firm.id, contact.as_ref(), joined)?;
    import.tally.outside += u64::from(import.programme.is_some() && !joined);
    Ok(import.count(firm.id, change))
}

/// Whether somebody of it has an account, or another firm became one with it:
/// then people have taken it over, whatever is on record of it.
fn is_kept(conn: &mut Conn, known: Option<&Organization>) -> Result<bool, Error> {
    Ok(match known {
        Some(firm) => {
            db::merges::is_part(conn, firm.id)? || !db::users::members(conn, firm.id)?.is_empty()
        }
        None => false,
    })
}

fn mandates_of(conn: &mut Conn, organization: OrganizationId) -> Result<Vec<Mandate>, Error> {
    let filter = Filter {
        organization: Some(organization),
        ..Filter::default()
    };
    Ok(mandates::list(conn, &filter, None, MANDATES)?)
}

/// Mandates of one firm that an import looks through.
const MANDATES: usize = 500;

/// A mandate that somebody states goes before one that is derived; a file that
/// states one itself corrects it.
const fn goes_before(mandate: &Mandate, stated: bool) -> bool {
    !mandate.content.derived && !stated
}

/// Whether a row leaves it as it is, since people moved it or said more.
const fn is_moved(mandate: &Mandate, stated: bool) -> bool {
    use MandateStatus as S;
    goes_before(mandate, stated) || !matches!(mandate.status, S::Draft | S::Published | S::Stale)
}

impl Import {
    /// Whether the programme may take them: a corridor ends in their country,
    /// or a curator has yet to find out which it is.
    fn joins_investors_of(&self, details: &OrganizationDetails) -> bool {
        self.programme.as_ref().is_some_and(|programme| {
            let corridors = &programme.details.corridors;
            details
                .country
                .is_none_or(|country| corridors.iter().any(|it| it.investor == country))
        })
    }

    /// Puts on record what an investor did before; answers whether that is
    /// new. Files without deals leave it as it is.
    fn put_past(
        &self,
        conn: &mut Conn,
        firm: OrganizationId,
        investments: &[Investment],
    ) -> Result<bool, Error> {
        let id = || self.context.new_id();
        let new = !investments.is_empty()
            && db::investments::replace(conn, firm, investments, id, self.now)?;
        if new {
            let count = i64::try_from(investments.len()).unwrap_or(i64::MAX);
            self.pen.append(
                conn,
                "organization.past_imported",
                (SubjectKind::Organization, firm),
                vec![("investments", Value::Int(count))],
            )?;
        }
        Ok(new)
    }

    /// Puts a mandate on record and answers which, and how much it changed of
    /// the firm.
    fn put_mandate(
        &mut self,
        conn: &mut Conn,
        firm: &Organization,
        before: Option<Mandate>,
        country: Option<Country>,
        content: MandateContent,
        joined: bool,
    ) -> Result<(MandateId, Change), Error> {
        // Whose title names something restricted waits for a curator's look.
        let taxonomy = self.context.taxonomy();
        let named = !terms::in_mandate(&content, &taxonomy).is_empty();
        let known = before
            .as_ref()
            .map(|it| it.content.clone())
            .unwrap_or_default();
        let mut faults = Faults::new();
        faults.absorb("/mandate", contradictions(&content, &known, &taxonomy));
        faults.finish()?;
        let status = match &before {
            _ if joined && !named => MandateStatus::Published,
            Some(before) => before.status,
            None => MandateStatus::Draft,
        };
        let (mandate, change) = match before {
            None => (
                self.insert_mandate(conn, firm, country, content, status)?,
                Change::Updated,
            ),
            Some(before) => self.update_mandate(conn, before, country, content, status)?,
        };
        self.tally.mandates += u64::from(change != Change::Nothing);
        let admitted = joined && self.admit_mandate(conn, &mandate)?;
        let change = if admitted { Change::Updated } else { change };
        Ok((mandate.id, change))
    }

    fn insert_mandate(
        &self,
        conn: &mut Conn,
        firm: &Organization,
        country: Option<Country>,
        content: MandateContent,
        status: MandateStatus,
    ) -> Result<Mandate, Error> {
        let published = status == MandateStatus::Published;
        let mandate = Mandate {
            id: self.context.new_id(),
            organization: firm.id,
            country,
            content,
            status,
            claimed: false,
            revision: 1,
            version: 1,
            published_at: published.then_some(self.now),
            reconfirm_by: published.then(|| fresh_until(self.now)),
            created_at: self.now,
            updated_at: self.now,
        };
        let insertion: Together<Error> = if self.trial {
            mandates::bare_insertion(&mandate, firm)?
        } else {
            let texts = Texts::of_mandate(&mandate.content);
            mandates::insertion(conn, &mandate, firm, texts)?
        };
        insertion.store(conn)?;
        self.log_mandate(conn, &mandate)?;
        Ok(mandate)
    }

    fn update_mandate(
        &self,
        conn: &mut Conn,
        before: Mandate,
        country: Option<Country>,
        content: MandateContent,
        status: MandateStatus,
    ) -> Result<(Mandate, Change), Error> {
        let revised = before.content != content;
        if !revised && before.country == country && before.status == status {
            return Ok((before, Change::Nothing));
        }
        let published = status == MandateStatus::Published;
        let after = Mandate {
            country,
            content,
            status,
            revision: before.revision + i64::from(revised),
            version: before.version + 1,
            published_at: before.published_at.or(published.then_some(self.now)),
            reconfirm_by: if published {
                Some(fresh_until(self.now))
            } else {
                before.reconfirm_by
            },
            updated_at: self.now,
            ..before
        };
        if !mandates::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log_mandate(conn, &after)?;
        Ok((after, Change::Updated))
    }

    fn log_mandate(&self, conn: &mut Conn, mandate: &Mandate) -> Result<(), Error> {
        self.pen.append(
            conn,
            "mandate.imported",
            (SubjectKind::Mandate, mandate.id),
            vec![
                ("organization", Value::Id(mandate.organization.uuid())),
                ("to", code(mandate.status.code())),
                ("revision", Value::Int(mandate.revision)),
                ("derived", Value::Flag(mandate.content.derived)),
            ],
        )
    }

    /// Admits a mandate; answers whether that is new.
    fn admit_mandate(&mut self, conn: &mut Conn, mandate: &Mandate) -> Result<bool, Error> {
        if self.has_left(conn, mandate.id.uuid())? {
            return Ok(false);
        }
        let Some(programme) = &self.programme else {
            return Ok(false);
        };
        let new = db::programmes::admit_mandate(conn, programme.id, mandate.id, self.now)?;
        if new {
            self.log_admission(conn, programme, "mandate", mandate.id.uuid())?;
            self.tally.admitted += 1;
        }
        Ok(new)
    }
}
