//! What the parties of programmes agree on: texts, signatures, notice. What
//! nothing was written for yet is an empty agreement.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::page::{self, Cursor};
use super::programme_schema::programme_agreements::{self, dsl};
use super::programme_schema::{
    programme_comments as comments, programme_signatures as signatures, programme_texts as texts,
};
use super::types::{Id, Timestamp};
use super::{Conn, Error, Result, events, keyset, sql, stored};
use crate::domain::agreement::{Agreement, Signatory, SignatureLevel, Signing};
use crate::domain::event::{Subject, SubjectKind, Value};
use crate::domain::ids::{OrganizationId, ProgrammeId, UserId};

/// What somebody said about a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: Uuid,
    /// About which programme.
    pub programme: ProgrammeId,
    /// For which party; none for the operator's people.
    pub organization: Option<OrganizationId>,
    /// Who.
    pub author: UserId,
    /// The words.
    pub comment: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The agreement of a programme.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn load(conn: &mut Conn, programme: ProgrammeId) -> Result<Agreement> {
    type Row = (i64, Option<String>, Option<Vec<u8>>, Option<ProgrammeId>);
    let row: Option<Row> = programme_agreements::table
        .find(programme)
        .select((
            dsl::notice_days,
            dsl::controlling,
            dsl::agreed_digest,
            dsl::predecessor_id,
        ))
        .first(conn)
        .optional()?;
    let mut agreement = Agreement::empty(programme);
    if let Some((notice_days, controlling, agreed, predecessor)) = row {
        agreement.notice_days = u32::try_from(notice_days)
            .map_err(|_| Error::Corrupt(format!("programme {programme}: its notice")))?;
        agreement.controlling = stored::parse_some(controlling.as_deref())?;
        agreement.agreed = agreed.map(digest).transpose()?;
        agreement.predecessor = predecessor;
    }
    agreement.texts = texts_of(conn, programme)?;
    agreement.signatories = signatories_of(conn, programme)?;
    Ok(agreement)
}

fn texts_of(
    conn: &mut Conn,
    programme: ProgrammeId,
) -> Result<BTreeMap<crate::domain::text::Language, String>> {
    let rows: Vec<(String, String)> = texts::table
        .filter(texts::programme_id.eq(programme))
        .select((texts::language, texts::text))
        .load(conn)?;
    rows.into_iter()
        .map(|(language, text)| Ok((stored::parse(&language)?, text)))
        .collect()
}

/// Stores an agreement as a whole, in place of the one before.
///
/// # Errors
/// A statement failed: also when the predecessor has another successor.
pub fn store(conn: &mut Conn, agreement: &Agreement) -> Result<()> {
    let Agreement {
        programme,
        notice_days,
        controlling,
        texts: words,
        signatories,
        agreed,
        predecessor,
    } = agreement;
    let of = texts::programme_id.eq(programme);
    diesel::delete(texts::table.filter(of)).execute(conn)?;
    let of = signatures::programme_id.eq(programme);
    diesel::delete(signatures::table.filter(of)).execute(conn)?;
    let of = dsl::programme_id.eq(programme);
    diesel::delete(programme_agreements::table.filter(of)).execute(conn)?;
    diesel::insert_into(programme_agreements::table)
        .values((
            dsl::programme_id.eq(programme),
            dsl::notice_days.eq(i64::from(*notice_days)),
            dsl::controlling.eq(controlling.as_ref().map(ToString::to_string)),
            dsl::agreed_digest.eq(agreed.map(|digest| digest.to_vec())),
            dsl::predecessor_id.eq(predecessor),
        ))
        .execute(conn)?;
    for (language, text) in words {
        diesel::insert_into(texts::table)
            .values((
                texts::programme_id.eq(programme),
                texts::language.eq(language.to_string()),
                texts::text.eq(text),
            ))
            .execute(conn)?;
    }
    for (place, signatory) in (0_i64..).zip(signatories) {
        insert_signatory(conn, *programme, place, signatory)?;
    }
    Ok(())
}

