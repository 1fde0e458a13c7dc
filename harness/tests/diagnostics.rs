//! Broken scenarios, and the exact text each must produce.
//!
//! Each `diagnostics/NAME.yaml` has its text beside it in `NAME.txt`; what cannot lie in a
//! repository is made here and has its text in `diagnostics/hostile/`. With
//! `PGREHEARSE_BLESS=1` the texts are written anew: read them then.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use pgrehearse::plan::{Ground, Plan, lower, not_for_this_rig};
use pgrehearse::scenario::{Class, Code, Diagnostic, read};

const CASES: &str = "tests/diagnostics";

/// The ground of a case: `# ground: NAME` in its first line, else `docker`.
fn ground(text: &str) -> Ground {
    let named = text.lines().next().and_then(|line| line.strip_prefix("# ground: "));
    let (rig, majors) = match named {
        Some("local") => ("local", vec![15]),
        Some("paper") => ("paper", vec![17]),
        _ => ("docker", vec![15, 17, 18]),
    };
    let default_major = if majors.contains(&17) { 17 } else { 15 };
    Ground { rig, majors, default_major, seed: 1, fixtures_dir: format!("{CASES}/fixtures").into() }
}

fn complaints(path: &Path) -> Result<Vec<Plan>, Vec<Diagnostic>> {
    let scenario = read(path).map_err(|complaint| vec![complaint])?;
    lower(&scenario, &ground(&scenario.source.text))
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    cases.sort();
    assert!(cases.len() >= 60, "only {} cases were found", cases.len());
    cases
}

fn text(complaints: &[Diagnostic]) -> String {
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect::<Vec<_>>().join("\n")
}

/// Compares with the text in `golden`, or writes it; what differs is returned.
fn compare(golden: &Path, found: &str) -> Option<String> {
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(golden, found).unwrap();
    }
    let wanted = fs::read_to_string(golden).unwrap_or_default();
    (wanted != found)
        .then(|| format!("{}\n--- wanted\n{wanted}\n--- found\n{found}\n", golden.display()))
}

#[test]
fn every_broken_scenario_says_exactly_what_is_wrong_and_where() {
    let mut different = vec![];
    for case in cases() {
        let found = match complaints(&case) {
            Ok(_) => panic!("{}: nothing was complained about", case.display()),
            Err(found) => found,
        };
        different.extend(compare(&case.with_extension("txt"), &text(&found)));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_text_belongs_to_a_case() {
    for entry in fs::read_dir(CASES).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "txt") {
            assert!(path.with_extension("yaml").exists(), "{} has no scenario", path.display());
        }
    }
}

#[test]
fn every_kind_of_complaint_has_a_case() {
    let hostile = tempfile::tempdir().unwrap();
    let files = make_hostile(hostile.path());
    let paths = cases().into_iter().chain(files);
    let found = paths.flat_map(|path| complaints(&path).unwrap_err());
    let seen: BTreeSet<Code> = found.map(|complaint| complaint.code).collect();
    for code in Code::ALL {
        assert!(seen.contains(code), "`{}`", code.name());
    }
}

#[test]
fn what_another_rig_could_do_is_told_from_what_is_wrong() {
    for (name, wanted) in [
        ("version_on_local", true),
        ("image_not_here", true),
        ("disaster_not_here", true),
        ("matrix_version", true),
        ("unknown_mark", false),
    ] {
        let found = complaints(&Path::new(CASES).join(name).with_extension("yaml")).unwrap_err();
        assert_eq!(not_for_this_rig(&found), wanted, "{name}");
    }
    assert!(!not_for_this_rig(&[]), "no complaint is not a complaint about the rig");
    let mixed = complaints(&Path::new(CASES).join("unknown_mark.yaml")).unwrap_err();
    let mixed: Vec<_> = [Class::Wrong, Class::NotForThisRig]
        .map(|class| Diagnostic { class, ..mixed[0].clone() })
        .into();
    assert!(!not_for_this_rig(&mixed), "one mistake makes a scenario wrong");
}

