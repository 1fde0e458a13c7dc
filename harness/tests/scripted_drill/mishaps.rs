//! What a drill may come to when one call of it goes wrong, by what that call was.

use pgrehearse::rig::scripted::{Call, Called, Injected};
use pgrehearse_verdict::journal::{Cause, End, Event, RigCause, Scope, SubjectCause};
use pgrehearse_verdict::verdict::Verdict;

use crate::performance::{Mishap, Performed};

const WRITER: &str = "pgrehearse_writer";
const TWIN: &str = "wal-segment-missing";
/// Questions about the ground that are answered with a refusal where the ground fails.
const ASKED_OF_THE_GROUND: &[&str] = &[
    "read the server's log",
    "read the timeline's history",
    "look for files that are not the server's own",
    "digest the files of the backups",
];

/// The calls of a drill in which nothing went wrong, in the order in which they are counted.
pub struct Calls(Vec<Called>);

impl Calls {
    pub fn of(performed: &Performed) -> Calls {
        let lost = |called: &Called| {
            let said = called.trouble.as_deref().unwrap_or_default();
            said.starts_with("node `") && said.ends_with("is lost")
        };
        let counted = |called: &Called| !matches!(called.call, Call::Release) && !lost(called);
        let calls: Vec<_> = performed.rig.calls().into_iter().filter(counted).collect();
        assert_eq!(calls.len() as u64, performed.rig.count());
        Calls(calls)
    }

    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn shown(&self, number: u64) -> String {
        let text = format!("{:?}", self.at(number).call);
        text.chars().take(300).collect()
    }

    fn at(&self, number: u64) -> &Called {
        &self.0[usize::try_from(number).unwrap() - 1]
    }

    fn before(&self, number: u64) -> &[Called] {
        &self.0[..usize::try_from(number).unwrap() - 1]
    }

    pub fn of_a_writer(&self, number: u64) -> bool {
        user(&self.at(number).call) == Some(WRITER)
    }

    fn is_sql(&self, number: u64) -> bool {
        user(&self.at(number).call).is_some()
    }

    fn of_a_twin(&self, number: u64) -> bool {
        self.at(number).call.node().is_some_and(|node| node.starts_with(TWIN))
    }

    /// A copy was spoiled, and what the twin does from here on is the twin's recovery.
    fn of_a_spoiled_twin(&self, number: u64) -> bool {
        let spoiled = |called: &Called| argv(&called.call).first() == Some(&"sha256sum");
        let looked = self.before(number).iter().filter(|called| spoiled(called)).count();
        // The file of the original, and the list of all, before the change and after it.
        self.of_a_twin(number) && looked == 4
    }

    /// The drill only waits for a server to come up, and tries again.
    fn while_waiting(&self, number: u64) -> bool {
        let (node, before) = (self.at(number).call.node(), self.before(number));
        let there = |called: &Called| called.call.node() == node;
        let started = before
            .iter()
            .rposition(|called| there(called) && matches!(called.call, Call::Start { .. }));
        let Some(started) = started else { return false };
        // Ready where we knew the server's nonce again, writable where the probe wrote.
        let known = |called: &Called| match &called.call {
            Call::Query { user, sql, .. } => {
                user == "postgres" && sql.starts_with("SHOW pgrehearse.nonce")
                    || sql.starts_with("INSERT INTO pgrehearse.probe")
            }
            _ => false,
        };
        self.is_sql(number)
            && !before[started..].iter().any(|called| there(called) && known(called))
    }

    /// The call fails even where nothing goes wrong: nobody is there, and nobody should be.
    fn of_nobody(&self, number: u64) -> bool {
        self.at(number).trouble.as_deref().is_some_and(|said| said.starts_with("no server"))
    }

    /// The call is a command of what is tested, and not a small thing or a question of ours.
    fn of_the_subject(&self, number: u64) -> bool {
        self.at(number).call.command().is_some_and(|command| {
            !command.ours && !ASKED_OF_THE_GROUND.contains(&command.purpose.as_str())
        })
    }

    /// A failure of this kind takes nothing from what the drill shows.
    fn harmless(&self, number: u64, injected: Injected) -> bool {
        if self.of_a_writer(number) || self.while_waiting(number) {
            return true;
        }
        if self.of_nobody(number) && injected == Injected::Rig {
            return true;
        }
        let purpose = self.at(number).call.command().map(|command| command.purpose.as_str());
        let asked = purpose.is_some_and(|purpose| ASKED_OF_THE_GROUND.contains(&purpose));
        let of_the_subject = injected == Injected::Subject || self.is_sql(number) || asked;
        self.of_a_spoiled_twin(number) && of_the_subject
    }

