//! Reading: what is believed, what is left out, and what is refused.

use pgrehearse_verdict::case::Record;
use pgrehearse_verdict::finding::Status;
use pgrehearse_verdict::journal::{self, Event, JournalError, Scope};
use pgrehearse_verdict::ledger::LedgerError;
use pgrehearse_verdict::question::{Answer, Question};
use pgrehearse_verdict::record::{BRIEF_BYTES_MAX, RecordError};
use pgrehearse_verdict::verdict::{Verdict, judge};

use crate::story::{Story, digest};

#[test]
fn a_journal_reads_back_as_it_was_written() {
    let story = Story::before_disaster();
    let read = journal::read(&story.journal()).expect("it can be read");
    let mut events: Vec<(Scope, Event)> = read.into_iter().map(|l| (l.scope, l.event)).collect();
    let Event::Began(began) = &mut events[0].1 else { panic!("it begins with the beginning") };
    // The brief is sealed when the journal is written.
    assert_eq!(began.brief_sha256.take(), Some(digest(story.brief().as_bytes())));
    assert_eq!(events, story.lines);
}

#[test]
fn a_last_line_that_was_being_written_is_left_out() {
    let journal = Story::latest().journal();
    let whole = journal::read(&journal).expect("it can be read").len();
    for cut in 1..100 {
        let read = journal::read(&journal[..journal.len() - cut]);
        let wanted = if cut == 0 { whole } else { whole - 1 };
        let ended = journal[..journal.len() - cut].ends_with('\n');
        if !ended {
            assert_eq!(read.expect("the rest can be read").len(), wanted, "{cut}");
        } else {
            break;
        }
    }
    assert_eq!(journal::read(""), Ok(vec![]));
    assert_eq!(journal::read("{\"n\":1"), Ok(vec![]));
}

#[test]
fn damage_before_the_last_line_is_an_error() {
    let story = Story::latest();
    let remark = story.lines.iter().position(|(_, event)| matches!(event, Event::Remark { .. }));
    let wanted = remark.expect("there is a remark") as u64 + 1;
    let journal = story.journal();
    let damaged = journal.replacen("\"remark\"", "\"remarc\"", 1);
    let found = journal::read(&damaged);
    assert!(matches!(found, Err(JournalError::Damaged(at, _)) if at == wanted), "{found:?}");
    let blank = journal.replacen('\n', "\n\n", 1);
    assert!(matches!(journal::read(&blank), Err(JournalError::Damaged(2, _))));
    let longer = journal.replacen("\"n\":1,", "\"n\":1,\"more\":1,", 1);
    assert!(matches!(journal::read(&longer), Err(JournalError::Damaged(1, _))));
}

#[test]
fn lines_that_are_missing_doubled_or_swapped_are_an_error() {
    let journal = Story::latest().journal();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let mut doubled = lines.clone();
    doubled.insert(3, lines[3]);
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    for (lines, found, number) in [(doubled, 5, 4), (swapped, 4, 5), (lines[1..].to_vec(), 1, 2)] {
        let wanted = Err(JournalError::Misnumbered { found, number });
        assert_eq!(journal::read(&lines.concat()), wanted);
    }
}

#[test]
fn a_newer_journal_is_refused_as_newer_even_if_it_has_new_fields() {
    let journal = Story::latest().journal();
    let format = |text: &str| journal.replacen("\"format\":2", &format!("\"format\":{text}"), 1);
    assert_eq!(journal::read(&format("3")), Err(JournalError::Newer(3)));
    let newer = format("3,\"moon\":\"full\"");
    assert_eq!(journal::read(&newer), Err(JournalError::Newer(3)));
    let same = format("2,\"moon\":\"full\"");
    assert!(matches!(journal::read(&same), Err(JournalError::Damaged(1, _))));
}

