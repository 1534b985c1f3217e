//! Claims: records that were imported, referred or typed by a curator are put
//! before the firm that they are about. It confirms, corrects or refuses; until
//! then they are ranked and never shown (see [`crate::domain::disclosure`]).

use chrono::TimeDelta;

use crate::db::{self, Conn, mandates, startup_profiles};
use crate::domain::account::{Role, User};
use crate::domain::consent::{ConsentReceipt, PROPOSALS, law_of};
use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::organization::OrganizationDetails;
use crate::domain::permission::Operation;
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::text::{Email, Language, Name};
use crate::domain::ticket::{Permit, TicketKind, TicketOutcome};

pub use super::corrections::Corrections;
use super::duplicates::live_firm;
use super::once::write_once;
use super::tickets::{self, Newcomer, Open, Ticket};
use super::{Caller, Context, Error, Intent, accounts};

/// For how long what was agreed to holds.
const VALIDITY: TimeDelta = TimeDelta::days(2 * 365);
/// Most records of one firm that a claim shows.
const MOST: usize = 100;

/// What was written about a firm, and nobody of it has confirmed.
pub struct Records {
    /// The firm.
    pub firm: OrganizationDetails,
    /// Counts its changes.
    pub firm_version: i64,
    /// A startup's profiles.
    pub profiles: Vec<StartupProfile>,
    /// An investor's mandates.
    pub mandates: Vec<Mandate>,
}

impl Records {
    /// Which state of all that was written this is, so that nobody agrees to
    /// what came after they read.
    pub fn seen(&self) -> String {
        let profiles = self.profiles.iter().map(|it| it.revision);
        let mandates = self.mandates.iter().map(|it| it.revision);
        let counts = [self.firm_version].into_iter().chain(profiles);
        let counts: Vec<String> = counts.chain(mandates).map(|it| it.to_string()).collect();
        counts.join("-")
    }
}

impl Records {
    /// Whether the firm stands behind all there is.
    pub(super) const fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.mandates.is_empty()
    }
}

/// Whether whoever has that address may answer for a firm: anybody while it has
/// no people, then its owners, who say themselves who else speaks for it.
pub(super) fn may_answer(
    conn: &mut Conn,
    organization: OrganizationId,
    email: &Email,
) -> Result<bool, Error> {
    let people = db::users::members(conn, organization)?;
    let owns =
        |(user, role): &(User, Role)| *role == Role::Owner && user.email.key() == email.key();
    Ok(people.is_empty() || people.iter().any(owns))
}

/// Ends the links of those who may not answer for a firm by now: who belongs
/// to it speaks for it, and no link lets others do.
pub(super) fn close_others(
    context: &Context,
    conn: &mut Conn,
    organization: OrganizationId,
) -> Result<(), Error> {
    let now = context.now();
    for claim in db::tickets::open_of(conn, TicketKind::Claim, organization, now)? {
        if !may_answer(conn, organization, &claim.email)? {
            db::tickets::close(conn, claim.id, TicketOutcome::Revoked, now)?;
        }
    }
    Ok(())
}

/// Whether a link to that address still leads to something to stand behind.
pub(super) fn is_open(
    conn: &mut Conn,
    organization: OrganizationId,
    email: &Email,
) -> Result<bool, Error> {
    Ok(!records(conn, organization)?.is_empty() && may_answer(conn, organization, email)?)
}

pub(super) fn records(conn: &mut Conn, organization: OrganizationId) -> Result<Records, Error> {
    let profiles = startup_profiles::Filter {
        organization: Some(organization),
        ..startup_profiles::Filter::default()
    };
    let wanted = mandates::Filter {
        organization: Some(organization),
        ..mandates::Filter::default()
    };
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let mut records = Records {
        firm: firm.details,
        firm_version: firm.version,
        profiles: startup_profiles::list(conn, &profiles, None, MOST)?,
        mandates: mandates::list(conn, &wanted, None, MOST)?,
    };
    let (gone, over) = (ProfileStatus::Erased, MandateStatus::Erased);
    let profiles = &mut records.profiles;
    profiles.retain(|profile| !profile.claimed && profile.status != gone);
    let mandates = &mut records.mandates;
    mandates.retain(|mandate| !mandate.claimed && mandate.status != over);
    Ok(records)
}

