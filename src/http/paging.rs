//! Lists, a page at a time: opaque cursors, `Link: rel="next"` (RFC 8288)
//! that keeps all filters, none on the last page.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::LINK;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Kind, Problem};
use super::query_string::{ReadQuery, parse_query, read_query};
use crate::services::counts::Counted;
use crate::services::paging::{Page, PageRequest};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;
const MAX_CURSOR: usize = 1024;

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the page begins: the cursor that the page before gave. It holds
    /// only for the same route and filters.
    #[param(max_length = 1024, pattern = "^[A-Za-z0-9_.~-]+$")]
    pub cursor: Option<String>,
    /// How many items a page has.
    #[serde(default = "default_limit")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}

const fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

impl PageQuery {
    fn checked(self) -> Result<Self, Problem> {
        if !(1..=MAX_LIMIT).contains(&self.limit) {
            let detail = format!("`limit` must be 1–{MAX_LIMIT}.");
            return Err(Problem::parameter("limit", detail));
        }
        let sane = |cursor: &String| (1..=MAX_CURSOR).contains(&cursor.len());
        if !self.cursor.as_ref().is_none_or(sane) {
            return Err(Problem::new(Kind::BadCursor));
        }
        Ok(self)
    }
}

impl From<PageQuery> for PageRequest {
    fn from(query: PageQuery) -> Self {
        Self {
            cursor: query.cursor,
            limit: usize::try_from(query.limit).unwrap_or(usize::MAX),
        }
    }
}

/// A list without filters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilters {}

/// The query of a list: the page and the filters `F`, which must deny unknown
/// fields; a parameter that is neither is 400 and named.
#[derive(Debug, Clone)]
pub struct ListQuery<F = NoFilters> {
    /// Which page.
    pub page: PageQuery,
    /// Which items.
    pub filters: F,
}

impl<F: DeserializeOwned> FromRequest for ListQuery<F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(list_query(request.query_string()))
    }
}

fn list_query<F: DeserializeOwned>(query: &str) -> Result<ListQuery<F>, Problem> {
    let (page, filters, ()) = meant_query(query).read(|_| Ok(()))?;
    Ok(ListQuery { page, filters })
}

/// The query of a list whose filters mean something. Nothing of it can be had
/// without reading that, so that all that is wrong is told at once.
#[derive(Debug)]
pub struct MeantQuery<F> {
    page: Result<PageQuery, Problem>,
    filters: ReadQuery<F>,
}

impl<F> MeantQuery<F> {
    /// The page, the filters and what they mean.
    ///
    /// # Errors
    /// 400, naming every parameter that is wrong.
    pub fn read<R>(
        self,
        meaning: impl FnOnce(&F) -> Result<R, Problem>,
    ) -> Result<(PageQuery, F, R), Problem> {
        match (self.page, self.filters.meaning(meaning)) {
            (Ok(page), Ok((filters, meant))) => Ok((page, filters, meant)),
            (Err(page), Err(filters)) if page.kind() == filters.kind() => Err(page.and(filters)),
            (Err(problem), _) | (_, Err(problem)) => Err(problem),
        }
    }
}

impl<F: DeserializeOwned> FromRequest for MeantQuery<F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(meant_query(request.query_string())))
    }
}

fn meant_query<F: DeserializeOwned>(query: &str) -> MeantQuery<F> {
    let is_paging = |name: &str| matches!(name, "cursor" | "limit");
    MeantQuery {
        page: parse_query(&only(query, is_paging)).and_then(PageQuery::checked),
        filters: read_query(&only(query, |name| !is_paging(name))),
    }
}

/// The parameters of `query` whose name is `wanted`.
fn only(query: &str, wanted: impl Fn(&str) -> bool) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.filter(|(name, _)| wanted(name)))
        .finish()
}

/// How many items a list has, over all its pages.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Count)]
pub struct CountView {
    /// So many.
    #[schema(minimum = 0, maximum = 1000, example = 214)]
    pub value: usize,
    /// Whether there are more, or may be: they are counted up to 1000, and in a
    /// queue that is sifted as it is read only as far as one request looks.
    pub more: bool,
}

impl From<Counted> for CountView {
    fn from(counted: Counted) -> Self {
        Self {
            value: counted.rows,
            more: counted.more,
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PageView<T> {
    /// The items, in the list's order.
    #[schema(max_items = 100)]
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1024)]
    pub next_cursor: Option<String>,
    /// How many items there are over all pages; there where a list that can be
    /// counted was asked for it with `count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<CountView>,
}

impl<T> From<Page<T>> for PageView<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next,
            count: None,
        }
    }
}

