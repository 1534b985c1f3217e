//! What every route needs: the operation of the permission table
//! ([`crate::domain::permission`]) that it stands for. Services ask the table
//! about the record at hand; here the tokens of programs are held to their
//! scopes. A route that names nothing is closed to programs, and fails a test.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::HttpRequest;

use super::problem::{Kind, Problem};
use crate::domain::client::Scopes;
use crate::domain::permission::{Operation, scope};
use crate::services::Error;

/// Who may ask for a route at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: the route tells nothing, or proves its caller in its own way.
    Open,
    /// A person in a session, for themselves.
    Session(Operation),
    /// Whom the permission table lets.
    Needs(Operation),
}

use Access::{Needs, Open, Session};
use Operation as O;

/// Every route of the service: method and template.
pub const TABLE: &[(&str, Access)] = &[
    ("GET /livez", Open),
    ("GET /readyz", Open),
    ("GET /v1/openapi.yaml", Open),
    ("GET /v1/docs", Open),
    ("GET /problems/{code}", Open),
    ("GET /.well-known/jwks.json", Open),
    ("GET /.well-known/oauth-authorization-server", Open),
    ("GET /.well-known/oauth-protected-resource", Open),
    // Getting in.
    ("POST /v1/registrations", Open),
    ("POST /v1/sessions", Open),
    ("POST /v1/sessions/refresh", Open),
    ("POST /v1/password-resets", Open),
    ("POST /v1/oauth/token", Open),
    ("POST /v1/oauth/revoke", Open),
    ("POST /v1/oauth/introspect", Open),
    ("GET /tickets/{token}", Open),
    ("POST /tickets/{token}", Open),
    ("GET /consent/{token}", Open),
    ("POST /consent/{token}", Open),
    ("GET /pulse/{token}", Open),
    ("POST /pulse/{token}", Open),
    ("GET /matches/{token}", Open),
    ("POST /matches/{token}", Open),
    ("GET /matches/{token}/brief", Open),
    ("GET /mail-settings/{token}", Open),
    ("POST /mail-settings/{token}", Open),
    ("GET /unsubscribe/{token}", Open),
    ("POST /unsubscribe/{token}", Open),
    // One's own account.
    ("GET /v1/me", Needs(O::ReadAccount)),
    // It shows a person's work of every kind, so no scope covers it.
    ("GET /v1/worklist", Session(O::ReadAccount)),
    ("GET /v1/me/notifications", Needs(O::ReadAccount)),
    ("PUT /v1/me/notifications", Session(O::WriteAccount)),
    ("GET /v1/me/events", Session(O::ReadAccount)),
    ("GET /v1/me/sessions", Session(O::ReadAccount)),
    ("DELETE /v1/me/sessions", Session(O::WriteAccount)),
    ("DELETE /v1/me/sessions/{id}", Session(O::WriteAccount)),
    ("DELETE /v1/sessions/current", Session(O::WriteAccount)),
    ("PUT /v1/me/password", Session(O::WriteAccount)),
    ("POST /v1/me/deactivation", Session(O::WriteAccount)),
    ("GET /v1/me/second-factor", Session(O::ReadAccount)),
    ("POST /v1/me/second-factor", Session(O::WriteAccount)),
    (
        "POST /v1/me/second-factor/confirmation",
        Session(O::WriteAccount),
    ),
    (
        "POST /v1/me/second-factor/removal",
        Session(O::WriteAccount),
    ),
    (
        "POST /v1/me/second-factor/recovery-codes",
        Session(O::WriteAccount),
    ),
    ("GET /v1/me/keys", Needs(O::WriteAccount)),
    ("POST /v1/me/keys", Needs(O::WriteAccount)),
    ("DELETE /v1/me/keys/{id}", Needs(O::WriteAccount)),
    // Firms and their people.
    ("GET /v1/organizations", Needs(O::ReadOrganization)),
    ("GET /v1/organizations/{id}", Needs(O::ReadOrganization)),
    (
        "GET /v1/organizations/{id}/identifiers",
        Needs(O::ReadOrganization),
    ),
    (
        "PUT /v1/organizations/{id}/identifiers",
        Needs(O::WriteOrganization),
    ),
    ("GET /v1/duplicates", Needs(O::ReadDuplicates)),
    ("POST /v1/duplicates", Needs(O::JudgeDuplicates)),
    ("GET /v1/duplicates/{id}", Needs(O::ReadDuplicates)),
    (
        "GET /v1/duplicates/{id}/transitions",
        Needs(O::ReadDuplicates),
    ),
    (
        "POST /v1/duplicates/{id}/transitions",
        Needs(O::JudgeDuplicates),
    ),
    ("GET /v1/duplicates/{id}/events", Needs(O::ReadDuplicates)),
    ("GET /v1/organizations/{id}/members", Needs(O::ReadMembers)),
    (
        "PUT /v1/organizations/{id}/members/{person}",
        Needs(O::WriteMembers),
    ),
    (
        "DELETE /v1/organizations/{id}/members/{person}",
        Needs(O::WriteMembers),
    ),
    (
        "GET /v1/organizations/{id}/invitations",
        Needs(O::WriteMembers),
    ),
    (
        "POST /v1/organizations/{id}/invitations",
        Needs(O::WriteMembers),
    ),
    (
        "DELETE /v1/organizations/{id}/invitations/{invitation}",
        Needs(O::WriteMembers),
    ),
    ("POST /v1/organizations/{id}/claims", Needs(O::AskToClaim)),
    ("GET /v1/organizations/{id}/clients", Needs(O::ReadClients)),
    (
        "POST /v1/organizations/{id}/clients",
        Needs(O::WriteClients),
    ),
    ("GET /v1/clients/{id}", Needs(O::ReadClients)),
    ("POST /v1/clients/{id}/secrets", Needs(O::WriteClients)),
    ("DELETE /v1/clients/{id}", Needs(O::WriteClients)),
    (
        "GET /v1/organizations/{id}/events",
        Needs(O::ReadOrganization),
    ),
    ("GET /v1/people/{id}/transitions", Needs(O::ReadPerson)),
    ("GET /v1/people/{id}/events", Needs(O::ReadPerson)),
    ("GET /v1/clients/{id}/events", Needs(O::ReadClients)),
    ("GET /v1/freezes/{id}/transitions", Needs(O::ReadCompliance)),
    ("GET /v1/freezes/{id}/events", Needs(O::ReadCompliance)),
    ("GET /v1/messages/{id}/events", Needs(O::ReadMessages)),
    ("GET /v1/people/{id}", Needs(O::ReadPerson)),
    ("POST /v1/people/{id}/transitions", Needs(O::WritePerson)),
    // Where and by which words they meet.
    ("GET /v1/tags", Needs(O::ReadTaxonomy)),
    ("POST /v1/tags", Needs(O::WriteTaxonomy)),
    ("GET /v1/tags/{slug}", Needs(O::ReadTaxonomy)),
    ("PATCH /v1/tags/{slug}", Needs(O::WriteTaxonomy)),
    ("GET /v1/tags/{slug}/transitions", Needs(O::ReadTaxonomy)),
    ("POST /v1/tags/{slug}/transitions", Needs(O::WriteTaxonomy)),
    ("GET /v1/tags/{slug}/decisions", Needs(O::ReadTagDecisions)),
    ("GET /v1/tags/{slug}/events", Needs(O::ReadTaxonomy)),
    ("GET /v1/facets", Needs(O::ReadTaxonomy)),
    ("POST /v1/tag-suggestions", Needs(O::ReadTaxonomy)),
    (
        "GET /v1/startup-profiles/{id}/tag-suggestions",
        Needs(O::ReadStartupProfile),
    ),
    ("GET /v1/rates", Needs(O::ReadRates)),
    ("POST /v1/rates", Needs(O::WriteRates)),
    ("GET /v1/programmes", Needs(O::ReadProgramme)),
    ("POST /v1/programmes", Needs(O::WriteProgramme)),
    ("GET /v1/programmes/{id}", Needs(O::ReadProgramme)),
    (
        "GET /v1/programmes/{id}/transitions",
        Needs(O::ReadProgramme),
    ),
    (
        "POST /v1/programmes/{id}/transitions",
        Needs(O::WriteProgramme),
    ),
    (
        "POST /v1/programmes/{id}/admissions",
        Needs(O::WriteProgramme),
    ),
    ("GET /v1/programmes/{id}/events", Needs(O::ReadProgramme)),
    ("GET /v1/programmes/{id}/gaps", Needs(O::RankMatches)),
    ("GET /v1/programmes/{id}/exposure", Needs(O::RankMatches)),
    (
        "GET /v1/programmes/{id}/release-settings",
        Needs(O::RankMatches),
    ),
    (
        "PUT /v1/programmes/{id}/release-settings",
        Needs(O::WriteProgramme),
    ),
    ("GET /v1/programmes/{id}/releases", Needs(O::RankMatches)),
    ("POST /v1/programmes/{id}/releases", Needs(O::MoveMatch)),
    (
        "GET /v1/programmes/{id}/releases/{release}",
        Needs(O::RankMatches),
    ),
    (
        "POST /v1/programmes/{id}/releases/{release}/transitions",
        Needs(O::MoveMatch),
    ),
    ("GET /v1/programmes/{id}/rematches", Needs(O::RankMatches)),
    ("POST /v1/programmes/{id}/rematches", Needs(O::MoveMatch)),
    (
        "GET /v1/programmes/{id}/rematches/{rematch}",
        Needs(O::RankMatches),
    ),
    (
        "POST /v1/programmes/{id}/rematches/{rematch}/transitions",
        Needs(O::MoveMatch),
    ),
    (
        "GET /v1/programmes/{id}/agreement",
        Needs(O::ReadCommitment),
    ),
    (
        "PUT /v1/programmes/{id}/agreement",
        Needs(O::WriteProgramme),
    ),
    (
        "POST /v1/programmes/{id}/signings",
        Needs(O::WriteProgramme),
    ),
    (
        "POST /v1/programmes/{id}/renewals",
        Needs(O::WriteProgramme),
    ),
    ("GET /v1/programmes/{id}/comments", Needs(O::ReadCommitment)),
    ("POST /v1/programmes/{id}/comments", Needs(O::WriteEvidence)),
    (
        "GET /v1/programmes/{id}/scorecard",
        Needs(O::ReadCommitment),
    ),
    (
        "GET /v1/programmes/{id}/commitments",
        Needs(O::ReadCommitment),
    ),
    (
        "POST /v1/programmes/{id}/commitments",
        Needs(O::WriteCommitment),
    ),
    ("GET /v1/commitments/{id}", Needs(O::ReadCommitment)),
    ("PATCH /v1/commitments/{id}", Needs(O::WriteCommitment)),
    (
        "GET /v1/commitments/{id}/transitions",
        Needs(O::ReadCommitment),
    ),
    (
        "POST /v1/commitments/{id}/transitions",
        Needs(O::WriteCommitment),
    ),
    (
        "GET /v1/commitments/{id}/evidence",
        Needs(O::ReadCommitment),
    ),
    (
        "POST /v1/commitments/{id}/evidence",
        Needs(O::WriteEvidence),
    ),
    ("GET /v1/rule-sets", Needs(O::ReadRules)),
    ("POST /v1/rule-sets", Needs(O::WriteRules)),
    ("GET /v1/rule-sets/{id}", Needs(O::ReadRules)),
    ("PATCH /v1/rule-sets/{id}", Needs(O::WriteRules)),
    ("GET /v1/rule-sets/{id}/transitions", Needs(O::ReadRules)),
    (
        "POST /v1/rule-sets/{id}/transitions",
        Needs(O::PublishRules),
    ),
    ("GET /v1/rule-sets/{id}/events", Needs(O::ReadRules)),
    ("POST /v1/rule-sets/{id}/simulate", Needs(O::WriteRules)),
    ("GET /v1/rule-sets/{id}/simulation", Needs(O::ReadRules)),
    (
        "GET /v1/rule-sets/{id}/simulation/shifts",
        Needs(O::ReadRules),
    ),
    ("GET /v1/rule-sets/{id}/backtest", Needs(O::ReadRules)),
    (
        "GET /v1/rule-sets/{id}/backtest/calibration.svg",
        Needs(O::ReadRules),
    ),
    ("POST /v1/clearances", Needs(O::WriteCompliance)),
    (
        "GET /v1/organizations/{id}/clearances",
        Needs(O::ReadCompliance),
    ),
    (
        "GET /v1/startup-profiles/{id}/screening",
        Needs(O::ReadCompliance),
    ),
    (
        "GET /v1/introductions/{id}/screening",
        Needs(O::ReadCompliance),
    ),
    ("GET /v1/reviews", Needs(O::ReadCompliance)),
    ("POST /v1/reviews/decisions", Needs(O::WriteCompliance)),
    ("GET /v1/introductions/{id}/file", Needs(O::ReadCompliance)),
    ("GET /v1/freezes", Needs(O::ReadCompliance)),
    ("POST /v1/freezes", Needs(O::WriteCompliance)),
    (
        "POST /v1/freezes/{id}/transitions",
        Needs(O::WriteCompliance),
    ),
    ("POST /v1/blocks", Needs(O::WriteCompliance)),
    // What they say of themselves.
    ("GET /v1/startup-profiles", Needs(O::ReadStartupProfile)),
    ("POST /v1/startup-profiles", Needs(O::WriteStartupProfile)),
    (
        "GET /v1/startup-profiles/{id}",
        Needs(O::ReadStartupProfile),
    ),
    (
        "PATCH /v1/startup-profiles/{id}",
        Needs(O::WriteStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/transitions",
        Needs(O::ReadStartupProfile),
    ),
    (
        "POST /v1/startup-profiles/{id}/transitions",
        Needs(O::MoveStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/readiness",
        Needs(O::ReadStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/comments",
        Needs(O::ReadStartupProfile),
    ),
    (
        "POST /v1/startup-profiles/{id}/compliance-agreement",
        Needs(O::WriteCompliance),
    ),
    (
        "GET /v1/startup-profiles/{id}/events",
        Needs(O::ReadStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/versions",
        Needs(O::ReadStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/versions/{version}",
        Needs(O::ReadStartupProfile),
    ),
    (
        "GET /v1/startup-profiles/{id}/versions/{version}/changes",
        Needs(O::ReadStartupProfile),
    ),
    // Papers; an introduction opens them to its other side.
    ("GET /v1/documents", Needs(O::ReadDocument)),
    (
        "POST /v1/startup-profiles/{id}/documents",
        Needs(O::WriteDocument),
    ),
    ("GET /v1/documents/{id}", Needs(O::ReadDocument)),
    ("PATCH /v1/documents/{id}", Needs(O::WriteDocument)),
    ("GET /v1/documents/{id}/file", Needs(O::ReadDocument)),
    ("GET /v1/documents/{id}/versions", Needs(O::ReadDocument)),
    ("POST /v1/documents/{id}/versions", Needs(O::WriteDocument)),
    (
        "GET /v1/documents/{id}/versions/{version}/file",
        Needs(O::ReadDocument),
    ),
    ("GET /v1/documents/{id}/views", Needs(O::ReadDocument)),
    ("GET /v1/documents/{id}/transitions", Needs(O::ReadDocument)),
    (
        "POST /v1/documents/{id}/transitions",
        Needs(O::MoveDocument),
    ),
    ("GET /v1/documents/{id}/events", Needs(O::ReadDocument)),
    ("GET /v1/documents/{id}/screening", Needs(O::ReadCompliance)),
    (
        "GET /v1/introductions/{id}/documents",
        Needs(O::ReadDocument),
    ),
    (
        "GET /v1/startup-profiles/{id}/grants",
        Needs(O::ReadDocument),
    ),
    (
        "POST /v1/startup-profiles/{id}/grants",
        Needs(O::WriteDocument),
    ),
    (
        "DELETE /v1/startup-profiles/{id}/grants/{grant}",
        Needs(O::WriteDocument),
    ),
    ("GET /v1/mandates/{id}/versions", Needs(O::ReadMandate)),
    (
        "GET /v1/mandates/{id}/versions/{version}",
        Needs(O::ReadMandate),
    ),
    (
        "GET /v1/mandates/{id}/versions/{version}/changes",
        Needs(O::ReadMandate),
    ),
    ("GET /v1/mandates", Needs(O::ReadMandate)),
    ("POST /v1/mandates", Needs(O::WriteMandate)),
    ("GET /v1/mandates/{id}", Needs(O::ReadMandate)),
    ("PATCH /v1/mandates/{id}", Needs(O::WriteMandate)),
    ("GET /v1/mandates/{id}/transitions", Needs(O::ReadMandate)),
    ("POST /v1/mandates/{id}/transitions", Needs(O::MoveMandate)),
    ("GET /v1/mandates/{id}/events", Needs(O::ReadMandate)),
    ("GET /v1/mandates/{id}/digest", Needs(O::ReadMatch)),
    ("GET /v1/referrals", Needs(O::ReadReferral)),
    ("POST /v1/referrals", Needs(O::WriteReferral)),
    ("GET /v1/referrals/{id}", Needs(O::ReadReferral)),
    ("GET /v1/imports", Needs(O::ReadImport)),
    ("POST /v1/imports", Needs(O::WriteImport)),
    ("GET /v1/imports/{id}", Needs(O::ReadImport)),
    ("GET /v1/imports/{id}/rows", Needs(O::ReadImport)),
    ("GET /v1/imports/{id}/report", Needs(O::ReadImport)),
    ("GET /v1/imports/{id}/transitions", Needs(O::ReadImport)),
    ("POST /v1/imports/{id}/transitions", Needs(O::WriteImport)),
    ("GET /v1/imports/{id}/events", Needs(O::ReadImport)),
    ("GET /v1/exports", Needs(O::Export)),
    ("POST /v1/exports", Needs(O::Export)),
    ("GET /v1/exports/{id}", Needs(O::Export)),
    ("GET /v1/exports/{id}/file", Needs(O::Export)),
    ("GET /v1/exports/{id}/transitions", Needs(O::Export)),
    ("POST /v1/exports/{id}/transitions", Needs(O::Export)),
    ("GET /v1/exports/{id}/events", Needs(O::Export)),
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
        "GET /v1/introductions/{id}/events",
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
    ("POST /v1/deal-tasks/{id}/transitions", Needs(O::MoveDeal)),
    ("GET /v1/deals/{id}/events", Needs(O::ReadDeal)),
    ("GET /v1/deals/{id}/history", Needs(O::ReadDeal)),
    ("GET /v1/deal-board", Needs(O::ReadDeal)),
    ("GET /v1/deals/{id}/syndicate", Needs(O::ReadDeal)),
    ("PUT /v1/deals/{id}/round", Needs(O::MoveDeal)),
    ("PUT /v1/deals/{id}/participants", Needs(O::MoveDeal)),
    (
        "GET /v1/programmes/{id}/reports/{report}",
        Needs(O::ReadCommitment),
    ),
    ("GET /v1/practices", Needs(O::ReadPractice)),
    ("POST /v1/practices", Needs(O::WritePractice)),
    ("GET /v1/practices/{id}", Needs(O::ReadPractice)),
    ("GET /v1/practices/{id}/transitions", Needs(O::ReadPractice)),
    (
        "POST /v1/practices/{id}/transitions",
        Needs(O::MovePractice),
    ),
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
    ("GET /v1/messages/{id}", Needs(O::ReadMessages)),
    ("GET /v1/messages/{id}/transitions", Needs(O::ReadMessages)),
    ("POST /v1/messages/{id}/transitions", Needs(O::RetryMessage)),
];

/// What a route needs, by method and template.
pub fn of(route: &str) -> Option<Access> {
    static BY_ROUTE: OnceLock<BTreeMap<&str, Access>> = OnceLock::new();
    let table = BY_ROUTE.get_or_init(|| TABLE.iter().copied().collect());
    table.get(route).copied()
}

/// The template of the route that serves `path`, whatever the method; none for
/// what is not in the table. The router knows it too, but tries its patterns
/// in turn to tell.
pub(super) fn template(path: &str) -> Option<&'static str> {
    type ByLength = BTreeMap<usize, Vec<&'static str>>;
    static BY_LENGTH: OnceLock<ByLength> = OnceLock::new();
    let table = BY_LENGTH.get_or_init(|| {
        let mut table = ByLength::new();
        for (route, _) in TABLE {
            let (_, template) = route.split_once(' ').unwrap_or(("", route));
            let of_length = table.entry(template.split('/').count()).or_default();
            if !of_length.contains(&template) {
                of_length.push(template);
            }
        }
        // A word comes before a parameter, whose brace follows all letters.
        for of_length in table.values_mut() {
            of_length.sort_unstable();
        }
        table
    });
    let mut fitting = table.get(&path.split('/').count())?.iter();
    fitting.find(|template| fits(template, path)).copied()
}

fn fits(template: &str, path: &str) -> bool {
    let mut parts = template.split('/').zip(path.split('/'));
    parts.all(|(wanted, part)| match wanted.strip_prefix('{') {
        Some(_) => !part.is_empty(),
        None => wanted == part,
    })
}

/// Holds a program's token to its scopes.
///
/// # Errors
/// 403, naming the scope that is needed where there is one.
pub(super) fn check_scopes(request: &HttpRequest, scopes: &Scopes) -> Result<(), Problem> {
    let template = request.match_pattern().unwrap_or_default();
    let route = format!("{} {template}", request.method());
    let needed = match of(&route) {
        Some(Needs(operation)) => scope(operation),
        Some(Open | Session(_)) | None => None,
    };
    match needed {
        Some(needed) if scopes.hold(needed) => Ok(()),
        Some(needed) => Err(Error::InsufficientScope(needed.code()).into()),
        None => Err(Problem::new(Kind::Forbidden).detail("Only a person in a session does this.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_the_template_of_its_route() {
        for (route, _) in TABLE {
            let (_, expected) = route.split_once(' ').unwrap();
            let part = |part: &str| match part.strip_prefix('{') {
                Some(_) => "01a21635-fc97-7752-b7ad-e0c316d4dbe2".to_owned(),
                None => part.to_owned(),
            };
            let path: Vec<String> = expected.split('/').map(part).collect();
            assert_eq!(template(&path.join("/")), Some(expected));
        }
        for path in ["", "/", "/v1", "/v1/startup-profiles/", "/v1/nothing", "//"] {
            assert_eq!(template(path), None, "{path}");
        }
    }
}
