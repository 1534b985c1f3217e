//! The questions of compliance's queue: for each what waits on it, what the
//! gate says, and what was released.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::db::reviews::{About, Waits as Row};
use crate::db::{self, Conn};
use crate::domain::compliance::WaitingKind;
use crate::domain::disclosure::{Decision, Rule};
use crate::domain::ids::{IntroductionId, MatchId, OrganizationId, StartupProfileId};
use crate::domain::introduction::Introduction;
use crate::domain::profile::ControlAnswers;
use crate::domain::release::{Matter, sensitive, unreleased};
use crate::domain::terms;

use super::disclosure::{self, Gathered, Ids, Occasion, Pair};
use super::known::each;
use super::reviews::{Record, Review, SHOWN_OF_EACH, Scope, SensitiveTag, Worded};
use super::{Context, Error};

/// The questions among these rows, by their ids: what waits on them, the
/// profiles, the releases and what the gate says are looked up together.
pub(super) fn questions(
    context: &Context,
    conn: &mut Conn,
    rows: &[Row],
) -> Result<BTreeMap<Uuid, Box<Review>>, Error> {
    let rows = rows.iter().filter(|row| row.kind == WaitingKind::Question);
    let rows: BTreeMap<About, &Row> = rows.map(|row| (row.about, row)).collect();
    let profiles = each(rows.keys().filter_map(|about| about.profile));
    let mut members = members(conn, &profiles, SHOWN_OF_EACH)?;
    members.retain(|member| rows.contains_key(&member.about));
    let pairs: Vec<&Pair> = members.iter().map(|member| &member.pair).collect();
    let accounts = disclosure::accounts(context, conn, &pairs, Occasion::Running)?;
    let mut reviews: BTreeMap<Uuid, Box<Review>> = BTreeMap::new();
    let firms = each(pairs.iter().map(|pair| pair.profile.organization));
    let names: BTreeMap<OrganizationId, String> = db::organizations::find_many(conn, &firms)?
        .into_iter()
        .map(|firm| (firm.id, firm.details.display_name().to_string()))
        .collect();
    let gathered = Gathered::load(context, conn, &each_profile(&members))?;
    for (member, account) in members.iter().zip(accounts) {
        let Some(row) = rows.get(&member.about) else {
            continue;
        };
        let review = reviews.entry(row.id).or_insert_with(|| {
            let mut review = question(context, &gathered, &member.pair, row);
            let name = names.get(&review.startup);
            review.startup_name = name.cloned().unwrap_or_default();
            Box::new(review)
        });
        let (rules, two_people) = match account.decision {
            Decision::Review { rules, two_people } => (rules, two_people),
            Decision::Deny { rules } => (rules, false),
            // Nothing is open any more; a yes moves it on.
            Decision::Allow => (vec![], false),
        };
        review.two_people |= two_people;
        review.note_rules(rules);
        match &member.record {
            Recorded::Match(id) => review.matches.push(*id),
            Recorded::Introduction(record) => {
                review.introductions.push(record.id);
                let hits = terms::marked(&record.blurb, &context.taxonomy());
                if !hits.is_empty() {
                    review.note_rules([Rule::Terms]);
                    review.worded.push(Worded {
                        introduction: record.id,
                        version: record.version,
                        words: hits.into_iter().map(|hit| hit.words).collect(),
                    });
                }
            }
        }
    }
    Ok(reviews)
}

/// A record that waits on a question, with what the gate is asked about.
pub(super) struct Member {
    about: About,
    /// Which record.
    pub(super) record: Recorded,
    /// What the gate is asked about.
    pub(super) pair: Pair,
}

pub(super) enum Recorded {
    Match(MatchId),
    Introduction(Box<Introduction>),
}

impl Recorded {
    pub(super) fn record(&self) -> Record {
        match self {
            Self::Match(id) => Record::Match(*id),
            Self::Introduction(introduction) => Record::Introduction(introduction.id),
        }
    }
}

