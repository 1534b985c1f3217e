//! What somebody with bad intentions tries, against the real server.

mod assignment;
mod enumeration;
mod limits;
mod objects;
mod sessions;
mod storms;
mod tokens;
