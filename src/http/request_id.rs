//! A name for every request: made here, never taken from outside, so that
//! nobody can write into our log. It stands in the answer's header, in
//! problems and in every log line of the request.

use std::fmt;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

/// The header that carries it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request: a `UUIDv7`, so that log lines sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new one.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of `request`, if it came in through the edge.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get().copied()
    }

    /// The value of the header.
    pub(super) fn header(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
