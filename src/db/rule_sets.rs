//! Rule sets. Those of the service are kept once each by the hash of their
//! document; those that programmes draft are records of their own, whose
//! document changes while they are drafts. What a match was computed under
//! never changes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::page::{self, Cursor};
use super::rule_schema::programme_rule_sets::{self as courses, dsl as course};
use super::rule_schema::rule_set_simulations::{self as simulations, dsl as simulated};
use super::schema::rule_sets::{self, dsl};
use super::types::{Id, Timestamp};
use super::{Conn, Result, json, keyset, sql, stored};
use crate::domain::ids::{ProgrammeId, RuleSetId};
use crate::domain::rule_set::{Concentration, KeptRuleSet, RuleSetStatus, Simulation, Tally};
use crate::domain::scoring::RuleSet;

/// Which rule sets to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of that programme.
    pub programme: Option<ProgrammeId>,
    /// In that state.
    pub status: Option<RuleSetStatus>,
}

/// Stores a rule set unless the very same rules are there already, and
/// answers the id under which they are.
///
/// # Errors
/// A statement failed.
pub fn insert_if_new(conn: &mut Conn, rules: &RuleSet, now: DateTime<Utc>) -> Result<RuleSetId> {
    let document = json::rule_set::encode(rules)?;
    let hash = Sha256::digest(document.as_bytes());
    let insert = diesel::insert_into(rule_sets::table)
        .values((
            dsl::id.eq(rules.id),
            dsl::name.eq(&rules.name),
            dsl::document.eq(&document),
            dsl::document_hash.eq(&hash[..]),
            dsl::created_at.eq(Timestamp(now)),
        ))
        .on_conflict(dsl::document_hash)
        .do_nothing();
    if sql::execute(conn, insert)? == 1 {
        return Ok(rules.id);
    }
    Ok(rule_sets::table
        .filter(dsl::document_hash.eq(&hash[..]))
        .select(dsl::id)
        .first(conn)?)
}

/// The rule set with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: RuleSetId) -> Result<Option<RuleSet>> {
    let document: Option<String> = rule_sets::table
        .find(id)
        .select(dsl::document)
        .first(conn)
        .optional()?;
    document
        .map(|document| json::rule_set::decode(id, &document))
        .transpose()
}

/// The newest rule set that came with the service.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn newest_of_service(conn: &mut Conn) -> Result<Option<RuleSet>> {
    let row: Option<(RuleSetId, String)> = rule_sets::table
        .left_join(courses::table)
        .filter(course::rule_set_id.is_null())
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .select((dsl::id, dsl::document))
        .first(conn)
        .optional()?;
    row.map(|(id, document)| json::rule_set::decode(id, &document))
        .transpose()
}

