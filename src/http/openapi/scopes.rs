//! What programs need for each operation: the scope of their token (RFC 6749
//! §3.3), by the same tables that hold them to it.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};

use crate::domain::permission::{self, Scope};
use crate::http::access::{self, Access};

/// What the scheme of programs is called in the document.
pub(super) const SCHEME: &str = "oauth2";

/// How programs get their tokens, and what these may be limited to.
pub(super) fn scheme() -> SecurityScheme {
    let scopes = Scope::ALL.iter().map(|scope| (scope.code(), means(*scope)));
    let flow = ClientCredentials::new("/v1/oauth/token", scopes.collect::<Scopes>());
    SecurityScheme::OAuth2(OAuth2::with_description(
        [Flow::ClientCredentials(flow)],
        "A program of a partner, as the person who made its client (RFC 6749 §4.4). The \
         metadata stands at /.well-known/oauth-authorization-server (RFC 8414).",
    ))
}

/// States who may ask for the operation: a person in a session, or with their
/// key; a program whose token has the scope; or a person in a session only.
pub(super) fn state(method: &str, path: &str, operation: &mut Operation) {
    let needs = match access::of(&format!("{method} {path}")) {
        Some(Access::Needs(needed)) => permission::scope(needed),
        Some(Access::Session(_)) => None,
        Some(Access::Open) | None => return,
    };
    let said = match needs {
        Some(scope) => {
            let program = SecurityRequirement::new(SCHEME, [scope.code()]);
            operation.security = Some(vec![super::bearer(), program]);
            format!(
                "A program and an API key need the scope `{}`.",
                scope.code()
            )
        }
        None => "Only a person in a session does this: no program, no API key.".to_owned(),
    };
    let before = operation.description.take();
    operation.description = Some(match before {
        Some(before) if !before.trim().is_empty() => format!("{}\n\n{said}", before.trim_end()),
        _ => said,
    });
}

/// What a scope lets a program do.
const fn means(scope: Scope) -> &'static str {
    match scope {
        Scope::AccountRead => "Read one's own account.",
        Scope::TaxonomyRead => "Read the taxonomy.",
        Scope::OrganizationsRead => "Read organizations and who belongs to them.",
        Scope::ProfilesRead => "Read startup and investor profiles.",
        Scope::ProfilesWrite => "Write and move startup and investor profiles.",
        Scope::DocumentsRead => "Read documents.",
        Scope::DocumentsWrite => "Upload, change and move documents.",
        Scope::MandatesRead => "Read mandates.",
        Scope::MandatesWrite => "Write and move mandates.",
        Scope::ReferralsRead => "Read what became of referrals and imports.",
        Scope::ReferralsWrite => "Refer firms, one by one or by imports.",
        Scope::ProgrammesRead => "Read programmes, commitments, practices and rule sets.",
        Scope::ProgrammesWrite => "Write programmes, commitments, practices and rule sets.",
        Scope::RatesRead => "Read what money is worth.",
        Scope::RatesWrite => "Say what money is worth.",
        Scope::ComplianceRead => "Read what compliance recorded.",
        Scope::ComplianceWrite => "Record it.",
        Scope::MatchesRead => "Rank and read matches.",
        Scope::MatchesWrite => "Release and answer matches.",
        Scope::IntroductionsRead => "Read introductions.",
        Scope::IntroductionsWrite => "Ask for and answer introductions.",
        Scope::DealsRead => "Read deals.",
        Scope::DealsWrite => "Report on and move deals.",
        Scope::LogRead => "Read the log.",
        Scope::MessagesRead => "Read the queue of messages.",
        Scope::MessagesWrite => "Have messages tried again.",
        Scope::BouncesWrite => "Say that mail came back.",
    }
}
