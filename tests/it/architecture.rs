//! Holds `src/` to the table "who may import whom" of the design, and to the
//! house rules that a compiler doesn't know. Read as tokens, not as text, so
//! that comments and strings don't count; code under `#[cfg(test)]` is free.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A layer, the layers it may use, and the crates it may use beside
/// [`EVERYWHERE`].
struct Layer {
    name: &'static str,
    inside: &'static [&'static str],
    outside: &'static [&'static str],
}

/// What the domain may use; values of these crates are its vocabulary, so
/// every layer may name them.
const EVERYWHERE: &[&str] = &[
    "chrono",
    "chrono_tz",
    "idna",
    "sha2",
    "strsim",
    "thiserror",
    "unicode_normalization",
    "uuid",
];

const LAYERS: &[Layer] = &[
    Layer {
        name: "domain",
        inside: &[],
        outside: &[],
    },
    Layer {
        name: "matching",
        inside: &["domain"],
        outside: &["rayon", "roaring"],
    },
    Layer {
        name: "auth",
        inside: &["domain"],
        outside: &[
            "argon2",
            "base64",
            "hmac",
            "jsonwebtoken",
            "quick_cache",
            "rand",
            "ring",
            "rustix",
            "serde",
            "tokio",
            "totp_rs",
            "tracing",
            "zeroize",
        ],
    },
    Layer {
        name: "db",
        inside: &["domain"],
        outside: &[
            "base64",
            "diesel",
            "diesel_migrations",
            "libsqlite3_sys",
            "metrics",
            "pq_sys",
            "ring",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
        ],
    },
    Layer {
        name: "mail",
        inside: &["domain"],
        outside: &[
            "askama",
            "base64",
            "crypto_bigint",
            "crypto_primes",
            "icalendar",
            "lettre",
            "mail_parser",
            "ring",
            "tokio",
            "tokio_rustls",
            "tracing",
            "webpki_roots",
        ],
    },
    Layer {
        name: "services",
        inside: &["domain", "matching", "auth", "db"],
        outside: &["quick_cache", "tokio", "tracing"],
    },
    Layer {
        name: "jobs",
        inside: &["domain", "matching", "services", "db", "mail"],
        outside: &["metrics", "reqwest", "tokio", "tokio_util", "tracing"],
    },
    Layer {
        name: "http",
        inside: &["domain", "services"],
        outside: &[
            "actix_multipart",
            "actix_web",
            "askama",
            "csv",
            "form_urlencoded",
            "futures_core",
            "governor",
            "metrics",
            "rust_embed",
            "quick_cache",
            "serde",
            "serde_json",
            "serde_path_to_error",
            "serde_urlencoded",
            "tokio",
            "zip",
            "tracing",
            "utoipa",
            "utoipa_actix_web",
            "yaml_serde",
        ],
    },
    Layer {
        name: "config",
        inside: &["domain"],
        outside: &["serde", "serde_path_to_error", "toml"],
    },
    Layer {
        name: "telemetry",
        inside: &["config"],
        outside: &[
            "metrics",
            "metrics_exporter_prometheus",
            "tracing",
            "tracing_subscriber",
        ],
    },
];

/// These put the others together and may use all of them.
const COMPOSERS: &[&str] = &["cli", "startup", "main", "lib"];

/// A name that must stay inside one layer, whoever imports what.
const CONFINED: &[(&str, &str)] = &[
    ("StatusCode", "http"),
    ("diesel", "db"),
    ("diesel_migrations", "db"),
];

const MOST_LINES: usize = 600;

