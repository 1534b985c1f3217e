//! From a notice to words: first a document, the same for every language and
//! both forms, then its text and its HTML.
//!
//! What comes from people is kept apart from our own words up to the last
//! step, where HTML escapes it and isolates its direction, so that a Latin
//! name in a Hebrew sentence (or the reverse) doesn't pull the sentence apart.

use askama::Template;
use chrono::{Datelike as _, Offset as _, Timelike as _};

use super::Said;
use super::notice::{
    AlertMail, AlertMatter, Counterpart, Foot, Introduction, IntroductionAsk, IntroductionClosed,
    Language, Meeting, Moment, Notice, Outcome, OverMail, Part, Party, PulseMail, Rendered,
    StaleMail,
};
use super::wording::{self, Wording};

mod account;
mod meeting;
mod records;
mod regular;

/// First-strong isolate and its end (UAX #9 §2.4).
const ISOLATE: char = '\u{2068}';
const END_ISOLATE: char = '\u{2069}';

/// A sentence in its pieces.
type Phrase = Vec<Span>;

/// One piece of a sentence.
enum Span {
    /// Our own words.
    Words(&'static str),
    /// A fact, from somebody else.
    Fact(String),
    /// A sentence of somebody else's, in its own language.
    Said(Said),
}

/// One piece of a document.
enum Block {
    Paragraph(Phrase),
    Heading(&'static str),
    /// Above one of several things, with facts in it.
    Section(Phrase),
    List(Vec<Said>),
    /// A text of somebody else's, line by line.
    Quote(Said),
    Action {
        label: &'static str,
        url: String,
    },
}

struct Document {
    subject: Phrase,
    blocks: Vec<Block>,
    footer: Phrase,
}

#[derive(Template)]
#[template(path = "notice.html", config = "src/mail/askama.toml")]
struct Html<'a> {
    wording: &'a Wording,
    title: &'a str,
    document: &'a Document,
    foot: Foot<'a>,
}

pub(super) fn render(notice: &Notice, language: Language, foot: Foot<'_>) -> Rendered {
    let wording = wording::of(language);
    let document = match notice {
        Notice::IntroductionAsk(ask) => introduction_ask(ask, wording),
        Notice::Pulse(pulse) => pulse_mail(pulse, wording),
        Notice::Over(over) => over_mail(over, wording),
        Notice::Stale(stale) => stale_mail(stale, wording),
        Notice::Alert(alert) => alert_mail(alert, wording),
        Notice::Introduction(introduction) => connection(introduction, language, wording),
        Notice::Meeting(mail) => meeting::document(mail, language, wording),
        Notice::IntroductionClosed(closed) => introduction_closed(closed, wording),
        Notice::RegistrationExists(exists) => account::registration_exists(exists, wording),
        Notice::Ticket(ticket) => account::ticket_mail(ticket, wording),
        Notice::MyConsents(mail) => account::my_consents(mail, wording),
        Notice::News(news) => account::news_mail(news, wording),
        Notice::Digest(mail) => regular::digest(mail, wording),
        Notice::Profile(mail) => records::profile(mail, wording),
        Notice::Mandate(mail) => records::mandate(mail, wording),
        Notice::Status(mail) => regular::status(mail, wording),
        Notice::Work(mail) => regular::work(mail, wording),
    };
    let subject = plain(&document.subject, wording);
    let html = Html {
        wording,
        title: &subject,
        document: &document,
        foot,
    };
    Rendered {
        html: html
            .render()
            .expect("writing strings into a string doesn't fail"),
        text: text(&document, wording, foot),
        subject,
    }
}

fn introduction_ask(ask: &IntroductionAsk, wording: &'static Wording) -> Document {
    let words = &wording.ask;
    let programme = ("programme", ask.programme.as_str());
    let (subject, lead, facts) = match &ask.counterpart {
        Counterpart::Named { name, facts } => {
            let named = [("counterpart", name.as_str()), programme];
            (
                fill(words.subject_named, &named),
                fill(words.lead_named, &named),
                facts,
            )
        }
        Counterpart::Agreed { name, facts } => {
            let named = [("counterpart", name.as_str()), programme];
            (
                fill(words.subject_proposed, &named),
                fill(words.lead_proposed, &named),
                facts,
            )
        }
        Counterpart::Teaser { facts } => (
            fill(words.subject_teaser, &[programme]),
            fill(words.lead_teaser, &[programme]),
            facts,
        ),
    };
    let subject = if ask.reminder {
        fill(words.subject_reminder, &[programme])
    } else {
        subject
    };
    let mut blocks = vec![greeting(ask.reader.as_deref(), wording)];
    if ask.reminder {
        blocks.push(paragraph(words.reminder));
    }
    if let Some(firm) = &ask.passed_on_for {
        blocks.push(Block::Paragraph(fill(words.passed_on, &[("firm", firm)])));
    }
    blocks.push(Block::Paragraph(lead));
    if !facts.is_empty() {
        blocks.push(Block::Heading(words.about));
        blocks.push(said_list(facts));
    }
    list_under(wording.reasons, &ask.reasons, &mut blocks);
    quote(ask.blurb.as_ref(), wording, &mut blocks);
    let expires = moment(ask.expires, wording);
    let promise = match ask.counterpart {
        Counterpart::Named { .. } | Counterpart::Agreed { .. } => words.promise,
        Counterpart::Teaser { .. } => words.promise_first,
    };
    blocks.extend([
        paragraph(promise),
        Block::Action {
            label: words.action,
            url: ask.link.clone(),
        },
        Block::Paragraph(fill(words.expiry, &[("expires", &expires)])),
        paragraph(words.personal),
    ]);
    Document {
        subject,
        blocks,
        footer: fill(wording.footer_programme, &[programme]),
    }
}

fn pulse_mail(pulse: &PulseMail, wording: &'static Wording) -> Document {
    let words = &wording.pulse;
    let requested = moment(pulse.requested, wording);
    let facts = [
        ("counterpart", pulse.counterpart.as_str()),
        ("programme", &pulse.programme),
        ("requested", &requested),
    ];
    let (subject, lead) = if pulse.late {
        (words.late_subject, words.late)
    } else {
        (words.subject, words.lead)
    };
    Document {
        subject: fill(subject, &facts),
        blocks: vec![
            greeting(pulse.reader.as_deref(), wording),
            Block::Paragraph(fill(lead, &facts)),
            Block::Action {
                label: words.action,
                url: pulse.link.clone(),
            },
        ],
        footer: fill(wording.footer_programme, &facts),
    }
}

fn over_mail(over: &OverMail, wording: &'static Wording) -> Document {
    let words = &wording.pulse;
    let facts = [
        ("counterpart", over.counterpart.as_str()),
        ("programme", &over.programme),
    ];
    let lead = if over.silent {
        words.silent
    } else {
        words.over
    };
    Document {
        subject: fill(words.over_subject, &facts),
        blocks: vec![
            greeting(over.reader.as_deref(), wording),
            Block::Paragraph(fill(lead, &facts)),
            paragraph(words.afterwards),
        ],
        footer: fill(wording.footer_programme, &facts),
    }
}

/// What stands in a calendar about a meeting.
pub(super) fn entry(proposed: &Meeting, language: Language) -> (String, String) {
    meeting::entry(proposed, language, wording::of(language))
}

fn stale_mail(stale: &StaleMail, wording: &'static Wording) -> Document {
    let words = &wording.stale;
    let since = moment(stale.since, wording);
    let facts = [
        ("counterpart", stale.counterpart.as_str()),
        ("programme", &stale.programme),
        ("since", &since),
    ];
    Document {
        subject: fill(words.subject, &facts),
        blocks: vec![
            greeting(stale.reader.as_deref(), wording),
            Block::Paragraph(fill(words.lead, &facts)),
            paragraph(words.what_now),
            match &stale.page {
                Some(page) => Block::Action {
                    label: words.answer,
                    url: page.clone(),
                },
                None => records::way(&stale.record, wording),
            },
        ],
        footer: fill(wording.footer_programme, &facts),
    }
}

fn alert_mail(alert: &AlertMail, wording: &'static Wording) -> Document {
    let words = &wording.alert;
    let programme = ("programme", alert.programme.as_str());
    let (subject, lead) = match alert.matter {
        AlertMatter::AbuseReported => (words.abuse_subject, words.abuse),
        AlertMatter::DeliveryProblem => (words.delivery_subject, words.delivery),
        AlertMatter::QuestionUndelivered => (words.question_subject, words.question),
    };
    Document {
        subject: fill(subject, &[programme]),
        blocks: vec![
            greeting(alert.reader.as_deref(), wording),
            Block::Paragraph(fill(lead, &[programme])),
            records::way(&alert.record, wording),
        ],
        footer: fill(words.footer, &[]),
    }
}

fn connection(
    introduction: &Introduction,
    language: Language,
    wording: &'static Wording,
) -> Document {
    let words = &wording.introduction;
    let Introduction {
        startup, investor, ..
    } = introduction;
    let programme = ("programme", introduction.programme.as_str());
    let sides = [
        ("startup", startup.organization.as_str()),
        ("startup_contact", &startup.contact),
        ("investor", &investor.organization),
        ("investor_contact", &investor.contact),
    ];
    let origin = match &introduction.asked_by {
        Some(firm) => fill(words.origin, &[("asked_by", firm), programme]),
        None => fill(words.origin_proposed, &[programme]),
    };
    let party = |party: &Party| {
        let facts = [
            ("organization", party.organization.as_str()),
            ("summary", &party.summary.text),
        ];
        Block::Paragraph(marked(fill(words.party, &facts), &party.summary))
    };
    let mut blocks = vec![
        greeting(None, wording),
        Block::Paragraph(fill(words.lead, &sides)),
        Block::Paragraph(origin),
        party(startup),
        party(investor),
    ];
    list_under(wording.reasons, &introduction.reasons, &mut blocks);
    quote(introduction.blurb.as_ref(), wording, &mut blocks);
    if let Some(proposed) = &introduction.meeting {
        meeting::proposal(proposed, language, wording, &mut blocks);
    }
    blocks.push(paragraph(words.next));
    Document {
        subject: fill(words.subject, &sides),
        blocks,
        footer: fill(wording.footer_programme, &[programme]),
    }
}

fn introduction_closed(closed: &IntroductionClosed, wording: &'static Wording) -> Document {
    let words = &wording.closed;
    let programme = ("programme", closed.programme.as_str());
    let requested = moment(closed.requested, wording);
    let requested = ("requested", requested.as_str());
    let lead = match &closed.part {
        Part::Asked {
            counterpart: Some(name),
        } => fill(
            words.lead_named,
            &[requested, ("counterpart", name), programme],
        ),
        Part::Asked { counterpart: None } => fill(words.lead, &[requested, programme]),
        Part::WasAsked => fill(words.lead_asked, &[requested, programme]),
    };
    let outcome = match closed.outcome {
        Outcome::Declined => words.declined,
        Outcome::Expired => words.expired,
        Outcome::Withdrawn => words.withdrawn,
    };
    let mut blocks = vec![
        greeting(closed.reader.as_deref(), wording),
        Block::Paragraph(lead),
        paragraph(outcome),
    ];
    if let Some(reason) = &closed.reason {
        blocks.push(Block::Paragraph(fill(words.reason, &[("reason", reason)])));
    }
    blocks.push(paragraph(words.unaffected));
    Document {
        subject: fill(words.subject, &[]),
        blocks,
        footer: fill(wording.footer_programme, &[programme]),
    }
}

fn greeting(reader: Option<&str>, wording: &'static Wording) -> Block {
    Block::Paragraph(match reader {
        Some(reader) => fill(wording.greeting, &[("reader", reader)]),
        None => fill(wording.greeting_plain, &[]),
    })
}

fn paragraph(words: &'static str) -> Block {
    Block::Paragraph(fill(words, &[]))
}

fn list_under(heading: &'static str, items: &[String], blocks: &mut Vec<Block>) {
    if !items.is_empty() {
        blocks.push(Block::Heading(heading));
        blocks.push(list(items.iter().map(|item| tame(item))));
    }
}

/// A list of our own words.
fn list(items: impl IntoIterator<Item = String>) -> Block {
    Block::List(items.into_iter().map(Said::from).collect())
}

/// A list of words that may be of another language.
fn said_list(items: &[Said]) -> Block {
    let tamed = items.iter().map(|said| said.with(tame(&said.text)));
    Block::List(tamed.collect())
}

fn quote(blurb: Option<&Said>, wording: &'static Wording, blocks: &mut Vec<Block>) {
    if let Some(blurb) = blurb {
        blocks.push(Block::Heading(wording.blurb));
        blocks.push(Block::Quote(blurb.with(tame(&blurb.text))));
    }
}

/// The phrase with what is a sentence of somebody else's in it marked as such.
fn marked(mut phrase: Phrase, said: &Said) -> Phrase {
    let tamed = said.with(tame(&said.text));
    for span in &mut phrase {
        if matches!(span, Span::Fact(fact) if *fact == tamed.text) {
            *span = Span::Said(tamed.clone());
        }
    }
    phrase
}

/// Puts facts into the `{places}` of a sentence. Facts are never searched for
/// places themselves.
fn fill(sentence: &'static str, facts: &[(&str, &str)]) -> Phrase {
    let mut phrase = Vec::new();
    let mut rest = sentence;
    while let Some((words, (place, after))) = rest
        .split_once('{')
        .and_then(|(words, open)| Some((words, open.split_once('}')?)))
    {
        phrase.push(Span::Words(words));
        let fact = facts.iter().find(|(name, _)| *name == place);
        phrase.push(Span::Fact(tame(fact.map_or("", |(_, fact)| fact))));
        rest = after;
    }
    phrase.push(Span::Words(rest));
    phrase
}

/// Without the marks by which a text could change the direction of what
/// stands around it (UAX #9 §2.1–2.5).
fn tame(fact: &str) -> String {
    let is_direction_mark = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    fact.chars().filter(|c| !is_direction_mark(*c)).collect()
}

fn moment(moment: Moment, wording: &Wording) -> String {
    let local = moment.at.with_timezone(&moment.zone);
    let word = |words: &[&'static str], at: u32| {
        usize::try_from(at)
            .ok()
            .and_then(|at| words.get(at).copied())
    };
    let month = word(&wording.months, local.month0());
    let weekday = word(&wording.weekdays, local.weekday().num_days_from_monday());
    wording
        .moment
        .replace("{weekday}", weekday.unwrap_or_default())
        .replace("{day}", &local.day().to_string())
        .replace("{month}", month.unwrap_or_default())
        .replace("{year}", &local.year().to_string())
        .replace(
            "{time}",
            &format!("{:02}:{:02}", local.hour(), local.minute()),
        )
        .replace("{zone}", &zone(local.offset().fix().local_minus_utc()))
}

/// `UTC+4`, `UTC+5:30`: unlike abbreviations, the same to everybody.
fn zone(seconds_east: i32) -> String {
    let sign = if seconds_east < 0 { '−' } else { '+' };
    let minutes = seconds_east.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// The document as plain text, lines unbroken: the reader's program wraps them.
fn text(document: &Document, wording: &Wording, foot: Foot<'_>) -> String {
    let mut parts: Vec<String> = document
        .blocks
        .iter()
        .map(|block| block_text(block, wording))
        .collect();
    let links: String = [
        (wording.settings, foot.settings),
        (wording.consents, foot.consents),
    ]
    .into_iter()
    .filter_map(|(label, url)| Some(format!("\n{label}:\n{}", url?)))
    .collect();
    parts.push(format!("-- \n{}{links}", plain(&document.footer, wording)));
    parts.join("\n\n") + "\n"
}

fn block_text(block: &Block, wording: &Wording) -> String {
    let line = |mark: &str, item: &str| format!("{mark}{}", isolated(item, wording));
    match block {
        Block::Paragraph(phrase) => plain(phrase, wording),
        Block::Heading(words) => format!("{words}:"),
        Block::Section(phrase) => plain(phrase, wording),
        Block::List(items) => {
            let items = items.iter().map(|said| line("• ", &said.text));
            items.collect::<Vec<_>>().join("\n")
        }
        Block::Quote(quoted) => {
            let lines = quoted.text.lines().map(|text| line("> ", text));
            lines.collect::<Vec<_>>().join("\n")
        }
        Block::Action { label, url } => format!("{label}:\n{url}"),
    }
}

fn plain(phrase: &Phrase, wording: &Wording) -> String {
    let spans = phrase.iter().map(|span| match span {
        Span::Words(words) => (*words).to_owned(),
        Span::Fact(fact) | Span::Said(Said { text: fact, .. }) => isolated(fact, wording),
    });
    spans.collect()
}

/// Isolates a fact where its direction may differ from the sentence's; within
/// left-to-right text without right-to-left letters the marks would only be
/// in the way of older programs.
fn isolated(fact: &str, wording: &Wording) -> String {
    if fact.is_empty() || !(wording.rtl || fact.chars().any(is_right_to_left)) {
        return fact.to_owned();
    }
    format!("{ISOLATE}{fact}{END_ISOLATE}")
}

/// Hebrew, Arabic and the other right-to-left blocks.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod regular_tests;
#[cfg(test)]
mod tests;
