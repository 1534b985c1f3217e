//! The one door: every use case that would show one side to the other loads
//! its facts here, asks [`crate::domain::disclosure`], and writes the ledger.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::db::disclosures::Disclosure;
use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze, FreezeScope, clearance_on};
use crate::domain::disclosure::{Decision, Facts, Level, decide, fresh_on};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ControlAnswers, ProfileStatus, StartupProfile};
use crate::domain::programme::Programme;
use crate::domain::tag::Taxonomy;

use super::log::Pen;
use super::transitions::code;
use super::{Caller, Context, Error};

/// The two records that would be shown to each other, and the programme.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The programme.
    pub programme: Programme,
    /// The startup's profile.
    pub profile: StartupProfile,
    /// The investor's mandate.
    pub mandate: Mandate,
}

impl Pair {
    /// Loads the three records as they are now.
    pub fn load(
        conn: &mut Conn,
        programme: ProgrammeId,
        profile: StartupProfileId,
        mandate: MandateId,
    ) -> Result<Self, Error> {
        Ok(Self {
            programme: db::programmes::find(conn, programme)?.ok_or(Error::NotFound)?,
            profile: db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?,
            mandate: db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?,
        })
    }
}

/// Asks the gate on facts as fresh as the open transaction.
pub fn ask(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<Decision, Error> {
    ask_about(context, conn, pair, false)
}

/// [`ask`] for an introduction that runs already: pausing a profile or mandate
/// stops new ones and leaves that one alone.
pub fn ask_running(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<Decision, Error> {
    ask_about(context, conn, pair, true)
}

fn ask_about(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    running: bool,
) -> Result<Decision, Error> {
    let Pair {
        programme,
        profile,
        mandate,
    } = pair;
    let today = context.now().date_naive();
    let admitted = db::programmes::is_startup_admitted(conn, programme.id, profile.id)?
        && db::programmes::is_mandate_admitted(conn, programme.id, mandate.id)?;
    let freezes = db::freezes::active(conn)?;
    let facts = Facts {
        programme_in_force: admitted
            && programme.in_force_on(today)
            && joined(programme, profile, mandate),
        startup_live: (profile.status == ProfileStatus::Published
            || running && profile.status == ProfileStatus::Paused)
            && fresh_on(profile.reconfirm_by, today),
        mandate_live: mandate_is_live(mandate, today, running),
        claimed: profile.claimed && mandate.claimed,
        startup_clearance: clearance(conn, profile.organization, today)?,
        investor_clearance: clearance(conn, mandate.organization, today)?,
        sensitivity: profile.content.sensitivity(&context.taxonomy),
        control_answers_sensitive: profile
            .content
            .controls
            .as_ref()
            .is_some_and(ControlAnswers::needs_review),
        releases: match mandate.country {
            Some(country) => db::disclosures::releases(
                conn,
                profile.id,
                profile.revision,
                programme.id,
                country,
                today,
            )?,
            None => 0,
        },
        frozen: covers(&freezes, &context.taxonomy, pair),
        conflict: db::blocks::exists(conn, profile.organization, mandate.organization)?,
    };
    Ok(decide(&facts))
}

/// Whether the programme joins the two countries; it joins none that is
/// unknown.
fn joined(programme: &Programme, profile: &StartupProfile, mandate: &Mandate) -> bool {
    profile
        .country
        .zip(mandate.country)
        .is_some_and(|(startup, investor)| programme.joins(startup, investor))
}

fn clearance(
    conn: &mut Conn,
    organization: OrganizationId,
    today: NaiveDate,
) -> Result<ClearanceVerdict, Error> {
    let latest = db::clearances::latest(conn, organization)?;
    Ok(clearance_on(latest.as_ref(), today))
}

fn mandate_is_live(mandate: &Mandate, today: NaiveDate, running: bool) -> bool {
    (mandate.status == MandateStatus::Published
        || running && mandate.status == MandateStatus::Paused)
        && fresh_on(mandate.reconfirm_by, today)
        && mandate.content.active_from.is_none_or(|from| from <= today)
        && mandate.content.active_to.is_none_or(|to| to >= today)
}

/// Whether any freeze covers the programme or either side.
fn covers(freezes: &[Freeze], taxonomy: &Taxonomy, pair: &Pair) -> bool {
    freezes.iter().any(|freeze| match &freeze.scope {
        FreezeScope::Programme(id) => *id == pair.programme.id,
        _ => {
            covers_startup(freeze, taxonomy, &pair.profile) || covers_mandate(freeze, &pair.mandate)
        }
    })
}

/// Whether a freeze covers a startup's profile.
pub fn covers_startup(freeze: &Freeze, taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
    match &freeze.scope {
        FreezeScope::Country(country) => Some(*country) == profile.country,
        FreezeScope::Organization(id) => *id == profile.organization,
        FreezeScope::Tag(frozen) => profile
            .content
            .all_tags()
            .any(|tag| tag == frozen || taxonomy.ancestors(tag).any(|ancestor| ancestor == frozen)),
        FreezeScope::Programme(_) => false,
    }
}

/// Whether a freeze covers a mandate.
pub fn covers_mandate(freeze: &Freeze, mandate: &Mandate) -> bool {
    match &freeze.scope {
        FreezeScope::Country(country) => Some(*country) == mandate.country,
        FreezeScope::Organization(id) => *id == mandate.organization,
        FreezeScope::Tag(_) | FreezeScope::Programme(_) => false,
    }
}

/// The clearances of many firms on a day; a firm that is not listed has none.
pub fn clearances_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    today: NaiveDate,
) -> Result<BTreeMap<OrganizationId, ClearanceVerdict>, Error> {
    // A statement takes a limited number of values.
    const AT_ONCE: usize = 10_000;
    let mut verdicts = BTreeMap::new();
    for some in organizations.chunks(AT_ONCE) {
        for (id, clearance) in db::clearances::latest_many(conn, some)? {
            verdicts.insert(id, clearance_on(Some(&clearance), today));
        }
    }
    Ok(verdicts)
}

/// One line of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Showing {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Who was shown.
    pub shown: OrganizationId,
    /// To whom.
    pub to: OrganizationId,
    /// How much.
    pub level: Level,
    /// By which match or introduction.
    pub subject: Subject,
}

