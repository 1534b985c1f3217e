//! Whatever is wrong with the query of a list is told in one answer, in every
//! list of the contract: what can't be read, what is out of range, and what
//! stands for nothing.

use serde_json::Value;

use super::search::Desk;
use crate::support::database::on_each_backend;

/// Parameters that any words will do for.
const FREE: [&str; 4] = ["q", "external_id", "holding", "cursor"];
/// What stands for nothing without an amount beside it.
const OF_AMOUNTS: [&str; 2] = ["currency", "rates_on"];
/// Parameters asked at a time: of so many all faults are named.
const AT_A_TIME: usize = 8;

/// A value that is wrong for a parameter of that schema.
fn wrong_value(schema: &Value) -> &'static str {
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    if types.iter().any(|it| it == "boolean") {
        return "perhaps";
    }
    if types.iter().any(|it| it == "integer") {
        return "much";
    }
    // No code, no tag, no day, no address.
    "%3F%21"
}

/// The lists of the contract: their paths, and the parameters that can be wrong.
fn lists() -> Vec<(String, Vec<(String, &'static str)>)> {
    let document: Value = yaml_serde::from_str(include_str!("../../../openapi.yaml")).unwrap();
    let mut lists = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array();
        let asked: Vec<&Value> = parameters
            .into_iter()
            .flatten()
            .filter(|it| it["in"] == "query")
            .collect();
        if !asked.iter().any(|it| it["name"] == "limit") && path != "/v1/tags" {
            continue;
        }
        let named = asked.iter().filter_map(|it| {
            let name = it["name"].as_str().unwrap();
            let free = FREE.contains(&name) || name == "limit";
            (!free).then(|| (name.to_owned(), wrong_value(&it["schema"])))
        });
        lists.push((path.clone(), named.collect()));
    }
    lists
}

/// A path with something in the place of each of its parts that vary.
pub(super) fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{version}" | "{number}" => "1",
        "{slug}" => "water",
        part if part.starts_with('{') => "01a21635-fc97-7752-b7ad-e0c316d4dbe2",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_list_names_everything_that_is_wrong_with_its_query_at_once() {
    on_each_backend(async |database| {
        let desk = Desk::set(database).await;
        let lists = lists();
        assert!(lists.len() > 90, "{}", lists.len());
        let mut silent = Vec::new();
        for (path, parameters) in &lists {
            let (of_amounts, others): (Vec<_>, Vec<_>) = parameters
                .iter()
                .partition(|(name, _)| OF_AMOUNTS.contains(&name.as_str()));
            let mut rounds: Vec<Vec<_>> = others.chunks(AT_A_TIME).map(<[_]>::to_vec).collect();
            rounds.push(of_amounts);
            for round in rounds {
                let paged = path != "/v1/tags";
                let mut expected: Vec<String> = vec!["#/colour".to_owned()];
                let mut query = "colour=red".to_owned();
                if paged {
                    expected.push("#/limit".to_owned());
                    query += "&limit=0";
                }
                for (name, value) in round {
                    expected.push(format!("#/{name}"));
                    query.push('&');
                    query.push_str(name);
                    query.push('=');
                    query.push_str(value);
                }
                let asked = format!("{}?{query}", filled(path));
                let told = desk.curator.get(&asked).await;
                let errors = told.body["errors"].as_array().cloned().unwrap_or_default();
                let named = errors.iter().filter_map(|it| it["pointer"].as_str());
                let mut named: Vec<String> = named.map(str::to_owned).collect();
                named.sort_unstable();
                expected.sort_unstable();
                if told.status != 400 || named != expected {
                    silent.push((told.status, asked, named));
                }
            }
        }
        assert!(silent.is_empty(), "{silent:#?}");
    });
}