/// Stores a new draft of a programme.
///
/// # Errors
/// A statement failed.
pub fn insert_draft(conn: &mut Conn, kept: &KeptRuleSet, programme: ProgrammeId) -> Result<()> {
    let KeptRuleSet {
        id,
        programme: _,
        rules,
        status,
        version,
        created_at,
        updated_at,
    } = kept;
    let document = json::rule_set::encode(rules)?;
    let insert = diesel::insert_into(rule_sets::table).values((
        dsl::id.eq(id),
        dsl::name.eq(&rules.name),
        dsl::document.eq(&document),
        dsl::document_hash.eq(salted(*id, &document)),
        dsl::created_at.eq(Timestamp(*created_at)),
    ));
    sql::execute(conn, insert)?;
    let insert = diesel::insert_into(courses::table).values((
        course::rule_set_id.eq(id),
        course::programme_id.eq(programme),
        course::status.eq(status.code()),
        course::version.eq(version),
        course::updated_at.eq(Timestamp(*updated_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

/// The hash under which a programme's rule set is kept: two may say the same.
fn salted(id: RuleSetId, document: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(id.uuid().as_bytes());
    hash.update(document.as_bytes());
    hash.finalize().to_vec()
}

/// Stores the new state of a programme's rule set, its version risen by one;
/// false when somebody else was first.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, kept: &KeptRuleSet) -> Result<bool> {
    let KeptRuleSet {
        id,
        programme: _,
        rules,
        status,
        version,
        created_at: _,
        updated_at,
    } = kept;
    let update = diesel::update(courses::table)
        .filter(course::rule_set_id.eq(id))
        .filter(course::version.eq(version - 1))
        .set((
            course::status.eq(status.code()),
            course::version.eq(version),
            course::updated_at.eq(Timestamp(*updated_at)),
        ));
    if sql::execute(conn, update)? == 0 {
        return Ok(false);
    }
    let document = json::rule_set::encode(rules)?;
    let update = diesel::update(rule_sets::table)
        .filter(dsl::id.eq(id))
        .set((
            dsl::name.eq(&rules.name),
            dsl::document.eq(&document),
            dsl::document_hash.eq(salted(*id, &document)),
        ));
    sql::execute(conn, update)?;
    Ok(true)
}

#[derive(Queryable)]
struct Row {
    id: RuleSetId,
    document: String,
    created_at: DateTime<Utc>,
    course: Option<(ProgrammeId, String, i64, DateTime<Utc>)>,
}

impl Row {
    fn kept(self) -> Result<KeptRuleSet> {
        let Self {
            id,
            document,
            created_at,
            course,
        } = self;
        let rules = json::rule_set::decode(id, &document)?;
        Ok(match course {
            // What came with the service is published from the start.
            None => KeptRuleSet {
                id,
                programme: None,
                rules,
                status: RuleSetStatus::Published,
                version: 1,
                created_at,
                updated_at: created_at,
            },
            Some((programme, status, version, updated_at)) => KeptRuleSet {
                id,
                programme: Some(programme),
                rules,
                status: stored::code(&status, RuleSetStatus::from_code)?,
                version,
                created_at,
                updated_at,
            },
        })
    }
}

/// The rule set with that id, and where it stands.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_kept(conn: &mut Conn, id: RuleSetId) -> Result<Option<KeptRuleSet>> {
    let row: Option<Row> = rule_sets::table
        .left_join(courses::table)
        .filter(dsl::id.eq(id))
        .select((
            dsl::id,
            dsl::document,
            dsl::created_at,
            (
                course::programme_id,
                course::status,
                course::version,
                course::updated_at,
            )
                .nullable(),
        ))
        .first(conn)
        .optional()?;
    row.map(Row::kept).transpose()
}

/// The rule set that a programme published and not retired.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn published_of(conn: &mut Conn, programme: ProgrammeId) -> Result<Option<KeptRuleSet>> {
    let id: Option<RuleSetId> = courses::table
        .filter(course::programme_id.eq(programme))
        .filter(course::status.eq(RuleSetStatus::Published.code()))
        .select(course::rule_set_id)
        .first(conn)
        .optional()?;
    match id {
        Some(id) => find_kept(conn, id),
        None => Ok(None),
    }
}

/// Rule sets from the oldest on; one more than `limit` when there are more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list_kept(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<KeptRuleSet>> {
    let mut query = rule_sets::table.left_join(courses::table).into_boxed();
    if let Some(programme) = filter.programme {
        query = query.filter(course::programme_id.eq(programme));
    }
    if let Some(status) = filter.status {
        query = if status == RuleSetStatus::Published {
            query.filter(
                course::rule_set_id
                    .is_null()
                    .or(course::status.eq(status.code())),
            )
        } else {
            query.filter(course::status.eq(status.code()))
        };
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .select((
            dsl::id,
            dsl::document,
            dsl::created_at,
            (
                course::programme_id,
                course::status,
                course::version,
                course::updated_at,
            )
                .nullable(),
        ))
        .load(conn)?;
    rows.into_iter().map(Row::kept).collect()
}

/// Every rule set, from the oldest on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(conn: &mut Conn) -> Result<Vec<RuleSet>> {
    let rows: Vec<(RuleSetId, String)> = rule_sets::table
        .order((dsl::created_at, dsl::id))
        .select((dsl::id, dsl::document))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, document)| json::rule_set::decode(id, &document))
        .collect()
}

/// Keeps what a simulation found.
///
/// # Errors
/// A statement failed.
pub fn insert_simulation(conn: &mut Conn, simulation: &Simulation) -> Result<()> {
    let insert = diesel::insert_into(simulations::table).values((
        simulated::id.eq(Id::of(simulation.id)),
        simulated::rule_set_id.eq(simulation.rule_set),
        simulated::rule_set_version.eq(simulation.version),
        simulated::against_id.eq(simulation.against),
        simulated::document.eq(json::simulation::encode(simulation)?),
        simulated::created_at.eq(Timestamp(simulation.created_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

type SimulationRow = (Id, RuleSetId, i64, RuleSetId, String, DateTime<Utc>);

/// The latest simulation of a rule set.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn latest_simulation(conn: &mut Conn, id: RuleSetId) -> Result<Option<Simulation>> {
    let row: Option<SimulationRow> = simulations::table
        .filter(simulated::rule_set_id.eq(id))
        .order((simulated::created_at.desc(), simulated::id.desc()))
        .first(conn)
        .optional()?;
    row.map(simulation).transpose()
}

/// The simulation with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find_simulation(conn: &mut Conn, id: uuid::Uuid) -> Result<Option<Simulation>> {
    let row: Option<SimulationRow> = simulations::table.find(Id::of(id)).first(conn).optional()?;
    row.map(simulation).transpose()
}

/// Whether that version was simulated beside those rules.
///
/// # Errors
/// A statement failed.
pub fn is_simulated(
    conn: &mut Conn,
    id: RuleSetId,
    version: i64,
    against: RuleSetId,
) -> Result<bool> {
    let query = simulations::table
        .filter(simulated::rule_set_id.eq(id))
        .filter(simulated::rule_set_version.eq(version))
        .filter(simulated::against_id.eq(against));
    Ok(diesel::select(diesel::dsl::exists(query)).get_result(conn)?)
}

fn simulation(row: SimulationRow) -> Result<Simulation> {
    let (id, rule_set, version, against, document, created_at) = row;
    let nothing = Concentration {
        top_three: 0,
        gini: 0,
    };
    let bare = Simulation {
        id: id.uuid(),
        rule_set,
        version,
        against,
        top: 0,
        startups: 0,
        of: 0,
        tally: Tally::default(),
        before: nothing,
        after: nothing,
        exposure: Vec::new(),
        shifts: Vec::new(),
        created_at,
    };
    json::simulation::decode(&document, bare)
}
