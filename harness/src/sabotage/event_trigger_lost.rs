//! An event trigger is gone, as where one schema was dumped.

use crate::sabotage::edit::Edit;

/// An event trigger is gone, as where one schema was dumped.
pub(super) const EVENT_TRIGGER_LOST: Edit = Edit {
    name: "event_trigger_lost",
    harm: "an event trigger did not come back",
    class: "catalogue",
    caught_by: &["inventory"],
    candidates: "\
SELECT evtname, format('SELECT count(*) FROM pg_event_trigger WHERE oid = %s', oid),
  format('DROP EVENT TRIGGER %I', evtname)
FROM pg_event_trigger
ORDER BY evtname",
};
