//! Whole drills on the scripted rig, under a paused clock: what they say and do, and what becomes
//! of them when something fails at each call in turn. Nothing real is needed.
//!
//! With `PGREHEARSE_BLESS=1` the transcripts are written anew: read them then.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "scripted_drill/answers.rs"]
mod answers;
#[path = "scripted_drill/cluster.rs"]
mod cluster;
#[path = "scripted_drill/mishaps.rs"]
mod mishaps;
#[path = "scripted_drill/performance.rs"]
mod performance;
#[path = "scripted_drill/world.rs"]
mod world;

use std::fs::{self, File};
use std::io::{PipeReader, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Once;

use mishaps::Calls;
use performance::{Mishap, folder, perform_all, perform_in, plan, short};
use pgrehearse::drill::Notebook;
use pgrehearse::rig::scripted::Injected;
use pgrehearse_verdict::journal::{Cause, End, Event, RigCause};
use pgrehearse_verdict::verdict::{ControlOutcome, Verdict};

/// Panics of the script are wanted by the hundred: they are not to be told, nor traced.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
            if !said.starts_with("the script panics at") {
                usual(panic);
            }
        }));
    });
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn a_shipped_scenario_passes_where_nothing_goes_wrong(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let performed = perform_all(&plan(scenario), Mishap::None).await;
    let (judged, shown) = (&performed.judged, performed.shown());
    assert_eq!((performed.end, judged.verdict), (End::Completed, Verdict::Passed), "{shown}");
    assert!(judged.controls.iter().all(|control| control.result == ControlOutcome::Caught));
    assert!(!judged.controls.is_empty() && judged.shown_able_to_fail);
    performed.hold_given_back(&shown);
    assert!(performed.rig.calls().iter().any(|called| called.call.node() == Some("target-1")));
}

/// A transcript without what varies from one performance to the next, and without the writers:
/// commands whole, statements cut, and what is said over and over only once.
fn redacted(transcript: &str) -> String {
    let mut said: Vec<(String, u32)> = vec![];
    let mut of_a_writer = false;
    for line in transcript.lines() {
        let goes_on = line.starts_with("    ");
        if !goes_on {
            let writes = |how| line.starts_with(&format!("source{how} pgrehearse_writer"));
            of_a_writer = writes('@') || writes('>');
        }
        if of_a_writer {
            continue;
        }
        let line = cut(&without_pids(&without_nonces(&without_positions(line))));
        match said.last_mut().filter(|_| goes_on) {
            Some((call, _)) => *call += &line,
            None => {
                again(&mut said);
                said.push((line, 1));
            }
        }
    }
    again(&mut said);
    let shown = said.into_iter().map(|(call, times)| match times {
        1 => call,
        _ => format!("{call}    … {times} times\n"),
    });
    shown.collect()
}

/// Where the last call is as the one before it, they become one.
fn again(said: &mut Vec<(String, u32)>) {
    if let [.., (before, times), (last, 1)] = &mut said[..]
        && before == last
    {
        *times += 1;
        said.pop();
    }
}

/// The line, with its line feed; of a long statement its beginning.
fn cut(line: &str) -> String {
    const STATEMENT_CHARS_MAX: usize = 200;
    let is_statement = line.split(' ').next().is_some_and(|word| word.ends_with('>'));
    match line.char_indices().nth(STATEMENT_CHARS_MAX) {
        Some((at, _)) if is_statement => format!("{}…\n", &line[..at]),
        _ => format!("{line}\n"),
    }
}

/// Takes out the numbers of processes.
fn without_pids(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let of_processes = matches!(words[..], [_, "ps" | "kill" | "pgrep", ..]);
    let number = |word: &&str| word.parse::<u32>().is_ok_and(|pid| pid > 1000);
    let shown = words.iter().map(|word| if number(word) { "<pid>" } else { word });
    if of_processes { shown.collect::<Vec<_>>().join(" ") } else { line.to_owned() }
}

/// Takes out runs of 32 hexadecimal digits: passwords and nonces.
fn without_nonces(line: &str) -> String {
    let digits = |word: &str| word.len() == 32 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let parts = line.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let shown = parts.map(|part| {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if digits(word) { part.replace(word, "<drawn>") } else { part.to_owned() }
    });
    shown.collect()
}

