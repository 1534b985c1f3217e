//! How the file of an introduction reads.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::timeline::{EventView, hex};
use super::values::time;
use crate::domain::disclosure::Opener;
use crate::services::introduction_file::{
    Clearance, Decision, Disclosure, File, GivenAnswer, Licence, Message, Receipt, Release,
    SealedEvent,
};

/// Everything on record about one introduction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntroductionFile)]
pub struct FileView {
    /// Which introduction.
    #[schema(format = "uuid", max_length = 36)]
    introduction: String,
    /// When this was put together.
    #[schema(format = "date-time", max_length = 35)]
    made_at: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Out of which match.
    #[serde(rename = "match")]
    #[schema(format = "uuid", max_length = 36)]
    matched: String,
    /// The startup's firm.
    #[schema(format = "uuid", max_length = 36)]
    startup: String,
    /// The investor's firm.
    #[schema(format = "uuid", max_length = 36)]
    investor: String,
    /// Who asked: `startup`, `investor` or `curator`.
    #[schema(max_length = 20)]
    requester: &'static str,
    /// Where it stands.
    #[schema(max_length = 40)]
    status: &'static str,
    /// SHA-256 of what the requester wrote.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    blurb_sha256: String,
    /// What compliance decided, about the match first.
    #[schema(max_items = 200)]
    decisions: Vec<FileDecisionView>,
    /// What compliance released before of the startup's profile to firms of the
    /// investor's country under this programme, for whichever match: an earlier
    /// yes that holds lets this introduction through as well.
    #[schema(max_items = 1000)]
    releases: Vec<FileReleaseView>,
    /// Every recorded check of the two firms, the startup's first.
    #[schema(max_items = 1000)]
    clearances: Vec<FileClearanceView>,
    /// The startup's export licences.
    #[schema(max_items = 200)]
    licences: Vec<FileLicenceView>,
    /// What people answered.
    #[schema(max_items = 200)]
    answers: Vec<FileAnswerView>,
    /// What the people of both firms agreed to, the newest first.
    #[schema(max_items = 1000)]
    receipts: Vec<FileReceiptView>,
    /// What was shown to whom.
    #[schema(max_items = 200)]
    disclosures: Vec<FileDisclosureView>,
    /// What was queued about it.
    #[schema(max_items = 200)]
    messages: Vec<FileMessageView>,
    /// The lines of the log about it and its match, each with its hash.
    #[schema(max_items = 2000)]
    events: Vec<FileEventView>,
    /// The end of the log's chain when this was put together.
    head: FileHeadView,
}

