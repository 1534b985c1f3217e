//! What a reader sees of one thing to do. Each record is read by the rule by
//! which its own noun shows it.

use crate::db::{self, Conn};
use crate::domain::ids::OrganizationId;
use crate::domain::permission::Operation;
use crate::domain::pipeline::Deal;
use crate::domain::refusal::Refusal;
use crate::domain::suspension::Ruling;
use crate::domain::worklist::{RecordKind, WorkItem, WorkKind};
use crate::services::{
    Caller, Context, Error, closings, commitments, deals, documents, held_texts, introductions,
    investors, mandates, matches, messages, participants, practices, programmes, promises,
    startups, tags, walls,
};

use super::Seen;

/// The item for its reader; none when the record is hidden from them now.
pub(super) fn up(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    item: WorkItem,
) -> Result<Option<Seen>, Error> {
    let dressed = match dress(context, conn, caller, &item) {
        Ok(dressed) => dressed,
        // Gone, or not theirs to see at this moment.
        Err(Error::NotFound | Error::Forbidden) => return Ok(None),
        Err(other) => return Err(other),
    };
    Ok(Some(Seen {
        overdue: item.is_overdue(context.now()),
        about: dressed.about,
        actions: dressed.actions,
        closing: dressed.closing,
        count: dressed.count,
        item,
    }))
}

struct Dressed {
    about: Vec<String>,
    actions: Vec<&'static str>,
    closing: Option<i64>,
    count: Option<usize>,
}

impl Dressed {
    /// What is about one record, and no closing.
    const fn of(about: Vec<String>, actions: Vec<&'static str>) -> Self {
        Self {
            about,
            actions,
            closing: None,
            count: None,
        }
    }
}

fn dress(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    item: &WorkItem,
) -> Result<Dressed, Error> {
    let id = item.record_id;
    match item.record {
        RecordKind::StartupProfile => {
            let profile = db::startup_profiles::find(conn, id.into())?.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadStartupProfile, &[profile.organization])?;
            let open = startups::open_to(context, conn, caller, &profile)?;
            let mut actions = unblocked(open.into_iter().map(|(a, no)| (a.code(), no)));
            if item.kind == WorkKind::AgreeToProfile {
                actions.push("compliance_agreement");
            }
            Ok(Dressed::of(names(conn, &[profile.organization])?, actions))
        }
        RecordKind::InvestorProfile => {
            let found = db::investor_profiles::find(conn, id.into())?.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadInvestorProfile, &[found.organization])?;
            let open = investors::open_to(context, conn, caller, &found)?;
            let mut actions = unblocked(open.into_iter().map(|(a, no)| (a.code(), no)));
            if item.kind == crate::domain::worklist::WorkKind::AgreeToProfile {
                actions.push("compliance_agreement");
            }
            Ok(Dressed::of(names(conn, &[found.organization])?, actions))
        }
        RecordKind::Mandate => {
            let mandate = db::mandates::find(conn, id.into())?.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadMandate, &[mandate.organization])?;
            let open = mandates::open_to(context, conn, caller, &mandate)?;
            Ok(Dressed::of(
                names(conn, &[mandate.organization])?,
                unblocked(open.into_iter().map(|(a, no)| (a.code(), no))),
            ))
        }
        RecordKind::Match => {
            let found = matches::load_shown(context, caller, conn, id.into())?;
            let open = matches::open_to(context, conn, caller, &found)?;
            // A released match is a teaser: no side is named to the other.
            let firms = [found.startup, found.investor];
            let known = caller.reads_all_of(&firms);
            Ok(Dressed::of(
                if known { names(conn, &firms)? } else { vec![] },
                unblocked(open.into_iter().map(|(a, no)| (a.code(), no))),
            ))
        }
        RecordKind::Introduction if item.kind == WorkKind::DecideAbuse => {
            let record = introductions::load(conn, id.into())?;
            let firms = [record.startup, record.investor];
            caller.may(Operation::JudgeAbuse, &firms)?;
            let rulings = Ruling::ALL.iter().map(|ruling| ruling.code());
            Ok(Dressed::of(names(conn, &firms)?, rulings.collect()))
        }
        RecordKind::Introduction => {
            let record = introductions::load(conn, id.into())?;
            let seen = introductions::see(context, conn, caller, record)?;
            let names = [seen.startup_name, seen.investor_name];
            Ok(Dressed::of(
                names.into_iter().flatten().collect(),
                introductions::open_to(context, caller, &seen.introduction),
            ))
        }
        RecordKind::Deal => deal(context, conn, caller, item),
        RecordKind::DealTask => {
            let (task, deal) = deals::tasks::load_known(context, conn, caller, id.into())?;
            let actions = unblocked(deals::tasks::open_to(caller, &task, &deal));
            Ok(Dressed::of(vec![task.details.title], actions))
        }
        RecordKind::Practice => {
            let practice = practices::load_readable(context, conn, caller, id.into())?;
            let open = practices::open_to(conn, caller, &practice)?;
            Ok(Dressed::of(
                names(conn, &practice.firms())?,
                unblocked(open),
            ))
        }
        _ => of_operator_and_partner(context, conn, caller, item),
    }
}

