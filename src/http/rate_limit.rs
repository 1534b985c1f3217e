//! How often callers may ask: `RateLimit-Policy` and `RateLimit`
//! (draft-ietf-httpapi-ratelimit-headers-11, not an RFC), 429 with
//! `Retry-After`. Everybody has an allowance for their network, tighter where
//! passwords are guessed and mails are caused, and one for themselves once it
//! is known who they are.
//!
//! The allowances are a node's own: several nodes give several times as much.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use uuid::Uuid;

use super::origin;
use super::problem::{Kind, Problem};
use crate::services::Caller;
use crate::services::attempts::network;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Every allowance is for so long.
const WINDOW: Duration = Duration::from_mins(1);
/// The fewest allowances among which those that are whole again are cleared
/// away.
const CROWD: usize = 50_000;

/// What an allowance is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Everything that a person or client does.
    Principal,
    /// Everything that comes from a network.
    Address,
    /// Signing in and renewing tokens.
    SignIn,
    /// Registering.
    Registration,
    /// Asking for a new password, or for the way to one's consents.
    Reset,
    /// The token endpoint of clients.
    Token,
    /// Sending the forms of mailed links.
    Link,
}

impl Policy {
    /// What the headers call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Address => "address",
            Self::SignIn => "sign-in",
            Self::Registration => "registration",
            Self::Reset => "reset",
            Self::Token => "token",
            Self::Link => "link",
        }
    }

    /// The policy for a network, by what it asks for.
    fn of(method: &Method, path: &str) -> Self {
        if method != Method::POST {
            return Self::Address;
        }
        match path {
            "/v1/sessions" | "/v1/sessions/refresh" => Self::SignIn,
            "/v1/registrations" => Self::Registration,
            "/v1/password-resets" | "/my-consents" => Self::Reset,
            path if path.starts_with("/v1/oauth/") => Self::Token,
            path if LINKS.iter().any(|page| path.starts_with(page)) => Self::Link,
            _ => Self::Address,
        }
    }
}

/// The pages behind mailed links whose forms do something.
const LINKS: [&str; 7] = [
    "/consent/",
    "/deals/",
    "/mail-settings/",
    "/matches/",
    "/my-consents/",
    "/pulse/",
    "/tickets/",
];

/// Requests a minute; 0 is as many as one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of a person or client.
    pub principal: u32,
    /// Of a network.
    pub address: u32,
    /// Sign-ins and renewals of a network.
    pub sign_in: u32,
    /// Registrations of a network.
    pub registration: u32,
    /// Requests for a new password of a network.
    pub reset: u32,
    /// Tokens of a network's clients.
    pub token: u32,
    /// Forms of mailed links of a network.
    pub link: u32,
}

impl Default for Rates {
    /// The values of `config/default.toml`.
    fn default() -> Self {
        Self {
            principal: 600,
            address: 1200,
            sign_in: 30,
            registration: 10,
            reset: 5,
            token: 60,
            link: 30,
        }
    }
}

impl Rates {
    /// No limits, for benchmarks and tests.
    pub const fn unlimited() -> Self {
        Self {
            principal: 0,
            address: 0,
            sign_in: 0,
            registration: 0,
            reset: 0,
            token: 0,
            link: 0,
        }
    }

