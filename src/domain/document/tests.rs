//! The rules of documents.
