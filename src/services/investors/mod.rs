//! Investor profiles: written by the investor (or for it), reviewed by
//! curators, published when let through, confirmed every half year.

mod agreement;
mod facts;
mod on_show;

use chrono::{DateTime, Utc};

use crate::db::Conn;
use crate::db::introductions::About;
use crate::db::investor_profiles as rows;
pub use crate::db::investor_profiles::Filter;
use crate::db::page::Page;
use crate::db::review_comments::ReviewComment;
use crate::domain::event::{Actor, Payload, SubjectKind, Value};
use crate::domain::ids::{InvestorProfileId, OrganizationId};
use crate::domain::investor::{
    InvestorContent, InvestorProfile, accredited, fresh_until, status_after_edit, step,
};
use crate::domain::permission::{Hat, Operation};
use crate::domain::profile::{ProfileAction, ProfileStatus};
use crate::domain::search::Order;
use crate::domain::values::OrganizationKind;

pub use agreement::agree;
pub(super) use facts::Around;
pub(super) use on_show::disown;
pub use on_show::{archive_due, mark_stale};

use super::caller::in_any_hat;
use super::counts::own;
use super::duplicates::live_firm;
use super::notices::records;
use super::on_show::{course, erase};
use super::once::write_once;
use super::paging::{PageRequest, Whole, after, read_page, shown_page};
use super::startups::{Move, check_details, said};
use super::transitions::{Open, available, check_version, code};
use super::walls;
use super::{Caller, Context, Error, Intent, consents, introductions};

/// A draft of the caller's investor, or of one that a curator writes for. A firm
/// has one profile; where that was withdrawn it begins anew.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    organization: OrganizationId,
    content: InvestorContent,
) -> Result<InvestorProfile, Error> {
    caller.may(Operation::WriteInvestorProfile, &[organization])?;
    let now = context.now();
    let claimed = caller.belongs_to(organization);
    let accreditation = accredited(
        &InvestorContent::default().accreditation,
        &content.accreditation,
        caller.is_of_operator(),
    )?;
    let profile = InvestorProfile {
        id: context.new_id(),
        organization,
        content: InvestorContent {
            accreditation,
            ..content
        },
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
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let firm = live_firm(conn, organization)?;
            if firm.details.kind != OrganizationKind::Investor {
                return Err(Error::refused(
                    "not_an_investor",
                    "Only an investor has an investor profile.",
                ));
            }
            let profile = if rows::insert(conn, &profile)? {
                profile
            } else {
                begin_anew(conn, profile)?
            };
            walls::look(conn, organization)?;
            let payload = vec![
                ("organization", Value::Id(organization.uuid())),
                ("claimed", Value::Flag(claimed)),
            ];
            let subject = (SubjectKind::InvestorProfile, profile.id);
            pen.append(conn, "investor_profile.created", subject, payload)?;
            Ok(profile)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Stores a new draft in the place of the firm's profile that was withdrawn. When
/// that one was rejected still counts.
fn begin_anew(conn: &mut Conn, draft: InvestorProfile) -> Result<InvestorProfile, Error> {
    use ProfileStatus as S;
    let before = rows::of(conn, draft.organization)?;
    let Some(before) =
        before.filter(|it| matches!(it.status, S::Withdrawn | S::Archived | S::Erased))
    else {
        return Err(Error::refused(
            "profile_exists",
            "The investor has a profile already.",
        ));
    };
    let after = InvestorProfile {
        id: before.id,
        claimed: before.claimed || draft.claimed,
        revision: before.revision + 1,
        version: before.version + 1,
        rejected_at: before.rejected_at,
        created_at: before.created_at,
        ..draft
    };
    store(conn, &after)?;
    Ok(after)
}

/// One profile, for its investor and the operator's people.
pub async fn find(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
) -> Result<InvestorProfile, Error> {
    let profile = context.db.look_up(move |conn| load(conn, id)).await?;
    caller.may(Operation::ReadInvestorProfile, &[profile.organization])?;
    Ok(profile)
}

/// Profiles in that order: all for the operator's people, an investor's own
/// for its people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    mut filter: Filter,
    order: Order,
    page: PageRequest,
) -> Result<Page<InvestorProfile>, Error> {
    let read = Operation::ReadInvestorProfile;
    filter.organization = own(
        caller,
        filter.organization,
        OrganizationKind::Investor,
        read,
    )?;
    let name = format!("investor-profiles {filter:?} {order}");
    let fetch =
        move |conn: &mut Conn, cursor, limit| rows::list_heads(conn, &filter, order, cursor, limit);
    shown_page(context, name, page, false, fetch, rows::find_many, Whole).await
}

/// The reviewers' comments on a profile, oldest first.
pub async fn comments(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
) -> Result<Vec<ReviewComment>, Error> {
    find(context, caller, id).await?;
    let read = move |conn: &mut Conn| Ok(rows::comments(conn, id)?);
    context.db.read(read).await
}

/// [`comments`], a page of it.
pub async fn some_comments(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
    page: PageRequest,
) -> Result<Page<ReviewComment>, Error> {
    find(context, caller, id).await?;
    let list = format!("comments {id}");
    read_page(
        context,
        list,
        page,
        move |conn, cursor, limit| Ok(rows::some_comments(conn, id, cursor, limit)?),
        |comment| after(comment.created_at, comment.id),
    )
    .await
}

/// Replaces what a profile says; `revise` gets the present content and answers
/// the new one.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
    expected: Option<i64>,
    revise: impl FnOnce(&InvestorContent) -> Result<InvestorContent, Error> + Send + 'static,
) -> Result<InvestorProfile, Error> {
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (caller, taxonomy) = (caller.clone(), context.taxonomy());
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            caller.may(Operation::ReadInvestorProfile, &[before.organization])?;
            caller.may(Operation::WriteInvestorProfile, &[before.organization])?;
            check_version(expected, before.version)?;
            let content = revise(&before.content)?;
            let content = InvestorContent {
                accreditation: accredited(
                    &before.content.accreditation,
                    &content.accreditation,
                    caller.is_of_operator(),
                )?,
                ..content
            };
            let status = status_after_edit(&before, &content, &taxonomy)?;
            let verified = content.accreditation != before.content.accreditation;
            let after = InvestorProfile {
                content,
                status,
                claimed: before.claimed || caller.belongs_to(before.organization),
                revision: before.revision + 1,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            store(conn, &after)?;
            let mut payload = vec![("revision", Value::Int(after.revision))];
            if verified {
                let status = after.content.accreditation.status;
                payload.push(("accreditation", code(status.code())));
            }
            let subject = (SubjectKind::InvestorProfile, id);
            pen.append(conn, "investor_profile.edited", subject, payload)?;
            Ok(after)
        })
        .await
}

