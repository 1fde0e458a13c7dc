//! Where a restore goes: the backup it begins with, where it ends, along which timeline.

use pgrehearse_verdict::lsn::Lsn;

/// A restore, decided: used by the recovery and by each of its twins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// Where it ends.
    pub target: Target,
    /// The timeline to follow.
    pub timeline: u32,
    /// The backup to begin with, by its label; `None` for the newest.
    pub backup: Option<String>,
    /// What the server does at the target.
    pub arrival: Arrival,
}

/// Where a restore ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// All there is.
    Latest,
    /// As soon as the backup is consistent.
    Immediate,
    /// Just before the record at this position: exclusive.
    Before(Lsn),
    /// After the first record that starts at or behind this position: inclusive.
    After(Lsn),
    /// At a time of the server's clock.
    Time {
        /// The time in UTC, as `2026-11-25 20:16:07.123456`.
        utc: String,
        /// Whether what committed at that very time is kept.
        inclusive: bool,
    },
    /// At the end of a transaction.
    Xid {
        /// Its number, without its epoch.
        xid: u32,
        /// Whether it is kept.
        inclusive: bool,
    },
}

/// What the server does when it has reached its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrival {
    /// It ends its recovery, and takes writes.
    #[default]
    Promote,
    /// It stops replaying and stays in recovery, as PostgreSQL does where nobody says otherwise.
    Pause,
}

impl Arrival {
    /// The value of `recovery_target_action`.
    pub fn action(self) -> &'static str {
        match self {
            Arrival::Promote => "promote",
            Arrival::Pause => "pause",
        }
    }
}

impl Course {
    /// What recovery is told of its target, as (setting, value) of PostgreSQL's.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let word = |on: bool| if on { "on" } else { "off" }.to_owned();
        let target = |name, value, inclusive| {
            vec![(name, value), ("recovery_target_inclusive", word(inclusive))]
        };
        let mut settings = match &self.target {
            Target::Latest => vec![],
            Target::Immediate => vec![("recovery_target", "immediate".to_owned())],
            Target::Before(lsn) => target("recovery_target_lsn", lsn.to_string(), false),
            Target::After(lsn) => target("recovery_target_lsn", lsn.to_string(), true),
            Target::Time { utc, inclusive } => {
                target("recovery_target_time", format!("{utc}+00"), *inclusive)
            }
            Target::Xid { xid, inclusive } => {
                target("recovery_target_xid", xid.to_string(), *inclusive)
            }
        };
        settings.push(("recovery_target_timeline", self.timeline.to_string()));
        // Without a target it goes on by itself at the end of WAL.
        if self.target != Target::Latest {
            settings.push(("recovery_target_action", self.arrival.action().to_owned()));
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(target: Target) -> Course {
        Course { target, timeline: 3, backup: None, arrival: Arrival::Promote }
    }

    #[test]
    fn every_target_is_said_in_the_words_of_postgresql() {
        let said = |target| {
            let settings = course(target).settings().into_iter();
            settings.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        let end = "recovery_target_timeline=3 recovery_target_action=promote";
        let lsn: Lsn = "0/3000028".parse().unwrap();
        assert_eq!(said(Target::Latest), "recovery_target_timeline=3");
        assert_eq!(said(Target::Immediate), format!("recovery_target=immediate {end}"));
        let wanted = format!("recovery_target_lsn=0/3000028 recovery_target_inclusive=off {end}");
        assert_eq!(said(Target::Before(lsn)), wanted);
        assert_eq!(said(Target::After(lsn)), wanted.replace("off", "on"));
        let utc = "2026-11-25 20:16:07.123456".to_owned();
        let wanted = format!(
            "recovery_target_time=2026-11-25 20:16:07.123456+00 recovery_target_inclusive=on {end}"
        );
        assert_eq!(said(Target::Time { utc, inclusive: true }), wanted);
        let wanted = format!("recovery_target_xid=740 recovery_target_inclusive=off {end}");
        assert_eq!(said(Target::Xid { xid: 740, inclusive: false }), wanted);
    }

    #[test]
    fn a_pause_is_asked_for_only_where_there_is_a_target_to_pause_at() {
        let pause = |target| Course { arrival: Arrival::Pause, ..course(target) };
        let action = |course: Course| course.settings().last().cloned().unwrap();
        let wanted = ("recovery_target_action", "pause".to_owned());
        assert_eq!(action(pause(Target::Immediate)), wanted);
        assert_eq!(action(pause(Target::Latest)).0, "recovery_target_timeline");
    }
}
