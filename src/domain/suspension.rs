//! What takes a record from everybody's sight for as long as it stands, and
//! what brings it back (`MACHINES.md`, Profile): a firm whose check came out
//! against it, or of which several others reported abuse.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::compliance::ClearanceVerdict;
use super::event::Subject;
use super::ids::UserId;
use super::refusal::Refusal;
use super::values::codes;

/// How many firms have to report abuse before that alone is a ground, those left
/// out whose reports were dismissed. Whether the others are to be believed,
/// whoever suspends the record says with their name.
pub const REPORTERS: usize = 2;

codes! {
    /// What is decided of a report of abuse.
    Ruling {
        /// It holds.
        Uphold = "uphold",
        /// It doesn't: it counts no more.
        Dismiss = "dismiss",
    }
}

impl Ruling {
    /// What is kept as the decision about the introduction.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Uphold => "uphold_report",
            Self::Dismiss => "dismiss_report",
        }
    }
}

/// Whether something can be decided of a report.
///
/// # Errors
/// Nobody reported anything, or it was decided.
pub fn check_ruling(reported: bool, decided: bool) -> Result<(), Refusal> {
    if !reported {
        return Err(Refusal::new(
            "nothing_reported",
            "Nobody reported abuse about this introduction.",
        ));
    }
    if decided {
        return Err(Refusal::new(
            "decided_already",
            "What this report is worth was decided already.",
        ));
    }
    Ok(())
}

codes! {
    /// Why a record is suspended.
    SuspensionGround {
        /// The last check of its firm came out against it.
        ClearanceBlocked = "clearance_blocked",
        /// Several firms reported what its firm asked of them as abuse.
        AbuseReports = "abuse_reports",
    }
}

/// A suspension of a record that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Its id.
    pub id: Uuid,
    /// Of which record.
    pub subject: Subject,
    /// The code of the state in which the record was.
    pub from: String,
    /// Why.
    pub ground: SuspensionGround,
    /// Why, in the words of who ordered it; none of the service's own.
    pub reason: Option<String>,
    /// Who ordered it; none where the service did.
    pub by: Option<UserId>,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who was the first to ask for an end to it.
    pub first_restored_by: Option<UserId>,
}

/// Why nothing of a firm is erased now.
pub fn legal_hold() -> Refusal {
    Refusal::new(
        "legal_hold",
        "A legal hold is on the firm: until it is lifted nothing of it is erased.",
    )
}

/// What suspending, restoring and erasing look at, beside the record itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Standing<'a> {
    /// What the last check of its firm found, whatever the day.
    pub verdict: Option<ClearanceVerdict>,
    /// How many firms reported what this one asked of them as abuse, those left
    /// out whose reports were dismissed.
    pub reporters: usize,
    /// The suspension in force.
    pub suspension: Option<&'a Suspension>,
    /// Whether the law wants everything of its firm kept as it is.
    pub legal_hold: bool,
    /// Who acts; none for the service itself.
    pub by: Option<UserId>,
}

impl<'a> Standing<'a> {
    /// On what ground the record can be suspended.
    ///
    /// # Errors
    /// On none.
    pub fn ground(&self) -> Result<SuspensionGround, Refusal> {
        if self.verdict == Some(ClearanceVerdict::Blocked) {
            return Ok(SuspensionGround::ClearanceBlocked);
        }
        if self.reporters >= REPORTERS {
            return Ok(SuspensionGround::AbuseReports);
        }
        Err(Refusal::new(
            "no_ground_to_suspend",
            "A record is suspended when the check of its firm came out against it, or when two firms reported abuse.",
        ))
    }

    /// Whether who acts can ask for an end of the suspension.
    ///
    /// # Errors
    /// The check still stands against the firm, or they asked already.
    pub fn check_restore(&self) -> Result<(), Refusal> {
        if self.verdict == Some(ClearanceVerdict::Blocked) {
            return Err(Refusal::new(
                "clearance_blocked",
                "The last check of the firm came out against it: record how it stands now first.",
            ));
        }
        let first = self.suspension.and_then(|it| it.first_restored_by);
        if first.is_some() && first == self.by {
            return Err(Refusal::new(
                "second_person_needed",
                "Somebody else of compliance has to agree.",
            ));
        }
        Ok(())
    }

    /// Whether the record can be erased.
    ///
    /// # Errors
    /// A legal hold is on its firm.
    pub fn check_erasable(&self) -> Result<(), Refusal> {
        if self.legal_hold {
            return Err(legal_hold());
        }
        Ok(())
    }

    /// The code of the state to which the record goes back, where somebody
    /// else asked for it before.
    pub fn restored(&self) -> Option<&'a str> {
        let suspension = self.suspension?;
        suspension.first_restored_by?;
        Some(suspension.from.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::SubjectKind;

    fn person(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn suspension(first: Option<UserId>) -> Suspension {
        Suspension {
            id: Uuid::from_u128(1),
            subject: Subject::new(SubjectKind::Mandate, Uuid::from_u128(2)),
            from: "paused".to_owned(),
            ground: SuspensionGround::AbuseReports,
            reason: None,
            by: None,
            at: DateTime::default(),
            first_restored_by: first,
        }
    }

    #[test]
    fn a_blocked_check_or_two_reporters_are_a_ground() {
        use ClearanceVerdict as V;
        let ground = |verdict, reporters| {
            let standing = Standing {
                verdict,
                reporters,
                ..Standing::default()
            };
            standing.ground().map_err(|refusal| refusal.code)
        };
        assert_eq!(
            ground(Some(V::Blocked), 0),
            Ok(SuspensionGround::ClearanceBlocked)
        );
        assert_eq!(
            ground(Some(V::Clear), 2),
            Ok(SuspensionGround::AbuseReports)
        );
        for verdict in [None, Some(V::Review), Some(V::ClearEnhanced)] {
            assert_eq!(
                ground(verdict, 1),
                Err(std::borrow::Cow::Borrowed("no_ground_to_suspend"))
            );
        }
    }

    #[test]
    fn what_the_law_wants_kept_is_not_erased() {
        let standing = |legal_hold| Standing {
            legal_hold,
            ..Standing::default()
        };
        assert!(standing(false).check_erasable().is_ok());
        assert_eq!(standing(true).check_erasable(), Err(legal_hold()));
    }

    #[test]
    fn two_people_restore_it_once_nothing_stands_against_the_firm() {
        let (anna, boris) = (person(1), person(2));
        let (fresh, asked) = (suspension(None), suspension(Some(anna)));
        let standing = |suspension, by| Standing {
            suspension: Some(suspension),
            by: Some(by),
            ..Standing::default()
        };
        assert!(standing(&fresh, anna).check_restore().is_ok());
        assert_eq!(standing(&fresh, anna).restored(), None);
        assert!(standing(&asked, anna).check_restore().is_err());
        assert!(standing(&asked, boris).check_restore().is_ok());
        assert_eq!(standing(&asked, boris).restored(), Some("paused"));
        let blocked = Standing {
            verdict: Some(ClearanceVerdict::Blocked),
            ..standing(&asked, boris)
        };
        assert!(blocked.check_restore().is_err());
    }
}
