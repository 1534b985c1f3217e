//! The plain way that the index is measured against: every mandate in one
//! array of structs, its sets as bit masks and its tags with their parents at
//! hand, scanned from the first to the last for each startup, gates before
//! factors, the best kept in a heap. It knows every gate and factor of the
//! reference and gives the same answers; it only prunes nothing.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::hash::Hash;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::domain::compliance::{ClearanceVerdict, verdict_on};
use crate::domain::country::Country;
use crate::domain::mandate::{Cheque, MandateStatus};
use crate::domain::money::{Currency, Rates};
use crate::domain::profile::{FRESH_DAYS, ProfileStatus};
use crate::domain::scoring::{Factor, RuleSet, WHOLE};
use crate::domain::tag::{Facet, Node, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::{InvestorRole, Stage};
use crate::matching::facts::{PairFacts, Setting, StartupFacts};
use crate::matching::index::{Cleared, MandateEntry};

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

/// A startup as the scan asks for it.
struct Question<'a> {
    setting: &'a Setting<'a>,
    intents: u64,
    equity: u64,
    intents_len: u32,
    instruments: u64,
    models: u64,
    customers: u64,
    topics: u64,
    languages: u64,
    markets_wanted: u64,
    markets_now: u64,
    country: u64,
    joined: u64,
    stage: Option<Stage>,
    effective: Option<Stage>,
    round: Option<Asked>,
    lead_wanted: bool,
    tags: Vec<Own>,
    tag_weights: i64,
    evidence: i64,
    weights: Weights,
}

struct Own {
    line: [u16; 3],
    weight: i64,
}

struct Asked {
    currency: Currency,
    own: [i64; 3],
    cents: Option<[i64; 3]>,
}

struct Weights {
    tags: i64,
    stage: i64,
    cheque: i64,
    intent: i64,
    market: i64,
    business: i64,
    topics: i64,
    instrument: i64,
    evidence: i64,
    language: i64,
}

impl Weights {
    fn of(rules: &RuleSet) -> Self {
        let of = |factor| rules.weights.get(&factor).copied().unwrap_or(0);
        Self {
            tags: of(Factor::Tags),
            stage: of(Factor::Stage),
            cheque: of(Factor::Cheque),
            intent: of(Factor::DealIntent),
            market: of(Factor::Market),
            business: of(Factor::BusinessModel),
            topics: of(Factor::TransferTopics),
            instrument: of(Factor::InstrumentRole),
            evidence: of(Factor::Evidence),
            language: of(Factor::Language),
        }
    }
}

