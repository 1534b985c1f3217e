//! Turns a prepared notice into an e-mail in its reader's language.

mod meeting;
mod regular;

use crate::db::envelopes::Envelope;
use crate::db::outbox::Claimed;
use crate::domain::country::Country;
use crate::domain::introduction::Requester;
use crate::domain::message::{Ending, Matter, News};
use crate::domain::pulse::PulseKind;
use crate::domain::scoring::FactorTrace;
use crate::domain::text::{Language, Localized, Name};
use crate::mail::links::Links;
use crate::mail::notice::{
    AccountNews, AlertMail, AlertMatter, Counterpart, Introduction, IntroductionAsk,
    IntroductionClosed, Language as MailLanguage, Moment, MyConsentsMail, NewsMail, Notice,
    Outcome, OverMail, Part, Party, PulseMail, Purpose, RegistrationExists, StaleMail, TicketMail,
    Way, pass_reason,
};
use crate::mail::{Email, InvalidEmail, Mailbox, MessageId, Said};
use crate::services::Context;
use crate::services::notices::{
    AskContent, Closed, Content, IntroductionContent, Ready, Recipient,
};
use crate::services::tickets::{Letter, LetterPurpose};

use super::Options;

/// Most reasons a mail gives.
const REASONS: usize = 3;

/// Writes the e-mail of a claimed message.
///
/// # Errors
/// An address or header that can't be written; trying again won't help.
pub fn write(
    context: &Context,
    options: &Options,
    message: &Claimed,
    ready: &Ready,
) -> Result<Email, InvalidEmail> {
    let reader = shared_reader(&ready.to);
    let notice = notice(context, message, ready, &reader);
    let url = &context.settings.public_url;
    let language = MailLanguage::for_tag(reader.language.as_str());
    let (settings, consents) = (ready.settings.as_deref(), ready.consents.as_deref());
    let links = Links::new(url, language, settings, consents);
    let rendered = notice.render_with(language, links.foot());
    let (to, cc) = (mailboxes(&ready.to)?, mailboxes(&ready.cc)?);
    // Both people of an introduction answer each other, not the service. One
    // who gets it alone would answer themselves.
    let reply_to = match ready.content {
        Content::Introduction(_) | Content::Meeting(_) if to.len() > 1 => to.clone(),
        _ => vec![],
    };
    let from = Mailbox::new(Some(sender(&ready.content, options)), &options.from_address)?;
    let earlier = ready
        .continues
        .as_ref()
        .map(|id| MessageId::parse(&format!("<{id}>")))
        .transpose()?;
    Ok(Email {
        message_id: MessageId::parse(&format!(
            "<{}>",
            message.message_id.as_deref().unwrap_or_default()
        ))?,
        date: ready
            .dated
            .or(message.first_tried_at)
            .unwrap_or(message.created_at),
        from: from.clone(),
        return_path: Some(Mailbox::new(
            None,
            &context.return_paths.address(message.id),
        )?),
        to,
        cc,
        only_to: None,
        reply_to,
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        references: earlier.iter().cloned().collect(),
        in_reply_to: earlier,
        invitation: meeting::invitation(context, message, ready, language, from)?,
        unsubscribe: links.unsubscribe(),
    })
}

fn mailboxes(people: &[Recipient]) -> Result<Vec<Mailbox>, InvalidEmail> {
    people
        .iter()
        .map(|one| Mailbox::new(one.name.as_ref().map(Name::as_str), one.email.as_str()))
        .collect()
}

/// The mail that connects comes in the programme's name.
fn sender<'a>(content: &'a Content, options: &'a Options) -> &'a str {
    match content {
        Content::Introduction(introduction) => &introduction.programme,
        Content::Meeting(news) => &news.programme,
        _ => &options.from_name,
    }
}

/// A mail to several, for one of them alone.
///
/// # Errors
/// An address that can't be written.
pub fn in_envelope(
    context: &Context,
    email: &Email,
    envelope: &Envelope,
) -> Result<Email, InvalidEmail> {
    let reader = Mailbox::new(None, envelope.email.as_str())?;
    let return_path = context.return_paths.address(envelope.id.into());
    Ok(email.in_envelope(reader, Mailbox::new(None, &return_path)?))
}

/// In whose language and zone a mail is written.
struct Reader {
    name: Option<String>,
    language: Language,
    zone: chrono_tz::Tz,
}

/// The one reader; two readers of one mail share English, unless their
/// language is the same.
fn shared_reader(to: &[Recipient]) -> Reader {
    let same = |people: &[Recipient]| {
        people
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.language.primary() == b.language.primary()))
    };
    match to {
        [only] => Reader {
            name: only.name.as_ref().map(ToString::to_string),
            language: only.language.clone(),
            zone: only.zone,
        },
        [first, ..] if same(to) => Reader {
            name: None,
            language: first.language.clone(),
            zone: first.zone,
        },
        _ => Reader {
            name: None,
            language: Language::english(),
            zone: chrono_tz::UTC,
        },
    }
}

