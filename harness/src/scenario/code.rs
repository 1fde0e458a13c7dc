//! Every kind of complaint about a scenario.

macro_rules! codes {
    ($($variant:ident $name:literal;)*) => {
        /// The kind of a complaint. Each has a case in `tests/diagnostics/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $name] $variant,)* }

        impl Code {
            /// Every kind.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The kind as one word.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }
        }
    };
}

codes! {
    // What stops the reading at once.
    Unreadable "unreadable";
    TooLarge "too_large";
    NotText "not_text";
    Syntax "syntax";
    Limits "limits";
    TwoDocuments "two_documents";
    DuplicateKey "duplicate_key";
    UnknownKey "unknown_key";
    MissingKey "missing_key";
    WrongType "wrong_type";
    ForeignYaml "foreign_yaml";
    // What is collected while the plan is made.
    BadName "bad_name";
    BadTag "bad_tag";
    BadTime "bad_time";
    BadSize "bad_size";
    BadRate "bad_rate";
    BadMoment "bad_moment";
    BadTarget "bad_target";
    MissingPart "missing_part";
    VersionNotHere "version_not_here";
    ImageNotHere "image_not_here";
    DisasterNotHere "disaster_not_here";
    BadImage "bad_image";
    BadChecksums "bad_checksums";
    BadLocale "bad_locale";
    BadSetting "bad_setting";
    OwnedSetting "owned_setting";
    BadScale "bad_scale";
    BadGenerated "bad_generated";
    BadFixtureName "bad_fixture_name";
    UnknownFixture "unknown_fixture";
    FixtureFile "fixture_file";
    FixtureEscape "fixture_escape";
    FixtureEmpty "fixture_empty";
    FixtureName "fixture_name";
    FixturePassword "fixture_password";
    NoWorkload "no_workload";
    TwoWorkloads "two_workloads";
    BadWriters "bad_writers";
    NoBackup "no_backup";
    UnknownBackup "unknown_backup";
    EngineLacks "engine_lacks";
    BackupWithoutFull "backup_without_full";
    NoDisaster "no_disaster";
    NoRecover "no_recover";
    RecoverFirst "recover_first";
    ServerGone "server_gone";
    OwnTable "own_table";
    BadMark "bad_mark";
    DuplicateMark "duplicate_mark";
    UnknownMark "unknown_mark";
    MarkBeforeBackup "mark_before_backup";
    UnknownTarget "unknown_target";
    EngineTarget "engine_target";
    SalvageMisfit "salvage_misfit";
    NewDatabaseMisfit "new_database_misfit";
    EngineMisfit "engine_misfit";
    NoWalHarm "no_wal_harm";
    SeveralHarms "several_harms";
    ReplaysHarm "replays_harm";
    SenselessInclusive "senseless_inclusive";
    OnNothing "on_nothing";
    RunTooLong "run_too_long";
    UnknownJitter "unknown_jitter";
    BadObjective "bad_objective";
    NoChecks "no_checks";
    UnknownCheck "unknown_check";
    DuplicateCheck "duplicate_check";
    BadQuery "bad_query";
    UnknownDatabase "unknown_database";
    UnknownControl "unknown_control";
    DuplicateControl "duplicate_control";
    ControlMisfit "control_misfit";
    ControlUncatchable "control_uncatchable";
    BadMustFail "bad_must_fail";
    BadMatrix "bad_matrix";
    NotYet "not_yet";
}
