//! The taxonomy: tags with parents, aliases and sensitivity, and the facets
//! (business models, deal intents, instruments…) that profiles choose from.

mod below;
mod caution;
pub mod keeping;
mod tree;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use chrono::NaiveDate;

use super::tag_near::Near;
use super::text::{Language, Slug, TextState, fold};
use super::values::codes;
use super::wording::LANGUAGES;

pub use caution::Cautions;
pub(in crate::domain) use caution::is_latin as is_latin_ending;
pub use tree::Node;
use tree::Tree;

/// Comparing words takes time by the square of their letters, so for longer
/// ones than this nothing is suggested.
pub const LONGEST_SUGGESTED_FOR: usize = 80;

codes! {
    /// How carefully a tag must be handled; the order is that of severity.
    Sensitivity {
        /// Nothing special.
        None = "none",
        /// A person of compliance looks at it.
        Review = "review",
        /// Two people decide.
        Restricted = "restricted",
        /// Recognised and refused.
        Prohibited = "prohibited",
    }
}

codes! {
    /// The three kinds of tag.
    TagKind {
        /// A sector, the top of the tree.
        Sector = "sector",
        /// A subject within a sector.
        Tag = "tag",
        /// A technology, across sectors.
        Technology = "technology",
    }
}

codes! {
    /// The closed lists that profiles and mandates choose from.
    Facet {
        /// How money is earned.
        BusinessModel = "business_model",
        /// Who pays.
        CustomerType = "customer_type",
        /// What kind of deal is wanted.
        DealIntent = "deal_intent",
        /// Practices that can be taught or are wanted.
        TransferTopic = "transfer_topic",
        /// The paper an investment is made on.
        Instrument = "instrument",
        /// What sort of investor.
        InvestorType = "investor_type",
    }
}

/// A label in several languages; those made by a machine are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Text by language.
    pub texts: BTreeMap<Language, String>,
    /// Languages whose text no person has reviewed.
    pub machine: Vec<Language>,
    /// Languages into which a person translated it, or reviewed what a machine
    /// made; what is in neither list is its author's own.
    pub human: Vec<Language>,
}

impl Labels {
    /// Where the text in a language comes from.
    pub fn state(&self, language: &Language) -> TextState {
        if self.machine.contains(language) {
            TextState::Machine
        } else if self.human.contains(language) {
            TextState::Human
        } else {
            TextState::Original
        }
    }

    /// The languages of the service that it lacks: until somebody writes them,
    /// their readers see the English.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        let has = |code: &str| self.texts.keys().any(|it| it.primary() == code);
        LANGUAGES.into_iter().filter(move |code| !has(code))
    }

    /// The label for a reader: their language, English, any.
    pub fn for_reader(&self, reader: &Language) -> &str {
        let of = |primary: &str| {
            self.texts
                .iter()
                .find(|(language, _)| language.primary() == primary)
        };
        of(reader.primary())
            .or_else(|| of("en"))
            .or_else(|| self.texts.iter().next())
            .map_or("", |(_, text)| text)
    }
}

/// One tag of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name in data and addresses.
    pub slug: Slug,
    /// Its kind.
    pub kind: TagKind,
    /// What it belongs under.
    pub parent: Option<Slug>,
    /// What people read.
    pub labels: Labels,
    /// Other words for it, in any language.
    pub aliases: Vec<String>,
    /// Its own sensitivity; see [`Taxonomy::sensitivity`] for what applies.
    pub sensitivity: Sensitivity,
    /// Since when and until when it is chosen, and what is chosen instead.
    pub term: Term,
}

/// When a tag may be chosen. Who holds it keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Term {
    /// The first day.
    pub valid_from: Option<NaiveDate>,
    /// The last day.
    pub valid_to: Option<NaiveDate>,
    /// Its words name this tag instead.
    pub redirect: Option<Slug>,
}

impl Tag {
    /// The tag that its words name: itself, or what it redirects to.
    pub fn leads_to(&self) -> &Slug {
        self.term.redirect.as_ref().unwrap_or(&self.slug)
    }

    /// Whether it may be chosen on a day.
    pub fn is_open(&self, day: NaiveDate) -> bool {
        let Term {
            valid_from,
            valid_to,
            redirect,
        } = &self.term;
        redirect.is_none()
            && valid_from.is_none_or(|first| first <= day)
            && valid_to.is_none_or(|last| day <= last)
    }
}

/// One choice of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// Of which list.
    pub facet: Facet,
    /// Its name in data.
    pub slug: Slug,
    /// What people read.
    pub labels: Labels,
    /// For a deal intent: whether shares change hands, so that stage and
    /// cheque matter.
    pub equity: bool,
}

