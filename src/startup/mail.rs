//! How mail leaves.

use std::time::Duration;

use crate::config::{self, Config, MailTransport, SmtpSecurity};
use crate::mail::{Credentials, FileMailer, Mailer, Relays, Security, Smtp, SmtpSettings};

use super::{StartError, make_directory};

/// The way mail leaves by these settings. An SMTP server that is away stops
/// nobody from starting: what can't be sent waits in the queue.
pub fn mailer(config: &Config) -> Result<Mailer, StartError> {
    let mail = &config.mail;
    match mail.transport {
        MailTransport::File => {
            let dir = config.data.dir.join("mail");
            make_directory(&dir)?;
            FileMailer::new(dir)
                .map(Mailer::File)
                .map_err(StartError::new)
        }
        MailTransport::Smtp => {
            let security = match mail.smtp_security {
                SmtpSecurity::None => Security::None,
                SmtpSecurity::Starttls => Security::StartTls,
                SmtpSecurity::Tls => Security::Tls,
            };
            let relay = |(host, port)| {
                let mut settings = SmtpSettings::new(host, port, security);
                settings.connections = usize::try_from(mail.pool_size).unwrap_or(1);
                settings.timeouts.connect = Duration::from_secs(mail.timeout_s);
                settings.timeouts.command = Duration::from_secs(mail.command_timeout_s);
                settings.timeouts.content = Duration::from_secs(mail.content_timeout_s);
                if let (Some(user), Some(password)) = (&mail.smtp_username, &mail.smtp_password) {
                    settings.credentials = Some(Credentials {
                        username: user.clone(),
                        password: password.expose().to_owned(),
                    });
                }
                Smtp::new(settings).map_err(StartError::new)
            };
            let relays: Vec<Smtp> = relays(mail)?
                .into_iter()
                .map(relay)
                .collect::<Result<_, _>>()?;
            let aside = Duration::from_secs(u64::from(mail.smtp_aside_s));
            Ok(Mailer::Relays(Relays::new(relays, aside)))
        }
    }
}

/// The mail servers, with the port of each.
fn relays(mail: &config::Mail) -> Result<Vec<(String, u16)>, StartError> {
    let listed = mail.smtp_host.as_deref().unwrap_or_default();
    listed
        .split(',')
        .map(str::trim)
        .map(|one| match one.split_once(':') {
            // More than one colon is an IPv6 address.
            Some((host, port)) if !port.contains(':') => match port.parse() {
                Ok(port) if !host.is_empty() => Ok((host.to_owned(), port)),
                _ => Err(StartError(format!(
                    "mail.smtp_host: {one} is no mail server"
                ))),
            },
            _ if one.is_empty() => Err(StartError(
                "mail.smtp_host: there is nothing between two commas".to_owned(),
            )),
            _ => Ok((one.to_owned(), mail.smtp_port)),
        })
        .collect()
}
