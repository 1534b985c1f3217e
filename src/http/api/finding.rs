//! What lists of profiles and mandates are narrowed down by, and in what order
//! they come.

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};

use super::exchange::query_code;
use crate::domain::amounts::Amounts;
use crate::domain::country::Country;
use crate::domain::money::Currency;
use crate::domain::search::{Order, Query};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::{Language, Slug};
use crate::domain::time_order::{TimeOrder, Within};
use crate::domain::values::Stage;
use crate::http::problem::Problem;

/// What is wrong with the parameters of a list, so that it is told at once.
#[derive(Debug, Default)]
pub(super) struct Wrong(Option<Problem>);

impl Wrong {
    /// What was read, or nothing with what is wrong noted.
    pub(super) fn take<T: Default>(&mut self, read: Result<T, Problem>) -> T {
        read.unwrap_or_else(|problem| {
            self.note(problem);
            T::default()
        })
    }

    /// Notes what is wrong.
    pub(super) fn note(&mut self, problem: Problem) {
        self.0 = Some(match self.0.take() {
            Some(before) => before.and(problem),
            None => problem,
        });
    }

    /// `read`, where nothing is wrong.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub(super) fn or<T>(self, read: T) -> Result<T, Problem> {
        self.0.map_or(Ok(read), Err)
    }
}

/// What is looked for, as it was written.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    /// Words.
    pub(super) words: Option<&'a str>,
    /// A tag.
    pub(super) tag: Option<&'a str>,
    /// A stage.
    pub(super) stage: Option<&'a str>,
    /// A country.
    pub(super) market: Option<&'a str>,
    /// A language.
    pub(super) language: Option<&'a str>,
    /// Parameters that take a value of a facet, by their names.
    pub(super) facets: &'a [(&'a str, Facet, Option<&'a str>)],
}

impl Asked<'_> {
    /// What it means; what is wrong is noted.
    pub(super) fn read(&self, taxonomy: &Taxonomy, wrong: &mut Wrong) -> Query {
        let words = self.words.map(|text| {
            let bad = |fault| bad("q", format!("`q` {fault}."));
            Query::parse(text, taxonomy).map_err(bad)
        });
        let mut query = wrong.take(words.transpose()).unwrap_or_default();
        let named = self.tag.map(|word| tag(word, taxonomy)).transpose();
        if let Some(slug) = wrong.take(named) {
            query.with_tag(&slug, taxonomy);
        }
        if let Some(stage) = wrong.take(query_code("stage", self.stage, Stage::from_code)) {
            query.with_stage(stage);
        }
        for (name, facet, word) in self.facets {
            let value = word.map(|word| value(name, *facet, word, taxonomy));
            if let Some(slug) = wrong.take(value.transpose()) {
                query.with_facet(*facet, &slug);
            }
        }
        if let Some(country) = wrong.take(query_country("market", self.market)) {
            query.with_market(country);
        }
        if let Some(language) = wrong.take(query_language("language", self.language)) {
            query.with_language(&language);
        }
        query
    }
}

/// A value of a facet by its slug or a label.
pub(super) fn value(
    name: &str,
    facet: Facet,
    word: &str,
    taxonomy: &Taxonomy,
) -> Result<Slug, Problem> {
    let found = taxonomy.facet_named(facet, word);
    let unknown = || bad(name, format!("`{name}` is none of its values."));
    found.map(|value| value.slug.clone()).ok_or_else(unknown)
}

/// A tag by its slug, a label or an alias.
pub(super) fn tag(word: &str, taxonomy: &Taxonomy) -> Result<Slug, Problem> {
    if let Some(tag) = taxonomy.resolve(word) {
        return Ok(tag.slug.clone());
    }
    let near = taxonomy.suggest(word).into_iter().map(Slug::as_str);
    let near: Vec<&str> = near.collect();
    let detail = if near.is_empty() {
        "`tag` is no tag; GET /v1/tags lists what there is.".to_owned()
    } else {
        format!("`tag` is no tag. Did you mean {}?", near.join(", "))
    };
    Err(bad("tag", detail).suggesting(near))
}

/// [`order`], noting what is wrong.
pub(super) fn order_of(text: Option<&str>, query: &Query, wrong: &mut Wrong) -> Order {
    order(text, query).unwrap_or_else(|problem| {
        wrong.note(problem);
        Order::Created
    })
}

/// In what order the list comes: as it says, else by fit where words are
/// looked for, else the oldest first.
///
/// # Errors
/// 400 for an order that there is not, or that needs words.
pub(super) fn order(text: Option<&str>, query: &Query) -> Result<Order, Problem> {
    match query_code("sort", text, Order::from_code)? {
        Some(Order::Relevance) if !query.has_words() => {
            Err(bad("sort", "`sort=relevance` needs `q`."))
        }
        Some(order) => Ok(order),
        None if query.has_words() => Ok(Order::Relevance),
        None => Ok(Order::Created),
    }
}

/// In which order of time a list comes, if it says so; what is wrong is noted.
pub(super) fn time_order(text: Option<&str>, wrong: &mut Wrong) -> Option<TimeOrder> {
    wrong.take(query_code("sort", text, TimeOrder::from_code))
}

/// The country in a query.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_country(name: &str, text: Option<&str>) -> Result<Option<Country>, Problem> {
    query_code(name, text, |text| text.parse().ok())
}