/// What is wrong with a taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyFault {
    /// Two entries share a slug.
    #[error("slug {0} is used twice")]
    DuplicateSlug(Slug),
    /// A parent that is not there.
    #[error("tag {0} names the unknown parent {1}")]
    UnknownParent(Slug, Slug),
    /// A tag is its own ancestor.
    #[error("tag {0} is its own ancestor")]
    Cycle(Slug),
    /// One word would name two tags.
    #[error("alias {0:?} names both {1} and {2}")]
    AmbiguousAlias(String, Slug, Slug),
    /// A redirect to what is not there, or redirects itself.
    #[error("tag {0} redirects to {1}, which can't be chosen itself")]
    BadRedirect(Slug, Slug),
}

/// The words of a folded text.
fn split(folded: &str) -> Vec<String> {
    folded.split(' ').map(str::to_owned).collect()
}

/// How a startup's tag stands to a tag a mandate names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kinship {
    /// Nothing in common.
    None,
    /// Both have the same parent.
    Sibling,
    /// The mandate names something narrower.
    Child,
    /// The mandate names something wider.
    Parent,
    /// The same tag.
    Same,
}

/// The whole tree with its aliases and facets, checked.
#[derive(Debug, Clone)]
pub struct Taxonomy {
    version: String,
    /// On which day it is looked at; none where that doesn't matter.
    day: Option<NaiveDate>,
    tags: BTreeMap<Slug, Tag>,
    facets: BTreeMap<(Facet, Slug), FacetValue>,
    words: HashMap<String, Slug>,
    /// How many words the longest of them has that begins with a word.
    longest: HashMap<String, usize>,
    spoken: BTreeMap<String, Vec<Slug>>,
    tree: Tree,
    cautions: Cautions,
}

impl Taxonomy {
    /// Checks and indexes a taxonomy, naming every fault.
    pub fn new(
        version: String,
        tags: Vec<Tag>,
        facets: Vec<FacetValue>,
    ) -> Result<Self, Vec<TaxonomyFault>> {
        let mut faults = Vec::new();
        let mut by_slug = BTreeMap::new();
        for tag in tags {
            if let Some(twin) = by_slug.insert(tag.slug.clone(), tag) {
                faults.push(TaxonomyFault::DuplicateSlug(twin.slug));
            }
        }
        let mut by_facet = BTreeMap::new();
        for value in facets {
            if let Some(twin) = by_facet.insert((value.facet, value.slug.clone()), value) {
                faults.push(TaxonomyFault::DuplicateSlug(twin.slug));
            }
        }
        let mut taxonomy = Self {
            version,
            day: None,
            tags: by_slug,
            facets: by_facet,
            words: HashMap::new(),
            longest: HashMap::new(),
            spoken: BTreeMap::new(),
            tree: Tree::default(),
            cautions: Cautions::default(),
        };
        taxonomy.check_parents(&mut faults);
        taxonomy.index_words(&mut faults);
        taxonomy.index_spoken();
        if faults.is_empty() {
            taxonomy.tree = Tree::new(&taxonomy.tags);
            let tags = taxonomy.tags.values();
            let graded = tags.map(|tag| (tag, taxonomy.sensitivity(tag.leads_to())));
            taxonomy.cautions = Cautions::of(graded);
            Ok(taxonomy)
        } else {
            Err(faults)
        }
    }

    /// The same on a day, on which not every tag may be chosen.
    #[must_use]
    pub fn on(self, day: NaiveDate) -> Self {
        Self {
            day: Some(day),
            ..self
        }
    }

    /// The day on which it is looked at.
    pub const fn day(&self) -> Option<NaiveDate> {
        self.day
    }

    /// Whether a tag may be chosen anew.
    pub fn offers(&self, tag: &Tag) -> bool {
        match self.day {
            Some(day) => tag.is_open(day),
            None => tag.term.redirect.is_none(),
        }
    }

    /// The tag that is chosen where this one was: itself, or what it redirects
    /// to.
    pub fn leads_to<'a>(&'a self, slug: &'a Slug) -> &'a Slug {
        self.tags.get(slug).map_or(slug, Tag::leads_to)
    }

