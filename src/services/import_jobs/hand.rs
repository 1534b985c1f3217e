//! Rows of a file on record, each by itself: as referrals of a partner or as
//! records of the operator's.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::imports::{self as records, NewInvestor, NewStartup};
use super::super::referrals::{Content, Desk, NewReferral, about};
use super::super::{Context, Error};
use super::firms::{Firms, said};
use super::may_write;
use super::rows::{FileRow, FirmRow};
use super::work::caller_of;
use crate::db::{self, Conn, imports};
use crate::domain::event::Actor;
use crate::domain::fault::Fault;
use crate::domain::ids::{ImportId, OrganizationId};
use crate::domain::import::{Import, ImportRow, RowOutcome};
use crate::domain::values::OrganizationKind;

/// Characters of the id of a referral.
const EXTERNAL_ID: usize = 100;

/// Puts rows on record for somebody.
pub(super) enum Hand {
    Partner(Box<Desk>, OrganizationId),
    Operator(Box<records::Import>, Box<Desk>),
}

impl Hand {
    /// None when whoever handed the file in may not any more.
    pub(super) fn of(
        context: &Context,
        conn: &mut Conn,
        import: &Import,
    ) -> Result<Option<Self>, Error> {
        let actor = match import.made_by {
            None => Actor::System,
            Some(id) => {
                let caller = caller_of(conn, id, context.now())?;
                let allowed = caller.filter(|caller| may_write(caller, import.partner).is_ok());
                let Some(caller) = allowed else {
                    return Ok(None);
                };
                caller.actor()
            }
        };
        let asks = import.options.ask_contacts;
        let Some(partner) = import.partner else {
            let programme = match import.options.programme {
                Some(id) => db::programmes::find(conn, id)?,
                None => None,
            };
            let mut records = records::Import::of(context, actor, programme, asks);
            let mut desk = Desk::of_actor(context, actor, false);
            if import.is_trial() {
                records = records.tried();
                desk = desk.tried();
            }
            return Ok(Some(Self::Operator(Box::new(records), Box::new(desk))));
        };
        let mut desk = Desk::of_actor(context, actor, asks);
        if import.is_trial() {
            desk = desk.tried();
        }
        Ok(Some(Self::Partner(Box::new(desk), partner)))
    }

    /// Puts a batch on record; `trial` when that will be undone.
    pub(super) fn put_all(
        &mut self,
        conn: &mut Conn,
        (import, trial): (ImportId, bool),
        rows: Vec<FileRow>,
    ) -> Result<Vec<ImportRow>, Error> {
        let first = rows.first().map_or(0, |row| row.line);
        let ids: Vec<_> = rows
            .iter()
            .filter_map(|row| row.external_id.as_deref())
            .collect();
        let mut seen = imports::lines_of(conn, import, first, &ids)?;
        let firms: Vec<_> = rows.iter().filter_map(FileRow::firm_id).collect();
        self.hold(conn, &firms)?;
        let mut firms = Firms::before(conn, import, &rows)?;
        let put = |row: FileRow| {
            let said = row.firm.as_ref().ok().map(said);
            let contradicted = said.as_ref().and_then(|said| firms.contradicted(said));
            let row = ImportRow {
                firm: said,
                ..self.put(conn, &mut seen, contradicted, row)?
            };
            let row = if trial { firms.tried(row) } else { row };
            firms.note(&row);
            Ok(row)
        };
        rows.into_iter().map(put).collect()
    }

    /// Holds every firm that a batch may correct.
    fn hold(&mut self, conn: &mut Conn, ids: &[&str]) -> Result<(), Error> {
        let partner = match self {
            Self::Operator(records, _) => return records.hold(conn, ids),
            Self::Partner(_, partner) => partner,
        };
        db::organizations::lock(conn, *partner)?;
        for firm in db::referrals::firms_of(conn, *partner, ids)? {
            db::organizations::lock(conn, firm)?;
        }
        Ok(())
    }

    /// Puts a row on record, by itself: what is refused leaves nothing behind.
    fn put(
        &mut self,
        conn: &mut Conn,
        seen: &mut BTreeMap<String, i64>,
        contradicted: Option<Fault>,
        row: FileRow,
    ) -> Result<ImportRow, Error> {
        let FileRow {
            line,
            external_id,
            firm,
        } = row;
        let report = |outcome, record, faults| ImportRow {
            line,
            external_id: external_id.clone(),
            outcome,
            record,
            faults,
            firm: None,
        };
        let again = external_id.as_ref().and_then(|id| seen.get(id).copied());
        if let Some(id) = external_id.clone().filter(|_| again.is_none()) {
            seen.insert(id, line);
        }
        let firm = match (firm, again) {
            (Err(mut faults), again) => {
                faults.extend(again.map(twice));
                return Ok(report(RowOutcome::Bad, None, faults));
            }
            (Ok(firm), again) => {
                let faults: Vec<_> = again.map(twice).into_iter().chain(contradicted).collect();
                if !faults.is_empty() {
                    return Ok(report(RowOutcome::Bad, None, faults));
                }
                firm
            }
        };
        match db::transaction(conn, |conn| self.put_firm(conn, firm)) {
            Ok((record, outcome, doubts)) => Ok(report(outcome, Some(record), doubts)),
            Err(Error::Invalid(faults)) => Ok(report(RowOutcome::Bad, None, faults)),
            Err(Error::Refused(refusal)) => {
                Ok(report(RowOutcome::Refused, None, refusal.into_faults()))
            }
            Err(other) => Err(other),
        }
    }

