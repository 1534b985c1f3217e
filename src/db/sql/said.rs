//! Conditions on figures and answers of startups, which stand in one document
//! and are asked for seldom: none is indexed. What goes into the text of a
//! condition is a number or a code of the program's own.

use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::db::{Conn, Result};
use crate::domain::amounts::Span;
use crate::domain::values::Encumbrance;

/// A figure of a startup's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// People on the payroll.
    TeamSize,
    /// Paying customers.
    Customers,
    /// Pilots under way or done.
    Pilots,
    /// Growth of revenue, in percent.
    Growth,
}

impl Figure {
    const fn path(self) -> &'static [&'static str] {
        match self {
            Self::TeamSize => &["team_size"],
            Self::Customers => &["traction", "customers"],
            Self::Pilots => &["traction", "pilots"],
            Self::Growth => &["traction", "growth_pct"],
        }
    }
}

/// An answer that export control asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Customers in defence or security.
    DefenceCustomers,
    /// Could serve military ends.
    DualUse,
    /// Intercepts communications.
    Interception,
    /// Breaks into devices or networks.
    Intrusion,
    /// Identifies people by their bodies.
    Biometrics,
    /// All of them answered with no.
    None,
    /// Not answered.
    Unanswered,
}

impl Control {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DefenceCustomers,
        Self::DualUse,
        Self::Interception,
        Self::Intrusion,
        Self::Biometrics,
        Self::None,
        Self::Unanswered,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::DefenceCustomers => "defence_customers",
            Self::DualUse => "dual_use",
            Self::Interception => "interception",
            Self::Intrusion => "intrusion",
            Self::Biometrics => "biometrics",
            Self::None => "none",
            Self::Unanswered => "unanswered",
        }
    }

    /// The one with that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    fn questions() -> impl Iterator<Item = Self> {
        let all = Self::ALL.into_iter();
        all.filter(|it| !matches!(it, Self::None | Self::Unanswered))
    }
}

const CONTENT: &str = "startup_profiles.content";

/// What stands at a place of the document: a text, or nothing.
fn text_at(conn: &Conn, path: &[&str]) -> String {
    match conn {
        Conn::Sqlite(_) => format!("json_extract({CONTENT}, '$.{}')", path.join(".")),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => format!("(CAST({CONTENT} AS jsonb) #>> '{{{}}}')", path.join(",")),
    }
}

fn number_at(conn: &Conn, path: &[&str]) -> String {
    let text = text_at(conn, path);
    match conn {
        Conn::Sqlite(_) => text,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => format!("CAST({text} AS bigint)"),
    }
}

/// The condition that a figure is known and between two numbers.
pub(in crate::db) fn between(
    conn: &Conn,
    figure: Figure,
    (from, to): (i64, i64),
) -> SqlLiteral<Bool> {
    let number = number_at(conn, figure.path());
    diesel::dsl::sql::<Bool>(&format!("({number} >= {from} AND {number} <= {to})"))
}

const REVENUE: [&str; 3] = ["traction", "revenue_12m", "amount_minor"];
const REVENUE_IN: [&str; 3] = ["traction", "revenue_12m", "currency"];

/// The condition that the revenue of twelve months is in one of these spans;
/// none holds where there are none.
pub(in crate::db) fn earns(conn: &Conn, spans: &[Span]) -> SqlLiteral<Bool> {
    let (amount, currency) = (number_at(conn, &REVENUE), text_at(conn, &REVENUE_IN));
    let of = |span: &Span| {
        let Span {
            currency: held,
            from,
            to,
        } = span;
        format!("({currency} = '{held}' AND {amount} >= {from} AND {amount} <= {to})")
    };
    let spans: Vec<String> = spans.iter().map(of).collect();
    let condition = if spans.is_empty() {
        "1 = 0".to_owned()
    } else {
        spans.join(" OR ")
    };
    diesel::dsl::sql::<Bool>(&format!("({condition})"))
}

/// In what money startups say what they earn.
pub(in crate::db) fn currencies_of_revenue(conn: &mut Conn) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        currency: String,
    }
    let currency = text_at(conn, &REVENUE_IN);
    let query = format!(
        "SELECT DISTINCT {currency} AS currency FROM startup_profiles WHERE {currency} IS NOT NULL"
    );
    let rows: Vec<Row> = diesel::sql_query(query).load(conn)?;
    Ok(rows.into_iter().map(|row| row.currency).collect())
}

/// The condition that a startup names such a limit, or with none that it names
/// none at all.
pub(in crate::db) fn encumbered(conn: &Conn, by: Option<Encumbrance>) -> SqlLiteral<Bool> {
    let condition = match (conn, by) {
        (Conn::Sqlite(_), None) => {
            format!("json_array_length({CONTENT}, '$.encumbrances') = 0")
        }
        (Conn::Sqlite(_), Some(by)) => format!(
            "EXISTS (SELECT 1 FROM json_each({CONTENT}, '$.encumbrances') AS said
             WHERE said.value = '{by}')"
        ),
        #[cfg(feature = "postgres")]
        (Conn::Postgres(_), None) => {
            format!("jsonb_array_length(CAST({CONTENT} AS jsonb) -> 'encumbrances') = 0")
        }
        #[cfg(feature = "postgres")]
        (Conn::Postgres(_), Some(by)) => {
            format!("CAST({CONTENT} AS jsonb) -> 'encumbrances' @> '[\"{by}\"]'")
        }
    };
    diesel::dsl::sql::<Bool>(&format!("({condition})"))
}

/// The condition on a startup's answers to export control.
pub(in crate::db) fn controlled(conn: &Conn, control: Control) -> SqlLiteral<Bool> {
    let says = |question: Control, yes: bool| {
        let text = text_at(conn, &["controls", question.code()]);
        let value = match (conn, yes) {
            (Conn::Sqlite(_), true) => "1",
            (Conn::Sqlite(_), false) => "0",
            #[cfg(feature = "postgres")]
            (Conn::Postgres(_), true) => "'true'",
            #[cfg(feature = "postgres")]
            (Conn::Postgres(_), false) => "'false'",
        };
        format!("{text} = {value}")
    };
    let condition = match control {
        Control::Unanswered => {
            let signed = text_at(conn, &["controls", "signed_by"]);
            format!("{signed} IS NULL")
        }
        Control::None => {
            let all: Vec<String> = Control::questions().map(|it| says(it, false)).collect();
            all.join(" AND ")
        }
        question => says(question, true),
    };
    diesel::dsl::sql::<Bool>(&format!("({condition})"))
}
