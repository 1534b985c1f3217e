//! What a firm corrects of what others wrote about it, before it stands behind
//! it.

use std::collections::BTreeSet;

use crate::db::{self, Conn};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, UserId};
use crate::domain::mandate::MandateContent;
use crate::domain::organization::OrganizationDetails;
use crate::domain::profile::{StartupContent, texts_that_tell};
use crate::domain::text::{Language, LocalText, Localized, Name, Slug, TextState, Website};
use crate::domain::values::Stage;

use super::organizations::names_that_tell;
use super::{Context, Error};

/// What shall be otherwise; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    /// What people call the firm.
    pub firm_name: Option<Name>,
    /// Its web site; the inner none takes it away.
    pub website: Option<Option<Website>>,
    /// The profile's sentence, in the language in which the reader saw it.
    pub one_liner: Option<String>,
    /// Its paragraphs; empty takes them away.
    pub summary: Option<String>,
    /// The round; the inner none is unknown.
    pub stage: Option<Option<Stage>>,
    /// The tags that stay, of a profile or a mandate.
    pub tags: Option<BTreeSet<Slug>>,
    /// The words without a tag that stay.
    pub words: Option<BTreeSet<String>>,
    /// What the mandate is called.
    pub title: Option<Name>,
}

impl Corrections {
    /// What a profile then says.
    pub(super) fn profile(&self, before: &StartupContent, reader: &Language) -> StartupContent {
        let mut after = before.clone();
        reword(&mut after.one_liner, self.one_liner.as_deref(), reader);
        reword(&mut after.summary, self.summary.as_deref(), reader);
        if let Some(stage) = self.stage {
            after.stage = stage;
        }
        if let Some(kept) = &self.tags {
            after.primary_tags.retain(|tag| kept.contains(tag));
            after.tags.retain(|tag| kept.contains(tag));
            after.technologies.retain(|tag| kept.contains(tag));
            // Something has to say what it is.
            if after.primary_tags.is_empty() {
                after.primary_tags.extend(after.tags.pop_first());
            }
        }
        self.keep_words(&mut after.source_tags);
        after
    }

    /// What a mandate then says.
    pub(super) fn mandate(&self, before: &MandateContent) -> MandateContent {
        let mut after = before.clone();
        if let Some(title) = &self.title {
            after.title = Some(title.clone());
        }
        if let Some(kept) = &self.tags {
            after.tags.retain(|tag, _| kept.contains(tag));
        }
        self.keep_words(&mut after.source_tags);
        after
    }

    fn keep_words(&self, words: &mut Vec<String>) {
        if let Some(kept) = &self.words {
            words.retain(|word| kept.contains(word));
        }
    }

    /// What a firm then is.
    fn firm(&self, before: &OrganizationDetails) -> OrganizationDetails {
        let mut after = before.clone();
        if let Some(name) = &self.firm_name
            && name != before.display_name()
        {
            match &mut after.trade_name {
                Some(trade_name) => *trade_name = name.clone(),
                None => after.legal_name = name.clone(),
            }
        }
        if let Some(website) = &self.website {
            after.website.clone_from(website);
        }
        after
    }

    /// What is wrong with the corrections of a firm's first profile: its texts
    /// are read by others before they may know the firm, and something has to
    /// say what it is.
    pub(super) fn profile_faults(
        &self,
        conn: &mut Conn,
        organization: OrganizationId,
        before: &StartupContent,
        reader: &Language,
    ) -> Result<Faults, Error> {
        let after = self.profile(before, reader);
        // Neither the old name nor the new one.
        let mut names = names_that_tell(conn, organization)?;
        names.extend(self.firm_name.as_ref().map(ToString::to_string));
        let told = texts_that_tell(&after, names.iter().map(String::as_str));
        // Only what the reader saw can be put right on the page.
        let seen = [
            place("/one_liner", &after.one_liner, reader),
            place("/summary", &after.summary, reader),
        ];
        let mut faults = Faults::new();
        for fault in told.into_vec() {
            if seen.contains(&Some(fault.pointer.clone())) {
                faults.add(fault);
            }
        }
        if after.one_liner.is_empty() && !before.one_liner.is_empty() {
            faults.push("/one_liner", "required", "A sentence is required.");
        }
        if after.primary_tags.is_empty() && !before.primary_tags.is_empty() {
            faults.push("/tags", "required", "One tag has to stay.");
        }
        Ok(faults)
    }