/// A decision of compliance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileDecision)]
pub struct FileDecisionView {
    /// About a `match` or an `introduction`.
    #[schema(max_length = 20)]
    about: &'static str,
    /// What was decided.
    #[schema(max_length = 40, example = "release")]
    action: String,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// By whom.
    #[schema(format = "uuid", max_length = 36)]
    decided_by: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&Decision> for FileDecisionView {
    fn from(decision: &Decision) -> Self {
        Self {
            about: decision.subject.kind.code(),
            action: decision.action.clone(),
            reason: decision.reason.clone(),
            decided_by: decision.by.to_string(),
            at: time(decision.at),
        }
    }
}

/// An earlier decision of compliance, of a whole scope.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileRelease)]
pub struct FileReleaseView {
    /// At which revision of the profile.
    #[schema(minimum = 1)]
    revision: i64,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// To firms of which country.
    #[schema(max_length = 2, example = "AZ")]
    country: String,
    /// What was released.
    #[schema(max_length = 100, example = "tag:water_loss")]
    matter: String,
    /// How gravely that was graded.
    #[schema(max_length = 20, example = "review")]
    sensitivity: &'static str,
    /// Why.
    #[schema(max_length = 2000)]
    reason: String,
    /// By whom.
    #[schema(format = "uuid", max_length = 36)]
    decided_by: String,
    /// The last day on which it holds.
    #[schema(format = "date", max_length = 10)]
    valid_to: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&Release> for FileReleaseView {
    fn from(release: &Release) -> Self {
        Self {
            revision: release.revision,
            programme: release.programme.to_string(),
            country: release.counterpart.to_string(),
            matter: release.about.matter.to_string(),
            sensitivity: release.about.sensitivity.code(),
            reason: release.reason.clone(),
            decided_by: release.by.to_string(),
            valid_to: release.valid_to.to_string(),
            at: time(release.at),
        }
    }
}

/// A recorded check of a firm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileClearance)]
pub struct FileClearanceView {
    /// Of which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What came out.
    #[schema(max_length = 20, example = "clear")]
    verdict: &'static str,
    /// On what ground.
    #[schema(max_length = 2000)]
    basis: String,
    /// Where the firm's money comes from, of one that is politically exposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    source_of_funds: Option<String>,
    /// By whom it was recorded.
    #[schema(format = "uuid", max_length = 36)]
    recorded_by: String,
    /// The last day on which it holds.
    #[schema(format = "date", max_length = 10)]
    valid_to: String,
    /// When it was recorded.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&Clearance> for FileClearanceView {
    fn from(clearance: &Clearance) -> Self {
        Self {
            organization: clearance.organization.to_string(),
            verdict: clearance.verdict.code(),
            basis: clearance.basis.clone(),
            source_of_funds: clearance.source_of_funds.clone(),
            recorded_by: clearance.by.to_string(),
            valid_to: clearance.valid_to.to_string(),
            at: time(clearance.created_at),
        }
    }
}

/// An export licence.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileLicence)]
pub struct FileLicenceView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Who gave it.
    #[schema(max_length = 200)]
    authority: String,
    /// Its number there.
    #[schema(max_length = 100)]
    number: String,
    /// How it stands.
    #[schema(max_length = 20, example = "checked")]
    status: &'static str,
    /// The first day.
    #[schema(format = "date", max_length = 10)]
    valid_from: String,
    /// The last day.
    #[schema(format = "date", max_length = 10)]
    valid_to: String,
}

impl From<&Licence> for FileLicenceView {
    fn from(licence: &Licence) -> Self {
        let content = &licence.content;
        Self {
            id: licence.id.to_string(),
            authority: content.authority.clone(),
            number: content.number.clone(),
            status: licence.status.code(),
            valid_from: content.valid_from.to_string(),
            valid_to: content.valid_to.to_string(),
        }
    }
}

/// What somebody answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileAnswer)]
pub struct FileAnswerView {
    /// For which side.
    #[schema(max_length = 10)]
    side: &'static str,
    /// What.
    #[schema(max_length = 20, example = "accept")]
    answer: &'static str,
    /// The person, as they named themselves.
    #[schema(max_length = 200)]
    person_name: String,
    /// Their part in the firm, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    person_role: Option<String>,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&GivenAnswer> for FileAnswerView {
    fn from(given: &GivenAnswer) -> Self {
        Self {
            side: given.side.code(),
            answer: given.answer.code(),
            person_name: given.person_name.clone(),
            person_role: given.person_role.clone(),
            at: time(given.created_at),
        }
    }
}

/// What somebody agreed to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileReceipt)]
pub struct FileReceiptView {
    /// Of which firm.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// What for.
    #[schema(max_length = 80)]
    purpose: String,
    /// SHA-256 of the text that was agreed to.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    text_sha256: String,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    given_at: String,
}

impl From<&Receipt> for FileReceiptView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            organization: receipt.organization.to_string(),
            purpose: receipt.purpose.clone(),
            text_sha256: sha256(&receipt.text),
            given_at: time(receipt.given_at),
        }
    }
}

/// What was shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileDisclosure)]
pub struct FileDisclosureView {
    /// Of which firm.
    #[schema(format = "uuid", max_length = 36)]
    shown: String,
    /// To which.
    #[schema(format = "uuid", max_length = 36)]
    shown_to: String,
    /// How much: `l0` a teaser, `l1` the named profile, `l2` the deck, `l3`
    /// the data room.
    #[schema(max_length = 2)]
    level: &'static str,
    /// By way of a `match` or an `introduction`.
    #[schema(max_length = 20)]
    by: &'static str,
    /// By which answer of the gate; absent on lines of before that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    decision: Option<String>,
    /// What it said: `allow`; anything else came too late for a mail that was
    /// under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 10, example = "allow")]
    verdict: Option<String>,
    /// What that rests on: each rule that was asked, with what let it pass after
    /// a colon; else the rules that stand against it.
    #[schema(max_items = 20, example = json!(["programme_in_force", "sensitivity:released"]))]
    rules: Vec<String>,
    /// Which revision was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    revision: Option<i64>,
    /// Who opened it, signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    opened_by: Option<String>,
    /// Whether it was opened by a link that was mailed to the firm, by whoever
    /// followed it: mail scanners do, too, so that it says nothing of a person.
    by_link: bool,
    /// When.
    #[schema(format = "date-time", max_length = 35)]
    at: String,
}

