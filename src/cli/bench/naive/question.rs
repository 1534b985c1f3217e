//! A startup's question to one row after the other.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{NONE, Naive, Row, line, stage_bit, usd};
use crate::domain::compliance::{ClearanceVerdict, verdict_on};
use crate::domain::money::Currency;
use crate::domain::profile::{FRESH_DAYS, ProfileStatus};
use crate::domain::scoring::{Factor, RuleSet, WHOLE};
use crate::domain::tag::Facet;
use crate::domain::values::Stage;
use crate::matching::facts::{Setting, StartupFacts};

/// A startup as the scan asks for it.
pub(super) struct Question<'a> {
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
    pub(super) fn new(
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
    pub(super) fn score(&self, row: &Row) -> Option<i64> {
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
