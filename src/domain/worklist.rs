//! What waits for a person: computed from the records at the moment of
//! asking, stored nowhere, so that it can't disagree with them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::ProgrammeId;
use super::pipeline::{Deal, DealStatus, Pipeline};
use super::values::{Side, codes};

/// Days before its end from which a record asks to be renewed.
pub const RENEW_DAYS: i64 = 30;
/// Days before it counts as unconfirmed from which a profile asks for it.
pub const CONFIRM_DAYS: i64 = 14;
/// Days for which a programme that was declined asks what becomes of it.
pub const DECLINED_DAYS: i64 = 30;
/// Minutes after which somebody is to look at mail that no server takes.
pub const UNSERVED_MINUTES: i64 = 15;
/// Days for which notices of what several domains hold against us ask for our
/// mail to be mended.
pub const REFUSED_DAYS: i64 = 2;
/// Days for which an address that is no good asks to be corrected.
pub const BOUNCED_DAYS: i64 = 14;

codes! {
    /// What somebody is to do.
    WorkKind {
        /// Review a profile that was submitted.
        ReviewProfile = "review_profile",
        /// Agree to what is sensitive in a profile under review.
        AgreeToProfile = "agree_to_profile",
        /// Change a profile as its reviewer asked.
        ChangeProfile = "change_profile",
        /// Finish a draft profile and submit it.
        SubmitProfile = "submit_profile",
        /// Publish a profile that was approved.
        PublishProfile = "publish_profile",
        /// Confirm that a profile still holds.
        ConfirmProfile = "confirm_profile",
        /// Finish a draft mandate and publish it.
        PublishMandate = "publish_mandate",
        /// Confirm that a mandate still holds.
        ConfirmMandate = "confirm_mandate",
        /// Complete what was handed in for a firm.
        CompleteReferral = "complete_referral",
        /// Decide about a match that a gate leaves open.
        DecideMatch = "decide_match",
        /// Release a match, or let it be.
        ReleaseMatch = "release_match",
        /// Introduce two sides that want to meet.
        IntroduceMatch = "introduce_match",
        /// Say whether one wants to meet.
        AnswerMatch = "answer_match",
        /// Decide about an introduction that the gate holds.
        DecideIntroduction = "decide_introduction",
        /// Answer whether one wants to be introduced.
        AnswerIntroduction = "answer_introduction",
        /// Find out what became of a mail that came back.
        ResolveDelivery = "resolve_delivery",
        /// Confirm that a deal came of an introduction, as the other side says.
        ConfirmConversion = "confirm_conversion",
        /// Report the next stage of a deal, which the other side may have done.
        ReportDeal = "report_deal",
        /// Ask two firms whether one shows the other something.
        OfferPractice = "offer_practice",
        /// Say whether one shows another firm something, or learns it.
        AnswerPractice = "answer_practice",
        /// Do what was agreed about a deal.
        DoTask = "do_task",
        /// Confirm the stage that a side reports.
        AdvanceDeal = "advance_deal",
        /// Ask why a deal stands longer at a stage than it should.
        ChaseDeal = "chase_deal",
        /// Confirm the funding.
        ConfirmFunding = "confirm_funding",
        /// Check a firm that shows itself and was never checked.
        ScreenFirm = "screen_firm",
        /// Check a firm again.
        RenewClearance = "renew_clearance",
        /// Agree, as the second person, that a freeze is lifted.
        LiftFreeze = "lift_freeze",
        /// Agree, as the second person, that two firms are kept apart no more.
        LiftBlock = "lift_block",
        /// Agree, as the second person, that a suspended record comes back.
        RestoreRecord = "restore_record",
        /// Agree, as the second person, that a blocked deal goes on.
        UnblockDeal = "unblock_deal",
        /// Agree, as the second person, on the funding that a side is silent
        /// about.
        VouchFunding = "vouch_funding",
        /// Say whether an investor's money has arrived, as others say.
        ConfirmPayment = "confirm_payment",
        /// Close a closing of a round whose day has come, or say that its money
        /// is there.
        ConfirmClosing = "confirm_closing",
        /// Check an export licence that was written down.
        CheckLicence = "check_licence",
        /// Renew an export licence that ends soon.
        RenewLicence = "renew_licence",
        /// Say whether two firms are one.
        DecideDuplicate = "decide_duplicate",
        /// Agree that one's firm is proposed to others, which nobody did, or
        /// which ends.
        GiveConsent = "give_consent",
        /// Ask a firm that goes on as before without a consent to give it.
        ChaseConsent = "chase_consent",
        /// Raise or refuse a wall that a firm declared.
        DecideWall = "decide_wall",
        /// Decide about a document whose words compliance looks at.
        DecideDocument = "decide_document",
        /// Say whether a report of abuse holds.
        DecideAbuse = "decide_abuse",
        /// Decide about a note whose words compliance looks at.
        DecideNote = "decide_note",
        /// Try a message again that was given up.
        RetryMessage = "retry_message",
        /// Have a mail server take the service's mail, which waits.
        MendMail = "mend_mail",
        /// Find the right address of somebody whose mail came back.
        CorrectAddress = "correct_address",
        /// Write the labels that tags lack in a language of the service.
        LabelTags = "label_tags",
        /// Bring a programme to its signatures.
        SignProgramme = "sign_programme",
        /// Take up the talks about a programme that a party declined to sign.
        ResumeTalks = "resume_talks",
        /// See to it that what was promised comes about.
        MeetCommitment = "meet_commitment",
        /// Renew a programme, or let it end.
        RenewProgramme = "renew_programme",
    }
}

