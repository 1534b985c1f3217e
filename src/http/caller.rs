//! Who asks, from the bearer token (RFC 6750) that came with the request.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::paging::NoFilters;
use super::problem::Problem;
use super::query_string::parse_query;
use super::registry::PlainRoutes;
use super::{access, origin, rate_limit};
use crate::auth::basic;
use crate::domain::ids::SessionId;
use crate::services::accounts::{self, Authentication, Via};
use crate::services::{AuthFault, Caller, Context, Error};

/// A caller whose token was checked. A handler that takes it answers 401 to
/// everybody else; put it first among what a handler takes, so that 401 comes
/// before what is wrong with the request.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Caller);

/// A caller in a session of their own, which is needed to change an account;
/// also one who has to set up a second factor before anything else.
#[derive(Debug, Clone)]
pub struct InSession {
    /// Who.
    pub caller: Caller,
    /// In which session.
    pub session: SessionId,
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Authentication { caller, via } = authenticate(&request).await?;
            match via {
                Via::Session {
                    second_factor_due: true,
                    ..
                } => return Err(Error::SecondFactorDue.into()),
                Via::Session { .. } => {}
                Via::Scopes(scopes) => access::check_scopes(&request, &scopes)?,
            }
            check_query(&request)?;
            Ok(Self(caller))
        })
    }
}

impl FromRequest for InSession {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Authentication { caller, via } = authenticate(&request).await?;
            match via {
                Via::Session { id, .. } => {
                    check_query(&request)?;
                    Ok(Self {
                        caller,
                        session: id,
                    })
                }
                Via::Scopes(_) => Err(Error::Forbidden.into()),
            }
        })
    }
}

/// Refuses parameters to a route that takes none: whoever asks for a filter
/// that isn't there would take the whole list for the filtered one. Before the
/// route does anything.
fn check_query(request: &HttpRequest) -> Result<(), Problem> {
    let query = request.query_string();
    if query.is_empty() {
        return Ok(());
    }
    let plain = request.app_data::<Data<PlainRoutes>>();
    let template = request.match_pattern().unwrap_or_default();
    let route = format!("{} {template}", request.method());
    match plain.filter(|plain| plain.have(&route)) {
        Some(_) => parse_query::<NoFilters>(query).map(drop),
        None => Ok(()),
    }
}

async fn authenticate(request: &HttpRequest) -> Result<Authentication, Problem> {
    let token = bearer(request).map_err(Error::Unauthenticated)?;
    let context = request.app_data::<Data<Context>>();
    let context = context.ok_or_else(|| Error::internal("no context is registered"))?;
    let origin = origin::of(request);
    let authentication = accounts::authenticate(context, token, origin.address).await?;
    rate_limit::count_principal(request, &authentication.caller)?;
    Ok(authentication)
}

/// The token of `Authorization: Bearer …`; the scheme's case doesn't matter
/// (RFC 9110 §11.1). Another scheme is as if nothing had come; two headers
/// leave open who asks, so neither holds.
fn bearer(request: &HttpRequest) -> Result<&str, AuthFault> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(AuthFault::Missing)?;
    if headers.next().is_some() {
        return Err(AuthFault::Invalid);
    }
    let text = header.to_str().map_err(|_| AuthFault::Invalid)?.trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthFault::Missing);
    }
    let token = token.trim();
    if token.is_empty() {
        Err(AuthFault::Invalid)
    } else {
        Ok(token)
    }
}

/// What `Authorization: Basic …` says of a client; none without such a header,
/// an error when it can't be read.
pub fn client_credentials(request: &HttpRequest) -> Option<Result<(String, String), ()>> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next()?;
    if headers.next().is_some() {
        return Some(Err(()));
    }
    let read = || {
        let (scheme, credentials) = header.to_str().ok()?.trim().split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("basic")
            .then(|| basic::decode(credentials))?
    };
    Some(read().ok_or(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn token_of(values: &[&str]) -> Result<String, AuthFault> {
        let mut request = TestRequest::default();
        for value in values {
            request = request.append_header((AUTHORIZATION, *value));
        }
        bearer(&request.to_http_request()).map(str::to_owned)
    }

    #[test]
    fn one_bearer_token_is_taken() {
        assert_eq!(token_of(&["Bearer abc"]).as_deref(), Ok("abc"));
        assert_eq!(token_of(&["bearer  abc "]).as_deref(), Ok("abc"));
    }

    #[test]
    fn what_is_missing_and_what_is_wrong_are_told_apart() {
        for missing in [&[] as &[&str], &["Basic YTpi"]] {
            assert_eq!(token_of(missing), Err(AuthFault::Missing), "{missing:?}");
        }
        for invalid in [
            &["Bearer"] as &[&str],
            &["Bearer "],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(token_of(invalid), Err(AuthFault::Invalid), "{invalid:?}");
        }
    }
}
