//! Tags as curators keep them: what may be done with one, and what a change
//! must not do to what the others are there for.
//!
//! A tag does two things beside describing: its sensitivity decides how its
//! holders are handled, and its words recognise forbidden business in free
//! text. No change of the tree or of words may weaken either by the way; only
//! `grade` lowers what is sensitive, and two people of compliance do that.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Labels, Sensitivity, Tag, Taxonomy};
use crate::domain::ids::{TagId, UserId};
use crate::domain::permission::Hat;
use crate::domain::refusal::Refusal;
use crate::domain::text::{Language, LocalText, Localized, Slug, TextState, fold};
use crate::domain::values::codes;

/// Most tags of a taxonomy.
pub const MOST_TAGS: usize = 5_000;
/// From here on two people of compliance lower it.
const GRAVE: Sensitivity = Sensitivity::Restricted;

codes! {
    /// What can be done with a tag beside changing what it says.
    TagAction {
        /// A person has read what a machine translated.
        ReviewLabels = "review_labels",
        /// Say how carefully it is handled.
        Grade = "grade",
        /// Have its words name another tag from now on; who holds it keeps it.
        Redirect = "redirect",
        /// Redirect it, and have all who hold it hold the other one.
        Merge = "merge",
        /// Let it be chosen again.
        Restore = "restore",
    }
}

/// A tag on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTag {
    /// Its id, by which the log names it.
    pub id: TagId,
    /// What it is.
    pub tag: Tag,
    /// Whether those who held it hold what it redirects to.
    pub merged: bool,
    /// Counts changes; the `ETag`. 1 is as it came.
    pub version: i64,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What somebody decided about a tag, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagDecision {
    /// What was to be done: the action with what it comes to.
    pub matter: String,
    /// Why, in words.
    pub reason: String,
    /// Who.
    pub person: UserId,
    /// Whether it was done; else a second person has to agree.
    pub settled: bool,
    /// When.
    pub created_at: DateTime<Utc>,
}

codes! {
    /// How far the labels of a tag are from what its readers need.
    LabelsState {
        /// One of the languages of the service has none.
        Missing = "missing",
        /// A machine made one that nobody has reviewed.
        Machine = "machine",
        /// Neither: people have seen all of them.
        Complete = "complete",
    }
}

impl LabelsState {
    /// Whether a tag's labels stand so. What lacks one and has a machine's waits
    /// for both.
    pub fn is_of(self, tag: &Tag) -> bool {
        let missing = tag.labels.missing().next().is_some();
        let machine = !tag.labels.machine.is_empty();
        match self {
            Self::Missing => missing,
            Self::Machine => machine,
            Self::Complete => !missing && !machine,
        }
    }
}

/// Which tags of a taxonomy are asked for; what is absent doesn't matter.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of that kind.
    pub kind: Option<super::TagKind>,
    /// That tag and all below it.
    pub under: Option<Slug>,
    /// Handled at least so carefully.
    pub sensitivity: Option<Sensitivity>,
    /// Whether they can be chosen today.
    pub offered: Option<bool>,
    /// With a label in that language that only a machine has seen.
    pub unreviewed: Option<Language>,
    /// Whose labels stand so.
    pub labels: Option<LabelsState>,
    /// With a word in a label, alias or slug that begins so.
    pub word: Option<String>,
}

impl Wanted {
    /// Whether a tag is asked for.
    pub fn takes(&self, taxonomy: &Taxonomy, tag: &Tag) -> bool {
        let below = |top: &Slug| {
            *top == tag.slug || taxonomy.ancestors(&tag.slug).any(|above| above == top)
        };
        self.kind.is_none_or(|kind| tag.kind == kind)
            && self.under.as_ref().is_none_or(below)
            && self
                .sensitivity
                .is_none_or(|least| taxonomy.sensitivity(&tag.slug) >= least)
            && self.offered.is_none_or(|it| taxonomy.offers(tag) == it)
            && self
                .unreviewed
                .as_ref()
                .is_none_or(|language| tag.labels.machine.contains(language))
            && self.labels.is_none_or(|state| state.is_of(tag))
            && self.word.as_ref().is_none_or(|word| says(tag, word))
    }
}

