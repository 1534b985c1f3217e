//! How close the tags are: the weighted mean over the startup's tags of the
//! most that any wanted tag makes of each.

use std::collections::BTreeSet;

use super::{Pair, Value, Voice, unknown};
use crate::domain::scoring::{Place, Reason, ReasonKey as Key, RuleSet, Var, WHOLE};
use crate::domain::tag::Kinship;
use crate::domain::text::Slug;

/// The mean, weighted by rarity; a primary tag weighs several times its own.
pub(super) fn value<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let content = &pair.startup.profile.content;
    let wanted = &pair.mandate.mandate.content.tags;
    let rules = pair.setting.rules;
    if wanted.is_empty() {
        return unknown(Key::TagsNoPreference);
    }
    let (mut sum, mut weights) = (0, 0);
    for tag in content.all_tags() {
        let times = if content.primary_tags.contains(tag) {
            rules.primary_times
        } else {
            1
        };
        let weight = times * rules.rarity.get(tag).copied().unwrap_or(WHOLE);
        sum += weight * best(pair, tag).worth;
        weights += weight;
    }
    if weights == 0 {
        return unknown(Key::TagsStartupUnstated);
    }
    Value::known(sum / weights, || account_of_tags(pair))
}

/// The most that any wanted tag makes of one tag of the startup.
struct Best<'a> {
    worth: i64,
    wanted: Option<&'a Slug>,
}

fn best<'a>(pair: &Pair<'a>, tag: &Slug) -> Best<'a> {
    let rules = pair.setting.rules;
    let mut best = Best {
        worth: 0,
        wanted: None,
    };
    for (wanted, weight) in &pair.mandate.mandate.content.tags {
        let kinship = pair.setting.taxonomy.kinship(tag, wanted);
        let worth = kinship_value(rules, kinship) * wanted_value(rules, *weight) / WHOLE;
        if worth > best.worth {
            best = Best {
                worth,
                wanted: Some(wanted),
            };
        }
    }
    best
}

const fn kinship_value(rules: &RuleSet, kinship: Kinship) -> i64 {
    match kinship {
        Kinship::Same => rules.tag_values.same,
        Kinship::Parent => rules.tag_values.parent,
        Kinship::Child => rules.tag_values.child,
        Kinship::Sibling => rules.tag_values.sibling,
        Kinship::None => 0,
    }
}

/// What a wanted tag of weight 1, 2 or 3 is worth; others can't be stated.
fn wanted_value(rules: &RuleSet, weight: u8) -> i64 {
    let [one, two, three] = rules.tag_weights;
    match weight {
        0 | 1 => one,
        2 => two,
        _ => three,
    }
}

fn account_of_tags(pair: &Pair<'_>) -> Reason {
    let wanted = &pair.mandate.mandate.content.tags;
    let (mut common, mut related) = (BTreeSet::new(), BTreeSet::new());
    let mut towards = BTreeSet::new();
    for tag in pair.startup.profile.content.all_tags() {
        if wanted.contains_key(tag) {
            common.insert(tag);
        } else if let Some(near) = best(pair, tag).wanted {
            related.insert(tag);
            towards.insert(near);
        }
    }
    let tags = |key| Reason::plain(key).with(Place::Tags, Var::codes(&common));
    match (common.is_empty(), related.is_empty()) {
        (false, true) => tags(Key::TagsCommon),
        (false, false) => tags(Key::TagsCommonRelated).with(Place::Related, Var::codes(related)),
        (true, false) => Reason::plain(Key::TagsRelated)
            .with(Place::Related, Var::codes(related))
            .with(Place::Wanted, Var::codes(towards)),
        (true, true) => {
            Reason::plain(Key::TagsApart).with(Place::Wanted, Var::codes(wanted.keys()))
        }
    }
}
