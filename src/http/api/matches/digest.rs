//! What a mandate's people should look at this week.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{TeaserView, Voice};
use crate::http::api::exchange::path_id;
use crate::http::api::values::time;
use crate::http::caller::Authenticated;
use crate::http::problem::Problem;
use crate::services::Context;
use crate::services::digest::{self, Digest, Entry, Note};

/// The matches of the week that wait for an answer, the strongest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Digest)]
pub struct DigestView {
    /// Of which mandate.
    #[schema(format = "uuid", max_length = 36)]
    mandate: String,
    /// What was released since then.
    #[schema(format = "date-time", max_length = 35)]
    since: String,
    /// The matches; no more than the mandate takes a week.
    #[schema(max_items = 100)]
    items: Vec<DigestEntryView>,
    /// How many more there are.
    #[schema(minimum = 0, example = 0)]
    more: usize,
}

/// One match of a digest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigestEntry)]
pub struct DigestEntryView {
    /// The match.
    #[schema(format = "uuid", max_length = 36)]
    id: String,
    /// Under which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// When it was released.
    #[schema(format = "date-time", max_length = 35)]
    shown_at: String,
    /// The score.
    #[schema(minimum = 0, maximum = 10000, example = 7421)]
    score: i64,
    /// How much of it is known.
    #[schema(minimum = 0, maximum = 10000, example = 9300)]
    confidence: i64,
    /// The word for the score.
    #[schema(max_length = 20, example = "strong")]
    band: &'static str,
    /// The word in the reader's language.
    #[schema(max_length = 100, example = "Strong match")]
    band_label: String,
    /// The startup, without a name.
    counterpart: TeaserView,
    /// What speaks for it.
    #[schema(max_items = 3)]
    reasons: Vec<DigestNoteView>,
    /// What speaks against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<DigestNoteView>,
    /// What is not known.
    #[schema(max_items = 3)]
    missing: Vec<DigestNoteView>,
}

/// A factor that stands out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DigestNote)]
pub struct DigestNoteView {
    /// Which.
    #[schema(max_length = 40, example = "tags")]
    factor: &'static str,
    /// Its name in the reader's language.
    #[schema(max_length = 200, example = "Sector and technology")]
    label: String,
    /// What it says; absent where it would tell the startup's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, example = "Both name leak detection.")]
    sentence: Option<String>,
}

impl DigestView {
    fn of(voice: Voice<'_>, digest: &Digest) -> Self {
        let entries = digest.entries.iter();
        Self {
            mandate: digest.mandate.id.to_string(),
            since: time(digest.since),
            items: entries.map(|one| DigestEntryView::of(voice, one)).collect(),
            more: digest.more,
        }
    }
}

impl DigestEntryView {
    fn of(voice: Voice<'_>, entry: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            programme: entry.programme.to_string(),
            shown_at: time(entry.shown_at),
            score: entry.score,
            confidence: entry.confidence,
            band: entry.band.code(),
            band_label: entry.band_label.clone(),
            counterpart: TeaserView::of(voice, &entry.teaser),
            reasons: entry.reasons.iter().map(DigestNoteView::from).collect(),
            risk: entry.risk.as_ref().map(DigestNoteView::from),
            missing: entry.missing.iter().map(DigestNoteView::from).collect(),
        }
    }
}

impl From<&Note> for DigestNoteView {
    fn from(note: &Note) -> Self {
        Self {
            factor: note.factor.code(),
            label: note.label.clone(),
            sentence: note.sentence.clone(),
        }
    }
}

/// The digest of a mandate, in the reader's language.
///
/// Matches that were released to the investor within the last seven days and
/// that it has not answered: a teaser, at most three reasons, one risk and
/// what is missing. For the investor's people and the operator's.
#[utoipa::path(
    operation_id = "get_mandate_digest",
    tag = "mandates",
    params(("id" = String, Path, format = "uuid", max_length = 36)),
    responses((status = 200, description = "The digest.", body = DigestView))
)]
#[get("/v1/mandates/{id}/digest")]
pub async fn get_mandate_digest(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let digest = digest::of_mandate(&context, &caller, path_id(&id)?).await?;
    let taxonomy = context.taxonomy();
    let voice = Voice::of(&context, &caller, &taxonomy);
    Ok(HttpResponse::Ok().json(DigestView::of(voice, &digest)))
}
