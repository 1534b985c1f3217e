//! What is done with a tag beside changing what it says.

use std::collections::BTreeSet;

use crate::db::Conn;
use crate::db::tags::{self as rows, TagMerge};
use crate::domain::account::Role;
use crate::domain::event::{Payload, SubjectKind, Value};
use crate::domain::ids::TagId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::tag::keeping::{
    KeptTag, TagAction, TagDecision, check_care, people_to_grade, reviewed, step,
};
use crate::domain::tag::{Sensitivity, Taxonomy};
use crate::domain::text::{Language, Slug};

use super::snapshot::Taxonomies;
use super::{Desk, follow, load, repoint, store, unchanged};
use crate::services::caller::in_any_hat;
use crate::services::once::write_once;
use crate::services::transitions::{available, check_version, code};
use crate::services::{Caller, Context, Error, Intent};

/// An action with what it takes.
#[derive(Debug, Clone)]
pub enum TagMove {
    /// These labels have been read by a person.
    ReviewLabels(BTreeSet<Language>),
    /// It is handled so from now on, because.
    Grade(Sensitivity, String),
    /// Its words name that tag from now on.
    Redirect(Slug),
    /// It is that tag from now on, for all who hold it.
    Merge(Slug),
    /// It can be chosen again, because.
    Restore(String),
}

impl TagMove {
    const fn action(&self) -> TagAction {
        match self {
            Self::ReviewLabels(_) => TagAction::ReviewLabels,
            Self::Grade(..) => TagAction::Grade,
            Self::Redirect(_) => TagAction::Redirect,
            Self::Merge(_) => TagAction::Merge,
            Self::Restore(_) => TagAction::Restore,
        }
    }
}

/// What the caller can do with a tag.
pub async fn transitions(
    context: &Context,
    caller: &Caller,
    slug: &Slug,
) -> Result<Vec<(TagAction, Option<Refusal>)>, Error> {
    let kept = super::find(context, caller, slug)?;
    if caller.may(Operation::WriteTaxonomy, &[]).is_err() {
        return Ok(Vec::new());
    }
    let attempt = |action, hat| step(&kept, action, hat);
    Ok(available(TagAction::ALL, &hats(caller), attempt))
}

/// In which capacities somebody keeps tags.
fn hats(caller: &Caller) -> Vec<Hat> {
    let mut hats = Vec::new();
    if caller.is(Role::Curator) || caller.is(Role::Admin) {
        hats.push(Hat::Curator);
    }
    if caller.is(Role::Compliance) {
        hats.push(Hat::Compliance);
    }
    hats
}

/// Does something with a tag. What takes two people is noted for the first of
/// them, and done with the second.
pub async fn transition(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: TagId,
    expected: Option<i64>,
    wanted: TagMove,
) -> Result<KeptTag, Error> {
    caller.may(Operation::WriteTaxonomy, &[])?;
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let moved = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let desk = Desk::open(conn, &context_in.taxonomies)?;
            let before = desk.find(id)?.clone();
            check_version(expected, before.version)?;
            let attempt = |hat| step(&before, wanted.action(), hat);
            in_any_hat(&hats(&caller_in), attempt)?;
            let after = KeptTag {
                version: before.version + 1,
                updated_at: context_in.now(),
                ..before.clone()
            };
            let stand = Stand {
                context: &context_in,
                caller: &caller_in,
                desk: &desk,
                before: &before,
            };
            stand.act(conn, after, wanted)
        },
        |conn, id| load(conn, id.into()),
    )
    .await?;
    follow(context).await;
    Ok(moved)
}

/// One action on one tag.
struct Stand<'a> {
    context: &'a Context,
    caller: &'a Caller,
    desk: &'a Desk,
    before: &'a KeptTag,
}

