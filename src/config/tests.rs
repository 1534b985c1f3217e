//! Every layer, every kind of fault.

use super::*;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn faults(env: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
    Config::load(None, pairs(env), pairs(flags)).unwrap_err().0
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn the_defaults_are_complete_and_valid() {
    let config = Config::load(None, [], []).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.metrics_listen, None);
    assert_eq!(config.server.max_body_bytes, 1 << 20);
    assert!(config.database.url.is_none());
    assert_eq!(config.mail.transport, MailTransport::File);
    assert_eq!(config.introductions.ask_working_days, 10);
}

#[test]
fn later_layers_win_over_earlier_ones() {
    let file = file("[server]\nworkers = 3\nkeep_alive_s = 7\ndrain_s = 1\n");
    let env = pairs(&[
        ("CORRIDOR__SERVER__KEEP_ALIVE_S", "8"),
        ("CORRIDOR__SERVER__DRAIN_S", "2"),
        ("CORRIDOR_SOAK", "1"),
        ("PATH", "/bin"),
    ]);
    let flags = pairs(&[("server.drain_s", "3")]);
    let config = Config::load(Some(file.path()), env, flags).unwrap();
    assert_eq!(config.server.workers, 3);
    assert_eq!(config.server.keep_alive_s, 8);
    assert_eq!(config.server.drain_s, 3);
}

#[test]
fn texts_become_the_type_of_their_key() {
    let env = pairs(&[
        ("CORRIDOR__SERVER__LISTEN", "[::1]:0"),
        ("CORRIDOR__SERVER__METRICS_LISTEN", "127.0.0.1:9000"),
        ("CORRIDOR__LOG__FORMAT", "json"),
        ("CORRIDOR__DATABASE__URL", "postgres://u:p@h/d"),
        ("CORRIDOR__MAIL__SMTP_USERNAME", "12345"),
        ("CORRIDOR__MAIL__SMTP_PASSWORD", "true"),
    ]);
    let config = Config::load(None, env, []).unwrap();
    assert_eq!(config.server.listen.to_string(), "[::1]:0");
    assert_eq!(config.server.metrics_listen.unwrap().port(), 9000);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.database.url.unwrap().expose(), "postgres://u:p@h/d");
    assert_eq!(config.mail.smtp_username.as_deref(), Some("12345"));
}

#[test]
fn unknown_keys_are_refused_and_the_nearest_is_named() {
    let file = file("[server]\nlistn = \"x\"\n[sever]\nworkers = 1\n");
    let env = pairs(&[("CORRIDOR__MAIL__SMTP_HOTS", "h")]);
    let ConfigError(faults) = Config::load(Some(file.path()), env, []).unwrap_err();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].contains("server.listn; did you mean server.listen?"));
    assert!(faults[1].contains("there is no key sever"));
    assert_eq!(
        faults[2],
        "environment CORRIDOR__MAIL__SMTP_HOTS: there is no key mail.smtp_hots; did you mean mail.smtp_host?"
    );
}

#[test]
fn every_fault_is_named_at_once() {
    let faults = faults(
        &[
            ("CORRIDOR__SERVER__LISTEN", "nowhere"),
            ("CORRIDOR__SERVER__WORKERS", "many"),
            ("CORRIDOR__MAIL__TRANSPORT", "pigeon"),
            ("CORRIDOR__MAIL__SMTP_PORT", "70000"),
            ("CORRIDOR__AUTH__ARGON2_MEMORY_KIB", "64"),
        ],
        &[
            ("server.public_url", "ftp://x"),
            ("links.record", "https://app.example/{kind}"),
            ("links.sign_in", "javascript:alert(1)"),
            ("mail.smtp_username", "me"),
        ],
    );
    for part in [
        "server.listen",
        "server.workers must be of type integer",
        "mail.transport",
        "mail.smtp_port",
        "auth.argon2_memory_kib must be",
        "server.public_url must be",
        "links.record must be",
        "links.sign_in must be",
        "mail.smtp_username and mail.smtp_password",
    ] {
        assert!(
            faults.iter().any(|f| f.contains(part)),
            "{part}: {faults:?}"
        );
    }
    assert_eq!(faults.len(), 9, "{faults:?}");
}

#[test]
fn a_file_that_is_missing_or_not_toml_is_a_fault() {
    let missing = Config::load(Some(Path::new("/nonexistent/c.toml")), [], []).unwrap_err();
    assert!(missing.to_string().contains("/nonexistent/c.toml"));
    let broken = file("[mail]\nsmtp_password = hunter2\n");
    let fault = Config::load(Some(broken.path()), [], []).unwrap_err();
    assert!(fault.to_string().contains("line 2"), "{fault}");
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
    let wrong_type = file("[server]\nworkers = \"2\"\n");
    let fault = Config::load(Some(wrong_type.path()), [], []).unwrap_err();
    assert!(
        fault
            .to_string()
            .contains("server.workers must be of type integer, not string")
    );
}