#[test]
fn a_brief_is_refused_when_it_is_newer_or_none() {
    let story = Story::latest();
    let read = |brief: &str| Record::read(brief, &story.journal(), None, &|_| None);
    let brief = serde_json::to_string(&story.brief).expect("a brief is JSON");
    assert!(read(&brief).is_ok());
    let newer = brief.replacen("\"format\":2", "\"format\":3,\"moon\":\"full\"", 1);
    assert_eq!(read(&newer).err(), Some(RecordError::BriefNewer(3)));
    for text in ["", "{}", "[]", "null", &brief.replacen("\"seed\"", "\"sead\"", 1)] {
        assert!(matches!(read(text), Err(RecordError::BriefDamaged(_))), "{text}");
    }
}

#[test]
fn a_brief_is_read_up_to_its_bound_and_not_beyond() {
    let story = Story::latest();
    let brief = serde_json::to_string(&story.brief).expect("a brief is JSON");
    for (bytes, wanted) in [
        (BRIEF_BYTES_MAX, None),
        (BRIEF_BYTES_MAX + 1, Some(RecordError::BriefTooLong(BRIEF_BYTES_MAX + 1))),
        (BRIEF_BYTES_MAX + 2, Some(RecordError::BriefTooLong(BRIEF_BYTES_MAX + 2))),
    ] {
        let padded = format!("{brief}{}", " ".repeat(bytes - brief.len()));
        assert_eq!(Record::read(&padded, &story.journal(), None, &|_| None).err(), wanted);
    }
}

/// The verdict on a story with its ledger given as `bytes`.
fn with_ledger(story: &Story, bytes: Option<&[u8]>) -> (Result<(), LedgerError>, Verdict) {
    let brief = serde_json::to_string(&story.brief).expect("a brief is JSON");
    let record =
        Record::read(&brief, &story.journal(), bytes, &|name| story.answers.get(name).cloned());
    let record = record.expect("the record can be read");
    let verdict = pgrehearse_verdict::verdict::judge(&record).verdict;
    (record.ledger.map(|_| ()), verdict)
}

#[test]
fn a_ledger_is_believed_only_if_it_is_the_sealed_one() {
    let story = Story::latest();
    let ledger = story.ledger();
    assert_eq!(with_ledger(&story, Some(ledger.as_bytes())), (Ok(()), Verdict::Passed));
    assert_eq!(with_ledger(&story, None), (Err(LedgerError::Missing), Verdict::Unknown));
    let mut altered = ledger.clone().into_bytes();
    let last = altered.len() - 10;
    altered[last] ^= 1;
    let cut = &ledger.as_bytes()[..ledger.len() - 1];
    let longer = format!("{ledger}\n");
    for bytes in [altered.as_slice(), cut, longer.as_bytes(), b""] {
        let (ledger, verdict) = with_ledger(&story, Some(bytes));
        assert!(matches!(ledger, Err(LedgerError::Unsealed(_))), "{ledger:?}");
        assert_eq!(verdict, Verdict::Unknown);
    }
}

#[test]
fn a_ledger_without_a_seal_is_not_believed() {
    let mut story = Story::latest();
    let ledger = story.ledger();
    story.change(&Scope::Source, |event| (!matches!(event, Event::Sealed { .. })).then_some(event));
    let (read, verdict) = with_ledger(&story, Some(ledger.as_bytes()));
    assert!(matches!(read, Err(LedgerError::Unsealed(_))), "{read:?}");
    assert_eq!(verdict, Verdict::Unknown);
}

#[test]
fn only_the_last_seal_counts() {
    let mut story = Story::latest();
    let ledger = story.ledger();
    let wrong = Event::Sealed { bytes: 1, sha256: "0".repeat(64) };
    let end = |event: &Event| matches!(event, Event::Ended { .. });
    let mut early = story.clone();
    early.put_before(Scope::Source, wrong.clone(), |event| matches!(event, Event::Struck { .. }));
    assert_eq!(with_ledger(&early, Some(ledger.as_bytes())).1, Verdict::Passed);
    story.put_before(Scope::Source, wrong, end);
    assert_eq!(with_ledger(&story, Some(ledger.as_bytes())).1, Verdict::Unknown);
}

