//! What reports need beside the log: whose introductions and deals they are.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::{deals, introductions};
use super::{Conn, Result};
use crate::domain::ids::{DealId, IntroductionId, OrganizationId, ProgrammeId};

/// The startup and the investor of each record.
pub type Sides = BTreeMap<Uuid, (OrganizationId, OrganizationId)>;

/// The sides of all introductions of a programme.
///
/// # Errors
/// A statement failed.
pub fn introduction_sides(conn: &mut Conn, programme: ProgrammeId) -> Result<Sides> {
    let rows: Vec<(IntroductionId, OrganizationId, OrganizationId)> = introductions::table
        .filter(introductions::programme_id.eq(programme))
        .select((
            introductions::id,
            introductions::startup_id,
            introductions::investor_id,
        ))
        .load(conn)?;
    let sides = rows.into_iter();
    Ok(sides.map(|(id, a, b)| (id.uuid(), (a, b))).collect())
}

/// The sides of all deals of a programme.
///
/// # Errors
/// A statement failed.
pub fn deal_sides(conn: &mut Conn, programme: ProgrammeId) -> Result<Sides> {
    let rows: Vec<(DealId, OrganizationId, OrganizationId)> = deals::table
        .filter(deals::programme_id.eq(programme))
        .select((deals::id, deals::startup_id, deals::investor_id))
        .load(conn)?;
    let sides = rows.into_iter();
    Ok(sides.map(|(id, a, b)| (id.uuid(), (a, b))).collect())
}
