//! What was restored is not what is started.

use super::{Attack, C, F, ID, P, T, files};

pub const ATTACKS: &[Attack] = &[
    // Where recovery goes.
    files(
        true,
        "target_inclusive",
        "undone",
        "hold $data/recovery.signal; \
        sed -i \"/recovery_target_inclusive/d\" $data/postgresql.auto.conf",
        T,
    ),
    files(
        false,
        "target_gone",
        "undone",
        "sed -i '/recovery_target/d' $data/postgresql.auto.conf",
        T,
    ),
    files(
        false,
        "target_immediate",
        "undone",
        "sed -i '/recovery_target/d' $data/postgresql.auto.conf; \
        echo \"recovery_target = 'immediate'\" >> $data/postgresql.auto.conf; \
        echo \"recovery_target_action = 'promote'\" >> $data/postgresql.auto.conf",
        T,
    ),
    files(false, "signal_gone", "undone", "rm $data/recovery.signal", T),
    files(false, "signal_gone_latest", "latest", "rm $data/recovery.signal", T),
    files(false, "label_gone", "undone", "rm $data/backup_label", T),
    files(
        false,
        "nothing_from_the_archive",
        "latest",
        "sed -i \"s/^restore_command.*/restore_command = 'false'/\" $data/postgresql.auto.conf",
        T,
    ),
    files(
        false,
        "recovered_before_by_hand",
        "undone",
        "echo \"DELETE FROM mini.loose WHERE word = 'loose-marker-5'\" | single mini",
        T,
    ),
    files(
        false,
        "command_at_the_end_of_recovery",
        "undone",
        "echo \"recovery_end_command = 'touch $here/ended'\" >> $data/postgresql.auto.conf",
        C,
    ),
    // Files of data.
    files(
        false,
        "page_zeroed",
        "undone",
        "f=$(grep -rl loose-marker $data/base | head -1); hold \"$f\"; \
        dd if=/dev/zero of=$f bs=8192 count=1 seek=1 conv=notrunc",
        F,
    ),
    files(
        false,
        "page_zeroed_unsummed",
        "unsummed",
        "f=$(grep -rl loose-marker $data/base | head -1); \
        hold \"$f\"; dd if=/dev/zero of=$f bs=8192 count=1 seek=1 conv=notrunc",
        F,
    ),
    files(
        false,
        "file_cut",
        "undone",
        "f=$(grep -rl loose-marker $data/base | head -1); hold \"$f\"; \
        truncate -s 8192 $f",
        F,
    ),
    files(
        true,
        "line_pointer_cleared",
        "unsummed",
        "f=$(grep -rl loose-marker $data/base | head -1); \
        hold \"$f\"; dd if=/dev/zero of=$f bs=1 count=4 seek=32 conv=notrunc",
        F,
    ),
    files(
        false,
        "byte_flipped",
        "unsummed",
        "f=$(grep -rl loose-marker $data/base | head -1); \
        hold \"$f\"; sed -i 's/loose-marker-77/loose-Marker-77/' $f",
        F,
    ),
    files(
        false,
        "toast_emptied",
        "undone",
        "f=$(grep -rl toasted-marker $data/base | head -1); hold \"$f\"; \
        : > $f",
        F,
    ),
    files(
        false,
        "commit_log_zeroed",
        "undone",
        "f=$data/pg_xact/0000; n=$(stat -c %s $f); \
        dd if=/dev/zero of=$f bs=$n count=1 conv=notrunc",
        // Rows that were read before carry what became of them, so it can be the workload's alone.
        &["drill", "usable", "fingerprint", "target", "inventory", "ledger"],
    ),
    files(
        true,
        "old_commits_forgotten",
        "undone",
        "f=$data/pg_xact/0000; hold $f; next=$($here/pg_controldata -D $data \
         | sed -n 's/.*NextXID: *0://p'); \
         dd if=/dev/zero of=$f bs=$(((next - 100) / 4)) count=1 conv=notrunc",
        P,
    ),
    files(
        false,
        "locked_updates_forgotten",
        "undone",
        "f=$data/pg_multixact/members/0000; hold $f; n=$(stat -c %s $f); \
        dd if=/dev/zero of=$f bs=$n count=1 conv=notrunc",
        F,
    ),
    // Somebody else's files.
    files(
        true,
        "linked_to_the_source",
        "undone",
        "s=$(dirname $data)/../1-source/data; db=$(basename $(dirname $(grep -rl loose-marker \
         $data/base | head -1))); hold $s/base/$db; f=$(basename $(grep -rl loose-marker \
         $data/base | head -1)); rm $data/base/$db/$f; ln -s $s/base/$db/$f $data/base/$db/$f",
        ID,
    ),
    files(
        false,
        "hard_linked_to_the_source",
        "undone",
        "s=$(dirname $data)/../1-source/data; db=$(basename $(dirname $(grep -rl loose-marker \
         $data/base | head -1))); hold $s/base/$db; f=$(basename $(grep -rl loose-marker \
         $data/base | head -1)); rm $data/base/$db/$f; ln $s/base/$db/$f $data/base/$db/$f",
        ID,
    ),
    // Files of settings.
    files(
        true,
        "everyone_is_trusted",
        "undone",
        "sed -i 's/scram-sha-256/trust/' $data/pg_hba.conf",
        C,
    ),
    files(
        false,
        "rule_added_below",
        "undone",
        "echo 'host all all 0.0.0.0/0 trust' >> $data/pg_hba.conf",
        C,
    ),
    files(
        false,
        "reader_rejected",
        "undone",
        "sed -i '1i local all mini_reader reject' $data/pg_hba.conf",
        C,
    ),
    files(
        false,
        "ident_mapping_added",
        "undone",
        "echo 'm root postgres' >> $data/pg_ident.conf",
        C,
    ),
    files(false, "fsync_off", "undone", "echo 'fsync = off' >> $data/postgresql.conf", C),
    files(
        false,
        "full_page_writes_off",
        "undone",
        "echo 'full_page_writes = off' >> $data/postgresql.auto.conf",
        C,
    ),
    files(
        false,
        "own_settings_gone",
        "undone",
        "sed -i '/archive_timeout/d' $data/pgrehearse.conf",
        C,
    ),
    files(
        false,
        "setting_of_an_extension",
        "undone",
        "echo \"app.key = 'other'\" >> $data/postgresql.conf",
        C,
    ),
    files(
        false,
        "damaged_pages_are_zeroed",
        "undone",
        "echo 'zero_damaged_pages = on' >> $data/postgresql.conf",
        C,
    ),
];
