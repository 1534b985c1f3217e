//! The MoU of a programme: texts, signatures, notice, renewal.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exchange::{check_fields, created, intent, moved, path_id};
use super::held_texts::KeptTextView;
use super::programme_reasons::ProgrammeReasonView;
use super::programmes::ProgrammeView;
use super::timeline::hex;
use super::values::{code, day, parsed, time, within};
use crate::domain::agreement::{Agreement, NOTICE_DAYS, Signatory, SignatureLevel, Signing};
use crate::domain::fault::Faults;
use crate::domain::ids::ProgrammeId;
use crate::domain::programme::{Programme, ProgrammeDetails};
use crate::domain::text::{Language, bounded};
use crate::http::caller::Authenticated;
use crate::http::fields::{DocumentBody, JsonBody};
use crate::http::idempotency::IdempotencyKey;
use crate::http::preconditions::{EntityTag, IfMatch, digested, versioned};
use crate::http::problem::Problem;
use crate::http::registry::ServiceConfig;
use crate::services::agreements::{self, NewSigning as Signed, Seen, pending};
use crate::services::{Context, Error};

/// Most characters of a text, of a name, and of other words.
const TEXT_MAX: usize = 100_000;
const NAME_MAX: usize = 200;
/// Most characters of where a signature can be seen, and of why a party declined.
pub const WORDS_MAX: usize = 2_000;
/// Most languages, and most signatories.
const MOST: usize = 20;

/// Registers the routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(get_agreement)
        .service(write_agreement)
        .service(record_signing)
        .service(renew_programme);
}

/// What the parties are to agree on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgreement {
    /// Days before its end from which the programme is in its notice.
    #[serde(default = "notice_days")]
    #[schema(minimum = 0, maximum = 730, default = 90, example = 90)]
    notice_days: u32,
    /// The language that controls where two texts differ, BCP 47; needed with
    /// texts.
    #[schema(max_length = 35, example = "en")]
    controlling_language: Option<String>,
    /// The text in each language, by BCP 47 tag.
    #[serde(default)]
    texts: BTreeMap<String, String>,
    /// Who signs, in the order of their signatures.
    #[serde(default)]
    #[schema(max_items = 20)]
    signatories: Vec<NewSignatory>,
}

const fn notice_days() -> u32 {
    NOTICE_DAYS
}

/// Somebody who is to sign for a party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSignatory {
    /// Which party.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Who signs.
    #[schema(min_length = 1, max_length = 200, example = "Leyla Aliyeva")]
    name: String,
    /// As what.
    #[schema(max_length = 200, example = "Director")]
    title: Option<String>,
}

impl NewAgreement {
    fn read(&self, programme: ProgrammeId) -> Result<Agreement, Faults> {
        let mut faults = Faults::new();
        let controlling = self.controlling_language.as_deref();
        let controlling = controlling.and_then(|tag| {
            let pointer = "/controlling_language";
            parsed(&mut faults, pointer, "unknown_language", tag)
        });
        let mut texts = BTreeMap::new();
        if within(&mut faults, "/texts", self.texts.len(), MOST) {
            for (tag, text) in &self.texts {
                let pointer = format!("/texts/{tag}");
                let language: Option<Language> =
                    parsed(&mut faults, &pointer, "unknown_language", tag);
                let text = faults.take(pointer, "invalid_text", bounded(text, TEXT_MAX, true));
                texts.extend(language.zip(text));
            }
        }
        let mut signatories = Vec::new();
        if within(&mut faults, "/signatories", self.signatories.len(), MOST) {
            for (place, signatory) in self.signatories.iter().enumerate() {
                let at = format!("/signatories/{place}");
                signatories.extend(signatory.read(&mut faults, &at));
            }
        }
        faults.finish().map(|()| Agreement {
            notice_days: self.notice_days,
            controlling,
            texts,
            signatories,
            ..Agreement::empty(programme)
        })
    }
}

impl NewSignatory {
    fn read(&self, faults: &mut Faults, at: &str) -> Option<Signatory> {
        let organization = parsed(
            faults,
            &format!("{at}/organization"),
            "not_an_id",
            &self.organization,
        );
        let name = bounded(&self.name, NAME_MAX, false);
        let name = faults.take(format!("{at}/name"), "invalid_text", name);
        let title = self.title.as_deref();
        let title = title.map(|it| bounded(it, NAME_MAX, false)).transpose();
        let title = faults.take(format!("{at}/title"), "invalid_text", title);
        Some(pending(organization?, name?, title?))
    }
}

