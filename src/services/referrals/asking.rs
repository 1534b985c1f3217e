//! Whom a partner's referrals reach: contacts are mailed the link to what was
//! said of their firm.

use chrono::{NaiveDate, TimeDelta};

use crate::db::{self, Conn, referrals};
use crate::domain::compliance::{Clearance, ClearanceVerdict, clearance_on};
use crate::domain::referral::{Referral, Referred};
use crate::domain::text::Email;
use crate::domain::ticket::TicketKind;

use super::super::{Error, contacts, duplicates::is_contested};
use super::{Desk, mandates, startups};

impl Desk {
    /// Asks the contact to stand behind what was handed in, once that is put
    /// forward. Whom that would be too much for waits for a curator: an address
    /// that has another firm's link still, a partner's contact of a day that has
    /// seen many, or any of a partner's that the operator hasn't let through.
    pub(super) fn ask(
        &self,
        conn: &mut Conn,
        referral: &Referral,
        email: &Email,
    ) -> Result<(), Error> {
        let firm = referral.organization;
        let forward = match referral.record {
            Referred::StartupProfile(id) => startups::is_forward(conn, id)?,
            Referred::Mandate(id) => mandates::is_forward(conn, id)?,
        };
        if !self.ask_contacts || !forward || is_contested(conn, firm)? {
            return Ok(());
        }
        // Whoever registers may call themselves a partner: nobody is mailed for
        // one that the operator hasn't looked at.
        let partner = db::clearances::latest(conn, referral.partner)?;
        if !vouched_for(partner.as_ref(), self.now.date_naive()) {
            return Ok(());
        }
        let key = email.key();
        if db::tickets::newest(conn, TicketKind::Claim, &key, self.now)?.is_some() {
            return Ok(());
        }
        let asked = referrals::count_asked(conn, referral.partner, self.now - TimeDelta::days(1))?;
        if asked >= i64::from(self.context.settings.partner_asks) {
            return Ok(());
        }
        contacts::ask(&self.context, conn, self.actor, firm)?;
        Ok(())
    }
}

/// Whether the operator's last check of a partner came out for it and holds.
fn vouched_for(last: Option<&Clearance>, day: NaiveDate) -> bool {
    use ClearanceVerdict as V;
    matches!(clearance_on(last, day), V::Clear | V::ClearEnhanced)
}
