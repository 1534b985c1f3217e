//! The ledger: what was shown of whom to whom, by which answer of the gate.

use chrono::NaiveTime;
use uuid::Uuid;

use crate::db::disclosures::{Disclosure, GateSaid};
use crate::db::{self, Conn};
use crate::domain::disclosure::{Account, Decision, Level, Opener};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::services::log::Pen;
use crate::services::transitions::code;
use crate::services::{Context, Error, deals, firms_gate, introductions};

use super::{Occasion, Pair, account};

/// One line of the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Showing {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// Who was shown.
    pub shown: OrganizationId,
    /// To whom.
    pub to: OrganizationId,
    /// How much.
    pub level: Level,
    /// By which match, introduction, deal or practice.
    pub subject: Subject,
    /// Who opened which revision; none for what was shown without being opened.
    pub opened: Option<(Opener, i64)>,
}

/// An answer of the gate, by the id that the ledger knows it by.
#[derive(Debug, Clone)]
pub struct Answered {
    id: Uuid,
    account: Account,
}

impl Answered {
    /// Whether it is a yes.
    pub fn is_allow(&self) -> bool {
        self.account.decision == Decision::Allow
    }

    /// The answer itself.
    pub const fn decision(&self) -> &Decision {
        &self.account.decision
    }
}

/// Asks the gate about a pair, for something that will be shown by its answer.
pub fn answer(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Answered, Error> {
    Ok(Answered {
        id: context.new_id(),
        account: account(context, conn, pair, occasion)?,
    })
}

/// [`answer`] about the two that a record is about.
pub fn answer_about(
    context: &Context,
    conn: &mut Conn,
    subject: Subject,
    occasion: Occasion,
) -> Result<Answered, Error> {
    Ok(Answered {
        id: context.new_id(),
        account: account_of(context, conn, subject, occasion)?,
    })
}

/// Writes one line of the ledger, with the answer of the gate that it was shown
/// by, given in the same transaction.
pub fn record(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    showing: Showing,
    by: &Answered,
) -> Result<(), Error> {
    let Showing {
        programme,
        shown,
        to,
        level,
        subject,
        opened,
    } = showing;
    let (decision, account) = (by.id, &by.account);
    let verdict = account.verdict();
    let disclosure = Disclosure {
        id: context.new_id(),
        programme,
        shown,
        shown_to: to,
        level,
        subject,
        gate: Some(GateSaid {
            decision,
            verdict: verdict.to_owned(),
            rules: account.rules.clone(),
        }),
        revision: opened.map(|(_, revision)| revision),
        opened_by: opened.map(|(by, _)| by),
        at: context.now(),
    };
    db::disclosures::record(conn, &disclosure)?;
    let mut facts = vec![
        ("to", Value::Id(to.uuid())),
        ("level", code(level.code())),
        ("programme", Value::Id(programme.uuid())),
        ("subject", Value::Id(subject.id)),
        ("decision", Value::Id(decision)),
        ("verdict", code(verdict)),
        // The firm reads its own lines of the log, and the rules tell of the
        // other one, too.
        ("rules", Value::hash_of(&account.rules.join(" "))),
    ];
    facts.extend(opened.map(|(_, revision)| ("revision", Value::Int(revision))));
    pen.append(
        conn,
        "organization.disclosed",
        (SubjectKind::Organization, shown),
        facts,
    )
}

/// Writes that somebody opened a revision, once for each reader, revision and
/// day, so that reading a thing again and again doesn't flood the ledger.
/// Whoever calls holds the record, so that two at once don't both write.
pub fn record_opening(
    context: &Context,
    conn: &mut Conn,
    pen: &Pen,
    showing: Showing,
    by: &Answered,
) -> Result<(), Error> {
    if is_noted(context, conn, &showing)? {
        return Ok(());
    }
    record(context, conn, pen, showing, by)
}

/// Whether the ledger has that opening today already.
pub fn is_noted(context: &Context, conn: &mut Conn, showing: &Showing) -> Result<bool, Error> {
    let Some(opened) = showing.opened else {
        return Ok(false);
    };
    let today = context
        .now()
        .date_naive()
        .and_time(NaiveTime::MIN)
        .and_utc();
    let what = (showing.subject, showing.level, showing.to);
    Ok(db::disclosures::was_opened(conn, what, opened, today)?)
}

/// What the gate says of the two that a record is about.
fn account_of(
    context: &Context,
    conn: &mut Conn,
    subject: Subject,
    occasion: Occasion,
) -> Result<Account, Error> {
    let pair = match subject.kind {
        SubjectKind::Practice => {
            let practice = db::practices::find(conn, subject.id.into())?.ok_or(Error::NotFound)?;
            return firms_gate::of_practice(context, conn, &practice, occasion);
        }
        SubjectKind::Match => {
            let matched = db::matches::find(conn, subject.id.into())?.ok_or(Error::NotFound)?;
            let (profile, mandate) = (matched.startup_profile, matched.mandate);
            match occasion {
                Occasion::Connected => Pair::going_on(conn, matched.programme, profile, mandate)?,
                _ => Pair::load(conn, matched.programme, profile, mandate)?,
            }
        }
        SubjectKind::Deal => {
            let deal = deals::load(conn, subject.id.into())?;
            Pair::going_on(conn, deal.programme, deal.startup_profile, deal.mandate)?
        }
        _ => {
            let introduction = introductions::load(conn, subject.id.into())?;
            introductions::pair(conn, &introduction)?
        }
    };
    account(context, conn, &pair, occasion)
}
