//! What investors did before, as the rules of matching look at it: imported
//! investments, and what came of pairs here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::{self, Conn, events};
use crate::domain::country::Country;
use crate::domain::ids::{OrganizationId, StartupProfileId};
use crate::domain::investment::Investment;
use crate::domain::money::{Money, Rates};
use crate::domain::profile::StartupProfile;
use crate::domain::revealed::Revealed;
use crate::domain::scoring::{Factor, RuleSet};
use crate::domain::text::Slug;
use crate::domain::values::Stage;
use crate::matching::deals::{
    Corpus, Deal, FUNDED, Hidden, Investor, Place, Question, Round, Sign, Startup,
};
use crate::matching::observed::Observed;

use super::outcomes::{self, Outcome};
use super::{Context, Error};

/// A statement takes a limited number of values.
const AT_ONCE: usize = 10_000;

/// All that investors did before, as of one position of the log.
#[derive(Debug, Default)]
pub struct Picture {
    /// Up to which position was counted.
    pub as_of: i64,
    /// The deals, as the rules read them.
    pub corpus: Corpus,
    investors: Vec<OrganizationId>,
    profiles: BTreeMap<StartupProfileId, usize>,
}

/// The newest picture, kept as long as nothing more is in the log.
#[derive(Debug, Default)]
pub struct Newest(Mutex<Option<Arc<Picture>>>);

/// The revealed part of rules that count it.
pub fn counted(rules: &RuleSet) -> Option<&Revealed> {
    let weight = rules.weights.get(&Factor::RevealedPreference);
    let counts = weight.is_some_and(|weight| *weight > 0);
    rules.revealed.as_ref().filter(|_| counts)
}

/// What was done so far.
///
/// # Errors
/// A statement failed.
pub fn now(context: &Context, conn: &mut Conn) -> Result<Arc<Picture>, Error> {
    let head = events::head(conn)?.position;
    let kept = || {
        context
            .past
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    };
    if let Some(newest) = kept().as_ref().filter(|newest| newest.as_of == head) {
        return Ok(Arc::clone(newest));
    }
    let picture = Arc::new(Picture {
        as_of: head,
        ..before(context, conn, None)?
    });
    *kept() = Some(Arc::clone(&picture));
    Ok(picture)
}

/// What was done before a moment, or so far.
///
/// # Errors
/// A statement failed.
pub fn before(
    context: &Context,
    conn: &mut Conn,
    until: Option<DateTime<Utc>>,
) -> Result<Picture, Error> {
    let as_of = events::head(conn)?.position;
    let outcomes = outcomes::list(context, conn, until)?;
    let mut investments = db::investments::list(conn)?;
    if let Some(until) = until {
        investments.retain(|(_, investment)| investment.invested_on < until.date_naive());
    }
    let rates = db::rates::latest(conn, context.now().date_naive())?;
    let mut ids: Vec<StartupProfileId> = outcomes
        .iter()
        .map(|outcome| outcome.startup_profile)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut profiles = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        profiles.extend(db::startup_profiles::find_many(conn, some)?);
    }
    let mut firms: Vec<OrganizationId> = outcomes
        .iter()
        .map(|outcome| outcome.investor)
        .chain(investments.iter().map(|(investor, _)| *investor))
        .collect();
    firms.sort_unstable();
    firms.dedup();
    let mut builder = Builder {
        rates,
        picture: Picture {
            as_of,
            ..Picture::default()
        },
        files: BTreeMap::new(),
    };
    // Also what nobody dealt in can be asked about by name.
    for tag in context.taxonomy().tags() {
        builder.picture.corpus.tags.number(tag.slug.as_str());
    }
    for country in Country::all() {
        builder.picture.corpus.countries.number(country.code());
    }
    for some in firms.chunks(AT_ONCE) {
        for firm in db::organizations::find_many(conn, some)? {
            builder.add_investor(firm.id, firm.details.country);
        }
    }
    for profile in &profiles {
        let startup = builder.startup(profile);
        let place = builder.picture.corpus.startups.len();
        builder.picture.profiles.insert(profile.id, place);
        builder.picture.corpus.startups.push(startup);
    }
    builder.add_investments(&investments);
    builder.add_outcomes(&outcomes);
    Ok(builder.picture)
}

struct Builder {
    rates: Option<Rates>,
    picture: Picture,
    /// Startups that only files know.
    files: BTreeMap<String, usize>,
}

impl Builder {
    fn add_investor(&mut self, id: OrganizationId, country: Option<Country>) {
        let corpus = &mut self.picture.corpus;
        let country = country.map_or(0, |country| corpus.countries.number(country.code()));
        corpus.investors.push(Investor {
            id: id.to_string(),
            name: String::new(),
            office: Place {
                country,
                ..Place::default()
            },
        });
        self.picture.investors.push(id);
    }

    fn startup(&mut self, profile: &StartupProfile) -> Startup {
        let content = &profile.content;
        let round = content.round.as_ref();
        let amount = round.map(|round| Money::new(round.target, round.currency));
        Startup {
            id: profile.id.to_string(),
            name: String::new(),
            tags: self.tags(content.all_tags()),
            place: self.place(profile.country),
            round: round_of(content.effective_stage()),
            amount: self.cents(amount),
            first_funding: profile.created_at.date_naive(),
        }
    }

