//! Export licences: written down by the startup or by compliance, checked by
//! somebody of compliance, and asked for by the gate each time.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::db::page::Page;
use crate::db::{self, Conn, licences};
use crate::domain::country::Country;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::OrganizationId;
use crate::domain::licence::{Licence, LicenceAction, LicenceContent, LicenceStatus, MOST, step};
use crate::domain::permission::{Operation, Verdict, decide};
use crate::domain::profile::StartupProfile;
use crate::domain::refusal::Refusal;
use crate::domain::tag::Taxonomy;

use super::duplicates::live_firm;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};

/// Writes a licence down.
pub async fn record(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    content: LicenceContent,
) -> Result<Licence, Error> {
    caller.may(Operation::WriteLicence, &[organization])?;
    let now = context.now();
    content.faults(now.date_naive()).finish()?;
    let licence = Licence {
        id: context.new_id(),
        organization,
        content,
        status: LicenceStatus::Recorded,
        recorded_by: caller.id(),
        decided_by: None,
        reason: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            live_firm(conn, organization)?;
            if licences::list(conn, organization, None, MOST)?.len() >= MOST {
                return Err(Error::refused(
                    "too_many_licences",
                    format!("A firm has at most {MOST} licences on record."),
                ));
            }
            licences::insert(conn, &licence)?;
            let content = &licence.content;
            let countries = content.countries.iter().map(ToString::to_string);
            let tags = content.tags.iter().map(ToString::to_string);
            let mut facts = vec![
                ("licence", Value::Id(licence.id)),
                ("countries", Value::Codes(countries.collect())),
                ("tags", Value::Codes(tags.collect())),
                ("valid_from", Value::Date(content.valid_from)),
                ("valid_to", Value::Date(content.valid_to)),
            ];
            facts.extend(content.proof.facts());
            let subject = (SubjectKind::Organization, organization);
            pen.append(conn, "organization.licence_recorded", subject, facts)?;
            Ok(licence)
        },
        |conn, id| licences::find(conn, id)?.ok_or(Error::NotFound),
    )
    .await
}

/// The licences of a firm, oldest first.
pub async fn list(
    context: &Context,
    caller: &Caller,
    organization: OrganizationId,
    page: PageRequest,
) -> Result<Page<Licence>, Error> {
    caller.may(Operation::ReadLicence, &[organization])?;
    read_page(
        context,
        format!("licences {organization}"),
        page,
        move |conn, cursor, limit| Ok(licences::list(conn, organization, cursor, limit)?),
        |licence| after(licence.created_at, licence.id),
    )
    .await
}

/// One licence.
pub async fn find(context: &Context, caller: &Caller, id: Uuid) -> Result<Licence, Error> {
    let caller = caller.clone();
    let read = move |conn: &mut Conn| readable(conn, &caller, id);
    context.db.read(read).await
}

fn readable(conn: &mut Conn, caller: &Caller, id: Uuid) -> Result<Licence, Error> {
    let licence = licences::find(conn, id)?.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadLicence, &[licence.organization])?;
    Ok(licence)
}

/// What the caller can do with a licence now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: Uuid,
) -> Result<Vec<(&'static str, Option<Refusal>)>, Error> {
    let licence = find(context, caller, id).await?;
    let owners = [licence.organization];
    let verdict = decide(Operation::WriteCompliance, &caller.memberships, &owners);
    if verdict != Verdict::Allowed {
        return Ok(Vec::new());
    }
    let attempts = LicenceAction::ALL.iter().map(|action| {
        let refusal = step(&licence, *action, caller.id()).err();
        (action.code(), refusal)
    });
    let known =
        attempts.filter(|(_, refusal)| !refusal.as_ref().is_some_and(Refusal::is_about_state));
    Ok(known.collect())
}

/// Decides of a licence, for compliance. What compliance decided of a profile
/// while a licence held ends with that licence.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: Uuid,
    expected: Option<i64>,
    action: LicenceAction,
    reason: Option<String>,
) -> Result<Licence, Error> {
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = readable(conn, &caller_in, id)?;
            caller_in.may(Operation::WriteCompliance, &[before.organization])?;
            check_version(expected, before.version)?;
            let status = step(&before, action, caller_in.id())?;
            if action != LicenceAction::Check && reason.is_none() {
                return Err(Error::refused(
                    "reason_needed",
                    "This needs a reason in words.",
                ));
            }
            if action == LicenceAction::Revoke {
                // An edit that has its releases go on is waited for, and ends with
                // them.
                db::organizations::lock(conn, before.organization)?;
            }
            let now = context_in.now();
            let after = Licence {
                status,
                decided_by: Some(caller_in.id()),
                reason,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            if !licences::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            log_move(
                conn,
                &context_in.pen(caller_in.actor()),
                &before,
                &after,
                action,
            )?;
            if action == LicenceAction::Revoke {
                let countries = &after.content.countries;
                db::disclosures::end_releases(
                    conn,
                    after.organization,
                    countries,
                    now.date_naive(),
                )?;
            }
            Ok(after)
        },
        move |conn, id| readable(conn, &caller_again, id),
    )
    .await
}

fn log_move(
    conn: &mut Conn,
    pen: &Pen,
    before: &Licence,
    after: &Licence,
    action: LicenceAction,
) -> Result<(), Error> {
    let mut facts = vec![
        ("licence", Value::Id(after.id)),
        ("action", code(action.code())),
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    let reason = after.reason.as_deref().map(Value::hash_of);
    facts.extend(reason.map(|hash| ("reason", hash)));
    let subject = (SubjectKind::Organization, after.organization);
    pen.append(conn, "organization.licence_moved", subject, facts)
}

/// Until when a checked licence lets what is sensitive in a profile be shown to
/// counterparts of a country; none where none does today.
pub(super) fn licensed_until(
    conn: &mut Conn,
    taxonomy: &Taxonomy,
    profile: &StartupProfile,
    counterpart: Country,
    today: NaiveDate,
) -> Result<Option<NaiveDate>, Error> {
    let in_force = licences::in_force(conn, &[profile.organization], today)?;
    let covering = in_force
        .iter()
        .find(|it| it.covers(&profile.content, counterpart, today, taxonomy));
    Ok(covering.map(|it| it.content.valid_to))
}