    /// What is wrong with the corrections of a firm's first mandate.
    pub(super) fn mandate_faults(&self, before: &MandateContent) -> Faults {
        let mut faults = Faults::new();
        if self.mandate(before).tags.is_empty() && !before.tags.is_empty() {
            faults.push("/tags", "required", "One tag has to stay.");
        }
        faults
    }

    /// Puts the corrected name and web site of a firm on record.
    pub(super) fn correct_firm(
        &self,
        context: &Context,
        conn: &mut Conn,
        person: UserId,
        organization: OrganizationId,
    ) -> Result<(), Error> {
        db::organizations::lock(conn, organization)?;
        let before = db::organizations::find(conn, organization)?.ok_or(Error::NotFound)?;
        let details = self.firm(&before.details);
        let kind = "organization.corrected";
        super::organizations::put(context, conn, person, kind, before, details).map(drop)
    }
}

/// Where the text that a reader sees stands in a profile.
fn place(field: &str, texts: &Localized, reader: &Language) -> Option<String> {
    let (language, _) = texts.for_reader(reader)?;
    Some(format!("{field}/{language}"))
}

/// Puts words in the place of those that the reader saw.
fn reword(texts: &mut Localized, words: Option<&str>, reader: &Language) {
    let Some(words) = words else {
        return;
    };
    let (language, seen) = match texts.for_reader(reader) {
        Some((language, seen)) => (language.clone(), seen.text.clone()),
        None => (Language::english(), String::new()),
    };
    if words == seen {
        return;
    }
    if words.is_empty() {
        let others = texts.iter().filter(|(other, _)| **other != language);
        *texts = others
            .map(|(other, text)| (other.clone(), text.clone()))
            .collect();
    } else {
        let state = TextState::Original;
        let text = words.to_owned();
        texts.insert(language, LocalText { text, state });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> Localized {
        let state = TextState::Machine;
        all.iter()
            .map(|(language, text)| {
                let text = (*text).to_owned();
                (language.parse().unwrap(), LocalText { text, state })
            })
            .collect()
    }

    fn words(texts: &Localized) -> Vec<(String, &'static str)> {
        texts
            .iter()
            .map(|(language, text)| (format!("{language}: {}", text.text), text.state.code()))
            .collect()
    }

    #[test]
    fn what_the_reader_saw_is_what_is_corrected() {
        let hebrew: Language = "he-IL".parse().unwrap();
        let mut both = texts(&[("en", "Water"), ("he", "מים")]);
        reword(&mut both, Some("מי שתייה"), &hebrew);
        assert_eq!(
            words(&both),
            [
                ("en: Water".to_owned(), "machine"),
                ("he: מי שתייה".to_owned(), "original")
            ]
        );
        let mut english = texts(&[("en", "Water")]);
        reword(&mut english, Some("Water"), &hebrew);
        assert_eq!(words(&english), [("en: Water".to_owned(), "machine")]);
        reword(&mut english, Some(""), &hebrew);
        assert!(english.is_empty());
    }

    #[test]
    fn a_tag_that_stays_moves_up_when_all_before_it_go() {
        let slug = |text: &str| text.parse::<Slug>().unwrap();
        let before = StartupContent {
            primary_tags: [slug("water")].into(),
            tags: [slug("energy"), slug("soil")].into(),
            source_tags: vec!["Sun".into(), "Moon".into()],
            ..StartupContent::default()
        };
        let corrections = Corrections {
            tags: Some([slug("soil")].into()),
            words: Some(["Moon".to_owned()].into()),
            ..Corrections::default()
        };
        let after = corrections.profile(&before, &Language::english());
        assert_eq!(after.primary_tags, [slug("soil")].into());
        assert!(after.tags.is_empty());
        assert_eq!(after.source_tags, ["Moon"]);
        let nothing = Corrections::default().profile(&before, &Language::english());
        assert_eq!(nothing, before);
    }
}
