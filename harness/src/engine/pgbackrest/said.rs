//! What pgBackRest says in its output. It can end with 0 and still have said `ERROR`, so that
//! words are looked at as well as the exit status.

use pgrehearse_verdict::journal::SubjectCause;

use crate::rig::{Output, Stage, Trouble};

/// Warnings of one command that become remarks; the rest are counted.
const WARNINGS_MAX: usize = 20;

/// The lines that matter of one command's output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The warnings, hints joined on.
    pub(super) warnings: Vec<String>,
    /// The errors, hints joined on.
    pub(super) errors: Vec<String>,
}

/// Reads both streams of a command.
pub(super) fn said(output: &Output) -> Said {
    let mut said = Said::default();
    for stream in [&output.stdout, &output.stderr] {
        listen(&String::from_utf8_lossy(stream), &mut said);
    }
    said
}

/// A line is `[time] [process] LEVEL: text`; what follows without a level, or as a hint, belongs
/// to it.
fn listen(text: &str, said: &mut Said) {
    let mut open: Option<Vec<String>> = None;
    let mut of_error = false;
    let mut close = |open: &mut Option<Vec<String>>, of_error: bool| {
        if let Some(lines) = open.take() {
            let list = if of_error { &mut said.errors } else { &mut said.warnings };
            list.push(lines.join("; "));
        }
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match spoken(line) {
            Some(("HINT:", _)) | None => {
                if let Some(lines) = &mut open {
                    lines.push(line.trim().to_owned());
                }
            }
            Some((level, words)) => {
                close(&mut open, of_error);
                of_error = matches!(level, "ERROR:" | "ASSERT:");
                if of_error || level == "WARN:" {
                    open = Some(vec![words.to_owned()]);
                }
            }
        }
    }
    close(&mut open, of_error);
}

/// The level of a line and what follows it.
fn spoken(line: &str) -> Option<(&'static str, &str)> {
    const LEVELS: [&str; 8] =
        ["ASSERT:", "ERROR:", "WARN:", "INFO:", "DETAIL:", "DEBUG:", "TRACE:", "HINT:"];
    // Date, time and process can come first, nothing else.
    let word = line.split_whitespace().take(4).find(|word| word.ends_with(':'))?;
    let level = LEVELS.into_iter().find(|level| *level == word)?;
    Some((level, line.split_once(level)?.1.trim()))
}

/// The output of a command that ended well in exit status and in words; its warnings become
/// remarks, since none of pgBackRest's is known to mean nothing.
pub(super) fn heard(stage: &Stage, purpose: &str, output: Output) -> Result<Output, Trouble> {
    let said = said(&output);
    for warning in said.warnings.iter().take(WARNINGS_MAX) {
        stage.remark(format!("{purpose}: pgbackrest warns: {}", stage.redactor.clean(warning)))?;
    }
    if let Some(more) = said.warnings.len().checked_sub(WARNINGS_MAX).filter(|more| *more > 0) {
        stage.remark(format!("{purpose}: pgbackrest gives {more} more warnings"))?;
    }
    if output.ok() && said.errors.is_empty() {
        return Ok(output);
    }
    let end = match (output.exit, output.signal) {
        (Some(exit), _) => format!("exit status {exit}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "no exit status".to_owned(),
    };
    if said.errors.is_empty() {
        let trouble = output.expect_ok(purpose).err();
        return Err(trouble.expect("an output that is not ok is refused"));
    }
    let words = stage.redactor.clean(&said.errors.join("; "));
    Err(Trouble::subject(SubjectCause::Command, format!("{purpose}: {end}: {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stdout: &str, stderr: &str) -> Output {
        Output { exit: Some(0), stdout: stdout.into(), stderr: stderr.into(), ..Output::default() }
    }

    #[test]
    fn a_warning_is_heard_on_either_stream_with_and_without_a_time() {
        let stdout = "2026-11-23 19:06:15.123 P00   WARN: one\nP00   INFO: said WARN: nothing\n";
        let stderr = "WARN: no prior backup exists, incr backup has been changed to full\n";
        let heard = said(&output(stdout, stderr));
        let wanted = ["one", "no prior backup exists, incr backup has been changed to full"];
        assert_eq!(heard.warnings, wanted);
        assert_eq!(heard.errors, Vec::<String>::new());
    }

    #[test]
    fn an_error_is_heard_with_its_hint_although_the_exit_status_is_0() {
        let stderr = "ERROR: [040]: unable to restore to path '/n/data' because it contains files\n\
                      \x20      HINT: try using --delta if this is what you intended.\n";
        let heard = said(&output("P00   INFO: restore command begin 2.45:\n", stderr));
        let wanted = "[040]: unable to restore to path '/n/data' because it contains files; \
                      HINT: try using --delta if this is what you intended.";
        assert_eq!(heard.errors, [wanted]);
    }

    #[test]
    fn what_follows_a_harmless_line_belongs_to_it() {
        let heard = said(&output("P00   WARN: a\nP00   INFO: b\n              more\n", ""));
        assert_eq!(heard.warnings, ["a"]);
    }
}
