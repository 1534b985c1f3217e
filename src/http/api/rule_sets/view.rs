//! Rule sets and what publishing them would change, as the operator's people
//! read it.

use serde::Serialize;
use utoipa::ToSchema;

use super::document::RulesDocument;
use crate::domain::rule_set::{Concentration, Exposure, KeptRuleSet, Standing};
use crate::http::api::matches::PartyView;
use crate::http::api::values::time;
use crate::http::paging::PageView;
use crate::services::simulation::{Named, Report};
use crate::services::teasers::Party;

/// A rule set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleSet)]
pub struct RuleSetView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Whose it is; absent of one that came with the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    programme: Option<String>,
    /// Where it stands: `draft`, `published` or `retired`.
    #[schema(max_length = 20, example = "draft")]
    status: &'static str,
    /// Counts changes; the `ETag`.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// When it came.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, max_length = 40)]
    updated_at: String,
    /// What it says.
    rules: RulesDocument,
}

impl RuleSetView {
    /// Where it is found.
    pub(super) fn location(&self) -> String {
        format!("/v1/rule-sets/{}", self.id)
    }
}

impl From<KeptRuleSet> for RuleSetView {
    fn from(kept: KeptRuleSet) -> Self {
        Self {
            id: kept.id.to_string(),
            programme: kept.programme.map(|id| id.to_string()),
            status: kept.status.code(),
            version: kept.version,
            created_at: time(kept.created_at),
            updated_at: time(kept.updated_at),
            rules: RulesDocument::from(&kept.rules),
        }
    }
}

/// What publishing a rule set would change, over the best mandates of every
/// startup of the programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Simulation)]
pub struct SimulationView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What was simulated.
    #[schema(format = "uuid", max_length = 36)]
    rule_set: String,
    /// In which version; another version has to be simulated again.
    #[schema(minimum = 1)]
    version: i64,
    /// Beside which rules: those that the programme matched by.
    #[schema(format = "uuid", max_length = 36)]
    against: String,
    /// When.
    #[schema(format = DateTime, max_length = 40)]
    created_at: String,
    /// So many of the best mandates of each startup were looked at.
    #[schema(minimum = 1, maximum = 50)]
    top: i64,
    /// Startups whose lists were made.
    #[schema(minimum = 0)]
    startups: i64,
    /// Published startups of the programme; where there are more than were
    /// looked at, those published first were.
    #[schema(minimum = 0)]
    startups_in_all: i64,
    /// How many places in the lists change.
    matches: TallyView,
    /// How unequally the places are shared among investors.
    concentration: ConcentrationsView,
    /// Investors that would be in more lists, who gains most first; at most 20.
    #[schema(max_items = 20)]
    gains: Vec<ExposureView>,
    /// Those that would be in fewer, who loses most first; at most 20.
    #[schema(max_items = 20)]
    losses: Vec<ExposureView>,
    /// What appears, vanishes or moves, list by list. Further pages are at
    /// `/v1/rule-sets/{id}/simulation/shifts`.
    shifts: PageView<ShiftView>,
}

/// How many places in the lists change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulationTally)]
struct TallyView {
    /// New among the best.
    #[schema(minimum = 0)]
    appear: i64,
    /// No longer among them.
    #[schema(minimum = 0)]
    vanish: i64,
    /// At another place.
    #[schema(minimum = 0)]
    r#move: i64,
    /// Where they were.
    #[schema(minimum = 0)]
    stay: i64,
}

/// Before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulationConcentrations)]
struct ConcentrationsView {
    /// By the present rules.
    before: ConcentrationView,
    /// By those that were simulated.
    after: ConcentrationView,
}

/// How unequally places are shared, in basis points.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Concentration)]
struct ConcentrationView {
    /// The share of the three investors with most places.
    #[schema(minimum = 0, maximum = 10_000)]
    top_three: i64,
    /// Gini's coefficient over every investor of the programme: 0 when all
    /// have the same.
    #[schema(minimum = 0, maximum = 10_000)]
    gini: i64,
}

impl From<Concentration> for ConcentrationView {
    fn from(concentration: Concentration) -> Self {
        let Concentration { top_three, gini } = concentration;
        Self { top_three, gini }
    }
}

/// In how many startups' lists an investor is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exposure)]
struct ExposureView {
    /// Which.
    investor: PartyView,
    /// By the present rules.
    #[schema(minimum = 0)]
    before: i64,
    /// By those that were simulated.
    #[schema(minimum = 0)]
    after: i64,
}

impl From<&(Party, Exposure)> for ExposureView {
    fn from((party, exposure): &(Party, Exposure)) -> Self {
        Self {
            investor: PartyView::from(party),
            before: exposure.before,
            after: exposure.after,
        }
    }
}

/// How a pair stands before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulationShift)]
pub struct ShiftView {
    /// `appears`, `vanishes` or `moves`.
    #[schema(max_length = 20, example = "moves")]
    change: &'static str,
    /// Whose list.
    startup: PartyView,
    /// Its profile.
    #[schema(format = "uuid", max_length = 36)]
    startup_profile: String,
    /// Who is in it.
    investor: PartyView,
    /// By which mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: String,
    /// By the present rules; absent when not among the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<StandingView>,
    /// By those that were simulated; absent when not among the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<StandingView>,
}

/// A place in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulationStanding)]
struct StandingView {
    /// From 1 for the best.
    #[schema(minimum = 1)]
    place: i64,
    /// The score, in basis points.
    #[schema(minimum = 0, maximum = 10_000)]
    score: i64,
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        let Standing { place, score } = standing;
        Self { place, score }
    }
}

impl From<Named> for ShiftView {
    fn from(named: Named) -> Self {
        let shift = named.shift;
        Self {
            change: match (shift.before, shift.after) {
                (None, _) => "appears",
                (Some(_), None) => "vanishes",
                (Some(_), Some(_)) => "moves",
            },
            startup: PartyView::from(&named.startup),
            startup_profile: shift.startup.to_string(),
            investor: PartyView::from(&named.investor),
            mandate: shift.mandate.to_string(),
            before: shift.before.map(StandingView::from),
            after: shift.after.map(StandingView::from),
        }
    }
}

impl From<Report> for SimulationView {
    fn from(report: Report) -> Self {
        let Report {
            simulation,
            shifts,
            gains,
            losses,
        } = report;
        Self {
            id: simulation.id.to_string(),
            rule_set: simulation.rule_set.to_string(),
            version: simulation.version,
            against: simulation.against.to_string(),
            created_at: time(simulation.created_at),
            top: simulation.top,
            startups: simulation.startups,
            startups_in_all: simulation.of,
            matches: TallyView {
                appear: simulation.tally.appears,
                vanish: simulation.tally.vanishes,
                r#move: simulation.tally.moves,
                stay: simulation.tally.stays,
            },
            concentration: ConcentrationsView {
                before: simulation.before.into(),
                after: simulation.after.into(),
            },
            gains: gains.iter().map(ExposureView::from).collect(),
            losses: losses.iter().map(ExposureView::from).collect(),
            shifts: PageView::of(shifts, ShiftView::from),
        }
    }
}
