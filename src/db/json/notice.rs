//! The stored form of an intent to tell somebody something.

use serde::{Deserialize, Serialize};

use super::form::{One, code, parse, read, write};
use crate::db::{Error, Result};
use crate::domain::message::{Ending, Matter, News, Notice, RecordNews};
use crate::domain::values::Side;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: One,
    notice: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    introduction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    news: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    matter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pulse: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    silent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mandate: Option<String>,
    /// The first day of what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Another message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    programme: Option<String>,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// The kind of a notice, without its parts.
fn blank(notice: &Notice) -> Stored {
    Stored {
        schema: One,
        notice: notice.code().to_owned(),
        ask: None,
        introduction: None,
        person: None,
        ending: None,
        ticket: None,
        news: None,
        matter: None,
        pulse: None,
        deal: None,
        side: None,
        silent: None,
        mandate: None,
        day: None,
        profile: None,
        reason: None,
        of: None,
        sequence: None,
        programme: None,
        address: None,
    }
}

/// Writes an intent.
///
/// # Errors
/// None in practice: every part has a text.
pub fn encode(notice: &Notice) -> Result<String> {
    let mut stored = blank(notice);
    match notice {
        Notice::IntroductionAsk { ask } | Notice::IntroductionReminder { ask } => {
            stored.ask = Some(ask.to_string());
        }
        Notice::Pulse { pulse } => stored.pulse = Some(pulse.to_string()),
        Notice::IntroductionOver {
            introduction,
            side,
            silent,
        } => {
            stored.introduction = Some(introduction.to_string());
            stored.side = Some(side.code().to_owned());
            stored.silent = Some(*silent);
        }
        Notice::Alert {
            user,
            introduction,
            matter,
        } => {
            stored.person = Some(user.to_string());
            stored.introduction = Some(introduction.to_string());
            stored.matter = Some(matter.code().to_owned());
        }
        Notice::DealStale { user, deal } => {
            stored.person = Some(user.to_string());
            stored.deal = Some(deal.to_string());
        }
        Notice::Introduction { .. } | Notice::Meeting { .. } | Notice::IntroductionCopy { .. } => {
            connecting(&mut stored, notice);
        }
        Notice::IntroductionClosed {
            introduction,
            person,
            ask,
            ending,
        } => {
            stored.ask = ask.map(|ask| ask.to_string());
            stored.introduction = Some(introduction.to_string());
            stored.person = Some(person.to_string());
            stored.ending = Some(ending.code().to_owned());
        }
        Notice::RegistrationExists { user } => stored.person = Some(user.to_string()),
        Notice::Ticket { ticket } => stored.ticket = Some(ticket.to_string()),
        Notice::MyConsents { address } => stored.address = Some(address.clone()),
        Notice::News {
            user,
            news,
            programme,
        } => {
            stored.person = Some(user.to_string());
            stored.news = Some(news.code().to_owned());
            stored.programme = programme.map(|id| id.to_string());
        }
        Notice::Digest {
            user,
            mandate,
            week,
        } => {
            stored.person = Some(user.to_string());
            stored.mandate = Some(mandate.to_string());
            stored.day = Some(week.to_string());
        }
        Notice::ProfileNews { .. } | Notice::InvestorNews { .. } | Notice::MandateNews { .. } => {
            of_record(&mut stored, notice);
        }
        Notice::Status {
            user,
            profile,
            month,
        } => {
            stored.person = Some(user.to_string());
            stored.profile = Some(profile.to_string());
            stored.day = Some(month.to_string());
        }
        Notice::Work { user, day } => {
            stored.person = Some(user.to_string());
            stored.day = Some(day.to_string());
        }
    }
    write(&stored)
}

/// The parts of what connects both sides of an introduction.
fn connecting(stored: &mut Stored, notice: &Notice) {
    match notice {
        Notice::Introduction { introduction } => {
            stored.introduction = Some(introduction.to_string());
        }
        Notice::Meeting {
            introduction,
            sequence,
        } => {
            stored.introduction = Some(introduction.to_string());
            stored.sequence = Some(*sequence);
        }
        Notice::IntroductionCopy { introduction, of } => {
            stored.introduction = Some(introduction.to_string());
            stored.of = Some(of.to_string());
        }
        _ => {}
    }
}

/// The parts of what happened to a profile or a mandate.
fn of_record(stored: &mut Stored, notice: &Notice) {
    let (user, news, day) = match notice {
        Notice::ProfileNews {
            user,
            profile,
            news,
            reason,
            day,
        } => {
            stored.profile = Some(profile.to_string());
            stored.reason = reason.as_ref().map(ToString::to_string);
            (user, news, day)
        }
        Notice::InvestorNews {
            user,
            profile,
            news,
            reason,
            day,
        } => {
            stored.profile = Some(profile.to_string());
            stored.reason = reason.as_ref().map(ToString::to_string);
            (user, news, day)
        }
        Notice::MandateNews {
            user,
            mandate,
            news,
            day,
        } => {
            stored.mandate = Some(mandate.to_string());
            (user, news, day)
        }
        _ => return,
    };
    stored.person = Some(user.to_string());
    stored.news = Some(news.code().to_owned());
    stored.day = day.map(|day| day.to_string());
}

