//! English.

use super::ConsentWords;

pub(in super::super) const WORDS: ConsentWords = ConsentWords {
    title: "My consents",
    lead: "This is what the reader of {address} has agreed to on this Corridor, run by {operator}.",
    none: "Nothing has been agreed to with this address.",
    introduction: "An introduction in the programme “{programme}”, for {organization}",
    proposals: "That introductions are proposed for {organization}",
    recipient: "Passed on to: {recipient}",
    recipient_later: "Passed on to the people of the other side, once both sides have said yes.",
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
};
