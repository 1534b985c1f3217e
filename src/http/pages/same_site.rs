//! Whether a form was sent from the page that it stands on. The links are
//! secret already; this keeps other sites from having a browser answer.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};

use crate::http::problem::{Kind, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request pass that its browser calls its own, or that no browser
/// sent (it has neither header).
///
/// # Errors
/// 403 if another site's page sent it.
pub(super) fn check(request: &HttpRequest, public_url: &str) -> Result<(), Problem> {
    let header = |name| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap_or("unreadable"))
    };
    let own = match (header(SEC_FETCH_SITE), header(ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        // Under `Referrer-Policy: no-referrer` a browser names no origin even
        // to the page's own site (Fetch, "append a request Origin header").
        (None, None | Some("null")) => true,
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            public_url == origin
                || public_url.starts_with(&format!("{origin}/"))
                || (authority.is_some() && authority == header(HOST))
        }
    };
    if own {
        Ok(())
    } else {
        Err(Problem::new(Kind::Forbidden).detail("Another site's page sent this form."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let request = headers.iter().fold(
            TestRequest::post().insert_header((HOST, "inside:8080")),
            |request, header| request.insert_header(*header),
        );
        check(&request.to_http_request(), "https://corridor.example").is_ok()
    }

    #[test]
    fn only_other_sites_are_refused() {
        assert!(passes(&[]));
        assert!(passes(&[
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "null")
        ]));
        assert!(passes(&[("Sec-Fetch-Site", "none")]));
        assert!(passes(&[("Origin", "https://corridor.example")]));
        assert!(passes(&[("Origin", "http://inside:8080")]));
        assert!(!passes(&[("Sec-Fetch-Site", "cross-site")]));
        assert!(!passes(&[("Sec-Fetch-Site", "same-site")]));
        assert!(!passes(&[("Origin", "https://evil.example")]));
        assert!(!passes(&[(
            "Origin",
            "https://corridor.example.evil.example"
        )]));
    }
}
