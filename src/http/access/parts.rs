//! The routes of single records that are a part of another, or small beside the
//! others, each with what it needs.

use super::Access::{self, Needs, Session};
use crate::domain::permission::Operation as O;

/// What is given and taken back, and single checks, notes and admissions.
pub(super) const PARTS: &[(&str, Access)] = &[
    ("GET /v1/clients/{id}/transitions", Needs(O::ReadClients)),
    ("POST /v1/clients/{id}/transitions", Needs(O::WriteClients)),
    ("GET /v1/referrals/{id}/events", Needs(O::ReadReferral)),
    ("GET /v1/me/keys/{id}", Needs(O::WriteAccount)),
    ("GET /v1/me/keys/{id}/transitions", Needs(O::WriteAccount)),
    ("POST /v1/me/keys/{id}/transitions", Needs(O::WriteAccount)),
    ("GET /v1/me/keys/{id}/events", Needs(O::WriteAccount)),
    ("GET /v1/me/consents/{id}", Session(O::ReadAccount)),
    (
        "GET /v1/me/consents/{id}/transitions",
        Session(O::ReadAccount),
    ),
    (
        "POST /v1/me/consents/{id}/transitions",
        Session(O::WriteAccount),
    ),
    ("GET /v1/me/consents/{id}/events", Session(O::ReadAccount)),
    (
        "GET /v1/organizations/{id}/invitations/{invitation}",
        Needs(O::WriteMembers),
    ),
    (
        "GET /v1/organizations/{id}/invitations/{invitation}/transitions",
        Needs(O::WriteMembers),
    ),
    (
        "POST /v1/organizations/{id}/invitations/{invitation}/transitions",
        Needs(O::WriteMembers),
    ),
    (
        "GET /v1/organizations/{id}/invitations/{invitation}/events",
        Needs(O::WriteMembers),
    ),
    (
        "GET /v1/startup-profiles/{id}/grants/{grant}",
        Needs(O::ReadDocument),
    ),
    (
        "GET /v1/startup-profiles/{id}/grants/{grant}/transitions",
        Needs(O::ReadDocument),
    ),
    (
        "POST /v1/startup-profiles/{id}/grants/{grant}/transitions",
        Needs(O::WriteDocument),
    ),
    (
        "GET /v1/startup-profiles/{id}/grants/{grant}/events",
        Needs(O::ReadDocument),
    ),
    (
        "GET /v1/organizations/{id}/members/{person}",
        Needs(O::ReadMembers),
    ),
    ("GET /v1/clearances/{id}", Needs(O::ReadCompliance)),
    (
        "GET /v1/clearances/{id}/transitions",
        Needs(O::ReadCompliance),
    ),
    (
        "POST /v1/clearances/{id}/transitions",
        Needs(O::WriteCompliance),
    ),
    ("GET /v1/clearances/{id}/events", Needs(O::ReadCompliance)),
    ("GET /v1/deal-notes/{id}", Needs(O::ReadDeal)),
    ("GET /v1/deal-notes/{id}/transitions", Needs(O::ReadDeal)),
    (
        "POST /v1/deal-notes/{id}/transitions",
        Needs(O::WriteCompliance),
    ),
    ("GET /v1/deal-notes/{id}/events", Needs(O::ReadDeal)),
    ("GET /v1/held-texts/{id}", Needs(O::ReadCompliance)),
    (
        "GET /v1/held-texts/{id}/transitions",
        Needs(O::ReadCompliance),
    ),
    (
        "POST /v1/held-texts/{id}/transitions",
        Needs(O::WriteCompliance),
    ),
    ("GET /v1/held-texts/{id}/events", Needs(O::ReadCompliance)),
    ("GET /v1/deals/{id}/closings/{number}", Needs(O::ReadDeal)),
    (
        "GET /v1/programmes/{id}/admissions/{record}",
        Needs(O::ReadProgramme),
    ),
    (
        "GET /v1/programmes/{id}/admissions/{record}/transitions",
        Needs(O::ReadProgramme),
    ),
    (
        "POST /v1/programmes/{id}/admissions/{record}/transitions",
        Needs(O::WriteProgramme),
    ),
    (
        "GET /v1/programmes/{id}/admissions/{record}/events",
        Needs(O::ReadProgramme),
    ),
];
