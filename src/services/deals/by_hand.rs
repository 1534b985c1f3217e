//! A deal that a curator opens of two sides that know each other already.

use super::{choose_pipeline, clock, first_of, notes, only_one};
use crate::db::{self, Conn, deals};
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Decision, Level, Rule};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::message::News;
use crate::domain::permission::Operation;
use crate::domain::pipeline::{Deal, Origin};
use crate::domain::refusal::Refusal;
use crate::domain::text::Slug;
use crate::services::disclosure::{self, Occasion, Pair, Showing};
use crate::services::once::write_once_or_refuse;
use crate::services::transitions::code;
use crate::services::{Caller, Context, Error, Intent, matches, notices};

/// The investor's side of a deal that is to be opened.
#[derive(Debug, Clone, Copy)]
pub enum Party {
    /// By the mandate.
    Mandate(MandateId),
    /// By the firm, which has one mandate in the programme.
    Organization(OrganizationId),
}

/// A deal that is to be opened by hand.
#[derive(Debug, Clone)]
pub struct ByHand {
    /// Under which programme.
    pub programme: ProgrammeId,
    /// The startup's profile.
    pub startup_profile: StartupProfileId,
    /// The investor's side.
    pub party: Party,
    /// Which pipeline; the first that is for an intent of both when none.
    pub pipeline: Option<Slug>,
    /// Why.
    pub reason: String,
    /// By what it is known that the two are in talks.
    pub evidence: String,
}

