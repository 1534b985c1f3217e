//! How a programme releases, and how evenly it did.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::{self, Conn};
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::permission::Operation;
use crate::domain::releasing::{ByRule, Fairness, ReleaseSettings};
use crate::domain::rule_set::Concentration;
use crate::matching::simulation::concentration;
use crate::services::once::{Recorded, write_once};
use crate::services::teasers::{Party, parties};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent, programmes};

/// Most startups that are named at either end.
const MOST_NAMED: usize = 20;

impl Recorded for ReleaseSettings {
    fn id(&self) -> uuid::Uuid {
        self.programme.uuid()
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// How a programme releases, for the operator's people.
pub async fn settings_of(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
) -> Result<ReleaseSettings, Error> {
    caller.may(Operation::RankMatches, &[])?;
    context.db.read(move |conn| of(conn, programme)).await
}

pub(super) fn of(conn: &mut Conn, programme: ProgrammeId) -> Result<ReleaseSettings, Error> {
    let since = programmes::load(conn, programme)?.created_at;
    let set = db::releases::settings_of(conn, programme)?;
    Ok(set.unwrap_or_else(|| ReleaseSettings::usual(programme, since)))
}

/// Changes how a programme releases, for curators.
pub async fn change(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    expected: Option<i64>,
    (by_rule, fairness): (Option<ByRule>, Option<Fairness>),
) -> Result<ReleaseSettings, Error> {
    caller.may(Operation::RankMatches, &[])?;
    caller.may(Operation::WriteProgramme, &[])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = of(conn, programme)?;
            check_version(expected, before.version)?;
            let after = ReleaseSettings {
                programme,
                by_rule,
                fairness,
                version: before.version + 1,
                updated_at: now,
            };
            if !db::releases::set_settings(conn, &after)? {
                return Err(Error::StaleVersion);
            }
            let from = by_rule.map_or("off", |rule| rule.from.code());
            let mut payload = vec![
                ("by_rule_from", code(from)),
                ("fair", Value::Flag(fairness.is_some())),
            ];
            if let Some(fairness) = fairness {
                payload.extend([
                    ("cap", Value::Int(fairness.cap)),
                    ("window_days", Value::Int(fairness.window_days)),
                    ("share", Value::Int(fairness.share)),
                    ("little", Value::Int(fairness.little)),
                ]);
            }
            let subject = (SubjectKind::Programme, programme);
            pen.append(conn, "programme.release_settings_changed", subject, payload)?;
            Ok(after)
        },
        |conn, id| of(conn, id.into()),
    )
    .await
}

/// How often a startup was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub startup: Party,
    /// How often.
    pub times: i64,
}

/// How evenly a programme showed its startups to investors.
#[derive(Debug, Clone)]
pub struct Report {
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often any startup was shown.
    pub showings: i64,
    /// Startups that are published in the programme or were shown.
    pub startups: usize,
    /// Of these, how many were not shown at all.
    pub never_shown: usize,
    /// How uneven that is.
    pub concentration: Concentration,
    /// Those shown most, the most shown first.
    pub most: Vec<Shown>,
    /// Those shown least, the least shown first.
    pub least: Vec<Shown>,
    /// What the programme does about it.
    pub settings: ReleaseSettings,
}

/// How evenly a programme showed its startups within so many days, for the
/// operator's people.
pub async fn exposure(
    context: &Context,
    caller: &Caller,
    programme: ProgrammeId,
    days: i64,
) -> Result<Report, Error> {
    caller.may(Operation::RankMatches, &[])?;
    let since = context.now() - TimeDelta::days(days);
    context
        .db
        .read(move |conn| {
            let settings = of(conn, programme)?;
            let mut shown = db::matches::showings(conn, programme, since)?;
            for startup in db::programmes::published_firms(conn, programme)? {
                shown.entry(startup).or_insert(0);
            }
            let mut all: Vec<(OrganizationId, i64)> = shown.into_iter().collect();
            all.sort_by_key(|(startup, times)| (-times, *startup));
            let counts: Vec<i64> = all.iter().map(|(_, times)| *times).collect();
            let most = all.iter().filter(|(_, times)| *times > 0);
            let most = named(conn, most.take(MOST_NAMED).copied().collect())?;
            let least = named(conn, all.iter().rev().take(MOST_NAMED).copied().collect())?;
            Ok(Report {
                since,
                showings: counts.iter().sum(),
                startups: counts.len(),
                never_shown: counts.iter().filter(|times| **times == 0).count(),
                concentration: concentration(counts),
                most,
                least,
                settings,
            })
        })
        .await
}

fn named(conn: &mut Conn, some: Vec<(OrganizationId, i64)>) -> Result<Vec<Shown>, Error> {
    let firms: Vec<OrganizationId> = some.iter().map(|(startup, _)| *startup).collect();
    let names = parties(conn, &firms)?;
    let shown = some.into_iter().map(|(startup, times)| {
        let startup = names.get(&startup).cloned().ok_or(Error::NotFound)?;
        Ok(Shown { startup, times })
    });
    shown.collect()
}