/// Reads an intent.
///
/// # Errors
/// [`Error::Corrupt`] when it is none.
pub fn decode(text: &str) -> Result<Notice> {
    let stored: Stored = read("a queued notice", text)?;
    let part = |part: &Option<String>| {
        part.clone()
            .ok_or_else(|| Error::Corrupt(format!("a queued notice lacks a part: {text}")))
    };
    Ok(match stored.notice.as_str() {
        "introduction_ask" => Notice::IntroductionAsk {
            ask: parse(&part(&stored.ask)?)?,
        },
        "introduction_reminder" => Notice::IntroductionReminder {
            ask: parse(&part(&stored.ask)?)?,
        },
        "pulse" => Notice::Pulse {
            pulse: parse(&part(&stored.pulse)?)?,
        },
        "introduction_over" => Notice::IntroductionOver {
            introduction: parse(&part(&stored.introduction)?)?,
            side: code(&part(&stored.side)?, Side::from_code)?,
            silent: stored.silent.unwrap_or_default(),
        },
        "alert" => Notice::Alert {
            user: parse(&part(&stored.person)?)?,
            introduction: parse(&part(&stored.introduction)?)?,
            matter: code(&part(&stored.matter)?, Matter::from_code)?,
        },
        "deal_stale" => Notice::DealStale {
            user: parse(&part(&stored.person)?)?,
            deal: parse(&part(&stored.deal)?)?,
        },
        "introduction" => Notice::Introduction {
            introduction: parse(&part(&stored.introduction)?)?,
        },
        "meeting" => Notice::Meeting {
            introduction: parse(&part(&stored.introduction)?)?,
            sequence: stored.sequence.unwrap_or_default(),
        },
        "introduction_copy" => Notice::IntroductionCopy {
            introduction: parse(&part(&stored.introduction)?)?,
            of: parse(&part(&stored.of)?)?,
        },
        "introduction_closed" => Notice::IntroductionClosed {
            introduction: parse(&part(&stored.introduction)?)?,
            person: parse(&part(&stored.person)?)?,
            ask: stored.ask.as_deref().map(parse).transpose()?,
            ending: code(&part(&stored.ending)?, Ending::from_code)?,
        },
        "registration_exists" => Notice::RegistrationExists {
            user: parse(&part(&stored.person)?)?,
        },
        "ticket" => Notice::Ticket {
            ticket: parse(&part(&stored.ticket)?)?,
        },
        "my_consents" => Notice::MyConsents {
            address: part(&stored.address)?,
        },
        "news" => Notice::News {
            user: parse(&part(&stored.person)?)?,
            news: code(&part(&stored.news)?, News::from_code)?,
            programme: stored.programme.as_deref().map(parse).transpose()?,
        },
        "digest" => Notice::Digest {
            user: parse(&part(&stored.person)?)?,
            mandate: parse(&part(&stored.mandate)?)?,
            week: parse(&part(&stored.day)?)?,
        },
        "profile_news" => Notice::ProfileNews {
            user: parse(&part(&stored.person)?)?,
            profile: parse(&part(&stored.profile)?)?,
            news: code(&part(&stored.news)?, RecordNews::from_code)?,
            reason: stored.reason.as_deref().map(parse).transpose()?,
            day: stored.day.as_deref().map(parse).transpose()?,
        },
        "investor_news" => Notice::InvestorNews {
            user: parse(&part(&stored.person)?)?,
            profile: parse(&part(&stored.profile)?)?,
            news: code(&part(&stored.news)?, RecordNews::from_code)?,
            reason: stored.reason.as_deref().map(parse).transpose()?,
            day: stored.day.as_deref().map(parse).transpose()?,
        },
        "mandate_news" => Notice::MandateNews {
            user: parse(&part(&stored.person)?)?,
            mandate: parse(&part(&stored.mandate)?)?,
            news: code(&part(&stored.news)?, RecordNews::from_code)?,
            day: stored.day.as_deref().map(parse).transpose()?,
        },
        "status" => Notice::Status {
            user: parse(&part(&stored.person)?)?,
            profile: parse(&part(&stored.profile)?)?,
            month: parse(&part(&stored.day)?)?,
        },
        "work" => Notice::Work {
            user: parse(&part(&stored.person)?)?,
            day: parse(&part(&stored.day)?)?,
        },
        other => return Err(Error::Corrupt(format!("a queued notice of kind {other}"))),
    })
}
