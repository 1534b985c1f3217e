//! What callers send about documents.

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::domain::disclosure::Level;
use crate::domain::document::content::{ContentKind, settle};
use crate::domain::document::file_name::FileName;
use crate::domain::document::{self, Document, DocumentAction, DocumentClass, DocumentDetails};
use crate::domain::fault::Faults;
use crate::domain::text::bounded;
use crate::http::api::exchange::check_fields;
use crate::http::api::timeline::hex;
use crate::http::api::values::{code, parsed};
use crate::http::multipart::{FilePart, Form};
use crate::http::problem::Problem;
use crate::services::documents::uploads::{Upload, look_at};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// The levels from which on a document may be shown.
const LEVELS: [Level; 3] = [Level::Named, Level::Deck, Level::DataRoom];

/// The fields of the form beside the file.
pub(super) const FIELDS: [&str; 4] = ["class", "title", "language", "level"];

/// A document, as it is sent.
#[derive(Debug, ToSchema)]
#[schema(as = NewDocument)]
#[expect(dead_code, reason = "it describes a form, which is read part by part")]
pub struct NewDocumentForm {
    /// `one_pager`, `deck`, `product`, `references`, `financials`,
    /// `cap_table`, `legal`, `intellectual_property` or `other`.
    #[schema(max_length = 40, example = "deck")]
    class: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Seed deck, autumn 2026")]
    title: String,
    /// Its language (BCP 47).
    #[schema(max_length = 35, example = "en")]
    language: String,
    /// From which level on it is shown: `l1`, `l2` or `l3`. When absent `l1`
    /// for a one-pager, `l2` for a deck and a product's description, else
    /// `l3`. It may be raised; the lowest is `l1` for a one-pager and a
    /// product's description, `l2` for a deck, references, financials and
    /// others, `l3` for the rest.
    #[schema(max_length = 2, example = "l2")]
    level: Option<String>,
    /// The file, with its name.
    #[schema(
        format = "binary",
        max_length = 1_073_741_824,
        content_media_type = "application/octet-stream"
    )]
    file: String,
}

/// Another file of a document.
#[derive(Debug, ToSchema)]
#[schema(as = NewDocumentVersion)]
#[expect(dead_code, reason = "it describes a form, which is read part by part")]
pub struct NewVersionForm {
    /// The file, with its name.
    #[schema(
        format = "binary",
        max_length = 1_073_741_824,
        content_media_type = "application/octet-stream"
    )]
    file: String,
}

type What = (DocumentClass, DocumentDetails);

/// What a form says, for the fingerprint; what the document is; and its file.
pub(super) async fn new_document(mut form: Form) -> Result<(Vec<u8>, What, Upload), Problem> {
    let mut faults = std::mem::take(&mut form.faults);
    let what = read_fields(&form, &mut faults);
    let upload = upload(form.file, &mut faults).await?;
    match (what, upload) {
        (Some(what), Some(upload)) if faults.is_empty() => {
            let fields = json!({
                "class": what.0.code(),
                "title": what.1.title,
                "language": what.1.language.as_str(),
                "level": what.1.level.code(),
                "file": of_file(&upload),
            });
            Ok((fields.to_string().into_bytes(), what, upload))
        }
        _ => Err(faults.into()),
    }
}

/// What a form says, for the fingerprint, and its file.
pub(super) async fn new_version(mut form: Form) -> Result<(Vec<u8>, Upload), Problem> {
    let mut faults = std::mem::take(&mut form.faults);
    match upload(form.file, &mut faults).await? {
        Some(upload) if faults.is_empty() => {
            Ok((of_file(&upload).to_string().into_bytes(), upload))
        }
        _ => Err(faults.into()),
    }
}

