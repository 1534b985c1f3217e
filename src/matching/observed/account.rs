//! Why an investor's past deals speak for a startup: the revealed factors of
//! one pair, each with a reason that a person can check against the deals.

use std::collections::BTreeSet;

use chrono::{Datelike, TimeDelta};

use super::super::deals::{Deal, Question, Sign, Word};
use super::logarithm::{ONE, exp};
use super::{Candidate, Compared, Observed, Sums, known, office, size_of, ties};
use crate::domain::country::Country;
use crate::domain::few::Few;
use crate::domain::money::{Currency, Money};
use crate::domain::reason::{Place, Reason, ReasonKey as Key, Var};
use crate::domain::revealed::{ObservedFact, Revealed, Signal, SignalTrace, SizeTie, StageTie};

/// A deal counts as much like another from here, in units of [`ONE`]: an
/// ordinary one of last year in the same city, at the same stage.
const MUCH_ALIKE: u64 = ONE / 4;

/// A past deal beside what of it agrees with the question.
struct Seen<'a> {
    deal: &'a Deal,
    country: bool,
    region: bool,
    city: bool,
    stage: bool,
    size: bool,
    ticket: bool,
    tags: bool,
    alike: bool,
}

/// What observed facts come to by these rules, in their order.
pub fn traces(rules: &Revealed, facts: &[ObservedFact]) -> Vec<SignalTrace> {
    let trace = |fact: &ObservedFact| {
        let weight = rules.weight(fact.signal);
        let value = fact
            .statistic
            .map(|statistic| rules.value(fact.signal, statistic));
        SignalTrace {
            signal: fact.signal,
            weight,
            statistic: fact.statistic,
            value,
            points: weight * value.unwrap_or(0),
            reason: fact.reason.clone(),
        }
    };
    facts.iter().map(trace).collect()
}

