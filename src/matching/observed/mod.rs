//! Revealed preference: what investors' past deals say about a startup.
//!
//! [`Observed`] is a picture of all deals before a day, and nothing of that
//! day or later. Asked about a startup, it gives every investor the same few
//! statistics ([`Signal`]), each an integer that a sentence can explain. Most
//! say how much oftener than the crowd an investor does something: the
//! logarithm of its share over everybody's, where its share is taken of its own
//! deals and a few of the crowd's mixed in, so that somebody with one deal
//! hardly differs from the crowd.

pub mod account;
mod likeness;
pub mod logarithm;
mod score;
pub mod ties;

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

pub use self::likeness::Likened;
use self::likeness::Tables;
use self::logarithm::{ONE, exp, ln};
use super::deals::{Corpus, Deal, FUNDED, Place, Question, Round, Sign, Word};
use crate::domain::revealed::{PlaceTie, Revealed, Signal, SizeTie, StageTie, TagTie, Trust};
pub use score::Scorer;

/// How many statistics there are.
pub const SIGNALS: usize = Signal::ALL.len();

/// ln 2 in milli-nats.
const HALVING: i64 = 693;

/// A deal before the day, with what doesn't depend on the question.
#[derive(Debug, Clone, Copy)]
struct Past {
    /// Among [`Corpus::deals`].
    deal: usize,
    /// Among [`Observed::startups`].
    startup: usize,
    /// Among [`Observed::amounts`].
    amount: usize,
    round: Round,
    /// What it counts, by age, kind of round and what came of it, in units of
    /// [`ONE`].
    weight: u64,
    /// The same without age and kind of round, in bp.
    worth: u64,
    /// Whether it counts against what it agrees with.
    against: bool,
    /// What its age adds to its likeness, in milli-nats.
    age: i64,
}

/// A startup that somebody invested in before the day.
#[derive(Debug, Clone)]
struct PastStartup {
    place: Place,
    /// Its tags with their rarity, in thousandths.
    tags: Vec<(Word, u64)>,
}

/// An investor with a deal before the day.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its place in the corpus.
    pub investor: usize,
    /// How many startups it invested in.
    pub startups: usize,
    /// How many deals it made in the last year.
    pub last_year: usize,
    /// Its office.
    office: Place,
    /// Its deals among [`Observed::past`].
    deals: Range<usize>,
    /// Its deals, each by what it counts.
    own: u64,
    /// The statistics that don't depend on the question.
    pace: i64,
    activity: i64,
    record: i64,
}

/// All deals before a day.
#[derive(Debug)]
pub struct Observed<'a> {
    /// What was read; only what lies before the day is looked at.
    pub corpus: &'a Corpus,
    /// The day.
    pub until: NaiveDate,
    /// Everybody with a deal before the day, in the order of the corpus.
    pub candidates: Vec<Candidate>,
    rules: &'a Revealed,
    /// How far the record is trusted to tell investors apart.
    trust: Trust,
    past: Vec<Past>,
    startups: Vec<PastStartup>,
    amounts: Vec<Option<i64>>,
    rarity: BTreeMap<Word, u64>,
    likeness: Tables,
}

/// How a question compares with everything there is, looked up once.
struct Compared {
    /// By startup: how places compare, and what it adds to likeness.
    startups: Vec<StartupTie>,
    /// By amount: what it adds to likeness by place, and how much it counts
    /// as about this size.
    amounts: Vec<(SizeTie, u64)>,
    /// By kind of round.
    rounds: Vec<(StageTie, i64)>,
}

#[derive(Clone, Copy)]
struct StartupTie {
    place: PlaceTie,
    /// Overlap of tags in units of [`ONE`].
    overlap: u64,
    tags: TagTie,
    /// What place and tags add to likeness.
    likeness: i64,
}

/// What a candidate's deals add up to, each by its weight.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    country: u64,
    region: u64,
    city: u64,
    stage: u64,
    size: u64,
    ticket: u64,
    tags: u64,
    alike: u64,
}

