//! Words of a signing that compliance keeps from their place, said otherwise.

use actix_web::{HttpResponse, put, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::agreements::{AgreementView, WORDS_MAX};
use super::exchange::{moved, path_id};
use crate::domain::fault::Faults;
use crate::domain::ids::{OrganizationId, ProgrammeId};
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::IfMatch;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, agreements, signing_words};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(say_signing_text_otherwise);
}

/// Words in place of others that compliance keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSigningText {
    /// Where the signature can be seen, or why the party declined.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "Archive of the ministry, 7"
    )]
    text: String,
}

impl NewSigningText {
    fn read(&self) -> Result<String, Faults> {
        let mut faults = Faults::new();
        let text = bounded(&self.text, WORDS_MAX, true);
        let text = faults.take("/text", "invalid_text", text);
        text.ok_or(faults)
    }
}

/// Says otherwise what compliance keeps of a party's signing, or has still to read:
/// where the signature can be seen, or why the party declined; for curators.
///
/// Words that nobody has to read stand at their place at once; others wait in
/// place of those that were kept. The signature itself stays as it is.
#[utoipa::path(
    operation_id = "say_signing_text_otherwise",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("organization" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v5\""),
    ),
    request_body = NewSigningText,
    responses((status = 200, description = "Said, or waiting.", body = AgreementView, headers(("ETag" = String))))
)]
#[put("/v1/programmes/{id}/signings/{organization}/text")]
async fn say_signing_text_otherwise(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    path: web::Path<(String, String)>,
    if_match: IfMatch,
    body: DocumentBody<NewSigningText>,
) -> Result<HttpResponse, Problem> {
    let (id, firm) = path.into_inner();
    let (id, firm): (ProgrammeId, OrganizationId) = (path_id(&id)?, path_id(&firm)?);
    let found = agreements::find(&context, &caller, id);
    let expected = if_match.version_of(found).await?;
    let text = body.read(|it| it.read())?;
    let of = (id, expected);
    let seen = signing_words::say_otherwise(&context, &caller, of, firm, text).await?;
    let view = AgreementView::from(&seen);
    Ok(moved(view.tag()?, &view))
}
