//! Files on their way in: bytes first, row second.

use chrono::{DateTime, Utc};

use crate::db::{self, Conn, organizations, startup_profiles};
use crate::domain::document::content::{ContentKind, Sniffed};
use crate::domain::document::file_name::FileName;
use crate::domain::document::{
    Document, DocumentClass, DocumentDetails, DocumentVersion, MOST_OF_PROFILE, MOST_VERSIONS,
    first_state, marked, state_after_change,
};
use crate::domain::event::{Payload, SubjectKind, Value};
use crate::domain::ids::{DocumentId, OrganizationId, StartupProfileId, UserId};
use crate::domain::permission::Operation;
use crate::domain::profile::ProfileStatus;
use crate::domain::refusal::Refusal;
use crate::services::files::{Incoming, Received};
use crate::services::once::{Recorded, write_once};
use crate::services::transitions::{check_version, code};
use crate::services::{Caller, Context, Error, Intent};

use super::vault::examine;
use super::{blocking, load_readable, store, upkeep};

/// A file that came, with what it was found to be.
#[derive(Debug)]
pub struct Upload {
    /// Its safe name.
    pub name: FileName,
    /// What its bytes are.
    pub kind: ContentKind,
    /// Its bytes.
    pub received: Received,
}

impl Upload {
    /// What is on record of it.
    pub(in crate::services) fn version(
        &self,
        number: i64,
        by: UserId,
        now: DateTime<Utc>,
    ) -> DocumentVersion {
        DocumentVersion {
            number,
            digest: self.received.digest,
            bytes: self.received.bytes,
            kind: self.kind,
            file_name: self.name.clone(),
            uploaded_by: by,
            created_at: now,
            erased_at: None,
        }
    }
}

/// Whether the caller may upload for a profile, and whether there is room;
/// asked before a body is read.
///
/// # Errors
/// 404 for a profile that is not the caller's to see, 403, or a refusal.
pub async fn may_create(
    context: &Context,
    caller: &Caller,
    profile: StartupProfileId,
) -> Result<(), Error> {
    let (context, caller) = (context.clone(), caller.clone());
    let look = context.db.clone();
    look.read(move |conn| {
        let owner = writable(conn, &caller, profile)?;
        check_room(&context, conn, owner, 1)
    })
    .await
}

/// Whether the caller may send another file for a document; asked before a
/// body is read.
///
/// # Errors
/// As [`may_create`].
pub async fn may_replace(context: &Context, caller: &Caller, id: DocumentId) -> Result<(), Error> {
    let (context, caller) = (context.clone(), caller.clone());
    let look = context.db.clone();
    look.read(move |conn| {
        let found = load_readable(conn, &caller, id)?;
        caller.may(Operation::WriteDocument, &[found.organization])?;
        check_room(&context, conn, found.organization, 1)
    })
    .await
}

/// The owner of a profile for which the caller may upload.
fn writable(
    conn: &mut Conn,
    caller: &Caller,
    profile: StartupProfileId,
) -> Result<OrganizationId, Error> {
    let profile = startup_profiles::find(conn, profile)?.ok_or(Error::NotFound)?;
    let owner = profile.organization;
    caller.may(Operation::ReadDocument, &[owner])?;
    caller.may(Operation::WriteDocument, &[owner])?;
    if profile.status == ProfileStatus::Erased {
        return Err(Refusal::no_transition("upload").into());
    }
    Ok(owner)
}

fn check_room(
    context: &Context,
    conn: &mut Conn,
    owner: OrganizationId,
    more: i64,
) -> Result<(), Error> {
    let quota = context.documents.quota;
    let stored = db::documents::stored_bytes(conn, owner)?;
    if stored.saturating_add(more) > quota {
        return Err(Error::refused(
            "quota_exceeded",
            format!(
                "Documents of one firm may have {quota} bytes together, and {stored} are there: erase some first."
            ),
        ));
    }
    Ok(())
}

/// Begins a file that is being sent.
pub async fn begin(context: &Context) -> Result<Incoming, Error> {
    let (vault, name) = (context.documents.vault.clone(), context.new_id());
    blocking(move || vault.begin(name)).await
}

/// What the bytes of a file that came are.
pub async fn look_at(received: &Received) -> Result<Sniffed, Error> {
    let path = received.path().to_owned();
    blocking(move || examine(&path)).await
}

