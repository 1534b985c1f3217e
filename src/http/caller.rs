//! Who asks, from the bearer token (RFC 6750) that came with the request.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::problem::Problem;
use crate::services::{AuthFault, Caller, Context, Error, accounts};

/// A caller whose token was checked. A handler that takes it answers 401 to
/// everybody else; put it first among what a handler takes, so that 401 comes
/// before what is wrong with the request.
#[derive(Debug, Clone)]
pub struct Authenticated(pub Caller);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = bearer(request).map(str::to_owned);
        let context = request.app_data::<Data<Context>>().cloned();
        Box::pin(async move {
            let token = token.map_err(Error::Unauthenticated)?;
            let context = context.ok_or_else(|| Error::internal("no context is registered"))?;
            let caller = accounts::authenticate(&context, &token).await?;
            Ok(Self(caller))
        })
    }
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
    let text = header.to_str().map_err(|_| AuthFault::Invalid)?;
    let (scheme, token) = text.trim().split_once(' ').unwrap_or((text, ""));
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
