//! How a small record of past deals is trusted: on invented deals, by the rules
//! that were fitted on market data.

use chrono::{Days, NaiveDate};
use corridor::config::{scoring, taxonomy};
use corridor::domain::fault::Faults;
use corridor::domain::revealed::{Revealed, Signal};
use corridor::matching::backtest::measures::{DEPTH, Dice, Measures};
use corridor::matching::backtest::{Setup, Split};
use corridor::matching::deals::{
    Corpus, Deal, FUNDED, Hidden, Investor, Place, Question, Round, Sign, Startup,
};
use corridor::matching::observed::{Observed, Scorer, Statistics};
use corridor::matching::rules::validate;
use uuid::Uuid;

/// What depends on the question and on past deals.
const PERSONAL: [Signal; 7] = [
    Signal::Country,
    Signal::Region,
    Signal::City,
    Signal::Stage,
    Signal::Size,
    Signal::Ticket,
    Signal::Tags,
];

fn market(half_trust_deals: i64) -> Revealed {
    let rules = scoring::parse(scoring::MARKET, Uuid::nil().into()).expect("sound");
    let mut revealed = rules.revealed.expect("it counts past deals");
    revealed.memory.half_trust_deals = half_trust_deals;
    revealed
}

#[test]
fn a_trust_that_is_none_is_a_fault_and_without_one_every_record_is_trusted() {
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).expect("sound");
    let line = "half_trust_deals = 50";
    for (number, faults) in [(-1, 1), (0, 0), (1_000_000, 0), (1_000_001, 1)] {
        let text = scoring::MARKET.replace(line, &format!("half_trust_deals = {number}"));
        let rules = scoring::parse(&text, Uuid::nil().into()).expect("well formed");
        let found = validate(&rules, &taxonomy).err().map(Faults::into_vec);
        let found = found.unwrap_or_default();
        assert_eq!(found.len(), faults, "{number}");
        let at = "/revealed/memory/half_trust_deals";
        assert!(found.iter().all(|fault| fault.pointer == at), "{found:?}");
    }
    // Files from before the number was there mean what they meant.
    let older: Vec<&str> = scoring::MARKET
        .lines()
        .filter(|text| !text.starts_with(line))
        .collect();
    let rules = scoring::parse(&older.join("\n"), Uuid::nil().into()).expect("well formed");
    let memory = rules.revealed.expect("it counts past deals").memory;
    assert_eq!(memory.half_trust_deals, 0);
}

fn day(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).expect("a day")
}

/// A startup of one of several kinds, and the same kind always the same.
fn startup(number: usize, kind: u32, date: NaiveDate) -> Startup {
    Startup {
        id: format!("s{number:05}"),
        name: String::new(),
        tags: [kind + 1].into(),
        place: Place {
            country: kind % 3 + 1,
            region: kind % 5 + 1,
            city: kind % 7 + 1,
        },
        round: [Round::Seed, Round::A, Round::B][usize::try_from(kind % 3).expect("small")],
        amount: Some(10_000_000 * u64::from(kind % 4 + 1).pow(3)),
        first_funding: date,
    }
}

fn deal(corpus: &Corpus, startup: usize, investor: usize) -> Deal {
    let of = &corpus.startups[startup];
    Deal {
        startup,
        investor,
        date: of.first_funding,
        first: true,
        round: of.round,
        amount: of.amount,
        sign: Sign::Funded,
        worth: FUNDED,
    }
}

fn investors(number: usize) -> Vec<Investor> {
    (0..number)
        .map(|number| Investor {
            id: format!("i{number:03}"),
            name: String::new(),
            office: Place::default(),
        })
        .collect()
}

/// Three investors, each with a kind of its own: the first funds one startup,
/// the second two, the third four, all so many times over.
fn specialists(times: usize) -> Corpus {
    let mut corpus = Corpus {
        investors: investors(3),
        ..Corpus::default()
    };
    for (investor, deals) in [1, 2, 4].into_iter().enumerate() {
        for _ in 0..deals * times {
            let place = corpus.startups.len();
            let kind = u32::try_from(investor).expect("small");
            corpus.startups.push(startup(place, kind, day(2010)));
            corpus.deals.push(deal(&corpus, place, investor));
        }
    }
    corpus
}

/// What is known of the three for a startup of the first one's kind.
fn asked(corpus: &Corpus, rules: &Revealed) -> Statistics {
    let observed = Observed::new(corpus, day(2011), rules);
    observed.statistics(&Question::of(&corpus.startups[0], Hidden::default()))
}

