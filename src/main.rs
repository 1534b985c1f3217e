//! The `corridor` program: arguments become a command of `cli/`.

fn main() {}
