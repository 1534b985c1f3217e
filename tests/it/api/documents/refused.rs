//! Files that are not what they seem, and uploads that ask for too much.

use std::io::ErrorKind::{TimedOut, WouldBlock};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use corridor::domain::account::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::super::stage::{Answer, Stage, Who};
use super::files::{Form, OFFICE, archive, content_type, names_below, pdf, pptx};
use super::{deck_form, place, sending, stored_names, upload};
use crate::support::app::App;
use crate::support::builders::{colleague, firm};
use crate::support::database::on_each_backend;

fn faults(body: &Value) -> Vec<String> {
    let faults = body["errors"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    faults
        .map(|fault| {
            let pointer = text(&fault["pointer"]);
            let pointer = pointer.trim_start_matches('#');
            format!("{pointer} {}", text(&fault["code"]))
        })
        .collect()
}

fn with_file(name: &str, media_type: &str, bytes: &[u8]) -> Form {
    deck_form(b"").file(name, media_type, bytes)
}

#[test]
fn a_file_is_what_its_bytes_say_and_all_that_differs_is_named() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let html = b"<!doctype html><script>alert(1)</script>";
        let page_in_pdf = b"%PDF-1.4 <html><script>x</script> %%EOF";
        let mut two_in_one = pdf("front");
        two_in_one.extend(pptx());
        let macros = archive(&[
            OFFICE[0],
            OFFICE[1],
            "ppt/presentation.xml",
            "ppt/vbaProject.bin",
        ]);
        let slip = archive(&[OFFICE[0], OFFICE[1], "ppt/../../etc/passwd"]);
        let plain_zip = archive(&["ppt/presentation.xml"]);
        let cut = &pptx()[..60];
        let (unknown, ending, kind) = (
            "/file unknown_content",
            "/file/name ending_mismatch",
            "/file/type type_mismatch",
        );
        let cases: [(&str, &str, &[u8], &[&str]); 19] = [
            ("deck.pdf", "application/pdf", html, &[unknown]),
            ("deck.pdf", "application/pdf", page_in_pdf, &[unknown]),
            ("deck.pdf", "application/pdf", &two_in_one, &[unknown]),
            (
                "deck.pdf",
                "application/pdf",
                b"%PDF-1.7 cut off",
                &[unknown],
            ),
            ("deck.pdf", "application/pdf", b"", &["/file empty"]),
            ("deck.html", "text/html", html, &[unknown, ending]),
            ("deck.svg", "image/svg+xml", b"<svg/>", &[unknown, ending]),
            ("deck.exe", "", b"MZ\x90\0", &[unknown, ending]),
            ("deck.pptx", "", &macros, &[unknown]),
            ("deck.pptx", "", &slip, &[unknown]),
            ("deck.pptx", "", &plain_zip, &[unknown]),
            ("deck.pptx", "", cut, &[unknown]),
            ("deck.docx", "", &pptx(), &[ending]),
            ("deck.pdf", "image/png", &pdf("x"), &[kind]),
            ("deck.pdf.exe", "text/plain", &pdf("x"), &[ending, kind]),
            ("deck\u{202E}fdp.exe", "", &pdf("x"), &[ending]),
            ("notes.txt", "text/plain", b"\xff\xfe\0", &[unknown]),
            ("notes.txt", "text/plain", b"#!/bin/sh\n", &[unknown]),
            (
                "notes.pdf",
                "application/pdf",
                b"just text",
                &[ending, kind],
            ),
        ];
        for (name, media_type, bytes, expected) in cases {
            let refused = upload(&stage, &with_file(name, media_type, bytes)).await;
            assert_eq!(
                faults(&refused.expect(422)),
                expected,
                "{name} {media_type}"
            );
        }
        // With what is wrong with the rest of the form, at once.
        let form = Form::default()
            .field("class", "novel")
            .field("language", "english")
            .field("level", "l0")
            .field("colour", "red")
            .file("x.exe", "", html);
        let refused = upload(&stage, &form).await.expect(422);
        assert_eq!(
            faults(&refused),
            [
                "/colour unknown_field",
                "/title missing",
                "/class unknown_code",
                "/language unknown_language",
                "/level unknown_code",
                unknown,
                ending
            ]
        );
        let nothing = upload(&stage, &Form::default()).await.expect(422);
        assert!(faults(&nothing).contains(&"/file missing".to_owned()));
        let low = deck_form(&pdf("x")).field("level", "l1");
        assert_eq!(
            faults(&upload(&stage, &low).await.expect(422)),
            ["/level too_low"]
        );
        let twice = deck_form(&pdf("x")).field("class", "legal");
        let twice = upload(&stage, &twice).await.expect(422);
        assert_eq!(faults(&twice), ["/class duplicate_field"]);
        // Nothing of it stayed.
        assert_eq!(stored_names(&stage), [] as [String; 0]);
    });
}

