//! Startup profiles: written by their startup, reviewed by a curator, shown
//! when published.

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::Conn;
use crate::db::introductions::About;
use crate::db::page::Page;
pub use crate::db::review_comments::ReviewComment;
pub use crate::db::startup_profiles::{Figure, Filter};
use crate::db::together::Together;
use crate::db::{review_comments, startup_profiles};
use crate::domain::event::{Actor, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, StartupProfileId, UserId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::{
    ProfileAction, ProfileStatus, StartupContent, StartupProfile, fresh_until,
    status_after_correction, status_after_edit, status_when_claimed, step,
};
use crate::domain::search::{Order, Texts};
use crate::domain::values::OrganizationKind;

mod agreement;
mod comments;
mod facts;
mod on_show;
mod releases;

pub use agreement::agree;
pub(super) use comments::said;
pub use comments::{comments, some_comments};
use facts::screen;
pub(super) use facts::{Around, told};
pub(super) use on_show::publish_again;
pub use on_show::{archive_due, mark_stale};

use super::caller::in_any_hat;
use super::counts::own;
use super::duplicates::live_firm;
use super::notices::records;
use super::on_show::{course, erase};
use super::once::{write_once, write_once_together};
use super::paging::{PageRequest, Show, shown, shown_page};
use super::transitions::{Open, available, check_version, code};
use super::{Caller, Context, Error, Intent, consents, contacts, documents, introductions};

/// A comment a reviewer makes on one field.
#[derive(Debug, Clone)]
pub struct FieldComment {
    /// JSON pointer to the field.
    pub pointer: String,
    /// What should change.
    pub comment: String,
}

/// What a transition needs beside its name.
#[derive(Debug, Clone, Default)]
pub struct Move {
    /// For `request_changes`: at least one.
    pub comments: Vec<FieldComment>,
    /// For `reject`: why, a stable code.
    pub reason: Option<String>,
    /// For `suspend` and `restore`: why, in words.
    pub note: Option<String>,
}

/// A draft of the caller's startup, or for a firm that a curator writes for.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    content: StartupContent,
) -> Result<StartupProfile, Error> {
    caller.may(Operation::WriteStartupProfile, &[organization])?;
    let now = context.now();
    let id = context.new_id();
    let claimed = caller.belongs_to(organization);
    let pen = context.pen(caller.actor());
    // Before anybody waits for it.
    let texts = Texts::of_profile(&content);
    write_once_together(
        context,
        caller.id(),
        intent,
        move |conn| {
            let firm = live_firm(conn, organization)?;
            if firm.details.kind != OrganizationKind::Startup {
                return Err(Error::refused(
                    "not_a_startup",
                    "Only a startup has startup profiles.",
                ));
            }
            let profile = StartupProfile {
                id,
                organization,
                country: firm.details.country,
                content,
                status: ProfileStatus::Draft,
                claimed,
                revision: 1,
                version: 1,
                published_at: None,
                reconfirm_by: None,
                rejected_at: None,
                created_at: now,
                updated_at: now,
            };
            let created = pen.insertion(
                "startup_profile.created",
                (SubjectKind::StartupProfile, id),
                vec![
                    ("organization", Value::Id(organization.uuid())),
                    ("claimed", Value::Flag(claimed)),
                ],
            )?;
            let stored = startup_profiles::insertion(conn, &profile, &firm, texts)?;
            Ok((profile, stored.with(created)))
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// One profile, for its startup and the operator's people.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
) -> Result<StartupProfile, Error> {
    let profile = context.db.look_up(move |conn| load(conn, id)).await?;
    caller.may(Operation::ReadStartupProfile, &[profile.organization])?;
    Ok(profile)
}

/// [`find`], made into what callers see by `show`, which may know this version
/// without reading it.
pub async fn look_at<S: Show<StartupProfile>>(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    show: S,
) -> Result<S::Seen, Error> {
    let head = context
        .look_ups
        .startup_profiles
        .find(&context.db, id)
        .await?;
    let head = head.ok_or(Error::NotFound)?;
    caller.may(Operation::ReadStartupProfile, &[head.organization])?;
    shown(context, &head, startup_profiles::find, show).await
}

/// A filter with the rates at which its amounts are compared, so that all that is
/// asked by it is compared at the same ones, and can be told.
pub async fn at_rates(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
) -> Result<Filter, Error> {
    if filter.compares_amounts() {
        let read = Operation::ReadStartupProfile;
        filter.organization = own(caller, filter.organization, OrganizationKind::Startup, read)?;
        filter.today = context.now().date_naive();
        let asked = filter.clone();
        let look_up = move |conn: &mut Conn| Ok::<_, Error>(startup_profiles::rates(conn, &asked)?);
        filter.rates = Some(context.db.read(look_up).await?);
    }
    Ok(filter)
}

/// Profiles in that order: all for the operator's people, a startup's own for
/// its people.
pub async fn list<S: Show<StartupProfile>>(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    order: Order,
    page: PageRequest,
    show: S,
) -> Result<Page<S::Seen>, Error> {
    let read = Operation::ReadStartupProfile;
    filter.organization = own(caller, filter.organization, OrganizationKind::Startup, read)?;
    // A cursor outlives the day and its rates.
    let rates = filter.rates.take();
    filter.today = NaiveDate::default();
    let name = format!("startup-profiles {filter:?} {order}");
    filter.today = context.now().date_naive();
    filter.rates = rates;
    let by_index = filter.is_by_index(order);
    let fetch = move |conn: &mut Conn, cursor, limit| {
        startup_profiles::list_heads(conn, &filter, order, cursor, limit)
    };
    shown_page(
        context,
        name,
        page,
        by_index,
        fetch,
        startup_profiles::find_many,
        show,
    )
    .await
}

/// Replaces what a profile says; `revise` gets the present content and answers
/// the new one. A live profile whose edit raises what must be looked at goes
/// back to review, hidden meanwhile.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
    expected: Option<i64>,
    revise: impl FnOnce(&StartupContent) -> Result<StartupContent, Error> + Send + 'static,
) -> Result<StartupProfile, Error> {
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (context_in, caller) = (context.clone(), caller.clone());
    let taxonomy = context.taxonomy();
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            caller.may(Operation::ReadStartupProfile, &[before.organization])?;
            caller.may(Operation::WriteStartupProfile, &[before.organization])?;
            check_version(expected, before.version)?;
            let content = revise(&before.content)?;
            if shows_texts(before.status) {
                screen(conn, before.organization, &content)?;
            }
            let status = status_after_edit(&before, &content, &taxonomy)?;
            let after = StartupProfile {
                content,
                status,
                claimed: before.claimed || caller.belongs_to(before.organization),
                revision: before.revision + 1,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            store(conn, &after)?;
            releases::carry(&context_in, conn, &before, &after)?;
            pen.append(
                conn,
                "startup_profile.edited",
                (SubjectKind::StartupProfile, id),
                vec![
                    ("revision", Value::Int(after.revision)),
                    ("from", code(before.status.code())),
                    ("to", code(after.status.code())),
                ],
            )?;
            Ok(after)
        })
        .await
}