impl Sums {
    /// What is left when what was passed on is taken away.
    const fn less(&self, other: &Self) -> Self {
        Self {
            country: self.country.saturating_sub(other.country),
            region: self.region.saturating_sub(other.region),
            city: self.city.saturating_sub(other.city),
            stage: self.stage.saturating_sub(other.stage),
            size: self.size.saturating_sub(other.size),
            ticket: self.ticket.saturating_sub(other.ticket),
            tags: self.tags.saturating_sub(other.tags),
            alike: self.alike.saturating_sub(other.alike),
        }
    }
}

/// The statistics of every candidate for one question.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Which of them the question tells enough for.
    pub known: [bool; SIGNALS],
    /// One row a candidate, in milli-nats.
    pub rows: Vec<[i64; SIGNALS]>,
}

impl<'a> Observed<'a> {
    /// Takes the picture of the deals before `until`.
    pub fn new(corpus: &'a Corpus, until: NaiveDate, rules: &'a Revealed) -> Self {
        let mut deals: Vec<(usize, &Deal)> = corpus
            .deals
            .iter()
            .enumerate()
            .filter(|(_, deal)| deal.date < until)
            .collect();
        deals.sort_by_key(|(_, deal)| {
            (
                deal.investor,
                deal.startup,
                deal.date,
                !deal.first,
                deal.round,
                deal.amount,
                deal.sign,
                deal.worth,
            )
        });

        let funded = deals.iter().filter(|(_, deal)| deal.sign != Sign::Passed);
        let trust = Trust::new(&rules.memory, funded.map(|(_, deal)| deal.worth).sum());

        let mut places = BTreeMap::new();
        for (_, deal) in &deals {
            places.entry(deal.startup).or_insert(0);
        }
        for (place, known) in places.values_mut().enumerate() {
            *known = place;
        }
        let rarity = rarity(corpus, places.keys().copied());
        let startups = places
            .keys()
            .filter_map(|startup| corpus.startups.get(*startup))
            .map(|startup| PastStartup {
                place: startup.place,
                tags: weigh(&rarity, startup.tags.iter().copied()),
            })
            .collect();

        let mut sizes: BTreeMap<Option<i64>, usize> = deals
            .iter()
            .map(|(_, deal)| (size_of(deal.amount), 0))
            .collect();
        for (place, known) in sizes.values_mut().enumerate() {
            *known = place;
        }
        let past: Vec<Past> = deals
            .iter()
            .map(|(place, deal)| Past {
                deal: *place,
                startup: places.get(&deal.startup).copied().unwrap_or(0),
                amount: sizes.get(&size_of(deal.amount)).copied().unwrap_or(0),
                round: deal.round,
                weight: weight(rules, until, deal),
                worth: deal.worth,
                against: deal.sign == Sign::Passed,
                age: trust.of(likeness::of_age(rules, until, deal)),
            })
            .collect();

        let mut candidates = Vec::new();
        let mut from = 0;
        for group in deals.chunk_by(|(_, a), (_, b)| a.investor == b.investor) {
            let range = from..from + group.len();
            from = range.end;
            let own = past.get(range.clone()).unwrap_or_default().iter();
            let own = own.filter(|deal| !deal.against);
            let own = own.map(|deal| deal.weight).sum();
            candidates.extend(candidate(corpus, rules, trust, until, group, range, own));
        }
        Self {
            corpus,
            until,
            candidates,
            rules,
            trust,
            past,
            startups,
            amounts: sizes.into_keys().collect(),
            rarity,
            likeness: Tables::new(rules, trust),
        }
    }

    /// The statistics of every candidate for a question.
    pub fn statistics(&self, asked: &Question) -> Statistics {
        let compared = self.compare(asked);
        let sums: Vec<Sums> = self
            .candidates
            .iter()
            .map(|candidate| self.sums(candidate, &compared))
            .collect();
        let crowd = self.crowd(&sums);
        let rows = self
            .candidates
            .iter()
            .zip(&sums)
            .map(|(candidate, sums)| self.row(asked, candidate, sums, &crowd))
            .collect();
        Statistics {
            known: known(asked),
            rows,
        }
    }

