//! Mandates: what investors look for.

mod facts;
mod on_show;

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::Conn;
use crate::db::introductions::About;
use crate::db::mandates;
pub use crate::db::mandates::Filter;
use crate::db::page::Page;
use crate::db::together::Together;
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::mandate::{
    Mandate, MandateAction, MandateContent, MandateStatus, check_edit, fresh_until, step,
};
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::search::{Order, Texts};
use crate::domain::tag::Taxonomy;
use crate::domain::terms;
use crate::domain::values::OrganizationKind;

use facts::{Around, check_note};
pub use on_show::{archive_due, mark_stale};

use super::caller::in_any_hat;
use super::counts::own;
use super::duplicates::live_firm;
use super::notices::records;
use super::on_show::{course, erase};
use super::once::{write_once, write_once_together};
use super::paging::{PageRequest, Show, shown, shown_page};
use super::transitions::{Open, available, check_version, code};
use super::{Caller, Context, Error, Intent, consents, contacts, introductions};

/// A draft of the caller's investor, or of one that a curator writes for.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    content: MandateContent,
) -> Result<Mandate, Error> {
    caller.may(Operation::WriteMandate, &[organization])?;
    let now = context.now();
    let id = context.new_id();
    let claimed = caller.belongs_to(organization);
    let pen = context.pen(caller.actor());
    // Before anybody waits for it.
    let texts = Texts::of_mandate(&content);
    write_once_together(
        context,
        caller.id(),
        intent,
        move |conn| {
            let firm = live_firm(conn, organization)?;
            if firm.details.kind != OrganizationKind::Investor {
                return Err(Error::refused(
                    "not_an_investor",
                    "Only an investor has mandates.",
                ));
            }
            let mandate = Mandate {
                id,
                organization,
                country: firm.details.country,
                content,
                status: MandateStatus::Draft,
                claimed,
                revision: 1,
                version: 1,
                published_at: None,
                reconfirm_by: None,
                created_at: now,
                updated_at: now,
            };
            let created = pen.insertion(
                "mandate.created",
                (SubjectKind::Mandate, id),
                vec![
                    ("organization", Value::Id(organization.uuid())),
                    ("claimed", Value::Flag(claimed)),
                ],
            )?;
            let stored = mandates::insertion(conn, &mandate, &firm, texts)?;
            Ok((mandate, stored.with(created)))
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// One mandate, for its investor and the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: MandateId) -> Result<Mandate, Error> {
    let mandate = context.db.look_up(move |conn| load(conn, id)).await?;
    caller.may(Operation::ReadMandate, &[mandate.organization])?;
    Ok(mandate)
}

/// [`find`], made into what callers see by `show`, which may know this version
/// without reading it.
pub async fn look_at<S: Show<Mandate>>(
    context: &Context,
    caller: &Caller,
    id: MandateId,
    show: S,
) -> Result<S::Seen, Error> {
    let head = context.look_ups.mandates.find(&context.db, id).await?;
    let head = head.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadMandate, &[head.organization])?;
    shown(context, &head, mandates::find, show).await
}

/// A filter with the rates at which its amounts are compared, so that all that is
/// asked by it is compared at the same ones, and can be told.
pub async fn at_rates(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
) -> Result<Filter, Error> {
    if filter.compares_amounts() {
        let (read, kind) = (Operation::ReadMandate, OrganizationKind::Investor);
        filter.organization = own(caller, filter.organization, kind, read)?;
        filter.today = context.now().date_naive();
        let asked = filter.clone();
        let look_up = move |conn: &mut Conn| Ok::<_, Error>(mandates::rates(conn, &asked)?);
        filter.rates = Some(context.db.read(look_up).await?);
    }
    Ok(filter)
}

/// Mandates in that order: all for the operator's people, an investor's own
/// for its people.
pub async fn list<S: Show<Mandate>>(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    order: Order,
    page: PageRequest,
    show: S,
) -> Result<Page<S::Seen>, Error> {
    let read = Operation::ReadMandate;
    filter.organization = own(
        caller,
        filter.organization,
        OrganizationKind::Investor,
        read,
    )?;
    // A cursor outlives the day and its rates.
    let rates = filter.rates.take();
    filter.today = NaiveDate::default();
    let name = format!("mandates {filter:?} {order}");
    filter.today = context.now().date_naive();
    filter.rates = rates;
    let by_index = filter.is_by_index(order);
    let fetch = move |conn: &mut Conn, cursor, limit| {
        mandates::list_heads(conn, &filter, order, cursor, limit)
    };
    shown_page(
        context,
        name,
        page,
        by_index,
        fetch,
        mandates::find_many,
        show,
    )
    .await
}

/// Replaces what a mandate says; `revise` gets the present content and answers
/// the new one.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: MandateId,
    expected: Option<i64>,
    revise: impl FnOnce(&MandateContent) -> Result<MandateContent, Error> + Send + 'static,
) -> Result<Mandate, Error> {
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (caller, taxonomy) = (caller.clone(), context.taxonomy());
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            caller.may(Operation::ReadMandate, &[before.organization])?;
            caller.may(Operation::WriteMandate, &[before.organization])?;
            check_version(expected, before.version)?;
            let content = revise(&before.content)?;
            check_edit(&before, &content)?;
            let hats = caller.hats_for(before.organization, Hat::Startup);
            check_words(&before, &content, &hats, &taxonomy)?;
            let after = Mandate {
                claimed: before.claimed || caller.belongs_to(before.organization),
                content,
                revision: before.revision + 1,
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            store(conn, &after)?;
            pen.append(
                conn,
                "mandate.edited",
                (SubjectKind::Mandate, id),
                vec![("revision", Value::Int(after.revision))],
            )?;
            Ok(after)
        })
        .await
}

