//! The table of who may do what, whole, and that every route stands in it.

use std::fmt::Write as _;

use corridor::domain::account::Role;
use corridor::domain::permission::{Operation, Scope, Standing, Verdict, scope, verdict};
use corridor::domain::values::OrganizationKind;
use corridor::http;
use corridor::http::access::{self, Access, of};

/// Every operation × every kind of organization × every role × own and other.
#[test]
fn the_table_is_the_one_that_was_agreed() {
    let letter = |verdict| match verdict {
        Verdict::Allowed => '+',
        Verdict::Forbidden => '-',
        Verdict::Hidden => '.',
    };
    let mut table = String::from("own/other: + allowed, - forbidden, . hidden\n");
    for operation in Operation::ALL {
        let _ = write!(table, "{:<23}", operation.code());
        for kind in OrganizationKind::ALL {
            let _ = write!(table, " {}", kind.code().chars().next().unwrap());
            for role in Role::ALL.iter().filter(|role| role.fits(*kind)) {
                let own = letter(verdict(*operation, Standing::Own(*kind, *role)));
                let other = letter(verdict(*operation, Standing::Other(*kind, *role)));
                let name: String = role.code().chars().take(2).collect();
                let _ = write!(table, " {name}{own}{other}");
            }
        }
        let needed = scope(*operation).map_or("session only", Scope::code);
        let _ = writeln!(table, "  {needed}");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_route_names_what_it_needs() {
    let document = serde_json::to_value(http::openapi::document(http::api::routes)).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["operationId"].is_null() {
                continue;
            }
            let route = format!("{} {path}", method.to_uppercase());
            let open = operation["security"] == serde_json::json!([{}]);
            match of(&route) {
                None => panic!("say in http/access.rs what {route} needs"),
                Some(access) => assert_eq!(
                    matches!(access, Access::Open),
                    open,
                    "{route}: its table and its document differ on who may ask"
                ),
            }
            routes.push(route);
        }
    }
    for (route, _) in access::routes() {
        assert!(
            routes.iter().any(|known| known == route),
            "{route} is no route"
        );
    }
    let mut known: Vec<_> = access::routes().map(|(route, _)| route).collect();
    known.sort_unstable();
    known.dedup();
    assert_eq!(
        known.len(),
        access::routes().count(),
        "a route stands twice"
    );
}
