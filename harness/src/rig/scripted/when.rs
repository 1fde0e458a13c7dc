//! Which calls a rule is for.

use super::call::{Call, one_line};

/// Describes calls. Every part that was given must fit.
#[derive(Debug, Clone, Default)]
pub struct When {
    kind: Option<Kind>,
    node: Option<String>,
    argv: Vec<String>,
    pattern: Option<String>,
    purpose: Option<String>,
    user: Option<String>,
    times: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Make,
    Command,
    Write,
    Connect,
    Query,
    Destroy,
    Release,
}

impl Kind {
    fn of(call: &Call) -> Kind {
        match call {
            Call::Volume(_) | Call::Node(_) => Kind::Make,
            Call::Run { .. } | Call::Start { .. } => Kind::Command,
            Call::Write { .. } => Kind::Write,
            Call::Connect { .. } => Kind::Connect,
            Call::Query { .. } => Kind::Query,
            Call::Destroy(_) => Kind::Destroy,
            Call::Release => Kind::Release,
        }
    }
}

impl When {
    fn kind(kind: Kind) -> When {
        When { kind: Some(kind), ..When::default() }
    }

    /// A node or volume is made.
    pub fn make() -> When {
        When::kind(Kind::Make)
    }

    /// A command is run or started whose arguments begin like this. The program's folder does not
    /// count; within an argument, `*` stands for any text.
    pub fn argv(argv: &[&str]) -> When {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        When { argv, ..When::kind(Kind::Command) }
    }

    /// A command is run or started for this purpose; `*` stands for any text.
    pub fn purpose(purpose: &str) -> When {
        When { purpose: Some(purpose.to_owned()), ..When::kind(Kind::Command) }
    }

    /// A file is written whose path fits; `*` stands for any text.
    pub fn write(path: &str) -> When {
        When { pattern: Some(path.to_owned()), ..When::kind(Kind::Write) }
    }

    /// Somebody connects.
    pub fn connect() -> When {
        When::kind(Kind::Connect)
    }

    /// Something is asked that holds this, whatever its case and white space; `*` stands for any
    /// text.
    pub fn sql(pattern: &str) -> When {
        let pattern = format!("*{}*", one_line(pattern).to_lowercase());
        When { pattern: Some(pattern), ..When::kind(Kind::Query) }
    }

    /// A host is lost.
    pub fn destroy() -> When {
        When::kind(Kind::Destroy)
    }

    /// Everything is given back.
    pub fn release() -> When {
        When::kind(Kind::Release)
    }

    /// … on this node; `*` stands for any text.
    pub fn on(mut self, node: &str) -> When {
        self.node = Some(node.to_owned());
        self
    }

    /// … by this role; connections and queries only.
    pub fn by(mut self, user: &str) -> When {
        self.user = Some(user.to_owned());
        self
    }

    /// … and only the first `times` of them.
    pub fn times(mut self, times: u64) -> When {
        self.times = Some(times);
        self
    }

    /// Whether the call fits; one that does counts towards [`When::times`].
    pub(super) fn fits(&mut self, call: &Call) -> bool {
        let text = match call {
            Call::Write { path, .. } => path.clone(),
            Call::Query { sql, .. } => one_line(sql).to_lowercase(),
            _ => String::new(),
        };
        let by = match call {
            Call::Connect { user, .. } | Call::Query { user, .. } => Some(user),
            _ => None,
        };
        let like = |pattern: &Option<String>, text: Option<&str>| match pattern {
            None => true,
            Some(pattern) => text.is_some_and(|text| glob(pattern, text)),
        };
        let purpose = call.command().map(|command| command.purpose.as_str());
        let fits = self.kind.is_none_or(|kind| kind == Kind::of(call))
            && like(&self.node, call.node())
            && like(&self.purpose, purpose)
            && like(&self.pattern, Some(&text))
            && self.user.as_ref().is_none_or(|user| by == Some(user))
            && (self.argv.is_empty() || self.argv_fits(call));
        match &mut self.times {
            _ if !fits => false,
            None => true,
            Some(0) => false,
            Some(times) => {
                *times -= 1;
                true
            }
        }
    }

    fn argv_fits(&self, call: &Call) -> bool {
        let argv = call.command().map_or(&[][..], |command| &command.argv);
        let bare = |at: usize, word: &str| match at {
            0 => word.rsplit('/').next().unwrap_or(word).to_owned(),
            _ => word.to_owned(),
        };
        argv.len() >= self.argv.len()
            && self
                .argv
                .iter()
                .zip(argv)
                .enumerate()
                .all(|(at, (pattern, word))| glob(pattern, &bare(at, word)) || glob(pattern, word))
    }
}

/// Whether the whole text fits the pattern, in which `*` stands for any text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_does() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "aecd", false),
            ("ab*ba", "aba", false),
            ("*ab*", "xaby", true),
            ("*ab*", "xay", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "`{pattern}` and `{text}`");
        }
    }
}
