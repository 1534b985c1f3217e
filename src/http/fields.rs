//! Reading what a caller sent into types: bodies ([`JsonBody`]) and query
//! strings ([`Query`]). Types say `deny_unknown_fields`; what doesn't fit is
//! named at its place, as many faults at once as the type lets us find.

use std::future::Future;
use std::pin::{Pin, pin};

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};

use super::json_text::{no_json, no_json_text, place_cut_off};
use super::limits::{Limits, body_problem, nests_deeper_than};
use super::problem::{Kind, Problem};
use super::query_string::parse_query;
use super::upload::check_plain;
use crate::domain::fault::Faults;

/// Bodies up to this size are searched for more than their first fault.
const SEARCHED_BYTES: usize = 64 << 10;
/// At most so many faults of shape are named.
pub(super) const MOST_FAULTS: usize = 16;
/// Times that a document is mended to look for them.
const MOST_STEPS: usize = 3 * MOST_FAULTS;

/// A JSON body of the shape `T`. `T` must deny unknown fields.
#[derive(Debug)]
pub struct JsonBody<T> {
    value: T,
    bytes: Bytes,
}

impl<T> JsonBody<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The bytes as they came, for
    /// [`fingerprint`](super::idempotency::fingerprint).
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = read_json(request, payload, "application/json");
        Box::pin(async move {
            let bytes = reading.await?;
            let value = parse(&bytes)?;
            Ok(Self { value, bytes })
        })
    }
}

/// The bytes of a body of exactly this media type, not nested too deep.
pub(super) fn read_json(
    request: &HttpRequest,
    payload: &mut Payload,
    media_type: &'static str,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let limits = limits_of(request);
    let right_type = check_media_type(request, &[media_type]).map(drop);
    let plain = check_plain(request);
    let payload = payload.take();
    async move {
        right_type?;
        plain?;
        let bytes = read_all(payload, limits).await?;
        if nests_deeper_than(limits.max_json_depth, &bytes) {
            let detail = format!("At most {} levels are read.", limits.max_json_depth);
            return Err(Problem::new(Kind::TooDeep).detail(detail));
        }
        Ok(bytes)
    }
}

fn limits_of(request: &HttpRequest) -> Limits {
    let limits = request.app_data::<Data<Limits>>();
    limits.map_or_else(Limits::default, |limits| *limits.get_ref())
}

/// Which of these media types a body has, by its place among them. All of them
/// are text in UTF-8 (of JSON RFC 8259 §8.1 says so); another charset is named.
///
/// # Errors
/// 415.
pub(super) fn check_media_type(request: &HttpRequest, wanted: &[&str]) -> Result<usize, Problem> {
    let header = request.headers().get(CONTENT_TYPE);
    let text = header.and_then(|value| value.to_str().ok());
    let mut parts = text.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let place = wanted
        .iter()
        .position(|known| essence.eq_ignore_ascii_case(known));
    let other = || Problem::unsupported_media_type(&wanted.join(", "));
    let place = place.ok_or_else(other)?;
    let parameters = parts.filter_map(|parameter| parameter.split_once('='));
    for (name, value) in parameters {
        let charset = value.trim().trim_matches('"');
        let is_utf8 = ["utf-8", "utf8"]
            .iter()
            .any(|it| charset.eq_ignore_ascii_case(it));
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8 {
            let shown: String = charset.chars().take(40).collect();
            let detail = format!(
                "The charset {shown:?} is not read; send the text in UTF-8 (charset=utf-8, or none)."
            );
            return Err(other().detail(detail));
        }
    }
    Ok(place)
}

async fn read_all(payload: Payload, limits: Limits) -> Result<Bytes, Problem> {
    let mut payload = pin!(payload);
    let mut body = BytesMut::new();
    while let Some(chunk) = std::future::poll_fn(|cx| payload.as_mut().poll_next(cx)).await {
        body.extend_from_slice(&chunk.map_err(|error| body_problem(&error, limits))?);
    }
    Ok(body.freeze())
}

/// One JSON value.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    parse_mended(bytes)?.map_err(|misfit| misfit.faults.into())
}

/// [`parse`]; what doesn't fit its type comes as far as it could be mended.
pub(super) fn parse_mended<T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<Result<T, Misfit<T>>, Problem> {
    if let Some(why) = no_json_text(bytes) {
        return Err(Problem::new(Kind::MalformedJson).detail(why));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let error = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => {
            return match deserializer.end() {
                Ok(()) => Ok(Ok(value)),
                Err(error) => Err(malformed(&error)),
            };
        }
        Err(error) => error,
    };
    if !error.inner().is_data() {
        return Err(malformed(error.inner()));
    }
    let first = ShapeFault::of(&error);
    let document = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let searched = bytes.len() <= SEARCHED_BYTES;
    Ok(Err(misfit::<T>(document, first, searched)))
}