    /// A candidate's deals before the day.
    pub fn deals_of(&self, candidate: &Candidate) -> Vec<&'a Deal> {
        self.past
            .get(candidate.deals.clone())
            .unwrap_or_default()
            .iter()
            .filter_map(|past| self.corpus.deals.get(past.deal))
            .collect()
    }

    /// How the question compares with every startup, amount and kind of round.
    fn compare(&self, asked: &Question) -> Compared {
        let ours = weigh(&self.rarity, asked.tags.iter().copied());
        let startups = self
            .startups
            .iter()
            .map(|startup| {
                let place = ties::place(asked, startup.place);
                let (overlap, tags) = match ties::overlap(&ours, &startup.tags) {
                    _ if asked.hidden.tags => (0, TagTie::Hidden),
                    Some(overlap) => (overlap, ties::tags(overlap)),
                    None if ours.len() == startup.tags.len() => (ONE, TagTie::BothUnstated),
                    None => (0, TagTie::OneUnstated),
                };
                let likeness = at(&self.likeness.place, place as usize)
                    + at(&self.likeness.tags, tags as usize);
                StartupTie {
                    place,
                    overlap,
                    tags,
                    likeness,
                }
            })
            .collect();
        let size = size_of(asked.amount);
        let width = self.rules.memory.size_width;
        let amounts = self
            .amounts
            .iter()
            .map(|theirs| ties::size(asked, size, *theirs, width))
            .collect();
        let rounds = Round::ALL
            .iter()
            .map(|round| {
                let tie = ties::stage(asked, *round);
                (tie, at(&self.likeness.stage, tie as usize))
            })
            .collect();
        Compared {
            startups,
            amounts,
            rounds,
        }
    }

    fn sums(&self, candidate: &Candidate, compared: &Compared) -> Sums {
        let (mut all, mut passed) = (Sums::default(), Sums::default());
        let own = self.past.get(candidate.deals.clone()).unwrap_or_default();
        for deal in own {
            let (Some(startup), Some((size, near)), Some((stage, stage_likeness))) = (
                compared.startups.get(deal.startup),
                compared.amounts.get(deal.amount),
                compared.rounds.get(deal.round.place()),
            ) else {
                continue;
            };
            let sums = if deal.against { &mut passed } else { &mut all };
            let weight = deal.weight;
            let sized = (weight * near) >> 20;
            let staged = matches!(stage, StageTie::Same | StageTie::BothUnstated);
            sums.size += sized;
            if matches!(size, SizeTie::Same | SizeTie::BothUnstated) {
                sums.ticket += weight;
            }
            sums.tags += (weight * startup.overlap) >> 20;
            if staged {
                sums.stage += weight;
            }
            if ties::one_country(startup.place) {
                sums.country += weight;
                if ties::one_region(startup.place) {
                    sums.region += weight;
                    if ties::one_city(startup.place) {
                        sums.city += weight;
                    }
                }
            }
            let likeness = startup.likeness
                + stage_likeness
                + at(&self.likeness.size, *size as usize)
                + deal.age;
            sums.alike += exp(likeness) * deal.worth / FUNDED;
        }
        all.less(&passed)
    }

    /// The statistics of one candidate.
    fn row(
        &self,
        asked: &Question,
        candidate: &Candidate,
        sums: &Sums,
        crowd: &Sums,
    ) -> [i64; SIGNALS] {
        let memory = &self.rules.memory;
        let mixed = u64::try_from(self.trust.against(memory.crowd_deals)).unwrap_or(0);
        let whole = ln(candidate.own + mixed * ONE / 100) - ln(ONE);
        // Its share, of its own deals and some of the crowd's, over what is
        // expected of it; the expectation is a logarithm.
        let above = |own: u64, expected: i64| {
            ln(own + exp(expected).min(ONE) * mixed / 100) - ln(ONE) - whole - expected
        };
        let share = |part: u64| ln(part) - ln(ONE);

        let country = above(sums.country, share(crowd.country));
        let in_region = country + share(crowd.region);
        let region = above(sums.region, in_region);
        let in_city = region + country + share(crowd.city);
        let city = above(sums.city, in_city);

        let floor = u64::try_from(memory.alike_floor).unwrap_or(0) * ONE / 100_000;
        let mut row = [0; SIGNALS];
        for (cell, signal) in row.iter_mut().zip(Signal::ALL) {
            *cell = match signal {
                Signal::Pace => candidate.pace,
                Signal::Activity => candidate.activity,
                Signal::Record => candidate.record,
                Signal::Country => country,
                Signal::Region => region,
                Signal::City => city,
                Signal::Office => office(asked, candidate.office),
                Signal::Stage => above(sums.stage, share(crowd.stage)),
                Signal::Size => above(sums.size, share(crowd.size)),
                Signal::Ticket => above(sums.ticket, share(crowd.ticket)),
                Signal::Tags => above(sums.tags, share(crowd.tags)),
                Signal::Alike => share(sums.alike + floor),
            };
        }
        row
    }

    /// The crowd's shares, in units of [`ONE`], never nought.
    fn crowd(&self, sums: &[Sums]) -> Sums {
        let all: u64 = self.candidates.iter().map(|candidate| candidate.own).sum();
        // A tenth of a deal on ten more keeps a share that nobody has from nought.
        let share = |of: fn(&Sums) -> u64| {
            let total: u64 = sums.iter().map(of).sum();
            let share = u128::from(total + ONE / 10) * u128::from(ONE) / u128::from(all + 10 * ONE);
            u64::try_from(share).unwrap_or(ONE).clamp(1, ONE)
        };
        Sums {
            country: share(|sums| sums.country),
            region: share(|sums| sums.region),
            city: share(|sums| sums.city),
            stage: share(|sums| sums.stage),
            size: share(|sums| sums.size),
            ticket: share(|sums| sums.ticket),
            tags: share(|sums| sums.tags),
            alike: 0,
        }
    }
}