impl From<&Disclosure> for FileDisclosureView {
    fn from(line: &Disclosure) -> Self {
        Self {
            shown: line.shown.to_string(),
            shown_to: line.shown_to.to_string(),
            level: line.level.code(),
            by: line.subject.kind.code(),
            decision: line.gate.as_ref().map(|gate| gate.decision.to_string()),
            verdict: line.gate.as_ref().map(|gate| gate.verdict.clone()),
            rules: line
                .gate
                .as_ref()
                .map(|gate| gate.rules.clone())
                .unwrap_or_default(),
            revision: line.revision,
            opened_by: line
                .opened_by
                .and_then(Opener::person)
                .map(|by| by.to_string()),
            by_link: line.opened_by == Some(Opener::Link),
            at: time(line.at),
        }
    }
}

/// A message that was queued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileMessage)]
pub struct FileMessageView {
    /// Its id.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// What it is for.
    #[schema(max_length = 200)]
    intent: String,
    /// Its Message-ID (RFC 5322).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 998)]
    message_id: Option<String>,
    /// SHA-256 of what it was made from.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    content_sha256: String,
    /// What became of it.
    #[schema(max_length = 20, example = "done")]
    state: &'static str,
    /// When it was queued.
    #[schema(format = "date-time", max_length = 35)]
    created_at: String,
    /// When it was done, given up or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    finished_at: Option<String>,
}

impl From<&Message> for FileMessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id.to_string(),
            intent: message.intent_key.clone(),
            message_id: message.message_id.clone(),
            content_sha256: sha256(&message.payload),
            state: message.state.code(),
            created_at: time(message.created_at),
            finished_at: message.finished_at.map(time),
        }
    }
}

/// A line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileEvent)]
pub struct FileEventView {
    /// What happened.
    #[serde(flatten)]
    event: EventView,
    /// The chain's hash up to and with it.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

impl From<&SealedEvent> for FileEventView {
    fn from(event: &SealedEvent) -> Self {
        Self {
            event: EventView::of(event),
            hash: hex(&event.hash),
        }
    }
}

/// The end of the log's chain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FileHead)]
pub struct FileHeadView {
    /// The last position.
    #[schema(minimum = 0)]
    position: i64,
    /// Its hash.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

impl From<&File> for FileView {
    fn from(file: &File) -> Self {
        let introduction = &file.introduction;
        Self {
            introduction: introduction.id.to_string(),
            made_at: time(file.at),
            programme: introduction.programme.to_string(),
            matched: introduction.matched.to_string(),
            startup: introduction.startup.to_string(),
            investor: introduction.investor.to_string(),
            requester: introduction.requester.code(),
            status: introduction.status.code(),
            blurb_sha256: sha256(&introduction.blurb),
            decisions: file.decisions.iter().map(FileDecisionView::from).collect(),
            releases: file.releases.iter().map(FileReleaseView::from).collect(),
            clearances: file
                .clearances
                .iter()
                .map(FileClearanceView::from)
                .collect(),
            licences: file.licences.iter().map(FileLicenceView::from).collect(),
            answers: file.answers.iter().map(FileAnswerView::from).collect(),
            receipts: file.receipts.iter().map(FileReceiptView::from).collect(),
            disclosures: file
                .disclosures
                .iter()
                .map(FileDisclosureView::from)
                .collect(),
            messages: file.messages.iter().map(FileMessageView::from).collect(),
            events: file.events.iter().map(FileEventView::from).collect(),
            head: FileHeadView {
                position: file.head.position,
                hash: hex(&file.head.hash),
            },
        }
    }
}
