//! The live ranking: out of the match index, with what is known of the two
//! firms read afresh.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Days, NaiveDate};

use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze};
use crate::domain::country::Country;
use crate::domain::grounds::{Grounds, TaxonomyHash};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::money::Rates;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::scoring::{Explanation, GateTrace, RuleSet};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::matching::deals::Question;
use crate::matching::facts::{MandateFacts, PairFacts, Setting, StartupFacts};
use crate::matching::observed::Observed;
use crate::matching::past::{Asked, Past};
use crate::matching::reference::Filter;
use crate::matching::score::{explain, trace_gates};

pub use super::counterparts::Counterparts;
use super::disclosure::{clearances_of, covers_mandate, covers_startup};
use super::known::{Known, is_released};
use super::licences::licensed_until;
use super::matches::Query;
use super::past::{self, Picture};
use super::{Context, Error, programmes, recompute};

/// What a programme's matching looks at, as of one transaction.
#[derive(Clone)]
pub struct Ground {
    programme: Programme,
    rules: RuleSet,
    rates: Option<Rates>,
    freezes: Vec<Freeze>,
    taxonomy: Arc<Taxonomy>,
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
            blocked: db::walls::kept_from(conn, organization)?,
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
            freezes: db::freezes::active(conn, context.now())?,
            taxonomy: context.taxonomy(),
            today,
            programme,
        })
    }

    /// The same by other rules.
    #[must_use]
    pub fn by(&self, rules: RuleSet) -> Self {
        Self {
            rules,
            ..self.clone()
        }
    }

    /// Which programme it is.
    pub const fn programme_id(&self) -> ProgrammeId {
        self.programme.id
    }

    /// Where the programme stands.
    pub const fn programme_status(&self) -> ProgrammeStatus {
        self.programme.status
    }

    /// The tags it matches by.
    pub const fn taxonomy(&self) -> &Arc<Taxonomy> {
        &self.taxonomy
    }

    /// The rules it matches by.
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    pub(super) fn setting<'a>(
        &'a self,
        taxonomy: &'a Taxonomy,
        past: Option<&'a dyn Past>,
    ) -> Setting<'a> {
        Setting {
            programme: &self.programme,
            rules: &self.rules,
            taxonomy,
            rates: self.rates.as_ref(),
            today: self.today,
            past,
        }
    }

    /// Does something with what investors did before, where the rules count
    /// it: `ask` puts the questions.
    fn with_past<T>(
        &self,
        context: &Context,
        conn: &mut Conn,
        ask: impl FnOnce(&mut Asked<'_>, &Picture),
        then: impl FnOnce(&mut Conn, Option<&dyn Past>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(revealed) = past::counted(&self.rules) else {
            return then(conn, None);
        };
        let picture = past::now(context, conn)?;
        // Today's outcomes count as well.
        let until = self.today + Days::new(1);
        let observed = Observed::new(&picture.corpus, until, revealed);
        let candidates = picture.candidates(&observed);
        let mut asked = Asked::new(&observed, revealed, picture.as_of, &candidates);
        ask(&mut asked, &picture);
        then(conn, Some(&asked))
    }

    fn question(&self, picture: &Picture, profile: &StartupProfile) -> Question {
        picture.question(profile, self.rates.as_ref())
    }

    fn programme_frozen(&self) -> bool {
        self.freezes
            .iter()
            .any(|freeze| freeze.scope.stops_programme(self.programme.id))
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
    /// of a country, or an export licence covers it where one would do; nothing
    /// is released to one that is unknown.
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
        let releases = db::disclosures::releases(
            conn,
            (profile.id, profile.revision),
            self.programme.id,
            counterpart,
            self.today,
        )?;
        is_released(taxonomy, profile, &releases, || {
            licensed_until(conn, taxonomy, profile, counterpart, self.today)
        })
    }
}

/// The best mandates of a programme for a startup, best first, out of the
/// index.
pub fn mandates_for(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: StartupProfileId,
    k: usize,
    filter: &Filter,
) -> Result<Vec<Explanation>, Error> {
    mandates_about(
        context,
        conn,
        ground,
        id,
        k,
        filter,
        &Counterparts::default(),
    )
}

/// [`mandates_for`] among some of them.
pub fn mandates_about(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: StartupProfileId,
    k: usize,
    filter: &Filter,
    about: &Counterparts,
) -> Result<Vec<Explanation>, Error> {
    let visible = context.index.current(conn)?;
    let taxonomy = visible.taxonomy()?;
    let profile = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some(snapshot) = visible.of(ground.programme.id) else {
        return Ok(Vec::new());
    };
    let admitted = db::programmes::is_startup_admitted(conn, ground.programme.id, id)?;
    let firm = profile.organization;
    let clearance = clearances_of(conn, &[firm], ground.today)?
        .get(&firm)
        .copied();
    let relations = Relations::load(conn, firm)?;
    let startup = ground.startup(taxonomy, &profile, clearance, admitted);
    let ask = |asked: &mut Asked<'_>, picture: &Picture| {
        asked.ask(id, ground.question(picture, &profile), None);
    };
    ground.with_past(context, conn, ask, |conn, past| {
        let releases = Releases::new(ground, taxonomy, conn);
        let known = |mandate: &Mandate| {
            let released = releases.of(&profile, mandate.country);
            // One that is not asked for is left out as a conflict would be; its
            // account is never told.
            PairFacts {
                conflict: relations.blocked.contains(&mandate.organization)
                    || !about.fits_mandate(taxonomy, mandate),
                ..relations.with(mandate.organization, released)
            }
        };
        let setting = ground.setting(taxonomy, past);
        let best = snapshot
            .desk(&setting)
            .mandates_for(&startup, known, k, filter);
        releases.finish().map(|()| best)
    })
}