#[test]
fn without_evidence_only_who_funded_more_counts() {
    let corpus = specialists(1);
    let untrusting = market(1_000_000);
    let told = asked(&corpus, &untrusting);
    for row in &told.rows {
        for signal in PERSONAL {
            let statistic = row[signal as usize];
            assert!(statistic.abs() < 60, "{signal}: {statistic}");
        }
    }
    let sum = |points: Vec<[i64; 12]>| -> Vec<i64> {
        points.iter().map(|parts| parts.iter().sum()).collect()
    };
    let points = sum(Scorer::new(&untrusting).all(&told));
    assert!(points.is_sorted(), "{points:?}");
    // A record that is trusted puts the first before, whose kind it is.
    let trusting = market(0);
    let points = sum(Scorer::new(&trusting).all(&asked(&corpus, &trusting)));
    assert!(points[0] > points[2], "{points:?}");
}

#[test]
fn with_evidence_a_record_comes_to_be_trusted_whole() {
    let apart: Vec<i64> = [1, 4, 16, 64]
        .into_iter()
        .map(|times| {
            let corpus = specialists(times);
            let (some, whole) = (market(50), market(0));
            let (some, whole) = (asked(&corpus, &some), asked(&corpus, &whole));
            let signals = PERSONAL.into_iter().chain([Signal::Alike]);
            signals
                .map(|signal| signal as usize)
                .map(|signal| (some.rows[0][signal] - whole.rows[0][signal]).abs())
                .max()
                .expect("there are signals")
        })
        .collect();
    assert!(apart.is_sorted_by(|less, more| less > more), "{apart:?}");
    assert!(apart[3] < apart[0] / 5, "{apart:?}");
}

/// Deals of investors of whom some fund much and some little, whatever a
/// startup is like.
fn popular_only(seed: u64, startups: usize) -> Corpus {
    let mut dice = Dice::new(seed);
    let mut corpus = Corpus {
        investors: investors(30),
        ..Corpus::default()
    };
    for place in 0..startups {
        let days = u64::try_from(dice.below(4 * 365)).expect("few");
        let kind = u32::try_from(dice.below(20)).expect("few");
        let date = day(2007) + Days::new(days);
        corpus.startups.push(startup(place, kind, date));
        for _ in 0..2 {
            // The smaller of three draws: some fund much, wherever they stand
            // in the list, which settles ties.
            let draws = [dice.below(30), dice.below(30), dice.below(30)];
            let investor = draws.into_iter().min().expect("three") * 7 % 30;
            corpus.deals.push(deal(&corpus, place, investor));
        }
    }
    corpus
}

/// NDCG@20 of the rules and of popularity on the last year.
fn measured(rules: &Revealed, startups: usize, markets: u64) -> (f64, f64) {
    let (mut ours, mut popularity) = (Vec::new(), Vec::new());
    for seed in 0..markets {
        let corpus = popular_only(seed, startups);
        let split = Split {
            train_until: day(2010),
            test_until: day(2011),
            hidden: Hidden::default(),
            without_head: 0,
        };
        let Ok(setup) = Setup::new(&corpus, &split, rules) else {
            continue;
        };
        let scorer = Scorer::new(rules);
        let candidates = &setup.observed.candidates;
        let popular: Vec<i64> = candidates
            .iter()
            .map(|candidate| i64::try_from(candidate.startups).expect("few"))
            .collect();
        for case in setup.cases.iter().filter(|case| !case.investors.is_empty()) {
            let statistics = setup.observed.statistics(&case.question);
            let points = scorer.all(&statistics);
            let points: Vec<i64> = points.iter().map(|parts| parts.iter().sum()).collect();
            ours.push(Measures::of(&setup.best(&points, DEPTH), &case.investors));
            popularity.push(Measures::of(&setup.best(&popular, DEPTH), &case.investors));
        }
    }
    let ndcg = |measured: &[Measures]| Measures::mean(measured).ndcg_20;
    (ndcg(&ours), ndcg(&popularity))
}

#[test]
fn where_only_popularity_tells_a_small_record_is_ranked_by_it() {
    let (untrusting, popularity) = measured(&market(1_000_000), 80, 40);
    assert!(
        (untrusting - popularity).abs() < 0.01,
        "{untrusting} {popularity}"
    );
    // About 24 deals, trusted by a third: most of what is lost comes back.
    let (shipped, popularity) = measured(&market(50), 16, 200);
    let (trusting, _) = measured(&market(0), 16, 200);
    assert!(shipped > popularity - 0.02, "{shipped} {popularity}");
    assert!(
        popularity - shipped < (popularity - trusting) / 2.0,
        "{shipped} {trusting} {popularity}"
    );
}
