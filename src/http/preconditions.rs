//! Versions as entity tags (RFC 9110 §8.8, §13): the thing's version is its
//! strong `ETag`, changes name it in `If-Match`, reads in `If-None-Match`. Where
//! a view tells more than the version counts, the tag names that behind a dash: a
//! change is made on the version alone.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER,
};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::future::{Future, Ready, ready};

use super::problem::{Kind, Problem};
use crate::services::Error;

/// Version 3 is `"v3"`.
pub fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// The `ETag` of a thing as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag(String);

impl From<i64> for EntityTag {
    fn from(version: i64) -> Self {
        Self(etag(version))
    }
}

impl EntityTag {
    /// Of a thing whose view tells what changes without it: a firm's name, which
    /// may be another one or hidden in a freeze, what is missing by now, words that
    /// wait for compliance. A version that rose with those would tell the other
    /// side that there are any.
    ///
    /// # Errors
    /// The view can't be written.
    pub fn of_view(version: i64, view: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self(format!("\"v{version}-{}\"", digest_of(view)?)))
    }

    /// The tag with its quotes.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// What `If-Match` says. Taking it never fails, so that 401, 403 and 404 come
/// before 412 and 428 (RFC 9110 §13.2.1): ask it when the caller is known.
#[derive(Debug, Clone)]
pub struct IfMatch(Result<Option<String>, Problem>);

/// A version that no thing has: what a tag that isn't ours, or a weak one,
/// stands for, so that it loses against the stored version like any stale one.
const NEVER: i64 = 0;

impl IfMatch {
    /// The version that the thing must have; `None` for `*`, any.
    ///
    /// # Errors
    /// 428 if the header is missing, 400 if it can't be read or lists several
    /// tags: a decision is made on one version.
    pub fn version(&self) -> Result<Option<i64>, Problem> {
        let text = self.0.clone()?;
        let text = text.ok_or_else(|| Problem::new(Kind::VersionRequired))?;
        if text == "*" {
            return Ok(None);
        }
        match tags(&text).as_deref() {
            Some([tag]) => Ok(Some(tag.version().unwrap_or(NEVER))),
            Some([_, ..]) => Err(bad_header(&IF_MATCH, "names one version")),
            _ => Err(bad_header(
                &IF_MATCH,
                "is the `ETag` of the version that was read, with its quotation marks: \"v3\", not v3",
            )),
        }
    }

    /// The same, but what is wrong with the header is told only when `find`
    /// shows that the caller may know of the thing at all.
    ///
    /// # Errors
    /// As [`version`](Self::version); where that is one, that of `find` first.
    pub async fn version_of<T>(
        &self,
        find: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<i64>, Problem> {
        let version = self.version();
        if version.is_err() {
            find.await?;
        }
        version
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(field(request, &IF_MATCH))))
    }
}

/// The answer to a GET of a thing: 304 if the caller has this version, else
/// 200 with the view; both with the tag.
pub fn versioned(
    request: &HttpRequest,
    tag: impl Into<EntityTag>,
    view: &impl Serialize,
) -> HttpResponse {
    tagged(request, tag.into().into_text(), view)
}

/// [`versioned`] of something that may be at work still: then it says when it is
/// worth asking again.
pub fn in_progress(
    request: &HttpRequest,
    version: i64,
    running: bool,
    view: &impl Serialize,
) -> HttpResponse {
    let mut answer = versioned(request, version, view);
    if running && answer.status() == StatusCode::OK {
        let soon = HeaderValue::from_static("1");
        answer.headers_mut().insert(RETRY_AFTER, soon);
    }
    answer
}

/// [`versioned`] of what is put together from several things, and so has no
/// version of its own: its tag is made from all that the view says.
///
/// # Errors
/// The view can't be written.
pub fn digested(request: &HttpRequest, view: &impl Serialize) -> Result<HttpResponse, Problem> {
    let tag = format!("\"{}\"", digest_of(view)?);
    Ok(tagged(request, tag, view))
}

/// 32 hexadecimal digits by which a change of what is said shows.
fn digest_of(said: &impl Serialize) -> Result<String, Problem> {
    let body = serde_json::to_vec(said).map_err(|_| Problem::new(Kind::Internal))?;
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let start = digest.first_chunk().copied().unwrap_or_default();
    Ok(format!("{:032x}", u128::from_be_bytes(start)))
}

