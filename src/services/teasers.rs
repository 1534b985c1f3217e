//! Matches as their readers may see them: by name for the operator's people,
//! as a teaser without a name (disclosure level 0) for the other side.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::db::curations::MatchNote;
use crate::db::{self, Conn};
use crate::domain::country::Country;
use crate::domain::ids::{MandateId, MatchId, OrganizationId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::profile::{StartupProfile, telling_nothing};
use crate::domain::review::Match;
use crate::domain::scoring::{Explanation, Factor, Reason, ReasonKey};
use crate::domain::text::{Localized, Slug};
use crate::domain::values::{Side, Stage};

use super::matches::is_new;
use super::organizations::names_of_many;
use super::{Caller, Context, Error, matches};

/// A firm by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
}

/// What one side may know of the other before an introduction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Teaser {
    /// A startup, to an investor.
    Startup {
        /// One sentence, in its own words.
        one_liner: Localized,
        /// Where it is, if known.
        country: Option<Country>,
        /// Which round it is in.
        stage: Option<Stage>,
        /// What it is.
        tags: Vec<Slug>,
    },
    /// An investor, to a startup.
    Investor {
        /// Where it is, if known.
        country: Option<Country>,
        /// Stages it invests in.
        stages: Vec<Stage>,
        /// What it looks for.
        tags: Vec<Slug>,
    },
}

/// To whom a match is shown, and with it what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// To the operator's people.
    Operator {
        /// The startup.
        startup: Party,
        /// The investor.
        investor: Party,
        /// What was said of it in words, oldest first.
        notes: Vec<MatchNote>,
    },
    /// To a side.
    Side {
        /// Which.
        side: Side,
        /// What it may know of the other.
        counterpart: Teaser,
        /// Whether it was shown since the reader's last visit.
        new: bool,
    },
}

/// A match with what stands beside it for its reader.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The record.
    pub matched: Match,
    /// For whom.
    pub reader: Reader,
}

/// Whether the reasons of a factor tell a side's figures, which the other
/// side must not learn from an account of the score.
pub const fn tells_figures(factor: Factor) -> bool {
    matches!(
        factor,
        Factor::Cheque | Factor::Evidence | Factor::InstrumentRole | Factor::RevealedPreference
    )
}

/// The score over the factors that a side is told, rounded half up: beside
/// these, the whole score would tell the sum of what it isn't told.
pub fn score_told(explanation: &Explanation) -> i64 {
    let told = explanation.factors.iter();
    let told = told.filter(|trace| !tells_figures(trace.factor) && trace.value.is_some());
    let (points, weights) = told.fold((0, 0), |(points, weights), trace| {
        (points + trace.points, weights + trace.weight)
    });
    (2 * points + weights).checked_div(2 * weights).unwrap_or(0)
}

/// Factors that stand out, as a side is told of them: greatest first where it
/// may know how great, then the others in their own order.
pub fn notes_told(explanation: &Explanation, notes: &[Factor]) -> Vec<Factor> {
    let (told, untold): (Vec<_>, Vec<_>) =
        (notes.iter().copied()).partition(|factor| !tells_figures(*factor));
    let in_order = explanation.factors.iter().map(|trace| trace.factor);
    let untold = in_order.filter(|factor| untold.contains(factor));
    told.into_iter().chain(untold).collect()
}

/// What a side reads of what the investor did before: in bands, since who was
/// funded or passed on is not the other side's to know.
pub fn past_in_bands(explanation: &Explanation) -> Option<Reason> {
    const PAST: Factor = Factor::RevealedPreference;
    let mut factors = explanation.factors.iter();
    let trace = factors.find(|trace| trace.factor == PAST && trace.value.is_some())?;
    let key = if explanation.strengths.contains(&trace.factor) {
        ReasonKey::RevealedBandStrong
    } else if explanation.risks.contains(&trace.factor) {
        ReasonKey::RevealedBandLittle
    } else {
        ReasonKey::RevealedBandSome
    };
    Some(Reason::plain(key))
}

/// Puts beside matches that the caller was found to be allowed to read what
/// the caller may see of their sides.
pub async fn show(
    context: &Context,
    caller: &Caller,
    found: Vec<Match>,
) -> Result<Vec<Shown>, Error> {
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let around = Around::load(conn, &caller, &found)?;
            found
                .into_iter()
                .map(|matched| around.show(&caller, matched))
                .collect()
        })
        .await
}

/// [`show`] for one match.
pub async fn show_one(context: &Context, caller: &Caller, found: Match) -> Result<Shown, Error> {
    let shown = show(context, caller, vec![found]).await?;
    shown.into_iter().next().ok_or(Error::NotFound)
}

/// What is around some matches.
struct Around {
    profiles: BTreeMap<StartupProfileId, StartupProfile>,
    mandates: BTreeMap<MandateId, Mandate>,
    parties: BTreeMap<OrganizationId, Party>,
    notes: BTreeMap<MatchId, Vec<MatchNote>>,
    /// The names that no teaser may tell; none for who reads all names.
    names: BTreeMap<OrganizationId, Vec<String>>,
    /// When the reader looked last, by firm.
    seen: BTreeMap<OrganizationId, DateTime<Utc>>,
}

