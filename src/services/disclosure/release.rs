//! What compliance lets be shown though it is sensitive.

use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::ProgrammeId;
use crate::domain::profile::StartupProfile;
use crate::domain::release::{self, Leave, Released, Sensitive, holds_until, sensitive};
use crate::domain::scoring::{Gate, GateVerdict};
use crate::services::licences::licensed_until;
use crate::services::ranking::{self, Ground};
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error};

use super::{Occasion, Pair, ask};

/// What is sensitive in a profile and not released by enough people to the
/// counterpart's country, in that programme.
pub fn unreleased(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
) -> Result<Vec<Sensitive>, Error> {
    let sensitive = sensitive(&pair.profile.content, &context.taxonomy());
    Ok(release::unreleased(
        sensitive,
        &releases(context, conn, pair)?,
    ))
}

/// The releases of a profile's revision that hold today towards the
/// counterpart's country, in that programme.
pub fn releases(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<Vec<Released>, Error> {
    let Some(country) = pair.mandate.country else {
        return Ok(Vec::new());
    };
    Ok(db::disclosures::releases(
        conn,
        (pair.profile.id, pair.profile.revision),
        pair.programme.id,
        country,
        context.now().date_naive(),
    )?)
}

/// Whether what is sensitive in a profile keeps it from the counterpart: `Pass`
/// when nothing is or enough people released it.
pub fn sensitivity(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<GateVerdict, Error> {
    let ground = Ground::of(context, conn, pair.programme.clone())?;
    let account = ranking::one_pair(context, conn, &ground, &pair.profile, &pair.mandate)?;
    let mut gates = account.gates.iter();
    let trace = gates.find(|trace| trace.gate == Gate::Sensitivity);
    Ok(trace.map_or(GateVerdict::Unknown, |trace| trace.verdict))
}

/// A person of compliance releases what in a profile, at its present revision,
/// is sensitive and waits for it, to counterparts of one country in one
/// programme; false when they have done so before. Where nothing waits none is
/// kept.
pub fn release(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    caller: &Caller,
    leave: &Leave,
) -> Result<bool, Error> {
    let counterpart = pair.mandate.country.ok_or_else(|| {
        Error::refused(
            "country_unknown",
            "The investor's country must be known before anything is released to it.",
        )
    })?;
    let decision = ask(context, conn, pair, Occasion::Running)?;
    let waits = |rules: &[Rule]| rules.contains(&Rule::Sensitivity);
    if !matches!(&decision, Decision::Review { rules, .. } if waits(rules)) {
        return Ok(true);
    }
    let about = unreleased(context, conn, pair)?;
    let to = (pair.programme.id, counterpart);
    keep_releases(context, conn, caller, &pair.profile, to, about, leave)
}

/// Keeps that somebody of compliance lets something of a profile, at its present
/// revision, be shown in a programme to firms of a country, until a day at most
/// 12 months ahead; false where all of it was there. Each release is of one
/// matter at its grade: it doesn't stand for a tag that is graded later.
pub(in crate::services) fn keep_releases(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    profile: &StartupProfile,
    (programme, counterpart): (ProgrammeId, Country),
    about: Vec<Sensitive>,
    leave: &Leave,
) -> Result<bool, Error> {
    let now = context.now();
    // What was decided while a licence held is asked again when it ends.
    let (today, taxonomy) = (now.date_naive(), context.taxonomy());
    let licensed = licensed_until(conn, &taxonomy, profile, counterpart, today)?;
    let valid_to = holds_until(today, leave.until, licensed);
    let mut matters = Vec::new();
    for about in about {
        let release = db::disclosures::Release {
            profile: profile.id,
            revision: profile.revision,
            programme,
            counterpart,
            about,
            by: caller.id(),
            reason: leave.reason.clone(),
            valid_to,
            at: now,
        };
        // Who names a day says it of what they released before as well.
        let new = db::disclosures::insert_release(conn, &release)?
            || leave.until.is_some() && db::disclosures::restate_release(conn, &release)?;
        if new {
            matters.push(release.about.matter.to_string());
        }
    }
    if matters.is_empty() {
        return Ok(false);
    }
    context.pen(caller.actor()).append(
        conn,
        "startup_profile.disclosure_released",
        (SubjectKind::StartupProfile, profile.id),
        vec![
            ("revision", Value::Int(profile.revision)),
            ("programme", Value::Id(programme.uuid())),
            ("country", code(counterpart.code())),
            ("matters", Value::Codes(matters)),
            ("valid_to", Value::Date(valid_to)),
            ("reason", Value::hash_of(&leave.reason)),
        ],
    )?;
    Ok(true)
}
