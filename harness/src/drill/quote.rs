//! Names and texts as SQL takes them. No statement of ours is put together without these two.

/// A name in double quotes, always: what is a keyword differs from major to major.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal that means the same whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_own_quotes() {
        assert_eq!(quote_ident(r#"a"; drop"#), r#""a""; drop""#);
        assert_eq!(quote_ident("Ünïcode rôle"), "\"Ünïcode rôle\"");
    }

    #[test]
    fn a_text_cannot_end_its_own_quotes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"\'"), r" E'\\'''");
    }
}
