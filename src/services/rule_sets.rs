//! Rule sets: drafted, simulated, published by a person, retired.
//!
//! A programme matches by one rule set at a time. Rankings read it with each
//! question, so that the next one after publishing goes by the new rules, while
//! every explanation on record names the rules it was computed by.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::db::page::Page;
use crate::db::rule_sets;
pub use crate::db::rule_sets::Filter;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::{ProgrammeId, RuleSetId};
use crate::domain::permission::{Hat, Operation};
use crate::domain::programme::Programme;
use crate::domain::refusal::Refusal;
use crate::domain::rule_set::{KeptRuleSet, RuleSetAction, RuleSetStatus, check_edit, step};
use crate::domain::scoring::RuleSet;
use crate::domain::tag::Taxonomy;
use crate::matching::rarity::rarity;
use crate::matching::rules::validate;

use super::caller::in_any_hat;
use super::log::Pen;
use super::once::write_once;
use super::paging::{PageRequest, after, read_page};
use super::transitions::{available, check_version, code};
use super::{Caller, Context, Error, Intent, programmes};

/// Profiles that are read at once while tags are counted.
const AT_ONCE: usize = 500;

/// Everything that is wrong with what a rule set says.
///
/// # Errors
/// Every fault, by its pointer into the rule set.
pub fn check(rules: &RuleSet, taxonomy: &Taxonomy) -> Result<(), Faults> {
    validate(rules, taxonomy)
}

/// A draft of a programme; without `rules` a copy of those it matches by now.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    programme: ProgrammeId,
    rules: Option<RuleSet>,
) -> Result<KeptRuleSet, Error> {
    caller.may(Operation::WriteRules, &[])?;
    let now = context.now();
    let id: RuleSetId = context.new_id();
    let pen = context.pen(caller.actor());
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let programme = programmes::load(conn, programme)?;
            let rules = match rules {
                Some(rules) => rules,
                None => load(conn, programme.rule_set)?.rules,
            };
            let kept = KeptRuleSet {
                id,
                programme: Some(programme.id),
                rules: RuleSet { id, ..rules },
                status: RuleSetStatus::Draft,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            rule_sets::insert_draft(conn, &kept, programme.id)?;
            pen.append(
                conn,
                "rule_set.created",
                (SubjectKind::RuleSet, id),
                vec![("programme", Value::Id(programme.id.uuid()))],
            )?;
            Ok(kept)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// One rule set, for the operator's people.
pub async fn find(context: &Context, caller: &Caller, id: RuleSetId) -> Result<KeptRuleSet, Error> {
    caller.may(Operation::ReadRules, &[])?;
    context.db.look_up(move |conn| load(conn, id)).await
}

/// Rule sets, oldest first, for the operator's people.
pub async fn list(
    context: &Context,
    caller: &Caller,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<KeptRuleSet>, Error> {
    caller.may(Operation::ReadRules, &[])?;
    read_page(
        context,
        format!("rule sets {filter:?}"),
        page,
        move |conn, cursor, limit| Ok(rule_sets::list_kept(conn, &filter, cursor, limit)?),
        |kept| after(kept.created_at, kept.id),
    )
    .await
}

/// Changes what a draft says; `revise` gets what it says and answers what it
/// is to say.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: RuleSetId,
    expected: Option<i64>,
    revise: impl FnOnce(&RuleSet) -> Result<RuleSet, Error> + Send + 'static,
) -> Result<KeptRuleSet, Error> {
    caller.may(Operation::WriteRules, &[])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    context
        .db
        .write(move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            check_edit(&before)?;
            let rules = revise(&before.rules)?;
            let after = KeptRuleSet {
                rules: RuleSet { id, ..rules },
                version: before.version + 1,
                updated_at: now,
                ..before
            };
            store(conn, &after)?;
            pen.append(
                conn,
                "rule_set.edited",
                (SubjectKind::RuleSet, id),
                vec![("version", Value::Int(after.version))],
            )?;
            Ok(after)
        })
        .await
}

/// Moves a rule set in its machine, and its programme with it.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: RuleSetId,
    expected: Option<i64>,
    action: RuleSetAction,
) -> Result<KeptRuleSet, Error> {
    caller.may(Operation::PublishRules, &[])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    let hats = hats(caller);
    let taxonomy = context.taxonomy();
    // Counted beside the writer: a programme may hold many profiles.
    let rarity = match action {
        RuleSetAction::Publish => {
            let taxonomy = Arc::clone(&taxonomy);
            let count = move |conn: &mut Conn| {
                let kept = load(conn, id)?;
                let rules = with_rarity(conn, &taxonomy, kept.programme, kept.rules)?;
                Ok::<_, Error>(rules.rarity)
            };
            Some(context.db.read(count).await?)
        }
        RuleSetAction::Retire => None,
    };
    write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let before = load(conn, id)?;
            check_version(expected, before.version)?;
            let simulated = is_simulated(conn, &before)?;
            let (status, _) = in_any_hat(&hats, |hat| step(&before, action, hat, simulated))?;
            // Tags may have gone since it was drafted.
            if status == RuleSetStatus::Published {
                validate(&before.rules, &taxonomy).map_err(Refusal::incomplete)?;
            }
            let mut after = KeptRuleSet {
                status,
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            if let Some(rarity) = rarity {
                after.rules.rarity = rarity;
            }
            if let Some(programme) = before.programme {
                follow(conn, &pen, programme, &before, &after)?;
            }
            store(conn, &after)?;
            pen.append(
                conn,
                match status {
                    RuleSetStatus::Published => "rule_set.published",
                    _ => "rule_set.retired",
                },
                (SubjectKind::RuleSet, id),
                vec![
                    ("from", code(before.status.code())),
                    ("to", code(after.status.code())),
                ],
            )?;
            Ok(after)
        },
        |conn, id| load(conn, id.into()),
    )
    .await
}

