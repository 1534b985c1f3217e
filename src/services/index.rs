//! The match index of every programme, as this node has it: filled at start,
//! kept current from the log by one follower that applies events in order.
//!
//! An event says that a record has changed; the record is then read as it is
//! now, so applying an event twice, or late, does no harm. What depends on the
//! pair alone (blocks, cool-downs, releases) and what is small and the same
//! for everybody (rules, rates, the programme) is read with each question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, TryLockError};
use std::time::{Duration, Instant};

use crate::db::events::{self, SealedEvent};
use crate::db::page::Cursor;
use crate::db::programmes::Filter;
use crate::db::{self, Conn};
use crate::domain::compliance::Freeze;
use crate::domain::event::{SubjectKind, Value};
use crate::domain::ids::{MandateId, OrganizationId, ProgrammeId, StartupProfileId};
use crate::domain::mandate::Mandate;
use crate::domain::profile::StartupProfile;
use crate::domain::tag::Taxonomy;
use crate::domain::tag::keeping::scores_alike;
use crate::matching::index::{Cleared, Index, MandateEntry, Snapshot, StartupEntry};

use super::disclosure::{covers_mandate, covers_startup};
use super::tags::snapshot::Taxonomies;
use super::{Context, Error};

/// How long a question waits for the index to reach what was written before.
const PATIENCE: Duration = Duration::from_millis(250);
/// Between two looks whether somebody else has brought it there.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// Events applied at a time.
const BATCH: usize = 500;
/// Programmes read at a time.
const PAGE: usize = 100;
/// A statement takes a limited number of values.
const AT_ONCE: usize = 10_000;

/// The indexes of all programmes.
pub struct MatchIndex {
    taxonomies: Arc<Taxonomies>,
    writer: Mutex<Writer>,
    visible: RwLock<Arc<Visible>>,
}

/// What readers see: it never changes, so they never wait for a writer.
#[derive(Default)]
pub struct Visible {
    /// The last position of the log that it knows of; none before it is built.
    position: Option<i64>,
    /// The tags that it was made with.
    taxonomy: Option<Arc<Taxonomy>>,
    programmes: BTreeMap<ProgrammeId, Snapshot>,
}

impl Visible {
    /// The index of a programme; none for one that has admitted nobody.
    pub fn of(&self, programme: ProgrammeId) -> Option<&Snapshot> {
        self.programmes.get(&programme)
    }

    /// The tags by which to ask it: none before it is built.
    ///
    /// # Errors
    /// It isn't built.
    pub fn taxonomy(&self) -> Result<&Arc<Taxonomy>, Error> {
        (self.taxonomy.as_ref()).ok_or_else(|| Error::internal("the match index isn't built"))
    }

    fn has_reached(&self, position: i64) -> bool {
        self.position.is_some_and(|reached| reached >= position)
    }
}

#[derive(Default)]
struct Writer {
    position: Option<i64>,
    taxonomy: Option<Arc<Taxonomy>>,
    programmes: BTreeMap<ProgrammeId, Index>,
    freezes: Vec<Freeze>,
    /// What changed since readers were shown anything: more than the last
    /// reading of the log, where one before it failed half-way.
    touched: BTreeSet<ProgrammeId>,
}

impl MatchIndex {
    /// An empty one, built when it is first asked or followed.
    pub fn new(taxonomies: Arc<Taxonomies>) -> Self {
        Self {
            taxonomies,
            writer: Mutex::default(),
            visible: RwLock::default(),
        }
    }

    /// The index with everything that was committed before this call.
    ///
    /// # Errors
    /// [`Error::Busy`] when it isn't there in time; a statement failed.
    pub fn current(&self, conn: &mut Conn) -> Result<Arc<Visible>, Error> {
        let head = events::head(conn)?.position;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let visible = self.visible();
            if visible.has_reached(head) {
                return Ok(visible);
            }
            if let Some(writer) = self.try_writer() {
                return self.advance(conn, writer, |_| ());
            }
            if Instant::now() >= deadline {
                return Err(Error::Busy { retry_after_s: 1 });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Brings the index to the end of the log, building it first if need be;
    /// `progress` is told how many records of a programme are in. Puts it in
    /// order again where it has worn.
    ///
    /// # Errors
    /// A statement failed.
    pub fn follow(&self, conn: &mut Conn, progress: impl FnMut(usize)) -> Result<(), Error> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.advance(conn, writer, progress)?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tidied = false;
        for index in writer.programmes.values_mut() {
            if index.wants_rebuild() {
                *index = index.rebuilt();
                tidied = true;
            }
        }
        if tidied {
            self.publish(&writer, None);
        }
        Ok(())
    }

    /// The last position of the log that readers of the index see; none before
    /// it is built.
    pub fn position(&self) -> Option<i64> {
        self.visible().position
    }

    /// Mandates and startups that are in, over all programmes.
    pub fn len(&self) -> (usize, usize) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = writer.programmes.values().map(Index::len);
        sizes.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// Whether nothing is in.
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }

    fn visible(&self) -> Arc<Visible> {
        Arc::clone(&self.visible.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn try_writer(&self) -> Option<MutexGuard<'_, Writer>> {
        match self.writer.try_lock() {
            Ok(writer) => Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn advance(
        &self,
        conn: &mut Conn,
        mut writer: MutexGuard<'_, Writer>,
        progress: impl FnMut(usize),
    ) -> Result<Arc<Visible>, Error> {
        let before = writer.position;
        if let (Some(mut position), Some(mut taxonomy)) = (before, writer.taxonomy.clone()) {
            loop {
                let some = events::page(conn, position, BATCH)?;
                let Some(last) = some.last() else { break };
                position = last.position;
                let changes = Changes::of(&some);
                if changes.tags {
                    let fresh = Arc::clone(&self.taxonomies.refresh(conn)?.taxonomy);
                    writer.retag(&fresh);
                    taxonomy = fresh;
                }
                writer.apply(conn, &taxonomy, &changes)?;
                writer.position = Some(position);
            }
        } else {
            let taxonomy = Arc::clone(&self.taxonomies.refresh(conn)?.taxonomy);
            writer.build(conn, &taxonomy, progress)?;
        }
        let touched = std::mem::take(&mut writer.touched);
        let only = before.map(|_| &touched);
        Ok(self.publish(&writer, only))
    }

    /// Shows readers what the writer has; only some programmes may have
    /// changed.
    fn publish(&self, writer: &Writer, only: Option<&BTreeSet<ProgrammeId>>) -> Arc<Visible> {
        let before = self.visible();
        let snapshot = |(id, index): (&ProgrammeId, &Index)| {
            let unchanged = only.is_some_and(|touched| !touched.contains(id));
            let kept = before.programmes.get(id).filter(|_| unchanged);
            (*id, kept.cloned().unwrap_or_else(|| index.snapshot()))
        };
        let visible = Arc::new(Visible {
            position: writer.position,
            taxonomy: writer.taxonomy.clone(),
            programmes: writer.programmes.iter().map(snapshot).collect(),
        });
        let mut place = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::clone(&visible);
        visible
    }
}

/// What some events say has changed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    startups: BTreeSet<StartupProfileId>,
    mandates: BTreeSet<MandateId>,
    organizations: BTreeSet<OrganizationId>,
    programmes: BTreeSet<ProgrammeId>,
    freezes: bool,
    tags: bool,
}

impl Changes {
    fn of(events: &[SealedEvent]) -> Self {
        let mut changes = Self::default();
        for event in events {
            let id = event.subject.id;
            match event.subject.kind {
                SubjectKind::StartupProfile => {
                    changes.startups.insert(id.into());
                }
                SubjectKind::Mandate => {
                    changes.mandates.insert(id.into());
                }
                SubjectKind::Organization => {
                    changes.organizations.insert(id.into());
                }
                SubjectKind::Freeze => changes.freezes = true,
                SubjectKind::Tag => changes.tags = true,
                SubjectKind::Programme => changes.of_programme(event),
                SubjectKind::User
                | SubjectKind::RuleSet
                | SubjectKind::Match
                | SubjectKind::Introduction
                | SubjectKind::Deal
                | SubjectKind::Message
                | SubjectKind::Ticket
                | SubjectKind::SigningKey
                | SubjectKind::Import
                | SubjectKind::Export
                | SubjectKind::Duplicate
                | SubjectKind::RateBatch
                | SubjectKind::InvestorProfile
                | SubjectKind::Document
                | SubjectKind::PipelineSet
                | SubjectKind::Practice => {}
            }
        }
        changes
    }

    /// Whom a programme has admitted.
    fn of_programme(&mut self, event: &SealedEvent) {
        self.programmes.insert(event.subject.id.into());
        for (_, value) in &event.payload {
            if let Value::Id(admitted) = value {
                self.startups.insert((*admitted).into());
                self.mandates.insert((*admitted).into());
            }
        }
    }
}

impl Writer {
    fn build(
        &mut self,
        conn: &mut Conn,
        taxonomy: &Arc<Taxonomy>,
        mut progress: impl FnMut(usize),
    ) -> Result<(), Error> {
        // Read before the records: what changes meanwhile is applied again.
        let position = events::head(conn)?.position;
        self.taxonomy = Some(Arc::clone(taxonomy));
        self.freezes = db::freezes::begun(conn)?;
        for programme in all_programmes(conn)? {
            let profiles = db::programmes::startups(conn, programme)?;
            let startups = self.startups(conn, taxonomy, profiles)?;
            let mandates = db::programmes::mandates(conn, programme)?;
            let mandates = self.mandates(conn, mandates)?;
            let index = Index::build(Arc::clone(taxonomy), startups, mandates, &mut progress);
            self.programmes.insert(programme, index);
        }
        self.position = Some(position);
        Ok(())
    }

    /// Goes on with other tags; everything is made anew for them, unless they
    /// score alike.
    fn retag(&mut self, taxonomy: &Arc<Taxonomy>) {
        let before = self.taxonomy.replace(Arc::clone(taxonomy));
        if before.is_some_and(|before| scores_alike(&before, taxonomy)) {
            return;
        }
        let mut programmes = std::mem::take(&mut self.programmes);
        for index in programmes.values_mut() {
            let startups = index.startups().map(|entry| {
                Arc::new(StartupEntry {
                    frozen: self.freezes_startup(taxonomy, &entry.profile),
                    ..StartupEntry::clone(entry)
                })
            });
            let mandates = index.mandates().cloned().collect();
            *index = Index::build(Arc::clone(taxonomy), startups.collect(), mandates, |_| ());
        }
        self.touched.extend(programmes.keys());
        self.programmes = programmes;
    }

    /// Applies changes, and notes which programmes they touched.
    fn apply(
        &mut self,
        conn: &mut Conn,
        taxonomy: &Arc<Taxonomy>,
        changes: &Changes,
    ) -> Result<(), Error> {
        let mut startups = changes.startups.clone();
        let mut mandates = changes.mandates.clone();
        self.touched.extend(&changes.programmes);
        for id in &changes.programmes {
            let empty = || Index::build(Arc::clone(taxonomy), Vec::new(), Vec::new(), |_| ());
            self.programmes.entry(*id).or_insert_with(empty);
        }
        if changes.freezes {
            self.freezes = db::freezes::begun(conn)?;
        }
        for index in self.programmes.values() {
            let thawed = |frozen, now| changes.freezes && frozen != now;
            for entry in index.startups() {
                let profile = &entry.profile;
                let of_firm = changes.organizations.contains(&profile.organization);
                if of_firm || thawed(entry.frozen, self.freezes_startup(taxonomy, profile)) {
                    startups.insert(profile.id);
                }
            }
            for entry in index.mandates() {
                let mandate = &entry.mandate;
                let of_firm = changes.organizations.contains(&mandate.organization);
                if of_firm || thawed(entry.frozen, self.freezes_mandate(mandate)) {
                    mandates.insert(mandate.id);
                }
            }
        }
        let startups: Vec<StartupProfileId> = startups.into_iter().collect();
        for some in startups.chunks(AT_ONCE) {
            self.refresh_startups(conn, taxonomy, some)?;
        }
        let mandates: Vec<MandateId> = mandates.into_iter().collect();
        for some in mandates.chunks(AT_ONCE) {
            self.refresh_mandates(conn, some)?;
        }
        Ok(())
    }

    fn refresh_startups(
        &mut self,
        conn: &mut Conn,
        taxonomy: &Taxonomy,
        ids: &[StartupProfileId],
    ) -> Result<(), Error> {
        let admitted = db::programmes::admitting_startups(conn, ids)?;
        let read: Vec<StartupProfileId> = admitted.keys().copied().collect();
        let profiles = db::startup_profiles::find_many(conn, &read)?;
        let entries = self.startups(conn, taxonomy, profiles)?;
        let entries: BTreeMap<StartupProfileId, _> = entries
            .into_iter()
            .map(|entry| (entry.profile.id, entry))
            .collect();
        for id in ids {
            let programmes = admitted.get(id);
            for (programme, index) in &mut self.programmes {
                let is_in = programmes.is_some_and(|admitting| admitting.contains(programme));
                match entries.get(id).filter(|_| is_in) {
                    Some(entry) => index.put_startup(Arc::clone(entry)),
                    None if !index.remove_startup(*id) => continue,
                    None => {}
                }
                self.touched.insert(*programme);
            }
        }
        Ok(())
    }

    fn refresh_mandates(&mut self, conn: &mut Conn, ids: &[MandateId]) -> Result<(), Error> {
        let admitted = db::programmes::admitting_mandates(conn, ids)?;
        let read: Vec<MandateId> = admitted.keys().copied().collect();
        let mandates = db::mandates::find_many(conn, &read)?;
        let entries = self.mandates(conn, mandates)?;
        let entries: BTreeMap<MandateId, _> = entries
            .into_iter()
            .map(|entry| (entry.mandate.id, entry))
            .collect();
        for id in ids {
            let programmes = admitted.get(id);
            for (programme, index) in &mut self.programmes {
                let is_in = programmes.is_some_and(|admitting| admitting.contains(programme));
                match entries.get(id).filter(|_| is_in) {
                    Some(entry) => index.put_mandate(Arc::clone(entry)),
                    None if !index.remove_mandate(*id) => continue,
                    None => {}
                }
                self.touched.insert(*programme);
            }
        }
        Ok(())
    }

    fn startups(
        &self,
        conn: &mut Conn,
        taxonomy: &Taxonomy,
        profiles: Vec<StartupProfile>,
    ) -> Result<Vec<Arc<StartupEntry>>, Error> {
        let cleared = cleared(conn, profiles.iter().map(|profile| profile.organization))?;
        let entries = profiles.into_iter().map(|profile| {
            Arc::new(StartupEntry {
                cleared: cleared.get(&profile.organization).copied(),
                frozen: self.freezes_startup(taxonomy, &profile),
                // Releases are made to the counterparts of one country.
                released: false,
                profile,
            })
        });
        Ok(entries.collect())
    }

    fn mandates(
        &self,
        conn: &mut Conn,
        mandates: Vec<Mandate>,
    ) -> Result<Vec<Arc<MandateEntry>>, Error> {
        let cleared = cleared(conn, mandates.iter().map(|mandate| mandate.organization))?;
        let entries = mandates.into_iter().map(|mandate| {
            Arc::new(MandateEntry {
                cleared: cleared.get(&mandate.organization).copied(),
                frozen: self.freezes_mandate(&mandate),
                mandate,
            })
        });
        Ok(entries.collect())
    }

    fn freezes_startup(&self, taxonomy: &Taxonomy, profile: &StartupProfile) -> bool {
        let mut freezes = self.freezes.iter();
        freezes.any(|freeze| covers_startup(freeze, taxonomy, profile))
    }

    fn freezes_mandate(&self, mandate: &Mandate) -> bool {
        let mut freezes = self.freezes.iter();
        freezes.any(|freeze| covers_mandate(freeze, mandate))
    }
}

fn cleared(
    conn: &mut Conn,
    firms: impl Iterator<Item = OrganizationId>,
) -> Result<BTreeMap<OrganizationId, Cleared>, Error> {
    let firms: Vec<OrganizationId> = firms.collect::<BTreeSet<_>>().into_iter().collect();
    let mut cleared = BTreeMap::new();
    for some in firms.chunks(AT_ONCE) {
        for (firm, clearance) in db::clearances::latest_many(conn, some)? {
            let held = Cleared {
                verdict: clearance.verdict,
                valid_to: clearance.valid_to,
            };
            cleared.insert(firm, held);
        }
    }
    Ok(cleared)
}

fn all_programmes(conn: &mut Conn) -> Result<Vec<ProgrammeId>, Error> {
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = db::programmes::list(conn, &Filter::default(), after, PAGE)?;
        let more = page.len() > PAGE;
        for programme in page.into_iter().take(PAGE) {
            after = Some(Cursor::at(programme.created_at, programme.id));
            all.push(programme.id);
        }
        if !more {
            return Ok(all);
        }
    }
}

impl Context {
    /// Looks over a whole programme, off the serving threads, only a few at a
    /// time, with everything that is committed by now in the log.
    ///
    /// # Errors
    /// The store's, and the job's own.
    pub(super) async fn look_over<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self, &mut Conn) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // What this process or another committed and nobody has sealed yet.
        self.db.seal_pending().await?;
        let place = Arc::clone(&self.rankings).acquire_owned().await;
        let place = place.map_err(Error::internal)?;
        let context = self.clone();
        self.db
            .read(move |conn| {
                // Kept until the work ends, also when nobody waits for it any more.
                let _place = place;
                job(&context, conn)
            })
            .await
    }
}
