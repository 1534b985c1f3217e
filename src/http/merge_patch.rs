//! PATCH by RFC 7396: the patch is laid over the document as a caller would
//! send it, and the result is read and checked as a whole, like a new one.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fields::{from_document, parse, read_json};
use super::problem::{Kind, Problem};
use crate::domain::fault::Faults;
use crate::services::Error;

/// The one media type that PATCH takes.
pub const MERGE_PATCH_JSON: &str = "application/merge-patch+json";

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// A body that says what changes: `null` removes, an absent field stays.
#[derive(Debug)]
pub struct MergePatch {
    patch: Value,
    bytes: Bytes,
}

impl MergePatch {
    /// The changed document: `current` (what the caller would have sent to
    /// make the thing as it is) with the patch laid over it.
    ///
    /// # Errors
    /// Every fault of the result, if it isn't a `T`.
    pub fn apply_to<T: DeserializeOwned>(&self, current: &impl Serialize) -> Result<T, Error> {
        let document = from_document(self.laid_over(current)?);
        Ok(document.map_err(|misfit| misfit.faults)?)
    }

    /// What the changed document means; see [`MergePatch::apply_to`].
    ///
    /// # Errors
    /// Every fault of its shape and of its meaning.
    pub fn revise<T: Serialize + DeserializeOwned, R>(
        &self,
        current: &T,
        read: impl FnOnce(T) -> Result<R, Faults>,
    ) -> Result<R, Error> {
        match from_document::<T>(self.laid_over(current)?) {
            Ok(document) => Ok(read(document)?),
            Err(misfit) => Err(misfit.with_meaning(read).into()),
        }
    }

    fn laid_over(&self, current: &impl Serialize) -> Result<Value, Error> {
        let mut document = serde_json::to_value(current).map_err(Error::internal)?;
        merge(&mut document, &self.patch);
        Ok(document)
    }

    /// Whether it says something of that field.
    pub fn names(&self, field: &str) -> bool {
        self.patch.get(field).is_some()
    }

    /// The bytes as they came, for
    /// [`fingerprint`](super::idempotency::fingerprint).
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl FromRequest for MergePatch {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let reading = read_json(request, payload, MERGE_PATCH_JSON);
        Box::pin(async move {
            let bytes = reading.await.map_err(|problem| match problem.kind() {
                Kind::UnsupportedMediaType => problem.header(ACCEPT_PATCH, MERGE_PATCH_JSON),
                _ => problem,
            })?;
            let patch = parse(&bytes)?;
            Ok(Self { patch, bytes })
        })
    }
}

/// `MergePatch(target, patch)` of RFC 7396 §2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else {
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn appendix_a_of_rfc_7396() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (
                json!({"a":"b","b":"c"}),
                json!({"a":null}),
                json!({"b":"c"}),
            ),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (
                json!({"a":{"b":"c"}}),
                json!({"a":{"b":"d","c":null}}),
                json!({"a":{"b":"d"}}),
            ),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (
                json!({}),
                json!({"a":{"bb":{"ccc":null}}}),
                json!({"a":{"bb":{}}}),
            ),
        ];
        for (mut target, patch, result) in cases {
            merge(&mut target, &patch);
            assert_eq!(target, result, "{patch}");
        }
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Profile {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        city: Option<String>,
    }

    fn patched(patch: Value) -> Result<Profile, Problem> {
        let current = Profile {
            name: "A".to_owned(),
            city: Some("Baku".to_owned()),
        };
        let bytes = Bytes::from(patch.to_string());
        Ok(MergePatch { patch, bytes }.apply_to(&current)?)
    }

    #[test]
    fn the_result_is_checked_as_a_whole() {
        let city_gone = patched(json!({"city": null})).unwrap();
        assert_eq!((city_gone.name.as_str(), city_gone.city), ("A", None));
        let problem = patched(json!({"name": null, "owner": "me"})).unwrap_err();
        let mut pointers: Vec<_> = problem.view("", "").errors;
        pointers.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        let pointers: Vec<_> = pointers.iter().map(|f| f.pointer.as_str()).collect();
        assert_eq!(pointers, ["#/name", "#/owner"]);
    }
}