fn tagged(request: &HttpRequest, tag: String, view: &impl Serialize) -> HttpResponse {
    if has_tag(request, &tag) {
        HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish()
    } else {
        HttpResponse::Ok().insert_header((ETAG, tag)).json(view)
    }
}

/// Whether `If-None-Match` names that tag; the comparison is weak, as GET wants
/// it. A header that can't be read doesn't match.
pub fn has_tag(request: &HttpRequest, wanted: &str) -> bool {
    let Ok(Some(text)) = field(request, &IF_NONE_MATCH) else {
        return false;
    };
    let is_wanted = |tag: &Tag| tag.opaque == wanted;
    text == "*" || tags(&text).is_some_and(|tags| tags.iter().any(is_wanted))
}

/// One field value of a header that may be spread over several lines.
fn field(request: &HttpRequest, name: &HeaderName) -> Result<Option<String>, Problem> {
    let mut lines = Vec::new();
    for line in request.headers().get_all(name) {
        let text = line
            .to_str()
            .map_err(|_| bad_header(name, "is visible ASCII"))?;
        lines.push(text.trim());
    }
    Ok((!lines.is_empty()).then(|| lines.join(", ")))
}

fn bad_header(name: &HeaderName, rule: &str) -> Problem {
    Problem::new(Kind::BadHeader).detail(format!("{name} {rule}."))
}

#[derive(Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// With its quotes.
    opaque: String,
}

impl Tag {
    /// Strong comparison: a weak tag has no version.
    fn version(&self) -> Option<i64> {
        let text = self.opaque.strip_prefix("\"v")?.strip_suffix('"')?;
        let (digits, beside) = match text.split_once('-') {
            Some((digits, beside)) => (digits, Some(beside)),
            None => (text, None),
        };
        let is_digest = |text: &str| {
            text.len() == 32
                && text
                    .bytes()
                    .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
        };
        let version: i64 = digits.parse().ok()?;
        let ours = digits == version.to_string() && beside.is_none_or(is_digest);
        (!self.weak && ours).then_some(version)
    }
}

/// `1#entity-tag`; a tag may hold commas. `None` if the text isn't that.
fn tags(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let weak = rest.starts_with("W/");
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let (inside, after) = quoted.strip_prefix('"')?.split_once('"')?;
        tags.push(Tag {
            weak,
            opaque: format!("\"{inside}\""),
        });
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn if_match(value: &str) -> Result<Option<i64>, Kind> {
        let request = TestRequest::default()
            .insert_header((IF_MATCH, value))
            .to_http_request();
        let header = IfMatch(field(&request, &IF_MATCH));
        header.version().map_err(|problem| problem.kind())
    }

    #[test]
    fn if_match_compares_strongly() {
        assert_eq!(if_match("\"v3\""), Ok(Some(3)));
        assert_eq!(if_match("*"), Ok(None));
        let of_view = EntityTag::of_view(3, &["a text"]).expect("a tag");
        assert_eq!(if_match(&of_view.into_text()), Ok(Some(3)));
        for never in [
            "W/\"v3\"", "\"v03\"", "\"x\"", "\"v+3\"", "\"\"", "\"v3-\"", "\"v3-x\"",
        ] {
            assert_eq!(if_match(never), Ok(Some(NEVER)), "{never}");
        }
        for bad in ["v3", "\"v3", "\"v3\", \"v4\"", "\"v3\" x", ""] {
            assert_eq!(if_match(bad), Err(Kind::BadHeader), "{bad}");
        }
        let missing = IfMatch(Ok(None)).version().unwrap_err();
        assert_eq!(missing.kind(), Kind::VersionRequired);
    }

    #[test]
    fn a_tag_of_a_view_changes_with_all_that_is_told() {
        let of = |told: &[&str]| EntityTag::of_view(3, &told).expect("a tag");
        assert_ne!(of(&["one"]), of(&[]));
        assert_ne!(of(&["one"]), of(&["other"]));
        assert_eq!(of(&["one"]), of(&["one"]));
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let asks = |value: &str| {
            let request = TestRequest::default()
                .insert_header((IF_NONE_MATCH, value))
                .to_http_request();
            has_tag(&request, &etag(3))
        };
        assert!(asks("\"v3\"") && asks("W/\"v3\"") && asks("\"a,b\", \"v3\"") && asks("*"));
        assert!(!asks("\"v4\"") && !asks("v3") && !asks(""));
    }
}
