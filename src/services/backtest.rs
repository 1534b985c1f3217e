//! A rule set against a programme's own history: ranked is by what was known on
//! a day, measured by what came afterwards.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

use crate::db::{self, Conn};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, RuleSetId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::money::Rates;
use crate::domain::permission::Operation;
use crate::domain::profile::StartupProfile;
use crate::domain::programme::Programme;
use crate::domain::scoring::RuleSet;
pub use crate::matching::backtest::history::{Bin, ENOUGH, Measured, Way};
use crate::matching::backtest::history::{Case, History, calibrate, measure};
pub use crate::matching::backtest::measures::{Estimate, Measures};
use crate::matching::deals::Sign;
use crate::matching::facts::{MandateFacts, Pair, PairFacts, Setting, StartupFacts};
use crate::matching::observed::Observed;
use crate::matching::past::{Asked, Past};
use crate::matching::score::{Numbers, numbers};

use super::outcomes::{self, Outcome};
use super::past::{self, Picture};
use super::rule_sets::load;
use super::{Caller, Context, Error, programmes};

/// Which history.
#[derive(Debug, Clone, Copy, Default)]
pub struct Split {
    /// Of which programme; the rule set's own when absent.
    pub programme: Option<ProgrammeId>,
    /// What was known before this day ranks; two thirds of what came when
    /// absent.
    pub train_until: Option<NaiveDate>,
    /// What came before this day is measured; so far when absent.
    pub test_until: Option<NaiveDate>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// By which rules.
    pub rule_set: RuleSetId,
    /// Of which programme.
    pub programme: ProgrammeId,
    /// What was known before this day ranked.
    pub train_until: NaiveDate,
    /// What came before this day was measured.
    pub test_until: NaiveDate,
    /// Investors that were ranked.
    pub candidates: usize,
    /// Pairs of the programme that were taken up, ever.
    pub taken_up: usize,
    /// Startups of the window that somebody took up: what is measured.
    pub measured: usize,
    /// Whether that is too few to say much.
    pub too_few: bool,
    /// The measures; none when there is nothing to measure.
    pub measures: Option<Measured>,
    /// What scores were worth.
    pub calibration: Vec<Bin>,
    /// Pairs whose score stands in the calibration.
    pub answered: usize,
}

/// Holds a rule set against a programme's history, for the operator's people.
pub async fn run(
    context: &Context,
    caller: &Caller,
    id: RuleSetId,
    split: Split,
) -> Result<Report, Error> {
    caller.may(Operation::ReadRules, &[])?;
    context
        .look_over(move |context, conn| {
            let kept = load(conn, id)?;
            let programme = split.programme.or(kept.programme).ok_or_else(|| {
                Error::refused(
                    "programme_needed",
                    "This rule set belongs to no programme: name the one whose history is meant.",
                )
            })?;
            let programme = programmes::load(conn, programme)?;
            report(context, conn, programme, &kept.rules, split)
        })
        .await
}

fn report(
    context: &Context,
    conn: &mut Conn,
    programme: Programme,
    rules: &RuleSet,
    split: Split,
) -> Result<Report, Error> {
    let today = context.now().date_naive();
    let mut here = outcomes::list(context, conn, None)?;
    here.retain(|outcome| outcome.programme == programme.id);
    here.sort_by_key(|outcome| (outcome.at, outcome.startup_profile, outcome.investor));
    let yes: Vec<&Outcome> = here.iter().filter(|it| it.sign != Sign::Passed).collect();
    let train_until = split.train_until.unwrap_or_else(|| {
        let at = yes.get(yes.len() * 2 / 3).map(|outcome| outcome.at);
        at.map_or(today, |at| at.date_naive())
    });
    let test_until = split.test_until.unwrap_or(today + Days::new(1));
    let window = midnight(train_until)..midnight(test_until);

    let bench = Bench::load(context, conn, programme, rules, train_until)?;
    let mut took_up: BTreeMap<StartupProfileId, BTreeSet<usize>> = BTreeMap::new();
    for outcome in yes.iter().filter(|outcome| window.contains(&outcome.at)) {
        if let Some(place) = bench.places.get(&outcome.investor) {
            took_up
                .entry(outcome.startup_profile)
                .or_default()
                .insert(*place);
        }
    }
    // Rules that count what was done must not see the pairs they are held
    // against; others may be held against all of them.
    let fair = past::counted(rules).is_some();
    let answered: Vec<&Outcome> = here
        .iter()
        .filter(|outcome| outcome.at < window.end && (!fair || outcome.at >= window.start))
        .collect();
    let (cases, scores) = bench.score(conn, &took_up, &answered)?;
    let (popularity, recent) = bench.popularity(train_until);
    let history = History {
        popularity,
        recent,
        cases,
    };
    Ok(Report {
        rule_set: rules.id,
        programme: bench.programme.id,
        train_until,
        test_until,
        candidates: bench.places.len(),
        taken_up: yes.len(),
        measured: history.cases.len(),
        too_few: history.cases.len() < ENOUGH,
        measures: measure(&history),
        calibration: calibrate(&scores),
        answered: scores.len(),
    })
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// A score, and whether the pair was taken up.
type Answered = (i64, bool);

/// What was known on a day.
struct Bench<'a> {
    context: &'a Context,
    programme: Programme,
    rules: &'a RuleSet,
    rates: Option<Rates>,
    day: NaiveDate,
    mandates: Vec<Mandate>,
    /// Where investors stand among the candidates.
    places: BTreeMap<OrganizationId, usize>,
    picture: Picture,
}

