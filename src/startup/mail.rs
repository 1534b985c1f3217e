//! How mail leaves.

use std::time::Duration;

use crate::config::{self, Config, MailServer, MailTransport, SmtpSecurity};
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
            let relays: Vec<Smtp> = servers(mail)?
                .into_iter()
                .map(|settings| Smtp::new(settings).map_err(StartError::new))
                .collect::<Result<_, _>>()?;
            let aside = Duration::from_secs(u64::from(mail.smtp_aside_s));
            Ok(Mailer::Relays(Relays::new(relays, aside)))
        }
    }
}

/// How to talk to each of the mail servers.
fn servers(mail: &config::Mail) -> Result<Vec<SmtpSettings>, StartError> {
    let servers = mail
        .servers()
        .map_err(|faults| StartError::new(faults.join("; ")))?;
    let settings = |server: MailServer| {
        let security = match server.security {
            SmtpSecurity::None => Security::None,
            SmtpSecurity::Starttls => Security::StartTls,
            SmtpSecurity::Tls => Security::Tls,
        };
        let mut settings = SmtpSettings::new(server.host, server.port, security);
        settings.connections = usize::try_from(mail.pool_size).unwrap_or(1);
        settings.timeouts.connect = Duration::from_secs(mail.timeout_s);
        settings.timeouts.command = Duration::from_secs(mail.command_timeout_s);
        settings.timeouts.content = Duration::from_secs(mail.content_timeout_s);
        settings.credentials = server.credentials.map(|(username, password)| Credentials {
            username,
            password: password.expose().to_owned(),
        });
        settings
    };
    Ok(servers.into_iter().map(settings).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(env: &[(&str, &str)]) -> Vec<SmtpSettings> {
        let env = env
            .iter()
            .map(|(key, value)| (format!("CORRIDOR__MAIL__{key}"), (*value).to_owned()));
        let config = Config::load(None, env, []).unwrap();
        assert!(mailer(&config).is_ok());
        servers(&config.mail).unwrap()
    }

    type Shown<'a> = (String, Security, Option<(&'a str, &'a str)>);

    /// Where, how, and as whom.
    fn shown(settings: &[SmtpSettings]) -> Vec<Shown<'_>> {
        let one = |it: &SmtpSettings| format!("{}:{}", it.host, it.port);
        settings
            .iter()
            .map(|it| {
                let signed = it.credentials.as_ref();
                let signed = signed.map(|it| (it.username.as_str(), it.password.as_str()));
                (one(it), it.security, signed)
            })
            .collect()
    }

    #[test]
    fn each_server_has_a_user_a_password_and_protection_of_its_own() {
        let relays = r#"[
            { host = "mx1.example", security = "tls", username = "a", password = "one, two" },
            { host = "mx2.example", port = 2525, username = "b", password = "other" },
            { host = "::1", security = "none" },
        ]"#;
        let found = settings(&[("TRANSPORT", "smtp"), ("RELAYS", relays)]);
        assert_eq!(
            shown(&found),
            [
                (
                    "mx1.example:465".to_owned(),
                    Security::Tls,
                    Some(("a", "one, two"))
                ),
                (
                    "mx2.example:2525".to_owned(),
                    Security::StartTls,
                    Some(("b", "other"))
                ),
                ("::1:25".to_owned(), Security::None, None),
            ]
        );
    }

    #[test]
    fn servers_by_name_alone_share_the_rest() {
        let found = settings(&[
            ("TRANSPORT", "smtp"),
            ("SMTP_HOST", "mx1.example, mx2.example:2525"),
            ("SMTP_USERNAME", "me"),
            ("SMTP_PASSWORD", "one, two"),
        ]);
        let shared = (Security::StartTls, Some(("me", "one, two")));
        assert_eq!(
            shown(&found),
            [
                ("mx1.example:587".to_owned(), shared.0, shared.1),
                ("mx2.example:2525".to_owned(), shared.0, shared.1),
            ]
        );
    }
}
