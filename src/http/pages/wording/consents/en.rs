//! English.

use super::super::Note;
use super::{AskWords, ConsentWords};

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "My consents",
    lead: "This is what the reader of {address} has agreed to on this Corridor, run by {operator}.",
    none: "Nothing has been agreed to with this address.",
    introduction: "An introduction in the programme “{programme}”, for {organization}",
    proposals: "That introductions are proposed for {organization}",
    recipient: "Passed on to: {recipient}",
    recipient_later: "Shown to the other side at once: the organisation’s name and what it has published. Passed on once both sides have said yes: the person’s name, part and address.",
    recipient_proposals: "Organisations of the programmes joined are shown a description without names at first; the text says when names follow.",
    country: "In this country: {country}",
    data: "Covered: name, part in the organisation, e-mail address, and what the text names.",
    given: "Given on {day} by {name}",
    valid: "Holds until {day}",
    withdrawn: "Taken back on {day}",
    over: "Ran out on {day}",
    text: "The text",
    withdraw: "Take it back",
    hint: "Taking a consent back holds at once: an introduction that was not made yet ends, and no more mail about it is sent. What was sent before can’t be called back.",
    link: "My consents",
    ask: AskWords {
        lead: "Here is what the reader of an e-mail address has agreed to on this Corridor, run by {operator}, and each consent can be taken back. We send the link to the address itself, so that nobody else sees it.",
        address: "Your e-mail address",
        send: "Send me the link",
        fault: "Please give an e-mail address such as name@example.com.",
        languages: "In another language",
        sent: Note {
            heading: "Thank you",
            text: "If this address has an account here, or anything was agreed to with it, an e-mail with the link is on its way. If you ask again within a quarter of an hour, no second one is sent.",
        },
    },
};
