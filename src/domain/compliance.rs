//! What compliance records about firms, and what it means for a pair.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::country::Country;
use super::event::Value;
use super::fault::Faults;
use super::ids::{OrganizationId, ProgrammeId, UserId};
use super::refusal::Refusal;
use super::text::Slug;
use super::values::codes;

codes! {
    /// What waits for somebody of compliance.
    WaitingKind {
        /// A question of the gate, with everything that one decision covers.
        Question = "question",
        /// A startup's profile under review that a curator can't approve alone.
        StartupProfile = "startup_profile",
        /// An investor's, likewise.
        InvestorProfile = "investor_profile",
        /// A document whose title or file name is to be read.
        Document = "document",
        /// A note about a deal that is to be read.
        DealNote = "deal_note",
        /// Words of a practice or a programme that are to be read.
        HeldText = "held_text",
        /// A practice that the gate leaves open.
        Practice = "practice",
        /// An export licence that nobody has checked.
        Licence = "licence",
    }
}

codes! {
    /// The outcome of a check of a firm. An enhanced one is for the politically
    /// exposed: allowed, looked at twice as often.
    ClearanceVerdict {
        /// Nothing found.
        Clear = "clear",
        /// Something found, risk accepted, looked at again sooner.
        ClearEnhanced = "clear_enhanced",
        /// Waits for somebody.
        Review = "review",
        /// Not to be shown to anybody.
        Blocked = "blocked",
    }
}

impl ClearanceVerdict {
    /// The action by which it is recorded: its code, as a verb.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Blocked => "block",
            other => other.code(),
        }
    }

    /// The verdict that an action records.
    pub fn of_action(action: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|verdict| verdict.action() == action)
    }
}

/// What something on record rests on; at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Where it is kept, in words.
    pub reference: Option<String>,
    /// SHA-256 of the document.
    pub document: Option<[u8; 32]>,
}

impl Proof {
    /// That of which one part is there.
    pub fn of(reference: Option<String>, document: Option<[u8; 32]>) -> Option<Self> {
        (reference.is_some() || document.is_some()).then_some(Self {
            reference,
            document,
        })
    }

    /// What an event says of it: hashes.
    pub fn facts(&self) -> Vec<(&'static str, Value)> {
        let mut facts = Vec::new();
        let reference = self.reference.as_deref().map(Value::hash_of);
        facts.extend(reference.map(|hash| ("evidence", hash)));
        facts.extend(self.document.map(|hash| ("document", Value::Hash(hash))));
        facts
    }
}

/// A recorded check of a firm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance {
    /// Its id.
    pub id: Uuid,
    /// Whom it is about.
    pub organization: OrganizationId,
    /// What came out.
    pub verdict: ClearanceVerdict,
    /// On what ground (a list, a registry, a report), in words.
    pub basis: String,
    /// What it rests on; none of those from before it was asked for.
    pub proof: Option<Proof>,
    /// Where the firm's money comes from, of one that is politically exposed;
    /// none of those from before it was asked for.
    pub source_of_funds: Option<String>,
    /// Last day on which it holds.
    pub valid_to: NaiveDate,
    /// Who recorded it.
    pub by: UserId,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

/// Longest that a check of that outcome holds, in days: a year, half of one
/// where risk was accepted.
pub const fn longest(verdict: ClearanceVerdict) -> i64 {
    match verdict {
        ClearanceVerdict::ClearEnhanced => 184,
        _ => 366,
    }
}

/// What a freeze covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreezeScope {
    /// Everybody and everything.
    All,
    /// Firms of a country.
    Country(Country),
    /// Startups with a tag, or with one below it.
    Tag(Slug),
    /// One firm.
    Organization(OrganizationId),
    /// A whole programme.
    Programme(ProgrammeId),
}

impl FreezeScope {
    /// Whether nothing moves in that programme.
    pub fn stops_programme(&self, id: ProgrammeId) -> bool {
        match self {
            Self::All => true,
            Self::Programme(frozen) => *frozen == id,
            Self::Country(_) | Self::Tag(_) | Self::Organization(_) => false,
        }
    }

    /// Whether it covers a firm that sits in a country, whatever its records
    /// say.
    pub fn covers_firm(&self, id: OrganizationId, country: Option<Country>) -> bool {
        match self {
            Self::All => true,
            Self::Organization(frozen) => *frozen == id,
            Self::Country(frozen) => Some(*frozen) == country,
            Self::Tag(_) | Self::Programme(_) => false,
        }
    }
}

