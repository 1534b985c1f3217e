//! What programs that read the API's document want stated on every single
//! thing, and what follows from what is stated there already: the bounds of
//! texts and numbers, the headers that every metered answer bears. Held by the
//! linters of the field: Spectral with OWASP's rules, Redocly's strict ones.

use yaml_serde::{Mapping, Value};

use super::{codes, examples, links};

/// What text is at most that says nothing else of itself: a code, a URL, a
/// line. Longer ones state their bound.
const LINE: u64 = 2_048;
/// A form of a page, percent-encoded.
const FORM: u64 = 65_536;
/// A file of records.
const FILE: u64 = 1 << 40;
/// A whole answer that is text, such as a page.
const BODY: u64 = 10_000_000;
/// The integers that every JSON reader keeps exactly (RFC 8259 §6).
const EXACT: i64 = 9_007_199_254_740_991;
/// Lists that say nothing else of themselves, such as the points of a curve.
const ITEMS: u64 = 1_000;
/// A map's keys are languages, countries or codes.
const KEYS: u64 = 500;

/// What an `Idempotency-Key` is.
const KEY: &str = "Names the request, so that it is done once however often it comes: 8 to 255 visible \
     ASCII characters, bare or in quotes, kept for 24 hours. A repetition gets the outcome of the \
     first time; the same key with another body is 422.";

const RETRY_AFTER: &str = "Retry-After";

/// Where the headers of metered answers are described.
const HEADERS: [(&str, &str, &str); 3] = [
    (
        "RateLimit-Policy",
        "Each limit that applies: how many requests in how many seconds (draft-ietf-httpapi-ratelimit-headers).",
        "\"address\";q=600;w=60",
    ),
    (
        "RateLimit",
        "What is left of each limit, and the seconds until it is whole again.",
        "\"address\";r=599;t=1",
    ),
    (
        RETRY_AFTER,
        "The seconds after which it is worth trying again (RFC 9110 §10.2.3).",
        "1",
    ),
];

/// Finishes the document.
pub(super) fn finish(document: &mut Value) {
    about(document);
    let schemas = document
        .get("components")
        .and_then(|components| components.get("schemas"));
    let schemas = schemas.cloned().unwrap_or_default();
    join_parts(document, &schemas);
    if let Some(schemas) = map_at(document, &["components", "schemas"]) {
        codes::state(schemas);
    }
    for section in ["paths", "components"] {
        if let Some(section) = document.get_mut(section) {
            bound(section, LINE);
        }
    }
    meter(document);
    if let Some(paths) = map_at(document, &["paths"]) {
        codes::state_parameters(paths);
        explain_keys(paths);
    }
    // An empty ranking is an empty page as well: of what is told apart by its
    // fields alone, more than one may fit.
    if let Some(matches) = map_at(document, &["components", "schemas", "Matches"])
        && let Some(kinds) = matches.remove("oneOf")
    {
        put(matches, "anyOf", kinds);
    }
    while drop_unused(document) {}
    examples::state(document);
    links::state(document);
}

fn about(document: &mut Value) {
    if let Some(info) = map_at(document, &["info"]) {
        put(
            info,
            "contact",
            mapping([("name", "The service's operator".into())]),
        );
    }
    if let Some(license) = map_at(document, &["info", "license"]) {
        put(license, "identifier", "Apache-2.0".into());
    }
    let servers = document.get_mut("servers").and_then(Value::as_sequence_mut);
    for server in servers.into_iter().flatten() {
        if let Some(server) = server.as_mapping_mut() {
            put(server, "x-internal", false.into());
        }
    }
}

