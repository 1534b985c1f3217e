//! Facts as they could be, for each thing that people are told.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::values::PassReason;
use crate::mail::Said;
use crate::mail::links::Links;
use crate::mail::notice::{
    AccountNews, AlertMail, AlertMatter, Counterpart, Introduction, IntroductionAsk,
    IntroductionClosed, Language, Meeting, MeetingMail, MeetingSide, Moment, MyConsentsMail,
    NewsMail, Notice, Outcome, OverMail, Part, Party, PulseMail, Purpose, RegistrationExists,
    StaleMail, TicketMail, Way, pass_reason,
};
use crate::services::destinations::Destinations;

/// One mail.
pub(super) struct Example {
    /// What it is about; a file name.
    pub(super) event: &'static str,
    /// What it says.
    pub(super) notice: Notice,
    /// Whom it goes to, with their addresses.
    pub(super) to: Vec<(&'static str, &'static str)>,
    /// Whether its reader can do without such mail.
    dispensable: bool,
}

impl Example {
    /// The links of its reader; what goes to both sides has none of one's own.
    pub(super) fn links(&self, language: Language) -> Links {
        let settings = self.dispensable.then_some("preview");
        let consents = (self.to.len() == 1).then_some("preview");
        Links::new(SITE, language, settings, consents)
    }
}

/// What people wrote, in the language of the reader.
pub(super) struct Facts {
    pub(super) programme: &'static str,
    pub(super) country: &'static str,
    pub(super) teaser: &'static str,
    pub(super) mandate: &'static str,
    pub(super) reasons: [&'static str; 3],
    pub(super) band: &'static str,
    pub(super) stage: &'static str,
    pub(super) tags: [&'static str; 2],
    pub(super) reader: (&'static str, &'static str),
    pub(super) zone: chrono_tz::Tz,
}

const DANA: (&str, &str) = ("דנה לוי", "dana@tamar.example");
const GUL: (&str, &str) = ("Gülnar Əliyeva", "gulnar@khazar.example");
pub(super) const STARTUP: &str = "תמר Flow";
pub(super) const INVESTOR: &str = "Xəzər Kapital";
pub(super) const BLURB: &str = "Two pilots cut losses by a third; a partner in the region is sought.\nWe can show the figures in a first call.";
pub(super) const SITE: &str = "https://corridor.example";

pub(super) fn facts(language: Language) -> Facts {
    match language {
        Language::En => Facts {
            programme: "Water bridge",
            country: "Israel",
            teaser: "Finds leaks in city water networks within hours",
            mandate: "Water and agriculture",
            reasons: [
                "Both name water loss as their subject.",
                "The stage fits: seed.",
                "Both want a pilot.",
            ],
            band: "Strong",
            stage: "Seed",
            tags: ["Water", "Leak detection"],
            reader: ("Noa Barak", "noa@corridor.example"),
            zone: chrono_tz::Asia::Jerusalem,
        },
        Language::He => Facts {
            programme: "גשר המים",
            country: "ישראל",
            teaser: "מאתרת נזילות ברשתות מים עירוניות בתוך שעות",
            mandate: "מים וחקלאות",
            reasons: [
                "שני הצדדים עוסקים באובדן מים.",
                "השלב מתאים: סיד.",
                "שני הצדדים מעוניינים בפיילוט.",
            ],
            band: "חזקה",
            stage: "סיד",
            tags: ["מים", "איתור נזילות"],
            reader: DANA,
            zone: chrono_tz::Asia::Jerusalem,
        },
        Language::Az => Facts {
            programme: "Su körpüsü",
            country: "İsrail",
            teaser: "Şəhər su şəbəkələrindəki sızmaları saatlar ərzində tapır",
            mandate: "Su və kənd təsərrüfatı",
            reasons: [
                "Hər iki tərəf su itkisi ilə məşğuldur.",
                "Mərhələ uyğundur: toxum.",
                "Hər iki tərəf pilot layihə istəyir.",
            ],
            band: "Güclü",
            stage: "Toxum",
            tags: ["Su", "Sızmaların aşkarlanması"],
            reader: GUL,
            zone: chrono_tz::Asia::Baku,
        },
        Language::Ru => Facts {
            programme: "Водный мост",
            country: "Израиль",
            teaser: "Находит утечки в городских водопроводных сетях за несколько часов",
            mandate: "Вода и сельское хозяйство",
            reasons: [
                "Обе стороны занимаются потерями воды.",
                "Стадия подходит: посевная.",
                "Обе стороны хотят пилотный проект.",
            ],
            band: "Сильное",
            stage: "Посевная",
            tags: ["Вода", "Поиск утечек"],
            reader: ("Фарид Алиев", "farid@khazar.example"),
            zone: chrono_tz::Asia::Baku,
        },
    }
}

/// A Tuesday morning.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_510_800, 0).unwrap_or_default()
}

/// Every mail, with facts in that language, and with the ways to records that
/// the operator has.
pub(super) fn all(language: Language, destinations: &Destinations) -> Vec<Example> {
    let told = Told {
        facts: facts(language),
        language,
        destinations,
    };
    let mut all = told.asks();
    all.extend(told.made());
    all.extend(told.closed());
    all.extend(told.alerts());
    all.extend(told.account());
    all.extend(told.news());
    all.extend(told.regular());
    all
}

pub(super) struct Told<'a> {
    pub(super) facts: Facts,
    pub(super) language: Language,
    pub(super) destinations: &'a Destinations,
}

