//! A query in the form that every major version writes it in.

/// The text of a query without the qualifiers of its names, and with every white space one blank.
/// PostgreSQL before 16 qualifies each column, from 16 on only where there is a choice.
pub(super) fn neutral(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, kind) = token(rest, first);
        rest = &rest[token.len()..];
        match kind {
            Kind::Name if rest.starts_with('.') => rest = &rest[1..],
            Kind::White => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            Kind::Name | Kind::Other => out.push_str(token),
        }
    }
    out.trim().to_owned()
}

#[derive(PartialEq, Eq)]
enum Kind {
    Name,
    White,
    Other,
}

fn token(text: &str, first: char) -> (&str, Kind) {
    let ends = |keep: fn(char) -> bool| text.find(|c| !keep(c)).unwrap_or(text.len());
    match first {
        '\'' | '"' => {
            let kind = if first == '"' { Kind::Name } else { Kind::Other };
            (&text[..closed(text, first)], kind)
        }
        c if c.is_whitespace() => (&text[..ends(char::is_whitespace)], Kind::White),
        // A number may have a point, and what stands before it is no name.
        c if c.is_ascii_digit() => {
            (&text[..ends(|c| c.is_ascii_alphanumeric() || c == '.')], Kind::Other)
        }
        c if c.is_alphabetic() || c == '_' => {
            (&text[..ends(|c| c.is_alphanumeric() || c == '_' || c == '$')], Kind::Name)
        }
        c => (&text[..c.len_utf8()], Kind::Other),
    }
}

/// Where a quoted text ends: a doubled quote is one of its characters.
fn closed(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(found) = text[at..].find(quote) {
        at += found + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(
        "SELECT orders.customer,\n    count(*) FROM shop.orders;",
        "SELECT customer, count(*) FROM orders;"
    )]
    #[case(r#"SELECT "a.b"."c ""d" FROM x"#, r#"SELECT "c ""d" FROM x"#)]
    #[case("SELECT 'a.b  c''d.e', 1.5, t.x", "SELECT 'a.b  c''d.e', 1.5, x")]
    #[case("_t.a_b, t.c$d, ü.é_1", "a_b, c$d, é_1")]
    #[case("a . b", "a . b")]
    #[case("'not closed", "'not closed")]
    fn names_lose_their_qualifiers_and_nothing_else(#[case] text: &str, #[case] wanted: &str) {
        assert_eq!(neutral(text), wanted);
    }

    #[test]
    fn another_query_stays_another() {
        assert_ne!(neutral("SELECT a.x FROM a"), neutral("SELECT a.y FROM a"));
        assert_ne!(neutral("SELECT 'a.x'"), neutral("SELECT 'b.x'"));
        assert_ne!(neutral("SELECT 1.5"), neutral("SELECT 2.5"));
    }
}
