//! The taxonomy as curators keep it: tags are added, reworded, moved in the
//! tree, graded, redirected and merged; every node follows by the log.
//!
//! Writers come one after another (see [`rows::begin_edition`]), so that each
//! checks its change against the whole taxonomy as it then is.

mod moves;
pub mod repoint;
pub mod snapshot;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tracing::warn;

use crate::db::tags as rows;
use crate::db::{self, Conn};
use crate::domain::account::Role;
use crate::domain::compliance::FreezeScope;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::fault::Faults;
use crate::domain::ids::TagId;
use crate::domain::permission::{Hat, Operation};
use crate::domain::refusal::Refusal;
use crate::domain::tag::keeping::{
    KeptTag, LabelsState, MOST_TAGS, TagDecision, Wanted, check_care, thawed,
};
use crate::domain::tag::{Labels, Sensitivity, Tag, TagKind, Taxonomy, TaxonomyFault, Term};
use crate::domain::text::Slug;

use super::log::Pen;
use super::once::write_once;
use super::transitions::{check_version, code};
use super::{Caller, Context, Error, Intent};

pub use moves::{TagMove, transition, transitions};
pub use snapshot::{Held, open};

/// Most decisions of one answer.
const MOST_DECISIONS: usize = 100;

/// What a tag says, beside what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagContent {
    /// What people read.
    pub labels: Labels,
    /// Other words for it.
    pub aliases: Vec<String>,
    /// What it belongs under.
    pub parent: Option<Slug>,
    /// Since when it can be chosen.
    pub valid_from: Option<NaiveDate>,
    /// Until when it can be chosen.
    pub valid_to: Option<NaiveDate>,
}

impl TagContent {
    /// What a tag says.
    pub fn of(tag: &Tag) -> Self {
        Self {
            labels: tag.labels.clone(),
            aliases: tag.aliases.clone(),
            parent: tag.parent.clone(),
            valid_from: tag.term.valid_from,
            valid_to: tag.term.valid_to,
        }
    }

    fn put_into(self, tag: &mut Tag) {
        let Self {
            labels,
            aliases,
            parent,
            valid_from,
            valid_to,
        } = self;
        tag.labels = labels;
        tag.aliases = aliases;
        tag.parent = parent;
        tag.term.valid_from = valid_from;
        tag.term.valid_to = valid_to;
    }
}

/// A tag to be made.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// Its name in data.
    pub slug: Slug,
    /// Its kind.
    pub kind: TagKind,
    /// How carefully it is handled.
    pub sensitivity: Sensitivity,
    /// What it says.
    pub content: TagContent,
}

/// The taxonomy as everybody reads it.
pub fn held(context: &Context, caller: &Caller) -> Result<(Arc<Held>, Arc<Taxonomy>), Error> {
    caller.may(Operation::ReadTaxonomy, &[])?;
    let today = context.taxonomy();
    Ok((context.taxonomies.held(), today))
}

/// Tags that can be chosen and lack a label in a language of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) struct Unlabelled {
    /// How many.
    pub(in crate::services) count: usize,
    /// Since when the first of them does, or earlier.
    pub(in crate::services) since: DateTime<Utc>,
}

/// What lacks labels; none where nothing does.
pub(in crate::services) fn unlabelled(context: &Context) -> Option<Unlabelled> {
    let taxonomy = context.taxonomy();
    let wanted = Wanted {
        offered: Some(true),
        labels: Some(LabelsState::Missing),
        ..Wanted::default()
    };
    let held = context.taxonomies.held();
    let those = held.tags.values();
    let changed = those
        .filter(|kept| wanted.takes(&taxonomy, &kept.tag))
        .map(|kept| kept.updated_at);
    changed.fold(None, |found: Option<Unlabelled>, at| {
        Some(match found {
            None => Unlabelled {
                count: 1,
                since: at,
            },
            Some(so_far) => Unlabelled {
                count: so_far.count + 1,
                since: so_far.since.min(at),
            },
        })
    })
}

/// Whether the caller may change tags.
///
/// # Errors
/// [`Error::Forbidden`], or they may not know that somebody does.
pub fn check_writer(caller: &Caller) -> Result<(), Error> {
    caller.may(Operation::WriteTaxonomy, &[])
}

/// One tag, also one that redirects.
pub fn find(context: &Context, caller: &Caller, slug: &Slug) -> Result<KeptTag, Error> {
    let (held, _) = held(context, caller)?;
    held.tags.get(slug).cloned().ok_or(Error::NotFound)
}

