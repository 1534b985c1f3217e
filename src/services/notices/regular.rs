//! What regular mail says, looked up just before it is sent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Months, NaiveDate, Utc};
use chrono_tz::Tz;

use super::answers_for;
use super::content::{
    Content, DigestContent, DigestEntry, Improvement, Prepared, ProgrammeStatus, Reviewed,
    StatusContent, WorkContent, WorkLine,
};
use super::facts::ready;
use super::records::{self, OfProfile};
use crate::db::{self, Conn};
use crate::domain::account::User;
use crate::domain::calendar::at_hour;
use crate::domain::ids::{MandateId, OrganizationId, StartupProfileId, UserId};
use crate::domain::message::Notice;
use crate::domain::organization::Organization;
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::rounds::Place;
use crate::domain::tag::Facet;
use crate::domain::text::Language;
use crate::domain::values::OrganizationKind;
use crate::domain::worklist::WorkKind;
use crate::services::readiness::{self, Change, Count};
use crate::services::{Caller, Context, Error, digest, disclosure, entries, worklist};

/// Most parts that a status names as missing.
const MOST_MISSING: usize = 4;

/// A person who still answers for a firm, with the firm.
pub(super) fn reader_of(
    conn: &mut Conn,
    user: UserId,
    organization: OrganizationId,
) -> Result<Option<(User, Organization)>, Error> {
    let members = db::users::members(conn, organization)?;
    let found = members
        .into_iter()
        .find(|(member, role)| member.id == user && answers_for(*role));
    let firm = db::organizations::find(conn, organization)?;
    Ok(found.map(|(member, _)| member).zip(firm))
}

/// What regular mail, or news of a record, says now.
pub(super) fn prepare(
    context: &Context,
    conn: &mut Conn,
    notice: Notice,
    queued_at: DateTime<Utc>,
) -> Result<Prepared, Error> {
    match notice {
        Notice::Digest {
            user,
            mandate,
            week,
        } => prepare_digest(context, conn, user, mandate, week),
        Notice::ProfileNews {
            user,
            profile,
            news,
            reason,
            day,
        } => {
            let about = OfProfile {
                user,
                profile: Reviewed::Startup(profile),
                news,
                reason,
                day,
                queued_at,
            };
            records::prepare_profile(context, conn, about)
        }
        Notice::InvestorNews {
            user,
            profile,
            news,
            reason,
            day,
        } => {
            let about = OfProfile {
                user,
                profile: Reviewed::Investor(profile),
                news,
                reason,
                day,
                queued_at,
            };
            records::prepare_profile(context, conn, about)
        }
        Notice::MandateNews {
            user,
            mandate,
            news,
            day,
        } => records::prepare_mandate(conn, user, mandate, news, day),
        Notice::Status {
            user,
            profile,
            month,
        } => prepare_status(context, conn, user, profile, month),
        Notice::Work { user, .. } => prepare_work(context, conn, user),
        // Everything else has a way of its own.
        _ => Ok(Prepared::Obsolete("not_regular")),
    }
}

/// The digest of a week: each match is asked about afresh, so that one that was
/// frozen, blocked or answered since is not in it. None is sent where nothing
/// is left.
fn prepare_digest(
    context: &Context,
    conn: &mut Conn,
    user: UserId,
    id: MandateId,
    week: NaiveDate,
) -> Result<Prepared, Error> {
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some((reader, firm)) = reader_of(conn, user, mandate.organization)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let place = Place {
        country: firm.details.country,
        zone: reader.zone,
    };
    // Who moved meanwhile reads of the week by the clock they have now.
    let Some(window) = place.window_of_week(&context.calendars, week) else {
        return Ok(Prepared::Obsolete("nothing_new"));
    };
    // One that was kept up for a week leaves the rest to the next: together
    // they would tell the same twice.
    if place.has_newer_week(&context.calendars, week, context.now()) {
        return Ok(Prepared::Obsolete("newer_one"));
    }
    let digest = digest::of_week(context, conn, id, &reader, window)?;
    if digest.entries.is_empty() {
        return Ok(Prepared::Obsolete("nothing_new"));
    }
    let mut told = Vec::new();
    for entry in digest.entries {
        let token = entries::token(context, entry.id, user)?;
        let url = &context.settings.public_url;
        told.push(DigestEntry {
            facts: entries::facts(context, &entry.teaser, &reader.language),
            link: format!("{url}/matches/{token}"),
            brief: format!("{url}/matches/{token}/brief"),
            entry,
        });
    }
    let name = firm.details.display_name();
    let content = DigestContent {
        mandate: mandate.content.title.as_ref().unwrap_or(name).to_string(),
        entries: told,
        more: digest.more,
    };
    Ok(ready(vec![reader], Content::Digest(Box::new(content))))
}

