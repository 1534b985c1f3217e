//! `corridor bounces`: the mailbox that undelivered mail comes back to, read
//! beside a server that has sent over real SMTP.

use std::fs;
use std::path::Path;

use corridor::db::outbox::State;
use corridor::domain::ids::OutboxId;

use crate::cli::{message, over_smtp, queue_mail, serve, settled, until};
use crate::delivery::bounces::notice;
use crate::support::database::on_runtime;
use crate::support::program::{Ended, corridor, run};
use crate::support::smtp::SmtpServer;

/// Sends one mail; answers where it comes back to.
fn sent(data: &Path, id: OutboxId) -> String {
    on_runtime(async {
        let smtp = SmtpServer::start().await;
        let mut command = corridor(data);
        let server = serve(over_smtp(&mut command, smtp.address.port()));
        server.address();
        until("it is sent", || message(data, id).state == State::Done);
        let from = smtp.received()[0].from.clone();
        from.trim_matches(['<', '>']).to_owned()
    })
}

fn bounces(data: &Path, arguments: &[&str]) -> Ended {
    let mut command = corridor(data);
    run(command.arg("bounces"), arguments)
}

fn names(directory: &Path) -> Vec<String> {
    let list = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = list
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const ABOUT: &[(&str, &str, &str)] = &[("noa@corridor.example", "failed", "5.1.1")];

#[test]
fn a_maildir_is_read_once_and_moves_to_what_was_seen() {
    let data = settled();
    let id = queue_mail(data.path());
    let returned_to = sent(data.path(), id);
    let mailbox = data.path().join("back");
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(mailbox.join(part)).unwrap();
    }
    let away = format!(
        "From: noa@corridor.example\nTo: {returned_to}\nAuto-Submitted: auto-replied\n\nAway.\n"
    );
    let stranger = notice(2, "corridor+aaaa@localhost", ABOUT);
    for (name, content) in [
        ("1.a", notice(1, &returned_to, ABOUT)),
        ("2.a", stranger),
        ("3.a", away),
        ("4.a", notice(1, &returned_to, ABOUT)),
    ] {
        fs::write(mailbox.join("new").join(name), content).unwrap();
    }
    let path = mailbox.to_str().unwrap();
    let said = bounces(data.path(), &[path, "--limit", "3"]).ok();
    assert!(
        said.starts_with("3 messages read: 1 suppressed, 1 ignored, 1 forged\n"),
        "{said}"
    );
    assert_eq!(names(&mailbox.join("new")), ["4.a"]);
    assert_eq!(
        names(&mailbox.join("cur")),
        ["1.a:2,S", "2.a:2,S", "3.a:2,S"]
    );
    let said = bounces(data.path(), &[path]).ok();
    assert_eq!(said, "1 messages read: 1 on record already\n");
    let said = bounces(data.path(), &[path, "--all"]).ok();
    assert_eq!(said, "4 messages read: 4 on record already\n");
    assert!(message(data.path(), id).bounced_at.is_some());
    let doctor = run(&mut corridor(data.path()), &["doctor"]).ok();
    assert!(
        doctor.contains("in 30 days: 1 forged, 1 ignored, 1 suppressed"),
        "{doctor}"
    );
}

#[test]
fn an_mbox_is_read_and_read_again() {
    let data = settled();
    let id = queue_mail(data.path());
    let returned_to = sent(data.path(), id);
    let file = data.path().join("back.mbox");
    let letter = |number| {
        let to = if number == 60 {
            returned_to.as_str()
        } else {
            "corridor@localhost"
        };
        let letter = notice(number, to, ABOUT);
        format!("From MAILER-DAEMON Tue Nov 24 12:00:00 2026\n{letter}\n")
    };
    let letters = (0..120).map(letter).collect::<Vec<_>>().concat();
    fs::write(&file, letters).unwrap();
    let path = file.to_str().unwrap();
    let said = bounces(data.path(), &[path]).ok();
    assert_eq!(said, "120 messages read: 1 suppressed, 119 unknown\n");
    let said = bounces(data.path(), &[path]).ok();
    assert_eq!(said, "120 messages read: 120 on record already\n");
}

#[test]
fn what_is_no_mailbox_is_named() {
    let data = settled();
    let missing = data.path().join("nowhere");
    let said = bounces(data.path(), &[missing.to_str().unwrap()]).fails_with(2);
    assert!(said.contains("no such mailbox"), "{said}");
    let said = bounces(data.path(), &[data.path().to_str().unwrap()]).fails_with(2);
    assert!(said.contains("new and cur"), "{said}");
    let picture = data.path().join("picture.png");
    fs::write(&picture, b"\x89PNG\r\n").unwrap();
    let said = bounces(data.path(), &[picture.to_str().unwrap()]).fails_with(2);
    assert!(said.contains("mbox"), "{said}");
}
