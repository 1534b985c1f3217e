//! What a side may know of the timelines of records.

use crate::domain::introduction::IntroductionStatus;
use crate::domain::profile::ProfileStatus;
use crate::domain::referral::ReferralState;
use crate::services::log::Kinds;

/// What a side may read in the timeline of a kind of record.
pub struct SideRules {
    /// Kinds of event.
    pub(super) kinds: Kinds,
    /// Actions that only the operator's people know of.
    pub(super) hidden_actions: &'static [&'static str],
    /// Actions that only who took them sees.
    pub(super) own_actions: &'static [&'static str],
    /// Facts; all, where it doesn't say.
    pub(super) facts: Option<&'static [&'static str]>,
    /// Whether the reader's own acts bear their id; the two sides tell them
    /// from each other's by it.
    pub(super) own_id: bool,
    /// A state in words that don't say what stopped something.
    pub(super) state: fn(&str) -> &str,
    /// Whether a move is shown only where it goes from one of these words to
    /// another.
    pub(super) only_changes: bool,
}

/// For matches: a side learns that it was shown and what was answered, not
/// why, and not what compliance did before.
pub const MATCH: SideRules = SideRules {
    kinds: Kinds::Only(&["match.moved"]),
    hidden_actions: &[
        "allow",
        "block",
        "wake",
        "inputs_changed",
        "ask_again",
        "pin",
        "unpin",
        "veto",
        "unveto",
    ],
    own_actions: &["interested", "snooze", "pass", "introduce"],
    facts: Some(&["action"]),
    own_id: true,
    state: |state| state,
    only_changes: false,
};

/// For introductions: a side never learns from it that the gate or compliance
/// stopped something.
pub const INTRODUCTION: SideRules = SideRules {
    kinds: Kinds::Only(&["introduction.requested", "introduction.moved"]),
    hidden_actions: &["gate", "refuse", "block", "freeze", "ask_again"],
    own_actions: &["decline", "not_now", "delegate", "report_abuse"],
    facts: Some(&["action", "from", "to", "side", "requester"]),
    own_id: true,
    state: super::introductions::neutral,
    only_changes: false,
};

/// For commitments: what the parties agreed and did of it, not how far it is:
/// from a share of money they would work out what one deal brought.
pub const COMMITMENT: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "commitment.made",
        "commitment.changed",
        "commitment.moved",
        "commitment.evidenced",
        "commitment.note_told",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["action", "from", "to", "evidence", "kind", "happened_on"]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For evidence without a commitment: that it was given, and what became of it.
pub const EVIDENCE: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "programme.evidence_given",
        "programme.evidence_moved",
        "commitment.evidenced",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&[
        "evidence",
        "kind",
        "happened_on",
        "action",
        "from",
        "to",
        "commitment",
    ]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For admissions to a programme: that it came and went, not why.
pub const ADMISSION: SideRules = SideRules {
    kinds: Kinds::Only(&["programme.admitted", "programme.admission_withdrawn"]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["kind", "id"]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For engagements: what the two did, not who the other is.
pub const PRACTICE: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "practice.proposed",
        "practice.moved",
        "practice.session_held",
        "practice.session_taken_back",
        "practice.text_told",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&[
        "topic",
        "action",
        "from",
        "to",
        "as",
        "session",
        "held_on",
        "minutes",
        "attendees",
        "place",
    ]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For licences: what its firm wrote down and what was decided of it.
pub const LICENCE: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "organization.licence_recorded",
        "organization.licence_moved",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&[
        "countries",
        "tags",
        "valid_from",
        "valid_to",
        "action",
        "from",
        "to",
    ]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For walls: what became of it, not whom it names nor before whom it stands.
pub const WALL: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "organization.wall_declared",
        "organization.wall_raised",
        "organization.wall_refused",
        "organization.wall_lifted",
    ]),
    facts: Some(&["reach", "status"]),
    ..LICENCE
};