fn notice(context: &Context, message: &Claimed, ready: &Ready, reader: &Reader) -> Notice {
    match &ready.content {
        Content::Ask(ask) => Notice::IntroductionAsk(ask_notice(context, ask, reader)),
        Content::Introduction(introduction) => {
            Notice::Introduction(introduction_notice(context, introduction, reader))
        }
        Content::Pulse(pulse) => Notice::Pulse(PulseMail {
            reader: reader.name.clone(),
            counterpart: pulse.counterpart.clone(),
            programme: pulse.programme.clone(),
            requested: Moment {
                at: pulse.requested_at,
                zone: reader.zone,
            },
            late: pulse.kind == PulseKind::Late,
            link: pulse.link.clone(),
        }),
        Content::Over(over) => Notice::Over(OverMail {
            reader: reader.name.clone(),
            counterpart: over.counterpart.clone(),
            programme: over.programme.clone(),
            silent: over.silent,
        }),
        Content::Stale(stale) => Notice::Stale(StaleMail {
            reader: reader.name.clone(),
            counterpart: stale.counterpart.clone(),
            programme: stale.programme.clone(),
            since: Moment {
                at: stale.since,
                zone: reader.zone,
            },
            record: way(context, "deals", stale.deal),
            page: stale
                .link
                .as_ref()
                .map(|token| format!("{}/deals/{token}", context.settings.public_url)),
        }),
        Content::Alert(alert) => Notice::Alert(AlertMail {
            reader: reader.name.clone(),
            matter: match alert.matter {
                Matter::AbuseReported => AlertMatter::AbuseReported,
                Matter::DeliveryProblem => AlertMatter::DeliveryProblem,
                Matter::QuestionUndelivered => AlertMatter::QuestionUndelivered,
            },
            programme: alert.programme.clone(),
            record: way(context, "introductions", alert.introduction),
        }),
        Content::Closed(closed) => Notice::IntroductionClosed(closed_notice(closed, reader)),
        Content::Meeting(news) => Notice::Meeting(meeting::mail(news)),
        Content::Ticket(letter) => Notice::Ticket(ticket_notice(letter, reader)),
        Content::MyConsents(token) => Notice::MyConsents(MyConsentsMail {
            reader: reader.name.clone(),
            link: format!("{}/my-consents/{token}", context.settings.public_url),
        }),
        Content::Digest(digest) => Notice::Digest(regular::digest_mail(digest, reader)),
        Content::Profile(profile) => {
            Notice::Profile(regular::profile_mail(context, profile, reader))
        }
        Content::Mandate(mandate) => {
            Notice::Mandate(regular::mandate_mail(context, mandate, reader))
        }
        Content::Status(status) => Notice::Status(regular::status_mail(status, reader)),
        Content::Work(work) => Notice::Work(regular::work_mail(context, work, reader)),
        Content::News(news, programme) => Notice::News(NewsMail {
            reader: reader.name.clone(),
            news: account_news(*news),
            programme: programme.clone(),
            at: Moment {
                at: message.created_at,
                zone: reader.zone,
            },
        }),
        Content::RegistrationExists => Notice::RegistrationExists(RegistrationExists {
            reader: reader.name.clone(),
            tried: Moment {
                at: message.created_at,
                zone: reader.zone,
            },
            sign_in: context.settings.destinations.sign_in.clone(),
        }),
    }
}

/// How a reader comes to a record that has no page here.
fn way(context: &Context, kind: &str, id: impl std::fmt::Display) -> Way {
    let number = id.to_string();
    let link = context.settings.destinations.of_record(kind, &number);
    link.map_or(Way::Number(number), Way::Link)
}

fn ticket_notice(letter: &Letter, reader: &Reader) -> TicketMail {
    TicketMail {
        reader: reader.name.clone(),
        purpose: match &letter.purpose {
            LetterPurpose::Registration { firm } => Purpose::Registration { firm: firm.clone() },
            LetterPurpose::Invitation { firm, by } => Purpose::Invitation {
                firm: firm.clone(),
                by: by.clone(),
            },
            LetterPurpose::PasswordReset => Purpose::PasswordReset,
            LetterPurpose::Claim { firm } => Purpose::Claim { firm: firm.clone() },
        },
        link: letter.link.clone(),
        expires: Moment {
            at: letter.expires_at,
            zone: reader.zone,
        },
    }
}

const fn account_news(news: News) -> AccountNews {
    match news {
        News::PasswordChanged => AccountNews::PasswordChanged,
        News::SessionCopied => AccountNews::SessionCopied,
        News::SecondFactorSet => AccountNews::SecondFactorSet,
        News::SecondFactorRemoved => AccountNews::SecondFactorRemoved,
        News::RecoveryCodeUsed => AccountNews::RecoveryCodeUsed,
        News::RecoveryCodesRenewed => AccountNews::RecoveryCodesRenewed,
        News::KeyMade => AccountNews::KeyMade,
        News::RolesChanged => AccountNews::RolesChanged,
        News::AccountClosed => AccountNews::AccountClosed,
        News::AccountReopened => AccountNews::AccountReopened,
        News::MemberJoined => AccountNews::MemberJoined,
        News::DocumentCleared => AccountNews::DocumentCleared,
        News::DocumentRefused => AccountNews::DocumentRefused,
        News::ConsentNeeded => AccountNews::ConsentNeeded,
        News::AdmissionWithdrawn => AccountNews::AdmissionWithdrawn,
        News::ProgrammeDeclined => AccountNews::ProgrammeDeclined,
        News::ProgrammeExpiring => AccountNews::ProgrammeExpiring,
        News::ProgrammeOver => AccountNews::ProgrammeOver,
        News::PromiseAtRisk => AccountNews::PromiseAtRisk,
        News::PromiseMissed => AccountNews::PromiseMissed,
        News::DealOpened => AccountNews::DealOpened,
    }
}

