//! How much and how slowly a caller may send. Every body, whatever reads it,
//! comes through here: too many bytes are 413, bytes that don't come are 408.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use super::access;
use super::origin::TrustedProxies;
use super::problem::{Kind, Problem};
use super::rate_limit::Rates;

/// What one request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body in bytes.
    pub max_body_bytes: usize,
    /// Deepest nesting of arrays and objects in a JSON body.
    pub max_json_depth: usize,
    /// Largest body of a route that takes a file.
    pub max_upload_bytes: usize,
    /// Seconds for such a body to arrive; no chunk of it may take longer than
    /// `body_timeout`.
    pub upload_timeout_s: u32,
    /// Largest document.
    pub max_document_bytes: usize,
    /// Seconds for a form with a document to arrive.
    pub document_timeout_s: u32,
    /// Time for the request line and headers to arrive.
    pub header_timeout: Duration,
    /// Time for the body to arrive.
    pub body_timeout: Duration,
    /// Time for the whole answer.
    pub request_timeout: Duration,
    /// How often callers may ask.
    pub rates: Rates,
    /// Whose word about a caller's address is taken.
    pub trusted_proxies: TrustedProxies,
}

impl Default for Limits {
    /// The values of `config/default.toml`.
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_json_depth: 32,
            max_upload_bytes: 256 << 20,
            upload_timeout_s: 900,
            max_document_bytes: 50 << 20,
            document_timeout_s: 300,
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            rates: Rates::default(),
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// What of a form with a document is not the document.
pub(super) const FORM_BYTES: usize = 64 << 10;

/// What a route takes as its body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A message.
    Message,
    /// A file of records.
    File,
    /// A form with a document.
    Document,
}

impl Takes {
    fn of(request: &ServiceRequest) -> Self {
        let template = access::template(request.path()).unwrap_or_default();
        match (request.method().as_str(), template) {
            ("POST", "/v1/imports") => Self::File,
            ("POST", "/v1/startup-profiles/{id}/documents" | "/v1/documents/{id}/versions") => {
                Self::Document
            }
            _ => Self::Message,
        }
    }
}

impl Limits {
    /// Most bytes of the body that `request` brings, and the time for it to
    /// arrive.
    fn of_body(&self, request: &ServiceRequest) -> (usize, Duration) {
        let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
        match Takes::of(request) {
            Takes::Message => (self.max_body_bytes, self.body_timeout),
            Takes::File => (self.max_upload_bytes, seconds(self.upload_timeout_s)),
            Takes::Document => (
                self.max_document_bytes.saturating_add(FORM_BYTES),
                seconds(self.document_timeout_s),
            ),
        }
    }

    /// Time for the whole answer of the route that `request` asks for.
    pub(super) fn request_timeout_of(&self, request: &ServiceRequest) -> Duration {
        match Takes::of(request) {
            Takes::Message => self.request_timeout,
            Takes::File | Takes::Document => self.of_body(request).1 + self.request_timeout,
        }
    }
}

/// Puts the limits on the body of `request`.
///
/// # Errors
/// 413 at once, if the request announces too much.
pub(super) fn guard_body(request: &mut ServiceRequest, limits: Limits) -> Result<(), Problem> {
    let (most, whole) = limits.of_body(request);
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > most) {
        return Err(too_large(most));
    }
    let payload = request.take_payload();
    if !matches!(payload, Payload::None) {
        let guarded = GuardedBody {
            payload,
            bytes_left: most,
            deadline: Box::pin(tokio::time::sleep(whole)),
            pause: limits.body_timeout,
            patience: Box::pin(tokio::time::sleep(limits.body_timeout)),
        };
        request.set_payload(Payload::Stream {
            payload: Box::pin(guarded),
        });
    }
    Ok(())
}

/// Says what a body's failure means to the caller.
pub(super) fn body_problem(error: &PayloadError, limits: Limits) -> Problem {
    match error {
        PayloadError::Overflow => too_large(limits.max_body_bytes),
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
            Problem::new(Kind::BodyTimeout)
        }
        _ => Problem::new(Kind::BadRequest).detail("The body broke off or is badly framed."),
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Kind::TooLarge).detail(format!("The body may have {most} bytes."))
}

/// A body that ends with an error when it grows too large or takes too long.
struct GuardedBody {
    payload: Payload,
    bytes_left: usize,
    deadline: Pin<Box<Sleep>>,
    pause: Duration,
    patience: Pin<Box<Sleep>>,
}

impl Stream for GuardedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.payload).poll_next(cx);
        let Poll::Ready(item) = polled else {
            let late = self.deadline.as_mut().poll(cx).is_ready()
                || self.patience.as_mut().poll(cx).is_ready();
            if !late {
                return Poll::Pending;
            }
            let late = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(PayloadError::Io(late))));
        };
        // A body that always has a little more still has to end.
        if self.deadline.as_mut().poll(cx).is_ready() {
            let late = io::Error::from(io::ErrorKind::TimedOut);
            return Poll::Ready(Some(Err(PayloadError::Io(late))));
        }
        let next = Instant::now() + self.pause;
        self.patience.as_mut().reset(next);
        let Some(Ok(chunk)) = item else {
            return Poll::Ready(item);
        };
        match self.bytes_left.checked_sub(chunk.len()) {
            Some(left) => {
                self.bytes_left = left;
                Poll::Ready(Some(Ok(chunk)))
            }
            None => Poll::Ready(Some(Err(PayloadError::Overflow))),
        }
    }
}

/// Whether `json` nests deeper than `max`. Looks at brackets outside texts
/// only, before anything is built from them.
pub(super) fn nests_deeper_than(max: usize, json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_texts() {
        assert!(nests_deeper_than(1, b"[[]]"));
        assert!(!nests_deeper_than(2, b"[[],[],{}]"));
        assert!(!nests_deeper_than(1, br#"["[[[\"[[[\\"]"#));
    }
}
