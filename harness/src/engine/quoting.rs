//! Words for those who read them: the shell that PostgreSQL starts, its password file, its
//! configuration file.

/// A word for the shell that PostgreSQL gives `archive_command` and `restore_command` to. It holds
/// no backslash of its own: in a configuration file that would have to be said twice.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

/// A line of a password file, for every server of this role. PostgreSQL's own marks are escaped.
pub(super) fn pass_line(user: &str, password: &str) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
    format!("*:*:*:{}:{}\n", escaped(user), escaped(password))
}

/// A line of a configuration file.
pub(super) fn setting_line(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_specials_stays_one_word_of_the_shell() {
        assert_eq!(quoted("/usr/bin/a-b_c.d=e"), "/usr/bin/a-b_c.d=e");
        assert_eq!(quoted("it's $HOME"), r#"'it'"'"'s $HOME'"#);
    }

    #[test]
    fn a_password_with_a_colon_is_escaped() {
        assert_eq!(pass_line("postgres", r"a:b\c"), "*:*:*:postgres:a\\:b\\\\c\n");
    }

    #[test]
    fn a_setting_with_an_apostrophe_and_a_backslash_is_escaped() {
        assert_eq!(setting_line("a", r"it's \d"), "a = 'it''s \\\\d'\n");
    }
}
