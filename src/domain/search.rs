//! Full-text search: which words a record is found by, and which words a
//! query asks for. The same folding makes both
//! ([`fold`], [`Sound`]), so that neither back-end needs to
//! know a language.
//!
//! Words that stand for something else than themselves carry a prefix that no
//! folded word can have: `k_` how a word sounds, `h_` and `l_` the consonants
//! of a Hebrew and of another word of a name; those of what a record is filtered
//! by are in [`facets`](super::facets).

use std::collections::BTreeSet;

use super::asked::asked;
use super::country::Country;
use super::facets::{
    Control, LEAD_WANTED, TAKEN_ANYWHERE, business_model, control, customer_type, deal_intent,
    encumbrance, excluded, instrument, investor_facets, investor_type, language, mandate_facets,
    market, profile_facets, role, stage, tag, taken, transfer_topic,
};
use super::investor::InvestorContent;
use super::mandate::MandateContent;
use super::profile::StartupContent;
use super::sound::Sound;
use super::tag::{Facet, Taxonomy};
use super::text::{Language, Localized, Name, Slug, fold};
use super::values::{Encumbrance, InvestorRole, Stage, codes};
use super::word_forms::{Room, name_words, sounded, text_words};

/// Counts the ways of folding; a record that was indexed by an older one is
/// indexed again.
pub const FOLDING: i32 = 6;

/// Most bytes of a name by which records are put in order.
pub const MAX_SORT_NAME: usize = 80;

/// Most characters of a query.
pub const MAX_QUERY: usize = 200;
/// Most words of a query.
pub const MAX_WORDS: usize = 12;
/// Room for the words of one record's texts, and of its firm's names:
/// PostgreSQL takes a megabyte of both, with what it keeps beside each.
const TEXTS_ROOM: usize = 400_000;
const NAMES_ROOM: usize = 100_000;
/// From how many letters on the last word may be the beginning of one.
const SHORTEST_BEGINNING: usize = 2;

codes! {
    /// In what order a list comes.
    Order {
        /// The oldest first.
        Created = "created_at",
        /// The newest first.
        CreatedLast = "-created_at",
        /// The longest unchanged first.
        Updated = "updated_at",
        /// The last changed first.
        UpdatedLast = "-updated_at",
        /// What has to be confirmed the soonest first; what need not be last.
        Due = "reconfirm_by",
        /// By name, folded and by the numbers of its letters: Latin, then
        /// Cyrillic, then Hebrew. What has a title of its own stands by that.
        Name = "name",
        /// The same from the end.
        NameLast = "-name",
        /// What fits a query best first: all of its words in the name, then
        /// names that sound so, then names, headlines and tags together, then
        /// anywhere; among equals, what came on record first.
        Relevance = "relevance",
    }
}

/// The words by which a record is found, by where they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// In the firm's names.
    pub names: BTreeSet<String>,
    /// In what the record says itself.
    pub texts: Texts,
}

impl Document {
    /// A record that says this, of a firm with these names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, texts: Texts) -> Self {
        Self {
            names: name_words(names, &mut Room(NAMES_ROOM)),
            texts,
        }
    }
}

/// The words of what a record says itself. They can be found before it is
/// known what its firm is called when it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// In the one sentence that stands for it.
    pub headline: BTreeSet<String>,
    /// In its longer texts.
    pub body: BTreeSet<String>,
    /// What it is filtered by.
    pub facets: BTreeSet<String>,
    /// What it is called by itself, as [`sort_name`] has it; empty where it is
    /// called as its firm.
    pub title: String,
}

impl Texts {
    /// The words of a startup's profile.
    pub fn of_profile(content: &StartupContent) -> Self {
        let source = content.source_tags.iter().map(String::as_str);
        let mut room = Room(TEXTS_ROOM);
        Self {
            headline: text_words(local(&content.one_liner).chain(source), &mut room),
            body: text_words(local(&content.summary), &mut room),
            facets: profile_facets(content),
            title: String::new(),
        }
    }

