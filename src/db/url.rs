//! Where the store is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The address of a database: `sqlite:PATH`, a plain path, or
/// `postgres://…` where that back-end is built in. Its `Display` and `Debug`
/// never show a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(pub(super) Target);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Target {
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(String),
}

/// The text is not the address of a database that this program can open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// No path was given.
    #[error("the database's path is empty")]
    Empty,
    /// The readers' connections would each see a database of their own.
    #[error(
        "an in-memory SQLite database can't be shared by the writer and the readers; name a file"
    )]
    InMemory,
    /// A PostgreSQL address without the feature.
    #[error("this binary was built without PostgreSQL; build with --features postgres")]
    PostgresNotBuilt,
    /// Neither SQLite nor PostgreSQL.
    #[error("unknown kind of database \"{0}\"; use sqlite:PATH or postgres://…")]
    UnknownScheme(String),
}

impl Url {
    /// The SQLite database in that file.
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self(Target::Sqlite(path.as_ref().to_path_buf()))
    }
}

impl FromStr for Url {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return Ok(Self(Target::Postgres(text.to_owned())));
            #[cfg(not(feature = "postgres"))]
            return Err(InvalidUrl::PostgresNotBuilt);
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
            .unwrap_or(text);
        match path.split_once("://") {
            Some((scheme, _)) => Err(InvalidUrl::UnknownScheme(scheme.to_owned())),
            None if path.is_empty() => Err(InvalidUrl::Empty),
            None if path == ":memory:" => Err(InvalidUrl::InMemory),
            None => Ok(Self::sqlite(path)),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Target::Postgres(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// User, host and database only. Parameters may hold a password too, and a
/// password may hold any character that its owner forgot to escape.
#[cfg(feature = "postgres")]
fn without_secrets(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (user.split([':', '/', '?']).next(), place),
        None => (None, rest),
    };
    let place = place.split('?').next().unwrap_or_default();
    match user {
        Some(user) => format!("postgres://{user}@{place}"),
        None => format!("postgres://{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_and_both_sqlite_forms_name_the_same_file() {
        for text in ["data/c.db", "sqlite:data/c.db", "sqlite://data/c.db"] {
            assert_eq!(text.parse::<Url>(), Ok(Url::sqlite("data/c.db")), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_refused_with_its_reason() {
        assert_eq!("".parse::<Url>(), Err(InvalidUrl::Empty));
        assert_eq!("sqlite::memory:".parse::<Url>(), Err(InvalidUrl::InMemory));
        assert_eq!(
            "mysql://host/db".parse::<Url>(),
            Err(InvalidUrl::UnknownScheme("mysql".into()))
        );
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn postgres_without_the_feature_says_how_to_get_it() {
        let error = "postgres://h/d".parse::<Url>().expect_err("not built in");
        assert_eq!(
            error.to_string(),
            "this binary was built without PostgreSQL; build with --features postgres"
        );
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_password_is_never_shown() {
        for text in [
            "postgres://ann:hunter2@db.example/corridor",
            "postgresql://ann:hun@ter2@db.example/corridor?password=hunter2",
            "postgres://ann:hunter2?@db.example/corridor",
            "postgres://db.example/corridor?user=ann&password=hunter2",
        ] {
            let url: Url = text.parse().expect("valid");
            let shown = format!("{url} {url:?}");
            assert!(!shown.contains("ter2"), "{shown}");
            assert!(shown.contains("db.example/corridor"), "{shown}");
        }
    }
}
