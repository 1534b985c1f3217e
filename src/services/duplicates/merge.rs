//! Making one firm of two. Nothing that protects somebody gets weaker by it:
//! of two checks the stricter one holds, freezes, blocks and pauses of either
//! hold for both, a no of either's contact stands, and nobody comes to act for
//! a firm because it was merged.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::db::merges::{Merge, Move, Moved};
use crate::db::{self, Conn, duplicates, merges, organizations};
use crate::domain::compliance::{Clearance, Freeze, FreezeScope};
use crate::domain::duplicate::{
    Duplicate, DuplicateState, MergeFacts, Party, carries_verdict, may_merge,
};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{MergeId, OrganizationId, UserId};
use crate::domain::mandate::MandateStatus;
use crate::domain::merging::LeftOver;
use crate::domain::profile::ProfileStatus;
use crate::domain::refusal::Refusal;
use crate::domain::text::bounded;
use crate::domain::ticket::{TicketKind, TicketOutcome};
use crate::domain::values::{OrganizationKind, Side};

use super::super::log::Pen;
use super::super::transitions::code;
use super::super::{Error, merge_agreements};
use super::{desks, log, look, store};

/// Most characters of a ground or reason.
const MOST: usize = 2_000;

/// A merge under way, in its transaction.
struct Hand<'a> {
    pen: &'a Pen,
    by: UserId,
    now: DateTime<Utc>,
    merge: Merge,
}

/// Makes one firm of two, and stores that it did: `after` says which is kept.
pub(super) fn merge(
    conn: &mut Conn,
    pen: &Pen,
    by: UserId,
    after: &Duplicate,
) -> Result<(), Error> {
    let kept = after.kept.filter(|kept| after.is_about(*kept));
    let Some(kept) = kept else {
        let mut faults = Faults::new();
        faults.push("/keep", "not_one_of_the_two", "Name the one that is kept.");
        return Err(faults.into());
    };
    let gone = after.counterpart(kept);
    let (lower, upper) = after.organizations;
    organizations::lock(conn, lower)?;
    organizations::lock(conn, upper)?;
    duplicates::lock(conn)?;
    // Who is about to write for one of them has found it as it was.
    organizations::touch(conn, lower, pen.now())?;
    organizations::touch(conn, upper, pen.now())?;
    let facts = facts(conn, (kept, gone), pen.now())?;
    may_merge(&facts)?;
    // Before the kept one is looked at again, which finds this pair no more.
    store(conn, after)?;
    let merge = Merge {
        id: pen.new_id(),
        duplicate: after.id,
        kept,
        gone,
        created_at: pen.now(),
    };
    merges::insert(conn, &merge)?;
    let hand = Hand {
        pen,
        by,
        now: pen.now(),
        merge,
    };
    if facts.kept.kind == OrganizationKind::Partner {
        desks::give(conn, pen, &hand.merge)?;
    } else {
        hand.records(conn)?;
        hand.shared(conn, facts.kept.kind)?;
    }
    hand.ledgers(conn)?;
    hand.precautions(conn)?;
    if carries_verdict(&facts) {
        hand.clearance(conn)?;
    }
    hand.links(conn)?;
    hand.other_duplicates(conn, after)?;
    merges::index_records(conn, kept)?;
    hand.note(conn)?;
    look::look(conn, pen, gone)?;
    look::look(conn, pen, kept)
}

/// What stands in the way of merging, in the direction in which less does.
pub(super) fn obstacle(
    conn: &mut Conn,
    duplicate: &Duplicate,
    now: DateTime<Utc>,
) -> Result<Option<Refusal>, Error> {
    let (lower, upper) = duplicate.organizations;
    let mut least: Option<Refusal> = None;
    for (kept, gone) in [(lower, upper), (upper, lower)] {
        match may_merge(&facts(conn, (kept, gone), now)?) {
            Ok(()) => return Ok(None),
            Err(refusal) => {
                let fewer = |held: &Refusal| refusal.missing.len() < held.missing.len();
                if least.as_ref().is_none_or(fewer) {
                    least = Some(refusal);
                }
            }
        }
    }
    Ok(least)
}