/// A deal, a closing of its round, or a payment in it.
fn deal(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    item: &WorkItem,
) -> Result<Dressed, Error> {
    let deal = deals::load(conn, item.record_id.into())?;
    if item.kind == WorkKind::ConfirmPayment {
        return payment(context, conn, caller, deal);
    }
    caller.may(Operation::ReadDeal, &[deal.startup, deal.investor])?;
    let (actions, closing) = if item.kind == WorkKind::ConfirmClosing {
        match closings::open_to(context, conn, caller, &deal)? {
            Some((number, open)) => (open, Some(number)),
            None => (vec![], None),
        }
    } else {
        let open = deals::open_to(context, conn, caller, &deal)?;
        (unblocked(open), None)
    };
    let seen = deals::see(context, conn, caller, deal)?;
    let names = [seen.startup_name, seen.investor_name];
    Ok(Dressed {
        about: names.into_iter().flatten().collect(),
        actions,
        closing,
        count: None,
    })
}

/// A payment in a deal, for whoever is one of its investors or reads it whole.
/// Who joined it knows the startup, and nobody else in it.
fn payment(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    deal: Deal,
) -> Result<Dressed, Error> {
    participants::check_reads(context, conn, caller, &deal)?;
    let sides = [deal.startup, deal.investor];
    let about = if caller.may(Operation::ReadDeal, &sides).is_ok() {
        let seen = deals::see(context, conn, caller, deal)?;
        let names = [seen.startup_name, seen.investor_name];
        names.into_iter().flatten().collect()
    } else {
        names(conn, &[deal.startup])?
    };
    Ok(Dressed {
        about,
        actions: vec!["participant"],
        closing: None,
        count: None,
    })
}

fn of_operator_and_partner(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    item: &WorkItem,
) -> Result<Dressed, Error> {
    let id = item.record_id;
    match item.record {
        RecordKind::Document => {
            let found = documents::load_readable(conn, caller, id.into())?;
            let open = documents::open_to(context, conn, caller, &found)?;
            let mut about = names(conn, &[found.organization])?;
            about.push(found.details.title);
            Ok(Dressed::of(
                about,
                unblocked(open.into_iter().map(|(a, no)| (a.code(), no))),
            ))
        }
        RecordKind::Programme => {
            let programme = programmes::load(conn, id.into())?;
            let open = programmes::open_to(context, caller, &programme);
            Ok(Dressed::of(
                vec![programme.details.title.to_string()],
                unblocked(open.into_iter().map(|(a, no)| (a.code(), no))),
            ))
        }
        RecordKind::Commitment => {
            let (found, _) = commitments::load_readable(conn, caller, id.into())?;
            let lately = |conn: &mut Conn, programme: &_| {
                promises::share_lately(context, conn, programme, &found)
            };
            let open = commitments::open_to(conn, caller, &found, lately)?;
            let mut actions = unblocked(open);
            actions.push("evidence");
            Ok(Dressed::of(vec![found.details.title], actions))
        }
        RecordKind::Message => {
            caller.may(Operation::ReadMessages, &[])?;
            let message = db::outbox::find(conn, id.into())?.ok_or(Error::NotFound)?;
            let can = matches!(messages::retry_verdict(caller, &message), Some(Ok(())));
            Ok(Dressed::of(
                vec![],
                if can { vec!["retry"] } else { vec![] },
            ))
        }
        RecordKind::Referral => {
            let referral = db::referrals::find(conn, id.into())?.ok_or(Error::NotFound)?;
            caller.may(Operation::WriteReferral, &[referral.partner])?;
            Ok(Dressed::of(
                names(conn, &[referral.organization])?,
                vec!["hand_in"],
            ))
        }
        _ => of_compliance(context, conn, caller, item),
    }
}

