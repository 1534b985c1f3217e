//! Laying the sources of settings over one another. The default table decides
//! which keys exist and which type each has.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError};

/// Every key with its default.
const DEFAULTS: &str = include_str!("../../config/default.toml");

const ENV_PREFIX: &str = "CORRIDOR__";

/// The merged settings and the faults found while merging. Where a value was
/// at fault the default stands in, so that the other settings can still be
/// checked.
///
/// # Errors
/// Only if the defaults themselves can't be read, which the tests rule out.
pub(super) fn merge(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
    overrides: impl IntoIterator<Item = (String, String)>,
) -> Result<(Config, Vec<String>), ConfigError> {
    let defaults: Table =
        toml::from_str(DEFAULTS).map_err(|e| ConfigError(vec![format!("defaults: {e}")]))?;
    let mut layers = Layers {
        settings: defaults.clone(),
        defaults,
        faults: Vec::new(),
    };
    if let Some(path) = file {
        layers.add_file(path);
    }
    for (name, value) in env {
        if let Some(rest) = name.strip_prefix(ENV_PREFIX) {
            let key = rest.to_ascii_lowercase().replace("__", ".");
            layers.add_text(&format!("environment {name}"), &key, value);
        }
    }
    for (key, value) in overrides {
        layers.add_text("command line", &key, value);
    }
    layers.read()
}

struct Layers {
    defaults: Table,
    settings: Table,
    faults: Vec<String>,
}

impl Layers {
    fn add_file(&mut self, path: &Path) {
        let origin = path.display();
        let table = std::fs::read_to_string(path)
            .map_err(|e| format!("{origin}: {e}"))
            .and_then(|text| {
                toml::from_str::<Table>(&text).map_err(|e| syntax_fault(&origin, &text, &e))
            });
        match table {
            Ok(table) => self.add_table(&origin.to_string(), table),
            Err(fault) => self.faults.push(fault),
        }
    }

    fn add_table(&mut self, origin: &str, table: Table) {
        for (section, value) in table {
            let Value::Table(keys) = value else {
                self.unknown(origin, &section);
                continue;
            };
            if !self.defaults.contains_key(&section) {
                self.unknown(origin, &section);
                continue;
            }
            for (key, value) in keys {
                self.set(origin, &format!("{section}.{key}"), value);
            }
        }
    }

    /// A value that came as text takes the type of its key's default.
    fn add_text(&mut self, origin: &str, key: &str, text: String) {
        let parsed = match self.default_of(key) {
            Some(Value::Integer(_)) => text.trim().parse().ok().map(Value::Integer),
            Some(Value::Boolean(_)) => text.trim().parse().ok().map(Value::Boolean),
            // As it would stand in a file.
            Some(Value::Array(_)) => toml::from_str::<Table>(&format!("it = {}", text.trim()))
                .ok()
                .filter(|read| read.len() == 1)
                .and_then(|mut read| read.remove("it")),
            _ => Some(Value::String(text)),
        };
        match parsed {
            Some(value) => self.set(origin, key, value),
            None => self.faults.push(format!(
                "{origin}: {key} must be of type {}",
                self.default_of(key).map_or("value", Value::type_str)
            )),
        }
    }

    fn set(&mut self, origin: &str, key: &str, value: Value) {
        let Some(default) = self.default_of(key) else {
            self.unknown(origin, key);
            return;
        };
        if default.same_type(&value) {
            store(&mut self.settings, key, value);
        } else {
            let expected = default.type_str();
            self.faults.push(format!(
                "{origin}: {key} must be of type {expected}, not {}",
                value.type_str()
            ));
        }
    }

    fn default_of(&self, key: &str) -> Option<&Value> {
        look_up(&self.defaults, key)
    }

    fn unknown(&mut self, origin: &str, key: &str) {
        let nearest = known_keys(&self.defaults)
            .into_iter()
            .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
        let hint = nearest.map_or_else(String::new, |known| format!("; did you mean {known}?"));
        self.faults
            .push(format!("{origin}: there is no key {key}{hint}"));
    }

    /// Turns the table into [`Config`]. A value that its type refuses (an
    /// address, a choice, a number out of range) is noted and replaced by the
    /// default, and the table is read again, so that every fault is found.
    fn read(mut self) -> Result<(Config, Vec<String>), ConfigError> {
        loop {
            let settings = Value::Table(self.settings.clone());
            let error = match serde_path_to_error::deserialize::<_, Config>(settings) {
                Ok(config) => return Ok((config, self.faults)),
                Err(error) => error,
            };
            let path = error.path().to_string();
            // Of a list, the list as a whole.
            let key = path.split('[').next().unwrap_or_default();
            let default = self.default_of(key).cloned();
            let changed = look_up(&self.settings, key) != default.as_ref();
            // What was found there instead is not shown where it may be secret.
            let said = if path.ends_with("password") {
                "must be of type string"
            } else {
                error.inner().message().trim_end()
            };
            self.faults.push(format!("{path}: {said}"));
            match default {
                Some(default) if changed => store(&mut self.settings, key, default),
                _ => return Err(ConfigError(self.faults)),
            }
        }
    }
}

/// Names the line, but doesn't show it: it may hold a secret.
fn syntax_fault(origin: &impl std::fmt::Display, text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text.bytes().take(start).filter(|b| *b == b'\n').count();
    format!("{origin}: line {line}: {}", error.message())
}

fn look_up<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    let (section, name) = key.split_once('.')?;
    table.get(section)?.as_table()?.get(name)
}

fn store(table: &mut Table, key: &str, value: Value) {
    if let Some((section, name)) = key.split_once('.')
        && let Some(Value::Table(keys)) = table.get_mut(section)
    {
        keys.insert(name.to_owned(), value);
    }
}

fn known_keys(defaults: &Table) -> Vec<String> {
    let keys_of = |(section, value): (&String, &Value)| {
        let keys = value.as_table().into_iter().flat_map(Table::keys);
        keys.map(|key| format!("{section}.{key}"))
            .collect::<Vec<_>>()
    };
    defaults.iter().flat_map(keys_of).collect()
}