fn facts(
    conn: &mut Conn,
    (kept, gone): (OrganizationId, OrganizationId),
    now: DateTime<Utc>,
) -> Result<MergeFacts, Error> {
    Ok(MergeFacts {
        kept: party(conn, kept)?,
        gone: party(conn, gone)?,
        kept_apart: db::walls::stand_between(conn, kept, gone)?,
        rival_introductions: merges::rival_introductions(conn, kept, gone)?,
        rival_referrals: merges::rival_referrals(conn, kept, gone)?,
        agreed: merge_agreements::stands(conn, kept, gone)?,
        people_joined: people_joined(conn, kept, gone)?,
        left_over: left_over(conn, gone, now)?,
    })
}

/// Whether everybody of a firm belongs to another one as well.
fn people_joined(
    conn: &mut Conn,
    kept: OrganizationId,
    gone: OrganizationId,
) -> Result<bool, Error> {
    let there: BTreeSet<UserId> = db::users::members(conn, kept)?
        .into_iter()
        .map(|(user, _)| user.id)
        .collect();
    let theirs = db::users::members(conn, gone)?;
    let joined = theirs.iter().all(|(user, _)| there.contains(&user.id));
    Ok(joined && !theirs.is_empty())
}

fn left_over(
    conn: &mut Conn,
    gone: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Vec<LeftOver>, Error> {
    let mut left = merges::left_over(conn, gone)?;
    if !db::consents::withdrawn_among(conn, &[gone], now)?.is_empty() {
        left.push(LeftOver::ConsentTakenBack);
    }
    Ok(left)
}

fn party(conn: &mut Conn, id: OrganizationId) -> Result<Party, Error> {
    let firm = organizations::find(conn, id)?.ok_or(Error::NotFound)?;
    Ok(Party {
        kind: firm.details.kind,
        claimed: is_claimed(conn, id)?,
        is_gone: merges::of_gone(conn, id)?.is_some(),
        clearance: db::clearances::latest(conn, id)?.map(|it| it.verdict),
    })
}

/// Whether people stand behind a firm: it has members, or some confirmed its
/// records once.
pub(in crate::services) fn is_claimed(conn: &mut Conn, id: OrganizationId) -> Result<bool, Error> {
    let investor = db::investor_profiles::of(conn, id)?;
    let claimed = investor.is_some_and(|it| it.claimed)
        || !db::users::members(conn, id)?.is_empty()
        || merges::profiles_of(conn, id)?
            .iter()
            .any(|(_, _, claimed, _)| *claimed)
        || merges::mandates_of(conn, id)?
            .iter()
            .any(|(_, _, claimed, _)| *claimed);
    Ok(claimed)
}

/// Whether a profile stands where others may come to see it.
fn profile_counts(status: &str) -> bool {
    use ProfileStatus as S;
    ProfileStatus::from_code(status)
        .is_some_and(|it| !matches!(it, S::Withdrawn | S::Archived | S::Erased | S::Rejected))
}

fn mandate_counts(status: &str) -> bool {
    use MandateStatus as S;
    MandateStatus::from_code(status)
        .is_some_and(|it| !matches!(it, S::Withdrawn | S::Archived | S::Erased))
}

impl Hand<'_> {
    fn keep(&self, conn: &mut Conn, moved: &Move) -> Result<(), Error> {
        Ok(merges::insert_move(conn, self.merge.id, moved)?)
    }

    /// Profiles and mandates go over. Where the keeper says something itself,
    /// what others wrote about its twin is withdrawn, so that one firm doesn't
    /// stand in the rankings twice; what compliance suspended stays so.
    fn records(&self, conn: &mut Conn) -> Result<(), Error> {
        let Merge { kept, gone, .. } = self.merge;
        let own = merges::profiles_of(conn, kept)?;
        let speaks = own.iter().any(|(_, status, ..)| profile_counts(status));
        for (id, before, _, version) in merges::profiles_of(conn, gone)? {
            let suspended = before == ProfileStatus::Suspended.code();
            let status = if speaks && !suspended && profile_counts(&before) {
                ProfileStatus::Withdrawn.code()
            } else {
                &before
            };
            if !merges::give_profile(conn, (id, version), kept, status, self.now)? {
                return Err(Error::StaleVersion);
            }
            let subject = (SubjectKind::StartupProfile, id.uuid());
            self.given(
                conn,
                Moved::StartupProfile,
                subject,
                version,
                Some((&before, status)),
            )?;
        }
        self.investor_profile(conn)?;
        let own = merges::mandates_of(conn, kept)?;
        let speaks = own.iter().any(|(_, status, ..)| mandate_counts(status));
        for (id, before, _, version) in merges::mandates_of(conn, gone)? {
            let suspended = before == MandateStatus::Suspended.code();
            let status = if speaks && !suspended && mandate_counts(&before) {
                MandateStatus::Withdrawn.code()
            } else {
                &before
            };
            if !merges::give_mandate(conn, (id, version), kept, status, self.now)? {
                return Err(Error::StaleVersion);
            }
            let subject = (SubjectKind::Mandate, id.uuid());
            self.given(
                conn,
                Moved::Mandate,
                subject,
                version,
                Some((&before, status)),
            )?;
        }
        Ok(())
    }

    /// A firm has one investor profile: where the keeper has its own, that of
    /// its twin stays behind, withdrawn.
    fn investor_profile(&self, conn: &mut Conn) -> Result<(), Error> {
        let Merge { kept, gone, .. } = self.merge;
        let Some(profile) = db::investor_profiles::of(conn, gone)? else {
            return Ok(());
        };
        let speaks = db::investor_profiles::of(conn, kept)?.is_some();
        let before = profile.status.code();
        let suspended = profile.status == ProfileStatus::Suspended;
        let to = if speaks { gone } else { kept };
        let status = if speaks && !suspended && profile_counts(before) {
            ProfileStatus::Withdrawn.code()
        } else {
            before
        };
        let what = (profile.id, profile.version);
        if !db::investor_profiles::give(conn, what, to, status, self.now)? {
            return Err(Error::StaleVersion);
        }
        let subject = (SubjectKind::InvestorProfile, profile.id.uuid());
        if to == kept {
            let states = Some((before, status));
            return self.given(
                conn,
                Moved::InvestorProfile,
                subject,
                profile.version,
                states,
            );
        }
        let moved = Move {
            kind: Moved::InvestorProfile,
            record: profile.id.to_string(),
            version: Some(profile.version + 1),
            before: Some(format!("{before} {status}")),
        };
        self.keep(conn, &moved)?;
        let payload = vec![
            ("from", Value::Code(before.to_owned())),
            ("to", Value::Code(status.to_owned())),
            ("kept", Value::Id(kept.uuid())),
        ];
        self.pen
            .append(conn, "investor_profile.left_behind", subject, payload)
    }

    /// Matches, introductions and deals go over as they stand.
    fn shared(&self, conn: &mut Conn, kind: OrganizationKind) -> Result<(), Error> {
        let side = side_of(kind);
        for (moved, id, version) in merges::shared_of(conn, side, self.merge.gone)? {
            let what = (moved, id, version);
            if !merges::give_shared(conn, what, side, self.merge.kept, self.now)? {
                return Err(Error::StaleVersion);
            }
            let subject = match moved {
                Moved::Match => SubjectKind::Match,
                Moved::Introduction => SubjectKind::Introduction,
                _ => SubjectKind::Deal,
            };
            self.given(conn, moved, (subject, id), version, None)?;
        }
        Ok(())
    }

    fn given(
        &self,
        conn: &mut Conn,
        kind: Moved,
        subject: (SubjectKind, uuid::Uuid),
        version: i64,
        states: Option<(&str, &str)>,
    ) -> Result<(), Error> {
        let moved = Move {
            kind,
            record: subject.1.to_string(),
            version: Some(version + 1),
            before: states.map(|(before, after)| format!("{before} {after}")),
        };
        self.keep(conn, &moved)?;
        reassigned(
            conn,
            self.pen,
            subject,
            self.merge.gone,
            self.merge.kept,
            states,
        )
    }

    /// What bears no version: the ledger, past investments, what is the firm's
    /// alone.
    fn ledgers(&self, conn: &mut Conn) -> Result<(), Error> {
        let Merge { kept, gone, .. } = self.merge;
        for (kind, id) in merges::give_ledgers(conn, gone, kept)? {
            self.keep(conn, &plain(kind, id.to_string()))?;
        }
        for identifier in merges::identifiers_of(conn, gone)? {
            merges::give_identifier(conn, &identifier, gone, kept)?;
            self.keep(conn, &plain(Moved::Identifier, identifier))?;
        }
        Ok(())
    }

    /// Blocks, pauses, freezes and a no hold for the keeper as well.
    fn precautions(&self, conn: &mut Conn) -> Result<(), Error> {
        let Merge { kept, gone, .. } = self.merge;
        for other in db::blocks::of(conn, gone)? {
            let reason = merges::reason_of_block(conn, gone, other)?.unwrap_or_default();
            if db::blocks::insert(conn, kept, other, &reason, self.now)? {
                self.keep(conn, &plain(Moved::Block, other.to_string()))?;
            }
        }
        let held = db::matches::suppressions_of(conn, kept)?;
        for (other, until) in db::matches::suppressions_of(conn, gone)? {
            let before = held.get(&other).copied();
            if other == kept || before.is_some_and(|before| before >= until) {
                continue;
            }
            db::matches::suppress(conn, kept, other, until)?;
            let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
            let moved = Move {
                before: before.map(text),
                ..plain(Moved::Suppression, other.to_string())
            };
            self.keep(conn, &moved)?;
        }
        for freeze in db::freezes::standing(conn, self.now)? {
            if freeze.scope == FreezeScope::Organization(gone) {
                self.freeze(conn, &freeze)?;
            }
        }
        for (email, language) in db::contacts::objections(conn, gone)? {
            db::contacts::object(conn, kept, &email, &language, self.now)?;
        }
        Ok(())
    }

    fn freeze(&self, conn: &mut Conn, before: &Freeze) -> Result<(), Error> {
        let kept = self.merge.kept;
        let freeze = Freeze {
            id: self.pen.new_id(),
            scope: FreezeScope::Organization(kept),
            reason: before.reason.clone(),
            starts_at: before.starts_at.max(self.now),
            ends_at: before.ends_at,
            created_at: self.now,
        };
        db::freezes::insert(conn, &freeze, self.by)?;
        self.keep(conn, &plain(Moved::Freeze, freeze.id.to_string()))?;
        self.pen.append(
            conn,
            "freeze.ordered",
            (SubjectKind::Freeze, freeze.id),
            vec![
                ("scope", code("organization")),
                ("value", Value::Id(kept.uuid())),
                ("reason", Value::hash_of(&freeze.reason)),
                ("merge", Value::Id(self.merge.id.uuid())),
            ],
        )
    }

    /// The stricter verdict holds for the keeper from now on.
    fn clearance(&self, conn: &mut Conn) -> Result<(), Error> {
        let Some(before) = db::clearances::latest(conn, self.merge.gone)? else {
            return Ok(());
        };
        let basis = format!("Of {}, merged: {}", self.merge.gone, before.basis);
        let clearance = Clearance {
            id: self.pen.new_id(),
            organization: self.merge.kept,
            basis: bounded(&basis, MOST, true).unwrap_or(before.basis),
            by: self.by,
            created_at: self.now,
            ..before
        };
        db::clearances::insert(conn, &clearance)?;
        self.keep(conn, &plain(Moved::Clearance, clearance.id.to_string()))?;
        self.pen.append(
            conn,
            "organization.screened",
            (SubjectKind::Organization, clearance.organization),
            vec![
                ("verdict", code(clearance.verdict.code())),
                ("valid_to", Value::Date(clearance.valid_to)),
                ("basis", Value::hash_of(&clearance.basis)),
                ("merge", Value::Id(self.merge.id.uuid())),
            ],
        )
    }

    /// A link that was mailed for the firm that went would let its reader into
    /// the other one.
    fn links(&self, conn: &mut Conn) -> Result<(), Error> {
        for kind in [TicketKind::Claim, TicketKind::Invitation] {
            for open in db::tickets::open_of(conn, kind, self.merge.gone, self.now)? {
                db::tickets::close(conn, open.id, TicketOutcome::Revoked, self.now)?;
            }
        }
        Ok(())
    }

    /// Other duplicates of the firm that went are its keeper's from now on,
    /// and are found again as such.
    fn other_duplicates(&self, conn: &mut Conn, this: &Duplicate) -> Result<(), Error> {
        for open in duplicates::open_of(conn, self.merge.gone)? {
            if open.id == this.id {
                continue;
            }
            let after = Duplicate {
                state: DuplicateState::Dismissed,
                version: open.version + 1,
                updated_at: self.now,
                ..open
            };
            store(conn, &after)?;
            let moved = Move {
                version: Some(after.version),
                ..plain(Moved::Duplicate, after.id.to_string())
            };
            self.keep(conn, &moved)?;
            let because = ("merge", Value::Id(self.merge.id.uuid()));
            log(conn, self.pen, "duplicate.vanished", &after, vec![because])?;
        }
        Ok(())
    }

    /// On both firms' timelines.
    fn note(&self, conn: &mut Conn) -> Result<(), Error> {
        let Merge { id, kept, gone, .. } = self.merge;
        note(conn, self.pen, id, ("organization.merged", kept, gone))?;
        note(conn, self.pen, id, ("organization.merged_into", gone, kept))
    }
}

