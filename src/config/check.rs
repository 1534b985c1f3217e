//! What types can't say about settings: ranges, and keys that need one another.

use super::Config;

/// Longest part before the @ of the address that mail comes back to: the
/// token's 43 characters go there too, and 64 is all there may be (RFC 5321
/// §4.5.3.1.1).
const RETURN_LOCAL_MAX: usize = 21;

impl Config {
    /// Notes every setting that is out of range or contradicts another.
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let mut require = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        let server = &self.server;
        require(
            (1..=256).contains(&server.workers),
            "server.workers must be 1–256",
        );
        require(
            (1024..=1 << 30).contains(&server.max_body_bytes),
            "server.max_body_bytes must be 1 KiB–1 GiB",
        );
        require(
            (1..=100).contains(&server.max_json_depth),
            "server.max_json_depth must be 1–100",
        );
        for (key, seconds) in [
            ("header_timeout_s", server.header_timeout_s),
            ("body_timeout_s", server.body_timeout_s),
            ("request_timeout_s", server.request_timeout_s),
            ("keep_alive_s", server.keep_alive_s),
        ] {
            require(
                (1..=3600).contains(&seconds),
                &format!("server.{key} must be 1–3600"),
            );
        }
        require(server.drain_s <= 3600, "server.drain_s must be 0–3600");
        require(
            server.body_timeout_s <= server.request_timeout_s,
            "server.body_timeout_s must not exceed server.request_timeout_s",
        );
        if let Some(url) = &server.public_url {
            require(
                is_base_url(url),
                "server.public_url must be http(s)://host without query, fragment or a slash at the end",
            );
        }
        self.check_store(&mut require);
        self.check_auth(&mut require);
        self.check_mail(&mut require);
        self.check_links(&mut require);
    }

    fn check_store(&self, require: &mut impl FnMut(bool, &str)) {
        require(
            (1..=256).contains(&self.database.readers),
            "database.readers must be 1–256",
        );
        require(
            (2..=1_000).contains(&self.database.connections),
            "database.connections must be 2–1000",
        );
        require(
            (1..=1_000_000).contains(&self.database.write_queue),
            "database.write_queue must be 1–1000000",
        );
        require(
            !self.data.dir.as_os_str().is_empty(),
            "data.dir must not be empty",
        );
        let exchange = &self.exchange;
        require(
            (1024..=1 << 34).contains(&exchange.max_upload_bytes),
            "exchange.max_upload_bytes must be 1 KiB–16 GiB",
        );
        require(
            (1..=86_400).contains(&exchange.upload_timeout_s),
            "exchange.upload_timeout_s must be 1–86400",
        );
        require(
            (1..=3_600).contains(&exchange.lease_s),
            "exchange.lease_s must be 1–3600",
        );
        require(
            (60..=2_592_000).contains(&exchange.fetch_s),
            "exchange.fetch_s must be 60–2592000",
        );
        let documents = &self.documents;
        require(
            (1024..=1 << 30).contains(&documents.max_bytes),
            "documents.max_bytes must be 1 KiB–1 GiB",
        );
        require(
            (1..=86_400).contains(&documents.upload_timeout_s),
            "documents.upload_timeout_s must be 1–86400",
        );
        require(
            i64::try_from(documents.max_bytes).is_ok_and(|most| documents.quota_bytes >= most),
            "documents.quota_bytes must be at least documents.max_bytes",
        );
        require(
            (1..=365).contains(&self.reviews.working_days),
            "reviews.working_days must be 1–365",
        );
        require(
            (1..=365).contains(&self.introductions.ask_working_days),
            "introductions.ask_working_days must be 1–365",
        );
        require(
            (1..=10_000).contains(&self.introductions.open_requests),
            "introductions.open_requests must be 1–10000",
        );
        require(
            (1..=10_000).contains(&self.introductions.weekly_requests),
            "introductions.weekly_requests must be 1–10000",
        );
        require(
            self.introductions.cool_down_days <= 3650,
            "introductions.cool_down_days must be 0–3650",
        );
        require(
            self.introductions.ask_again_days <= 365,
            "introductions.ask_again_days must be 0–365",
        );
    }

    fn check_auth(&self, require: &mut impl FnMut(bool, &str)) {
        let auth = &self.auth;
        require(
            (60..=86_400).contains(&auth.access_token_s),
            "auth.access_token_s must be 60–86400",
        );
        require(
            (auth.access_token_s..=31_536_000).contains(&auth.refresh_token_s),
            "auth.refresh_token_s must be from auth.access_token_s to 31536000",
        );
        require(
            (auth.refresh_token_s..=31_536_000).contains(&auth.session_s),
            "auth.session_s must be from auth.refresh_token_s to 31536000",
        );
        require(auth.leeway_s <= 30, "auth.leeway_s must be 0–30");
        require(
            (19_456..=4_194_304).contains(&auth.argon2_memory_kib),
            "auth.argon2_memory_kib must be 19456–4194304",
        );
        require(
            (2..=64).contains(&auth.argon2_iterations),
            "auth.argon2_iterations must be 2–64",
        );
        require(
            (1..=64).contains(&auth.argon2_parallelism),
            "auth.argon2_parallelism must be 1–64",
        );
        require(
            (1..=256).contains(&auth.login_concurrency),
            "auth.login_concurrency must be 1–256",
        );
        let limits = &self.limits;
        for (key, rate) in [
            ("principal", limits.principal_per_minute),
            ("address", limits.address_per_minute),
            ("sign_in", limits.sign_in_per_minute),
            ("registration", limits.registration_per_minute),
            ("reset", limits.reset_per_minute),
            ("token", limits.token_per_minute),
            ("link", limits.link_per_minute),
        ] {
            require(
                rate <= 10_000_000,
                &format!("limits.{key}_per_minute must be 0–10000000"),
            );
        }
        if let Some(key) = &self.secrets.key {
            require(
                key.expose().trim().len() == 44,
                "secrets.key must be 32 bytes in base64 (44 characters), for example from `openssl rand -base64 32`",
            );
        }
    }

    fn check_links(&self, require: &mut impl FnMut(bool, &str)) {
        let links = &self.links;
        if let Some(record) = &links.record {
            let named =
                record.matches("{kind}").count() == 1 && record.matches("{id}").count() == 1;
            let bare = record.replace("{kind}", "deals").replace("{id}", "0");
            require(
                named && is_page(&bare),
                "links.record must be http(s)://host… with {kind} and {id} in it, each once, and no other braces",
            );
        }
        for (key, address) in [("worklist", &links.worklist), ("sign_in", &links.sign_in)] {
            require(
                address.as_deref().is_none_or(is_page),
                &format!("links.{key} must be http(s)://host…"),
            );
        }
    }

    fn check_mail(&self, require: &mut impl FnMut(bool, &str)) {
        let mail = &self.mail;
        for fault in mail.servers().err().unwrap_or_default() {
            require(false, &fault);
        }
        require(
            mail.from.contains('@') && !mail.from.contains(char::is_whitespace),
            "mail.from must be an e-mail address",
        );
        let back = mail.bounces.as_deref().unwrap_or(&mail.from);
        let local = back.rsplit_once('@').map_or("", |(local, _)| local);
        require(
            (1..=RETURN_LOCAL_MAX).contains(&local.len()) && !back.contains(char::is_whitespace),
            "mail.bounces, or mail.from where it is not set, must be an e-mail address with at most 21 characters before the @: 43 more are put there, and 64 is all there may be",
        );
        require(
            (1..=100).contains(&mail.soft_bounces),
            "mail.soft_bounces must be 1–100",
        );
        require(
            (1..=365).contains(&mail.soft_bounce_days),
            "mail.soft_bounce_days must be 1–365",
        );
        require(
            (1..=365).contains(&mail.bodies_kept_days),
            "mail.bodies_kept_days must be 1–365",
        );
        require(
            (30..=3650).contains(&mail.bounces_kept_days),
            "mail.bounces_kept_days must be 30–3650",
        );
        require(
            !mail.from_name.contains(char::is_control),
            "mail.from_name must not hold control characters",
        );
        require(
            (1..=64).contains(&mail.pool_size),
            "mail.pool_size must be 1–64",
        );
        require(
            (1..=600).contains(&mail.timeout_s),
            "mail.timeout_s must be 1–600",
        );
        require(
            (1..=3_600).contains(&mail.command_timeout_s),
            "mail.command_timeout_s must be 1–3600",
        );
        require(
            (1..=3_600).contains(&mail.content_timeout_s),
            "mail.content_timeout_s must be 1–3600",
        );
        let outbox = &self.outbox;
        require(
            (1..=64).contains(&outbox.workers),
            "outbox.workers must be 1–64",
        );
        require(
            (3..=3_600).contains(&outbox.lease_s),
            "outbox.lease_s must be 3–3600",
        );
        require(
            (1..=64).contains(&outbox.at_once),
            "outbox.at_once must be 1–64",
        );
        require(
            (1..=100).contains(&outbox.most_doubts),
            "outbox.most_doubts must be 1–100",
        );
        require(
            (1..=1000).contains(&outbox.batch),
            "outbox.batch must be 1–1000",
        );
        require(
            (1..=100).contains(&outbox.max_attempts),
            "outbox.max_attempts must be 1–100",
        );
        require(
            outbox.quick_attempts <= 10,
            "outbox.quick_attempts must be 0–10",
        );
        require(
            (1..=outbox.backoff_cap_s).contains(&outbox.slow_base_s),
            "outbox.slow_base_s must be at least 1 and not exceed outbox.backoff_cap_s",
        );
        require(
            (1..=64).contains(&outbox.per_domain),
            "outbox.per_domain must be 1–64",
        );
        require(
            (1..=86_400).contains(&mail.smtp_aside_s),
            "mail.smtp_aside_s must be 1–86400",
        );
        require(
            (1..=outbox.backoff_cap_s).contains(&outbox.backoff_base_s),
            "outbox.backoff_base_s must be at least 1 and not exceed outbox.backoff_cap_s",
        );
    }
}

/// Whether a browser can open it; it may have a query and a fragment.
fn is_page(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
            && rest.chars().all(|c| c.is_ascii_graphic())
            && !rest.contains(['@', '"', '<', '>', '\\', '{', '}'])
    })
}

/// Whether `url` can stand before `/v1/…`; also what RFC 8414 §2 asks of an
/// issuer, except that `http` is let through for people who try the program.
fn is_base_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.ends_with('/')
            && !rest.contains(['?', '#', '@', '"', '<', '>', '\\'])
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}
