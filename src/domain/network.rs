//! Ranges of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The text is no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address or a range such as 10.0.0.0/8")]
pub struct InvalidNetwork;

/// A range of addresses that begin alike (RFC 4632), or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    /// The first of them.
    first: IpAddr,
    /// Leading bits in which all agree.
    bits: u8,
}

impl Network {
    /// Whether that address is one of them; an IPv4 address written as an
    /// IPv6 one counts as what it is.
    pub fn holds(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && cut(address, self.bits) == self.first
    }
}

/// The address with nothing but its leading bits.
fn cut(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let rest = u32::from(32 - bits.min(32));
            let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let rest = u32::from(128 - bits.min(128));
            let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

const fn most_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let (address, bits) = match bits {
            // A mapped address alone is the IPv4 address that it stands for.
            None => {
                let address = address.to_canonical();
                (address, most_bits(address))
            }
            Some(bits) => (address, bits.parse().map_err(|_| InvalidNetwork)?),
        };
        if bits > most_bits(address) {
            return Err(InvalidNetwork);
        }
        let first = cut(address, bits);
        Ok(Self { first, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.bits == most_bits(self.first) {
            return Ok(());
        }
        write!(f, "/{}", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap();
        network.holds(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_what_begins_alike() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.77/24", "192.0.2.1"));
        assert!(holds("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(holds("::ffff:192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::/0", "2001:db8::1"));
        assert!(!holds("::/0", "203.0.113.9") && !holds("0.0.0.0/0", "::1"));
    }

    #[test]
    fn ranges_are_read_as_they_are_written() {
        for (text, written) in [
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("::1", "::1"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), written);
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidNetwork), "{bad}");
        }
    }
}
