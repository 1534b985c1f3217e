//! `corridor import FILE` and `corridor export`, as people and scripts use
//! them: files and pipes, beside a running server, with exit codes.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use zip::ZipArchive;

use crate::support::program::{Ended, Running, corridor, run, run_with};

fn firm(number: usize) -> Value {
    json!({
        "external_id": format!("f-{number}"),
        "organization": {
            "kind": "startup",
            "legal_name": format!("Şirkət \"{number}\", Ltd"),
            "names": { "he": "חברה" },
            "country": "IL",
        },
        "contact": { "email": format!("f{number}@firms.example"), "language": "he" },
        "startup_profile": {
            "one_liner": { "en": { "text": "=Water,\nfrom air" }, "ru": { "text": "Вода" } },
            "primary_tags": ["water"],
        },
    })
}

fn lines(rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

fn corridor_in(data: &Path, arguments: &[&str]) -> Ended {
    run(&mut corridor(data), arguments)
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_file_goes_in_comes_out_and_goes_into_another_store() {
    let (old, new) = (home(), home());
    let file = old.path().join("firms.ndjson");
    let rows: Vec<Value> = (0..120).map(firm).collect();
    fs::write(&file, lines(&rows)).unwrap();
    let file = file.to_str().unwrap();
    let done = corridor_in(old.path(), &["import", file, "--no-claim-mails"]).ok();
    assert!(done.contains("created                      120"), "{done}");

    // Beside a server, and again: nothing changes.
    let mut command = corridor(old.path());
    let server = Running::start(command.args(["--listen", "127.0.0.1:0"]));
    server.address();
    let again = corridor_in(
        old.path(),
        &["import", file, "--no-claim-mails", "--format", "json"],
    )
    .ok();
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(
        (&again["unchanged"], &again["written"]),
        (&json!(120), &json!(true))
    );

    let kind = ["export", "--kind", "startup-profiles"];
    let piped = corridor_in(old.path(), &[&kind[..], &["--contacts"]].concat()).ok();
    assert_eq!(piped.lines().count(), 120);
    assert!(piped.contains("f7@firms.example"));
    let bare = corridor_in(old.path(), &kind).ok();
    assert!(
        !bare.contains("@firms.example"),
        "contacts are named only when asked for"
    );
    // Everything of one of them.
    let line: Value = serde_json::from_str(piped.lines().next().unwrap()).unwrap();
    let id = line["record"]["organization"].as_str().unwrap();
    let kind_of_one = ["export", "--kind", "organization", "--organization", id];
    let all = corridor_in(old.path(), &kind_of_one).ok();
    let all: Vec<Value> = all
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (kind, field) in [("organization", "id"), ("startup_profile", "organization")] {
        let found: Vec<_> = all.iter().filter(|line| line["type"] == kind).collect();
        assert_eq!(found.len(), 1, "{kind}");
        assert_eq!(found[0]["data"][field], id, "{kind}");
    }
    // The same as an archive, with the files of its documents: it has none.
    let file = old.path().join("everything.zip");
    let out = ["--format", "zip", "--out", file.to_str().unwrap()];
    corridor_in(old.path(), &[&kind_of_one[..], &out].concat()).ok();
    let mut archive = ZipArchive::new(fs::File::open(&file).unwrap()).unwrap();
    let mut entry = |name: &str| {
        let mut text = String::new();
        let mut entry = archive.by_name(name).unwrap();
        entry.read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!(entry("records.ndjson").lines().count(), all.len());
    assert_eq!(entry("files.ndjson"), "");
    let table = old.path().join("table.csv");
    let out = [
        "--format",
        "csv",
        "--contacts",
        "--out",
        table.to_str().unwrap(),
    ];
    corridor_in(old.path(), &[&kind[..], &out].concat()).ok();
    let text = fs::read_to_string(&table).unwrap();
    assert!(
        text.contains("\"'=Water,\nfrom air\""),
        "no formula: {}",
        &text[..400]
    );
    drop(server);

    // From a pipe into an empty store, then the table there: the same.
    let mut command = corridor(new.path());
    command.args(["import", "-", "--input", "ndjson", "--no-claim-mails"]);
    let done = run_with(&mut command, &piped).ok();
    assert!(done.contains("created                      120"), "{done}");
    let arguments = ["import", table.to_str().unwrap(), "--no-claim-mails"];
    let done = corridor_in(new.path(), &arguments).ok();
    assert!(done.contains("unchanged                    120"), "{done}");
    let left = fs::read_dir(new.path().join("exchange")).unwrap().count();
    assert_eq!(left, 0, "no file stays");
}

#[test]
fn what_is_wrong_is_named_and_the_exit_code_says_so() {
    let data = home();
    let path = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    let put = |name: &str, text: &str| fs::write(path(name), text).unwrap();
    put("good.ndjson", &lines(&[firm(1)]));
    let first = corridor_in(data.path(), &["import", &path("good.ndjson")]);
    assert!(first.err.contains("There was no store at"), "{}", first.err);
    assert_eq!(first.code, Some(0));
    let again = corridor_in(data.path(), &["import", &path("good.ndjson")]);
    assert!(!again.err.contains("There was no store"), "{}", again.err);
    let ended = corridor_in(data.path(), &["import"]);
    assert!(ended.err.contains("FILE|--startups"), "{}", ended.err);
    put(
        "open.csv",
        "external_id,organization.kind,organization.legal_name\na,startup,\"A\nb,startup,B\n",
    );
    let ended = corridor_in(data.path(), &["import", &path("open.csv")]);
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    let named = "line 2: organization.legal_name: This quotation mark is never closed";
    assert!(ended.err.contains(named), "{}", ended.err);

    let mut wrong = firm(2);
    wrong["organization"]["country"] = json!("Israel");
    put("mixed.ndjson", &lines(&[firm(3), wrong]));
    let report = path("rows.ndjson");
    let ended = corridor_in(
        data.path(),
        &["import", &path("mixed.ndjson"), "--report", &report],
    );
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(
        ended.err.contains("line 2: /organization/country:"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("nothing was written"), "{}", ended.err);
    assert_eq!(fs::read_to_string(&report).unwrap().lines().count(), 2);
    let arguments = ["import", &path("mixed.ndjson"), "--keep-good"];
    let ended = corridor_in(data.path(), &arguments);
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(
        ended.out.contains("created                        1"),
        "{}",
        ended.out
    );

    put("bad.csv", "external_id,name,name\n");
    let ended = corridor_in(data.path(), &["import", &path("bad.csv")]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.err.contains("organization.kind"), "{}", ended.err);
    for (arguments, code) in [
        (vec!["import", "good.xlsx"], 2),
        (vec!["import", "missing.csv"], 1),
        (vec!["import"], 2),
        (vec!["import", "good.ndjson", "--startups", "x.csv"], 2),
        (
            vec!["export", "--kind", "deals", "--filter", "colour=red"],
            2,
        ),
        (
            vec!["export", "--kind", "organization", "--format", "csv"],
            2,
        ),
        (vec!["export", "--kind", "gossip"], 2),
    ] {
        let ended = corridor_in(data.path(), &arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?} {}", ended.err);
    }
    let nowhere = home();
    let ended = corridor_in(nowhere.path(), &["export", "--kind", "deals"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        !nowhere.path().join("corridor.db").exists(),
        "no store is made"
    );
    for command in ["import", "export"] {
        let help = corridor_in(nowhere.path(), &[command, "--help"]).ok();
        assert!(
            help.contains("Examples:") && help.contains("Exit codes:"),
            "{help}"
        );
    }
}
