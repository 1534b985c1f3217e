//! What a file of a firm leaves out of the other side because the gate is closed:
//! of records that the firm knows of, and without telling it whether compliance
//! has to decide about the two first or something keeps them apart.

use crate::db::{Conn, practices};
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::OrganizationId;
use crate::domain::introduction::Introduction;
use crate::domain::pipeline::{Deal, DealStatus};
use crate::domain::practice::Practice;
use crate::domain::values::Side;

use super::super::disclosure::{Ids, Occasion, Pair, ask_all};
use super::super::introductions::Seen;
use super::super::paging::after;
use super::super::practices::occasion;
use super::super::{Caller, Context, Error, firms_gate};

/// Records that the gate is asked about together.
const AT_ONCE: usize = 100;

/// What a side reads for rules that are not about its own record.
const NOT_AVAILABLE: &str = "not_available";

/// Something of a record that a file doesn't hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Of which record.
    pub record: Subject,
    /// What of it: `record`, `name` or `documents`.
    pub what: &'static str,
    /// The gate's rules that are open, as far as the reader may know them.
    pub rules: Vec<&'static str>,
    /// Whether compliance has to decide about it.
    pub waits: bool,
}

/// A record of two sides, about which the gate is asked.
#[derive(Debug, Clone)]
pub struct Between {
    record: Subject,
    ids: Ids,
    firms: [OrganizationId; 2],
    side: Side,
    what: &'static str,
    occasion: Occasion,
}

impl Between {
    /// An introduction of which a side isn't told the name that the other one let
    /// it have; none where there is no such thing.
    pub fn of_introduction(seen: &Seen, firm: OrganizationId) -> Option<Self> {
        let Introduction {
            id,
            programme,
            startup_profile,
            mandate,
            startup,
            investor,
            ..
        } = seen.introduction;
        let side = side_of(firm, startup);
        let name = match side {
            Side::Startup => &seen.investor_name,
            Side::Investor => &seen.startup_name,
        };
        let hidden = name.is_none()
            && seen.introduction.status.is_live()
            && seen.introduction.accepted(side.other());
        hidden.then(|| Self {
            record: Subject::new(SubjectKind::Introduction, id),
            ids: (programme, startup_profile, mandate),
            firms: [startup, investor],
            side,
            what: "name",
            occasion: Occasion::Running,
        })
    }

    /// A deal under way, of which a side reads the other's papers while the gate
    /// is open.
    pub fn of_deal(deal: &Deal, firm: OrganizationId) -> Option<Self> {
        let under_way = matches!(deal.status, DealStatus::Open | DealStatus::OnHold);
        under_way.then(|| Self {
            record: Subject::new(SubjectKind::Deal, deal.id),
            ids: (deal.programme, deal.startup_profile, deal.mandate),
            firms: [deal.startup, deal.investor],
            side: side_of(firm, deal.startup),
            what: "documents",
            occasion: Occasion::Connected,
        })
    }
}

fn side_of(firm: OrganizationId, startup: OrganizationId) -> Side {
    if firm == startup {
        Side::Startup
    } else {
        Side::Investor
    }
}

/// Rules as their reader may know them: all for the operator's people, for a side
/// those that are about its own record.
fn told(
    asker: &Caller,
    firms: &[OrganizationId],
    rules: &[Rule],
    side: Option<Side>,
) -> Vec<&'static str> {
    let whole = asker.reads_all_of(firms);
    let own = |rule: Rule| side.is_some_and(|side| rule.is_about_own_record(side));
    let code = |rule: &Rule| {
        if whole || own(*rule) {
            rule.code()
        } else {
            NOT_AVAILABLE
        }
    };
    let mut told: Vec<_> = rules.iter().map(code).collect();
    told.sort_unstable();
    told.dedup();
    told
}

