//! Where kept mails name somebody: what connects two people names both, and an
//! invitation names who invites. Only these are looked at, not all that is kept.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::identity_schema::tickets;
use super::mail_schema::{ask_delegates, introduction_consents, mail_copies, mail_recipients};
use super::schema::{introduction_answers, introduction_asks, outbox, users};
use super::types::Id;
use super::{Conn, Result};
use crate::domain::account::ERASED_NAME;
use crate::domain::event::SubjectKind;
use crate::domain::ids::UserId;

/// A name of one letter says nothing.
const LEAST: usize = 2;
/// A single word that is shorter may be a word of the text around it, too: such
/// a mail is dropped, not changed.
const TELLING: usize = 4;
/// Rows asked for at once.
const AT_ONCE: usize = 500;

/// A kept mail: its message, subject, text and HTML.
type Kept = (Id, String, String, String);

/// How kept mails may name a person, and which do.
pub struct Mentions {
    names: BTreeSet<String>,
    addresses: BTreeSet<String>,
    messages: BTreeSet<uuid::Uuid>,
}

impl Mentions {
    /// Of a person whose name and address are still on record.
    ///
    /// # Errors
    /// A statement failed.
    pub fn of(conn: &mut Conn, person: UserId, email_key: &str) -> Result<Self> {
        let (mut names, addresses) = called(conn, person, email_key)?;
        names.retain(|name| name.chars().count() >= LEAST && name != ERASED_NAME);
        Ok(Self {
            names,
            addresses,
            messages: messages(conn, person, email_key)?,
        })
    }

    /// Takes the names and addresses out of what is kept of these mails; answers
    /// of how many.
    ///
    /// # Errors
    /// A statement failed.
    pub fn redact(&self, conn: &mut Conn, nowhere: &str) -> Result<usize> {
        let ids: Vec<Id> = self.messages.iter().copied().map(Id::of).collect();
        let mut redacted = 0;
        for some in ids.chunks(AT_ONCE) {
            let kept: Vec<Kept> = mail_copies::table
                .filter(mail_copies::message_id.eq_any(some.to_vec()))
                .select((
                    mail_copies::message_id,
                    mail_copies::subject,
                    mail_copies::body_text,
                    mail_copies::body_html,
                ))
                .load(conn)?;
            for (id, subject, text, html) in kept {
                let before = [subject, text, html];
                let row = mail_copies::table.find(id);
                redacted += match self.redacted(&before, nowhere) {
                    Some([subject, text, html])
                        if [&subject, &text, &html] != before.each_ref() =>
                    {
                        diesel::update(row)
                            .set((
                                mail_copies::subject.eq(subject),
                                mail_copies::body_text.eq(text),
                                mail_copies::body_html.eq(html),
                            ))
                            .execute(conn)?
                    }
                    Some(_) => 0,
                    None => diesel::delete(row).execute(conn)?,
                };
            }
        }
        Ok(redacted)
    }

    /// A mail without them; none where one can't be told from the text.
    fn redacted(&self, mail: &[String; 3], nowhere: &str) -> Option<[String; 3]> {
        let mut mail = mail.clone();
        let addresses = self.addresses.iter().map(|it| (it, nowhere));
        let names = self.names.iter().map(|it| (it, ERASED_NAME));
        for (what, with) in addresses.chain(names) {
            let short = !what.contains(' ') && what.chars().count() < TELLING;
            for text in &mut mail {
                for what in [what.clone(), in_html(what)] {
                    let changed = without(text, &what, with);
                    if short && changed != *text {
                        return None;
                    }
                    *text = changed;
                }
            }
        }
        Some(mail)
    }
}

/// Whether an address is somebody's with an account, or one to whom a question
/// was passed on: nobody's is that of a person who was erased meanwhile.
///
/// # Errors
/// A statement failed.
pub fn is_anybodys(conn: &mut Conn, email_key: &str) -> Result<bool> {
    let users = users::table.filter(users::email_key.eq(email_key));
    if users.count().get_result::<i64>(conn)? > 0 {
        return Ok(true);
    }
    let passed = ask_delegates::table.filter(ask_delegates::email_key.eq(email_key));
    Ok(passed.count().get_result::<i64>(conn)? > 0)
}

/// Their names and addresses: those of the account, and those that stand beside
/// their answers and where questions were passed on to them.
fn called(
    conn: &mut Conn,
    person: UserId,
    email_key: &str,
) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let own: Vec<(String, String)> = users::table
        .find(person)
        .select((users::name, users::email))
        .load(conn)?;
    let (mut names, mut addresses): (Vec<String>, Vec<String>) = own.into_iter().unzip();
    addresses.push(email_key.to_owned());
    let passed: Vec<(Id, Option<String>, String)> = ask_delegates::table
        .filter(ask_delegates::email_key.eq(email_key))
        .select((
            ask_delegates::ask_id,
            ask_delegates::name,
            ask_delegates::email,
        ))
        .load(conn)?;
    let mut asks: Vec<Id> = introduction_asks::table
        .filter(introduction_asks::person_id.eq(person))
        .select(introduction_asks::id)
        .load(conn)?;
    // What somebody said to whom they passed a question on is not theirs.
    let elsewhere: Vec<Id> = ask_delegates::table
        .filter(ask_delegates::ask_id.eq_any(asks.clone()))
        .filter(ask_delegates::email_key.ne(email_key))
        .select(ask_delegates::ask_id)
        .load(conn)?;
    asks.retain(|ask| !elsewhere.contains(ask));
    for (ask, name, email) in passed {
        asks.push(ask);
        names.extend(name);
        addresses.push(email);
    }
    for ask in asks {
        let said = introduction_answers::table
            .filter(introduction_answers::ask_id.eq(Some(ask)))
            .select(introduction_answers::person_name)
            .load::<String>(conn)?;
        names.extend(said);
    }
    let agreed = introduction_consents::table
        .filter(introduction_consents::email_key.eq(email_key))
        .select(introduction_consents::person_name)
        .load::<String>(conn)?;
    names.extend(agreed);
    let names = names.into_iter().map(|name| name.trim().to_owned());
    Ok((names.collect(), addresses.into_iter().collect()))
}

