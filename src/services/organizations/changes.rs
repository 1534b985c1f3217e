//! Firms that are made by curators, and what follows from a change of one: its
//! check is looked at again where that matters, its records say where it is,
//! other records of it are looked for.

use crate::db::{self, Conn, mandates, merges, organizations, startup_profiles};
use crate::domain::compliance::{Clearance, ClearanceVerdict, Freeze, FreezeScope};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::firm_name::same_firm;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::mandate::Mandate;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::permission::Operation;
use crate::domain::profile::StartupProfile;
use crate::domain::text::{Website, bounded};
use crate::domain::values::OrganizationKind;
use crate::services::accounts::{insert_organization, new_organization, update_organization};
use crate::services::duplicates::live_firm;
use crate::services::once::write_once;
use crate::services::transitions::{afresh, check_version, code};
use crate::services::{Caller, Context, Error, Intent};

/// Most characters of the ground of a check.
const MOST: usize = 2_000;

/// Makes a firm, for a curator: to write of it what it says, say.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    details: OrganizationDetails,
) -> Result<Organization, Error> {
    caller.may(Operation::WriteOrganization, &[])?;
    if details.kind == OrganizationKind::Operator {
        let mut faults = Faults::new();
        faults.push("/kind", "unknown_code", "There is one operator.");
        return Err(faults.into());
    }
    let pen = context.pen(caller.actor());
    let firm = new_organization(context, details, context.now());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            insert_organization(conn, &pen, &firm)?;
            Ok(firm)
        },
        |conn, id| organizations::find(conn, id.into())?.ok_or(Error::NotFound),
    )
    .await
}

/// Whether the caller may change what a firm says of itself.
///
/// # Errors
/// They may not, or not know of it.
pub fn check_change(caller: &Caller, id: OrganizationId) -> Result<(), Error> {
    caller.may(Operation::ReadOrganization, &[id])?;
    caller.may(Operation::WriteOrganization, &[id])
}

/// Changes what a firm says of itself; `revise` gets the present details and
/// answers the new ones. What says the same stays at its version.
pub async fn change(
    context: &Context,
    caller: &Caller,
    id: OrganizationId,
    expected: Option<i64>,
    revise: impl FnOnce(&OrganizationDetails) -> Result<OrganizationDetails, Error> + Send + 'static,
) -> Result<Organization, Error> {
    check_change(caller, id)?;
    let (context, by) = (context.clone(), caller.id());
    let by_operator = caller.is_of_operator();
    let db = context.db.clone();
    db.write(move |conn| {
        organizations::lock(conn, id)?;
        let before = live_firm(conn, id)?;
        check_version(expected, before.version)?;
        let details = revise(&before.details)?;
        if !by_operator && details.country != before.details.country {
            check_leaving(&context, conn, &before)?;
        }
        put(&context, conn, by, "organization.changed", before, details)
    })
    .await
}

/// Nobody leaves a country under a freeze by saying that they are elsewhere. That
/// there is one is not told.
fn check_leaving(context: &Context, conn: &mut Conn, firm: &Organization) -> Result<(), Error> {
    let country = firm.details.country;
    // Wherever it is, what covers everybody covers it.
    let covers = |freeze: &Freeze| {
        freeze.scope != FreezeScope::All && freeze.scope.covers_firm(firm.id, country)
    };
    // That one is planned is nobody's to find out.
    let freezes = db::freezes::active(conn, context.now())?;
    if freezes.iter().any(covers) {
        return Err(Error::refused(
            "operator_needed",
            "The operator's people change the country of this firm; ask them.",
        ));
    }
    Ok(())
}