/// What of these records waits for compliance now.
///
/// # Errors
/// The store failed.
pub async fn among(
    context: &Context,
    asker: &Caller,
    records: &[Between],
) -> Result<Vec<HeldBack>, Error> {
    let mut held = Vec::new();
    for some in records.chunks(AT_ONCE) {
        let (context_in, some) = (context.clone(), some.to_vec());
        let decide = move |conn: &mut Conn| decide(&context_in, conn, &some);
        let decided = context.db.read(decide).await?;
        held.extend(decided.into_iter().filter_map(|(of, decision)| {
            let waits = matches!(decision, Decision::Review { .. });
            let rules = open(decision)?;
            Some(HeldBack {
                waits,
                record: of.record,
                what: of.what,
                rules: told(asker, &of.firms, &rules, Some(of.side)),
            })
        }));
    }
    Ok(held)
}

fn decide(
    context: &Context,
    conn: &mut Conn,
    some: &[Between],
) -> Result<Vec<(Between, Decision)>, Error> {
    let ids: Vec<Ids> = some.iter().map(|it| it.ids).collect();
    let pairs = Pair::going_on_many(conn, &ids)?;
    let mut decided = Vec::with_capacity(some.len());
    for occasion in [Occasion::Running, Occasion::Connected] {
        let of_it: Vec<(&Between, &Pair)> = some
            .iter()
            .filter(|it| it.occasion == occasion)
            .filter_map(|it| Some((it, pairs.get(&it.ids)?)))
            .collect();
        let asked: Vec<&Pair> = of_it.iter().map(|(_, pair)| *pair).collect();
        let decisions = ask_all(context, conn, &asked, occasion)?;
        let of_it = of_it.into_iter().map(|(of, _)| of.clone());
        decided.extend(of_it.zip(decisions));
    }
    Ok(decided)
}

/// The practices of a firm, of those that were offered to it, that it doesn't read
/// before compliance has decided.
///
/// # Errors
/// The store failed.
pub async fn practices_of(
    context: &Context,
    asker: &Caller,
    firm: OrganizationId,
) -> Result<Vec<HeldBack>, Error> {
    let mut held = Vec::new();
    let mut cursor = None;
    loop {
        let context_in = context.clone();
        let read = move |conn: &mut Conn| {
            let known = practices::Filter {
                known_to: Some(vec![firm]),
                ..practices::Filter::default()
            };
            let mut some = practices::list(conn, &known, cursor, AT_ONCE)?;
            let more = some.len() > AT_ONCE;
            some.truncate(AT_ONCE);
            let last = some.last().filter(|_| more);
            let next = last.map(|it| after(it.created_at, it.id));
            Ok::<_, Error>((open_among(&context_in, conn, &some)?, next))
        };
        let (some, next) = context.db.read(read).await?;
        held.extend(some.into_iter().map(|(practice, rules, waits)| HeldBack {
            waits,
            record: Subject::new(SubjectKind::Practice, practice.id),
            what: "record",
            rules: told(asker, &practice.firms(), &rules, None),
        }));
        cursor = next;
        if cursor.is_none() {
            return Ok(held);
        }
    }
}

fn open_among(
    context: &Context,
    conn: &mut Conn,
    some: &[Practice],
) -> Result<Vec<(Practice, Vec<Rule>, bool)>, Error> {
    let mut found = Vec::new();
    for asked in [Occasion::Running, Occasion::Connected] {
        let of_it = some.iter().filter(|it| occasion(it) == asked);
        let of_it: Vec<Practice> = of_it.cloned().collect();
        let accounts = firms_gate::of_practices(context, conn, &of_it, asked)?;
        for (practice, account) in of_it.iter().zip(accounts) {
            let waits = matches!(account.decision, Decision::Review { .. });
            if let Some(rules) = open(account.decision) {
                found.push((practice.clone(), rules, waits));
            }
        }
    }
    found.sort_by_key(|(practice, ..)| practice.id);
    Ok(found)
}

/// The rules that stand in the way; none where nothing does. A side reads no
/// difference between what waits and what is forbidden.
fn open(decision: Decision) -> Option<Vec<Rule>> {
    match decision {
        Decision::Allow => None,
        Decision::Review { rules, .. } | Decision::Deny { rules } => Some(rules),
    }
}
