//! Whoever copies an example of a query from the contract, or any of the values
//! that it lists, is understood.

use serde_json::Value;

use super::list_faults::filled;
use super::search::Desk;
use crate::support::database::on_each_backend;

/// What mean something only beside others: operations, their parameters, what
/// stands beside each.
const BESIDE: [(&[&str], &[&str], &str); 4] = [
    (
        FINDING,
        &[
            "cheque_from",
            "cheque_to",
            "target_from",
            "target_to",
            "revenue_from",
            "revenue_to",
        ],
        "currency=USD",
    ),
    (FINDING, &["currency"], "cheque_from=1"),
    (FINDING, &["rates_on"], "cheque_from=1&currency=USD"),
    (
        &["list_matches"],
        &["outcome"],
        "startup=01975a3e-0000-7000-8000-000000000001",
    ),
];
const FINDING: &[&str] = &["list_startup_profiles", "list_mandates"];

/// A parameter of a query, with all that the contract shows of it.
struct Shown {
    name: String,
    required: bool,
    values: Vec<String>,
}

impl Shown {
    fn of(parameter: &Value) -> Option<Self> {
        if parameter["in"] != "query" || parameter["name"] == "cursor" {
            return None;
        }
        let schema = &parameter["schema"];
        let listed = schema["enum"].as_array().into_iter().flatten();
        let examples = [&parameter["example"], &schema["example"]];
        let values = listed.chain(examples).filter(|it| !it.is_null());
        Some(Self {
            name: parameter["name"].as_str()?.to_owned(),
            required: parameter["required"] == true,
            values: values.map(in_a_query).collect(),
        })
    }
}

fn in_a_query(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Each value that an operation's query is shown with, alone but for what must
/// stand beside it.
fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let shown: Vec<Shown> = parameters.filter_map(Shown::of).collect();
    let first = |it: &Shown| format!("&{}={}", it.name, it.values.first().unwrap());
    let mut queries = Vec::new();
    for one in shown.iter().filter(|it| !it.values.is_empty()) {
        let beside = BESIDE.iter().find(|(operations, names, _)| {
            operations.iter().any(|it| operation["operationId"] == *it)
                && names.contains(&&*one.name)
        });
        let beside = beside.map(|(_, _, others)| format!("&{others}"));
        let required = shown.iter().filter(|it| it.required && it.name != one.name);
        let others: String = required.map(first).chain(beside).collect();
        let alone = one.values.iter();
        queries.extend(alone.map(|value| format!("{}={value}{others}", one.name)));
    }
    queries
}

#[test]
fn every_value_that_the_contract_shows_of_a_query_is_understood() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
        let (mut asked, mut refused) = (0, Vec::new());
        let paths = document["paths"].as_object().unwrap().iter();
        // The others answer with pages for people.
        for (path, item) in paths.filter(|(path, _)| path.starts_with("/v1/")) {
            for query in queries(&item["get"]) {
                let address = format!("{}?{query}", filled(path));
                let told = desk.curator.get(&address).await;
                asked += 1;
                if told.status == 400 {
                    refused.push((address, told.body["detail"].clone()));
                }
            }
        }
        assert!(asked > 400, "{asked}");
        assert!(refused.is_empty(), "{refused:#?}");
    });
}
