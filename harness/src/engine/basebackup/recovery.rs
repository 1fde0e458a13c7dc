//! Tells the restored files how to recover.

use pgrehearse_verdict::journal::SubjectCause;

use crate::engine::Course;
use crate::engine::basebackup::archive::restore_command;
use crate::engine::basebackup::copied::MAP;
use crate::engine::ground::housekeep;
use crate::engine::quoting::setting_line;
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// Sets up recovery along `course` in the data directory.
pub(super) async fn set_up(stage: &Stage, node: &dyn Node, course: &Course) -> Result<(), Trouble> {
    let data = node.place(Place::Data);
    let label = format!("{data}/backup_label");
    let there =
        Command::housekeeping("see that the backup's label is there", ["test", "-s", &label]);
    if !stage.run(node, there).await?.ok() {
        // Without it a server takes the copy for its own crash, and begins at the wrong place.
        let said = "the restored files have no `backup_label`: they are no whole backup";
        return Err(Trouble::subject(SubjectCause::Command, said));
    }
    // It says where the tablespaces were, and would win over the links that lead to where they
    // are.
    let map = format!("{data}/{MAP}");
    housekeep(stage, node, "forget the old tablespaces", &["rm", "-f", "--", &map]).await?;
    let path = format!("{data}/postgresql.auto.conf");
    let read = ["cat", "--", &path];
    let mut text = housekeep(stage, node, "read postgresql.auto.conf", &read).await?.text();
    text.push_str(&settings(&node.place(Place::Repository), course));
    node.write(&path, text.as_bytes(), 0o600).await?;
    node.write(&format!("{data}/recovery.signal"), b"", 0o600).await
}

/// The lines for the end of postgresql.auto.conf.
fn settings(root: &str, course: &Course) -> String {
    let own = [("archive_mode", "off".to_owned()), ("restore_command", restore_command(root))];
    let all = own.into_iter().chain(course.settings());
    let lines: String = all.map(|(name, value)| setting_line(name, &value)).collect();
    format!("\n# pgrehearse\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arrival, Target};

    #[test]
    fn the_settings_say_where_wal_is_and_where_recovery_ends() {
        let target = Target::Before("0/3000028".parse().expect("a position"));
        let course = Course { target, timeline: 2, backup: None, arrival: Arrival::Promote };
        let wanted = "
# pgrehearse
archive_mode = 'off'
restore_command = 'test -e /r/wal/%f || { test -x /r/wal && exit 1; exit 255; }; cp -- /r/wal/%f \"%p\" || exit 255'
recovery_target_lsn = '0/3000028'
recovery_target_inclusive = 'off'
recovery_target_timeline = '2'
recovery_target_action = 'promote'
";
        assert_eq!(settings("/r", &course), wanted);
    }
}
