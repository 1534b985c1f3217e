//! A mandate's question to startups, compiled column by column.

use chrono::NaiveDate;

use super::super::search::{BEFORE, Deal, Plan};
use super::super::table::{Half, Table, Worth, most, weight};
use super::super::values::{
    cheque_worth, equity, language_value, overlap, paper_value, stage_worth, topics_value,
};
use super::super::vocabulary::{Mask, Vocabulary, Words, mask};
use super::asking::Asking;
use super::{Keys, SCORED, Staged};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::MandateStatus;
use crate::domain::scoring::{Factor, GateVerdict as Verdict};
use crate::matching::factors::{days_since_confirmed, evidence_value};
use crate::matching::facts::{ChequeFit, MandateFacts, Setting, StageFit};

/// A mandate's question.
pub(in crate::matching::index) struct Question<'a> {
    pub(in crate::matching::index) setting: &'a Setting<'a>,
    pub(in crate::matching::index) mandate: &'a MandateFacts<'a>,
    pub(in crate::matching::index) words: &'a Vocabulary,
    pub(in crate::matching::index) keys: &'a Keys,
    /// What rounds ask for in US cents, by code.
    pub(in crate::matching::index) cents: &'a [Option<[i64; 3]>],
    /// How much each tag counts for being rare, by its number.
    pub(in crate::matching::index) rarity: &'a [i64],
    /// Whether pairs that wait for a decision are wanted.
    pub(in crate::matching::index) doubt_wanted: bool,
}

impl<'a> Question<'a> {
    fn weight(&self, factor: Factor) -> i32 {
        weight(self.setting.rules, factor)
    }

    fn table<K>(&self, words: &Words<K>, weight: i32, worth: impl FnMut(&K) -> Worth) -> Table {
        Table::new(words, most(weight), self.doubt_wanted, worth)
    }

    /// Compiles it; `None` when the mandate's side rules everything out.
    pub(in crate::matching::index) fn plan(&self) -> Option<Plan<{ SCORED - BEFORE }>> {
        let fixed = self.fixed()?;
        let content = &self.mandate.mandate.content;
        let wanted = mask(&self.words.intents, &content.deal_intents);
        let equity = equity(self.setting.taxonomy, self.words, &content.deal_intents);
        let models = mask(&self.words.models, &content.business_models);
        let customers = mask(&self.words.customers, &content.customer_types);
        let intents = self.intents(wanted);
        Some(Plan {
            fixed,
            deals: Deal::all(
                &intents,
                (self.keys.intents.keys.iter()).map(|offered| offered.meets(equity)),
            ),
            intents,
            stages: self.stages(),
            money: self.rounds(),
            models: Half::new(&self.keys.models, |ours| overlap(*ours, models)),
            customers: Half::new(&self.keys.customers, |ours| overlap(*ours, customers)),
            business_weight: self.weight(Factor::BusinessModel),
            others: [self.topics(), self.papers(), self.languages(), self.terms()],
        })
    }

    /// What doesn't depend on the startup.
    fn fixed(&self) -> Option<Worth> {
        let Setting {
            programme, today, ..
        } = *self.setting;
        let mandate = self.mandate.mandate;
        let content = &mandate.content;
        let over = |day: Option<NaiveDate>| day.is_some_and(|day| day < today);
        if mandate.status != MandateStatus::Published
            || over(mandate.reconfirm_by)
            || over(content.active_to)
            || content.active_from.is_some_and(|day| day > today)
            || !programme.in_force_on(today)
            || !self.mandate.admitted
            || self.mandate.clearance == ClearanceVerdict::Blocked
            || self.mandate.frozen
        {
            return None;
        }
        let doubt = mandate.reconfirm_by.is_none()
            || mandate.country.is_none()
            || self.mandate.clearance == ClearanceVerdict::Review;
        (self.doubt_wanted || !doubt).then(|| Worth {
            doubt,
            ..Worth::default()
        })
    }