fn read_fields(form: &Form, faults: &mut Faults) -> Option<What> {
    let mut needed = |name: &str| {
        let text = form.fields.get(name).map(String::as_str);
        if text.is_none() {
            faults.push(format!("/{name}"), "missing", "This field is required.");
        }
        text
    };
    let (class, title, language) = (needed("class"), needed("title"), needed("language"));
    let class = class.and_then(|it| code(faults, "/class", it, DocumentClass::ALL));
    let title = title.and_then(|it| faults.take("/title", "bad_text", document::title(it)));
    let language = language.and_then(|it| parsed(faults, "/language", "unknown_language", it));
    let wanted = form.fields.get("level");
    let level = wanted.and_then(|it| code(faults, "/level", it, &LEVELS));
    if wanted.is_some() && level.is_none() {
        return None;
    }
    let class = class?;
    let level = document::level(faults, class, level);
    let details = DocumentDetails {
        title: title?,
        language: language?,
        level,
    };
    Some((class, details))
}

/// The file of a form, once its bytes, its name and its declared type agree.
pub(in crate::http::api) async fn upload(
    part: Option<FilePart>,
    faults: &mut Faults,
) -> Result<Option<Upload>, Problem> {
    let Some(part) = part else {
        return Ok(None);
    };
    let FilePart {
        name,
        declared,
        received,
    } = part;
    let sniffed = look_at(&received).await?;
    let settled: Result<(ContentKind, FileName), Faults> =
        settle(sniffed, declared.as_deref(), name);
    Ok(faults.nest("", settled).map(|(kind, name)| Upload {
        name,
        kind,
        received,
    }))
}

pub(in crate::http::api) fn of_file(upload: &Upload) -> serde_json::Value {
    json!({ "name": upload.name.as_str(), "sha256": hex(&upload.received.digest) })
}

/// What a document says of itself, as it is changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentChanges)]
pub struct DocumentChanges {
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "Seed deck, winter 2026")]
    title: String,
    /// Its language (BCP 47).
    #[schema(max_length = 35, example = "en")]
    language: String,
    /// From which level on it is shown; the class says how low it may be.
    #[schema(max_length = 2, example = "l3")]
    level: String,
}

impl DocumentChanges {
    pub(super) fn of(document: &Document) -> Self {
        let details = &document.details;
        Self {
            title: details.title.clone(),
            language: details.language.to_string(),
            level: details.level.code().to_owned(),
        }
    }

    pub(super) fn read(&self, class: DocumentClass) -> Result<DocumentDetails, Faults> {
        let mut faults = Faults::new();
        let title = faults.take("/title", "bad_text", document::title(&self.title));
        let language = parsed(&mut faults, "/language", "unknown_language", &self.language);
        let level = code(&mut faults, "/level", &self.level, &LEVELS);
        let level = level.map(|level| document::level(&mut faults, class, Some(level)));
        match (title, language, level) {
            (Some(title), Some(language), Some(level)) if faults.is_empty() => {
                Ok(DocumentDetails {
                    title,
                    language,
                    level,
                })
            }
            _ => Err(faults),
        }
    }
}

/// What to do with a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocumentTransition {
    /// `withdraw`, `restore` and `erase` are its startup's, `clear` and
    /// `refuse` compliance's.
    #[schema(max_length = 20, example = "withdraw")]
    action: String,
    /// Why, in words; needed by `clear` and `refuse`, taken by no other.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

impl NewDocumentTransition {
    pub(super) fn read(&self) -> Result<(DocumentAction, Option<String>), Faults> {
        let mut faults = Faults::new();
        let action = code(&mut faults, "/action", &self.action, DocumentAction::ALL);
        let needs: &[&str] = match action {
            Some(action) if action.needs_reason() => &["reason"],
            _ => &[],
        };
        let came = [("reason", self.reason.is_some())];
        check_fields(&mut faults, &self.action, &came, needs, &[]);
        let reason = self.reason.as_deref();
        let reason = reason.map(|words| bounded(words, REASON_MAX, true));
        let reason = faults.take("/reason", "invalid_text", reason.transpose());
        match (action, reason) {
            (Some(action), Some(reason)) if faults.is_empty() => Ok((action, reason)),
            _ => Err(faults),
        }
    }
}
