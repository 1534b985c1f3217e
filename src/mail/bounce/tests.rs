//! Notices as mail systems really write them.

use proptest::prelude::*;

use super::*;
use crate::domain::bounce::BounceKind;

const TO: &str = "bounces+token@corridor.example";

/// As Postfix writes one.
fn postfix(per_recipient: &str) -> String {
    format!(
        "Return-Path: <>\r\nX-Original-To: {TO}\r\nDelivered-To: corridor@corridor.example\r\n\
         Date: Tue, 24 Nov 2026 12:00:00 +0000 (UTC)\r\n\
         From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nTo: {TO}\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"A1/mx.example\"\r\n\
         Message-Id: <20261124120000.A1@mx.example>\r\n\r\n\
         --A1/mx.example\r\nContent-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         I'm sorry to have to inform you that your message could not be delivered.\r\n\r\n\
         --A1/mx.example\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example\r\nX-Postfix-Queue-ID: A1\r\n\
         Arrival-Date: Tue, 24 Nov 2026 11:59:00 +0000 (UTC)\r\n\r\n\
         {per_recipient}\r\n\
         --A1/mx.example\r\nContent-Description: Undelivered Message\r\nContent-Type: message/rfc822\r\n\r\n\
         From: intro@corridor.example\r\nTo: dana@tamar.example\r\nSubject: An introduction\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n\
         Final-Recipient: rfc822; victim@other.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n\
         --A1/mx.example--\r\n"
    )
}

fn only(raw: &str) -> Delivery {
    let mut deliveries = read(raw.as_bytes()).deliveries;
    assert_eq!(deliveries.len(), 1, "{deliveries:?}");
    deliveries.remove(0)
}

fn emails(of: &Delivery) -> Vec<&str> {
    of.addresses.iter().map(Email::as_str).collect()
}

#[test]
fn a_report_of_postfix_is_read_and_the_letter_it_returns_is_not() {
    let raw = postfix(
        "Final-Recipient: rfc822; dana@new.example\r\nOriginal-Recipient: rfc822;dana@tamar.example\r\n\
         Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.tamar.example\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <dana@tamar.example>: Recipient address\r\n    rejected: User unknown\r\n",
    );
    let notice = read(raw.as_bytes());
    assert_eq!(notice.returned_to.first().map(String::as_str), Some(TO));
    let found = only(&raw);
    assert_eq!(emails(&found), ["dana@new.example", "dana@tamar.example"]);
    assert_eq!((found.kind, found.is_final), (Some(BounceKind::Hard), true));
    assert_eq!(found.status.unwrap().to_string(), "5.1.1");
    let said = found.diagnostic.unwrap();
    assert!(
        said.ends_with("Recipient address rejected: User unknown"),
        "{said}"
    );
}

#[test]
fn a_report_inside_multipart_mixed_is_found() {
    // As OpenSMTPD 6.8 writes one.
    let raw = format!(
        "Delivered-To: {TO}\nSubject: Delivery status notification: error\n\
         From: Mailer Daemon <MAILER-DAEMON@mx.example>\nTo: {TO}\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed;boundary=\"9/mx\"\nMessage-ID: <1@mx.example>\n\n\
         This is a MIME-encapsulated message.\n\n--9/mx\nContent-Description: Notification\n\
         Content-Type: text/plain; charset=us-ascii\n\n    Hi!\n\n--9/mx\n\
         Content-Description: Delivery Report\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; dana@tamar.example\n\
         Action: failed\nStatus: 5.0.0\n\n--9/mx\nContent-Description: Message headers\n\
         Content-Type: text/rfc822-headers\n\nSubject: An introduction\n\n--9/mx--\n"
    );
    let found = only(&raw);
    assert_eq!(emails(&found), ["dana@tamar.example"]);
    assert_eq!(found.kind, Some(BounceKind::Hard));
}

#[test]
fn a_delay_and_each_of_several_recipients_are_told_apart() {
    use BounceKind::{Hard, Soft};

    let raw = postfix(
        "Final-Recipient: rfc822; dana@tamar.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
         Will-Retry-Until: Sun, 29 Nov 2026 12:00:00 +0000 (UTC)\r\n\r\n\
         Final-Recipient: rfc822; gul@khazar.example\r\nAction: Failed (permanently)\r\n\
         Status: 5.1.10 (no such mailbox)\r\n\r\n\
         Final-Recipient: x-local; root\r\nAction: delivered\r\nStatus: 2.0.0\r\n",
    );
    let found = read(raw.as_bytes()).deliveries;
    let kinds: Vec<_> = found.iter().map(|it| (it.kind, it.is_final)).collect();
    assert_eq!(
        kinds,
        [(Some(Soft), false), (Some(Hard), true), (None, false)]
    );
    assert!(found[2].addresses.is_empty());
}

#[test]
fn an_automatic_answer_and_a_letter_are_no_notices() {
    for header in [
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: bulk\r\n",
        "",
    ] {
        let raw = format!(
            "From: dana@tamar.example\r\nTo: {TO}\r\nSubject: Away\r\n{header}\r\n\
             Final-Recipient: rfc822; dana@tamar.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        );
        let notice = read(raw.as_bytes());
        assert!(notice.deliveries.is_empty());
        assert_eq!(notice.returned_to, [TO]);
    }
}

#[test]
fn a_notice_that_was_cut_off_is_read_as_far_as_it_goes() {
    let raw = postfix(
        "Final-Recipient: rfc822; dana@tamar.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    );
    let end = raw
        .find("--A1/mx.example\r\nContent-Description: Undelivered")
        .unwrap();
    assert_eq!(only(&raw[..end]).kind, Some(BounceKind::Hard));
    let huge = format!("{}{}", &raw[..raw.len() - 18], "x".repeat(2 * MOST_BYTES));
    assert_eq!(only(&huge).kind, Some(BounceKind::Hard));
}

#[test]
fn the_same_notice_is_known_again_and_another_is_another() {
    let raw =
        postfix("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n");
    let moved = format!("Received: by filter.example\r\n{raw}");
    let other = raw.replace("A1@mx.example", "A2@mx.example");
    let name = |raw: &str| read(raw.as_bytes()).fingerprint(Some(0));
    assert_eq!(name(&raw), name(&moved));
    assert_ne!(name(&raw), name(&other));
    assert_ne!(name(&raw), read(raw.as_bytes()).fingerprint(Some(1)));
    assert_ne!(name("x"), name("y"));
}

proptest! {
    #[test]
    fn whatever_comes_is_read_without_a_panic(raw in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        read(&raw);
    }

    #[test]
    fn a_damaged_report_is_read_without_a_panic(at in 0..1_800_usize, with: u8) {
        let mut raw = postfix("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n").into_bytes();
        if let Some(byte) = raw.get_mut(at) {
            *byte = with;
        }
        read(&raw);
    }
}
