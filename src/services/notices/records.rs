//! What the people of a firm are told about its profile or mandates, from the
//! decision to the words.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::content::{Content, MandateNewsContent, Prepared, ProfileContent, Reviewed};
use super::facts::ready;
use super::regular::reader_of;
use super::{answers_for, enqueue};
use crate::db::review_comments::ReviewComment;
use crate::db::{self, Conn};
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{MandateId, OrganizationId, UserId};
use crate::domain::investor::InvestorProfile;
use crate::domain::mandate::{Mandate, MandateAction, MandateStatus};
use crate::domain::message::{Notice, RecordNews};
use crate::domain::profile::{ProfileAction, ProfileStatus, REJECTION_DAYS, StartupProfile};
use crate::domain::text::Slug;
use crate::services::{Context, Error};

/// What a profile's people hear of a step of it; none of what they see anyway.
pub(in crate::services) const fn news_of_profile(
    action: ProfileAction,
    before: ProfileStatus,
) -> Option<RecordNews> {
    match action {
        ProfileAction::Submit => Some(RecordNews::Received),
        ProfileAction::RequestChanges => Some(RecordNews::ChangesRequested),
        ProfileAction::Reject => Some(RecordNews::Rejected),
        ProfileAction::FreshnessDue => Some(RecordNews::Stale),
        ProfileAction::Publish if matches!(before, ProfileStatus::Approved) => {
            Some(RecordNews::Published)
        }
        _ => None,
    }
}

/// What a mandate's people hear of a step of it.
pub(in crate::services) const fn news_of_mandate(
    action: MandateAction,
    before: MandateStatus,
) -> Option<RecordNews> {
    match action {
        MandateAction::FreshnessDue => Some(RecordNews::Stale),
        MandateAction::Publish if matches!(before, MandateStatus::Draft) => {
            Some(RecordNews::Published)
        }
        _ => None,
    }
}

/// Queues it to each of those who answer for the investor.
pub(in crate::services) fn tell_investor(
    context: &Context,
    conn: &mut Conn,
    profile: &InvestorProfile,
    news: RecordNews,
    reason: Option<Slug>,
) -> Result<(), Error> {
    let about = Subject::new(SubjectKind::InvestorProfile, profile.id);
    let name = format!("investor_news:{news}:{}:{}", profile.id, profile.version);
    let notice = |user| Notice::InvestorNews {
        user,
        profile: profile.id,
        news,
        reason: reason.clone(),
        day: profile.reconfirm_by,
    };
    tell(context, conn, (profile.organization, about), &name, notice)
}

/// Queues it to each of those who answer for the startup.
pub(in crate::services) fn tell_profile(
    context: &Context,
    conn: &mut Conn,
    profile: &StartupProfile,
    news: RecordNews,
    reason: Option<Slug>,
) -> Result<(), Error> {
    let about = Subject::new(SubjectKind::StartupProfile, profile.id);
    let name = format!("profile_news:{news}:{}:{}", profile.id, profile.version);
    let notice = |user| Notice::ProfileNews {
        user,
        profile: profile.id,
        news,
        reason: reason.clone(),
        day: profile.reconfirm_by,
    };
    tell(context, conn, (profile.organization, about), &name, notice)
}

/// Queues it to each of those who answer for the investor.
pub(in crate::services) fn tell_mandate(
    context: &Context,
    conn: &mut Conn,
    mandate: &Mandate,
    news: RecordNews,
) -> Result<(), Error> {
    let about = Subject::new(SubjectKind::Mandate, mandate.id);
    let name = format!("mandate_news:{news}:{}:{}", mandate.id, mandate.version);
    let notice = |user| Notice::MandateNews {
        user,
        mandate: mandate.id,
        news,
        day: mandate.reconfirm_by,
    };
    tell(context, conn, (mandate.organization, about), &name, notice)
}

/// Queues a notice about a record to each of those who answer for its firm.
fn tell(
    context: &Context,
    conn: &mut Conn,
    (firm, about): (OrganizationId, Subject),
    name: &str,
    notice: impl Fn(UserId) -> Notice,
) -> Result<(), Error> {
    for user in answering(conn, firm)? {
        let intent = format!("{name}:{user}");
        let about = (about.kind, about.id);
        enqueue(context, conn, &intent, about, &notice(user))?;
    }
    Ok(())
}

fn answering(conn: &mut Conn, firm: OrganizationId) -> Result<Vec<UserId>, Error> {
    Ok(db::users::members(conn, firm)?
        .into_iter()
        .filter(|(_, role)| answers_for(*role))
        .map(|(user, _)| user.id)
        .collect())
}

/// What a mail about a profile is about.
pub(super) struct OfProfile {
    pub(super) user: UserId,
    pub(super) profile: Reviewed,
    pub(super) news: RecordNews,
    pub(super) reason: Option<Slug>,
    pub(super) day: Option<NaiveDate>,
    pub(super) queued_at: DateTime<Utc>,
}