/// What cannot lie in a repository: made here, each by its name.
fn make_hostile(folder: &Path) -> Vec<PathBuf> {
    let sound = fs::read_to_string(format!("{CASES}/unknown_mark.yaml")).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    put("too_large.yaml", format!("{sound}#{}\n", "x".repeat(1 << 20)).as_bytes());
    put("deep_flow.yaml", format!("name: {}\n", "[".repeat(100_000)).as_bytes());
    let deep: String = (0..200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    put("deep_block.yaml", deep.as_bytes());
    let mut bomb = "name: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        bomb.push_str(&format!("tags{level}: &a{level} [{}]\n", [&*alias; 9].join(", ")));
    }
    put("alias_bomb.yaml", bomb.replace("name:", "tags:").as_bytes());
    let nested = (1..10).fold("x".to_owned(), |inner, level| {
        format!("&a{level} [{inner}, {}]", vec![format!("*a{}", level - 1); 9].join(", "))
    });
    put("alias_within.yaml", format!("tags: {}\n", nested.replacen("*a0", "x", 9)).as_bytes());
    put("alias_itself.yaml", b"name: x\ntags: &a [*a]\n");
    let marks: String = (0..1500).map(|mark| format!("  - mark: m{mark}\n")).collect();
    let lost: String =
        (0..1500).map(|mark| format!("  - recover: {{ to: {{ mark: n{mark} }} }}\n")).collect();
    put(
        "many_steps.yaml",
        sound.replace("  - mark:", &format!("{marks}{lost}  - mark:")).as_bytes(),
    );
    let labels: String = (0..60).map(|label| format!("t{label}, ")).collect();
    put("many_labels.yaml", format!("{sound}tags: [{labels}]\n").as_bytes());
    let keys: String = (0..60_000).map(|key| format!("k{key}: 1\n")).collect();
    put("many_keys.yaml", format!("name: x\npostgres:\n  settings:\n{}", indent(&keys)).as_bytes());
    put("many_tags.yaml", format!("name: x\ntags: [{}]\n", "x, ".repeat(50_000)).as_bytes());
    let many = "*a, ".repeat(200);
    put("many_aliases.yaml", format!("name: &a x\ntags: [{many}]\n").as_bytes());
    put("nul.yaml", b"name: a\0b\n");
    put("escape.yaml", b"name: a\x1b[31mb\n");
    put("c1.yaml", "name: a\u{83}\u{9b}31mb\n".as_bytes());
    put("latin1.yaml", b"name: caf\xe9\n");
    put("utf16.yaml", b"\xff\xfen\0a\0m\0e\0:\0 \0x\0");
    put("bom.yaml", format!("\u{FEFF}{sound}").as_bytes());
    put("bom_within.yaml", "name: a\u{FEFF}b\n".as_bytes());
    put("right_to_left.yaml", "name: \u{202E}nwohs si siht\n".as_bytes());
    put("; touch x; $(touch x) \u{1b}[31m\n.yaml", sound.as_bytes());
    put("escaped_nul.yaml", b"name: x\nfixture: { sql: \"a\\0b\" }\nengine: { pgbackrest: {} }\n");
    put("escaped_rtl.yaml", "name: x\nfixture: \"\\u202Eshop\"\n".as_bytes());
    put("target", sound.as_bytes());
    symlink(folder.join("target"), folder.join("link.yaml")).unwrap();
    symlink(folder.join("target"), folder.join("data.sql")).unwrap();
    put("fixture_link.yaml", b"name: x\nfixture: { sql: data.sql }\nengine: { pgbackrest: {} }\n");
    fs::create_dir(folder.join("folder.yaml")).unwrap();
    let fifo = folder.join("fifo.yaml");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .chain([folder.join("gone.yaml")])
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}

#[test]
fn hostile_files_are_refused_with_a_text_that_is_safe_to_show() {
    let folder = tempfile::tempdir().unwrap();
    let shown_as = folder.path().display().to_string();
    let mut different = vec![];
    for case in make_hostile(folder.path()) {
        let found = complaints(&case).expect_err("it is hostile");
        let text = text(&found).replace(&shown_as, "TEMP");
        let strange = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || ('\u{202A}'..='\u{202E}').contains(c));
        assert_eq!(strange, None, "{}: {text}", case.display());
        assert!(text.len() < 20_000, "{} says too much", case.display());
        let stem = case.file_stem().unwrap().to_string_lossy();
        let safe = stem.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        different.extend(compare(&Path::new(CASES).join("hostile").join(safe + ".txt"), &text));
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(!Path::new("x").exists(), "something in a scenario was run");
}

/// A small stand-in for the fuzz target, for those who have no nightly compiler: what is sound is
/// broken at seeded places, and must be read or refused, never panic.
#[test]
fn no_change_of_a_letter_makes_the_parser_panic() {
    let sound = fs::read("../scenarios/dropped-table.yaml").unwrap();
    let letters = b"{}[]:,-#&*!|>'\"%@` \n\t\\0a~<?=";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.yaml");
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let mut refused = 0;
    for _ in 0..600 {
        let mut text = sound.clone();
        for _ in 0..=draw(3) {
            let at = draw(text.len());
            match draw(3) {
                0 => text[at] = letters[draw(letters.len())],
                1 => drop(text.remove(at)),
                _ => text.insert(at, letters[draw(letters.len())]),
            }
        }
        fs::write(&path, &text).unwrap();
        refused +=
            usize::from(complaints(&path).is_err_and(|found| {
                found.iter().all(|complaint| !complaint.to_string().is_empty())
            }));
    }
    assert!(refused > 200, "only {refused} changes were refused");
}
