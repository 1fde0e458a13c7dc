//! What belongs to the whole cluster, and what cannot be looked into.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::Story;

fn with_database(name: &str, before: &str, after: &str) -> Story {
    let mut story = Story::latest();
    for (moment, told) in [(Moment::Baseline, before), (Moment::Recovered, after)] {
        story.edit(moment, &Question::Globals, |table| {
            let row = ["database", name, told].map(|it| Some(it.to_owned()));
            table.rows.push(row.to_vec());
        });
    }
    story
}

#[test]
fn a_database_that_lets_nobody_in_was_not_compared() {
    let closed = "owner postgres; no connections; template";
    for closed in [closed, "owner postgres; connection limit -2"] {
        let story = with_database("aside", closed, closed);
        story.expect("globals", Unknown, &["unseen_database"]);
    }
    let open = "owner postgres; template";
    with_database("aside", open, open).expect("globals", Held, &["equal"]);
    with_database("aside", open, closed).expect("globals", Broken, &["altered"]);
}

#[test]
fn the_spare_copy_of_postgresqls_own_is_left_alone() {
    let closed = "owner postgres; no connections; template";
    with_database("template0", closed, closed).expect("globals", Held, &["equal"]);
    let like_it = "owner postgres; comment no connections";
    with_database("aside", like_it, like_it).expect("globals", Held, &["equal"]);
}