fn insert_signatory(
    conn: &mut Conn,
    programme: ProgrammeId,
    place: i64,
    signatory: &Signatory,
) -> Result<()> {
    let Signatory {
        organization,
        name,
        title,
        signing,
        recorded,
    } = signatory;
    let (mut level, mut on, mut evidence, mut digest, mut reason) = (None, None, None, None, None);
    match signing {
        Signing::Pending => {}
        Signing::Signed {
            level: surely,
            on: day,
            evidence: seen,
            digest: of,
        } => {
            level = Some(surely.code());
            on = Some(*day);
            evidence = Some(seen.as_str());
            digest = Some(of.to_vec());
        }
        Signing::Declined { reason: why } => reason = Some(why.as_str()),
    }
    diesel::insert_into(signatures::table)
        .values((
            signatures::programme_id.eq(programme),
            signatures::place.eq(place),
            signatures::organization_id.eq(organization),
            signatures::name.eq(name),
            signatures::title.eq(title.as_deref()),
            signatures::state.eq(signing.code()),
            signatures::level.eq(level),
            signatures::signed_on.eq(on),
            signatures::evidence.eq(evidence),
            signatures::digest.eq(digest),
            signatures::reason.eq(reason),
            signatures::recorded_by.eq(recorded.map(|(by, _)| by)),
            signatures::recorded_at.eq(recorded.map(|(_, at)| Timestamp(at))),
        ))
        .execute(conn)?;
    Ok(())
}

type SignatureRow = (
    OrganizationId,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<NaiveDate>,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<UserId>,
    Option<DateTime<Utc>>,
);

fn signatories_of(conn: &mut Conn, programme: ProgrammeId) -> Result<Vec<Signatory>> {
    let rows: Vec<SignatureRow> = signatures::table
        .filter(signatures::programme_id.eq(programme))
        .order(signatures::place)
        .select((
            signatures::organization_id,
            signatures::name,
            signatures::title,
            signatures::state,
            signatures::level,
            signatures::signed_on,
            signatures::evidence,
            signatures::digest,
            signatures::reason,
            signatures::recorded_by,
            signatures::recorded_at,
        ))
        .load(conn)?;
    rows.into_iter().map(signatory).collect()
}

fn signatory(row: SignatureRow) -> Result<Signatory> {
    let (organization, name, title, state, level, on, evidence, of, reason, by, at) = row;
    let damaged = || Error::Corrupt(format!("a signature for {organization}"));
    let signing = match state.as_str() {
        "pending" => Signing::Pending,
        "signed" => Signing::Signed {
            level: stored::code(&level.ok_or_else(damaged)?, SignatureLevel::from_code)?,
            on: on.ok_or_else(damaged)?,
            evidence: evidence.ok_or_else(damaged)?,
            digest: digest(of.ok_or_else(damaged)?)?,
        },
        "declined" => Signing::Declined {
            reason: reason.ok_or_else(damaged)?,
        },
        _ => return Err(damaged()),
    };
    Ok(Signatory {
        organization,
        name,
        title,
        signing,
        recorded: by.zip(at),
    })
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| Error::Corrupt("a digest of texts is not 32 bytes long".into()))
}

/// The programme that goes on from that one.
///
/// # Errors
/// A statement failed.
pub fn successor(conn: &mut Conn, programme: ProgrammeId) -> Result<Option<ProgrammeId>> {
    Ok(programme_agreements::table
        .filter(dsl::predecessor_id.eq(programme))
        .select(dsl::programme_id)
        .first(conn)
        .optional()?)
}

/// Up to `limit` programmes in force or suspended that are over on that day or whose notice
/// has come, the first to end first.
///
/// # Errors
/// A statement failed.
pub fn due_to_end(conn: &mut Conn, today: NaiveDate, limit: usize) -> Result<Vec<ProgrammeId>> {
    use super::schema::programmes;
    use crate::domain::agreement::MOST_NOTICE_DAYS;
    use crate::domain::programme::ProgrammeStatus as Status;

    let longest = Days::new(u64::from(MOST_NOTICE_DAYS));
    let horizon = today.checked_add_days(longest).unwrap_or(today);
    let codes = [Status::Active, Status::Expiring, Status::Suspended].map(Status::code);
    let ending: Vec<(ProgrammeId, String, NaiveDate)> = programmes::table
        .filter(programmes::status.eq_any(codes))
        .filter(programmes::ends_on.le(horizon))
        .order((programmes::ends_on, programmes::id))
        .select((programmes::id, programmes::status, programmes::ends_on))
        .load(conn)?;
    let ids: Vec<ProgrammeId> = ending.iter().map(|(id, ..)| *id).collect();
    let notices: Vec<(ProgrammeId, i64)> = programme_agreements::table
        .filter(dsl::programme_id.eq_any(ids))
        .select((dsl::programme_id, dsl::notice_days))
        .load(conn)?;
    let notices: BTreeMap<_, _> = notices.into_iter().collect();
    let is_due = |(id, status, ends_on): &(ProgrammeId, String, NaiveDate)| {
        let mut agreement = Agreement::empty(*id);
        if let Some(days) = notices.get(id) {
            agreement.notice_days = u32::try_from(*days).unwrap_or(0);
        }
        let noticed = status != Status::Active.code();
        *ends_on < today || !noticed && agreement.notice_on(*ends_on) <= today
    };
    let due = ending.into_iter().filter(is_due);
    Ok(due.map(|(id, ..)| id).take(limit).collect())
}

