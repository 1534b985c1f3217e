//! Programmes: the corridors that everything else happens in.

use uuid::Uuid;

use crate::db::page::Page;
use crate::db::programmes;
pub use crate::db::programmes::Filter;
use crate::db::{self, Conn};
use crate::domain::admission::Admission;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::held_text::{HeldPlace, TextOf};
use crate::domain::ids::{ProgrammeId, RuleSetId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::programme::{
    Party, PartyRole, Programme, ProgrammeAction, ProgrammeDetails, ProgrammeReason,
    ProgrammeStatus, resumed, step,
};
use crate::domain::refusal::Refusal;
use crate::domain::scoring::RuleSet;
use crate::domain::tag::Sensitivity;
use crate::domain::text::Slug;
use crate::domain::values::OrganizationKind;

use super::agreement_texts::{takes_its_texts, unread};
use super::caller::in_any_hat;
use super::once::{Recorded, write_once, write_once_or_refuse, write_once_versioned};
use super::paging::{PageRequest, after, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent, agreements, contacts, held_texts, succession};

/// A draft programme, matching by the newest rule set of the service. Its party
/// is the operator where none is named, since one without could never come
/// into force.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    mut details: ProgrammeDetails,
) -> Result<Programme, Error> {
    caller.may(Operation::WriteProgramme, &[])?;
    if details.parties.is_empty() {
        let operator = caller.organizations(OrganizationKind::Operator).next();
        details.parties.extend(operator.map(|organization| Party {
            organization,
            role: PartyRole::Operator,
        }));
    }
    let now = context.now();
    let id = context.new_id();
    let pen = context.pen(caller.actor());
    let (context_in, caller_in) = (context.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            check_parties(conn, &details)?;
            held_texts::refuse(&context_in, "/title", details.title.as_str())?;
            let rule_set = newest_rule_set(conn)?;
            let programme = Programme {
                id,
                details,
                rule_set,
                status: ProgrammeStatus::Draft,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            if !programmes::insert(conn, &programme)? {
                return Err(Error::refused(
                    "slug_taken",
                    "Another programme has this slug.",
                ));
            }
            pen.append(
                conn,
                "programme.created",
                (SubjectKind::Programme, id),
                vec![
                    ("rule_set", Value::Id(rule_set.uuid())),
                    ("starts_on", Value::Date(programme.details.starts_on)),
                    ("ends_on", Value::Date(programme.details.ends_on)),
                ],
            )?;
            let mut details = programme.details.clone();
            let scope = (&mut details, None, true);
            scope_or_wait(&context_in, conn, &caller_in, id, scope)?;
            Ok(programme)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Whether all parties are on record.
pub(super) fn check_parties(conn: &mut Conn, details: &ProgrammeDetails) -> Result<(), Error> {
    for party in &details.parties {
        db::organizations::find(conn, party.organization)?.ok_or_else(|| {
            Error::refused("unknown_party", "A party is not an organization on record.")
        })?;
    }
    Ok(())
}

/// A scope in words: its tags, in their order.
fn scope_words(details: &ProgrammeDetails) -> String {
    let tags: Vec<&str> = details.scope_tags.iter().map(Slug::as_str).collect();
    tags.join(held_texts::SCOPE_BREAK)
}

/// Has a scope wait for compliance that names something restricted or
/// prohibited: what stood before holds meanwhile. A programme that never had
/// another one isn't known to its parties until then.
pub(super) fn scope_or_wait(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    id: ProgrammeId,
    (details, before, said): (&mut ProgrammeDetails, Option<&Programme>, bool),
) -> Result<(), Error> {
    let unknown = match before {
        Some(before) => !hidden(conn, std::slice::from_ref(before))?.is_empty(),
        None => true,
    };
    let of = TextOf::Programme(id);
    let stood = before.map(|it| &it.details.scope_tags);
    if stood == Some(&details.scope_tags) {
        // What was to take its place is taken back, where somebody says so.
        if said && !unknown {
            db::held_texts::replace(conn, of, &HeldPlace::Scope)?;
        }
        return Ok(());
    }
    let place = if unknown {
        HeldPlace::FirstScope
    } else {
        HeldPlace::Scope
    };
    let taxonomy = context.taxonomy();
    let mut tags = details.scope_tags.iter();
    if !tags.any(|tag| taxonomy.sensitivity(tag) >= Sensitivity::Restricted) {
        return Ok(db::held_texts::replace(conn, of, &place)?);
    }
    let words = scope_words(details);
    let stands = held_texts::admit(context, conn, caller, (of, &place), &words, None)?;
    if let Some(stood) = stood.filter(|_| !stands && !unknown) {
        details.scope_tags.clone_from(stood);
    }
    Ok(())
}

/// Those of these programmes whose scope compliance keeps from their parties.
fn hidden(conn: &mut Conn, programmes: &[Programme]) -> Result<Vec<ProgrammeId>, Error> {
    let coming = programmes.iter().filter(|it| !it.status.is_public());
    let coming: Vec<ProgrammeId> = coming.map(|it| it.id).collect();
    if coming.is_empty() {
        return Ok(Vec::new());
    }
    Ok(db::held_texts::without_scope(conn, &coming)?)
}

/// The newest rule set that came with the service.
pub(super) fn newest_rule_set(conn: &mut Conn) -> Result<RuleSetId, Error> {
    db::rule_sets::newest_of_service(conn)?
        .map(|rules| rules.id)
        .ok_or_else(|| Error::refused("no_rule_set", "No rule set has been published yet."))
}

/// Puts a rule set on record if its content is new, and answers the id of the
/// one with that content.
pub async fn publish_rule_set(context: &Context, rules: RuleSet) -> Result<RuleSetId, Error> {
    let now = context.now();
    let pen = context.pen(Actor::System);
    context
        .db
        .write(move |conn| {
            let id = db::rule_sets::insert_if_new(conn, &rules, now)?;
            if id == rules.id {
                pen.append(
                    conn,
                    "rule_set.published",
                    (SubjectKind::RuleSet, id),
                    vec![],
                )?;
            }
            Ok(id)
        })
        .await
}

/// One programme. Those that are or were in force are known to startups and
/// investors, who may be admitted to them; to partners those that they are a
/// party to, and all to the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: ProgrammeId) -> Result<Programme, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    let caller = caller.clone();
    let find = move |conn: &mut Conn| {
        let found = load(conn, id)?;
        check_known(conn, &caller, &found)?;
        Ok(found)
    };
    context.db.look_up(find).await
}

/// Whether the caller may know that there is such a programme; see [`find`].
pub(super) fn check_known(
    conn: &mut Conn,
    caller: &Caller,
    found: &Programme,
) -> Result<(), Error> {
    if caller.is_of_operator() {
        return Ok(());
    }
    let mut parties = found.details.parties.iter();
    let known = found.status.is_public() && may_be_admitted(caller)
        || parties.any(|party| caller.belongs_to(party.organization));
    if known && hidden(conn, std::slice::from_ref(found))?.is_empty() {
        return Ok(());
    }
    Err(Error::NotFound)
}

/// Whether the caller is of a firm that programmes are for.
fn may_be_admitted(caller: &Caller) -> bool {
    use OrganizationKind as K;
    let mut parts = caller.memberships.iter();
    parts.any(|part| matches!(part.kind, K::Startup | K::Investor))
}

/// Refuses whoever may not write a programme; one that they may not know of is
/// not there.
pub(super) async fn may_write(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<(), Error> {
    match caller.may(Operation::WriteProgramme, &[]) {
        Err(Error::Forbidden) => {
            find(context, caller, id).await?;
            Err(Error::Forbidden)
        }
        other => other,
    }
}

/// Programmes that the caller may know of, oldest first; see [`find`]. A page may
/// be shorter than asked for: what its parties don't know of yet is left out after
/// the page was cut.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    page: PageRequest,
) -> Result<Page<Programme>, Error> {
    caller.may(Operation::ReadProgramme, &[])?;
    if !caller.is_of_operator() {
        let own = caller.memberships.iter().map(|member| member.organization);
        filter.known_to = Some(own.collect());
        filter.own_only = !may_be_admitted(caller);
    }
    let all = caller.is_of_operator();
    let page = read_page(
        context,
        format!("programmes {filter:?}"),
        page,
        move |conn, cursor, limit| {
            let found = programmes::list(conn, &filter, cursor, limit)?;
            let hidden = if all {
                Vec::new()
            } else {
                hidden(conn, &found)?
            };
            let known = |it: Programme| (!hidden.contains(&it.id), it);
            Ok(found.into_iter().map(known).collect())
        },
        |(_, programme): &(bool, Programme)| after(programme.created_at, programme.id),
    )
    .await?;
    let known = page.items.into_iter().filter(|(known, _)| *known);
    Ok(Page {
        items: known.map(|(_, programme)| programme).collect(),
        next: page.next,
    })
}

/// Moves a programme in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    expected: Option<i64>,
    action: ProgrammeAction,
    reason: Option<String>,
) -> Result<Programme, Error> {
    may_write(context, caller, id).await?;
    let now = context.now();
    let (context_in, pen) = (context.clone(), context.pen(caller.actor()));
    let (hats, caller_in) = (hats(caller), caller.clone());
    write_once_or_refuse(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let today = now.date_naive();
            let (mut status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, today))?;
            if action.needs_reason() && reason.is_none() {
                return Err(Error::refused(
                    "reason_needed",
                    "This needs a reason in words.",
                ));
            }
            if action == ProgrammeAction::Resume {
                status = resumed(stopped_in(conn, id)?);
            }
            if takes_its_texts(action)
                && let Some(waits) = unread(&context_in, conn, &caller_in, &before)?
            {
                return Ok(Err(waits));
            }
            agreements::follow(&context_in, conn, &pen, &before, action)?;
            let after = Programme {
                status,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            store(conn, &after)?;
            if let Some(reason) = &reason {
                let kept = ProgrammeReason {
                    action,
                    from: before.status,
                    reason: reason.clone(),
                    by: caller_in.id(),
                    at: now,
                };
                db::programme_reasons::insert(conn, id, after.version, &kept)?;
            }
            let words = reason.as_deref();
            log_move(conn, &pen, &after, action, before.status, words)?;
            succession::follow(&context_in, conn, &after, action)?;
            Ok(Ok(after))
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// What the service itself does to a programme.
pub(super) fn move_by_system(
    context: &Context,
    conn: &mut Conn,
    before: Programme,
    action: ProgrammeAction,
) -> Result<(), Error> {
    let now = context.now();
    let status = step(&before, action, Hat::System, now.date_naive())?;
    let from = before.status;
    let after = Programme {
        status,
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store(conn, &after)?;
    log_move(
        conn,
        &context.pen(Actor::System),
        &after,
        action,
        from,
        None,
    )?;
    succession::follow(context, conn, &after, action)
}

pub(super) fn store(conn: &mut Conn, programme: &Programme) -> Result<(), Error> {
    if programmes::update(conn, programme)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

pub(super) fn log_move(
    conn: &mut Conn,
    pen: &super::log::Pen,
    after: &Programme,
    action: ProgrammeAction,
    from: ProgrammeStatus,
    reason: Option<&str>,
) -> Result<(), Error> {
    let mut facts = vec![
        ("action", code(action.code())),
        ("from", code(from.code())),
        ("to", code(after.status.code())),
    ];
    facts.extend(reason.map(|words| ("reason", Value::hash_of(words))));
    let subject = (SubjectKind::Programme, after.id);
    pen.append(conn, "programme.moved", subject, facts)
}

/// Where a programme stood when it was suspended last; none where that was
/// before reasons were kept.
fn stopped_in(conn: &mut Conn, id: ProgrammeId) -> Result<Option<ProgrammeStatus>, Error> {
    let reasons = db::programme_reasons::of(conn, id, 1)?.into_iter();
    let mut stops = reasons.filter(|it| it.action == ProgrammeAction::Suspend);
    Ok(stops.next().map(|it| it.from))
}

/// What can be done with a programme now.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: ProgrammeId,
) -> Result<Vec<(ProgrammeAction, Option<Refusal>)>, Error> {
    let programme = find(context, caller, id).await?;
    Ok(open_to(context, caller, &programme))
}

/// What the caller can do with a programme that they may see.
pub(super) fn open_to(
    context: &Context,
    caller: &Caller,
    programme: &Programme,
) -> Vec<(ProgrammeAction, Option<Refusal>)> {
    let today = context.now().date_naive();
    available(ProgrammeAction::ALL, &hats(caller), |action, hat| {
        step(programme, action, hat, today).map(drop)
    })
}

/// What came of an admission.
struct Admitted {
    programme: ProgrammeId,
    new: bool,
}

impl Recorded for Admitted {
    fn id(&self) -> Uuid {
        self.programme.uuid()
    }

    /// 1 for an admission that was new.
    fn version(&self) -> i64 {
        i64::from(self.new)
    }
}

/// Admits a profile or a mandate; admitting it again changes nothing. Answers
/// whether it is new.
pub async fn admit(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: ProgrammeId,
    admission: Admission,
) -> Result<bool, Error> {
    may_write(context, caller, id).await?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let admitted = write_once_versioned(
        context,
        caller.id(),
        intent,
        move |conn| {
            let new = admit_in(&context_in, &caller_in, conn, id, admission)?;
            Ok(Admitted { programme: id, new })
        },
        |_, id, version| {
            Ok(Admitted {
                programme: id.into(),
                new: version == 1,
            })
        },
    )
    .await?;
    Ok(admitted.new)
}

/// Admits a record inside the caller's transaction; whether it wasn't before.
pub(super) fn admit_in(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: ProgrammeId,
    admission: Admission,
) -> Result<bool, Error> {
    let (now, actor) = (context.now(), caller.actor());
    let programme = load(conn, id)?;
    let mut corridors = programme.details.corridors.iter();
    let (new, unclaimed) = match admission {
        Admission::StartupProfile(profile) => {
            let found = db::startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?;
            caller.may(Operation::WriteProgramme, &[found.organization])?;
            refuse_unless(corridors.any(|corridor| Some(corridor.startup) == found.country))?;
            let new = programmes::admit_startup(conn, id, profile, now)?;
            (new, (!found.claimed).then_some(found.organization))
        }
        Admission::Mandate(mandate) => {
            let found = db::mandates::find(conn, mandate)?.ok_or(Error::NotFound)?;
            caller.may(Operation::WriteProgramme, &[found.organization])?;
            refuse_unless(corridors.any(|corridor| Some(corridor.investor) == found.country))?;
            let new = programmes::admit_mandate(conn, id, mandate, now)?;
            (new, (!found.claimed).then_some(found.organization))
        }
    };
    if new {
        context.pen(actor).append(
            conn,
            "programme.admitted",
            (SubjectKind::Programme, id),
            vec![
                ("kind", code(admission.kind().code())),
                ("id", Value::Id(admission.record())),
            ],
        )?;
    }
    if let Some(firm) = unclaimed {
        contacts::ask(context, conn, actor, firm)?;
    }
    Ok(new)
}

fn refuse_unless(joined: bool) -> Result<(), Error> {
    if joined {
        Ok(())
    } else {
        Err(Error::refused(
            "outside_corridors",
            "The programme joins no corridor with this country on this side.",
        ))
    }
}

fn hats(caller: &Caller) -> Vec<Hat> {
    if caller.is(crate::domain::account::Role::Curator) {
        vec![Hat::Curator]
    } else {
        vec![]
    }
}

pub(super) fn load(conn: &mut Conn, id: ProgrammeId) -> Result<Programme, Error> {
    programmes::find(conn, id)?.ok_or(Error::NotFound)
}
