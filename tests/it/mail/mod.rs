//! The mailer against a mail server that speaks the real protocol and fails
//! in every way servers do.

mod dkim;
mod injection;

use std::time::{Duration, Instant};

use chrono::{TimeZone as _, Utc};
use corridor::mail::{
    Credentials, Email, Mailbox, Mailer, MessageId, Security, SendError, Smtp, SmtpSettings,
    Timeouts,
};

use crate::support::smtp::{AUTHORITY, Fault, Protection, SmtpServer};

/// Long enough never to be reached by a server that answers.
const PATIENT: Timeouts = Timeouts {
    connect: Duration::from_mins(1),
    command: Duration::from_mins(1),
    content: Duration::from_mins(1),
};

fn settings(server: &SmtpServer) -> SmtpSettings {
    SmtpSettings {
        timeouts: PATIENT,
        helo: Some("corridor.example".to_owned()),
        ..SmtpSettings::new("127.0.0.1", server.address.port(), Security::None)
    }
}

fn encrypted_settings(server: &SmtpServer, security: Security) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        security,
        authority: Some(AUTHORITY.to_owned()),
        ..settings(server)
    }
}

fn mailer(settings: SmtpSettings) -> Mailer {
    Mailer::Smtp(Smtp::new(settings).unwrap())
}

fn email() -> Email {
    Email {
        message_id: MessageId::new("0192", "corridor.example").unwrap(),
        date: Utc.with_ymd_and_hms(2026, 11, 24, 9, 30, 0).unwrap(),
        from: Mailbox::new(Some("Corridor"), "intro@corridor.example").unwrap(),
        to: vec![
            Mailbox::new(Some("Dana Levi"), "dana@startup.example").unwrap(),
            Mailbox::new(Some("Aysel Məmmədova"), "aysel@investor.example").unwrap(),
        ],
        reply_to: vec![],
        subject: "שלום, Salam, Привет".to_owned(),
        text: ".\n..\n.a line that begins with a dot\nשלום\nthe end\n".to_owned(),
        html: "<p>.</p>\n".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        cc: vec![],
        only_to: None,
        return_path: None,
        invitation: None,
        unsubscribe: None,
    }
}

/// Sends once into the fault, then once more, which must succeed.
async fn fail_then_recover(fault: Fault) -> (SendError, SmtpServer) {
    let server = SmtpServer::start().await;
    let mailer = mailer(settings(&server));
    server.fail(fault);
    let error = mailer.send(&email()).await.unwrap_err();
    mailer.send(&email()).await.unwrap();
    (error, server)
}

fn transient(code: Option<u16>) -> impl Fn(&SendError) -> bool {
    move |error| matches!(error, SendError::Transient { code: found, .. } if *found == code)
}

fn no_service(code: Option<u16>) -> impl Fn(&SendError) -> bool {
    move |error| matches!(error, SendError::NoService { code: found, .. } if *found == code)
}

fn unwanted(code: u16) -> impl Fn(&SendError) -> bool {
    move |error| matches!(error, SendError::Unwanted { code: found, .. } if *found == code)
}

fn permanent(code: u16) -> impl Fn(&SendError) -> bool {
    move |error| matches!(error, SendError::Permanent { code: Some(found), .. } if *found == code)
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte() {
    let server = SmtpServer::start().await;
    let receipt = mailer(settings(&server)).send(&email()).await.unwrap();
    assert_eq!(receipt.reply, "accepted as 1");
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].from, "<intro@corridor.example>");
    assert_eq!(
        received[0].to,
        ["<dana@startup.example>", "<aysel@investor.example>"]
    );
    assert_eq!(received[0].content, email().to_bytes().unwrap());
}

#[tokio::test]
async fn an_address_beyond_ascii_is_announced() {
    let server = SmtpServer::start().await;
    let email = Email {
        to: vec![Mailbox::new(None, "почта@example.org").unwrap()],
        ..email()
    };
    mailer(settings(&server)).send(&email).await.unwrap();
    let received = &server.received()[0];
    assert_eq!(received.from, "<intro@corridor.example> SMTPUTF8");
    assert_eq!(received.to, ["<почта@example.org>"]);
}

#[tokio::test]
async fn a_hundred_messages_use_one_connection() {
    let server = SmtpServer::start().await;
    let mailer = mailer(settings(&server));
    for _ in 0..100 {
        mailer.send(&email()).await.unwrap();
    }
    assert_eq!(server.received().len(), 100);
    assert_eq!(server.connections(), 1);
}

