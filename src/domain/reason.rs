//! Why a gate or a factor came out as it did: a key with variables. The
//! sentence is made from it in any language by [`super::wording`], and what a
//! machine reads is the key.

use chrono::NaiveDate;

use super::few::Few;
use super::money::Money;
use super::tag::Facet;
use super::values::codes;
use super::word::{Coded, Word};

codes! {
    /// The key of a reason's sentence: `gate` or `factor`, its name, the case.
    ReasonKey {
        /// For a reader who may not know more: blocks, clearances, freezes and
        /// conflicts all read alike.
        Withheld = "withheld",

        /// Both records are live.
        LivePass = "gate.live.pass",
        /// The profile is in another status.
        LiveStartupStatus = "gate.live.startup_status",
        /// The mandate is in another status.
        LiveMandateStatus = "gate.live.mandate_status",
        /// The profile was not confirmed in time.
        LiveStartupStale = "gate.live.startup_stale",
        /// The mandate was not confirmed in time.
        LiveMandateStale = "gate.live.mandate_stale",
        /// A record bears no day of confirmation.
        LiveUnconfirmed = "gate.live.unconfirmed",
        /// The mandate begins later.
        LiveMandateEarly = "gate.live.mandate_early",
        /// The mandate has ended.
        LiveMandateOver = "gate.live.mandate_over",

        /// Within the programme.
        ScopePass = "gate.scope.pass",
        /// The programme is not in force.
        ScopeNotInForce = "gate.scope.not_in_force",
        /// The programme does not join these countries.
        ScopeCountries = "gate.scope.countries",
        /// Where a side is, is unknown.
        ScopeCountryUnknown = "gate.scope.country_unknown",
        /// The profile is not admitted.
        ScopeStartup = "gate.scope.startup",
        /// The mandate is not admitted.
        ScopeMandate = "gate.scope.mandate",
        /// None of the startup's tags is in the programme's scope.
        ScopeTags = "gate.scope.tags",

        /// Both are cleared.
        ClearancePass = "gate.clearance.pass",
        /// The startup is blocked.
        ClearanceStartupBlocked = "gate.clearance.startup_blocked",
        /// The investor is blocked.
        ClearanceInvestorBlocked = "gate.clearance.investor_blocked",
        /// The startup's clearance is missing or has run out.
        ClearanceStartupWaits = "gate.clearance.startup_waits",
        /// The investor's clearance is missing or has run out.
        ClearanceInvestorWaits = "gate.clearance.investor_waits",
        /// Both are missing or have run out.
        ClearanceBothWait = "gate.clearance.both_wait",

        /// Nothing sensitive.
        SensitivityPass = "gate.sensitivity.pass",
        /// Sensitive, and released by compliance.
        SensitivityReleased = "gate.sensitivity.released",
        /// A tag that Corridor does not broker.
        SensitivityProhibited = "gate.sensitivity.prohibited",
        /// Tags that wait for a decision.
        SensitivityTags = "gate.sensitivity.tags",
        /// Control answers that wait for a decision.
        SensitivityAnswers = "gate.sensitivity.answers",

        /// No freeze.
        FreezePass = "gate.freeze.pass",
        /// The startup is frozen.
        FreezeStartup = "gate.freeze.startup",
        /// The investor is frozen.
        FreezeInvestor = "gate.freeze.investor",

        /// No block, no conflict.
        ConflictPass = "gate.conflict.pass",
        /// A block or conflict.
        ConflictFound = "gate.conflict.found",

        /// Nothing excluded.
        ExclusionsPass = "gate.exclusions.pass",
        /// Excluded tags.
        ExclusionsTags = "gate.exclusions.tags",
        /// An excluded country.
        ExclusionsCountry = "gate.exclusions.country",
        /// Only other countries are wanted.
        ExclusionsOtherCountries = "gate.exclusions.other_countries",
        /// Countries matter, and the startup's is unknown.
        ExclusionsCountryUnknown = "gate.exclusions.country_unknown",

        /// Kinds of deal in common.
        IntentPass = "gate.deal_intent.pass",
        /// None in common.
        IntentApart = "gate.deal_intent.apart",
        /// The startup states none.
        IntentStartupUnstated = "gate.deal_intent.startup_unstated",
        /// The mandate states none.
        IntentMandateUnstated = "gate.deal_intent.mandate_unstated",

        /// Near enough.
        StagePass = "gate.stage.pass",
        /// The mandate names no stage.
        StageNoPreference = "gate.stage.no_preference",
        /// The startup names no stage.
        StageUnstated = "gate.stage.unstated",
        /// Too far.
        StageTooFar = "gate.stage.too_far",
        /// No kind of deal in common that involves shares.
        StageNotEquity = "gate.stage.not_equity",

        /// The cheque fits the round.
        ChequePass = "gate.cheque.pass",
        /// It does not, but gives way.
        ChequeFlexible = "gate.cheque.flexible",
        /// The mandate names no cheque.
        ChequeNoPreference = "gate.cheque.no_preference",
        /// The startup names no round.
        ChequeUnstated = "gate.cheque.unstated",
        /// There is no exchange rate.
        ChequeNoRate = "gate.cheque.no_rate",
        /// The greatest cheque is below the smallest one accepted.
        ChequeTooSmall = "gate.cheque.too_small",
        /// The smallest cheque is more than the round takes.
        ChequeTooLarge = "gate.cheque.too_large",
        /// No kind of deal in common that involves shares.
        ChequeNotEquity = "gate.cheque.not_equity",

        /// Nothing earlier in force.
        CoolDownPass = "gate.cool_down.pass",
        /// An earlier pass or decline in force.
        CoolDownUntil = "gate.cool_down.until",

        /// Tags in common.
        TagsCommon = "factor.tags.common",
        /// Tags in common, and further ones nearby.
        TagsCommonRelated = "factor.tags.common_related",
        /// Tags nearby.
        TagsRelated = "factor.tags.related",
        /// Nothing near.
        TagsApart = "factor.tags.apart",
        /// The startup has no tag.
        TagsStartupUnstated = "factor.tags.startup_unstated",
        /// The mandate wants no tag in particular.
        TagsNoPreference = "factor.tags.no_preference",

        /// The very stage.
        StageSame = "factor.stage.same",
        /// Some stages apart.
        StageNear = "factor.stage.near",
        /// Not comparable with any wanted stage.
        StageApart = "factor.stage.apart",
        /// The mandate names no stage.
        StageFactorNoPreference = "factor.stage.no_preference",
        /// The startup names no stage.
        StageFactorUnstated = "factor.stage.unstated",
        /// Shares are not wanted.
        StageFactorNotEquity = "factor.stage.not_equity",

        /// The cheque is such a share of the target.
        ChequeShare = "factor.cheque.share",
        /// Fits only because it gives way.
        ChequeFactorFlexible = "factor.cheque.flexible",
        /// Does not fit.
        ChequeApart = "factor.cheque.apart",
        /// The mandate names no cheque.
        ChequeFactorNoPreference = "factor.cheque.no_preference",
        /// The startup names no round.
        ChequeFactorUnstated = "factor.cheque.unstated",
        /// There is no exchange rate.
        ChequeFactorNoRate = "factor.cheque.no_rate",
        /// Shares are not wanted.
        ChequeFactorNotEquity = "factor.cheque.not_equity",

        /// Kinds of deal in common.
        IntentCommon = "factor.deal_intent.common",
        /// None in common.
        IntentFactorApart = "factor.deal_intent.apart",
        /// A side states none.
        IntentUnstated = "factor.deal_intent.unstated",

        /// Opens markets that are wanted.
        MarketOpens = "factor.market.opens",
        /// Opens only markets the startup is in already.
        MarketPresent = "factor.market.present",
        /// Opens none of them.
        MarketApart = "factor.market.apart",
        /// The startup names no market.
        MarketUnstated = "factor.market.unstated",
        /// The mandate names no market, and where the investor is is unknown.
        MarketInvestorUnstated = "factor.market.investor_unstated",

        /// Business models and customers.
        BusinessBoth = "factor.business_model.both",
        /// Business models only are known on both sides.
        BusinessModels = "factor.business_model.models",
        /// Customers only are known on both sides.
        BusinessCustomers = "factor.business_model.customers",
        /// A side states neither.
        BusinessUnstated = "factor.business_model.unstated",

        /// Can teach what is wanted.
        TransferCommon = "factor.transfer_topics.common",
        /// Can teach nothing of it.
        TransferApart = "factor.transfer_topics.apart",
        /// The startup names no topic.
        TransferStartupUnstated = "factor.transfer_topics.startup_unstated",
        /// The mandate wants no topic.
        TransferNoPreference = "factor.transfer_topics.no_preference",

        /// Paper and part.
        InstrumentBoth = "factor.instrument_role.both",
        /// Paper only is known on both sides.
        InstrumentOnly = "factor.instrument_role.instruments",
        /// The part only is known.
        RoleOnly = "factor.instrument_role.role",
        /// Neither is known.
        InstrumentUnstated = "factor.instrument_role.unstated",

        /// Facts given and days since the last confirmation.
        EvidenceFacts = "factor.evidence.facts",
        /// Facts given; never confirmed.
        EvidenceUnconfirmed = "factor.evidence.unconfirmed",

        /// A working language in common.
        LanguageCommon = "factor.language.common",
        /// None in common.
        LanguageApart = "factor.language.apart",
        /// A side states none.
        LanguageUnstated = "factor.language.unstated",

        /// No statistics of past deals.
        RevealedNone = "factor.revealed_preference.no_statistics",
        /// To a side: they speak for it.
        RevealedBandStrong = "factor.revealed_preference.band_strong",
        /// To a side: they speak for it in part.
        RevealedBandSome = "factor.revealed_preference.band_some",
        /// To a side: they hardly speak for it.
        RevealedBandLittle = "factor.revealed_preference.band_little",

        /// The startup does not tell what the statistic is about.
        RevealedUntold = "revealed.untold",
        /// First rounds joined within a year.
        RevealedPace = "revealed.pace.count",
        /// Rounds joined within two years.
        RevealedActivity = "revealed.activity.count",
        /// Startups ever funded, and the size of their rounds.
        RevealedRecord = "revealed.record.count",
        /// The same where no amount is known.
        RevealedRecordUnpriced = "revealed.record.unpriced",
        /// How much of it went to the country.
        RevealedCountry = "revealed.country.share",
        /// How much of it went to the region.
        RevealedRegion = "revealed.region.share",
        /// How much of it went to the city.
        RevealedCity = "revealed.city.share",
        /// Its office is near.
        RevealedOfficeNear = "revealed.office.near",
        /// Its office is in another country.
        RevealedOfficeElsewhere = "revealed.office.elsewhere",
        /// Where its office is, or the startup, is unknown.
        RevealedOfficeUnknown = "revealed.office.unknown",
        /// How much of it was of this stage.
        RevealedStage = "revealed.stage.share",
        /// How much of it was of about this size.
        RevealedSize = "revealed.size.share",
        /// How much of it was of this very amount.
        RevealedTicket = "revealed.ticket.share",
        /// Startups with these tags, where they were and what they raised.
        RevealedTags = "revealed.tags.count",
        /// None with these tags.
        RevealedTagsNone = "revealed.tags.none",
        /// Deals that were like this one.
        RevealedAlike = "revealed.alike.count",
        /// None was.
        RevealedAlikeNone = "revealed.alike.none",
        /// The same of an investor that did other things than fund.
        RevealedMixedShare = "revealed.mixed.share",
        /// What it did with startups of these tags.
        RevealedMixedTags = "revealed.mixed.tags",
        /// What it did so far.
        RevealedMixedRecord = "revealed.mixed.record",
        /// What it did with startups much like this one.
        RevealedMixedAlike = "revealed.mixed.alike",
    }
}

