//! Prahari: watches where cyber threats become public, and tells the right people
//! once.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::cli::main()
}
