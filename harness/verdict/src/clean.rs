//! Text from outside, made fit for a report: XML characters only, no terminal escapes, bounded.
//! Markup is not escaped here, but for Markdown: XML and HTML writers escape what they write.

use std::borrow::Cow;

/// What stands in the place of a character that must not be shown.
const NOT_SHOWN: char = '\u{FFFD}';
/// A terminal escape sequence longer than this is not taken out whole, in bytes: an unfinished
/// one must not hide what follows it.
const ESCAPE_BYTES_MAX: usize = 4 << 10;

/// The text with terminal escapes taken out, carriage returns as line feeds, and U+FFFD for each
/// character that XML 1.0 does not allow, that controls a terminal, or that reorders its line.
pub fn xml(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = escape_length(rest);
        if escape > 0 {
            rest = &rest[escape..];
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '\r' if rest.starts_with('\n') => {}
            '\r' => shown.push('\n'),
            other if may_be_shown(other) => shown.push(other),
            _ => shown.push(NOT_SHOWN),
        }
    }
    shown
}

/// The text as the inside of a CDATA section: [`xml`], and no end of the section in it.
pub fn cdata(text: &str) -> String {
    xml(text).replace("]]>", "]]]]><![CDATA[>")
}

/// The text in one line of about `max` bytes: cut by [`bounded`], cleaned by [`xml`], each run
/// of white space as one space.
pub fn one_line(text: &str, max: usize) -> String {
    xml(&bounded(text, max)).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text as lines for a terminal, about `max` bytes in all: as [`xml`], tabs as spaces.
pub fn terminal(text: &str, max: usize) -> String {
    xml(&bounded(text, max)).replace('\t', "    ")
}

/// The text in one line of about `max` bytes, so that GitHub-flavoured Markdown shows it as it
/// stands, in the cell of a table too.
pub fn markdown(text: &str, max: usize) -> String {
    let line = one_line(text, max);
    let mut escaped = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    let mut in_word = false;
    while let Some(character) = characters.next() {
        let next_in_word = characters.peek().is_some_and(|next| next.is_alphanumeric());
        // An underscore inside a word is only an underscore; names of ours are full of them.
        let special = match character {
            '_' => !(in_word && next_in_word),
            other => "\\`*[]<>|~$&#".contains(other),
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
        in_word = character.is_alphanumeric();
    }
    escaped
}

/// The text if it is at most `max` bytes long; else its beginning, how much was left out, and
/// its end. The remark about what was left out comes on top of `max`.
pub fn bounded(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(max - max / 3);
    let tail = text.ceil_char_boundary(text.len() - max / 3);
    let left_out = tail - head;
    Cow::Owned(format!("{} … {left_out} bytes left out … {}", &text[..head], &text[tail..]))
}

fn may_be_shown(character: char) -> bool {
    match character {
        '\t' | '\n' => true,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => false,
        // These change the order in which the characters around them are shown.
        '\u{061C}' | '\u{200E}' | '\u{200F}' => false,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => false,
        // These are the ends of lines to some readers and not to others.
        '\u{2028}' | '\u{2029}' => false,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => true,
    }
}

/// The length in bytes of the terminal escape sequence that `text` begins with; 0 if it begins
/// with none, or with one that does not end.
fn escape_length(text: &str) -> usize {
    let Some((kind, body)) = introducer(text) else {
        return 0;
    };
    let end = match kind {
        '[' => control_sequence_end(body),
        ']' | 'P' | 'X' | '^' | '_' => string_end(body),
        ' '..='/' => {
            let last = body.trim_start_matches(|c| (' '..='/').contains(&c));
            let ends = last.starts_with(|c| ('0'..='~').contains(&c));
            ends.then(|| body.len() - last.len() + 1)
        }
        '0'..='~' => Some(0),
        _ => None,
    };
    end.map_or(0, |end| text.len() - body.len() + end)
}

/// The kind of the escape sequence and what follows its introducer: ESC and a character, or one
/// of the characters that stand for such a pair.
fn introducer(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let kind = match characters.next()? {
        '\u{1B}' => characters.next()?,
        '\u{90}' => 'P',
        '\u{98}' => 'X',
        '\u{9B}' => '[',
        '\u{9D}' => ']',
        '\u{9E}' => '^',
        '\u{9F}' => '_',
        _ => return None,
    };
    Some((kind, characters.as_str()))
}

fn control_sequence_end(body: &str) -> Option<usize> {
    let parameters = body.bytes().take(ESCAPE_BYTES_MAX);
    let length = parameters.take_while(|byte| (b' '..=b'?').contains(byte)).count();
    let last = body.as_bytes().get(length)?;
    (b'@'..=b'~').contains(last).then_some(length + 1)
}

fn string_end(body: &str) -> Option<usize> {
    let end = body.floor_char_boundary(ESCAPE_BYTES_MAX);
    let line = body[..end].split('\n').next().unwrap_or("");
    ["\u{7}", "\u{1B}\\", "\u{9C}"]
        .iter()
        .filter_map(|mark| line.find(mark).map(|at| at + mark.len()))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_is_shown_is_one_that_xml_allows() {
        for character in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let allowed = matches!(character,
                '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
            for shown in xml(&character.to_string()).chars() {
                assert!(shown == NOT_SHOWN || allowed, "{character:?} became {shown:?}");
            }
        }
    }

    #[test]
    fn colours_titles_and_links_of_a_terminal_are_taken_out_whole() {
        assert_eq!(xml("\u{1B}[1;31mred\u{1B}[0m"), "red");
        assert_eq!(xml("\u{9B}31mred"), "red");
        assert_eq!(xml("\u{1B}]0;title\u{7}text"), "text");
        assert_eq!(xml("\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\"), "link");
        assert_eq!(xml("\u{1B}(Bplain\u{1B}c"), "plain");
        assert_eq!(xml("\u{1B}P1$r0m\u{9C}after"), "after");
    }

    #[test]
    fn an_unfinished_escape_hides_nothing_that_follows() {
        assert_eq!(xml("\u{1B}]0;never ends, lost rows"), "\u{FFFD}]0;never ends, lost rows");
        assert_eq!(xml("\u{1B}]0;title\nnext\u{7}"), "\u{FFFD}]0;title\nnext\u{FFFD}");
        assert_eq!(xml("\u{1B}["), "\u{FFFD}[");
        assert_eq!(xml("\u{1B}"), "\u{FFFD}");
        let far = format!("\u{1B}]{}\u{7}", "x".repeat(ESCAPE_BYTES_MAX));
        assert!(xml(&far).contains("xxx"));
    }

    #[test]
    fn characters_that_reorder_a_line_are_replaced() {
        assert_eq!(xml("a\u{202E}b\u{2066}c\u{200F}"), "a\u{FFFD}b\u{FFFD}c\u{FFFD}");
        assert_eq!(xml("שלום é 🐘"), "שלום é 🐘");
    }

    #[test]
    fn a_progress_bar_becomes_lines() {
        assert_eq!(xml("10%\r20%\r\ndone"), "10%\n20%\ndone");
    }

    #[test]
    fn a_section_cannot_be_ended_from_inside() {
        let inside = cdata("a]]>b]]]>");
        assert_eq!(inside, "a]]]]><![CDATA[>b]]]]]><![CDATA[>");
        // The terminator stays apart even where taking out an escape brings it together.
        assert!(!cdata("]\u{1B}[0m]>").replace("]]]]><![CDATA[>", "").contains("]]>"));
    }

    #[test]
    fn a_long_text_keeps_its_ends_and_says_how_much_is_gone() {
        assert_eq!(bounded("abc", 3), "abc");
        assert_eq!(bounded("abcdefghij", 6), "abcd … 4 bytes left out … ij");
        let elephants = "🐘".repeat(1000);
        assert_eq!(bounded(&elephants, 9), "🐘 … 3996 bytes left out … ".to_owned());
        assert_eq!(bounded("abc", 0), " … 3 bytes left out … ");
    }

    #[test]
    fn one_line_has_no_line_ends() {
        assert_eq!(one_line(" a\n\tb\u{2028}c \r\n", 100), "a b\u{FFFD}c");
    }

    #[test]
    fn markdown_shows_text_as_it_stands() {
        assert_eq!(markdown("lost_acked _x_ <b>|`c`", 100), r"lost_acked \_x\_ \<b\>\|\`c\`");
        assert_eq!(markdown("[a](b)\n# c & $d$", 100), r"\[a\](b) \# c \& \$d\$");
    }
}