/// Makes one object of each that is put together of several (`allOf`): a part
/// that allows nothing beside its own fields forbids those of the others.
fn join_parts(value: &mut Value, schemas: &Value) {
    match value {
        Value::Mapping(map) => {
            if let Some(joined) = map.get("allOf").and_then(|parts| joined(parts, schemas)) {
                map.remove("allOf");
                for (key, part) in joined {
                    map.entry(key).or_insert(part);
                }
            }
            for (_, inner) in map.iter_mut() {
                join_parts(inner, schemas);
            }
        }
        Value::Sequence(items) => {
            for item in items {
                join_parts(item, schemas);
            }
        }
        _ => {}
    }
}

/// The object of these parts; none unless there are several, all objects.
fn joined(parts: &Value, schemas: &Value) -> Option<Mapping> {
    let parts = parts.as_sequence().filter(|parts| parts.len() > 1)?;
    let mut properties = Mapping::new();
    let mut required = Vec::new();
    for part in parts {
        let named = part.get("$ref").and_then(Value::as_str);
        let part = match named.and_then(|name| name.rsplit('/').next()) {
            Some(name) => schemas.get(name)?,
            None => part,
        };
        properties.extend(part.get("properties")?.as_mapping()?.clone());
        let needed = part.get("required").and_then(Value::as_sequence);
        required.extend(needed.into_iter().flatten().cloned());
    }
    let mut whole = Mapping::new();
    put(&mut whole, "type", "object".into());
    put(&mut whole, "required", Value::Sequence(required));
    put(&mut whole, "properties", Value::Mapping(properties));
    Some(whole)
}

/// States the bounds of every text and number below `value` that states none.
fn bound(value: &mut Value, text: u64) {
    match value {
        Value::Mapping(map) => {
            bound_schema(map, text);
            for (key, inner) in map.iter_mut() {
                match key.as_str() {
                    // They show values and have no schemas in them.
                    Some("example" | "examples" | "default" | "enum" | "const") => {}
                    Some("text/csv" | "application/x-ndjson") => bound(inner, FILE),
                    Some("application/x-www-form-urlencoded") => bound(inner, FORM),
                    Some("text/plain" | "text/html" | "application/yaml") => bound(inner, BODY),
                    _ => bound(inner, text),
                }
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(|item| bound(item, text)),
        _ => {}
    }
}

fn bound_schema(schema: &mut Mapping, text: u64) {
    let closed = ["enum", "const"]
        .iter()
        .any(|key| schema.contains_key(*key));
    if is_of_type(schema, "string") && !closed && !schema.contains_key("maxLength") {
        let format = schema.get("format").and_then(Value::as_str);
        let length = match format {
            Some("uuid") => 36,
            Some("date") => 10,
            Some("date-time") => 35,
            _ => text,
        };
        put(schema, "maxLength", length.into());
    }
    if is_of_type(schema, "integer") && !closed {
        if !schema.contains_key("format") {
            put(schema, "format", "int64".into());
        }
        let (least, most) = match schema.get("format").and_then(Value::as_str) {
            Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (-EXACT, EXACT),
        };
        for (key, bound) in [("minimum", least), ("maximum", most)] {
            if !schema.contains_key(key) {
                put(schema, key, bound.into());
            }
        }
    }
    if is_of_type(schema, "array") && !schema.contains_key("maxItems") {
        put(schema, "maxItems", ITEMS.into());
    }
    if schema
        .get("additionalProperties")
        .is_some_and(Value::is_mapping)
        && !schema.contains_key("maxProperties")
    {
        put(schema, "maxProperties", KEYS.into());
    }
}

fn is_of_type(schema: &Mapping, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Sequence(some)) => some.iter().any(|one| one.as_str() == Some(wanted)),
        _ => false,
    }
}