fn ask_notice(context: &Context, ask: &AskContent, reader: &Reader) -> IntroductionAsk {
    let country = country(context, ask.counterpart_country, reader);
    let mut facts = Vec::from_iter(country.map(Said::from));
    // Its paragraphs are on the page.
    facts.extend(words(&ask.portrait.sentence, reader));
    let lines = ask.portrait.lines(context, &reader.language).into_iter();
    facts.extend(lines.map(Said::from));
    IntroductionAsk {
        reader: reader.name.clone(),
        counterpart: match &ask.counterpart {
            Some(name) if !ask.counterpart_asks => Counterpart::Agreed {
                name: name.clone(),
                facts,
            },
            Some(name) => Counterpart::Named {
                name: name.clone(),
                facts,
            },
            None => Counterpart::Teaser { facts },
        },
        programme: ask.programme.clone(),
        reasons: reasons(context, &ask.strengths, reader),
        blurb: Some(Said::by_somebody(ask.blurb.clone())),
        link: ask.link.clone(),
        expires: Moment {
            at: ask.expires_at,
            zone: reader.zone,
        },
        passed_on_for: ask.passed_on_for.as_ref().map(Name::to_string),
        reminder: ask.reminder,
    }
}

fn introduction_notice(
    context: &Context,
    content: &IntroductionContent,
    reader: &Reader,
) -> Introduction {
    let startup = content.startup.details.display_name().to_string();
    let investor = content.investor.details.display_name().to_string();
    Introduction {
        asked_by: match content.requester {
            Requester::Startup => Some(startup.clone()),
            Requester::Investor => Some(investor.clone()),
            Requester::Curator => None,
            Requester::Partner => content.partner.clone(),
        },
        startup: Party {
            organization: startup,
            contact: content.startup_person.shown_name(),
            summary: words(&content.one_liner, reader).unwrap_or_else(|| "".into()),
        },
        investor: Party {
            organization: investor,
            contact: content.investor_person.shown_name(),
            // How a fund calls its mandates is its own affair.
            summary: country(context, content.investor.details.country, reader)
                .unwrap_or_default()
                .into(),
        },
        programme: content.programme.clone(),
        reasons: reasons(context, &content.strengths, reader),
        blurb: Some(Said::by_somebody(content.blurb.clone())),
        meeting: content
            .meeting
            .as_ref()
            .filter(|meeting| !meeting.cancelled)
            .map(meeting::times),
    }
}

fn closed_notice(closed: &Closed, reader: &Reader) -> IntroductionClosed {
    let language = MailLanguage::for_tag(reader.language.as_str());
    IntroductionClosed {
        reader: reader.name.clone(),
        part: if closed.asked_for_it {
            Part::Asked {
                counterpart: closed.counterpart.clone(),
            }
        } else {
            Part::WasAsked
        },
        requested: Moment {
            at: closed.requested_at,
            zone: reader.zone,
        },
        programme: closed.programme.clone(),
        // A refusal by the gate reads like any other "not taken up": why it
        // was refused is not the requester's to know.
        outcome: match closed.ending {
            Ending::Declined | Ending::Refused => Outcome::Declined,
            Ending::Expired => Outcome::Expired,
            Ending::Withdrawn => Outcome::Withdrawn,
        },
        reason: closed
            .shared_reason
            .map(|reason| pass_reason(reason, language).to_owned()),
    }
}

fn country(context: &Context, country: Option<Country>, reader: &Reader) -> Option<String> {
    country.map(|country| {
        context
            .wording
            .word("country", country.code(), &reader.language)
            .unwrap_or(country.code())
            .to_owned()
    })
}

fn words(text: &Localized, reader: &Reader) -> Option<Said> {
    text.for_reader(&reader.language)
        .map(|(language, local)| Said::in_language(local.text.clone(), language))
}

fn reasons(context: &Context, strengths: &[FactorTrace], reader: &Reader) -> Vec<String> {
    strengths
        .iter()
        .take(REASONS)
        .map(|trace| {
            context
                .wording
                .sentence(&trace.reason, &reader.language, &context.taxonomy())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_of_the_firm_is_what_its_reader_can_do_without() {
        for news in News::ALL.iter().copied() {
            let of_firm = account_news(news).is_of_firm();
            assert_eq!(of_firm, news.event().is_some(), "{news}");
        }
    }
}