/// A standing order that nothing more is shown or sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Its id.
    pub id: Uuid,
    /// What it covers.
    pub scope: FreezeScope,
    /// Why, in words.
    pub reason: String,
    /// From when on it is in force.
    pub starts_at: DateTime<Utc>,
    /// When it ends by itself; the first instant at which it isn't in force.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
}

codes! {
    /// Where a freeze stands.
    FreezeState {
        /// It begins later.
        Planned = "planned",
        /// Nothing it covers is shown or sent.
        InForce = "in_force",
        /// It ended by itself.
        Ended = "ended",
        /// Two people lifted it.
        Lifted = "lifted",
    }
}

impl Freeze {
    /// Where it stands at an instant, as long as nobody lifts it.
    pub fn state(&self, now: DateTime<Utc>) -> FreezeState {
        if self.ends_at.is_some_and(|end| end <= now) {
            FreezeState::Ended
        } else if self.starts_at > now {
            FreezeState::Planned
        } else {
            FreezeState::InForce
        }
    }
}

/// Days ahead of which a freeze is ordered at most.
const FURTHEST_START: i64 = 366;

/// When a freeze that is ordered now begins and ends: at once, and when it is
/// lifted, where nothing else is said.
///
/// # Errors
/// It would begin before now, begin in more than a year, or end before it
/// begins; all faults at once.
pub fn freeze_term(
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Faults> {
    let mut faults = Faults::new();
    // Clocks differ a little; what has just begun begins now.
    let tolerated = now - TimeDelta::minutes(5);
    let starts_at = from.unwrap_or(now).max(now);
    if from.is_some_and(|from| from < tolerated) {
        faults.push("/from", "in_the_past", "A freeze begins now or later.");
    }
    if starts_at > now + TimeDelta::days(FURTHEST_START) {
        let detail = format!("A freeze begins within {FURTHEST_START} days.");
        faults.push("/from", "too_far", detail);
    }
    if to.is_some_and(|to| to <= starts_at) {
        let detail = "A freeze ends after it has begun.";
        faults.push("/to", "before_start", detail);
    }
    faults.finish()?;
    Ok((starts_at, to))
}

/// Two firms that are not to meet: one blocked the other, or a conflict of
/// interest is known. It holds in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// One firm.
    pub a: OrganizationId,
    /// The other.
    pub b: OrganizationId,
}

/// Whether a firm may show itself on a day, as far as its checks say. One that
/// was never checked may: showing itself brings it before compliance, and the
/// gate keeps it from everybody until then.
///
/// # Errors
/// The last check found against it, is not settled or has run out.
pub fn check_standing(last: Option<&Clearance>, day: NaiveDate) -> Result<(), Refusal> {
    use ClearanceVerdict as V;
    match last.map(|last| verdict_on(last.verdict, last.valid_to, day)) {
        None | Some(V::Clear | V::ClearEnhanced) => Ok(()),
        // Which of them it is, is not for the firm to read.
        Some(V::Review | V::Blocked) => Err(Refusal::new(
            "clearance_needed",
            "The operator's check of the firm has to be settled before this can be published.",
        )),
    }
}

/// Whether somebody can record that outcome after these checks, the last of
/// which is the newest (`MACHINES.md`, Clearance): a firm that was blocked is
/// looked at again first, and whoever opened that review is not the one who
/// clears it; one that is politically exposed is under review before its risk is
/// accepted for the first time.
///
/// # Errors
/// It was blocked and not put under review since, or by nobody else than them; or
/// nobody looked at it yet whose risk would be accepted.
pub fn check_next(
    before: &[Clearance],
    verdict: ClearanceVerdict,
    by: UserId,
) -> Result<(), Refusal> {
    use ClearanceVerdict as V;
    if !matches!(verdict, V::Clear | V::ClearEnhanced) {
        return Ok(());
    }
    if before.is_empty() && verdict == V::ClearEnhanced {
        return Err(Refusal::new(
            "review_needed",
            "A firm is put under review before its risk is accepted.",
        ));
    }
    let since = before.iter().rev();
    let reviewers: Vec<UserId> = since
        .take_while(|it| it.verdict == V::Review)
        .map(|it| it.by)
        .collect();
    let decided = before.iter().rev().nth(reviewers.len());
    if decided.is_none_or(|it| it.verdict != V::Blocked) {
        return Ok(());
    }
    if reviewers.is_empty() {
        return Err(Refusal::new(
            "review_needed",
            "A firm that was blocked is put under review before it is cleared.",
        ));
    }
    if reviewers.iter().all(|reviewer| *reviewer == by) {
        return Err(Refusal::new(
            "second_person_needed",
            "Somebody else of compliance has to clear what was blocked.",
        ));
    }
    Ok(())
}

