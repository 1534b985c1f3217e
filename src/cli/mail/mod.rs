//! `corridor mail`: what the mails look like, from invented facts.

mod examples;
mod gallery;
mod regular;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};

use super::Failure;
use crate::config::Config;
use crate::mail::calendar::{Invitation, Method};
use crate::mail::notice::{Language, Meeting, Notice, Rendered};
use crate::mail::{Email, Mailbox, MessageId};
use crate::services::destinations::Destinations;
use crate::startup;

use self::examples::Example;

/// Commands of `corridor mail`.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Write what mails look like as HTML and .eml files; without arguments,
    /// list the events after rendering each in every language
    Preview(PreviewArgs),
}

/// Arguments of `corridor mail preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Only that event; the list without arguments names them
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// Only in that language: en, he, az or ru
    #[arg(long, value_name = "LANG", value_parser = language)]
    lang: Option<Language>,
    /// Every mail and, beside them, every page that a mail leads to, with an
    /// index.html that shows all of them side by side
    #[arg(long, conflicts_with = "event")]
    all: bool,
    /// Where the files go; made if it is missing [default: mail-preview]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The languages by their tags.
const LANGUAGES: [(&str, Language); 4] = [
    ("en", Language::En),
    ("he", Language::He),
    ("az", Language::Az),
    ("ru", Language::Ru),
];

fn language(tag: &str) -> Result<Language, String> {
    let known = LANGUAGES.iter().find(|(known, _)| *known == tag);
    known
        .map(|(_, language)| *language)
        .ok_or_else(|| "one of en, he, az, ru".to_owned())
}

/// Runs a command of `corridor mail`: exit code 2 for an event that there
/// isn't, 1 for a template that doesn't render as it should.
pub(super) fn run(config: &Config, command: &MailCommand) -> Result<(), Failure> {
    let MailCommand::Preview(args) = command;
    let destinations = startup::destinations(config);
    if !args.all && args.event.is_none() && args.lang.is_none() && args.out.is_none() {
        return list(&destinations);
    }
    let out = args.out.as_deref().unwrap_or(Path::new("mail-preview"));
    fs::create_dir_all(out).map_err(|error| unwritable(out, &error))?;
    let mut written = 0;
    for (tag, language) in LANGUAGES {
        if args.lang.is_some_and(|wanted| wanted != language) {
            continue;
        }
        for example in examples::all(language, &destinations) {
            if args
                .event
                .as_deref()
                .is_some_and(|wanted| wanted != example.event)
            {
                continue;
            }
            write(config, out, tag, &example, language)?;
            written += 1;
        }
    }
    if written == 0 {
        let event = args.event.as_deref().unwrap_or_default();
        let known: Vec<_> = examples::all(Language::En, &destinations)
            .iter()
            .map(|it| it.event)
            .collect();
        return Err(Failure::usage(format!(
            "--event: there is no {event}; one of {}",
            known.join(", ")
        )));
    }
    if args.all {
        let events: Vec<_> = examples::all(Language::En, &destinations)
            .iter()
            .map(|it| it.event)
            .collect();
        let wanted = LANGUAGES.into_iter();
        let wanted: Vec<_> = wanted
            .filter(|(_, language)| args.lang.is_none_or(|wanted| wanted == *language))
            .collect();
        let pages = gallery::write(out, &events, &wanted)?;
        return say!(
            "{written} mails, each as .html and .eml, and {pages} pages are in {}; open index.html there",
            out.display()
        );
    }
    say!(
        "{written} mails, each as .html and .eml, are in {}",
        out.display()
    )
}

/// Every event with its subject, each rendered in all languages first.
fn list(destinations: &Destinations) -> Result<(), Failure> {
    let mut faults = vec![];
    for (tag, language) in LANGUAGES {
        for example in examples::all(language, destinations) {
            let rendered = example
                .notice
                .render_with(language, example.links(language).foot());
            faults.extend(
                check(tag, language, &rendered)
                    .into_iter()
                    .map(|fault| format!("{} in {tag}: {fault}", example.event)),
            );
        }
    }
    for example in examples::all(Language::En, destinations) {
        let subject = example.notice.render(Language::En).subject;
        say!("{:<28} {subject}", example.event)?;
    }
    if faults.is_empty() {
        return say!(
            "\nEach renders in en, he, az and ru. Write them with --out DIR, one with --event EVENT."
        );
    }
    Err(Failure::new(faults.join("\n")))
}

/// What is wrong with a mail as it was rendered.
fn check(tag: &str, language: Language, rendered: &Rendered) -> Vec<String> {
    let direction = gallery::direction(language);
    let mut faults = vec![];
    for part in [&rendered.subject, &rendered.text, &rendered.html] {
        if part.trim().is_empty() {
            faults.push("a part is empty".to_owned());
        }
        // A place of a sentence that no fact was put into.
        let open = part
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'));
        for (place, _) in open {
            let is_name = place.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if is_name && !place.is_empty() {
                faults.push(format!("{{{place}}} is left open"));
            }
        }
    }
    for wanted in [format!("dir=\"{direction}\""), format!("lang=\"{tag}\"")] {
        if !rendered.html.contains(&wanted) {
            faults.push(format!("the HTML has no {wanted}"));
        }
    }
    faults
}