impl Observed<'_> {
    /// The revealed factors of one candidate for a question, in the order of
    /// [`Signal::ALL`].
    pub fn account(&self, asked: &Question, place: usize) -> Vec<SignalTrace> {
        traces(self.rules, &self.facts(asked, place))
    }

    /// What is observed of one candidate for a question, in the order of
    /// [`Signal::ALL`].
    pub fn facts(&self, asked: &Question, place: usize) -> Vec<ObservedFact> {
        let Some(candidate) = self.candidates.get(place) else {
            return Vec::new();
        };
        let compared = self.compare(asked);
        let sums: Vec<Sums> = self
            .candidates
            .iter()
            .map(|candidate| self.sums(candidate, &compared))
            .collect();
        let crowd = self.crowd(&sums);
        let seen = self.seen(asked, candidate, &compared);
        let sums = sums.get(place).copied().unwrap_or_default();
        let row = self.row(asked, candidate, &sums, &crowd);
        Signal::ALL
            .iter()
            .zip(known(asked).iter().zip(row))
            .map(|(signal, (known, statistic))| ObservedFact {
                signal: *signal,
                statistic: known.then_some(statistic),
                reason: if *known {
                    self.reason(*signal, asked, candidate, &seen, &crowd)
                } else {
                    Reason::plain(Key::RevealedUntold)
                },
            })
            .collect()
    }

    fn seen(&self, asked: &Question, candidate: &Candidate, compared: &Compared) -> Vec<Seen<'_>> {
        let own = self.past.get(candidate.deals.clone()).unwrap_or_default();
        own.iter()
            .filter_map(|past| {
                let deal = self.corpus.deals.get(past.deal)?;
                let startup = compared.startups.get(past.startup)?;
                let (size, near) = compared.amounts.get(past.amount)?;
                let (stage, stage_likeness) = compared.rounds.get(past.round.place())?;
                let size_likeness = super::at(&self.likeness.size, *size as usize);
                let likeness = startup.likeness + stage_likeness + size_likeness + past.age;
                Some(Seen {
                    deal,
                    country: ties::one_country(startup.place),
                    region: ties::one_region(startup.place),
                    city: ties::one_city(startup.place),
                    stage: matches!(stage, StageTie::Same | StageTie::BothUnstated),
                    size: *near > ONE * 6 / 10,
                    ticket: matches!(size, SizeTie::Same | SizeTie::BothUnstated),
                    tags: startup.overlap > 0 && !asked.tags.is_empty(),
                    alike: exp(likeness) >= MUCH_ALIKE,
                })
            })
            .collect()
    }

    fn reason(
        &self,
        signal: Signal,
        asked: &Question,
        candidate: &Candidate,
        seen: &[Seen<'_>],
        crowd: &Sums,
    ) -> Reason {
        let within = |days: i64| {
            let from = self.until - TimeDelta::days(days);
            move |seen: &&Seen<'_>| seen.deal.date >= from
        };
        let corpus = self.corpus;
        let mixed = seen.iter().any(|seen| seen.deal.sign != Sign::Funded);
        let shared = |key: Key, agrees: fn(&Seen<'_>) -> bool, crowd: u64| {
            let (passed, had): (Vec<&Seen<'_>>, Vec<_>) =
                seen.iter().partition(|seen| seen.deal.sign == Sign::Passed);
            Share {
                key,
                there: had.iter().filter(|seen| agrees(seen)).count(),
                deals: had.len(),
                crowd,
                passed: mixed.then(|| passed.iter().filter(|seen| agrees(seen)).count()),
            }
        };
        let funded = || seen.iter().filter(|seen| seen.deal.sign == Sign::Funded);
        match signal {
            Signal::Pace => {
                let first = funded().filter(within(365)).filter(|seen| seen.deal.first);
                Reason::plain(Key::RevealedPace).with(Place::Deals, int(first.count()))
            }
            Signal::Activity => Reason::plain(Key::RevealedActivity)
                .with(Place::Deals, int(funded().filter(within(730)).count())),
            Signal::Record if mixed => done(Key::RevealedMixedRecord, seen.iter()),
            Signal::Record => record(candidate, seen),
            Signal::Country => shared(Key::RevealedCountry, |seen| seen.country, crowd.country)
                .told(
                    Place::Where,
                    named(corpus.countries.text(asked.place.country), true),
                ),
            Signal::Region => shared(Key::RevealedRegion, |seen| seen.region, crowd.region).told(
                Place::Where,
                named(corpus.regions.text(asked.place.region), false),
            ),
            Signal::City => shared(Key::RevealedCity, |seen| seen.city, crowd.city).told(
                Place::Where,
                named(corpus.cities.text(asked.place.city), false),
            ),
            Signal::Office => self.office_reason(asked, candidate),
            Signal::Stage => shared(Key::RevealedStage, |seen| seen.stage, crowd.stage).plain(),
            Signal::Size => shared(Key::RevealedSize, |seen| seen.size, crowd.size)
                .told(Place::Target, priced(asked.amount)),
            Signal::Ticket => shared(Key::RevealedTicket, |seen| seen.ticket, crowd.ticket)
                .told(Place::Target, priced(asked.amount)),
            Signal::Tags => self.tags_reason(asked, seen),
            Signal::Alike if mixed => {
                let alike = || seen.iter().filter(|seen| seen.alike);
                match alike().next() {
                    None => Reason::plain(Key::RevealedAlikeNone),
                    Some(_) => done(Key::RevealedMixedAlike, alike()),
                }
            }
            Signal::Alike => {
                let alike: Vec<&Deal> = seen
                    .iter()
                    .filter(|seen| seen.alike)
                    .map(|seen| seen.deal)
                    .collect();
                if alike.is_empty() {
                    return Reason::plain(Key::RevealedAlikeNone);
                }
                Reason::plain(Key::RevealedAlike)
                    .with(Place::Deals, int(alike.len()))
                    .with(Place::Since, since(&alike))
                    .with(Place::Typical, priced(median(&alike)))
            }
        }
    }

    fn office_reason(&self, asked: &Question, candidate: &Candidate) -> Reason {
        let key = match office(asked, candidate.office) {
            0 => return Reason::plain(Key::RevealedOfficeUnknown),
            1_000 => Key::RevealedOfficeElsewhere,
            _ => Key::RevealedOfficeNear,
        };
        let corpus = self.corpus;
        let parts = [
            corpus.cities.text(candidate.office.city).to_owned(),
            country_code(corpus.countries.text(candidate.office.country)),
        ];
        let parts = parts.iter().map(String::as_str);
        let parts = parts.filter(|part| !part.is_empty());
        Reason::plain(key).with(Place::Where, Var::codes(parts))
    }

    fn tags_reason(&self, asked: &Question, seen: &[Seen<'_>]) -> Reason {
        let words =
            |tags: Vec<&Word>| Var::codes(tags.into_iter().map(|tag| self.corpus.tags.text(*tag)));
        let found: Vec<&Seen<'_>> = seen.iter().filter(|seen| seen.tags).collect();
        if found.is_empty() {
            let all = words(asked.tags.iter().collect());
            return Reason::plain(Key::RevealedTagsNone).with(Place::SourceTags, all);
        }
        // Only tags that it really dealt with.
        let theirs: BTreeSet<Word> = found
            .iter()
            .filter_map(|seen| self.corpus.startups.get(seen.deal.startup))
            .flat_map(|startup| startup.tags.iter().copied())
            .collect();
        let tags = words(asked.tags.intersection(&theirs).collect());
        let funded = || found.iter().filter(|seen| seen.deal.sign == Sign::Funded);
        let deals: Vec<&Deal> = funded().map(|seen| seen.deal).collect();
        let there: Vec<&Deal> = funded()
            .filter(|seen| seen.country)
            .map(|seen| seen.deal)
            .collect();
        let country = named(self.corpus.countries.text(asked.place.country), true);
        if seen.iter().any(|seen| seen.deal.sign != Sign::Funded) {
            return done(Key::RevealedMixedTags, found.iter().copied())
                .with(Place::SourceTags, tags)
                .with(Place::Where, country)
                .with(Place::There, int(startups(&there)));
        }
        Reason::plain(Key::RevealedTags)
            .with(Place::SourceTags, tags)
            .with(Place::Deals, int(startups(&deals)))
            .with(Place::Since, since(&deals))
            .with(Place::Where, country)
            .with(Place::There, int(startups(&there)))
            .with(Place::Typical, priced(median(&deals)))
    }
}

/// So many of its deals, beside everybody's share.
struct Share {
    key: Key,
    there: usize,
    deals: usize,
    crowd: u64,
    /// How many it passed on, of an investor that did other things than fund.
    passed: Option<usize>,
}

impl Share {
    fn told(self, place: Place, var: Var) -> Reason {
        let mut reason = self.plain();
        // What isn't only money is told in general words.
        if reason.key != Key::RevealedMixedShare {
            let behind = reason.vars.iter().cloned();
            reason.vars = std::iter::once((place, var)).chain(behind).collect();
        }
        reason
    }

    fn plain(self) -> Reason {
        let share = self.there * 10_000 / self.deals.max(1);
        let crowd = i64::try_from(self.crowd * 10_000 / ONE).unwrap_or(0);
        let key = match self.passed {
            None => self.key,
            Some(_) => Key::RevealedMixedShare,
        };
        let reason = Reason::plain(key)
            .with(Place::There, int(self.there))
            .with(Place::Deals, int(self.deals))
            .with(Place::Share, int(share))
            .with(Place::CrowdShare, Var::Int(crowd));
        match self.passed {
            None => reason,
            Some(passed) => reason.with(Place::Passed, int(passed)),
        }
    }
}

/// What an investor did with some startups, each counted once a kind.
fn done<'a>(key: Key, seen: impl Iterator<Item = &'a Seen<'a>> + Clone) -> Reason {
    let with = |sign: Sign| {
        let some = seen.clone().filter(|seen| seen.deal.sign == sign);
        let some: Vec<&Deal> = some.map(|seen| seen.deal).collect();
        int(startups(&some))
    };
    let all: Vec<&Deal> = seen.clone().map(|seen| seen.deal).collect();
    Reason::plain(key)
        .with(Place::Since, since(&all))
        .with(Place::Deals, with(Sign::Funded))
        .with(Place::TakenUp, with(Sign::TookUp))
        .with(Place::Passed, with(Sign::Passed))
}

fn record(candidate: &Candidate, seen: &[Seen<'_>]) -> Reason {
    let deals: Vec<&Deal> = seen.iter().map(|seen| seen.deal).collect();
    let typical = median(&deals);
    let key = if typical.is_some() {
        Key::RevealedRecord
    } else {
        Key::RevealedRecordUnpriced
    };
    let reason = Reason::plain(key)
        .with(Place::Deals, int(candidate.startups))
        .with(Place::Since, since(&deals));
    match typical {
        Some(_) => reason.with(Place::Typical, priced(typical)),
        None => reason,
    }
}

fn int(number: usize) -> Var {
    Var::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A name; nothing where it is not stated.
fn named(text: &str, country: bool) -> Var {
    let text = if country {
        country_code(text)
    } else {
        text.to_owned()
    };
    Var::codes(Some(text.as_str()).filter(|text| !text.is_empty()))
}

/// The alpha-2 code of a country that sources write in three letters; other
/// texts as they stand.
fn country_code(text: &str) -> String {
    let code = text.to_uppercase();
    Country::from_alpha3(&code).map_or(code, |country| country.code().to_owned())
}

/// An amount in whole dollars; nothing where it is not known.
fn priced(cents: Option<u64>) -> Var {
    match cents.and_then(|cents| i64::try_from(cents / 100 * 100).ok()) {
        Some(cents) => Var::Money(Money::new(cents, Currency::USD)),
        None => Var::Codes(Few::none()),
    }
}

/// The year of the first.
fn since(deals: &[&Deal]) -> Var {
    let first = deals.iter().map(|deal| deal.date).min();
    Var::Int(first.map_or(0, |date| i64::from(date.year())))
}

/// How many startups these deals were with.
fn startups(deals: &[&Deal]) -> usize {
    let mut startups: Vec<usize> = deals.iter().map(|deal| deal.startup).collect();
    startups.sort_unstable();
    startups.dedup();
    startups.len()
}

/// The middle one of the rounds, by size.
fn median(deals: &[&Deal]) -> Option<u64> {
    let mut amounts: Vec<u64> = deals
        .iter()
        .filter(|deal| size_of(deal.amount).is_some())
        .filter_map(|deal| deal.amount)
        .collect();
    amounts.sort_unstable();
    amounts.get(amounts.len() / 2).copied()
}