impl Around {
    /// The words are the operator's people's alone, so for others they are not
    /// even read.
    fn load(conn: &mut Conn, caller: &Caller, found: &[Match]) -> Result<Self, Error> {
        let profiles: Vec<_> = found
            .iter()
            .map(|matched| matched.startup_profile)
            .collect();
        let mandates: Vec<_> = found.iter().map(|matched| matched.mandate).collect();
        let firms: Vec<_> = found
            .iter()
            .flat_map(|matched| [matched.startup, matched.investor])
            .collect();
        let ids: Vec<MatchId> = found.iter().map(|matched| matched.id).collect();
        let notes = if caller.reads_everything() {
            db::curations::notes_of(conn, &ids)?
        } else {
            BTreeMap::new()
        };
        let names = if caller.reads_everything() {
            BTreeMap::new()
        } else {
            let startups: Vec<_> = found.iter().map(|matched| matched.startup).collect();
            names_of_many(conn, &startups)?
        };
        Ok(Self {
            names,
            profiles: by_id(db::startup_profiles::find_many(conn, &profiles)?, |p| p.id),
            mandates: by_id(db::mandates::find_many(conn, &mandates)?, |m| m.id),
            parties: parties(conn, &firms)?,
            notes,
            seen: db::visits::of(conn, caller.id())?,
        })
    }

    fn show(&self, caller: &Caller, matched: Match) -> Result<Shown, Error> {
        let side = matches::side_of(caller, &matched)?;
        let own = match side {
            Some(Side::Investor) => matched.investor,
            _ => matched.startup,
        };
        let reader = match side {
            None => Reader::Operator {
                startup: self.party(matched.startup)?,
                investor: self.party(matched.investor)?,
                notes: self.notes.get(&matched.id).cloned().unwrap_or_default(),
            },
            Some(side) => Reader::Side {
                side,
                counterpart: self.teaser(&matched, side.other())?,
                new: is_new(&matched, side, self.seen.get(&own).copied()),
            },
        };
        Ok(Shown { matched, reader })
    }

    fn party(&self, id: OrganizationId) -> Result<Party, Error> {
        self.parties.get(&id).cloned().ok_or(Error::NotFound)
    }

    fn teaser(&self, matched: &Match, of: Side) -> Result<Teaser, Error> {
        match of {
            Side::Startup => {
                let profile = self.profiles.get(&matched.startup_profile);
                let names = self.names.get(&matched.startup);
                let names = names.map(Vec::as_slice).unwrap_or_default();
                profile.map(|profile| startup_teaser(profile, names))
            }
            Side::Investor => self.mandates.get(&matched.mandate).map(investor_teaser),
        }
        .ok_or(Error::NotFound)
    }
}

/// What an investor reads of a startup before it is named. A sentence that
/// would name or reach the firm is left out, whatever let it in.
pub(super) fn startup_teaser(profile: &StartupProfile, names: &[String]) -> Teaser {
    let names = names.iter().map(String::as_str);
    Teaser::Startup {
        one_liner: telling_nothing(&profile.content.one_liner, names),
        country: profile.country,
        stage: profile.content.stage,
        tags: profile.content.all_tags().cloned().collect(),
    }
}

fn investor_teaser(mandate: &Mandate) -> Teaser {
    Teaser::Investor {
        country: mandate.country,
        stages: mandate.content.stages.iter().copied().collect(),
        tags: mandate.content.tags.keys().cloned().collect(),
    }
}

fn by_id<K: Ord, T>(records: Vec<T>, id: fn(&T) -> K) -> BTreeMap<K, T> {
    records
        .into_iter()
        .map(|record| (id(&record), record))
        .collect()
}

pub(super) fn parties(
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<BTreeMap<OrganizationId, Party>, Error> {
    let firms = db::organizations::find_many(conn, firms)?;
    Ok(firms
        .into_iter()
        .map(|firm| {
            let name = firm.details.display_name().to_string();
            (firm.id, Party { id: firm.id, name })
        })
        .collect())
}

/// The startup and the investor of every account, in their order.
pub(super) fn parties_of(
    conn: &mut Conn,
    explanations: &[Explanation],
) -> Result<Vec<(Party, Party)>, Error> {
    let profiles: Vec<_> = explanations.iter().map(|e| e.startup.0).collect();
    let mandates: Vec<_> = explanations.iter().map(|e| e.mandate.0).collect();
    let profiles = by_id(db::startup_profiles::find_many(conn, &profiles)?, |p| p.id);
    let mandates = by_id(db::mandates::find_many(conn, &mandates)?, |m| m.id);
    let owners = profiles.values().map(|profile| profile.organization);
    let owners: Vec<_> = owners
        .chain(mandates.values().map(|mandate| mandate.organization))
        .collect();
    let parties = parties(conn, &owners)?;
    explanations
        .iter()
        .map(|explanation| {
            let startup = parties.get(&profiles.get(&explanation.startup.0)?.organization)?;
            let investor = parties.get(&mandates.get(&explanation.mandate.0)?.organization)?;
            Some((startup.clone(), investor.clone()))
        })
        .map(|pair| pair.ok_or(Error::NotFound))
        .collect()
}
