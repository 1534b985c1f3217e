//! The only table that gives errors their status. There is no `_` arm: a new
//! kind must choose its status, its stable code and its explanation.

use actix_web::http::StatusCode;

/// What kind of "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The body isn't JSON.
    MalformedJson,
    /// The body nests deeper than allowed.
    TooDeep,
    /// A query parameter is unknown or can't be read.
    BadQuery,
    /// A header can't be read.
    BadHeader,
    /// The cursor is damaged, or belongs to another query.
    BadCursor,
    /// The request is wrong in a way that has no kind of its own.
    BadRequest,
    /// No credentials came.
    Unauthenticated,
    /// The credentials that came don't hold.
    InvalidToken,
    /// The credentials hold, and a second factor is needed beside them.
    SecondFactorRequired,
    /// The caller may not do this.
    Forbidden,
    /// The token's scopes don't include it.
    InsufficientScope,
    /// A second factor must be set up before anything else.
    SecondFactorDue,
    /// No such route or thing.
    NotFound,
    /// The route doesn't know the method.
    MethodNotAllowed,
    /// No answer in a form that the caller accepts.
    NotAcceptable,
    /// The body did not arrive in time.
    BodyTimeout,
    /// A rule says no in the present state.
    Refused,
    /// The first request with this idempotency key still runs.
    KeyInUse,
    /// The caller decided on an older version.
    StaleVersion,
    /// The body is too large.
    TooLarge,
    /// The body's media type isn't the one the route takes.
    UnsupportedMediaType,
    /// The range lies beyond the end of the file.
    BadRange,
    /// The document can't mean anything valid.
    Invalid,
    /// The idempotency key came before with another payload.
    KeyReused,
    /// The route needs `If-Match`.
    VersionRequired,
    /// Too many requests.
    TooMany,
    /// The store can't take it now.
    Busy,
    /// The answer took too long.
    TimedOut,
    /// Something broke. Stays the last: [`Kind::ALL`] is checked against it.
    Internal,
}

