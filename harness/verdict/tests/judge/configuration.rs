//! Settings and rules: what may differ on a server that was restored, and what may not.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "configuration";

fn edit(story: &mut Story, moment: Moment, change: impl FnOnce(&mut Table)) {
    story.edit(moment, &Question::Configuration, change);
}

/// The definition of (class, name), another; `None` takes the row out.
fn set(story: &mut Story, moment: Moment, class: &str, name: &str, to: Option<&str>) {
    edit(story, moment, |table| {
        let is_it = |row: &[Option<String>]| {
            row[0].as_deref() == Some(class) && row[1].as_deref() == Some(name)
        };
        table.rows.retain(|row| !is_it(row));
        if let Some(to) = to {
            table.rows.push([class, name, to].map(|text| Some(text.to_owned())).to_vec());
        }
    });
}

#[test]
fn what_a_restore_must_change_is_named_and_holds() {
    let mut story = Story::before_disaster();
    let recovered = Moment::Recovered;
    set(&mut story, recovered.clone(), "line of a file", "restore_command", Some("value; hmac 1"));
    set(&mut story, recovered, "setting", "data_directory", Some("/elsewhere"));
    story.expect(CHECK, Held, &[]);
    let found = story.findings(CHECK);
    let expected = found.iter().find(|finding| finding.code == "expected_difference");
    let details = &expected.expect("it is named").details;
    assert_eq!(details.len(), 3, "{details:?}");
    assert!(details.iter().any(|it| it.contains("was `on`, is `off`")), "{details:?}");
}

#[test]
fn any_other_setting_must_be_in_force_as_before() {
    for (class, name, to) in [
        ("setting", "fsync", Some("off")),
        ("setting", "fsync", None),
        ("setting", "zero_damaged_pages", Some("on")),
        ("line of a file", "work_mem", Some("8MB")),
        ("line of a file", "work_mem", None),
        ("line of a file", "recovery_end_command", Some("value; hmac 2")),
        ("line of a file", "data_directory", Some("/elsewhere")),
        ("mistake in a file", "number 1", Some("syntax error")),
        ("access rule", "number 0001", Some("local databases all users all trust")),
        ("access rule", "number 0002", Some("host databases all users all trust")),
        ("name mapping", "number 0001", Some("m root is postgres")),
        ("file", "ssl_key_file", Some("9 bytes; hmac 3")),
    ] {
        let mut story = Story::before_disaster();
        set(&mut story, Moment::Recovered, class, name, to);
        let codes = match to {
            None => "missing",
            Some(_) if matches!(name, "zero_damaged_pages" | "recovery_end_command") => "extra",
            Some(_) if ["mistake in a file", "name mapping", "file"].contains(&class) => "extra",
            Some(_) if name == "number 0002" || name == "data_directory" => "extra",
            Some(_) => "altered",
        };
        story.expect(CHECK, Broken, &[codes]);
    }
}

#[test]
fn a_setting_that_waited_for_a_start_may_be_in_force_now_if_its_line_is_the_same() {
    let mut story = Story::before_disaster();
    set(&mut story, Moment::Recovered, "setting", "work_mem", Some("8192 kB"));
    story.expect(CHECK, Held, &[]);
    set(&mut story, Moment::Recovered, "line of a file", "work_mem", Some("8MB"));
    story.expect(CHECK, Broken, &["altered"]);
}

#[test]
fn a_source_that_names_no_rule_no_line_or_no_setting_is_nothing_to_compare_with() {
    for class in ["setting", "line of a file", "access rule"] {
        let mut story = Story::before_disaster();
        for moment in [Moment::Baseline, Moment::Recovered] {
            edit(&mut story, moment, |table| {
                table.rows.retain(|row| row[0].as_deref() != Some(class));
            });
        }
        story.expect(CHECK, Unknown, &["nothing_compared"]);
    }
}
