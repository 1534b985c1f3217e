//! JSON under /v1.