impl Stand<'_> {
    fn act(&self, conn: &mut Conn, mut after: KeptTag, wanted: TagMove) -> Result<KeptTag, Error> {
        match wanted {
            TagMove::ReviewLabels(languages) => {
                after.tag.labels = reviewed(&after.tag.labels, &languages)?;
                store(conn, &after)?;
                let codes = languages.iter().map(ToString::to_string).collect();
                let payload = vec![("languages", Value::Codes(codes))];
                self.log(conn, "tag.labels_reviewed", payload)?;
            }
            TagMove::Grade(to, reason) => {
                let from = after.tag.sensitivity;
                if from == to {
                    return Err(unchanged("It is handled so").into());
                }
                after.tag.sensitivity = to;
                let next = self.next(&[&after])?;
                let payload = vec![("from", code(from.code())), ("to", code(to.code()))];
                let matter = format!("grade {from} {to}");
                return self.decide(conn, after, &next, (matter, reason), "tag.graded", payload);
            }
            TagMove::Restore(reason) => {
                if rows::running_merges(conn)?
                    .iter()
                    .any(|job| job.source == after.tag.slug)
                {
                    return Err(Error::refused("merging", "Its holders are being moved."));
                }
                let from = after.tag.leads_to().clone();
                after.tag.term.redirect = None;
                after.merged = false;
                let next = self.next(&[&after])?;
                self.desk.check_freezes(conn, &next, self.context.now())?;
                let payload = vec![("from", code(from.as_str()))];
                let matter = format!("restore {from}");
                return self.decide(
                    conn,
                    after,
                    &next,
                    (matter, reason),
                    "tag.restored",
                    payload,
                );
            }
            TagMove::Redirect(to) => {
                after.tag.term.redirect = Some(to.clone());
                self.lead(conn, &after, &to)?;
                let payload = vec![("to", code(to.as_str()))];
                self.log(conn, "tag.redirected", payload)?;
            }
            TagMove::Merge(into) => {
                after.tag.term.redirect = Some(into.clone());
                after.merged = true;
                self.lead(conn, &after, &into)?;
                self.begin_merge(conn, &into)?;
                let payload = vec![("into", code(into.as_str()))];
                self.log(conn, "tag.merged", payload)?;
            }
        }
        Ok(after)
    }

    fn next(&self, changed: &[&KeptTag]) -> Result<Taxonomy, Error> {
        let taxonomies: &Taxonomies = &self.context.taxonomies;
        let all = self.desk.with(changed);
        self.desk.next(taxonomies, &all, &self.before.tag)
    }

    fn log(&self, conn: &mut Conn, kind: &'static str, payload: Payload) -> Result<(), Error> {
        let pen = self.context.pen(self.caller.actor());
        pen.append(conn, kind, (SubjectKind::Tag, self.before.id), payload)
    }

    /// Does what may lower how carefully tags are handled, once as many people
    /// of compliance say so as it takes.
    fn decide(
        &self,
        conn: &mut Conn,
        after: KeptTag,
        next: &Taxonomy,
        (matter, reason): (String, String),
        kind: &'static str,
        payload: Payload,
    ) -> Result<KeptTag, Error> {
        let needed = people_to_grade(&self.desk.taxonomy, next);
        if needed > 0 && !self.caller.is(Role::Compliance) {
            return Err(Error::refused(
                "for_compliance",
                "This has something handled less carefully, which compliance decides.",
            ));
        }
        let person = self.caller.id();
        let waiting = rows::waiting(conn, after.id, &matter)?;
        if waiting.contains(&person) && needed > 1 {
            return Err(Error::refused(
                "second_person_needed",
                "You have said so already; somebody else has to agree.",
            ));
        }
        let enough = waiting.iter().filter(|it| **it != person).count() + 1 >= needed;
        let made = TagDecision {
            matter,
            reason,
            person,
            settled: enough,
            created_at: self.context.now(),
        };
        let hash = Value::hash_of(&made.reason);
        let id = self.context.new_id();
        rows::insert_decision(conn, id, after.id, &made)?;
        if !enough {
            let first = KeptTag {
                version: after.version,
                updated_at: after.updated_at,
                ..self.before.clone()
            };
            store(conn, &first)?;
            let payload = vec![("matter", Value::hash_of(&made.matter)), ("reason", hash)];
            self.log(conn, "tag.seconding", payload)?;
            return Ok(first);
        }
        rows::settle(conn, after.id)?;
        store(conn, &after)?;
        let mut payload = payload;
        payload.push(("reason", hash));
        self.log(conn, kind, payload)?;
        Ok(after)
    }

    /// Has the words of a tag, of those that led to it and, where it is merged,
    /// what stands below it, go to another one.
    fn lead(&self, conn: &mut Conn, after: &KeptTag, to: &Slug) -> Result<(), Error> {
        let target = self.desk.named(to).ok_or_else(|| {
            Error::refused("unknown_tag", format!("There is no tag “{to}” to lead to."))
        })?;
        if target.id == after.id || target.tag.term.redirect.is_some() {
            return Err(Error::refused(
                "not_a_target",
                format!("“{to}” can't be chosen itself."),
            ));
        }
        let own = &after.tag.slug;
        let below = self.desk.taxonomy.ancestors(to).any(|above| above == own);
        if after.merged && below {
            return Err(Error::refused(
                "target_below",
                format!("“{to}” stands below “{own}”; move it up first."),
            ));
        }
        let mut changed = vec![after.clone()];
        for kept in &self.desk.kept {
            let mut tag = kept.tag.clone();
            if tag.term.redirect.as_ref() == Some(own) {
                tag.term.redirect = Some(to.clone());
            }
            if after.merged && tag.parent.as_ref() == Some(own) {
                tag.parent = Some(to.clone());
            }
            if tag != kept.tag && kept.id != after.id {
                changed.push(KeptTag {
                    tag,
                    version: kept.version + 1,
                    updated_at: after.updated_at,
                    ..kept.clone()
                });
            }
        }
        let next = self.next(&changed.iter().collect::<Vec<_>>())?;
        check_care(&self.desk.taxonomy, &next, super::hat(self.caller))?;
        self.desk.check_freezes(conn, &next, self.context.now())?;
        let pen = self.context.pen(self.caller.actor());
        for kept in &changed {
            store(conn, kept)?;
            if kept.id != after.id {
                let payload = vec![("to", code(to.as_str()))];
                pen.append(conn, "tag.moved", (SubjectKind::Tag, kept.id), payload)?;
            }
        }
        Ok(())
    }

    /// Has a job begin that goes to all who hold the tag; programmes that are
    /// limited to it take in the other one at once.
    fn begin_merge(&self, conn: &mut Conn, into: &Slug) -> Result<(), Error> {
        let source = &self.before.tag.slug;
        let pen = self.context.pen(self.caller.actor());
        repoint::widen_scopes(conn, &pen, source, into)?;
        let job = TagMerge {
            id: self.context.new_id(),
            source: source.clone(),
            target: into.clone(),
            by: self.caller.id(),
            held: 0,
            created_at: self.context.now(),
        };
        Ok(rows::insert_merge(conn, &job)?)
    }
}
