//! Journals written by hand, and what each of them proves.

mod access;
mod asks;
mod commands;
mod configuration;
mod constraints;
mod contents;
mod controls;
mod crossing;
mod exit;
mod identity;
mod indexes;
mod judging;
mod large_objects;
mod new_database;
mod pages;
mod record;
mod salvage;
mod server_log;
mod side_effects;
mod snapshot;
mod statistics;
mod story;
mod target;
mod text;
mod usable;
mod wal_chain;