/// Writes one line of the ledger.
pub fn record(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    showing: Showing,
) -> Result<(), Error> {
    let Showing {
        programme,
        shown,
        to,
        level,
        subject,
    } = showing;
    let disclosure = Disclosure {
        id: context.new_id(),
        programme,
        shown,
        shown_to: to,
        level,
        subject,
        at: context.now(),
    };
    db::disclosures::record(conn, &disclosure)?;
    pen.append(
        conn,
        "organization.disclosed",
        (SubjectKind::Organization, shown),
        vec![
            ("to", Value::Id(to.uuid())),
            ("level", code(level.code())),
            ("programme", Value::Id(programme.uuid())),
            ("subject", Value::Id(subject.id)),
        ],
    )
}

/// A person of compliance releases a sensitive profile, at its present
/// revision, to counterparts of one country in one programme, until a day at
/// most 12 months ahead.
pub fn release(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    caller: &Caller,
    reason: &str,
) -> Result<bool, Error> {
    let counterpart = pair.mandate.country.ok_or_else(|| {
        Error::refused(
            "country_unknown",
            "The investor's country must be known before anything is released to it.",
        )
    })?;
    let now = context.now();
    let valid_to = (now + chrono::TimeDelta::days(365)).date_naive();
    let release = db::disclosures::Release {
        profile: pair.profile.id,
        revision: pair.profile.revision,
        programme: pair.programme.id,
        counterpart,
        by: caller.id(),
        reason: reason.to_owned(),
        valid_to,
        at: now,
    };
    let new = db::disclosures::insert_release(conn, &release)?;
    if new {
        context.pen(caller.actor()).append(
            conn,
            "startup_profile.disclosure_released",
            (SubjectKind::StartupProfile, pair.profile.id),
            vec![
                ("revision", Value::Int(release.revision)),
                ("programme", Value::Id(release.programme.uuid())),
                ("country", code(release.counterpart.code())),
                ("valid_to", Value::Date(release.valid_to)),
                ("reason", Value::hash_of(reason)),
            ],
        )?;
    }
    Ok(new)
}
