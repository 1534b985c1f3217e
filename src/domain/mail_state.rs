//! Where a message stands, as people are told.

use super::values::codes;

codes! {
    /// Where a message stands.
    MessageState {
        /// Waits for its time, or is being sent.
        Queued = "queued",
        /// Waits for the gate to open, or for its reader's morning.
        Held = "held",
        /// The mail server took it.
        Sent = "sent",
        /// It was sent and came back.
        Bounced = "bounced",
        /// Not sent, since its address gets no such mail.
        Suppressed = "suppressed",
        /// Not sent, since what it was about went on without it.
        Dropped = "dropped",
        /// Called back before it was sent.
        Cancelled = "cancelled",
        /// Given up; it can be tried again.
        Failed = "failed",
    }
}

codes! {
    /// Why a message waits though it is due.
    Hold {
        /// The gate is closed for the time being.
        Gate = "gate",
        /// Its reader has the evening or the day off.
        Quiet = "quiet",
    }
}

codes! {
    /// What a server said for good of a mail to one of several readers.
    EnvelopeOutcome {
        /// It took it.
        Sent = "sent",
        /// It refused it.
        Refused = "refused",
    }
}

/// Names below a country's code that strangers share, such as `co.il`.
const SHARED: [&str; 10] = [
    "ac", "co", "com", "edu", "gov", "mil", "muni", "ne", "net", "org",
];

/// Why no mail server takes a message from us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unserved {
    /// None can be reached, or lets us in: every other message fares the same.
    Service,
    /// By a policy of that domain's, or of a server on the way to it.
    Policy(String),
}

impl Unserved {
    /// By a policy of whoever has that host: the part of its name that one
    /// registers, so that nobody has several by naming hosts below it.
    pub fn by_policy_of(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let mut labels = host.rsplit('.');
        let (last, second) = (labels.next(), labels.next());
        let is_shared = |(last, second): (&str, &str)| last.len() == 2 && SHARED.contains(&second);
        let kept = if last.zip(second).is_some_and(is_shared) {
            3
        } else {
            2
        };
        let labels: Vec<&str> = host.rsplit('.').take(kept).collect();
        Self::Policy(labels.into_iter().rev().collect::<Vec<_>>().join("."))
    }

    /// The domain whose policy it is.
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Service => None,
            Self::Policy(domain) => Some(domain),
        }
    }
}

/// Codes of why a message wasn't sent that are its reader's own doing.
pub const KEPT_BACK: [&str; 2] = ["suppressed", "unsubscribed"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_domain_are_one() {
        for (host, domain) in [
            ("a.x.example", "x.example"),
            ("B.Mail.X.Example", "x.example"),
            ("x.example", "x.example"),
            ("mail.firm.co.il", "firm.co.il"),
            ("other.com.az", "other.com.az"),
            ("mx.fund.az", "fund.az"),
            ("a.abc.io", "abc.io"),
            ("localhost", "localhost"),
        ] {
            let policy = Unserved::by_policy_of(host);
            assert_eq!(policy.domain(), Some(domain), "{host}");
        }
    }
}
