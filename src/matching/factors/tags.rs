//! How close the tags are: the weighted mean over the startup's tags of the
//! most that any wanted tag makes of each.

use super::{Pair, Value, Voice, unknown};
use crate::domain::profile::StartupProfile;
use crate::domain::scoring::{Place, Reason, ReasonKey as Key, RuleSet, Var, WHOLE};
use crate::domain::tag::{Kinship, Node, Taxonomy};
use crate::domain::text::Slug;
use crate::domain::word::Word;
use crate::matching::facts::Setting;

/// A startup's tag, looked up in the tree and in the rules.
#[derive(Debug, Clone, Copy)]
pub struct OwnTag<'a> {
    slug: &'a Slug,
    node: Option<Node>,
    weight: i64,
}

impl<'a> OwnTag<'a> {
    /// All tags of a startup: the same for every mandate it is held against.
    pub fn all(setting: &Setting<'_>, profile: &'a StartupProfile) -> Vec<Self> {
        let content = &profile.content;
        let primary = content.primary_tags.iter().map(|slug| (slug, true));
        let further = content.tags.iter().chain(&content.technologies);
        let further = further.map(|slug| (slug, content.primary_tags.contains(slug)));
        primary
            .chain(further)
            .map(|(slug, primary)| Self {
                slug,
                node: setting.taxonomy.node(slug),
                weight: tag_weight(setting.rules, slug, primary),
            })
            .collect()
    }
}

/// The mean, weighted by rarity; a primary tag weighs several times its own.
pub(super) fn value<V: Voice>(pair: &Pair<'_>) -> Value<V> {
    let wanted = Wanted::of(pair);
    if wanted.tags.is_empty() {
        return unknown(Key::TagsNoPreference);
    }
    let looked_up;
    let own = if let Some(own) = pair.own {
        &own.tags
    } else {
        looked_up = OwnTag::all(pair.setting, pair.startup.profile);
        &looked_up
    };
    let best: Vec<Best<'_>> = own.iter().map(|tag| wanted.best(tag)).collect();
    let (mut sum, mut weights) = (0, 0);
    for (tag, best) in own.iter().zip(&best) {
        sum += tag.weight * best.worth;
        weights += tag.weight;
    }
    if weights == 0 {
        return unknown(Key::TagsStartupUnstated);
    }
    Value::known(sum / weights, || account_of_tags(own, &best, &wanted))
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
    /// Whether the very tag is wanted, whatever it is worth.
    same: bool,
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

    fn best(&self, tag: &OwnTag<'_>) -> Best<'a> {
        let mut best = Best {
            worth: 0,
            wanted: None,
            same: false,
        };
        for (wanted, theirs, weight) in &self.tags {
            let kinship = match (tag.node, theirs) {
                (Some(ours), Some(theirs)) => self.taxonomy.kinship_of_nodes(ours, *theirs),
                _ => self.taxonomy.kinship(tag.slug, wanted),
            };
            if kinship == Kinship::None {
                continue;
            }
            best.same |= kinship == Kinship::Same;
            let worth = worth(self.rules, kinship, *weight);
            if worth > best.worth {
                best.worth = worth;
                best.wanted = Some(wanted);
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

fn account_of_tags(own: &[OwnTag<'_>], best: &[Best<'_>], wanted: &Wanted<'_>) -> Reason {
    let [mut common, mut related, mut towards] = [(); 3].map(|()| Vec::<Word>::new());
    for (tag, best) in own.iter().zip(best) {
        if best.same {
            common.push(tag.slug.to_word());
        } else if let Some(near) = best.wanted {
            related.push(tag.slug.to_word());
            towards.push(near.to_word());
        }
    }
    for tags in [&mut common, &mut related, &mut towards] {
        tags.sort_unstable();
        tags.dedup();
    }
    let codes = |words: Vec<Word>| Var::Codes(words.into());
    match (common.is_empty(), related.is_empty()) {
        (false, true) => Reason::plain(Key::TagsCommon).with(Place::Tags, codes(common)),
        (false, false) => Reason::plain(Key::TagsCommonRelated)
            .with(Place::Tags, codes(common))
            .with(Place::Related, codes(related)),
        (true, false) => Reason::plain(Key::TagsRelated)
            .with(Place::Related, codes(related))
            .with(Place::Wanted, codes(towards)),
        (true, true) => {
            let all = wanted.tags.iter().map(|(slug, _, _)| *slug);
            Reason::plain(Key::TagsApart).with(Place::Wanted, Var::codes(all))
        }
    }
}