/// One line of the table.
struct Row {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    explanation: &'static str,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 29] = [
        Self::MalformedJson,
        Self::TooDeep,
        Self::BadQuery,
        Self::BadHeader,
        Self::BadCursor,
        Self::BadRequest,
        Self::Unauthenticated,
        Self::InvalidToken,
        Self::SecondFactorRequired,
        Self::Forbidden,
        Self::InsufficientScope,
        Self::SecondFactorDue,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::BodyTimeout,
        Self::Refused,
        Self::KeyInUse,
        Self::StaleVersion,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::BadRange,
        Self::Invalid,
        Self::KeyReused,
        Self::VersionRequired,
        Self::TooMany,
        Self::Busy,
        Self::TimedOut,
        Self::Internal,
    ];

    /// The status table.
    #[expect(clippy::too_many_lines, reason = "a table, one entry a kind")]
    const fn row(self) -> Row {
        let (status, code, title, explanation) = match self {
            Self::MalformedJson => (
                StatusCode::BAD_REQUEST,
                "malformed_json",
                "The body is not JSON",
                "The body can't be read as one JSON value. `detail` names line and column.",
            ),
            Self::TooDeep => (
                StatusCode::BAD_REQUEST,
                "too_deep",
                "The body nests too deep",
                "Arrays and objects nest deeper than this service reads.",
            ),
            Self::BadQuery => (
                StatusCode::BAD_REQUEST,
                "bad_query",
                "A query parameter is wrong",
                "Query parameters are unknown, repeated, missing or can't be read. `detail` names them, `errors` each by itself.",
            ),
            Self::BadHeader => (
                StatusCode::BAD_REQUEST,
                "bad_header",
                "A header is wrong",
                "A request header can't be read. `detail` names it.",
            ),
            Self::BadCursor => (
                StatusCode::BAD_REQUEST,
                "bad_cursor",
                "The cursor is not valid here",
                "A cursor belongs to the query that gave it: same route, same filters. Start again without one.",
            ),
            Self::BadRequest => (
                StatusCode::BAD_REQUEST,
                "bad_request",
                "The request is wrong",
                "The request can't be understood.",
            ),
            Self::Unauthenticated => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "Sign in first",
                "The route needs a bearer token in the Authorization header.",
            ),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "The credentials don't hold",
                "The credentials are wrong, expired or revoked.",
            ),
            Self::SecondFactorRequired => (
                StatusCode::UNAUTHORIZED,
                "second_factor_required",
                "A second factor is needed",
                "The password is right, and the account has a second factor: send the same again with `code`.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "Not allowed",
                "The caller's role does not include this.",
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "The token's scopes do not include this",
                "The WWW-Authenticate header names the scope that is needed (RFC 6750).",
            ),
            Self::SecondFactorDue => (
                StatusCode::FORBIDDEN,
                "second_factor_due",
                "Set up a second factor first",
                "The operator's people need one-time codes: POST /v1/me/second-factor begins, its confirmation ends with recovery codes.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "There is no such route or thing, or the caller may not know of it.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The method is not known here",
                "The Allow header lists the methods of this route.",
            ),
            Self::NotAcceptable => (
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                "No acceptable form",
                "The service can't answer in a form or encoding that the request accepts.",
            ),
            Self::BodyTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
                "The body came too slowly",
                "The body did not arrive within the time limit. Nothing was done; try again.",
            ),
            Self::Refused => (
                StatusCode::CONFLICT,
                "refused",
                "A rule says no",
                "The request is well-formed, but a rule refuses it in the present state. `code` names the rule, `errors` what is missing for a yes.",
            ),
            Self::KeyInUse => (
                StatusCode::CONFLICT,
                "idempotency_key_in_use",
                "The first request still runs",
                "Another request with the same Idempotency-Key is being worked on. Try again in a moment.",
            ),
            Self::StaleVersion => (
                StatusCode::PRECONDITION_FAILED,
                "stale_version",
                "Changed meanwhile",
                "The thing is no longer at the version named in If-Match, or a weak tag (W/…) was sent, which never matches there (RFC 9110 §13.1.1). Read it again, decide again, and send its ETag as it came.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The body is too large",
                "The body exceeds the size that this service takes.",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The media type is not taken here",
                "The Accept or Accept-Patch header of the answer lists what the route takes.",
            ),
            Self::BadRange => (
                StatusCode::RANGE_NOT_SATISFIABLE,
                "bad_range",
                "The range is not in the file",
                "The Content-Range header of the answer says how long the file is (RFC 9110 §14.4).",
            ),
            Self::Invalid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "The document is not valid",
                "`errors` lists every fault with a JSON pointer to its place.",
            ),
            Self::KeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The key belongs to another request",
                "This Idempotency-Key came before with another payload. Use a new key for a new request.",
            ),
            Self::VersionRequired => (
                StatusCode::PRECONDITION_REQUIRED,
                "version_required",
                "If-Match is required",
                "Send If-Match with the ETag that you read, so that no one's change is overwritten unseen (RFC 6585).",
            ),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "Too many requests",
                "Wait as long as Retry-After says.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Busy",
                "The service can't take this now. Nothing was done; wait as long as Retry-After says.",
            ),
            Self::TimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "timed_out",
                "The answer took too long",
                "The request was given up. It may have taken effect: repeat it with the same Idempotency-Key.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something broke",
                "The fault is on the side of the service and has been logged under `request_id`.",
            ),
        };
        Row {
            status,
            code,
            title,
            explanation,
        }
    }

    /// The status it is answered with.
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// The stable code, for programs.
    pub const fn code(self) -> &'static str {
        self.row().code
    }

    /// One line for people.
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// What it means and what to do, for the page at `/problems/{code}`.
    pub const fn explanation(self) -> &'static str {
        self.row().explanation
    }

    /// Where it is explained: a reference relative to the service's root, as
    /// RFC 9457 §3.1.1 advises where there is no fixed host.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.code())
    }

    /// The kind for an error that the framework answered with a bare status.
    pub fn of_status(status: StatusCode) -> Self {
        let same = Self::ALL.into_iter().find(|kind| kind.status() == status);
        match same {
            Some(Self::MalformedJson) => Self::BadRequest,
            Some(kind) => kind,
            None if status.is_server_error() => Self::Internal,
            None => Self::BadRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_listed_and_has_a_code_of_its_own() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
        assert_eq!(Kind::ALL.len(), Kind::Internal as usize + 1);
        let codes: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
    }

    #[test]
    fn bare_statuses_find_their_kind() {
        assert_eq!(Kind::of_status(StatusCode::BAD_REQUEST), Kind::BadRequest);
        assert_eq!(Kind::of_status(StatusCode::NOT_FOUND), Kind::NotFound);
        assert_eq!(Kind::of_status(StatusCode::IM_A_TEAPOT), Kind::BadRequest);
        assert_eq!(Kind::of_status(StatusCode::BAD_GATEWAY), Kind::Internal);
    }
}
