//! Words as small numbers: slugs, languages and countries by the order in
//! which they were first met, tags of the taxonomy by their place in it.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use crate::domain::country::Country;
use crate::domain::tag::{Node, Taxonomy};
use crate::domain::text::{Language, Slug};

/// Words of one kind by the order in which they came. Copies share what they
/// have until one of them meets a new word.
#[derive(Debug, Clone)]
pub(super) struct Numbers<T>(Arc<HashMap<T, u16>>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    pub(super) fn of<Q: Eq + Hash + ?Sized>(&self, word: &Q) -> Option<u16>
    where
        T: Borrow<Q>,
    {
        self.0.get(word).copied()
    }

    fn of_or_new<Q: Eq + Hash + ToOwned<Owned = T> + ?Sized>(&mut self, word: &Q) -> Option<u16>
    where
        T: Borrow<Q>,
    {
        if let Some(number) = self.of(word) {
            return Some(number);
        }
        let number = u16::try_from(self.0.len()).ok()?;
        Arc::make_mut(&mut self.0).insert(word.to_owned(), number);
        Some(number)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A small set of words, one bit each, and how many there are; words beyond
/// the 64th of their kind have no bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Mask {
    bits: u64,
    len: u8,
}

impl Mask {
    pub(super) const fn is_empty(self) -> bool {
        self.len == 0
    }

    pub(super) const fn len(self) -> usize {
        self.len as usize
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.bits & other.bits != 0
    }

    /// How many are in both.
    pub(super) const fn common(self, other: Self) -> usize {
        (self.bits & other.bits).count_ones() as usize
    }

    fn add(&mut self, number: Option<u16>) -> bool {
        let bit = number.and_then(|number| 1_u64.checked_shl(number.into()));
        self.bits |= bit.unwrap_or(0);
        self.len = self.len.saturating_add(1);
        bit.is_some()
    }
}

/// A set of countries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Countries {
    bits: [u64; 4],
}

impl Countries {
    pub(super) fn is_empty(self) -> bool {
        self.bits == [0; 4]
    }

    pub(super) fn meets(self, other: Self) -> bool {
        let mut pairs = self.bits.iter().zip(other.bits);
        pairs.any(|(ours, theirs)| ours & theirs != 0)
    }

    fn add(&mut self, number: u16) {
        if let Some(word) = self.bits.get_mut(usize::from(number / 64)) {
            *word |= 1 << (number % 64);
        }
    }
}

/// All words that the records of an index use.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    pub(super) intents: Numbers<Slug>,
    pub(super) models: Numbers<Slug>,
    pub(super) customers: Numbers<Slug>,
    pub(super) topics: Numbers<Slug>,
    pub(super) instruments: Numbers<Slug>,
    languages: Numbers<String>,
    countries: Numbers<Country>,
    tags: Numbers<Slug>,
    /// The sector of each tag of the taxonomy, as a bit.
    sectors: Arc<Vec<u64>>,
}

/// Sectors that have a bit of their own; two bits have a meaning of theirs.
const SECTORS: u32 = 62;

/// In a set of markets: a country that has no bit of its own.
pub(super) const ABROAD: u64 = 1 << 63;

impl Vocabulary {
    /// One that knows the tags of a taxonomy, each by the rank of its node.
    pub(super) fn new(taxonomy: &Taxonomy) -> Self {
        let mut vocabulary = Self::default();
        let mut sectors = Vec::new();
        let mut roots: HashMap<&Slug, u32> = HashMap::new();
        for (slug, _) in taxonomy.nodes() {
            vocabulary.tags.of_or_new(slug);
            let root = taxonomy.ancestors(slug).last().unwrap_or(slug);
            let next = u32::try_from(roots.len()).unwrap_or(0);
            let bit = *roots.entry(root).or_insert(next);
            sectors.push(1 << (bit % SECTORS));
        }
        vocabulary.sectors = Arc::new(sectors);
        vocabulary
    }

    /// The sector of a tag, as a bit. Tags that are kin have the same; others
    /// may.
    pub(super) fn sector(&self, tag: u16) -> u64 {
        let known = self.sectors.get(usize::from(tag)).copied();
        known.unwrap_or(1 << (u32::from(tag) % SECTORS))
    }

    /// The number of a tag, new ones included.
    pub(super) fn tag_or_new(&mut self, slug: &Slug) -> Option<u16> {
        self.tags.of_or_new(slug)
    }

    /// The number of a tag that some record may have.
    pub(super) fn tag(&self, slug: &Slug) -> Option<u16> {
        self.tags.of(slug)
    }

    /// The number of a tag of the taxonomy that a vocabulary was made for.
    pub(super) fn node(node: Node) -> Option<u16> {
        u16::try_from(node.rank()).ok()
    }

    /// How many tags there are.
    pub(super) fn tags(&self) -> usize {
        self.tags.len()
    }