impl<T> PageView<T> {
    /// A page as callers read it, each item by `view`.
    pub fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self {
            items: page.items.into_iter().map(view).collect(),
            next_cursor: page.next,
            count: None,
        }
    }
}

impl<T> PageView<T> {
    /// The same with how many items there are, where that was asked for.
    #[must_use]
    pub fn counted(self, count: Option<Counted>) -> Self {
        Self {
            count: count.map(CountView::from),
            ..self
        }
    }

    /// The answer with another body, for a page that says more than its items:
    /// the link to the next one is this page's.
    pub fn respond_with(&self, request: &HttpRequest, body: &impl Serialize) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            response.insert_header((LINK, next_link(request, cursor)));
        }
        response.json(body)
    }
}

impl<T: Serialize> PageView<T> {
    /// The answer: the page, and a link to the next one, if there is one.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        self.respond_with(request, self)
    }
}

/// The same list from `cursor` on, with all its other parameters.
fn next_link(request: &HttpRequest, cursor: &str) -> String {
    let kept = only(request.query_string(), |name| name != "cursor");
    let query = form_urlencoded::Serializer::new(kept)
        .append_pair("cursor", cursor)
        .finish();
    format!("<{}?{query}>; rel=\"next\"", request.uri().path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filters {
        stage: Option<u8>,
    }

    fn fault(query: &str) -> String {
        let problem = list_query::<Filters>(query).unwrap_err();
        let view = problem.view("", "");
        format!("{} {}", view.code, view.detail)
    }

    #[test]
    fn pages_and_filters_are_read_apart() {
        let query = list_query::<Filters>("stage=3&limit=5&cursor=abc").unwrap();
        assert_eq!(query.filters, Filters { stage: Some(3) });
        assert_eq!(
            (query.page.limit, query.page.cursor.as_deref()),
            (5, Some("abc"))
        );
        assert_eq!(list_query::<NoFilters>("").unwrap().page.limit, 20);
    }

    #[test]
    fn every_fault_names_its_parameter() {
        assert_eq!(fault("limit=0"), "bad_query `limit` must be 1–100.");
        assert_eq!(fault("limit=101"), "bad_query `limit` must be 1–100.");
        assert!(fault("limit=x").contains("`limit`"), "{}", fault("limit=x"));
        assert!(fault("stage=300").contains("`stage`"));
        assert_eq!(fault("colour=1"), "bad_query `colour` is not known here.");
        assert_eq!(fault("limit=1&limit=2"), "bad_query `limit` comes twice.");
        assert!(fault("cursor=").starts_with("bad_cursor"));
        assert_eq!(
            fault("limit=0&colour=1&stage=1&stage=2&size=3"),
            "bad_query `limit` must be 1–100. `colour` is not known here. \
             `stage` comes twice. `size` is not known here."
        );
    }

    #[test]
    fn what_is_wrong_with_shape_and_meaning_is_told_at_once() {
        let told = |query: &str, places: &[&'static str]| -> Vec<String> {
            let faults = places.iter().map(|place| Problem::parameter(place, *place));
            let meant = faults.reduce(Problem::and).unwrap();
            let query = meant_query::<Filters>(query).read(|_| Err::<(), _>(meant));
            let view = query.unwrap_err().view("", "");
            let pointers = view.errors.into_iter();
            pointers.map(|it| it.pointer).collect()
        };
        assert_eq!(
            told("limit=0&stage=x&colour=1", &["tag", "stage", "sort"]),
            ["#/limit", "#/stage", "#/colour", "#/tag", "#/sort"]
        );
        // Nothing is said that rests on what could not be read.
        assert_eq!(told("q=1", &["sort", "tag"]), ["#/q", "#/tag"]);
        assert_eq!(told("cheque_to=1", &["currency"]), ["#/cheque_to"]);
    }

    #[test]
    fn the_next_link_keeps_filters_and_replaces_the_cursor() {
        let request =
            TestRequest::with_uri("/v1/x?stage=3&cursor=old&limit=5&q=a%26b").to_http_request();
        assert_eq!(
            next_link(&request, "n-w"),
            "</v1/x?stage=3&limit=5&q=a%26b&cursor=n-w>; rel=\"next\""
        );
    }
}
