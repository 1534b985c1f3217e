//! What the gate decides by, read for several pairs together: as many statements
//! for a list of them as for one, but for what each programme has of its own.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::db::{self, Conn};
use crate::domain::compliance::clearance_on;
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Account, Facts, fresh_on};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::programme::ProgrammeStatus;
use crate::domain::release::{Released, Sensitive, gravest, sensitive, unreleased};
use crate::domain::scoring::{Gate, GateTrace, GateVerdict, ReasonKey};
use crate::domain::tag::Taxonomy;
use crate::domain::terms;
use crate::services::known::{InProgramme, Known, each};
use crate::services::ranking::{self, Ground};
use crate::services::{Context, Error, succession};

use super::{Occasion, Pair};

/// What is read of some pairs at once.
pub struct Gathered {
    today: NaiveDate,
    grounds: BTreeMap<ProgrammeId, Common>,
    known: Known,
    out: BTreeSet<OrganizationId>,
    consents: BTreeMap<OrganizationId, Standing>,
}

/// What the pairs of a programme have in common.
struct Common {
    ground: Ground,
    awaited: bool,
}

impl Gathered {
    /// Reads it of these pairs, some hundreds at most.
    pub fn load(context: &Context, conn: &mut Conn, pairs: &[&Pair]) -> Result<Self, Error> {
        let today = context.now().date_naive();
        let mut grounds = BTreeMap::new();
        for pair in pairs {
            let programme = &pair.programme;
            if let Entry::Vacant(unread) = grounds.entry(programme.id) {
                unread.insert(Common {
                    ground: Ground::of(context, conn, programme.clone())?,
                    awaited: succession::is_awaited(conn, programme, today)?,
                });
            }
        }
        let all: Vec<InProgramme<'_>> = pairs.iter().map(|pair| in_programme(pair)).collect();
        let investors = each(pairs.iter().map(|pair| pair.mandate.organization));
        let startups = pairs.iter().map(|pair| pair.profile.organization);
        let firms = each(investors.iter().copied().chain(startups));
        Ok(Self {
            today,
            grounds,
            known: Known::load(conn, &all, today)?,
            out: db::investor_profiles::out_among(conn, &investors)?,
            consents: db::consents::standings(conn, &firms, context.now())?,
        })
    }

    /// What the gate says of one of the pairs, and what that rests on.
    ///
    /// # Errors
    /// It is none of them.
    pub fn account(
        &self,
        context: &Context,
        pair: &Pair,
        occasion: Occasion,
    ) -> Result<Account, Error> {
        Ok(Account::of(&self.facts(context, pair, occasion)?))
    }

    fn facts(&self, context: &Context, pair: &Pair, occasion: Occasion) -> Result<Facts, Error> {
        let (today, taxonomy) = (self.today, context.taxonomy());
        let Pair {
            programme,
            profile,
            mandate,
        } = pair;
        let common = self.grounds.get(&programme.id).ok_or(Error::NotFound)?;
        let gates = ranking::gates(&common.ground, &self.known, (profile, mandate));
        let verdict = |gate| verdict(&gates, gate);
        let clearance = |firm| {
            let known = self.known.clearance(firm);
            known.unwrap_or_else(|| clearance_on(None, today))
        };
        let consent = |firm| {
            let standing = self.consents.get(&firm).copied();
            standing.unwrap_or(Standing::Missing)
        };
        let (one, other) = (profile.organization, mandate.organization);
        let open = self.open(context, pair);
        Ok(Facts {
            programme_in_force: verdict(Gate::Scope) == GateVerdict::Pass
                || occasion.outlives(programme, today)
                || occasion == Occasion::Connected && has_left(&gates),
            startup_live: startup_is_live(profile, today, occasion),
            under_review: occasion == Occasion::Connected && is_under_review(profile, &taxonomy),
            mandate_live: mandate_is_live(mandate, today, occasion) && !self.out.contains(&other),
            claimed: profile.claimed && mandate.claimed,
            startup_clearance: clearance(one),
            investor_clearance: clearance(other),
            sensitivity: profile.content.sensitivity(&taxonomy),
            unreleased: gravest(&open),
            licensed: self.known.is_licensed(&taxonomy, profile, mandate),
            frozen: verdict(Gate::Freeze) != GateVerdict::Pass
                || programme.status == ProgrammeStatus::Suspended
                || occasion != Occasion::Connected && common.awaited,
            conflict: verdict(Gate::Conflict) != GateVerdict::Pass,
            excluded: verdict(Gate::Exclusions) != GateVerdict::Pass,
            consent: consent(one).max(consent(other)),
            connected: occasion == Occasion::Connected,
            cooling_down: occasion.heeds_cool_down()
                && verdict(Gate::CoolDown) != GateVerdict::Pass,
        })
    }
}

