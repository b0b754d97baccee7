//! The command line: the only place with files, a clock and a terminal.
//!
//! One file a command: `run`, `check`, `size`, `compare`, `sweep`, `reshard`, `keys`, `cost`, `prices`, `init`,
//! `schema`. What they share: `files` reads, `pack`
//! writes a result whole or not at all, `terminal` prints, `progress` shows how far a run is,
//! `interrupt` hears Ctrl-C, `failure` says what went wrong and with which exit code, `defect`
//! turns a panic into a short message.

mod advice;
mod check;
mod compare;
mod cost;
mod decision;
mod defect;
mod failure;
mod files;
mod init;
mod interrupt;
mod keys;
mod overrides;
mod pack;
mod prices;
mod progress;
mod reshard;
mod run;
mod schema;
mod size;
mod span;
mod sweep;
mod terminal;
mod warm_up;

use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, Parser, Subcommand};

use self::failure::{Failure, Outcome};
use self::terminal::Terminal;

/// Exit codes, for the end of the help.
const EXIT_CODES: &str = "\
Exit codes:
    0  done, and every objective met
    1  an objective missed
    2  bad usage, bad scenario, or a file that cannot be read or written
    3  inconclusive: the interval of an objective straddles its target
   70  a defect of shardplan
  130  interrupted";

/// Capacity planner and load simulator for Amazon Kinesis Data Streams.
#[derive(Debug, Parser)]
#[command(name = "shardplan", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Arguments {
    /// When to use colour.
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto, global = true)]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a scenario and report what a capacity review asks.
    Run(run::RunArguments),
    /// Bill a scenario, and compare what each mode of a stream would cost.
    Cost(cost::CostArguments),
    /// Show the price book, or make one of the price lists of AWS.
    Prices(prices::PricesArguments),
    /// Validate scenarios without simulating; shows every problem of every file.
    Check(check::CheckArguments),
    /// Find the least capacity that meets the objectives.
    Size(size::SizeArguments),
    /// Hold the variants of a scenario, or several scenarios, against each other.
    Compare(compare::CompareArguments),
    /// Simulate every combination of the values that the scenario's `sweep` names.
    Sweep(sweep::SweepArguments),
    /// Plan the splits and merges that even the load of a skewed stream.
    Reshard(reshard::ReshardArguments),
    /// Show where real partition keys land, without simulating.
    Keys(keys::KeysArguments),
    /// Print a commented scenario to start from.
    Init(init::InitArguments),
    /// Print the JSON Schema of a scenario, or of a result.
    Schema(schema::SchemaArguments),
    /// Print completions for a shell.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line of this process to its exit code.
#[must_use]
pub fn main() -> ExitCode {
    defect::install_hook();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(arguments.color);
    match execute(arguments.command, &terminal) {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => {
            terminal.complain(&failure.render(terminal.color_of_errors()));
            failure.exit_code()
        }
    }
}

fn execute(command: Command, terminal: &Terminal) -> Result<Outcome, Failure> {
    match command {
        Command::Run(arguments) => run::execute(&arguments, terminal),
        Command::Cost(arguments) => cost::execute(&arguments, terminal),
        Command::Prices(arguments) => prices::execute(&arguments, terminal),
        Command::Check(arguments) => check::execute(&arguments, terminal),
        Command::Size(arguments) => size::execute(&arguments, terminal),
        Command::Compare(arguments) => compare::execute(&arguments, terminal),
        Command::Sweep(arguments) => sweep::execute(&arguments, terminal),
        Command::Reshard(arguments) => reshard::execute(&arguments, terminal),
        Command::Keys(arguments) => keys::execute(&arguments, terminal),
        Command::Init(arguments) => init::execute(&arguments, terminal),
        Command::Schema(arguments) => schema::execute(&arguments, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "shardplan", &mut script);
            terminal.print(&script)?;
            Ok(Outcome::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }
}