/// What the parties of a programme agree on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agreement)]
pub struct AgreementView {
    /// Which programme.
    #[schema(format = "uuid", max_length = 36)]
    programme: String,
    /// Where it stands.
    #[schema(max_length = 20, example = "signing")]
    status: &'static str,
    /// Days before its end from which it is in its notice.
    #[schema(minimum = 0, maximum = 730)]
    notice_days: u32,
    /// The first day of the notice.
    #[schema(format = "date", max_length = 10)]
    notice_on: String,
    /// The language that controls where two texts differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 35)]
    controlling_language: Option<String>,
    /// The texts, by language; to parties without those that wait for compliance.
    #[schema(max_items = 20)]
    texts: Vec<AgreementTextView>,
    /// SHA-256 of all texts with their languages, as they were agreed; absent
    /// before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    agreed: Option<String>,
    /// Whether the texts are those that were agreed.
    intact: bool,
    /// Who signs, in their order.
    #[schema(max_items = 20)]
    signatories: Vec<SignatoryView>,
    /// The programme that this one goes on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    predecessor: Option<String>,
    /// The programme that goes on from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uuid", max_length = 36)]
    successor: Option<String>,
    /// Why it was declined, suspended or terminated, the latest first; for the
    /// operator's people.
    #[schema(max_items = 50)]
    reasons: Vec<ProgrammeReasonView>,
    /// Words of the programme that wait for compliance: what the reader's own side
    /// said, all for the operator's people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    waiting: Vec<KeptTextView>,
    /// The programme's version; the `ETag` is made of it and all that is told here.
    #[schema(minimum = 1)]
    version: i64,
}

/// A text in one language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgreementText)]
pub struct AgreementTextView {
    /// Its language.
    #[schema(max_length = 35, example = "he")]
    language: String,
    /// Its reading direction, `ltr` or `rtl`.
    #[schema(max_length = 3)]
    dir: &'static str,
    /// The words.
    #[schema(max_length = 100_000)]
    text: String,
    /// SHA-256 of the words in UTF-8.
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// Somebody who signs for a party.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signatory)]
pub struct SignatoryView {
    /// Which party.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// Who.
    #[schema(max_length = 200)]
    name: String,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    title: Option<String>,
    /// `pending`, `signed` or `declined`.
    #[schema(max_length = 10, example = "signed")]
    state: &'static str,
    /// How surely it is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "qualified")]
    level: Option<&'static str>,
    /// The day of the signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date", max_length = 10)]
    signed_on: Option<String>,
    /// Where it can be seen; absent while its words wait for compliance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    evidence: Option<String>,
    /// SHA-256 of the texts that were signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, pattern = "^[0-9a-f]{64}$")]
    texts: Option<String>,
    /// Why they declined; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    reason: Option<String>,
    /// When it was put on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time", max_length = 35)]
    recorded_at: Option<String>,
}

impl From<&Signatory> for SignatoryView {
    fn from(signatory: &Signatory) -> Self {
        let mut view = Self {
            organization: signatory.organization.to_string(),
            name: signatory.name.clone(),
            title: signatory.title.clone(),
            state: signatory.signing.code(),
            level: None,
            signed_on: None,
            evidence: None,
            texts: None,
            reason: None,
            recorded_at: signatory.recorded.map(|(_, at)| time(at)),
        };
        match &signatory.signing {
            Signing::Pending => {}
            Signing::Signed {
                level,
                on,
                evidence,
                digest,
            } => {
                view.level = Some(level.code());
                view.signed_on = Some(on.to_string());
                view.evidence = said(evidence);
                view.texts = Some(hex(digest));
            }
            Signing::Declined { reason } => view.reason = said(reason),
        }
        view
    }
}

/// Words that are there: those that wait for compliance are not.
fn said(words: &str) -> Option<String> {
    (!words.is_empty()).then(|| words.to_owned())
}

impl AgreementView {
    /// Its `ETag`: the version, and all that its reader is told.
    pub fn tag(&self) -> Result<EntityTag, Problem> {
        EntityTag::of_view(self.version, self)
    }
}

impl From<&Seen> for AgreementView {
    fn from(seen: &Seen) -> Self {
        let (programme, agreement) = (&seen.programme, &seen.agreement);
        let texts = agreement.texts.iter();
        let texts = texts.map(|(language, text)| AgreementTextView {
            language: language.to_string(),
            dir: language.direction(),
            sha256: hex(&Agreement::hash_of(text)),
            text: text.clone(),
        });
        Self {
            programme: programme.id.to_string(),
            status: programme.status.code(),
            notice_days: agreement.notice_days,
            notice_on: agreement.notice_on(programme.details.ends_on).to_string(),
            controlling_language: agreement.controlling.as_ref().map(ToString::to_string),
            texts: texts.collect(),
            agreed: agreement.agreed.map(|digest| hex(&digest)),
            intact: agreement.is_intact(),
            signatories: agreement
                .signatories
                .iter()
                .map(SignatoryView::from)
                .collect(),
            predecessor: agreement.predecessor.map(|id| id.to_string()),
            successor: seen.successor.map(|id| id.to_string()),
            reasons: seen.reasons.iter().map(ProgrammeReasonView::from).collect(),
            waiting: KeptTextView::all(seen.waiting.all()),
            version: programme.version,
        }
    }
}

/// What the parties of a programme agree on, for them and the operator's
/// people.
#[utoipa::path(
    operation_id = "get_agreement",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-None-Match" = Option<String>, Header, max_length = 1000)),
    responses((status = 200, description = "The agreement.", body = AgreementView, headers(("ETag" = String))), (status = 304, description = "Not changed."))
)]
#[get("/v1/programmes/{id}/agreement")]
async fn get_agreement(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let seen = agreements::find(&context, &caller, path_id(&id)?).await?;
    let view = AgreementView::from(&seen);
    if caller.reads_everything() {
        return Ok(versioned(&request, view.tag()?, &view));
    }
    // Parties write nothing by it, and what of theirs waits has no version.
    digested(&request, &view)
}

