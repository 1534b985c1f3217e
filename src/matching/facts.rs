//! What the scorer looks at, all of it read beforehand, and what gates and
//! factors both derive from it.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::own::Own;
use super::past::Past;
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::mandate::{Cheque, Mandate};
use crate::domain::money::{Currency, Money, Rates};
use crate::domain::profile::{Round, StartupProfile};
use crate::domain::programme::Programme;
use crate::domain::revealed::Observation;
use crate::domain::scoring::{RuleSet, WHOLE};
use crate::domain::tag::{Facet, Sensitivity, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::Stage;

/// What is the same for every pair of one question.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Within which programme.
    pub programme: &'a Programme,
    /// By which rules.
    pub rules: &'a RuleSet,
    /// With which tags.
    pub taxonomy: &'a Taxonomy,
    /// Exchange rates, where there are any.
    pub rates: Option<&'a Rates>,
    /// The day it is computed for.
    pub today: NaiveDate,
    /// What investors were observed to do, where the rules count it.
    pub past: Option<&'a dyn Past>,
}

/// A startup, and what others decided about it.
#[derive(Debug, Clone, Copy)]
pub struct StartupFacts<'a> {
    /// What it says of itself.
    pub profile: &'a StartupProfile,
    /// Its firm's clearance on the day.
    pub clearance: ClearanceVerdict,
    /// Whether a freeze covers it.
    pub frozen: bool,
    /// Whether it is admitted to the programme.
    pub admitted: bool,
    /// Whether compliance released what is sensitive in it, for everybody.
    pub sensitivity_released: bool,
}

/// A mandate, and what others decided about it.
#[derive(Debug, Clone, Copy)]
pub struct MandateFacts<'a> {
    /// What it says.
    pub mandate: &'a Mandate,
    /// Its firm's clearance on the day.
    pub clearance: ClearanceVerdict,
    /// Whether a freeze covers it.
    pub frozen: bool,
    /// Whether it is admitted to the programme.
    pub admitted: bool,
}

/// What is known of the two together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairFacts {
    /// One blocked the other, or a conflict of interest is known.
    pub conflict: bool,
    /// The day from which an earlier pass or decline no longer counts.
    pub suppressed_until: Option<NaiveDate>,
    /// Whether compliance released what is sensitive, to this counterpart.
    pub sensitivity_released: bool,
}

/// One startup against one mandate.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The question.
    pub setting: &'a Setting<'a>,
    /// The startup.
    pub startup: &'a StartupFacts<'a>,
    /// The mandate.
    pub mandate: &'a MandateFacts<'a>,
    /// The two together.
    pub known: &'a PairFacts,
    /// Whether a kind of deal that both want moves shares, so that stage and
    /// cheque matter.
    pub equity: bool,
    /// What the startup brings to every pair, where it is looked up already.
    pub own: Option<&'a Own<'a>>,
    /// How stages and money stand to one another, where that is known already.
    fits: Option<&'a Fits>,
}

/// How stages and money of a pair stand to one another.
#[derive(Debug, Clone, Copy)]
pub struct Fits {
    stage: StageFit,
    cheque: ChequeFit,
}

impl<'a> Pair<'a> {
    /// Puts the two side by side.
    pub fn new(
        setting: &'a Setting<'a>,
        startup: &'a StartupFacts<'a>,
        mandate: &'a MandateFacts<'a>,
        known: &'a PairFacts,
    ) -> Self {
        let offered = &startup.profile.content.deal_intents;
        let wanted = &mandate.mandate.content.deal_intents;
        let equity = offered.intersection(wanted).any(|intent| {
            setting
                .taxonomy
                .facet_value(Facet::DealIntent, intent)
                .is_some_and(|value| value.equity)
        });
        Self {
            setting,
            startup,
            mandate,
            known,
            equity,
            own: None,
            fits: None,
        }
    }

    /// Puts the two side by side, with what the startup brings to every pair at
    /// hand.
    pub fn with_own(
        setting: &'a Setting<'a>,
        (startup, own): (&'a StartupFacts<'a>, &'a Own<'a>),
        mandate: &'a MandateFacts<'a>,
        known: &'a PairFacts,
    ) -> Self {
        Self {
            setting,
            startup,
            mandate,
            known,
            equity: own.meets_for_shares(&mandate.mandate.content.deal_intents),
            own: Some(own),
            fits: None,
        }
    }

