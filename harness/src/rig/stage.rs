//! What a drill stands on: the rig, the journal, and which part of the drill is speaking.

use std::sync::Arc;

use pgrehearse_verdict::check::{Stream, idle};
use pgrehearse_verdict::journal::{Event, Ran, Scope};
use pgrehearse_verdict::question::Answer;

use crate::drill::{Notebook, Redactor};
use crate::rig::command::OUTPUT_KEPT;
use crate::rig::excerpt::excerpt;
use crate::rig::{Command, Node, Output, Rig, Trouble};

/// The way from the drill to the world. Everything that is run here is in the journal.
#[derive(Clone)]
pub struct Stage {
    /// The ground.
    pub rig: Arc<dyn Rig>,
    /// The journal of the drill.
    pub notebook: Arc<Notebook>,
    /// What must never be shown.
    pub redactor: Arc<Redactor>,
    /// The part of the drill that is speaking.
    pub scope: Scope,
}

impl Stage {
    /// The same stage, speaking for another part of the drill.
    pub fn scoped(&self, scope: Scope) -> Stage {
        Stage { scope, ..self.clone() }
    }

    /// Writes an observation to the journal. Where something failed the ground is looked at before
    /// anything else happens: what it ran out of may be given back in a moment.
    pub fn note(&self, event: Event) -> Result<(), Trouble> {
        if failed(&event) {
            let _ = self.rig.cramped();
        }
        self.notebook.write(&self.scope, event)
    }

    /// Writes a remark for the reader of the report.
    pub fn remark(&self, text: impl Into<String>) -> Result<(), Trouble> {
        self.note(Event::Remark { text: text.into() })
    }

    /// Runs a command to its end and writes it to the journal, whatever became of it.
    pub async fn run(&self, node: &dyn Node, command: Command) -> Result<Output, Trouble> {
        let began = tokio::time::Instant::now();
        if !command.ours {
            self.notebook.works(&self.scope, &command.purpose);
        }
        let ran = node.run(&command).await;
        self.notebook.rests();
        let argv0 = command.argv.first().map(String::as_str).unwrap_or_default();
        let show = |stream, bytes: &[u8]| {
            excerpt(argv0, stream, &self.redactor.clean(&String::from_utf8_lossy(bytes)))
        };
        let (exit, signal, (stdout, cut_out), (stderr, cut_err), took) = match &ran {
            Ok(out) => {
                let (said, warned) =
                    (show(Stream::Out, &out.stdout), show(Stream::Err, &out.stderr));
                (out.exit, out.signal, said, warned, out.took)
            }
            Err(trouble) => {
                let said = self.redactor.clean(&trouble.said);
                (None, None, (String::new(), false), (said, false), began.elapsed())
            }
        };
        // The rig does not say which of the two it cut: one this short was not.
        let lost = ran.as_ref().is_ok_and(|out| {
            out.cut && !(idle(argv0, Stream::Out) && out.stderr.len() < OUTPUT_KEPT)
        });
        self.note(Event::Ran(Ran {
            node: node.name().to_owned(),
            purpose: command.purpose.clone(),
            argv: command.argv.iter().map(|word| self.redactor.clean(word)).collect(),
            exit,
            signal,
            took_ns: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
            stdout,
            stderr,
            cut: lost || cut_out || cut_err,
        }))?;
        ran
    }

    /// Runs a command that must exit with 0.
    pub async fn must(&self, node: &dyn Node, command: Command) -> Result<Output, Trouble> {
        let purpose = command.purpose.clone();
        let mut output = self.run(node, command).await?.expect_ok(&purpose);
        if let Err(trouble) = &mut output {
            trouble.said = self.redactor.clean(&trouble.said);
        }
        output
    }
}

fn failed(event: &Event) -> bool {
    match event {
        Event::Fault(_) | Event::Answered { answer: Answer::Refused(_), .. } => true,
        Event::Ran(ran) => ran.exit != Some(0),
        _ => false,
    }
}
