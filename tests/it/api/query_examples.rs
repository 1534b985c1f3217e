//! Whoever copies an example of a query from the contract, or any of the values
//! that it lists, is understood.

use serde_json::Value;

use super::list_faults::filled;
use super::search::Desk;
use crate::support::database::on_each_backend;

/// What some parameters mean something only beside.
const BESIDE: [(&str, &str, &str); 5] = [
    ("list_matches", "outcome", SOME_STARTUP),
    ("list_startup_profiles", "currency", "target_from=1"),
    ("list_startup_profiles", "rates_on", "target_from=1"),
    ("list_mandates", "currency", "cheque_from=1"),
    ("list_mandates", "rates_on", "cheque_from=1"),
];
const SOME_STARTUP: &str = "startup=01975a3e-0000-7000-8000-000000000001";

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
        let beside = BESIDE.iter().find(|(operation_id, name, _)| {
            operation["operationId"] == *operation_id && one.name == *name
        });
        let beside = beside.map(|(_, _, other)| format!("&{other}"));
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
        for (path, item) in document["paths"].as_object().unwrap() {
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
