//! Where a request comes from. What a header says of it counts only from a
//! proxy that the operator named: anybody can send a header.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, USER_AGENT};
use actix_web::web::Data;

use super::limits::Limits;
use crate::domain::network::Network;
use crate::services::sessions::Origin;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Most proxies that can be named.
const MOST: usize = 8;

/// The text names no addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {MOST} addresses or ranges such as 10.0.0.0/8, with commas between")]
pub struct InvalidProxies;

/// The proxies whose `X-Forwarded-For` is believed; none by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedProxies([Option<Network>; MOST]);

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let mut proxies = Self::default();
        let named = text.split(',').map(str::trim).filter(|it| !it.is_empty());
        let mut places = proxies.0.iter_mut();
        for range in named {
            let range = range.parse().map_err(|_| InvalidProxies)?;
            *places.next().ok_or(InvalidProxies)? = Some(range);
        }
        Ok(proxies)
    }
}

impl TrustedProxies {
    fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().flatten().any(|range| range.holds(address))
    }

    /// The caller's address: the peer's, or, as long as that is a trusted
    /// proxy, the one before it in `X-Forwarded-For`, read from its end.
    fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer.to_canonical();
        let lines: Vec<&str> = headers
            .get_all(X_FORWARDED_FOR)
            .filter_map(|line| line.to_str().ok())
            .collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for hop in hops {
            if !self.hold(caller) {
                break;
            }
            let Some(before) = address_of(hop.trim()) else {
                break;
            };
            caller = before.to_canonical();
        }
        caller
    }
}

/// The address of a hop; some proxies name its port as well.
fn address_of(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().map(|hop| hop.ip());
    hop.parse::<IpAddr>().or_else(|_| with_port()).ok()
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().flatten().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{range}")?;
        }
        Ok(())
    }
}

/// Where a request comes from.
pub fn of(request: &HttpRequest) -> Origin {
    let trusted = request
        .app_data::<Data<Limits>>()
        .map(|limits| limits.trusted_proxies)
        .unwrap_or_default();
    let agent = request.headers().get(USER_AGENT);
    Origin {
        address: request
            .peer_addr()
            .map(|peer| trusted.caller(peer.ip(), request.headers())),
        agent: agent
            .and_then(|agent| agent.to_str().ok())
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn caller(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let request = forwarded
            .iter()
            .fold(TestRequest::default(), |request, line| {
                request.append_header((X_FORWARDED_FOR, *line))
            });
        let request = request.to_http_request();
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted
            .caller(peer.parse().unwrap(), request.headers())
            .to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        let forwarded = ["203.0.113.9"];
        assert_eq!(caller("", "192.0.2.1", &forwarded), "192.0.2.1");
        assert_eq!(caller("10.0.0.0/8", "192.0.2.1", &forwarded), "192.0.2.1");
        assert_eq!(caller("10.0.0.0/8", "10.1.2.3", &forwarded), "203.0.113.9");
        assert_eq!(caller("::1", "::1", &forwarded), "203.0.113.9");
        for port in ["203.0.113.9:4711", "[2001:db8::1]:4711"] {
            let told = caller("::1", "::1", &[port]);
            assert!(port.contains(&told), "{told}");
        }
    }

    #[test]
    fn what_the_caller_put_before_the_proxys_own_word_is_not_believed() {
        let forged = ["198.51.100.1, 203.0.113.9"];
        assert_eq!(caller("10.0.0.0/8", "10.1.2.3", &forged), "203.0.113.9");
        let two = ["198.51.100.1", "203.0.113.9, 10.9.9.9"];
        assert_eq!(caller("10.0.0.0/8", "10.1.2.3", &two), "203.0.113.9");
        assert_eq!(caller("10.0.0.0/8", "10.1.2.3", &["nonsense"]), "10.1.2.3");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in ["x", "10.0.0.0/33", "10.0.0.0/-1", "1.1.1.1,,x"] {
            assert_eq!(bad.parse::<TrustedProxies>(), Err(InvalidProxies), "{bad}");
        }
        let many = ["10.0.0.1"; MOST + 1].join(",");
        assert_eq!(many.parse::<TrustedProxies>(), Err(InvalidProxies));
        let shown = "10.0.0.0/8, ::1".parse::<TrustedProxies>().unwrap();
        assert_eq!(shown.to_string(), "10.0.0.0/8, ::1");
    }
}
