//! The one door: every use case that would show one side to the other loads
//! its facts here, asks [`crate::domain::disclosure`], and writes the ledger.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use uuid::Uuid;

use crate::db::disclosures::{Disclosure, GateSaid};
use crate::db::{self, Conn};
use crate::domain::compliance::{ClearanceVerdict, Freeze, FreezeScope, clearance_on};
use crate::domain::consent::Standing;
use crate::domain::disclosure::{Account, Decision, Facts, Level, Rule, fresh_on};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::fault::Fault;
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId, UserId};
use crate::domain::mandate::{Mandate, MandateStatus};
use crate::domain::profile::{ProfileStatus, StartupProfile};
use crate::domain::programme::{Programme, ProgrammeStatus};
use crate::domain::refusal::Refusal;
use crate::domain::release::{self, Released, Sensitive, gravest, sensitive};
use crate::domain::scoring::{Explanation, Gate, GateVerdict, ReasonKey};
use crate::domain::tag::Taxonomy;
use crate::domain::values::Side;

use super::licences::licensed_until;
use super::log::Pen;
use super::ranking::{self, Ground};
use super::succession;
use super::transitions::code;
use super::{Caller, Context, Error, firms_gate, introductions};

/// The two records that would be shown to each other, and the programme.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The programme.
    pub programme: Programme,
    /// The startup's profile.
    pub profile: StartupProfile,
    /// The investor's mandate.
    pub mandate: Mandate,
}

impl Pair {
    /// Loads the three records as they are now.
    pub fn load(
        conn: &mut Conn,
        programme: ProgrammeId,
        profile: StartupProfileId,
        mandate: MandateId,
    ) -> Result<Self, Error> {
        Ok(Self {
            programme: db::programmes::find(conn, programme)?.ok_or(Error::NotFound)?,
            profile: db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?,
            mandate: db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?,
        })
    }

    /// The same, under the programme that goes on from theirs where that was
    /// renewed: what began under the one goes on under the other.
    pub fn going_on(
        conn: &mut Conn,
        programme: ProgrammeId,
        profile: StartupProfileId,
        mandate: MandateId,
    ) -> Result<Self, Error> {
        let mut pair = Self::load(conn, programme, profile, mandate)?;
        pair.programme = succession::going_on(conn, pair.programme)?;
        Ok(pair)
    }
}

/// When the gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Something new would be shown: a release, a request.
    New,
    /// What was shown before is read again; a pass since then hides nothing
    /// from whoever passed.
    Shown,
    /// An introduction that runs goes on: pausing a profile or mandate stops
    /// new ones and leaves that one alone.
    Running,
    /// Its mail is about to go out, which a pass since then still stops.
    Sending,
    /// The two were connected: what they show each other since then goes on
    /// when the programme that brought them together is over, or one of them
    /// takes part in it no more.
    Connected,
}

impl Occasion {
    const fn tolerates_pause(self) -> bool {
        matches!(self, Self::Running | Self::Sending | Self::Connected)
    }

    /// Whether it goes on although that programme is over, or past its last
    /// day.
    pub(super) fn outlives(self, programme: &Programme, today: NaiveDate) -> bool {
        let past = programme.status.in_force() && programme.details.ends_on < today;
        self == Self::Connected && (programme.status.is_over() || past)
    }

    const fn heeds_cool_down(self) -> bool {
        matches!(self, Self::New | Self::Sending)
    }
}

