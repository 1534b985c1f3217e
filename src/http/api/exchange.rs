//! What endpoints share beside their nouns: ids, the promise behind an
//! `Idempotency-Key`, and answers that name a version.

use std::str::FromStr;

use actix_web::http::header::{ETAG, HeaderValue, LOCATION};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::Serialize;

use crate::domain::fault::Faults;
use crate::domain::text::Email;
use crate::http::idempotency::{IdempotencyKey, fingerprint};
use crate::http::preconditions::{EntityTag, etag};
use crate::http::problem::{Kind, Problem};
use crate::services::{Intent, Telling};

/// The id in a path. What is no id names nothing.
///
/// # Errors
/// 404.
pub fn path_id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::NotFound))
}

/// The id in a query.
///
/// # Errors
/// 400, naming the parameter.
pub fn query_id<T: FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(str::parse)
        .transpose()
        .map_err(|_| Problem::parameter(name, format!("`{name}` is not a UUID.")))
}

/// The code in a query.
///
/// # Errors
/// 400, naming the parameter.
pub fn query_code<T>(
    name: &str,
    text: Option<&str>,
    from_code: fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let unknown = || Problem::parameter(name, format!("`{name}` is none of its values."));
    text.map(|code| from_code(code).ok_or_else(unknown))
        .transpose()
}

/// The address in a query.
///
/// # Errors
/// 400, naming the parameter.
pub fn query_email(name: &str, text: Option<&str>) -> Result<Option<Email>, Problem> {
    let wrong = |_| Problem::parameter(name, format!("`{name}` is not an address."));
    text.map(str::parse).transpose().map_err(wrong)
}

/// The id in a body; a fault at `pointer` if it is none.
pub fn body_id<T: FromStr>(faults: &mut Faults, pointer: &str, text: &str) -> Option<T> {
    let id = text.parse().ok();
    if id.is_none() {
        faults.push(pointer, "not_an_id", "An id is a UUID.");
    }
    id
}

/// What a caller promises to be the same request when it comes again; `route`
/// is the method and the route's template. What is answered is kept with it, word
/// for word ([`tell_again`](crate::http::idempotency::tell_again)).
pub fn intent(
    route: &'static str,
    request: &HttpRequest,
    key: &IdempotencyKey,
    body: &[u8],
) -> Option<Intent> {
    key.get().map(|key| {
        let telling = Telling::afterwards();
        request.extensions_mut().insert(telling.clone());
        Intent {
            route,
            key: key.to_owned(),
            fingerprint: fingerprint(request, body),
            telling: Some(telling),
        }
    })
}

/// How records of a kind are told of as `V`, word for word the same when the
/// request comes again.
pub fn telling<T, V>() -> Telling
where
    T: Clone + 'static,
    V: From<T> + Serialize,
{
    Telling::of(|record: &T| serde_json::to_string(&V::from(record.clone())).ok())
}

/// The answer, or what was answered the first time.
pub fn as_told(telling: &Telling, mut answer: HttpResponse) -> HttpResponse {
    let Some(told) = telling.told() else {
        return answer;
    };
    if let Ok(version) = HeaderValue::from_str(&etag(told.version)) {
        answer.headers_mut().insert(ETAG, version);
    }
    answer.set_body(told.text.clone()).map_into_boxed_body()
}

/// 201 with the place and version of what was made.
pub fn created(location: String, tag: impl Into<EntityTag>, view: &impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, location))
        .insert_header((ETAG, tag.into().into_text()))
        .json(view)
}

/// 200 with the version to which something was moved.
pub fn moved(tag: impl Into<EntityTag>, view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ETAG, tag.into().into_text()))
        .json(view)
}

/// Checks the fields that came with an action: each of `came` that is there
/// must be among the action's `takes`, and those that it `needs` must be there.
pub fn check_fields(
    faults: &mut Faults,
    action: &str,
    came: &[(&'static str, bool)],
    needs: &[&str],
    takes: &[&str],
) {
    for (field, there) in came {
        if *there && !needs.contains(field) && !takes.contains(field) {
            let detail = format!("“{action}” takes no “{field}”.");
            faults.push(format!("/{field}"), "not_taken", detail);
        }
        if !*there && needs.contains(field) {
            let detail = format!("“{action}” needs “{field}”.");
            faults.push(format!("/{field}"), "required", detail);
        }
    }
}
