//! Introductions: one live per pair of firms, over all programmes and
//! mandates, held by a partial unique index. What the sides are asked and
//! answer is in [`asks`], `delegates` and [`answers`].

mod answers;
mod asks;
mod delegates;
mod meetings;
mod pulses;
mod requests;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

pub use self::answers::{GivenAnswer, answers, answers_of, insert_answer};
pub use self::asks::{
    answer_ask, asks, asks_of, due_asks, extend_ask, find_ask, insert_ask, is_any_to_remind,
    kill_ask, kill_asks, note_reminder, open_asks_to, to_remind,
};
pub use self::delegates::{
    StoredDelegate, count_by, count_to, find_delegate, insert_delegate, name_delegate,
};
pub use self::meetings::{
    drop_meeting, meeting, meeting_answers_of, meetings_of, put_meeting, put_meeting_answer,
    put_slots, slots, slots_of,
};
pub use self::pulses::{
    answer_pulse, due_follow_ups, find_pulse, follow_up, insert_pulse, pulses_of, put_follow_up,
    silent_follow_ups,
};
pub use self::requests::{
    asked_by_partner_since, asked_in_vain, asked_since, unanswered, unanswered_of_partner,
};
use super::page::{self, Cursor};
use super::prepared::Prepare;
use super::schema::introduction_asks;
use super::types::Timestamp;
use super::{Conn, Error, Result, keyset, pair, sql, stored, transaction};
use crate::db::schema::introductions::{self, dsl};
use crate::domain::ids::{
    IntroductionId, MandateId, MatchId, OrganizationId, ProgrammeId, StartupProfileId, UserId,
};
use crate::domain::introduction::{Introduction, IntroductionStatus, Requester};
use crate::domain::time_order::{TimeOrder, Within};
use crate::domain::values::Side;

/// Whether an introduction could be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertOutcome {
    /// It is.
    Inserted,
    /// The two firms have a live introduction.
    LivePairExists,
}

/// Which introductions to list; what is absent doesn't matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// With that firm on either side.
    pub organization: Option<OrganizationId>,
    /// In that state.
    pub status: Option<IntroductionStatus>,
    /// Under that programme.
    pub programme: Option<ProgrammeId>,
    /// With that startup profile.
    pub startup_profile: Option<StartupProfileId>,
    /// With that mandate.
    pub mandate: Option<MandateId>,
    /// Asked for by that one.
    pub requester: Option<Requester>,
    /// Asked for then.
    pub created: Within,
    /// Changed then, for the last time.
    pub updated: Within,
    /// Asked for by that firm's side, or put to it as a question.
    pub visible_to: Option<OrganizationId>,
    /// In what order; the oldest first, where it says nothing.
    pub sort: TimeOrder,
}

#[derive(Queryable)]
struct Row {
    id: IntroductionId,
    programme_id: ProgrammeId,
    match_id: MatchId,
    startup_profile_id: StartupProfileId,
    startup_id: OrganizationId,
    mandate_id: MandateId,
    investor_id: OrganizationId,
    _lower_organization_id: OrganizationId,
    _upper_organization_id: OrganizationId,
    requester: String,
    requested_by: UserId,
    blurb: String,
    status: String,
    startup_accepted: bool,
    investor_accepted: bool,
    extended: bool,
    convert_reported_by: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    partner_id: Option<OrganizationId>,
    frozen_from: Option<String>,
}

