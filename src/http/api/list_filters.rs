//! Whether a query string is of a list, where somebody keeps it or has a file made
//! of what it finds.

use super::deals::DealFilters;
use super::introductions;
use super::investor_profiles::InvestorProfileFilters;
use super::mandates::MandateFilters;
use super::matches;
use super::organizations::OrganizationFilters;
use super::referrals::ReferralFilters;
use super::startup_profiles::StartupProfileFilters;
use crate::domain::saved_view::ListKind;
use crate::http::problem::Problem;
use crate::http::query_string::read_query;
use crate::services::{Caller, Context};

/// Whether these are parameters of the list for that caller.
///
/// # Errors
/// 400, naming every parameter that is wrong.
pub fn check(
    context: &Context,
    caller: &Caller,
    list: ListKind,
    query: &str,
) -> Result<(), Problem> {
    let tags = &context.taxonomy();
    match list {
        ListKind::StartupProfiles => {
            read_query::<StartupProfileFilters>(query).meaning(|it| it.read(tags))?;
        }
        ListKind::InvestorProfiles => {
            read_query::<InvestorProfileFilters>(query).meaning(|it| it.read(tags))?;
        }
        ListKind::Mandates => {
            read_query::<MandateFilters>(query).meaning(|it| it.read(tags))?;
        }
        ListKind::Matches => {
            read_query(query).meaning(|it| matches::wanted(context, caller, it))?;
        }
        ListKind::Introductions => {
            read_query(query).meaning(|it| introductions::filter(caller, it))?;
        }
        ListKind::Deals => {
            read_query::<DealFilters>(query).meaning(DealFilters::read)?;
        }
        ListKind::Referrals => {
            read_query::<ReferralFilters>(query).meaning(ReferralFilters::read)?;
        }
        ListKind::Organizations => {
            read_query::<OrganizationFilters>(query).meaning(|it| it.read(tags))?;
        }
    }
    Ok(())
}