    /// How stages and money stand to one another, for [`Self::with_fits`].
    pub fn fits(&self) -> Fits {
        Fits {
            stage: self.stages(),
            cheque: self.cheques(),
        }
    }

    /// The same with that at hand: gates and factors both ask for it.
    #[must_use]
    pub const fn with_fits(self, fits: &'a Fits) -> Self {
        Self {
            fits: Some(fits),
            ..self
        }
    }

    /// How carefully the most sensitive of the startup's tags is handled.
    pub fn sensitivity(&self) -> Sensitivity {
        self.own.map_or_else(
            || {
                let content = &self.startup.profile.content;
                content.sensitivity(self.setting.taxonomy)
            },
            Own::sensitivity,
        )
    }

    /// What was observed of the investor beside this startup.
    pub fn observation(&self) -> Option<Observation> {
        let past = self.setting.past?;
        past.observation(self.startup.profile.id, self.mandate.mandate.organization)
    }

    /// Kinds of deal that both want.
    pub fn common_intents(&self) -> impl Iterator<Item = &'a Slug> {
        let wanted = &self.mandate.mandate.content.deal_intents;
        self.startup
            .profile
            .content
            .deal_intents
            .intersection(wanted)
    }

    /// How the startup's stage stands to the mandate's.
    pub fn stages(&self) -> StageFit {
        if let Some(fits) = self.fits {
            return fits.stage;
        }
        if !self.equity {
            return StageFit::NotEquity;
        }
        let content = &self.startup.profile.content;
        let wanted = &self.mandate.mandate.content.stages;
        StageFit::where_equity(content.stage, content.effective_stage(), wanted)
    }

    /// How the mandate's cheque stands to the startup's round.
    pub fn cheques(&self) -> ChequeFit {
        if let Some(fits) = self.fits {
            return fits.cheque;
        }
        if !self.equity {
            return ChequeFit::NotEquity;
        }
        ChequeFit::where_equity(
            self.mandate.mandate.content.cheque,
            self.startup.profile.content.round.as_ref().map(Asked::of),
            self.setting.rates,
        )
    }
}

/// How a startup's stage stands to the nearest one a mandate names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageFit {
    /// No deal in common moves shares.
    NotEquity,
    /// The mandate names no stage.
    NoPreference,
    /// The startup names no stage, or a bridge from nowhere.
    Unstated,
    /// So many stages between.
    Apart(i64),
    /// One stands outside the order of rounds and the other doesn't name it.
    Incomparable,
}

impl StageFit {
    /// How a stage, and the one that stands for it in the order, stand to
    /// those wanted, where shares are wanted.
    pub fn where_equity(
        stated: Option<Stage>,
        effective: Option<Stage>,
        wanted: &BTreeSet<Stage>,
    ) -> Self {
        if wanted.is_empty() {
            return Self::NoPreference;
        }
        let Some(stated) = stated else {
            return Self::Unstated;
        };
        if wanted.contains(&stated) {
            return Self::Apart(0);
        }
        effective.map_or(Self::Unstated, |stage| nearest(stage, wanted))
    }
}

fn nearest(stage: Stage, wanted: &BTreeSet<Stage>) -> StageFit {
    let distance = |other: &Stage| {
        if *other == stage {
            return Some(0);
        }
        Some((i64::from(stage.order()?) - i64::from(other.order()?)).abs())
    };
    wanted
        .iter()
        .filter_map(distance)
        .min()
        .map_or(StageFit::Incomparable, StageFit::Apart)
}

/// How a cheque stands to a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChequeFit {
    /// No deal in common moves shares.
    NotEquity,
    /// The mandate names no cheque.
    NoPreference,
    /// The startup names no round.
    Unstated,
    /// The currencies differ, and one has no rate.
    NoRate(Amounts),
    /// Both are known.
    Compared(Comparison),
}

/// The money that a round asks for, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Asked {
    currency: Currency,
    accepted_min: i64,
    accepted_max: i64,
    target: i64,
}

impl Asked {
    /// What a round accepts and seeks.
    pub fn of(round: &Round) -> Self {
        Self {
            currency: round.currency,
            accepted_min: round.min_cheque.unwrap_or(0),
            accepted_max: round.max.unwrap_or(round.target),
            target: round.target,
        }
    }

    /// The amounts in US cents; `None` without a rate.
    pub fn in_cents(&self, rates: &Rates) -> Option<[i64; 3]> {
        let cents = |amount| rates.usd_cents(Money::new(amount, self.currency));
        Some([
            cents(self.accepted_min)?,
            cents(self.accepted_max)?,
            cents(self.target)?,
        ])
    }

