//! JSON under `/v1`, one file a noun: routes, what callers send and read, and
//! handlers that extract, ask a service, and show.

pub mod account;
mod admission_course;
pub mod admissions;
pub mod agreements;
pub mod blocks;
pub mod bounces;
mod clearance_course;
pub mod clients;
pub mod commitments;
pub mod compliance;
mod consent_course;
pub mod consents;
pub mod deals;
pub mod disclosures;
pub mod documents;
pub mod duplicates;
pub mod events;
pub mod evidence;
mod exchange;
pub mod exports;
mod finding;
pub mod freezes;
pub mod gaps;
mod held;
pub mod held_texts;
mod histories;
pub mod identifiers;
pub mod imports;
pub mod introduction_file;
pub mod introductions;
pub mod investor_profiles;
pub mod keys;
pub mod legal_holds;
pub mod licences;
pub mod list_filters;
pub mod mandates;
pub mod matches;
pub mod me;
pub mod members;
pub mod merge_agreements;
pub mod messages;
pub mod notifications;
pub mod oauth;
pub mod organizations;
mod parts;
pub mod people;
pub mod pipeline_sets;
pub mod practice_decisions;
pub mod practice_texts;
pub mod practices;
pub mod programme_comments;
pub mod programme_evidence;
mod programme_reasons;
pub mod programmes;
mod proof;
pub mod rates;
pub mod referrals;
pub mod registrations;
pub mod releases;
pub mod rematches;
pub mod reports;
pub mod reviews;
mod revocations;
pub mod rule_sets;
pub mod saved_views;
pub mod scorecard;
pub mod screening;
pub mod second_factor;
pub mod sessions;
pub mod signing_texts;
pub mod startup_profiles;
pub mod suppressions;
mod tag_suggestions;
pub mod tags;
pub mod timeline;
mod timeline_query;
mod timeline_rules;
pub mod transitions;
pub mod values;
mod versions;
pub mod vocabulary;
pub mod walls;
pub mod worklist;

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
        .configure(documents::routes)
        .configure(mandates::routes)
        .configure(investor_profiles::routes)
        // What comes of it.
        .configure(matches::routes)
        .configure(introductions::routes)
        .configure(deals::routes)
        // Who there is.
        .configure(me::routes)
        .configure(consents::routes)
        .configure(worklist::routes)
        .configure(saved_views::routes)
        .configure(sessions::routes)
        .configure(oauth::routes)
        .configure(registrations::routes)
        .configure(account::routes)
        .configure(second_factor::routes)
        .configure(keys::routes)
        .configure(organizations::routes)
        .configure(identifiers::routes)
        .configure(duplicates::routes)
        .configure(disclosures::routes)
        .configure(members::routes)
        .configure(merge_agreements::routes)
        .configure(clients::routes)
        .configure(referrals::routes)
        .configure(imports::routes)
        .configure(exports::routes)
        .configure(people::routes)
        .configure(histories::routes)
        .configure(parts::routes)
        .configure(revocations::routes)
        .configure(consent_course::routes)
        .configure(admission_course::routes)
        .configure(clearance_course::routes)
        // Where and by which words they meet.
        .configure(tags::routes)
        .configure(tag_suggestions::routes)
        .configure(rates::routes)
        .configure(programmes::routes)
        .configure(admissions::routes)
        .configure(agreements::routes)
        .configure(programme_comments::routes)
        .configure(commitments::routes)
        .configure(evidence::routes)
        .configure(programme_evidence::routes)
        .configure(scorecard::routes)
        .configure(reports::routes)
        .configure(licences::routes)
        .configure(practices::routes)
        .configure(practice_decisions::routes)
        .configure(practice_texts::routes)
        .configure(signing_texts::routes)
        .configure(gaps::routes)
        .configure(releases::routes)
        .configure(rematches::routes)
        .configure(rule_sets::routes)
        .configure(pipeline_sets::routes)
        .configure(compliance::routes)
        .configure(freezes::routes)
        .configure(blocks::routes)
        .configure(legal_holds::routes)
        .configure(walls::routes)
        .configure(reviews::routes)
        .configure(held_texts::routes)
        .configure(screening::routes)
        // What happened, and what is on its way.
        .configure(super::pages::routes)
        .configure(events::routes)
        .configure(messages::routes)
        .configure(suppressions::routes)
        .configure(bounces::routes);
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