fn write(
    config: &Config,
    out: &Path,
    tag: &str,
    example: &Example,
    language: Language,
) -> Result<(), Failure> {
    let rendered = example
        .notice
        .render_with(language, example.links(language).foot());
    let faults = check(tag, language, &rendered);
    if !faults.is_empty() {
        let faults = faults.join("; ");
        return Err(Failure::new(format!(
            "{} in {tag}: {faults}",
            example.event
        )));
    }
    let name = format!("{}.{tag}", example.event);
    let html = out.join(format!("{name}.html"));
    fs::write(&html, &rendered.html).map_err(|error| unwritable(&html, &error))?;
    let eml = out.join(format!("{name}.eml"));
    let bytes = email(config, &name, example, rendered, language)?;
    fs::write(&eml, bytes).map_err(|error| unwritable(&eml, &error))
}

/// The mail as it would go out, but for its signatures.
fn email(
    config: &Config,
    name: &str,
    example: &Example,
    rendered: Rendered,
    language: Language,
) -> Result<Vec<u8>, Failure> {
    let mailbox = |(name, address): &(&str, &str)| Mailbox::new(Some(name), address);
    let to: Vec<Mailbox> = example
        .to
        .iter()
        .map(mailbox)
        .collect::<Result<_, _>>()
        .map_err(Failure::new)?;
    // What both sides get comes in the programme's name.
    let (programme, meeting, cancelled) = match &example.notice {
        Notice::Introduction(it) => (Some(&it.programme), it.meeting.as_ref(), false),
        Notice::Meeting(it) => (Some(&it.programme), Some(&it.meeting), it.cancelled),
        _ => (None, None, false),
    };
    let from_name = programme.unwrap_or(&config.mail.from_name);
    let from = Mailbox::new(Some(from_name), &config.mail.from).map_err(Failure::new)?;
    let invitation =
        meeting.map(|meeting| invitation(meeting, cancelled, language, from.clone(), to.clone()));
    let email = Email {
        message_id: MessageId::new(format!("preview.{name}"), "corridor.example")
            .map_err(Failure::new)?,
        date: Utc::now(),
        from,
        cc: vec![],
        only_to: None,
        return_path: None,
        reply_to: if to.len() > 1 { to.clone() } else { vec![] },
        to,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        in_reply_to: None,
        references: vec![],
        invitation,
        unsubscribe: example.links(language).unsubscribe(),
    };
    email.to_bytes().map_err(Failure::new)
}

/// The invitation that goes with a mail about a time to meet.
fn invitation(
    meeting: &Meeting,
    cancelled: bool,
    language: Language,
    organizer: Mailbox,
    attendees: Vec<Mailbox>,
) -> Invitation {
    let (summary, description) = meeting.entry(language);
    Invitation {
        method: if cancelled {
            Method::Cancel
        } else {
            Method::Request
        },
        uid: "introduction-preview@corridor.example".to_owned(),
        sequence: u32::from(cancelled),
        stamp: Utc::now(),
        starts_at: meeting.at,
        ends_at: meeting.at + TimeDelta::minutes(meeting.minutes.into()),
        summary,
        description,
        organizer,
        attendees,
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("can't write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_renders_in_every_language_with_its_direction() {
        let app = |path: &str| Some(format!("https://app.example/{path}"));
        let linked = Destinations {
            record: app("{kind}/{id}"),
            worklist: app("worklist"),
            sign_in: app("sign-in"),
        };
        for (tag, language) in LANGUAGES {
            for destinations in [&linked, &Destinations::default()] {
                let mut events = BTreeSet::new();
                for example in examples::all(language, destinations) {
                    let rendered = example
                        .notice
                        .render_with(language, example.links(language).foot());
                    assert!(
                        events.insert(example.event),
                        "{} comes twice",
                        example.event
                    );
                    assert_eq!(
                        check(tag, language, &rendered),
                        Vec::<String>::new(),
                        "{}",
                        example.event
                    );
                    // What programs read is nothing for a browser.
                    for part in [&rendered.text, &rendered.html] {
                        assert!(!part.contains("/v1/"), "{}: {part}", example.event);
                    }
                }
            }
        }
    }

    #[test]
    fn a_record_has_a_link_where_there_is_an_application_and_else_a_number() {
        let linked = Destinations {
            record: Some("https://app.example/{kind}/{id}".to_owned()),
            ..Destinations::default()
        };
        for (event, kind) in [
            ("alert_abuse_reported", "introductions"),
            ("profile_published", "startup-profiles"),
            ("investor_stale", "investor-profiles"),
            ("mandate_published", "mandates"),
        ] {
            for (_, language) in LANGUAGES {
                let text = |destinations: &Destinations| {
                    let mut all = examples::all(language, destinations).into_iter();
                    let found = all.find(|example| example.event == event).unwrap();
                    found.notice.render(language).text
                };
                let (with, without) = (text(&linked), text(&Destinations::default()));
                assert!(with.contains(&format!("https://app.example/{kind}/0192f7a0-")));
                assert!(!without.contains("http"), "{without}");
                assert!(without.contains("0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d"));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let rendered = Rendered {
            subject: "Hello {reader}".to_owned(),
            text: String::new(),
            html: "<p dir=\"ltr\">".to_owned(),
        };
        let faults = check("he", Language::He, &rendered);
        assert_eq!(faults.len(), 4, "{faults:?}");
    }
}
