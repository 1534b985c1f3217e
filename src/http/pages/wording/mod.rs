//! The words of the pages in every language: one table a language, the same
//! fields in each, so that a sentence that is missing doesn't compile.
//!
//! `{name}` marks where a fact goes. Sentences put names where no case ending
//! is needed, and address the reader without a gender.

use crate::domain::mail_event::MailEvent;
use crate::domain::text::Language;
use crate::domain::values::PassReason;

pub(super) use consents::ConsentWords;
pub(super) use entries::EntryWords;
pub(super) use tickets::TicketWords;

mod az;
mod consents;
mod en;
mod entries;
mod he;
mod mail_events;
mod ru;
mod tickets;

/// One language's words.
pub(super) struct Wording {
    /// BCP 47 tag.
    pub tag: &'static str,
    /// Reading direction, as HTML's `dir` wants it.
    pub dir: &'static str,
    /// From January, as they stand in a date.
    pub months: [&'static str; 12],
    /// `{day}`, `{month}`, `{year}`, `{time}`, `{zone}`.
    pub moment: &'static str,
    /// Of the window.
    pub title: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// With `{counterpart}`, `{programme}`.
    pub lead_named: &'static str,
    /// With `{counterpart}`, who agreed and didn't ask, and `{programme}`.
    pub lead_proposed: &'static str,
    /// With `{programme}`.
    pub lead_teaser: &'static str,
    /// Above the counterpart's facts.
    pub about: &'static str,
    /// With `{country}`.
    pub country: &'static str,
    /// Above the message that came with the request.
    pub blurb: &'static str,
    /// Above reasons.
    pub strengths: &'static str,
    /// What happens with the reader's own name.
    pub promise: &'static str,
    /// The same to who is asked first, before the other side is.
    pub promise_first: &'static str,
    /// With `{expires}`.
    pub expiry: &'static str,
    /// More time was granted.
    pub extended: &'static str,
    /// The form.
    pub form: Form,
    /// What is wrong with it.
    pub faults: Faults,
    /// The question was answered.
    pub answered: Note,
    /// Somebody else was asked instead.
    pub passed_on: Note,
    /// Nothing can be answered for the time being.
    pub paused: Note,
    /// The introduction went on without an answer.
    pub over: Note,
    /// Too late.
    pub expired: Note,
    /// No link of ours.
    pub invalid: Note,
    /// What the reader is mailed about.
    pub mail: MailWords,
    /// How it goes.
    pub pulse: PulseWords,
    /// What became of a deal.
    pub deal: DealWords,
    /// The pages behind mailed tickets.
    pub tickets: TicketWords,
    /// The pages behind a weekly digest.
    pub entries: EntryWords,
    /// What the reader agreed to.
    pub consents: ConsentWords,
}

/// A page that only says something.
pub(super) struct Note {
    /// In one line.
    pub heading: &'static str,
    /// In a few.
    pub text: &'static str,
}

/// The page of what its reader is mailed about.
pub(super) struct MailWords {
    pub title: &'static str,
    /// With `{address}`.
    pub lead: &'static str,
    pub choose: &'static str,
    pub questions: &'static str,
    pub progress: &'static str,
    pub pulses: &'static str,
    pub deals: &'static str,
    pub work: &'static str,
    pub alerts: &'static str,
    pub digest: &'static str,
    pub profile: &'static str,
    pub mandates: &'static str,
    pub status: &'static str,
    pub firm: &'static str,
    /// Beside the box of a single thing.
    pub event: fn(MailEvent) -> &'static str,
    /// That a topic that isn't ticked keeps all of its things out.
    pub within: &'static str,
    /// What comes all the same.
    pub always: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
}

/// The page that asks how an introduction goes.
pub(super) struct PulseWords {
    /// With `{counterpart}`.
    pub open: &'static str,
    pub met: &'static str,
    /// The label of the day on which they met.
    pub met_on: &'static str,
    /// That they can't have met on that day.
    pub met_on_fault: &'static str,
    pub talking: &'static str,
    pub no_reply: &'static str,
    pub not_a_fit: &'static str,
    /// With `{counterpart}`.
    pub late: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    /// Who reads the answer.
    pub private: &'static str,
    pub answered: Note,
    /// A freeze or a suspended programme keeps the two apart for the time being.
    pub paused: Note,
    pub expired: Note,
}

/// The page about a deal that stands too long.
pub(super) struct DealWords {
    /// With `{counterpart}`, `{programme}`.
    pub question: &'static str,
    pub further: &'static str,
    pub later: &'static str,
    pub out: &'static str,
    /// Asked once more.
    pub sure: &'static str,
    /// Who learns of the answer.
    pub told: &'static str,
    pub over: Note,
    pub expired: Note,
}

/// The form's labels.
pub(super) struct Form {
    pub answer: &'static str,
    pub accept: &'static str,
    pub decline: &'static str,
    pub not_now: &'static str,
    pub more_time: &'static str,
    pub pass_on: &'static str,
    pub report_abuse: &'static str,
    /// With `{days}`.
    pub more_time_hint: &'static str,
    /// Above what goes with a yes.
    pub if_accept: &'static str,
    /// With `{zone}`.
    pub slots_hint: &'static str,
    /// Before a number.
    pub slot: &'static str,
    pub slot_minutes: &'static str,
    /// Above what goes with a no.
    pub if_decline: &'static str,
    pub reason: &'static str,
    /// The empty choice.
    pub choose: &'static str,
    pub share: &'static str,
    /// Above what goes with a "not now".
    pub if_not_now: &'static str,
    pub until: &'static str,
    /// Above what goes with "not me".
    pub if_pass_on: &'static str,
    pub delegate: &'static str,
    pub delegate_hint: &'static str,
    /// Above what goes with any answer.
    pub you: &'static str,
    pub name: &'static str,
    pub role: &'static str,
    pub note: &'static str,
    pub note_hint: &'static str,
    /// What a report of abuse needs, and what follows from it.
    pub abuse_hint: &'static str,
    pub optional: &'static str,
    pub submit: &'static str,
    /// An answer can't be changed.
    pub finality: &'static str,
    pub reasons: Reasons,
}

/// Why somebody says no.
pub(super) struct Reasons {
    pub thesis_mismatch: &'static str,
    pub stage_too_early: &'static str,
    pub cheque_mismatch: &'static str,
    pub valuation: &'static str,
    pub terms: &'static str,
    pub market_risk: &'static str,
    pub team: &'static str,
    pub traction: &'static str,
    pub already_in_contact: &'static str,
    pub other: &'static str,
}

impl Reasons {
    /// What can be chosen, in order. "Not now" is an answer of its own here,
    /// and nobody declines for want of a reply.
    pub(super) const fn choices(&self) -> [(PassReason, &'static str); 10] {
        [
            (PassReason::ThesisMismatch, self.thesis_mismatch),
            (PassReason::StageTooEarly, self.stage_too_early),
            (PassReason::ChequeMismatch, self.cheque_mismatch),
            (PassReason::Valuation, self.valuation),
            (PassReason::Terms, self.terms),
            (PassReason::MarketRisk, self.market_risk),
            (PassReason::Team, self.team),
            (PassReason::Traction, self.traction),
            (PassReason::AlreadyInContact, self.already_in_contact),
            (PassReason::Other, self.other),
        ]
    }
}

/// What is wrong with a field.
pub(super) struct Faults {
    /// Above them all.
    pub heading: &'static str,
    pub answer: &'static str,
    pub extended_already: &'static str,
    pub reason: &'static str,
    pub note_needed: &'static str,
    pub note: &'static str,
    pub until: &'static str,
    pub delegate: &'static str,
    pub delegate_refused: &'static str,
    pub slot: &'static str,
    pub name: &'static str,
    pub role: &'static str,
}

/// Every language, English first.
pub(super) const ALL: [&Wording; 4] = [&en::WORDING, &he::WORDING, &az::WORDING, &ru::WORDING];

/// The words for a reader; English for those whose language is none of these.
pub(super) fn of(reader: &Language) -> &'static Wording {
    ALL.into_iter()
        .find(|wording| wording.tag == reader.primary())
        .unwrap_or(&en::WORDING)
}