/// One pair of each profile, programme and country: what compliance released is
/// the same for all of them.
fn each_profile(members: &[Member]) -> Vec<&Pair> {
    let each: BTreeMap<About, &Pair> = members.iter().map(|it| (it.about, &it.pair)).collect();
    each.into_values().collect()
}

/// What waits on the questions about these profiles, of each question so many of
/// each kind, the longest waiting first.
pub(super) fn members(
    conn: &mut Conn,
    profiles: &[StartupProfileId],
    most: usize,
) -> Result<Vec<Member>, Error> {
    let found = db::reviews::members(conn, profiles, most)?;
    let (mut matches, mut introductions) = (Vec::new(), Vec::new());
    for (_, member) in &found {
        match member {
            db::reviews::Member::Match(id) => matches.push(*id),
            db::reviews::Member::Introduction(id) => introductions.push(*id),
        }
    }
    let matches = db::matches::find_many(conn, &matches)?.into_iter();
    let matches: BTreeMap<MatchId, Ids> = matches
        .map(|it| (it.id, (it.programme, it.startup_profile, it.mandate)))
        .collect();
    let introductions = db::introductions::find_many(conn, &introductions)?.into_iter();
    let mut introductions: BTreeMap<IntroductionId, Introduction> =
        introductions.map(|it| (it.id, it)).collect();
    let of_introduction =
        |it: &Introduction| -> Ids { (it.programme, it.startup_profile, it.mandate) };
    let of_matches: Vec<Ids> = matches.values().copied().collect();
    let of_introductions: Vec<Ids> = introductions.values().map(of_introduction).collect();
    let of_matches = Pair::load_many(conn, &of_matches)?;
    let of_introductions = Pair::going_on_many(conn, &of_introductions)?;
    let mut members = Vec::with_capacity(found.len());
    for (about, member) in found {
        let (pair, record) = match member {
            db::reviews::Member::Match(id) => {
                let pair = matches.get(&id).and_then(|ids| of_matches.get(ids));
                (pair, Some(Recorded::Match(id)))
            }
            db::reviews::Member::Introduction(id) => {
                let found = introductions.remove(&id);
                let ids = found.as_ref().map(of_introduction);
                let pair = ids.and_then(|ids| of_introductions.get(&ids));
                (pair, found.map(|it| Recorded::Introduction(Box::new(it))))
            }
        };
        if let (Some(pair), Some(record)) = (pair, record) {
            members.push(Member {
                about,
                record,
                pair: pair.clone(),
            });
        }
    }
    Ok(members)
}

/// A question without what waits on it.
fn question(context: &Context, gathered: &Gathered, pair: &Pair, row: &Row) -> Review {
    let content = &pair.profile.content;
    let releases = gathered.releases(pair);
    let all = sensitive(content, &context.taxonomy());
    let open = unreleased(all.clone(), releases);
    let tags = all.into_iter().filter_map(|it| {
        let decided = !open.contains(&it);
        match it.matter {
            Matter::Tag(slug) => Some(SensitiveTag {
                slug,
                sensitivity: it.sensitivity,
                decided,
            }),
            _ => None,
        }
    });
    let people = open.iter().map(|it| it.people(releases));
    let released_by = people.min().unwrap_or_default();
    Review {
        scope: scope_of(pair),
        startup: pair.profile.organization,
        startup_name: String::new(),
        rules: vec![],
        tags: tags.collect(),
        control_answers: content
            .controls
            .as_ref()
            .is_some_and(ControlAnswers::needs_review),
        two_people: false,
        released_by,
        waiting: row.matches.saturating_add(row.introductions),
        matches: vec![],
        introductions: vec![],
        worded: vec![],
        since: row.since,
    }
}

pub(super) const fn scope_of(pair: &Pair) -> Scope {
    Scope {
        profile: pair.profile.id,
        revision: pair.profile.revision,
        programme: pair.programme.id,
        country: pair.mandate.country,
    }
}