/// A draft whose title names something restricted or prohibited is published
/// by a curator, who has looked at it. What was published was looked at.
fn check_title(before: &Mandate, hats: &[Hat], taxonomy: &Taxonomy) -> Result<(), Refusal> {
    let hits = terms::in_mandate(&before.content, taxonomy);
    let looked_at = before.status != MandateStatus::Draft || hats.contains(&Hat::Curator);
    if hits.is_empty() || looked_at {
        Ok(())
    } else {
        Err(terms::refusal(&hits))
    }
}

/// What is or was published names nothing more of the kind unless a curator
/// writes it.
fn check_words(
    before: &Mandate,
    after: &MandateContent,
    hats: &[Hat],
    taxonomy: &Taxonomy,
) -> Result<(), Refusal> {
    let named = terms::in_mandate(&before.content, taxonomy);
    let more = terms::more(&named, terms::in_mandate(after, taxonomy));
    let may = before.status == MandateStatus::Draft || hats.contains(&Hat::Curator);
    if more.is_empty() || may {
        Ok(())
    } else {
        Err(terms::refusal(&more))
    }
}

/// Moves a mandate in its machine; suspending and restoring it take a note.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: MandateId,
    expected: Option<i64>,
    action: MandateAction,
    note: Option<String>,
) -> Result<Mandate, Error> {
    let (caller_in, caller_again) = (caller.clone(), caller.clone());
    let context_in = context.clone();
    if action == MandateAction::Erase {
        return write_once(
            context,
            caller.id(),
            intent,
            move |conn| erase(&context_in, &caller_in, conn, (id.uuid(), expected)),
            move |conn, id| {
                let found = load(conn, id.into())?;
                caller_again.may(Operation::ReadMandate, &[found.organization])?;
                Ok(found)
            },
        )
        .await;
    }
    write_once_together(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, (id, expected), action, note),
        move |conn, id| {
            let found = load(conn, id.into())?;
            caller_again.may(Operation::ReadMandate, &[found.organization])?;
            Ok(found)
        },
    )
    .await
}

fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (MandateId, Option<i64>),
    action: MandateAction,
    note: Option<String>,
) -> Result<(Mandate, Together<Error>), Error> {
    let before = load(conn, id)?;
    caller.may(Operation::ReadMandate, &[before.organization])?;
    caller.may(Operation::MoveMandate, &[before.organization])?;
    check_version(expected, before.version)?;
    let mut agreeing = None;
    if matches!(action, MandateAction::Publish | MandateAction::Restore) {
        let stands = consents::check_proposable(conn, before.organization, context.now())?;
        let gives = consents::gives(caller, before.organization, stands);
        agreeing = (gives && action == MandateAction::Publish).then(|| caller.clone());
    }
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let hats = caller.hats_for(before.organization, Hat::Startup);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, around.facts()))?;
    if action == MandateAction::Publish {
        check_title(&before, &hats, &context.taxonomy())?;
    }
    check_note(action, note.as_deref())?;
    let after = Mandate {
        // Whoever of the firm moves it stands behind it.
        claimed: before.claimed || caller.belongs_to(before.organization),
        ..moved(&before, status, action, context.now())
    };
    let course = course(&before, &after);
    let payload = vec![
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
    ];
    let mut stored = mandates::moving(&after).with(context.pen(caller.actor()).insertion(
        event_kind(action, status),
        (SubjectKind::Mandate, id),
        payload,
    )?);
    let ask = action == MandateAction::Publish && !after.claimed;
    let news = records::news_of_mandate(action, before.status);
    let ended = matches!(action, MandateAction::Withdraw | MandateAction::Suspend);
    if ask || ended || course.concerns() || news.is_some() || agreeing.is_some() {
        let (context, told) = (context.clone(), after.clone());
        // Who of compliance it was, is not for the other side to read.
        let actor = match action {
            MandateAction::Suspend => Actor::System,
            _ => caller.actor(),
        };
        stored = stored.then(move |conn| {
            if ask {
                contacts::ask(&context, conn, actor, told.organization)?;
            }
            if let Some(person) = agreeing {
                consents::of_own_act(&context, conn, &person, told.organization)?;
            }
            if course.concerns() {
                around.held.follow(&context, conn, &course, note)?;
            }
            if ended {
                let about = About::Mandate(told.id);
                introductions::end_all(&context, conn, about, actor)?;
            }
            match news {
                Some(news) => records::tell_mandate(&context, conn, &told, news),
                None => Ok(()),
            }
        });
    }
    Ok((after, stored))
}

