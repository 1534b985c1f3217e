//! Words of a practice that compliance keeps from their place, said otherwise.

use actix_web::{HttpResponse, put, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::exchange::{moved, path_id};
use super::practices::{PracticeView, TEXT_MAX};
use crate::domain::fault::Faults;
use crate::domain::held_text::HeldPlace;
use crate::domain::ids::PracticeId;
use crate::domain::text::bounded;
use crate::http::caller::Authenticated;
use crate::http::fields::DocumentBody;
use crate::http::preconditions::IfMatch;
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::{Context, practice_words, practices};

/// Registers the route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(say_practice_text_otherwise);
}

/// Words in place of others that compliance keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPracticeText {
    /// From which place they are kept, as `waiting` of the practice names it: `aim`,
    /// `outcome`, `feedback:SESSION` or `adoption:SESSION`.
    #[schema(min_length = 1, max_length = 60, example = "outcome")]
    place: String,
    /// The words.
    #[schema(
        min_length = 1,
        max_length = 2000,
        example = "A jury of five chooses twice a year"
    )]
    text: String,
}

impl NewPracticeText {
    fn read(&self) -> Result<(HeldPlace, String), Faults> {
        use HeldPlace as P;
        let mut faults = Faults::new();
        let place = HeldPlace::from_code(&self.place);
        let of_practice = |place: &HeldPlace| {
            matches!(place, P::Aim | P::Outcome | P::Feedback(_) | P::Adoption(_))
        };
        let place = place.filter(of_practice);
        if place.is_none() {
            let detail = "No text of a practice has this place.";
            faults.push("/place", "unknown", detail);
        }
        let text = bounded(&self.text, TEXT_MAX, true);
        let text = faults.take("/text", "invalid_text", text);
        place.zip(text).ok_or(faults)
    }
}

/// Says otherwise what compliance keeps from its place, or has still to read, for
/// the people of who wrote it; also once the engagement is over.
///
/// Words that nobody has to read stand at their place at once; others wait in
/// place of those that were kept. An aim is said otherwise until it is offered.
#[utoipa::path(
    operation_id = "say_practice_text_otherwise",
    tag = "practices",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v1\""),
    ),
    request_body = NewPracticeText,
    responses((status = 200, description = "Said, or waiting.", body = PracticeView, headers(("ETag" = String))))
)]
#[put("/v1/practices/{id}/texts")]
async fn say_practice_text_otherwise(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<NewPracticeText>,
) -> Result<HttpResponse, Problem> {
    let id: PracticeId = path_id(&id)?;
    practices::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let (place, text) = body.read(|it| it.read())?;
    let of = (id, expected);
    let seen = practice_words::say_otherwise(&context, &caller, of, place, text).await?;
    let view = PracticeView::of(&seen, &caller);
    Ok(moved(view.tag()?, &view))
}
