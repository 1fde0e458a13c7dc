//! The command `pgrehearse`.

use std::process::ExitCode;

use clap::Parser;
use pgrehearse::cli::Cli;

/// The exit status of our own bugs (`EX_SOFTWARE` of sysexits.h).
const OUR_BUG: u8 = 70;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else is a wrong argument: 2.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let ended = std::panic::catch_unwind(|| pgrehearse::app::main(cli));
    ExitCode::from(ended.unwrap_or_else(|_| {
        eprintln!("error: pgrehearse panicked; this is our bug");
        eprintln!("hint: run `pgrehearse clean`, and report what was printed above");
        OUR_BUG
    }))
}