/// Writes the texts, the notice and who signs, in place of what was written
/// before, for curators.
///
/// Agreed texts are open again with it and the programme is back in
/// negotiation; once signing began nothing can be changed. A text that names
/// something restricted or prohibited is kept from the parties, language by
/// language, until two people of compliance let it through (`waiting`, and
/// `GET /v1/reviews` with the words in question); before that the texts can't be
/// agreed on. The same words are not read twice.
#[utoipa::path(
    operation_id = "write_agreement",
    tag = "programmes",
    params(("id" = String, Path, format = "uuid", max_length = 36), ("If-Match" = String, Header, max_length = 100, example = "\"v1\"")),
    request_body = NewAgreement,
    responses((status = 200, description = "Written.", body = AgreementView, headers(("ETag" = String))))
)]
#[put("/v1/programmes/{id}/agreement")]
async fn write_agreement(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    id: web::Path<String>,
    if_match: IfMatch,
    body: DocumentBody<NewAgreement>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&id)?;
    agreements::find(&context, &caller, id).await?;
    let expected = if_match.version()?;
    let written = body.read(|it| it.read(id))?;
    let seen = agreements::write(&context, &caller, id, expected, written).await?;
    let view = AgreementView::from(&seen);
    Ok(moved(view.tag()?, &view))
}

/// What a party's signatory did.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSigning {
    /// `sign` or `decline`.
    #[schema(max_length = 10, example = "sign")]
    action: String,
    /// Which party.
    #[schema(format = "uuid", max_length = 36)]
    organization: String,
    /// `sign`: `handwritten`, `simple`, `advanced` or `qualified`.
    #[schema(max_length = 20, example = "qualified")]
    level: Option<String>,
    /// `sign`: the day of the signature.
    #[schema(format = "date", max_length = 10, example = "2026-11-20")]
    signed_on: Option<String>,
    /// `sign`: where it can be seen.
    #[schema(max_length = 2000, example = "Archive of the ministry, 2026/117")]
    evidence: Option<String>,
    /// `decline`: why.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

impl NewSigning {
    fn read(&self) -> Result<Signed, Faults> {
        let mut faults = Faults::new();
        let came = [
            ("level", self.level.is_some()),
            ("signed_on", self.signed_on.is_some()),
            ("evidence", self.evidence.is_some()),
            ("reason", self.reason.is_some()),
        ];
        let needs: &[&str] = match self.action.as_str() {
            "sign" => &["level", "signed_on", "evidence"],
            "decline" => &["reason"],
            _ => {
                faults.push("/action", "unknown_action", "A party signs or declines.");
                &[]
            }
        };
        check_fields(&mut faults, &self.action, &came, needs, &[]);
        let organization = parsed(
            &mut faults,
            "/organization",
            "not_an_id",
            &self.organization,
        );
        let signing = if self.action == "sign" {
            self.signed(&mut faults)
        } else {
            let reason = words(&mut faults, "/reason", self.reason.as_deref());
            reason.map(|reason| Signing::Declined { reason })
        };
        match (organization, signing) {
            (Some(organization), Some(signing)) if faults.is_empty() => Ok(Signed {
                organization,
                signing,
            }),
            _ => Err(faults),
        }
    }

