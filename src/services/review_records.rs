//! What waits for compliance beside the questions of the gate: records whose own
//! words, tags or firms somebody has to look at, each with where it is decided.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::db::reviews::Waits as Row;
use crate::db::{self, Conn};
use crate::domain::compliance::WaitingKind;
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::document::marked as marked_in_document;
use crate::domain::ids::{
    DealId, DocumentId, InvestorProfileId, OrganizationId, PracticeId, ProgrammeId,
    StartupProfileId,
};
use crate::domain::pipeline::Deal;
use crate::domain::practice::Practice;
use crate::domain::profile::ControlAnswers;
use crate::domain::tag::Sensitivity;
use crate::domain::terms::{self, Marked};

use super::disclosure::{self, Ids, Occasion, Pair};
use super::firms_gate::Held;
use super::known::each;
use super::practices::occasion;
use super::{Context, Error, firms_gate, held_texts};

/// One record that waits.
#[derive(Debug, Clone)]
pub struct Waits {
    /// Of what kind.
    pub kind: WaitingKind,
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
    /// Of a practice, what waits for a release.
    pub held: Vec<Held>,
    /// Whether two people have to say so.
    pub two_people: bool,
    /// How many have.
    pub released_by: usize,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl Waits {
    fn of(row: &Row, firms: Vec<OrganizationId>) -> Self {
        Self {
            kind: row.kind,
            id: row.id,
            profile: row.about.profile,
            programme: row.about.programme,
            firms,
            names: Vec::new(),
            rules: Vec::new(),
            words: Vec::new(),
            held: Vec::new(),
            two_people: false,
            released_by: 0,
            since: row.since,
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

/// Those of these rows that wait by their content, by their ids: of each kind
/// all are looked up together.
pub(super) fn of_rows(
    context: &Context,
    conn: &mut Conn,
    rows: &[Row],
) -> Result<BTreeMap<Uuid, Waits>, Error> {
    let mut found = Vec::new();
    profiles(
        context,
        conn,
        &of(rows, WaitingKind::StartupProfile),
        &mut found,
    )?;
    investors(
        context,
        conn,
        &of(rows, WaitingKind::InvestorProfile),
        &mut found,
    )?;
    documents(context, conn, &of(rows, WaitingKind::Document), &mut found)?;
    notes(context, conn, &of(rows, WaitingKind::DealNote), &mut found)?;
    texts(context, conn, &of(rows, WaitingKind::HeldText), &mut found)?;
    practices(context, conn, &of(rows, WaitingKind::Practice), &mut found)?;
    licences(conn, &of(rows, WaitingKind::Licence), &mut found)?;
    let firms = each(found.iter().flat_map(|it: &Waits| it.firms.iter().copied()));
    let firms: BTreeMap<_, _> = db::organizations::find_many(conn, &firms)?
        .into_iter()
        .map(|firm| (firm.id, firm.details.display_name().to_string()))
        .collect();
    for one in &mut found {
        let names = one.firms.iter().filter_map(|id| firms.get(id).cloned());
        one.names = names.collect();
    }
    Ok(found.into_iter().map(|one| (one.id, one)).collect())
}

/// The rows of a kind, by their ids.
type Rows<'a> = BTreeMap<Uuid, &'a Row>;

fn of(rows: &[Row], kind: WaitingKind) -> Rows<'_> {
    let of_kind = rows.iter().filter(|row| row.kind == kind);
    of_kind.map(|row| (row.id, row)).collect()
}

fn ids<T: From<Uuid>>(rows: &Rows<'_>) -> Vec<T> {
    rows.keys().map(|id| T::from(*id)).collect()
}

/// Profiles with something sensitive, or with words to be read; a plain one is
/// the curators'.
fn profiles(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let some = ids::<StartupProfileId>(rows);
    for profile in db::startup_profiles::find_many(conn, &some)? {
        let content = &profile.content;
        let graded = content.sensitivity(&taxonomy) >= Sensitivity::Review
            || content
                .controls
                .as_ref()
                .is_some_and(ControlAnswers::needs_review);
        let hits = terms::in_content(content, &taxonomy);
        let Some(row) = rows.get(&profile.id.uuid()) else {
            continue;
        };
        if graded || !hits.is_empty() {
            let mut one = Waits::of(row, vec![profile.organization])
                .worded(hits.into_iter().map(|(_, hit)| hit));
            if graded {
                one.rules.push(Rule::Sensitivity);
            }
            found.push(one);
        }
    }
    Ok(())
}

fn investors(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let some = ids::<InvestorProfileId>(rows);
    for profile in db::investor_profiles::find_many(conn, &some)? {
        let row = rows.get(&profile.id.uuid());
        let sensitive = profile.content.is_sensitive(&taxonomy);
        if let Some(row) = row.filter(|_| sensitive) {
            let hits = terms::in_investor(&profile.content, &taxonomy);
            let one = Waits::of(row, vec![profile.organization]);
            found.push(one.worded(hits.into_iter().map(|(_, hit)| hit)));
        }
    }
    Ok(())
}

fn documents(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    for document in db::documents::find_many(conn, &ids::<DocumentId>(rows))? {
        let Some(row) = rows.get(&document.id.uuid()) else {
            continue;
        };
        let name = &document.current.file_name;
        let hits = marked_in_document(&document.details.title, name, &taxonomy);
        let mut waits = Waits::of(row, vec![document.organization])
            .worded(hits.into_iter().map(|(_, hit)| hit));
        waits.two_people = !waits.words.is_empty();
        waits.released_by = usize::from(document.first_cleared_by.is_some());
        found.push(waits);
    }
    Ok(())
}

fn notes(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let taxonomy = context.taxonomy();
    let notes = db::deal_notes::find_many(conn, &ids::<Uuid>(rows))?;
    let deals: Vec<DealId> = each(notes.iter().map(|note| note.deal));
    let deals = db::deals::find_many(conn, &deals)?.into_iter();
    let deals: BTreeMap<DealId, _> = deals.map(|deal| (deal.id, deal)).collect();
    let open = open_between(context, conn, deals.values())?;
    for note in notes {
        if let (Some(row), Some(deal)) = (rows.get(&note.id), deals.get(&note.deal)) {
            let mut waits = Waits::of(row, vec![deal.startup, deal.investor]);
            // What the gate leaves open between the two holds back any word.
            waits.rules = open.get(&deal.id).cloned().unwrap_or_default();
            let mut waits = waits.worded(terms::marked(&note.note, &taxonomy));
            waits.two_people = true;
            waits.released_by = usize::from(note.first_cleared_by.is_some());
            found.push(waits);
        }
    }
    Ok(())
}

/// The gate's rules that are open, or forbid, between the sides of some deals: it
/// is asked about all of them together.
fn open_between<'a>(
    context: &Context,
    conn: &mut Conn,
    deals: impl Iterator<Item = &'a Deal>,
) -> Result<BTreeMap<DealId, Vec<Rule>>, Error> {
    let ids_of = |deal: &Deal| (deal.programme, deal.startup_profile, deal.mandate);
    let of: Vec<(DealId, Ids)> = deals.map(|deal| (deal.id, ids_of(deal))).collect();
    let wanted: Vec<Ids> = each(of.iter().map(|(_, ids)| *ids));
    let pairs = Pair::going_on_many(conn, &wanted)?;
    let asked: Vec<&Pair> = pairs.values().collect();
    let accounts = disclosure::accounts(context, conn, &asked, Occasion::Connected)?;
    let rules = accounts.into_iter().map(|account| match account.decision {
        Decision::Allow => Vec::new(),
        Decision::Review { rules, .. } | Decision::Deny { rules } => rules,
    });
    let rules: BTreeMap<Ids, Vec<Rule>> = pairs.keys().copied().zip(rules).collect();
    let known = of.into_iter();
    Ok(known
        .filter_map(|(deal, ids)| Some((deal, rules.get(&ids)?.clone())))
        .collect())
}

/// Words of practices and programmes, each about the firms whose they are.
fn texts(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let texts = db::held_texts::find_many(conn, &ids::<Uuid>(rows))?;
    let practices = each(texts.iter().filter_map(|it| it.of.practice()));
    let practices = db::practices::find_many(conn, &practices)?.into_iter();
    let practices: BTreeMap<PracticeId, Practice> = practices.map(|it| (it.id, it)).collect();
    for held in texts {
        let Some(row) = rows.get(&held.id) else {
            continue;
        };
        let practice = held.of.practice().and_then(|id| practices.get(&id));
        let firms = match practice {
            Some(practice) => practice.firms().to_vec(),
            None => held.organization.into_iter().collect(),
        };
        let mut waits = Waits::of(row, firms).worded(held_texts::words_of(context, &held));
        waits.two_people = true;
        waits.released_by = usize::from(held.first_cleared_by.is_some());
        found.push(waits);
    }
    Ok(())
}

/// Practices that a curator can't offer before something is settled, and those
/// that their firms read no more until it is.
fn practices(
    context: &Context,
    conn: &mut Conn,
    rows: &Rows<'_>,
    found: &mut Vec<Waits>,
) -> Result<(), Error> {
    let all = db::practices::find_many(conn, &ids::<PracticeId>(rows))?;
    for asked in [Occasion::Running, Occasion::Connected] {
        let some = all.iter().filter(|one| occasion(one) == asked);
        let some: Vec<Practice> = some.cloned().collect();
        let told = firms_gate::ask_practices(context, conn, &some, asked)?;
        for (practice, told) in some.iter().zip(told) {
            let row = rows.get(&practice.id.uuid());
            let decision = told.account.decision;
            if let (Some(row), Decision::Review { rules, two_people }) = (row, decision) {
                let mut waits = Waits::of(row, practice.firms().to_vec());
                waits.rules = rules;
                waits.two_people = two_people;
                waits.held = told.held;
                found.push(waits);
            }
        }
    }
    Ok(())
}

fn licences(conn: &mut Conn, rows: &Rows<'_>, found: &mut Vec<Waits>) -> Result<(), Error> {
    for licence in db::licences::find_many(conn, &ids::<Uuid>(rows))? {
        if let Some(row) = rows.get(&licence.id) {
            found.push(Waits::of(row, vec![licence.organization]));
        }
    }
    Ok(())
}