    fn check_parents(&self, faults: &mut Vec<TaxonomyFault>) {
        for tag in self.tags.values() {
            if let Some(to) = &tag.term.redirect {
                let stands = |to: &Tag| to.term.redirect.is_none() && to.slug != tag.slug;
                if !self.tags.get(to).is_some_and(stands) {
                    faults.push(TaxonomyFault::BadRedirect(tag.slug.clone(), to.clone()));
                }
            }
            let mut seen = 0;
            let mut at = tag;
            while let Some(parent) = &at.parent {
                let Some(next) = self.tags.get(parent) else {
                    faults.push(TaxonomyFault::UnknownParent(
                        at.slug.clone(),
                        parent.clone(),
                    ));
                    break;
                };
                seen += 1;
                if seen > self.tags.len() {
                    faults.push(TaxonomyFault::Cycle(tag.slug.clone()));
                    break;
                }
                at = next;
            }
        }
    }

    fn index_words(&mut self, faults: &mut Vec<TaxonomyFault>) {
        for tag in self.tags.values() {
            let spoken = tag.aliases.iter().map(String::as_str);
            for word in spoken.chain([tag.slug.as_str()]) {
                let key = fold(word);
                let meant = tag.leads_to();
                match self.words.get(&key) {
                    Some(other) if other != meant => {
                        faults.push(TaxonomyFault::AmbiguousAlias(
                            word.to_owned(),
                            other.clone(),
                            tag.slug.clone(),
                        ));
                    }
                    _ => {
                        self.words.insert(key, meant.clone());
                    }
                }
            }
        }
        // Labels name a tag too, but many differ from an alias of another tag
        // only by context, so the first claim stands.
        for tag in self.tags.values() {
            for label in tag.labels.texts.values() {
                self.words
                    .entry(fold(label))
                    .or_insert_with(|| tag.leads_to().clone());
            }
        }
        for name in self.words.keys() {
            let mut words = name.split(' ');
            let first = words.next().unwrap_or_default().to_owned();
            let longest = self.longest.entry(first).or_default();
            *longest = (*longest).max(1 + words.count());
        }
    }

    /// How many words the longest name has that begins with this folded word; 0
    /// if none does.
    pub fn longest_from(&self, word: &str) -> usize {
        self.longest.get(word).copied().unwrap_or(0)
    }

    /// Each single word of a tag's names leads to it.
    fn index_spoken(&mut self) {
        for tag in self.tags.values() {
            let labels = tag.labels.texts.values().chain(&tag.aliases);
            let names = labels.map(String::as_str).chain([tag.slug.as_str()]);
            for word in names.map(fold).flat_map(|name| split(&name)) {
                let tags = self.spoken.entry(word).or_default();
                // Who still holds a tag that redirects is found as well.
                for slug in [&tag.slug, tag.leads_to()] {
                    if !tags.contains(slug) {
                        tags.push(slug.clone());
                    }
                }
            }
        }
    }

