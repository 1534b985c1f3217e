//! Where a firm that is handed in is put on record or put right, with what it
//! offers or looks for.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::db::{self, Conn, organizations, referrals};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::{Fault, Faults};
use crate::domain::identifier::Statement;
use crate::domain::ids::OrganizationId;
use crate::domain::import::RowOutcome;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::referral::{Referral, Referred};
use crate::domain::refusal::Refusal;
use crate::domain::text::Website;
use crate::domain::ticket::{TicketKind, TicketOutcome};
use crate::domain::values::OrganizationKind;
use crate::services::accounts::{note_organization, update_organization};
use crate::services::duplicates::live_firm;
use crate::services::log::Pen;
use crate::services::organizations::note_identified;
use crate::services::{Caller, Context, Error};

use super::{Contact, Content, Handed, NewReferral, Reader, about, mandates, standing, startups};

/// Where referrals are taken in, within one transaction.
pub(in crate::services) struct Desk {
    pub(super) context: Context,
    pub(super) pen: Pen,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) ask_contacts: bool,
}

impl Desk {
    pub(super) fn of(context: &Context, caller: &Caller) -> Self {
        Self::of_actor(context, caller.actor(), true)
    }

    /// The desk at which `actor` hands in.
    pub(in crate::services) fn of_actor(
        context: &Context,
        actor: Actor,
        ask_contacts: bool,
    ) -> Self {
        Self {
            context: context.clone(),
            pen: context.pen(actor),
            actor,
            now: context.now(),
            ask_contacts,
        }
    }

    /// One whose work will be undone: it decides the same and tells nobody.
    pub(in crate::services) fn tried(self) -> Self {
        Self {
            pen: self.pen.silent(),
            ask_contacts: false,
            ..self
        }
    }

    pub(super) fn hand_in(
        &self,
        conn: &mut Conn,
        new: NewReferral,
        reader: Reader,
    ) -> Result<Handed, Error> {
        let email = new.contact.email.clone();
        let (referral, outcome) = self.put(conn, new)?;
        if outcome == RowOutcome::Unchanged {
            // What kept its contact from being asked may be over.
            self.ask(conn, &referral, &email)?;
        }
        let standing = standing(&self.context, conn, referral, reader)?;
        let created = outcome == RowOutcome::Created;
        Ok(Handed { standing, created })
    }

    /// Takes in a firm, or takes it in again; with what that changed.
    pub(in crate::services) fn put(
        &self,
        conn: &mut Conn,
        new: NewReferral,
    ) -> Result<(Referral, RowOutcome), Error> {
        // One at a time for each partner, so that two of the same id are one,
        // and none is handed in while the partner becomes another one.
        organizations::lock(conn, new.partner)?;
        let partner = live_firm(conn, new.partner)?;
        if partner.details.kind != OrganizationKind::Partner {
            return Err(Error::refused(
                "not_a_partner",
                "Only a partner refers firms.",
            ));
        }
        let known = referrals::find_by_external_id(conn, new.partner, &new.external_id)?;
        Ok(match known {
            None => (self.create(conn, new)?, RowOutcome::Created),
            Some(known) if known.digest == new.digest => (known, RowOutcome::Unchanged),
            Some(known) => (self.correct(conn, known, new)?, RowOutcome::Updated),
        })
    }

