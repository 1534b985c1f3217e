//! Signatures as a receiver checks them, from RFC 6376 §6 and RFC 8463 alone:
//! the checker shares no line with the signer and is first held to the message
//! that RFC 8463 publishes with both kinds of signature. What it then checks is
//! what a mail server received over SMTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use corridor::mail::calendar::{Invitation, Method};
use corridor::mail::{DkimKey, DkimKind, Email, Mailbox, MessageId};
use ring::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    UnparsedPublicKey,
};
use sha2::{Digest as _, Sha256};

use super::{email, mailer, settings};
use crate::support::smtp::SmtpServer;

/// RFC 8463, appendix A.3.
const PUBLISHED: &str = "\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";

/// RFC 8463, appendix A.2.
const PUBLISHED_KEYS: [(&str, &str); 2] = [
    (
        "brisbane._domainkey.football.example.com",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    ),
    (
        "test._domainkey.football.example.com",
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
    ),
];

/// What stands in the DNS, by name.
type Records = BTreeMap<String, String>;

/// What became of each signature of a message, in order.
fn verify(message: &str, records: &Records) -> Vec<Result<String, String>> {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let mut fields: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', '\t']) => *field = format!("{field}\r\n{line}"),
            _ => fields.push(line.to_owned()),
        }
    }
    let signatures = fields.iter().filter(|it| name(it) == "dkim-signature");
    signatures
        .map(|signature| holds(signature, &fields, body, records))
        .collect()
}

fn name(field: &str) -> String {
    let (name, _) = field.split_once(':').unwrap();
    name.trim_end().to_ascii_lowercase()
}

/// The tags of a signature or of a record (RFC 6376 §3.2), without white space.
fn tags(text: &str) -> BTreeMap<String, String> {
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    let bare = |text: &str| text.split_ascii_whitespace().collect::<String>();
    tags.map(|(tag, value)| (bare(tag), bare(value))).collect()
}

/// RFC 6376 §3.4.2.
fn relaxed(field: &str) -> String {
    let (_, value) = field.split_once(':').unwrap();
    let words: Vec<_> = value.split_ascii_whitespace().collect();
    format!("{}:{}", name(field), words.join(" "))
}

/// RFC 6376 §3.4.4.
fn relaxed_body(body: &str) -> String {
    let line = |line: &str| {
        let indent = if line.starts_with([' ', '\t']) {
            " "
        } else {
            ""
        };
        let words: Vec<_> = line
            .split([' ', '\t'])
            .filter(|it| !it.is_empty())
            .collect();
        format!("{indent}{}", words.join(" ")).trim_end().to_owned()
    };
    let lines: Vec<String> = body.split("\r\n").map(line).collect();
    let filled = lines.iter().rposition(|line| !line.is_empty());
    let filled = filled.map_or(0, |last| last + 1);
    let ended = |text: String, line: &String| text + line + "\r\n";
    lines[..filled].iter().fold(String::new(), ended)
}

/// One signature: the algorithm it was made by, or what is wrong.
fn holds(
    signature: &str,
    fields: &[String],
    body: &str,
    records: &Records,
) -> Result<String, String> {
    let (_, value) = signature.split_once(':').unwrap();
    let said = tags(value);
    let tag = |name: &str| said.get(name).cloned().ok_or(format!("no {name}="));
    if tag("v")? != "1" || tag("c")? != "relaxed/relaxed" || said.contains_key("l") {
        return Err("not the form that is asked for".to_owned());
    }
    let hash = BASE64.encode(Sha256::digest(relaxed_body(body)));
    if tag("bh")? != hash {
        return Err("the body has changed".to_owned());
    }
    let mut input = String::new();
    let mut left: Vec<&String> = fields.iter().collect();
    for covered in tag("h")?.to_ascii_lowercase().split(':') {
        // From the bottom up; one that isn't there is nothing (§5.4.2).
        if let Some(place) = left.iter().rposition(|field| name(field) == covered) {
            input.push_str(&relaxed(left.remove(place)));
            input.push_str("\r\n");
        }
    }
    let own: Vec<_> = value
        .split(';')
        .map(|tag| match tag.split_once('=') {
            Some((name, _)) if name.trim() == "b" => format!("{name}="),
            _ => tag.to_owned(),
        })
        .collect();
    input.push_str(&relaxed(&format!("dkim-signature:{}", own.join(";"))));
    let signed = BASE64
        .decode(tag("b")?)
        .map_err(|error| error.to_string())?;
    let record = format!("{}._domainkey.{}", tag("s")?, tag("d")?);
    let record = tags(records.get(&record).ok_or("no record")?);
    let key = BASE64
        .decode(&record["p"])
        .map_err(|error| error.to_string())?;
    let algorithm = tag("a")?;
    let checked = match (algorithm.as_str(), record["k"].as_str()) {
        ("ed25519-sha256", "ed25519") => {
            UnparsedPublicKey::new(&ED25519, &key).verify(&Sha256::digest(&input), &signed)
        }
        ("rsa-sha256", "rsa") => {
            let strong = signed.len() >= 256;
            let kind = if strong {
                &RSA_PKCS1_2048_8192_SHA256
            } else {
                // The published example's key is of its time.
                &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            };
            UnparsedPublicKey::new(kind, bare_key(&key)).verify(input.as_bytes(), &signed)
        }
        _ => return Err("another algorithm than the key's".to_owned()),
    };
    checked.map_err(|_| "the headers have changed".to_owned())?;
    Ok(algorithm)
}