/// What stands at a place of a table; 0 beyond its end.
fn at(table: &[i64], place: usize) -> i64 {
    table.get(place).copied().unwrap_or(0)
}

/// The logarithm of an amount, in milli-nats.
fn size_of(amount: Option<u64>) -> Option<i64> {
    amount.map(ln)
}

/// What a question tells enough for.
fn known(asked: &Question) -> [bool; SIGNALS] {
    let hidden = asked.hidden;
    let place = !(hidden.country && hidden.region && hidden.city);
    let mut known = [true; SIGNALS];
    for (signal, flag) in Signal::ALL.iter().zip(&mut known) {
        *flag = match signal {
            Signal::Pace | Signal::Activity | Signal::Record | Signal::Alike => true,
            Signal::Country | Signal::Office => place,
            Signal::Region => !hidden.region,
            Signal::City => !hidden.city,
            Signal::Stage => !hidden.stage,
            Signal::Size | Signal::Ticket => !hidden.amount,
            Signal::Tags => !hidden.tags,
        };
    }
    known
}

/// How near an office is: 0 unknown, 1 000 elsewhere, 2 000 in the country,
/// 3 000 in the region, 4 000 in the city.
fn office(asked: &Question, office: Place) -> i64 {
    let unknown = asked.place.country == 0 && asked.place.region == 0 && asked.place.city == 0;
    if office == Place::default() || unknown {
        return 0;
    }
    match ties::place(asked, office) {
        PlaceTie::Elsewhere => 1_000,
        PlaceTie::City | PlaceTie::CityNoRegion => 4_000,
        PlaceTie::Region | PlaceTie::RegionNoCity => 3_000,
        PlaceTie::Country | PlaceTie::CountryNoRegion | PlaceTie::CountryOneRegion => 2_000,
        PlaceTie::BothUnstated | PlaceTie::OneUnstated | PlaceTie::Hidden => 0,
    }
}