codes! {
    /// A variable of a reason; its name says what it holds.
    Place {
        /// Tags of the startup.
        Tags = "tags",
        /// Further tags of the startup, near to wanted ones.
        Related = "related",
        /// Tags the mandate or programme names.
        Wanted = "wanted",
        /// Kinds of deal.
        Intents = "intents",
        /// Business models.
        Models = "models",
        /// Customer types.
        Customers = "customers",
        /// Transfer topics.
        Topics = "topics",
        /// Paper of an investment.
        Instruments = "instruments",
        /// The startup's stage.
        Stage = "stage",
        /// The mandate's stages.
        Stages = "stages",
        /// Part taken in a round.
        Role = "role",
        /// Where the startup is.
        StartupCountry = "startup_country",
        /// Where the investor is.
        InvestorCountry = "investor_country",
        /// Countries, as markets or as homes.
        Countries = "countries",
        /// Working languages.
        Languages = "languages",
        /// Where a record stands.
        Status = "status",
        /// Currencies by ISO 4217.
        Currencies = "currencies",
        /// A day.
        Date = "date",
        /// Days.
        Days = "days",
        /// How many facts are given.
        Facts = "facts",
        /// Out of how many.
        Of = "of",
        /// Stages between.
        Distance = "distance",
        /// A share, in bp.
        Share = "share",
        /// The mandate's smallest cheque.
        ChequeMin = "cheque_min",
        /// The mandate's greatest cheque.
        ChequeMax = "cheque_max",
        /// The smallest cheque the round accepts.
        AcceptedMin = "accepted_min",
        /// The greatest cheque the round accepts.
        AcceptedMax = "accepted_max",
        /// What the round seeks.
        Target = "target",
        /// Deals or startups that are counted.
        Deals = "deals",
        /// Those of them that are in one place.
        There = "there",
        /// A country, region or city by its name.
        Where = "where",
        /// The year of the first deal.
        Since = "since",
        /// The middle one of the rounds, by size.
        Typical = "typical",
        /// Everybody's share, in bp.
        CrowdShare = "crowd_share",
        /// Tags as the source of past deals writes them.
        SourceTags = "source_tags",
        /// Introductions agreed to, meetings and deals without money so far.
        TakenUp = "taken_up",
        /// How many were passed on.
        Passed = "passed",
    }
}