    fn intents(&self, wanted: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&self.keys.intents, weight, |offered| {
            let verdict = if offered.is_empty() || wanted.is_empty() {
                Verdict::Unknown
            } else if offered.meets(wanted) {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            Worth::of(weight, overlap(*offered, wanted)).behind(verdict)
        })
    }

    fn stages(&self) -> Table {
        let weight = self.weight(Factor::Stage);
        let wanted = &self.mandate.mandate.content.stages;
        self.table(&self.keys.stages, weight, |Staged { stated, effective }| {
            let fit = StageFit::where_equity(*stated, *effective, wanted);
            stage_worth(self.setting.rules, weight, fit)
        })
    }

    fn rounds(&self) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let cheque = self.mandate.mandate.content.cheque;
        let of_cheque = cheque
            .zip(rates)
            .and_then(|(cheque, rates)| cheque.in_cents(rates));
        let mut cents = self.cents.iter();
        self.table(&self.keys.rounds, weight, |asked| {
            let of_round = cents.next().copied().flatten();
            let fit = ChequeFit::with_cents(cheque, *asked, |_, _| of_cheque.zip(of_round));
            cheque_worth(rules, weight, fit)
        })
    }

    fn topics(&self) -> Table {
        let weight = self.weight(Factor::TransferTopics);
        let wanted = &self.mandate.mandate.content.transfer_topics;
        let wanted = mask(&self.words.topics, wanted);
        self.table(&self.keys.topics, weight, |taught| {
            Worth::of(weight, topics_value(*taught, wanted))
        })
    }

    fn papers(&self) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let content = &self.mandate.mandate.content;
        let accepted = mask(&self.words.instruments, &content.instruments);
        self.table(&self.keys.papers, weight, |round| {
            let value = paper_value(self.setting.rules, *round, accepted, content.role);
            Worth::of(weight, value)
        })
    }

    fn languages(&self) -> Table {
        let weight = self.weight(Factor::Language);
        let theirs = self
            .words
            .languages(&self.mandate.mandate.content.languages);
        self.table(&self.keys.languages, weight, |ours| {
            Worth::of(weight, language_value(self.setting.rules, *ours, theirs))
        })
    }

    /// The startup's freshness and evidence, and what its country means.
    fn terms(&self) -> Table {
        let weight = self.weight(Factor::Evidence);
        let Setting {
            rules,
            programme,
            today,
            ..
        } = *self.setting;
        let mandate = self.mandate.mandate;
        let content = &mandate.content;
        let corridors = programme.details.corridors.iter();
        let joined = self.words.countries(
            corridors
                .filter(|corridor| Some(corridor.investor) == mandate.country)
                .map(|corridor| &corridor.startup),
        );
        let wanted = self.words.countries(&content.startup_countries);
        let unwanted = self.words.countries(&content.excluded_countries);
        let anywhere = content.startup_countries.is_empty();
        self.table(&self.keys.terms, weight, |term| {
            let country = term.country;
            let stale = term.confirmed.is_some_and(|day| day < today);
            let known = !country.is_empty();
            let apart = known && mandate.country.is_some() && !country.meets(joined);
            let excluded =
                known && (country.meets(unwanted) || !anywhere && !country.meets(wanted));
            let verdict = if stale || apart || excluded {
                Verdict::Fail
            } else if term.confirmed.is_none() || !known {
                // An unknown country is in doubt for the programme already.
                Verdict::Unknown
            } else {
                Verdict::Pass
            };
            let days = (term.confirmed).map(|until| days_since_confirmed(until, today));
            let value = evidence_value(rules, term.facts, days);
            Worth::of(weight, Some(value)).behind(verdict)
        })
    }

    /// The parts that no table holds.
    pub(in crate::matching::index) fn ask(&self) -> Asking<'a> {
        Asking::new(self)
    }
}
