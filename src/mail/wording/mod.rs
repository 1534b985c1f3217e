//! The words of every notice in every language: one table a language, the
//! same fields in each, so that a sentence that is missing doesn't compile.
//!
//! `{name}` marks where a fact goes. Sentences put names where no case ending
//! is needed, and address the reader without a gender.

use super::notice::Language;
pub(super) use account::AccountWords;
use regular::RegularWords;

mod account;
mod az;
mod en;
mod he;
pub(super) mod meeting;
pub(super) mod reasons;
pub(super) mod regular;
mod ru;

/// One language's words.
pub(super) struct Wording {
    /// BCP 47 tag.
    pub tag: &'static str,
    /// Whether it is written from right to left.
    pub rtl: bool,
    /// From January.
    pub months: [&'static str; 12],
    /// From Monday.
    pub weekdays: [&'static str; 7],
    /// `{weekday}`, `{day}`, `{month}`, `{year}`, `{time}`, `{zone}`.
    pub moment: &'static str,
    /// With `{reader}`.
    pub greeting: &'static str,
    /// To nobody by name.
    pub greeting_plain: &'static str,
    /// Above reasons.
    pub reasons: &'static str,
    /// Above the message that came with a request.
    pub blurb: &'static str,
    /// Why the reader gets this, with `{programme}`.
    pub footer_programme: &'static str,
    /// Why the reader gets this: an account.
    pub footer_account: &'static str,
    /// Where a record is to be found without a link, with `{number}`.
    pub by_number: &'static str,
    /// On the link to the reader's settings.
    pub settings: &'static str,
    /// On the link to what the reader agreed to.
    pub consents: &'static str,
    /// See [`super::notice::IntroductionAsk`].
    pub ask: Ask,
    /// See [`super::notice::PulseMail`] and [`super::notice::OverMail`].
    pub pulse: PulseWords,
    /// See [`super::notice::StaleMail`].
    pub stale: StaleWords,
    /// See [`super::notice::AlertMail`].
    pub alert: AlertWords,
    /// See [`super::notice::Introduction`].
    pub introduction: IntroductionWords,
    /// See [`super::notice::IntroductionClosed`].
    pub closed: Closed,
    /// See [`super::notice::RegistrationExists`].
    pub registration: Registration,
    /// Mails about accounts.
    pub account: AccountWords,
    /// Regular mail.
    pub regular: RegularWords,
}

/// The question to the asked side.
pub(super) struct Ask {
    /// With `{counterpart}`.
    pub subject_named: &'static str,
    /// With `{counterpart}`, who agreed and didn't ask.
    pub subject_proposed: &'static str,
    /// With `{programme}`.
    pub subject_teaser: &'static str,
    /// With `{counterpart}`, `{programme}`.
    pub lead_named: &'static str,
    /// With `{counterpart}`, who agreed and didn't ask, and `{programme}`.
    pub lead_proposed: &'static str,
    /// With `{programme}`.
    pub lead_teaser: &'static str,
    /// Above the counterpart's facts.
    pub about: &'static str,
    /// What happens with the reader's own name.
    pub promise: &'static str,
    /// The same to who is asked first, before the other side is.
    pub promise_first: &'static str,
    /// On the button.
    pub action: &'static str,
    /// With `{expires}`.
    pub expiry: &'static str,
    /// The link is personal.
    pub personal: &'static str,
    /// With `{programme}`.
    pub subject_reminder: &'static str,
    /// That it was asked before.
    pub reminder: &'static str,
    /// That a colleague named the reader, with `{firm}`.
    pub passed_on: &'static str,
}

/// What is asked after an introduction was made, and that it closed.
pub(super) struct PulseWords {
    /// With `{counterpart}`.
    pub subject: &'static str,
    /// With `{counterpart}`, `{programme}`, `{requested}`.
    pub lead: &'static str,
    /// With `{counterpart}`.
    pub late_subject: &'static str,
    /// With `{counterpart}`, `{programme}`, `{requested}`.
    pub late: &'static str,
    /// On the button.
    pub action: &'static str,
    /// With `{counterpart}`.
    pub over_subject: &'static str,
    /// With `{counterpart}`, `{programme}`.
    pub over: &'static str,
    /// The same for want of news.
    pub silent: &'static str,
    /// What can still come of it.
    pub afterwards: &'static str,
}

/// That a deal stands too long.
pub(super) struct StaleWords {
    /// With `{counterpart}`.
    pub subject: &'static str,
    /// With `{counterpart}`, `{programme}`, `{since}`.
    pub lead: &'static str,
    /// What the reader can do.
    pub what_now: &'static str,
    /// On the button that leads to the page of a side.
    pub answer: &'static str,
}

/// What the operator's people should look at.
pub(super) struct AlertWords {
    /// With `{programme}`.
    pub abuse_subject: &'static str,
    /// With `{programme}`.
    pub abuse: &'static str,
    /// With `{programme}`.
    pub delivery_subject: &'static str,
    /// With `{programme}`.
    pub delivery: &'static str,
    /// With `{programme}`.
    pub question_subject: &'static str,
    /// With `{programme}`.
    pub question: &'static str,
    /// Above the address of the record.
    pub record: &'static str,
    /// Why the reader gets this.
    pub footer: &'static str,
}

/// The e-mail that connects both sides.
pub(super) struct IntroductionWords {
    /// With `{startup}`, `{investor}`.
    pub subject: &'static str,
    /// With `{startup}`, `{startup_contact}`, `{investor}`, `{investor_contact}`.
    pub lead: &'static str,
    /// With `{asked_by}`, `{programme}`.
    pub origin: &'static str,
    /// Of those who run the programme, with `{programme}`.
    pub origin_proposed: &'static str,
    /// With `{organization}`, `{summary}`.
    pub party: &'static str,
    /// What to do now.
    pub next: &'static str,
}

/// The e-mail that closes a request.
pub(super) struct Closed {
    /// The subject.
    pub subject: &'static str,
    /// To who asked, with `{requested}`, `{counterpart}`, `{programme}`.
    pub lead_named: &'static str,
    /// To who asked, with `{requested}`, `{programme}`.
    pub lead: &'static str,
    /// To who was asked, with `{requested}`, `{programme}`.
    pub lead_asked: &'static str,
    /// The other side said no.
    pub declined: &'static str,
    /// Nobody answered.
    pub expired: &'static str,
    /// Taken back.
    pub withdrawn: &'static str,
    /// With `{reason}`.
    pub reason: &'static str,
    /// What stays as it was.
    pub unaffected: &'static str,
}

/// The e-mail to who has an account already.
pub(super) struct Registration {
    /// The subject.
    pub subject: &'static str,
    /// With `{tried}`.
    pub lead: &'static str,
    /// If it was the reader.
    pub yours: &'static str,
    /// On the button.
    pub action: &'static str,
    /// If it wasn't.
    pub not_yours: &'static str,
}

/// The words of `language`.
pub(super) fn of(language: Language) -> &'static Wording {
    match language {
        Language::En => &en::WORDING,
        Language::He => &he::WORDING,
        Language::Az => &az::WORDING,
        Language::Ru => &ru::WORDING,
    }
}