/// Opens a deal that came of no introduction, for curators.
///
/// The two know each other, so nobody is asked and no address handed on; what
/// they read of each other from now on they are shown by the service all the
/// same. The gate is therefore asked as for an introduction: only a fresh yes
/// opens the deal, where anything waits for compliance the pair is put before
/// it. The basis is what the people of both firms agreed to when they agreed to
/// be proposed; without their receipts nothing is opened.
///
/// # Errors
/// A record that isn't there or may not be known of; a refusal that names what
/// the gate, a receipt or a deal under way has against it.
pub async fn open_by_hand(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: ByHand,
) -> Result<Deal, Error> {
    caller.may(Operation::OpenDeal, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let caller_again = caller.clone();
    write_once_or_refuse(
        context,
        caller.id(),
        intent,
        move |conn| open(&context_in, &caller_in, conn, new),
        move |conn, id| notes::readable(conn, &caller_again, id.into()),
    )
    .await
}

fn open(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    new: ByHand,
) -> Result<Result<Deal, Refusal>, Error> {
    let mandate = match new.party {
        Party::Mandate(id) => id,
        Party::Organization(firm) => only_mandate(conn, new.programme, firm)?,
    };
    let pair = Pair::load(conn, new.programme, new.startup_profile, mandate)?;
    let firms = [pair.profile.organization, pair.mandate.organization];
    caller.may(Operation::OpenDeal, &firms)?;
    // Two at once would each look without the other.
    db::organizations::lock_pair(conn, firms)?;
    if db::introductions::is_any_live(conn, firms)? {
        // Whoever is asked still has not agreed to be named.
        return Err(Error::refused(
            "introduction_running",
            "An introduction of these two is under way: convert it, or let it end first.",
        ));
    }
    check_receipts(context, conn, &firms)?;
    let by = disclosure::answer(context, conn, &pair, Occasion::New)?;
    match by.decision() {
        Decision::Allow => {}
        Decision::Deny { rules } => return Ok(Err(disclosure::refusal(rules, None))),
        Decision::Review { rules, .. } => {
            let rules = rules.clone();
            return put_before_compliance(context, caller, conn, &pair, &rules).map(Err);
        }
    }
    let named = new.pipeline.as_ref();
    let (pipeline_set, pipeline) = choose_pipeline(context, conn, &pair, named)?;
    let origin = Origin::ByHand {
        by: caller.id(),
        reason: new.reason,
        evidence: new.evidence,
    };
    let deal = first_of(context, &pair, (pipeline_set, &pipeline), origin)?;
    only_one::check(conn, &deal)?;
    deals::insert(conn, &deal)?;
    clock::start(context, conn, &deal)?;
    note(context, caller, conn, &deal)?;
    let pen = context.pen(caller.actor());
    for (shown, to) in [(firms[0], firms[1]), (firms[1], firms[0])] {
        let showing = Showing {
            programme: deal.programme,
            shown,
            to,
            level: Level::Named,
            subject: Subject::new(SubjectKind::Deal, deal.id),
            opened: None,
        };
        disclosure::record(context, conn, &pen, showing, &by)?;
    }
    for firm in firms {
        let programme = Some(deal.programme);
        notices::tell_of_programme(context, conn, firm, News::DealOpened, programme)?;
    }
    Ok(Ok(deal))
}

/// The one mandate that a firm has in a programme.
fn only_mandate(
    conn: &mut Conn,
    programme: ProgrammeId,
    firm: OrganizationId,
) -> Result<MandateId, Error> {
    db::organizations::find(conn, firm)?.ok_or(Error::NotFound)?;
    let mandates = db::programmes::mandates(conn, programme)?.into_iter();
    let mut own = mandates.filter(|it| it.organization == firm);
    match (own.next(), own.next()) {
        (Some(mandate), None) => Ok(mandate.id),
        (None, _) => Err(Error::refused(
            "no_mandate",
            "The firm has no mandate in this programme.",
        )),
        (Some(_), Some(_)) => Err(Error::refused(
            "several_mandates",
            "The firm has several mandates in this programme: name the one that it is about.",
        )),
    }
}

/// Refuses two of whom not both agreed that they are proposed, naming each that
/// did not, and how it stands.
fn check_receipts(
    context: &Context,
    conn: &mut Conn,
    firms: &[OrganizationId; 2],
) -> Result<(), Error> {
    let mut missing = Faults::new();
    for (firm, pointer) in firms.iter().zip(["/startup", "/mandate"]) {
        let detail = match db::consents::standing(conn, *firm, context.now())? {
            Standing::Given | Standing::Before => continue,
            Standing::RanOut => "Its people's consent to be proposed has run out.",
            Standing::Missing => "Nobody of this firm has agreed that it is proposed.",
            Standing::Withdrawn => "Its people took back that it is proposed.",
        };
        missing.push(pointer, "consent_needed", detail);
    }
    Ok(missing.finish().map_err(Refusal::incomplete)?)
}

/// Puts the pair on record where compliance decides, unless it is there, and
/// says that the deal can be opened when that is done, and by which match that is
/// seen.
fn put_before_compliance(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    pair: &Pair,
    rules: &[Rule],
) -> Result<Refusal, Error> {
    let at = (pair.programme.id, pair.profile.id, pair.mandate.id);
    let waiting = match db::matches::live_of(conn, at.0, at.1, at.2)? {
        Some(there) => there,
        None => matches::put_pair_on_record(context, conn, caller.actor(), pair)?,
    };
    let mut waits = Faults::new();
    let there = format!("It waits as the match {}.", waiting.id);
    waits.push("/match", "held_as_match", there);
    for rule in rules {
        waits.push("", rule.code(), rule.says());
    }
    Ok(Refusal {
        code: "held_for_review".into(),
        detail: "Compliance has to decide about the two first; the deal can be opened then."
            .to_owned(),
        missing: waits.into_vec(),
    })
}

fn note(context: &Context, caller: &Caller, conn: &mut Conn, deal: &Deal) -> Result<(), Error> {
    let mut facts = vec![
        ("programme", Value::Id(deal.programme.uuid())),
        ("pipeline", code(deal.pipeline.as_str())),
        ("stage", code(deal.stage.as_str())),
        ("origin", code("by_hand")),
    ];
    if let Origin::ByHand {
        reason, evidence, ..
    } = &deal.origin
    {
        facts.push(("reason", Value::hash_of(reason)));
        facts.push(("evidence", Value::hash_of(evidence)));
    }
    let pen = context.pen(caller.actor());
    pen.append(conn, "deal.opened", (SubjectKind::Deal, deal.id), facts)
}
