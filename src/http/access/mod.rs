//! What every route needs: the operation of the permission table
//! ([`crate::domain::permission`]) that it stands for. Services ask the table
//! about the record at hand; here the tokens of programs are held to their
//! scopes. A route that names nothing is closed to programs, and fails a test.

mod course;
mod parts;
mod table;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::HttpRequest;

use super::problem::{Kind, Problem};
use crate::domain::client::Scopes;
use crate::domain::permission::{Operation, scope};
use crate::services::Error;

/// Who may ask for a route at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: the route tells nothing, or proves its caller in its own way.
    Open,
    /// A person in a session, for themselves.
    Session(Operation),
    /// Whom the permission table lets.
    Needs(Operation),
}

/// Every route of the service, method and template, with what it needs.
pub fn routes() -> impl Iterator<Item = (&'static str, Access)> {
    let all = table::RECORDS
        .iter()
        .chain(course::COURSE)
        .chain(parts::PARTS);
    all.copied()
}

/// What a route needs, by method and template.
pub fn of(route: &str) -> Option<Access> {
    static BY_ROUTE: OnceLock<BTreeMap<&str, Access>> = OnceLock::new();
    let table = BY_ROUTE.get_or_init(|| routes().collect());
    table.get(route).copied()
}

/// The template of the route that serves `path`, whatever the method; none for
/// what is not in the table. The router knows it too, but tries its patterns
/// in turn to tell.
pub(super) fn template(path: &str) -> Option<&'static str> {
    type ByLength = BTreeMap<usize, Vec<&'static str>>;
    static BY_LENGTH: OnceLock<ByLength> = OnceLock::new();
    let table = BY_LENGTH.get_or_init(|| {
        let mut table = ByLength::new();
        for (route, _) in routes() {
            let (_, template) = route.split_once(' ').unwrap_or(("", route));
            let of_length = table.entry(template.split('/').count()).or_default();
            if !of_length.contains(&template) {
                of_length.push(template);
            }
        }
        // A word comes before a parameter, whose brace follows all letters.
        for of_length in table.values_mut() {
            of_length.sort_unstable();
        }
        table
    });
    let mut fitting = table.get(&path.split('/').count())?.iter();
    fitting.find(|template| fits(template, path)).copied()
}

fn fits(template: &str, path: &str) -> bool {
    let mut parts = template.split('/').zip(path.split('/'));
    parts.all(|(wanted, part)| match wanted.strip_prefix('{') {
        Some(_) => !part.is_empty(),
        None => wanted == part,
    })
}

/// Holds a program's token to its scopes.
///
/// # Errors
/// 403, naming the scope that is needed where there is one.
pub(super) fn check_scopes(request: &HttpRequest, scopes: &Scopes) -> Result<(), Problem> {
    let template = request.match_pattern().unwrap_or_default();
    let route = format!("{} {template}", request.method());
    let needed = match of(&route) {
        Some(Access::Needs(operation)) => scope(operation),
        Some(Access::Open | Access::Session(_)) | None => None,
    };
    match needed {
        Some(needed) if scopes.hold(needed) => Ok(()),
        Some(needed) => Err(Error::InsufficientScope(needed.code()).into()),
        None => Err(Problem::new(Kind::Forbidden).detail("Only a person in a session does this.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_the_template_of_its_route() {
        for (route, _) in routes() {
            let (_, expected) = route.split_once(' ').unwrap();
            let part = |part: &str| match part.strip_prefix('{') {
                Some(_) => "01a21635-fc97-7752-b7ad-e0c316d4dbe2".to_owned(),
                None => part.to_owned(),
            };
            let path: Vec<String> = expected.split('/').map(part).collect();
            assert_eq!(template(&path.join("/")), Some(expected));
        }
        for path in ["", "/", "/v1", "/v1/startup-profiles/", "/v1/nothing", "//"] {
            assert_eq!(template(path), None, "{path}");
        }
    }
}
