//! The checks: each a pure judgement over recorded answers. One file a check, one line here.

mod access;
mod answered;
mod artifacts;
mod commands;
mod configuration;
mod constraints;
mod difference;
mod expected;
mod fingerprint;
mod globals;
mod identity;
mod indexes;
mod inventory;
mod large_objects;
mod ledger;
mod log;
mod pages;
mod secrecy;
mod sequences;
mod server_log;
mod side_effects;
mod snapshot;
mod sql;
mod statistics;
mod stop;
mod target;
mod text;
mod usable;
mod wal_chain;
mod words;

pub use ledger::LedgerCheck;
pub use secrecy::Secrecy;
pub use sql::SqlCheck;
pub use words::{Stream, idle, telling};

pub(crate) use answered::unanswered;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::finding::Finding;
use crate::question::{Moment, Question};

/// What every kind of check can do.
pub trait Check {
    /// One line for `pgrehearse explain` and `list`.
    const SUMMARY: &'static str;
    /// How it is written in a scenario, below `checks:`.
    const EXAMPLE: &'static str;

    /// What must be asked, and when.
    fn asks(&self, brief: &Brief) -> Vec<(Moment, Question)>;

    /// The judgement. At least one finding: a check that finds nothing to look at says unknown.
    fn judge(&self, case: &Case<'_>) -> Vec<Finding>;
}

macro_rules! catalogue {
    (standard { $($name:literal $variant:ident($spec:ty);)* }
     declared { $($other:literal $other_variant:ident($other_spec:ty);)* }) => {
        /// A check that was declared, with its parameters. The variant's name is its YAML key.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Spec {
            $(#[doc = $name] $variant($spec),)*
            $(#[doc = $other] $other_variant($other_spec),)*
        }

        impl Spec {
            /// All that `standard` stands for.
            pub fn standard() -> Vec<Spec> {
                vec![$(Spec::$variant(<$spec>::default()),)*]
            }

            /// The name, as in a scenario.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Spec::$variant(_) => $name,)*
                    $(Spec::$other_variant(_) => $other,)*
                }
            }

            /// What must be asked, and when.
            pub fn asks(&self, brief: &Brief) -> Vec<(Moment, Question)> {
                match self {
                    $(Spec::$variant(spec) => spec.asks(brief),)*
                    $(Spec::$other_variant(spec) => spec.asks(brief),)*
                }
            }

            /// The judgement.
            pub fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
                match self {
                    $(Spec::$variant(spec) => spec.judge(case),)*
                    $(Spec::$other_variant(spec) => spec.judge(case),)*
                }
            }
        }

        /// Every kind, those of `standard` first.
        pub const KINDS: &[Kind] = &[
            $(Kind {
                name: $name,
                summary: <$spec as Check>::SUMMARY,
                example: <$spec as Check>::EXAMPLE,
                standard: true,
            },)*
            $(Kind {
                name: $other,
                summary: <$other_spec as Check>::SUMMARY,
                example: <$other_spec as Check>::EXAMPLE,
                standard: false,
            },)*
        ];
    };
}

/// What is known about a kind of check without having one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name, as in a scenario.
    pub name: &'static str,
    /// One line on what it proves.
    pub summary: &'static str,
    /// How it is written below `checks:`.
    pub example: &'static str,
    /// Whether `standard` holds it; such a check takes no parameters and is written as its name.
    pub standard: bool,
}

catalogue! {
    standard {
        "usable"      Usable(usable::Usable);
        "identity"    Identity(identity::Identity);
        "target"      Target(target::Target);
        "ledger"      Ledger(ledger::LedgerCheck);
        "fingerprint" Fingerprint(fingerprint::Fingerprint);
        "inventory"   Inventory(inventory::Inventory);
        "globals"     Globals(globals::Globals);
        "configuration" Configuration(configuration::Configuration);
        "sequences"   Sequences(sequences::Sequences);
        "indexes"     Indexes(indexes::Indexes);
        "constraints" Constraints(constraints::Constraints);
        "large_objects" LargeObjects(large_objects::LargeObjects);
        "text"        Text(text::Text);
        "artifacts"   Artifacts(artifacts::Artifacts);
        "wal_chain"   WalChain(wal_chain::WalChain);
        "pages"       Pages(pages::Pages);
        "statistics"  Statistics(statistics::Statistics);
        "access"      Access(access::Access);
        "side_effects" SideEffects(side_effects::SideEffects);
        "server_log"  ServerLog(server_log::ServerLog);
        "commands"    Commands(commands::Commands);
    }
    declared {
        "secrecy"     Secrecy(secrecy::Secrecy);
        "sql"         Sql(sql::SqlCheck);
    }
}