impl<'a> Bench<'a> {
    fn load(
        context: &'a Context,
        conn: &mut Conn,
        programme: Programme,
        rules: &'a RuleSet,
        day: NaiveDate,
    ) -> Result<Self, Error> {
        let mut mandates = db::programmes::mandates(conn, programme.id)?;
        for mandate in &mut mandates {
            let then = db::mandates::content_at(conn, mandate.id, midnight(day))?;
            mandate.content = then.unwrap_or_else(|| mandate.content.clone());
        }
        let investors: BTreeSet<OrganizationId> = mandates
            .iter()
            .map(|mandate| mandate.organization)
            .collect();
        Ok(Self {
            context,
            rules,
            rates: db::rates::latest(conn, day)?,
            day,
            places: investors.into_iter().zip(0..).collect(),
            mandates,
            picture: past::before(context, conn, Some(midnight(day)))?,
            programme,
        })
    }

    /// The cases of the window with everybody's points, and the scores of the
    /// pairs that were answered with what they came to.
    fn score(
        &self,
        conn: &mut Conn,
        took_up: &BTreeMap<StartupProfileId, BTreeSet<usize>>,
        answered: &[&Outcome],
    ) -> Result<(Vec<Case>, Vec<Answered>), Error> {
        let mut ids: BTreeSet<StartupProfileId> = took_up.keys().copied().collect();
        ids.extend(answered.iter().map(|outcome| outcome.startup_profile));
        let mut profiles = BTreeMap::new();
        for id in ids {
            let Some(mut profile) = db::startup_profiles::find(conn, id)? else {
                continue;
            };
            let then = db::startup_profiles::content_at(conn, id, midnight(self.day))?;
            profile.content = then.unwrap_or(profile.content);
            profiles.insert(id, profile);
        }
        let revealed = past::counted(self.rules);
        let observed =
            revealed.map(|revealed| Observed::new(&self.picture.corpus, self.day, revealed));
        let candidates = observed
            .as_ref()
            .map(|observed| self.picture.candidates(observed))
            .unwrap_or_default();
        let mut asked = match (&observed, revealed) {
            (Some(observed), Some(revealed)) => Some(Asked::new(
                observed,
                revealed,
                self.picture.as_of,
                &candidates,
            )),
            _ => None,
        };
        for profile in profiles.values() {
            if let Some(asked) = &mut asked {
                let question = self.picture.question(profile, self.rates.as_ref());
                asked.ask(profile.id, question, None);
            }
        }
        let past = asked.as_ref().map(|asked| asked as &dyn Past);
        let setting = Setting {
            programme: &self.programme,
            rules: self.rules,
            taxonomy: &self.context.taxonomy(),
            rates: self.rates.as_ref(),
            today: self.day,
            past,
        };
        let mut cases = Vec::new();
        for (id, took_up) in took_up {
            let Some(profile) = profiles.get(id) else {
                continue;
            };
            // Of several mandates the best one speaks for its investor.
            let mut points = vec![0; self.places.len()];
            for mandate in &self.mandates {
                let exact = told(&setting, profile, mandate).exact;
                let place = self.places.get(&mandate.organization);
                if let Some(best) = place.and_then(|place| points.get_mut(*place)) {
                    *best = exact.max(*best);
                }
            }
            cases.push(Case {
                points,
                took_up: took_up.iter().copied().collect(),
            });
        }
        let mandates: BTreeMap<MandateId, &Mandate> = self
            .mandates
            .iter()
            .map(|mandate| (mandate.id, mandate))
            .collect();
        let scores = answered.iter().filter_map(|outcome| {
            let profile = profiles.get(&outcome.startup_profile)?;
            let mandate = mandates.get(&outcome.mandate)?;
            let score = told(&setting, profile, mandate).score;
            Some((score, outcome.sign != Sign::Passed))
        });
        Ok((cases, scores.collect()))
    }

    /// Startups that each candidate had taken up, ever and in the last twelve
    /// months.
    fn popularity(&self, day: NaiveDate) -> (Vec<i64>, Vec<i64>) {
        let since = day - Days::new(365);
        let mut ever = vec![BTreeSet::new(); self.places.len()];
        let mut recent = ever.clone();
        for (investor, deal) in self.picture.deals() {
            let place = self.places.get(&investor);
            let Some(place) = place.filter(|_| deal.sign != Sign::Passed) else {
                continue;
            };
            if let Some(startups) = ever.get_mut(*place) {
                startups.insert(deal.startup);
            }
            if let Some(startups) = recent.get_mut(*place).filter(|_| deal.date >= since) {
                startups.insert(deal.startup);
            }
        }
        let counts = |sets: Vec<BTreeSet<usize>>| {
            let counts = sets.iter().map(BTreeSet::len);
            counts
                .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
                .collect()
        };
        (counts(ever), counts(recent))
    }
}

/// The score of a pair whatever the gates say: they ask what is so today.
fn told(setting: &Setting<'_>, profile: &StartupProfile, mandate: &Mandate) -> Numbers {
    let startup = StartupFacts {
        profile,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
        sensitivity_released: true,
    };
    let wish = MandateFacts {
        mandate,
        clearance: ClearanceVerdict::Clear,
        frozen: false,
        admitted: true,
    };
    let known = PairFacts::default();
    numbers(&Pair::new(setting, &startup, &wish, &known))
}
