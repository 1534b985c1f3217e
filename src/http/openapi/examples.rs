//! An example for every body that has none of its own, put together from what
//! its fields say: somebody who tries an operation begins with one that the
//! service can read.

use yaml_serde::{Mapping, Value};

/// How deep objects in objects are filled.
const DEEP: usize = 8;
/// What stands for an id.
const ID: &str = "01a21635-fc97-7752-b7ad-e0c316d4dbe2";
/// What stands for words.
const WORDS: &str = "In a few words";

/// Adds the examples.
pub(super) fn state(document: &mut Value) {
    let schemas = document
        .get("components")
        .and_then(|components| components.get("schemas"))
        .cloned()
        .unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_mapping_mut);
    for (_, item) in paths.into_iter().flatten() {
        for (_, operation) in item.as_mapping_mut().into_iter().flatten() {
            let Some(Value::Mapping(content)) = operation
                .get_mut("requestBody")
                .and_then(|body| body.get_mut("content"))
            else {
                continue;
            };
            for (media_type, body) in content.iter_mut() {
                let media_type = media_type.as_str().unwrap_or_default();
                let is_fields = |body: &Value| {
                    let schema = body.get("schema");
                    let schema = schema.and_then(|it| resolved(it, &schemas, DEEP));
                    schema.is_some_and(|it| is(it, "object"))
                };
                if media_type.contains("json")
                    || (media_type.ends_with("form-urlencoded") && is_fields(body))
                {
                    complete(body, &schemas);
                }
            }
        }
    }
}

fn complete(body: &mut Value, schemas: &Value) {
    let Some(body) = body.as_mapping_mut() else {
        return;
    };
    if body.contains_key("example") || body.contains_key("examples") {
        return;
    }
    let example = body.get("schema").and_then(|it| sample(it, schemas, DEEP));
    if let Some(example) = example {
        body.insert("example".into(), example);
    }
}

/// A value that the schema allows; none where it doesn't say enough.
fn sample(schema: &Value, schemas: &Value, deep: usize) -> Option<Value> {
    let schema = resolved(schema, schemas, deep)?;
    if let Some(own) = own(schema) {
        return Some(own);
    }
    let deep = deep.checked_sub(1)?;
    for choice in ["oneOf", "anyOf", "allOf"] {
        let choices = schema.get(choice).and_then(Value::as_sequence);
        let mut choices = choices.into_iter().flatten().filter(|it| !is(it, "null"));
        if let Some(first) = choices.next() {
            return sample(first, schemas, deep);
        }
    }
    if is(schema, "object") {
        object(schema, schemas, deep)
    } else if is(schema, "array") {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1);
        let item = sample(schema.get("items")?, schemas, deep)?;
        let count = usize::try_from(least.max(1)).ok()?;
        Some(Value::Sequence(vec![item; count]))
    } else if is(schema, "string") {
        string(schema)
    } else if is(schema, "boolean") {
        Some(true.into())
    } else if is(schema, "integer") || is(schema, "number") {
        let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(1);
        Some(least.max(1).into())
    } else {
        None
    }
}

/// What is needed, and what the fields that aren't show themselves; of a
/// transition only what is needed, since the rest belongs to other actions.
fn object(schema: &Value, schemas: &Value, deep: usize) -> Option<Value> {
    let required = schema.get("required").and_then(Value::as_sequence);
    let is_required = |name: &Value| required.is_some_and(|all| all.contains(name));
    let properties = schema.get("properties").and_then(Value::as_mapping);
    let moves = properties.is_some_and(|all| all.contains_key("action"));
    let mut fields = Mapping::new();
    for (name, property) in properties.into_iter().flatten() {
        if is_required(name) {
            fields.insert(name.clone(), sample(property, schemas, deep)?);
        } else if !moves && let Some(shown) = resolved(property, schemas, deep).and_then(own) {
            fields.insert(name.clone(), shown);
        }
    }
    if fields.is_empty() {
        // Nothing is needed and nothing shows itself: an example all the same.
        for (name, property) in properties.into_iter().flatten() {
            if let Some(value) = sample(property, schemas, deep) {
                fields.insert(name.clone(), value);
            }
        }
    }
    Some(Value::Mapping(fields))
}

/// The value that the schema shows itself.
fn own(schema: &Value) -> Option<Value> {
    let first = |key: &str| schema.get(key)?.as_sequence()?.first().cloned();
    let shown = schema.get("example").cloned();
    let shown = shown.or_else(|| first("examples"));
    let shown = shown.or_else(|| schema.get("const").cloned());
    let shown = shown.or_else(|| first("enum"));
    let shown = shown.or_else(|| schema.get("default").cloned());
    shown.filter(|value| !value.is_null())
}

fn string(schema: &Value) -> Option<Value> {
    let format = schema.get("format").and_then(Value::as_str);
    let text = match format {
        Some("uuid") => ID,
        Some("date") => "2027-01-15",
        Some("date-time") => "2027-01-15T09:00:00Z",
        Some("email") => "dana@tamar.example",
        Some("uri") => "https://tamar.example",
        _ if schema.get("pattern").is_some() => return None,
        _ => WORDS,
    };
    let length = |key: &str| schema.get(key).and_then(Value::as_u64);
    let most = usize::try_from(length("maxLength").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let least = usize::try_from(length("minLength").unwrap_or(0)).ok()?;
    let text: String = text.chars().cycle().take(text.len().max(least)).collect();
    Some(text.chars().take(most).collect::<String>().into())
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Value, deep: usize) -> Option<&'a Value> {
    let mut schema = schema;
    for _ in 0..=deep {
        let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
            return Some(schema);
        };
        schema = schemas.get(target.rsplit('/').next()?)?;
    }
    None
}

fn is(schema: &Value, wanted: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == wanted,
        Some(Value::Sequence(some)) => some.iter().any(|one| one.as_str() == Some(wanted)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(schema: &str) -> Option<Value> {
        let schemas = "Side: {type: string, enum: [startup, investor]}";
        let read = |text: &str| yaml_serde::from_str::<Value>(text).unwrap();
        sample(&read(schema), &read(schemas), DEEP)
    }

    #[test]
    fn what_is_needed_is_filled_and_what_shows_itself_is_shown() {
        let made = of("
            type: object
            required: [id, side, text]
            properties:
              id: {type: string, format: uuid}
              side: {$ref: '#/components/schemas/Side'}
              text: {type: string, minLength: 3, maxLength: 4}
              count: {type: integer, example: 7}
              other: {type: string}
        ")
        .unwrap();
        let fields = made.as_mapping().unwrap();
        assert_eq!(fields.len(), 4);
        assert_eq!(made["id"].as_str(), Some(ID));
        assert_eq!(made["side"].as_str(), Some("startup"));
        assert_eq!(made["text"].as_str(), Some("In a"));
        assert_eq!(made["count"].as_u64(), Some(7));
    }

    #[test]
    fn a_transition_shows_what_every_action_needs_and_a_pattern_is_not_guessed() {
        let made = of("
            type: object
            required: [action]
            properties:
              action: {type: string, example: accept}
              reason: {type: string, example: thesis_mismatch}
        ");
        assert_eq!(made.unwrap().as_mapping().unwrap().len(), 1);
        assert_eq!(of("{type: string, pattern: '^a$'}"), None);
        let two = of("{type: array, minItems: 2, items: {type: boolean}}").unwrap();
        assert_eq!(two.as_sequence().map(Vec::len), Some(2));
    }
}