impl<'a> Question<'a> {
    fn new(
        naive: &mut Naive,
        setting: &'a Setting<'a>,
        startup: &StartupFacts<'_>,
    ) -> Option<Self> {
        let profile = startup.profile;
        let content = &profile.content;
        let today = setting.today;
        let stale = profile.reconfirm_by.is_some_and(|day| day < today);
        if profile.status != ProfileStatus::Published
            || stale
            || startup.frozen
            || startup.clearance == ClearanceVerdict::Blocked
            || !startup.admitted
            || !setting.programme.in_force_on(today)
        {
            return None;
        }
        let languages: BTreeSet<String> = (content.languages.iter())
            .map(|language| language.primary().to_owned())
            .collect();
        let rules = setting.rules;
        let tags: Vec<Own> = content
            .all_tags()
            .map(|slug| {
                let primary = content.primary_tags.contains(slug);
                let times = if primary { rules.primary_times } else { 1 };
                Own {
                    line: line(setting.taxonomy, slug),
                    weight: times * rules.rarity.get(slug).copied().unwrap_or(WHOLE),
                }
            })
            .collect();
        let corridors = setting.programme.details.corridors.iter();
        let joined = corridors.filter(|one| Some(one.startup) == profile.country);
        let traction = &content.traction;
        let facts = i64::from(traction.revenue_12m.is_some())
            + i64::from(traction.growth_pct.is_some())
            + i64::from(traction.customers.is_some())
            + i64::from(traction.pilots.is_some());
        let given = facts * WHOLE / 4;
        let evidence = profile.reconfirm_by.map_or(given, |until| {
            let confirmed = until - chrono::TimeDelta::days(FRESH_DAYS);
            let days = (today - confirmed).num_days().max(0);
            i64::midpoint(given, rules.recency.at(days))
        });
        let equity = content.deal_intents.iter().filter(|intent| {
            let value = setting.taxonomy.facet_value(Facet::DealIntent, intent);
            value.is_some_and(|value| value.equity)
        });
        let round = content.round.as_ref();
        Some(Self {
            setting,
            intents: naive.slugs.set(&content.deal_intents),
            equity: naive.slugs.set(equity),
            intents_len: u32::try_from(content.deal_intents.len()).unwrap_or(0),
            instruments: round.map_or(0, |round| naive.slugs.set(&round.instruments)),
            models: naive.slugs.set(&content.business_models),
            customers: naive.slugs.set(&content.customer_types),
            topics: naive.slugs.set(&content.transfer_topics),
            languages: naive.languages.set(&languages),
            markets_wanted: naive.countries.set(&content.markets_wanted),
            markets_now: naive.countries.set(&content.markets_now),
            country: naive.countries.set(&profile.country),
            joined: naive.countries.set(joined.map(|one| &one.investor)),
            stage: content.stage,
            effective: content.effective_stage(),
            round: round.map(|round| {
                let own = [
                    round.min_cheque.unwrap_or(0),
                    round.max.unwrap_or(round.target),
                    round.target,
                ];
                let [a, b, c] = own.map(|amount| usd(setting.rates, amount, round.currency));
                Asked {
                    currency: round.currency,
                    own,
                    cents: a.zip(b).zip(c).map(|((a, b), c)| [a, b, c]),
                }
            }),
            lead_wanted: round.is_some_and(|round| round.lead_wanted),
            tag_weights: tags.iter().map(|tag| tag.weight).sum(),
            tags,
            evidence,
            weights: Weights::of(rules),
        })
    }

    /// The exact sum; `None` when a gate rules the mandate out.
    fn score(&self, row: &Row) -> Option<i64> {
        let today = self.setting.today;
        if self.intents != 0 && row.intents != 0 && self.intents & row.intents == 0 {
            return None;
        }
        let over = |day: Option<NaiveDate>| day.is_some_and(|day| day < today);
        if over(row.confirmed)
            || over(row.to)
            || row.from.is_some_and(|day| day > today)
            || row.frozen
        {
            return None;
        }
        if self.country != 0 && row.country != 0 && row.country & self.joined == 0 {
            return None;
        }
        if let Some(cleared) = row.cleared
            && verdict_on(cleared.verdict, cleared.valid_to, today) == ClearanceVerdict::Blocked
        {
            return None;
        }
        if self.country != 0
            && (row.excluded_countries & self.country != 0
                || row.startup_countries != 0 && row.startup_countries & self.country == 0)
        {
            return None;
        }
        let equity = self.equity & row.intents != 0;
        let mut sum = self.weights.evidence * self.evidence;
        if equity {
            sum += self.weights.stage * self.stage(row)?;
            sum += self.weights.cheque * self.cheque(row)?;
        }
        if row.excluded != [NONE; 2] && self.is_excluded(row) {
            return None;
        }
        sum += self.weights.intent
            * share(
                self.intents & row.intents,
                self.intents_len.min(row.intents.count_ones()),
            )
            .unwrap_or(0);
        sum += self.weights.market * self.market(row);
        sum += self.weights.business * self.business(row);
        sum += self.weights.topics * self.topics(row);
        sum += self.weights.instrument * self.instrument(row);
        sum += self.weights.language * self.language(row);
        sum += self.weights.tags * self.tags(row);
        Some(sum)
    }

    /// 0 for what isn't known, none for what is too far.
    fn stage(&self, row: &Row) -> Option<i64> {
        let rules = self.setting.rules;
        let Some(stage) = self.stage.filter(|_| row.stages != 0) else {
            return Some(0);
        };
        if stage_bit(stage) & row.stages != 0 {
            return Some(rules.stage.at(0));
        }
        let Some(effective) = self.effective else {
            return Some(0);
        };
        if stage_bit(effective) & row.stages != 0 {
            return Some(rules.stage.at(0));
        }
        let own = i64::from(effective.order()?);
        let distance = Stage::ALL
            .iter()
            .filter(|stage| stage_bit(**stage) & row.stages != 0)
            .filter_map(|stage| Some((own - i64::from(stage.order()?)).abs()))
            .min()?;
        (distance <= rules.max_stage_distance).then(|| rules.stage.at(distance))
    }

