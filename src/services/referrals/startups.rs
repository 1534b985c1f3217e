//! The profile of a startup that a partner refers.

use crate::db::{Conn, review_comments, startup_profiles};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{ReferralId, StartupProfileId};
use crate::domain::organization::Organization;
use crate::domain::permission::Hat;
use crate::domain::profile::{
    ProfileAction, ProfileStatus, StartupContent, StartupProfile, status_after_edit, step,
    texts_not_clean,
};

use super::super::startups::{Around, told};
use super::super::transitions::code;
use super::super::{Context, Error};
use super::{Desk, at, claimed, closed, reviewed};

const PLACE: &str = "/startup_profile";

/// Everything that stands between a profile and its review, and what its
/// reviewers asked for.
pub(super) fn missing(
    context: &Context,
    conn: &mut Conn,
    id: StartupProfileId,
) -> Result<Faults, Error> {
    let profile = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    let mut faults = Faults::new();
    if !is_being_written(profile.status) {
        return Ok(faults);
    }
    if profile.status == ProfileStatus::ChangesRequested {
        let comments = review_comments::of(conn, id)?.into_iter();
        for comment in comments.filter(|it| it.revision == profile.revision) {
            faults.push(comment.pointer, "change_requested", comment.comment);
        }
    }
    faults.absorb("", obstacles(context, conn, &profile)?);
    Ok(faults)
}

/// What `submit` would be refused for, all of it.
fn obstacles(
    context: &Context,
    conn: &mut Conn,
    profile: &StartupProfile,
) -> Result<Faults, Error> {
    let submit = ProfileAction::Submit;
    let around = Around::load(context, conn, profile, &[submit], None)?;
    let mut faults = Faults::new();
    if let Err(refusal) = step(profile, submit, Hat::Partner, &around.facts()) {
        for fault in refusal.named() {
            faults.add(fault);
        }
    }
    Ok(faults)
}

/// Refuses to let another firm be named once somebody takes it up; what was
/// sent back may be of another.
pub(super) fn check_nameable(conn: &mut Conn, id: StartupProfileId) -> Result<(), Error> {
    use ProfileStatus as S;
    let profile = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    match profile.status {
        S::Draft | S::ChangesRequested | S::Rejected => Ok(()),
        S::Submitted | S::InReview => Err(in_review()),
        _ => Err(reviewed()),
    }
}

/// Whether it was put forward.
pub(super) fn is_forward(conn: &mut Conn, id: StartupProfileId) -> Result<bool, Error> {
    let profile = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
    Ok(!is_being_written(profile.status))
}

pub(super) const fn is_being_written(status: ProfileStatus) -> bool {
    use ProfileStatus as S;
    matches!(status, S::Draft | S::ChangesRequested | S::Rejected)
}

/// Others read the texts of a profile in that state already.
fn check_texts(
    conn: &mut Conn,
    profile: &StartupProfile,
    content: &StartupContent,
) -> Result<(), Error> {
    let told = told(conn, profile.organization, content)?;
    told.finish()
        .map_err(|told| at(PLACE, texts_not_clean(told)))
}

pub(super) fn in_review() -> Error {
    Error::refused(
        "referral_in_review",
        "It is under review; hand it in again when it comes back.",
    )
}

impl Desk {
    pub(super) fn insert_profile(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        firm: &Organization,
        content: StartupContent,
    ) -> Result<StartupProfileId, Error> {
        let profile = StartupProfile {
            id: self.context.new_id(),
            organization: firm.id,
            country: firm.details.country,
            content,
            status: ProfileStatus::Draft,
            claimed: false,
            revision: 1,
            version: 1,
            published_at: None,
            reconfirm_by: None,
            rejected_at: None,
            created_at: self.now,
            updated_at: self.now,
        };
        startup_profiles::insert(conn, &profile)?;
        self.log_profile(conn, referral, &profile)?;
        self.submit_whole(conn, &profile)?;
        Ok(profile.id)
    }

    pub(super) fn correct_profile(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        id: StartupProfileId,
        content: StartupContent,
    ) -> Result<(), Error> {
        use ProfileStatus as S;
        let before = startup_profiles::find(conn, id)?.ok_or(Error::NotFound)?;
        if before.claimed {
            return Err(claimed());
        }
        let over = matches!(before.status, S::Withdrawn | S::Archived | S::Erased);
        let firm = crate::db::organizations::find(conn, before.organization)?;
        let firm = firm.ok_or(Error::NotFound)?;
        if !over && before.content == content && before.country == firm.details.country {
            return self.submit_whole(conn, &before);
        }
        match before.status {
            S::Submitted | S::InReview => {
                return Err(in_review());
            }
            // A suspended one is shown as paused, and answers as one.
            S::Paused | S::Suspended | S::Withdrawn | S::Archived | S::Erased => {
                return Err(closed());
            }
            _ => {}
        }
        let status = status_after_edit(&before, &content, &self.context.taxonomy())
            .map_err(|refusal| at(PLACE, refusal))?;
        if !is_being_written(before.status) {
            check_texts(conn, &before, &content)?;
        }
        let after = StartupProfile {
            country: firm.details.country,
            content,
            status,
            revision: before.revision + 1,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        if !startup_profiles::update(conn, &after)? {
            return Err(Error::StaleVersion);
        }
        self.log_profile(conn, referral, &after)?;
        self.submit_whole(conn, &after)
    }

    /// Hands a profile that lacks nothing to the reviewers, also where another
    /// firm has its web site: they judge that before they approve it, and its
    /// partner, who must not learn who is on record, sees no difference.
    fn submit_whole(&self, conn: &mut Conn, before: &StartupProfile) -> Result<(), Error> {
        let waits = is_being_written(before.status);
        if !waits || !obstacles(&self.context, conn, before)?.is_empty() {
            return Ok(());
        }
        let after = StartupProfile {
            status: ProfileStatus::Submitted,
            version: before.version + 1,
            updated_at: self.now,
            ..before.clone()
        };
        startup_profiles::update_state(conn, &after)?;
        self.pen.append(
            conn,
            "startup_profile.submitted",
            (SubjectKind::StartupProfile, after.id),
            vec![
                ("from", code(before.status.code())),
                ("to", code(after.status.code())),
                ("revision", Value::Int(after.revision)),
            ],
        )
    }

    fn log_profile(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        profile: &StartupProfile,
    ) -> Result<(), Error> {
        self.pen.append(
            conn,
            "startup_profile.referred",
            (SubjectKind::StartupProfile, profile.id),
            vec![
                ("organization", Value::Id(profile.organization.uuid())),
                ("referral", Value::Id(referral.uuid())),
                ("to", code(profile.status.code())),
                ("revision", Value::Int(profile.revision)),
            ],
        )
    }
}