/// How rare tags are: the logarithm of all startups over those that bear one.
fn rarity(corpus: &Corpus, startups: impl Iterator<Item = usize>) -> BTreeMap<Word, u64> {
    let mut bearers: BTreeMap<Word, u64> = BTreeMap::new();
    let mut all = 1;
    for startup in startups.filter_map(|startup| corpus.startups.get(startup)) {
        all += 1;
        for tag in &startup.tags {
            *bearers.entry(*tag).or_insert(1) += 1;
        }
    }
    bearers
        .into_iter()
        .map(|(tag, bearers)| (tag, rare(all, bearers)))
        .collect()
}

fn rare(all: u64, bearers: u64) -> u64 {
    u64::try_from(ln(all) - ln(bearers)).unwrap_or(0).max(1)
}

/// Tags with their rarity; one that no past startup bears is none.
fn weigh(rarity: &BTreeMap<Word, u64>, tags: impl Iterator<Item = Word>) -> Vec<(Word, u64)> {
    tags.filter_map(|tag| Some((tag, *rarity.get(&tag)?)))
        .collect()
}

/// Half after each half-life, in units of [`ONE`].
fn faded(days: i64, half_life: i64) -> u64 {
    exp(-(days * HALVING) / half_life.max(1))
}

/// What a deal counts.
fn weight(rules: &Revealed, until: NaiveDate, deal: &Deal) -> u64 {
    let memory = &rules.memory;
    let weight = faded((until - deal.date).num_days(), memory.half_life_days);
    let weight = weight * deal.worth / FUNDED;
    if deal.first {
        weight
    } else {
        weight * u64::try_from(memory.later_round).unwrap_or(0) / 10_000
    }
}

/// What an investor's deals say without a question.
fn candidate(
    corpus: &Corpus,
    rules: &Revealed,
    trust: Trust,
    until: NaiveDate,
    deals: &[(usize, &Deal)],
    range: Range<usize>,
    own: u64,
) -> Option<Candidate> {
    let memory = &rules.memory;
    let pace_half_life = trust.against(memory.pace_half_life_days);
    let activity_half_life = trust.against(memory.activity_half_life_days);
    let investor = deals.first()?.1.investor;
    let deals: Vec<&Deal> = deals
        .iter()
        .map(|(_, deal)| *deal)
        .filter(|deal| deal.sign != Sign::Passed)
        .collect();
    let days = |deal: &&Deal| (until - deal.date).num_days();
    let floor = u64::try_from(memory.count_floor).unwrap_or(0) * ONE / 100;
    let counted = |sum: u64| ln(sum + floor) - ln(ONE);
    let pace = deals
        .iter()
        .filter(|deal| deal.first)
        .map(|deal| faded(days(deal), pace_half_life) * deal.worth / FUNDED)
        .sum();
    let activity = deals
        .iter()
        .map(|deal| faded(days(deal), activity_half_life) * deal.worth / FUNDED)
        .sum();
    // Money counts as whole deals; a tenth of one is the least there is.
    let worth: u64 = deals.iter().map(|deal| deal.worth).sum();
    let record = if worth.is_multiple_of(FUNDED) && worth > 0 {
        ln(worth / FUNDED)
    } else {
        ln(worth.max(FUNDED / 10)) - ln(FUNDED)
    };
    Some(Candidate {
        investor,
        startups: deals.chunk_by(|a, b| a.startup == b.startup).count(),
        last_year: deals.iter().filter(|deal| days(deal) <= 365).count(),
        office: corpus.investors.get(investor)?.office,
        deals: range,
        own,
        pace: counted(pace),
        activity: counted(activity),
        record,
    })
}
