//! Messages as the operator's people look for them.

use diesel::prelude::*;

use super::{Message, Row, State, message};
use crate::db::conn::MultiBackend;
use crate::db::mail_schema::mail_recipients;
use crate::db::page::Cursor;
use crate::db::schema::outbox::{self, dsl};
use crate::db::types::Id;
use crate::db::{Conn, Result, keyset};
use crate::domain::mail_state::{KEPT_BACK, MessageState};
use crate::domain::text::Email;

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// That stand so.
    pub state: Option<MessageState>,
    /// About the record with that id.
    pub subject: Option<uuid::Uuid>,
    /// That were sent, or tried, to that address.
    pub email: Option<Email>,
}

impl Message {
    /// Where it stands.
    pub fn standing(&self) -> MessageState {
        use MessageState as S;
        let error = self.last_error.as_deref();
        let kept_back = error.is_some_and(|why| KEPT_BACK.contains(&why));
        match self.state {
            State::Pending if self.hold.is_some() => S::Held,
            State::Pending => S::Queued,
            State::Dead => S::Failed,
            State::Done | State::Cancelled if kept_back => S::Suppressed,
            State::Cancelled => S::Cancelled,
            State::Done if self.bounced_at.is_some() => S::Bounced,
            State::Done if error.is_some() => S::Dropped,
            State::Done => S::Sent,
        }
    }
}

/// Messages from the oldest on; see [`crate::db::page::fetch`] for the limit.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn search(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut query = outbox::table.into_boxed();
    if let Some(state) = filter.state {
        query = standing(query, state);
    }
    if let Some(subject) = filter.subject {
        query = query.filter(dsl::subject_id.eq(Id::of(subject)));
    }
    if let Some(email) = &filter.email {
        let to = mail_recipients::table
            .filter(mail_recipients::email_key.eq(email.key()))
            .select(mail_recipients::message_id);
        query = query.filter(dsl::id.eq_any(to));
    }
    if let Some(cursor) = after {
        query = query.filter(keyset::after(dsl::created_at, dsl::id, cursor));
    }
    let rows: Vec<Row> = query
        .order((dsl::created_at, dsl::id))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(message).collect()
}

type Query = outbox::BoxedQuery<'static, MultiBackend>;

/// Those of which [`Message::standing`] says so.
fn standing(query: Query, state: MessageState) -> Query {
    use MessageState as S;
    let code = match state {
        S::Queued | S::Held => State::Pending,
        S::Sent | S::Bounced | S::Dropped => State::Done,
        S::Cancelled => State::Cancelled,
        S::Failed => State::Dead,
        S::Suppressed => {
            let ended = [State::Done, State::Cancelled].map(State::code);
            return query
                .filter(dsl::state.eq_any(ended))
                .filter(dsl::last_error.eq_any(KEPT_BACK));
        }
    };
    let query = query.filter(dsl::state.eq(code.code()));
    let other = || {
        dsl::last_error
            .is_null()
            .or(dsl::last_error.ne_all(KEPT_BACK).assume_not_null())
    };
    match state {
        S::Queued => query.filter(dsl::hold.is_null()),
        S::Held => query.filter(dsl::hold.is_not_null()),
        S::Sent => query
            .filter(dsl::last_error.is_null())
            .filter(dsl::bounced_at.is_null()),
        S::Bounced => query.filter(dsl::bounced_at.is_not_null()).filter(other()),
        S::Dropped => query
            .filter(dsl::last_error.ne_all(KEPT_BACK))
            .filter(dsl::bounced_at.is_null()),
        S::Cancelled => query.filter(other()),
        S::Failed | S::Suppressed => query,
    }
}