/// How a profile fared in the month that ended.
fn prepare_status(
    context: &Context,
    conn: &mut Conn,
    user: UserId,
    id: StartupProfileId,
    month: NaiveDate,
) -> Result<Prepared, Error> {
    let profile = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some((reader, firm)) = reader_of(conn, user, profile.organization)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    if profile.status != ProfileStatus::Published {
        return Ok(Prepared::Obsolete("not_published"));
    }
    // A month told after a freeze was lifted would be an old one.
    let freezes = db::freezes::active(conn, context.now())?;
    let taxonomy = context.taxonomy();
    let covers = |freeze| disclosure::covers_startup(freeze, &taxonomy, &profile);
    if freezes.iter().any(covers) {
        return Ok(Prepared::Obsolete("frozen"));
    }
    let first = month.checked_sub_months(Months::new(1)).unwrap_or(month);
    let (since, until) = (beginning(first, reader.zone), beginning(month, reader.zone));
    let standings = db::rounds::standings(conn, id)?;
    let mut programmes = Vec::new();
    let mut improve = Vec::new();
    for programme in db::programmes::programmes_of_startup(conn, id)? {
        let mut scopes = freezes.iter().map(|freeze| &freeze.scope);
        if scopes.any(|scope| scope.stops_programme(programme.id)) {
            continue;
        }
        let of = standings
            .iter()
            .filter(|standing| standing.programme == programme.id);
        let shown: BTreeSet<_> = of
            .clone()
            .filter(|standing| standing.shown_at.is_some())
            .map(|standing| standing.mandate)
            .collect();
        let new: BTreeSet<_> = of
            .clone()
            .filter(|standing| {
                standing
                    .shown_at
                    .is_some_and(|at| at >= since && at < until)
            })
            .map(|standing| standing.mandate)
            .collect();
        let waiting = of.clone().filter(|standing| standing.waits_for_investor);
        programmes.push(ProgrammeStatus {
            programme: programme.details.title.to_string(),
            shown: Count::of(shown.len()),
            new: Count::of(new.len()),
            waiting: Count::of(waiting.count()),
            own: of.filter(|standing| standing.waits_for_startup).count(),
        });
        if improve.is_empty() {
            improve = improvements(context, conn, &profile, programme.id, &reader.language)?;
        }
    }
    if programmes.is_empty() && !freezes.is_empty() {
        return Ok(Prepared::Obsolete("frozen"));
    }
    let mut passes = BTreeMap::new();
    for reason in db::rounds::shared_reasons(conn, id, since, until)? {
        *passes.entry(reason).or_insert(0) += 1;
    }
    let content = StatusContent {
        firm: firm.details.display_name().to_string(),
        month: first,
        programmes,
        passes: passes.into_iter().collect(),
        improve,
    };
    Ok(ready(vec![reader], Content::Status(Box::new(content))))
}

fn beginning(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    at_hour(day, zone, 0)
}

/// What would help a profile most: what it leaves out, and the one change that
/// would open most.
fn improvements(
    context: &Context,
    conn: &mut Conn,
    profile: &StartupProfile,
    programme: crate::domain::ids::ProgrammeId,
    reader: &Language,
) -> Result<Vec<Improvement>, Error> {
    let stands = readiness::before(context, conn, profile, programme)?;
    let mut improve = Vec::new();
    let fields: Vec<&'static str> = stands
        .missing
        .iter()
        .flat_map(|missing| missing.fields.iter().copied())
        .take(MOST_MISSING)
        .collect();
    if !fields.is_empty() {
        improve.push(Improvement::Fields(fields));
    }
    let told = stands
        .changes
        .iter()
        .find_map(|(change, count)| Some((change, count.told()?)));
    match told {
        Some((Change::DealIntent(slug), opens)) => {
            let taxonomy = context.taxonomy();
            let value = taxonomy.facet_value(Facet::DealIntent, slug);
            let label = value.map(|value| value.labels.for_reader(reader).to_owned());
            improve.push(Improvement::DealIntent(
                label.unwrap_or_else(|| slug.to_string()),
                opens,
            ));
        }
        Some((Change::NoLeastCheque, opens)) => improve.push(Improvement::NoLeastCheque(opens)),
        None => {}
    }
    Ok(improve)
}

/// What waits for one of the operator's people; none is sent where nothing
/// does.
fn prepare_work(context: &Context, conn: &mut Conn, user: UserId) -> Result<Prepared, Error> {
    let Some((reader, caller)) = operator(conn, user)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let now = context.now();
    let items = worklist::of(context, conn, &caller)?;
    let overdue = items.iter().filter(|item| item.is_overdue(now)).count();
    let mut lines: BTreeMap<WorkKind, WorkLine> = BTreeMap::new();
    for item in items {
        let line = lines.entry(item.kind).or_insert(WorkLine {
            kind: item.kind,
            count: 0,
            since: item.since,
        });
        line.count += worklist::stands_for(context, &item);
        line.since = line.since.min(item.since);
    }
    if lines.is_empty() {
        return Ok(Prepared::Obsolete("nothing_waits"));
    }
    let content = WorkContent {
        lines: lines.into_values().collect(),
        overdue,
    };
    Ok(ready(vec![reader], Content::Work(Box::new(content))))
}

/// One of the operator's people in the parts they play there, if they still
/// play any.
pub(in crate::services) fn operator(
    conn: &mut Conn,
    user: UserId,
) -> Result<Option<(User, Caller)>, Error> {
    let Some(person) = db::users::find(conn, user)? else {
        return Ok(None);
    };
    let mut parts = db::users::memberships(conn, user)?;
    parts.retain(|part| part.kind == OrganizationKind::Operator);
    if parts.is_empty() || db::users::disabled_at(conn, user)?.is_some() {
        return Ok(None);
    }
    let caller = Caller::new(person.clone(), parts);
    Ok(Some((person, caller)))
}