/// Moves a profile in its machine.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: InvestorProfileId,
    expected: Option<i64>,
    action: ProfileAction,
    details: Move,
) -> Result<InvestorProfile, Error> {
    let (context_in, caller_in, caller_again) = (context.clone(), caller.clone(), caller.clone());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            if action == ProfileAction::Erase {
                return erase(&context_in, &caller_in, conn, (id.uuid(), expected));
            }
            apply(
                &context_in,
                &caller_in,
                conn,
                (id, expected),
                action,
                details,
            )
        },
        move |conn, id| {
            let found = load(conn, id.into())?;
            caller_again.may(Operation::ReadInvestorProfile, &[found.organization])?;
            Ok(found)
        },
    )
    .await
}

fn apply(
    context: &Context,
    caller: &Caller,
    conn: &mut Conn,
    (id, expected): (InvestorProfileId, Option<i64>),
    action: ProfileAction,
    details: Move,
) -> Result<InvestorProfile, Error> {
    let now = context.now();
    let before = load(conn, id)?;
    caller.may(Operation::ReadInvestorProfile, &[before.organization])?;
    caller.may(Operation::MoveInvestorProfile, &[before.organization])?;
    check_version(expected, before.version)?;
    let around = Around::load(context, conn, &before, &[action], Some(caller))?;
    let hats = caller.hats_for(before.organization, Hat::Startup);
    let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, &around.facts()))?;
    check_details(action, &details)?;
    if action == ProfileAction::Submit {
        let of = (before.organization, before.claimed);
        if consents::basis(context, conn, caller, of)?? == consents::Basis::Given {
            consents::keep(context, conn, caller, before.organization)?;
        }
    }
    let after = InvestorProfile {
        // Whoever of the firm moves it stands behind it.
        claimed: before.claimed || caller.belongs_to(before.organization),
        ..moved(&before, status, action, now)
    };
    store(conn, &after)?;
    let mut fields = Vec::new();
    for comment in said(context, caller, before.revision, details.comments) {
        rows::insert_comment(conn, id, &comment)?;
        fields.push(comment.pointer);
    }
    let mut payload = course_of(&before, &after);
    // It was read as such a code.
    let reason = details.reason.as_deref().and_then(|code| code.parse().ok());
    if let Some(reason) = details.reason {
        payload.push(("reason", Value::Code(reason)));
    }
    if !fields.is_empty() {
        payload.push(("fields", Value::Codes(fields)));
    }
    let course = course(&before, &after);
    let pen = context.pen(caller.actor());
    let subject = (SubjectKind::InvestorProfile, id);
    pen.append(conn, event_kind(action, status), subject, payload)?;
    if course.concerns() {
        around.held.follow(context, conn, &course, details.note)?;
    }
    // The mandates stand by themselves where it was never shown.
    let gone = action == ProfileAction::Withdraw && before.published_at.is_some();
    if gone || action == ProfileAction::Suspend {
        // Who of compliance it was, is not for the other side to read.
        let actor = match action {
            ProfileAction::Suspend => Actor::System,
            _ => caller.actor(),
        };
        let about = About::Investor(after.organization);
        introductions::end_all(context, conn, about, actor)?;
    }
    if let Some(news) = records::news_of_profile(action, before.status) {
        records::tell_investor(context, conn, &after, news, reason)?;
    }
    Ok(after)
}

