//! The HTTP face over real sockets, with routes made for the purpose.

mod drain;
mod limits;
mod problems;
mod reading;
mod reference;
mod server;