/// The currency in a query.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_currency(name: &str, text: &str) -> Result<Option<Currency>, Problem> {
    let wrong = |_| bad(name, format!("`{name}` is no ISO 4217 code in use."));
    text.parse().map(Some).map_err(wrong)
}

/// Most values of a parameter that takes several.
const VALUES: usize = 20;

/// The values of a parameter that takes several, with commas between.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_several<T>(
    name: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    if text.split(',').count() > VALUES {
        return Err(bad(
            name,
            format!("`{name}` takes at most {VALUES} values."),
        ));
    }
    let unknown = |part: &str| bad(name, format!("`{name}`: “{part}” is none of its values."));
    let read = |part: &str| read(part).ok_or_else(|| unknown(part));
    text.split(',').map(read).collect()
}

/// The time in a query, to the microsecond.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_time(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let wrong = |_| {
        bad(
            name,
            format!("`{name}` is no time such as 2026-11-01T00:00:00Z."),
        )
    };
    text.map(DateTime::parse_from_rfc3339)
        .transpose()
        .map(|at| at.map(|at| at.to_utc().trunc_subsecs(6)))
        .map_err(wrong)
}

/// When what a list is of came and when it changed, by the first and the second
/// parameter of each: `created_since`, `created_until`, `updated_since` and
/// `updated_until`.
pub(super) fn query_spans(
    [created_since, created_until]: [Option<&str>; 2],
    [updated_since, updated_until]: [Option<&str>; 2],
    wrong: &mut Wrong,
) -> (Within, Within) {
    let created = query_within(
        ("created_since", created_since),
        ("created_until", created_until),
        wrong,
    );
    let updated = query_within(
        ("updated_since", updated_since),
        ("updated_until", updated_until),
        wrong,
    );
    (created, updated)
}

/// A span of time in a query, by its two parameters.
fn query_within(
    (from, since): (&str, Option<&str>),
    (to, until): (&str, Option<&str>),
    wrong: &mut Wrong,
) -> Within {
    let since = wrong.take(query_time(from, since));
    let until = wrong.take(query_time(to, until));
    if since
        .zip(until)
        .is_some_and(|(since, until)| until <= since)
    {
        wrong.note(bad(to, format!("`{to}` is not after `{from}`.")));
    }
    Within { since, until }
}

/// The day in a query.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_day(name: &str, text: Option<&str>) -> Result<Option<NaiveDate>, Problem> {
    let wrong = || bad(name, format!("`{name}` is no day such as 2026-11-30."));
    let read = |text: &str| {
        let day: NaiveDate = text.parse().ok()?;
        (day.to_string() == text).then_some(day)
    };
    text.map(|text| read(text).ok_or_else(wrong)).transpose()
}

/// The language in a query.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn query_language(name: &str, text: Option<&str>) -> Result<Option<Language>, Problem> {
    let wrong = |_| bad(name, format!("`{name}` is no language tag such as az."));
    text.map(str::parse).transpose().map_err(wrong)
}

/// The range between two numbers, if either is there.
pub(super) fn range(
    (low, from): (&str, Option<i64>),
    (high, to): (&str, Option<i64>),
    wrong: &mut Wrong,
) -> Option<(i64, i64)> {
    if let (Some(least), Some(most)) = (from, to)
        && least > most
    {
        wrong.note(bad(
            high,
            format!("`{high}` is below `{low}`, which is {least}."),
        ));
    }
    from.or(to)?;
    Some((from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX)))
}

/// The money that amounts in a query are of, and the day of its rates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coin {
    currency: Option<Currency>,
    on: Option<NaiveDate>,
}

impl Coin {
    /// Of `currency` and `rates_on`, which stand for nothing without amounts.
    pub(super) fn read(
        currency: Option<&str>,
        on: Option<&str>,
        amounts: bool,
        wrong: &mut Wrong,
    ) -> Self {
        for (name, there) in [("currency", currency.is_some()), ("rates_on", on.is_some())] {
            if there && !amounts {
                wrong.note(bad(
                    name,
                    format!("`{name}` is for amounts, and there are none."),
                ));
            }
        }
        if amounts && currency.is_none() {
            wrong.note(bad("currency", "Amounts need a `currency`."));
        }
        let code = |code: &str| code.parse().ok();
        Self {
            currency: wrong.take(query_code("currency", currency.filter(|_| amounts), code)),
            on: wrong.take(query_day("rates_on", on.filter(|_| amounts))),
        }
    }

    /// The range between two parameters, if either is there.
    pub(super) fn range(
        self,
        (low, from): (&str, Option<i64>),
        (high, to): (&str, Option<i64>),
        wrong: &mut Wrong,
    ) -> Option<Amounts> {
        for (name, amount) in [(low, from), (high, to)] {
            if amount.is_some_and(|amount| amount < 0) {
                wrong.note(bad(name, format!("`{name}` is below zero.")));
            }
        }
        if let (Some(least), Some(most)) = (from, to)
            && least > most
        {
            wrong.note(bad(high, format!("`{high}` is below `{low}`.")));
        }
        from.or(to)?;
        Some(Amounts {
            currency: self.currency?,
            from: from.unwrap_or(0),
            to: to.unwrap_or(i64::MAX),
            on: self.on,
        })
    }
}

fn bad(name: &str, detail: impl Into<String>) -> Problem {
    Problem::parameter(name, detail)
}