/// Moves a profile in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: StartupProfileId,
    expected: Option<i64>,
    action: ProfileAction,
    details: Move,
) -> Result<StartupProfile, Error> {
    let context_in = context.clone();
    let (caller_in, caller_again) = (caller.clone(), caller.clone());
    if action == ProfileAction::Erase {
        let erased = write_once(
            context,
            caller.id(),
            intent,
            move |conn| erase(&context_in, &caller_in, conn, (id.uuid(), expected)),
            move |conn, id| {
                let found = load(conn, id.into())?;
                caller_again.may(Operation::ReadStartupProfile, &[found.organization])?;
                Ok(found)
            },
        )
        .await?;
        if let Err(error) = documents::delete_bytes_of(context, id).await {
            tracing::warn!(%error, "bytes of erased documents stay until the sweep");
        }
        return Ok(erased);
    }
    write_once_together(
        context,
        caller.id(),
        intent,
        move |conn| apply(&context_in, &caller_in, conn, id, expected, action, details),
        move |conn, id| {
            let found = load(conn, id.into())?;
            caller_again.may(Operation::ReadStartupProfile, &[found.organization])?;
            Ok(found)
        },
    )
    .await
}

fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    id: StartupProfileId,
    expected: Option<i64>,
    action: ProfileAction,
    details: Move,
) -> Result<(StartupProfile, Together<Error>), Error> {
    let now = context.now();
    let before = load(conn, id)?;
    caller.may(Operation::ReadStartupProfile, &[before.organization])?;
    caller.may(Operation::MoveStartupProfile, &[before.organization])?;
    check_version(expected, before.version)?;
    // What nobody may propose is not looked at either.
    let (mut agreeing, mut standing) = (None, None);
    if matches!(
        action,
        ProfileAction::Submit | ProfileAction::Publish | ProfileAction::Restore
    ) {
        let stands = consents::check_proposable(conn, before.organization, now)?;
        let gives = consents::gives(caller, before.organization, stands);
        agreeing = (gives && action == ProfileAction::Publish).then(|| caller.clone());
        standing = Some(stands);
    }
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let facts = around.facts();
    let hats = caller.hats_for(before.organization, Hat::Investor);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, &facts))?;
    check_details(action, &details)?;
    let mut agrees = false;
    if let (ProfileAction::Submit, Some(standing)) = (action, standing) {
        let of = (before.organization, before.claimed);
        agrees = consents::basis_on(conn, caller, of, standing)?? == consents::Basis::Given;
    }
    let after = StartupProfile {
        // Whoever of the firm moves it stands behind it.
        claimed: before.claimed || caller.belongs_to(before.organization),
        ..moved(&before, status, action, now)
    };
    let comments = said(context, caller, before.revision, details.comments);
    let mut stored =
        startup_profiles::moving(&after).with_all(review_comments::insertions(id, &comments));
    let mut payload = vec![
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
        ("revision", Value::Int(after.revision)),
    ];
    // It was read as such a code.
    let reason = details.reason.as_deref().and_then(|code| code.parse().ok());
    if let Some(reason) = details.reason {
        payload.push(("reason", Value::Code(reason)));
    }
    if !comments.is_empty() {
        let fields = comments
            .into_iter()
            .map(|comment| comment.pointer)
            .collect();
        payload.push(("fields", Value::Codes(fields)));
    }
    let course = course(&before, &after);
    stored = stored.with(context.pen(caller.actor()).insertion(
        event_kind(action, status),
        (SubjectKind::StartupProfile, id),
        payload,
    )?);
    let forward = matches!(action, ProfileAction::Submit | ProfileAction::Publish);
    let ask = forward && !after.claimed;
    let news = records::news_of_profile(action, before.status);
    let ended = matches!(action, ProfileAction::Withdraw | ProfileAction::Suspend);
    if agrees || ask || ended || course.concerns() || news.is_some() || agreeing.is_some() {
        let (context, told, by) = (context.clone(), after.clone(), caller.clone());
        // Who of compliance it was, is not for the other side to read.
        let actor = match action {
            ProfileAction::Suspend => Actor::System,
            _ => caller.actor(),
        };
        stored = stored.then(move |conn| {
            if agrees {
                consents::keep(&context, conn, &by, told.organization)?;
            }
            if ask {
                contacts::ask(&context, conn, actor, told.organization)?;
            }
            if let Some(person) = agreeing {
                consents::of_own_act(&context, conn, &person, told.organization)?;
            }
            if course.concerns() {
                around.held.follow(&context, conn, &course, details.note)?;
            }
            if ended {
                let about = About::Profile(told.organization, told.id);
                introductions::end_all(&context, conn, about, actor)?;
            }
            match news {
                Some(news) => records::tell_profile(&context, conn, &told, news, reason),
                None => Ok(()),
            }
        });
    }
    Ok((after, stored))
}

