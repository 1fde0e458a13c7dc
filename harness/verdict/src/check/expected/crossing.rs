//! What is another way on a newer major version, whatever a dump does: from PostgreSQL's release
//! notes (15 to 18), each seen in a drill of ours.

use crate::check::expected::neutral::neutral;
use crate::check::expected::{Between, DUMPS, Expected, Line};

/// Settings that a version no longer has.
const REMOVED: &[(u32, &[&str])] = &[
    (
        16,
        &[
            "force_parallel_mode",
            "lc_collate",
            "lc_ctype",
            "promote_trigger_file",
            "vacuum_defer_cleanup_age",
        ],
    ),
    (17, &["db_user_namespace", "old_snapshot_threshold", "trace_recovery_messages"]),
    // The first two are in Debian's 15 and 17, not in its 18.
    (18, &["composite_type_mismatch", "extension_destdir", "ssl_ecdh_curve"]),
];
/// Defaults that changed: the version, the setting, what it was and what it is.
const DEFAULTS: &[(u32, &str, &str, &str)] = &[
    (17, "vacuum_buffer_usage_limit", "256 kB", "2048 kB"),
    (18, "effective_io_concurrency", "1", "16"),
    (18, "log_connections", "off", "there"),
    (18, "maintenance_io_concurrency", "10", "16"),
];
/// Settings that nobody sets: the version itself, and what follows from it.
const COMPUTED: &[&str] = &[
    "server_version",
    "server_version_num",
    "shared_memory_size",
    "shared_memory_size_in_huge_pages",
];

pub(super) const DECLARED: &[Expected] = &[
    Expected {
        check: "inventory",
        shape: |_, line| class(line) == "system objects" && line.altered().is_some(),
        why: "what PostgreSQL itself brings along is another on another major, and was not \
              compared",
        ..DIFFERENT
    },
    Expected {
        check: "inventory",
        shape: |_, line| class(line) == "extension" && same_but(line, &["version ", "members "]),
        why: "an extension is made anew, in the version that comes with the newer major",
        ..DIFFERENT
    },
    Expected {
        check: "inventory",
        shape: |_, line| class(line) == "collation" && same_but(line, &["version "]),
        why: "a collation has the version of the library it was made with anew",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(16),
        check: "inventory",
        shape: |_, line| {
            let query = matches!(class(line), "view" | "materialized view");
            let same = line.altered().is_some_and(|(was, is)| neutral(was) == neutral(is));
            query && same
        },
        why: "PostgreSQL 16 writes a query without the qualifiers that it does not need: compared \
              without them",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(17),
        check: "inventory",
        shape: |_, line| {
            let identity = |part: &&str| part.starts_with("identity ");
            let inherited = |text: &str| parts(text).any(|part| part == "inherited");
            let added = line.altered().is_some_and(|(was, is)| {
                inherited(was)
                    && !parts(was).any(|part| identity(&part))
                    && without(is, &["identity "]) == was
            });
            class(line) == "column" && added
        },
        why: "PostgreSQL 17 gives partitions the identity of their table",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(17),
        check: "inventory",
        shape: |_, line| {
            let privilege = matches!(class(line), "privilege" | "default privilege");
            privilege && line.altered().is_some_and(|(was, is)| only_may_maintain(was, is))
        },
        why: "PostgreSQL 17 has the privilege MAINTAIN: who was granted all has it, and where some \
              were revoked it is, too",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(17),
        check: "inventory",
        shape: |_, line| class(line) == NOT_NULL && line.came() && line.after == ["NOT NULL"],
        why: "PostgreSQL 17 has an entry for a domain's NOT NULL: the domain is compared as before",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(18),
        check: "inventory",
        shape: |_, line| {
            let plain = |text: &&str| {
                let valid = !text.ends_with(" NOT VALID") && !text.ends_with(" NO INHERIT");
                text.starts_with("NOT NULL ") && valid
            };
            class(line) == NOT_NULL && line.came() && line.after.iter().all(plain)
        },
        why: "PostgreSQL 18 has an entry for a column's NOT NULL: the column is compared as before",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(18),
        check: "inventory",
        shape: |_, line| {
            let none = r#""pubgencols": "n", "#;
            let same = line.altered().is_some_and(|(was, is)| is.replacen(none, "", 1) == was);
            class(line) == "publication" && same
        },
        why: "PostgreSQL 18 can publish generated columns, and publishes none where nobody said so",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(16),
        check: "globals",
        shape: |_, line| {
            let added = line.altered().is_some_and(|(was, is)| {
                let more = is.strip_prefix(was);
                more.is_some_and(|more| {
                    ["; inherit true; set true", "; inherit false; set true"].contains(&more)
                })
            });
            matches!(line.key, ["membership", _]) && added
        },
        why: "PostgreSQL 16 has options of a membership that were the role's own before",
        ..DIFFERENT
    },
    Expected {
        check: "configuration",
        shape: |_, line| setting(line).is_some_and(|it| line.came() && !it.contains('.')),
        why: "a setting that the newer major has and the older had not",
        ..DIFFERENT
    },
    Expected {
        check: "configuration",
        shape: |_, line| {
            setting(line).is_some_and(|it| line.altered().is_some() && COMPUTED.contains(&it))
        },
        why: "the version itself, and what it reckons from it",
        ..DIFFERENT
    },
    Expected {
        check: "configuration",
        shape: |_, line| {
            let built = |text: &str| text.starts_with("FILE:/") && text.ends_with("/krb5.keytab");
            setting(line) == Some("krb_server_keyfile")
                && line.altered().is_some_and(|(was, is)| built(was) && built(is))
        },
        why: "where the programs of the other major were built to look for their keys",
        ..DIFFERENT
    },
    Expected {
        between: Between::Since(18),
        check: "configuration",
        shape: |_, line| {
            line.key == ["line of a file", "autovacuum_worker_slots"]
                && line.came()
                && line.after == ["16"]
        },
        why: "initdb of PostgreSQL 18 writes this line into postgresql.conf",
        ..DIFFERENT
    },
    gone(16),
    gone(17),
    gone(18),
    another_default(17),
    another_default(18),
];