    const fn of(self, policy: Policy) -> u32 {
        match policy {
            Policy::Principal => self.principal,
            Policy::Address => self.address,
            Policy::SignIn => self.sign_in,
            Policy::Registration => self.registration,
            Policy::Reset => self.reset,
            Policy::Token => self.token,
            Policy::Link => self.link,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Principal(Uuid),
    Network(IpAddr),
}

/// How an allowance stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    policy: Policy,
    quota: u32,
    remaining: u32,
    /// Until it is whole again.
    reset: Duration,
    /// Until the next request, where this one was refused.
    wait: Option<Duration>,
}

/// All allowances of this node, by the generic cell rate algorithm: of each
/// only the instant is kept at which it will be whole again.
#[derive(Debug)]
pub struct RateLimiter {
    rates: Rates,
    full_at: Mutex<Allowances>,
}

#[derive(Debug)]
struct Allowances {
    by_caller: HashMap<(Policy, Who), Instant>,
    /// Above this many those that are whole again are cleared away.
    crowd: usize,
}

impl Default for Allowances {
    fn default() -> Self {
        Self {
            by_caller: HashMap::new(),
            crowd: CROWD,
        }
    }
}

impl Allowances {
    fn clear_away(&mut self, now: Instant) {
        if self.by_caller.len() > self.crowd {
            self.by_caller.retain(|_, at| *at > now);
            // Not with every request while there is little to clear.
            self.crowd = CROWD.max(2 * self.by_caller.len());
        }
    }
}

impl RateLimiter {
    /// A limiter with these rates.
    pub fn new(rates: Rates) -> Self {
        Self {
            rates,
            full_at: Mutex::default(),
        }
    }

    /// Takes one request from an allowance; none where there is no limit.
    fn take(&self, policy: Policy, who: Who, now: Instant) -> Option<Standing> {
        let quota = self.rates.of(policy);
        let each = WINDOW.checked_div(quota)?;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        full_at.clear_away(now);
        let before = full_at.by_caller.get(&(policy, who)).copied();
        let begun = before.map_or(now, |at| at.max(now));
        let debt = begun + each - now;
        let (reset, wait) = if debt > WINDOW {
            (begun - now, Some(debt.saturating_sub(WINDOW)))
        } else {
            full_at.by_caller.insert((policy, who), begun + each);
            (debt, None)
        };
        let left = WINDOW.saturating_sub(reset).as_nanos() / each.as_nanos().max(1);
        Some(Standing {
            policy,
            quota,
            remaining: u32::try_from(left).unwrap_or(quota),
            reset,
            wait,
        })
    }
}

impl Standing {
    /// The problem of a request that was one too many.
    fn check(&self) -> Result<(), Problem> {
        match self.wait {
            None => Ok(()),
            Some(_) => Err(Problem::new(Kind::TooMany)
                .violating(self.policy)
                .detail(format!(
                    "The allowance \"{}\" is {} requests in {} s.",
                    self.policy.name(),
                    self.quota,
                    WINDOW.as_secs()
                ))
                .header(RETRY_AFTER, &self.seconds().to_string())
                .header(RATE_LIMIT_POLICY, &self.policy_item())
                .header(RATE_LIMIT, &self.item())),
        }
    }

    /// Seconds until it is whole again, or until the next request is taken;
    /// `Retry-After` says the same.
    fn seconds(&self) -> u64 {
        let least = Duration::from_secs(1);
        self.wait
            .map_or(whole(self.reset), |wait| whole(wait.max(least)))
    }

    fn policy_item(&self) -> String {
        format!(
            "\"{}\";q={};w={}",
            self.policy.name(),
            self.quota,
            WINDOW.as_secs()
        )
    }