    fn signed(&self, faults: &mut Faults) -> Option<Signing> {
        let level = self.level.as_deref();
        let level = level.and_then(|it| code(faults, "/level", it, SignatureLevel::ALL));
        let on = self.signed_on.as_deref();
        let on = on.and_then(|text| day(faults, "/signed_on", text));
        let evidence = words(faults, "/evidence", self.evidence.as_deref());
        Some(Signing::Signed {
            level: level?,
            on: on?,
            evidence: evidence?,
            digest: [0; 32],
        })
    }
}

fn words(faults: &mut Faults, pointer: &'static str, text: Option<&str>) -> Option<String> {
    faults.take(pointer, "invalid_text", bounded(text?, WORDS_MAX, true))
}

/// Records that a party signed or declined, in the agreed order, for curators.
///
/// A party that declines ends the signing: the programme is `declined`, and who
/// and why stays on record. Words that name something restricted or prohibited
/// wait for compliance before the parties read them.
#[utoipa::path(
    operation_id = "record_signing",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("If-Match" = String, Header, max_length = 100, example = "\"v5\""),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewSigning,
    responses((status = 200, description = "On record.", body = AgreementView, headers(("ETag" = String))))
)]
#[post("/v1/programmes/{id}/signings")]
async fn record_signing(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key, if_match): (web::Path<String>, IdempotencyKey, IfMatch),
    body: DocumentBody<NewSigning>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/signings";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let expected = if_match
        .version_of(agreements::find(&context, &caller, id))
        .await?;
    let signed = body.read(|it| it.read())?;
    let seen = agreements::record_signing(&context, &caller, intent, id, expected, signed).await?;
    let view = AgreementView::from(&seen);
    Ok(moved(view.tag()?, &view))
}

/// The term in which a programme goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRenewal {
    /// The name of the programme that goes on.
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = "^[a-z0-9_-]+$",
        example = "az-il-2029"
    )]
    slug: String,
    /// Its title; the same where none is named.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Its first day.
    #[schema(format = "date", max_length = 10, example = "2029-01-01")]
    starts_on: String,
    /// Its last day.
    #[schema(format = "date", max_length = 10, example = "2031-12-31")]
    ends_on: String,
}

impl NewRenewal {
    fn read(&self, before: &Programme) -> Result<ProgrammeDetails, Faults> {
        let mut faults = Faults::new();
        let slug = parsed(&mut faults, "/slug", "invalid_slug", &self.slug);
        let title = match &self.title {
            Some(title) => parsed(&mut faults, "/title", "invalid_title", title),
            None => Some(before.details.title.clone()),
        };
        let starts_on = day(&mut faults, "/starts_on", &self.starts_on);
        let ends_on = day(&mut faults, "/ends_on", &self.ends_on);
        if starts_on
            .zip(ends_on)
            .is_some_and(|(first, last)| last < first)
        {
            let detail = "A programme ends on or after its first day.";
            faults.push("/ends_on", "before_start", detail);
        }
        match (slug, title, starts_on, ends_on) {
            (Some(slug), Some(title), Some(starts_on), Some(ends_on)) if faults.is_empty() => {
                Ok(ProgrammeDetails {
                    slug,
                    title,
                    starts_on,
                    ends_on,
                    ..before.details.clone()
                })
            }
            _ => Err(faults),
        }
    }
}

/// Drafts the programme that goes on from one in force or just over, for
/// curators.
///
/// It has the same parties, corridors, scope, texts and signatories, and takes
/// the other's place when it comes into force.
#[utoipa::path(
    operation_id = "renew_programme",
    tag = "programmes",
    params(
        ("id" = String, Path, format = "uuid", max_length = 36),
        ("Idempotency-Key" = Option<String>, Header, max_length = 257),
    ),
    request_body = NewRenewal,
    responses((status = 201, description = "Drafted.", body = ProgrammeView, headers(("Location" = String), ("ETag" = String))))
)]
#[post("/v1/programmes/{id}/renewals")]
async fn renew_programme(
    context: web::Data<Context>,
    Authenticated(caller): Authenticated,
    request: HttpRequest,
    (id, key): (web::Path<String>, IdempotencyKey),
    body: JsonBody<NewRenewal>,
) -> Result<HttpResponse, Problem> {
    const ROUTE: &str = "POST /v1/programmes/{id}/renewals";
    let intent = intent(ROUTE, &request, &key, body.bytes());
    let id = path_id(&id)?;
    let body = body.into_inner();
    let term = move |before: &Programme| body.read(before).map_err(Error::from);
    let made = agreements::renew(&context, &caller, intent, id, term).await?;
    let location = format!("/v1/programmes/{}", made.id);
    Ok(created(location, made.version, &ProgrammeView::from(&made)))
}
