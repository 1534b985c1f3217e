//! What the parties of a programme promise each other, and how far they got.
//! Progress is counted from records wherever there are some; what no record
//! shows is given by hand, each time with evidence.

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::fault::Faults;
use super::ids::{CommitmentId, OrganizationId, ProgrammeId, UserId};
use super::money::Money;
use super::refusal::Refusal;
use super::values::codes;

/// How far progress may stay behind the time that has passed, in bp of the
/// whole, before a commitment counts as at risk.
const LAG_BP: i64 = 2_500;
/// Days before it is due from which something that is done or not done, with
/// nothing between, counts as at risk.
const NEAR_DAYS: i64 = 30;
/// All of it, in bp.
pub const WHOLE_BP: i64 = 10_000;

codes! {
    /// To what end something is promised.
    Goal {
        /// Money for startups.
        Capital = "capital",
        /// Exchange of practices.
        Practices = "practices",
        /// Trade between the countries.
        Trade = "trade",
        /// Tourism between the countries.
        Tourism = "tourism",
        /// Firms that settle in the other country.
        InwardInvestment = "inward_investment",
        /// What both ecosystems gain: events, programmes, institutions.
        Ecosystem = "ecosystem",
    }
}

codes! {
    /// Where progress comes from.
    Measure {
        /// Introductions whose mail went out.
        IntroductionsSent = "introductions_sent",
        /// Introductions after which the two met.
        MeetingsHeld = "meetings_held",
        /// Deals that were opened.
        DealsOpened = "deals_opened",
        /// Deals that were signed.
        DealsSigned = "deals_signed",
        /// Deals that brought money.
        DealsFunded = "deals_funded",
        /// The money of those deals.
        MoneyFunded = "money_funded",
        /// Startups admitted to the programme.
        StartupsAdmitted = "startups_admitted",
        /// Mandates admitted to the programme.
        MandatesAdmitted = "mandates_admitted",
        /// Sessions in which one firm showed another something.
        SessionsHeld = "sessions_held",
        /// Practices of which something was adopted.
        PracticesCompleted = "practices_completed",
        /// What people say, with evidence.
        Manual = "manual",
    }
}

codes! {
    /// What sort of thing is promised.
    TargetKind {
        /// A number of something.
        Count = "count",
        /// An amount of money.
        Money = "money",
        /// Something done by a day.
        Date = "date",
        /// Something done, in words.
        Text = "text",
    }
}

impl Measure {
    /// Whether it counts deals or their money, of which parties are told less.
    pub const fn is_of_deals(self) -> bool {
        matches!(
            self,
            Self::DealsOpened | Self::DealsSigned | Self::DealsFunded | Self::MoneyFunded
        )
    }

    /// Whether it can measure that sort of promise.
    pub const fn fits(self, kind: TargetKind) -> bool {
        match self {
            Self::Manual => true,
            Self::MoneyFunded => matches!(kind, TargetKind::Money),
            _ => matches!(kind, TargetKind::Count),
        }
    }
}

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// That many.
    Count(i64),
    /// That much.
    Money(Money),
    /// By that day.
    Date(NaiveDate),
    /// That.
    Text(String),
}

impl Target {
    /// Of what sort it is.
    pub const fn kind(&self) -> TargetKind {
        match self {
            Self::Count(_) => TargetKind::Count,
            Self::Money(_) => TargetKind::Money,
            Self::Date(_) => TargetKind::Date,
            Self::Text(_) => TargetKind::Text,
        }
    }
}

/// What a commitment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentDetails {
    /// To what end.
    pub goal: Goal,
    /// What people read.
    pub title: String,
    /// What counts.
    pub measure: Measure,
    /// How much of it.
    pub target: Target,
    /// What a count counts, where its measure doesn't say.
    pub unit: Option<String>,
    /// The last day.
    pub due: NaiveDate,
    /// Which party sees to it.
    pub owner: OrganizationId,
}

impl CommitmentDetails {
    /// Every fault against the programme it is to belong to.
    pub fn faults(
        &self,
        starts_on: NaiveDate,
        ends_on: NaiveDate,
        parties: &[OrganizationId],
    ) -> Faults {
        let mut faults = Faults::new();
        if !self.measure.fits(self.target.kind()) {
            let (pointer, code) = ("/measure", "measure_unfit");
            faults.push(pointer, code, "This measure can't show such a target.");
        }
        match &self.target {
            Target::Count(count) if *count <= 0 => {
                faults.push("/target_count", "too_low", "Promise at least one.");
            }
            Target::Money(money) if money.amount_minor <= 0 => {
                let pointer = "/target_money/amount_minor";
                faults.push(pointer, "too_low", "The amount must be above zero.");
            }
            _ => {}
        }
        if !(starts_on..=ends_on).contains(&self.due) {
            let detail = format!("The programme runs from {starts_on} to {ends_on}.");
            faults.push("/due", "outside_term", detail);
        }
        if !parties.contains(&self.owner) {
            faults.push("/owner", "not_a_party", "Only a party can promise.");
        }
        faults
    }
}

