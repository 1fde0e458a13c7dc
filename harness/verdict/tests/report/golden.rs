//! Recorded runs and the reports they must become: compared, and read back by a strict reader.

use crate::outside::{assert_golden, assert_junit, xpath};
use crate::runs;
use pgrehearse_verdict::report::{Run, html, json, junit, summary, terminal};

fn check(name: &str, run: &Run) {
    let folder = format!("reports/{}", run.id);
    assert_golden(&format!("{name}.xml"), &junit(run));
    assert_golden(&format!("{name}.json"), &json(run));
    assert_golden(&format!("{name}.md"), &summary(run));
    assert_golden(&format!("{name}.txt"), &terminal(run, false, &folder));
    assert_golden(&format!("{name}.html"), &html(run));
}

#[test]
fn a_run_with_every_status_reads_as_it_did() {
    check("every", &runs::every());
}

#[test]
fn a_green_run_reads_as_it_did() {
    check("green", &runs::green());
}

#[test]
fn a_run_of_nothing_reads_as_it_did() {
    check("nothing", &runs::nothing());
}

#[test]
fn junit_is_by_the_schema() {
    for run in [runs::every(), runs::green(), runs::nothing(), runs::run(vec![], 4)] {
        assert_junit(&junit(&run));
    }
}

#[test]
fn junit_counts_what_it_holds() {
    let xml = junit(&runs::every());
    for kind in ["failure", "error"] {
        let counted = xpath(&xml, &format!("sum(//testsuite/@{kind}s)"));
        assert_eq!(counted, xpath(&xml, &format!("count(//testcase/{kind})")), "{kind}");
        assert_ne!(counted, "0");
    }
    assert_eq!(xpath(&xml, "sum(//testsuite/@tests)"), xpath(&xml, "count(//testcase)"));
    assert_eq!(xpath(&xml, "count(//testcase/skipped[not(@message) or @message=''])"), "0");
}

#[test]
fn junit_blames_the_subject_with_failures_and_the_rig_with_errors() {
    let xml = junit(&runs::every());
    let outcome = |class: &str, case: &str| {
        let case = format!("//testcase[@classname='pgrehearse.{class}' and @name='{case}']");
        assert_eq!(xpath(&xml, &format!("count({case})")), "1", "{case}");
        xpath(&xml, &format!("concat(name({case}/*[not(self::system-out)]), '')"))
    };
    assert_eq!(outcome("host_lost", "check: ledger"), "failure");
    assert_eq!(outcome("host_lost", "check: server_log"), "error");
    assert_eq!(outcome("host_lost", "check: fingerprint"), "");
    assert_eq!(outcome("host_lost", "objective: RTO <= 5s"), "failure");
    assert_eq!(outcome("host_lost", "control: old_backup"), "failure");
    assert_eq!(outcome("host_lost", "control: roles_left_out"), "error");
    assert_eq!(outcome("host_lost", "control: wal_segment_missing"), "");
    assert_eq!(outcome("bad_disk", "check: drill"), "error");
    assert_eq!(outcome("bad_disk", "check: sequences"), "error");
    assert_eq!(outcome("bad_disk", "objective: RPO <= 5m"), "error");
    assert_eq!(outcome("bad_disk", "control: wal_segment_missing"), "error");
    assert_eq!(outcome("bad_disk", "control: never_performed"), "skipped");
    assert_eq!(outcome("drop_table", "objective: RTO <= 4h"), "");
    assert_eq!(outcome("canary_no_archive", "canary: must fail by rpo"), "");
    assert_eq!(outcome("canary_no_archive", "objective: RPO <= 5m"), "failure");
}

#[test]
fn junit_never_holds_a_recovery_time_as_the_time_of_a_case() {
    let xml = junit(&runs::every());
    assert_eq!(xpath(&xml, "count(//testcase[@time!='0' and @name!='verdict'])"), "0");
    assert_eq!(xpath(&xml, "string(//testcase[@name='verdict'][1]/@time)"), "41");
    let out = xpath(&xml, "string(//testcase[starts-with(@name,'objective: RTO')]/system-out)");
    assert!(out.contains("pgrehearse.rto_seconds=5.241"), "{out}");
}

#[test]
fn junit_says_nothing_of_the_machine_and_nothing_of_now() {
    let xml = junit(&runs::every());
    assert_eq!(xpath(&xml, "count(//testsuite[@hostname!='pgrehearse'])"), "0");
    assert_eq!(xpath(&xml, "string(//testsuite/@timestamp)"), "2026-11-03T09:00:00.25Z");
    let unreadable = Run { began: "yesterday".to_owned(), ..runs::green() };
    assert_eq!(xpath(&junit(&unreadable), "string(//testsuite/@timestamp)"), {
        "1970-01-01T00:00:00Z"
    });
}

#[test]
fn two_drills_of_one_name_are_two_in_junit() {
    let xml = junit(&runs::run(vec![runs::passed(), runs::failed(), runs::passed()], 1));
    assert_eq!(xpath(&xml, "count(//testcase[@name='verdict'])"), "3");
    assert_eq!(xpath(&xml, "count(//testcase[@classname='pgrehearse.drop_table #2'])"), {
        xpath(&xml, "count(//testcase[@classname='pgrehearse.drop_table'])")
    });
}

#[test]
fn results_are_read_back_as_what_they_were() {
    for run in [runs::every(), runs::green(), runs::nothing()] {
        let read: Run = serde_json::from_str(&json(&run)).expect("our own JSON is read");
        assert_eq!(read, run);
    }
}
