//! Where somebody is reached: e-mail addresses and web sites.

use std::fmt;
use std::str::FromStr;

use super::{TextFault, bounded};
use crate::domain::host::misleads;

/// An e-mail address (RFC 5321 limits; ASCII local part, no quoting). Compared
/// without regard to case, kept as it was written.
#[derive(Debug, Clone, Eq)]
pub struct Email(String);
text_display!(Email);

impl Email {
    /// The form under which an address is unique.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for Email {
    type Err = TextFault;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const FORM: TextFault =
            TextFault::Form("must be an e-mail address such as name@example.org");
        let text = s.trim();
        if text.len() > 254 {
            return Err(TextFault::TooLong(254));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
        let local_ok = (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        if local_ok && is_host(domain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(FORM)
        }
    }
}

/// Whether this is a dotted host name of letters, digits and hyphens.
fn is_host(host: &str) -> bool {
    host.len() <= 253
        && host.contains('.')
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// A firm's web site: `http` or `https`, a dotted host in whatever script, no
/// user information. Shown as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Website(String);
text_display!(Website);

impl Website {
    /// One that was taken before more was asked of it.
    pub fn on_record(text: &str) -> Option<Self> {
        host_of(text).map(|_| Self(text.to_owned()))
    }

    /// The host in the form of the domain name system (IDNA, in lower case)
    /// without `www.`, which identifies a firm.
    pub fn host(&self) -> String {
        let host = host_of(&self.0).unwrap_or_default();
        host.strip_prefix("www.")
            .map_or(host.clone(), str::to_owned)
    }
}

fn written_host(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    if !["https", "http"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    Some(match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    })
}

fn host_of(address: &str) -> Option<String> {
    let host = written_host(address)?;
    // RFC 5890: names in other scripts have an ASCII form, under which they
    // are looked up and compared.
    let host = idna::domain_to_ascii(host).ok()?;
    is_host(&host).then_some(host)
}

impl FromStr for Website {
    type Err = TextFault;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let text = bounded(s, 300, false)?;
        if text.chars().any(char::is_whitespace) || host_of(&text).is_none() {
            return Err(TextFault::Form(
                "must be a web address such as https://example.org",
            ));
        }
        if written_host(&text).is_some_and(misleads) {
            return Err(TextFault::Form(
                "must not look like another address; write its host in the ASCII form (xn--…)",
            ));
        }
        Ok(Self(text))
    }
}
