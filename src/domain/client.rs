//! Programs that call the service: a partner's clients, and people's keys.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::ids::{ApiKeyId, OrganizationId, UserId};
use super::network::Network;
use super::permission::Scope;
use super::text::Name;

/// Most addresses that can be named.
const MOST: usize = 32;

/// The text is no scope, or the same one twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope")]
pub struct InvalidScope(pub String);

/// What a program is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(pub BTreeSet<Scope>);

impl Scopes {
    /// Whether it may do what that scope lets.
    pub fn hold(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Whether it may change anything.
    pub fn write(&self) -> bool {
        self.0.iter().any(|scope| scope.writes())
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    /// Reads scopes with spaces between (RFC 6749 §3.3).
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let scope =
            |code: &str| Scope::from_code(code).ok_or_else(|| InvalidScope(code.to_owned()));
        text.split_whitespace()
            .map(scope)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<&str> = self.0.iter().map(|scope| scope.code()).collect();
        f.write_str(&codes.join(" "))
    }
}

/// The text names no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {MOST} IP addresses or ranges such as 192.0.2.0/24")]
pub struct InvalidAddresses;

/// From where a program may call; none is from anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses(BTreeSet<Network>);

impl AllowedAddresses {
    /// Whether a call from there is taken.
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        let named = |address: IpAddr| self.0.iter().any(|range| range.holds(address));
        self.0.is_empty() || address.is_some_and(named)
    }

    /// The addresses and ranges.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.0.iter()
    }
}

impl FromStr for AllowedAddresses {
    type Err = InvalidAddresses;

    /// Reads addresses and ranges with spaces between.
    fn from_str(text: &str) -> Result<Self, InvalidAddresses> {
        let addresses: BTreeSet<Network> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| InvalidAddresses)?;
        (addresses.len() <= MOST)
            .then_some(Self(addresses))
            .ok_or(InvalidAddresses)
    }
}

impl fmt::Display for AllowedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(" "))
    }
}

/// A partner's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id; also that of its account, under which it is on record.
    pub id: UserId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What people call it.
    pub name: Name,
    /// What it is limited to.
    pub scopes: Scopes,
    /// From where it may call.
    pub allowed: AllowedAddresses,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From when on it is void, if ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it got its last token.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

impl Client {
    /// Whether it can be used.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A person's key for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user: UserId,
    /// What they call it.
    pub name: Name,
    /// Its first characters, by which people tell their keys apart.
    pub prefix: String,
    /// What it is limited to.
    pub scopes: Scopes,
    /// From where it may be used.
    pub allowed: AllowedAddresses,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is void.
    pub expires_at: DateTime<Utc>,
    /// When it was used last, to the hour.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let scopes: Scopes = " profiles:read  deals:write ".parse().unwrap();
        assert_eq!(scopes.to_string().parse(), Ok(scopes.clone()));
        assert!(scopes.hold(Scope::ProfilesRead) && !scopes.hold(Scope::DealsRead));
        assert!(scopes.write());
        assert_eq!("all".parse::<Scopes>(), Err(InvalidScope("all".to_owned())));
    }

    #[test]
    fn no_addresses_are_all_and_some_are_only_those() {
        let anywhere = AllowedAddresses::default();
        assert!(anywhere.allow(None));
        let one: AllowedAddresses = "192.0.2.1 2001:db8::1".parse().unwrap();
        assert!(one.allow("::ffff:192.0.2.1".parse().ok()));
        assert!(!one.allow("192.0.2.2".parse().ok()) && !one.allow(None));
        let range: AllowedAddresses = "198.51.100.0/24".parse().unwrap();
        assert!(range.allow("198.51.100.9".parse().ok()));
        assert!(!range.allow("198.51.101.9".parse().ok()));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!("here".parse::<AllowedAddresses>().is_err());
    }
}
