//! `GET …/transitions` tells the truth, of every record that has states: what
//! it names without a hindrance is done, what it names with one is refused for
//! just that, and what it doesn't name is done for nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::objects::{filled, objects, operations};
use crate::api::stage::{Answer, Stage, Who};
use crate::support::database::on_each_backend;

const CAST: [Who; 5] = [
    Who::Dana,
    Who::Gul,
    Who::Curator,
    Who::Compliance,
    Who::Auditor,
];

/// What ends a record, or somebody's being there: done last, or not at all.
const LAST: [&str; 9] = [
    "withdraw",
    "cancel",
    "close",
    "lose",
    "terminate",
    "decline",
    "lift",
    "expire",
    "erase",
];

/// Times that everybody is asked what they can do next.
const ROUNDS: usize = 3;

/// An action with what most machines want beside it. A body that lacks something
/// is a 422, which says nothing about the record.
fn body(action: &str) -> Value {
    let mut body = json!({ "action": action });
    match action {
        "request_changes" => {
            body["comments"] = json!([{ "pointer": "", "comment": "Say more." }]);
        }
        "release" | "refuse" => body["reason"] = json!("As agreed."),
        "suspend" => body["note"] = json!("Found on a list."),
        "lift" | "hold" | "skip" | "move_back" | "revoke" | "terminate" => {
            body["reason"] = json!("As agreed.");
        }
        _ => {}
    }
    body
}

/// A record that has states.
struct Noun {
    /// Its route, without the last part.
    template: String,
    /// Its path.
    path: String,
    /// The actions that its machine knows.
    actions: Vec<String>,
}

/// The codes that the contract states of the field `action`.
fn actions_of(document: &Value, operation: &Value) -> Vec<String> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let named = schema["$ref"].as_str().unwrap_or_default();
    let name = named.rsplit('/').next().unwrap_or_default();
    let schema = &document["components"]["schemas"][name];
    let codes = schema["properties"]["action"]["enum"].as_array();
    let codes = codes.into_iter().flatten();
    codes
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect()
}

fn nouns(objects: &BTreeMap<&'static str, String>) -> Vec<Noun> {
    let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
    let all = operations();
    let mut nouns = Vec::new();
    for (method, path, _) in &all {
        let Some(template) = path.strip_suffix("/transitions") else {
            continue;
        };
        if method != "GET" || template.contains("{slug}") {
            continue;
        }
        let operation = &document["paths"][path.as_str()]["post"];
        nouns.push(Noun {
            template: template.to_owned(),
            path: filled(template, Some(objects)),
            actions: actions_of(&document, operation),
        });
    }
    nouns
}

/// Views whose `state` or `status` is no machine of their own, and what it is.
const OF_OTHERS: [(&str, &str); 6] = [
    (
        "/v1/referrals/{id}",
        "where the profile or mandate stands that was handed in, which has them",
    ),
    ("/v1/programmes/{id}/agreement", "its programme's"),
    ("/v1/programmes/{id}/scorecard", "its programme's"),
    ("/v1/introductions/{id}/file", "its introduction's"),
    ("/v1/me/notifications", "a kind of mail, not a state"),
    ("/v1/bounces/{id}", "what a mail server said (RFC 3463)"),
];

/// What lists show of records under another name than the record itself.
const SHOWN_AS: [(&str, &str); 5] = [
    ("Duplicate", "ComparedDuplicate"),
    ("ReleaseSummary", "Release"),
    ("DealParticipation", "Deal"),
    ("OwnMessage", "Message"),
    ("Bounce", "Bounce"),
];

/// Whether a schema tells where something stands.
fn is_stated(schema: &Value) -> bool {
    let fields = &schema["properties"];
    ["state", "status"].iter().any(|it| !fields[it].is_null())
}

#[test]
fn every_record_that_has_states_has_the_same_sub_resources() {
    // As it is published: there a view that holds another names all its fields.
    let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
    let (paths, schemas) = (&document["paths"], &document["components"]["schemas"]);
    let has = |path: String, method: &str| !paths[&path][method].is_null();
    let (mut served, mut listed) = (BTreeSet::new(), BTreeMap::new());
    let mut lacking = Vec::new();
    for (path, item) in paths.as_object().unwrap() {
        let answer = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let Some(name) = answer["$ref"].as_str() else {
            continue;
        };
        let name = name.rsplit('/').next().unwrap();
        let items = &schemas[name]["properties"]["items"]["items"];
        let of_items = match items["$ref"].as_str() {
            Some(of) => of.rsplit('/').next().unwrap(),
            None => name
                .trim_start_matches("Rated")
                .strip_prefix("PageView_")
                .unwrap_or_default(),
        };
        if is_stated(items) || is_stated(&schemas[of_items]) {
            listed.insert(of_items.to_owned(), path.clone());
        }
        if !is_stated(&schemas[name]) {
            continue;
        }
        let whole = has(format!("{path}/transitions"), "get")
            && has(format!("{path}/transitions"), "post")
            && has(format!("{path}/events"), "get");
        let of_others = OF_OTHERS.iter().any(|(other, _)| other == path);
        assert!(!(whole && of_others), "{path} is no exception any more");
        if whole || of_others {
            served.insert(name.to_owned());
        } else {
            lacking.push(path.clone());
        }
    }
    for (name, path) in &listed {
        let as_shown = SHOWN_AS.iter().find(|(shown, _)| shown == name);
        let record = as_shown.map_or(name.as_str(), |(_, record)| record);
        if !served.contains(record) {
            lacking.push(format!("{name} of {path}"));
        }
    }
    assert_eq!(lacking, Vec::<String>::new());
    assert!(served.len() >= 25 && listed.len() >= 20, "{served:?}");
}

