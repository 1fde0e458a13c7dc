//! What lies in a backup: its tar files and its tablespaces.

use pgrehearse_verdict::journal::SubjectCause;

use crate::engine::ground::housekeep;
use crate::rig::{Command, Node, Stage, Trouble};

/// A tar file of a backup.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Archived {
    /// The file's name.
    pub(super) name: String,
    /// The tablespace's oid; `None` for the data directory.
    pub(super) oid: Option<String>,
    /// The program that unpacks it, where it is compressed.
    pub(super) program: Option<&'static str>,
}

/// The map of tablespaces in a backup from tar files.
pub(super) const MAP: &str = "tablespace_map";
/// How the names of compressed files end, and who unpacks them.
const PROGRAMS: &[(&str, &str)] = &[(".gz", "gzip"), (".lz4", "lz4"), (".zst", "zstd")];

impl Archived {
    /// What a file's name says; `None` for a file that is no tar file of a backup.
    fn named(name: &str) -> Option<Archived> {
        let packed = PROGRAMS.iter().find_map(|(end, program)| {
            let tar = name.strip_suffix(end)?;
            Some((tar, Some(*program)))
        });
        let (tar, program) = packed.unwrap_or((name, None));
        let oid = match tar.strip_suffix(".tar")? {
            "base" => None,
            oid if is_oid(oid) => Some(oid.to_owned()),
            _ => return None,
        };
        Some(Archived { name: name.to_owned(), oid, program })
    }
}

fn is_oid(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The tar files in a folder: that of the data directory first.
pub(super) async fn archived(
    stage: &Stage,
    node: &dyn Node,
    folder: &str,
) -> Result<Vec<Archived>, Trouble> {
    let names = names(stage, node, folder, "f").await?;
    let mut found: Vec<_> = names.iter().filter_map(|name| Archived::named(name)).collect();
    found.sort_by(|one, other| one.oid.cmp(&other.oid));
    match found.iter().filter(|one| one.oid.is_none()).count() {
        1 => Ok(found),
        count => {
            let said = format!("`{folder}` holds {count} tar files of a data directory");
            Err(Trouble::subject(SubjectCause::Command, said))
        }
    }
}

/// The oids of the tablespaces in the folder `spaces`, which must be those that the data
/// directory `data` wants: a tablespace that was left out would not be missed before somebody
/// reads a table in it. A plain backup has links to them, one from tar files has a map.
pub(super) async fn spaces(
    stage: &Stage,
    node: &dyn Node,
    data: &str,
    spaces: &str,
) -> Result<Vec<String>, Trouble> {
    let mut wanted = names(stage, node, &format!("{data}/pg_tblspc"), "l").await?;
    let map = Command::housekeeping("read the map", ["cat", "--", &format!("{data}/{MAP}")]);
    wanted.extend(mapped(&node.run(&map).await?.text()));
    wanted.sort();
    wanted.dedup();
    let found = names(stage, node, spaces, "d").await?;
    if wanted == found {
        return Ok(found);
    }
    let said = format!(
        "the backup has the tablespaces [{}], and its data directory wants [{}]",
        found.join(", "),
        wanted.join(", ")
    );
    Err(Trouble::subject(SubjectCause::Command, said))
}

/// The oids in a map of tablespaces: a line each, `OID PATH`, in which a backslash stands before
/// the end of a line that belongs to the path.
fn mapped(map: &str) -> Vec<String> {
    let map = map.replace("\\\\", "").replace("\\\n", "");
    let oids = map.lines().filter_map(|line| Some(line.split_once(' ')?.0.to_owned()));
    oids.collect()
}

/// The names of what lies in a folder, of one type of `find`'s, sorted.
async fn names(
    stage: &Stage,
    node: &dyn Node,
    folder: &str,
    kind: &str,
) -> Result<Vec<String>, Trouble> {
    let look = ["find", folder, "-mindepth", "1", "-maxdepth", "1", "-type", kind, "-printf"];
    let look: Vec<&str> = look.into_iter().chain(["%f\n"]).collect();
    let found = housekeep(stage, node, "look at what the backup holds", &look).await?.text();
    let mut names: Vec<String> = found.lines().map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_files_are_known_by_their_names() {
        let said = |name: &str| {
            let Archived { oid, program, .. } = Archived::named(name)?;
            Some((oid.unwrap_or_default(), program))
        };
        assert_eq!(said("base.tar"), Some((String::new(), None)));
        assert_eq!(said("16384.tar.zst"), Some(("16384".to_owned(), Some("zstd"))));
        assert_eq!(said("base.tar.gz"), Some((String::new(), Some("gzip"))));
        for other in ["backup_manifest", "pg_wal.tar", "base.tar.xz", ".tar", "../1.tar"] {
            assert_eq!(said(other), None, "{other}");
        }
    }

    #[test]
    fn a_map_is_read_although_a_path_goes_over_two_lines() {
        let map = "16384 /a b\n16385 /c\\\n16386 d\n16387 /e\\\\\n16388 /f\n";
        assert_eq!(mapped(map), ["16384", "16385", "16387", "16388"]);
        assert_eq!(mapped(""), Vec::<String>::new());
    }
}