    /// The words of what an investor says of itself: those of the firms that it
    /// holds stand in the place of a headline, for it is known by them.
    pub fn of_investor(content: &InvestorContent) -> Self {
        let held = content.portfolio.iter().map(|it| it.name.as_str());
        let basis = content.accreditation.basis.as_deref();
        let mut room = Room(TEXTS_ROOM);
        Self {
            headline: text_words(held, &mut room),
            body: text_words(local(&content.about).chain(basis), &mut room),
            facets: investor_facets(content),
            title: String::new(),
        }
    }

    /// The words of an investor's mandate.
    pub fn of_mandate(content: &MandateContent) -> Self {
        let title = content.title.as_ref().map(Name::as_str);
        let source = content.source_tags.iter().map(String::as_str);
        Self {
            headline: text_words(title.into_iter().chain(source), &mut Room(TEXTS_ROOM)),
            body: BTreeSet::new(),
            facets: mandate_facets(content),
            title: title.map(sort_name).unwrap_or_default(),
        }
    }
}

/// A name as it stands in the order of names: folded, and of a long one its
/// first [`MAX_SORT_NAME`] bytes, cut between letters.
pub fn sort_name(name: &str) -> String {
    let mut folded = fold(name);
    folded.truncate(folded.floor_char_boundary(MAX_SORT_NAME));
    folded
}

fn local(texts: &Localized) -> impl Iterator<Item = &str> {
    texts.iter().map(|(_, local)| local.text.as_str())
}

/// What is wrong with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryFault {
    /// Nothing to look for.
    #[error("holds no word")]
    NoWord,
    /// Too long.
    #[error("holds more than {MAX_QUERY} characters")]
    TooLong,
    /// Too many words.
    #[error("holds more than {MAX_WORDS} words")]
    TooManyWords,
    /// A character that no text has.
    #[error("holds a control character")]
    Control,
}

/// What records are looked for by: all of the words and all of the filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
    held: Vec<Word>,
    facets: Vec<BTreeSet<String>>,
}

/// One word of a query, with all that it may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    plain: String,
    sounds: BTreeSet<String>,
    names: BTreeSet<String>,
    facets: BTreeSet<String>,
    /// Whether longer words that begin so count as well.
    begins: bool,
}

/// Where a word must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a name.
    Names,
    /// In a name or the headline.
    NamesAndHeadline,
    /// In the headline.
    Headline,
    /// In any text.
    Anywhere,
    /// Among what is filtered by.
    Facets,
}

/// One alternative for a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// A folded word, or a word with a prefix: letters, digits, `_` and `-`.
    pub word: String,
    /// Whether longer words that begin so count as well.
    pub begins: bool,
    /// Where it must stand.
    pub place: Place,
}

/// How closely a record must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Every word stands in a name.
    Names,
    /// Every word stands in a name, or sounds so.
    Sounds,
    /// Every word stands in a name, the headline or the tags.
    Headline,
    /// Every word stands anywhere.
    Anywhere,
}

impl Fit {
    /// The closest first.
    pub const ALL: [Self; 4] = [Self::Names, Self::Sounds, Self::Headline, Self::Anywhere];
}

impl Query {
    /// Reads what somebody typed. Every word must be found; the last one may
    /// be the beginning of a word. No character has a meaning of its own.
    ///
    /// # Errors
    /// [`QueryFault`].
    pub fn parse(text: &str, taxonomy: &Taxonomy) -> Result<Self, QueryFault> {
        if text.chars().count() > MAX_QUERY {
            return Err(QueryFault::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(QueryFault::Control);
        }
        let spelled = asked(text);
        if spelled.is_empty() {
            return Err(QueryFault::NoWord);
        }
        if spelled.len() > MAX_WORDS {
            return Err(QueryFault::TooManyWords);
        }
        let last = spelled.len() - 1;
        let open = text.chars().next_back().is_some_and(char::is_alphanumeric);
        let read = |(place, (plain, sound)): (usize, (String, Sound))| {
            let long = plain.chars().count() >= SHORTEST_BEGINNING;
            Word::new(plain, &sound, place == last && open && long, taxonomy)
        };
        Ok(Self {
            words: spelled.into_iter().enumerate().map(read).collect(),
            ..Self::default()
        })
    }

    /// Whether words are looked for, so that there is an order of fit.
    pub const fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether it asks for nothing.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty() && self.held.is_empty() && self.facets.is_empty()
    }