/// Adds a tag.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    new: NewTag,
) -> Result<KeptTag, Error> {
    caller.may(Operation::WriteTaxonomy, &[])?;
    let NewTag {
        slug,
        kind,
        sensitivity,
        content,
    } = new;
    let now = context.now();
    let mut tag = Tag {
        slug,
        kind,
        parent: None,
        labels: content.labels.clone(),
        aliases: Vec::new(),
        sensitivity,
        term: Term::default(),
    };
    content.put_into(&mut tag);
    let kept = KeptTag {
        id: context.new_id(),
        tag,
        merged: false,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let pen = context.pen(caller.actor());
    let (taxonomies, hat) = (Arc::clone(&context.taxonomies), hat(caller));
    let made = write_once(
        context,
        caller.id(),
        intent,
        move |conn| {
            let desk = Desk::open(conn, &taxonomies)?;
            if desk.kept.len() >= MOST_TAGS {
                let detail = format!("There are {MOST_TAGS} tags already.");
                return Err(Error::refused("too_many_tags", detail));
            }
            let mut after = desk.kept.clone();
            after.push(kept.clone());
            let after = desk.next(&taxonomies, &after, &kept.tag)?;
            check_care(&desk.taxonomy, &after, hat)?;
            rows::insert(conn, &kept)?;
            let payload = vec![
                ("slug", code(kept.tag.slug.as_str())),
                ("sensitivity", code(sensitivity.code())),
            ];
            pen.append(conn, "tag.created", (SubjectKind::Tag, kept.id), payload)?;
            Ok(kept)
        },
        |conn, id| load(conn, id.into()),
    )
    .await?;
    follow(context).await;
    Ok(made)
}

/// Changes what a tag says; `revise` gets what it says and answers what it is
/// to say.
pub async fn edit(
    context: &Context,
    caller: &Caller,
    id: TagId,
    expected: Option<i64>,
    revise: impl FnOnce(&TagContent) -> Result<TagContent, Error> + Send + 'static,
) -> Result<KeptTag, Error> {
    caller.may(Operation::WriteTaxonomy, &[])?;
    let now = context.now();
    let pen = context.pen(caller.actor());
    let (taxonomies, hat) = (Arc::clone(&context.taxonomies), hat(caller));
    let changed = context
        .db
        .write(move |conn| {
            let desk = Desk::open(conn, &taxonomies)?;
            let before = desk.find(id)?;
            check_version(expected, before.version)?;
            let mut after = KeptTag {
                version: before.version + 1,
                updated_at: now,
                ..before.clone()
            };
            revise(&TagContent::of(&before.tag))?.put_into(&mut after.tag);
            let next = desk.next(&taxonomies, &desk.with(&[&after]), &after.tag)?;
            check_care(&desk.taxonomy, &next, hat)?;
            desk.check_freezes(conn, &next, now)?;
            store(conn, &after)?;
            log_edit(conn, &pen, before, &after)?;
            Ok::<_, Error>(after)
        })
        .await?;
    follow(context).await;
    Ok(changed)
}

fn log_edit(conn: &mut Conn, pen: &Pen, before: &KeptTag, after: &KeptTag) -> Result<(), Error> {
    let (was, is) = (&before.tag, &after.tag);
    let mut fields = Vec::new();
    let changes = [
        ("labels", was.labels != is.labels),
        ("aliases", was.aliases != is.aliases),
        ("parent", was.parent != is.parent),
        ("valid_from", was.term.valid_from != is.term.valid_from),
        ("valid_to", was.term.valid_to != is.term.valid_to),
    ];
    for (field, changed) in changes {
        if changed {
            fields.push(field.to_owned());
        }
    }
    let mut payload = vec![("fields", Value::Codes(fields))];
    if was.parent != is.parent
        && let Some(parent) = &is.parent
    {
        payload.push(("parent", code(parent.as_str())));
    }
    pen.append(conn, "tag.edited", (SubjectKind::Tag, after.id), payload)
}

/// Who decided what about a tag, and why, the newest first; for the operator's
/// people.
pub async fn decisions(
    context: &Context,
    caller: &Caller,
    slug: &Slug,
) -> Result<Vec<TagDecision>, Error> {
    caller.may(Operation::ReadTagDecisions, &[])?;
    let id = find(context, caller, slug)?.id;
    let read = move |conn: &mut Conn| Ok(rows::decisions(conn, id, MOST_DECISIONS)?);
    context.db.read(read).await
}

/// The taxonomy as one transaction has it, which no other one changes
/// meanwhile.
struct Desk {
    edition: rows::Edition,
    kept: Vec<KeptTag>,
    taxonomy: Taxonomy,
}

impl Desk {
    /// Begins the next edition.
    fn open(conn: &mut Conn, taxonomies: &snapshot::Taxonomies) -> Result<Self, Error> {
        rows::begin_edition(conn)?;
        Self::read(conn, taxonomies)
    }

    /// The taxonomy as it is, to look at.
    fn read(conn: &mut Conn, taxonomies: &snapshot::Taxonomies) -> Result<Self, Error> {
        let edition = rows::edition(conn)?;
        let edition = edition.ok_or_else(|| Error::internal("no tags are on record"))?;
        let kept = rows::all(conn)?;
        let taxonomy = taxonomies.of(&edition, &kept);
        let taxonomy = taxonomy.map_err(|_| Error::internal("the tags contradict each other"))?;
        Ok(Self {
            edition,
            kept,
            taxonomy,
        })
    }

    fn find(&self, id: TagId) -> Result<&KeptTag, Error> {
        let found = self.kept.iter().find(|kept| kept.id == id);
        found.ok_or(Error::NotFound)
    }

    fn named(&self, slug: &Slug) -> Option<&KeptTag> {
        self.kept.iter().find(|kept| kept.tag.slug == *slug)
    }

    /// All tags with some of them changed.
    fn with(&self, changed: &[&KeptTag]) -> Vec<KeptTag> {
        let now = |kept: &KeptTag| {
            let changed = changed.iter().find(|it| it.id == kept.id);
            changed.map_or_else(|| kept.clone(), |it| (*it).clone())
        };
        self.kept.iter().map(now).collect()
    }

    /// The taxonomy of these tags; its faults are those of `changed`.
    fn next(
        &self,
        taxonomies: &snapshot::Taxonomies,
        kept: &[KeptTag],
        changed: &Tag,
    ) -> Result<Taxonomy, Error> {
        let next = taxonomies.of(&self.edition, kept);
        next.map_err(|faults| named_faults(&faults, changed).into())
    }

    /// Refuses a change by which what is frozen would be free.
    fn check_freezes(
        &self,
        conn: &mut Conn,
        next: &Taxonomy,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let freezes = db::freezes::standing(conn, now)?.into_iter();
        let frozen: Vec<Slug> = freezes
            .filter_map(|freeze| match freeze.scope {
                FreezeScope::Tag(tag) => Some(tag),
                _ => None,
            })
            .collect();
        let free = thawed(&self.taxonomy, next, &frozen);
        if free.is_empty() {
            return Ok(());
        }
        let tags: Vec<&str> = free.into_iter().map(Slug::as_str).collect();
        Err(Error::refused(
            "frozen",
            format!(
                "A freeze is in force or ordered that would no longer cover {}.",
                tags.join(", ")
            ),
        ))
    }
}

/// What is wrong with a taxonomy, at the fields of the tag that changed.
fn named_faults(faults: &[TaxonomyFault], changed: &Tag) -> Faults {
    let mut told = Faults::new();
    for fault in faults {
        let detail = fault.to_string();
        match fault {
            TaxonomyFault::DuplicateSlug(_) => told.push("/slug", "taken", detail),
            TaxonomyFault::UnknownParent(..) => told.push("/parent", "unknown_tag", detail),
            TaxonomyFault::Cycle(_) => told.push("/parent", "cycle", detail),
            TaxonomyFault::BadRedirect(..) => told.push("/to", "not_a_target", detail),
            TaxonomyFault::AmbiguousAlias(word, ..) => {
                let at = changed.aliases.iter().position(|alias| alias == word);
                let place = at.map_or_else(|| "/slug".to_owned(), |at| format!("/aliases/{at}"));
                told.push(place, "ambiguous_alias", detail);
            }
        }
    }
    told
}

/// In which capacity somebody keeps tags: compliance first, which may do more
/// with what is sensitive.
fn hat(caller: &Caller) -> Hat {
    if caller.is(Role::Compliance) {
        Hat::Compliance
    } else {
        Hat::Curator
    }
}

/// Takes what was just committed into this node's snapshot. It is committed
/// whatever comes of this: where reading fails, the follower of the log brings
/// it.
async fn follow(context: &Context) {
    let taxonomies = Arc::clone(&context.taxonomies);
    let refresh = move |conn: &mut Conn| taxonomies.refresh(conn).map(drop);
    if let Err(error) = context.db.read(refresh).await {
        warn!(%error, "the tags that were changed are not at hand yet");
    }
}

fn load(conn: &mut Conn, id: TagId) -> Result<KeptTag, Error> {
    rows::find(conn, id)?.ok_or(Error::NotFound)
}

fn store(conn: &mut Conn, kept: &KeptTag) -> Result<(), Error> {
    if rows::update(conn, kept)? {
        Ok(())
    } else {
        Err(Error::StaleVersion)
    }
}

/// Refuses what would not change anything.
fn unchanged(what: &str) -> Refusal {
    Refusal::new("unchanged", format!("{what} already."))
}