    pub(super) fn countries_or_new(&mut self, set: &BTreeSet<Country>) -> Countries {
        let mut countries = Countries::default();
        for country in set {
            // There are fewer than 256 countries.
            if let Some(number) = self.countries.of_or_new(country) {
                countries.add(number);
            }
        }
        countries
    }

    /// Markets as bits.
    pub(super) fn markets_or_new<'a>(&mut self, set: impl IntoIterator<Item = &'a Country>) -> u64 {
        set.into_iter().fold(0, |mask, country| {
            let number = self.countries.of_or_new(country);
            mask | number.map_or(ABROAD, market_bit)
        })
    }

    /// Those of the markets that some record names and that have a bit.
    pub(super) fn markets<'a>(&self, set: impl IntoIterator<Item = &'a Country>) -> u64 {
        let numbers = set.into_iter().filter_map(|one| self.countries.of(one));
        numbers.fold(0, |mask, number| mask | market_bit(number) & !ABROAD)
    }

    pub(super) fn country_or_new(&mut self, country: Option<Country>) -> Countries {
        self.countries_or_new(&country.into_iter().collect())
    }

    /// Those of the countries that some record names.
    pub(super) fn countries<'a>(&self, set: impl IntoIterator<Item = &'a Country>) -> Countries {
        let mut countries = Countries::default();
        for number in set.into_iter().filter_map(|one| self.countries.of(one)) {
            countries.add(number);
        }
        countries
    }

    /// The primary subtags of languages; `None` when there is no bit for one.
    pub(super) fn languages_or_new(&mut self, set: &BTreeSet<Language>) -> Option<Mask> {
        let mut mask = Mask::default();
        set.iter()
            .all(|language| mask.add(self.languages.of_or_new(language.primary())))
            .then_some(mask)
    }

    pub(super) fn languages(&self, set: &BTreeSet<Language>) -> Mask {
        let mut mask = Mask::default();
        for language in set {
            mask.add(self.languages.of(language.primary()));
        }
        mask
    }
}

fn market_bit(number: u16) -> u64 {
    1_u64.checked_shl(number.into()).unwrap_or(ABROAD)
}

/// The mask of a set in a record; `None` when there is no bit for a word.
pub(super) fn mask_or_new(numbers: &mut Numbers<Slug>, set: &BTreeSet<Slug>) -> Option<Mask> {
    let mut mask = Mask::default();
    set.iter()
        .all(|word| mask.add(numbers.of_or_new(word)))
        .then_some(mask)
}

/// The mask of a set in a question: what no record uses has no bit, but counts.
pub(super) fn mask<'a>(numbers: &Numbers<Slug>, set: impl IntoIterator<Item = &'a Slug>) -> Mask {
    let mut mask = Mask::default();
    for word in set {
        mask.add(numbers.of(word));
    }
    mask
}

/// What one column of a record can say, by number. The number [`BEYOND`]
/// stands for everything that came when there was no room any more; such a
/// record is scored by the reference.
#[derive(Debug)]
pub(super) struct Dictionary<K> {
    codes: HashMap<K, u16>,
    words: Words<K>,
    room: u16,
}

/// The keys of a dictionary by code, as readers see them.
#[derive(Debug)]
pub(super) struct Words<K> {
    pub(super) keys: Arc<Vec<K>>,
    /// Whether a record has something that is not among them.
    pub(super) beyond: bool,
}

impl<K> Words<K> {
    /// The key of a code; `None` beyond the dictionary.
    pub(super) fn key(&self, code: u16) -> Option<&K> {
        self.keys.get(usize::from(code))
    }
}

impl<K> Clone for Words<K> {
    fn clone(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            beyond: self.beyond,
        }
    }
}

/// The code of what the dictionary has no room for.
pub(super) const BEYOND: u16 = u16::MAX;

impl<K: Clone + Eq + Hash> Dictionary<K> {
    /// One with room for so many keys.
    pub(super) fn new(room: u16) -> Self {
        Self {
            codes: HashMap::new(),
            words: Words {
                keys: Arc::default(),
                beyond: false,
            },
            room,
        }
    }

    /// The code of a key; [`BEYOND`] for none and for one too many.
    pub(super) fn code(&mut self, key: Option<K>) -> u16 {
        let found = key.and_then(|key| self.code_of(key));
        self.words.beyond |= found.is_none();
        found.unwrap_or(BEYOND)
    }

    fn code_of(&mut self, key: K) -> Option<u16> {
        if let Some(code) = self.codes.get(&key) {
            return Some(*code);
        }
        let next = u16::try_from(self.codes.len()).ok();
        let code = next.filter(|code| *code < self.room)?;
        Arc::make_mut(&mut self.words.keys).push(key.clone());
        self.codes.insert(key, code);
        Some(code)
    }

    pub(super) fn words(&self) -> Words<K> {
        self.words.clone()
    }
}