/// With Nagle's algorithm on, each message waits 40 ms for the server's delayed
/// acknowledgement: a hundred took 4.4 s, and 0.03 s without.
#[tokio::test]
async fn no_message_waits_for_a_delayed_acknowledgement() {
    let server = SmtpServer::start().await;
    let mailer = mailer(settings(&server));
    let started = Instant::now();
    for _ in 0..100 {
        mailer.send(&email()).await.unwrap();
    }
    let taken = started.elapsed();
    assert!(taken < Duration::from_secs(3), "{taken:?}");
}

#[tokio::test]
async fn no_more_connections_are_opened_than_allowed() {
    let server = SmtpServer::start().await;
    let mailer = mailer(SmtpSettings {
        connections: 3,
        ..settings(&server)
    });
    let sending: Vec<_> = (0..30)
        .map(|_| {
            let mailer = mailer.clone();
            tokio::spawn(async move { mailer.send(&email()).await })
        })
        .collect();
    for sent in sending {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(server.received().len(), 30);
    assert!(server.connections() <= 3, "{}", server.connections());
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_not_used_again() {
    let server = SmtpServer::start().await;
    let mailer = mailer(SmtpSettings {
        idle: Duration::ZERO,
        ..settings(&server)
    });
    mailer.send(&email()).await.unwrap();
    mailer.send(&email()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_refusal_for_now_is_transient_and_keeps_the_connection() {
    for fault in [
        Fault::Mail("451 busy"),
        Fault::Recipient("450 greylisted"),
        Fault::Data("452 full"),
        Fault::Content("451 later"),
    ] {
        let (error, server) = fail_then_recover(fault).await;
        let code = match fault {
            Fault::Recipient(_) => 450,
            Fault::Data(_) => 452,
            _ => 451,
        };
        assert!(transient(Some(code))(&error), "{fault:?}: {error:?}");
        assert_eq!(server.connections(), 1, "{fault:?}");
        assert_eq!(server.received().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_permanent_and_keeps_the_connection() {
    for fault in [
        Fault::Mail("552 5.3.4 too large"),
        Fault::Recipient("550 no such user"),
        Fault::Data("554 no"),
        Fault::Content("554 looks like spam"),
    ] {
        let (error, server) = fail_then_recover(fault).await;
        let code = match fault {
            Fault::Mail(_) => 552,
            Fault::Recipient(_) => 550,
            _ => 554,
        };
        assert!(permanent(code)(&error), "{fault:?}: {error:?}");
        assert_eq!(server.connections(), 1, "{fault:?}");
        assert_eq!(server.received().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_want_our_sender_says_nothing_about_the_message() {
    let (error, server) = fail_then_recover(Fault::Mail("550 5.7.1 not you")).await;
    assert!(no_service(Some(550))(&error), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_policy_on_what_was_sent_is_no_verdict_on_the_mail() {
    let (error, _server) = fail_then_recover(Fault::Content("550 5.7.26 not aligned")).await;
    assert!(unwanted(550)(&error), "{error:?}");
}

#[tokio::test]
async fn what_a_server_holds_against_us_or_a_full_mailbox_is_not_held_against_the_reader() {
    for answer in [
        "550 5.7.1 client host blocked",
        "554 Relay access denied",
        "530 authenticate first",
    ] {
        let (error, _server) = fail_then_recover(Fault::Recipient(answer)).await;
        let code = answer[..3].parse().unwrap();
        assert!(unwanted(code)(&error), "{answer}: {error:?}");
    }
    let full = Fault::Recipient("552 5.2.2 mailbox full");
    let (error, _server) = fail_then_recover(full).await;
    assert!(transient(Some(552))(&error), "{error:?}");
}

#[tokio::test]
async fn the_servers_words_are_kept() {
    let (error, _server) = fail_then_recover(Fault::Recipient("550 5.1.1 no such user")).await;
    let SendError::NoSuchReader { text, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(text, "5.1.1 no such user");
}

#[tokio::test]
async fn one_refused_recipient_of_two_refuses_the_message() {
    let (_, server) = fail_then_recover(Fault::Recipient("550 no such user")).await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to.len(), 2, "the second attempt reached both");
}

#[tokio::test]
async fn a_server_that_closes_shop_is_left() {
    let (error, server) = fail_then_recover(Fault::Recipient("421 closing")).await;
    assert!(transient(Some(421))(&error), "{error:?}");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_server_that_refuses_to_talk_says_nothing_about_the_message() {
    let (error, server) = fail_then_recover(Fault::Greeting("554 go away")).await;
    assert!(no_service(None)(&error), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_before_the_content_is_transient() {
    let (error, server) = fail_then_recover(Fault::DropAtRecipient).await;
    assert!(transient(None)(&error), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_connection_lost_in_the_content_is_ambiguous() {
    let (error, server) = fail_then_recover(Fault::DropInContent).await;
    assert!(matches!(error, SendError::Ambiguous { .. }), "{error:?}");
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_ambiguous_and_both_copies_bear_the_same_id() {
    let (error, server) = fail_then_recover(Fault::DropBeforeAnswer).await;
    assert!(matches!(error, SendError::Ambiguous { .. }), "{error:?}");
    let received = server.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].content, received[1].content);
}

#[tokio::test]
async fn a_server_that_hung_up_meanwhile_is_called_again_without_a_failure() {
    let server = SmtpServer::start().await;
    let mailer = mailer(settings(&server));
    server.fail(Fault::DropAfterAnswer);
    mailer.send(&email()).await.unwrap();
    mailer.send(&email()).await.unwrap();
    assert_eq!(server.received().len(), 2);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_transient_and_stops_nobody_from_starting() {
    // Bound but not listening: nobody else can take the port, nobody answers.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let settings = SmtpSettings {
        timeouts: PATIENT,
        ..SmtpSettings::new("127.0.0.1", port, Security::None)
    };
    let error = mailer(settings).send(&email()).await.unwrap_err();
    assert!(no_service(None)(&error), "{error:?}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    let short = Duration::from_millis(50);
    for (fault, timeouts, ambiguous) in [
        (
            Fault::SilentGreeting,
            Timeouts {
                connect: short,
                ..PATIENT
            },
            false,
        ),
        (
            Fault::SilentRecipient,
            Timeouts {
                command: short,
                ..PATIENT
            },
            false,
        ),
        (
            Fault::SilentContent,
            Timeouts {
                content: short,
                ..PATIENT
            },
            true,
        ),
    ] {
        let server = SmtpServer::start().await;
        let mailer = mailer(SmtpSettings {
            timeouts,
            ..settings(&server)
        });
        server.fail(fault);
        let started = Instant::now();
        let error = mailer.send(&email()).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(30), "{fault:?}");
        assert_eq!(
            matches!(error, SendError::Ambiguous { .. }),
            ambiguous,
            "{fault:?}: {error:?}"
        );
        assert!(
            ambiguous || transient(None)(&error) || no_service(None)(&error),
            "{fault:?}: {error:?}"
        );
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn mail_goes_encrypted_and_signed_in() {
    for (security, protection) in [
        (Security::StartTls, Protection::StartTls),
        (Security::Tls, Protection::Tls),
    ] {
        let server = SmtpServer::start_with(protection).await;
        let mut settings = encrypted_settings(&server, security);
        settings.credentials = Some(Credentials {
            username: "corridor".to_owned(),
            password: "hunter2".to_owned(),
        });
        let mailer = mailer(settings);
        mailer.send(&email()).await.unwrap();
        mailer.send(&email()).await.unwrap();
        assert_eq!(server.connections(), 1, "{security:?}");
        for received in server.received() {
            assert!(received.encrypted, "{security:?}");
            // Base64 of NUL corridor NUL hunter2 (RFC 4616).
            assert_eq!(
                received.signed_in.as_deref(),
                Some("AGNvcnJpZG9yAGh1bnRlcjI=")
            );
            assert_eq!(received.content, email().to_bytes().unwrap());
        }
    }
}

#[tokio::test]
async fn a_server_without_the_promised_protection_gets_no_mail() {
    let server = SmtpServer::start().await;
    let stripped = mailer(encrypted_settings(&server, Security::StartTls));
    let error = stripped.send(&email()).await.unwrap_err();
    assert!(no_service(None)(&error), "{error:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_certificate_of_a_stranger_gets_no_mail() {
    for (security, protection) in [
        (Security::StartTls, Protection::StartTls),
        (Security::Tls, Protection::Tls),
    ] {
        let server = SmtpServer::start_with(protection).await;
        let mut settings = encrypted_settings(&server, security);
        settings.authority = None;
        let error = mailer(settings).send(&email()).await.unwrap_err();
        assert!(no_service(None)(&error), "{security:?}: {error:?}");
        assert!(server.received().is_empty(), "{security:?}");
    }
}
