//! A startup's question to mandates, compiled column by column.

use super::super::search::{BEFORE, Deal, Plan};
use super::super::table::{Half, Table, Worth, most, weight};
use super::super::values::{
    cheque_worth, equity, language_value, overlap, paper_value, stage_worth, topics_value,
};
use super::super::vocabulary::{Mask, Vocabulary, Words, mask};
use super::asking::Asking;
use super::tags::WantedTags;
use super::{Keys, Paper, SCORED};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::profile::ControlAnswers;
use crate::domain::scoring::{Factor, GateVerdict as Verdict};
use crate::domain::tag::Sensitivity;
use crate::domain::text::Slug;
use crate::matching::factors::tags::tag_weight;
use crate::matching::factors::{days_since_confirmed, evidence_value, traction_facts};
use crate::matching::facts::{Asked, ChequeFit, Setting, StageFit, StartupFacts};

/// A startup's question.
pub(in crate::matching::index) struct Question<'a> {
    pub(in crate::matching::index) setting: &'a Setting<'a>,
    pub(in crate::matching::index) startup: &'a StartupFacts<'a>,
    pub(in crate::matching::index) words: &'a Vocabulary,
    pub(in crate::matching::index) keys: &'a Keys,
    /// The cheques in US cents, by code.
    pub(in crate::matching::index) cents: &'a [Option<[i64; 2]>],
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

    /// Compiles it; `None` when the startup's side rules everything out.
    pub(in crate::matching::index) fn plan(&self) -> Option<Plan<{ SCORED - BEFORE }>> {
        let content = &self.startup.profile.content;
        let fixed = self.fixed()?;
        let offered = mask(&self.words.intents, &content.deal_intents);
        let equity = equity(self.setting.taxonomy, self.words, &content.deal_intents);
        let models = mask(&self.words.models, &content.business_models);
        let customers = mask(&self.words.customers, &content.customer_types);
        let intents = self.intents(offered);
        Some(Plan {
            fixed,
            deals: Deal::all(
                &intents,
                (self.keys.intents.keys.iter()).map(|wanted| wanted.meets(equity)),
            ),
            intents,
            stages: self.stages(),
            money: self.cheques(),
            models: Half::new(&self.keys.models, |theirs| overlap(models, *theirs)),
            customers: Half::new(&self.keys.customers, |theirs| overlap(customers, *theirs)),
            business_weight: self.weight(Factor::BusinessModel),
            others: [self.topics(), self.papers(), self.languages()],
        })
    }

    /// What doesn't depend on the mandate.
    fn fixed(&self) -> Option<Worth> {
        let Setting {
            programme,
            rules,
            taxonomy,
            today,
            ..
        } = *self.setting;
        let profile = self.startup.profile;
        let content = &profile.content;
        let scope = &programme.details.scope_tags;
        let in_scope = |tag: &Slug| {
            scope.contains(tag) || taxonomy.ancestors(tag).any(|above| scope.contains(above))
        };
        let level = content.sensitivity(taxonomy);
        let stale = profile.reconfirm_by.is_some_and(|day| day < today);
        if !crate::matching::index::is_live_startup(profile)
            || stale
            || !programme.in_force_on(today)
            || !self.startup.admitted
            || !(scope.is_empty() || content.all_tags().any(in_scope))
            || self.startup.clearance == ClearanceVerdict::Blocked
            || level == Sensitivity::Prohibited
            || self.startup.frozen
        {
            return None;
        }
        let answers = content.controls.as_ref();
        let answered = answers.is_some_and(ControlAnswers::needs_review);
        let days = (profile.reconfirm_by).map(|until| days_since_confirmed(until, today));
        let facts = traction_facts(&content.traction);
        let evidence = evidence_value(rules, facts, days);
        let doubt = profile.reconfirm_by.is_none()
            || profile.country.is_none()
            || self.startup.clearance == ClearanceVerdict::Review;
        let sensitive =
            (level != Sensitivity::None || answered) && !self.startup.sensitivity_released;
        (self.doubt_wanted || !doubt).then(|| Worth {
            doubt,
            sensitive,
            ..Worth::of(self.weight(Factor::Evidence), Some(evidence))
        })
    }

    fn intents(&self, offered: Mask) -> Table {
        let weight = self.weight(Factor::DealIntent);
        self.table(&self.keys.intents, weight, |wanted| {
            let verdict = if offered.is_empty() || wanted.is_empty() {
                Verdict::Unknown
            } else if offered.meets(*wanted) {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            Worth::of(weight, overlap(offered, *wanted)).behind(verdict)
        })
    }

    fn stages(&self) -> Table {
        let weight = self.weight(Factor::Stage);
        let rules = self.setting.rules;
        let content = &self.startup.profile.content;
        self.table(&self.keys.stages, weight, |wanted| {
            let fit = StageFit::where_equity(content.stage, content.effective_stage(), wanted);
            stage_worth(rules, weight, fit)
        })
    }

    fn cheques(&self) -> Table {
        let weight = self.weight(Factor::Cheque);
        let Setting { rules, rates, .. } = *self.setting;
        let asked = self.startup.profile.content.round.as_ref().map(Asked::of);
        let of_round = asked
            .zip(rates)
            .and_then(|(asked, rates)| asked.in_cents(rates));
        let mut cents = self.cents.iter();
        self.table(&self.keys.cheques, weight, |cheque| {
            let of_cheque = cents.next().copied().flatten();
            let fit = ChequeFit::with_cents(*cheque, asked, |_, _| of_cheque.zip(of_round));
            cheque_worth(rules, weight, fit)
        })
    }

    fn topics(&self) -> Table {
        let weight = self.weight(Factor::TransferTopics);
        let taught = mask(
            &self.words.topics,
            &self.startup.profile.content.transfer_topics,
        );
        self.table(&self.keys.topics, weight, |wanted| {
            Worth::of(weight, topics_value(taught, *wanted))
        })
    }

    fn papers(&self) -> Table {
        let weight = self.weight(Factor::InstrumentRole);
        let round = self.startup.profile.content.round.as_ref();
        let ours = round.map(|round| {
            let instruments = mask(&self.words.instruments, &round.instruments);
            (instruments, round.lead_wanted)
        });
        self.table(&self.keys.papers, weight, |Paper { instruments, role }| {
            Worth::of(
                weight,
                paper_value(self.setting.rules, ours, *instruments, *role),
            )
        })
    }

    fn languages(&self) -> Table {
        let weight = self.weight(Factor::Language);
        let ours = self
            .words
            .languages(&self.startup.profile.content.languages);
        self.table(&self.keys.languages, weight, |theirs| {
            Worth::of(weight, language_value(self.setting.rules, ours, *theirs))
        })
    }

    /// The parts that no table holds.
    pub(in crate::matching::index) fn ask(&self) -> Asking<'a> {
        Asking::new(self)
    }

    /// What each wanted tag makes of each of the startup's.
    pub(super) fn tags(&self) -> WantedTags {
        let Setting {
            rules, taxonomy, ..
        } = *self.setting;
        let content = &self.startup.profile.content;
        let ours: Vec<(&Slug, i64)> = content
            .all_tags()
            .map(|tag| {
                let primary = content.primary_tags.contains(tag);
                (tag, tag_weight(rules, tag, primary))
            })
            .collect();
        WantedTags::new(rules, taxonomy, self.words, &ours)
    }
}
