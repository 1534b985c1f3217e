//! Deals, meetings and signatures as the scorecard counts them on a day.

use super::*;
use crate::domain::deal_course::MET_ON;

fn at(day: u32) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(2026, 5, day).expect("a day");
    day.and_hms_opt(12, 0, 0).expect("noon").and_utc()
}

fn code(code: &str) -> Value {
    Value::Code(code.to_owned())
}

fn line(
    day: u32,
    kind: &'static str,
    payload: &[(&str, Value)],
) -> (u32, &'static str, Subject, Vec<(String, Value)>) {
    let of = if kind.starts_with("deal") {
        SubjectKind::Deal
    } else {
        SubjectKind::Introduction
    };
    let payload = payload
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    (
        day,
        kind,
        Subject::new(of, Uuid::from_u128(1)),
        payload.collect(),
    )
}

#[test]
fn a_deal_counts_as_what_it_was_on_the_day() {
    let usd = crate::domain::money::Currency::USD;
    let lines = [
        line(1, "introduction.requested", &[]),
        line(2, "introduction.moved", &[("to", code("sent"))]),
        line(
            3,
            "deal.opened",
            &[
                ("stage", code("introduced")),
                ("introduction", Value::Id(Uuid::from_u128(1))),
            ],
        ),
        line(
            4,
            "deal.moved",
            &[
                ("action", code("advance")),
                ("to", code("open")),
                ("stage_to", code("first_meeting")),
            ],
        ),
        line(
            5,
            "deal.moved",
            &[("to", code("open")), ("stage_to", code("signed"))],
        ),
        line(
            6,
            "deal.moved",
            &[("to", code("open")), ("stage_to", code("term_sheet"))],
        ),
        line(
            7,
            "deal.moved",
            &[("to", code("open")), ("stage_to", code("funded"))],
        ),
        line(
            8,
            "deal.moved",
            &[
                ("to", code("won")),
                ("stage_to", code("funded")),
                ("amount", Value::Money(Money::new(7, usd))),
            ],
        ),
    ];
    let signed: BTreeSet<String> = ["signed", "funded"].map(str::to_owned).into();
    let on = |last: u32| {
        let mut account = Account::default();
        for (day, kind, subject, payload) in lines.iter().filter(|line| line.0 <= last) {
            let (at, kind, subject) = (at(*day), *kind, *subject);
            account.read(
                &Line {
                    at,
                    kind,
                    subject,
                    payload,
                },
                &signed,
            );
        }
        account
    };
    assert_eq!(on(3).meetings().len(), 0);
    assert_eq!(on(4).meetings().len(), 1);
    assert_eq!([5, 6, 7].map(|day| on(day).signed(&signed)), [1, 0, 1]);
    assert_eq!(on(7).funded().count(), 0);
    assert_eq!(
        on(8)
            .funded()
            .flatten()
            .map(|funded| funded.amount.amount_minor)
            .sum::<i64>(),
        7
    );
    assert_eq!(on(5).first_signature(), Some(at(5).date_naive()));
    assert_eq!(on(6).first_signature(), None);
    assert_eq!(on(8).first_signature(), Some(at(7).date_naive()));
}

#[test]
fn deals_of_one_introduction_have_met_on_the_first_day_that_is_recorded() {
    let introduction = Uuid::from_u128(1);
    let recorded = |day: &str| {
        let keys = Value::Codes(vec![MET_ON.to_owned()]);
        let values = Value::Codes(vec![format!("{MET_ON}={day}")]);
        line(
            9,
            "deal.facts_recorded",
            &[("keys", keys), ("values", values)],
        )
    };
    let opened = line(
        9,
        "deal.opened",
        &[
            ("stage", code("introduced")),
            ("introduction", Value::Id(introduction)),
        ],
    );
    let step = [
        ("action", code("advance")),
        ("to", code("open")),
        ("stage_to", code("screening")),
    ];
    let step = line(9, "deal.moved", &step);
    for [first, second] in [["2026-05-01", "2026-05-07"], ["2026-05-07", "2026-05-01"]] {
        let mut account = Account::default();
        for (deal, met_on) in [(2, Some(first)), (3, Some(second)), (4, None)] {
            let lines = [
                Some(opened.clone()),
                met_on.map(recorded),
                Some(step.clone()),
            ];
            for (day, kind, _, payload) in lines.iter().flatten() {
                let line = Line {
                    at: at(*day),
                    kind,
                    subject: Subject::new(SubjectKind::Deal, Uuid::from_u128(deal)),
                    payload,
                };
                account.read(&line, &BTreeSet::new());
            }
        }
        let met = account.meetings().remove(&introduction);
        assert_eq!(met, Some(at(1).date_naive()));
    }
}
