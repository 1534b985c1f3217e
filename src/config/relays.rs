//! The mail servers of `[mail]`: several by name in `smtp_host`, which share
//! everything else, or each with settings of its own in `relays`.

use serde::{Deserialize, Serialize};

use super::{Mail, MailTransport, Secret, SmtpSecurity};

/// One of `[[mail.relays]]`: a mail server with settings of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailRelay {
    /// Its host name or address, without a port.
    pub host: String,
    /// Its port; `None` is the usual one of its own `security`, else
    /// `mail.smtp_port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is protected; `None` is `mail.smtp_security`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SmtpSecurity>,
    /// User name there; `None` sends without authentication. No other server's
    /// is ever used for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password there; needed with a user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// A mail server with all that it takes to send by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// User name and password, where it wants them.
    pub credentials: Option<(String, Secret)>,
}

impl Mail {
    /// The mail servers, the first preferred.
    ///
    /// # Errors
    /// Every fault of these settings.
    pub fn servers(&self) -> Result<Vec<MailServer>, Vec<String>> {
        let mut faults = Vec::new();
        let servers = if self.relays.is_empty() {
            self.named(&mut faults)
        } else {
            self.listed(&mut faults)
        };
        if faults.is_empty() {
            Ok(servers)
        } else {
            Err(faults)
        }
    }

    /// Those of `smtp_host`.
    fn named(&self, faults: &mut Vec<String>) -> Vec<MailServer> {
        let credentials = self.pair(
            (self.smtp_username.as_ref(), self.smtp_password.as_ref()),
            self.smtp_security,
            ["mail.smtp_username", "mail.smtp_password"],
            faults,
        );
        let Some(hosts) = &self.smtp_host else {
            if self.transport == MailTransport::Smtp {
                let needed =
                    "mail.smtp_host or mail.relays is needed with mail.transport = \"smtp\"";
                faults.push(needed.to_owned());
            }
            return Vec::new();
        };
        let mut servers = Vec::new();
        for one in hosts.split(',').map(str::trim) {
            let (host, port) = match one.split_once(':') {
                // More than one colon is an IPv6 address.
                Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
                _ => (one, Some(self.smtp_port)),
            };
            match port {
                Some(port) if is_host(host) => servers.push(MailServer {
                    host: host.to_owned(),
                    port,
                    security: self.smtp_security,
                    credentials: credentials.clone(),
                }),
                _ if one.is_empty() => faults
                    .push("mail.smtp_host: there is nothing before or after a comma".to_owned()),
                _ => faults.push(format!("mail.smtp_host: {one} is no mail server")),
            }
        }
        servers
    }

    /// Those of `relays`.
    fn listed(&self, faults: &mut Vec<String>) -> Vec<MailServer> {
        let shared = self.smtp_host.is_some()
            || self.smtp_username.is_some()
            || self.smtp_password.is_some();
        if shared {
            faults.push(
                "mail.relays takes the place of mail.smtp_host, mail.smtp_username and mail.smtp_password: set either"
                    .to_owned(),
            );
        }
        let mut servers = Vec::new();
        for (place, relay) in self.relays.iter().enumerate() {
            let key = format!("mail.relays[{place}]");
            // A second colon makes it an IPv6 address.
            if !is_host(&relay.host) || relay.host.matches(':').count() == 1 {
                faults.push(format!(
                    "{key}.host must be the name or address of one mail server, its port apart"
                ));
            }
            let security = relay.security.unwrap_or(self.smtp_security);
            let (name_key, password_key) = (format!("{key}.username"), format!("{key}.password"));
            let username = relay.username.as_ref().filter(|it| !it.is_empty());
            let password = relay.password.as_ref();
            let password = password.filter(|it| !it.expose().is_empty());
            let credentials = self.pair(
                (username, password),
                security,
                [&name_key, &password_key],
                faults,
            );
            let usual = relay.security.map(usual_port);
            servers.push(MailServer {
                host: relay.host.clone(),
                port: relay.port.or(usual).unwrap_or(self.smtp_port),
                security,
                credentials,
            });
        }
        servers
    }

    /// User name and password, which need each other and protection.
    fn pair(
        &self,
        given: (Option<&String>, Option<&Secret>),
        security: SmtpSecurity,
        [name_key, password_key]: [&str; 2],
        faults: &mut Vec<String>,
    ) -> Option<(String, Secret)> {
        let (username, password) = match given {
            (Some(username), Some(password)) => (username, password),
            (None, None) => return None,
            _ => {
                faults.push(format!("{name_key} and {password_key} need each other"));
                return None;
            }
        };
        if self.transport == MailTransport::Smtp && security == SmtpSecurity::None {
            faults.push(format!(
                "{password_key} needs STARTTLS or TLS: it would be sent in clear text"
            ));
        }
        Some((username.clone(), password.clone()))
    }
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || ".-_:%".contains(c))
}

/// The port on which that protection is usual (RFC 8314, RFC 6409).
const fn usual_port(security: SmtpSecurity) -> u16 {
    match security {
        SmtpSecurity::None => 25,
        SmtpSecurity::Starttls => 587,
        SmtpSecurity::Tls => 465,
    }
}