/// Stores a new introduction.
///
/// # Errors
/// A statement failed.
pub fn insert(conn: &mut Conn, introduction: &Introduction) -> Result<InsertOutcome> {
    let Introduction {
        id,
        programme,
        matched,
        startup_profile,
        startup,
        mandate,
        investor,
        requester,
        requested_by,
        blurb,
        status,
        startup_accepted,
        investor_accepted,
        extended,
        convert_reported_by,
        partner,
        frozen_from,
        version,
        created_at,
        updated_at,
    } = introduction;
    let (lower, upper) = pair::ordered(*startup, *investor);
    let insert = diesel::insert_into(introductions::table)
        .values((
            dsl::id.eq(id),
            dsl::programme_id.eq(programme),
            dsl::match_id.eq(matched),
            dsl::startup_profile_id.eq(startup_profile),
            dsl::startup_id.eq(startup),
            dsl::mandate_id.eq(mandate),
            dsl::investor_id.eq(investor),
            dsl::lower_organization_id.eq(lower),
            dsl::upper_organization_id.eq(upper),
            dsl::requester.eq(stored_requester(*requester)),
            dsl::requested_by.eq(requested_by),
            dsl::blurb.eq(blurb),
            dsl::status.eq(status.code()),
            dsl::startup_accepted.eq(startup_accepted),
            dsl::investor_accepted.eq(investor_accepted),
            dsl::extended.eq(extended),
            dsl::convert_reported_by.eq(convert_reported_by.map(Side::code)),
            dsl::version.eq(version),
            dsl::created_at.eq(Timestamp(*created_at)),
            dsl::updated_at.eq(Timestamp(*updated_at)),
            dsl::partner_id.eq(*partner),
            dsl::frozen_from.eq(frozen_from.map(IntroductionStatus::code)),
        ))
        .on_conflict_do_nothing();
    Ok(match sql::execute(conn, insert)? {
        0 => InsertOutcome::LivePairExists,
        _ => InsertOutcome::Inserted,
    })
}

/// A request of a partner's is stored as one of neither side, beside whose it
/// is.
const fn stored_requester(requester: Requester) -> &'static str {
    match requester {
        Requester::Partner => Requester::Curator.code(),
        other => other.code(),
    }
}

