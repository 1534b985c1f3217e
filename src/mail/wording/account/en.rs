//! English.

use super::{AccountWords, NewsWords, TicketWords};

pub(in crate::mail) const WORDS: AccountWords = AccountWords {
    expiry: "The link works once, until {expires}.",
    footer: "You receive this e-mail because somebody gave this address on Corridor. It was sent automatically.",
    registration: TicketWords {
        subject: "Please confirm your address on Corridor",
        lead: "You have registered {firm} on Corridor. Open the page to confirm that this address is yours; the account is made then.",
        action: "Confirm the address",
        otherwise: "If it wasn’t you, don’t open the link: no account is made, and what was entered is deleted.",
    },
    invitation: TicketWords {
        subject: "{by} invites you to {firm} on Corridor",
        lead: "{by} invites you to work for {firm} on Corridor, where startups and investors are introduced to each other.",
        action: "Accept the invitation",
        otherwise: "If you don’t know the sender, ignore this e-mail: nothing happens.",
    },
    invitation_plain: TicketWords {
        subject: "You are invited to {firm} on Corridor",
        lead: "You are invited to work for {firm} on Corridor.",
        action: "Accept the invitation",
        otherwise: "If you didn’t expect this, ignore this e-mail: nothing happens.",
    },
    password_reset: TicketWords {
        subject: "Choose a new password for Corridor",
        lead: "Somebody asked for a new password for the account with this address. Open the page to choose one; you are then signed out everywhere.",
        action: "Choose a new password",
        otherwise: "If it wasn’t you, ignore this e-mail: the password stays as it is.",
    },
    claim: TicketWords {
        subject: "{firm} on Corridor: is this right?",
        lead: "Corridor introduces startups to investors. A profile of {firm} has been prepared there for you. Nobody is shown it until you have looked at it and agreed. The page shows what it says; you can confirm it, correct it or refuse.",
        action: "Look at the profile",
        otherwise: "If you don’t answer, the profile is shown to nobody.",
    },
    my_consents: TicketWords {
        subject: "What you agreed to on Corridor",
        lead: "Somebody, most likely you, asked for the way to what the reader of this address has agreed to on Corridor. The page lists it, and each consent can be taken back there.",
        action: "Show my consents",
        otherwise: "If it wasn’t you, ignore this e-mail: nobody else has the link, and nothing changes.",
    },
    news: NewsWords {
        subject: "News about your account on Corridor",
        at: "When: {at}.",
        otherwise: "If it wasn’t you, choose a new password at once and write to the programme team.",
        password_changed: "The password of your account was changed, and other devices were signed out.",
        session_copied: "A sign-in of yours was used from a copy, so it was ended. Please sign in again.",
        second_factor_set: "A second factor now protects your account.",
        second_factor_removed: "The second factor of your account was taken away.",
        recovery_code_used: "Somebody signed in to your account with a recovery code.",
        recovery_codes_renewed: "The recovery codes of your account were replaced; the old ones no longer work.",
        key_made: "A key for scripts was made for your account.",
        roles_changed: "Your part in an organisation on Corridor was given, changed or taken away.",
        account_closed: "Your account was closed, and all devices were signed out.",
        account_reopened: "Your account was opened again.",
        member_joined: "Somebody joined your organisation on Corridor. Its list of people says who; take the part away again if it shouldn’t be theirs.",
        document_cleared: "A document of your organisation was looked at and let through: it is open to whom you granted it. Its view log says who opens it.",
        document_refused: "A document of your organisation was looked at and refused: nobody else can open it. You can change its title or file, or delete it.",
        admission_withdrawn: "A profile or mandate of your organisation takes part in a programme no more: nothing new of it is shown there, and introductions that were not sent have ended. What was connected before goes on. The operator’s people can tell you why.",
        programme_declined: "A party declined to sign a programme that your organisation is a party to, and it won’t come into force as it stands. The agreement says who declined and why.",
        programme_expiring: "A programme that your organisation is a party to nears the end of its term: its notice has begun. Tell the operator whether it should be renewed.",
        programme_over: "A programme that your organisation is a party to is over. What it connected goes on, and its scorecard stays as it is.",
        promise_at_risk: "Something that your organisation promised in a programme has fallen behind. The scorecard says how far it is; evidence can be added there.",
    },
};