/// A document that was built here (by a merge patch) as the type `T`.
pub(super) fn from_document<T: DeserializeOwned>(document: Value) -> Result<T, Misfit<T>> {
    serde_path_to_error::deserialize(&document).map_err(|error| {
        let first = ShapeFault::of(&error);
        misfit::<T>(document, first, true)
    })
}

/// One JSON value of many, such as a line of a file; what doesn't fit its type
/// comes with all that is wrong, as far as it could be mended.
pub(in crate::http) fn read_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, Misfit<T>> {
    let malformed = |error: &serde_json::Error| Misfit::whole(no_json(line, error));
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let error = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(value) => {
            return deserializer
                .end()
                .map(|()| value)
                .map_err(|it| malformed(&it));
        }
        Err(error) => error,
    };
    if !error.inner().is_data() {
        return Err(malformed(error.inner()));
    }
    let first = ShapeFault::of(&error);
    let document = serde_json::from_slice(line).map_err(|error| malformed(&error))?;
    let searched = line.len() <= SEARCHED_BYTES;
    Err(misfit::<T>(document, first, searched))
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let place = format!("Line {line}, column {column}: {}.", place_cut_off(&said));
    Problem::new(Kind::MalformedJson).detail(place)
}

/// A place where a document doesn't fit its type.
struct ShapeFault {
    pointer: String,
    code: &'static str,
    detail: String,
}

impl ShapeFault {
    /// Whether it is at that place, or below it.
    fn is_within(&self, place: &str) -> bool {
        let below = self.pointer.strip_prefix(place);
        below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }

    fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let message = error.inner().to_string();
        let pointer = pointer_of(error.path());
        // Serde names these two by their parent.
        for (start, code, detail) in [
            ("missing field `", "missing", "This field is required."),
            (
                "duplicate field `",
                "duplicate_field",
                "This field comes twice.",
            ),
        ] {
            if let Some(field) = quoted_after(start, &message) {
                return Self {
                    pointer: format!("{pointer}/{}", escape(field)),
                    code,
                    detail: detail.to_owned(),
                };
            }
        }
        let (code, detail) = if message.starts_with("unknown field") {
            ("unknown_field", "This field is not known here.".to_owned())
        } else if message.starts_with("invalid type") {
            ("wrong_type", expectation(&message))
        } else {
            ("invalid_value", expectation(&message))
        };
        Self {
            pointer,
            code,
            detail,
        }
    }
}

/// What doesn't fit its type.
#[derive(Debug)]
pub(in crate::http) struct Misfit<T> {
    /// What is wrong with its shape.
    pub(in crate::http) faults: Faults,
    /// The places of it.
    told: Vec<String>,
    /// The rest, where it could be read without these places.
    mended: Option<Box<T>>,
}

impl<T> Misfit<T> {
    /// Of a document that can't be read at all.
    const fn whole(faults: Faults) -> Self {
        Self {
            faults,
            told: Vec::new(),
            mended: None,
        }
    }

    /// What is wrong with its shape, and with what the rest means. What stands
    /// together with a place that was left out or filled says nothing.
    pub(in crate::http) fn with_meaning<R>(
        self,
        read: impl FnOnce(T) -> Result<R, Faults>,
    ) -> Faults {
        let Self {
            mut faults,
            told,
            mended,
        } = self;
        let meant = mended.and_then(|mended| read(*mended).err());
        let near = |pointer: &str| {
            told.iter().any(|place| {
                // A field of the document itself stands alone.
                let whole = match place.rsplit_once('/') {
                    Some((parent, _)) if !parent.is_empty() => parent,
                    _ => place,
                };
                let below = pointer.strip_prefix(whole);
                below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
            })
        };
        for fault in meant.map(Faults::into_vec).into_iter().flatten() {
            if !near(&fault.pointer) {
                faults.add(fault);
            }
        }
        faults
    }
}

/// A JSON body of the shape `T` whose meaning is read with it, so that what is
/// wrong with either is told at once. `T` must deny unknown fields.
#[derive(Debug)]
pub struct DocumentBody<T> {
    value: Result<T, Misfit<T>>,
    bytes: Bytes,
}

impl<T> DocumentBody<T> {
    /// What was sent means.
    ///
    /// # Errors
    /// Every fault of its shape and of its meaning.
    pub fn read<R>(self, read: impl FnOnce(T) -> Result<R, Faults>) -> Result<R, Problem> {
        match self.value {
            Ok(value) => Ok(read(value)?),
            Err(misfit) => Err(misfit.with_meaning(read).into()),
        }
    }

    /// The bytes as they came, for
    /// [`fingerprint`](super::idempotency::fingerprint).
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for DocumentBody<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = read_json(request, payload, "application/json");
        Box::pin(async move {
            let bytes = reading.await?;
            let value = parse_mended(&bytes)?;
            Ok(Self { value, bytes })
        })
    }
}