impl Gathered {
    /// The releases that hold of one of the pairs.
    pub fn releases(&self, pair: &Pair) -> &[Released] {
        self.known.releases(in_programme(pair))
    }

    /// What in the profile of one of them not enough people have released.
    pub fn open(&self, context: &Context, pair: &Pair) -> Vec<Sensitive> {
        let found = sensitive(&pair.profile.content, &context.taxonomy());
        unreleased(found, self.releases(pair))
    }
}

const fn in_programme(pair: &Pair) -> InProgramme<'_> {
    (pair.programme.id, &pair.profile, &pair.mandate)
}

fn verdict(gates: &[GateTrace], gate: Gate) -> GateVerdict {
    let trace = gates.iter().find(|trace| trace.gate == gate);
    trace.map_or(GateVerdict::Unknown, |trace| trace.verdict)
}

/// Whether nothing of the programme stands in the way but that one of the two
/// is not admitted to it any more.
fn has_left(gates: &[GateTrace]) -> bool {
    let scope = gates.iter().find(|trace| trace.gate == Gate::Scope);
    scope.is_some_and(|trace| {
        matches!(
            trace.reason.key,
            ReasonKey::ScopeStartup | ReasonKey::ScopeMandate
        )
    })
}

/// Two who were connected go on, though one of them took back what it shows to
/// others, changes it, or didn't confirm it in time; not with what compliance
/// stopped, or what was refused or is gone.
fn startup_is_live(profile: &StartupProfile, today: NaiveDate, occasion: Occasion) -> bool {
    use ProfileStatus as S;
    if occasion == Occasion::Connected {
        return !matches!(profile.status, S::Suspended | S::Rejected | S::Erased);
    }
    match profile.status {
        S::Paused if !occasion.tolerates_pause() => false,
        S::Published | S::Paused => fresh_on(profile.reconfirm_by, today),
        _ => false,
    }
}

/// Whether somebody has yet to look at what a profile says by now. One that was
/// taken back may have been under review, so that its words are looked at.
fn is_under_review(profile: &StartupProfile, taxonomy: &Taxonomy) -> bool {
    use ProfileStatus as S;
    match profile.status {
        S::Draft | S::Submitted | S::InReview | S::ChangesRequested => true,
        S::Withdrawn | S::Archived => !terms::in_content(&profile.content, taxonomy).is_empty(),
        _ => false,
    }
}

/// [`startup_is_live`] of a mandate; nor does the time count then for which it
/// looks for others.
fn mandate_is_live(mandate: &Mandate, today: NaiveDate, occasion: Occasion) -> bool {
    use MandateStatus as S;
    if occasion == Occasion::Connected {
        return !matches!(mandate.status, S::Suspended | S::Erased);
    }
    match mandate.status {
        S::Paused if !occasion.tolerates_pause() => false,
        S::Published | S::Paused => {
            fresh_on(mandate.reconfirm_by, today)
                && mandate.content.active_from.is_none_or(|from| from <= today)
                && mandate.content.active_to.is_none_or(|to| to >= today)
        }
        _ => false,
    }
}
