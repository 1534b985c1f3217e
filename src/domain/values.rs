//! Closed value sets: what changes with the code, not with the data. Open
//! sets (tags, business models, instruments…) come from the taxonomy.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code, as it is stored and sent.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value with that code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl $crate::domain::word::Coded for $name {
            fn word(&self) -> $crate::domain::word::Word {
                self.code().into()
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// The stage of a startup's round.
    Stage {
        /// Before a first priced round.
        PreSeed = "pre_seed",
        /// First outside money.
        Seed = "seed",
        /// First institutional round.
        SeriesA = "series_a",
        /// Second institutional round.
        SeriesB = "series_b",
        /// Later rounds.
        Growth = "growth",
        /// Between two rounds; counts as the stage before it.
        Bridge = "bridge",
        /// Grants and other money without shares; stands outside the order.
        NonDilutive = "non_dilutive",
    }
}

impl Stage {
    /// Its place in the order of rounds; `None` for what stands outside it.
    pub const fn order(self) -> Option<u8> {
        match self {
            Self::PreSeed => Some(0),
            Self::Seed => Some(1),
            Self::SeriesA => Some(2),
            Self::SeriesB => Some(3),
            Self::Growth => Some(4),
            Self::Bridge | Self::NonDilutive => None,
        }
    }
}

codes! {
    /// What part an investor takes in a round.
    InvestorRole {
        /// Sets the terms.
        Lead = "lead",
        /// Takes a large share beside the lead.
        Co = "co",
        /// Joins on others' terms.
        Follow = "follow",
        /// Any of these.
        Any = "any",
    }
}

codes! {
    /// A side of a match, an introduction or a deal.
    Side {
        /// The startup's.
        Startup = "startup",
        /// The investor's.
        Investor = "investor",
    }
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Startup => Self::Investor,
            Self::Investor => Self::Startup,
        }
    }
}

codes! {
    /// What a firm is in Corridor.
    OrganizationKind {
        /// Submits profiles.
        Startup = "startup",
        /// Has mandates.
        Investor = "investor",
        /// A fund, accelerator or trade office that refers firms.
        Partner = "partner",
        /// Runs the service.
        Operator = "operator",
    }
}

codes! {
    /// Something that limits what a startup can promise.
    Encumbrance {
        /// A grant with terms on taking know-how abroad.
        GrantKnowHow = "grant_know_how",
        /// A university owns part of the rights.
        UniversityIp = "university_ip",
        /// Exclusivity was promised to somebody.
        Exclusivity = "exclusivity",
    }
}

codes! {
    /// Why a deal was lost (the last one wants words).
    CloseCode {
        /// The other side stopped answering.
        NoReply = "no_reply",
        /// Outside the investor's thesis.
        ThesisMismatch = "thesis_mismatch",
        /// Too early for the investor.
        StageTooEarly = "stage_too_early",
        /// The cheque does not fit the round.
        ChequeMismatch = "cheque_mismatch",
        /// Price.
        Valuation = "valuation",
        /// Terms other than price.
        Terms = "terms",
        /// The market looked too risky.
        MarketRisk = "market_risk",
        /// The team.
        Team = "team",
        /// Too little traction.
        Traction = "traction",
        /// The technology looked too risky.
        TechnologyRisk = "technology_risk",
        /// A conflict of interest.
        ConflictOfInterest = "conflict_of_interest",
        /// Compliance said no.
        ComplianceBlocked = "compliance_blocked",
        /// A licence was refused.
        LicenceNotGranted = "licence_not_granted",
        /// Currency or tax.
        CurrencyOrTax = "currency_or_tax",
        /// Rights that are not the startup's to give.
        IpEncumbrance = "ip_encumbrance",
        /// The startup took another investor.
        ChoseOtherInvestor = "chose_other_investor",
        /// The startup withdrew.
        StartupWithdrew = "startup_withdrew",
        /// The investor paused.
        InvestorPaused = "investor_paused",
        /// The round closed.
        RoundClosed = "round_closed",
        /// War, sanctions, closed borders.
        GeopoliticalEvent = "geopolitical_event",
        /// Something else, in words.
        Other = "other",
    }
}

codes! {
    /// Why a side passes on a match or declines an introduction.
    PassReason {
        /// No reply wanted to a question asked earlier.
        NoReply = "no_reply",
        /// Outside the thesis.
        ThesisMismatch = "thesis_mismatch",
        /// Too early.
        StageTooEarly = "stage_too_early",
        /// The cheque does not fit.
        ChequeMismatch = "cheque_mismatch",
        /// Price.
        Valuation = "valuation",
        /// Terms other than price.
        Terms = "terms",
        /// The market looks too risky.
        MarketRisk = "market_risk",
        /// The team.
        Team = "team",
        /// Too little traction.
        Traction = "traction",
        /// They know each other.
        AlreadyInContact = "already_in_contact",
        /// Not now; the answer names a date.
        NotNow = "not_now",
        /// Something else, in words.
        Other = "other",
    }
}