codes! {
    /// Where a commitment stands.
    CommitmentStatus {
        /// Being worked on.
        Open = "open",
        /// Closed as met.
        Met = "met",
        /// Given up.
        Dropped = "dropped",
    }
}

/// A commitment on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Its id.
    pub id: CommitmentId,
    /// Under which programme.
    pub programme: ProgrammeId,
    /// What it says.
    pub details: CommitmentDetails,
    /// Where it stands.
    pub status: CommitmentStatus,
    /// Counts changes; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

codes! {
    /// What a curator can do with a commitment.
    CommitmentAction {
        /// Close it as met.
        Meet = "meet",
        /// Give it up.
        Drop = "drop",
        /// Take it up again.
        Reopen = "reopen",
    }
}

/// The machine: the state after `action`, or why it can't be. `share` is the
/// progress so far, in bp of the target.
pub fn step(
    before: CommitmentStatus,
    action: CommitmentAction,
    share: i64,
) -> Result<CommitmentStatus, Refusal> {
    use CommitmentAction as A;
    use CommitmentStatus as S;
    match (before, action) {
        (S::Open, A::Meet) if share < WHOLE_BP => Err(Refusal::new(
            "not_met_yet",
            "The records and the evidence don't show that it is met.",
        )),
        (S::Open, A::Meet) => Ok(S::Met),
        (S::Open, A::Drop) => Ok(S::Dropped),
        (S::Met | S::Dropped, A::Reopen) => Ok(S::Open),
        (_, action) => Err(Refusal::no_transition(action.code())),
    }
}

codes! {
    /// What sort of thing shows progress.
    EvidenceKind {
        /// A delegation that came or went.
        Delegation = "delegation",
        /// An enquiry of a firm.
        Enquiry = "enquiry",
        /// A contract.
        Contract = "contract",
        /// An event that was held.
        Event = "event",
        /// A document.
        Document = "document",
        /// Somebody's word.
        Statement = "statement",
    }
}

/// What a piece of evidence adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adds {
    /// Nothing by itself: it stands beside what records show.
    Nothing,
    /// So many more.
    Count(i64),
    /// So much more.
    Money(Money),
    /// It shows that what was promised is done.
    Fulfils,
}

/// Something that shows progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: Uuid,
    /// Of which commitment.
    pub commitment: CommitmentId,
    /// Of what sort.
    pub kind: EvidenceKind,
    /// What it adds.
    pub adds: Adds,
    /// The day it happened.
    pub happened_on: NaiveDate,
    /// What and where, in words.
    pub note: String,
    /// For which party it was given; none for the operator's people.
    pub organization: Option<OrganizationId>,
    /// By whom.
    pub by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What it puts right: that one counts no more from then on.
    pub replaces: Option<Uuid>,
    /// What puts it right.
    pub replaced_by: Option<Uuid>,
}

/// Every fault of evidence for a commitment of that kind.
pub fn evidence_faults(
    details: &CommitmentDetails,
    adds: Adds,
    happened_on: NaiveDate,
    today: NaiveDate,
) -> Faults {
    let mut faults = Faults::new();
    if happened_on > today {
        let detail = "Evidence is of something that happened.";
        faults.push("/happened_on", "in_the_future", detail);
    }
    let manual = details.measure == Measure::Manual;
    let fits = match (adds, details.target.kind()) {
        (Adds::Nothing, _) => true,
        // Figures that records show are not typed in beside them.
        _ if !manual => false,
        (Adds::Count(_), kind) => kind == TargetKind::Count,
        (Adds::Money(_), kind) => kind == TargetKind::Money,
        (Adds::Fulfils, kind) => matches!(kind, TargetKind::Date | TargetKind::Text),
    };
    let pointer = match adds {
        Adds::Money(_) => "/amount",
        Adds::Fulfils => "/fulfils",
        _ => "/count",
    };
    if !fits {
        let detail = "This adds nothing to such a target; leave it out.";
        faults.push(pointer, "adds_unfit", detail);
    }
    let low = match adds {
        Adds::Count(count) => count <= 0,
        Adds::Money(money) => money.amount_minor <= 0,
        Adds::Nothing | Adds::Fulfils => false,
    };
    if low {
        faults.push(pointer, "too_low", "It must be above zero.");
    }
    faults
}

