//! Exporting: a file is made of what somebody may read, as they read it, and
//! can be fetched by them for a time.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::account::{Membership, Role};
use super::event::SubjectKind;
use super::ids::{ExportId, OrganizationId, UserId};
use super::refusal::Refusal;
use super::saved_view::ListKind;
use super::values::{OrganizationKind, codes};

/// How long an export is on record after its file is gone.
pub const REMEMBERED: TimeDelta = TimeDelta::days(7);

codes! {
    /// What a file is made of.
    ExportKind {
        /// Everything of one firm.
        Organization = "organization",
        /// Startups with their profiles.
        StartupProfiles = "startup_profiles",
        /// Investors with their mandates.
        Mandates = "mandates",
        /// Investors with what they say of themselves.
        InvestorProfiles = "investor_profiles",
        /// Matches on record.
        Matches = "matches",
        /// Introductions.
        Introductions = "introductions",
        /// Deals.
        Deals = "deals",
        /// What partners handed in.
        Referrals = "referrals",
        /// Firms.
        Organizations = "organizations",
    }
}

impl ExportKind {
    /// The list whose records the file is made of; none where it is all of one
    /// firm.
    pub const fn list(self) -> Option<ListKind> {
        match self {
            Self::Organization => None,
            Self::StartupProfiles => Some(ListKind::StartupProfiles),
            Self::Mandates => Some(ListKind::Mandates),
            Self::InvestorProfiles => Some(ListKind::InvestorProfiles),
            Self::Matches => Some(ListKind::Matches),
            Self::Introductions => Some(ListKind::Introductions),
            Self::Deals => Some(ListKind::Deals),
            Self::Referrals => Some(ListKind::Referrals),
            Self::Organizations => Some(ListKind::Organizations),
        }
    }
}

codes! {
    /// How a file is written.
    ExportFormat {
        /// Comma-separated values (RFC 4180), UTF-8, with a header.
        Csv = "csv",
        /// A JSON object a line, UTF-8.
        Ndjson = "ndjson",
        /// An archive: the lines, and the files of the documents that they
        /// name.
        Zip = "zip",
    }
}

codes! {
    /// Where an export stands.
    ExportState {
        /// Nobody works on it yet.
        Waiting = "waiting",
        /// Its file is being written.
        Running = "running",
        /// It can be fetched.
        Ready = "ready",
        /// It could not be made.
        Failed = "failed",
        /// Somebody ended it.
        Cancelled = "cancelled",
        /// Its time is over and the file gone.
        Expired = "expired",
    }
}

impl ExportState {
    /// Whether a worker has something to do.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

codes! {
    /// What people do with an export.
    ExportAction {
        /// End it; a file that is there is deleted.
        Cancel = "cancel",
    }
}

/// What somebody wants in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of what.
    pub kind: ExportKind,
    /// Of which firm, where it is everything of one.
    pub organization: Option<OrganizationId>,
    /// Which of them: the query of the list.
    pub filters: String,
    /// How it is written.
    pub format: ExportFormat,
    /// Whether it is made only once compliance has decided about all that it
    /// would leave out; for a time.
    pub wait: bool,
}

/// A part in which somebody asked for a file, and reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// In which organization.
    pub organization: OrganizationId,
    /// As what.
    pub role: Role,
}

impl Part {
    /// Whether that is the same part: the people of a firm read alike, those
    /// of the operator each what theirs lets them.
    pub fn is_played_by(self, member: &Membership) -> bool {
        self.organization == member.organization
            && (member.kind != OrganizationKind::Operator || member.role == self.role)
    }
}