/// Mails a firm's contact the link to what was written about it.
pub async fn ask(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    email: Email,
    language: Language,
    intent: Option<Intent>,
) -> Result<Ticket, Error> {
    caller.may(Operation::ReadOrganization, &[organization])?;
    caller.may(Operation::AskToClaim, &[organization])?;
    let permit = Permit::Claim { organization };
    let ticket = tickets::new(context, email, language, permit, Some(caller.id()));
    let context_in = context.clone();
    let actor = caller.actor();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            live_firm(conn, organization)?;
            let key = ticket.email.key();
            if db::contacts::objected(conn, organization, &key)? {
                return Err(Error::refused(
                    "objected",
                    "This address said no for the firm, and is not asked again.",
                ));
            }
            let records = records(conn, organization)?;
            if records.is_empty() {
                return Err(Error::refused(
                    "nothing_to_claim",
                    "The firm stands behind all its records already.",
                ));
            }
            if !may_answer(conn, organization, &ticket.email)? {
                return Err(Error::refused(
                    "firm_has_people",
                    "The firm has people by now; ask one of its owners.",
                ));
            }
            // One link at a time leads to a firm's records.
            let now = context_in.now();
            for open in db::tickets::open_of(conn, TicketKind::Claim, organization, now)? {
                db::tickets::close(conn, open.id, TicketOutcome::Revoked, now)?;
            }
            db::contacts::put(conn, organization, &ticket.email, &ticket.language, now)?;
            db::contacts::mark_asked(conn, organization, &key, now)?;
            tickets::put(&context_in, conn, &ticket, &format!("ticket:{}", ticket.id))?;
            tickets::note(&context_in, conn, actor, "ticket.issued", &ticket)?;
            Ok(ticket)
        },
        |conn, id| db::tickets::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await
}

/// What somebody agrees to who stands behind their firm's records.
#[derive(Clone)]
pub struct Agreement {
    /// Who they are, if they have no account.
    pub newcomer: Option<Newcomer>,
    /// Their name, as they wrote it.
    pub name: Name,
    /// Their part in the firm, in their words.
    pub role: Option<String>,
    /// The text that they agreed to.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// What they corrected first.
    pub corrections: Corrections,
    /// [`Records::seen`] of what they read, if the form says so.
    pub seen: Option<String>,
}

/// What is wrong with a form, as far as only the store and the rules of
/// passwords know, so that all of it is told at once.
///
/// # Errors
/// The store failed.
pub async fn faults(
    context: &Context,
    open: &Open,
    corrections: &Corrections,
    password: &str,
) -> Result<Faults, Error> {
    let mut faults = Faults::new();
    if !open.has_account {
        faults.absorb("", accounts::password_faults(password, &open.ticket.email));
    }
    let (Permit::Claim { organization }, corrections) = (&open.ticket.permit, corrections.clone())
    else {
        return Ok(faults);
    };
    let (organization, reader) = (*organization, open.language.clone());
    let of_records = context.db.read(move |conn| {
        let records = records(conn, organization)?;
        corrections_faults(conn, organization, &records, &corrections, &reader)
    });
    faults.absorb("", of_records.await?);
    Ok(faults)
}

fn corrections_faults(
    conn: &mut Conn,
    organization: OrganizationId,
    records: &Records,
    corrections: &Corrections,
    reader: &Language,
) -> Result<Faults, Error> {
    match (records.profiles.first(), records.mandates.first()) {
        (Some(profile), _) => {
            corrections.profile_faults(conn, organization, &profile.content, reader)
        }
        (None, Some(mandate)) => Ok(corrections.mandate_faults(&mandate.content)),
        (None, None) => Ok(Faults::new()),
    }
}

