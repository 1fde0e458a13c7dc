//! What the user sees while a drill goes on: a moving line on a terminal, else a line a phase.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pgrehearse_verdict::journal::{Event, Line, Scope, Tick};

use crate::drill::Listener;
use crate::say;

/// How often the moving line moves.
const MOVES_EVERY: Duration = Duration::from_millis(120);

/// The progress of one drill, on standard error.
#[derive(Clone)]
pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    /// Begins to show the progress of the drill `name`.
    pub fn begin(name: &str) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {prefix}  {msg}  {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(MOVES_EVERY);
            bar
        });
        Progress { bar, name: name.to_owned() }
    }

    /// Shows a phase.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => say::aside(format_args!("{}  {text}", self.name)),
        }
    }

    /// Shows phases as the journal tells of them.
    pub fn listener(&self) -> Listener {
        let progress = self.clone();
        Box::new(move |line| {
            if let Some(text) = phase(line) {
                progress.say(&text);
            }
        })
    }

    /// Takes the moving line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn phase(line: &Line) -> Option<String> {
    let of = match &line.scope {
        Scope::Control(name) => format!("control {name}: "),
        _ => String::new(),
    };
    let text = match &line.event {
        Event::Began(_) => "raise the server that will be struck".to_owned(),
        Event::Step { text, .. } => text.clone(),
        Event::Ticked(Tick::Begun) => "recover".to_owned(),
        Event::Ticked(Tick::Located) => "restore".to_owned(),
        Event::Ticked(Tick::Started) => "wait until it can be written to".to_owned(),
        Event::Writable { .. } => "ask everything".to_owned(),
        Event::Ended { .. } => "give everything back".to_owned(),
        _ => return None,
    };
    Some(format!("{of}{text}"))
}