/// Takes out positions in WAL such as `0/70003D0`: they depend on how much was written.
fn without_positions(line: &str) -> String {
    let parts = line.split_inclusive([' ', '=', '"', '\'', ',']);
    let shown = parts.map(|part| {
        let word = part.trim_end_matches([' ', '=', '"', '\'', ',']);
        let is = word.starts_with("0/") && word.parse::<pgrehearse_verdict::lsn::Lsn>().is_ok();
        if is { part.replace(word, "<position>") } else { part.to_owned() }
    });
    shown.collect()
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn a_drill_gives_the_very_commands_and_statements_of_its_transcript(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let performed = perform_all(&plan(scenario), Mishap::None).await;
    let found = redacted(&performed.rig.transcript());
    let path = format!("tests/scripted_drill/{scenario}.txt");
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let wanted = fs::read_to_string(Path::new(&path)).unwrap_or_default();
    assert_eq!(wanted, found, "{path} is not current");
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_at_any_call_the_drill_ends_and_gives_everything_back(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
    #[values(Injected::Rig, Injected::Subject, Injected::Hang, Injected::Panic)] injected: Injected,
) {
    hush();
    let plan = short(scenario);
    let calls = Calls::of(&perform_all(&plan, Mishap::None).await);
    for number in 1..=calls.count() {
        let performed = perform_all(&plan, Mishap::At(number, injected)).await;
        assert!(performed.rig.count() >= number, "call {number} was never made");
        calls.hold(number, injected, &performed);
    }
}

/// Whoever was at work then, and where nobody was: the ground is named, and nobody is blamed.
#[tokio::test(start_paused = true)]
async fn a_drill_whose_time_is_up_while_the_ground_is_silent_is_unknown_and_says_so() {
    let plan = short("dropped-table");
    let calls = Calls::of(&perform_all(&plan, Mishap::None).await);
    for number in (1..=calls.count()).filter(|number| !calls.of_a_writer(*number)) {
        let mishap = Mishap::Silent(number);
        let performed = perform_all(&plan, mishap).await;
        let wanted = (End::TimedOut, Verdict::Unknown);
        let found = (performed.end, performed.judged.verdict);
        assert_eq!(found, wanted, "{mishap:?}\n{}", performed.shown());
        let named = performed.record.lines.iter().any(|line| match &line.event {
            Event::Fault(fault) => {
                fault.cause == Cause::Rig(RigCause::EngineApi)
                    && fault.said == "the ground is silent"
            }
            _ => false,
        });
        assert!(named, "{mishap:?}\n{}", performed.shown());
        calls.hold_always(mishap, &performed);
    }
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn whenever_the_user_wishes_for_an_end_the_drill_ends_and_gives_everything_back(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let plan = short(scenario);
    let calls = Calls::of(&perform_all(&plan, Mishap::None).await);
    for number in 1..=calls.count() {
        let mishap = Mishap::Wish(number);
        let performed = perform_all(&plan, mishap).await;
        let verdict = performed.judged.verdict;
        let wanted = (End::Interrupted, Verdict::Unknown);
        assert_eq!((performed.end, verdict), wanted, "{mishap:?}\n{}", performed.shown());
        calls.hold_always(mishap, &performed);
    }
}

/// A journal on a disk that is full after `lines` lines: what was written until then is in the
/// folder, and nothing after it.
fn journal_that_fills_up(folder: &Path, lines: u64) -> Notebook {
    let (reader, writer) = std::io::pipe().unwrap();
    fs::create_dir(folder.join("answers")).unwrap();
    let mut kept = File::create_new(folder.join("journal.jsonl")).unwrap();
    let mut reader: Option<PipeReader> = (lines > 0).then_some(reader);
    let listener = move |line: &pgrehearse_verdict::journal::Line| {
        let mut bytes = vec![0; serde_json::to_string(line).unwrap().len() + 1];
        let pipe = reader.as_mut().expect("nothing is written to a full disk");
        pipe.read_exact(&mut bytes).unwrap();
        kept.write_all(&bytes).unwrap();
        if line.n >= lines {
            // From here on every write fails.
            reader = None;
        }
    };
    let file = File::from(OwnedFd::from(writer));
    Notebook::on(file, folder.join("answers"), Some(Box::new(listener)))
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_written_any_more_ends_the_drill_and_is_never_a_pass(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let plan = short(scenario);
    let lines = perform_all(&plan, Mishap::None).await.record.lines.len() as u64;
    // With all lines but the last, the drill did everything, and still nobody can tell.
    for kept in 0..lines {
        let folder = folder();
        let notebook = journal_that_fills_up(folder.path(), kept);
        let performed = perform_in(&plan, Mishap::None, folder, notebook).await;
        let at = format!("after {kept} of {lines} lines");
        let wanted = if kept + 1 < lines { End::Faulted } else { End::Completed };
        assert_eq!(performed.end, wanted, "{at}");
        performed.hold_given_back(&at);
        assert_eq!(performed.record.lines.len() as u64, kept, "{at}");
        let verdict = performed.judged.verdict;
        assert_eq!(verdict, Verdict::Unknown, "{at}\n{}", performed.shown());
    }
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_made_ends_the_drill_and_is_never_a_pass(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let folder = folder();
    // A full disk would do the same; a file of that name is somebody else's ledger.
    fs::write(folder.path().join("ledger.jsonl"), "not ours").unwrap();
    let notebook = Notebook::create(folder.path(), None).unwrap();
    let performed = perform_in(&short(scenario), Mishap::None, folder, notebook).await;
    ends_for_want_of_room(&performed);
    let ledger = fs::read_to_string(performed.folder.path().join("ledger.jsonl")).unwrap();
    assert_eq!(ledger, "not ours");
}

#[rstest::rstest]
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_stored_ends_the_drill_and_is_never_a_pass(
    #[values("dropped-table", "lost-data-directory")] scenario: &str,
) {
    let folder = folder();
    let notebook = Notebook::create(folder.path(), None).unwrap();
    fs::remove_dir(folder.path().join("answers")).unwrap();
    // As long as the shipped scenario itself: its ledger is too long for the journal.
    let performed = perform_in(&plan(scenario), Mishap::None, folder, notebook).await;
    ends_for_want_of_room(&performed);
}

fn ends_for_want_of_room(performed: &performance::Performed) {
    let shown = performed.shown();
    assert_eq!(performed.end, End::Faulted, "{shown}");
    assert_eq!(performed.judged.verdict, Verdict::Unknown, "{shown}");
    let full = |event: &Event| match event {
        Event::Fault(fault) => fault.cause == Cause::Rig(RigCause::NoSpace),
        _ => false,
    };
    assert!(performed.record.lines.iter().any(|line| full(&line.event)), "{shown}");
    performed.hold_given_back(&shown);
}