/// The key of RFC 8017 in a `SubjectPublicKeyInfo` (RFC 5280 §4.1): a sequence
/// of the algorithm and of a string of bits.
fn bare_key(info: &[u8]) -> Vec<u8> {
    let (whole, _) = der(info);
    let (_, bits) = der(whole);
    let (bits, _) = der(bits);
    bits[1..].to_vec()
}

/// The content of the first value, and what comes after it.
fn der(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, head) = match bytes[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let octets = usize::from(long & 0x7f);
            let length = bytes[2..2 + octets]
                .iter()
                .fold(0, |length, octet| length << 8 | usize::from(*octet));
            (length, 2 + octets)
        }
    };
    (&bytes[head..head + length], &bytes[head + length..])
}

fn both() -> Vec<Result<String, String>> {
    vec![Ok("ed25519-sha256".to_owned()), Ok("rsa-sha256".to_owned())]
}

#[test]
fn the_checker_agrees_with_the_published_example() {
    let records = PUBLISHED_KEYS.map(|(name, record)| (name.to_owned(), record.to_owned()));
    let records = Records::from(records);
    let message = PUBLISHED.replace('\n', "\r\n");
    assert_eq!(verify(&message, &records), both());
    let body = message.replace("hungry", "thirsty");
    assert!(verify(&body, &records).iter().all(Result::is_err));
    let head = message.replace("dinner", "supper");
    assert!(verify(&head, &records).iter().all(Result::is_err));
}

/// A mail with every header that this service sends.
fn full() -> Email {
    let mailbox = |name, address| Mailbox::new(Some(name), address).unwrap();
    let earlier = MessageId::new("0191", "corridor.example").unwrap();
    let plain = email();
    Email {
        cc: vec![mailbox("Noa Barak", "noa@corridor.example")],
        reply_to: plain.to.clone(),
        in_reply_to: Some(earlier.clone()),
        references: vec![earlier],
        unsubscribe: Some("https://corridor.example/unsubscribe/AZMp".to_owned()),
        invitation: Some(Invitation {
            method: Method::Request,
            uid: "introduction-0192@corridor.example".to_owned(),
            sequence: 0,
            stamp: plain.date,
            starts_at: plain.date,
            ends_at: plain.date,
            summary: "Təmas".to_owned(),
            description: "שיחה".to_owned(),
            organizer: plain.from.clone(),
            attendees: plain.to.clone(),
        }),
        ..plain
    }
}

#[tokio::test]
async fn what_a_server_received_is_as_it_was_signed_and_no_other_mail_is() {
    let keys = [("one", DkimKind::Ed25519), ("two", DkimKind::Rsa)].map(|(selector, kind)| {
        let pkcs8 = DkimKey::generate(kind).unwrap();
        Arc::new(DkimKey::new("corridor.example", selector, &pkcs8).unwrap())
    });
    let records: Records = keys
        .iter()
        .map(|key| (key.record_name(), key.record()))
        .collect();
    let server = SmtpServer::start().await;
    let mailer = mailer(settings(&server));
    for email in [full(), email()] {
        mailer.send_signed(&email, &keys).await.unwrap();
    }
    let received: Vec<String> = server
        .received()
        .into_iter()
        .map(|mail| String::from_utf8(mail.content).unwrap())
        .collect();
    for message in &received {
        assert_eq!(verify(message, &records), both(), "{message}");
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        let changed = |message: &str| verify(message, &records);
        // A blank at the end of a line is none of the relaxed form's business.
        let blank = format!("{head}\r\n\r\n{}", body.replacen("\r\n", " \r\n", 1));
        assert_eq!(changed(&blank), both());
        let longer = format!("{message}Call +972 3 555 0000.\r\n");
        assert!(changed(&longer).iter().all(Result::is_err));
        // None may be put on top that a reader would see instead.
        for added in [
            "From: Bank <bank@else.example>",
            "To: somebody@else.example",
            "Cc: somebody@else.example",
            "Reply-To: somebody@else.example",
            "Subject: Pay now",
            "Date: Fri, 11 Jul 2003 21:00:37 -0700",
            "List-Unsubscribe: <https://else.example/>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            let forged = format!("{added}\r\n{message}");
            assert!(changed(&forged).iter().all(Result::is_err), "{added}");
        }
    }
    // Nor may any that is there be changed or left out.
    let (head, body) = received[0].split_once("\r\n\r\n").unwrap();
    for field in [
        "From:",
        "To:",
        "Cc:",
        "Reply-To:",
        "Subject:",
        "Date:",
        "Message-ID:",
        "In-Reply-To:",
        "References:",
        "MIME-Version:",
        "Content-Type:",
        "Auto-Submitted:",
        "List-Unsubscribe:",
        "List-Unsubscribe-Post:",
    ] {
        let start = format!("\r\n{field} ");
        assert_eq!(head.matches(&start).count(), 1, "{field} in {head}");
        let other = head.replacen(&start, &format!("{start}x"), 1);
        let gone = head.replacen(&start, "\r\nX-Other: ", 1);
        for head in [other, gone] {
            let forged = format!("{head}\r\n\r\n{body}");
            let found = verify(&forged, &records);
            assert!(
                found.len() == 2 && found.iter().all(Result::is_err),
                "{field}"
            );
        }
    }
}
