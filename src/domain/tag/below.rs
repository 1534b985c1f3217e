//! What stands below some tags, as lists are narrowed down and searched by it.

use std::collections::BTreeSet;

use super::{Facet, Taxonomy};
use crate::domain::text::{Slug, fold};

/// More tags than these nobody means by one word: each is looked for.
const MOST_MEANT: usize = 256;

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
    /// in a name ([`Taxonomy::spoken_of`]) and, where it is the whole word, what
    /// is below them, as who asks for a sector asks for all of it. Of a word that
    /// stands for too much only the tags themselves are meant, and so of the
    /// beginning of one, which is a guess.
    pub fn meant_by<'a>(&'a self, word: &'a str, begins: bool) -> BTreeSet<&'a Slug> {
        let mut meant: BTreeSet<&Slug> = self.spoken_of(word, begins).collect();
        let named = self.all_within(self.spoken_of(word, false));
        if named.len() <= MOST_MEANT {
            meant.extend(named);
        }
        meant
    }

    /// The values of a facet with that folded word in a label or in the slug, in
    /// any language; also with a longer word that begins so, if it is the
    /// beginning of one. There are a few dozen of a facet, so each is looked at.
    pub fn values_spoken_of<'a>(
        &'a self,
        facet: Facet,
        word: &'a str,
        begins: bool,
    ) -> impl Iterator<Item = &'a Slug> + 'a {
        let is_meant = move |name: &str| {
            let folded = fold(name);
            let mut words = folded.split(' ');
            words.any(|it| it == word || (begins && it.starts_with(word)))
        };
        self.facet(facet)
            .filter(move |value| {
                let labels = value.labels.texts.values().map(String::as_str);
                let mut names = labels.chain([value.slug.as_str()]);
                names.any(&is_meant)
            })
            .map(|value| &value.slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tag::{Labels, Sensitivity, Tag, TagKind, Term};
    use std::collections::BTreeMap;

    fn tag(slug: &str, parent: Option<&str>, redirect: Option<&str>, word: &str) -> Tag {
        let slug_of = |text: &str| text.parse().unwrap();
        Tag {
            slug: slug_of(slug),
            kind: TagKind::Tag,
            parent: parent.map(slug_of),
            labels: Labels {
                texts: BTreeMap::from([("en".parse().unwrap(), word.to_owned())]),
                machine: Vec::new(),
                human: Vec::new(),
            },
            aliases: Vec::new(),
            sensitivity: Sensitivity::None,
            term: Term {
                redirect: redirect.map(slug_of),
                ..Term::default()
            },
        }
    }

    fn slugs(found: BTreeSet<&Slug>) -> Vec<&str> {
        found.into_iter().map(Slug::as_str).collect()
    }

    #[test]
    fn a_word_means_what_is_below_and_its_beginning_does_not() {
        let tags = vec![
            tag("water", None, None, "Irrigation"),
            tag("salt", Some("water"), None, "Brine"),
            tag("pans", Some("salt"), None, "Evaporation"),
            tag("old", None, Some("salt"), "Lake"),
            tag("air", None, None, "Wind"),
        ];
        let taxonomy = Taxonomy::new("1".to_owned(), tags, Vec::new()).unwrap();
        let all = ["old", "pans", "salt", "water"];
        assert_eq!(slugs(taxonomy.meant_by("irrigation", false)), all);
        assert_eq!(slugs(taxonomy.meant_by("irrigation", true)), all);
        assert_eq!(slugs(taxonomy.meant_by("irrig", true)), ["water"]);
        assert_eq!(
            slugs(taxonomy.meant_by("brine", false)),
            ["old", "pans", "salt"]
        );
        let none = taxonomy.meant_by("irrig", false);
        assert!(none.is_empty());
        // As the filter has it.
        let top = "water".parse().unwrap();
        let filter = taxonomy.tags().map(|it| &it.slug);
        let filter: BTreeSet<&Slug> = filter.filter(|it| taxonomy.is_within(it, &top)).collect();
        assert_eq!(taxonomy.all_within([&top]), filter);
    }
}