codes! {
    /// How a commitment does on a day.
    Health {
        /// All of it is there.
        Met = "met",
        /// As much as the time that has passed.
        OnTrack = "on_track",
        /// Behind.
        AtRisk = "at_risk",
        /// Due, and not there.
        Missed = "missed",
        /// Given up.
        Dropped = "dropped",
    }
}

/// How a commitment does on `today`, having begun on `start`; none where its
/// share is not told to whoever asks. One that was closed as met stays met,
/// which everybody who reads it may know.
pub fn health(
    status: CommitmentStatus,
    kind: TargetKind,
    share: Option<i64>,
    (start, due): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Option<Health> {
    match status {
        CommitmentStatus::Dropped => Some(Health::Dropped),
        CommitmentStatus::Met => Some(Health::Met),
        CommitmentStatus::Open => share.map(|share| open_health(kind, share, (start, due), today)),
    }
}

fn open_health(
    kind: TargetKind,
    share: i64,
    (start, due): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> Health {
    if share >= WHOLE_BP {
        return Health::Met;
    }
    if today > due {
        return Health::Missed;
    }
    let behind = match kind {
        TargetKind::Date | TargetKind::Text => {
            due.signed_duration_since(today).num_days() <= NEAR_DAYS
        }
        TargetKind::Count | TargetKind::Money => {
            let whole = due.signed_duration_since(start).num_days().max(1);
            let gone = today.signed_duration_since(start).num_days().max(0);
            gone * WHOLE_BP / whole - share > LAG_BP
        }
    };
    if behind {
        Health::AtRisk
    } else {
        Health::OnTrack
    }
}

/// The share of a target that is there, in bp; more than the whole stays more.
pub fn share(done: i64, target: i64) -> i64 {
    let share = i128::from(done) * i128::from(WHOLE_BP) / i128::from(target.max(1));
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// The first instant after a day, which everything of that day is before.
pub fn after_day(day: NaiveDate) -> DateTime<Utc> {
    day.checked_add_days(Days::new(1))
        .and_then(|next| next.and_hms_opt(0, 0, 0))
        .map_or(DateTime::<Utc>::MAX_UTC, |start| start.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn what_stays_behind_the_time_is_at_risk() {
        let term = (day("2026-01-01"), day("2026-12-31"));
        let on = |today: &str, share| {
            let status = CommitmentStatus::Open;
            let share = Some(share);
            health(status, TargetKind::Count, share, term, day(today)).expect("told")
        };
        assert_eq!(on("2026-02-01", 0), Health::OnTrack);
        assert_eq!(on("2026-07-01", 2_000), Health::AtRisk);
        assert_eq!(on("2026-07-01", 3_000), Health::OnTrack);
        assert_eq!(on("2026-12-31", 9_999), Health::OnTrack);
        assert_eq!(on("2027-01-01", 9_999), Health::Missed);
        assert_eq!(on("2027-01-01", 10_000), Health::Met);
    }

    #[test]
    fn what_is_done_or_not_is_at_risk_a_month_before() {
        let term = (day("2026-01-01"), day("2026-12-31"));
        let on = |today: &str| {
            let status = CommitmentStatus::Open;
            health(status, TargetKind::Text, Some(0), term, day(today)).expect("told")
        };
        assert_eq!(on("2026-11-30"), Health::OnTrack);
        assert_eq!(on("2026-12-01"), Health::AtRisk);
    }

    #[test]
    fn what_was_closed_as_met_is_met_whoever_reads_how_much_of_it() {
        let term = (day("2026-01-01"), day("2026-12-31"));
        let on = |status, share| health(status, TargetKind::Money, share, term, day("2027-06-01"));
        assert_eq!(on(CommitmentStatus::Met, None), Some(Health::Met));
        assert_eq!(on(CommitmentStatus::Met, Some(0)), Some(Health::Met));
        assert_eq!(on(CommitmentStatus::Open, None), None);
        assert_eq!(on(CommitmentStatus::Open, Some(0)), Some(Health::Missed));
    }

    #[test]
    fn figures_of_records_are_not_typed_in() {
        let details = CommitmentDetails {
            goal: Goal::Capital,
            title: "Ten introductions".to_owned(),
            measure: Measure::IntroductionsSent,
            target: Target::Count(10),
            unit: None,
            due: day("2026-12-31"),
            owner: Uuid::nil().into(),
        };
        let today = day("2026-06-01");
        let codes = |adds, on: &str| -> Vec<String> {
            let faults = evidence_faults(&details, adds, day(on), today).into_vec();
            faults.into_iter().map(|fault| fault.code.into()).collect()
        };
        assert_eq!(codes(Adds::Nothing, "2026-05-01"), [""; 0]);
        assert_eq!(codes(Adds::Count(3), "2026-05-01"), ["adds_unfit"]);
        assert_eq!(codes(Adds::Nothing, "2026-06-02"), ["in_the_future"]);
    }
}