#[test]
fn good_files_are_taken_under_safe_names() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let word = archive(&[OFFICE[0], OFFICE[1], "word/document.xml"]);
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR....\0\0\0\0IEND\xaeB`\x82";
        let cases: [(&str, &str, &[u8], &str, &str); 9] = [
            (
                "../../etc/deck.pdf",
                "",
                &pdf("1"),
                "deck.pdf",
                "application/pdf",
            ),
            (
                "C:\\tmp\\deck.PDF",
                "",
                &pdf("2"),
                "deck.PDF",
                "application/pdf",
            ),
            (
                "a\u{202E}b\u{200B}.pdf",
                "",
                &pdf("3"),
                "ab.pdf",
                "application/pdf",
            ),
            ("con.pdf", "", &pdf("4"), "_con.pdf", "application/pdf"),
            (
                "",
                "application/octet-stream",
                &pdf("5"),
                "document.pdf",
                "application/pdf",
            ),
            (
                "Şirkət planı.docx",
                "",
                &word,
                "Şirkət planı.docx",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("chart.png", "image/png", png, "chart.png", "image/png"),
            (
                "модель.csv",
                "application/vnd.ms-excel",
                "год;сумма\n".as_bytes(),
                "модель.csv",
                "text/csv; charset=utf-8",
            ),
            (
                "readme.txt",
                "text/plain",
                b"Words.\n",
                "readme.txt",
                "text/plain; charset=utf-8",
            ),
        ];
        for (name, media_type, bytes, kept, sent_as) in cases {
            let made = upload(&stage, &with_file(name, media_type, bytes)).await;
            let made = made.expect(201);
            assert_eq!(made["file"]["name"], kept, "{name}");
            assert_eq!(made["file"]["media_type"], sent_as, "{name}");
        }
    });
}

#[test]
fn whoever_may_not_write_a_profile_sends_nothing_to_the_disk() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let form = deck_form(&pdf("x"));
        for (who, status) in [
            (Who::Gul, 404),
            (Who::Stranger, 404),
            (Who::Curator, 403),
            (Who::Auditor, 403),
        ] {
            let request = sending(&stage, who, &place(&stage), &form);
            let refused = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(refused.status, status, "{who:?}");
        }
        assert!(!stage.context.documents.vault.root().exists());
        let plain = stage.request(Who::Dana, "POST", &place(&stage));
        let plain = plain
            .header("Content-Type", "application/pdf")
            .body(pdf("x"));
        let plain = Answer::of(plain.send().await.unwrap()).await;
        assert_eq!(plain.code(415), "unsupported_media_type");
        let packed = sending(&stage, Who::Dana, &place(&stage), &form);
        let packed = packed.header("Content-Encoding", "gzip");
        let packed = Answer::of(packed.send().await.unwrap()).await;
        assert_eq!(packed.code(415), "unsupported_media_type");
        let broken = stage.request(Who::Dana, "POST", &place(&stage));
        let broken = broken
            .header("Content-Type", "multipart/form-data; boundary=x")
            .body("--x\r\nno form at all");
        let broken = Answer::of(broken.send().await.unwrap()).await;
        assert_eq!(broken.code(400), "bad_request");
        assert_eq!(stored_names(&stage), [] as [String; 0]);
    });
}

#[test]
fn a_repetition_is_one_document_and_the_same_bytes_are_stored_once() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let keyed = |form: &Form| {
            let request = sending(&stage, Who::Dana, &place(&stage), form);
            request.header("Idempotency-Key", "8e03978e-40d5")
        };
        let form = deck_form(&pdf("once"));
        let mut twins = JoinSet::new();
        for _ in 0..6 {
            let request = keyed(&form);
            twins.spawn(async move { Answer::of(request.send().await.unwrap()).await });
        }
        let answers = twins.join_all().await;
        assert!(answers.iter().all(|it| it.status == 201), "{answers:?}");
        assert!(answers.iter().all(|it| it.text == answers[0].text));
        let other = keyed(&deck_form(&pdf("another"))).send().await.unwrap();
        assert_eq!(Answer::of(other).await.code(422), "idempotency_key_reused");
        // What was sent for nothing is gone.
        assert_eq!(stored_names(&stage).len(), 1);
        // Without a key each is a document of its own; the bytes are the same.
        let mut many = JoinSet::new();
        for _ in 0..6 {
            let request = sending(&stage, Who::Dana, &place(&stage), &form);
            many.spawn(async move { Answer::of(request.send().await.unwrap()).await });
        }
        assert!(many.join_all().await.iter().all(|it| it.status == 201));
        assert_eq!(stored_names(&stage).len(), 1);
        let list = stage.get(Who::Dana, "/v1/documents?limit=100").await;
        let list = list.expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 7);
        // A new version by the same key is one version.
        let deck = super::path_of(&list["items"][0]);
        let path = format!("{deck}/versions");
        let again = async || {
            let form = deck_form(&pdf("two")).only_file();
            let request = sending(&stage, Who::Dana, &path, &form);
            let request = request.header("Idempotency-Key", "8e03978e-40d6");
            Answer::of(request.send().await.unwrap()).await.expect(201)
        };
        assert_eq!(again().await["file"]["number"], 2);
        assert_eq!(again().await["file"]["number"], 2);
    });
}

/// Sends a body in chunks, without saying how long it is, and reads the first
/// line of what comes.
fn chunked(address: &str, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    for chunk in body.chunks(64 << 10) {
        // The server may have seen enough.
        let sent = write!(stream, "{:x}\r\n", chunk.len())
            .and_then(|()| stream.write_all(chunk))
            .and_then(|()| stream.write_all(b"\r\n"));
        if sent.is_err() {
            break;
        }
    }
    drop(stream.write_all(b"0\r\n\r\n"));
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[test]
fn too_much_is_refused_however_it_is_sent() {
    on_each_backend(async |database| {
        let app = App::start(database).await;
        let tamar = firm(&app, "startup", "Tamar", "IL").await;
        let profile = tamar.owner.post("/v1/startup-profiles", &json!({})).await;
        let path = format!("{}/documents", profile.expect(201).header("location"));
        let form = deck_form(&pdf(&"x".repeat(1 << 20)));
        let call = tamar.owner.call("POST", &path);
        let refused = call.file(&content_type(), form.body()).send().await;
        refused.refused(413, "too_large");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            tamar.owner.token().unwrap(),
            content_type(),
        );
        let (address, body) = (app.address().to_string(), form.body());
        let answer = tokio::task::spawn_blocking(move || chunked(&address, &head, &body));
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        let folder = app.context.documents.vault.root().to_owned();
        assert_eq!(names_below(&folder), [] as [String; 0]);
        // One that fits is taken; a viewer takes no part in it.
        let form = deck_form(&pdf("x"));
        let viewer = colleague(&app, &tamar, "Viewer", Role::Viewer).await;
        let send = async |who: &crate::support::client::Client| {
            let call = who.call("POST", &path);
            call.file(&content_type(), form.body()).send().await
        };
        send(&viewer).await.refused(403, "forbidden");
        let made = send(&tamar.owner).await.expect(201);
        let file = format!("{}/file", made.header("location"));
        viewer.call("GET", &file).fetch().await;
    });
}

/// Sends the beginning of an upload, then a byte whenever nothing has come back
/// for a moment; answers what came back in the end.
fn dribble(address: &str, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let moment = Some(Duration::from_millis(50));
    stream.set_read_timeout(moment).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let (begun, rest) = body.split_at(body.len() / 2);
    stream.write_all(begun).unwrap();
    let mut answer = Vec::new();
    let mut rest = rest.iter();
    loop {
        let mut piece = [0; 4_096];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&piece[..read]),
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut) => {
                let byte = rest.next().expect("it is cut before all has come");
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn an_upload_that_comes_byte_by_byte_is_cut_and_leaves_nothing() {
    on_each_backend(async |database| {
        let mut stage = Stage::set(database).await;
        stage.restart_within(|limits| limits.document_timeout_s = 1);
        let body = deck_form(&[pdf("slow"), vec![b' '; 4_096]].concat()).body();
        let path = place(&stage);
        let address = stage.base.trim_start_matches("http://").to_owned();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: {}\r\ncontent-length: {}\r\n\r\n",
            stage.token(Who::Dana),
            content_type(),
            body.len()
        );
        let sent = tokio::task::spawn_blocking(move || dribble(&address, &head, &body));
        let answer = sent.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("body_timeout"), "{answer}");
        assert_eq!(stored_names(&stage), [] as [String; 0]);
        let listed = stage.get(Who::Dana, "/v1/documents").await.expect(200);
        assert_eq!(listed["items"], json!([]));
    });
}