/// For tasks: how they went, not in whose words.
pub const TASK: SideRules = SideRules {
    kinds: Kinds::Only(&["deal.task_set", "user.task_set"]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["due", "assignee", "visibility", "as", "action", "to"]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For a partner that asked for an introduction: that both were introduced, or
/// that it came to nothing; not who answered what.
pub const PARTNER_INTRODUCTION: SideRules = SideRules {
    kinds: Kinds::Only(&["introduction.requested", "introduction.moved"]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["from", "to"]),
    own_id: true,
    state: |state| match IntroductionStatus::from_code(state) {
        Some(status) => status.for_partner().code(),
        None => "",
    },
    only_changes: true,
};

/// For a partner that referred a firm: how far that has come, in the states that
/// the referral has; neither what compliance decided nor how it ended.
pub const REFERRAL: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "startup_profile.referred",
        "startup_profile.submitted",
        "startup_profile.claimed",
        "startup_profile.changes_requested",
        "startup_profile.rejected",
        "startup_profile.approved",
        "startup_profile.confirmed",
        "startup_profile.published",
        "startup_profile.paused",
        "startup_profile.became_stale",
        "startup_profile.reconfirmed",
        "mandate.referred",
        "mandate.confirmed",
        "mandate.published",
        "mandate.paused",
        "mandate.became_stale",
        "mandate.reconfirmed",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["from", "to"]),
    own_id: true,
    state: referred,
    only_changes: true,
};

/// The state of a referral whose profile or mandate, which name theirs alike, is
/// in that one.
fn referred(state: &str) -> &str {
    ProfileStatus::from_code(state).map_or("", |status| ReferralState::from(status).code())
}

/// For deals: both sides know each other and see what moved.
pub const DEAL: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "deal.opened",
        "deal.moved",
        "deal.facts_recorded",
        "deal.planned",
        "deal.document_kept",
        "deal.document_opened",
        "deal.document_erased",
    ]),
    hidden_actions: &["block", "unblock", "pause", "go_on"],
    own_actions: &[],
    facts: Some(&[
        "action",
        "from",
        "to",
        "stage",
        "stage_from",
        "stage_to",
        "pipeline",
        "origin",
        "as",
        "resume_on",
        "reason",
        "amount",
        "value_date",
        "keys",
        "expected_close",
        "probability",
        "document",
        "class",
    ]),
    own_id: true,
    state: |state| state,
    only_changes: false,
};

/// For firms: what was done with their details, not what was looked into,
/// found or decided about them.
pub const ORGANIZATION: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "organization.registered",
        "organization.imported",
        "organization.changed",
        "organization.corrected",
        "organization.corrected_by_partner",
        "organization.identified",
        "organization.member_joined",
        "organization.member_role_changed",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["kind", "country", "version", "schemes", "person", "role"]),
    own_id: true,
    state: |state| state,
    only_changes: false,
};

/// For programmes: what became of it, not who was admitted.
pub const PROGRAMME: SideRules = SideRules {
    kinds: Kinds::Only(&["programme.created", "programme.moved"]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["action", "from", "to", "starts_on", "ends_on"]),
    own_id: true,
    state: |state| state,
    only_changes: false,
};

/// For profiles and mandates: everything that happened to them but what
/// compliance decides of them, and which firms were made one.
pub const RECORD: SideRules = SideRules {
    kinds: Kinds::AllBut(&[
        "startup_profile.compliance_agreed",
        "startup_profile.disclosure_released",
        "startup_profile.reassigned",
        "startup_profile.releases_carried",
        "startup_profile.restoring_proposed",
        "investor_profile.compliance_agreed",
        "investor_profile.restoring_proposed",
        "mandate.reassigned",
        "mandate.restoring_proposed",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: None,
    own_id: false,
    state: |state| state,
    only_changes: false,
};

/// For closings of a deal: where they went, not what anybody gets by them.
pub const CLOSING: SideRules = SideRules {
    kinds: Kinds::Only(&[
        "deal.closing_planned",
        "deal.closing_dropped",
        "deal.closing_moved",
    ]),
    hidden_actions: &[],
    own_actions: &[],
    facts: Some(&["closing", "action", "from", "to"]),
    own_id: false,
    state: |state| state,
    only_changes: false,
};