fn course_of(before: &InvestorProfile, after: &InvestorProfile) -> Payload {
    vec![
        ("from", code(before.status.code())),
        ("to", code(after.status.code())),
        ("revision", Value::Int(after.revision)),
    ]
}

/// What can be done with a profile now, each action with what stands in its
/// way, and what the caller agrees to by submitting it.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: InvestorProfileId,
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
    profile: &InvestorProfile,
) -> Result<Open<ProfileAction>, Error> {
    let around = Around::load(context, conn, profile, ProfileAction::ALL, Some(caller))?;
    let hats = caller.hats_for(profile.organization, Hat::Startup);
    let of = (profile.organization, profile.claimed);
    let basis = consents::basis(context, conn, caller, of)?;
    Ok(available(ProfileAction::ALL, &hats, |action, hat| {
        let stands = step(profile, action, hat, &around.facts()).map(drop);
        match action {
            ProfileAction::Submit => stands.and(basis.clone().map(drop)),
            _ => stands,
        }
    }))
}

fn moved(
    before: &InvestorProfile,
    status: ProfileStatus,
    action: ProfileAction,
    now: DateTime<Utc>,
) -> InvestorProfile {
    let mut after = InvestorProfile {
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
        ProfileAction::Submit => "investor_profile.submitted",
        ProfileAction::Claim => "investor_profile.claimed",
        ProfileAction::RequestChanges => "investor_profile.changes_requested",
        ProfileAction::Reject => "investor_profile.rejected",
        ProfileAction::Approve => "investor_profile.approved",
        ProfileAction::Publish => "investor_profile.published",
        ProfileAction::Reconfirm => "investor_profile.reconfirmed",
        ProfileAction::Pause => "investor_profile.paused",
        ProfileAction::FreshnessDue => "investor_profile.became_stale",
        ProfileAction::Suspend => "investor_profile.suspended",
        ProfileAction::Restore if matches!(to, ProfileStatus::Suspended) => {
            "investor_profile.restoring_proposed"
        }
        ProfileAction::Restore => "investor_profile.restored",
        ProfileAction::Withdraw => "investor_profile.withdrawn",
        ProfileAction::Archive => "investor_profile.archived",
        ProfileAction::Erase => "investor_profile.erased",
    }
}

fn load(conn: &mut Conn, id: InvestorProfileId) -> Result<InvestorProfile, Error> {
    rows::find(conn, id)?.ok_or(Error::NotFound)
}

/// Stores a profile that was changed.
pub(super) fn store(conn: &mut Conn, profile: &InvestorProfile) -> Result<(), Error> {
    if rows::update(conn, profile)? {
        // What it holds may be somebody's rival.
        walls::look(conn, profile.organization)
    } else {
        Err(Error::StaleVersion)
    }
}