/// Has the firm stand behind a mandate that others wrote, in the open
/// transaction.
pub(super) fn stand_behind(
    context: &Context,
    conn: &mut Conn,
    person: UserId,
    before: &Mandate,
    content: MandateContent,
) -> Result<(), Error> {
    // There is nothing of it to stand behind.
    if before.status == MandateStatus::Erased {
        return Ok(());
    }
    let corrected = content != before.content;
    check_words(before, &content, &[], &context.taxonomy())?;
    let after = Mandate {
        content,
        claimed: true,
        revision: before.revision + i64::from(corrected),
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    store(conn, &after)?;
    context.pen(Actor::User(person)).append(
        conn,
        "mandate.confirmed",
        (SubjectKind::Mandate, before.id),
        vec![
            ("revision", Value::Int(after.revision)),
            ("corrected", Value::Flag(corrected)),
        ],
    )
}

/// Publishes a mandate that was paused since its firm took back its consent to
/// be proposed, in the open transaction.
///
/// # Errors
/// A refusal where something else stands against it; then nothing has changed.
pub(super) fn publish_again(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: MandateId,
) -> Result<(), Error> {
    let action = MandateAction::Publish;
    let (_, stored) = apply(context, caller, conn, (id, None), action, None)?;
    stored.store(conn)
}

/// What can be done with a mandate now, each action with what stands in its
/// way, and what the caller agrees to by publishing it.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: MandateId,
) -> Result<(Open<MandateAction>, Option<consents::Agreement>), Error> {
    let mandate = find(context, caller, id).await?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let of = (mandate.organization, mandate.claimed);
        let agrees = consents::basis(&context_in, conn, &caller, of)? == Ok(consents::Basis::Given);
        let open = open_to(&context_in, conn, &caller, &mandate)?;
        Ok((open, agrees.then(|| consents::agreement(&caller))))
    };
    context.db.read(job).await
}

/// What the caller can do with a mandate that they may see.
pub(super) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    mandate: &Mandate,
) -> Result<Open<MandateAction>, Error> {
    let around = Around::load(context, conn, mandate, MandateAction::ALL, Some(caller))?;
    let hats = caller.hats_for(mandate.organization, Hat::Startup);
    let title = check_title(mandate, &hats, &context.taxonomy());
    let hidden = consents::hindrance_to_show(conn, mandate.organization, context.now())?;
    Ok(available(MandateAction::ALL, &hats, |action, hat| {
        let stands = step(mandate, action, hat, around.facts()).map(drop);
        let elsewhere = |it: &Refusal| it.is_about_state() || it.is_about_capacity();
        match (action, &hidden) {
            // As when it is tried, this is said before all else.
            (MandateAction::Publish | MandateAction::Restore, Some(refusal))
                if !stands.as_ref().is_err_and(elsewhere) =>
            {
                Err(refusal.clone())
            }
            (MandateAction::Publish, _) => stands.and_then(|()| title.clone()),
            _ => stands,
        }
    }))
}

fn moved(
    before: &Mandate,
    status: MandateStatus,
    action: MandateAction,
    now: DateTime<Utc>,
) -> Mandate {
    let mut after = Mandate {
        status,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    if action == MandateAction::Publish {
        after.published_at = before.published_at.or(Some(now));
    }
    if matches!(action, MandateAction::Publish | MandateAction::Reconfirm) {
        after.reconfirm_by = Some(fresh_until(now));
    }
    after
}

const fn event_kind(action: MandateAction, to: MandateStatus) -> &'static str {
    match action {
        MandateAction::Publish => "mandate.published",
        MandateAction::Reconfirm => "mandate.reconfirmed",
        MandateAction::Pause => "mandate.paused",
        MandateAction::FreshnessDue => "mandate.became_stale",
        MandateAction::Suspend => "mandate.suspended",
        MandateAction::Restore if matches!(to, MandateStatus::Suspended) => {
            "mandate.restoring_proposed"
        }
        MandateAction::Restore => "mandate.restored",
        MandateAction::Withdraw => "mandate.withdrawn",
        MandateAction::Archive => "mandate.archived",
        MandateAction::Erase => "mandate.erased",
    }
}

fn load(conn: &mut Conn, id: MandateId) -> Result<Mandate, Error> {
    mandates::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, mandate: &Mandate) -> Result<(), Error> {
    if mandates::update(conn, mandate)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

/// [`store`] for a mandate that moved and says what it said.
fn store_state(conn: &mut Conn, mandate: &Mandate) -> Result<(), Error> {
    Ok(mandates::update_state(conn, mandate)?)
}