    /// Asks for investors that hold a firm so called as well; it is read as what
    /// is looked for by words, though nothing is in order by it.
    ///
    /// # Errors
    /// [`QueryFault`].
    pub fn with_held(&mut self, name: &str, taxonomy: &Taxonomy) -> Result<(), QueryFault> {
        self.held.extend(Self::parse(name, taxonomy)?.words);
        Ok(())
    }

    /// Asks for a tag as well, or anything under it.
    pub fn with_tag(&mut self, slug: &Slug, taxonomy: &Taxonomy) {
        let within = taxonomy.all_within([slug]).into_iter();
        self.facets.push(within.chain([slug]).map(tag).collect());
    }

    /// Asks for a stage as well.
    pub fn with_stage(&mut self, wanted: Stage) {
        self.facets.push(BTreeSet::from([stage(wanted)]));
    }

    /// Asks for a value of a facet as well.
    pub fn with_facet(&mut self, facet: Facet, slug: &Slug) {
        let word = match facet {
            Facet::BusinessModel => business_model(slug),
            Facet::CustomerType => customer_type(slug),
            Facet::DealIntent => deal_intent(slug),
            Facet::TransferTopic => transfer_topic(slug),
            Facet::Instrument => instrument(slug),
            Facet::InvestorType => investor_type(slug),
        };
        self.facets.push(BTreeSet::from([word]));
    }

    /// Asks for a language as well, whatever its region or script.
    pub fn with_language(&mut self, wanted: &Language) {
        self.facets.push(BTreeSet::from([language(wanted)]));
    }

    /// Asks for an investor's part as well; who takes any takes this.
    pub fn with_role(&mut self, wanted: InvestorRole) {
        let words = [role(wanted), role(InvestorRole::Any)];
        self.facets.push(BTreeSet::from(words));
    }

    /// Asks for what takes startups from there as well.
    pub fn with_startups_from(&mut self, country: Country) {
        let words = [taken(country), TAKEN_ANYWHERE.to_owned()];
        self.facets.push(BTreeSet::from(words));
    }

    /// Asks for what excludes startups from there by name as well.
    pub fn with_excluded(&mut self, country: Country) {
        self.facets.push(BTreeSet::from([excluded(country)]));
    }

    /// Asks for what names such a limit as well, or for what names none.
    pub fn with_encumbrance(&mut self, by: Option<Encumbrance>) {
        self.facets.push(BTreeSet::from([encumbrance(by)]));
    }

    /// Asks for what so answered to export control as well.
    pub fn with_control(&mut self, given: Control) {
        self.facets.push(BTreeSet::from([control(given)]));
    }

    /// Asks for a round that seeks somebody to lead it as well.
    pub fn with_lead_wanted(&mut self) {
        self.facets.push(BTreeSet::from([LEAD_WANTED.to_owned()]));
    }

    /// Asks for a market as well.
    pub fn with_market(&mut self, country: Country) {
        self.facets.push(BTreeSet::from([market(country)]));
    }

    /// Whether what a record is filtered by is as asked; words don't count.
    pub fn takes(&self, facets: &BTreeSet<String>) -> bool {
        let mut groups = self.facets.iter();
        groups.all(|wanted| !wanted.is_disjoint(facets))
    }

    /// What must be found for that fit: of each group one term.
    pub fn terms(&self, fit: Fit) -> Vec<Vec<Term>> {
        let words = self.words.iter().map(|word| word.terms(fit));
        let held = self.held.iter().map(Word::held);
        let facets = self.facets.iter().map(|alternatives| {
            let term = |word: &String| Term {
                word: word.clone(),
                begins: false,
                place: Place::Facets,
            };
            alternatives.iter().map(term).collect()
        });
        words.chain(held).chain(facets).collect()
    }
}

impl Word {
    fn new(plain: String, sound: &Sound, begins: bool, taxonomy: &Taxonomy) -> Self {
        // What a Hebrew word may sound like stands with the others' consonants.
        let script = if sound.hebrew { 'l' } else { 'h' };
        let tags = taxonomy.meant_by(&plain, begins).into_iter().map(tag);
        let sorts = taxonomy.values_spoken_of(Facet::InvestorType, &plain, begins);
        Self {
            facets: tags.chain(sorts.map(investor_type)).collect(),
            sounds: sound.keys.iter().map(|key| sounded(key)).collect(),
            names: sound
                .skeletons
                .iter()
                .map(|it| format!("{script}_{it}"))
                .collect(),
            plain,
            begins,
        }
    }