/// What is wrong with the file at `path` (below `src/`).
fn violations(path: &str, source: &str, crates: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    if !source.starts_with("//!") {
        found.push("does not begin with a `//!` that says what it is for".to_owned());
    }
    let lines = source.lines().count();
    if lines > MOST_LINES {
        found.push(format!("has {lines} lines, more than {MOST_LINES}"));
    }
    let everything = flatten(source.parse().unwrap(), &mut Vec::new(), false);
    if follows(&everything, &["#", "[", "allow"]) || follows(&everything, &["!", "[", "allow"]) {
        found.push("has `#[allow]`; `#[expect(…, reason)]` says why".to_owned());
    }
    if !is_test_file(path) {
        let tokens = flatten(source.parse().unwrap(), &mut Vec::new(), true);
        found.extend(import_violations(path, &tokens, crates));
    }
    found
        .iter()
        .map(|fault| format!("{path}: {fault}"))
        .collect()
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn import_violations(path: &str, tokens: &[String], crates: &BTreeSet<String>) -> Vec<String> {
    let layer_name = path.split(['/', '.']).next().unwrap();
    let mut found = Vec::new();
    for (name, home) in CONFINED {
        if layer_name != *home && tokens.iter().any(|token| token == name) {
            found.push(format!("`{name}` must not leave `{home}`"));
        }
    }
    if COMPOSERS.contains(&layer_name) {
        return found;
    }
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == layer_name) else {
        found.push(format!("`{layer_name}` is no layer of the table"));
        return found;
    };
    for used in layers_used(path, tokens) {
        let is_caller = path == "http/caller.rs" || path.starts_with("http/caller/");
        let may = used == layer.name
            || layer.inside.contains(&used.as_str())
            || (is_caller && used == "auth");
        if !may {
            found.push(format!("`{layer_name}` must not use `crate::{used}`"));
        }
    }
    for used in crates_used(tokens, crates) {
        let may = EVERYWHERE.contains(&used.as_str()) || layer.outside.contains(&used.as_str());
        if !may {
            found.push(format!("`{layer_name}` must not use the crate `{used}`"));
        }
    }
    found
}

/// The layers named after `crate::`, or after as many `super::` as lead to the
/// crate's root.
fn layers_used(path: &str, tokens: &[String]) -> BTreeSet<String> {
    let depth = path.trim_end_matches("/mod.rs").split('/').count();
    let mut used = BTreeSet::new();
    for (place, token) in tokens.iter().enumerate() {
        let to_root = match token.as_str() {
            "crate" if begins_path(tokens, place) => 1,
            "super" if begins_path(tokens, place) => depth,
            _ => continue,
        };
        let step = [token.as_str(), ":", ":"];
        let path_to_root = step.repeat(to_root);
        let after = place + path_to_root.len();
        if follows(&tokens[place..after.min(tokens.len())], &path_to_root) {
            used.extend(heads(&tokens[after..]));
        }
    }
    let layers = LAYERS.iter().map(|layer| layer.name);
    let known: BTreeSet<_> = layers.chain(COMPOSERS.iter().copied()).collect();
    used.retain(|name| known.contains(name.as_str()));
    used
}

/// The first name of each path that begins here: one, or those in braces.
fn heads(tokens: &[String]) -> Vec<String> {
    if tokens.first().map(String::as_str) != Some("{") {
        return tokens.first().cloned().into_iter().collect();
    }
    let mut heads = Vec::new();
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && matches!(tokens[place - 1].as_str(), "{" | ",") => {
                heads.push(token.clone());
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// The dependencies that begin a path or are imported whole. A module of the
/// same name can't be told apart; there, both are meant.
fn crates_used(tokens: &[String], crates: &BTreeSet<String>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (place, token) in tokens.iter().enumerate() {
        let before = place.checked_sub(1).map_or("", |p| tokens[p].as_str());
        let next = tokens.get(place + 1).map_or("", String::as_str);
        let after = tokens.get(place + 2).map_or("", String::as_str);
        let leads = begins_path(tokens, place) && next == ":" && after == ":";
        let imported = before == "use" && matches!(next, ";" | "as");
        if (leads || imported) && crates.contains(token) {
            used.insert(token.clone());
        }
    }
    used
}

/// Whether no path goes on at `place`: what stands before it isn't `::`, or
/// that `::` is itself the beginning.
fn begins_path(tokens: &[String], place: usize) -> bool {
    let before = |steps: usize| place.checked_sub(steps).map_or("", |p| tokens[p].as_str());
    if before(1) != ":" || before(2) != ":" {
        return true;
    }
    let goes_on = |token: &str| token == ">" || token.ends_with(|c: char| c.is_alphanumeric());
    !goes_on(before(3)) || before(3) == "use"
}

/// Whether `wanted` stands somewhere in `tokens`.
fn follows(tokens: &[String], wanted: &[&str]) -> bool {
    !wanted.is_empty() && tokens.windows(wanted.len()).any(|window| window == wanted)
}

/// The tokens as texts, groups opened; with `without_tests` less every item
/// under `#[cfg(test)]`.
fn flatten(stream: TokenStream, into: &mut Vec<String>, without_tests: bool) -> Vec<String> {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
        let is_test = |tree: &TokenTree| {
            let text: String = tree.to_string().split_whitespace().collect();
            text == "[cfg(test)]"
        };
        if without_tests && is_hash && trees.peek().is_some_and(is_test) {
            trees.next();
            trees.by_ref().find(ends_item);
            continue;
        }
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                into.push(open.to_owned());
                flatten(group.stream(), into, without_tests);
                into.push(close.to_owned());
            }
            other => into.push(other.to_string()),
        }
    }
    into.clone()
}

