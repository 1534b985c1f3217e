//! Every "no" of the API as `application/problem+json` (RFC 9457).

pub mod codes;
mod kind;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::rate_limit::Policy;
use crate::domain::fault::Fault;
use crate::services::{AuthFault, Error};

pub use kind::Kind;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A "no" on its way to the caller.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    code: Option<Cow<'static, str>>,
    detail: Option<String>,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
    violated: Option<Policy>,
    cause: Option<Cause>,
}

impl Problem {
    /// A problem with nothing to add to its title.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            code: None,
            detail: None,
            faults: Vec::new(),
            headers: Vec::new(),
            violated: None,
            cause: None,
        }
    }

    /// Says what is wrong in this very case; never a cause from inside.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the places that are wrong.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// Adds a header to the answer; a value that can't stand in a header is
    /// left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Names the allowance that is used up, as `RateLimit-Policy` does.
    #[must_use]
    pub(super) const fn violating(mut self, policy: Policy) -> Self {
        self.violated = Some(policy);
        self
    }

    /// 400 for a parameter of the query; `detail` names it.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let fault = Fault::new(format!("/{name}"), Kind::BadQuery.code(), detail.clone());
        Self::new(Kind::BadQuery).detail(detail).faults(vec![fault])
    }

    /// The same with what may have been meant at the last place it names.
    #[must_use]
    pub(super) fn suggesting(mut self, suggestions: Vec<&str>) -> Self {
        if let Some(fault) = self.faults.pop() {
            self.faults.push(fault.suggesting(suggestions));
        }
        self
    }

    /// This one, with what another of its kind says as well.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.detail = match (self.detail, other.detail) {
            (Some(one), Some(two)) => Some(format!("{one} {two}")),
            (one, two) => one.or(two),
        };
        self.faults.extend(other.faults);
        self
    }

    /// This one, with what another says of parameters that have nothing to do
    /// with those that this one names.
    #[must_use]
    pub(super) fn and_elsewhere(self, other: Self) -> Self {
        let told = |rests: fn(&str) -> bool| self.faults.iter().any(|it| rests(&it.pointer));
        // What orders by fit rests on words, and what money is in on amounts.
        let by_words = told(|it| it == "/q");
        let of_amounts = told(|it| it.ends_with("_from") || it.ends_with("_to"));
        let rests = |fault: &Fault| match fault.pointer.as_str() {
            "/sort" => by_words,
            "/currency" | "/rates_on" => of_amounts,
            _ => false,
        };
        let known = |fault: &Fault| self.faults.iter().any(|it| it.pointer == fault.pointer);
        let more: Vec<Fault> = other
            .faults
            .into_iter()
            .filter(|fault| !known(fault) && !rests(fault))
            .collect();
        let mut whole = self;
        for fault in more {
            let detail = fault.detail.clone();
            let kind = whole.kind;
            whole = whole.and(Self::new(kind).detail(detail).faults(vec![fault]));
        }
        whole
    }

    /// How many places it names.
    pub(super) const fn places(&self) -> usize {
        self.faults.len()
    }

    /// 405 with the methods that the route knows, as in `GET, HEAD`.
    pub fn method_not_allowed(allow: &str) -> Self {
        Self::new(Kind::MethodNotAllowed)
            .detail(format!("This path knows {allow}."))
            .header(ALLOW, allow)
    }

    /// 415 with the one media type that the route takes.
    pub fn unsupported_media_type(taken: &str) -> Self {
        Self::new(Kind::UnsupportedMediaType)
            .detail(format!("The body must be {taken}."))
            .header(ACCEPT, taken)
    }

    /// What kind of "no" it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong in this very case; where there is nothing to add, or nothing
    /// that the caller may know, what this kind of "no" means and what to do.
    pub fn detail_or_meaning(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.kind.explanation())
    }

    /// The cause, for the log alone.
    pub(super) fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// The document that the caller reads.
    pub fn view(&self, instance: &str, request_id: &str) -> ProblemView {
        let code = self.code.as_deref().unwrap_or(self.kind.code());
        ProblemView {
            type_uri: self.kind.type_uri(),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: within(MAX_DETAIL, self.detail_or_meaning()),
            instance: within(MAX_INSTANCE, instance),
            code: code.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.faults.iter().map(FaultView::from).collect(),
            violated_policies: self
                .violated
                .iter()
                .map(|it| it.name().to_owned())
                .collect(),
        }
    }

    /// The whole answer.
    pub(super) fn respond(&self, instance: &str, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
        for header in &self.headers {
            response.append_header(header.clone());
        }
        let body = serde_json::to_vec(&self.view(instance, request_id)).unwrap_or_default();
        response
            .insert_header((CONTENT_TYPE, PROBLEM_JSON))
            .body(body)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.code())
    }
}