    fn terms(&self, fit: Fit) -> Vec<Term> {
        let place = match fit {
            Fit::Names | Fit::Sounds => Place::Names,
            Fit::Headline => Place::NamesAndHeadline,
            Fit::Anywhere => Place::Anywhere,
        };
        let term = |word: &String, begins, place| Term {
            word: word.clone(),
            begins,
            place,
        };
        let mut terms = vec![term(&self.plain, self.begins, place)];
        if fit > Fit::Names {
            let sounds = self.sounds.iter();
            terms.extend(sounds.map(|it| term(it, self.begins, place)));
            let names = self.names.iter();
            terms.extend(names.map(|it| term(it, false, Place::Names)));
        }
        if fit > Fit::Sounds {
            let facets = self.facets.iter();
            terms.extend(facets.map(|it| term(it, false, Place::Facets)));
        }
        terms
    }

    /// What must be found of a word in the name of a firm that is held.
    fn held(&self) -> Vec<Term> {
        let spoken = [&self.plain].into_iter().chain(&self.sounds);
        let term = |word: &String| Term {
            word: word.clone(),
            begins: self.begins,
            place: Place::Headline,
        };
        spoken.map(term).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taxonomy() -> Taxonomy {
        Taxonomy::new("1".to_owned(), Vec::new(), Vec::new()).unwrap()
    }

    fn query(text: &str) -> Query {
        Query::parse(text, &taxonomy()).unwrap()
    }

    #[test]
    fn names_stand_in_order_folded_and_cut_between_letters() {
        assert_eq!(sort_name("  Əliyev & Oğulları"), "eliyev ogullari");
        let long = sort_name(&"ש".repeat(90));
        assert_eq!(long.chars().count(), MAX_SORT_NAME / 2);
        assert_eq!(sort_name("—"), "");
    }

    #[test]
    fn only_the_last_word_may_be_a_beginning() {
        let words = |text: &str| -> Vec<(String, bool)> {
            let words = query(text).words.into_iter();
            words.map(|word| (word.plain, word.begins)).collect()
        };
        let word = |text: &str, begins| (text.to_owned(), begins);
        assert_eq!(words("Su İtki"), [word("su", false), word("itki", true)]);
        assert_eq!(words("water "), [word("water", false)]);
        assert_eq!(words("plan b"), [word("plan", false), word("b", false)]);
    }

    #[test]
    fn son_and_daughter_of_are_not_looked_for_beside_a_name() {
        let words = |text: &str| -> Vec<String> {
            let words = query(text).words.into_iter();
            words.map(|word| word.plain).collect()
        };
        assert_eq!(words("Leyla Əli qızı"), ["leyla", "eli"]);
        assert_eq!(words("Гамид оглы Рза"), ["гамид", "рза"]);
        assert_eq!(words("oğlu"), ["oglu"]);
    }

    #[test]
    fn no_character_means_anything() {
        for text in [
            "\"water",
            "water\"; DROP",
            "a AND NOT b",
            "names : x",
            "{names} : x",
            "wat*er ^x -y +z",
            "NEAR(a b)",
            "a' | !b & (c)",
            "k_tamar:*",
            "\\",
        ] {
            let Ok(read) = Query::parse(text, &taxonomy()) else {
                continue;
            };
            for term in read.terms(Fit::Anywhere).into_iter().flatten() {
                let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
                assert!(term.word.chars().all(plain), "{text}: {}", term.word);
            }
        }
    }

    #[test]
    fn what_is_no_query_is_told() {
        let fault = |text: &str| Query::parse(text, &taxonomy()).unwrap_err();
        assert_eq!(fault(""), QueryFault::NoWord);
        assert_eq!(fault(" -- \"\" "), QueryFault::NoWord);
        assert_eq!(fault("a\0b"), QueryFault::Control);
        assert_eq!(fault(&"a".repeat(201)), QueryFault::TooLong);
        assert_eq!(fault(&"a ".repeat(13)), QueryFault::TooManyWords);
    }
}
