//! Whether a text is one SQL statement, without asking a server: queries reach it as they are.

/// Refuses what is no single statement: nothing at all, several, or a command of psql's.
pub(super) fn one_statement(sql: &str) -> Result<(), &'static str> {
    if sql.contains('\0') {
        return Err("a query cannot hold NUL");
    }
    let mut rest = sql;
    let mut begun = false;
    let mut ended = false;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest)?,
            c if c.is_whitespace() => c.len_utf8(),
            ';' if !begun => return Err("this query begins with a semicolon"),
            ';' => {
                ended = true;
                1
            }
            _ if ended => return Err("this query is more than one statement"),
            '\\' => return Err("commands of psql are not SQL"),
            '\'' => text(rest, matches!(before, 'e' | 'E'))?,
            '"' => 2 + rest[1..].find('"').ok_or("a quoted name does not end")?,
            '$' if !before.is_alphanumeric() && before != '_' => dollar(rest)?,
            c => c.len_utf8(),
        };
        let blank = c.is_whitespace() || rest.starts_with("--") || rest.starts_with("/*");
        begun |= !blank;
        before = c;
        rest = &rest[length..];
    }
    if begun { Ok(()) } else { Err("this query is empty") }
}

/// The length of a text in single quotes; in `E'…'` a backslash hides what follows it.
fn text(rest: &str, escapes: bool) -> Result<usize, &'static str> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok(at + 1),
            '\\' if escapes => {
                chars.next();
            }
            _ => {}
        }
    }
    Err("a quoted text does not end")
}

/// The length of a comment; comments lie in each other.
fn comment(rest: &str) -> Result<usize, &'static str> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Ok(at);
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    Err("a comment does not end")
}

/// The length of a text in dollar quotes; of the dollar alone where it is none.
fn dollar(rest: &str) -> Result<usize, &'static str> {
    let tag = rest[1..].find('$').map(|end| &rest[..end + 2]);
    let quote = tag.filter(|tag| {
        let word = &tag[1..tag.len() - 1];
        word.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !word.starts_with(|c: char| c.is_ascii_digit())
    });
    let Some(quote) = quote else { return Ok(1) };
    let body = &rest[quote.len()..];
    body.find(quote).map(|end| end + 2 * quote.len()).ok_or("a dollar-quoted text does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_taken_whatever_it_holds() {
        for sql in [
            "select 1",
            "select 1;",
            "select 1 ; -- done; really\n /* ; /* ; */ */ ",
            "select ';' || \"a;b\" || $$;$$ || $x$ ; $$ $x$ || E'\\';' from t$1",
            "select 'it''s;' || '\\'",
        ] {
            assert_eq!(one_statement(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for sql in [
            "",
            " \n",
            "-- only",
            "/* only */",
            ";",
            ";;",
            "select 1; select 2",
            "select 1; x",
            "\\! touch x",
            "select 1 \\gexec",
            "select 'x",
            "select \"x",
            "select $$x",
            "/* x",
            "select '\\'; drop table t; --'",
            "select 1\0",
        ] {
            assert!(one_statement(sql).is_err(), "{sql:?}");
        }
    }
}
