//! Where work lies: which records stand where somebody has to do something,
//! the longest waiting first. Only what says so is read, not the records.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{exists, min, not};
use diesel::prelude::*;
use uuid::Uuid;

use super::programme_schema::programme_agreements;
use super::schema::{
    clearances, introduction_asks as asks, introductions, mandates, matches, outbox, programmes,
    startup_profiles,
};
use super::types::{Id, Timestamp};
use super::{Conn, Result};
use crate::domain::compliance::ClearanceVerdict;
use crate::domain::ids::{OrganizationId, ProgrammeId, UserId};
use crate::domain::introduction::{AskState, IntroductionStatus};
use crate::domain::mandate::MandateStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::programme::ProgrammeStatus;
use crate::domain::review::{Audience, MatchStatus, Response};
use crate::domain::values::Side;

diesel::allow_tables_to_appear_in_same_query!(asks, introductions, matches);

/// A record that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: Uuid,
    /// Its programme, where it has one.
    pub programme: Option<ProgrammeId>,
    /// Since when it stands there.
    pub since: DateTime<Utc>,
    /// The day by which something is to be done, where the record says one.
    pub by: Option<NaiveDate>,
}

/// Whose records are looked at: everybody's, or those of these firms.
pub type Owners<'a> = Option<&'a [OrganizationId]>;

/// Under which programme alone; any.
pub type Under = Option<ProgrammeId>;

type Dated = (Id, DateTime<Utc>, Option<NaiveDate>);
pub(super) type Placed = (Id, ProgrammeId, DateTime<Utc>);

fn dated((id, since, by): Dated) -> Waiting {
    Waiting {
        id: id.uuid(),
        programme: None,
        since,
        by,
    }
}

pub(super) fn placed((id, programme, since): Placed) -> Waiting {
    Waiting {
        id: id.uuid(),
        programme: Some(programme),
        since,
        by: None,
    }
}

/// Startup profiles that stand at one of these states.
///
/// # Errors
/// A statement failed.
pub fn profiles(
    conn: &mut Conn,
    statuses: &[ProfileStatus],
    owners: Owners<'_>,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use startup_profiles::dsl;
    let codes: Vec<&str> = statuses.iter().map(|status| status.code()).collect();
    let mut query = startup_profiles::table
        .filter(dsl::status.eq_any(codes))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .into_boxed();
    if let Some(owners) = owners {
        query = query.filter(dsl::organization_id.eq_any(owners.to_vec()));
    }
    let rows: Vec<Dated> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
}