/// The problem travels in the answer's extensions until `http::edge`, which
/// knows path and request id, writes the body.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.kind.status());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::new(Kind::NotFound),
            Error::Unauthenticated(AuthFault::Missing) => Self::new(Kind::Unauthenticated)
                .header(WWW_AUTHENTICATE, "Bearer realm=\"corridor\""),
            Error::Unauthenticated(AuthFault::Invalid) => Self::new(Kind::InvalidToken).header(
                WWW_AUTHENTICATE,
                "Bearer realm=\"corridor\", error=\"invalid_token\"",
            ),
            Error::Unauthenticated(AuthFault::Expired) => Self::new(Kind::InvalidToken)
                .detail("The access token has expired: ask for a fresh one (POST /v1/sessions/refresh, for programs POST /v1/oauth/token).")
                .header(
                    WWW_AUTHENTICATE,
                    "Bearer realm=\"corridor\", error=\"invalid_token\", error_description=\"The access token expired\"",
                ),
            Error::Unauthenticated(AuthFault::SecondFactor) => {
                Self::new(Kind::SecondFactorRequired)
                    .header(WWW_AUTHENTICATE, "Bearer realm=\"corridor\"")
            }
            Error::Forbidden => Self::new(Kind::Forbidden),
            Error::InsufficientScope(scope) => Self::new(Kind::InsufficientScope).header(
                WWW_AUTHENTICATE,
                &format!(
                    "Bearer realm=\"corridor\", error=\"insufficient_scope\", scope=\"{scope}\""
                ),
            ),
            Error::SecondFactorDue => Self::new(Kind::SecondFactorDue),
            Error::Invalid(faults) => Self::new(Kind::Invalid).faults(faults),
            Error::Refused(refusal) => Self {
                code: Some(refusal.code),
                ..Self::new(Kind::Refused)
                    .detail(refusal.detail)
                    .faults(refusal.missing)
            },
            Error::StaleVersion => Self::new(Kind::StaleVersion),
            Error::KeyReused => Self::new(Kind::KeyReused),
            Error::KeyInUse => Self::new(Kind::KeyInUse).header(RETRY_AFTER, "1"),
            Error::BadCursor => Self::new(Kind::BadCursor),
            Error::Busy { retry_after_s } => {
                Self::new(Kind::Busy).header(RETRY_AFTER, &retry_after_s.to_string())
            }
            Error::TooMany { retry_after_s } => {
                Self::new(Kind::TooMany).header(RETRY_AFTER, &retry_after_s.to_string())
            }
            Error::Internal(cause) => Self {
                cause: Some(Arc::from(cause)),
                ..Self::new(Kind::Internal)
            },
        }
    }
}

impl From<crate::domain::fault::Faults> for Problem {
    fn from(faults: crate::domain::fault::Faults) -> Self {
        Error::from(faults).into()
    }
}

/// What went wrong (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(
        format = "uri-reference",
        max_length = 200,
        example = "/problems/invalid"
    )]
    pub type_uri: String,
    /// The kind of problem in one line.
    #[schema(max_length = 200, example = "The document is not valid")]
    pub title: String,
    /// The HTTP status, repeated.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// What is wrong in this very case, or what to do.
    #[schema(
        max_length = 2000,
        example = "`errors` lists every fault with a JSON pointer to its place."
    )]
    pub detail: String,
    /// The path of the request.
    #[schema(
        format = "uri-reference",
        max_length = 2000,
        example = "/v1/introductions"
    )]
    pub instance: String,
    /// Stable, for programs; for a refusal the rule that said no.
    #[schema(max_length = 100, pattern = "^[a-z][a-z0-9_]*$", example = "invalid")]
    pub code: String,
    /// Names this request in the service's log.
    #[schema(format = "uuid", max_length = 36)]
    pub request_id: String,
    /// The places that are wrong, or what is missing for a yes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub errors: Vec<FaultView>,
    /// The allowances that are used up, as `RateLimit-Policy` names them.
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub violated_policies: Vec<String>,
}

