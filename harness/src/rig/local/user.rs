//! The user that everything on a local node runs as: never root, since `initdb` refuses it.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use pgrehearse_verdict::journal::RigCause;

use crate::rig::Trouble;

/// Who stands in for root, in this order.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// A user that is not root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    /// The login name, or the number where there is no name.
    pub name: String,
    /// The number of the user.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
    /// Whether it is another user than the caller: possible for root alone.
    other: bool,
}

impl User {
    /// The caller; for root, a stand-in.
    pub fn find() -> Result<User, Trouble> {
        let caller = rustix::process::geteuid();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        if !caller.is_root() {
            let uid = caller.as_raw();
            let gid = rustix::process::getegid().as_raw();
            return Ok(User { name: name_of(&accounts, uid), uid, gid, other: false });
        }
        stand_in(&accounts).ok_or_else(|| {
            let said = "a server does not run as root, and there is no user `postgres` or \
                        `nobody` to run it as";
            Trouble::rig(RigCause::NotExecutable, said)
        })
    }

    /// Makes `command` run as this user, without any of the caller's groups.
    pub fn become_it(&self, command: &mut Command) {
        if self.other {
            // Setting the user as root also clears the supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Gives a file or folder to this user.
    pub fn own(&self, path: &Path) -> std::io::Result<()> {
        if self.other { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// Whether this user is not the caller, and so may not get through the caller's folders.
    pub fn is_other(&self) -> bool {
        self.other
    }
}

fn name_of(accounts: &str, uid: u32) -> String {
    let uid = uid.to_string();
    let line = accounts.lines().find(|line| line.split(':').nth(2) == Some(&uid));
    line.and_then(|line| line.split(':').next()).unwrap_or(&uid).to_owned()
}

fn stand_in(accounts: &str) -> Option<User> {
    STAND_INS.iter().find_map(|name| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then(|| User { name: (*name).to_owned(), uid, gid, other: true })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_stood_in_for_by_postgres_and_else_by_nobody() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";
        let both = format!("{nobody}postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n");
        let found = |accounts: &str| stand_in(accounts).map(|user| (user.name, user.uid, user.gid));
        assert_eq!(found(&both), Some(("postgres".to_owned(), 101, 104)));
        assert_eq!(found(nobody), Some(("nobody".to_owned(), 65534, 65534)));
    }

    #[test]
    fn a_stand_in_that_is_root_under_another_name_is_not_taken() {
        assert_eq!(stand_in("postgres:x:0:0::/root:/bin/sh\n"), None);
    }
}