/// Published profiles of these firms that are to be confirmed until a day, and
/// those that were not in time.
///
/// # Errors
/// A statement failed.
pub fn profiles_to_confirm(
    conn: &mut Conn,
    owners: &[OrganizationId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use startup_profiles::dsl;
    let soon = dsl::status
        .eq(ProfileStatus::Published.code())
        .and(dsl::reconfirm_by.le(until).assume_not_null());
    let rows: Vec<Dated> = startup_profiles::table
        .filter(dsl::organization_id.eq_any(owners.to_vec()))
        .filter(soon.or(dsl::status.eq(ProfileStatus::Stale.code())))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
}

/// Mandates of these firms that stand at that state.
///
/// # Errors
/// A statement failed.
pub fn mandates(
    conn: &mut Conn,
    status: MandateStatus,
    owners: &[OrganizationId],
    limit: i64,
) -> Result<Vec<Waiting>> {
    use mandates::dsl;
    let rows: Vec<Dated> = mandates::table
        .filter(dsl::status.eq(status.code()))
        .filter(dsl::organization_id.eq_any(owners.to_vec()))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
}

/// Published mandates of these firms that are to be confirmed until a day, and
/// those that were not in time.
///
/// # Errors
/// A statement failed.
pub fn mandates_to_confirm(
    conn: &mut Conn,
    owners: &[OrganizationId],
    until: NaiveDate,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use mandates::dsl;
    let soon = dsl::status
        .eq(MandateStatus::Published.code())
        .and(dsl::reconfirm_by.le(until).assume_not_null());
    let rows: Vec<Dated> = mandates::table
        .filter(dsl::organization_id.eq_any(owners.to_vec()))
        .filter(soon.or(dsl::status.eq(MandateStatus::Stale.code())))
        .select((dsl::id, dsl::updated_at, dsl::reconfirm_by))
        .order((dsl::reconfirm_by, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(dated).collect())
}

/// Matches that stand at that state.
///
/// # Errors
/// A statement failed.
pub fn matches(
    conn: &mut Conn,
    status: MatchStatus,
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use matches::dsl;
    let mut query = matches::table
        .filter(dsl::status.eq(status.code()))
        .select((dsl::id, dsl::programme_id, dsl::updated_at))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let rows: Vec<Placed> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(placed).collect())
}

/// Matches that were released to one of these firms on that side, which has
/// said nothing yet, whatever the other did; where that settled it, those that
/// the side was shown `since`.
///
/// # Errors
/// A statement failed.
pub fn matches_to_answer(
    conn: &mut Conn,
    side: Side,
    owners: &[OrganizationId],
    (under, since): (Under, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<Waiting>> {
    use matches::dsl;
    let seen: Vec<&str> = Audience::ALL
        .iter()
        .filter(|audience| audience.includes(side))
        .map(|audience| audience.code())
        .collect();
    let owners = owners.to_vec();
    // Whom an introduction out of it asked answers that.
    let asked = introductions::table
        .inner_join(asks::table)
        .filter(introductions::match_id.eq(dsl::id))
        .filter(asks::side.eq(side.code()));
    let mut query = matches::table
        .filter(dsl::released_to.eq_any(seen))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let open = [MatchStatus::Released, MatchStatus::OneSided].map(MatchStatus::code);
    // What the other side did by itself changes nothing, until the time is over.
    let unseen = [
        MatchStatus::Snoozed,
        MatchStatus::Passed,
        MatchStatus::Introduced,
    ];
    let unseen = unseen.map(MatchStatus::code);
    let since = Timestamp(since);
    let rows: Vec<Placed> = match side {
        Side::Startup => query
            .filter(dsl::startup_id.eq_any(owners))
            .filter(dsl::startup_response.eq(Response::None.code()))
            .filter(
                dsl::status.eq_any(open).or(dsl::status
                    .eq_any(unseen)
                    .and(dsl::startup_updated_at.gt(since))
                    .and(not(exists(asked)))),
            )
            .filter(
                dsl::startup_snoozed_until
                    .is_null()
                    .or(dsl::wakes_at.is_null())
                    .or(dsl::startup_snoozed_until.lt(dsl::wakes_at)),
            )
            .select((dsl::id, dsl::programme_id, dsl::startup_updated_at))
            .order((dsl::startup_updated_at, dsl::id))
            .limit(limit)
            .load(conn)?,
        Side::Investor => query
            .filter(dsl::investor_id.eq_any(owners))
            .filter(dsl::investor_response.eq(Response::None.code()))
            .filter(
                dsl::status.eq_any(open).or(dsl::status
                    .eq_any(unseen)
                    .and(dsl::investor_updated_at.gt(since))
                    .and(not(exists(asked)))),
            )
            .filter(
                dsl::investor_snoozed_until
                    .is_null()
                    .or(dsl::wakes_at.is_null())
                    .or(dsl::investor_snoozed_until.lt(dsl::wakes_at)),
            )
            .select((dsl::id, dsl::programme_id, dsl::investor_updated_at))
            .order((dsl::investor_updated_at, dsl::id))
            .limit(limit)
            .load(conn)?,
    };
    Ok(rows.into_iter().map(placed).collect())
}

/// Introductions that stand at that state.
///
/// # Errors
/// A statement failed.
pub fn introductions(
    conn: &mut Conn,
    status: IntroductionStatus,
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use introductions::dsl;
    let mut query = introductions::table
        .filter(dsl::status.eq(status.code()))
        .select((dsl::id, dsl::programme_id, dsl::updated_at))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let rows: Vec<Placed> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(placed).collect())
}

/// Introductions with an open question to that side of one of these firms;
/// with each, until when an answer counts.
///
/// # Errors
/// A statement failed.
pub fn introductions_to_answer(
    conn: &mut Conn,
    side: Side,
    owners: &[OrganizationId],
    under: Under,
    limit: i64,
) -> Result<Vec<(Waiting, DateTime<Utc>)>> {
    use introductions::dsl;
    type Row = (Id, ProgrammeId, DateTime<Utc>, DateTime<Utc>);
    let owners = owners.to_vec();
    let mut query = asks::table
        .inner_join(introductions::table)
        .filter(asks::state.eq(AskState::Open.code()))
        .filter(asks::side.eq(side.code()))
        .select((
            dsl::id,
            dsl::programme_id,
            asks::created_at,
            asks::expires_at,
        ))
        .into_boxed();
    query = match side {
        Side::Startup => query.filter(dsl::startup_id.eq_any(owners)),
        Side::Investor => query.filter(dsl::investor_id.eq_any(owners)),
    };
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let rows: Vec<Row> = query
        .order((asks::expires_at, asks::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, programme, since, until): Row| (placed((id, programme, since)), until);
    Ok(rows.into_iter().map(row).collect())
}

/// Introductions of which the other side than that one of these firms says
/// that a deal came.
///
/// # Errors
/// A statement failed.
pub fn conversions_to_confirm(
    conn: &mut Conn,
    side: Side,
    owners: &[OrganizationId],
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use introductions::dsl;
    let open = [
        IntroductionStatus::Sent,
        IntroductionStatus::InConversation,
        IntroductionStatus::Met,
    ]
    .map(IntroductionStatus::code);
    let owners = owners.to_vec();
    let mut query = introductions::table
        .filter(dsl::status.eq_any(open))
        .filter(dsl::convert_reported_by.eq(side.other().code()))
        .select((dsl::id, dsl::programme_id, dsl::updated_at))
        .into_boxed();
    query = match side {
        Side::Startup => query.filter(dsl::startup_id.eq_any(owners)),
        Side::Investor => query.filter(dsl::investor_id.eq_any(owners)),
    };
    if let Some(programme) = under {
        query = query.filter(dsl::programme_id.eq(programme));
    }
    let rows: Vec<Placed> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(placed).collect())
}

/// Firms whose last check ends until a day, or came to no verdict; a firm that
/// is blocked waits for nobody.
///
/// # Errors
/// A statement failed.
pub fn clearances_to_renew(conn: &mut Conn, until: NaiveDate, limit: i64) -> Result<Vec<Waiting>> {
    use clearances::dsl;
    let newer = diesel::alias!(clearances as newer);
    let later = newer.field(dsl::created_at).gt(dsl::created_at).or(newer
        .field(dsl::created_at)
        .eq(dsl::created_at)
        .and(newer.field(dsl::id).gt(dsl::id)));
    let superseded = newer
        .filter(newer.field(dsl::organization_id).eq(dsl::organization_id))
        .filter(later);
    let ends = dsl::valid_to
        .le(until)
        .or(dsl::verdict.eq(ClearanceVerdict::Review.code()));
    let rows: Vec<(Id, DateTime<Utc>, NaiveDate)> = clearances::table
        .filter(ends)
        .filter(dsl::verdict.ne(ClearanceVerdict::Blocked.code()))
        .filter(not(exists(superseded)))
        .select((dsl::organization_id, dsl::created_at, dsl::valid_to))
        .order((dsl::valid_to, dsl::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since, by): (Id, DateTime<Utc>, NaiveDate)| dated((id, since, Some(by)));
    Ok(rows.into_iter().map(row).collect())
}

/// Firms that show a profile or a mandate and were never checked, by when it
/// was first published.
///
/// # Errors
/// A statement failed.
pub fn firms_to_screen(conn: &mut Conn, limit: i64) -> Result<Vec<Waiting>> {
    type Row = (Id, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let checked = || clearances::table.select(clearances::organization_id);
    // A firm with several records is checked once.
    let mut rows: Vec<Row> = {
        use startup_profiles::dsl;
        startup_profiles::table
            .filter(dsl::status.eq(ProfileStatus::Published.code()))
            .filter(dsl::organization_id.ne_all(checked()))
            .group_by(dsl::organization_id)
            .select((
                dsl::organization_id,
                min(dsl::published_at),
                min(dsl::created_at),
            ))
            .order((min(dsl::published_at), dsl::organization_id))
            .limit(limit)
            .load(conn)?
    };
    let investors: Vec<Row> = {
        use mandates::dsl;
        mandates::table
            .filter(dsl::status.eq(MandateStatus::Published.code()))
            .filter(dsl::organization_id.ne_all(checked()))
            .group_by(dsl::organization_id)
            .select((
                dsl::organization_id,
                min(dsl::published_at),
                min(dsl::created_at),
            ))
            .order((min(dsl::published_at), dsl::organization_id))
            .limit(limit)
            .load(conn)?
    };
    rows.extend(investors);
    // Nobody is mailed for a partner that wasn't looked at.
    let partners: Vec<(Id, Option<DateTime<Utc>>)> = {
        use super::directory_schema::referrals::{self, dsl};
        referrals::table
            .filter(dsl::partner_id.ne_all(checked()))
            .group_by(dsl::partner_id)
            .select((dsl::partner_id, min(dsl::created_at)))
            .order((min(dsl::created_at), dsl::partner_id))
            .limit(limit)
            .load(conn)?
    };
    rows.extend(partners.into_iter().map(|(id, since)| (id, since, None)));
    let firm = |(id, published, created): Row| Some(dated((id, published.or(created)?, None)));
    let mut firms: Vec<Waiting> = rows.into_iter().filter_map(firm).collect();
    firms.sort_by_key(|firm| (firm.id, firm.since));
    firms.dedup_by_key(|firm| firm.id);
    Ok(firms)
}

/// Freezes of which somebody else than that person has asked that they end.
///
/// # Errors
/// A statement failed.
pub fn freezes_to_lift(conn: &mut Conn, reader: UserId, limit: i64) -> Result<Vec<Waiting>> {
    use super::review_schema::freezes::{self, dsl};
    let rows: Vec<(Id, DateTime<Utc>)> = freezes::table
        .filter(dsl::lifted_at.is_null())
        .filter(dsl::ended_at.is_null())
        .filter(dsl::first_lifted_by.is_not_null())
        .filter(dsl::first_lifted_by.ne(reader))
        .select((dsl::id, dsl::updated_at))
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since)| dated((id, since, None));
    Ok(rows.into_iter().map(row).collect())
}

/// Messages that were given up.
///
/// # Errors
/// A statement failed.
pub fn messages_given_up(conn: &mut Conn, limit: i64) -> Result<Vec<Waiting>> {
    use outbox::dsl;
    let rows: Vec<(Id, Option<DateTime<Utc>>, DateTime<Utc>)> = outbox::table
        .filter(dsl::state.eq(super::outbox::State::Dead.code()))
        .select((dsl::id, dsl::finished_at, dsl::created_at))
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, finished, created): (Id, Option<DateTime<Utc>>, DateTime<Utc>)| {
        dated((id, finished.unwrap_or(created), None))
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Programmes on their way to being signed, by their first day.
///
/// # Errors
/// A statement failed.
pub fn programmes_to_sign(conn: &mut Conn, under: Under, limit: i64) -> Result<Vec<Waiting>> {
    use programmes::dsl;
    let open = [
        ProgrammeStatus::Draft,
        ProgrammeStatus::Negotiation,
        ProgrammeStatus::TextAgreed,
        ProgrammeStatus::Signing,
    ]
    .map(ProgrammeStatus::code);
    let mut query = programmes::table
        .filter(dsl::status.eq_any(open))
        .select((dsl::id, dsl::updated_at, dsl::starts_on))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::id.eq(programme));
    }
    let rows: Vec<(Id, DateTime<Utc>, NaiveDate)> = query
        .order((dsl::starts_on, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(programme).collect())
}

/// Programmes in their notice that none goes on from yet.
///
/// # Errors
/// A statement failed.
pub fn programmes_to_renew(conn: &mut Conn, under: Under, limit: i64) -> Result<Vec<Waiting>> {
    use programme_agreements as agreements;
    use programmes::dsl;
    let renewed = agreements::table
        .filter(agreements::predecessor_id.is_not_null())
        .select(agreements::predecessor_id.assume_not_null());
    let mut query = programmes::table
        .filter(dsl::status.eq(ProgrammeStatus::Expiring.code()))
        .filter(dsl::id.ne_all(renewed))
        .select((dsl::id, dsl::updated_at, dsl::ends_on))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::id.eq(programme));
    }
    let rows: Vec<(Id, DateTime<Utc>, NaiveDate)> = query
        .order((dsl::ends_on, dsl::id))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(programme).collect())
}

/// Programmes that a party declined to sign since a moment.
///
/// # Errors
/// A statement failed.
pub fn programmes_declined(
    conn: &mut Conn,
    since: DateTime<Utc>,
    under: Under,
    limit: i64,
) -> Result<Vec<Waiting>> {
    use programmes::dsl;
    let mut query = programmes::table
        .filter(dsl::status.eq(ProgrammeStatus::Declined.code()))
        .filter(dsl::updated_at.ge(Timestamp(since)))
        .select((dsl::id, dsl::updated_at))
        .into_boxed();
    if let Some(programme) = under {
        query = query.filter(dsl::id.eq(programme));
    }
    let rows: Vec<(Id, DateTime<Utc>)> = query
        .order((dsl::updated_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    let row = |(id, since): (Id, DateTime<Utc>)| Waiting {
        programme: Some(id.uuid().into()),
        ..dated((id, since, None))
    };
    Ok(rows.into_iter().map(row).collect())
}

fn programme((id, since, by): (Id, DateTime<Utc>, NaiveDate)) -> Waiting {
    Waiting {
        programme: Some(id.uuid().into()),
        ..dated((id, since, Some(by)))
    }
}