/// Says of every `Idempotency-Key` what it is and what the service takes.
fn explain_keys(paths: &mut Mapping) {
    let items = paths
        .iter_mut()
        .filter_map(|(_, item)| item.as_mapping_mut());
    for (_, operation) in items.flatten() {
        let parameters = operation.get_mut("parameters");
        let parameters = parameters.and_then(Value::as_sequence_mut);
        for parameter in parameters.into_iter().flatten() {
            if parameter.get("name").and_then(Value::as_str) != Some("Idempotency-Key") {
                continue;
            }
            let Some(parameter) = parameter.as_mapping_mut() else {
                continue;
            };
            put(parameter, "description", KEY.into());
            put(
                parameter,
                "example",
                "8e03978e-40d5-43dd-bc93-6894a57f9324".into(),
            );
            if let Some(Value::Mapping(schema)) = parameter.get_mut("schema") {
                put(schema, "minLength", 8.into());
                put(schema, "maxLength", 257.into());
                put(schema, "pattern", "^[!-~]+$".into());
            }
        }
    }
}

/// Every route is metered: each answer says what is left, and may be "too many".
fn meter(document: &mut Value) {
    let described = HEADERS.map(|(name, description, example)| {
        let schema = mapping([("type", "string".into()), ("maxLength", LINE.into())]);
        let header = mapping([
            ("description", description.into()),
            ("schema", schema),
            ("example", example.into()),
        ]);
        (name, header)
    });
    if let Some(components) = map_at(document, &["components"]) {
        put(components, "headers", mapping(described));
    }
    let shared = document
        .get_mut("components")
        .and_then(|components| components.get_mut("responses"));
    announce(shared, |status| status.starts_with("Problem4"));
    let paths = map_at(document, &["paths"]);
    for (_, item) in paths.into_iter().flatten() {
        let operations = item.as_mapping_mut();
        for (_, operation) in operations.into_iter().flatten() {
            let Some(Value::Mapping(responses)) = operation.get_mut("responses") else {
                continue;
            };
            if !responses.contains_key("429") {
                let shared = mapping([("$ref", "#/components/responses/Problem429".into())]);
                put(responses, "429", shared);
            }
            announce(operation.get_mut("responses"), |status| {
                status.starts_with('2') || status.starts_with('4')
            });
        }
    }
}

/// Adds the headers to those of these responses.
fn announce(responses: Option<&mut Value>, which: impl Fn(&str) -> bool) {
    let responses = responses.and_then(Value::as_mapping_mut);
    for (status, response) in responses.into_iter().flatten() {
        let Some(response) = response.as_mapping_mut() else {
            continue;
        };
        if !status.as_str().is_some_and(&which) || response.contains_key("$ref") {
            continue;
        }
        if !response.contains_key("headers") {
            put(response, "headers", Mapping::new().into());
        }
        let Some(Value::Mapping(headers)) = response.get_mut("headers") else {
            continue;
        };
        let too_many = status.as_str().is_some_and(|it| it.ends_with("429"));
        for (name, ..) in HEADERS {
            if name == RETRY_AFTER && !too_many {
                continue;
            }
            let place = format!("#/components/headers/{name}");
            put(headers, name, mapping([("$ref", place.into())]));
        }
    }
}

/// Drops components that nothing refers to; whether there were any.
fn drop_unused(document: &mut Value) -> bool {
    let mut used = Vec::new();
    references(document, &mut used);
    let mut dropped = false;
    for kind in ["schemas", "responses"] {
        let Some(components) = map_at(document, &["components", kind]) else {
            continue;
        };
        let before = components.len();
        components.retain(|name, _| {
            let name = name.as_str().unwrap_or_default();
            used.contains(&format!("#/components/{kind}/{name}"))
        });
        dropped |= components.len() < before;
    }
    dropped
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Mapping(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    (Some("$ref"), Value::String(target)) => found.push(target.clone()),
                    _ => references(inner, found),
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn map_at<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Mapping> {
    path.iter()
        .try_fold(value, |value, key| value.get_mut(*key))?
        .as_mapping_mut()
}

fn put(map: &mut Mapping, key: &str, value: Value) {
    map.insert(key.into(), value);
}

fn mapping<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.map(|(key, value)| (Value::from(key), value));
    Value::Mapping(entries.into_iter().collect())
}
