//! What people are told about their accounts, as documents.

use super::{Block, Document, fill, greeting, moment, paragraph};
use crate::mail::notice::{MyConsentsMail, NewsMail, Purpose, RegistrationExists, TicketMail};
use crate::mail::wording::Wording;

pub(super) fn registration_exists(
    exists: &RegistrationExists,
    wording: &'static Wording,
) -> Document {
    let words = &wording.registration;
    let tried = moment(exists.tried, wording);
    let mut blocks = vec![
        greeting(exists.reader.as_deref(), wording),
        Block::Paragraph(fill(words.lead, &[("tried", &tried)])),
        paragraph(words.yours),
    ];
    blocks.extend(exists.sign_in.clone().map(|url| Block::Action {
        label: words.action,
        url,
    }));
    blocks.push(paragraph(words.not_yours));
    Document {
        subject: fill(words.subject, &[]),
        blocks,
        footer: fill(wording.footer_account, &[]),
    }
}

pub(super) fn ticket_mail(ticket: &TicketMail, wording: &'static Wording) -> Document {
    let words = &wording.account;
    let (kind, firm, by) = match &ticket.purpose {
        Purpose::Registration { firm } => (&words.registration, firm.as_str(), ""),
        Purpose::Invitation { firm, by: Some(by) } => {
            (&words.invitation, firm.as_str(), by.as_str())
        }
        Purpose::Invitation { firm, by: None } => (&words.invitation_plain, firm.as_str(), ""),
        Purpose::PasswordReset => (&words.password_reset, "", ""),
        Purpose::Claim { firm } => (&words.claim, firm.as_str(), ""),
    };
    let facts = [("firm", firm), ("by", by)];
    let expires = moment(ticket.expires, wording);
    Document {
        subject: fill(kind.subject, &facts),
        blocks: vec![
            greeting(ticket.reader.as_deref(), wording),
            Block::Paragraph(fill(kind.lead, &facts)),
            Block::Action {
                label: kind.action,
                url: ticket.link.clone(),
            },
            Block::Paragraph(fill(words.expiry, &[("expires", &expires)])),
            paragraph(kind.otherwise),
        ],
        footer: fill(words.footer, &[]),
    }
}

pub(super) fn my_consents(mail: &MyConsentsMail, wording: &'static Wording) -> Document {
    let words = &wording.account.my_consents;
    Document {
        subject: fill(words.subject, &[]),
        blocks: vec![
            greeting(mail.reader.as_deref(), wording),
            paragraph(words.lead),
            Block::Action {
                label: words.action,
                url: mail.link.clone(),
            },
            paragraph(wording.ask.personal),
            paragraph(words.otherwise),
        ],
        footer: fill(wording.account.footer, &[]),
    }
}

pub(super) fn news_mail(mail: &NewsMail, wording: &'static Wording) -> Document {
    let words = &wording.account.news;
    let at = moment(mail.at, wording);
    let mut blocks = vec![
        greeting(mail.reader.as_deref(), wording),
        paragraph(words.sentence(mail.news)),
    ];
    if let Some(title) = &mail.programme {
        blocks.push(Block::Paragraph(fill("{title}", &[("title", title)])));
    }
    blocks.push(Block::Paragraph(fill(words.at, &[("at", &at)])));
    // What others did in the reader's firm says nothing about the password.
    if !mail.news.is_of_firm() {
        blocks.push(paragraph(words.otherwise));
    }
    Document {
        subject: fill(words.subject, &[]),
        blocks,
        footer: fill(wording.footer_account, &[]),
    }
}