/// Rules as they would be published now: where rarity is to be counted, with
/// what it comes to among the programme's published startups.
pub(super) fn with_rarity(
    conn: &mut Conn,
    taxonomy: &Taxonomy,
    programme: Option<ProgrammeId>,
    rules: RuleSet,
) -> Result<RuleSet, Error> {
    let Some(programme) = programme.filter(|_| rules.idf) else {
        return Ok(rules);
    };
    let (mut holders, mut all, mut after) = (BTreeMap::new(), 0, None);
    loop {
        let some = db::programmes::published_after(conn, programme, after, AT_ONCE)?;
        let Some(last) = some.last().copied() else {
            break;
        };
        for profile in db::startup_profiles::find_many(conn, &some)? {
            all += 1;
            let tags = profile.content.all_tags();
            // Who holds a tag that has ended keeps it; rules don't name it.
            for tag in tags.filter(|tag| taxonomy.tag(tag).is_some()) {
                *holders.entry(tag.clone()).or_default() += 1;
            }
        }
        after = Some(last);
    }
    Ok(RuleSet {
        rarity: rarity(&holders, all),
        ..rules
    })
}

/// Has a programme match by what one of its rule sets comes to; what it
/// published before is retired.
fn follow(
    conn: &mut Conn,
    pen: &Pen,
    programme: ProgrammeId,
    before: &KeptRuleSet,
    after: &KeptRuleSet,
) -> Result<(), Error> {
    let rules = match (before.status, after.status) {
        (_, RuleSetStatus::Published) => after.id,
        (RuleSetStatus::Published, _) => programmes::newest_rule_set(conn)?,
        _ => return Ok(()),
    };
    let held = programmes::load(conn, programme)?;
    let next = Programme {
        rule_set: rules,
        version: held.version + 1,
        updated_at: after.updated_at,
        ..held.clone()
    };
    // First of all: whoever publishes another one at once meets it here.
    if !db::programmes::update(conn, &next)? {
        return Err(Error::StaleVersion);
    }
    pen.append(
        conn,
        "programme.rules_changed",
        (SubjectKind::Programme, programme),
        vec![
            ("from_rule_set", Value::Id(held.rule_set.uuid())),
            ("rule_set", Value::Id(rules.uuid())),
        ],
    )?;
    let replaced = rule_sets::published_of(conn, programme)?.filter(|held| held.id != after.id);
    if let Some(replaced) = replaced {
        let retired = KeptRuleSet {
            status: RuleSetStatus::Retired,
            version: replaced.version + 1,
            updated_at: after.updated_at,
            ..replaced
        };
        store(conn, &retired)?;
        pen.append(
            conn,
            "rule_set.retired",
            (SubjectKind::RuleSet, retired.id),
            vec![
                ("from", code(RuleSetStatus::Published.code())),
                ("to", code(RuleSetStatus::Retired.code())),
                ("replaced_by", Value::Id(after.id.uuid())),
            ],
        )?;
    }
    Ok(())
}

/// What can be done with a rule set now, each action with what stands in its
/// way.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    id: RuleSetId,
) -> Result<Vec<(RuleSetAction, Option<Refusal>)>, Error> {
    caller.may(Operation::ReadRules, &[])?;
    let (kept, simulated) = context
        .db
        .look_up(move |conn| {
            let kept = load(conn, id)?;
            let simulated = is_simulated(conn, &kept)?;
            Ok::<_, Error>((kept, simulated))
        })
        .await?;
    Ok(available(
        RuleSetAction::ALL,
        &hats(caller),
        |action, hat| step(&kept, action, hat, simulated).map(drop),
    ))
}

/// Whether somebody looked at what this version changes beside the rules that
/// its programme matches by now.
fn is_simulated(conn: &mut Conn, kept: &KeptRuleSet) -> Result<bool, Error> {
    let Some(programme) = kept.programme else {
        return Ok(false);
    };
    let held = programmes::load(conn, programme)?.rule_set;
    Ok(rule_sets::is_simulated(conn, kept.id, kept.version, held)?)
}

fn hats(caller: &Caller) -> Vec<Hat> {
    if caller.is(Role::Curator) {
        vec![Hat::Curator]
    } else {
        vec![]
    }
}

pub(super) fn load(conn: &mut Conn, id: RuleSetId) -> Result<KeptRuleSet, Error> {
    rule_sets::find_kept(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, kept: &KeptRuleSet) -> Result<(), Error> {
    if rule_sets::update(conn, kept)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}
