//! What stands below some tags, as lists are narrowed down and searched by it.

use std::collections::BTreeSet;

use super::Taxonomy;
use crate::domain::text::Slug;

impl Taxonomy {
    /// All tags that are one of these or below one ([`Taxonomy::is_within`]);
    /// also what redirects to such a tag, since some may still hold it.
    pub fn all_within<'a>(
        &'a self,
        tops: impl IntoIterator<Item = &'a Slug>,
    ) -> BTreeSet<&'a Slug> {
        let mut within: BTreeSet<&Slug> = BTreeSet::new();
        let mut nodes = BTreeSet::new();
        for top in tops {
            // What an earlier one covers was walked with it.
            if let Some(top) = self.node(top)
                && !nodes.contains(&top)
            {
                nodes.extend(self.tree.within(top));
            }
        }
        if nodes.is_empty() {
            return within;
        }
        let by_node = self.nodes().filter(|(_, node)| nodes.contains(node));
        within.extend(by_node.map(|(slug, _)| slug));
        let redirecting = self.tags.values().filter(|tag| {
            let to = tag.term.redirect.as_ref();
            to.is_some_and(|to| within.contains(to))
        });
        let redirecting: Vec<&Slug> = redirecting.map(|tag| &tag.slug).collect();
        within.extend(redirecting);
        within
    }

    /// All tags that somebody may mean by a word: those with that folded word
    /// in a name ([`Taxonomy::spoken_of`]) and what is below them, as who asks
    /// for a sector asks for all of it.
    pub fn meant_by<'a>(&'a self, word: &'a str, begins: bool) -> BTreeSet<&'a Slug> {
        self.all_within(self.spoken_of(word, begins))
    }
}
