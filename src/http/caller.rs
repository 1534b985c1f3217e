//! Who asks: the bearer token of a request (RFC 6750), checked.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::problem::Problem;
use crate::services::{AuthFault, Caller, Context, Error, accounts};

/// A person whose token holds. Every endpoint that isn't open takes one.
#[derive(Debug)]
pub struct Authenticated(pub Caller);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.app_data::<Data<Context>>().cloned();
        let token = bearer(request);
        Box::pin(async move {
            let context = context
                .ok_or_else(|| Error::internal("the server was started without a context"))?;
            let caller = accounts::authenticate(&context, &token?).await?;
            Ok(Self(caller))
        })
    }
}

/// The token of the one `Authorization` header; its scheme's case doesn't
/// matter (RFC 9110 §11.1).
fn bearer(request: &HttpRequest) -> Result<String, Error> {
    let mut lines = request.headers().get_all(AUTHORIZATION);
    let line = match (lines.next(), lines.next()) {
        (None, _) => return Err(Error::Unauthenticated(AuthFault::Missing)),
        (Some(line), None) => line.to_str().ok(),
        (Some(_), Some(_)) => None,
    };
    line.and_then(|line| line.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned())
        .ok_or(Error::Unauthenticated(AuthFault::Invalid))
}
