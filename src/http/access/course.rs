//! The routes of what comes of firms' records, each with what it needs.

use super::Access::{self, Needs};
use crate::domain::permission::Operation as O;

/// Matches, introductions, deals, practices, and the log of it all.
pub(super) const COURSE: &[(&str, Access)] = &[
    // What comes of them.
    ("GET /v1/matches", Needs(O::ReadMatch)),
    ("POST /v1/matches", Needs(O::MoveMatch)),
    ("GET /v1/matches/explain", Needs(O::RankMatches)),
    ("PUT /v1/matches/visit", Needs(O::ReadMatch)),
    ("GET /v1/matches/{id}", Needs(O::ReadMatch)),
    ("GET /v1/matches/{id}/transitions", Needs(O::ReadMatch)),
    ("POST /v1/matches/{id}/transitions", Needs(O::MoveMatch)),
    ("GET /v1/matches/{id}/events", Needs(O::ReadMatch)),
    ("GET /v1/introductions", Needs(O::ReadIntroduction)),
    ("POST /v1/introductions", Needs(O::RequestIntroduction)),
    (
        "POST /v1/partner-introductions",
        Needs(O::RequestIntroduction),
    ),
    ("GET /v1/partner-introductions", Needs(O::ReadReferral)),
    ("GET /v1/partner-introductions/{id}", Needs(O::ReadReferral)),
    (
        "GET /v1/partner-introductions/{id}/transitions",
        Needs(O::ReadReferral),
    ),
    (
        "GET /v1/partner-introductions/{id}/events",
        Needs(O::ReadReferral),
    ),
    (
        "POST /v1/partner-introductions/{id}/transitions",
        Needs(O::RequestIntroduction),
    ),
    ("GET /v1/introductions/{id}", Needs(O::ReadIntroduction)),
    (
        "GET /v1/introductions/{id}/transitions",
        Needs(O::ReadIntroduction),
    ),
    (
        "POST /v1/introductions/{id}/transitions",
        Needs(O::MoveIntroduction),
    ),
    (
        "POST /v1/introductions/{id}/abuse-decisions",
        Needs(O::JudgeAbuse),
    ),
    (
        "PUT /v1/introductions/{id}/slots",
        Needs(O::MoveIntroduction),
    ),
    (
        "GET /v1/introductions/{id}/events",
        Needs(O::ReadIntroduction),
    ),
    (
        "GET /v1/introductions/{id}/profile",
        Needs(O::ReadIntroduction),
    ),
    ("GET /v1/matches/{id}/decisions", Needs(O::ReadMatch)),
    (
        "GET /v1/introductions/{id}/decisions",
        Needs(O::ReadIntroduction),
    ),
    (
        "GET /v1/organizations/{id}/disclosures",
        Needs(O::ReadOrganization),
    ),
    ("GET /v1/deals", Needs(O::ReadDeal)),
    ("GET /v1/deals/{id}", Needs(O::ReadDeal)),
    ("PATCH /v1/deals/{id}", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/transitions", Needs(O::ReadDeal)),
    ("POST /v1/deals/{id}/transitions", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/notes", Needs(O::ReadDeal)),
    ("POST /v1/deals/{id}/notes", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/tasks", Needs(O::ReadDeal)),
    ("POST /v1/deals/{id}/tasks", Needs(O::MoveDeal)),
    ("GET /v1/deal-tasks/{id}", Needs(O::ReadDeal)),
    ("PATCH /v1/deal-tasks/{id}", Needs(O::MoveDeal)),
    ("GET /v1/deal-tasks/{id}/transitions", Needs(O::ReadDeal)),
    ("GET /v1/deal-tasks/{id}/events", Needs(O::ReadDeal)),
    ("POST /v1/deal-tasks/{id}/transitions", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/documents", Needs(O::ReadDeal)),
    ("POST /v1/deals/{id}/documents", Needs(O::MoveDeal)),
    ("GET /v1/deal-documents/{id}", Needs(O::ReadDeal)),
    ("GET /v1/deal-documents/{id}/file", Needs(O::ReadDeal)),
    ("DELETE /v1/deal-documents/{id}", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/events", Needs(O::ReadDeal)),
    ("GET /v1/deals/{id}/history", Needs(O::ReadDeal)),
    ("GET /v1/deal-board", Needs(O::ReadDeal)),
    ("GET /v1/deals/{id}/syndicate", Needs(O::ReadDeal)),
    ("PUT /v1/deals/{id}/round", Needs(O::MoveDeal)),
    ("PUT /v1/deals/{id}/participants", Needs(O::MoveDeal)),
    ("GET /v1/deal-participations", Needs(O::ReadDeal)),
    ("PUT /v1/deals/{id}/closings", Needs(O::MoveDeal)),
    (
        "GET /v1/deals/{id}/closings/{number}/transitions",
        Needs(O::ReadDeal),
    ),
    (
        "GET /v1/deals/{id}/closings/{number}/events",
        Needs(O::ReadDeal),
    ),
    (
        "POST /v1/deals/{id}/closings/{number}/transitions",
        Needs(O::MoveDeal),
    ),
    (
        "GET /v1/programmes/{id}/reports/{report}",
        Needs(O::ReadCommitment),
    ),
    ("GET /v1/practices", Needs(O::ReadPractice)),
    ("POST /v1/practices", Needs(O::WritePractice)),
    ("GET /v1/practices/{id}", Needs(O::ReadPractice)),
    ("GET /v1/practices/{id}/transitions", Needs(O::ReadPractice)),
    ("GET /v1/practices/{id}/events", Needs(O::ReadPractice)),
    (
        "POST /v1/practices/{id}/transitions",
        Needs(O::MovePractice),
    ),
    (
        "POST /v1/practices/{id}/decisions",
        Needs(O::WriteCompliance),
    ),
    ("PUT /v1/practices/{id}/texts", Needs(O::MovePractice)),
    ("GET /v1/practices/{id}/sessions", Needs(O::ReadPractice)),
    ("POST /v1/practices/{id}/sessions", Needs(O::MovePractice)),
    (
        "DELETE /v1/practices/{id}/sessions/{session}",
        Needs(O::MovePractice),
    ),
    // What happened, and what is on its way.
    ("GET /v1/events", Needs(O::ReadLog)),
    ("GET /v1/suppressions", Needs(O::ReadMessages)),
    ("POST /v1/suppressions", Needs(O::RetryMessage)),
    ("GET /v1/suppressions/{id}", Needs(O::ReadMessages)),
    ("DELETE /v1/suppressions/{id}", Needs(O::RetryMessage)),
    ("GET /v1/bounces", Needs(O::ReadMessages)),
    ("POST /v1/bounces", Needs(O::ReportBounce)),
    ("GET /v1/bounces/{id}", Needs(O::ReadMessages)),
    ("GET /v1/messages", Needs(O::ReadMessages)),
    ("GET /v1/messages/{id}/body", Needs(O::ReadMessageBody)),
    ("GET /v1/me/messages", Needs(O::ReadAccount)),
    ("GET /v1/messages/{id}", Needs(O::ReadMessages)),
    ("GET /v1/messages/{id}/transitions", Needs(O::ReadMessages)),
    ("POST /v1/messages/{id}/transitions", Needs(O::RetryMessage)),
];