    fn create(&self, conn: &mut Conn, new: NewReferral) -> Result<Referral, Error> {
        let firm = Organization {
            id: self.context.new_id(),
            details: new.details,
            external_id: None,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        // Before it is looked for under them.
        organizations::insert(conn, &firm)?;
        let stated = new.identifiers.onto(&BTreeSet::new());
        db::identifiers::replace(conn, firm.id, &stated)?;
        note_organization(conn, &self.pen, &firm)?;
        let id = self.context.new_id();
        let record = match new.content {
            Content::StartupProfile(content) => {
                Referred::StartupProfile(self.insert_profile(conn, id, &firm, *content)?)
            }
            Content::Mandate(content) => {
                Referred::Mandate(self.insert_mandate(conn, id, &firm, *content)?)
            }
        };
        let referral = Referral {
            id,
            partner: new.partner,
            external_id: new.external_id,
            organization: firm.id,
            record,
            digest: new.digest,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        referrals::insert(conn, &referral)?;
        if let Some(about) = new.about {
            self.put_about(conn, id, firm.id, *about)
                .map_err(about::undoing)?;
        }
        self.log(conn, &referral)?;
        let (email, language) = (&new.contact.email, &new.contact.language);
        db::contacts::put(conn, firm.id, email, language, self.now)?;
        self.ask(conn, &referral, email)?;
        Ok(referral)
    }

    /// Puts right what nobody of the firm stands behind yet.
    fn correct(
        &self,
        conn: &mut Conn,
        before: Referral,
        new: NewReferral,
    ) -> Result<Referral, Error> {
        if before.record.kind() != new.content.kind() {
            let mut faults = Faults::new();
            faults.push(
                "/organization/kind",
                "read_only",
                "It stays what it was handed in as; another firm has another external id.",
            );
            return Err(faults.into());
        }
        let firm = before.organization;
        organizations::lock(conn, firm)?;
        if !db::users::members(conn, firm)?.is_empty() {
            return Err(claimed());
        }
        // Whose record it is by now is not the partner's to say.
        if db::merges::is_part(conn, firm)? {
            return Err(reviewed());
        }
        self.correct_contact(conn, firm, &new.contact)?;
        self.correct_firm(conn, &before, new.details, &new.identifiers)?;
        match (before.record, new.content) {
            (Referred::StartupProfile(id), Content::StartupProfile(content)) => {
                self.correct_profile(conn, before.id, id, *content)?;
            }
            (Referred::Mandate(id), Content::Mandate(content)) => {
                self.correct_mandate(conn, before.id, id, *content)?;
            }
            _ => return Err(Error::internal("a referral of two kinds")),
        }
        if let Some(about) = new.about {
            self.put_about(conn, before.id, firm, *about)
                .map_err(about::undoing)?;
        }
        let after = Referral {
            digest: new.digest,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        if !referrals::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log(conn, &after)?;
        self.ask(conn, &after, &new.contact.email)?;
        Ok(after)
    }

    /// A link that went to somebody else than the contact ends, whatever the
    /// state of the record.
    fn correct_contact(
        &self,
        conn: &mut Conn,
        firm: OrganizationId,
        contact: &Contact,
    ) -> Result<(), Error> {
        let (email, language) = (&contact.email, &contact.language);
        db::contacts::put(conn, firm, email, language, self.now)?;
        for open in db::tickets::open_of(conn, TicketKind::Claim, firm, self.now)? {
            if open.email.key() != email.key() {
                db::tickets::close(conn, open.id, TicketOutcome::Revoked, self.now)?;
            }
        }
        Ok(())
    }

    /// What was looked into under a name is not handed on to another: once a
    /// record was taken up or its firm was cleared, who it is stays.
    fn correct_firm(
        &self,
        conn: &mut Conn,
        referral: &Referral,
        details: OrganizationDetails,
        identifiers: &Statement,
    ) -> Result<(), Error> {
        let id = referral.organization;
        let before = organizations::find(conn, id)?.ok_or(Error::NotFound)?;
        let known = db::identifiers::of(conn, id)?;
        let identifiers = identifiers.onto(&known);
        if before.details == details && known == identifiers {
            return Ok(());
        }
        match referral.record {
            Referred::StartupProfile(id) => startups::check_nameable(conn, id)?,
            Referred::Mandate(id) => mandates::check_nameable(conn, id)?,
        }
        if db::clearances::latest(conn, id)?.is_some() {
            return Err(reviewed());
        }
        let host = |it: &OrganizationDetails| it.website.as_ref().map(Website::host);
        if let Some(left) = host(&before.details).filter(|it| host(&details).as_ref() != Some(it)) {
            organizations::release_identifier(conn, id, "domain", &left)?;
        }
        let after = Organization {
            details,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        db::identifiers::replace(conn, id, &identifiers)?;
        if known != identifiers {
            note_identified(conn, &self.pen, (id, after.version), &identifiers)?;
        }
        update_organization(conn, &self.pen, "organization.corrected_by_partner", &after)
    }

    /// Notes it on the firm's timeline; the record's own says what changed.
    fn log(&self, conn: &mut Conn, referral: &Referral) -> Result<(), Error> {
        self.pen.append(
            conn,
            "organization.referred",
            (SubjectKind::Organization, referral.organization),
            vec![
                ("partner", Value::Id(referral.partner.uuid())),
                ("referral", Value::Id(referral.id.uuid())),
                ("version", Value::Int(referral.version)),
            ],
        )
    }
}

pub(super) fn claimed() -> Error {
    Error::refused(
        "referral_claimed",
        "The firm stands behind its record now and changes it itself.",
    )
}

pub(super) fn reviewed() -> Error {
    Error::refused(
        "referral_reviewed",
        "It was looked into under this name, country and web site; the operator corrects them now.",
    )
}

pub(super) fn closed() -> Error {
    Error::refused(
        "referral_closed",
        "Its record can't be changed in its present state.",
    )
}

/// A refusal about a part of the document, by pointers into the whole.
pub(super) fn at(place: &str, refusal: Refusal) -> Error {
    let missing = refusal.missing.into_iter().map(|fault| Fault {
        pointer: format!("{place}{}", fault.pointer),
        ..fault
    });
    Error::Refused(Refusal {
        missing: missing.collect(),
        ..refusal
    })
}
