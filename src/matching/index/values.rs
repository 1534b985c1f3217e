//! Values and gates that both directions have in common.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::store::{ANY_SECTOR, NO_SECTOR};
use super::table::Worth;
use super::vocabulary::{Mask, Vocabulary, mask};
use crate::domain::compliance::{ClearanceVerdict, verdict_on};
use crate::domain::scoring::{GateVerdict as Verdict, Reason, RuleSet};
use crate::domain::tag::{Facet, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::values::InvestorRole;
use crate::matching::factors::{self, mean};
use crate::matching::facts::{ChequeFit, StageFit};
use crate::matching::gates;
use crate::matching::voice::Silent;

/// A firm's last clearance; what it says depends on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cleared {
    /// What came out.
    pub verdict: ClearanceVerdict,
    /// Last day on which it holds.
    pub valid_to: NaiveDate,
}

/// What a clearance says on a day; a firm without one waits.
pub(super) fn clearance_on(cleared: Option<Cleared>, day: NaiveDate) -> ClearanceVerdict {
    cleared.map_or(ClearanceVerdict::Review, |held| {
        verdict_on(held.verdict, held.valid_to, day)
    })
}

/// What two lists have in common, as a share of the shorter one, in bp.
pub(super) fn overlap(a: Mask, b: Mask) -> Option<i64> {
    factors::share(a.common(b), a.len().min(b.len()))
}

/// Says that a record's tags don't fit the column.
pub(super) const TAGS_BEYOND: u16 = u16::MAX;

/// Tags that a record may have in the column.
pub(super) const MOST_TAGS: usize = 64;

/// The sectors of a column's tags, whose numbers stand above so many bits.
pub(super) fn sectors(words: &Vocabulary, tags: &[u16], bits: u32) -> u64 {
    match tags {
        [] => NO_SECTOR,
        [TAGS_BEYOND] => ANY_SECTOR,
        tags => {
            let sectors = tags.iter().map(|tag| words.sector(tag >> bits));
            sectors.fold(0, |all, sector| all | sector)
        }
    }
}

/// Puts like beside like: by kinds of deal, stages and size.
pub(super) fn order<const C: usize>(codes: &[u16; C], amount: i64) -> u32 {
    let code = |at: usize, most: u16| codes.get(at).map_or(0, |code| u32::from(*code.min(&most)));
    // Twice the binary logarithm.
    let bits = i64::BITS - amount.leading_zeros();
    let half = u32::from(bits > 1 && amount >> (bits.saturating_sub(2)) & 1 == 1);
    code(0, 2_047) << 14 | code(1, 127) << 7 | (2 * bits + half).min(127)
}

/// The one sector at which a record counts for a question about `asked`.
pub(super) fn home(sectors: u64, asked: u64) -> u64 {
    let lowest = |bits: u64| bits & bits.wrapping_neg();
    match sectors & asked {
        0 => lowest(sectors),
        shared => lowest(shared),
    }
}

/// Whether a firm's standing lets it pass.
pub(super) fn standing(cleared: Option<Cleared>, frozen: bool, today: NaiveDate) -> Verdict {
    match clearance_on(cleared, today) {
        _ if frozen => Verdict::Fail,
        ClearanceVerdict::Blocked => Verdict::Fail,
        ClearanceVerdict::Review => Verdict::Unknown,
        ClearanceVerdict::Clear | ClearanceVerdict::ClearEnhanced => Verdict::Pass,
    }
}

pub(super) fn stage_worth(rules: &RuleSet, weight: i32, fit: StageFit) -> Worth {
    let value = factors::fitting_stage::<Silent>(rules, fit, Reason::plain).value;
    let answer = gates::fitting_stage::<Silent>(rules, fit, Reason::plain);
    Worth::of(weight, value).behind(answer.verdict)
}

pub(super) fn cheque_worth(rules: &RuleSet, weight: i32, fit: ChequeFit) -> Worth {
    let value = factors::fitting_cheque::<Silent>(rules, fit).value;
    let answer = gates::fitting_cheque::<Silent>(fit);
    Worth::of(weight, value).behind(answer.verdict)
}

/// How many of the practices wanted are taught.
pub(super) fn topics_value(taught: Mask, wanted: Mask) -> Option<i64> {
    if taught.is_empty() {
        return None;
    }
    factors::share(taught.common(wanted), wanted.len())
}

/// The value of paper and part for a round; `None` for what isn't said.
pub(super) fn paper_value(
    rules: &RuleSet,
    round: Option<(Mask, bool)>,
    accepted: Mask,
    role: Option<InvestorRole>,
) -> Option<i64> {
    let (instruments, lead_wanted) = round?;
    let values = if lead_wanted {
        &rules.lead_wanted
    } else {
        &rules.lead_not_wanted
    };
    let instruments = overlap(instruments, accepted);
    let role = role.map(|role| values.of(role));
    (instruments.is_some() || role.is_some()).then(|| mean([instruments, role]))
}

/// The value of working languages; `None` when a side states none.
pub(super) fn language_value(rules: &RuleSet, ours: Mask, theirs: Mask) -> Option<i64> {
    if ours.is_empty() || theirs.is_empty() {
        None
    } else if ours.meets(theirs) {
        Some(rules.language_common)
    } else {
        Some(0)
    }
}

/// The kinds of deal that move shares.
pub(super) fn equity(taxonomy: &Taxonomy, words: &Vocabulary, intents: &BTreeSet<Slug>) -> Mask {
    let equity = intents.iter().filter(|intent| {
        let value = taxonomy.facet_value(Facet::DealIntent, intent);
        value.is_some_and(|value| value.equity)
    });
    mask(&words.intents, equity)
}

/// Whether a confirmation holds.
pub(super) fn fresh(until: Option<NaiveDate>, today: NaiveDate) -> Verdict {
    match until {
        None => Verdict::Unknown,
        Some(day) if day < today => Verdict::Fail,
        Some(_) => Verdict::Pass,
    }
}