codes! {
    /// The kinds of record that something is to be done about.
    RecordKind {
        /// A firm.
        Organization = "organization",
        /// A startup's profile.
        StartupProfile = "startup_profile",
        /// An investor's profile.
        InvestorProfile = "investor_profile",
        /// An investor's mandate.
        Mandate = "mandate",
        /// What a partner handed in.
        Referral = "referral",
        /// A programme.
        Programme = "programme",
        /// What a programme promises.
        Commitment = "commitment",
        /// A match.
        Match = "match",
        /// An introduction.
        Introduction = "introduction",
        /// A deal.
        Deal = "deal",
        /// What is to be done about a deal.
        DealTask = "deal_task",
        /// What somebody wrote about a deal.
        DealNote = "deal_note",
        /// Words of a practice or a programme.
        HeldText = "held_text",
        /// What one firm shows another.
        Practice = "practice",
        /// A document of a startup's.
        Document = "document",
        /// A freeze.
        Freeze = "freeze",
        /// A wall between competitors.
        Wall = "wall",
        /// Two firms that are kept apart.
        Block = "block",
        /// An export licence.
        Licence = "licence",
        /// Two firms that may be one.
        Duplicate = "duplicate",
        /// A queued message.
        Message = "message",
        /// The tags, all of them.
        Taxonomy = "taxonomy",
    }
}

impl RecordKind {
    /// Whether each such record belongs to a programme.
    pub const fn is_under_a_programme(self) -> bool {
        match self {
            Self::Programme
            | Self::Commitment
            | Self::Match
            | Self::Introduction
            | Self::Deal
            | Self::DealTask
            | Self::DealNote
            | Self::HeldText
            | Self::Practice => true,
            Self::Organization
            | Self::StartupProfile
            | Self::InvestorProfile
            | Self::Mandate
            | Self::Referral
            | Self::Document
            | Self::Freeze
            | Self::Wall
            | Self::Block
            | Self::Licence
            | Self::Duplicate
            | Self::Message
            | Self::Taxonomy => false,
        }
    }
}

/// In the place of the id of the taxonomy, which is one and has none.
pub const THE_TAXONOMY: Uuid = Uuid::nil();

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// What.
    pub kind: WorkKind,
    /// About what kind of record.
    pub record: RecordKind,
    /// About which one.
    pub record_id: Uuid,
    /// Under which programme, where it belongs to one.
    pub programme: Option<ProgrammeId>,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// By when it should be done; none where nothing presses.
    pub due: Option<DateTime<Utc>>,
}