/// The best startups of a programme for a mandate, best first, out of the
/// index.
pub fn startups_for(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: MandateId,
    k: usize,
    filter: &Filter,
) -> Result<Vec<Explanation>, Error> {
    startups_about(
        context,
        conn,
        ground,
        id,
        k,
        filter,
        &Counterparts::default(),
    )
}

/// [`startups_for`] among some of them.
pub fn startups_about(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    id: MandateId,
    k: usize,
    filter: &Filter,
    about: &Counterparts,
) -> Result<Vec<Explanation>, Error> {
    let visible = context.index.current(conn)?;
    let taxonomy = visible.taxonomy()?;
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some(snapshot) = visible.of(ground.programme.id) else {
        return Ok(Vec::new());
    };
    let admitted = db::programmes::is_mandate_admitted(conn, ground.programme.id, id)?;
    let firm = mandate.organization;
    let clearance = clearances_of(conn, &[firm], ground.today)?
        .get(&firm)
        .copied();
    let relations = Relations::load(conn, firm)?;
    let facts = ground.mandate(&mandate, clearance, admitted);
    let ask = |asked: &mut Asked<'_>, picture: &Picture| {
        // Of one who did nothing yet there is nothing to ask.
        if asked.knows(firm) {
            for profile in snapshot.startups() {
                asked.ask(profile.id, ground.question(picture, profile), Some(firm));
            }
        }
    };
    ground.with_past(context, conn, ask, |conn, past| {
        let releases = Releases::new(ground, taxonomy, conn);
        let known = |profile: &StartupProfile| {
            let released = releases.of(profile, mandate.country);
            PairFacts {
                conflict: relations.blocked.contains(&profile.organization)
                    || !about.fits_startup(taxonomy, profile),
                ..relations.with(profile.organization, released)
            }
        };
        let setting = ground.setting(taxonomy, past);
        let best = snapshot
            .desk(&setting)
            .startups_for(&facts, known, k, filter);
        releases.finish().map(|()| best)
    })
}

/// Releases of sensitive profiles, read for the few pairs that need one and
/// remembered.
struct Releases<'a> {
    ground: &'a Ground,
    taxonomy: &'a Taxonomy,
    read: RefCell<Read<'a>>,
}

struct Read<'a> {
    conn: &'a mut Conn,
    found: BTreeMap<(StartupProfileId, Option<Country>), bool>,
    failed: Option<Error>,
}

impl<'a> Releases<'a> {
    fn new(ground: &'a Ground, taxonomy: &'a Taxonomy, conn: &'a mut Conn) -> Self {
        Self {
            ground,
            taxonomy,
            read: RefCell::new(Read {
                conn,
                found: BTreeMap::new(),
                failed: None,
            }),
        }
    }

    fn of(&self, profile: &StartupProfile, counterpart: Option<Country>) -> bool {
        // Only sensitive profiles can have been released, so the others need
        // no look at the store.
        if !is_sensitive(self.taxonomy, profile) {
            return false;
        }
        let mut read = self.read.borrow_mut();
        let key = (profile.id, counterpart);
        if let Some(found) = read.found.get(&key) {
            return *found;
        }
        let looked = (self.ground).released(read.conn, self.taxonomy, profile, counterpart);
        let found = looked.unwrap_or_else(|error| {
            read.failed = Some(error);
            false
        });
        read.found.insert(key, found);
        found
    }

    fn finish(self) -> Result<(), Error> {
        self.read.into_inner().failed.map_or(Ok(()), Err)
    }
}

