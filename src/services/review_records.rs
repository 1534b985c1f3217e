//! What waits for compliance beside the questions of the gate: records whose own
//! words, tags or firms somebody has to look at, each with where it is decided.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::worklist::{self as waiting};
use crate::db::{self, Conn};
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::document::marked as marked_in_document;
use crate::domain::ids::{OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::practice::PracticeStatus;
use crate::domain::profile::{ControlAnswers, ProfileStatus};
use crate::domain::search::Order;
use crate::domain::tag::Sensitivity;
use crate::domain::terms::{self, Marked};

use super::disclosure::Occasion;
use super::{Context, Error, deals, firms_gate};

/// The kinds of record that wait by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A startup's profile under review that a curator can't approve alone.
    StartupProfile,
    /// An investor's, likewise.
    InvestorProfile,
    /// A document whose title or file name is to be read.
    Document,
    /// A note about a deal that is to be read.
    DealNote,
    /// A practice that the gate leaves open.
    Practice,
    /// An export licence that nobody has checked.
    Licence,
}

/// One record that waits.
#[derive(Debug, Clone)]
pub struct Waits {
    /// Of what kind.
    pub kind: Kind,
    /// Which.
    pub id: Uuid,
    /// The startup's profile that it is or belongs to.
    pub profile: Option<StartupProfileId>,
    /// The programme that it belongs to.
    pub programme: Option<ProgrammeId>,
    /// The firms that it is about.
    pub firms: Vec<OrganizationId>,
    /// What they are called.
    pub names: Vec<String>,
    /// The rules that are open.
    pub rules: Vec<Rule>,
    /// The words in question.
    pub words: Vec<String>,
    /// Whether two people have to say so.
    pub two_people: bool,
    /// How many have.
    pub released_by: usize,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Waits {
    fn of(kind: Kind, id: Uuid, firms: Vec<OrganizationId>, since: DateTime<Utc>) -> Self {
        Self {
            kind,
            id,
            profile: None,
            programme: None,
            firms,
            names: Vec::new(),
            rules: Vec::new(),
            words: Vec::new(),
            two_people: false,
            released_by: 0,
            since,
        }
    }

    fn worded(mut self, hits: impl IntoIterator<Item = Marked>) -> Self {
        self.words = hits.into_iter().map(|hit| hit.words).collect();
        if !self.words.is_empty() {
            self.rules.push(Rule::Terms);
        }
        self
    }
}

/// Everything that waits by itself, in no order: of each kind the longest
/// waiting.
pub(super) fn all(context: &Context, conn: &mut Conn, limit: i64) -> Result<Vec<Waits>, Error> {
    let mut found = Vec::new();
    profiles(context, conn, limit, &mut found)?;
    investors(context, conn, limit, &mut found)?;
    documents(context, conn, limit, &mut found)?;
    notes(context, conn, limit, &mut found)?;
    practices(context, conn, limit, &mut found)?;
    for one in db::second_turns::licences_to_check(conn, Uuid::nil().into(), limit)? {
        if let Some(licence) = db::licences::find(conn, one.id)? {
            let firms = vec![licence.organization];
            found.push(Waits::of(Kind::Licence, one.id, firms, one.since));
        }
    }
    let mut firms: Vec<_> = found.iter().flat_map(|it| it.firms.clone()).collect();
    firms.sort_unstable();
    firms.dedup();
    let firms = db::organizations::find_many(conn, &firms)?;
    for one in &mut found {
        let name = |id: &OrganizationId| {
            let firm = firms.iter().find(|firm| firm.id == *id);
            firm.map(|firm| firm.details.display_name().to_string())
        };
        one.names = one.firms.iter().filter_map(name).collect();
    }
    Ok(found)
}

fn profiles(
    context: &Context,
    conn: &mut Conn,
    limit: i64,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let listed = waiting::profiles(conn, &[ProfileStatus::InReview], None, limit)?;
    let ids: Vec<StartupProfileId> = listed.iter().map(|one| one.id.into()).collect();
    for profile in db::startup_profiles::find_many(conn, &ids)? {
        let content = &profile.content;
        let graded = content.sensitivity(&taxonomy) >= Sensitivity::Review
            || content
                .controls
                .as_ref()
                .is_some_and(ControlAnswers::needs_review);
        let hits = terms::in_content(content, &taxonomy);
        if !graded && hits.is_empty() {
            continue;
        }
        let agreed = db::startup_profiles::compliance_agreed_revision(conn, profile.id)?;
        if agreed == Some(profile.revision) {
            continue;
        }
        let firms = vec![profile.organization];
        let id = profile.id.uuid();
        let mut one = Waits::of(Kind::StartupProfile, id, firms, profile.updated_at)
            .worded(hits.into_iter().map(|(_, hit)| hit));
        if graded {
            one.rules.push(Rule::Sensitivity);
        }
        one.profile = Some(profile.id);
        found.push(one);
    }
    Ok(())
}

fn investors(
    context: &Context,
    conn: &mut Conn,
    limit: i64,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let filter = db::investor_profiles::Filter {
        statuses: vec![ProfileStatus::InReview],
        ..db::investor_profiles::Filter::default()
    };
    let most = usize::try_from(limit).unwrap_or_default();
    let listed = db::investor_profiles::list(conn, &filter, Order::Updated, None, most)?;
    for profile in listed {
        let agreed = db::investor_profiles::compliance_agreed_revision(conn, profile.id)?;
        let waits = agreed != Some(profile.revision);
        if waits && profile.content.is_sensitive(&taxonomy) {
            let hits = terms::in_investor(&profile.content, &taxonomy);
            let (id, firms) = (profile.id.uuid(), vec![profile.organization]);
            let one = Waits::of(Kind::InvestorProfile, id, firms, profile.updated_at);
            found.push(one.worded(hits.into_iter().map(|(_, hit)| hit)));
        }
    }
    Ok(())
}

fn documents(
    context: &Context,
    conn: &mut Conn,
    limit: i64,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    for one in db::documents::waiting(conn, Uuid::nil().into(), limit)? {
        let Some(document) = db::documents::find(conn, one.id.into())? else {
            continue;
        };
        let name = &document.current.file_name;
        let hits = marked_in_document(&document.details.title, name, &taxonomy);
        let firms = vec![document.organization];
        let mut waits = Waits::of(Kind::Document, one.id, firms, one.since)
            .worded(hits.into_iter().map(|(_, hit)| hit));
        waits.two_people = !waits.words.is_empty();
        waits.released_by = usize::from(document.first_cleared_by.is_some());
        waits.profile = Some(document.startup_profile);
        found.push(waits);
    }
    Ok(())
}

fn notes(
    context: &Context,
    conn: &mut Conn,
    limit: i64,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    for note in db::deal_notes::waiting(conn, limit)? {
        let deal = deals::load(conn, note.deal)?;
        let firms = vec![deal.startup, deal.investor];
        let mut waits = Waits::of(Kind::DealNote, note.id, firms, note.created_at)
            .worded(terms::marked(&note.note, &taxonomy));
        waits.two_people = true;
        waits.released_by = usize::from(note.first_cleared_by.is_some());
        waits.profile = Some(deal.startup_profile);
        waits.programme = Some(deal.programme);
        found.push(waits);
    }
    Ok(())
}

/// Practices that a curator can't offer before something is settled.
fn practices(
    context: &Context,
    conn: &mut Conn,
    limit: i64,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let filter = db::practices::Filter {
        status: Some(PracticeStatus::Proposed),
        ..db::practices::Filter::default()
    };
    let most = usize::try_from(limit).unwrap_or_default();
    for practice in db::practices::list(conn, &filter, None, most)? {
        let account = firms_gate::of_practice(context, conn, &practice, Occasion::Running)?;
        if let Decision::Review { rules, two_people } = account.decision {
            let (id, firms) = (practice.id.uuid(), practice.firms().to_vec());
            let mut waits = Waits::of(Kind::Practice, id, firms, practice.updated_at);
            waits.rules = rules;
            waits.two_people = two_people;
            waits.programme = Some(practice.programme);
            found.push(waits);
        }
    }
    Ok(())
}