/// What came of comparing agreed texts with the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Programmes whose texts are as they were agreed.
    pub intact: usize,
    /// Those whose aren't, by slug.
    pub altered: Vec<String>,
}

/// Compares the texts of all programmes with what the log says was agreed,
/// which nobody changes along with them.
///
/// # Errors
/// A statement failed, or a row is damaged.
pub fn check_all(conn: &mut Conn) -> Result<Compared> {
    use super::schema::programmes;
    use crate::domain::programme::ProgrammeStatus as Status;

    let open = [Status::Draft, Status::Negotiation, Status::Declined].map(Status::code);
    let agreed: Vec<(ProgrammeId, String)> = programmes::table
        .filter(programmes::status.ne_all(open))
        .order(programmes::id)
        .select((programmes::id, programmes::slug))
        .load(conn)?;
    let mut compared = Compared::default();
    for (id, slug) in agreed {
        let subject = Subject::new(SubjectKind::Programme, id);
        let facts = events::last_facts(conn, subject, "programme.text_frozen")?;
        // What was brought about without texts has none to compare.
        let Some(facts) = facts else { continue };
        let agreement = load(conn, id)?;
        let logged = facts.into_iter().find_map(frozen);
        if logged == Some(agreement.digest()) && logged == agreement.agreed {
            compared.intact += 1;
        } else {
            compared.altered.push(slug);
        }
    }
    Ok(compared)
}

fn frozen((key, value): (String, Value)) -> Option<[u8; 32]> {
    match value {
        Value::Hash(hash) if key == "texts" => Some(hash),
        _ => None,
    }
}

/// Keeps a comment.
///
/// # Errors
/// A statement failed.
pub fn insert_comment(conn: &mut Conn, said: &Comment) -> Result<()> {
    let Comment {
        id,
        programme,
        organization,
        author,
        comment,
        created_at,
    } = said;
    let insert = diesel::insert_into(comments::table).values((
        comments::id.eq(Id::of(*id)),
        comments::programme_id.eq(programme),
        comments::organization_id.eq(organization),
        comments::author_id.eq(author),
        comments::comment.eq(comment),
        comments::created_at.eq(Timestamp(*created_at)),
    ));
    sql::execute(conn, insert)?;
    Ok(())
}

type CommentRow = (
    Id,
    ProgrammeId,
    Option<OrganizationId>,
    UserId,
    String,
    DateTime<Utc>,
);

fn said((id, programme, organization, author, comment, created_at): CommentRow) -> Comment {
    Comment {
        id: id.uuid(),
        programme,
        organization,
        author,
        comment,
        created_at,
    }
}

/// One comment.
///
/// # Errors
/// A statement failed.
pub fn find_comment(conn: &mut Conn, id: Uuid) -> Result<Option<Comment>> {
    let row: Option<CommentRow> = comments::table.find(Id::of(id)).first(conn).optional()?;
    Ok(row.map(said))
}

/// What was said about a programme, from the oldest on; one more than `limit`
/// when there is more.
///
/// # Errors
/// A statement failed.
pub fn comments(
    conn: &mut Conn,
    programme: ProgrammeId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Comment>> {
    let mut query = comments::table
        .filter(comments::programme_id.eq(programme))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(keyset::after(comments::created_at, comments::id, cursor));
    }
    let rows: Vec<CommentRow> = query
        .order((comments::created_at, comments::id))
        .limit(page::fetch(limit))
        .load(conn)?;
    Ok(rows.into_iter().map(said).collect())
}