    fn cheque(&self, row: &Row) -> Option<i64> {
        let rules = self.setting.rules;
        let (Some(cheque), Some(round)) = (row.cheque, &self.round) else {
            return Some(0);
        };
        let ([least, most, target], (min, max)) = if cheque.currency == round.currency {
            (round.own, (cheque.min, cheque.max))
        } else {
            match (round.cents, row.cheque_cents) {
                (Some(round), Some(cheque)) => (round, cheque),
                _ => return Some(0),
            }
        };
        if max >= least && min <= most {
            Some(rules.cheque.at(max * WHOLE / target.max(1)))
        } else {
            cheque.flexible.then_some(rules.cheque_flexible)
        }
    }

    fn is_excluded(&self, row: &Row) -> bool {
        let excluded = row.excluded.iter().filter(|tag| **tag != NONE);
        excluded
            .into_iter()
            .any(|tag| self.tags.iter().any(|own| own.line.contains(tag)))
    }

    fn market(&self, row: &Row) -> i64 {
        let rules = self.setting.rules;
        let opened = if row.markets == 0 {
            row.country
        } else {
            row.markets
        };
        if opened & self.markets_wanted != 0 {
            rules.market_opened
        } else if opened & self.markets_now != 0 {
            rules.market_present
        } else {
            0
        }
    }

    fn business(&self, row: &Row) -> i64 {
        mean(
            overlap(self.models, row.models),
            overlap(self.customers, row.customers),
        )
    }

    fn topics(&self, row: &Row) -> i64 {
        share(self.topics & row.topics, row.topics.count_ones()).unwrap_or(0)
    }

    fn instrument(&self, row: &Row) -> i64 {
        if self.round.is_none() {
            return 0;
        }
        let rules = self.setting.rules;
        let values = if self.lead_wanted {
            &rules.lead_wanted
        } else {
            &rules.lead_not_wanted
        };
        mean(
            overlap(self.instruments, row.instruments),
            row.role.map(|role| values.of(role)),
        )
    }

    fn language(&self, row: &Row) -> i64 {
        if self.languages & row.languages != 0 {
            self.setting.rules.language_common
        } else {
            0
        }
    }

    fn tags(&self, row: &Row) -> i64 {
        let rules = self.setting.rules;
        let [one, two, three] = rules.tag_weights;
        let wanted = row.tags.iter().take(usize::from(row.tag_count));
        let mut sum = 0;
        for own in &self.tags {
            let [tag, parent, above] = own.line;
            let mut best = 0;
            for theirs in wanted.clone() {
                let kinship = if theirs.tag == tag {
                    rules.tag_values.same
                } else if theirs.tag == parent || theirs.tag == above {
                    rules.tag_values.parent
                } else if theirs.parent == tag || theirs.above == tag {
                    rules.tag_values.child
                } else if parent != NONE && theirs.parent == parent {
                    rules.tag_values.sibling
                } else {
                    continue;
                };
                let weight = match theirs.weight {
                    0 | 1 => one,
                    2 => two,
                    _ => three,
                };
                best = best.max(kinship * weight / WHOLE);
            }
            sum += own.weight * best;
        }
        if row.tag_count == 0 || self.tag_weights == 0 {
            0
        } else {
            sum / self.tag_weights
        }
    }
}

fn share(common: u64, whole: u32) -> Option<i64> {
    (whole > 0).then(|| i64::from(common.count_ones()) * WHOLE / i64::from(whole))
}

fn overlap(a: u64, b: u64) -> Option<i64> {
    share(a & b, a.count_ones().min(b.count_ones()))
}

fn mean(a: Option<i64>, b: Option<i64>) -> i64 {
    match (a, b) {
        (Some(a), Some(b)) => i64::midpoint(a, b),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => 0,
    }
}
