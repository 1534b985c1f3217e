//! What is looked for in a profile before others read it: words that would name
//! or reach the firm, and what people of compliance have to see first.

use super::content::{ControlAnswers, StartupContent};
use crate::domain::fault::Faults;
use crate::domain::refusal::Refusal;
use crate::domain::screening;
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::domain::terms;
use crate::domain::text::{Localized, Slug};

/// Whatever in the texts shown without a name would give the firm away: an
/// address, a number, a link, one of its names. Every language is looked at.
pub fn texts_that_tell<'a>(
    content: &StartupContent,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Faults {
    let mut faults = Faults::new();
    for (field, texts) in [
        ("one_liner", &content.one_liner),
        ("summary", &content.summary),
    ] {
        for (language, local) in texts.iter() {
            for finding in screening::findings(&local.text, names.clone()) {
                faults.push(
                    format!("/{field}/{language}"),
                    finding.code(),
                    finding.detail(),
                );
            }
        }
    }
    faults
}

/// The texts of which nothing gives the firm away.
pub fn telling_nothing<'a>(
    texts: &Localized,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Localized {
    let clean = |text: &str| screening::findings(text, names.clone()).is_empty();
    texts
        .iter()
        .filter(|(_, local)| clean(&local.text))
        .map(|(language, local)| (language.clone(), local.clone()))
        .collect()
}

/// Texts that would name or reach the firm before it agreed.
pub fn texts_not_clean(told: Faults) -> Refusal {
    Refusal {
        code: "texts_not_clean".into(),
        detail: "These texts are read before the firm has agreed to be named, so they must not give it away.".to_owned(),
        missing: told.into_vec(),
    }
}

/// What people have to look at before others read it, each part with its
/// pointer: tags, answers and words.
pub fn to_look_at(content: &StartupContent, taxonomy: &Taxonomy) -> Faults {
    let mut faults = Faults::new();
    let sensitive = |slug: &&Slug| taxonomy.sensitivity(slug) >= Sensitivity::Review;
    let fields = [
        ("/primary_tags", &content.primary_tags),
        ("/tags", &content.tags),
        ("/technologies", &content.technologies),
    ];
    for (pointer, tags) in fields {
        for slug in tags.iter().filter(sensitive) {
            faults.push(pointer, "sensitive_tag", format!("“{slug}” is sensitive."));
        }
    }
    let answers = content.controls.as_ref();
    if answers.is_some_and(ControlAnswers::needs_review) {
        faults.push(
            "/controls",
            "sensitive_answers",
            "An export-control answer asks for a look by compliance.",
        );
    }
    for (pointer, hit) in terms::in_content(content, taxonomy) {
        faults.push(
            pointer,
            "sensitive_words",
            format!(
                "“{}” names what is brokered with care or not at all.",
                hit.words
            ),
        );
    }
    faults
}

/// Whether people have to look at it before anybody else does: its tags,
/// answers or words are sensitive.
pub fn is_sensitive(content: &StartupContent, taxonomy: &Taxonomy) -> bool {
    !to_look_at(content, taxonomy).is_empty()
}

/// What is sensitive two people let through.
///
/// # Errors
/// Whoever approves it is the one who agreed.
pub fn second_person(alone: bool) -> Result<(), Refusal> {
    if !alone {
        return Ok(());
    }
    Err(Refusal::new(
        "second_person_needed",
        "Who agreed to it for compliance doesn't approve it as well.",
    ))
}
