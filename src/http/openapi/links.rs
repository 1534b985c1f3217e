//! What leads from one operation to the next (OpenAPI's `links`), so that a
//! program, and a test that invents requests, can go on with what it made: its
//! id, and its version for `If-Match`.

use yaml_serde::{Mapping, Value};

/// Where an operation stands, and what a link to it has to say.
struct Target {
    method: String,
    path: String,
    operation: String,
    /// The parameters of its path.
    places: Vec<String>,
    needs_version: bool,
}

/// Adds the links.
pub(super) fn state(document: &mut Value) {
    let targets = targets(document);
    let schemas = document
        .get("components")
        .and_then(|components| components.get("schemas"))
        .cloned()
        .unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_mapping_mut);
    for (path, item) in paths.into_iter().flatten() {
        let path = path.as_str().unwrap_or_default().to_owned();
        for (method, operation) in item.as_mapping_mut().into_iter().flatten() {
            let method = method.as_str().unwrap_or_default().to_owned();
            let responses = operation.get_mut("responses");
            let made = match method.as_str() {
                "post" => responses.and_then(|all| all.get_mut("201")),
                "get" => responses.and_then(|all| all.get_mut("200")),
                _ => None,
            };
            if let Some(Value::Mapping(answer)) = made {
                connect(answer, &method, &path, &targets, &schemas);
            }
        }
    }
}

fn targets(document: &Value) -> Vec<Target> {
    let mut found = Vec::new();
    let paths = document.get("paths").and_then(Value::as_mapping);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_mapping().into_iter().flatten() {
            let (Some(path), Some(method)) = (path.as_str(), method.as_str()) else {
                continue;
            };
            let Some(name) = operation.get("operationId").and_then(Value::as_str) else {
                continue;
            };
            let parameters = operation.get("parameters").and_then(Value::as_sequence);
            let parameters = parameters.into_iter().flatten();
            let named = |place: &str| {
                let at = |it: &&Value| it.get("in").and_then(Value::as_str) == Some(place);
                let names = parameters.clone().filter(at);
                let names = names.filter_map(|it| it.get("name")?.as_str().map(str::to_owned));
                names.collect::<Vec<String>>()
            };
            found.push(Target {
                method: method.to_owned(),
                path: path.to_owned(),
                operation: name.to_owned(),
                places: named("path"),
                needs_version: named("header").iter().any(|name| name == "If-Match"),
            });
        }
    }
    found
}

/// Links the answer to what can be done with the record in it.
fn connect(answer: &mut Mapping, method: &str, path: &str, targets: &[Target], schemas: &Value) {
    if !has_id(answer, schemas) {
        return;
    }
    let home = if method == "post" {
        home_of(path, targets)
    } else {
        path.ends_with('}').then(|| path.to_owned())
    };
    let Some(home) = home else { return };
    let has_tag = header(answer, "ETag");
    let moves = format!("{home}/transitions");
    let mut links = Mapping::new();
    for target in targets {
        let is_home = target.path == home && !(method == "get" && target.method == "get");
        let next = is_home || target.path == moves;
        // Of several places only the last is the record's own.
        let [place] = target.places.as_slice() else {
            continue;
        };
        if !next || (target.needs_version && !has_tag) {
            continue;
        }
        let mut parameters = Mapping::new();
        parameters.insert(place.as_str().into(), "$response.body#/id".into());
        if target.needs_version {
            parameters.insert("If-Match".into(), "$response.header.ETag".into());
        }
        let mut link = Mapping::new();
        link.insert("operationId".into(), target.operation.as_str().into());
        link.insert("parameters".into(), Value::Mapping(parameters));
        links.insert(target.operation.as_str().into(), Value::Mapping(link));
    }
    if !links.is_empty() {
        answer.insert("links".into(), Value::Mapping(links));
    }
}

/// The path of a record that is made at `path`: below it, or where all records
/// of its noun are.
fn home_of(path: &str, targets: &[Target]) -> Option<String> {
    let noun = path.rsplit('/').next()?;
    let below = [format!("{path}/{{"), format!("/v1/{noun}/{{")];
    let is_home = |target: &&Target| {
        let rest = below.iter().find_map(|it| target.path.strip_prefix(it));
        rest.is_some_and(|rest| rest.ends_with('}') && !rest.contains('/'))
    };
    targets.iter().find(is_home).map(|it| it.path.clone())
}

fn has_id(answer: &Mapping, schemas: &Value) -> bool {
    let schema = answer
        .get("content")
        .and_then(|content| content.get("application/json"))
        .and_then(|body| body.get("schema"));
    let named = schema.and_then(|it| it.get("$ref")).and_then(Value::as_str);
    let schema = match named.and_then(|name| name.rsplit('/').next()) {
        Some(name) => schemas.get(name),
        None => schema,
    };
    let properties = schema.and_then(|it| it.get("properties"));
    properties.is_some_and(|all| all.get("id").is_some())
}

fn header(answer: &Mapping, name: &str) -> bool {
    let headers = answer.get("headers").and_then(Value::as_mapping);
    headers.is_some_and(|all| all.contains_key(name))
}
