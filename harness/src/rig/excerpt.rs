//! What the journal keeps of an output: its beginning, and of the rest what may tell of trouble.

use pgrehearse_verdict::check::{Stream, telling};

/// Bytes of the beginning of an output that are kept, and bytes of telling lines after it.
const KEPT_MAX: usize = 8 << 10;

/// What is kept of all that the program `argv0` wrote to `stream`, and whether a line was left
/// out that may have told of an error. The beginning ends with a whole line, so that no line is
/// taken for another; one that is too long by itself is kept as far as there is room.
pub(super) fn excerpt(argv0: &str, stream: Stream, text: &str) -> (String, bool) {
    if text.len() <= KEPT_MAX {
        return (text.to_owned(), false);
    }
    let end = text.floor_char_boundary(KEPT_MAX);
    let lines = text[..end].rfind('\n').map(|last| last + 1);
    let mut kept = text[..lines.unwrap_or(end)].to_owned();
    let rest = text[lines.unwrap_or(0)..].lines().filter(|line| telling(argv0, stream, line));
    let mut room = KEPT_MAX;
    for line in rest {
        if lines.is_none() || line.len() >= room {
            return (kept, true);
        }
        room -= line.len() + 1;
        kept.push_str(line);
        kept.push('\n');
    }
    (kept, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "2026-11-25 20:28:53.824 P00   INFO: restore file base/1/2 (8KB, 1.00%)\n";
    const WARN: &str = "2026-11-25 20:28:53.824 P00   WARN: invalid page checksum found\n";

    #[test]
    fn a_short_output_is_kept_as_it_is() {
        let text = "one\ntwo, without an end";
        assert_eq!(excerpt("pgbackrest", Stream::Out, text), (text.to_owned(), false));
    }

    #[test]
    fn a_warning_in_what_is_left_out_is_kept_all_the_same() {
        let text = format!("{}{WARN}{}", INFO.repeat(500), INFO.repeat(500));
        let (kept, cut) = excerpt("/usr/bin/pgbackrest", Stream::Out, &text);
        assert!(kept.ends_with(&format!("{INFO}{WARN}")) && kept.len() < 2 * KEPT_MAX);
        assert!(!cut);
    }

    #[test]
    fn lines_that_nobody_knows_are_kept_of_an_error_output_and_not_of_data() {
        let text = format!("{}{}", INFO.repeat(500), "surprise\n");
        let text = text.replace("INFO", "NOTICE");
        assert!(excerpt("pg_restore", Stream::Err, &text).0.ends_with("surprise\n"));
        assert!(!excerpt("pgbackrest", Stream::Out, &text).0.contains("surprise"));
        let data = format!("{}\nERROR: a value\n", "1\t2\n".repeat(9000));
        assert!(!excerpt("pg_dump", Stream::Out, &data).0.contains("ERROR"));
    }

    #[test]
    fn more_warnings_than_there_is_room_for_are_said_to_be_cut() {
        let (kept, cut) = excerpt("pgbackrest", Stream::Out, &WARN.repeat(500));
        assert!(cut && kept.len() <= 2 * KEPT_MAX);
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_said_to_be_if_it_tells_of_trouble() {
        let data = format!("[{}]", "{\"message\":\"ok\"},".repeat(900));
        let (kept, cut) = excerpt("pgbackrest", Stream::Out, &data);
        assert!(!cut && kept.len() <= KEPT_MAX && data.starts_with(&kept));
        let data = format!("{}ERROR: late\n", "é ".repeat(9000));
        assert!(excerpt("pgbackrest", Stream::Out, &data).1);
    }
}