#[test]
fn a_stored_answer_that_is_missing_or_altered_is_lost() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |bytes| {
            let last = bytes.len() - 5;
            bytes[last] ^= 1;
        },
        |bytes| bytes.push(b' '),
        |bytes| {
            bytes.pop();
        },
        Vec::clear,
    ];
    for change in changes {
        let mut story = Story::latest();
        story.answers.values_mut().for_each(change);
        story.expect("fingerprint", Status::Unknown, &["answer_lost"]);
        assert_eq!(story.judge().verdict, Verdict::Unknown);
    }
    let mut story = Story::latest();
    story.answers.clear();
    story.expect("fingerprint", Status::Unknown, &["answer_lost"]);
}

#[test]
fn a_stored_answer_is_looked_for_by_its_digest_and_by_no_path() {
    for name in ["../../etc/passwd", "", &"F".repeat(64), &format!("{}/", "0".repeat(63))] {
        let mut story = Story::latest();
        for (_, event) in &mut story.lines {
            if let Event::Answered { answer: Answer::Stored { sha256, .. }, .. } = event {
                *sha256 = name.to_owned();
            }
        }
        let brief = serde_json::to_string(&story.brief).expect("a brief is JSON");
        let record =
            Record::read(&brief, &story.journal(), None, &|name| panic!("`{name}` was looked for"));
        assert!(record.expect("the record can be read").answers.is_empty());
    }
}

#[test]
fn an_answer_that_is_stored_with_two_lengths_is_believed_with_neither() {
    let mut story = Story::latest();
    let twice = story.lines.iter().find_map(|(scope, event)| match event {
        Event::Answered { answer: Answer::Stored { .. }, .. } => {
            Some((scope.clone(), event.clone()))
        }
        _ => None,
    });
    let (scope, twice) = twice.expect("an answer is stored");
    story.put_before(scope.clone(), twice.clone(), |event| *event == twice);
    story.expect("fingerprint", Status::Held, &[]);
    let mut other = twice.clone();
    if let Event::Answered { answer: Answer::Stored { bytes, .. }, .. } = &mut other {
        *bytes += 1;
    }
    story.put_before(scope, other, |event| *event == twice);
    story.expect("fingerprint", Status::Unknown, &["answer_lost"]);
}

#[test]
fn a_stored_answer_of_another_length_is_lost() {
    let mut story = Story::latest();
    for (_, event) in &mut story.lines {
        if let Event::Answered { question: Question::Fingerprint, answer, .. } = event
            && let Answer::Stored { bytes, .. } = answer
        {
            *bytes += 1;
        }
    }
    story.expect("fingerprint", Status::Unknown, &["answer_lost"]);
}

#[test]
fn a_brief_that_promises_less_than_it_did_is_unknown() {
    let mut story = Story::before_disaster();
    let journal = story.journal();
    let passed = |story: &Story| judge(&story.read(&journal).expect("a record"));
    assert_eq!(passed(&story).verdict, Verdict::Passed);
    story.brief.checks.pop();
    let judged = passed(&story);
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert!(judged.findings.iter().any(|finding| finding.code == "brief_altered"));
}

#[test]
fn a_brief_that_nobody_sealed_is_unknown() {
    let story = Story::before_disaster();
    let sealed = format!("\"brief_sha256\":\"{}\"", digest(story.brief().as_bytes()));
    let journal = story.journal();
    assert!(journal.contains(&sealed));
    let judged = judge(&story.read(&journal.replace(&sealed, "\"brief_sha256\":null")).unwrap());
    assert_eq!(judged.verdict, Verdict::Unknown);
    assert!(judged.findings.iter().any(|finding| finding.code == "brief_unsealed"));
}
