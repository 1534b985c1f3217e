//! What the reference page shows, taken from the API's document.

use std::io;

use askama::Template;
use serde_json::Value;
use utoipa::openapi::OpenApi;

/// The page of `document`.
///
/// # Errors
/// The document can't be written as JSON or the page not rendered, which the
/// tests rule out.
pub(in crate::http) fn render(document: &OpenApi) -> io::Result<String> {
    let document = serde_json::to_value(document)?;
    Page::of(&document).render().map_err(io::Error::other)
}

#[derive(Template)]
#[template(path = "docs.html", config = "src/http/assets/askama.toml")]
struct Page {
    title: String,
    version: String,
    description: Vec<Prose>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

/// The operations of one tag.
struct Group {
    name: String,
    description: Vec<Prose>,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<Prose>,
    deprecated: bool,
    open: bool,
    parameters: Vec<Field>,
    bodies: Vec<Body>,
    answers: Vec<Answer>,
}

struct Field {
    name: String,
    place: String,
    required: bool,
    shape: Shape,
    meaning: Prose,
}

struct Body {
    media_type: String,
    shape: Shape,
}

struct Answer {
    status: String,
    meaning: Prose,
    bodies: Vec<Body>,
}

struct Schema {
    name: String,
    description: Vec<Prose>,
    shape: Shape,
    fields: Vec<Field>,
}

/// A text with code in it.
type Prose = Vec<Span>;

struct Span {
    is_code: bool,
    text: String,
}

/// A type in words, with links to the named ones.
#[derive(Default)]
struct Shape {
    parts: Vec<Part>,
    limits: String,
}

enum Part {
    Text(String),
    Link(String),
}

impl Page {
    fn of(document: &Value) -> Self {
        let schemas = entries(at(document, "/components/schemas"));
        Self {
            title: text(at(document, "/info/title")),
            version: text(at(document, "/info/version")),
            description: paragraphs(at(document, "/info/description")),
            groups: groups(document),
            schemas: schemas
                .map(|(name, schema)| Schema::of(name, schema))
                .collect(),
        }
    }
}

fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item).filter(|(_, member)| member.is_object()) {
            let tag = operation["tags"]
                .get(0)
                .map_or_else(|| "other".to_owned(), text);
            let operation = Operation::of(document, path, method, operation);
            match groups.iter_mut().find(|group| group.name == tag) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group {
                    description: tag_description(document, &tag),
                    name: tag,
                    operations: vec![operation],
                }),
            }
        }
    }
    groups
}

fn tag_description(document: &Value, tag: &str) -> Vec<Prose> {
    let described = items(&document["tags"]).find(|candidate| candidate["name"] == tag);
    described.map_or_else(Vec::new, |tag| paragraphs(&tag["description"]))
}

impl Operation {
    fn of(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let open = operation["security"].as_array().is_some_and(|all| {
            all.iter()
                .all(|one| *one == Value::Object(serde_json::Map::new()))
        });
        Self {
            id: text(&operation["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: paragraphs(&operation["description"]),
            deprecated: operation["deprecated"] == true,
            open,
            parameters: items(&operation["parameters"])
                .map(Field::of_parameter)
                .collect(),
            bodies: bodies(at(operation, "/requestBody/content")),
            answers: entries(&operation["responses"])
                .map(|(status, answer)| Answer::of(document, status, answer))
                .collect(),
        }
    }
}

impl Answer {
    /// A shared answer is named by reference; the page shows what it says.
    fn of(document: &Value, status: &str, answer: &Value) -> Self {
        let shared = answer["$ref"].as_str().and_then(|reference| {
            document.pointer(reference.strip_prefix('#').unwrap_or(reference))
        });
        let answer = shared.unwrap_or(answer);
        Self {
            status: status.to_owned(),
            meaning: prose(&answer["description"]),
            bodies: bodies(&answer["content"]),
        }
    }
}

impl Field {
    fn of_parameter(parameter: &Value) -> Self {
        Self {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            required: parameter["required"] == true,
            shape: Shape::of(&parameter["schema"]),
            meaning: prose(&parameter["description"]),
        }
    }
}

impl Schema {
    fn of(name: &str, schema: &Value) -> Self {
        let required = |field: &str| items(&schema["required"]).any(|name| name == field);
        let fields = entries(&schema["properties"]).map(|(field, schema)| Field {
            name: field.to_owned(),
            place: String::new(),
            required: required(field),
            shape: Shape::of(schema),
            meaning: prose(&schema["description"]),
        });
        Self {
            name: name.to_owned(),
            description: paragraphs(&schema["description"]),
            shape: Shape::of(schema),
            fields: fields.collect(),
        }
    }
}

fn bodies(content: &Value) -> Vec<Body> {
    entries(content)
        .map(|(media_type, content)| Body {
            media_type: media_type.to_owned(),
            shape: Shape::of(&content["schema"]),
        })
        .collect()
}

impl Shape {
    fn of(schema: &Value) -> Self {
        let mut shape = Self::default();
        shape.add(schema);
        shape.limits = limits(schema);
        shape
    }

    fn add(&mut self, schema: &Value) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            self.parts.push(Part::Link(name.to_owned()));
        } else if let Some(choices) = ["oneOf", "anyOf", "allOf"]
            .iter()
            .find_map(|key| schema[*key].as_array())
        {
            self.add_choices(choices);
        } else if schema["type"] == "array" {
            self.word("list of ");
            self.add(&schema["items"]);
        } else if schema["enum"].is_array() {
            let values: Vec<_> = items(&schema["enum"]).map(text).collect();
            self.word(values.join(" | "));
        } else {
            self.word(type_words(schema));
        }
    }

    fn add_choices(&mut self, choices: &[Value]) {
        for (place, choice) in choices.iter().enumerate() {
            if place > 0 {
                self.word(" or ");
            }
            self.add(choice);
        }
    }

    fn word(&mut self, word: impl Into<String>) {
        self.parts.push(Part::Text(word.into()));
    }
}

fn type_words(schema: &Value) -> String {
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        Value::String(one) => vec![one.clone()],
        _ => vec!["any".to_owned()],
    };
    let types = types.join(" or ");
    match schema["format"].as_str() {
        Some(format) => format!("{types} ({format})"),
        None => types,
    }
}

fn limits(schema: &Value) -> String {
    let keys = [
        ("minimum", "≥ "),
        ("maximum", "≤ "),
        ("minLength", "length ≥ "),
        ("maxLength", "length ≤ "),
        ("minItems", "items ≥ "),
        ("maxItems", "items ≤ "),
        ("pattern", "matches "),
        ("default", "default "),
    ];
    let said = keys.iter().filter_map(|(key, words)| {
        let value = schema.get(*key)?;
        Some(format!("{words}{}", text(value)))
    });
    said.collect::<Vec<_>>().join(", ")
}

/// What stands at a JSON Pointer; null if nothing does.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let object = object.as_object().into_iter().flatten();
    object.map(|(name, value)| (name.as_str(), value))
}

fn items(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}

/// A text as it is, nothing for null, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn paragraphs(value: &Value) -> Vec<Prose> {
    let text = text(value);
    let paragraphs = text.split("\n\n").map(str::trim);
    paragraphs
        .filter(|paragraph| !paragraph.is_empty())
        .map(spans)
        .collect()
}

fn prose(value: &Value) -> Prose {
    spans(&text(value))
}

/// Of Markdown the descriptions use back-ticks only.
fn spans(text: &str) -> Prose {
    let spans = text.split('`').enumerate();
    spans
        .map(|(place, text)| Span {
            is_code: place % 2 == 1,
            text: text.to_owned(),
        })
        .collect()
}
