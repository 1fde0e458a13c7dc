//! What a lease promises to whoever finds it.

use super::*;

fn volume(name: &str) -> Leased {
    Leased::Volume { name: name.to_owned() }
}

/// A lease with three things taken and one given back, its owner gone.
fn left_behind(state: &Path) -> PathBuf {
    let lease = Lease::open_in(state, "run-1").unwrap();
    for name in ["a", "b", "c"] {
        lease.add(&volume(name)).unwrap();
    }
    lease.gave_back(&volume("b")).unwrap();
    state.join("leases/run-1.jsonl")
}

#[test]
fn a_living_owner_is_never_found_abandoned() {
    let state = tempfile::tempdir().unwrap();
    let lease = Lease::open_in(state.path(), "run-1").unwrap();
    assert!(abandoned_in(state.path()).unwrap().0.is_empty());
    assert!(matches!(take(state.path(), "run-1"), Err(LeaseTrouble::Alive(_))));
    drop(lease);
    assert_eq!(abandoned_in(state.path()).unwrap().0.len(), 1);
}

#[test]
fn what_was_given_back_is_not_asked_for_again() {
    let state = tempfile::tempdir().unwrap();
    let path = left_behind(state.path());
    let found = take(state.path(), "run-1").unwrap().unwrap();
    assert_eq!(found.leased, [volume("a"), volume("c")]);
    assert!(found.damaged.is_empty());
    assert_eq!(found.settle().unwrap(), None);
    assert!(!path.exists());
}

#[test]
fn one_cleaner_keeps_out_another() {
    let state = tempfile::tempdir().unwrap();
    left_behind(state.path());
    let first = take(state.path(), "run-1").unwrap().unwrap();
    assert!(matches!(take(state.path(), "run-1"), Err(LeaseTrouble::Alive(_))));
    drop(first);
}

#[test]
fn two_runs_cannot_have_one_name() {
    let state = tempfile::tempdir().unwrap();
    let lease = Lease::open_in(state.path(), "run-1").unwrap();
    assert!(matches!(Lease::open_in(state.path(), "run-1"), Err(LeaseTrouble::File { .. })));
    lease.add(&volume("a")).unwrap();
    lease.close().unwrap();
    lease.close().unwrap();
    Lease::open_in(state.path(), "run-1").unwrap();
}

#[test]
fn the_file_is_for_its_owner_alone() {
    let state = tempfile::tempdir().unwrap();
    let path = left_behind(state.path());
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_cut_at_every_length_is_loud_or_a_true_prefix() {
    let state = tempfile::tempdir().unwrap();
    let path = left_behind(state.path());
    let whole = fs::read(path).unwrap();
    let prefixes: Vec<Vec<Leased>> = vec![
        vec![],
        vec![volume("a")],
        vec![volume("a"), volume("b")],
        vec![volume("a"), volume("b"), volume("c")],
        vec![volume("a"), volume("c")],
    ];
    for length in 0..whole.len() {
        let (leased, damaged) = read("run-1", &whole[..length]);
        let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(leased, prefixes[lines.saturating_sub(1)], "cut at {length}");
        let torn = length == 0 || whole[length - 1] != b'\n';
        assert_eq!(damaged.is_empty(), !torn, "cut at {length}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_loud() {
    let state = tempfile::tempdir().unwrap();
    let path = left_behind(state.path());
    let whole = fs::read(path).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        let (leased, damaged) = read("run-1", &changed);
        assert!(!damaged.is_empty(), "byte {place}");
        let true_names = [volume("a"), volume("b"), volume("c")];
        assert!(leased.iter().all(|thing| true_names.contains(thing)), "byte {place}");
    }
}

#[test]
fn a_damaged_file_is_kept_aside() {
    let state = tempfile::tempdir().unwrap();
    let path = left_behind(state.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"line\":");
    fs::write(&path, bytes).unwrap();
    let found = take(state.path(), "run-1").unwrap().unwrap();
    assert_eq!(found.leased.len(), 2);
    assert_eq!(found.damaged.len(), 1);
    let aside = found.settle().unwrap().unwrap();
    assert!(aside.exists() && !path.exists());
}

#[test]
fn a_folder_that_is_not_ours_cannot_be_leased() {
    let state = tempfile::tempdir().unwrap();
    let lease = Lease::open_in(state.path(), "run-1").unwrap();
    for path in ["/", "/home", "/tmp/other", "pgrehearse-x", "/tmp/../pgrehearse-x"] {
        let leased = Leased::Folder { path: path.into() };
        assert!(matches!(lease.add(&leased), Err(LeaseTrouble::Foreign(_))), "{path}");
    }
    lease.add(&Leased::Folder { path: "/tmp/pgrehearse-x".into() }).unwrap();
}

#[test]
fn a_run_cannot_be_named_out_of_the_folder() {
    let state = tempfile::tempdir().unwrap();
    for run in ["", "../x", "a/b", ".", "a.b", "a b"] {
        assert!(matches!(Lease::open_in(state.path(), run), Err(LeaseTrouble::RunName(_))));
    }
}