/// Whether a word of a tag begins so.
fn says(tag: &Tag, begin: &str) -> bool {
    let begin = fold(begin);
    words_of(tag).any(|name| {
        let name = fold(name);
        name.starts_with(&begin) || name.split(' ').any(|word| word.starts_with(&begin))
    })
}

fn words_of(tag: &Tag) -> impl Iterator<Item = &str> {
    let labels = tag.labels.texts.values().chain(&tag.aliases);
    labels.map(String::as_str).chain([tag.slug.as_str()])
}

impl From<&Localized> for Labels {
    fn from(texts: &Localized) -> Self {
        let of = |state: TextState| {
            let those = texts.iter().filter(|(_, text)| text.state == state);
            those.map(|(language, _)| language.clone()).collect()
        };
        Self {
            machine: of(TextState::Machine),
            human: of(TextState::Human),
            texts: texts
                .iter()
                .map(|(language, text)| (language.clone(), text.text.clone()))
                .collect(),
        }
    }
}

impl From<&Labels> for Localized {
    fn from(labels: &Labels) -> Self {
        let texts = labels.texts.iter();
        let texts = texts.map(|(language, text)| {
            let (text, state) = (text.clone(), labels.state(language));
            (language.clone(), LocalText { text, state })
        });
        texts.collect()
    }
}

/// The machine: whether an action can be taken with a tag as it stands.
///
/// # Errors
/// Why it can't.
pub fn step(kept: &KeptTag, action: TagAction, who: Hat) -> Result<(), Refusal> {
    use TagAction as A;
    let redirects = kept.tag.term.redirect.is_some();
    let allowed = match action {
        A::ReviewLabels => !redirects && !kept.tag.labels.machine.is_empty(),
        A::Grade | A::Redirect => !redirects,
        A::Merge => !kept.merged,
        A::Restore => redirects,
    };
    if !allowed {
        return Err(Refusal::no_transition(action.code()));
    }
    match (action, who) {
        (A::Grade, Hat::Curator | Hat::Compliance) | (_, Hat::Curator) => Ok(()),
        _ => Err(Refusal::not_yours(action.code())),
    }
}

/// Marks labels as read by a person.
///
/// # Errors
/// One of the languages has no label that a machine made.
pub fn reviewed(labels: &Labels, languages: &BTreeSet<Language>) -> Result<Labels, Refusal> {
    if let Some(none) = languages.iter().find(|it| !labels.machine.contains(it)) {
        return Err(Refusal::new(
            "nothing_to_review",
            format!("The label in “{none}” is not a machine's."),
        ));
    }
    let mut after = labels.clone();
    after.machine.retain(|it| !languages.contains(it));
    after.human.extend(languages.iter().cloned());
    after.human.sort();
    Ok(after)
}

/// How many people of compliance it takes to bring a taxonomy from `before` to
/// `after` by grading one tag: none to raise, two where what is restricted or
/// prohibited falls.
pub fn people_to_grade(before: &Taxonomy, after: &Taxonomy) -> usize {
    let eased = eased(before, after);
    match eased.values().max() {
        None => 0,
        Some(from) if *from >= GRAVE => 2,
        Some(_) => 1,
    }
}

/// Tags that would be handled less carefully, or whose words would name one
/// that is, with what applies to them now.
fn eased<'a>(before: &'a Taxonomy, after: &Taxonomy) -> BTreeMap<&'a Slug, Sensitivity> {
    let falls = |tag: &&Tag| {
        let then = after.sensitivity(after.leads_to(tag.leads_to()));
        then < before.sensitivity(tag.leads_to())
    };
    let tags = before.tags().filter(falls);
    tags.map(|tag| (&tag.slug, before.sensitivity(tag.leads_to())))
        .collect()
}

/// Whether a change of the tree, of words or of redirects leaves alone what is
/// sensitive; a change of words may also be made by compliance.
///
/// # Errors
/// Everything that it would weaken.
pub fn check_care(before: &Taxonomy, after: &Taxonomy, who: Hat) -> Result<(), Refusal> {
    let eased = eased(before, after);
    if !eased.is_empty() {
        let tags: Vec<&str> = eased.keys().map(|slug| slug.as_str()).collect();
        return Err(Refusal::new(
            "sensitivity_would_fall",
            format!(
                "This would have {} handled less carefully; grade what shall be otherwise first.",
                tags.join(", ")
            ),
        ));
    }
    let lost = unrecognised(before, after);
    if !lost.is_empty() && who != Hat::Compliance {
        return Err(Refusal::new(
            "words_recognise",
            format!(
                "By these words restricted business is recognised, so only compliance takes them away: {}.",
                lost.join(", ")
            ),
        ));
    }
    Ok(())
}

