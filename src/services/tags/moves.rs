//! What is done with a tag beside changing what it says.

use std::collections::BTreeSet;

use crate::db::Conn;
use crate::db::tags::{self as rows, TagMerge};
use crate::domain::account::Role;
use crate::domain::event::{Payload, SubjectKind, Value};
use crate::domain::ids::{TagId, UserId};
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
    let id = super::find(context, caller, slug)?.id;
    if caller.may(Operation::WriteTaxonomy, &[]).is_err() {
        return Ok(Vec::new());
    }
    let (context_in, caller) = (context.clone(), caller.clone());
    let read = move |conn: &mut Conn| {
        let desk = Desk::read(conn, &context_in.taxonomies)?;
        let stand = Stand {
            context: &context_in,
            caller: &caller,
            before: desk.find(id)?,
            desk: &desk,
        };
        stand.open(conn)
    };
    context.db.read(read).await
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

/// A refusal apart from what went wrong. A taxonomy that would contradict itself
/// is one as well, with the code of the first fault.
fn refusal_of<T>(tried: Result<T, Error>) -> Result<Result<(), Refusal>, Error> {
    match tried {
        Ok(_) => Ok(Ok(())),
        Err(Error::Refused(refusal)) => Ok(Err(refusal)),
        Err(Error::Invalid(faults)) => {
            let first = faults.first();
            let said = first.map(|it| (it.code.clone(), it.detail.clone()));
            Ok(said.map_or(Ok(()), |(code, detail)| {
                Err(Refusal {
                    code,
                    detail,
                    missing: faults,
                })
            }))
        }
        Err(other) => Err(other),
    }
}

/// One action on one tag.
struct Stand<'a> {
    context: &'a Context,
    caller: &'a Caller,
    desk: &'a Desk,
    before: &'a KeptTag,
}

impl Stand<'_> {
    /// What the caller can do, and what stands in the way of that whatever else
    /// they say of it.
    fn open(&self, conn: &mut Conn) -> Result<Vec<(TagAction, Option<Refusal>)>, Error> {
        let hats = hats(self.caller);
        let possible = |action| {
            hats.iter()
                .any(|hat| step(self.before, action, *hat).is_ok())
        };
        let mut restore = Ok(());
        if possible(TagAction::Restore) {
            restore = refusal_of(self.try_restore(conn))?;
        }
        let mut grade = Ok(());
        if possible(TagAction::Grade) {
            grade = self.try_grades(conn)?;
        }
        Ok(available(TagAction::ALL, &hats, |action, hat| {
            step(self.before, action, hat)?;
            match action {
                TagAction::Restore => restore.clone(),
                TagAction::Grade => grade.clone(),
                _ => Ok(()),
            }
        }))
    }

    fn try_restore(&self, conn: &mut Conn) -> Result<(), Error> {
        let (_, next, matter) = self.restored(conn, self.before.clone())?;
        self.check_people(conn, &next, &matter).map(drop)
    }

    /// What stands against every other grade.
    fn try_grades(&self, conn: &mut Conn) -> Result<Result<(), Refusal>, Error> {
        let from = self.before.tag.sensitivity;
        let mut refused = Ok(());
        for to in Sensitivity::ALL.iter().filter(|to| **to != from) {
            let (_, next, matter) = self.graded(self.before.clone(), *to)?;
            refused = refusal_of(self.check_people(conn, &next, &matter))?;
            if refused.is_ok() {
                break;
            }
        }
        Ok(refused)
    }

    /// The tag with another grade, the taxonomy with it, and by what name it is
    /// decided.
    fn graded(
        &self,
        mut after: KeptTag,
        to: Sensitivity,
    ) -> Result<(KeptTag, Taxonomy, String), Error> {
        let from = after.tag.sensitivity;
        if from == to {
            return Err(unchanged("It is handled so").into());
        }
        after.tag.sensitivity = to;
        let next = self.next(&[&after])?;
        Ok((after, next, format!("grade {from} {to}")))
    }

    /// The tag as it can be chosen again, the taxonomy with it, and by what name
    /// it is decided.
    fn restored(
        &self,
        conn: &mut Conn,
        mut after: KeptTag,
    ) -> Result<(KeptTag, Taxonomy, String), Error> {
        let mut running = rows::running_merges(conn)?.into_iter();
        if running.any(|job| job.source == after.tag.slug) {
            return Err(Error::refused("merging", "Its holders are being moved."));
        }
        let matter = format!("restore {}", after.tag.leads_to());
        after.tag.term.redirect = None;
        after.merged = false;
        let next = self.next(&[&after])?;
        self.desk.check_freezes(conn, &next, self.context.now())?;
        Ok((after, next, matter))
    }

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
                let (after, next, matter) = self.graded(after, to)?;
                let payload = vec![("from", code(from.code())), ("to", code(to.code()))];
                return self.decide(conn, after, &next, (matter, reason), "tag.graded", payload);
            }
            TagMove::Restore(reason) => {
                let from = after.tag.leads_to().clone();
                let (after, next, matter) = self.restored(conn, after)?;
                let payload = vec![("from", code(from.as_str()))];
                let said = (matter, reason);
                return self.decide(conn, after, &next, said, "tag.restored", payload);
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

    /// How many people of compliance it takes, and who said so already; refuses
    /// whoever can't be one of them.
    fn check_people(
        &self,
        conn: &mut Conn,
        next: &Taxonomy,
        matter: &str,
    ) -> Result<(usize, Vec<UserId>), Error> {
        let needed = people_to_grade(&self.desk.taxonomy, next);
        if needed > 0 && !self.caller.is(Role::Compliance) {
            return Err(Error::refused(
                "for_compliance",
                "This has something handled less carefully, which compliance decides.",
            ));
        }
        let waiting = rows::waiting(conn, self.before.id, matter)?;
        if waiting.contains(&self.caller.id()) && needed > 1 {
            return Err(Error::refused(
                "second_person_needed",
                "You have said so already; somebody else has to agree.",
            ));
        }
        Ok((needed, waiting))
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
        let (needed, waiting) = self.check_people(conn, next, &matter)?;
        let person = self.caller.id();
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
