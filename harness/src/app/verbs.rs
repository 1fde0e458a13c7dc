//! Which verb does what, and how a verb that could not do it ends.

use std::io::IsTerminal;

use clap::CommandFactory;

use crate::app::{block_on, clean, doctor, judge, run, select};
use crate::cli::{Cli, Color, Verb};
use crate::rig::reaper;
use crate::{explain, say, scenario};

/// The scenarios or arguments are wrong; nothing was started.
const USAGE: u8 = 2;
/// Nothing was run, or there is no rig to stand on.
pub const NOTHING_RUN: u8 = 4;
/// Our own bug.
const OUR_BUG: u8 = 70;

/// Why a verb ended without having done its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit status.
    pub code: u8,
    /// What is said on standard error.
    pub said: String,
}

impl Ended {
    /// The scenarios or arguments are wrong.
    pub fn usage(said: impl Into<String>) -> Ended {
        Ended { code: USAGE, said: said.into() }
    }

    /// There is nothing to stand on.
    pub fn no_ground(said: impl Into<String>) -> Ended {
        Ended { code: NOTHING_RUN, said: said.into() }
    }

    /// Something that must not happen.
    pub fn bug(said: impl Into<String>) -> Ended {
        Ended { code: OUR_BUG, said: said.into() }
    }
}

/// Whether to use colours on standard output.
pub fn colours(cli: &Cli) -> bool {
    match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            !unwanted && std::io::stdout().is_terminal()
        }
    }
}

/// Carries out what the command line says; the exit status.
pub fn main(cli: Cli) -> u8 {
    let ended = block_on(dispatch(&cli))
        .unwrap_or_else(|error| Err(Ended::bug(format!("no runtime: {error}"))));
    ended.unwrap_or_else(|ended| {
        let mut lines = ended.said.lines();
        // Diagnostics of scenarios begin with their place: nothing is put before them.
        match lines.next() {
            Some(first) if ended.code == USAGE && first.contains(": ") => {
                say::aside(&ended.said);
            }
            _ => say::aside(format_args!("error: {}", ended.said)),
        }
        ended.code
    })
}

async fn dispatch(cli: &Cli) -> Result<u8, Ended> {
    match &cli.verb {
        Verb::Run(args) => run::run(cli, args).await,
        Verb::Validate(args) => select::validate(args),
        Verb::Plan(args) => select::plan(args).await,
        Verb::List(args) => select::list(args).await,
        Verb::Explain { name } => explain_it(name.as_deref()),
        Verb::Schema => print(&scenario::schema()),
        Verb::New { name } => print(&explain::starter(name)),
        Verb::Judge { run } => judge::judge_again(cli, run),
        Verb::Doctor(args) => doctor::doctor(args).await,
        Verb::Clean { run } => clean::clean(run.as_deref()).await,
        Verb::Completions { shell } => {
            let mut script = vec![];
            clap_complete::generate(*shell, &mut Cli::command(), "pgrehearse", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Verb::Reap { run } => {
            reaper::reap(run).await;
            Ok(0)
        }
    }
}

fn explain_it(name: Option<&str>) -> Result<u8, Ended> {
    match name {
        None => print(&explain::everything()),
        Some(name) => match explain::explain(name) {
            Ok(text) => print(&text),
            Err(said) => Err(Ended::usage(said)),
        },
    }
}

fn print(text: &str) -> Result<u8, Ended> {
    say::print(text);
    Ok(0)
}
