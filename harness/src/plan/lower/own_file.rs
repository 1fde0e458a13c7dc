//! Which files a scenario and a fixture may name.
//!
//! A scenario's own `{ sql: … }` and `{ dump: … }` may lie anywhere: whoever wrote the scenario
//! chose them; a relative path begins at the scenario's folder. What a `fixture.yaml` names must
//! lie in the fixture's folder, for a fixture is passed on. Links are followed by neither.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::scenario::{self, Code};

/// A complaint about a path: its kind, and what is said after the path.
pub(super) type Refused = (Code, String);

/// A regular file that is not a link and not empty.
pub(super) fn regular(path: &Path) -> Result<(), Refused> {
    let refused = |said: &str| Err((Code::FixtureFile, said.to_owned()));
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => refused("is not there"),
        Err(_) => refused("cannot be looked at"),
        Ok(is) if is.is_symlink() => refused("is a symbolic link, and those are not followed"),
        Ok(is) if is.is_dir() => refused("is a folder, wanted a file"),
        Ok(is) if !is.is_file() => refused("is not a regular file"),
        Ok(is) if is.len() == 0 => refused("is empty"),
        Ok(_) => Ok(()),
    }
}

/// A file that the scenario itself names.
pub(super) fn of_scenario(scenario: &Path, named: &str) -> Result<PathBuf, Refused> {
    if named.is_empty() || named.contains('\0') {
        return Err((Code::FixtureFile, "is not a path".to_owned()));
    }
    let path = scenario.parent().unwrap_or(Path::new("")).join(named);
    regular(&path).map(|()| path)
}

/// The text of a file that the scenario itself names, and the SHA-256 of its bytes.
pub(super) fn text_of_scenario(
    scenario: &Path,
    named: &str,
    most: usize,
) -> Result<(String, String), Refused> {
    let path = of_scenario(scenario, named)?;
    let bytes = scenario::bytes(&path, most)?;
    let sha256 = crate::drill::hex(&Sha256::digest(&bytes));
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| (Code::NotText, "is not text in UTF-8".to_owned()))?;
    Ok((text, sha256))
}

/// A file in the fixture's `folder`, links on the way to it refused as well.
pub(super) fn of_fixture(folder: &Path, named: &str) -> Result<PathBuf, Refused> {
    let path = below(folder, named)?;
    regular(&path).map(|()| path)
}

/// A path that stays below `folder`; every part of it but the last is a folder and no link.
fn below(folder: &Path, named: &str) -> Result<PathBuf, Refused> {
    let escape = |said: &str| Err((Code::FixtureEscape, said.to_owned()));
    if named.is_empty() || named.contains('\0') {
        return Err((Code::FixtureFile, "is not a path".to_owned()));
    }
    let parts: Vec<Component<'_>> = Path::new(named).components().collect();
    if !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
        return escape("does not lie in the fixture's folder");
    }
    let mut path = folder.to_owned();
    for (number, part) in parts.iter().enumerate() {
        path.push(part);
        let link = path.symlink_metadata().is_ok_and(|is| is.is_symlink());
        if link && number + 1 < parts.len() {
            return escape("goes through a symbolic link");
        }
    }
    Ok(path)
}

/// The files of a pattern whose last part may hold one `*`, in the order of their names.
pub(super) fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, Refused> {
    let (place, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let Some((start, end)) = last.split_once('*') else {
        return of_fixture(folder, pattern).map(|path| vec![path]);
    };
    if place.contains('*') || end.contains('*') {
        let said = "may hold one `*`, in its last part";
        return Err((Code::FixtureFile, said.to_owned()));
    }
    let within = if place.is_empty() { folder.to_owned() } else { below(folder, place)? };
    let missing = |_| (Code::FixtureFile, "has no folder".to_owned());
    if within.symlink_metadata().map_err(missing)?.is_symlink() {
        return Err((Code::FixtureEscape, "goes through a symbolic link".to_owned()));
    }
    let mut found = vec![];
    for entry in within.read_dir().map_err(missing)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let fits = name.len() >= start.len() + end.len();
        if fits && name.starts_with(start) && name.ends_with(end) {
            let path = entry.path();
            regular(&path)
                .map_err(|(code, said)| (code, format!("matches `{name}`, which {said}")))?;
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err((Code::FixtureEmpty, "matches no file, so nothing would be tried".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn ground() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("shop/smoke")).unwrap();
        fs::write(at("outside.sql"), "select 1").unwrap();
        fs::write(at("shop/in.sql"), "select 1").unwrap();
        fs::write(at("shop/smoke/b.sql"), "select 1").unwrap();
        fs::write(at("shop/smoke/a.sql"), "select 1").unwrap();
        fs::write(at("shop/empty.sql"), "").unwrap();
        symlink(at("outside.sql"), at("shop/link.sql")).unwrap();
        symlink(folder.path(), at("shop/up")).unwrap();
        folder
    }

    #[test]
    fn a_fixture_cannot_name_what_lies_outside_its_folder() {
        let ground = ground();
        let shop = ground.path().join("shop");
        assert!(of_fixture(&shop, "in.sql").is_ok());
        for (named, code) in [
            ("../outside.sql", Code::FixtureEscape),
            ("smoke/../../outside.sql", Code::FixtureEscape),
            ("/etc/passwd", Code::FixtureEscape),
            ("up/outside.sql", Code::FixtureEscape),
            ("link.sql", Code::FixtureFile),
            ("smoke", Code::FixtureFile),
            ("empty.sql", Code::FixtureFile),
            ("gone.sql", Code::FixtureFile),
            ("a\0b", Code::FixtureFile),
            ("", Code::FixtureFile),
        ] {
            assert_eq!(of_fixture(&shop, named).unwrap_err().0, code, "{named:?}");
        }
    }

    #[test]
    fn a_scenario_may_name_a_file_anywhere_but_no_link_and_no_device() {
        let ground = ground();
        let scenario = ground.path().join("shop/scenario.yaml");
        assert!(of_scenario(&scenario, "../outside.sql").is_ok());
        let absolute = ground.path().join("outside.sql");
        assert!(of_scenario(&scenario, absolute.to_str().unwrap()).is_ok());
        for named in ["link.sql", "/dev/null", "smoke", "gone.sql"] {
            assert!(of_scenario(&scenario, named).is_err(), "{named}");
        }
    }

    #[test]
    fn patterns_come_in_the_order_of_names_and_never_empty() {
        let ground = ground();
        let shop = ground.path().join("shop");
        let found = matching(&shop, "smoke/*.sql").unwrap();
        assert_eq!(found, [shop.join("smoke/a.sql"), shop.join("smoke/b.sql")]);
        assert_eq!(matching(&shop, "smoke/*.txt").unwrap_err().0, Code::FixtureEmpty);
        assert_eq!(matching(&shop, "../*.sql").unwrap_err().0, Code::FixtureEscape);
        assert_eq!(matching(&shop, "up/*.sql").unwrap_err().0, Code::FixtureEscape);
        assert_eq!(matching(&shop, "*/*.sql").unwrap_err().0, Code::FixtureFile);
        assert_eq!(matching(&shop, "link*").unwrap_err().0, Code::FixtureFile, "a link");
    }
}