/// Notes on a firm's timeline what became of it and another one.
pub(super) fn note(
    conn: &mut Conn,
    pen: &Pen,
    merge: MergeId,
    (kind, firm, other): (&'static str, OrganizationId, OrganizationId),
) -> Result<(), Error> {
    pen.append(
        conn,
        kind,
        (SubjectKind::Organization, firm),
        vec![
            ("other", Value::Id(other.uuid())),
            ("merge", Value::Id(merge.uuid())),
        ],
    )
}

/// Notes on a record's timeline that it is another firm's now.
pub(super) fn reassigned(
    conn: &mut Conn,
    pen: &Pen,
    (kind, id): (SubjectKind, uuid::Uuid),
    from: OrganizationId,
    to: OrganizationId,
    states: Option<(&str, &str)>,
) -> Result<(), Error> {
    let mut payload = vec![
        ("from_organization", Value::Id(from.uuid())),
        ("organization", Value::Id(to.uuid())),
    ];
    if let Some((before, after)) = states {
        payload.push(("from", code(before)));
        payload.push(("to", code(after)));
    }
    let name = match kind {
        SubjectKind::StartupProfile => "startup_profile.reassigned",
        SubjectKind::InvestorProfile => "investor_profile.reassigned",
        SubjectKind::Mandate => "mandate.reassigned",
        SubjectKind::Match => "match.reassigned",
        SubjectKind::Introduction => "introduction.reassigned",
        SubjectKind::Import => "import.reassigned",
        SubjectKind::Programme => "programme.reassigned",
        _ => "deal.reassigned",
    };
    pen.append(conn, name, (kind, id), payload)
}

/// On which side firms of that kind stand.
pub(super) const fn side_of(kind: OrganizationKind) -> Side {
    match kind {
        OrganizationKind::Investor => Side::Investor,
        _ => Side::Startup,
    }
}

const fn plain(kind: Moved, record: String) -> Move {
    Move {
        kind,
        record,
        version: None,
        before: None,
    }
}