    fn put_firm(
        &mut self,
        conn: &mut Conn,
        row: FirmRow,
    ) -> Result<(Uuid, RowOutcome, Vec<Fault>), Error> {
        match self {
            Self::Partner(desk, partner) => {
                let (referral, outcome) = desk.put(conn, referral_of(*partner, row)?)?;
                Ok((referral.id.uuid(), outcome, Vec::new()))
            }
            Self::Operator(records, desk) => {
                let mut row = row;
                let of_itself = row.about.take();
                let name = row.firm_id.is_some().then(|| row.external_id.clone());
                let has_more = row.content.is_some();
                let (firm, outcome, doubts) = put_record(records, conn, row)?;
                let outcome = match of_itself {
                    // A row whose mandate people have taken over is left alone.
                    Some(_) if has_more && outcome == RowOutcome::Kept => outcome,
                    Some(of_itself) => {
                        let name = name.as_deref();
                        let put = desk.put_imported_about(conn, (firm, name), *of_itself, outcome);
                        put.map_err(|fault| {
                            if has_more {
                                about::undoing(fault)
                            } else {
                                fault
                            }
                        })?
                    }
                    None => outcome,
                };
                Ok((firm.uuid(), outcome, doubts))
            }
        }
    }
}

fn twice(line: i64) -> Fault {
    Fault::new(
        "/external_id",
        "duplicate",
        format!("This id was on line {line} already."),
    )
}

fn missing(pointer: &str, detail: &str) -> Fault {
    Fault::new(pointer, "required", detail)
}

/// What a partner refers is whole.
fn referral_of(partner: OrganizationId, row: FirmRow) -> Result<NewReferral, Error> {
    let mut faults = Vec::new();
    if row.details.country.is_none() {
        faults.push(missing("/organization/country", "This field is required."));
    }
    if row.contact.is_none() {
        faults.push(missing("/contact/email", "A referral names a contact."));
    }
    if row.content.is_none() {
        let place = match row.details.kind {
            OrganizationKind::Investor => "/mandate",
            _ => "/startup_profile",
        };
        let detail = "A startup comes with a profile, an investor with a mandate.";
        faults.push(missing(place, detail));
    }
    if row.external_id.chars().count() > EXTERNAL_ID {
        faults.push(Fault::new(
            "/external_id",
            "bad_text",
            format!("must have at most {EXTERNAL_ID} characters"),
        ));
    }
    if row.firm_id.is_some_and(|firm| firm != row.external_id) {
        faults.push(Fault::new(
            "/organization/external_id",
            "not_taken",
            "A referral is one firm with one profile or mandate, and has one id.",
        ));
    }
    match (row.contact, row.content) {
        (Some(contact), Some(content)) if faults.is_empty() => Ok(NewReferral {
            partner,
            external_id: row.external_id,
            details: row.details,
            identifiers: row.identifiers,
            contact,
            content,
            about: row.about,
            digest: row.digest,
        }),
        _ => Err(Error::Invalid(faults)),
    }
}

fn put_record(
    records: &mut records::Import,
    conn: &mut Conn,
    row: FirmRow,
) -> Result<records::Put, Error> {
    let FirmRow {
        external_id,
        firm_id,
        details,
        identifiers,
        contact,
        content,
        about: _,
        digest: _,
    } = row;
    match content {
        Some(Content::StartupProfile(content)) => {
            let content = *content;
            records.startup(
                conn,
                NewStartup {
                    external_id,
                    firm_id,
                    details,
                    identifiers,
                    content,
                    contact,
                },
            )
        }
        content => {
            let mandate = match content {
                Some(Content::Mandate(mandate)) => Some(*mandate),
                _ => None,
            };
            if details.kind != OrganizationKind::Investor {
                let fault = missing("/startup_profile", "A startup comes with a profile.");
                return Err(Error::Invalid(vec![fault]));
            }
            records.investor(
                conn,
                NewInvestor {
                    external_id,
                    firm_id,
                    details,
                    identifiers,
                    mandate,
                    investments: Vec::new(),
                    contact,
                },
            )
        }
    }
}
