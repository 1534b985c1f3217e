//! The live ranking: facts of a programme, read in one go, and the reference
//! scorer over them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze, FreezeScope};
use crate::domain::country::Country;
use crate::domain::grounds::Grounds;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::money::Rates;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::Programme;
use crate::domain::scoring::{Explanation, RuleSet};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::matching::facts::{MandateFacts, PairFacts, Setting, StartupFacts};
use crate::matching::reference::{self, Filter};
use crate::matching::score::explain;

use super::disclosure::{clearances_of, covers_mandate, covers_startup};
use super::{Context, Error, programmes, recompute};

/// What a programme's matching looks at, as of one transaction.
pub struct Ground {
    programme: Programme,
    rules: RuleSet,
    rates: Option<Rates>,
    freezes: Vec<Freeze>,
    today: NaiveDate,
}

/// What is known about one firm and its counterparts.
struct Relations {
    blocked: BTreeSet<OrganizationId>,
    suppressed: BTreeMap<OrganizationId, NaiveDate>,
}

impl Relations {
    fn load(conn: &mut Conn, organization: OrganizationId) -> Result<Self, Error> {
        let suppressed = db::matches::suppressions_of(conn, organization)?
            .into_iter()
            .map(|(id, until)| (id, until.date_naive()))
            .collect();
        Ok(Self {
            blocked: db::blocks::of(conn, organization)?.into_iter().collect(),
            suppressed,
        })
    }

    fn with(&self, counterpart: OrganizationId, sensitivity_released: bool) -> PairFacts {
        PairFacts {
            conflict: self.blocked.contains(&counterpart),
            suppressed_until: self.suppressed.get(&counterpart).copied(),
            sensitivity_released,
        }
    }
}

impl Ground {
    /// Loads a programme with its rules, rates and freezes.
    pub fn load(context: &Context, conn: &mut Conn, id: ProgrammeId) -> Result<Self, Error> {
        let programme = programmes::load(conn, id)?;
        Self::of(context, conn, programme)
    }

    /// Loads what belongs to a programme at hand.
    pub fn of(context: &Context, conn: &mut Conn, programme: Programme) -> Result<Self, Error> {
        let today = context.now().date_naive();
        let rules = db::rule_sets::find(conn, programme.rule_set)?.ok_or(Error::NotFound)?;
        Ok(Self {
            rules,
            rates: db::rates::latest(conn, today)?,
            freezes: db::freezes::active(conn)?,
            today,
            programme,
        })
    }

    /// The rules it matches by.
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    fn setting<'a>(&'a self, taxonomy: &'a Taxonomy) -> Setting<'a> {
        Setting {
            programme: &self.programme,
            rules: &self.rules,
            taxonomy,
            rates: self.rates.as_ref(),
            today: self.today,
        }
    }

    fn programme_frozen(&self) -> bool {
        self.freezes
            .iter()
            .any(|freeze| freeze.scope == FreezeScope::Programme(self.programme.id))
    }

    fn startup<'a>(
        &self,
        taxonomy: &Taxonomy,
        profile: &'a StartupProfile,
        clearance: Option<ClearanceVerdict>,
        admitted: bool,
    ) -> StartupFacts<'a> {
        let covered = |freeze| covers_startup(freeze, taxonomy, profile);
        StartupFacts {
            profile,
            clearance: clearance.unwrap_or(ClearanceVerdict::Review),
            frozen: self.programme_frozen() || self.freezes.iter().any(covered),
            admitted,
            sensitivity_released: false,
        }
    }

    fn mandate<'a>(
        &self,
        mandate: &'a Mandate,
        clearance: Option<ClearanceVerdict>,
        admitted: bool,
    ) -> MandateFacts<'a> {
        MandateFacts {
            mandate,
            clearance: clearance.unwrap_or(ClearanceVerdict::Review),
            frozen: self.programme_frozen()
                || self
                    .freezes
                    .iter()
                    .any(|freeze| covers_mandate(freeze, mandate)),
            admitted,
        }
    }

    /// Whether enough people of compliance released a profile to counterparts
    /// of a country; nothing is released to one that is unknown.
    fn released(
        &self,
        conn: &mut Conn,
        taxonomy: &Taxonomy,
        profile: &StartupProfile,
        counterpart: Option<Country>,
    ) -> Result<bool, Error> {
        let Some(counterpart) = counterpart else {
            return Ok(false);
        };
        let needed = match profile.content.sensitivity(taxonomy) {
            Sensitivity::Restricted => 2,
            _ => 1,
        };
        let people = db::disclosures::releases(
            conn,
            profile.id,
            profile.revision,
            self.programme.id,
            counterpart,
            self.today,
        )?;
        Ok(people >= needed)
    }
}

