//! Explains the answers for one startup: why the best ones stand where they
//! do, and why the investors it really found stand where they do.

use std::fmt::Write as _;

use super::super::Failure;
use crate::config::{reasons, taxonomy};
use crate::domain::revealed::Revealed;
use crate::domain::scoring::WHOLE;
use crate::domain::text::Language;
use crate::domain::wording::LANGUAGES;
use crate::matching::backtest::{Case, Setup, Split};
use crate::matching::deals::Corpus;
use crate::matching::observed::Scorer;

/// As many of the best are explained, and as many of the real investors.
const BEST: usize = 2;
const REAL: usize = 2;

/// The explanation, in every language asked for.
pub(super) fn explain(
    corpus: &Corpus,
    split: &Split,
    revealed: &Revealed,
    startup: &str,
    languages: &[String],
) -> Result<String, Failure> {
    let readers = readers(languages)?;
    let setup = Setup::new(corpus, split, revealed).map_err(Failure::new)?;
    let id = |case: &&Case| {
        corpus
            .startups
            .get(case.startup)
            .is_some_and(|it| it.id == startup)
    };
    let Some(case) = setup.cases.iter().find(id) else {
        return Err(Failure::usage(format!(
            "--explain: no startup {startup:?} is first funded from {} to before {}",
            split.train_until, split.test_until
        )));
    };
    let statistics = setup.observed.statistics(&case.question);
    let points: Vec<i64> = Scorer::new(revealed)
        .all(&statistics)
        .iter()
        .map(|parts| parts.iter().sum())
        .collect();
    let ranking = setup.best(&points, setup.ranked_count);
    let chosen = chosen(case, &ranking);

    let mut out = String::new();
    for reader in &readers {
        for (rank, place) in &chosen {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "{}",
                one(&setup, revealed, case, (*rank, *place), reader)?
            );
        }
    }
    Ok(out)
}

fn readers(languages: &[String]) -> Result<Vec<Language>, Failure> {
    languages
        .iter()
        .map(|code| code.trim())
        .map(|code| match code.parse::<Language>() {
            Ok(language) if LANGUAGES.contains(&language.primary()) => Ok(language),
            _ => Err(Failure::usage(format!(
                "--lang: {code:?} is not one of {}",
                LANGUAGES.join(", ")
            ))),
        })
        .collect()
}

/// The best and the real ones with their ranks, in order.
fn chosen(case: &Case, ranking: &[usize]) -> Vec<(usize, usize)> {
    let ranked = || (1..).zip(ranking.iter().copied());
    let real = ranked()
        .filter(|(_, place)| case.investors.contains(place))
        .take(REAL);
    let mut chosen: Vec<(usize, usize)> = ranked().take(BEST).chain(real).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn one(
    setup: &Setup<'_>,
    revealed: &Revealed,
    case: &Case,
    (rank, place): (usize, usize),
    reader: &Language,
) -> Result<String, Failure> {
    let wording = reasons::parse(reasons::DEFAULT).map_err(Failure::new)?;
    let taxonomy = taxonomy::parse(taxonomy::DEFAULT).map_err(Failure::new)?;
    let corpus = setup.observed.corpus;
    let investor = setup.observed.candidates.get(place);
    let investor = investor.and_then(|candidate| corpus.investors.get(candidate.investor));
    let startup = corpus.startups.get(case.startup);
    let (Some(investor), Some(startup)) = (investor, startup) else {
        return Ok(String::new());
    };
    let traces = setup.observed.account(&case.question, place);
    let known: i64 = traces
        .iter()
        .filter(|trace| trace.value.is_some())
        .map(|trace| trace.weight)
        .sum();
    let points: i64 = traces.iter().map(|trace| trace.points).sum();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{} ({}) × {} ({}): #{rank}{}, {} bp [{}]",
        startup.name,
        startup.id,
        investor.name,
        investor.id,
        if case.investors.contains(&place) {
            " ✓"
        } else {
            ""
        },
        points / known.max(1),
        reader,
    );
    for trace in &traces {
        let value = trace
            .value
            .map_or_else(|| "–".to_owned(), |value| value.to_string());
        let _ = writeln!(
            out,
            "  {:>5} = {:>5} × {value:>5}  {}: {}",
            trace.points / WHOLE,
            trace.weight,
            wording.signal(trace.signal, reader),
            wording.sentence(&trace.reason, reader, &taxonomy),
        );
    }
    let _ = writeln!(out, "  {:>5}\n", points / WHOLE);
    debug_assert_eq!(
        revealed.weights.values().sum::<i64>(),
        traces.iter().map(|t| t.weight).sum::<i64>()
    );
    Ok(out)
}
