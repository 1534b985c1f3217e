//! What a firm has of its own that no merge moves.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::db::identity_schema::clients;
use crate::db::practice_schema::practices;
use crate::db::programme_schema::deal_participants;
use crate::db::review_schema::export_licences;
use crate::db::schema::programme_parties;
use crate::db::{Conn, Result, walls};
use crate::domain::ids::OrganizationId;
use crate::domain::licence::LicenceStatus;
use crate::domain::merging::LeftOver;

/// What of a firm would stay with it; consents apart, which go by people.
///
/// # Errors
/// A statement failed.
pub fn left_over(conn: &mut Conn, firm: OrganizationId) -> Result<Vec<LeftOver>> {
    let mut left = Vec::new();
    if walls::count_live(conn, firm)? > 0 {
        left.push(LeftOver::Walls);
    }
    let holding = [LicenceStatus::Recorded, LicenceStatus::Checked].map(LicenceStatus::code);
    let licences = export_licences::table
        .filter(export_licences::organization_id.eq(firm))
        .filter(export_licences::status.eq_any(holding));
    if diesel::select(exists(licences)).get_result(conn)? {
        left.push(LeftOver::Licences);
    }
    let of_it = practices::giver_id
        .eq(firm)
        .or(practices::taker_id.eq(firm));
    if diesel::select(exists(practices::table.filter(of_it))).get_result(conn)? {
        left.push(LeftOver::Practices);
    }
    let parts = deal_participants::table.filter(deal_participants::organization_id.eq(firm));
    if diesel::select(exists(parts)).get_result(conn)? {
        left.push(LeftOver::Participations);
    }
    let party = programme_parties::table.filter(programme_parties::organization_id.eq(firm));
    if diesel::select(exists(party)).get_result(conn)? {
        left.push(LeftOver::Programmes);
    }
    let programs = clients::table
        .filter(clients::organization_id.eq(firm))
        .filter(clients::revoked_at.is_null());
    if diesel::select(exists(programs)).get_result(conn)? {
        left.push(LeftOver::Clients);
    }
    Ok(left)
}
