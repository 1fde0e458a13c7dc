//! Salvage: what a DROP took is recovered aside and put back into the living database.

mod contents;
mod lacking;
mod perform;