impl Told<'_> {
    /// The way to a record of a kind.
    pub(super) fn way(&self, kind: &str) -> Way {
        let number = "0192f7a0-5b1c-7c3e-9d2a-4f6e8b0a1c2d";
        let link = self.destinations.of_record(kind, number);
        link.map_or_else(|| Way::Number(number.to_owned()), Way::Link)
    }

    pub(super) fn example(&self, event: &'static str, notice: Notice) -> Example {
        // As the notices that no reader can switch off.
        let owed = match &notice {
            Notice::News(mail) => !mail.news.is_of_firm(),
            Notice::Introduction(_)
            | Notice::Meeting(_)
            | Notice::RegistrationExists(_)
            | Notice::MyConsents(_)
            | Notice::Ticket(_) => true,
            _ => false,
        };
        Example {
            event,
            to: match &notice {
                Notice::Introduction(_) | Notice::Meeting(_) => vec![DANA, GUL],
                _ => vec![self.facts.reader],
            },
            notice,
            dispensable: !owed,
        }
    }

    pub(super) fn reader(&self) -> String {
        self.facts.reader.0.to_owned()
    }

    pub(super) fn programme(&self) -> String {
        self.facts.programme.to_owned()
    }

    pub(super) fn reasons(&self) -> Vec<String> {
        self.facts.reasons.map(str::to_owned).to_vec()
    }

    /// A week later, on a day that one side has off.
    fn meeting(&self) -> Meeting {
        let side = |organization: &str, zone, day_off| MeetingSide {
            organization: organization.to_owned(),
            zone,
            day_off,
        };
        Meeting {
            at: self.days(10).at,
            minutes: 30,
            sides: [
                side(STARTUP, chrono_tz::Asia::Jerusalem, true),
                side(INVESTOR, chrono_tz::Asia::Baku, false),
            ],
            others: vec![self.days(13).at, self.days(14).at],
        }
    }

    /// So many days after that.
    pub(super) fn days(&self, days: i64) -> Moment {
        Moment {
            at: start() + TimeDelta::days(days),
            zone: self.facts.zone,
        }
    }

    fn asks(&self) -> Vec<Example> {
        let facts = vec![self.facts.country.into(), self.facts.teaser.into()];
        let named = IntroductionAsk {
            reader: Some(self.reader()),
            counterpart: Counterpart::Named {
                name: STARTUP.to_owned(),
                facts: facts.clone(),
            },
            programme: self.programme(),
            reasons: self.reasons(),
            blurb: Some(Said::by_somebody(BLURB.to_owned())),
            link: format!("{SITE}/consent/preview"),
            expires: self.days(14),
            passed_on_for: None,
            reminder: false,
        };
        let teaser = IntroductionAsk {
            counterpart: Counterpart::Teaser {
                facts: facts.clone(),
            },
            ..named.clone()
        };
        let proposed = IntroductionAsk {
            counterpart: Counterpart::Agreed {
                name: STARTUP.to_owned(),
                facts,
            },
            ..named.clone()
        };
        let reminder = IntroductionAsk {
            reminder: true,
            ..named.clone()
        };
        let passed_on = IntroductionAsk {
            passed_on_for: Some(INVESTOR.to_owned()),
            ..named.clone()
        };
        [
            ("introduction_ask", named),
            ("introduction_ask_teaser", teaser),
            ("introduction_ask_proposed", proposed),
            ("introduction_ask_passed_on", passed_on),
            ("introduction_reminder", reminder),
        ]
        .map(|(event, ask)| self.example(event, Notice::IntroductionAsk(ask)))
        .into()
    }

    fn made(&self) -> Vec<Example> {
        let connects = Introduction {
            startup: Party {
                organization: STARTUP.to_owned(),
                contact: DANA.0.to_owned(),
                summary: self.facts.teaser.into(),
            },
            investor: Party {
                organization: INVESTOR.to_owned(),
                contact: GUL.0.to_owned(),
                summary: self.facts.country.into(),
            },
            asked_by: Some(STARTUP.to_owned()),
            programme: self.programme(),
            reasons: self.reasons(),
            blurb: Some(Said::by_somebody(BLURB.to_owned())),
            meeting: Some(self.meeting()),
        };
        let proposed = Introduction {
            asked_by: None,
            meeting: None,
            ..connects.clone()
        };
        let meeting = |cancelled| MeetingMail {
            programme: self.programme(),
            meeting: self.meeting(),
            cancelled,
        };
        let pulse = |late| PulseMail {
            reader: Some(self.reader()),
            counterpart: STARTUP.to_owned(),
            programme: self.programme(),
            requested: self.days(-21),
            late,
            link: format!("{SITE}/pulse/preview"),
        };
        let stale = StaleMail {
            reader: Some(self.reader()),
            counterpart: STARTUP.to_owned(),
            programme: self.programme(),
            since: self.days(-30),
            record: self.way("deals"),
            page: Some(format!("{SITE}/deals/preview")),
        };
        let over = |silent| OverMail {
            reader: Some(self.reader()),
            counterpart: STARTUP.to_owned(),
            programme: self.programme(),
            silent,
        };
        vec![
            self.example("deal_stale", Notice::Stale(stale)),
            self.example("introduction", Notice::Introduction(connects)),
            self.example("introduction_proposed", Notice::Introduction(proposed)),
            self.example("meeting", Notice::Meeting(meeting(false))),
            self.example("meeting_cancelled", Notice::Meeting(meeting(true))),
            self.example("pulse", Notice::Pulse(pulse(false))),
            self.example("pulse_late", Notice::Pulse(pulse(true))),
            self.example("introduction_over", Notice::Over(over(false))),
            self.example("introduction_over_silent", Notice::Over(over(true))),
        ]
    }

    fn closed(&self) -> Vec<Example> {
        let closed = |part, outcome, reason: Option<PassReason>| IntroductionClosed {
            reader: Some(self.reader()),
            part,
            requested: self.days(-10),
            programme: self.programme(),
            outcome,
            reason: reason.map(|reason| pass_reason(reason, self.language).to_owned()),
        };
        let asked = || Part::Asked { counterpart: None };
        let of_named = Part::Asked {
            counterpart: Some(STARTUP.to_owned()),
        };
        let reason = Some(PassReason::StageTooEarly);
        [
            (
                "introduction_declined",
                closed(asked(), Outcome::Declined, reason),
            ),
            (
                "introduction_declined_named",
                closed(of_named, Outcome::Declined, None),
            ),
            (
                "introduction_expired",
                closed(asked(), Outcome::Expired, None),
            ),
            (
                "introduction_expired_unanswered",
                closed(Part::WasAsked, Outcome::Expired, None),
            ),
            (
                "introduction_withdrawn",
                closed(Part::WasAsked, Outcome::Withdrawn, None),
            ),
        ]
        .map(|(event, mail)| self.example(event, Notice::IntroductionClosed(mail)))
        .into()
    }

    fn alerts(&self) -> Vec<Example> {
        [
            ("alert_abuse_reported", AlertMatter::AbuseReported),
            ("alert_delivery_problem", AlertMatter::DeliveryProblem),
            (
                "alert_question_undelivered",
                AlertMatter::QuestionUndelivered,
            ),
        ]
        .map(|(event, matter)| {
            let mail = AlertMail {
                reader: Some(self.reader()),
                matter,
                programme: self.programme(),
                record: self.way("introductions"),
            };
            self.example(event, Notice::Alert(mail))
        })
        .into()
    }

    fn account(&self) -> Vec<Example> {
        let firm = || INVESTOR.to_owned();
        let by = Some("Rauf Hüseynov".to_owned());
        let mut all: Vec<_> = [
            ("registration", Purpose::Registration { firm: firm() }),
            ("invitation", Purpose::Invitation { firm: firm(), by }),
            (
                "invitation_by_the_service",
                Purpose::Invitation {
                    firm: firm(),
                    by: None,
                },
            ),
            ("password_reset", Purpose::PasswordReset),
            ("claim", Purpose::Claim { firm: firm() }),
        ]
        .map(|(event, purpose)| {
            let mail = TicketMail {
                reader: Some(self.reader()),
                purpose,
                link: format!("{SITE}/tickets/preview"),
                expires: self.days(2),
            };
            self.example(event, Notice::Ticket(mail))
        })
        .into();
        let exists = RegistrationExists {
            reader: Some(self.reader()),
            tried: self.days(0),
            sign_in: self.destinations.sign_in.clone(),
        };
        all.push(self.example("registration_exists", Notice::RegistrationExists(exists)));
        let consents = MyConsentsMail {
            reader: Some(self.reader()),
            link: format!("{SITE}/my-consents/preview"),
        };
        all.push(self.example("my_consents", Notice::MyConsents(consents)));
        all
    }

    fn news(&self) -> Vec<Example> {
        use AccountNews as N;
        [
            ("news_password_changed", N::PasswordChanged),
            ("news_session_copied", N::SessionCopied),
            ("news_second_factor_set", N::SecondFactorSet),
            ("news_second_factor_removed", N::SecondFactorRemoved),
            ("news_recovery_code_used", N::RecoveryCodeUsed),
            ("news_recovery_codes_renewed", N::RecoveryCodesRenewed),
            ("news_key_made", N::KeyMade),
            ("news_roles_changed", N::RolesChanged),
            ("news_account_closed", N::AccountClosed),
            ("news_account_reopened", N::AccountReopened),
            ("news_member_joined", N::MemberJoined),
            ("news_document_cleared", N::DocumentCleared),
            ("news_document_refused", N::DocumentRefused),
            ("news_consent_needed", N::ConsentNeeded),
            ("news_admission_withdrawn", N::AdmissionWithdrawn),
            ("news_programme_declined", N::ProgrammeDeclined),
            ("news_programme_expiring", N::ProgrammeExpiring),
            ("news_programme_over", N::ProgrammeOver),
            ("news_promise_at_risk", N::PromiseAtRisk),
            ("news_promise_missed", N::PromiseMissed),
            ("news_deal_opened", N::DealOpened),
        ]
        .map(|(event, news)| {
            let mail = NewsMail {
                reader: Some(self.reader()),
                news,
                programme: news.is_of_programme().then(|| self.programme()),
                at: self.days(0),
            };
            self.example(event, Notice::News(mail))
        })
        .into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::message::{Ending, Matter, News, RecordNews};

    /// Whatever is added to what people are told has a preview.
    #[test]
    fn everything_that_people_are_told_can_be_looked_at() {
        let events: BTreeSet<_> = all(Language::En, &Destinations::default())
            .iter()
            .map(|it| it.event)
            .collect();
        let of = |prefix: &str, code: &str| format!("{prefix}_{code}");
        let mut wanted: Vec<String> = News::ALL.iter().map(|it| of("news", it.code())).collect();
        wanted.extend(Matter::ALL.iter().map(|it| of("alert", it.code())));
        for prefix in ["profile", "investor"] {
            wanted.extend(RecordNews::ALL.iter().map(|it| of(prefix, it.code())));
        }
        // Why it was refused is told as declined.
        let endings = Ending::ALL.iter().filter(|it| **it != Ending::Refused);
        wanted.extend(endings.map(|it| of("introduction", it.code())));
        for event in [
            "introduction_ask",
            "introduction_reminder",
            "introduction",
            "introduction_over",
            "meeting",
            "meeting_cancelled",
            "pulse",
            "pulse_late",
            "deal_stale",
            "registration",
            "registration_exists",
            "my_consents",
            "invitation",
            "password_reset",
            "claim",
            "digest",
            "status",
            "work",
            "mandate_published",
            "mandate_confirm_soon",
            "mandate_stale",
        ] {
            wanted.push(event.to_owned());
        }
        for event in wanted {
            assert!(events.contains(event.as_str()), "{event} has no preview");
        }
    }
}
