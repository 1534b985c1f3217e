//! Identifiers: one type per record, so that an introduction's id can't be
//! passed where a deal's is wanted. All are `UUIDv7` (RFC 9562 §5.7), which
//! sort by creation time and keep b-trees compact. New ones are made outside
//! the domain, from the service's clock.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare UUID, as it is stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Uuid {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(s).map(Self).map_err(|_| InvalidId)
            }
        }
    )+};
}

ids! {
    /// A firm: startup, investor, partner or operator.
    OrganizationId,
    /// A person with an account.
    UserId,
    /// What a startup publishes about itself.
    StartupProfileId,
    /// What an investor publishes about itself.
    InvestorProfileId,
    /// One appetite of an investor.
    MandateId,
    /// A corridor run under an MoU.
    ProgrammeId,
    /// What the parties of a programme promise.
    CommitmentId,
    /// What one firm shows another.
    PracticeId,
    /// A versioned set of gates, factors and weights.
    RuleSetId,
    /// A version of the pipelines that a programme's deals go through.
    PipelineSetId,
    /// One startup profile against one mandate.
    MatchId,
    /// Many matches released together.
    ReleaseId,
    /// Everything of a programme matched again.
    RematchId,
    /// A double opt-in.
    IntroductionId,
    /// One question to one side of an introduction; its link names it.
    AskId,
    /// One question to a side how an introduction goes; its link names it.
    PulseId,
    /// What follows an introduction.
    DealId,
    /// Something to be done about a deal.
    DealTaskId,
    /// One sign-in of a person, and all that followed from it.
    SessionId,
    /// One mailed permission to do one thing once.
    TicketId,
    /// A person's key for scripts.
    ApiKeyId,
    /// One firm that a partner handed in.
    ReferralId,
    /// One file that is imported.
    ImportId,
    /// One file that is made of records.
    ExportId,
    /// Two records that may be of one firm.
    DuplicateId,
    /// What was made of two firms.
    MergeId,
    /// One document of a profile.
    DocumentId,
    /// One opening of a document.
    DocumentViewId,
    /// How far documents are open to whom.
    GrantId,
    /// A word of the taxonomy that profiles and mandates hold.
    TagId,
    /// A list with its parameters, under a name.
    SavedViewId,
    /// One line of the log.
    EventId,
    /// One intent to send something.
    OutboxId,
}
