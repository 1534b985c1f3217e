//! What an investor says of itself, beside its mandate, as a partner refers it or
//! a file of the operator's has it. A firm has one such profile; nobody is asked
//! for it alone.

use crate::db::{self, Conn, investor_profiles as rows, record_names};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::{OrganizationId, ReferralId};
use crate::domain::import::RowOutcome;
use crate::domain::investor::{
    Accreditation, AccreditationStatus, InvestorContent, InvestorProfile, accredited,
    status_after_edit, step,
};
use crate::domain::permission::Hat;
use crate::domain::profile::{ProfileAction, ProfileStatus};
use crate::domain::refusal::Refusal;

use super::super::duplicates::is_claimed;
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
            faults.add(fault);
        }
    }
    Ok(faults)
}

/// What is wrong with what an investor says of itself, which undoes the mandate
/// that came with it: both are named.
pub(in crate::services) fn undoing(refused: Error) -> Error {
    match refused {
        Error::Refused(mut refusal) => {
            let of_it = |fault: &Fault| fault.pointer.starts_with(PLACE);
            if !refusal.missing.iter().any(of_it) {
                let (code, detail) = (refusal.code.clone(), refusal.detail.clone());
                refusal.missing.push(Fault::new(PLACE, code, detail));
            }
            refusal.missing.push(undone());
            Error::Refused(refusal)
        }
        Error::Invalid(mut faults) => {
            faults.push(undone());
            Error::Invalid(faults)
        }
        other => other,
    }
}

/// That the mandate of a row is not on record for what is wrong beside it.
fn undone() -> Fault {
    Fault::new(
        "/mandate",
        "undone",
        "It is not on record: it goes together with the “investor_profile” of its row, \
         or alone once that is left out.",
    )
}

/// What is said, with its accreditation as it may be said: nobody but the
/// operator's people verifies one. Whoever says the same claim again, as the
/// file that it came in does, takes no verification back.
fn with_accreditation(
    source: Source,
    before: &Accreditation,
    content: InvestorContent,
) -> Result<InvestorContent, Error> {
    use AccreditationStatus as S;
    let said = &content.accreditation;
    let again = (before.status, said.status) == (S::Verified, S::Claimed)
        && (&before.basis, before.valid_to) == (&said.basis, said.valid_to);
    let accreditation = if again {
        before.clone()
    } else {
        let by_operator = matches!(source, Source::File);
        accredited(before, said, by_operator).map_err(|wrong| {
            let mut faults = Faults::new();
            faults.absorb(PLACE, wrong);
            faults
        })?
    };
    Ok(InvestorContent {
        accreditation,
        ..content
    })
}

/// Whether a profile is corrected where it stands. A file of the operator's
/// corrects what no reviewer has taken up yet, and leaves what people moved as
/// it is; a partner is told why not.
fn is_open(source: Source, status: ProfileStatus) -> Result<bool, Error> {
    use ProfileStatus as S;
    let refusal = match status {
        S::Draft | S::ChangesRequested | S::Rejected | S::Approved | S::Published | S::Stale => {
            return Ok(true);
        }
        S::Submitted | S::InReview => in_review(),
        // A suspended one is shown as paused, and answers as one.
        S::Paused | S::Suspended | S::Withdrawn | S::Archived | S::Erased => closed(),
    };
    match source {
        Source::Referral(_) => Err(refusal),
        Source::File => Ok(status == S::Submitted),
    }
}

/// Whether people have taken a firm over, or want nothing to do with what
/// others say of it. `outcome` came of the rest of its row: what people took
/// over was kept there, though not all that was kept is people's.
fn is_taken_over(
    conn: &mut Conn,
    firm: OrganizationId,
    outcome: RowOutcome,
) -> Result<bool, Error> {
    if outcome == RowOutcome::Created {
        return Ok(false);
    }
    let mut contacts = db::contacts::asked_of(conn, &[firm])?.into_iter();
    if contacts.any(|(_, _, said_no)| said_no) {
        return Ok(true);
    }
    Ok(
        outcome == RowOutcome::Kept
            && (is_claimed(conn, firm)? || db::merges::is_part(conn, firm)?),
    )
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

    /// The same from a file of the operator's, with what became of the row, of
    /// which `outcome` came of all else: what people have taken over is left as
    /// it is, the firm's first profile included.
    pub(in crate::services) fn put_imported_about(
        &self,
        conn: &mut Conn,
        (firm, name): (OrganizationId, Option<&str>),
        content: InvestorContent,
        outcome: RowOutcome,
    ) -> Result<RowOutcome, Error> {
        if is_taken_over(conn, firm, outcome)? {
            return Ok(kept(outcome));
        }
        let became = match rows::of(conn, firm)? {
            None => {
                self.insert_about(conn, Source::File, firm, content)?;
                Corrected::Changed
            }
            Some(before) if before.claimed => Corrected::Kept,
            Some(before) => self.correct_about(conn, Source::File, before, content)?,
        };
        if became == Corrected::Kept {
            return Ok(kept(outcome));
        }
        if let (Some(name), Some(profile)) = (name, rows::of(conn, firm)?) {
            record_names::put(conn, profile.id.uuid(), name)?;
        }
        let changed = became == Corrected::Changed;
        Ok(match outcome {
            RowOutcome::Unchanged | RowOutcome::Kept if changed => RowOutcome::Updated,
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
            content: with_accreditation(source, &none, content)?,
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
    ) -> Result<Corrected, Error> {
        use ProfileStatus as S;
        let content = with_accreditation(source, &before.content.accreditation, content)?;
        let over = matches!(before.status, S::Withdrawn | S::Archived | S::Erased);
        if !over && before.content == content {
            self.submit_about(conn, &before)?;
            return Ok(Corrected::Nothing);
        }
        if !is_open(source, before.status)? {
            return Ok(Corrected::Kept);
        }
        let status = self.status_corrected(conn, &before, &content)?;
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
        Ok(Corrected::Changed)
    }

    /// Where a profile stands that says this from now on. One that waits for its
    /// reviewers stays whole, as one that others are shown does.
    fn status_corrected(
        &self,
        conn: &mut Conn,
        before: &InvestorProfile,
        content: &InvestorContent,
    ) -> Result<ProfileStatus, Error> {
        if before.status != ProfileStatus::Submitted {
            let taxonomy = self.context.taxonomy();
            return status_after_edit(before, content, &taxonomy)
                .map_err(|refusal| at(PLACE, refusal));
        }
        let anew = InvestorProfile {
            content: content.clone(),
            status: ProfileStatus::Draft,
            ..before.clone()
        };
        let lacking = obstacles(&self.context, conn, &anew)?;
        if lacking.is_empty() {
            return Ok(before.status);
        }
        Err(at(PLACE, Refusal::incomplete(lacking)))
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
            Source::File => {
                let accreditation = profile.content.accreditation.status;
                if accreditation == AccreditationStatus::Verified {
                    facts.push(("accreditation", code(accreditation.code())));
                }
                "investor_profile.imported"
            }
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

/// What a correction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Corrected {
    /// It was said already.
    Nothing,
    Changed,
    /// People moved it: left as it is.
    Kept,
}

/// What became of a row of which the firm keeps a part.
const fn kept(outcome: RowOutcome) -> RowOutcome {
    match outcome {
        RowOutcome::Unchanged => RowOutcome::Kept,
        other => other,
    }
}
