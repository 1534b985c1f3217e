//! The `corridor` program: arguments become a command of `cli/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    corridor::cli::main()
}