    fn item(&self) -> String {
        format!(
            "\"{}\";r={};t={}",
            self.policy.name(),
            self.remaining,
            self.seconds()
        )
    }
}

/// Seconds, rounded up.
fn whole(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Counts a request for its principal.
///
/// # Errors
/// 429.
pub(super) fn count_principal(request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
    let Some(limiter) = request.app_data::<Data<RateLimiter>>() else {
        return Ok(());
    };
    let who = Who::Principal(caller.id().uuid());
    match limiter.take(Policy::Principal, who, Instant::now()) {
        None => Ok(()),
        Some(standing) => {
            let mut extensions = request.extensions_mut();
            match extensions.get_mut::<Standings>() {
                Some(standings) => standings.0.push(standing),
                None => drop(extensions.insert(Standings(vec![standing]))),
            }
            standing.check()
        }
    }
}

/// The allowances that a request took from.
struct Standings(Vec<Standing>);

/// Counts a request for its network, and tells what is left.
pub(super) async fn meter(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let limiter = request.app_data::<Data<RateLimiter>>().cloned();
    // As the router reads it: an encoded letter is no other path.
    let policy = Policy::of(request.method(), request.match_info().as_str());
    let address = origin::of(request.request()).address;
    let taken = limiter.zip(address).and_then(|(limiter, address)| {
        limiter.take(policy, Who::Network(network(address)), Instant::now())
    });
    if let Some(standing) = taken {
        standing.check()?;
    }
    let mut answer = next.call(request).await?;
    let mut standings: Vec<Standing> = taken.into_iter().collect();
    let own = answer.request().extensions_mut().remove::<Standings>();
    standings.extend(own.into_iter().flat_map(|own| own.0));
    tell(answer.headers_mut(), &standings);
    Ok(answer)
}

fn tell(headers: &mut actix_web::http::header::HeaderMap, standings: &[Standing]) {
    let list = |item: fn(&Standing) -> String| {
        let items: Vec<String> = standings.iter().map(item).collect();
        HeaderValue::from_str(&items.join(", ")).ok()
    };
    if standings.is_empty() {
        return;
    }
    let values = [
        (RATE_LIMIT_POLICY, list(Standing::policy_item)),
        (RATE_LIMIT, list(Standing::item)),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(address: u32) -> RateLimiter {
        RateLimiter::new(Rates {
            address,
            ..Rates::unlimited()
        })
    }

    fn who(text: &str) -> Who {
        Who::Network(text.parse().unwrap())
    }

    #[test]
    fn an_allowance_ends_and_comes_back_bit_by_bit() {
        let limiter = limiter(6);
        let begun = Instant::now();
        for left in (0..6).rev() {
            let standing = limiter.take(Policy::Address, who("192.0.2.1"), begun);
            let standing = standing.unwrap();
            assert_eq!((standing.remaining, standing.wait), (left, None));
        }
        let refused = limiter
            .take(Policy::Address, who("192.0.2.1"), begun)
            .unwrap();
        assert_eq!(refused.wait, Some(Duration::from_secs(10)));
        assert_eq!(refused.remaining, 0);
        assert!(refused.check().is_err());
        let later = begun + Duration::from_secs(10);
        let next = limiter
            .take(Policy::Address, who("192.0.2.1"), later)
            .unwrap();
        assert_eq!((next.remaining, next.wait), (0, None));
        let whole = limiter.take(Policy::Address, who("192.0.2.1"), later + WINDOW);
        assert_eq!(whole.unwrap().remaining, 5);
    }

    #[test]
    fn one_caller_takes_nothing_from_another() {
        let limiter = limiter(1);
        let now = Instant::now();
        assert!(
            limiter
                .take(Policy::Address, who("192.0.2.1"), now)
                .unwrap()
                .check()
                .is_ok()
        );
        assert!(
            limiter
                .take(Policy::Address, who("192.0.2.1"), now)
                .unwrap()
                .check()
                .is_err()
        );
        assert!(
            limiter
                .take(Policy::Address, who("192.0.2.2"), now)
                .unwrap()
                .check()
                .is_ok()
        );
    }

    #[test]
    fn no_rate_is_no_limit() {
        let limiter = limiter(0);
        assert_eq!(
            limiter.take(Policy::Address, who("192.0.2.1"), Instant::now()),
            None
        );
    }

    #[test]
    fn guessing_and_mailing_have_allowances_of_their_own() {
        for (path, policy) in [
            ("/v1/sessions", Policy::SignIn),
            ("/v1/sessions/refresh", Policy::SignIn),
            ("/v1/registrations", Policy::Registration),
            ("/v1/password-resets", Policy::Reset),
            ("/my-consents", Policy::Reset),
            ("/v1/oauth/token", Policy::Token),
            ("/tickets/abc", Policy::Link),
            ("/v1/matches", Policy::Address),
        ] {
            assert_eq!(Policy::of(&Method::POST, path), policy, "{path}");
            assert_eq!(Policy::of(&Method::GET, path), Policy::Address, "{path}");
        }
    }
}