/// How a profile stands, whichever side's it is.
struct Standing {
    organization: OrganizationId,
    status: ProfileStatus,
    reconfirm_by: Option<NaiveDate>,
    rejected_at: Option<DateTime<Utc>>,
    /// What its reviewers say of it as it is.
    comments: Vec<ReviewComment>,
}

impl Standing {
    fn load(conn: &mut Conn, profile: Reviewed) -> Result<Self, Error> {
        let (mut standing, revision) = match profile {
            Reviewed::Startup(id) => {
                let found = db::startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
                let standing = Self {
                    organization: found.organization,
                    status: found.status,
                    reconfirm_by: found.reconfirm_by,
                    rejected_at: found.rejected_at,
                    comments: db::review_comments::of(conn, id)?,
                };
                (standing, found.revision)
            }
            Reviewed::Investor(id) => {
                let found = db::investor_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
                let standing = Self {
                    organization: found.organization,
                    status: found.status,
                    reconfirm_by: found.reconfirm_by,
                    rejected_at: found.rejected_at,
                    comments: db::investor_profiles::comments(conn, id)?,
                };
                (standing, found.revision)
            }
        };
        standing.comments.retain(|it| it.revision == revision);
        Ok(standing)
    }
}

/// What happened to a profile, unless it went on since.
pub(super) fn prepare_profile(
    context: &Context,
    conn: &mut Conn,
    about: OfProfile,
) -> Result<Prepared, Error> {
    let profile = Standing::load(conn, about.profile)?;
    let Some((reader, firm)) = reader_of(conn, about.user, profile.organization)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let still = match about.news {
        RecordNews::Received => matches!(
            profile.status,
            ProfileStatus::Submitted | ProfileStatus::InReview
        ),
        RecordNews::ChangesRequested => profile.status == ProfileStatus::ChangesRequested,
        RecordNews::Rejected => profile.status == ProfileStatus::Rejected,
        RecordNews::Published | RecordNews::ConfirmSoon => {
            profile.status == ProfileStatus::Published && profile.reconfirm_by == about.day
        }
        RecordNews::Stale => profile.status == ProfileStatus::Stale,
    };
    if !still {
        return Ok(Prepared::Obsolete("went_on"));
    }
    let local = |at: DateTime<Utc>| at.with_timezone(&reader.zone).date_naive();
    let by = match about.news {
        RecordNews::Received => Some(local(context.calendars.deadline(
            context.settings.operator.country,
            reader.zone,
            about.queued_at,
            context.settings.review_working_days,
        ))),
        // From the first whole day on, whatever the hour.
        RecordNews::Rejected => profile
            .rejected_at
            .map(|at| local(at + TimeDelta::days(REJECTION_DAYS)))
            .and_then(|day| day.checked_add_days(Days::new(1))),
        _ => profile.reconfirm_by,
    };
    let comments = match about.news {
        RecordNews::ChangesRequested => profile
            .comments
            .into_iter()
            .map(|comment| (comment.pointer, comment.comment))
            .collect(),
        _ => Vec::new(),
    };
    let content = ProfileContent {
        profile: about.profile,
        firm: firm.details.display_name().to_string(),
        news: about.news,
        by,
        reason: about.reason,
        comments,
    };
    Ok(ready(vec![reader], Content::Profile(Box::new(content))))
}

/// What happened to a mandate, unless it went on since.
pub(super) fn prepare_mandate(
    conn: &mut Conn,
    user: UserId,
    id: MandateId,
    news: RecordNews,
    day: Option<NaiveDate>,
) -> Result<Prepared, Error> {
    let mandate = db::mandates::find(conn, id)?.ok_or(Error::NotFound)?;
    let Some((reader, firm)) = reader_of(conn, user, mandate.organization)? else {
        return Ok(Prepared::Obsolete("no_recipient"));
    };
    let still = match news {
        RecordNews::Published | RecordNews::ConfirmSoon => {
            mandate.status == MandateStatus::Published && mandate.reconfirm_by == day
        }
        RecordNews::Stale => mandate.status == MandateStatus::Stale,
        RecordNews::Received | RecordNews::ChangesRequested | RecordNews::Rejected => false,
    };
    if !still {
        return Ok(Prepared::Obsolete("went_on"));
    }
    let name = firm.details.display_name();
    let content = MandateNewsContent {
        mandate: mandate.id,
        title: mandate.content.title.as_ref().unwrap_or(name).to_string(),
        news,
        by: mandate.reconfirm_by,
        per_week: mandate.content.capacity.new_per_week,
    };
    Ok(ready(vec![reader], Content::Mandate(Box::new(content))))
}