impl ReasonKey {
    /// The places of its reasons; each reason fills all of them, and its
    /// sentence may name no other.
    pub const fn places(self) -> &'static [Place] {
        use Place as P;
        match self {
            Self::LiveStartupStatus | Self::LiveMandateStatus => &[P::Status],
            Self::LiveStartupStale
            | Self::LiveMandateStale
            | Self::LiveMandateEarly
            | Self::LiveMandateOver
            | Self::CoolDownUntil => &[P::Date],
            Self::ScopeCountries => &[P::StartupCountry, P::InvestorCountry],
            Self::ScopeTags | Self::TagsApart => &[P::Wanted],
            Self::SensitivityProhibited
            | Self::SensitivityTags
            | Self::ExclusionsTags
            | Self::TagsCommon => &[P::Tags],
            Self::ExclusionsCountry => &[P::StartupCountry],
            Self::ExclusionsOtherCountries
            | Self::MarketOpens
            | Self::MarketPresent
            | Self::MarketApart => &[P::Countries],
            Self::IntentPass | Self::IntentCommon | Self::IntentFactorApart => &[P::Intents],
            Self::StagePass | Self::StageTooFar | Self::StageSame | Self::StageApart => {
                &[P::Stage, P::Stages]
            }
            Self::StageNear => &[P::Stage, P::Stages, P::Distance],
            Self::ChequePass
            | Self::ChequeFlexible
            | Self::ChequeTooSmall
            | Self::ChequeTooLarge => &[P::ChequeMin, P::ChequeMax, P::AcceptedMin, P::AcceptedMax],
            Self::ChequeNoRate => &[P::Currencies],
            Self::TagsCommonRelated => &[P::Tags, P::Related],
            Self::TagsRelated => &[P::Related, P::Wanted],
            Self::ChequeShare | Self::ChequeFactorFlexible | Self::ChequeApart => {
                &[P::ChequeMax, P::Target, P::Share]
            }
            Self::BusinessBoth => &[P::Models, P::Customers],
            Self::BusinessModels => &[P::Models],
            Self::BusinessCustomers => &[P::Customers],
            Self::TransferCommon | Self::TransferApart => &[P::Topics],
            Self::InstrumentBoth => &[P::Instruments, P::Role],
            Self::InstrumentOnly => &[P::Instruments],
            Self::RoleOnly => &[P::Role],
            Self::EvidenceFacts => &[P::Facts, P::Of, P::Days],
            Self::EvidenceUnconfirmed => &[P::Facts, P::Of],
            Self::LanguageCommon | Self::LanguageApart => &[P::Languages],
            Self::RevealedPace | Self::RevealedActivity => &[P::Deals],
            Self::RevealedRecord => &[P::Deals, P::Since, P::Typical],
            Self::RevealedRecordUnpriced => &[P::Deals, P::Since],
            Self::RevealedCountry | Self::RevealedRegion | Self::RevealedCity => {
                &[P::Where, P::There, P::Deals, P::Share, P::CrowdShare]
            }
            Self::RevealedOfficeNear | Self::RevealedOfficeElsewhere => &[P::Where],
            Self::RevealedStage => &[P::There, P::Deals, P::Share, P::CrowdShare],
            Self::RevealedSize | Self::RevealedTicket => {
                &[P::Target, P::There, P::Deals, P::Share, P::CrowdShare]
            }
            Self::RevealedTags => &[
                P::SourceTags,
                P::Deals,
                P::Since,
                P::Where,
                P::There,
                P::Typical,
            ],
            Self::RevealedTagsNone => &[P::SourceTags],
            Self::RevealedMixedShare => &[P::There, P::Deals, P::Share, P::CrowdShare, P::Passed],
            Self::RevealedMixedTags => &[
                P::SourceTags,
                P::Deals,
                P::Since,
                P::Where,
                P::There,
                P::TakenUp,
                P::Passed,
            ],
            Self::RevealedMixedRecord | Self::RevealedMixedAlike => {
                &[P::Deals, P::Since, P::TakenUp, P::Passed]
            }
            Self::RevealedAlike => &[P::Deals, P::Since, P::Typical],
            _ => &[],
        }
    }
}

