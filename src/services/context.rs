//! What every use case has at hand.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::sync::Semaphore;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::auth::hashing::Passwords;
use crate::auth::link::Links;
use crate::auth::return_path::ReturnPaths;
use crate::auth::secret::Sealer;
use crate::auth::token::Tokens;
use crate::db::gather::Gather;
use crate::db::head::Head;
use crate::db::sessions::Credentials;
use crate::db::{self, Db};
use crate::domain::calendar::Calendars;
use crate::domain::ids::{MandateId, SessionId, StartupProfileId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::pipeline_set::PipelineSet;
use crate::domain::tag::Taxonomy;
use crate::domain::wording::Wording;

use super::attempts::Attempts;
use super::caller::Callers;
use super::destinations::Destinations;
use super::documents::Documents;
use super::export_jobs::AnyScribe;
use super::failures::Failures;
use super::files::Folder;
use super::import_jobs::rows::OpenRows;
use super::index::MatchIndex;
use super::past::Newest;
use super::pipelines::Pipelines;
use super::places::Places;
use super::signing::Looked;
use super::tags::snapshot::Taxonomies;

/// Files received at the same time: each may be large, and slow to come.
const UPLOADS: usize = 8;
/// How many of these one partner, or one person of the operator's, may send.
const UPLOADS_OF_ONE: usize = 2;
/// Documents received at the same time.
const DOCUMENTS: usize = 24;
/// How many of these one person may send.
const DOCUMENTS_OF_ONE: usize = 8;
/// Rankings computed at the same time.
const RANKINGS: usize = 2;

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that somebody sets, for tests and simulations.
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn set(at: DateTime<Utc>) -> Self {
        Self::Set(Arc::new(Mutex::new(at)))
    }

    /// Now, truncated to microseconds, which both back-ends keep.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Self::System => Utc::now(),
            Self::Set(at) => *at.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }

    /// Moves a set clock on; the machine's clock can't be moved.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Set(at) = self {
            let mut at = at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *at += by;
        }
    }
}

/// What the operator set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an access token holds.
    pub access_token: TimeDelta,
    /// How long a refresh token waits to be used.
    pub refresh_token: TimeDelta,
    /// How long a session lasts at most.
    pub session: TimeDelta,
    /// Whether the operator's people need a second factor.
    pub operator_second_factor: bool,
    /// The organization that runs the service, made with its first account.
    pub operator: OrganizationDetails,
    /// Whether the contact of a firm that others wrote about is mailed by
    /// itself.
    pub ask_contacts: bool,
    /// How many contacts one partner's referrals have asked in 24 hours.
    pub partner_asks: u32,
    /// Working days in which a submitted profile is reviewed.
    pub review_working_days: u32,
    /// Working days in which an asked side may answer.
    pub ask_working_days: u32,
    /// Days for which a declined pair is not introduced again.
    pub cool_down_days: u32,
    /// Days for which a pair isn't asked about again after a request that was
    /// taken back or not answered.
    pub ask_again_days: u32,
    /// Unanswered requests for introductions of one firm at a time.
    pub open_requests: u32,
    /// Requests for introductions of one firm within seven days.
    pub weekly_requests: u32,
    /// The domain in the Message-IDs this service makes.
    pub mail_domain: String,
    /// Whether mail that can wait does so for its reader's working hours.
    pub quiet_hours: bool,
    /// Messages that came back as undeliverable for now, after which an address
    /// gets no more.
    pub soft_bounces: i64,
    /// For how long each counts.
    pub soft_bounce_window: TimeDelta,
    /// For how long what a mail said is kept.
    pub bodies_kept: TimeDelta,
    /// For how long what came back, and to whom mail went, is on record.
    pub bounces_kept: TimeDelta,
    /// Where people reach the service, without a slash at the end.
    pub public_url: String,
    /// Where mails lead to what has no page here.
    pub destinations: Destinations,
}

/// What passes through as files.
pub struct Exchange {
    /// Where they lie.
    pub folder: Folder,
    /// How they are read.
    pub open_rows: OpenRows,
    /// How they are written.
    pub scribe: AnyScribe,
    /// For how long one that was made can be fetched.
    pub fetch: TimeDelta,
    /// For how long a worker has a job before another may take it.
    pub lease: TimeDelta,
}

