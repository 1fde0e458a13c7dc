//! What reaches the archive is not what was written.

use super::{Attack, L, archive, files};

pub const ATTACKS: &[Attack] = &[
    archive(
        true,
        "segments_dropped_latest",
        "latest",
        "instead",
        "[ -e $repo/backup/main/latest ] || exec $real \"$@\"",
        L,
    ),
    archive(
        false,
        "segments_dropped",
        "undone",
        "instead",
        "[ -e $repo/backup/main/latest ] || exec $real \"$@\"",
        &["drill", "target"],
    ),
    files(
        false,
        "the_last_segment_is_denied",
        "latest",
        "last=$(find $repo/archive -name '0000000*-*' -type f | sort | tail -1); hold \"$last\"; \
         last=$(basename $last | cut -c1-24); \
         printf '#!/bin/sh\\n[ \"$1\" = %s ] && exit 1\\n' $last > $here/fetch; \
         printf 'exec %s --config=%s --stanza=main archive-get \"$@\"\\n' $real $conf \
           >> $here/fetch; chmod 755 $here/fetch; \
         sed -i \"s|^restore_command.*|restore_command = '$here/fetch %f \\\"%p\\\"'|\" \
           $data/postgresql.auto.conf",
        L,
    ),
];
