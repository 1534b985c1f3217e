//! Importing: firms that another system knows become records here, unclaimed.
//! The operator answers for them; nobody of the firm has spoken yet, so they
//! are ranked and never shown (see [`crate::domain::disclosure`]).
//!
//! A file is read batch by batch ([`batches`]), tried, and only when none of its
//! rows was refused put on record, so that a server beside it can write as well.
//! What is tried is decided as it would be and undone; the log, the search and
//! the duplicates, which nobody would read of it, are then left out.
//! A row is recognised by its external id, and where a firm has several
//! records by theirs and its own, so that an import can be repeated: what says
//! the same is left as it is. Nor does an import touch what a person
//! has taken over: claimed records, and records moved out of the states that
//! imports leave them in.

pub mod batches;
mod investors;
mod startups;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::db::{self, Conn};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Fault;
use crate::domain::identifier::Statement;
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId};
use crate::domain::import::RowOutcome;
use crate::domain::investment::Investment;
use crate::domain::mandate::MandateContent;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::profile::StartupContent;
use crate::domain::programme::Programme;
use crate::domain::text::Slug;
use crate::domain::values::OrganizationKind;

pub use batches::{Fate, Line, Pass, Told};
use batches::{Kind, all_or_none};

use super::accounts::{note_organization, update_organization};
use super::contacts::{self, Contact};
use super::log::Pen;
use super::organizations::note_identified;
use super::transitions::code;
use super::{Context, Error};

/// A startup as a file describes it.
#[derive(Debug, Clone)]
pub struct NewStartup {
    /// Its profile's id in the files, and the firm's where that has no other.
    pub external_id: String,
    /// The firm's id in the files, where it is another one.
    pub firm_id: Option<String>,
    /// The firm.
    pub details: OrganizationDetails,
    /// What is said of its numbers in registers.
    pub identifiers: Statement,
    /// What its profile says.
    pub content: StartupContent,
    /// Through whom it is reached.
    pub contact: Option<Contact>,
}

/// An investor as the files describe it.
#[derive(Debug, Clone)]
pub struct NewInvestor {
    /// Its mandate's id in the files, and the firm's where that has no other.
    pub external_id: String,
    /// The firm's id in the files, where it is another one.
    pub firm_id: Option<String>,
    /// The firm.
    pub details: OrganizationDetails,
    /// What is said of its numbers in registers.
    pub identifiers: Statement,
    /// The mandate that its past deals speak of, if they speak of one.
    pub mandate: Option<MandateContent>,
    /// What it did before, as the files say.
    pub investments: Vec<Investment>,
    /// Through whom it is reached.
    pub contact: Option<Contact>,
}

/// How records are imported.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The programme that they are admitted to, published; without one they
    /// are drafts.
    pub programme: Option<Programme>,
    /// Whether contacts are mailed the claim link, where the settings allow it.
    pub ask_contacts: bool,
    /// Everything is done and then undone.
    pub dry_run: bool,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Firms that are new.
    pub created: u64,
    /// Firms of which something changed.
    pub updated: u64,
    /// Firms of which everything was on record.
    pub unchanged: u64,
    /// Firms whose records people have taken over; left as they are.
    pub taken_over: u64,
    /// Mandates that are new or changed.
    pub mandates: u64,
    /// Profiles and mandates newly admitted to the programme.
    pub admitted: u64,
    /// Records that stay drafts because the programme joins no corridor with
    /// their country, which is known.
    pub outside: u64,
    /// Profiles that wait for review: sensitive, telling, or lacking something.
    pub in_review: u64,
    /// Contacts that are mailed the claim link.
    pub asked: u64,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let Self {
            created,
            updated,
            unchanged,
            taken_over,
            mandates,
            admitted,
            outside,
            in_review,
            asked,
        } = other;
        Self {
            created: self.created + created,
            updated: self.updated + updated,
            unchanged: self.unchanged + unchanged,
            taken_over: self.taken_over + taken_over,
            mandates: self.mandates + mandates,
            admitted: self.admitted + admitted,
            outside: self.outside + outside,
            in_review: self.in_review + in_review,
            asked: self.asked + asked,
        }
    }
}