/// All faults of shape that can be found, and the rest as `T`.
fn misfit<T: DeserializeOwned>(document: Value, first: ShapeFault, searched: bool) -> Misfit<T> {
    let Search {
        faults,
        told,
        mended,
    } = search(document, first, searched, fault_of::<T>);
    let read = |document: Value| serde_path_to_error::deserialize(&document).ok();
    Misfit {
        faults,
        told,
        mended: mended.and_then(read).map(Box::new),
    }
}

/// The first fault of a document as a certain type; one search serves all types.
type FaultOf = fn(&Value) -> Option<ShapeFault>;

fn fault_of<T: DeserializeOwned>(document: &Value) -> Option<ShapeFault> {
    let read = serde_path_to_error::deserialize::<_, T>(document);
    read.err().as_ref().map(ShapeFault::of)
}

/// What was found wrong with a document's shape.
struct Search {
    faults: Faults,
    told: Vec<String>,
    /// What is left when all of it is mended, where that is possible.
    mended: Option<Value>,
}

/// All faults of shape that can be found: each is noted, then the place is
/// filled with something its type takes, and the document is read again. It
/// ends where nothing simple fits.
fn search(mut document: Value, first: ShapeFault, searched: bool, fault_of: FaultOf) -> Search {
    let mut faults = Faults::new();
    let (mut next, mut told) = (Some(first), Vec::new());
    for _ in 0..MOST_STEPS {
        let Some(fault) = next.take().filter(|_| told.len() < MOST_FAULTS) else {
            break;
        };
        if searched {
            next = next_fault(&mut document, &fault, fault_of);
        }
        // What was mended may still lack something; that is no other fault.
        if !told.iter().any(|place: &String| fault.is_within(place)) {
            told.push(fault.pointer.clone());
            faults.push(fault.pointer, fault.code, fault.detail);
        }
    }
    Search {
        faults,
        told,
        mended: next.is_none().then_some(document),
    }
}

/// The next fault after `fault` has been mended in `document`: by leaving the
/// place out, or by filling it with something that its type takes.
fn next_fault(document: &mut Value, fault: &ShapeFault, fault_of: FaultOf) -> Option<ShapeFault> {
    if let Some((parent, key)) = split(&fault.pointer)
        && let Some(fields) = document.pointer_mut(parent).and_then(Value::as_object_mut)
    {
        fields.remove(&key);
        match fault_of(document) {
            Some(next) if next.is_within(&fault.pointer) => {}
            next => return next,
        }
    }
    if fault.code == "unknown_field" {
        return None;
    }
    filled(document, &fault.pointer, 0, fault_of).ok().flatten()
}

/// How deep what is missing in a filled place is filled in turn.
const FILLED: usize = 3;

/// Nothing simple is of the type that a place wants.
struct NothingFits;

/// The next fault after a place was filled.
fn filled(
    document: &mut Value,
    place: &str,
    depth: usize,
    fault_of: FaultOf,
) -> Result<Option<ShapeFault>, NothingFits> {
    let fillers = [
        Value::Null,
        json!(""),
        json!(1),
        json!(false),
        json!([]),
        json!({}),
    ];
    for filler in fillers {
        let is_object = filler.is_object();
        fill(document, place, filler).ok_or(NothingFits)?;
        let mut next = fault_of(document);
        // An object may want fields of its own.
        while let Some(inner) = next.take_if(|next| {
            is_object && depth < FILLED && next.code == "missing" && next.is_within(place)
        }) {
            let Ok(after) = filled(document, &inner.pointer, depth + 1, fault_of) else {
                next = Some(inner);
                break;
            };
            next = after;
        }
        if next.as_ref().is_none_or(|next| !next.is_within(place)) {
            return Ok(next);
        }
    }
    Err(NothingFits)
}

fn fill(document: &mut Value, pointer: &str, filler: Value) -> Option<()> {
    if let Some(place) = document.pointer_mut(pointer) {
        *place = filler;
        return Some(());
    }
    let (parent, key) = split(pointer)?;
    let parent = document.pointer_mut(parent)?.as_object_mut()?;
    parent.insert(key, filler);
    Some(())
}

/// `/a/b~1c` is `/a` and `b/c`.
fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn pointer_of(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer += &["/", &index.to_string()].concat(),
            Segment::Map { key } => pointer += &["/", &escape(key)].concat(),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// RFC 6901 §3.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

pub(super) fn quoted_after<'m>(start: &str, message: &'m str) -> Option<&'m str> {
    message.strip_prefix(start)?.split('`').next()
}

/// What a type wanted, in words, without what it got.
pub(super) fn expectation(message: &str) -> String {
    let Some((_, wanted)) = message.rsplit_once("expected ") else {
        return place_cut_off(message).to_owned();
    };
    let wanted = match place_cut_off(wanted) {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "an object",
        words if words.starts_with("struct ") || words.starts_with("internally tagged") => {
            "an object"
        }
        words => words,
    };
    format!("Expected {wanted}.")
}

/// A query string of the shape `T`. `T` must deny unknown fields.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse_query(request.query_string()).map(Self))
    }
}