/// Has the firm stand behind a profile that others wrote, with the words that
/// it corrected, in the open transaction.
pub(super) fn stand_behind(
    context: &Context,
    conn: &mut Conn,
    person: UserId,
    before: &StartupProfile,
    content: StartupContent,
) -> Result<(), Error> {
    // There is nothing of it to stand behind.
    if before.status == ProfileStatus::Erased {
        return Ok(());
    }
    let corrected = content != before.content;
    let mut status = before.status;
    if corrected {
        status = status_after_correction(before, &content, &context.taxonomy())?;
    }
    let around = Around::of_claim(context, conn, before, &content)?;
    status = status_when_claimed(status, &content, &around.facts());
    let after = StartupProfile {
        content,
        status,
        claimed: true,
        revision: before.revision + i64::from(corrected),
        version: before.version + 1,
        updated_at: context.now(),
        ..before.clone()
    };
    store(conn, &after)?;
    if corrected {
        releases::carry(context, conn, before, &after)?;
    }
    context.pen(Actor::User(person)).append(
        conn,
        "startup_profile.confirmed",
        (SubjectKind::StartupProfile, before.id),
        vec![
            ("revision", Value::Int(after.revision)),
            ("corrected", Value::Flag(corrected)),
            ("from", code(before.status.code())),
            ("to", code(after.status.code())),
        ],
    )
}

/// Whether others may read the texts of a profile in that state.
const fn shows_texts(status: ProfileStatus) -> bool {
    !matches!(
        status,
        ProfileStatus::Draft | ProfileStatus::ChangesRequested | ProfileStatus::Rejected
    )
}