/// The programme with that slug.
///
/// # Errors
/// [`Error::NotFound`], or the store failed.
pub async fn programme(context: &Context, slug: Slug) -> Result<Programme, Error> {
    context
        .db
        .read(move |conn| db::programmes::find_by_slug(conn, &slug)?.ok_or(Error::NotFound))
        .await
}

/// Imports startups with their profiles: all of them, or none when one is
/// refused. `lines` reads the file from its first row, once for each pass; at no
/// time are more than two batches of it held. What breaks off the second pass
/// leaves what it wrote by then, and the same rows again go on.
///
/// # Errors
/// The first error among the rows, or the store failed.
pub async fn startups<I>(
    context: &Context,
    terms: Terms,
    lines: impl Fn() -> Result<I, Error> + Send + Sync + 'static,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    I: Iterator<Item = Result<Line<NewStartup>, Error>> + Send + 'static,
{
    let kind = Kind {
        id: |row: &NewStartup| &row.external_id,
        firm: |row: &NewStartup| row.firm_id.as_deref().unwrap_or(&row.external_id),
        put: startups::put,
    };
    all_or_none(context, terms, lines, kind, told).await
}

/// Imports investors with their derived mandates, as [`startups`].
///
/// # Errors
/// The first error among the rows, or the store failed.
pub async fn investors<I>(
    context: &Context,
    terms: Terms,
    lines: impl Fn() -> Result<I, Error> + Send + Sync + 'static,
    told: Told<'_>,
) -> Result<Tally, Error>
where
    I: Iterator<Item = Result<Line<NewInvestor>, Error>> + Send + 'static,
{
    let kind = Kind {
        id: |row: &NewInvestor| &row.external_id,
        firm: |row: &NewInvestor| row.firm_id.as_deref().unwrap_or(&row.external_id),
        put: investors::put,
    };
    all_or_none(context, terms, lines, kind, told).await
}

/// Holds every firm that a batch may correct, in order and before the first
/// of them is looked for duplicates of: a claim or a merge holds its firm
/// before that, too, and nobody waits in a circle. The ids are those by which
/// files know firms; answers those that are known.
pub(super) fn hold(conn: &mut Conn, ids: &[&str]) -> Result<BTreeSet<String>, Error> {
    db::imports::lock_records(conn)?;
    let (mut firms, mut known) = (Vec::new(), BTreeSet::new());
    for (firm, id) in db::organizations::known_as(conn, ids)? {
        firms.push(firm);
        known.extend(id);
    }
    firms.extend(exported(conn, ids)?);
    firms.sort_unstable();
    firms.dedup();
    for firm in firms {
        db::organizations::lock(conn, firm)?;
    }
    Ok(known)
}

/// The firms that go by their own ids in exports, or by those of their records.
fn exported(conn: &mut Conn, ids: &[&str]) -> Result<Vec<OrganizationId>, Error> {
    let ids: Vec<uuid::Uuid> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let profiles: Vec<StartupProfileId> = ids.iter().map(|id| (*id).into()).collect();
    let profiles = db::startup_profiles::find_heads(conn, &profiles)?;
    let mandates: Vec<MandateId> = ids.iter().map(|id| (*id).into()).collect();
    let mandates = db::mandates::find_heads(conn, &mandates)?;
    let of_profiles = profiles.into_iter().map(|(_, head)| head.organization);
    let of_mandates = mandates.into_iter().map(|(_, head)| head.organization);
    let own = ids.into_iter().map(OrganizationId::from);
    Ok(own.chain(of_profiles).chain(of_mandates).collect())
}

/// The firm of a row, what the row changed of it, and all for which its record
/// waits for people, by pointers into the row.
pub(super) type Put = (OrganizationId, RowOutcome, Vec<Fault>);

/// An import under way, in its transaction.
pub(super) struct Import {
    context: Context,
    pen: Pen,
    actor: Actor,
    now: DateTime<Utc>,
    programme: Option<Programme>,
    /// Whose admission to it was taken back: that is a person's to change.
    left: Option<BTreeSet<uuid::Uuid>>,
    ask_contacts: bool,
    /// Whether the rows are Corridor's own documents, which can say all that
    /// review asks for; tables of other systems can't.
    documents: bool,
    /// Whether all of it will be undone.
    trial: bool,
    /// The ids of firms that are on record or were, for this batch, put there;
    /// of others there is none. Absent, everything may be.
    known: Option<BTreeSet<String>>,
    tally: Tally,
}

/// How much of a firm an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    Updated,
    Created,
}