/// Puts a firm's new details on record with all that follows from them, in the
/// open transaction; the firm is locked. The event is of that kind.
pub(in crate::services) fn put(
    context: &Context,
    conn: &mut Conn,
    by: UserId,
    kind: &'static str,
    before: Organization,
    details: OrganizationDetails,
) -> Result<Organization, Error> {
    if details == before.details {
        return Ok(before);
    }
    let after = Organization {
        details,
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    let host = |firm: &Organization| firm.details.website.as_ref().map(Website::host);
    if let Some(gone) = host(&before).filter(|gone| Some(gone) != host(&after).as_ref()) {
        organizations::release_identifier(conn, after.id, "domain", &gone)?;
    }
    let pen = context.pen(Actor::User(by));
    update_organization(conn, &pen, kind, &after)?;
    if after.details.country != before.details.country {
        relocate(context, conn, &after)?;
    }
    if is_material(&before.details, &after.details) {
        review(context, conn, by, after.id)?;
    }
    Ok(after)
}

/// Whether a change may make another firm of it in the eyes of whoever checked
/// it: its legal name, where it is, or a name that none before sounds like.
fn is_material(before: &OrganizationDetails, after: &OrganizationDetails) -> bool {
    let known = |name: &str| {
        before
            .all_names()
            .any(|other| same_firm(name, other).is_some())
    };
    before.legal_name != after.legal_name
        || before.country != after.country
        || !after.all_names().all(known)
}

/// A check that let a firm be shown is looked at again, since the firm is not
/// what was looked at. What was sent stays.
pub(super) fn review(
    context: &Context,
    conn: &mut Conn,
    by: UserId,
    firm: OrganizationId,
) -> Result<(), Error> {
    use ClearanceVerdict as V;
    let Some(last) = db::clearances::latest(conn, firm)? else {
        return Ok(());
    };
    if !matches!(last.verdict, V::Clear | V::ClearEnhanced) {
        return Ok(());
    }
    let basis = format!("The firm changed since it was found: {}", last.basis);
    let again = Clearance {
        id: context.new_id(),
        verdict: V::Review,
        basis: bounded(&basis, MOST, true).unwrap_or_else(|_| last.basis.clone()),
        source_of_funds: None,
        by,
        created_at: context.now(),
        ..last
    };
    db::clearances::insert(conn, &again)?;
    context.pen(Actor::System).append(
        conn,
        "organization.screened",
        (SubjectKind::Organization, firm),
        vec![
            ("verdict", code(again.verdict.code())),
            ("valid_to", Value::Date(again.valid_to)),
            ("cause", code("material_change")),
        ],
    )
}

/// Has a firm's records say where it is, since matching goes by them.
fn relocate(context: &Context, conn: &mut Conn, firm: &Organization) -> Result<(), Error> {
    for (id, ..) in merges::profiles_of(conn, firm.id)? {
        afresh(conn, |conn| {
            let before = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
            let after = StartupProfile {
                country: firm.details.country,
                version: before.version + 1,
                updated_at: context.now(),
                ..before
            };
            if !startup_profiles::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            let subject = (SubjectKind::StartupProfile, id.uuid());
            told(context, conn, "startup_profile.relocated", subject, firm)
        })?;
    }
    for (id, ..) in merges::mandates_of(conn, firm.id)? {
        afresh(conn, |conn| {
            let before = mandates::find(conn, id)?.ok_or(Error::NotFound)?;
            let after = Mandate {
                country: firm.details.country,
                version: before.version + 1,
                updated_at: context.now(),
                ..before
            };
            if !mandates::update(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            let subject = (SubjectKind::Mandate, id.uuid());
            told(context, conn, "mandate.relocated", subject, firm)
        })?;
    }
    Ok(())
}

fn told(
    context: &Context,
    conn: &mut Conn,
    kind: &'static str,
    subject: (SubjectKind, uuid::Uuid),
    firm: &Organization,
) -> Result<(), Error> {
    let country = firm.details.country;
    let facts = country.map(|it| ("country", code(it.code())));
    let pen = context.pen(Actor::System);
    pen.append(conn, kind, subject, facts.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firm(legal: &str, country: &str) -> OrganizationDetails {
        OrganizationDetails {
            kind: OrganizationKind::Startup,
            legal_name: legal.parse().unwrap(),
            trade_name: None,
            names: std::collections::BTreeMap::new(),
            country: Some(country.parse().unwrap()),
            website: None,
        }
    }

    #[test]
    fn another_name_or_country_is_material_and_the_same_name_in_letters_is_not() {
        let before = firm("Tamar Water Ltd", "IL");
        let mut after = before.clone();
        after
            .names
            .insert("he".parse().unwrap(), "תמר ווטר".parse().unwrap());
        after.website = "https://tamar.example".parse().ok();
        after.trade_name = "Tamar Water".parse().ok();
        assert!(!is_material(&before, &after));
        after.trade_name = "Caspian Oil".parse().ok();
        assert!(is_material(&before, &after));
        assert!(is_material(&before, &firm("Tamar Water Ltd", "AZ")));
        assert!(is_material(&before, &firm("Tamar Waters Ltd", "IL")));
    }
}
