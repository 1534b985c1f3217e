//! What stands still in a freeze, and while a programme is suspended: the time
//! within which people have to confirm their records. Whatever would lapse in
//! it keeps some days, so that people are asked again once it is over.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::db::{self, Conn, confirmations, mandates, startup_profiles};
use crate::domain::compliance::{Freeze, FreezeScope};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::ProgrammeId;
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;

use super::disclosure::{covers_mandate, covers_startup};
use super::{Context, Error, following};

/// Looks at all records once a day.
const DAILY: &str = "confirmations_daily";
/// Days that a record has left at least when a freeze is lifted: whoever
/// answers for it is asked as often as usual before it lapses.
const LEFT: Days = Days::new(14);
/// Days that it has left then at most.
const GIVEN: Days = Days::new(28);
/// Records looked at in one transaction.
const AT_ONCE: usize = 100;

/// What makes clocks stand still at present.
struct Standstill {
    freezes: Vec<Freeze>,
    /// Programmes that are suspended or frozen, and since when.
    programmes: Vec<(ProgrammeId, DateTime<Utc>)>,
}

impl Standstill {
    fn now(context: &Context, conn: &mut Conn) -> Result<Self, Error> {
        let freezes = db::freezes::active(conn, context.now())?;
        let mut programmes = db::programmes::suspended(conn)?;
        programmes.extend(freezes.iter().filter_map(|freeze| match freeze.scope {
            FreezeScope::Programme(id) => Some((id, freeze.starts_at)),
            _ => None,
        }));
        Ok(Self {
            freezes,
            programmes,
        })
    }

    const fn is_empty(&self) -> bool {
        self.freezes.is_empty() && self.programmes.is_empty()
    }

    /// The earliest of what covers a record.
    fn since(
        &self,
        covers: impl Fn(&Freeze) -> bool,
        mut admits: impl FnMut(ProgrammeId) -> Result<bool, db::Error>,
    ) -> Result<Option<NaiveDate>, Error> {
        let covering = self.freezes.iter().filter(|freeze| covers(freeze));
        let mut since = covering.map(|freeze| freeze.starts_at).min();
        for (programme, at) in &self.programmes {
            if since.is_none_or(|since| *at < since) && admits(*programme)? {
                since = Some(*at);
            }
        }
        Ok(since.map(|at| at.date_naive()))
    }
}

/// Once a day gives those records more time that would have to be confirmed
/// soon and that nothing can come of at present; answers how many.
///
/// # Errors
/// A statement failed.
pub async fn hold_confirmations(context: &Context) -> Result<usize, Error> {
    let (context_in, today) = (context.clone(), context.now().date_naive());
    let Some(turn) = following::daily(context, DAILY).await? else {
        return Ok(0);
    };
    let still = move |conn: &mut Conn| Standstill::now(&context_in, conn);
    // A freeze may still be ordered today, before anything lapses tomorrow.
    if context.db.read(still).await?.is_empty() {
        return Ok(0);
    }
    let held = hold_profiles(context, today).await? + hold_mandates(context, today).await?;
    following::done(context, turn).await?;
    Ok(held)
}

async fn hold_profiles(context: &Context, today: NaiveDate) -> Result<usize, Error> {
    let (mut after, mut held) = (None, 0);
    loop {
        let context_in = context.clone();
        let (last, some) = context
            .db
            .write(move |conn| {
                let still = Standstill::now(&context_in, conn)?;
                let due = confirmations::profiles_until(conn, today + LEFT, after, AT_ONCE)?;
                let last = due.last().filter(|_| due.len() == AT_ONCE);
                let last = last.copied();
                let mut held = 0;
                for profile in startup_profiles::find_many(conn, &due)? {
                    held += usize::from(hold_profile(&context_in, conn, &still, profile, today)?);
                }
                Ok::<_, Error>((last, held))
            })
            .await?;
        held += some;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(held),
        }
    }
}

fn hold_profile(
    context: &Context,
    conn: &mut Conn,
    still: &Standstill,
    before: StartupProfile,
    today: NaiveDate,
) -> Result<bool, Error> {
    let taxonomy = context.taxonomy();
    let since = still.since(
        |freeze| covers_startup(freeze, &taxonomy, &before),
        |programme| db::programmes::is_startup_admitted(conn, programme, before.id),
    )?;
    let Some(until) = prolonged(before.reconfirm_by, since, today) else {
        return Ok(false);
    };
    let after = StartupProfile {
        reconfirm_by: Some(until),
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    startup_profiles::update_state(conn, &after)?;
    let subject = (SubjectKind::StartupProfile, after.id);
    let facts = vec![("until", Value::Date(until))];
    let pen = context.pen(Actor::System);
    pen.append(conn, "startup_profile.prolonged", subject, facts)?;
    Ok(true)
}

async fn hold_mandates(context: &Context, today: NaiveDate) -> Result<usize, Error> {
    let (mut after, mut held) = (None, 0);
    loop {
        let context_in = context.clone();
        let (last, some) = context
            .db
            .write(move |conn| {
                let still = Standstill::now(&context_in, conn)?;
                let due = confirmations::mandates_until(conn, today + LEFT, after, AT_ONCE)?;
                let last = due.last().filter(|_| due.len() == AT_ONCE);
                let last = last.copied();
                let mut held = 0;
                for mandate in mandates::find_many(conn, &due)? {
                    held += usize::from(hold_mandate(&context_in, conn, &still, mandate, today)?);
                }
                Ok::<_, Error>((last, held))
            })
            .await?;
        held += some;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(held),
        }
    }
}

fn hold_mandate(
    context: &Context,
    conn: &mut Conn,
    still: &Standstill,
    before: Mandate,
    today: NaiveDate,
) -> Result<bool, Error> {
    let since = still.since(
        |freeze| covers_mandate(freeze, &before),
        |programme| db::programmes::is_mandate_admitted(conn, programme, before.id),
    )?;
    let Some(until) = prolonged(before.reconfirm_by, since, today) else {
        return Ok(false);
    };
    let after = Mandate {
        reconfirm_by: Some(until),
        version: before.version + 1,
        updated_at: context.now(),
        ..before
    };
    mandates::update_state(conn, &after)?;
    let subject = (SubjectKind::Mandate, after.id);
    let facts = vec![("until", Value::Date(until))];
    let pen = context.pen(Actor::System);
    pen.append(conn, "mandate.prolonged", subject, facts)?;
    Ok(true)
}

/// Until when a record counts as confirmed that nothing can come of since some
/// day; none where its time runs on, or was over before.
fn prolonged(
    reconfirm_by: Option<NaiveDate>,
    since: Option<NaiveDate>,
    today: NaiveDate,
) -> Option<NaiveDate> {
    let (until, since) = (reconfirm_by?, since?);
    let due = until <= today + LEFT && until >= since;
    due.then(|| today + GIVEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u64) -> NaiveDate {
        NaiveDate::default() + Days::new(day)
    }

    #[test]
    fn only_what_lapses_in_it_gets_more_time() {
        let until = |by, since| prolonged(Some(day(by)), Some(day(since)), day(100));
        assert_eq!(until(114, 90), Some(day(128)));
        assert_eq!(until(99, 90), Some(day(128)));
        assert_eq!(until(115, 90), None);
        assert_eq!(until(89, 90), None);
        assert_eq!(prolonged(Some(day(99)), None, day(100)), None);
    }
}