impl Import {
    /// An import by `actor` that admits records to `programme`.
    pub(super) fn of(
        context: &Context,
        actor: Actor,
        programme: Option<Programme>,
        ask_contacts: bool,
    ) -> Self {
        Self {
            context: context.clone(),
            pen: context.pen(actor),
            actor,
            now: context.now(),
            programme,
            left: None,
            ask_contacts,
            documents: true,
            trial: false,
            known: None,
            tally: Tally::default(),
        }
    }

    /// One that will be undone: it decides the same and tells nobody.
    pub(super) fn tried(self) -> Self {
        Self {
            pen: self.pen.silent(),
            trial: true,
            ..self
        }
    }

    /// Holds the firms of a batch; see [`hold`].
    pub(super) fn hold(&mut self, conn: &mut Conn, ids: &[&str]) -> Result<(), Error> {
        self.known = Some(hold(conn, ids)?);
        Ok(())
    }

    /// Puts a startup on record.
    pub(super) fn startup(&mut self, conn: &mut Conn, row: NewStartup) -> Result<Put, Error> {
        startups::put(self, conn, row)
    }

    /// Puts an investor on record.
    pub(super) fn investor(&mut self, conn: &mut Conn, row: NewInvestor) -> Result<Put, Error> {
        investors::put(self, conn, row)
    }

    fn count(&mut self, firm: OrganizationId, change: Change) -> Put {
        let outcome = match change {
            Change::Created => RowOutcome::Created,
            Change::Updated => RowOutcome::Updated,
            Change::Nothing => RowOutcome::Unchanged,
        };
        match change {
            Change::Created => self.tally.created += 1,
            Change::Updated => self.tally.updated += 1,
            Change::Nothing => self.tally.unchanged += 1,
        }
        (firm, outcome, Vec::new())
    }

    /// The firm that a file means: by its own id, or for one that came
    /// otherwise by the id that an export gives it. Exports have named rows by
    /// their records alone, too.
    fn known(
        &self,
        conn: &mut Conn,
        kind: OrganizationKind,
        (external_id, firm_id): (&str, Option<&str>),
    ) -> Result<Option<Organization>, Error> {
        let id = firm_id.unwrap_or(external_id);
        let may_be = self.known.as_ref().is_none_or(|known| known.contains(id));
        let known = if may_be {
            db::organizations::find_by_external_id(conn, kind, id)?
        } else {
            None
        };
        let (None, Ok(id)) = (&known, id.parse::<uuid::Uuid>()) else {
            return Ok(known);
        };
        let exported = db::organizations::find(conn, id.into())?;
        let exported =
            exported.filter(|firm| firm.details.kind == kind && firm.external_id.is_none());
        if exported.is_some() || firm_id.is_some() {
            return Ok(exported);
        }
        let firm = if kind == OrganizationKind::Investor {
            let record = db::mandates::find(conn, MandateId::from(id))?;
            record.map(|record| record.organization)
        } else {
            let record = db::startup_profiles::find(conn, StartupProfileId::from(id))?;
            record.map(|record| record.organization)
        };
        match firm {
            Some(firm) => Ok(db::organizations::find(conn, firm)?),
            None => Ok(None),
        }
    }

    /// Which of a firm's records a row means, by its place among them: the one
    /// that bears its id, or was exported under it. A row that names no firm
    /// of its own means the one that bears none.
    fn meant(
        conn: &mut Conn,
        (external_id, firm_id): (&str, Option<&str>),
        records: &[uuid::Uuid],
    ) -> Result<Option<usize>, Error> {
        if records.is_empty() {
            return Ok(None);
        }
        let names = db::record_names::of(conn, records)?;
        let named = |id: &uuid::Uuid| names.get(id).is_some_and(|name| name == external_id);
        let exported = external_id.parse::<uuid::Uuid>().ok();
        let place = records.iter().position(named);
        let place = place.or_else(|| records.iter().position(|id| Some(*id) == exported));
        Ok(place.or_else(|| {
            let is_free = |id: &uuid::Uuid| !names.contains_key(id);
            records
                .iter()
                .position(is_free)
                .filter(|_| firm_id.is_none())
        }))
    }