const NOT_NULL: &str = "not-null constraint";
const DIFFERENT: Expected = Expected {
    engines: DUMPS,
    between: Between::Different,
    check: "",
    shape: |_, _| false,
    why: "",
};

const fn gone(major: u32) -> Expected {
    Expected {
        between: Between::Since(major),
        check: "configuration",
        shape: match major {
            16 => |_, line| removed(line, 16),
            17 => |_, line| removed(line, 17),
            _ => |_, line| removed(line, 18),
        },
        why: "a setting that the newer major no longer has",
        ..DIFFERENT
    }
}

const fn another_default(major: u32) -> Expected {
    Expected {
        between: Between::Since(major),
        check: "configuration",
        shape: match major {
            17 => |_, line| defaulted(line, 17),
            _ => |_, line| defaulted(line, 18),
        },
        why: "a setting that nobody set, with another default on the newer major",
        ..DIFFERENT
    }
}

fn removed(line: &Line<'_>, major: u32) -> bool {
    let names = REMOVED.iter().filter(|(since, _)| *since == major).flat_map(|(_, names)| *names);
    line.went() && setting(line).is_some_and(|it| names.into_iter().any(|name| *name == it))
}

fn defaulted(line: &Line<'_>, major: u32) -> bool {
    let Some((name, (was, is))) = setting(line).zip(line.altered()) else { return false };
    DEFAULTS.contains(&(major, name, was, is))
}

fn class<'a>(line: &Line<'a>) -> &'a str {
    match line.key {
        [_, class, _] => class,
        _ => "",
    }
}

fn setting<'a>(line: &Line<'a>) -> Option<&'a str> {
    match line.key {
        ["setting", name] => Some(name),
        _ => None,
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("; ")
}

/// The parts of a definition that begin with none of `left_out`.
fn without(text: &str, left_out: &[&str]) -> String {
    let kept = |part: &&str| !left_out.iter().any(|begin| part.starts_with(begin));
    parts(text).filter(kept).collect::<Vec<_>>().join("; ")
}

/// What all privileges of a table were before PostgreSQL 17.
const ALL_BUT_MAINTAIN: [&str; 7] =
    ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];

/// Whether all that came is the new privilege, granted to whom all others were, or revoked from
/// whom some were: a dump says `ALL` there.
fn only_may_maintain(was: &str, is: &str) -> bool {
    let new = |part: &&str| part.split(' ').take(2).any(|word| word == "MAINTAIN");
    let follows = |part: &str| {
        let had = |name: &&str| {
            let one = part.replacen("MAINTAIN", name, 1);
            parts(was).any(|other| other == one)
        };
        let others = ALL_BUT_MAINTAIN.iter().filter(|name| had(name)).count();
        others == ALL_BUT_MAINTAIN.len() || others > 0 && part.starts_with("revoked ")
    };
    let came: Vec<&str> = parts(is).filter(new).collect();
    let rest = parts(is).filter(|part| !new(part));
    !came.is_empty() && came.into_iter().all(follows) && rest.eq(parts(was))
}

fn same_but(line: &Line<'_>, left_out: &[&str]) -> bool {
    line.altered().is_some_and(|(was, is)| without(was, left_out) == without(is, left_out))
}