impl WorkItem {
    /// A name that stays the same as long as the thing waits: the same record
    /// waits for the same thing once.
    pub fn id(&self) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(self.kind.code());
        hash.update(self.record.code());
        hash.update(self.record_id);
        let digest: [u8; 32] = hash.finalize().into();
        let (head, _) = digest.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        uuid::Builder::from_custom_bytes(*head).into_uuid()
    }

    /// Its place in the list: by what is due first, what never is last.
    pub fn place(&self) -> (DateTime<Utc>, Uuid) {
        (self.due.unwrap_or_else(never), self.id())
    }

    /// Whether it should have been done by now.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.due.is_some_and(|due| due < now)
    }
}

/// Later than everything that is due.
pub fn never() -> DateTime<Utc> {
    // Within the range that microseconds since 1970 can say.
    DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The last instant of a day.
pub fn end_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(23, 59, 59)
        .map_or(DateTime::<Utc>::MAX_UTC, |end| end.and_utc())
}

/// The day `days` after an instant.
pub fn days_ahead(now: DateTime<Utc>, days: i64) -> NaiveDate {
    (now + TimeDelta::days(days)).date_naive()
}

/// What a side is to do about an open deal: nothing while its own report waits
/// for somebody else, and nothing once it confirmed.
pub fn side_turn(deal: &Deal, pipeline: &Pipeline, side: Side) -> Option<WorkKind> {
    if deal.status != DealStatus::Open {
        return None;
    }
    if pipeline.is_last(&deal.stage) {
        let confirmed = match side {
            Side::Startup => deal.startup_funding,
            Side::Investor => deal.investor_funding,
        };
        // Two figures that differ wait for both.
        let differ = deal.startup_funding.is_some() && deal.investor_funding.is_some();
        return (confirmed.is_none() || differ).then_some(WorkKind::ConfirmFunding);
    }
    let by_sides = pipeline
        .find(&deal.stage)
        .is_some_and(|(_, stage)| stage.side_reports);
    match deal.reported_by {
        Some(reported) if reported == side || !by_sides => None,
        _ => Some(WorkKind::ReportDeal),
    }
}

/// What the curator is to do about an open deal: confirm what a side reports
/// where sides can't alone, else ask once it is overdue.
pub fn curator_turn(deal: &Deal, pipeline: &Pipeline, overdue: bool) -> Option<WorkKind> {
    if deal.status != DealStatus::Open {
        return None;
    }
    let by_sides = pipeline
        .find(&deal.stage)
        .is_some_and(|(_, stage)| stage.side_reports);
    if deal.reported_by.is_some() && !by_sides {
        return Some(WorkKind::AdvanceDeal);
    }
    overdue.then_some(WorkKind::ChaseDeal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: WorkKind, due: Option<i64>) -> WorkItem {
        WorkItem {
            kind,
            record: RecordKind::Deal,
            record_id: Uuid::from_u128(7),
            programme: None,
            since: DateTime::UNIX_EPOCH,
            due: due.and_then(|due| DateTime::from_timestamp(due, 0)),
        }
    }

    #[test]
    fn what_is_due_comes_first_and_what_never_is_last() {
        let mut items = [
            item(WorkKind::ReportDeal, None),
            item(WorkKind::ChaseDeal, Some(20)),
            item(WorkKind::AdvanceDeal, Some(10)),
        ];
        items.sort_by_key(WorkItem::place);
        let kinds: Vec<_> = items.iter().map(|item| item.kind).collect();
        assert_eq!(
            kinds,
            [
                WorkKind::AdvanceDeal,
                WorkKind::ChaseDeal,
                WorkKind::ReportDeal
            ]
        );
    }

    #[test]
    fn one_record_can_wait_for_two_things() {
        let (one, other) = (
            item(WorkKind::AdvanceDeal, Some(10)),
            item(WorkKind::ChaseDeal, Some(10)),
        );
        assert_ne!(one.id(), other.id());
        assert_eq!(one.id(), item(WorkKind::AdvanceDeal, None).id());
    }
}