/// What the index gives, by brute force: every admitted record is read and
/// scored. Tests hold the index against it.
pub fn by_brute_force(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    query: Query,
    k: usize,
    filter: &Filter,
) -> Result<Vec<Explanation>, Error> {
    let programme = ground.programme.id;
    let mut explained = Vec::new();
    match query {
        Query::Startup(id) => {
            let profile = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
            for mandate in db::programmes::mandates(conn, programme)? {
                let told = one_pair(context, conn, ground, &profile, &mandate)?;
                explained.push((mandate.published_at, mandate.id.uuid(), told));
            }
        }
        Query::Mandate(id) => {
            let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
            for profile in db::programmes::startups(conn, programme)? {
                let told = one_pair(context, conn, ground, &profile, &mandate)?;
                explained.push((profile.published_at, profile.id.uuid(), told));
            }
        }
    }
    explained.retain(|(_, _, told)| filter.wants_told(told));
    explained.sort_by_key(|(at, id, told)| (Reverse(told.exact), at.is_none(), *at, *id));
    let best = explained.into_iter().take(k).map(|(_, _, told)| told);
    Ok(best.collect())
}

/// The account of one pair, whatever the gates say.
pub fn one_pair(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    profile: &StartupProfile,
    mandate: &Mandate,
) -> Result<Explanation, Error> {
    let known = known_of(conn, ground, (profile, mandate))?;
    one_of(context, conn, (ground, &known), (profile, mandate))
}

/// [`one_pair`] of one of several, of which everything is known.
pub fn one_of(
    context: &Context,
    conn: &mut Conn,
    (ground, known): (&Ground, &Known),
    (profile, mandate): (&StartupProfile, &Mandate),
) -> Result<Explanation, Error> {
    let (startup, facts, together) = facts_of(known, ground, profile, mandate);
    let ask = ask_one(ground, profile, mandate);
    ground.with_past(context, conn, ask, |_, past| {
        let setting = ground.setting(&ground.taxonomy, past);
        Ok(explain(&setting, &startup, &facts, &together))
    })
}

/// The question of one pair.
fn ask_one<'a>(
    ground: &'a Ground,
    profile: &'a StartupProfile,
    mandate: &'a Mandate,
) -> impl FnOnce(&mut Asked<'_>, &Picture) + 'a {
    |asked, picture| {
        let question = ground.question(picture, profile);
        asked.ask(profile.id, question, Some(mandate.organization));
    }
}

/// [`one_of`] with what it was computed from, to be kept; nothing is written:
/// the tags go on record with whatever is kept.
pub fn one_of_with_grounds(
    context: &Context,
    conn: &mut Conn,
    (ground, known): (&Ground, &Known),
    (profile, mandate): (&StartupProfile, &Mandate),
    taxonomy: TaxonomyHash,
) -> Result<(Explanation, Grounds), Error> {
    let (startup, facts, together) = facts_of(known, ground, profile, mandate);
    let ask = ask_one(ground, profile, mandate);
    ground.with_past(context, conn, ask, |_, past| {
        let setting = ground.setting(&ground.taxonomy, past);
        let grounds = recompute::grounds(&setting, &startup, &facts, together, taxonomy);
        Ok((explain(&setting, &startup, &facts, &together), grounds))
    })
}

/// [`one_pair`] with what it was computed from, to be kept.
pub fn one_pair_to_keep(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    profile: &StartupProfile,
    mandate: &Mandate,
) -> Result<(Explanation, Grounds), Error> {
    let known = known_of(conn, ground, (profile, mandate))?;
    let taxonomy = db::taxonomies::insert_if_new(conn, &ground.taxonomy, context.now())?;
    let pair = (profile, mandate);
    one_of_with_grounds(context, conn, (ground, &known), pair, taxonomy)
}

/// The gates of one of several pairs of a programme, of which everything is
/// known.
pub(super) fn gates(
    ground: &Ground,
    known: &Known,
    (profile, mandate): (&StartupProfile, &Mandate),
) -> Vec<GateTrace> {
    let (startup, facts, together) = facts_of(known, ground, profile, mandate);
    let setting = ground.setting(&ground.taxonomy, None);
    trace_gates(&setting, &startup, &facts, &together)
}

fn known_of(
    conn: &mut Conn,
    ground: &Ground,
    (profile, mandate): (&StartupProfile, &Mandate),
) -> Result<Known, Error> {
    Known::load(
        conn,
        &[(ground.programme.id, profile, mandate)],
        ground.today,
    )
}

fn facts_of<'a>(
    known: &Known,
    ground: &Ground,
    profile: &'a StartupProfile,
    mandate: &'a Mandate,
) -> (StartupFacts<'a>, MandateFacts<'a>, PairFacts) {
    let taxonomy = &ground.taxonomy;
    let programme = ground.programme.id;
    let startup = ground.startup(
        taxonomy,
        profile,
        known.clearance(profile.organization),
        known.admits_startup(programme, profile.id),
    );
    let facts = ground.mandate(
        mandate,
        known.clearance(mandate.organization),
        known.admits_mandate(programme, mandate.id),
    );
    let together = known.together(taxonomy, (programme, profile, mandate));
    (startup, facts, together)
}

fn is_sensitive(taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
    profile.content.sensitivity(taxonomy) != Sensitivity::None
        || profile
            .content
            .controls
            .as_ref()
            .is_some_and(crate::domain::profile::ControlAnswers::needs_review)
}