fn ends_item(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The dependencies of `Cargo.toml`, as they are named in code.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    dependencies
        .keys()
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_code_keeps_to_the_table() {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let crates = dependencies();
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(&src).unwrap().to_str().unwrap();
        let path = path.replace('\\', "/");
        let source = fs::read_to_string(&file).unwrap();
        found.extend(violations(&path, &source, &crates));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn planted(path: &str, code: &str) -> Vec<String> {
    violations(path, &format!("//! Doc.\n{code}"), &dependencies())
}

#[test]
fn planted_violations_are_found() {
    for (path, code) in [
        ("domain/a.rs", "use crate::db::conn;"),
        ("domain/a.rs", "use serde::Serialize;"),
        ("domain/a.rs", "use tracing as t;"),
        ("matching/a.rs", "fn f() { tracing::info!(\"x\"); }"),
        ("services/a.rs", "use crate::{domain::ids, http::problem};"),
        ("services/a.rs", "fn f(x: actix_web::HttpRequest) {}"),
        ("services/a.rs", "type T = Vec<::serde_json::Value>;"),
        ("services/a.rs", "use ::lettre::Message;"),
        ("services/mod.rs", "use super::http;"),
        ("services/deals/mod.rs", "use super::super::mail::x;"),
        ("db/a.rs", "fn f() { vec![crate::services::x()]; }"),
        ("db/a.rs", "fn f() -> StatusCode {}"),
        ("http/api/a.rs", "use crate::auth::token;"),
        ("http/api/a.rs", "use crate::db;"),
        ("jobs/a.rs", "use crate::http::problem;"),
        ("cli/a.rs", "use diesel::prelude::*;"),
        ("startup.rs", "use actix_web::http::StatusCode;"),
        ("telemetry.rs", "use super::db;"),
        ("utils/a.rs", ""),
        ("domain/a.rs", "#[allow(dead_code)] fn f() {}"),
        ("domain/a.rs", "#![allow(dead_code)]"),
        (
            "domain/a.rs",
            "#[cfg(test)] mod tests { #[allow(dead_code)] fn f() {} }",
        ),
        ("domain/a.rs", &"\n".repeat(MOST_LINES)),
    ] {
        let found = planted(path, code);
        assert_eq!(found.len(), 1, "{path}: {code:?}: {found:?}");
    }
    assert_eq!(
        violations("domain/a.rs", "fn f() {}", &dependencies()).len(),
        1
    );
}

#[test]
fn what_is_allowed_is_not_found() {
    for (path, code) in [
        (
            "domain/a.rs",
            "use chrono::Utc; use crate::domain::ids::DealId;",
        ),
        (
            "domain/a.rs",
            "// use crate::db;\nconst S: &str = \"crate::db serde::x\";",
        ),
        (
            "domain/a.rs",
            "#[cfg(test)] mod tests { use serde::Serialize; }",
        ),
        ("domain/a/tests.rs", "use serde_json::json;"),
        ("http/caller.rs", "use crate::auth::token;"),
        (
            "http/api/a.rs",
            "use crate::{domain, services::{auth, db}};",
        ),
        ("http/api/a.rs", "use super::super::problem; use super::db;"),
        ("services/a.rs", "use crate::{auth::token, db, matching};"),
        ("startup.rs", "use crate::{http, db, cli};"),
    ] {
        let found = planted(path, code);
        assert!(found.is_empty(), "{found:?}");
    }
}
