//! The command line of shardplan; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    shardplan::cli::main()
}
