//! How close the tags are: the weighted mean over the startup's tags of the
//! most that any wanted tag makes of each.

use std::collections::BTreeSet;

use super::{Pair, Value, Voice, unknown};
use crate::domain::scoring::{Place, Reason, ReasonKey as Key, RuleSet, Var, WHOLE};
use crate::domain::tag::{Kinship, Node, Taxonomy};
use crate::domain::text::Slug;

/// The mean, weighted by rarity; a primary tag weighs several times its own.
pub(super) fn value<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let content = &pair.startup.profile.content;
    let rules = pair.setting.rules;
    let wanted = Wanted::of(pair);
    if wanted.tags.is_empty() {
        return unknown(Key::TagsNoPreference);
    }
    let (mut sum, mut weights) = (0, 0);
    for tag in content.all_tags() {
        let weight = tag_weight(rules, tag, content.primary_tags.contains(tag));
        sum += weight * wanted.best(tag).worth;
        weights += weight;
    }
    if weights == 0 {
        return unknown(Key::TagsStartupUnstated);
    }
    Value::known(sum / weights, || account_of_tags(pair, &wanted))
}

/// How much a tag of the startup counts among its others.
pub(in crate::matching) fn tag_weight(rules: &RuleSet, tag: &Slug, primary: bool) -> i64 {
    let times = if primary { rules.primary_times } else { 1 };
    times * rules.rarity.get(tag).copied().unwrap_or(WHOLE)
}

/// What a tag of the startup is worth to a mandate that wants one of this
/// kinship with this weight, in bp.
pub(in crate::matching) fn worth(rules: &RuleSet, kinship: Kinship, weight: u8) -> i64 {
    kinship_value(rules, kinship) * wanted_value(rules, weight) / WHOLE
}

/// The tags of the mandate, looked up in the tree once.
struct Wanted<'a> {
    rules: &'a RuleSet,
    taxonomy: &'a Taxonomy,
    tags: Vec<(&'a Slug, Option<Node>, u8)>,
}

/// The most that any wanted tag makes of one tag of the startup.
struct Best<'a> {
    worth: i64,
    wanted: Option<&'a Slug>,
}

impl<'a> Wanted<'a> {
    fn of(pair: &Pair<'a>) -> Self {
        let taxonomy = pair.setting.taxonomy;
        let tags = &pair.mandate.mandate.content.tags;
        Self {
            rules: pair.setting.rules,
            taxonomy,
            tags: tags
                .iter()
                .map(|(slug, weight)| (slug, taxonomy.node(slug), *weight))
                .collect(),
        }
    }

    fn best(&self, tag: &Slug) -> Best<'a> {
        let ours = self.taxonomy.node(tag);
        let mut best = Best {
            worth: 0,
            wanted: None,
        };
        for (wanted, theirs, weight) in &self.tags {
            let kinship = match (ours, theirs) {
                (Some(ours), Some(theirs)) => self.taxonomy.kinship_of_nodes(ours, *theirs),
                _ => self.taxonomy.kinship(tag, wanted),
            };
            let worth = worth(self.rules, kinship, *weight);
            if worth > best.worth {
                best = Best {
                    worth,
                    wanted: Some(wanted),
                };
            }
        }
        best
    }
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

fn account_of_tags(pair: &Pair<'_>, near: &Wanted<'_>) -> Reason {
    let wanted = &pair.mandate.mandate.content.tags;
    let (mut common, mut related) = (BTreeSet::new(), BTreeSet::new());
    let mut towards = BTreeSet::new();
    for tag in pair.startup.profile.content.all_tags() {
        if wanted.contains_key(tag) {
            common.insert(tag);
        } else if let Some(near) = near.best(tag).wanted {
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