/// A file that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its id, also the name of the file.
    pub id: ExportId,
    /// Who wants it; nobody else knows of it.
    pub made_by: UserId,
    /// In which parts; never none.
    pub parts: Vec<Part>,
    /// What it holds.
    pub wanted: Wanted,
    /// Where it stands.
    pub state: ExportState,
    /// Records that it holds so far.
    pub lines: i64,
    /// Its length, once it is there.
    pub bytes: i64,
    /// Its SHA-256, once it is there.
    pub digest: Option<[u8; 32]>,
    /// Why it could not be made, a stable code.
    pub failure: Option<String>,
    /// When its file is deleted, and later the export itself.
    pub expires_at: DateTime<Utc>,
    /// Counts changes, progress included; the `ETag`.
    pub version: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Export {
    /// What an action makes of it.
    ///
    /// # Errors
    /// The action is not possible now.
    pub fn step(self, action: ExportAction, now: DateTime<Utc>) -> Result<Self, Refusal> {
        match (action, self.state) {
            (
                ExportAction::Cancel,
                ExportState::Waiting | ExportState::Running | ExportState::Ready,
            ) => Ok(self.moved(ExportState::Cancelled, now, REMEMBERED)),
            (action, _) => Err(Refusal::no_transition(action.code())),
        }
    }

    /// Whether its file may hold what a firm's record of such a kind says, of
    /// which `knowing` organizations were told.
    pub fn may_hold(&self, kind: SubjectKind, knowing: &BTreeSet<OrganizationId>) -> bool {
        let of_startup = kind == SubjectKind::StartupProfile;
        let of_such = match self.wanted.kind {
            ExportKind::Organization => {
                let firm = self.wanted.organization.as_ref();
                return firm.is_some_and(|firm| knowing.contains(firm));
            }
            ExportKind::Matches | ExportKind::Introductions => true,
            ExportKind::StartupProfiles => of_startup,
            ExportKind::Mandates | ExportKind::InvestorProfiles => !of_startup,
            ExportKind::Deals | ExportKind::Referrals | ExportKind::Organizations => false,
        };
        let told = |part: &Part| knowing.contains(&part.organization);
        of_such && self.parts.iter().any(told)
    }

    /// Whether its file may hold files of documents of one of these firms.
    pub fn may_hold_files_of(&self, firms: &[OrganizationId]) -> bool {
        let firm = self.wanted.organization.as_ref();
        self.wanted.format == ExportFormat::Zip && firm.is_some_and(|firm| firms.contains(firm))
    }

    /// Its file can be fetched for `time`.
    #[must_use]
    pub fn ready(self, bytes: i64, digest: [u8; 32], now: DateTime<Utc>, time: TimeDelta) -> Self {
        Self {
            bytes,
            digest: Some(digest),
            ..self.moved(ExportState::Ready, now, time)
        }
    }

    /// It could not be made.
    #[must_use]
    pub fn failed(self, code: &str, now: DateTime<Utc>) -> Self {
        Self {
            failure: Some(code.to_owned()),
            ..self.moved(ExportState::Failed, now, REMEMBERED)
        }
    }

    /// Its time is over.
    #[must_use]
    pub fn expired(self, now: DateTime<Utc>) -> Self {
        self.moved(ExportState::Expired, now, REMEMBERED)
    }

    /// It has come so far.
    #[must_use]
    pub fn at(self, lines: i64, now: DateTime<Utc>) -> Self {
        Self {
            lines,
            ..self.moved(ExportState::Running, now, REMEMBERED)
        }
    }

    /// It waits for compliance to decide.
    #[must_use]
    pub fn waits(self, now: DateTime<Utc>) -> Self {
        self.moved(ExportState::Waiting, now, REMEMBERED)
    }

    /// Whether it waits for compliance to decide still, or has waited for long
    /// enough and is made without what isn't decided.
    pub fn may_wait(&self, now: DateTime<Utc>) -> bool {
        self.wanted.wait && now < self.created_at + REMEMBERED
    }

    fn moved(self, state: ExportState, now: DateTime<Utc>, time: TimeDelta) -> Self {
        Self {
            state,
            expires_at: now + time,
            version: self.version + 1,
            updated_at: now,
            ..self
        }
    }
}
