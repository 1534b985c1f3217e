//! The jobs layer.