    /// What must be so of a drill in which the call with this number went wrong.
    pub fn hold(&self, number: u64, injected: Injected, performed: &Performed) {
        let (end, verdict) = (performed.end, performed.judged.verdict);
        // What befalls a twin that was performed well has nothing to do with this.
        let lines = performed.record.lines.iter().rev();
        let of_it = |scope: &Scope| matches!(scope, Scope::Control(_)) == self.of_a_twin(number);
        let ours = |scope: &Scope| of_it(scope) || performed.end != End::Completed;
        let cause = lines.filter(|line| ours(&line.scope)).find_map(|line| match &line.event {
            Event::Fault(fault) => Some(fault.cause),
            _ => None,
        });
        let so = match (injected, self.of_a_writer(number)) {
            (Injected::Hang, false) => {
                let so = match cause {
                    Some(Cause::Rig(RigCause::TimeLimit)) => {
                        !self.of_the_subject(number) && verdict == Verdict::Unknown
                    }
                    // A twin that does not end shows nothing of the drill.
                    Some(Cause::Subject(SubjectCause::TimeLimit)) => {
                        let wanted = [Verdict::Failed, Verdict::Unknown]
                            [usize::from(self.of_a_twin(number))];
                        let waiting = self.while_waiting(number);
                        (self.of_the_subject(number) || waiting) && verdict == wanted
                    }
                    _ => false,
                };
                end == End::TimedOut && so
            }
            (Injected::Hang, true) => verdict != Verdict::Failed,
            (Injected::Panic, false) => {
                let ours = cause == Some(Cause::Rig(RigCause::Panic));
                end == End::Panicked && verdict == Verdict::Unknown && ours
            }
            // It ends one writer; the drill finds out when the workload ends, or misses it before.
            (Injected::Panic, true) => {
                let ours = matches!(cause, Some(Cause::Rig(_)));
                end == End::Faulted && verdict == Verdict::Unknown && ours
            }
            (Injected::Rig, false) if !self.is_sql(number) => {
                let asked = cause.is_none() && end == End::Completed;
                let ours = matches!(cause, Some(Cause::Rig(RigCause::EngineApi)));
                let excused = verdict == Verdict::Passed && self.harmless(number, injected);
                excused || verdict == Verdict::Unknown && (ours || asked)
            }
            // A COMMIT in doubt with nothing acknowledged before it leaves the loss open.
            (Injected::Rig | Injected::Subject, true) => {
                let in_doubt = self.at(number).call.sql().is_some_and(|s| s.starts_with("COMMIT"));
                let wanted = verdict == Verdict::Passed || in_doubt && verdict == Verdict::Unknown;
                end == End::Completed && wanted
            }
            (Injected::Rig | Injected::Subject, false) => match (end, cause) {
                (End::Faulted, Some(Cause::Subject(_))) => verdict == Verdict::Failed,
                // What keeps the disaster from being one is never the subject's.
                (End::Faulted, Some(Cause::Rig(RigCause::NotADrill))) => {
                    verdict == Verdict::Unknown
                }
                (End::Completed, _) => {
                    verdict != Verdict::Passed || self.harmless(number, injected)
                }
                _ => false,
            },
        };
        let call = || self.shown(number);
        let shown = || performed.shown();
        assert!(so, "{injected:?} at call {number}, {}: {cause:?}\n{}", call(), shown());
        self.hold_always(Mishap::At(number, injected), performed);
    }

    /// What must be so however a drill ended.
    pub fn hold_always(&self, mishap: Mishap, performed: &Performed) {
        let (at, shown) = (format!("{mishap:?}"), || performed.shown());
        let (took, lines) = (performed.took, &performed.record.lines);
        assert!(took <= performed.limit, "{at} ended after {took:?}\n{}", shown());
        let is_end = |event: &Event| matches!(event, Event::Ended { .. });
        let wanted = Event::Ended { how: performed.end };
        assert_eq!(lines.last().map(|line| &line.event), Some(&wanted), "{at}\n{}", shown());
        let ends = lines.iter().filter(|line| is_end(&line.event)).count();
        assert_eq!(ends, 1, "{at}\n{}", shown());
        performed.hold_given_back(&at);
    }
}

fn user(call: &Call) -> Option<&str> {
    match call {
        Call::Connect { user, .. } | Call::Query { user, .. } => Some(user),
        _ => None,
    }
}

fn argv(call: &Call) -> Vec<&str> {
    let argv = call.command().map(|command| &command.argv[..]).unwrap_or_default();
    argv.iter().map(String::as_str).collect()
}