/// The best mandates of a programme for a startup, best first.
pub fn mandates_for(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: StartupProfileId,
    k: usize,
    filter: &Filter,
) -> Result<Vec<Explanation>, Error> {
    let taxonomy = &context.taxonomy;
    let profile = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    let admitted = db::programmes::is_startup_admitted(conn, ground.programme.id, id)?;
    let mandates = db::programmes::mandates(conn, ground.programme.id)?;
    let mut firms: Vec<OrganizationId> = mandates.iter().map(|m| m.organization).collect();
    firms.push(profile.organization);
    let clearances = clearances_of(conn, &firms, ground.today)?;
    let relations = Relations::load(conn, profile.organization)?;
    let mut released = BTreeMap::new();
    for country in mandates.iter().map(|m| m.country).collect::<BTreeSet<_>>() {
        released.insert(country, ground.released(conn, taxonomy, &profile, country)?);
    }
    let startup = ground.startup(
        taxonomy,
        &profile,
        clearances.get(&profile.organization).copied(),
        admitted,
    );
    let candidates: Vec<(MandateFacts<'_>, PairFacts)> = mandates
        .iter()
        .map(|mandate| {
            let released = released.get(&mandate.country).copied().unwrap_or(false);
            (
                ground.mandate(
                    mandate,
                    clearances.get(&mandate.organization).copied(),
                    true,
                ),
                relations.with(mandate.organization, released),
            )
        })
        .collect();
    let setting = ground.setting(taxonomy);
    Ok(reference::mandates_for(
        &setting,
        &startup,
        &candidates,
        k,
        filter,
    ))
}

/// The best startups of a programme for a mandate, best first.
pub fn startups_for(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: MandateId,
    k: usize,
    filter: &Filter,
) -> Result<Vec<Explanation>, Error> {
    let taxonomy = &context.taxonomy;
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let admitted = db::programmes::is_mandate_admitted(conn, ground.programme.id, id)?;
    let profiles = db::programmes::startups(conn, ground.programme.id)?;
    let mut firms: Vec<OrganizationId> = profiles.iter().map(|p| p.organization).collect();
    firms.push(mandate.organization);
    let clearances = clearances_of(conn, &firms, ground.today)?;
    let relations = Relations::load(conn, mandate.organization)?;
    let mut candidates: Vec<(StartupFacts<'_>, PairFacts)> = Vec::with_capacity(profiles.len());
    for profile in &profiles {
        // Only sensitive profiles can have been released, so the others need
        // no look at the store.
        let sensitive = is_sensitive(taxonomy, profile);
        let released = sensitive && ground.released(conn, taxonomy, profile, mandate.country)?;
        candidates.push((
            ground.startup(
                taxonomy,
                profile,
                clearances.get(&profile.organization).copied(),
                true,
            ),
            relations.with(profile.organization, released),
        ));
    }
    let facts = ground.mandate(
        &mandate,
        clearances.get(&mandate.organization).copied(),
        admitted,
    );
    let setting = ground.setting(taxonomy);
    Ok(reference::startups_for(
        &setting,
        &facts,
        &candidates,
        k,
        filter,
    ))
}

/// The account of one pair, whatever the gates say.
pub fn one_pair(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    profile: &StartupProfile,
    mandate: &Mandate,
) -> Result<Explanation, Error> {
    let (startup, facts, known) = facts_of(context, conn, ground, profile, mandate)?;
    let setting = ground.setting(&context.taxonomy);
    Ok(explain(&setting, &startup, &facts, &known))
}

/// [`one_pair`] with what it was computed from, to be kept.
pub fn one_pair_to_keep(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    profile: &StartupProfile,
    mandate: &Mandate,
) -> Result<(Explanation, Grounds), Error> {
    let (startup, facts, known) = facts_of(context, conn, ground, profile, mandate)?;
    let setting = ground.setting(&context.taxonomy);
    let taxonomy = db::taxonomies::insert_if_new(conn, &context.taxonomy, context.now())?;
    let grounds = recompute::grounds(&setting, &startup, &facts, &known, taxonomy);
    Ok((explain(&setting, &startup, &facts, &known), grounds))
}

fn facts_of<'a>(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    profile: &'a StartupProfile,
    mandate: &'a Mandate,
) -> Result<(StartupFacts<'a>, MandateFacts<'a>, PairFacts), Error> {
    let taxonomy = &context.taxonomy;
    let programme = ground.programme.id;
    let clearances = clearances_of(
        conn,
        &[profile.organization, mandate.organization],
        ground.today,
    )?;
    let startup = ground.startup(
        taxonomy,
        profile,
        clearances.get(&profile.organization).copied(),
        db::programmes::is_startup_admitted(conn, programme, profile.id)?,
    );
    let facts = ground.mandate(
        mandate,
        clearances.get(&mandate.organization).copied(),
        db::programmes::is_mandate_admitted(conn, programme, mandate.id)?,
    );
    let released = ground.released(conn, taxonomy, profile, mandate.country)?;
    let known = Relations::load(conn, profile.organization)?.with(mandate.organization, released);
    Ok((startup, facts, known))
}

fn is_sensitive(taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
    profile.content.sensitivity(taxonomy) != Sensitivity::None
        || profile
            .content
            .controls
            .as_ref()
            .is_some_and(crate::domain::profile::ControlAnswers::needs_review)
}
