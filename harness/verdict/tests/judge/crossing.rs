//! A dump restored on a newer major: what that changes by itself is told and excused, and the next
//! thing to it is red.

use pgrehearse_verdict::finding::Status::{Broken, Held};
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::Story;

/// A story whose dump of `source` is restored on `target`.
fn from_to(source: u32, target: u32) -> Story {
    let mut story = Story::latest();
    story.brief.engine = "pg_dump".to_owned();
    story.brief.postgres = source;
    story.brief.recoveries[0].postgres = (source != target).then_some(target);
    story
}

/// The rows `(key, before, after)`, in an answer of both servers.
fn tell(story: &mut Story, question: &Question, rows: &[(&[&str], Option<&str>, Option<&str>)]) {
    for (moment, side) in [(Moment::Baseline, 0), (Moment::Recovered, 1)] {
        story.edit(moment, question, |table| {
            for (key, before, after) in rows {
                let Some(definition) = [before, after][side] else { continue };
                let row = key.iter().chain([definition]).map(|it| Some((*it).to_owned()));
                table.rows.push(row.collect());
            }
        });
    }
}

type Case = (&'static str, &'static [&'static str], Option<&'static str>, Option<&'static str>);

const INVENTORY: &[Case] = &[
    ("17", &["shop", "system objects", "pg_proc"], Some("3297 ab"), Some("3330 cd")),
    (
        "17",
        &["shop", "extension", "x"],
        Some("version 1.1; schema e; members 1 a"),
        Some("version 1.2; schema e; members 2 b"),
    ),
    (
        "17",
        &["shop", "collation", "c"],
        Some("provider i; version 153.120"),
        Some("provider i; version 153.128"),
    ),
    (
        "17",
        &["shop", "view", "v"],
        Some("as  SELECT t.a\n FROM s.t;"),
        Some("as SELECT a FROM s.t;"),
    ),
    (
        "17",
        &["shop", "column", "p.id"],
        Some("bigint; not null; inherited"),
        Some("bigint; not null; identity always; inherited"),
    ),
    ("17", &["shop", "not-null constraint", "d_not_null on d"], None, Some("NOT NULL")),
    ("17", &["shop", "privilege", "table t"], Some(ALL_TO_A), Some(ALL_TO_A_AND_MAINTAIN)),
    (
        "17",
        &["shop", "default privilege", "for role r on tables"],
        Some(ALL),
        Some(ALL_AND_MAINTAIN),
    ),
    (
        "17",
        &["shop", "privilege", "table u"],
        Some("revoked DELETE from r by r; revoked TRIGGER from r by r"),
        Some(
            "revoked DELETE from r by r; revoked MAINTAIN from r by r; revoked TRIGGER from r by r",
        ),
    ),
    ("18", &["shop", "not-null constraint", "t_a_not_null on t"], None, Some("NOT NULL a")),
    (
        "18",
        &["shop", "publication", "p"],
        Some(r#"{"a": 1, "b": 2}"#),
        Some(r#"{"a": 1, "pubgencols": "n", "b": 2}"#),
    ),
];

const ALL_TO_A: &str = "granted DELETE to a by r; granted INSERT to a by r; \
    granted REFERENCES to a by r; granted SELECT to a by r; granted TRIGGER to a by r; \
    granted TRUNCATE to a by r; granted UPDATE to a by r";
const ALL_TO_A_AND_MAINTAIN: &str = "granted DELETE to a by r; granted INSERT to a by r; \
    granted MAINTAIN to a by r; granted REFERENCES to a by r; granted SELECT to a by r; \
    granted TRIGGER to a by r; granted TRUNCATE to a by r; granted UPDATE to a by r";
const ALL: &str = "DELETE to a by r; INSERT to a by r; REFERENCES to a by r; SELECT to a by r; \
    TRIGGER to a by r; TRUNCATE to a by r; UPDATE to a by r";
const ALL_AND_MAINTAIN: &str = "DELETE to a by r; INSERT to a by r; MAINTAIN to a by r; \
    REFERENCES to a by r; SELECT to a by r; TRIGGER to a by r; TRUNCATE to a by r; \
    UPDATE to a by r";

const RED: &[Case] = &[
    (
        "17",
        &["shop", "privilege", "table t"],
        Some("granted SELECT to a by r"),
        Some("granted MAINTAIN to a by r; granted SELECT to a by r"),
    ),
    ("17", &["shop", "privilege", "table t"], Some(ALL_TO_A), Some("granted MAINTAIN to a by r")),
    (
        "17",
        &["shop", "privilege", "table t"],
        Some("revoked DELETE from r by r"),
        Some("revoked MAINTAIN from r by r"),
    ),
    (
        "17",
        &["shop", "privilege", "table t"],
        Some("revoked DELETE from r by r"),
        Some("revoked DELETE from r by r; revoked MAINTAIN from s by r"),
    ),
    ("16", &["shop", "privilege", "table t"], Some(ALL_TO_A), Some(ALL_TO_A_AND_MAINTAIN)),
    ("17", &["shop", "system objects", "pg_proc"], Some("3297 ab"), None),
    (
        "17",
        &["shop", "extension", "x"],
        Some("version 1.1; schema e"),
        Some("version 1.2; schema f"),
    ),
    ("17", &["shop", "extension", "x"], Some("version 1.1; schema e"), None),
    (
        "17",
        &["shop", "collation", "c"],
        Some("provider i; version 1"),
        Some("provider c; version 2"),
    ),
    ("17", &["shop", "view", "v"], Some("as SELECT t.a FROM s.t;"), Some("as SELECT b FROM s.t;")),
    ("17", &["shop", "column", "t.a"], Some("bigint; not null"), Some("bigint")),
    (
        "17",
        &["shop", "column", "t.a"],
        Some("bigint; not null"),
        Some("bigint; not null; identity always"),
    ),
    (
        "17",
        &["shop", "column", "p.id"],
        Some("bigint; not null; inherited"),
        Some("bigint; identity always; inherited"),
    ),
    (
        "17",
        &["shop", "column", "p.id"],
        Some("bigint; identity by default; inherited"),
        Some("bigint; identity always; inherited"),
    ),
    ("17", &["shop", "not-null constraint", "t_a_not_null on t"], None, Some("NOT NULL a")),
    ("17", &["shop", "not-null constraint", "d_not_null on d"], Some("NOT NULL"), None),
    (
        "18",
        &["shop", "not-null constraint", "t_a_not_null on t"],
        None,
        Some("NOT NULL a NOT VALID"),
    ),
    (
        "18",
        &["shop", "not-null constraint", "t_a_not_null on t"],
        None,
        Some("NOT NULL a NO INHERIT"),
    ),
    (
        "18",
        &["shop", "publication", "p"],
        Some(r#"{"a": 1, "b": 2}"#),
        Some(r#"{"a": 1, "pubgencols": "s", "b": 2}"#),
    ),
    (
        "17",
        &["shop", "publication", "p"],
        Some(r#"{"a": 1, "b": 2}"#),
        Some(r#"{"a": 1, "pubgencols": "n", "b": 2}"#),
    ),
    ("17", &["shop", "table", "t"], None, Some("permanent")),
];

fn told(case: &Case, source: u32, question: &Question) -> Story {
    let (target, key, before, after) = case;
    let mut story = from_to(source, target.parse().expect("a major"));
    tell(&mut story, question, &[(key, *before, *after)]);
    story
}

#[test]
fn what_a_newer_major_changes_in_the_catalogue_is_excused_and_told() {
    for case in INVENTORY {
        let story = told(case, 15, &Question::Inventory);
        story.expect("inventory", Held, &[]);
        let found = story.findings("inventory");
        let told = found.iter().find(|it| it.code == "expected_difference").expect("told");
        assert!(told.details.iter().any(|it| it.contains(case.1[1])), "{told:#?}");
    }
}

#[test]
fn what_is_excused_is_not_counted_as_equal() {
    let equal = |story: &Story| {
        let found = story.findings("inventory");
        found.into_iter().find(|it| it.code == "equal").expect("equal").said
    };
    for case in INVENTORY {
        let untouched = from_to(15, case.0.parse().expect("a major"));
        assert_eq!(equal(&told(case, 15, &Question::Inventory)), equal(&untouched), "{case:?}");
    }
}

#[test]
fn the_same_on_one_major_is_red() {
    for case in INVENTORY {
        let mut story = told(case, 15, &Question::Inventory);
        story.brief.recoveries[0].postgres = None;
        assert_eq!(worst(&story, "inventory"), Broken, "{case:?}");
        let mut story = told(case, 15, &Question::Inventory);
        story.brief.engine = "pgbackrest".to_owned();
        assert_eq!(worst(&story, "inventory"), Broken, "{case:?}");
    }
}

#[test]
fn what_no_newer_major_does_is_red() {
    for case in RED {
        let story = told(case, 15, &Question::Inventory);
        assert_eq!(worst(&story, "inventory"), Broken, "{case:?}");
    }
}

#[test]
fn an_entry_that_the_source_had_already_must_come_back() {
    let case: Case = (
        "18",
        &["shop", "column", "p.id"],
        Some("bigint; inherited"),
        Some("bigint; identity always; inherited"),
    );
    assert_eq!(worst(&told(&case, 17, &Question::Inventory), "inventory"), Broken);
    assert_eq!(worst(&told(&case, 16, &Question::Inventory), "inventory"), Held);
}

#[rstest::rstest]
#[case::inherits("admin false; inherit true; set true", Held)]
#[case::inherits_not("admin false; inherit false; set true", Held)]
#[case::cannot_set("admin false; inherit true; set false", Broken)]
#[case::administers("admin true; inherit true; set true", Broken)]
fn a_membership_has_options_since_16(
    #[case] after: &'static str,
    #[case] wanted: pgrehearse_verdict::finding::Status,
) {
    let case: Case =
        ("17", &["membership", "a in b by postgres"], Some("admin false"), Some(after));
    assert_eq!(worst(&told(&case, 15, &Question::Globals), "globals"), wanted);
    assert_eq!(worst(&told(&case, 16, &Question::Globals), "globals"), Broken);
}

#[rstest::rstest]
#[case::a_new_setting("17", "allow_alter_system", None, Some("on"), Held)]
#[case::a_setting_of_an_extension("17", "cron.host", None, Some("x"), Broken)]
#[case::a_setting_that_is_no_more("17", "old_snapshot_threshold", Some("-1 min"), None, Held)]
#[case::a_setting_that_is_no_more_later("17", "ssl_ecdh_curve", Some("prime256v1"), None, Broken)]
#[case::a_setting_of_debians("18", "extension_destdir", Some("there"), None, Held)]
#[case::a_setting_that_there_is("17", "work_mem", Some("4096 kB"), None, Broken)]
#[case::another_default("17", "vacuum_buffer_usage_limit", Some("256 kB"), Some("2048 kB"), Held)]
#[case::not_the_default("17", "vacuum_buffer_usage_limit", Some("512 kB"), Some("2048 kB"), Broken)]
#[case::a_later_default("17", "effective_io_concurrency", Some("1"), Some("16"), Broken)]
#[case::now("18", "effective_io_concurrency", Some("1"), Some("16"), Held)]
#[case::the_version("17", "server_version_num", Some("150020"), Some("170012"), Held)]
#[case::where_keys_are_by_default(
    "17",
    "krb_server_keyfile",
    Some("FILE:/opt/postgresql/etc/krb5.keytab"),
    Some("FILE:/etc/postgresql-common/krb5.keytab"),
    Held
)]
#[case::where_somebody_put_keys(
    "17",
    "krb_server_keyfile",
    Some("FILE:/k"),
    Some("FILE:/l"),
    Broken
)]
#[case::a_setting_of_the_users(
    "17",
    "maintenance_work_mem",
    Some("8192 kB"),
    Some("4096 kB"),
    Broken
)]
fn a_setting_is_excused_only_as_the_newer_major_has_it(
    #[case] target: &'static str,
    #[case] name: &'static str,
    #[case] before: Option<&'static str>,
    #[case] after: Option<&'static str>,
    #[case] wanted: pgrehearse_verdict::finding::Status,
) {
    let key: &'static [&'static str] = Box::leak(Box::new(["setting", name]));
    let story = told(&(target, key, before, after), 15, &Question::Configuration);
    assert_eq!(worst(&story, "configuration"), wanted);
}

#[track_caller]
fn worst(story: &Story, check: &str) -> pgrehearse_verdict::finding::Status {
    story.findings(check).iter().map(|finding| finding.status).max().expect("a finding")
}
