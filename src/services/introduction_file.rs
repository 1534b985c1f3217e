//! Everything on record about one introduction in one document, for whoever
//! has to show why two firms were told of each other: decisions, consents,
//! disclosures, hashes of messages, and the lines of the log with the hashes
//! that chain them.

use chrono::{DateTime, Utc};

pub use crate::db::decisions::Decision;
pub use crate::db::disclosures::{Disclosure, Release};
pub use crate::db::events::{Head, SealedEvent};
pub use crate::db::introductions::GivenAnswer;
pub use crate::db::outbox::Message;
use crate::db::{self, Conn};
pub use crate::domain::compliance::Clearance;
use crate::domain::event::{Subject, SubjectKind};
use crate::domain::ids::{IntroductionId, OrganizationId};
use crate::domain::introduction::Introduction;
use crate::domain::licence;
pub use crate::domain::licence::Licence;
use crate::domain::permission::Operation;

use super::{Caller, Context, Error, introductions};

/// Most decisions about the match, and about the introduction, that it shows;
/// their own lists have all.
const MOST_DECISIONS: usize = 99;

/// Most events of one record that the file holds; an introduction has a few
/// dozen at most.
const MOST_EVENTS: usize = 1_000;

/// What somebody of a firm agreed to before an introduction went out.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Of which firm.
    pub organization: OrganizationId,
    /// What for.
    pub purpose: String,
    /// The text that was agreed to.
    pub text: String,
    /// When.
    pub given_at: DateTime<Utc>,
}

/// Everything on record about one introduction.
#[derive(Debug, Clone)]
pub struct File {
    /// The record.
    pub introduction: Introduction,
    /// Every answer with who gave it.
    pub answers: Vec<GivenAnswer>,
    /// What compliance decided about the match and the introduction.
    pub decisions: Vec<Decision>,
    /// What compliance released of the startup's profile to firms of the
    /// investor's country in this programme, and in the one that goes on from it:
    /// what was decided once, for another match, holds for this one, too.
    pub releases: Vec<Release>,
    /// Every check of both firms that was recorded.
    pub clearances: Vec<Clearance>,
    /// The startup's export licences.
    pub licences: Vec<Licence>,
    /// What the people of both firms agreed to.
    pub receipts: Vec<Receipt>,
    /// What was shown by way of the match and of the introduction.
    pub disclosures: Vec<Disclosure>,
    /// What was queued about it.
    pub messages: Vec<Message>,
    /// Its lines of the log, and those of its match.
    pub events: Vec<SealedEvent>,
    /// The end of the log's chain.
    pub head: Head,
    /// When this was put together.
    pub at: DateTime<Utc>,
}

/// The file of an introduction, for compliance and whoever reads what it
/// records.
pub async fn read(context: &Context, caller: &Caller, id: IntroductionId) -> Result<File, Error> {
    caller.may(Operation::ReadCompliance, &[])?;
    let at = context.now();
    let caller = caller.clone();
    context
        .db
        .read(move |conn| {
            let introduction = introductions::load(conn, id)?;
            let sides = [introduction.startup, introduction.investor];
            caller.may(Operation::ReadCompliance, &sides)?;
            gather(conn, introduction, at)
        })
        .await
}

fn gather(conn: &mut Conn, introduction: Introduction, at: DateTime<Utc>) -> Result<File, Error> {
    let id = introduction.id;
    let itself = Subject::new(SubjectKind::Introduction, id);
    let matched = Subject::new(SubjectKind::Match, introduction.matched);
    let mut decisions = db::decisions::list(conn, matched, None, MOST_DECISIONS)?;
    decisions.extend(db::decisions::list(conn, itself, None, MOST_DECISIONS)?);
    let mut disclosures = db::disclosures::by_way_of(conn, matched)?;
    disclosures.extend(db::disclosures::by_way_of(conn, itself)?);
    let mut events = db::events::timeline(conn, matched, 0, MOST_EVENTS)?;
    events.extend(db::events::timeline(conn, itself, 0, MOST_EVENTS)?);
    events.sort_by_key(|event| event.position);
    let (mut receipts, mut clearances) = (Vec::new(), Vec::new());
    for organization in [introduction.startup, introduction.investor] {
        clearances.extend(db::clearances::list(conn, organization)?);
        let given = db::consents::of_organization(conn, organization)?;
        receipts.extend(given.into_iter().map(|(purpose, text, given_at)| Receipt {
            organization,
            purpose,
            text,
            given_at,
        }));
    }
    for consent in db::introduction_consents::of_introduction(conn, id)? {
        receipts.push(Receipt {
            organization: introduction.organization(consent.side),
            purpose: "introduction".to_owned(),
            text: consent.text,
            given_at: consent.given_at,
        });
    }
    Ok(File {
        answers: db::introductions::answers(conn, id)?,
        decisions,
        releases: releases(conn, &introduction)?,
        clearances,
        licences: licences(conn, introduction.startup)?,
        receipts,
        disclosures,
        messages: db::outbox::about(conn, itself)?,
        events,
        head: db::events::head(conn)?,
        introduction,
        at,
    })
}

/// The releases that could let the startup be shown to this investor.
fn releases(conn: &mut Conn, introduction: &Introduction) -> Result<Vec<Release>, Error> {
    let pair = introductions::pair(conn, introduction)?;
    let Some(country) = pair.mandate.country else {
        return Ok(Vec::new());
    };
    let mut programmes = vec![introduction.programme, pair.programme.id];
    programmes.dedup();
    let profile = introduction.startup_profile;
    Ok(db::disclosures::releases_on_record(
        conn,
        profile,
        &programmes,
        country,
    )?)
}

fn licences(conn: &mut Conn, startup: OrganizationId) -> Result<Vec<Licence>, Error> {
    Ok(db::licences::list(conn, startup, None, licence::MOST)?)
}