/// Words of restricted tags that would not lead to anything as grave any more.
fn unrecognised<'a>(before: &'a Taxonomy, after: &Taxonomy) -> Vec<&'a str> {
    let grave = before
        .tags()
        .filter(|tag| before.sensitivity(tag.leads_to()) >= GRAVE);
    let level = |taxonomy: &Taxonomy, word: &str| {
        let tag = taxonomy.resolve(word);
        tag.map_or(Sensitivity::None, |tag| taxonomy.sensitivity(&tag.slug))
    };
    let words = grave.flat_map(words_of);
    words
        .filter(|word| level(before, word) >= GRAVE && level(after, word) < level(before, word))
        .collect()
}

/// Tags that a freeze of one of `frozen` covers before and not after.
pub fn thawed<'a>(before: &'a Taxonomy, after: &Taxonomy, frozen: &[Slug]) -> Vec<&'a Slug> {
    let escapes = |tag: &&Tag| {
        let to = after.leads_to(&tag.slug);
        let was = |it: &&Slug| before.is_within(&tag.slug, it);
        frozen.iter().filter(was).any(|it| !after.is_within(to, it))
    };
    let tags = before.tags().filter(escapes);
    tags.map(|tag| &tag.slug).collect()
}

/// How the tags on record stand to a file that has changed since they were
/// taken from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// In the file only.
    pub new: Vec<Slug>,
    /// Otherwise in the file, while nobody changed what is on record.
    pub newer: Vec<Slug>,
}

impl Drift {
    /// Of the tags on record from a file.
    pub fn of<'a>(file: &Taxonomy, kept: impl Iterator<Item = &'a KeptTag>) -> Self {
        let kept: BTreeMap<&Slug, &KeptTag> = kept.map(|kept| (&kept.tag.slug, kept)).collect();
        let mut drift = Self::default();
        for tag in file.tags() {
            match kept.get(&tag.slug) {
                None => drift.new.push(tag.slug.clone()),
                Some(kept) if kept.version == 1 && kept.tag != *tag => {
                    drift.newer.push(tag.slug.clone());
                }
                // What curators changed is theirs.
                Some(_) => {}
            }
        }
        drift
    }

    /// In words; none where there is none.
    pub fn told(&self) -> Option<String> {
        let some = |slugs: &[Slug]| {
            let first: Vec<&str> = slugs.iter().take(5).map(Slug::as_str).collect();
            let rest = if slugs.len() > 5 { ", …" } else { "" };
            format!("{}{rest}", first.join(", "))
        };
        let new = (!self.new.is_empty())
            .then(|| format!("has {} more ({})", self.new.len(), some(&self.new)));
        let newer = (!self.newer.is_empty()).then(|| {
            format!(
                "says of {} something else ({})",
                self.newer.len(),
                some(&self.newer)
            )
        });
        let told: Vec<String> = new.into_iter().chain(newer).collect();
        (!told.is_empty()).then(|| told.join(" and "))
    }
}

/// Whether matching sees no difference between two taxonomies.
pub fn scores_alike(one: &Taxonomy, other: &Taxonomy) -> bool {
    let seen = |tag: &Tag| {
        (
            tag.slug.clone(),
            tag.parent.clone(),
            tag.sensitivity,
            tag.kind,
        )
    };
    one.tags().map(seen).eq(other.tags().map(seen))
}

#[cfg(test)]
mod tests {
    use super::super::{TagKind, Term};
    use super::*;

    fn slug(text: &str) -> Slug {
        text.parse().unwrap()
    }

    fn tag(name: &str, parent: Option<&str>, sensitivity: Sensitivity, words: &[&str]) -> Tag {
        Tag {
            slug: slug(name),
            kind: TagKind::Tag,
            parent: parent.map(slug),
            labels: Labels {
                texts: BTreeMap::new(),
                machine: vec![],
                human: vec![],
            },
            aliases: words.iter().map(|it| (*it).to_owned()).collect(),
            sensitivity,
            term: Term::default(),
        }
    }

