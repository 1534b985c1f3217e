//! What in a startup's profile waits for a release by compliance, and which
//! releases settle it. One is about a matter (a sensitive tag, or what the firm
//! answered to export control) as gravely as it was graded then: it stands
//! neither for another matter nor for a graver grade.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{Days, NaiveDate};

use super::ids::UserId;
use super::profile::{ControlAnswers, StartupContent};
use super::tag::{Sensitivity, Taxonomy};
use super::text::{Slug, TextFault};

/// Days for which a release holds at most.
pub const HOLDS_DAYS: u64 = 365;

/// What somebody of compliance says when they let something be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// Why.
    pub reason: String,
    /// The last day on which that is to hold; none where nothing shorter than
    /// the longest time is meant.
    pub until: Option<NaiveDate>,
}

/// The last day on which a release of that day holds: 12 months ahead, or the
/// day that is asked for, or the end of the licences that it rests on, whichever
/// comes first.
pub fn holds_until(
    today: NaiveDate,
    asked: Option<NaiveDate>,
    licensed: Option<NaiveDate>,
) -> NaiveDate {
    let longest = today + Days::new(HOLDS_DAYS);
    asked.into_iter().chain(licensed).fold(longest, Ord::min)
}

/// Until when a release can be given.
///
/// # Errors
/// That day is over, or lies too far ahead; the code and words of the fault.
pub fn check_until(until: NaiveDate, today: NaiveDate) -> Result<(), (&'static str, &'static str)> {
    if until < today {
        return Err(("in_the_past", "That day is over."));
    }
    if until > today + Days::new(HOLDS_DAYS) {
        return Err(("too_far", "A release holds for 12 months at most."));
    }
    Ok(())
}

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

/// Whether a release about a matter stands for the next revision as well: what
/// it was about is there as it was. What the texts name is looked at apart
/// ([`super::terms::names_more`]).
pub fn goes_on(matter: &Matter, before: &StartupContent, after: &StartupContent) -> bool {
    let answers_stand = || answers(before) == answers(after);
    match matter {
        Matter::Tag(tag) => after.all_tags().any(|it| it == tag),
        Matter::ControlAnswers => answers_stand(),
        Matter::Everything => {
            let had: BTreeSet<&Slug> = before.all_tags().collect();
            answers_stand() && after.all_tags().all(|tag| had.contains(tag))
        }
    }
}

/// What was answered to export control, whoever signed it and when.
fn answers(content: &StartupContent) -> Option<([bool; 5], &[String])> {
    let answers = content.controls.as_ref()?;
    let said = [
        answers.defence_customers,
        answers.dual_use,
        answers.interception,
        answers.intrusion,
        answers.biometrics,
    ];
    Some((said, &answers.licences))
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
    fn a_release_ends_with_the_first_that_ends_it() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let today = day("2026-11-30");
        let ends = |asked: Option<&str>, licensed: Option<&str>| {
            holds_until(today, asked.map(day), licensed.map(day)).to_string()
        };
        assert_eq!(ends(None, None), "2027-11-30");
        assert_eq!(ends(Some("2027-01-31"), None), "2027-01-31");
        assert_eq!(ends(Some("2027-01-31"), Some("2026-12-31")), "2026-12-31");
        assert_eq!(ends(Some("2027-01-31"), Some("2027-12-31")), "2027-01-31");
        assert_eq!(ends(Some("2029-01-31"), None), "2027-11-30");
        let fault = |until: &str| check_until(day(until), today).map_err(|(code, _)| code);
        assert_eq!(fault("2026-11-29"), Err("in_the_past"));
        assert_eq!(fault("2026-11-30"), Ok(()));
        assert_eq!(fault("2027-11-30"), Ok(()));
        assert_eq!(fault("2027-12-01"), Err("too_far"));
    }

    #[test]
    fn a_release_goes_on_while_what_it_was_about_is_as_it_was() {
        let tag = |slug: &str| slug.parse::<Slug>().expect("a slug");
        let before = StartupContent {
            primary_tags: [tag("ot_sec")].into(),
            controls: Some(ControlAnswers {
                defence_customers: false,
                dual_use: true,
                interception: false,
                intrusion: false,
                biometrics: false,
                licences: Vec::new(),
                signed_by: "Dana".parse().expect("a name"),
                signed_on: chrono::NaiveDate::default(),
            }),
            ..StartupContent::default()
        };
        let stands = |after: &StartupContent| {
            let matters = ["ot_sec", CONTROL_ANSWERS, EVERYTHING];
            matters.map(|matter| goes_on(&matter.parse().expect("a matter"), &before, after))
        };
        let mut grown = before.clone();
        grown.team_size = Some(12);
        assert_eq!(stands(&grown), [true; 3]);
        let mut more = before.clone();
        more.tags.insert(tag("drones"));
        assert_eq!(stands(&more), [true, true, false]);
        let mut other = before.clone();
        other.primary_tags = [tag("drones")].into();
        assert_eq!(stands(&other), [false, true, false]);
        let mut signed = before.clone();
        let mut answered = before.clone();
        if let (Some(signed), Some(answered)) = (&mut signed.controls, &mut answered.controls) {
            signed.signed_by = "Gul".parse().expect("a name");
            answered.biometrics = true;
        }
        assert_eq!(stands(&signed), [true; 3]);
        assert_eq!(stands(&answered), [true, false, false]);
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
