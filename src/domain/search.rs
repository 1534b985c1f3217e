//! Full-text search: which words a record is found by, and which words a
//! query asks for. The same folding makes both
//! ([`fold`](super::text::fold), [`Sound`]), so that neither back-end needs to
//! know a language.
//!
//! Words that stand for something else than themselves carry a prefix that no
//! folded word can have: `k_` how a word sounds, `h_` and `l_` the consonants
//! of a Hebrew and of another word of a name. Among what a record is filtered
//! by `t_` is a tag, `s_` a stage, `d_` a deal intent, `m_` a market, `g_` a
//! language, `i_` an instrument, `x_` a transfer topic, `b_` a business model,
//! `c_` a sort of customer, `r_` an investor's part, `y_` a country that a
//! mandate takes startups from and `n_` one that it does not.

use std::collections::BTreeSet;

use super::asked::asked;
use super::country::Country;
use super::mandate::MandateContent;
use super::profile::StartupContent;
use super::sound::Sound;
use super::tag::{Facet, Taxonomy};
use super::text::{Language, Localized, Slug};
use super::values::{InvestorRole, Stage, codes};
use super::word_forms::{Room, name_words, sounded, text_words};

/// Counts the ways of folding; a record that was indexed by an older one is
/// indexed again.
pub const FOLDING: i32 = 4;

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
        }
    }

    /// The words of an investor's mandate.
    pub fn of_mandate(content: &MandateContent) -> Self {
        let title = content.title.as_ref().map(super::text::Name::as_str);
        let source = content.source_tags.iter().map(String::as_str);
        Self {
            headline: text_words(title.into_iter().chain(source), &mut Room(TEXTS_ROOM)),
            body: BTreeSet::new(),
            facets: mandate_facets(content),
        }
    }
}

/// What a startup's profile is filtered by.
pub fn profile_facets(content: &StartupContent) -> BTreeSet<String> {
    let mut facets: BTreeSet<String> = content.all_tags().map(tag).collect();
    facets.extend(content.stage.map(stage));
    facets.extend(content.deal_intents.iter().map(deal_intent));
    let markets = content.markets_now.iter().chain(&content.markets_wanted);
    facets.extend(markets.copied().map(market));
    facets.extend(content.languages.iter().map(language));
    facets.extend(content.business_models.iter().map(business_model));
    facets.extend(content.customer_types.iter().map(customer_type));
    facets.extend(content.transfer_topics.iter().map(transfer_topic));
    let instruments = content.round.iter().flat_map(|round| &round.instruments);
    facets.extend(instruments.map(instrument));
    facets
}

/// What a mandate is filtered by.
pub fn mandate_facets(content: &MandateContent) -> BTreeSet<String> {
    let mut facets: BTreeSet<String> = content.tags.keys().map(tag).collect();
    facets.extend(content.stages.iter().copied().map(stage));
    facets.extend(content.deal_intents.iter().map(deal_intent));
    facets.extend(content.markets.iter().copied().map(market));
    facets.extend(content.languages.iter().map(language));
    facets.extend(content.business_models.iter().map(business_model));
    facets.extend(content.customer_types.iter().map(customer_type));
    facets.extend(content.transfer_topics.iter().map(transfer_topic));
    facets.extend(content.instruments.iter().map(instrument));
    facets.extend(content.role.map(role));
    facets.extend(content.excluded_countries.iter().copied().map(excluded));
    facets.extend(countries_taken(content));
    facets
}

fn local(texts: &Localized) -> impl Iterator<Item = &str> {
    texts.iter().map(|(_, local)| local.text.as_str())
}

fn tag(slug: &Slug) -> String {
    format!("t_{slug}")
}

fn stage(stage: Stage) -> String {
    format!("s_{stage}")
}

fn deal_intent(slug: &Slug) -> String {
    format!("d_{slug}")
}

fn instrument(slug: &Slug) -> String {
    format!("i_{slug}")
}

fn transfer_topic(slug: &Slug) -> String {
    format!("x_{slug}")
}

fn business_model(slug: &Slug) -> String {
    format!("b_{slug}")
}

fn customer_type(slug: &Slug) -> String {
    format!("c_{slug}")
}

/// Languages are compared by their primary subtags.
fn language(language: &Language) -> String {
    format!("g_{}", language.primary().to_ascii_lowercase())
}

fn role(role: InvestorRole) -> String {
    format!("r_{role}")
}

fn excluded(country: Country) -> String {
    format!("n_{}", country.code().to_ascii_lowercase())
}

fn taken(country: Country) -> String {
    format!("y_{}", country.code().to_ascii_lowercase())
}

/// From any country.
const TAKEN_ANYWHERE: &str = "y_any";

/// From where a mandate takes startups, so that one word of it answers: a
/// mandate that names no country takes all but those that it excludes.
fn countries_taken(content: &MandateContent) -> Vec<String> {
    let out = &content.excluded_countries;
    let named = &content.startup_countries;
    if named.is_empty() && out.is_empty() {
        return vec![TAKEN_ANYWHERE.to_owned()];
    }
    let wanted = |country: &Country| named.is_empty() || named.contains(country);
    let all = Country::all().filter(|it| wanted(it) && !out.contains(it));
    all.map(taken).collect()
}

fn market(country: Country) -> String {
    format!("m_{}", country.code().to_ascii_lowercase())
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
    facets: Vec<BTreeSet<String>>,
}

/// One word of a query, with all that it may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    plain: String,
    sounds: BTreeSet<String>,
    names: BTreeSet<String>,
    tags: BTreeSet<String>,
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
            facets: Vec::new(),
        })
    }

    /// Whether words are looked for, so that there is an order of fit.
    pub const fn has_words(&self) -> bool {
        !self.words.is_empty()
    }

    /// Whether it asks for nothing.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty() && self.facets.is_empty()
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
    ///
    /// What sort an investor is stands in a column of its own, and no record
    /// is found by it here.
    pub fn with_facet(&mut self, facet: Facet, slug: &Slug) {
        let word = match facet {
            Facet::BusinessModel => business_model(slug),
            Facet::CustomerType => customer_type(slug),
            Facet::DealIntent => deal_intent(slug),
            Facet::TransferTopic => transfer_topic(slug),
            Facet::Instrument => instrument(slug),
            Facet::InvestorType => return,
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
        let facets = self.facets.iter().map(|alternatives| {
            let term = |word: &String| Term {
                word: word.clone(),
                begins: false,
                place: Place::Facets,
            };
            alternatives.iter().map(term).collect()
        });
        words.chain(facets).collect()
    }
}

impl Word {
    fn new(plain: String, sound: &Sound, begins: bool, taxonomy: &Taxonomy) -> Self {
        // What a Hebrew word may sound like stands with the others' consonants.
        let script = if sound.hebrew { 'l' } else { 'h' };
        Self {
            tags: taxonomy
                .meant_by(&plain, begins)
                .into_iter()
                .map(tag)
                .collect(),
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
            let tags = self.tags.iter();
            terms.extend(tags.map(|it| term(it, false, Place::Facets)));
        }
        terms
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