    fn tags() -> Vec<Tag> {
        vec![
            tag("arms", None, Sensitivity::Prohibited, &["weapons"]),
            tag("drones", Some("arms"), Sensitivity::None, &["uav"]),
            tag("farming", None, Sensitivity::None, &["fields"]),
            tag("soil", Some("farming"), Sensitivity::None, &[]),
        ]
    }

    fn taxonomy(change: impl FnOnce(&mut Vec<Tag>)) -> Taxonomy {
        let mut tags = tags();
        change(&mut tags);
        Taxonomy::new("t".to_owned(), tags, vec![]).unwrap()
    }

    fn code(result: Result<(), Refusal>) -> Option<String> {
        result.err().map(|it| it.code.into_owned())
    }

    #[test]
    fn nothing_escapes_its_sensitivity_by_the_way() {
        let before = taxonomy(|_| ());
        let moved = taxonomy(|tags| tags[1].parent = Some(slug("farming")));
        let led = taxonomy(|tags| tags[1].term.redirect = Some(slug("soil")));
        for after in [&moved, &led] {
            let refused = code(check_care(&before, after, Hat::Compliance));
            assert_eq!(refused.as_deref(), Some("sensitivity_would_fall"));
        }
        let graver = taxonomy(|tags| tags[3].parent = Some(slug("arms")));
        assert_eq!(check_care(&before, &graver, Hat::Curator), Ok(()));
        let up = taxonomy(|tags| tags[3].sensitivity = Sensitivity::Review);
        assert_eq!(people_to_grade(&before, &up), 0);
        assert_eq!(people_to_grade(&up, &before), 1);
        let down = taxonomy(|tags| tags[0].sensitivity = Sensitivity::Review);
        assert_eq!(people_to_grade(&before, &down), 2);
    }

    #[test]
    fn words_that_recognise_are_compliances() {
        let before = taxonomy(|_| ());
        let gone = taxonomy(|tags| tags[0].aliases.clear());
        let taken = taxonomy(|tags| {
            let word = tags[1].aliases.remove(0);
            tags[2].aliases.push(word);
        });
        for after in [&gone, &taken] {
            let refused = code(check_care(&before, after, Hat::Curator));
            assert_eq!(refused.as_deref(), Some("words_recognise"));
            assert_eq!(check_care(&before, after, Hat::Compliance), Ok(()));
        }
        let more = taxonomy(|tags| tags[0].aliases.push("guns".to_owned()));
        assert_eq!(check_care(&before, &more, Hat::Curator), Ok(()));
    }

    #[test]
    fn a_freeze_is_not_left_by_moving() {
        let before = taxonomy(|_| ());
        let frozen = [slug("farming")];
        let moved = taxonomy(|tags| tags[3].parent = None);
        assert_eq!(thawed(&before, &moved, &frozen), [&slug("soil")]);
        let led = taxonomy(|tags| tags[3].term.redirect = Some(slug("farming")));
        assert!(thawed(&before, &led, &frozen).is_empty());
    }

    #[test]
    fn a_redirect_has_words_name_the_other() {
        let after = taxonomy(|tags| tags[3].term.redirect = Some(slug("farming")));
        let named = after.resolve("soil").map(|tag| tag.slug.clone());
        assert_eq!(named, Some(slug("farming")));
        assert!(after.tag(&slug("soil")).is_some());
        let twice = |tags: &mut Vec<Tag>| {
            tags[3].term.redirect = Some(slug("farming"));
            tags[2].term.redirect = Some(slug("drones"));
        };
        let mut all = tags();
        twice(&mut all);
        assert!(Taxonomy::new("t".to_owned(), all, vec![]).is_err());
    }

    #[test]
    fn a_review_makes_a_machines_label_a_persons() {
        let labels = Labels {
            texts: [("he", "מים"), ("ru", "вода")]
                .map(|(code, text)| (code.parse().unwrap(), text.to_owned()))
                .into(),
            machine: vec!["he".parse().unwrap(), "ru".parse().unwrap()],
            human: vec![],
        };
        let after = reviewed(&labels, &["he".parse().unwrap()].into()).unwrap();
        assert_eq!(after.state(&"he".parse().unwrap()), TextState::Human);
        assert_eq!(after.state(&"ru".parse().unwrap()), TextState::Machine);
        assert!(reviewed(&after, &["he".parse().unwrap()].into()).is_err());
    }
}
