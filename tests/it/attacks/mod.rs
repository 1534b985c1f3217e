//! What somebody with bad intentions tries, against the real server.

mod assignment;
mod closed_door;
mod enumeration;
mod factors;
mod limits;
mod links;
mod objects;
mod one_door;
mod races;
mod sessions;
mod storms;
mod tokens;
mod transitions;