/// One thing that is wrong at one place of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProblemFault)]
pub struct FaultView {
    /// Where: a JSON Pointer as a URI fragment (RFC 6901 §6); for a parameter
    /// of the query `#/` and its name.
    #[schema(max_length = 1000, example = "#/cheque/min")]
    pub pointer: String,
    /// What, for programs.
    #[schema(max_length = 100, pattern = "^[a-z][a-z0-9_]*$", example = "too_low")]
    pub code: String,
    /// What, for people.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// What may have been meant, the likeliest first: slugs that could stand
    /// there; absent where nothing is near.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 3, example = json!(["water", "water_loss"]))]
    pub suggestions: Vec<String>,
}

impl From<&Fault> for FaultView {
    fn from(fault: &Fault) -> Self {
        Self {
            pointer: fragment(&fault.pointer),
            code: fault.code.to_string(),
            detail: within(MAX_DETAIL, &fault.detail),
            suggestions: fault.suggestions.clone(),
        }
    }
}

/// What is told is no longer than the contract says, however long the names are
/// that the caller made up: characters of a detail, a path and a pointer.
const MAX_DETAIL: usize = 2000;
const MAX_INSTANCE: usize = 2000;
const MAX_POINTER: usize = 1000;

fn within(most: usize, text: &str) -> String {
    let mut told: String = text.chars().take(most).collect();
    if told.len() < text.len() {
        told.pop();
        told.push('…');
    }
    told
}

/// A JSON Pointer as a URI fragment: `#`, then percent-encoded where a
/// fragment allows no literal (RFC 3986 §3.5); of one that is too long its
/// beginning.
fn fragment(pointer: &str) -> String {
    use std::fmt::Write;

    let mut fragment = String::with_capacity(pointer.len().min(MAX_POINTER) + 1);
    fragment.push('#');
    for character in pointer.chars() {
        // A byte that is encoded takes three places.
        if fragment.len() + 3 * character.len_utf8() > MAX_POINTER {
            break;
        }
        if character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?".contains(character) {
            fragment.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(fragment, "%{byte:02X}");
        }
    }
    fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_never_reaches_the_caller() {
        let problem = Problem::from(Error::internal("password of db is hunter2"));
        let view = serde_json::to_string(&problem.view("/v1/x", "id")).unwrap();
        assert!(!view.contains("hunter2"), "{view}");
        assert!(problem.cause().unwrap().to_string().contains("hunter2"));
    }

    #[test]
    fn a_refusal_names_its_rule_and_what_is_missing() {
        let refusal = crate::services::Refusal {
            code: "exit_criteria".into(),
            detail: "The stage is not done.".to_owned(),
            missing: vec![Fault::new("/nda", "missing", "An NDA is needed.")],
        };
        let view = Problem::from(Error::Refused(refusal)).view("/v1/deals/1/advance", "id");
        assert_eq!((view.status, view.code.as_str()), (409, "exit_criteria"));
        assert_eq!(view.type_uri, "/problems/refused");
        assert_eq!(view.errors[0].pointer, "#/nda");
    }

    #[test]
    fn a_fault_is_no_longer_than_the_contract_says_whatever_it_names() {
        let key = "ש".repeat(5000);
        let faults = vec![Fault::new(format!("/{key}"), "unknown_field", key)];
        let problem = Problem::from(Error::Invalid(faults)).detail("x".repeat(3000));
        let view = problem.view("/v1/x", "id");
        let fault = &view.errors[0];
        assert!(fault.pointer.len() <= 1000 && fault.pointer.ends_with("%D7%A9"));
        for detail in [&view.detail, &fault.detail] {
            assert_eq!(detail.chars().count(), 2000);
            assert!(detail.ends_with('…'), "{detail}");
        }
    }

    #[test]
    fn pointers_become_valid_fragments() {
        assert_eq!(fragment(""), "#");
        assert_eq!(fragment("/a~1b/שם \""), "#/a~1b/%D7%A9%D7%9D%20%22");
    }
}
