//! What the tags of startups are worth to one mandate.

use super::super::store::ANY_SECTOR;
use super::super::table::{Worth, most, weight};
use super::super::values::TAGS_BEYOND;
use super::super::vocabulary::Vocabulary;
use super::question::Question;
use crate::domain::scoring::{Factor, RuleSet, WHOLE};
use crate::domain::tag::{Kinship, Taxonomy};
use crate::domain::text::Slug;
use crate::matching::factors::tags::worth;
use crate::matching::facts::Setting;

/// What one tag of a startup does.
#[derive(Debug, Clone, Copy, Default)]
struct OwnTag {
    worth: i64,
    excluded: bool,
    in_scope: bool,
}

/// What the tags of startups are worth to one mandate.
pub(in crate::matching::index) struct OwnTags<'a> {
    tags: Vec<OwnTag>,
    rarity: &'a [i64],
    primary_times: i64,
    pub(super) weight: i32,
    stated: bool,
    scoped: bool,
    /// The most that a tag of a sector is worth.
    sectors: Vec<(u64, i64)>,
    /// Those sectors, as bits.
    pub(super) asked: u64,
}

impl<'a> OwnTags<'a> {
    pub(super) fn new(question: &Question<'a>) -> Self {
        let Question {
            setting,
            mandate,
            words,
            rarity,
            ..
        } = *question;
        let Setting {
            rules,
            taxonomy,
            programme,
            ..
        } = *setting;
        let content = &mandate.mandate.content;
        let scope = &programme.details.scope_tags;
        let mut tags = Self {
            tags: vec![OwnTag::default(); words.tags()],
            rarity,
            primary_times: rules.primary_times,
            weight: weight(rules, Factor::Tags),
            stated: !content.tags.is_empty(),
            scoped: !scope.is_empty(),
            sectors: Vec::new(),
            asked: 0,
        };
        for (slug, weight) in &content.tags {
            tags.want(rules, taxonomy, words, slug, *weight);
        }
        for slug in &content.excluded_tags {
            tags.each_under(taxonomy, words, slug, |tag| tag.excluded = true);
        }
        for slug in scope {
            tags.each_under(taxonomy, words, slug, |tag| tag.in_scope = true);
        }
        tags.bound(words);
        tags
    }

    fn bound(&mut self, words: &Vocabulary) {
        for (tag, of_tag) in (0..).zip(&self.tags) {
            if of_tag.worth == 0 {
                continue;
            }
            let sector = words.sector(tag);
            self.asked |= sector;
            match self.sectors.iter_mut().find(|(known, _)| *known == sector) {
                Some((_, most)) => *most = of_tag.worth.max(*most),
                None => self.sectors.push((sector, of_tag.worth)),
            }
        }
    }

    /// A mean is no more than the greatest that goes into it.
    pub(super) fn most_of_sectors(&self, homes: u64, sectors: u64) -> i32 {
        if homes & ANY_SECTOR != 0 {
            return most(self.weight);
        }
        // Elsewhere only what shares no sector counts.
        if homes & self.asked == 0 {
            return 0;
        }
        let met = self
            .sectors
            .iter()
            .filter(|(sector, _)| sector & sectors != 0);
        let greatest = met.map(|(_, worth)| *worth).max();
        Worth::of(self.weight, greatest).points
    }

    fn want(
        &mut self,
        rules: &RuleSet,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        slug: &Slug,
        weight: u8,
    ) {
        let Some(node) = taxonomy.node(slug) else {
            self.change(words.tag(slug), |tag| {
                tag.worth = tag.worth.max(worth(rules, Kinship::Same, weight));
            });
            return;
        };
        for (kin, theirs) in taxonomy.kin(node) {
            // Seen from the startup's tag: what is above the mandate's is the
            // startup's wider one.
            let kinship = match theirs {
                Kinship::Parent => Kinship::Child,
                Kinship::Child => Kinship::Parent,
                other => other,
            };
            let worth = worth(rules, kinship, weight);
            self.change(Vocabulary::node(kin), |tag| {
                tag.worth = tag.worth.max(worth);
            });
        }
    }

    fn each_under(
        &mut self,
        taxonomy: &Taxonomy,
        words: &Vocabulary,
        slug: &Slug,
        change: impl Fn(&mut OwnTag),
    ) {
        self.change(words.tag(slug), &change);
        for below in taxonomy
            .node(slug)
            .into_iter()
            .flat_map(|node| taxonomy.below(node))
        {
            self.change(Vocabulary::node(below), &change);
        }
    }

    fn change(&mut self, number: Option<u16>, change: impl FnOnce(&mut OwnTag)) {
        let number = number.map(usize::from);
        if let Some(tag) = number.and_then(|number| self.tags.get_mut(number)) {
            change(tag);
        }
    }
}

impl OwnTags<'_> {
    pub(super) fn worth(&self, own: &[u16]) -> Option<Worth> {
        if own == [TAGS_BEYOND] {
            return None;
        }
        let (mut sum, mut weights) = (0, 0);
        let mut in_scope = !self.scoped;
        for tag in own {
            let number = usize::from(tag / 2);
            let times = if tag % 2 == 1 { self.primary_times } else { 1 };
            let of_tag = self.tags.get(number).copied().unwrap_or_default();
            let weight = times * self.rarity.get(number).copied().unwrap_or(WHOLE);
            if of_tag.excluded {
                return Some(Worth::OUT);
            }
            in_scope |= of_tag.in_scope;
            sum += weight * of_tag.worth;
            weights += weight;
        }
        if !in_scope {
            return Some(Worth::OUT);
        }
        let value = (self.stated && weights > 0).then(|| sum / weights);
        Some(Worth::of(self.weight, value))
    }
}