    /// What the round seeks, for putting rounds of a size together.
    pub const fn target(&self) -> i64 {
        self.target
    }
}

impl ChequeFit {
    /// How a cheque stands to a round, where shares are wanted.
    pub fn where_equity(
        cheque: Option<Cheque>,
        asked: Option<Asked>,
        rates: Option<&Rates>,
    ) -> Self {
        Self::with_cents(cheque, asked, |cheque, asked| {
            Some((cheque.in_cents(rates?)?, asked.in_cents(rates?)?))
        })
    }

    /// The same with the amounts in US cents at hand.
    pub fn with_cents(
        cheque: Option<Cheque>,
        asked: Option<Asked>,
        cents: impl FnOnce(Cheque, Asked) -> Option<([i64; 2], [i64; 3])>,
    ) -> Self {
        let Some(cheque) = cheque else {
            return Self::NoPreference;
        };
        let Some(asked) = asked else {
            return Self::Unstated;
        };
        let amounts = Amounts {
            cheque_currency: cheque.currency,
            cheque_min: cheque.min,
            cheque_max: cheque.max,
            round_currency: asked.currency,
            accepted_min: asked.accepted_min,
            accepted_max: asked.accepted_max,
            target: asked.target,
        };
        let converted = cheque.currency != asked.currency;
        let compared = if converted {
            let Some(([cheque_min, cheque_max], [accepted_min, accepted_max, target])) =
                cents(cheque, asked)
            else {
                return Self::NoRate(amounts);
            };
            Amounts {
                cheque_currency: Currency::USD,
                cheque_min,
                cheque_max,
                round_currency: Currency::USD,
                accepted_min,
                accepted_max,
                target,
            }
        } else {
            amounts
        };
        Self::Compared(Comparison {
            overlap: compared.overlap(),
            flexible: cheque.flexible,
            share: compared.share_of_target(),
            amounts,
            converted,
        })
    }

    /// Whether exchange rates were used.
    pub const fn converted(&self) -> bool {
        matches!(
            self,
            Self::Compared(Comparison {
                converted: true,
                ..
            })
        )
    }
}

/// A cheque beside a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// Whether the ranges meet.
    pub overlap: Overlap,
    /// Whether the cheque's bounds give way.
    pub flexible: bool,
    /// The greatest cheque as a share of the target, in bp, rounded down.
    pub share: i64,
    /// As the two stated them.
    pub amounts: Amounts,
    /// Whether exchange rates were used.
    pub converted: bool,
}

/// Whether two ranges meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// They do.
    Meets,
    /// The greatest cheque is too small.
    TooSmall,
    /// The smallest cheque is too large.
    TooLarge,
}

/// A cheque and what a round accepts, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    cheque_currency: Currency,
    cheque_min: i64,
    cheque_max: i64,
    round_currency: Currency,
    accepted_min: i64,
    accepted_max: i64,
    target: i64,
}

impl Amounts {
    /// The smallest cheque.
    pub const fn cheque_min(&self) -> Money {
        Money::new(self.cheque_min, self.cheque_currency)
    }

    /// The greatest cheque.
    pub const fn cheque_max(&self) -> Money {
        Money::new(self.cheque_max, self.cheque_currency)
    }

    /// The smallest cheque the round accepts.
    pub const fn accepted_min(&self) -> Money {
        Money::new(self.accepted_min, self.round_currency)
    }

    /// The greatest cheque the round accepts.
    pub const fn accepted_max(&self) -> Money {
        Money::new(self.accepted_max, self.round_currency)
    }

    /// What the round seeks.
    pub const fn target(&self) -> Money {
        Money::new(self.target, self.round_currency)
    }

    const fn overlap(&self) -> Overlap {
        if self.cheque_max < self.accepted_min {
            Overlap::TooSmall
        } else if self.cheque_min > self.accepted_max {
            Overlap::TooLarge
        } else {
            Overlap::Meets
        }
    }

    /// In bp; a round that seeks nothing counts as one that seeks a cent.
    fn share_of_target(&self) -> i64 {
        let target = self.target.max(1);
        if let Some(share) = self.cheque_max.checked_mul(WHOLE) {
            return share / target;
        }
        let share = i128::from(self.cheque_max) * i128::from(WHOLE) / i128::from(target);
        i64::try_from(share).unwrap_or(i64::MAX)
    }
}