/// Asks the gate on facts as fresh as the open transaction; those that the
/// matching knows a gate for come from that gate.
pub fn ask(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Decision, Error> {
    Ok(account(context, conn, pair, occasion)?.decision)
}

/// [`ask`], with what the answer rests on.
pub(super) fn account(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Account, Error> {
    let ground = Ground::of(context, conn, pair.programme.clone())?;
    Ok(Account::of(&facts(context, conn, &ground, pair, occasion)?))
}

/// [`ask`] of one of several pairs of a programme whose ground was loaded in the
/// same transaction.
pub(super) fn ask_on(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Decision, Error> {
    Ok(Account::of(&facts(context, conn, ground, pair, occasion)?).decision)
}

/// Whether the people of these firms agreed that they are proposed: the worst of
/// what stands.
pub(super) fn consent_of(
    context: &Context,
    conn: &mut Conn,
    firms: &[OrganizationId],
) -> Result<Standing, Error> {
    let mut worst = Standing::Given;
    for firm in firms {
        worst = worst.max(db::consents::standing(conn, *firm, context.now())?);
    }
    Ok(worst)
}

fn facts(
    context: &Context,
    conn: &mut Conn,
    ground: &Ground,
    pair: &Pair,
    occasion: Occasion,
) -> Result<Facts, Error> {
    let Pair {
        programme,
        profile,
        mandate,
    } = pair;
    let today = context.now().date_naive();
    let account = ranking::one_pair(context, conn, ground, profile, mandate)?;
    let firms = [profile.organization, mandate.organization];
    let cleared = clearances_of(conn, &firms, today)?;
    let clearance = |firm| {
        let verdict = cleared.get(&firm).copied();
        verdict.unwrap_or_else(|| clearance_on(None, today))
    };
    let verdict = |gate| verdict(&account, gate);
    Ok(Facts {
        programme_in_force: verdict(Gate::Scope) == GateVerdict::Pass
            || occasion.outlives(programme, today)
            || occasion == Occasion::Connected && has_left(&account),
        startup_live: (profile.status == ProfileStatus::Published
            || occasion.tolerates_pause() && profile.status == ProfileStatus::Paused)
            && fresh_on(profile.reconfirm_by, today),
        mandate_live: mandate_is_live(mandate, today, occasion.tolerates_pause())
            && !db::investor_profiles::is_out(conn, mandate.organization)?,
        claimed: profile.claimed && mandate.claimed,
        startup_clearance: clearance(profile.organization),
        investor_clearance: clearance(mandate.organization),
        sensitivity: profile.content.sensitivity(&context.taxonomy()),
        unreleased: gravest(&unreleased(context, conn, pair)?),
        licensed: licensed(context, conn, pair, today)?,
        frozen: verdict(Gate::Freeze) != GateVerdict::Pass
            || programme.status == ProgrammeStatus::Suspended
            || occasion != Occasion::Connected && succession::is_awaited(conn, programme, today)?,
        conflict: verdict(Gate::Conflict) != GateVerdict::Pass,
        excluded: verdict(Gate::Exclusions) != GateVerdict::Pass,
        consent: consent_of(context, conn, &firms)?,
        connected: occasion == Occasion::Connected,
        cooling_down: occasion.heeds_cool_down() && verdict(Gate::CoolDown) != GateVerdict::Pass,
    })
}

/// What is sensitive in a profile and not released by enough people to the
/// counterpart's country, in that programme.
pub fn unreleased(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
) -> Result<Vec<Sensitive>, Error> {
    let sensitive = sensitive(&pair.profile.content, &context.taxonomy());
    Ok(release::unreleased(
        sensitive,
        &releases(context, conn, pair)?,
    ))
}

/// The releases of a profile's revision that hold today towards the
/// counterpart's country, in that programme.
pub fn releases(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<Vec<Released>, Error> {
    let Some(country) = pair.mandate.country else {
        return Ok(Vec::new());
    };
    Ok(db::disclosures::releases(
        conn,
        (pair.profile.id, pair.profile.revision),
        pair.programme.id,
        country,
        context.now().date_naive(),
    )?)
}

/// Whether an export licence lets what is sensitive be shown to the mandate's
/// country today.
fn licensed(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    today: NaiveDate,
) -> Result<bool, Error> {
    let Some(country) = pair.mandate.country else {
        return Ok(false);
    };
    let taxonomy = context.taxonomy();
    let until = licensed_until(conn, &taxonomy, &pair.profile, country, today)?;
    Ok(until.is_some())
}

/// Whether what is sensitive in a profile keeps it from the counterpart: `Pass`
/// when nothing is or enough people released it.
pub fn sensitivity(context: &Context, conn: &mut Conn, pair: &Pair) -> Result<GateVerdict, Error> {
    let ground = Ground::of(context, conn, pair.programme.clone())?;
    let account = ranking::one_pair(context, conn, &ground, &pair.profile, &pair.mandate)?;
    Ok(verdict(&account, Gate::Sensitivity))
}

fn verdict(account: &Explanation, gate: Gate) -> GateVerdict {
    let trace = account.gates.iter().find(|trace| trace.gate == gate);
    trace.map_or(GateVerdict::Unknown, |trace| trace.verdict)
}

/// Whether nothing of the programme stands in the way but that one of the two
/// is not admitted to it any more.
fn has_left(account: &Explanation) -> bool {
    let mut gates = account.gates.iter();
    let scope = gates.find(|trace| trace.gate == Gate::Scope);
    scope.is_some_and(|trace| {
        matches!(
            trace.reason.key,
            ReasonKey::ScopeStartup | ReasonKey::ScopeMandate
        )
    })
}

/// A denial as a refusal that its reader may see: everything to the operator's
/// people, to a side what its own record lacks.
pub fn refusal(rules: &[Rule], reader: Option<Side>) -> Refusal {
    let told = rules
        .iter()
        .filter(|rule| reader.is_none_or(|side| rule.is_about_own_record(side)));
    let missing = told.map(|rule| Fault {
        pointer: String::new(),
        code: rule.code().into(),
        detail: rule.says().to_owned(),
    });
    let (code, detail) = match reader {
        None => (
            "gate_closed",
            "The gate does not let these two be shown to each other now.",
        ),
        Some(_) => ("not_available", "This is not available in this programme."),
    };
    Refusal {
        missing: missing.collect(),
        ..Refusal::new(code, detail)
    }
}

fn mandate_is_live(mandate: &Mandate, today: NaiveDate, even_paused: bool) -> bool {
    (mandate.status == MandateStatus::Published
        || even_paused && mandate.status == MandateStatus::Paused)
        && fresh_on(mandate.reconfirm_by, today)
        && mandate.content.active_from.is_none_or(|from| from <= today)
        && mandate.content.active_to.is_none_or(|to| to >= today)
}

/// Whether a freeze covers a startup's profile.
pub fn covers_startup(freeze: &Freeze, taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
    match &freeze.scope {
        FreezeScope::All | FreezeScope::Country(_) | FreezeScope::Organization(_) => {
            (freeze.scope).covers_firm(profile.organization, profile.country)
        }
        FreezeScope::Tag(frozen) => profile
            .content
            .all_tags()
            .any(|tag| taxonomy.is_within(tag, frozen)),
        FreezeScope::Programme(_) => false,
    }
}

/// Whether a freeze covers a mandate.
pub fn covers_mandate(freeze: &Freeze, mandate: &Mandate) -> bool {
    freeze
        .scope
        .covers_firm(mandate.organization, mandate.country)
}

/// The clearances of many firms on a day; a firm that is not listed has none.
pub fn clearances_of(
    conn: &mut Conn,
    organizations: &[OrganizationId],
    today: NaiveDate,
) -> Result<BTreeMap<OrganizationId, ClearanceVerdict>, Error> {
    // A statement takes a limited number of values.
    const AT_ONCE: usize = 10_000;
    let mut verdicts = BTreeMap::new();
    for some in organizations.chunks(AT_ONCE) {
        for (id, clearance) in db::clearances::latest_many(conn, some)? {
            verdicts.insert(id, clearance_on(Some(&clearance), today));
        }
    }
    Ok(verdicts)
}

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
    /// By which match, introduction or practice.
    pub subject: Subject,
    /// Who opened which revision; none for what was shown without being opened.
    pub opened: Option<(UserId, i64)>,
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
    let what = (showing.subject, showing.level);
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
        _ => {
            let introduction = introductions::load(conn, subject.id.into())?;
            introductions::pair(conn, &introduction)?
        }
    };
    account(context, conn, &pair, occasion)
}

/// A person of compliance releases what in a profile, at its present revision,
/// is sensitive and waits for it, to counterparts of one country in one
/// programme, until a day at most 12 months ahead; false when they have done so
/// before. Each release is of one matter at its grade: it doesn't stand for a
/// tag that is graded later. Where nothing waits none is kept.
pub fn release(
    context: &Context,
    conn: &mut Conn,
    pair: &Pair,
    caller: &Caller,
    reason: &str,
) -> Result<bool, Error> {
    let counterpart = pair.mandate.country.ok_or_else(|| {
        Error::refused(
            "country_unknown",
            "The investor's country must be known before anything is released to it.",
        )
    })?;
    let decision = ask(context, conn, pair, Occasion::Running)?;
    let waits = |rules: &[Rule]| rules.contains(&Rule::Sensitivity);
    if !matches!(&decision, Decision::Review { rules, .. } if waits(rules)) {
        return Ok(true);
    }
    let now = context.now();
    let today = now.date_naive();
    let longest = (now + chrono::TimeDelta::days(365)).date_naive();
    // What was decided while a licence held is asked again when it ends.
    let taxonomy = context.taxonomy();
    let licensed = licensed_until(conn, &taxonomy, &pair.profile, counterpart, today)?;
    let valid_to = licensed.map_or(longest, |until| until.min(longest));
    let mut matters = Vec::new();
    for about in unreleased(context, conn, pair)? {
        let release = db::disclosures::Release {
            profile: pair.profile.id,
            revision: pair.profile.revision,
            programme: pair.programme.id,
            counterpart,
            about,
            by: caller.id(),
            reason: reason.to_owned(),
            valid_to,
            at: now,
        };
        if db::disclosures::insert_release(conn, &release)? {
            matters.push(release.about.matter.to_string());
        }
    }
    let new = !matters.is_empty();
    if new {
        context.pen(caller.actor()).append(
            conn,
            "startup_profile.disclosure_released",
            (SubjectKind::StartupProfile, pair.profile.id),
            vec![
                ("revision", Value::Int(pair.profile.revision)),
                ("programme", Value::Id(pair.programme.id.uuid())),
                ("country", code(counterpart.code())),
                ("matters", Value::Codes(matters)),
                ("valid_to", Value::Date(valid_to)),
                ("reason", Value::hash_of(reason)),
            ],
        )?;
    }
    Ok(new)
}
