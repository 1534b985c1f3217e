//! JSON under `/v1`, one file a noun: routes, what callers send and read, and
//! handlers that extract, ask a service, and show.

pub mod account;
pub mod clients;
pub mod compliance;
pub mod deals;
pub mod disclosures;
pub mod events;
mod exchange;
mod finding;
pub mod gaps;
pub mod introductions;
pub mod keys;
pub mod mandates;
pub mod matches;
pub mod me;
pub mod members;
pub mod messages;
pub mod oauth;
pub mod organizations;
pub mod people;
pub mod programmes;
pub mod referrals;
pub mod registrations;
pub mod rule_sets;
pub mod second_factor;
pub mod sessions;
pub mod startup_profiles;
pub mod suppressions;
pub mod tags;
pub mod timeline;
pub mod transitions;
pub mod values;
pub mod vocabulary;

use crate::domain::fault::Faults;
use crate::domain::ids::OrganizationId;
use crate::domain::values::OrganizationKind;
use crate::http::registry::ServiceConfig;
use crate::services::Caller;

/// Registers every route under `/v1`, and the pages.
pub fn routes(config: &mut ServiceConfig) {
    // The router tries routes in turn, each pattern at a cost: what is asked
    // most comes first.
    config
        // What firms say of themselves.
        .configure(startup_profiles::routes)
        .configure(mandates::routes)
        // What comes of it.
        .configure(matches::routes)
        .configure(introductions::routes)
        .configure(deals::routes)
        // Who there is.
        .configure(me::routes)
        .configure(sessions::routes)
        .configure(oauth::routes)
        .configure(registrations::routes)
        .configure(account::routes)
        .configure(second_factor::routes)
        .configure(keys::routes)
        .configure(organizations::routes)
        .configure(disclosures::routes)
        .configure(members::routes)
        .configure(clients::routes)
        .configure(referrals::routes)
        .configure(people::routes)
        // Where and by which words they meet.
        .configure(tags::routes)
        .configure(programmes::routes)
        .configure(gaps::routes)
        .configure(rule_sets::routes)
        .configure(compliance::routes)
        // What happened, and what is on its way.
        .configure(super::pages::routes)
        .configure(events::routes)
        .configure(messages::routes)
        .configure(suppressions::routes);
}

/// The firm that a new record is for: the one that was named, else the
/// caller's only one of that kind. A fault is at `pointer`.
fn own_organization(
    caller: &Caller,
    named: Option<OrganizationId>,
    kind: OrganizationKind,
    pointer: &str,
) -> Result<OrganizationId, Faults> {
    let mut own = caller.organizations(kind);
    match (named, own.next(), own.next()) {
        (Some(named), _, _) => Ok(named),
        (None, Some(only), None) => Ok(only),
        _ => {
            let mut faults = Faults::new();
            faults.push(pointer, "required", "Name the firm that it is for.");
            Err(faults)
        }
    }
}

/// A record stays with the firm that it was made for.
fn check_owner(owner: OrganizationId, named: Option<OrganizationId>) -> Result<(), Faults> {
    let mut faults = Faults::new();
    if named != Some(owner) {
        faults.push(
            "/organization",
            "read_only",
            "It stays with the firm that it was made for.",
        );
    }
    faults.finish()
}
