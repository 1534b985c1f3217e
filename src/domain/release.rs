//! What in a startup's profile waits for a release by compliance, and which
//! releases settle it. One is about a matter (a sensitive tag, or what the firm
//! answered to export control) as gravely as it was graded then: it stands
//! neither for another matter nor for a graver grade.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::ids::UserId;
use super::profile::{ControlAnswers, StartupContent};
use super::tag::{Sensitivity, Taxonomy};
use super::text::{Slug, TextFault};

/// What a release is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// Everything in that revision; what was decided before releases named
    /// their matter.
    Everything,
    /// What the firm answered to export control.
    ControlAnswers,
    /// A tag.
    Tag(Slug),
}

/// Letters that stand in no slug.
const EVERYTHING: &str = "*";
const CONTROL_ANSWERS: &str = "+control_answers";

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(EVERYTHING),
            Self::ControlAnswers => f.write_str(CONTROL_ANSWERS),
            Self::Tag(slug) => slug.fmt(f),
        }
    }
}

impl FromStr for Matter {
    type Err = TextFault;

    fn from_str(text: &str) -> Result<Self, TextFault> {
        match text {
            EVERYTHING => Ok(Self::Everything),
            CONTROL_ANSWERS => Ok(Self::ControlAnswers),
            slug => slug.parse().map(Self::Tag),
        }
    }
}

/// A matter that somebody of compliance looks at before it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensitive {
    /// What.
    pub matter: Matter,
    /// How gravely it is graded: by two people where it is restricted.
    pub sensitivity: Sensitivity,
}

/// A release by one person that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// About what, and how gravely that was graded then.
    pub about: Sensitive,
    /// Who decided.
    pub by: UserId,
}

impl Sensitive {
    /// How many people have to release it.
    pub fn needed(&self) -> usize {
        if self.sensitivity >= Sensitivity::Restricted {
            2
        } else {
            1
        }
    }

    /// How many people have released it.
    pub fn people(&self, releases: &[Released]) -> usize {
        let covering = releases.iter().filter(|release| {
            let about = &release.about;
            (about.matter == self.matter || about.matter == Matter::Everything)
                && about.sensitivity >= self.sensitivity
        });
        let people: BTreeSet<UserId> = covering.map(|release| release.by).collect();
        people.len()
    }
}

/// What in a profile is sensitive, each once.
pub fn sensitive(content: &StartupContent, taxonomy: &Taxonomy) -> Vec<Sensitive> {
    let tags: BTreeSet<&Slug> = content.all_tags().collect();
    let mut found: Vec<Sensitive> = tags
        .into_iter()
        .map(|tag| Sensitive {
            matter: Matter::Tag(tag.clone()),
            sensitivity: taxonomy.sensitivity(tag),
        })
        .filter(|it| it.sensitivity >= Sensitivity::Review)
        .collect();
    let answers = content.controls.as_ref();
    if answers.is_some_and(ControlAnswers::needs_review) {
        found.push(Sensitive {
            matter: Matter::ControlAnswers,
            sensitivity: Sensitivity::Review,
        });
    }
    found
}

/// What of it not enough people have released.
pub fn unreleased(mut sensitive: Vec<Sensitive>, releases: &[Released]) -> Vec<Sensitive> {
    sensitive.retain(|it| it.people(releases) < it.needed());
    sensitive
}

/// The gravest grade of some of it; `None` of nothing.
pub fn gravest(sensitive: &[Sensitive]) -> Sensitivity {
    let grades = sensitive.iter().map(|it| it.sensitivity);
    grades.max().unwrap_or(Sensitivity::None)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn about(matter: &str, sensitivity: Sensitivity) -> Sensitive {
        Sensitive {
            matter: matter.parse().expect("a matter"),
            sensitivity,
        }
    }

    fn by(person: u128, matter: &str, sensitivity: Sensitivity) -> Released {
        Released {
            about: about(matter, sensitivity),
            by: Uuid::from_u128(person).into(),
        }
    }

    #[test]
    fn a_release_stands_for_its_matter_at_its_grade_only() {
        use Sensitivity::{Restricted, Review};
        let open = |sensitive: &[Sensitive], releases: &[Released]| -> Vec<String> {
            let open = unreleased(sensitive.to_vec(), releases).into_iter();
            open.map(|it| it.matter.to_string()).collect()
        };
        let one = about("ot_sec", Review);
        let both = [one.clone(), about("drones", Review)];
        let first = by(1, "ot_sec", Review);
        assert_eq!(open(&both, &[]), ["ot_sec", "drones"]);
        assert_eq!(open(&both, std::slice::from_ref(&first)), ["drones"]);
        assert_eq!(
            open(
                &[about(CONTROL_ANSWERS, Review)],
                std::slice::from_ref(&first)
            ),
            [CONTROL_ANSWERS]
        );
        // Graver by now: both people look again.
        let graver = [about("ot_sec", Restricted)];
        let second = by(2, "ot_sec", Restricted);
        assert_eq!(open(&graver, &[first.clone(), second.clone()]), ["ot_sec"]);
        let third = by(3, "ot_sec", Restricted);
        assert_eq!(open(&graver, &[second.clone(), third]), [""; 0]);
        assert_eq!(open(&graver, &[second.clone(), second.clone()]), ["ot_sec"]);
        // Less grave by now: it stands.
        assert_eq!(open(&[one], &[second]), [""; 0]);
        // What was decided before it said about what.
        let older = [by(1, EVERYTHING, Restricted), by(2, EVERYTHING, Restricted)];
        assert_eq!(open(&graver, &older), [""; 0]);
        assert_eq!(gravest(&both), Review);
        assert_eq!(gravest(&[]), Sensitivity::None);
    }
}
