//! What an investor that a partner refers says of itself, beside its mandate. A
//! firm has one such profile; nobody is asked for it alone.

use crate::db::{Conn, investor_profiles as rows, record_names};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, ReferralId};
use crate::domain::import::RowOutcome;
use crate::domain::investor::{
    Accreditation, InvestorContent, InvestorProfile, accredited, status_after_edit, step,
};
use crate::domain::permission::Hat;
use crate::domain::profile::{ProfileAction, ProfileStatus};

use super::super::investors::{Around, store};
use super::super::transitions::code;
use super::super::{Context, Error, walls};
use super::startups::{in_review, is_being_written};
use super::{Desk, at, claimed, closed};

const PLACE: &str = "/investor_profile";

/// Everything that stands between the profile of a firm and its review, and what
/// its reviewers asked for; nothing where there is none, or where the firm
/// stands behind it.
pub(super) fn missing(
    context: &Context,
    conn: &mut Conn,
    firm: OrganizationId,
) -> Result<Faults, Error> {
    let mut faults = Faults::new();
    let profile = rows::of(conn, firm)?.filter(|it| !it.claimed && is_being_written(it.status));
    let Some(profile) = profile else {
        return Ok(faults);
    };
    if profile.status == ProfileStatus::ChangesRequested {
        let comments = rows::comments(conn, profile.id)?.into_iter();
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
    profile: &InvestorProfile,
) -> Result<Faults, Error> {
    let submit = ProfileAction::Submit;
    let around = Around::load(context, conn, profile, &[submit], None)?;
    let mut faults = Faults::new();
    if let Err(refusal) = step(profile, submit, Hat::Partner, &around.facts()) {
        for fault in refusal.named() {
            faults.push(fault.pointer, fault.code, fault.detail);
        }
    }
    Ok(faults)
}

/// Nobody but the operator's people verifies an accreditation.
fn claimed_only(
    before: &Accreditation,
    content: InvestorContent,
) -> Result<InvestorContent, Error> {
    let accreditation = accredited(before, &content.accreditation, false).map_err(|wrong| {
        let mut faults = Faults::new();
        faults.absorb(PLACE, wrong);
        faults
    })?;
    Ok(InvestorContent {
        accreditation,
        ..content
    })
}

impl Desk {
    /// Puts on record what an investor says of itself, or corrects what nobody
    /// of the firm stands behind yet.
    pub(super) fn put_about(
        &self,
        conn: &mut Conn,
        referral: ReferralId,
        firm: OrganizationId,
        content: InvestorContent,
    ) -> Result<(), Error> {
        let source = Source::Referral(referral);
        match rows::of(conn, firm)? {
            None => self.insert_about(conn, source, firm, content),
            Some(before) if before.claimed => Err(claimed()),
            Some(before) => self.correct_about(conn, source, before, content).map(drop),
        }
    }

    /// The same from a file of the operator's, with what became of the row: a
    /// profile that its firm stands behind is left as it is.
    pub(in crate::services) fn put_imported_about(
        &self,
        conn: &mut Conn,
        (firm, name): (OrganizationId, Option<&str>),
        content: InvestorContent,
        outcome: RowOutcome,
    ) -> Result<RowOutcome, Error> {
        let changed = match rows::of(conn, firm)? {
            None => {
                self.insert_about(conn, Source::File, firm, content)?;
                true
            }
            Some(before) if before.claimed => return Ok(kept(outcome)),
            Some(before) => self.correct_about(conn, Source::File, before, content)?,
        };
        if let (Some(name), Some(profile)) = (name, rows::of(conn, firm)?) {
            record_names::put(conn, profile.id.uuid(), name)?;
        }
        Ok(match outcome {
            RowOutcome::Unchanged if changed => RowOutcome::Updated,
            other => other,
        })
    }

    fn insert_about(
        &self,
        conn: &mut Conn,
        source: Source,
        organization: OrganizationId,
        content: InvestorContent,
    ) -> Result<(), Error> {
        let none = InvestorContent::default().accreditation;
        let profile = InvestorProfile {
            id: self.context.new_id(),
            organization,
            content: claimed_only(&none, content)?,
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
        // One at a time for each firm, which the caller holds.
        if !rows::insert(conn, &profile)? {
            return Err(Error::StaleVersion);
        }
        walls::look(conn, organization)?;
        self.log_about(conn, source, &profile)?;
        self.submit_about(conn, &profile)
    }

    fn correct_about(
        &self,
        conn: &mut Conn,
        source: Source,
        before: InvestorProfile,
        content: InvestorContent,
    ) -> Result<bool, Error> {
        use ProfileStatus as S;
        let content = claimed_only(&before.content.accreditation, content)?;
        let over = matches!(before.status, S::Withdrawn | S::Archived | S::Erased);
        if !over && before.content == content {
            self.submit_about(conn, &before)?;
            return Ok(false);
        }
        match before.status {
            S::Submitted | S::InReview => return Err(in_review()),
            // A suspended one is shown as paused, and answers as one.
            _ if over || matches!(before.status, S::Paused | S::Suspended) => {
                return Err(closed());
            }
            _ => {}
        }
        let taxonomy = self.context.taxonomy();
        let status = status_after_edit(&before, &content, &taxonomy)
            .map_err(|refusal| at(PLACE, refusal))?;
        let after = InvestorProfile {
            content,
            status,
            revision: before.revision + 1,
            version: before.version + 1,
            updated_at: self.now,
            ..before
        };
        if !is_being_written(after.status) {
            self.check_shown(conn, &after)?;
        }
        store(conn, &after)?;
        self.log_about(conn, source, &after)?;
        self.submit_about(conn, &after)?;
        Ok(true)
    }

    /// Others read the text of a profile in that state already.
    fn check_shown(&self, conn: &mut Conn, profile: &InvestorProfile) -> Result<(), Error> {
        let reconfirm = ProfileAction::Reconfirm;
        let around = Around::load(&self.context, conn, profile, &[reconfirm], None)?;
        let told = around.facts().told.clone();
        told.finish()
            .map_err(|told| at(PLACE, crate::domain::profile::texts_not_clean(told)))
    }

    /// Hands a profile that lacks nothing to the reviewers.
    fn submit_about(&self, conn: &mut Conn, before: &InvestorProfile) -> Result<(), Error> {
        let waits = is_being_written(before.status);
        if !waits || !obstacles(&self.context, conn, before)?.is_empty() {
            return Ok(());
        }
        let after = InvestorProfile {
            status: ProfileStatus::Submitted,
            version: before.version + 1,
            updated_at: self.now,
            ..before.clone()
        };
        store(conn, &after)?;
        self.pen.append(
            conn,
            "investor_profile.submitted",
            (SubjectKind::InvestorProfile, after.id),
            vec![
                ("from", code(before.status.code())),
                ("to", code(after.status.code())),
                ("revision", Value::Int(after.revision)),
            ],
        )
    }

    fn log_about(
        &self,
        conn: &mut Conn,
        source: Source,
        profile: &InvestorProfile,
    ) -> Result<(), Error> {
        let mut facts = vec![
            ("organization", Value::Id(profile.organization.uuid())),
            ("to", code(profile.status.code())),
            ("revision", Value::Int(profile.revision)),
        ];
        let kind = match source {
            Source::Referral(referral) => {
                facts.push(("referral", Value::Id(referral.uuid())));
                "investor_profile.referred"
            }
            Source::File => "investor_profile.imported",
        };
        self.pen.append(
            conn,
            kind,
            (SubjectKind::InvestorProfile, profile.id),
            facts,
        )
    }
}

/// Where what is said of an investor comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Referral(ReferralId),
    File,
}

/// What became of a row of which the firm keeps a part.
const fn kept(outcome: RowOutcome) -> RowOutcome {
    match outcome {
        RowOutcome::Unchanged => RowOutcome::Kept,
        other => other,
    }
}