/// What the last clearance says on a day: nothing, or one that has run out,
/// is not a yes.
pub fn clearance_on(clearance: Option<&Clearance>, day: NaiveDate) -> ClearanceVerdict {
    clearance.map_or(ClearanceVerdict::Review, |last| {
        verdict_on(last.verdict, last.valid_to, day)
    })
}

/// What a verdict that holds until a day says on another.
pub fn verdict_on(
    verdict: ClearanceVerdict,
    valid_to: NaiveDate,
    day: NaiveDate,
) -> ClearanceVerdict {
    match verdict {
        ClearanceVerdict::Blocked => ClearanceVerdict::Blocked,
        held if valid_to >= day => held,
        _ => ClearanceVerdict::Review,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn check(verdict: ClearanceVerdict, by: u128) -> Clearance {
        Clearance {
            id: Uuid::from_u128(1),
            organization: Uuid::from_u128(2).into(),
            verdict,
            basis: "A list.".to_owned(),
            proof: None,
            source_of_funds: None,
            valid_to: NaiveDate::default(),
            by: person(by),
            created_at: DateTime::default(),
        }
    }

    #[test]
    fn a_freeze_is_in_force_from_its_start_to_its_end() {
        let at = |minute| DateTime::<Utc>::default() + TimeDelta::minutes(minute);
        let codes = |from, to| {
            let faults = freeze_term(from, to, at(100)).expect_err("faults");
            let codes = faults.into_iter().map(|fault| fault.code.into_owned());
            codes.collect::<Vec<_>>()
        };
        let term = |from, to| freeze_term(from, to, at(100)).expect("a term");
        assert_eq!(term(None, None), (at(100), None));
        assert_eq!(term(Some(at(97)), None), (at(100), None));
        let (starts_at, ends_at) = term(Some(at(200)), Some(at(201)));
        assert_eq!((starts_at, ends_at), (at(200), Some(at(201))));
        assert_eq!(
            codes(Some(at(90)), Some(at(99))),
            ["in_the_past", "before_start"]
        );
        assert_eq!(codes(Some(at(200)), Some(at(200))), ["before_start"]);
        assert_eq!(codes(Some(at(100 + 367 * 1440)), None), ["too_far"]);

        let freeze = Freeze {
            id: Uuid::from_u128(1),
            scope: FreezeScope::All,
            reason: String::new(),
            starts_at,
            ends_at,
            created_at: at(100),
        };
        for (minute, state) in [
            (199, FreezeState::Planned),
            (200, FreezeState::InForce),
            (201, FreezeState::Ended),
        ] {
            assert_eq!(freeze.state(at(minute)), state);
        }
        let programme = Uuid::from_u128(9).into();
        assert!(freeze.scope.stops_programme(programme));
        assert!(freeze.scope.covers_firm(Uuid::from_u128(3).into(), None));
    }

    #[test]
    fn what_was_blocked_is_cleared_by_two_people() {
        use ClearanceVerdict as V;
        let next = |before: &[(ClearanceVerdict, u128)], verdict, by| {
            let before: Vec<_> = before.iter().map(|(it, by)| check(*it, *by)).collect();
            check_next(&before, verdict, person(by)).map_err(|refusal| refusal.code.into_owned())
        };
        let refused = |code: &str| Err(code.to_owned());
        assert_eq!(next(&[], V::Clear, 1), Ok(()));
        assert_eq!(next(&[(V::Review, 1)], V::Clear, 1), Ok(()));
        let exposed = V::ClearEnhanced;
        assert_eq!(next(&[], exposed, 1), refused("review_needed"));
        assert_eq!(next(&[(V::Review, 1)], exposed, 1), Ok(()));
        assert_eq!(next(&[(V::ClearEnhanced, 1)], exposed, 1), Ok(()));
        let blocked = [(V::Clear, 1), (V::Blocked, 1)];
        assert_eq!(next(&blocked, V::Review, 1), Ok(()));
        assert_eq!(next(&blocked, V::Blocked, 1), Ok(()));
        for verdict in [V::Clear, V::ClearEnhanced] {
            assert_eq!(next(&blocked, verdict, 2), refused("review_needed"));
            let reviewed = [(V::Blocked, 2), (V::Review, 1), (V::Review, 1)];
            assert_eq!(next(&reviewed, verdict, 1), refused("second_person_needed"));
            assert_eq!(next(&reviewed, verdict, 2), Ok(()));
        }
        let cleared = [(V::Blocked, 1), (V::Review, 1), (V::Clear, 2)];
        assert_eq!(next(&cleared, V::ClearEnhanced, 1), Ok(()));
    }
}