    /// Notes the id by which a file knows a record, unless it is the record's
    /// own.
    fn name(conn: &mut Conn, record: uuid::Uuid, external_id: &str) -> Result<(), Error> {
        if external_id.parse() == Ok(record) {
            return Ok(());
        }
        Ok(db::record_names::put(conn, record, external_id)?)
    }

    /// Registers a firm that is new, and writes down what changed of one that
    /// is known.
    fn put_firm(
        &mut self,
        conn: &mut Conn,
        known: Option<Organization>,
        external_id: String,
        details: OrganizationDetails,
        identifiers: &Statement,
    ) -> Result<(Organization, Change), Error> {
        let before = match &known {
            Some(firm) => db::identifiers::of(conn, firm.id)?,
            None => BTreeSet::new(),
        };
        let stated = Some(identifiers.onto(&before)).filter(|after| *after != before);
        match known {
            None => {
                if let Some(known) = &mut self.known {
                    known.insert(external_id.clone());
                }
                let firm = Organization {
                    id: self.context.new_id(),
                    details,
                    external_id: Some(external_id),
                    version: 1,
                    created_at: self.now,
                    updated_at: self.now,
                };
                if self.trial {
                    db::organizations::insert_row(conn, &firm)?;
                } else {
                    db::organizations::insert(conn, &firm)?;
                }
                if let Some(stated) = &stated {
                    db::identifiers::replace(conn, firm.id, stated)?;
                }
                note_organization(conn, &self.pen, &firm)?;
                Ok((firm, Change::Created))
            }
            Some(firm) if firm.details == details && stated.is_none() => {
                Ok((firm, Change::Nothing))
            }
            Some(firm) => {
                let id = firm.id;
                if let Some(stated) = &stated {
                    db::identifiers::replace(conn, id, stated)?;
                    note_identified(conn, &self.pen, (id, firm.version + 1), stated)?;
                }
                let firm = self.update_firm(conn, firm, details)?;
                Ok((firm, Change::Updated))
            }
        }
    }

    fn update_firm(
        &self,
        conn: &mut Conn,
        before: Organization,
        details: OrganizationDetails,
    ) -> Result<Organization, Error> {
        let after = Organization {
            details,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        update_organization(conn, &self.pen, "organization.imported", &after)?;
        Ok(after)
    }

    /// Keeps a firm's contact, and asks it to stand behind records that were
    /// admitted.
    fn reach(
        &mut self,
        conn: &mut Conn,
        firm: OrganizationId,
        contact: Option<&Contact>,
        joined: bool,
    ) -> Result<(), Error> {
        let Some(Contact { email, language }) = contact else {
            return Ok(());
        };
        // Of what is only tried, a table tells how many would be asked.
        if self.trial && self.documents {
            return Ok(());
        }
        db::contacts::put(conn, firm, email, language, self.now)?;
        if joined && self.ask_contacts {
            let asked = contacts::ask(&self.context, conn, self.actor, firm)?;
            self.tally.asked += u64::from(asked);
        }
        Ok(())
    }

    /// Whether a curator took that record's admission back.
    fn has_left(&mut self, conn: &mut Conn, record: uuid::Uuid) -> Result<bool, Error> {
        let Some(programme) = &self.programme else {
            return Ok(false);
        };
        let left = match self.left.take() {
            Some(left) => left,
            None => db::admissions::departed(conn, programme.id)?,
        };
        let has_left = left.contains(&record);
        self.left = Some(left);
        Ok(has_left)
    }

    /// Notes in the log that a record was admitted.
    fn log_admission(
        &self,
        conn: &mut Conn,
        programme: &Programme,
        kind: &str,
        id: uuid::Uuid,
    ) -> Result<(), Error> {
        self.pen.append(
            conn,
            "programme.admitted",
            (SubjectKind::Programme, programme.id),
            vec![("kind", code(kind)), ("id", Value::Id(id))],
        )
    }
}
