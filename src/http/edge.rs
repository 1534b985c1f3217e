//! What surrounds every request: [`edge`] names it, times it and finishes its
//! answer; [`guard`] keeps a slow, huge or panicking one from doing harm.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use actix_web::http::{ConnectionType, Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use tracing::{Instrument, Span, error, info, info_span, warn};

use super::drain::Drain;
use super::idempotency::tell_again;
use super::limits::{Limits, guard_body};
use super::problem::{Kind, Problem};
use super::request_id::{RequestId, X_REQUEST_ID};
use super::{access, metrics, security_headers};
use crate::domain::trace::TraceId;
use crate::services::{Context, within_trace};

/// Names the trace that a request is part of (W3C Trace Context).
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The outermost layer: nothing leaves the service but through here.
pub(super) async fn edge(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    drain: Drain,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let _running = drain.enter();
    let _active = metrics::Active::enter();
    let trace = trace_of(request.headers());
    let trip = Trip::begin(&request, trace, drain.is_draining());
    request.extensions_mut().insert(trip.id);
    let served = next.call(request).instrument(trip.span.clone());
    let answer = match trace {
        Some(trace) => within_trace(trace, served).await,
        None => served.await,
    };
    let _entered = trip.span.clone().entered();
    match answer {
        Ok(answer) => {
            let (request, response) = answer.into_parts();
            let mut response = trip.finish(response.map_into_boxed_body());
            if response.status() == StatusCode::UNAUTHORIZED {
                name_metadata(&request, response.headers_mut());
            }
            Ok(ServiceResponse::new(request, response))
        }
        Err(error) => {
            let response = trip.finish(error.error_response());
            Err(InternalError::from_response("finished", response).into())
        }
    }
}

/// The trace that the caller says the request is part of. Two headers leave
/// open of which.
fn trace_of(headers: &HeaderMap) -> Option<TraceId> {
    let mut named = headers.get_all(TRACEPARENT);
    let named = named.next().filter(|_| named.next().is_none())?;
    named.to_str().ok().and_then(TraceId::of_traceparent)
}

/// Says in the challenge where a program learns how to get a token (RFC 9728
/// §5.1).
fn name_metadata(request: &HttpRequest, headers: &mut HeaderMap) {
    let (Some(context), Some(challenge)) = (
        request.app_data::<Data<Context>>(),
        headers.get(WWW_AUTHENTICATE),
    ) else {
        return;
    };
    let challenge = challenge.to_str().unwrap_or_default();
    if !challenge.starts_with("Bearer") {
        return;
    }
    let url = &context.settings.public_url;
    let whole =
        format!("{challenge}, resource_metadata=\"{url}/.well-known/oauth-protected-resource\"");
    if let Ok(whole) = HeaderValue::from_str(&whole) {
        headers.insert(WWW_AUTHENTICATE, whole);
    }
}

/// One request on its way through the service.
struct Trip {
    id: RequestId,
    method: Method,
    path: String,
    route: Cow<'static, str>,
    begun: Instant,
    last_of_connection: bool,
    span: Span,
}

impl Trip {
    fn begin(request: &ServiceRequest, trace: Option<TraceId>, last_of_connection: bool) -> Self {
        let id = RequestId::new();
        let method = request.method().clone();
        let route = match access::template(request.path()) {
            Some(template) => Cow::Borrowed(template),
            None => request
                .match_pattern()
                .map_or(Cow::Borrowed("unrouted"), Cow::Owned),
        };
        // The template, not the path: paths of mailed links hold secrets.
        let trace_id = trace.map(tracing::field::display);
        let span = info_span!("request", %id, %method, %route, trace_id);
        Self {
            id,
            method,
            path: request.path().to_owned(),
            route,
            begun: Instant::now(),
            last_of_connection,
            span,
        }
    }

    /// Writes the problem, adds the headers, and tells the log and metrics.
    fn finish(&self, response: HttpResponse) -> HttpResponse {
        let mut response = self.with_problem(response);
        let headers = response.headers_mut();
        // It tells the compression to leave a body alone, and nobody else
        // anything (RFC 9110 §8.4.1).
        if headers
            .get(CONTENT_ENCODING)
            .is_some_and(|it| it == "identity")
        {
            headers.remove(CONTENT_ENCODING);
        }
        security_headers::add(headers);
        if let Some(id) = self.id.header() {
            headers.insert(X_REQUEST_ID, id);
        }
        if self.last_of_connection {
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        self.tell(response.status());
        response
    }

    /// The answer with its problem written out, if it is a "no". One that the
    /// framework gave gets the problem of its status; one that a handler wrote
    /// itself (a page, an OAuth error) stays.
    fn with_problem(&self, response: HttpResponse) -> HttpResponse {
        let status = response.status();
        let given = response.extensions().get::<Problem>().cloned();
        let problem = match given {
            Some(problem) => problem,
            None if is_error(status) && !has_own_form(&response) => {
                Problem::new(Kind::of_status(status))
            }
            None => return response,
        };
        if let Some(cause) = problem.cause() {
            error!(cause = %chain(cause), "request failed");
        }
        let mut written = problem.respond(&self.path, &self.id.to_string());
        for (name, value) in response.headers() {
            let of_old_body = [CONTENT_TYPE, CONTENT_ENCODING, header::CONTENT_LENGTH];
            if !of_old_body.contains(name) && !written.headers().contains_key(name) {
                written.headers_mut().append(name.clone(), value.clone());
            }
        }
        written
    }

    fn tell(&self, status: StatusCode) {
        let elapsed = self.begun.elapsed();
        metrics::record(&self.method, &self.route, status, elapsed);
        let status = status.as_u16();
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if status >= 500 {
            warn!(status, ms, "answered");
        } else {
            info!(status, ms, "answered");
        }
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Whether the body is one that a handler wrote on purpose; the framework's
/// own are plain text or empty.
fn has_own_form(response: &HttpResponse) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type
        .map(HeaderValue::as_bytes)
        .is_some_and(|value| !value.starts_with(b"text/plain"))
}

/// An error and what caused it, in one line.
fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Next to the routes: HEAD becomes GET (the body is dropped on the way out),
/// the body is limited, and a handler that panics or takes too long becomes a
/// problem.
pub(super) async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    limits: Limits,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        // For whoever makes a difference between looking and taking.
        request.extensions_mut().insert(Method::HEAD);
    }
    let time = limits.request_timeout_of(&request);
    guard_body(&mut request, limits)?;
    let answer = catch_panic(async {
        let answer = next.call(request).await?.map_into_boxed_body();
        Ok::<_, Error>(tell_again(answer).await)
    });
    match tokio::time::timeout(time, answer).await {
        Ok(Some(answer)) => answer,
        Ok(None) => Err(Problem::new(Kind::Internal).into()),
        Err(_) => Err(Problem::new(Kind::TimedOut)
            .header(header::RETRY_AFTER, "1")
            .into()),
    }
}

/// The future's output, or `None` when it panicked. The panic itself was
/// written to stderr by the hook; here it is counted and logged.
async fn catch_panic<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        // What a panicked future held is dropped with it, unseen by others.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        if let Ok(poll) = polled {
            return poll.map(Some);
        }
        metrics::count_panic();
        error!("a handler panicked");
        Poll::Ready(None)
    })
    .await
}