/// The messages that may name them: those they got, all about the introductions
/// of which they got one or were asked, and their invitations.
fn messages(conn: &mut Conn, person: UserId, email_key: &str) -> Result<BTreeSet<uuid::Uuid>> {
    let received: Vec<Id> = mail_recipients::table
        .filter(mail_recipients::email_key.eq(email_key))
        .select(mail_recipients::message_id)
        .load(conn)?;
    let mut introductions: Vec<Id> = introduction_asks::table
        .filter(introduction_asks::person_id.eq(person))
        .select(introduction_asks::introduction_id)
        .load(conn)?;
    for some in received.chunks(AT_ONCE) {
        let about: Vec<Id> = outbox::table
            .filter(outbox::id.eq_any(some.to_vec()))
            .filter(outbox::subject_kind.eq(SubjectKind::Introduction.code()))
            .select(outbox::subject_id)
            .load(conn)?;
        introductions.extend(about);
    }
    let invitations: Vec<Id> = tickets::table
        .filter(tickets::created_by.eq(Some(person)))
        .select(tickets::id)
        .load(conn)?;
    let mut messages: BTreeSet<_> = received.into_iter().map(Id::uuid).collect();
    for (kind, subjects) in [
        (SubjectKind::Introduction, introductions),
        (SubjectKind::Ticket, invitations),
    ] {
        for some in subjects.chunks(AT_ONCE) {
            let about: Vec<Id> = outbox::table
                .filter(outbox::subject_kind.eq(kind.code()))
                .filter(outbox::subject_id.eq_any(some.to_vec()))
                .select(outbox::id)
                .load(conn)?;
            messages.extend(about.into_iter().map(Id::uuid));
        }
    }
    Ok(messages)
}

/// As the templates write it.
fn in_html(what: &str) -> String {
    what.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

/// The text with something else in its place, wherever it stands as words of
/// its own, small letters or not.
fn without(text: &str, what: &str, with: &str) -> String {
    // The length in octets stays the same.
    let (folded, what) = (text.to_ascii_lowercase(), what.to_ascii_lowercase());
    let mut kept = String::with_capacity(text.len());
    let mut done = 0;
    for (start, found) in folded.match_indices(&what) {
        let end = start + found.len();
        let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else {
            continue;
        };
        let joined =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        if !joined {
            kept.push_str(text.get(done..start).unwrap_or_default());
            kept.push_str(with);
            done = end;
        }
    }
    kept.push_str(text.get(done..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_taken_out_however_they_are_written() {
        let out = |text| without(text, "Dana Levi", "Erased person");
        assert_eq!(out("Dana Levi, please meet"), "Erased person, please meet");
        assert_eq!(
            out("\u{2068}Dana Levi\u{2069}"),
            "\u{2068}Erased person\u{2069}"
        );
        assert_eq!(out("<bdi>Dana LEVI</bdi>"), "<bdi>Erased person</bdi>");
        assert_eq!(
            out("Dana Leviathan and Dana Levi"),
            "Dana Leviathan and Erased person"
        );
        assert_eq!(out("nothing of the kind"), "nothing of the kind");
        let address = without("to Dana.Levi@Firm.example.", "dana.levi@firm.example", "x");
        assert_eq!(address, "to x.");
        assert_eq!(without("İ דנה לוי, ı", "דנה לוי", "x"), "İ x, ı");
        assert_eq!(in_html("O'Neil & \"Co\""), "O&#39;Neil &#38; &#34;Co&#34;");
    }

    #[test]
    fn a_name_that_may_be_a_word_of_the_text_drops_the_mail() {
        let mentions = |name: &str| Mentions {
            names: BTreeSet::from([name.to_owned()]),
            addresses: BTreeSet::from(["An@x.example".to_owned()]),
            messages: BTreeSet::new(),
        };
        let mail = |text: &str| ["Hello".to_owned(), text.to_owned(), String::new()];
        let out = |name, text| mentions(name).redacted(&mail(text), "nowhere");
        assert_eq!(out("An", "An, please meet an investor"), None);
        assert_eq!(out("An", "Somebody else"), Some(mail("Somebody else")));
        assert_eq!(
            out("An Li", "An Li (an@x.example), please meet an investor"),
            Some(mail("Erased person (nowhere), please meet an investor"))
        );
        assert_eq!(
            out("O'Neil", "O&#39;Neil and O'Neil"),
            Some(mail("Erased person and Erased person"))
        );
    }
}
