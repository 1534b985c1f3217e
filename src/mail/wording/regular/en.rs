//! English.

use super::{DigestWords, RegularWords};

pub(in crate::mail) const WORDS: RegularWords = RegularWords {
    digest: DigestWords {
        subject: "New matches for “{mandate}”: {count}",
        lead: "These matches came to the mandate “{mandate}” since the last digest and wait for an answer. No startup is named before it agrees to that.",
        section: "{number}. {band}",
        risk: "What speaks against it",
        missing: "Not known yet",
        answer: "Answer: interested, not for us, or later",
        brief: "One page to print for a committee",
        more: "More that wait: {more}. They are on the mandate’s list of matches.",
        personal: "The links are meant for you alone. Please don’t forward them.",
        footer: "You receive this e-mail because your organisation looks for startups with the mandate “{mandate}” on Corridor. It was sent automatically.",
    },
};
