//! The pages of mailed tickets with facts as they could be.

use super::super::examples::{Facts, Shown, alone};
use super::super::phrase::phrase;
use super::super::wording;
use super::{Kept, Record, Sent, Text, TicketPage, forms, in_words};
use crate::domain::fault::Faults;
use crate::domain::ticket::TicketKind;

/// Each kind for somebody without an account, an invitation for one who has
/// one, and a claim with every fault.
pub(in crate::http::pages) fn pages(facts: &Facts) -> Vec<Shown> {
    use TicketKind as K;
    let kinds = [
        ("ticket_registration", K::Registration, true),
        ("ticket_invitation", K::Invitation, true),
        ("ticket_invitation_known", K::Invitation, false),
        ("ticket_password_reset", K::PasswordReset, false),
        ("ticket_claim", K::Claim, true),
    ];
    let page = |(name, kind, newcomer)| (name, alone(&page(facts, kind, newcomer)));
    let mut pages: Vec<Shown> = kinds.into_iter().map(page).collect();
    let mut wrong = Faults::new();
    let fields = [
        "firm_name",
        "website",
        "one_liner",
        "summary",
        "stage",
        "tags",
        "name",
        "role",
        "language",
        "zone",
        "password",
        "agree",
    ];
    for field in fields {
        wrong.push(format!("/{field}"), "invalid_text", "Not so.");
    }
    let ticket = &wording::of(&facts.language).tickets;
    let faulty = TicketPage {
        faults: in_words(ticket, K::Claim, &wrong.into_vec()),
        ..self::page(facts, K::Claim, true)
    };
    pages.push(("ticket_claim_faults", alone(&faulty)));
    pages
}

fn page(facts: &Facts, kind: TicketKind, newcomer: bool) -> TicketPage {
    let words = wording::of(&facts.language);
    let ticket = &words.tickets;
    let claims = kind == TicketKind::Claim;
    let (heading, lead, button, refuse) = forms(ticket, kind);
    let firm = [("firm", facts.startup.as_str())];
    let joins = matches!(kind, TicketKind::Invitation | TicketKind::Claim);
    TicketPage {
        words,
        ticket,
        heading: phrase(heading, &firm),
        lead: phrase(lead, &firm),
        known: joins && !newcomer,
        claims,
        record: claims.then(|| record(facts)),
        seen: "preview".to_owned(),
        facts: vec![],
        asks_name: claims || joins && newcomer,
        asks_account: joins && newcomer,
        asks_chosen: kind == TicketKind::Registration,
        asks_password: kind == TicketKind::PasswordReset || joins && newcomer,
        button,
        refuse,
        sent: Sent {
            language: facts.language.primary().to_owned(),
            zone: facts.zone.name().to_owned(),
            ..Sent::default()
        },
        faults: vec![],
        my_consents: (!newcomer).then(|| "preview".to_owned()),
    }
}

fn record(facts: &Facts) -> Record {
    let words = &wording::of(&facts.language).tickets;
    let text = |field, label, rows, max| Text {
        field,
        label,
        rows,
        max,
        language: facts.language.to_string(),
        direction: facts.language.direction(),
        value: facts.teaser.clone(),
    };
    let tag = |label: &String| Kept {
        field: "keep",
        value: "preview".to_owned(),
        label: label.clone(),
        stays: true,
    };
    Record {
        firm_name: facts.startup.clone(),
        website: "https://tamar.example".to_owned(),
        texts: vec![
            text("one_liner", words.one_liner, 2, 300),
            text("summary", words.summary, 8, 5_000),
        ],
        title: None,
        stages: vec![("seed", facts.stage.clone(), true)],
        kept: facts.tags.iter().map(tag).collect(),
    }
}
