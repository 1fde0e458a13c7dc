//! The text of a file, and places in it.

use std::ops::Range;

/// A place in a file: bytes from the start, the end not included.
pub type Place = Range<usize>;

/// A file that was read: how it was named, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The file as it was named.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..self.floor(at)];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The line that holds a byte, without its end, and where it starts.
    pub fn line_at(&self, at: usize) -> (usize, &str) {
        let at = self.floor(at);
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        (start, self.text[start..end].trim_end_matches('\r'))
    }

    /// The text at a place.
    pub fn at(&self, place: &Place) -> &str {
        let start = self.floor(place.start);
        &self.text[start..self.floor(place.end).max(start)]
    }

    /// What a reader would underline for a node that begins at `start`: the word, the quoted text,
    /// or the brackets with all that is in them, within one line. The parser gives a length only
    /// for scalars. Where nothing begins there, the word before it.
    pub fn extent(&self, start: usize) -> Place {
        let mut start = self.floor(start);
        if self.text[start..].chars().next().is_none_or(char::is_whitespace) {
            let before = self.text[..start].trim_end();
            let word = before.rfind([' ', '\n', '\t']).map_or(0, |end| end + 1);
            if before.is_empty() {
                return start..start;
            }
            start = word;
        }
        let (line_start, line) = self.line_at(start);
        let rest = &line[(start - line_start).min(line.len())..];
        start..start + extent(rest)
    }

    /// The first place of `word` at or after `from` and before `to`, standing by itself.
    pub fn find(&self, word: &str, from: usize, to: usize) -> Option<Place> {
        let (from, to) = (self.floor(from), self.floor(to));
        let whole = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        self.text.get(from..to)?.match_indices(word).find_map(|(at, _)| {
            let (start, end) = (from + at, from + at + word.len());
            let alone = whole(self.text[..start].chars().next_back())
                && whole(self.text[end..].chars().next());
            alone.then_some(start..end)
        })
    }

    /// The nearest boundary of a character at or before a byte.
    fn floor(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// The length in bytes of the node at the start of `rest`.
fn extent(rest: &str) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    match first {
        '{' | '[' => bracketed(rest).unwrap_or(1),
        '"' | '\'' => rest[1..].find(first).map_or(1, |end| end + 2),
        _ => {
            let end = rest.find([':', ',', '}', ']', ' ', '\t']).unwrap_or(rest.len());
            end.max(first.len_utf8())
        }
    }
}

/// The length of a bracket with all that is in it; quotes hide brackets.
fn bracketed(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_what_a_reader_would_underline() {
        let text = "steps:\n  - run: { for: \"}\" } # x\n  - mark: [a, b]\n  - bü: 'q r'\n";
        let source = Source { name: String::new(), text: text.to_owned() };
        let shown = |word: &str| source.at(&source.extent(text.find(word).unwrap())).to_owned();
        assert_eq!(shown("run"), "run");
        assert_eq!(shown("{ for"), "{ for: \"}\" }");
        assert_eq!(shown("[a"), "[a, b]");
        assert_eq!(shown("bü"), "bü");
        assert_eq!(shown("'q"), "'q r'");
        assert_eq!(source.at(&source.extent(text.len())), "r'", "the word before the end");
        assert_eq!(source.line_column(text.find("'q").unwrap()), (4, 9));
    }
}
