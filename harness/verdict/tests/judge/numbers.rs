//! The numbers by which the server's catalogues know one another: the very same where the files
//! were copied, and no matter where each object was made anew.

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::Story;

/// A story in whose catalogue of dependencies a row is not there any more.
fn unhinged() -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Inventory, |table| {
        let row = table.rows.iter_mut().find(|row| is_of_catalogue(row)).expect("a catalogue");
        row[3] = Some("4244 cd".to_owned());
    });
    story
}

fn is_of_catalogue(row: &[Option<String>]) -> bool {
    row[1].as_deref() == Some("catalogue")
}

fn equal(story: &Story) -> String {
    let found = story.findings("inventory");
    found.into_iter().find(|it| it.code == "equal").expect("equal").said
}

#[test]
fn a_copy_of_the_files_has_every_row_of_every_catalogue_again() {
    let story = unhinged();
    story.expect("inventory", Broken, &["altered"]);
    assert!(story.findings("inventory").iter().any(|it| it.subject == "shop catalogue pg_depend"));
}

#[test]
fn a_copy_whose_catalogues_were_never_read_row_for_row_is_not_called_equal() {
    let mut story = Story::latest();
    for moment in [Moment::Baseline, Moment::Recovered] {
        story.edit(moment, &Question::Inventory, |table| {
            table.rows.retain(|row| !is_of_catalogue(row));
        });
    }
    story.expect("inventory", Unknown, &["malformed_answer"]);
    assert!(story.findings("inventory").iter().any(|it| it.subject == "shop"));
}

#[test]
fn what_is_made_anew_has_other_numbers() {
    let changes: [fn(&mut Story); 4] = [
        |story| story.brief.protection = Protection::Snapshots,
        |story| story.brief.recoveries[0].postgres = Some(18),
        |story| story.brief.recoveries[0].salvage = Some("shop.orders".to_owned()),
        |story| story.brief.recoveries[0].new_database = Some("shop".to_owned()),
    ];
    for change in changes {
        let mut story = unhinged();
        change(&mut story);
        story.expect("inventory", Held, &[]);
        // What was not compared is not counted among what is equal.
        let mut without = Story::latest();
        change(&mut without);
        assert_eq!(equal(&story), equal(&without));
    }
}

#[test]
fn an_object_of_that_name_is_compared_whatever_made_it() {
    let mut story = Story::latest();
    story.brief.protection = Protection::Snapshots;
    story.edit(Moment::Baseline, &Question::Inventory, |table| {
        let row = ["catalogue", "table", "catalogue.catalogue", "permanent"];
        table.rows.push(row.map(|it| Some(it.to_owned())).to_vec());
    });
    story.expect("inventory", Broken, &["missing"]);
}