/// Where the label of a code is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// It is no code, or one that everybody reads as it stands.
    Plain,
    /// A number of basis points, read as percent.
    Share,
    /// Among the tags.
    Tag,
    /// Among the values of a facet.
    Facet(Facet),
    /// Among the wording's own words, in this group.
    Words(&'static str),
}

impl Place {
    /// Where the labels of its codes are found.
    pub const fn vocabulary(self) -> Vocabulary {
        match self {
            // A source's own word that is no tag is written as it stands.
            Self::Tags | Self::Related | Self::Wanted | Self::SourceTags => Vocabulary::Tag,
            Self::Intents => Vocabulary::Facet(Facet::DealIntent),
            Self::Models => Vocabulary::Facet(Facet::BusinessModel),
            Self::Customers => Vocabulary::Facet(Facet::CustomerType),
            Self::Topics => Vocabulary::Facet(Facet::TransferTopic),
            Self::Instruments => Vocabulary::Facet(Facet::Instrument),
            Self::Stage | Self::Stages => Vocabulary::Words("stage"),
            Self::Role => Vocabulary::Words("role"),
            Self::StartupCountry | Self::InvestorCountry | Self::Countries | Self::Where => {
                Vocabulary::Words("country")
            }
            Self::Languages => Vocabulary::Words("language"),
            Self::Status => Vocabulary::Words("status"),
            Self::Share | Self::CrowdShare => Vocabulary::Share,
            Self::Deals
            | Self::There
            | Self::Since
            | Self::Typical
            | Self::TakenUp
            | Self::Passed => Vocabulary::Plain,
            Self::Currencies
            | Self::Date
            | Self::Days
            | Self::Facts
            | Self::Of
            | Self::Distance
            | Self::ChequeMin
            | Self::ChequeMax
            | Self::AcceptedMin
            | Self::AcceptedMax
            | Self::Target => Vocabulary::Plain,
        }
    }
}

/// What stands at one place of a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Var {
    /// A number.
    Int(i64),
    /// A stable code or slug that has a label.
    Code(Word),
    /// Several of them, in order.
    Codes(Few<Word>),
    /// A day.
    Date(NaiveDate),
    /// An amount.
    Money(Money),
}

impl Var {
    /// The code of a value.
    pub fn code(value: impl Coded) -> Self {
        Self::Code(value.word())
    }

    /// The codes of these values, in their order.
    pub fn codes<T: Coded>(values: impl IntoIterator<Item = T>) -> Self {
        Self::Codes(values.into_iter().map(|value| value.word()).collect())
    }
}

/// A key with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which sentence.
    pub key: ReasonKey,
    /// What goes into it, in the order it is said.
    pub vars: Few<(Place, Var)>,
}

impl Reason {
    /// A sentence without variables.
    pub const fn plain(key: ReasonKey) -> Self {
        Self {
            key,
            vars: Few::none(),
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, place: Place, value: Var) -> Self {
        self.vars.push((place, value));
        self
    }
}
