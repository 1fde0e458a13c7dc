//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Rehearse PostgreSQL disasters: break a cluster, recover it, prove what came back.
#[derive(Debug, Parser)]
#[command(name = "pgrehearse", version, arg_required_else_help = true)]
#[command(after_help = EXITS)]
pub struct Cli {
    /// Colours on the terminal.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, env = "PGREHEARSE_COLOR")]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXITS: &str = "\
Exit status: 0 every drill passed; 1 something failed; 2 the scenarios or arguments are wrong, \
nothing was started; 3 nothing failed, but something could not be told; 4 nothing was run; \
70 our bug; 130, 143 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Perform drills.
    Run(RunArgs),
    /// Read scenarios and say what is wrong with them.
    Validate(Selection),
    /// Show what drills would do; nothing is started.
    Plan(PlanArgs),
    /// List the scenarios.
    List(PlanArgs),
    /// Explain a kind (a disaster, an engine, a check, a control) or a finding.
    Explain {
        /// Its name; without one, everything that can be explained is listed.
        name: Option<String>,
    },
    /// Print the JSON Schema of the scenario file.
    Schema,
    /// Print a scenario to begin with.
    New {
        /// Its name.
        #[arg(default_value = "a table is dropped by mistake")]
        name: String,
    },
    /// Judge a run again, from what it left behind.
    Judge {
        /// The folder of the run, or of one of its drills.
        run: PathBuf,
    },
    /// Say whether drills can be performed here, and what is missing.
    Doctor(GroundArgs),
    /// Remove what runs that died have left behind.
    Clean {
        /// Only this run.
        run: Option<String>,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Removes what RUN has left, once its standard input ends.
    #[command(name = "__reap", hide = true)]
    Reap {
        /// The run.
        run: String,
    },
}

/// Which scenarios.
#[derive(Debug, Args, Clone)]
pub struct Selection {
    /// Scenario files, or folders of them.
    #[arg(default_value = "scenarios")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios with this tag; may be given more than once.
    #[arg(long, env = "PGREHEARSE_TAG", value_delimiter = ',')]
    pub tag: Vec<String>,
    /// Only scenarios whose file or name holds this text.
    #[arg(long, env = "PGREHEARSE_FILTER")]
    pub filter: Option<String>,
}

/// On what ground.
#[derive(Debug, Args, Clone)]
pub struct GroundArgs {
    /// Containers, or processes of this machine; `auto` takes containers where an engine answers.
    #[arg(long, value_enum, default_value_t = RigChoice::Auto, env = "PGREHEARSE_RIG")]
    pub rig: RigChoice,
    /// Install what is missing by the system's package manager (as root on a Debian-like system).
    #[arg(long, env = "PGREHEARSE_SETUP")]
    pub setup: bool,
}

/// What to plan.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// Which scenarios.
    #[command(flatten)]
    pub selection: Selection,
    /// On what ground.
    #[command(flatten)]
    pub ground: GroundArgs,
    /// What is left to chance follows from this number.
    #[arg(long, env = "PGREHEARSE_SEED")]
    pub seed: Option<u64>,
    /// For people or for programs.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// How to run.
#[derive(Debug, Args, Clone)]
pub struct RunArgs {
    /// What to run.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// End a drill after this long, e.g. `30m`.
    #[arg(long, env = "PGREHEARSE_TIMEOUT")]
    pub timeout: Option<String>,
    /// Where the folders of runs are made.
    #[arg(long, default_value = "reports", env = "PGREHEARSE_REPORT_DIR")]
    pub report_dir: PathBuf,
    /// Whether to leave the servers of a drill standing, to look at them.
    #[arg(long, value_enum, default_value_t = Keep::Never, env = "PGREHEARSE_KEEP")]
    pub keep: Keep,
    /// Which of the must-fail twins to perform: all, none, or sample:N.
    #[arg(long, default_value = "all", env = "PGREHEARSE_CONTROLS")]
    pub controls: Controls,
    /// A scenario that this rig cannot do is not left out: nothing is run (exit 4).
    #[arg(long)]
    pub require_all: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text.
    Human,
    /// JSON.
    Json,
}

/// On what ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RigChoice {
    /// Containers where an engine answers, else processes of this machine.
    Auto,
    /// Containers.
    Docker,
    /// Processes of this machine.
    Local,
}

/// When to leave the servers of a drill standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Keep {
    /// Never.
    Never,
    /// When the drill did not pass.
    OnFailure,
    /// Always.
    Always,
}

/// Which of the must-fail twins to perform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controls {
    /// All that the scenario asks for.
    All,
    /// None: the drill is then not shown able to fail.
    None,
    /// This many of each drill, drawn by the seed.
    Sample(usize),
}

impl std::str::FromStr for Controls {
    type Err = String;

    fn from_str(text: &str) -> Result<Controls, String> {
        match text {
            "all" => Ok(Controls::All),
            "none" => Ok(Controls::None),
            _ => text
                .strip_prefix("sample:")
                .and_then(|number| number.parse().ok())
                .filter(|number| *number > 0)
                .map(Controls::Sample)
                .ok_or_else(|| "wanted `all`, `none` or `sample:N` with N from 1".to_owned()),
        }
    }
}

impl std::fmt::Display for Controls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Controls::All => f.write_str("all"),
            Controls::None => f.write_str("none"),
            Controls::Sample(number) => write!(f, "sample:{number}"),
        }
    }
}
