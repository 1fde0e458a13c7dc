//! The script: what the ground replies, and where it is made to fail.

use std::time::Duration;

use pgrehearse_verdict::journal::{RigCause, SubjectCause};

use super::call::Call;
use super::host;
use super::reply::{Reply, What};
use super::rig::ScriptedRig;
use super::when::{When, glob};
use super::world::World;
use crate::rig::{SqlTrouble, Trouble};

type Rule = Box<dyn FnMut(&Call, &mut World) -> Option<Reply> + Send>;

/// How a server behaves after its start; by default it is there at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerScript {
    /// How long it refuses connections after its start.
    pub ready_after: Duration,
    /// How often it answers that it is in recovery before it says it is not.
    pub in_recovery: u64,
}

/// A failure put in the way of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// The ground fails; a connection is lost.
    Rig,
    /// The subject fails; a server refuses.
    Subject,
    /// It never returns, whatever the limit.
    Hang,
    /// It panics.
    Panic,
}

/// What the ground replies. Rules are tried in the order they were given, the last resort is what
/// a node does by itself: see [`Reply::usual`].
pub struct Script {
    kind: &'static str,
    rules: Vec<Rule>,
    servers: Vec<(String, ServerScript)>,
    injected: Option<(u64, Injected)>,
}

impl Default for Script {
    fn default() -> Script {
        Script::new()
    }
}

impl Script {
    /// A script without rules, for a rig whose kind is `scripted`.
    pub fn new() -> Script {
        Script { kind: "scripted", rules: vec![], servers: vec![], injected: None }
    }

    /// … for a rig that says it is of this kind.
    pub fn kind(mut self, kind: &'static str) -> Script {
        self.kind = kind;
        self
    }

    /// The same reply to every call that fits.
    pub fn on(self, mut when: When, reply: Reply) -> Script {
        self.rule(move |call, _| when.fits(call).then(|| reply.clone()))
    }

    /// These replies, one after the other, to the calls that fit; the last goes on for ever.
    pub fn on_each(self, mut when: When, replies: Vec<Reply>) -> Script {
        let mut replies = replies.into_iter();
        let mut last = None;
        self.rule(move |call, _| {
            if !when.fits(call) {
                return None;
            }
            last = replies.next().or_else(|| last.take());
            last.clone()
        })
    }

    /// Whatever the closure makes of a call and the world; `None` leaves it to later rules.
    pub fn rule(
        mut self,
        rule: impl FnMut(&Call, &mut World) -> Option<Reply> + Send + 'static,
    ) -> Script {
        self.rules.push(Box::new(rule));
        self
    }

    /// How servers behave on nodes whose name fits; `*` stands for any text, the first that fits
    /// counts.
    pub fn server(mut self, node: &str, server: ServerScript) -> Script {
        self.servers.push((node.to_owned(), server));
        self
    }

    /// Puts a failure in the way of the call with this number, from 1.
    pub fn inject(mut self, call: u64, injected: Injected) -> Script {
        self.injected = Some((call, injected));
        self
    }

    /// The rig.
    pub fn build(self) -> ScriptedRig {
        ScriptedRig::new(self.kind, self)
    }

    /// The reply to a call, and what it does to the world.
    pub(super) fn reply(&mut self, call: &Call, world: &mut World) -> Reply {
        if !matches!(call, Call::Release) {
            world.counted += 1;
            if let Some((number, injected)) = self.injected
                && number == world.counted
            {
                return injected.reply(call, number);
            }
        }
        let ruled = self.rules.iter_mut().find_map(|rule| rule(call, world));
        match ruled {
            Some(reply) if !matches!(reply.what, What::Usual) => reply,
            other => {
                let node = call.node().unwrap_or_default();
                let server = self.servers.iter().find(|(name, _)| glob(name, node));
                let server = server.map(|(_, server)| *server).unwrap_or_default();
                let usual = host::usual(world, call, &server);
                match other {
                    Some(reply) => Reply { what: usual.what, ..reply },
                    None => usual,
                }
            }
        }
    }
}

impl Injected {
    fn reply(self, call: &Call, number: u64) -> Reply {
        let said = format!("injected at call {number}");
        let sql = matches!(call, Call::Connect { .. } | Call::Query { .. });
        match self {
            Injected::Hang => Reply::hangs(),
            Injected::Panic => Reply::panics(),
            Injected::Rig if sql => Reply::lost(&said),
            Injected::Rig => Reply::trouble(Trouble::rig(RigCause::EngineApi, said)),
            Injected::Subject if sql => {
                let code = Some("XX000".to_owned());
                What::Refused(SqlTrouble { code, said, lost: false }).into()
            }
            Injected::Subject => Reply::trouble(Trouble::subject(SubjectCause::Command, said)),
        }
    }
}
