//! The pages with facts as they could be, each by itself in one file: for
//! whoever translates them, judges them or takes pictures of them.

use askama::Template;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::question::NotePage;
use super::wording::{Note, Wording};
use super::{
    STYLE, ask_consents, deal, entry, mail_settings, my_consents, pulse, question, ticket,
};
use crate::domain::text::Language;

/// What stands in each page for its style.
const LINKED: &str = "<link rel=\"stylesheet\" href=\"/pages.css\">";

/// What the pages are about, in the language of their reader.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Their reader's.
    pub language: Language,
    /// By whose clock.
    pub zone: Tz,
    /// Now.
    pub now: DateTime<Utc>,
    /// Their reader's name.
    pub reader: String,
    /// Their reader's address.
    pub address: String,
    /// What the startup is called.
    pub startup: String,
    /// What the investor is called.
    pub investor: String,
    /// Title of the programme.
    pub programme: String,
    /// What the investor calls the mandate.
    pub mandate: String,
    /// Where the startup is.
    pub country: String,
    /// What it does, in one sentence.
    pub teaser: String,
    /// In which round it is.
    pub stage: String,
    /// What it is.
    pub tags: Vec<String>,
    /// The word for the score.
    pub band: String,
    /// What speaks for it.
    pub reasons: Vec<String>,
    /// What came with the request, in its own language.
    pub blurb: String,
}

/// A page: its name, which is one for files too, and its HTML.
pub type Shown = (&'static str, String);

/// Every page that a link of a mail can open, in one language.
pub fn all(facts: &Facts) -> Vec<Shown> {
    let mut all = question::examples::pages(facts);
    all.extend(pulse::examples::pages(facts));
    all.push(deal::examples::page(facts));
    all.extend(entry::examples::pages(facts));
    all.extend(ticket::examples::pages(facts));
    all.push(mail_settings::examples::page(facts));
    all.extend(my_consents::examples::pages(facts));
    all.extend(ask_consents::examples(&facts.language, &facts.investor));
    all.extend(notes(&facts.language));
    all
}

/// A page that needs nothing else.
pub(super) fn alone(page: &impl Template) -> String {
    let html = page
        .render()
        .expect("writing strings into a string doesn't fail");
    html.replace(LINKED, &format!("<style>\n{STYLE}</style>"))
}

/// What a link says that can't be used, or not any more.
fn notes(reader: &Language) -> Vec<Shown> {
    type Which = fn(&'static Wording) -> &'static Note;
    let notes: [(&'static str, Which); 21] = [
        ("question_answered", |words| &words.answered),
        ("question_passed_on", |words| &words.passed_on),
        ("question_paused", |words| &words.paused),
        ("question_over", |words| &words.over),
        ("question_expired", |words| &words.expired),
        ("link_invalid", |words| &words.invalid),
        ("pulse_answered", |words| &words.pulse.answered),
        ("pulse_paused", |words| &words.pulse.paused),
        ("pulse_expired", |words| &words.pulse.expired),
        ("deal_over", |words| &words.deal.over),
        ("deal_expired", |words| &words.deal.expired),
        ("match_answered", |words| &words.entries.answered),
        ("match_over", |words| &words.entries.over),
        ("match_expired", |words| &words.entries.expired),
        ("ticket_registered", |words| &words.tickets.registered),
        ("ticket_joined", |words| &words.tickets.joined),
        ("ticket_password_changed", |words| {
            &words.tickets.password_changed
        }),
        ("ticket_confirmed", |words| &words.tickets.confirmed),
        ("ticket_refused", |words| &words.tickets.refused),
        ("ticket_revoked", |words| &words.tickets.revoked),
        ("ticket_expired", |words| &words.tickets.expired),
    ];
    notes
        .into_iter()
        .map(|(name, note)| (name, alone(&NotePage::to(reader, note))))
        .collect()
}