    fn tags<'a>(
        &mut self,
        tags: impl Iterator<Item = &'a Slug>,
    ) -> std::collections::BTreeSet<crate::matching::deals::Word> {
        let words = &mut self.picture.corpus.tags;
        tags.map(|tag| words.number(tag.as_str())).collect()
    }

    fn place(&mut self, country: Option<Country>) -> Place {
        let words = &mut self.picture.corpus.countries;
        Place {
            country: country.map_or(0, |country| words.number(country.code())),
            ..Place::default()
        }
    }

    fn cents(&self, amount: Option<Money>) -> Option<u64> {
        let amount = amount?;
        let dollars_only;
        let rates = if let Some(rates) = &self.rates {
            rates
        } else {
            dollars_only = Rates::new(NaiveDate::default(), []);
            &dollars_only
        };
        u64::try_from(rates.usd_cents(amount)?)
            .ok()
            .filter(|cents| *cents > 0)
    }

    fn investor(&self, id: OrganizationId) -> Option<usize> {
        self.picture.investors.iter().position(|known| *known == id)
    }

    fn add_investments(&mut self, investments: &[(OrganizationId, Investment)]) {
        let places: BTreeMap<OrganizationId, usize> =
            self.picture.investors.iter().copied().zip(0..).collect();
        // They come oldest first: the first one of a startup is its first round.
        for (investor, investment) in investments {
            let Some(investor) = places.get(investor) else {
                continue;
            };
            let amount = self.cents(investment.round);
            let round = round_of(investment.stage);
            let known = self.files.get(&investment.startup).copied();
            let startup = known.unwrap_or_else(|| self.add_file_startup(investment, amount));
            let corpus = &mut self.picture.corpus;
            let first = corpus
                .startups
                .get(startup)
                .is_some_and(|startup| startup.first_funding == investment.invested_on);
            corpus.deals.push(Deal {
                startup,
                investor: *investor,
                date: investment.invested_on,
                first,
                round,
                amount,
                sign: Sign::Funded,
                worth: FUNDED,
            });
        }
    }

    fn add_file_startup(&mut self, investment: &Investment, amount: Option<u64>) -> usize {
        let startup = Startup {
            id: format!("file:{}", investment.startup),
            name: String::new(),
            tags: self.tags(investment.tags.iter()),
            place: self.place(investment.country),
            round: round_of(investment.stage),
            amount,
            first_funding: investment.invested_on,
        };
        let place = self.picture.corpus.startups.len();
        self.picture.corpus.startups.push(startup);
        self.files.insert(investment.startup.clone(), place);
        place
    }

    fn add_outcomes(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let startup = self.picture.profiles.get(&outcome.startup_profile);
            let (Some(startup), Some(investor)) =
                (startup.copied(), self.investor(outcome.investor))
            else {
                continue;
            };
            let put_in = self.cents(outcome.amount);
            let date = outcome.at.date_naive();
            let corpus = &mut self.picture.corpus;
            let Some(record) = corpus.startups.get_mut(startup) else {
                continue;
            };
            if outcome.sign != Sign::Passed {
                record.first_funding = record.first_funding.min(date);
            }
            let (round, amount) = (record.round, put_in.or(record.amount));
            corpus.deals.push(Deal {
                startup,
                investor,
                date,
                first: true,
                round,
                amount,
                sign: outcome.sign,
                worth: outcome.worth,
            });
        }
    }
}

/// The kind of round that a stage is. Grants stand outside the order.
const fn round_of(stage: Option<Stage>) -> Round {
    match stage {
        None | Some(Stage::Bridge) => Round::Unstated,
        Some(Stage::PreSeed | Stage::Seed) => Round::Seed,
        Some(Stage::SeriesA) => Round::A,
        Some(Stage::SeriesB) => Round::B,
        Some(Stage::Growth) => Round::Late,
        Some(Stage::NonDilutive) => Round::Other,
    }
}

impl Picture {
    /// Where investors stand among the candidates of a picture's observations.
    pub fn candidates(&self, observed: &Observed<'_>) -> BTreeMap<OrganizationId, usize> {
        let places = observed.candidates.iter().enumerate();
        places
            .filter_map(|(place, candidate)| {
                let id = self.investors.get(candidate.investor)?;
                Some((*id, place))
            })
            .collect()
    }

    /// Everything that was done, by whom.
    pub fn deals(&self) -> impl Iterator<Item = (OrganizationId, &Deal)> {
        let deals = self.corpus.deals.iter();
        deals.filter_map(|deal| Some((*self.investors.get(deal.investor)?, deal)))
    }

    /// What a profile asks. Profiles say neither region nor city; what else one
    /// leaves out is left out of the question, since nothing is learned from it
    /// here.
    pub fn question(&self, profile: &StartupProfile, rates: Option<&Rates>) -> Question {
        let content = &profile.content;
        let corpus = &self.corpus;
        let tags = content
            .all_tags()
            .filter_map(|tag| corpus.tags.find(tag.as_str()))
            .collect();
        let country = profile.country;
        let country = country.and_then(|country| corpus.countries.find(country.code()));
        let country = country.unwrap_or(0);
        let target = content.round.as_ref();
        let target = target.map(|round| Money::new(round.target, round.currency));
        let amount = target.and_then(|target| match rates {
            Some(rates) => rates.usd_cents(target),
            None => Rates::new(NaiveDate::default(), []).usd_cents(target),
        });
        let amount = amount
            .and_then(|cents| u64::try_from(cents).ok())
            .filter(|cents| *cents > 0);
        let round = round_of(content.effective_stage());
        Question {
            hidden: Hidden {
                tags: content.all_tags().next().is_none(),
                country: profile.country.is_none(),
                region: true,
                city: true,
                stage: round == Round::Unstated,
                amount: amount.is_none(),
            },
            tags,
            place: Place {
                country,
                ..Place::default()
            },
            round,
            amount,
        }
    }
}