/// What a partner asked for, from the oldest on; one more than `limit` when
/// there is more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_partner(
    conn: &mut Conn,
    partner: OrganizationId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Introduction>> {
    let mut query = introductions::table
        .filter(dsl::partner_id.eq(partner))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// The introduction with that id.
///
/// # Errors
/// A statement failed, or the row is damaged.
pub fn find(conn: &mut Conn, id: IntroductionId) -> Result<Option<Introduction>> {
    let row: Option<Row> = introductions::table.find(id).first(conn).optional()?;
    row.map(introduction).transpose()
}

/// Those of these introductions that there are.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn find_many(conn: &mut Conn, ids: &[IntroductionId]) -> Result<Vec<Introduction>> {
    let rows: Vec<Row> = introductions::table
        .filter(dsl::id.eq_any(ids.to_vec()))
        .load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// The introductions that came of a match, oldest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_match(conn: &mut Conn, matched: MatchId) -> Result<Vec<Introduction>> {
    let rows: Vec<Row> = introductions::table
        .filter(dsl::match_id.eq(matched))
        .order((dsl::created_at, dsl::id))
        .load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// Holds an introduction until the transaction ends, so that its mail is not
/// prepared while somebody stops it.
///
/// # Errors
/// A statement failed.
pub fn lock(conn: &mut Conn, id: IntroductionId) -> Result<()> {
    sql::lock_introduction(conn, id)
}

/// Introductions from the oldest on; one more than `limit` when there are
/// more.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn list(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Introduction>> {
    let mut query = introductions::table.into_boxed();
    if let Some(organization) = filter.organization {
        let on_either_side = dsl::startup_id
            .eq(organization)
            .or(dsl::investor_id.eq(organization));
        query = query.filter(on_either_side);
    }
    if let Some(organization) = filter.visible_to {
        let asked = |side: Side| {
            dsl::requester.eq(side.code()).or(diesel::dsl::exists(
                introduction_asks::table
                    .filter(introduction_asks::introduction_id.eq(dsl::id))
                    .filter(introduction_asks::side.eq(side.code())),
            ))
        };
        let as_startup = dsl::startup_id.eq(organization).and(asked(Side::Startup));
        let as_investor = dsl::investor_id.eq(organization).and(asked(Side::Investor));
        query = query.filter(as_startup.or(as_investor));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(programme) = filter.programme {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    if let Some(profile) = filter.startup_profile {
        query = query.filter(dsl::startup_profile_id.eq(profile));
    }
    if let Some(mandate) = filter.mandate {
        query = query.filter(dsl::mandate_id.eq(mandate));
    }
    if let Some(requester) = filter.requester {
        query = query.filter(dsl::requester.eq(requester.code()));
    }
    query = keyset::within(query, dsl::created_at, filter.created);
    query = keyset::within(query, dsl::updated_at, filter.updated);
    let by = (dsl::created_at, dsl::updated_at, dsl::id);
    let query = keyset::sorted(query, filter.sort, by, after);
    let rows: Vec<Row> = query.limit(page::fetch(limit)).load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// Stores the new state of an introduction, its version risen by one; false
/// when somebody else was first, be it with this one or with another live
/// introduction of the same two firms.
///
/// # Errors
/// A statement failed.
pub fn update(conn: &mut Conn, introduction: &Introduction) -> Result<bool> {
    // In a savepoint, since PostgreSQL takes no further statement after a
    // violation that isn't rolled back.
    match transaction(conn, |conn| update_row(conn, introduction)) {
        Err(Error::Diesel(DatabaseError(UniqueViolation, _))) => Ok(false),
        other => other,
    }
}

/// Up to `limit` introductions that wait to be sent or stand still in a freeze,
/// by id from the one after `after` on.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn unsent_after(
    conn: &mut Conn,
    after: Option<IntroductionId>,
    limit: usize,
) -> Result<Vec<Introduction>> {
    use IntroductionStatus as S;
    let states = [
        S::Held,
        S::AskingFirst,
        S::AskingSecond,
        S::BothAccepted,
        S::Frozen,
    ];
    let mut query = introductions::table
        .filter(dsl::status.eq_any(states.map(S::code)))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<Row> = query
        .order(dsl::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// Whether the two have a live introduction, whichever side each is on.
///
/// # Errors
/// A statement failed.
pub fn is_any_live(conn: &mut Conn, firms: [OrganizationId; 2]) -> Result<bool> {
    let live = IntroductionStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .map(|status| status.code());
    let (lower, upper) = pair::ordered(firms[0], firms[1]);
    let of_both = introductions::table
        .filter(dsl::lower_organization_id.eq(lower))
        .filter(dsl::upper_organization_id.eq(upper))
        .filter(dsl::status.eq_any(live));
    Ok(diesel::select(diesel::dsl::exists(of_both)).get_result(conn)?)
}

/// How many live introductions a mandate has.
///
/// # Errors
/// A statement failed.
pub fn open_for_mandate(conn: &mut Conn, mandate: MandateId) -> Result<u32> {
    let live = IntroductionStatus::ALL
        .iter()
        .filter(|status| status.is_live())
        .map(|status| status.code());
    let count: i64 = introductions::table
        .filter(dsl::mandate_id.eq(mandate))
        .filter(dsl::status.eq_any(live))
        .count()
        .get_result(conn)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

fn update_row(conn: &mut Conn, introduction: &Introduction) -> Result<bool> {
    let Introduction {
        id,
        programme: _,
        matched: _,
        startup_profile: _,
        startup: _,
        mandate: _,
        investor: _,
        requester: _,
        requested_by: _,
        blurb,
        status,
        startup_accepted,
        investor_accepted,
        extended,
        convert_reported_by,
        partner: _,
        frozen_from,
        version,
        created_at: _,
        updated_at,
    } = introduction;
    let before = introductions::table
        .find(id)
        .filter(dsl::version.eq(version - 1));
    let changed = diesel::update(before)
        .set((
            dsl::blurb.eq(blurb),
            dsl::status.eq(status.code()),
            dsl::startup_accepted.eq(startup_accepted),
            dsl::investor_accepted.eq(investor_accepted),
            dsl::extended.eq(extended),
            dsl::convert_reported_by.eq(convert_reported_by.map(Side::code)),
            dsl::frozen_from.eq(frozen_from.map(IntroductionStatus::code)),
            dsl::version.eq(version),
            dsl::updated_at.eq(Timestamp(*updated_at)),
        ))
        .prepared()
        .execute(conn)?;
    Ok(changed == 1)
}

fn introduction(row: Row) -> Result<Introduction> {
    let Row {
        id,
        programme_id,
        match_id,
        startup_profile_id,
        startup_id,
        mandate_id,
        investor_id,
        _lower_organization_id,
        _upper_organization_id,
        requester,
        requested_by,
        blurb,
        status,
        startup_accepted,
        investor_accepted,
        extended,
        convert_reported_by,
        version,
        created_at,
        updated_at,
        partner_id,
        frozen_from,
    } = row;
    Ok(Introduction {
        id,
        programme: programme_id,
        matched: match_id,
        startup_profile: startup_profile_id,
        startup: startup_id,
        mandate: mandate_id,
        investor: investor_id,
        requester: match partner_id {
            Some(_) => Requester::Partner,
            None => stored::code(&requester, Requester::from_code)?,
        },
        partner: partner_id,
        frozen_from: stored::code_some(frozen_from.as_deref(), IntroductionStatus::from_code)?,
        requested_by,
        blurb,
        status: stored::code(&status, IntroductionStatus::from_code)?,
        startup_accepted,
        investor_accepted,
        extended,
        convert_reported_by: stored::code_some(convert_reported_by.as_deref(), Side::from_code)?,
        version,
        created_at,
        updated_at,
    })
}

/// The introductions of a profile to an investor that stand in one of these
/// states, the newest first.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn of_profile_to(
    conn: &mut Conn,
    profile: StartupProfileId,
    investor: OrganizationId,
    states: &[IntroductionStatus],
) -> Result<Vec<Introduction>> {
    let states: Vec<&str> = states.iter().map(|state| state.code()).collect();
    let rows: Vec<Row> = introductions::table
        .filter(dsl::startup_profile_id.eq(profile))
        .filter(dsl::investor_id.eq(investor))
        .filter(dsl::status.eq_any(states))
        .order((dsl::created_at.desc(), dsl::id.desc()))
        .load(conn)?;
    rows.into_iter().map(introduction).collect()
}

/// Which record introductions are about.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// A profile of that startup.
    Profile(OrganizationId, StartupProfileId),
    /// A mandate.
    Mandate(MandateId),
    /// Any mandate of that investor.
    Investor(OrganizationId),
    /// Whatever a programme brought about.
    Programme(ProgrammeId),
    /// A profile of that startup, under one programme.
    ProfileIn(ProgrammeId, OrganizationId, StartupProfileId),
    /// A mandate, under one programme.
    MandateIn(ProgrammeId, MandateId),
}

/// The introductions about a record whose mail was not sent yet, oldest first.
///
/// # Errors
/// A statement failed.
pub fn unsent(conn: &mut Conn, about: About) -> Result<Vec<IntroductionId>> {
    use IntroductionStatus as S;
    let states = [
        S::Requested,
        S::Held,
        S::AskingFirst,
        S::AskingSecond,
        S::BothAccepted,
        S::DeliveryProblem,
        S::Frozen,
    ];
    let mut query = introductions::table
        .filter(dsl::status.eq_any(states.map(S::code)))
        .order((dsl::created_at, dsl::id))
        .select(dsl::id)
        .into_boxed();
    query = match about {
        About::Profile(startup, profile) => query
            .filter(dsl::startup_id.eq(startup))
            .filter(dsl::startup_profile_id.eq(profile)),
        About::Mandate(mandate) => query.filter(dsl::mandate_id.eq(mandate)),
        About::Investor(investor) => query.filter(dsl::investor_id.eq(investor)),
        About::Programme(programme) => query.filter(dsl::programme_id.eq(programme)),
        About::ProfileIn(programme, startup, profile) => query
            .filter(dsl::programme_id.eq(programme))
            .filter(dsl::startup_id.eq(startup))
            .filter(dsl::startup_profile_id.eq(profile)),
        About::MandateIn(programme, mandate) => query
            .filter(dsl::programme_id.eq(programme))
            .filter(dsl::mandate_id.eq(mandate)),
    };
    Ok(query.load(conn)?)
}
