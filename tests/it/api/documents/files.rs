//! Files and forms as people send them, and what lies on the disk.

use std::path::Path;

use super::super::stage::Stage;

/// A small PDF that says that.
pub fn pdf(says: &str) -> Vec<u8> {
    format!("%PDF-1.7\n%\u{e9}\n1 0 obj\n({says})\nendobj\ntrailer\n<< >>\n%%EOF\n").into_bytes()
}

/// A ZIP archive with empty files of these names, stored.
pub fn archive(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut list = Vec::new();
    for name in names {
        let at = u32::try_from(bytes.len()).unwrap();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        bytes.extend_from_slice(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0");
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(&length);
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(name.as_bytes());
        list.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0");
        list.extend_from_slice(&[0; 12]);
        list.extend_from_slice(&length);
        list.extend_from_slice(&[0; 12]);
        list.extend_from_slice(&at.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
    }
    let at = u32::try_from(bytes.len()).unwrap();
    let size = u32::try_from(list.len()).unwrap();
    let count = u16::try_from(names.len()).unwrap().to_le_bytes();
    bytes.append(&mut list);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&count);
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(&at.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes
}

/// What every office document has in it.
pub const OFFICE: [&str; 2] = ["[Content_Types].xml", "_rels/.rels"];

/// A presentation.
pub fn pptx() -> Vec<u8> {
    archive(&[OFFICE[0], OFFICE[1], "ppt/presentation.xml"])
}

/// A form with a file.
#[derive(Clone, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    file: Option<(String, String, Vec<u8>)>,
}

const BOUNDARY: &str = "----a-boundary-that-nobody-writes";

/// How a form is announced.
pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

impl Form {
    /// With another field.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With that file; no type is said where it is empty.
    pub fn file(mut self, name: &str, media_type: &str, bytes: &[u8]) -> Self {
        self.file = Some((name.to_owned(), media_type.to_owned(), bytes.to_vec()));
        self
    }

    /// Without its fields.
    pub fn only_file(mut self) -> Self {
        self.fields.clear();
        self
    }

    /// How it is sent.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        if let Some((name, media_type, bytes)) = &self.file {
            let name = name.replace('\\', "\\\\");
            let said = match media_type.as_str() {
                "" => String::new(),
                said => format!("Content-Type: {said}\r\n"),
            };
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n{said}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        body
    }
}

/// The names of the files that are stored below a folder, and of those that
/// are still coming.
pub fn names_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(names_below(&path));
        } else {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.retain(|name| name != "lock");
    names.sort_unstable();
    names
}

/// The names of all files in the documents' folder.
pub fn stored(stage: &Stage) -> Vec<String> {
    names_below(stage.context.documents.vault.root())
}
