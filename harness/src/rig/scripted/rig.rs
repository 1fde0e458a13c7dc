//! The rig of a script: every call of a drill goes through here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};
use tokio::time::sleep;

use super::call::{Call, Called};
use super::node::ScriptedNode;
use super::reply::{Reply, What};
use super::script::Script;
use super::world::World;
use crate::rig::{Node, NodeSpec, Output, Rig, SqlTrouble, Trouble, Volume};

/// Ground that exists in memory only.
#[derive(Clone)]
pub struct ScriptedRig {
    kind: &'static str,
    stage: Arc<Mutex<Performance>>,
}

struct Performance {
    script: Script,
    world: World,
}

/// A reply that has come, after its delay.
pub(super) struct Came {
    pub what: What,
    pub notices: Vec<(String, String)>,
    took: Duration,
    /// The limit passed first.
    late: bool,
    number: usize,
}

impl ScriptedRig {
    pub(super) fn new(kind: &'static str, script: Script) -> ScriptedRig {
        let stage = Arc::new(Mutex::new(Performance { script, world: World::new() }));
        ScriptedRig { kind, stage }
    }

    /// Looks at the world, or changes it.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.stage.lock().unwrap_or_else(PoisonError::into_inner).world)
    }

    /// How many calls there were, [`Call::Release`] not counted: the range of [`Script::inject`].
    pub fn count(&self) -> u64 {
        self.world(|world| world.counted)
    }

    /// Every call, in order.
    pub fn calls(&self) -> Vec<Called> {
        self.world(|world| world.calls.clone())
    }

    /// Every call in order, one line each (and the text of files and standard input, indented),
    /// with what went wrong: for goldens. No times, no numbers that vary.
    pub fn transcript(&self) -> String {
        let show = |called: &Called| {
            let trouble = called.trouble.as_ref().map(|said| format!("\n    ! {said}"));
            format!("{}{}\n", called.call.show(), trouble.unwrap_or_default())
        };
        self.world(|world| world.calls.iter().map(show).collect())
    }

    /// What was made and not given back: nodes, volumes, processes, sessions.
    pub fn left(&self) -> Vec<String> {
        self.world(|world| world.left())
    }

    /// Whether the ground was given back.
    pub fn was_released(&self) -> bool {
        self.world(|world| world.released)
    }

    /// Makes a call, and waits for its reply or its limit.
    async fn call(&self, call: Call, limit: Option<Duration>) -> Came {
        let (reply, number) = {
            let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            let Performance { script, world } = &mut *stage;
            let number = world.begin(&call);
            let gone = world.gone(&call);
            let reply = match gone {
                Some(said) => Reply::trouble(Trouble::rig(RigCause::EngineApi, said)),
                None => script.reply(&call, world),
            };
            (reply, number)
        };
        match reply.what {
            What::Hang => std::future::pending().await,
            What::Panic => panic!("the script panics at `{}`", call.show()),
            _ => {}
        }
        let late = limit.is_some_and(|limit| reply.after > limit);
        let took = limit.map_or(reply.after, |limit| limit.min(reply.after));
        if !took.is_zero() {
            sleep(took).await;
        }
        Came { what: reply.what, notices: reply.notices, took, late, number }
    }

    /// Writes down what went wrong with a call.
    fn wrong<T>(&self, number: usize, said: impl std::fmt::Display, error: T) -> T {
        self.world(|world| world.calls[number].trouble = Some(said.to_string()));
        error
    }

    /// The output of a command, or of any call that yields nothing else.
    pub(super) async fn output(
        &self,
        call: Call,
        limit: Option<Duration>,
    ) -> Result<Output, Trouble> {
        let purpose = call.command().map_or("the call", |command| &command.purpose).to_owned();
        let came = self.call(call, limit).await;
        let failed =
            |trouble: Trouble| Err(self.wrong(came.number, &trouble.said, trouble.clone()));
        if came.late {
            let said = format!("{purpose}: not done within {:?}, killed", came.took);
            return failed(Trouble::subject(SubjectCause::TimeLimit, said));
        }
        match came.what {
            What::Done => Ok(Output { exit: Some(0), took: came.took, ..Output::default() }),
            What::Output(output) => {
                if !output.ok() {
                    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                    let how = format!("exit {:?}, signal {:?}", output.exit, output.signal);
                    self.wrong(came.number, format!("{how}: {said}"), ());
                }
                Ok(Output { took: came.took, ..output })
            }
            What::Trouble(trouble) => failed(trouble),
            other => failed(unfit(&other)),
        }
    }

    /// The reply to a connection or query.
    pub(super) async fn answer(
        &self,
        call: Call,
        limit: Option<Duration>,
    ) -> Result<Came, SqlTrouble> {
        let came = self.call(call, limit).await;
        let failed = |trouble: SqlTrouble| Err(self.wrong(came.number, &trouble, trouble.clone()));
        if came.late {
            return failed(lost(format!("the server: no answer within {:?}", came.took)));
        }
        match came.what {
            What::Refused(trouble) => failed(trouble),
            What::Trouble(trouble) => failed(lost(trouble.said)),
            What::Output(_) => failed(lost(unfit(&came.what).said)),
            _ => Ok(came),
        }
    }
}

/// A reply that has no meaning where it was given: a mistake in the script.
pub(super) fn unfit(what: &What) -> Trouble {
    let said = format!("the script replies with what cannot come here: {what:?}");
    Trouble::rig(RigCause::Panic, said)
}

/// A connection that is no more.
pub(super) fn lost(said: String) -> SqlTrouble {
    SqlTrouble { code: None, said, lost: true }
}

#[async_trait]
impl Rig for ScriptedRig {
    fn kind(&self) -> &'static str {
        self.kind
    }

    async fn volume(&self, name: &str) -> Result<Volume, Trouble> {
        // What fails half-way must be given back too.
        self.world(|world| world.make_volume(name));
        self.output(Call::Volume(name.to_owned()), None).await?;
        Ok(Volume(name.to_owned()))
    }

    async fn node(&self, want: NodeSpec) -> Result<Arc<dyn Node>, Trouble> {
        self.world(|world| world.make_node(&want.name));
        self.output(Call::Node(want.clone()), None).await?;
        Ok(Arc::new(ScriptedNode { rig: self.clone(), spec: want }))
    }

    async fn silent(&self) -> Option<String> {
        self.world(|world| world.silent.clone())
    }

    async fn release(&self) -> Vec<String> {
        let came = self.call(Call::Release, None).await;
        if let What::Trouble(trouble) = came.what {
            return vec![self.wrong(came.number, &trouble.said, trouble.said.clone())];
        }
        self.world(World::release);
        vec![]
    }
}