/// Stands behind a firm's records: the person becomes its owner, the receipt
/// is kept, the records count as the firm's own.
pub async fn confirm(context: &Context, token: &str, agreement: Agreement) -> Result<(), Error> {
    let ticket = tickets::opened(context, token).await?;
    let Permit::Claim { organization } = ticket.permit else {
        return Err(Error::NotFound);
    };
    let newcomer = match agreement.newcomer.clone() {
        Some(newcomer) => Some(tickets::admitted(context, &ticket.email, newcomer).await?),
        None => None,
    };
    let context_in = context.clone();
    context
        .db
        .write(move |conn| {
            // A partner's correction in between waits, or is seen here. It takes
            // the firm before the firm's links, too: whoever took them the other
            // way round would wait for it in a circle.
            db::organizations::lock(conn, organization)?;
            tickets::take(&context_in, conn, &ticket, TicketOutcome::Used)?;
            if !is_open(conn, organization, &ticket.email)? {
                return Err(tickets::closed());
            }
            let records = records(conn, organization)?;
            if agreement
                .seen
                .as_ref()
                .is_some_and(|seen| *seen != records.seen())
            {
                let mut faults = Faults::new();
                faults.push(
                    "/seen",
                    "changed",
                    "What was written has changed since it was read.",
                );
                return Err(faults.into());
            }
            let person = tickets::account_of(conn, &ticket, newcomer.as_ref())?;
            tickets::join(&context_in, conn, person, organization, Role::Owner)?;
            let (corrections, reader) = (&agreement.corrections, &agreement.language);
            corrections_faults(conn, organization, &records, corrections, reader)?.finish()?;
            corrections.correct_firm(&context_in, conn, person, organization)?;
            // The page lets the first of its records be corrected.
            for (place, profile) in records.profiles.iter().enumerate() {
                let content = match place {
                    0 => corrections.profile(&profile.content, reader),
                    _ => profile.content.clone(),
                };
                super::startups::stand_behind(&context_in, conn, person, profile, content)?;
            }
            for (place, mandate) in records.mandates.iter().enumerate() {
                let content = match place {
                    0 => corrections.mandate(&mandate.content),
                    _ => mandate.content.clone(),
                };
                super::mandates::stand_behind(&context_in, conn, person, mandate, content)?;
            }
            let receipt = receipt(&context_in, conn, &ticket, person, agreement)?;
            tickets::keep_receipt(&context_in, conn, &receipt)
        })
        .await
}

fn receipt(
    context: &Context,
    conn: &mut Conn,
    ticket: &Ticket,
    person: crate::domain::ids::UserId,
    agreement: Agreement,
) -> Result<ConsentReceipt, Error> {
    let Permit::Claim { organization } = ticket.permit else {
        return Err(Error::NotFound);
    };
    let firm = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
    let law = law_of(firm.details.country);
    let now = context.now();
    Ok(ConsentReceipt {
        id: context.new_id(),
        user: person,
        organization,
        purpose: PROPOSALS,
        person_name: agreement.name,
        person_role: agreement.role,
        law,
        text: agreement.text,
        language: agreement.language,
        method: "mailed_link",
        given_at: now,
        valid_to: now + VALIDITY,
    })
}

/// Takes back what a firm wants nothing to do with, and remembers that it
/// doesn't want to be asked again.
pub(super) fn refuse(
    context: &Context,
    conn: &mut Conn,
    ticket: &Ticket,
    organization: OrganizationId,
) -> Result<(), Error> {
    let (email, language) = (&ticket.email, &ticket.language);
    db::contacts::object(conn, organization, email, language, context.now())?;
    let records = records(conn, organization)?;
    for profile in &records.profiles {
        super::on_show::disown(context, conn, profile)?;
    }
    for mandate in &records.mandates {
        super::on_show::disown(context, conn, mandate)?;
    }
    super::investors::disown(context, conn, organization)
}