/// Puts a new document on record.
pub async fn create(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    profile: StartupProfileId,
    (class, details): (DocumentClass, DocumentDetails),
    upload: Upload,
) -> Result<Document, Error> {
    let now = context.now();
    let file = upload.version(1, caller.id(), now);
    let id = context.new_id();
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let owner = writable(conn, &caller_in, profile)?;
        // Two uploads at once must not pass the same room.
        organizations::lock(conn, owner)?;
        // Whoever erases holds the firm, too: nothing comes after that.
        writable(conn, &caller_in, profile)?;
        check_room(&context_in, conn, owner, file.bytes)?;
        if db::documents::count_live(conn, profile)? >= MOST_OF_PROFILE {
            return Err(Error::refused(
                "too_many_documents",
                format!("A profile has at most {MOST_OF_PROFILE} documents; erase one first."),
            ));
        }
        let hits = marked(&details.title, &file.file_name, &context_in.taxonomy());
        let document = Document {
            id,
            startup_profile: profile,
            organization: owner,
            class,
            details,
            state: first_state(&hits),
            current: file,
            version: 1,
            created_at: now,
            updated_at: now,
            first_cleared_by: None,
        };
        db::documents::insert(conn, &document)?;
        let mut facts = vec![
            ("startup_profile", Value::Id(profile.uuid())),
            ("class", code(class.code())),
            ("level", code(document.details.level.code())),
            ("title", Value::hash_of(&document.details.title)),
        ];
        facts.extend(of_file(&document));
        let pen = context_in.pen(caller_in.actor());
        let subject = (SubjectKind::Document, id);
        pen.append(conn, "document.uploaded", subject, facts)?;
        Ok(document)
    };
    keep(context, caller, intent, upload.received, job, again(caller)).await
}

/// How a document that was kept before is read again.
fn again(
    caller: &Caller,
) -> impl FnOnce(&mut Conn, uuid::Uuid) -> Result<Document, Error> + Send + 'static {
    let reader = caller.clone();
    move |conn, id| load_readable(conn, &reader, id.into())
}

/// Puts another file in the place of a document's; the ones before stay with
/// it, for its owner.
pub async fn replace(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    id: DocumentId,
    expected: Option<i64>,
    upload: Upload,
) -> Result<Document, Error> {
    let now = context.now();
    let file = upload.version(0, caller.id(), now);
    let (context_in, caller_in) = (context.clone(), caller.clone());
    let job = move |conn: &mut Conn| {
        let before = load_readable(conn, &caller_in, id)?;
        let owner = before.organization;
        caller_in.may(Operation::WriteDocument, &[owner])?;
        organizations::lock(conn, owner)?;
        check_version(expected, before.version)?;
        check_room(&context_in, conn, owner, file.bytes)?;
        if before.current.number >= MOST_VERSIONS {
            return Err(Error::refused(
                "too_many_versions",
                format!("A document has at most {MOST_VERSIONS} versions."),
            ));
        }
        let (title, taxonomy) = (&before.details.title, &context_in.taxonomy());
        let named = marked(title, &before.current.file_name, taxonomy);
        let hits = marked(title, &file.file_name, taxonomy);
        let state = state_after_change(before.state, &named, &hits)?;
        let after = Document {
            state,
            current: DocumentVersion {
                number: before.current.number + 1,
                ..file
            },
            version: before.version + 1,
            updated_at: now,
            first_cleared_by: None,
            ..before.clone()
        };
        db::documents::insert_version(conn, id, &after.current)?;
        store(conn, &after)?;
        let mut facts = vec![("from", code(before.state.code()))];
        facts.extend(of_file(&after));
        let pen = context_in.pen(caller_in.actor());
        let subject = (SubjectKind::Document, id);
        pen.append(conn, "document.replaced", subject, facts)?;
        Ok(after)
    };
    keep(context, caller, intent, upload.received, job, again(caller)).await
}

fn of_file(document: &Document) -> Payload {
    vec![
        ("to", code(document.state.code())),
        ("number", Value::Int(document.current.number)),
        ("bytes", Value::Int(document.current.bytes)),
        ("kind", code(document.current.kind.code())),
        ("sha256", Value::Hash(document.current.digest)),
        (
            "file_name",
            Value::hash_of(document.current.file_name.as_str()),
        ),
    ]
}

/// Puts bytes in their place, then has `job` write the row that needs them.
/// Where that is refused, or was done before, they go again unless another
/// row needs them. It goes on to its end when whoever sent them hangs up: the
/// folder must be held until the row is there or will never be.
pub(in crate::services) async fn keep<T: Recorded + Send + 'static>(
    context: &Context,
    caller: &Caller,
    intent: Option<Intent>,
    received: Received,
    job: impl FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    find: impl FnOnce(&mut Conn, uuid::Uuid) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (context, caller) = (context.clone(), caller.clone());
    let kept = tokio::spawn(async move {
        let digest = received.digest;
        let vault = context.documents.vault.clone();
        let held = blocking(move || vault.place(received)).await?;
        let made = write_once(&context, caller.id(), intent, job, find).await;
        drop(held);
        if let Err(error) = upkeep::delete_unneeded(&context, digest).await {
            tracing::warn!(%error, "bytes that may not be needed stay until the sweep");
        }
        made
    });
    kept.await.map_err(Error::internal)?
}
