//! English.

use super::{EntryWords, Note};

pub(in super::super) const WORDS: EntryWords = EntryWords {
    title: "A match for your mandate",
    lead: "It came to the mandate “{mandate}” in the programme “{programme}”. No startup is named before it agrees to that.",
    untitled: "without a title",
    country: "Country",
    stage: "Round",
    tags: "Fields",
    score: "{band}: {score} of 100 points. Known of what counts: {known} %.",
    risk: "What speaks against it",
    missing: "Not known yet",
    brief: "One page to print for a committee",
    interested: "We are interested",
    pass: "It is not for us",
    snooze: "Later",
    if_pass: "If it is not for you",
    if_snooze: "If later",
    until: "Show it again from this date on",
    until_hint: "Within {days} days. A match can be put off once.",
    until_fault: "Give a date after today and within 90 days.",
    put_off_before: "This match was put off before; choose another answer.",
    private: "The programme team reads the answer. The other side learns of it only if an introduction comes of it.",
    date: "{day} {month} {year}",
    brief_title: "Brief for the committee",
    brief_lead: "For the mandate “{mandate}” in the programme “{programme}”.",
    day: "As of {day}.",
    named: "The startup has let your organisation know its name. Please keep this page within your committee.",
    unnamed: "The startup is named once it agrees to an introduction.",
    decision: "Decision",
    signed_on: "Date",
    signature: "Signature",
    back: "Answer this match",
    answered: Note {
        heading: "Thank you, the answer is recorded",
        text: "This match has been answered for your organisation. There is nothing else for you to do; if it goes further, you will receive an e-mail.",
    },
    over: Note {
        heading: "This match is not open now",
        text: "It may have ended or be paused. There is nothing for you to do.",
    },
    expired: Note {
        heading: "This link is too old",
        text: "You can still look at the matches of your mandate after signing in.",
    },
};