pub(super) fn check_details(action: ProfileAction, details: &Move) -> Result<(), Error> {
    match action {
        ProfileAction::RequestChanges if details.comments.is_empty() => Err(Error::refused(
            "comment_needed",
            "At least one comment on a field says what should change.",
        )),
        ProfileAction::Reject if details.reason.is_none() => Err(Error::refused(
            "reason_needed",
            "A rejection needs a reason code.",
        )),
        ProfileAction::Suspend | ProfileAction::Restore if details.note.is_none() => {
            Err(Error::refused("note_needed", "It needs a reason in words."))
        }
        _ => Ok(()),
    }
}

fn moved(
    before: &StartupProfile,
    status: ProfileStatus,
    action: ProfileAction,
    now: DateTime<Utc>,
) -> StartupProfile {
    let mut after = StartupProfile {
        status,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    match action {
        ProfileAction::Publish => {
            after.published_at = before.published_at.or(Some(now));
            after.reconfirm_by = Some(fresh_until(now));
        }
        ProfileAction::Reconfirm => after.reconfirm_by = Some(fresh_until(now)),
        ProfileAction::Reject => after.rejected_at = Some(now),
        _ => {}
    }
    after
}

const fn event_kind(action: ProfileAction, to: ProfileStatus) -> &'static str {
    match action {
        ProfileAction::Submit => "startup_profile.submitted",
        ProfileAction::Claim => "startup_profile.claimed",
        ProfileAction::RequestChanges => "startup_profile.changes_requested",
        ProfileAction::Reject => "startup_profile.rejected",
        ProfileAction::Approve => "startup_profile.approved",
        ProfileAction::Publish => "startup_profile.published",
        ProfileAction::Reconfirm => "startup_profile.reconfirmed",
        ProfileAction::Pause => "startup_profile.paused",
        ProfileAction::FreshnessDue => "startup_profile.became_stale",
        ProfileAction::Suspend => "startup_profile.suspended",
        ProfileAction::Restore if matches!(to, ProfileStatus::Suspended) => {
            "startup_profile.restoring_proposed"
        }
        ProfileAction::Restore => "startup_profile.restored",
        ProfileAction::Withdraw => "startup_profile.withdrawn",
        ProfileAction::Archive => "startup_profile.archived",
        ProfileAction::Erase => "startup_profile.erased",
    }
}

/// What can be done with a profile now, each action with what stands in its
/// way, and what the caller agrees to by submitting it.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: StartupProfileId,
) -> Result<(Open<ProfileAction>, Option<consents::Agreement>), Error> {
    let profile = find(context, caller, id).await?;
    let (context_in, caller) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let of = (profile.organization, profile.claimed);
        let agrees = consents::basis(&context_in, conn, &caller, of)? == Ok(consents::Basis::Given);
        let open = open_to(&context_in, conn, &caller, &profile)?;
        Ok((open, agrees.then(|| consents::agreement(&caller))))
    };
    context.db.read(job).await
}

/// What the caller can do with a profile that they may see.
pub(super) fn open_to(
    context: &Context,
    conn: &mut Conn,
    caller: &Caller,
    profile: &StartupProfile,
) -> Result<Open<ProfileAction>, Error> {
    let around = Around::load(context, conn, profile, ProfileAction::ALL, Some(caller))?;
    let facts = around.facts();
    let hats = caller.hats_for(profile.organization, Hat::Investor);
    let hidden = consents::hindrance_to_show(conn, profile.organization, context.now())?;
    let of = (profile.organization, profile.claimed);
    let basis = consents::basis(context, conn, caller, of)?;
    Ok(available(ProfileAction::ALL, &hats, |action, hat| {
        let stands = step(profile, action, hat, &facts).map(drop);
        match (action, &hidden) {
            // As when it is tried, this is said before what the record lacks.
            (
                ProfileAction::Submit | ProfileAction::Publish | ProfileAction::Restore,
                Some(refusal),
            ) if !stands.as_ref().is_err_and(|it| !it.is_incomplete()) => Err(refusal.clone()),
            (ProfileAction::Submit, None) => stands.and(basis.clone().map(drop)),
            _ => stands,
        }
    }))
}

fn load(conn: &mut Conn, id: StartupProfileId) -> Result<StartupProfile, Error> {
    startup_profiles::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, profile: &StartupProfile) -> Result<(), Error> {
    if startup_profiles::update(conn, profile)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

/// [`store`] for a profile that moved and says what it said.
fn store_state(conn: &mut Conn, profile: &StartupProfile) -> Result<(), Error> {
    Ok(startup_profiles::update_state(conn, profile)?)
}