#[test]
fn secrets_are_never_printed() {
    let key = "k".repeat(44);
    let env = pairs(&[
        ("CORRIDOR__SECRETS__KEY", &key),
        ("CORRIDOR__DATABASE__URL", "postgres://u:hunter2@h/d"),
    ]);
    let config = Config::load(None, env, []).unwrap();
    let printed = format!("{config:?} {}", toml::to_string(&config).unwrap());
    assert!(printed.contains("***"));
    assert!(!printed.contains(&key) && !printed.contains("hunter2"));
    assert_eq!(config.secrets.key.unwrap().expose(), key);
}

#[test]
fn a_short_key_is_refused_without_being_shown() {
    let faults = faults(&[("CORRIDOR__SECRETS__KEY", "hunter2")], &[]);
    assert!(faults[0].starts_with("secrets.key must be 32 bytes in base64"));
    assert!(!faults[0].contains("hunter2"));
}

#[test]
fn the_public_url_follows_the_bound_address_unless_set() {
    let bound = "127.0.0.1:4711".parse().unwrap();
    let config = Config::load(None, [], []).unwrap();
    assert_eq!(config.server.public_url_at(bound), "http://127.0.0.1:4711");
    let flags = pairs(&[("server.public_url", "https://corridor.example")]);
    let config = Config::load(None, [], flags).unwrap();
    assert_eq!(
        config.server.public_url_at(bound),
        "https://corridor.example"
    );
}

#[test]
fn mail_servers_with_settings_of_their_own_come_from_a_file_or_the_environment() {
    let file = file(
        "[mail]\ntransport = \"smtp\"\n[[mail.relays]]\nhost = \"mx1.example\"\nusername = \"me\"\npassword = \"hunter2\"\n[[mail.relays]]\nhost = \"mx2.example\"\nport = 26\n",
    );
    let config = Config::load(Some(file.path()), [], []).unwrap();
    let printed = format!("{config:?} {}", toml::to_string(&config).unwrap());
    assert!(printed.contains("mx2.example") && !printed.contains("hunter2"));
    let servers = config.mail.servers().unwrap();
    let ports: Vec<_> = servers.iter().map(|one| one.port).collect();
    assert_eq!(ports, [587, 26]);
    assert!(servers[0].credentials.is_some() && servers[1].credentials.is_none());
    // A later layer takes the place of the whole list.
    let env = pairs(&[("CORRIDOR__MAIL__RELAYS", "[{ host = \"mx3.example\" }]")]);
    let config = Config::load(Some(file.path()), env, []).unwrap();
    assert_eq!(config.mail.servers().unwrap()[0].host, "mx3.example");
}

#[test]
fn what_is_wrong_with_a_mail_server_is_named_without_its_password() {
    let relays = r#"[
        { host = "mx1.example:25" },
        { host = "mx2.example", username = "me" },
        { host = "mx3.example", security = "none", username = "me", password = "hunter2" },
    ]"#;
    let found = faults(
        &[
            ("CORRIDOR__MAIL__TRANSPORT", "smtp"),
            ("CORRIDOR__MAIL__RELAYS", relays),
        ],
        &[("mail.smtp_host", "mx.example"), ("server.workers", "0")],
    );
    for part in [
        "mail.relays takes the place of mail.smtp_host",
        "mail.relays[0].host must be",
        "mail.relays[1].username and mail.relays[1].password need each other",
        "mail.relays[2].password needs STARTTLS or TLS",
        "server.workers",
    ] {
        assert!(
            found.iter().any(|it| it.contains(part)),
            "{part}: {found:?}"
        );
    }
    assert_eq!(found.len(), 5, "{found:?}");
    for (relays, part) in [
        ("hunter2", "mail.relays must be of type array"),
        ("[{ host = \"a\", hots = \"hunter2\" }]", "mail.relays[0]"),
        (
            "[{ host = \"a\", password = 123456789 }]",
            "mail.relays[0].password: must be of type string",
        ),
        ("[{ port = 25 }]", "missing field `host`"),
    ] {
        let found = faults(&[("CORRIDOR__MAIL__RELAYS", relays)], &[]);
        assert!(found[0].contains(part), "{part}: {found:?}");
        let shown = found.join(" ");
        assert!(
            !shown.contains("hunter2") && !shown.contains("123456789"),
            "{shown}"
        );
    }
    let clear = [
        ("CORRIDOR__MAIL__TRANSPORT", "smtp"),
        ("CORRIDOR__MAIL__SMTP_USERNAME", "me"),
        ("CORRIDOR__MAIL__SMTP_PASSWORD", "hunter2"),
        ("CORRIDOR__MAIL__SMTP_SECURITY", "none"),
        ("CORRIDOR__MAIL__SMTP_HOST", "a, ,b:x"),
    ];
    let found = faults(&clear, &[]);
    assert_eq!(found.len(), 3, "{found:?}");
    let found = faults(&[("CORRIDOR__MAIL__TRANSPORT", "smtp")], &[]);
    assert!(found[0].starts_with("mail.smtp_host or mail.relays is needed"));
}
