//! Journals written by hand, and what each of them proves.

mod configuration;
mod contents;
mod controls;
mod exit;
mod identity;
mod indexes;
mod judging;
mod record;
mod server_log;
mod story;
mod target;
mod usable;