    /// Tags with that folded word in a label, alias or slug, in any language;
    /// also with a longer word that begins so, if it is the beginning of one.
    pub fn spoken_of<'a>(
        &'a self,
        word: &'a str,
        begins: bool,
    ) -> impl Iterator<Item = &'a Slug> + 'a {
        self.spoken
            .range::<str, _>((Bound::Included(word), Bound::Unbounded))
            .take_while(move |(name, _)| {
                name.as_str() == word || (begins && name.starts_with(word))
            })
            .flat_map(|(_, tags)| tags)
    }

    /// The names of what is brokered with care or not at all.
    pub const fn cautions(&self) -> &Cautions {
        &self.cautions
    }

    /// The version of the data it was made from.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A tag by its slug.
    pub fn tag(&self, slug: &Slug) -> Option<&Tag> {
        self.tags.get(slug)
    }

    /// All tags by slug.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.values()
    }

    /// All values of a facet by slug.
    pub fn facet(&self, facet: Facet) -> impl Iterator<Item = &FacetValue> {
        self.facets
            .values()
            .filter(move |value| value.facet == facet)
    }

    /// A value of a facet by its slug.
    pub fn facet_value(&self, facet: Facet, slug: &Slug) -> Option<&FacetValue> {
        self.facets.get(&(facet, slug.clone()))
    }

    /// The value of a facet that a word names: its slug or a label, whatever
    /// its case, marks and script.
    pub fn facet_named(&self, facet: Facet, word: &str) -> Option<&FacetValue> {
        let folded = fold(word);
        let is_label = |value: &&FacetValue| {
            let mut texts = value.labels.texts.values();
            texts.any(|label| fold(label) == folded)
        };
        let by_slug = self.facet(facet).find(|value| value.slug.as_str() == word);
        by_slug.or_else(|| self.facet(facet).find(is_label))
    }

    /// The tag a word names: its slug, an alias or a label, whatever its case,
    /// marks and script.
    pub fn resolve(&self, word: &str) -> Option<&Tag> {
        self.words
            .get(&fold(word))
            .and_then(|slug| self.tags.get(slug))
    }

    /// Up to three slugs that a mistyped or foreign word may mean, nearest
    /// first: by letters, by sound across scripts, by words in common. None for
    /// one of more than [`LONGEST_SUGGESTED_FOR`] letters.
    pub fn suggest(&self, word: &str) -> Vec<&Slug> {
        let word = fold(word);
        if word.chars().nth(LONGEST_SUGGESTED_FOR).is_some() {
            return Vec::new();
        }
        let word = Near::new(word);
        let mut near: Vec<(f64, &Slug)> = self
            .words
            .iter()
            .map(|(known, slug)| (word.likeness(known), slug))
            .filter(|(likeness, _)| *likeness >= 0.82)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut slugs: Vec<&Slug> = Vec::new();
        for (_, slug) in near {
            if !slugs.contains(&slug) {
                slugs.push(slug);
            }
        }
        slugs.truncate(3);
        slugs
    }

    /// The tag's ancestors, nearest first.
    pub fn ancestors<'a>(&'a self, slug: &Slug) -> impl Iterator<Item = &'a Slug> {
        let mut at = self.tags.get(slug).and_then(|tag| tag.parent.as_ref());
        std::iter::from_fn(move || {
            let parent = at?;
            at = self.tags.get(parent).and_then(|tag| tag.parent.as_ref());
            Some(parent)
        })
    }

    /// Whether a tag, or what it redirects to, is that one or below it.
    pub fn is_within(&self, slug: &Slug, above: &Slug) -> bool {
        [slug, self.leads_to(slug)]
            .into_iter()
            .any(|slug| slug == above || self.ancestors(slug).any(|it| it == above))
    }

    /// The sensitivity that applies: the highest of the tag's own and its
    /// ancestors'.
    pub fn sensitivity(&self, slug: &Slug) -> Sensitivity {
        self.node(slug)
            .and_then(|node| self.tree.spot(node))
            .map_or(Sensitivity::None, |spot| spot.sensitivity)
    }

    /// Where a tag stands in the tree.
    pub fn node(&self, slug: &Slug) -> Option<Node> {
        self.tree.nodes.get(slug).copied()
    }

    /// The nodes of all tags, by slug.
    pub fn nodes(&self) -> impl Iterator<Item = (&Slug, Node)> {
        self.tags.keys().zip((0..).map(Node))
    }

    /// Whether a node is the other or stands somewhere below it.
    pub fn is_under(&self, node: Node, above: Node) -> bool {
        match (self.tree.spot(node), self.tree.spot(above)) {
            (Some(spot), Some(above)) => above.covers(spot),
            _ => false,
        }
    }

    /// The nodes below one.
    pub fn below(&self, node: Node) -> impl Iterator<Item = Node> {
        self.tree.within(node).skip(1)
    }

    /// Every node that is kin to a startup's tag, itself included, and how
    /// that tag stands to it.
    pub fn kin(&self, node: Node) -> impl Iterator<Item = (Node, Kinship)> {
        let parent = self.tree.spot(node).and_then(|spot| spot.parent);
        let above = std::iter::successors(parent, |node| self.tree.spot(*node)?.parent);
        let siblings = parent
            .into_iter()
            .flat_map(|parent| self.tree.children(parent))
            .filter(move |sibling| *sibling != node);
        std::iter::once((node, Kinship::Same))
            .chain(above.map(|node| (node, Kinship::Parent)))
            .chain(self.below(node).map(|node| (node, Kinship::Child)))
            .chain(siblings.map(|node| (node, Kinship::Sibling)))
    }

    /// How a startup's tag stands to one a mandate names. A more distant
    /// ancestor or descendant counts as parent or child.
    pub fn kinship(&self, startup: &Slug, mandate: &Slug) -> Kinship {
        match (self.node(startup), self.node(mandate)) {
            (Some(startup), Some(mandate)) => self.kinship_of_nodes(startup, mandate),
            // A tag that has left the taxonomy is kin to itself only.
            _ if startup == mandate => Kinship::Same,
            _ => Kinship::None,
        }
    }

    /// [`Taxonomy::kinship`] of tags whose nodes are at hand.
    pub fn kinship_of_nodes(&self, startup: Node, mandate: Node) -> Kinship {
        let (Some(ours), Some(theirs)) = (self.tree.spot(startup), self.tree.spot(mandate)) else {
            return Kinship::None;
        };
        if startup == mandate {
            Kinship::Same
        } else if theirs.covers(ours) {
            Kinship::Parent
        } else if ours.covers(theirs) {
            Kinship::Child
        } else if ours.parent.is_some() && ours.parent == theirs.parent {
            Kinship::Sibling
        } else {
            Kinship::None
        }
    }
}
