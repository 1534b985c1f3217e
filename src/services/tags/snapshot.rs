//! The taxonomy as this node has it: tags from the store, the closed lists of
//! facets from the program's own file.
//!
//! The match index's follower brings it forward when the log says that a tag
//! has changed, and so does every use case that changes one, as soon as it is
//! committed. What reads it takes one snapshot and keeps to it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::tags::{self as rows, Edition};
use crate::db::{self, Conn, Db};
use crate::domain::ids::TagId;
use crate::domain::tag::keeping::KeptTag;
use crate::domain::tag::{Facet, FacetValue, Tag, Taxonomy, TaxonomyFault};
use crate::domain::text::Slug;

use super::super::{Context, Error};

/// The taxonomy, and which edition of it.
#[derive(Debug)]
pub struct Held {
    /// How often tags were changed since the first start; below zero before
    /// the store was asked.
    pub edition: i64,
    /// The taxonomy.
    pub taxonomy: Arc<Taxonomy>,
    /// The tags on record.
    pub tags: BTreeMap<Slug, KeptTag>,
}

/// What this node holds.
#[derive(Debug)]
pub struct Taxonomies {
    facets: Vec<FacetValue>,
    held: RwLock<Arc<Held>>,
}

impl Taxonomies {
    /// What a file says, until the store is asked.
    pub fn new(file: Taxonomy) -> Self {
        let facets = Facet::ALL.iter().flat_map(|facet| file.facet(*facet));
        Self {
            facets: facets.cloned().collect(),
            held: RwLock::new(Arc::new(Held {
                edition: -1,
                taxonomy: Arc::new(file),
                tags: BTreeMap::new(),
            })),
        }
    }

    /// What it holds.
    pub fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The taxonomy as of a day: on another day other tags can be chosen.
    pub fn on(&self, day: NaiveDate) -> Arc<Taxonomy> {
        let held = self.held();
        if held.taxonomy.day() == Some(day) {
            return Arc::clone(&held.taxonomy);
        }
        let taxonomy = Arc::new(Taxonomy::clone(&held.taxonomy).on(day));
        let fresh = Arc::new(Held {
            edition: held.edition,
            taxonomy: Arc::clone(&taxonomy),
            tags: held.tags.clone(),
        });
        self.put(fresh);
        taxonomy
    }

    /// The newest, read from the store unless it is held already.
    ///
    /// # Errors
    /// A statement failed, or the tags on record contradict each other.
    pub fn refresh(&self, conn: &mut Conn) -> Result<Arc<Held>, Error> {
        let held = self.held();
        let Some(edition) = rows::edition(conn)? else {
            return Ok(held);
        };
        if edition.number == held.edition {
            return Ok(held);
        }
        // Read after the number: at least as new as it says.
        let kept = rows::all(conn)?;
        let taxonomy = self.of(&edition, &kept).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Error::internal(format!("the tags on record: {}", faults.join("; ")))
        })?;
        let taxonomy = match held.taxonomy.day() {
            Some(day) => taxonomy.on(day),
            None => taxonomy,
        };
        let fresh = Arc::new(Held {
            edition: edition.number,
            taxonomy: Arc::new(taxonomy),
            tags: kept
                .into_iter()
                .map(|kept| (kept.tag.slug.clone(), kept))
                .collect(),
        });
        self.put(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The taxonomy that these tags make, with this node's facets.
    ///
    /// # Errors
    /// What contradicts what.
    pub fn of(&self, edition: &Edition, kept: &[KeptTag]) -> Result<Taxonomy, Vec<TaxonomyFault>> {
        let Edition { base, number } = edition;
        let version = match number {
            0 => base.clone(),
            _ => format!("{base}+{number}"),
        };
        let tags: Vec<Tag> = kept.iter().map(|kept| kept.tag.clone()).collect();
        Taxonomy::new(version, tags, self.facets.clone())
    }

    /// Two may come with different editions; the newer one stays.
    fn put(&self, fresh: Arc<Held>) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if fresh.edition >= held.edition {
            *held = fresh;
        }
    }
}

impl Context {
    /// The tags and facets, as of today.
    pub fn taxonomy(&self) -> Arc<Taxonomy> {
        self.taxonomies.on(self.now().date_naive())
    }
}

/// Puts the tags of the program's file on record at the first start; later
/// ones leave what curators keep as it is. Then takes them from the store.
///
/// # Errors
/// A statement failed.
pub async fn open(context: &Context) -> Result<(), Error> {
    let taxonomies = Arc::clone(&context.taxonomies);
    if context.db.read(rows::edition).await?.is_none() {
        let file = Arc::clone(&taxonomies.held().taxonomy);
        let ids = file.tags().map(|_| context.new_id()).collect();
        seed(&context.db, file, ids, context.now()).await?;
    }
    context
        .db
        .read(move |conn| taxonomies.refresh(conn).map(drop))
        .await
}

/// Puts the tags of a file on record under these ids, unless there are some.
///
/// # Errors
/// A statement failed.
pub async fn seed(
    db: &Db,
    file: Arc<Taxonomy>,
    ids: Vec<TagId>,
    now: DateTime<Utc>,
) -> db::Result<()> {
    db.write(move |conn| {
        if !rows::found(conn, file.version())? {
            return Ok(());
        }
        for (tag, id) in file.tags().zip(ids) {
            let kept = KeptTag {
                id,
                tag: tag.clone(),
                merged: false,
                version: 1,
                created_at: now,
                updated_at: now,
            };
            rows::insert(conn, &kept)?;
        }
        Ok(())
    })
    .await
}