fn of_compliance(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    item: &WorkItem,
) -> Result<Dressed, Error> {
    let id = item.record_id;
    match item.record {
        RecordKind::Organization if item.kind == WorkKind::GiveConsent => {
            if !caller.belongs_to(id.into()) {
                return Err(Error::NotFound);
            }
            let about = names(conn, &[id.into()])?;
            Ok(Dressed::of(about, vec!["give_consent"]))
        }
        RecordKind::Organization if item.kind == WorkKind::ChaseConsent => {
            caller.may(Operation::ReadOrganization, &[id.into()])?;
            // Its people agree; nobody does for them.
            Ok(Dressed::of(names(conn, &[id.into()])?, vec![]))
        }
        RecordKind::DealNote => {
            let note = db::deal_notes::find(conn, id)?.ok_or(Error::NotFound)?;
            let deal = deals::load(conn, note.deal)?;
            let firms = [deal.startup, deal.investor];
            caller.may(Operation::WriteCompliance, &firms)?;
            Ok(Dressed::of(names(conn, &firms)?, vec!["release", "refuse"]))
        }
        RecordKind::HeldText => {
            let held = db::held_texts::find(conn, id)?.ok_or(Error::NotFound)?;
            let firms = held_texts::firms_of(conn, &held)?;
            caller.may(Operation::WriteCompliance, &firms)?;
            Ok(Dressed::of(names(conn, &firms)?, vec!["release", "refuse"]))
        }
        RecordKind::Block => {
            let found = db::blocks::find(conn, id)?.ok_or(Error::NotFound)?;
            caller.may(Operation::WriteCompliance, &found.organizations)?;
            let about = names(conn, &found.organizations)?;
            Ok(Dressed::of(about, vec!["lift"]))
        }
        RecordKind::Licence => {
            let found = db::licences::find(conn, id)?.ok_or(Error::NotFound)?;
            caller.may(Operation::ReadLicence, &[found.organization])?;
            let checks = item.kind == WorkKind::CheckLicence;
            if checks {
                caller.may(Operation::WriteCompliance, &[found.organization])?;
            }
            Ok(Dressed::of(
                names(conn, &[found.organization])?,
                if checks {
                    vec!["check", "refuse"]
                } else {
                    vec!["record"]
                },
            ))
        }
        RecordKind::Duplicate => {
            caller.may(Operation::JudgeDuplicates, &[])?;
            let found = db::duplicates::find(conn, id.into())?.ok_or(Error::NotFound)?;
            let (one, other) = found.organizations;
            Ok(Dressed::of(
                names(conn, &[one, other])?,
                vec!["merge", "dismiss"],
            ))
        }
        RecordKind::Organization => {
            caller.may(Operation::WriteCompliance, &[])?;
            Ok(Dressed::of(
                names(conn, &[id.into()])?,
                vec!["record_clearance"],
            ))
        }
        RecordKind::Wall => {
            let wall = walls::load_movable(conn, caller, id)?;
            let mut about = names(conn, &[wall.organization])?;
            about.push(wall.name.to_string());
            Ok(Dressed::of(about, vec!["raise", "refuse"]))
        }
        RecordKind::Taxonomy => {
            caller.may(Operation::WriteTaxonomy, &[])?;
            let unlabelled = tags::unlabelled(context).ok_or(Error::NotFound)?;
            Ok(Dressed {
                about: vec![],
                actions: vec!["label"],
                closing: None,
                count: Some(unlabelled.count),
            })
        }
        RecordKind::Freeze => {
            caller.may(Operation::WriteCompliance, &[])?;
            Ok(Dressed::of(vec![], vec!["lift"]))
        }
        RecordKind::StartupProfile
        | RecordKind::InvestorProfile
        | RecordKind::Mandate
        | RecordKind::Match
        | RecordKind::Introduction
        | RecordKind::Deal
        | RecordKind::DealTask
        | RecordKind::Practice
        | RecordKind::Document
        | RecordKind::Programme
        | RecordKind::Commitment
        | RecordKind::Message
        | RecordKind::Referral => Err(Error::internal("dressed elsewhere")),
    }
}

/// The actions that nothing stands in the way of; erasing a record is never an
/// answer to what it waits for.
fn unblocked(open: impl IntoIterator<Item = (&'static str, Option<Refusal>)>) -> Vec<&'static str> {
    let free = open
        .into_iter()
        .filter(|(action, refusal)| refusal.is_none() && *action != "erase");
    free.map(|(action, _)| action).collect()
}

fn names(conn: &mut Conn, firms: &[OrganizationId]) -> Result<Vec<String>, Error> {
    let mut found = db::organizations::find_many(conn, firms)?;
    found.sort_by_key(|firm| firms.iter().position(|id| *id == firm.id));
    Ok(found
        .into_iter()
        .map(|firm| firm.details.display_name().to_string())
        .collect())
}
