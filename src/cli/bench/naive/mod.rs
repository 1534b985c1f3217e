//! The plain way that the index is measured against: every mandate in one
//! array of structs, its sets as bit masks and its tags with their parents at
//! hand, scanned from the first to the last for each startup, gates before
//! factors, the best kept in a heap. It knows every gate and factor of the
//! reference and gives the same answers; it only prunes nothing.

mod question;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::domain::country::Country;
use crate::domain::mandate::{Cheque, MandateStatus};
use crate::domain::money::{Currency, Rates};
use crate::domain::tag::{Node, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::{InvestorRole, Stage};
use crate::matching::facts::{PairFacts, Setting, StartupFacts};
use crate::matching::index::{Cleared, MandateEntry};
use question::Question;

/// Words as bits, in the order in which they came.
struct Bits<T>(HashMap<T, u32>);

impl<T> Default for Bits<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash + Clone> Bits<T> {
    fn bit(&mut self, word: &T) -> u64 {
        let next = u32::try_from(self.0.len()).unwrap_or(63).min(63);
        1 << *self.0.entry(word.clone()).or_insert(next)
    }

    fn set<'a>(&mut self, words: impl IntoIterator<Item = &'a T>) -> u64
    where
        T: 'a,
    {
        words.into_iter().fold(0, |set, word| set | self.bit(word))
    }
}

/// A tag with what is above it in a tree of three levels.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    tag: u16,
    parent: u16,
    above: u16,
    weight: u16,
}

const NONE: u16 = u16::MAX;
const TAGS: usize = 12;

/// A mandate as the scan reads it.
struct Row {
    intents: u64,
    instruments: u64,
    models: u64,
    customers: u64,
    topics: u64,
    languages: u64,
    markets: u64,
    country: u64,
    startup_countries: u64,
    excluded_countries: u64,
    cheque: Option<Cheque>,
    cheque_cents: Option<(i64, i64)>,
    cleared: Option<Cleared>,
    confirmed: Option<NaiveDate>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    published: Option<DateTime<Utc>>,
    id: Uuid,
    organization: Uuid,
    tags: [Wanted; TAGS],
    excluded: [u16; 2],
    tag_count: u8,
    stages: u8,
    role: Option<InvestorRole>,
    frozen: bool,
}

/// All mandates, ready to be scanned.
pub(super) struct Naive {
    rows: Vec<Row>,
    slugs: Bits<Slug>,
    languages: Bits<String>,
    countries: Bits<Country>,
}

/// One answer: the sum, and where it stands among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    pub(super) exact: Reverse<i64>,
    unpublished: bool,
    published: Option<DateTime<Utc>>,
    pub(super) id: Uuid,
}

fn rank(node: Node) -> u16 {
    u16::try_from(node.rank()).unwrap_or(NONE)
}

/// A tag with its parent and what is above that.
fn line(taxonomy: &Taxonomy, slug: &Slug) -> [u16; 3] {
    let mut nodes = std::iter::once(slug)
        .chain(taxonomy.ancestors(slug))
        .filter_map(|slug| taxonomy.node(slug));
    [(); 3].map(|()| nodes.next().map_or(NONE, rank))
}

impl Naive {
    pub(super) fn new(setting: &Setting<'_>, entries: &[std::sync::Arc<MandateEntry>]) -> Self {
        let mut naive = Self {
            rows: Vec::with_capacity(entries.len()),
            slugs: Bits::default(),
            languages: Bits::default(),
            countries: Bits::default(),
        };
        for entry in entries {
            let row = naive.row(setting, entry);
            naive.rows.push(row);
        }
        naive
    }

    fn row(&mut self, setting: &Setting<'_>, entry: &MandateEntry) -> Row {
        let content = &entry.mandate.content;
        let mut tags = [Wanted::default(); TAGS];
        for (place, (slug, weight)) in tags.iter_mut().zip(&content.tags) {
            let [tag, parent, above] = line(setting.taxonomy, slug);
            *place = Wanted {
                tag,
                parent,
                above,
                weight: u16::from(*weight),
            };
        }
        let mut excluded = [NONE; 2];
        for (place, slug) in excluded.iter_mut().zip(&content.excluded_tags) {
            *place = setting.taxonomy.node(slug).map_or(NONE, rank);
        }
        let live = entry.mandate.status == MandateStatus::Published;
        let languages: Vec<String> = (content.languages.iter())
            .map(|language| language.primary().to_owned())
            .collect();
        let cents = |amount, currency| usd(setting.rates, amount, currency);
        Row {
            // One that is not live has no deal to make.
            intents: if live {
                self.slugs.set(&content.deal_intents)
            } else {
                0
            },
            instruments: self.slugs.set(&content.instruments),
            models: self.slugs.set(&content.business_models),
            customers: self.slugs.set(&content.customer_types),
            topics: self.slugs.set(&content.transfer_topics),
            languages: self.languages.set(&languages),
            markets: self.countries.set(&content.markets),
            country: self.countries.set(&entry.mandate.country),
            startup_countries: self.countries.set(&content.startup_countries),
            excluded_countries: self.countries.set(&content.excluded_countries),
            cheque: content.cheque,
            cheque_cents: content.cheque.and_then(|cheque| {
                cents(cheque.min, cheque.currency).zip(cents(cheque.max, cheque.currency))
            }),
            cleared: entry.cleared,
            confirmed: entry.mandate.reconfirm_by,
            from: content.active_from,
            to: content.active_to,
            published: entry.mandate.published_at,
            id: entry.mandate.id.uuid(),
            organization: entry.mandate.organization.uuid(),
            tags,
            excluded,
            tag_count: u8::try_from(content.tags.len()).unwrap_or(u8::MAX),
            stages: content
                .stages
                .iter()
                .fold(0, |set, stage| set | stage_bit(*stage)),
            role: content.role,
            frozen: entry.frozen,
        }
    }

    /// The best `k` mandates for a startup, of those that wait for a decision
    /// too.
    pub(super) fn best(
        &mut self,
        setting: &Setting<'_>,
        startup: &StartupFacts<'_>,
        known: impl Fn(Uuid) -> PairFacts,
        k: usize,
    ) -> Vec<Answer> {
        let Some(question) = Question::new(self, setting, startup) else {
            return Vec::new();
        };
        let mut best: BinaryHeap<Answer> = BinaryHeap::with_capacity(k + 1);
        for row in &self.rows {
            let Some(exact) = question.score(row) else {
                continue;
            };
            let answer = Answer {
                exact: Reverse(exact),
                unpublished: row.published.is_none(),
                published: row.published,
                id: row.id,
            };
            if best.len() == k && best.peek().is_some_and(|worst| *worst <= answer) {
                continue;
            }
            let pair = known(row.organization);
            let suppressed = pair.suppressed_until.is_some_and(|day| setting.today < day);
            if pair.conflict || suppressed {
                continue;
            }
            best.push(answer);
            if best.len() > k {
                best.pop();
            }
        }
        best.into_sorted_vec()
    }

    /// Bytes of one mandate.
    pub(super) const fn bytes_per_mandate() -> usize {
        size_of::<Row>()
    }
}

fn usd(rates: Option<&Rates>, amount: i64, currency: Currency) -> Option<i64> {
    rates?.usd_cents(crate::domain::money::Money::new(amount, currency))
}

fn stage_bit(stage: Stage) -> u8 {
    let place = Stage::ALL.iter().position(|other| *other == stage);
    1 << place.unwrap_or(7)
}