async fn open_to(stage: &Stage, who: Who, noun: &Noun) -> Option<Vec<(String, Option<String>)>> {
    let answer = stage.get(who, &format!("{}/transitions", noun.path)).await;
    if answer.status != 200 {
        assert!(matches!(answer.status, 403 | 404), "{}", answer.text);
        return None;
    }
    let answer = answer.expect(200);
    let open = answer["available"].as_array().unwrap().iter();
    let open = open.map(|it| {
        let action = it["action"].as_str().unwrap().to_owned();
        let code = it["blocked_by"]["code"].as_str();
        (action, code.map(str::to_owned))
    });
    Some(open.collect())
}

async fn try_to(stage: &Stage, who: Who, noun: &Noun, action: &str) -> Answer {
    stage.go(who, &noun.path, body(action)).await
}

/// That an answer says what the body lacks, which is nothing of the record.
fn lacks_words(answer: &Answer) -> bool {
    answer.status == 422 || (answer.status == 409 && answer.text.contains("\"reason_needed\""))
}

/// What is named with a hindrance is refused for it; what is not named at all
/// isn't done.
async fn refuses_the_rest(
    stage: &Stage,
    who: Who,
    noun: &Noun,
    open: &[(String, Option<String>)],
) -> usize {
    let mut tried = 0;
    let place = |action: &str| format!("{} {action} as {who:?}", noun.template);
    for (action, hindrance) in open {
        let Some(hindrance) = hindrance else {
            continue;
        };
        tried += 1;
        let answer = try_to(stage, who, noun, action).await;
        if !lacks_words(&answer) {
            assert_eq!(answer.code(409), *hindrance, "{}", place(action));
        }
    }
    let named = |action: &String| open.iter().any(|(known, _)| known == action);
    for action in noun.actions.iter().filter(|action| !named(action)) {
        tried += 1;
        let answer = try_to(stage, who, noun, action).await;
        let refused = matches!(answer.status, 403 | 404 | 409 | 422);
        assert!(refused, "{}: {}", place(action), answer.text);
    }
    tried
}

/// The next thing to do that was not done yet, what ends the record last.
fn next<'a>(
    open: &'a [(String, Option<String>)],
    done: &BTreeSet<(String, String)>,
    noun: &Noun,
) -> Option<&'a str> {
    let free = open.iter().filter(|(_, hindrance)| hindrance.is_none());
    let mut free: Vec<&str> = free.map(|(action, _)| action.as_str()).collect();
    free.retain(|action| !done.contains(&(noun.template.clone(), (*action).to_owned())));
    free.sort_by_key(|action| LAST.contains(action));
    free.first().copied()
}

#[test]
fn what_can_be_done_is_what_the_record_says_can_be_done() {
    on_each_backend(async |database| {
        let stage = Stage::set(database).await;
        let objects = objects(&stage).await;
        let nouns = nouns(&objects);
        let (mut done, mut tried) = (BTreeSet::new(), 0);
        for round in 0..ROUNDS {
            for noun in &nouns {
                for who in CAST {
                    let Some(open) = open_to(&stage, who, noun).await else {
                        continue;
                    };
                    if round == 0 {
                        tried += refuses_the_rest(&stage, who, noun, &open).await;
                    }
                    // Nobody closes the accounts of those who go on.
                    if noun.template == "/v1/people/{id}" {
                        continue;
                    }
                    let Some(action) = next(&open, &done, noun) else {
                        continue;
                    };
                    let answer = try_to(&stage, who, noun, action).await;
                    let place = format!("{} {action} as {who:?}", noun.template);
                    let words = lacks_words(&answer);
                    let ok = words || (200..=204).contains(&answer.status);
                    assert!(ok, "{place}: {} {}", answer.status, answer.text);
                    if !words {
                        done.insert((noun.template.clone(), action.to_owned()));
                    }
                }
            }
        }
        println!(
            "{} records, {} moves done, {tried} refused",
            nouns.len(),
            done.len()
        );
        assert!(nouns.len() >= 20, "{}", nouns.len());
        assert!(done.len() >= 12 && tried >= 100, "{done:?} {tried}");
    });
}