/// What every use case has at hand: the store, the clock, the data that rules
/// work on and the keys that prove things. Cheap to clone; there are no
/// globals beside it.
#[derive(Clone)]
pub struct Context {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The tags, as this node has them; see [`Context::taxonomy`].
    pub taxonomies: Arc<Taxonomies>,
    /// Working days.
    pub calendars: Arc<Calendars>,
    /// What deals go through, in versions.
    pub pipelines: Arc<Pipelines>,
    /// The sentences of reasons.
    pub wording: Arc<Wording>,
    /// Password hashing.
    pub passwords: Passwords,
    /// Access tokens.
    pub tokens: Arc<Tokens>,
    /// Links in mails.
    pub links: Links,
    /// Where mails come back to.
    pub return_paths: ReturnPaths,
    /// Seals what must lie in the store.
    pub sealer: Arc<Sealer>,
    /// When this node looked for signing keys last.
    pub looked_for_keys: Arc<Looked>,
    /// Who guessed wrong, and from where.
    pub attempts: Arc<Attempts>,
    /// Failed proofs of identity that are not in the log yet.
    pub failures: Arc<Failures>,
    /// The key that cursors are signed with.
    pub cursor_key: Arc<[u8]>,
    /// What the operator set.
    pub settings: Arc<Settings>,
    /// Who asked of late.
    pub callers: Arc<Callers>,
    /// What most requests look up.
    pub look_ups: Arc<LookUps>,
    /// Places for rankings, fewer than the store has readers, so that a few
    /// large ones leave room for everything else.
    pub rankings: Arc<Semaphore>,
    /// Places for files that are being received to be imported.
    pub uploads: Places,
    /// Places for documents that are being received.
    pub document_uploads: Places,
    /// What matches whom, at once.
    pub index: Arc<MatchIndex>,
    /// What investors did before.
    pub past: Arc<Newest>,
    /// What passes through as files.
    pub exchange: Arc<Exchange>,
    /// Where documents lie.
    pub documents: Arc<Documents>,
    ids: Arc<Mutex<ContextV7>>,
}

/// What most requests look up by a key.
pub struct LookUps {
    /// What sessions say of their people.
    pub sessions: Gather<SessionId, Credentials>,
    /// Which versions of startup profiles there are.
    pub startup_profiles: Gather<StartupProfileId, Head<StartupProfileId>>,
    /// Which versions of mandates there are.
    pub mandates: Gather<MandateId, Head<MandateId>>,
}

impl Default for LookUps {
    fn default() -> Self {
        use db::{mandates, sessions, startup_profiles};
        Self {
            sessions: Gather::new(sessions::credentials, sessions::credentials_of),
            startup_profiles: Gather::new(
                startup_profiles::find_head,
                startup_profiles::find_heads,
            ),
            mandates: Gather::new(mandates::find_head, mandates::find_heads),
        }
    }
}

/// The parts of a [`Context`] that have no default.
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The tags and facets of the program's file.
    pub taxonomy: Taxonomy,
    /// Working days.
    pub calendars: Calendars,
    /// The pipelines of the program's file.
    pub pipelines: PipelineSet,
    /// The sentences of reasons.
    pub wording: Wording,
    /// Password hashing.
    pub passwords: Passwords,
    /// Access tokens.
    pub tokens: Tokens,
    /// Links in mails.
    pub links: Links,
    /// Where mails come back to.
    pub return_paths: ReturnPaths,
    /// Seals what must lie in the store.
    pub sealer: Sealer,
    /// The key that cursors are signed with.
    pub cursor_key: Vec<u8>,
    /// What the operator set.
    pub settings: Settings,
    /// What passes through as files.
    pub exchange: Exchange,
    /// Where documents lie.
    pub documents: Documents,
}

impl From<Parts> for Context {
    fn from(parts: Parts) -> Self {
        let taxonomies = Arc::new(Taxonomies::new(parts.taxonomy));
        Self {
            db: parts.db,
            clock: parts.clock,
            index: Arc::new(MatchIndex::new(Arc::clone(&taxonomies))),
            past: Arc::default(),
            exchange: Arc::new(parts.exchange),
            documents: Arc::new(parts.documents),
            taxonomies,
            calendars: Arc::new(parts.calendars),
            pipelines: Arc::new(Pipelines::new(parts.pipelines)),
            wording: Arc::new(parts.wording),
            passwords: parts.passwords,
            tokens: Arc::new(parts.tokens),
            links: parts.links,
            return_paths: parts.return_paths,
            sealer: Arc::new(parts.sealer),
            looked_for_keys: Arc::default(),
            attempts: Arc::default(),
            failures: Arc::default(),
            callers: Arc::default(),
            look_ups: Arc::default(),
            cursor_key: parts.cursor_key.into(),
            settings: Arc::new(parts.settings),
            rankings: Arc::new(Semaphore::new(RANKINGS)),
            uploads: Places::new(UPLOADS, UPLOADS_OF_ONE),
            document_uploads: Places::new(DOCUMENTS, DOCUMENTS_OF_ONE),
            ids: Arc::new(Mutex::new(ContextV7::new())),
        }
    }
}

impl Context {
    /// The same by another clock.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new id (`UUIDv7`) that sorts after all this process made before it.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let ids = self
            .ids
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let stamp = Timestamp::from_unix(&*ids, seconds, now.timestamp_subsec_nanos());
        T::from(Uuid::new_v7(stamp))
    }
}
