//! Who asks for an introduction, and what a partner that did is told of it.

use super::introduction::IntroductionStatus;
use super::values::{Side, codes};

codes! {
    /// Who asked for an introduction.
    Requester {
        /// The startup's side.
        Startup = "startup",
        /// The investor's side.
        Investor = "investor",
        /// A curator.
        Curator = "curator",
        /// A partner of the programme.
        Partner = "partner",
    }
}

impl Requester {
    /// The side that counts as accepted because it asked.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Startup => Some(Side::Startup),
            Self::Investor => Some(Side::Investor),
            Self::Curator | Self::Partner => None,
        }
    }

    /// The side that is asked first.
    pub const fn first_asked(self) -> Side {
        match self {
            Self::Startup => Side::Investor,
            Self::Investor | Self::Curator | Self::Partner => Side::Startup,
        }
    }
}

codes! {
    /// Where its request stands, as a partner is told: not who was asked, who
    /// answered what, or what the gate said.
    PartnerState {
        /// Nobody was introduced yet.
        Open = "open",
        /// Both agreed, and the mail that connects them went out.
        Introduced = "introduced",
        /// It came to nothing.
        NotTakenUp = "not_taken_up",
    }
}

impl IntroductionStatus {
    /// What a partner is told of it.
    pub const fn for_partner(self) -> PartnerState {
        match self {
            Self::Requested
            | Self::Held
            | Self::AskingFirst
            | Self::AskingSecond
            | Self::BothAccepted
            | Self::DeliveryProblem
            | Self::Frozen => PartnerState::Open,
            Self::Sent | Self::InConversation | Self::Met | Self::Converted | Self::Closed => {
                PartnerState::Introduced
            }
            Self::Declined | Self::Withdrawn | Self::Expired | Self::Refused | Self::Blocked => {
                PartnerState::NotTakenUp
            }
        }
    }
}
