//! What the store says of several pairs, read together: as many statements for
//! a list of them as for one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::db::disclosures::Towards;
use crate::db::matches::Suppressions;
use crate::db::{self, Conn};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::country::Country;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::licence::Licence;
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::release::{Released, gravest, sensitive, unreleased};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::matching::facts::PairFacts;

use super::Error;
use super::disclosure::clearances_of;

/// A startup's profile and a mandate, in a programme.
pub type InProgramme<'a> = (ProgrammeId, &'a StartupProfile, &'a Mandate);

/// What the store says of some pairs on a day.
pub struct Known {
    today: NaiveDate,
    clearances: BTreeMap<OrganizationId, ClearanceVerdict>,
    startups: BTreeSet<(ProgrammeId, StartupProfileId)>,
    mandates: BTreeSet<(ProgrammeId, MandateId)>,
    releases: BTreeMap<Towards, Vec<Released>>,
    licences: BTreeMap<OrganizationId, Vec<Licence>>,
    apart: BTreeMap<OrganizationId, BTreeSet<OrganizationId>>,
    suppressed: Suppressions,
}

impl Known {
    /// Reads it of these pairs, some hundreds at most.
    pub fn load(
        conn: &mut Conn,
        pairs: &[InProgramme<'_>],
        today: NaiveDate,
    ) -> Result<Self, Error> {
        let programmes = each(pairs.iter().map(|(programme, ..)| *programme));
        let profiles = each(pairs.iter().map(|(_, profile, _)| profile.id));
        let mandates = each(pairs.iter().map(|(.., mandate)| mandate.id));
        let startups = each(pairs.iter().map(|(_, profile, _)| profile.organization));
        let investors = pairs.iter().map(|(.., mandate)| mandate.organization);
        let firms = each(startups.iter().copied().chain(investors));
        let mut licences: BTreeMap<OrganizationId, Vec<Licence>> = BTreeMap::new();
        for licence in db::licences::in_force(conn, &startups, today)? {
            let of_firm = licences.entry(licence.organization).or_default();
            of_firm.push(licence);
        }
        Ok(Self {
            today,
            clearances: clearances_of(conn, &firms, today)?,
            startups: db::programmes::startups_admitted(conn, &programmes, &profiles)?,
            mandates: db::programmes::mandates_admitted(conn, &programmes, &mandates)?,
            releases: db::disclosures::releases_among(conn, &programmes, &profiles, today)?,
            licences,
            apart: db::walls::kept_from_some(conn, &startups)?,
            suppressed: db::matches::suppressions_among(conn, &startups)?,
        })
    }

    /// A firm's clearance on the day; none of one that was never checked.
    pub fn clearance(&self, firm: OrganizationId) -> Option<ClearanceVerdict> {
        self.clearances.get(&firm).copied()
    }

    /// Whether a profile is admitted to a programme.
    pub fn admits_startup(&self, programme: ProgrammeId, profile: StartupProfileId) -> bool {
        self.startups.contains(&(programme, profile))
    }

    /// Whether a mandate is.
    pub fn admits_mandate(&self, programme: ProgrammeId, mandate: MandateId) -> bool {
        self.mandates.contains(&(programme, mandate))
    }

    /// The releases of a profile's revision that hold towards the mandate's
    /// country, in that programme.
    pub fn releases(&self, pair: InProgramme<'_>) -> &[Released] {
        let (programme, profile, mandate) = pair;
        let found = mandate.country.and_then(|country| {
            let towards = (programme, profile.id, profile.revision, country);
            self.releases.get(&towards)
        });
        found.map_or(&[], Vec::as_slice)
    }

    /// Until when a checked licence lets what is sensitive in a profile be shown
    /// to counterparts of a country.
    fn licensed(
        &self,
        taxonomy: &Taxonomy,
        profile: &StartupProfile,
        counterpart: Country,
    ) -> Option<NaiveDate> {
        let mut held = self.licences.get(&profile.organization)?.iter();
        let covering =
            held.find(|it| it.covers(&profile.content, counterpart, self.today, taxonomy));
        covering.map(|it| it.content.valid_to)
    }

    /// Whether a licence lets what is sensitive be shown to the mandate's
    /// country.
    pub fn is_licensed(
        &self,
        taxonomy: &Taxonomy,
        profile: &StartupProfile,
        mandate: &Mandate,
    ) -> bool {
        let country = mandate.country;
        country.is_some_and(|country| self.licensed(taxonomy, profile, country).is_some())
    }

    /// What is known of the two together.
    pub fn together(&self, taxonomy: &Taxonomy, pair: InProgramme<'_>) -> PairFacts {
        let (_, profile, mandate) = pair;
        let (one, other) = (profile.organization, mandate.organization);
        let apart = self.apart.get(&one);
        let suppressed = self.suppressed.get(&one).and_then(|it| it.get(&other));
        PairFacts {
            conflict: apart.is_some_and(|it| it.contains(&other)),
            suppressed_until: suppressed.map(chrono::DateTime::date_naive),
            sensitivity_released: mandate.country.is_some_and(|country| {
                is_released(taxonomy, profile, self.releases(pair), || {
                    Ok::<_, std::convert::Infallible>(self.licensed(taxonomy, profile, country))
                })
                .unwrap_or_else(|never| match never {})
            }),
        }
    }
}

/// Whether enough people of compliance released a profile, or an export licence
/// covers it where one would do.
pub fn is_released<E>(
    taxonomy: &Taxonomy,
    profile: &StartupProfile,
    releases: &[Released],
    licensed_until: impl FnOnce() -> Result<Option<NaiveDate>, E>,
) -> Result<bool, E> {
    let sensitive = sensitive(&profile.content, taxonomy);
    let some = !sensitive.is_empty();
    let open = unreleased(sensitive, releases);
    if some && open.is_empty() || gravest(&open) >= Sensitivity::Restricted {
        return Ok(open.is_empty());
    }
    Ok(licensed_until()?.is_some())
}

/// Each of them once.
pub(super) fn each<T: Ord>(some: impl Iterator<Item = T>) -> Vec<T> {
    let mut each: Vec<T> = some.collect();
    each.sort_unstable();
    each.dedup();
    each
}
