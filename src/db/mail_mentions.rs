//! Where kept mails name somebody: mail to both sides names both people, and an
//! invitation names who invites.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::mail_schema::{ask_delegates, introduction_consents, mail_copies};
use super::schema::{introduction_answers, introduction_asks, users};
use super::types::Id;
use super::{Conn, Result};
use crate::domain::account::ERASED_NAME;
use crate::domain::ids::UserId;

/// A name of one letter says nothing and is in every text.
const LEAST: usize = 2;

/// A kept mail: its message, subject, text and HTML.
type Kept = (Id, String, String, String);

/// By which names mails may call a person: that of the account, and those that
/// stand beside their answers, whoever passed a question on to them.
///
/// # Errors
/// A statement failed.
pub fn names_of(conn: &mut Conn, person: UserId, email_key: &str) -> Result<BTreeSet<String>> {
    let mut names: Vec<String> = users::table.find(person).select(users::name).load(conn)?;
    let passed: Vec<(Id, Option<String>)> = ask_delegates::table
        .filter(ask_delegates::email_key.eq(email_key))
        .select((ask_delegates::ask_id, ask_delegates::name))
        .load(conn)?;
    let mut asks: Vec<Id> = introduction_asks::table
        .filter(introduction_asks::person_id.eq(person))
        .select(introduction_asks::id)
        .load(conn)?;
    for (ask, name) in passed {
        asks.push(ask);
        names.extend(name);
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
    Ok(names
        .filter(|name| name.chars().count() >= LEAST && name != ERASED_NAME)
        .collect())
}

/// Takes these names and an address out of what is kept of mails to others;
/// answers of how many.
///
/// # Errors
/// A statement failed.
pub fn redact(
    conn: &mut Conn,
    names: &BTreeSet<String>,
    (email_key, nowhere): (&str, &str),
) -> Result<usize> {
    let mut redacted = 0;
    let addresses = std::iter::once((email_key, nowhere));
    let named = names.iter().map(|name| (name.as_str(), ERASED_NAME));
    for (what, with) in addresses.chain(named) {
        for (id, subject, text, html) in mentioning(conn, what)? {
            let html = without(&without(&html, what, with), &in_html(what), with);
            let after = (
                without(&subject, what, with),
                without(&text, what, with),
                html,
            );
            redacted += diesel::update(mail_copies::table.find(id))
                .set((
                    mail_copies::subject.eq(&after.0),
                    mail_copies::body_text.eq(&after.1),
                    mail_copies::body_html.eq(&after.2),
                ))
                .execute(conn)?;
        }
    }
    Ok(redacted)
}

/// The kept mails that may mention it: more than do, since any letter stands
/// for one that has a meaning in a pattern.
fn mentioning(conn: &mut Conn, what: &str) -> Result<Vec<Kept>> {
    let any = |c| match c {
        '%' | '_' | '\\' => '_',
        c => c,
    };
    let pattern = format!("%{}%", what.chars().map(any).collect::<String>());
    Ok(mail_copies::table
        .filter(
            mail_copies::body_text
                .like(pattern.clone())
                .or(mail_copies::subject.like(pattern)),
        )
        .select((
            mail_copies::message_id,
            mail_copies::subject,
            mail_copies::body_text,
            mail_copies::body_html,
        ))
        .load(conn)?)
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
/// its own.
fn without(text: &str, what: &str, with: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(what) {
        let joined =
            before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric);
        kept.push_str(before);
        kept.push_str(if joined { what } else { with });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_taken_out() {
        let out = |text| without(text, "Dana Levi", "Erased person");
        assert_eq!(out("Dana Levi, please meet"), "Erased person, please meet");
        assert_eq!(
            out("\u{2068}Dana Levi\u{2069}"),
            "\u{2068}Erased person\u{2069}"
        );
        assert_eq!(out("<bdi>Dana Levi</bdi>"), "<bdi>Erased person</bdi>");
        assert_eq!(
            out("Dana Leviathan and Dana Levi"),
            "Dana Leviathan and Erased person"
        );
        assert_eq!(out("nothing of the kind"), "nothing of the kind");
        assert_eq!(in_html("O'Neil & \"Co\""), "O&#39;Neil &#38; &#34;Co&#34;");
    }
}
